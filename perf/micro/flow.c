/* SPDX-License-Identifier: BSD-2-Clause */
#include "flow/flow.h"

#include <stdlib.h>

#include "micro.h"

#define BURST 32

static const uint64_t secret[5] = {1, 22, 333, 4444, 55555};

static uint32_t hash_of(uint32_t id)
{
	struct flow_key key = {.remote_port = (uint16_t)id, .family = id >> 16};

	return rs_flow_hash(&key, secret);
}

/* Made once. */
static void fill(struct flow_table *t, uint32_t n_flows)
{
	size_t bytes = (rs_flow_bytes(n_flows) + 63) & ~(size_t)63;
	void *memory = t->buckets ? NULL : aligned_alloc(64, bytes);

	if (t->buckets)
		return;
	if (!memory)
		abort();
	rs_flow_init(t, memory, n_flows);
	for (uint32_t id = 0; id < n_flows; id++)
		rs_flow_insert(t, hash_of(id), id);
}

/* As rs_tcp_lookup() does it: hash and prefetch a burst, then find. */
static uint64_t look_up(uint32_t n, struct flow_table *t, uint32_t n_flows)
{
	uint32_t drawn = 1;
	uint64_t sum = 0;

	fill(t, n_flows);
	for (uint32_t i = 0; i < n; i += BURST) {
		uint32_t hashes[BURST];

		for (uint32_t k = 0; k < BURST; k++) {
			drawn = drawn * 1664525 + 1013904223;
			hashes[k] = hash_of((uint32_t)((uint64_t)drawn * n_flows >> 32));
			rs_flow_prefetch(t, hashes[k]);
		}
		for (uint32_t k = 0; k < BURST; k++) {
			uint32_t cursor = 0;

			sum += rs_flow_next(t, hashes[k], &cursor);
		}
	}
	return sum;
}

static uint64_t look_up_64(uint32_t n)
{
	static struct flow_table t;

	return look_up(n, &t, 64);
}

static uint64_t look_up_10k(uint32_t n)
{
	static struct flow_table t;

	return look_up(n, &t, 10000);
}

static uint64_t look_up_1m(uint32_t n)
{
	static struct flow_table t;

	return look_up(n, &t, 1000000);
}

const struct micro micro_flow[MICRO_MAX] = {
	{"flow lookup of 64, bursts of 32", look_up_64},
	{"flow lookup of 10 k, bursts of 32", look_up_10k},
	{"flow lookup of 1 M, bursts of 32", look_up_1m},
	{0},
};
