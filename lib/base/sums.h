/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums of memory that does not change any more: the sum of each block of it is made once, and
 * the sum of any part of it is made of these, of which there are few, and of the bytes before the
 * first and behind the last whole block. So what is sent again and again is not read for its
 * checksum. The sums take a 64th of the memory that they are of.
 *
 * Any core; includes base only.
 */
#ifndef RS_BASE_SUMS_H
#define RS_BASE_SUMS_H

#include <stdint.h>

#define SUMS_BLOCK 128

struct sums_area {
	const uint8_t *start; /* aligned to SUMS_BLOCK */
	uint64_t len;         /* a multiple of SUMS_BLOCK */
	uint16_t *sums;       /* one a block */
};

/* The sums of all blocks that lie in data[0, len), which lies in area. */
void rs_sums_make(const struct sums_area *area, const uint8_t *data, uint64_t len);

/*
 * The folded sum of data[0, len), as rs_csum_add() has it. The bytes lie in area, and in a part of
 * it that rs_sums_make() was given.
 */
uint16_t rs_sums_of(const struct sums_area *area, const uint8_t *data, uint32_t len);

/* The one of n areas, in the order of their addresses, that data lies in; NULL: none. */
const struct sums_area *rs_sums_find(
	const struct sums_area *areas, uint32_t n, const uint8_t *data);

#endif
