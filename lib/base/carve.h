/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One block of memory, taken at start, and cut into parts that begin on a cache line each. First
 * the owner adds up rs_align_line() of all parts, then it carves them in the same order.
 * By any thread; includes base only.
 */
#ifndef RS_BASE_CARVE_H
#define RS_BASE_CARVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

static inline size_t rs_align_line(size_t n)
{
	return (n + RS_CACHE_LINE - 1) & ~(size_t)(RS_CACHE_LINE - 1);
}

/* The next n bytes at *memory, which moves behind them. */
static inline void *rs_carve(uint8_t **memory, size_t n)
{
	uint8_t *part = *memory;

	*memory += rs_align_line(n);
	return part;
}

#endif
