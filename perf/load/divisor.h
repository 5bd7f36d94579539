/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division by a number that is known beforehand, as a multiplication (Granlund, Montgomery:
 * Division by Invariant Integers using Multiplication, 1994). Exact for all 32-bit numbers.
 * Includes libc only.
 */
#ifndef RS_LOAD_DIVISOR_H
#define RS_LOAD_DIVISOR_H

#include <stdint.h>

struct divisor {
	uint64_t inverse; /* 2^64 / n, rounded up; 0 for 1 */
	uint32_t n;
};

/* n > 0. */
static inline struct divisor rs_divisor(uint32_t n)
{
	return (struct divisor){.inverse = n > 1 ? UINT64_MAX / n + 1 : 0, .n = n};
}

static inline uint32_t rs_divide(uint32_t dividend, const struct divisor *by)
{
	if (!by->inverse)
		return dividend;
	return (uint32_t)((__uint128_t)by->inverse * dividend >> 64);
}

static inline uint32_t rs_remainder(uint32_t dividend, const struct divisor *by)
{
	return dividend - rs_divide(dividend, by) * by->n;
}

#endif
