/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/histogram.h"

/* The largest value that falls into a bucket. */
static uint64_t bucket_end(uint32_t bucket)
{
	uint32_t shift = bucket / HISTOGRAM_STEPS;

	if (!shift)
		return bucket;
	shift--;
	return ((uint64_t)(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS + 1) << shift) - 1;
}

uint64_t rs_histogram_percentile(const struct histogram *h, double share)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && h->n; i++) {
		seen += h->buckets[i];
		if (h->buckets[i] && (double)seen >= share * (double)h->n)
			return bucket_end(i) < h->max ? bucket_end(i) : h->max;
	}
	return h->max;
}

double rs_histogram_mean(const struct histogram *h)
{
	return h->n ? (double)h->sum / (double)h->n : 0;
}
