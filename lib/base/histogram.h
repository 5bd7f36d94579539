/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A log-linear histogram: every power of two is cut into HISTOGRAM_STEPS equal parts, so that a
 * value read back is at most 1/HISTOGRAM_STEPS too large, whatever its size. Recording is a few
 * instructions and never fails. Unit-free: whoever records knows the unit.
 *
 * Belongs to one core. Includes libc only.
 */
#ifndef RS_BASE_HISTOGRAM_H
#define RS_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEP_BITS 6
#define HISTOGRAM_STEPS     (1u << HISTOGRAM_STEP_BITS)
#define HISTOGRAM_BUCKETS   ((64 - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS)

/* All zero is empty. */
struct histogram {
	uint64_t n;
	uint64_t sum;
	uint64_t max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline uint32_t rs_histogram_bucket(uint64_t value)
{
	uint32_t shift;

	if (value < HISTOGRAM_STEPS)
		return (uint32_t)value;
	shift = 63 - (uint32_t)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
	return (shift + 1) * HISTOGRAM_STEPS + (uint32_t)(value >> shift) - HISTOGRAM_STEPS;
}

static inline void rs_histogram_record(struct histogram *h, uint64_t value)
{
	h->n++;
	h->sum += value;
	h->max = value > h->max ? value : h->max;
	h->buckets[rs_histogram_bucket(value)]++;
}

/*
 * The smallest value that at least a share of all recorded ones (0 < share ≤ 1) do not exceed, as
 * the upper end of its bucket, but never more than the largest recorded; 0 when it is empty.
 */
uint64_t rs_histogram_percentile(const struct histogram *h, double share);

/* The arithmetic mean; 0 when it is empty. */
double rs_histogram_mean(const struct histogram *h);

#endif
