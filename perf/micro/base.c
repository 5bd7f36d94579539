/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/csum.h"
#include "base/histogram.h"
#include "micro.h"

static uint8_t from[2048], to[2048];
static struct histogram values;

static uint64_t sum_of(uint32_t n, uint32_t len)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		MICRO_BARRIER();
		sum += rs_csum_add(0, from, len);
	}
	return sum;
}

static uint64_t copy_of(uint32_t n, uint32_t len)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		MICRO_BARRIER();
		sum += rs_csum_copy(0, to, from, len);
	}
	return sum;
}

static uint64_t sum_64(uint32_t n)
{
	return sum_of(n, 64);
}

static uint64_t sum_256(uint32_t n)
{
	return sum_of(n, 256);
}

static uint64_t sum_1460(uint32_t n)
{
	return sum_of(n, 1460);
}

static uint64_t copy_256(uint32_t n)
{
	return copy_of(n, 256);
}

static uint64_t copy_1460(uint32_t n)
{
	return copy_of(n, 1460);
}

static uint64_t record(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		rs_histogram_record(&values, i * 37);
	return values.n;
}

const struct micro micro_base[MICRO_MAX] = {
	{"csum add, 64 bytes", sum_64},
	{"csum add, 256 bytes", sum_256},
	{"csum add, 1460 bytes", sum_1460},
	{"csum copy, 256 bytes", copy_256},
	{"csum copy, 1460 bytes", copy_1460},
	{"histogram record", record},
	{0},
};
