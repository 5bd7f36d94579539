/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/csum.h"

/*
 * 32-bit words are added into 64-bit sums: with fewer than 2^32 of them no carry is lost, and the
 * compiler turns the loops into vector code.
 */
uint64_t rs_csum_add(uint64_t sum, const void *data, uint32_t len)
{
	const uint8_t *p = data;
	uint64_t words = 0;
	uint32_t word = 0;
	uint32_t i;

	for (i = 0; i + 4 <= len; i += 4) {
		memcpy(&word, p + i, 4);
		words += word;
	}
	word = 0;
	memcpy(&word, p + i, len - i);
	words += word;
	return sum + (words & 0xffffffff) + (words >> 32);
}

uint64_t rs_csum_copy(uint64_t sum, void *dst, const void *data, uint32_t len)
{
	memcpy(dst, data, len);
	return rs_csum_add(sum, dst, len);
}
