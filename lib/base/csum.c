/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/csum.h"

#include <stddef.h>

#define BLOCK_BYTES 32
#define WORD_BYTES  8

typedef uint64_t csum_block __attribute__((vector_size(BLOCK_BYTES)));

/* A carry out of the top comes back at the bottom. */
static inline uint64_t add_word(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* Less than a word. Not inlined: it is rare, and needs memory where the rest needs none. */
static __attribute__((noinline)) uint64_t add_few(
	uint64_t sum, uint8_t *dst, const uint8_t *src, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, src, len);
	if (dst)
		memcpy(dst, src, len);
	return sum + (word & 0xffffffff) + (word >> 32);
}

/*
 * Blocks as long as there are any, in two vectors: of the lower and of the upper halves of their
 * words, so that no carry is lost. Then words; what is left then is the end of one more word, which
 * overlaps the one before it.
 */
static inline __attribute__((always_inline)) uint64_t add(
	uint64_t sum, uint8_t *dst, const uint8_t *src, size_t len)
{
	csum_block block, low = {0}, high = {0};
	uint64_t words = 0, word;
	size_t at = 0;

	if (__builtin_expect(len < WORD_BYTES, 0))
		return add_few(sum, dst, src, len);
	for (; len - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
		memcpy(&block, src + at, BLOCK_BYTES);
		if (dst)
			memcpy(dst + at, &block, BLOCK_BYTES);
		low += block & 0xffffffff;
		high += block >> 32;
	}
	low += high;
	words = low[0] + low[1] + low[2] + low[3];
	for (; len - at >= WORD_BYTES; at += WORD_BYTES) {
		memcpy(&word, src + at, WORD_BYTES);
		if (dst)
			memcpy(dst + at, &word, WORD_BYTES);
		words = add_word(words, word);
	}
	if (at < len) {
		memcpy(&word, src + len - WORD_BYTES, WORD_BYTES);
		if (dst)
			memcpy(dst + len - WORD_BYTES, &word, WORD_BYTES);
		words = add_word(words, word >> (8 * (WORD_BYTES - (len - at))));
	}
	return sum + (words & 0xffffffff) + (words >> 32);
}

uint64_t rs_csum_add(uint64_t sum, const void *data, uint32_t len)
{
	return add(sum, NULL, data, len);
}

uint64_t rs_csum_copy(uint64_t sum, void *dst, const void *data, uint32_t len)
{
	return add(sum, dst, data, len);
}
