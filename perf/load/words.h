/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of headers, and their checksums on the way. Any core; includes libc only. */
#ifndef RS_LOAD_WORDS_H
#define RS_LOAD_WORDS_H

#include <stdint.h>
#include <string.h>

/* Writes a word and returns it as it stands there, for a sum: read back, it would be waited for. */
static inline uint64_t rs_put_word(uint8_t *p, uint32_t value)
{
	uint32_t word = __builtin_bswap32(value);

	memcpy(p, &word, sizeof(word));
	return word;
}

/* Of n bytes, a multiple of 4; where n is known when compiled, no call is made. */
static inline __attribute__((always_inline)) uint64_t rs_sum_words(const uint8_t *p, uint32_t n)
{
	uint64_t sum = 0;
	uint32_t word;

	for (uint32_t at = 0; at < n; at += sizeof(word)) {
		memcpy(&word, p + at, sizeof(word));
		sum += word;
	}
	return sum;
}

#endif
