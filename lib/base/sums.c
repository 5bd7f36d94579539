/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/sums.h"

#include <stddef.h>

#include "base/csum.h"

/* The bytes from data to the next beginning of a block. */
static uint32_t to_block(const uint8_t *data)
{
	return (uint32_t)(-(uintptr_t)data % SUMS_BLOCK);
}

static uint16_t *sum_at(const struct sums_area *area, const uint8_t *block)
{
	return area->sums + (size_t)(block - area->start) / SUMS_BLOCK;
}

void rs_sums_make(const struct sums_area *area, const uint8_t *data, uint64_t len)
{
	uint32_t before = to_block(data);
	const uint8_t *block = data + before;
	uint64_t n = len < before ? 0 : (len - before) / SUMS_BLOCK;
	uint16_t *sum = sum_at(area, block);

	for (; n; n--, block += SUMS_BLOCK)
		*sum++ = rs_csum_fold16(rs_csum_add(0, block, SUMS_BLOCK));
}

/*
 * Blocks begin at even addresses. So the bytes before them are summed as they stand relative to
 * even addresses, and all of it is swapped at last where data does not begin at one.
 */
uint16_t rs_sums_of(const struct sums_area *area, const uint8_t *data, uint32_t len)
{
	uint32_t before = to_block(data), behind;
	uint32_t is_odd = before & 1;
	uint64_t sum;

	if (len < before + SUMS_BLOCK)
		return rs_csum_fold16(rs_csum_add(0, data, len));
	behind = (len - before) % SUMS_BLOCK;
	sum = rs_csum_at(rs_csum_add(0, data, before), is_odd);
	sum = rs_csum_add(sum, sum_at(area, data + before),
		(len - before) / SUMS_BLOCK * (uint32_t)sizeof(uint16_t));
	return (uint16_t)rs_csum_at(rs_csum_add(sum, data + len - behind, behind), is_odd);
}

const struct sums_area *rs_sums_find(const struct sums_area *areas, uint32_t n, const uint8_t *data)
{
	/* Among n areas is the last one that does not begin behind data, if there is one. */
	while (n > 1) {
		uint32_t half = n / 2;

		if (areas[half].start <= data) {
			areas += half;
			n -= half;
		} else {
			n = half;
		}
	}
	return n && (uintptr_t)data - (uintptr_t)areas->start < areas->len ? areas : NULL;
}
