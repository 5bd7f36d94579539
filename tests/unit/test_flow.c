/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/flow against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flow/flow.h"

#define N_MAX 500

static uint32_t random_state = 7;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)random_state * below >> 32);
}

static bool contains(const struct flow_table *t, uint32_t hash, uint32_t id)
{
	uint32_t cursor = 0, found;

	while ((found = rs_flow_next(t, hash, &cursor)) != FLOW_NONE) {
		if (found == id)
			return true;
	}
	return false;
}

/* few_hashes: how many different hashes there are; few make long runs over full buckets. */
static void against_a_model(uint32_t n_hashes, uint32_t spread)
{
	struct flow_table t;
	void *memory = aligned_alloc(64, (rs_flow_bytes(N_MAX) + 63) & ~63ul);
	uint32_t hashes[N_MAX], n = 0;
	bool used[N_MAX] = {false};

	rs_flow_init(&t, memory, N_MAX);
	for (uint32_t step = 0; step < 20000; step++) {
		uint32_t id = draw(N_MAX), other = draw(N_MAX);

		if (!used[id]) {
			hashes[id] = draw(n_hashes) * spread;
			assert_false(contains(&t, hashes[id], id));
			assert_true(rs_flow_insert(&t, hashes[id], id));
			n++;
		} else if (!used[other] && draw(2)) {
			rs_flow_renumber(&t, hashes[id], id, other);
			hashes[other] = hashes[id];
			used[other] = true;
		} else {
			assert_true(rs_flow_remove(&t, hashes[id], id));
			assert_false(rs_flow_remove(&t, hashes[id], id));
			assert_false(contains(&t, hashes[id], id));
			n--;
		}
		used[id] = !used[id];
		assert_int_equal(t.n_used, n);
		if (step % 50)
			continue;
		for (uint32_t i = 0; i < N_MAX; i++)
			assert_int_equal(used[i] && contains(&t, hashes[i], i), used[i]);
	}
	free(memory);
}

static void many_hashes(void **state)
{
	(void)state;
	against_a_model(UINT32_MAX, 1);
}

static void few_hashes(void **state)
{
	(void)state;
	against_a_model(5, 1);
}

static void one_home_bucket(void **state)
{
	(void)state;
	against_a_model(4096, 1 << 20);
}

/* What is inserted is news, whatever else is or was. */
static void news(void **state)
{
	struct flow_table t;
	void *memory = aligned_alloc(64, (rs_flow_bytes(N_MAX) + 63) & ~63ul);

	(void)state;
	rs_flow_init(&t, memory, N_MAX);
	for (uint32_t id = 0; id < N_MAX; id++) {
		uint32_t hash = draw(UINT32_MAX);

		rs_flow_forget_news(&t);
		assert_false(rs_flow_is_news(&t, hash));
		assert_true(rs_flow_insert(&t, ~hash, id / 2));
		assert_true(rs_flow_is_news(&t, ~hash));
		assert_false(rs_flow_is_news(&t, hash));
		assert_true(rs_flow_remove(&t, ~hash, id / 2));
		assert_true(rs_flow_insert(&t, hash, id));
		assert_true(rs_flow_is_news(&t, hash));
	}
	free(memory);
}

static void full(void **state)
{
	struct flow_table t;
	void *memory = aligned_alloc(64, (rs_flow_bytes(N_MAX) + 63) & ~63ul);

	(void)state;
	rs_flow_init(&t, memory, N_MAX);
	for (uint32_t i = 0; i < N_MAX; i++)
		assert_true(rs_flow_insert(&t, 42, i)); /* the worst there is */
	assert_false(rs_flow_insert(&t, 43, N_MAX));
	for (uint32_t i = 0; i < N_MAX; i++)
		assert_true(contains(&t, 42, i));
	free(memory);
}

static void hash_depends_on_everything(void **state)
{
	static const uint64_t secret[5] = {11, 22, 33, 44, 55}, other[5] = {11, 22, 33, 44, 56};
	struct flow_key key;
	uint32_t base, n_low = 0, n_high = 0;

	(void)state;
	memset(&key, 0x5a, sizeof(key));
	base = rs_flow_hash(&key, secret);
	assert_int_not_equal(base, rs_flow_hash(&key, other));
	for (uint32_t bit = 0; bit < sizeof(key) * 8; bit++) {
		struct flow_key changed = key;
		uint32_t diff;

		((uint8_t *)&changed)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(rs_flow_key_equal(&key, &changed));
		diff = base ^ rs_flow_hash(&changed, secret);
		assert_int_not_equal(diff, 0);
		n_low += (uint32_t)__builtin_popcount(diff & 0xffff);
		n_high += (uint32_t)__builtin_popcount(diff >> 16);
	}
	/* On average half of the bits change, in the lower half and in the upper. */
	assert_in_range(n_low / (sizeof(key) * 8), 6, 10);
	assert_in_range(n_high / (sizeof(key) * 8), 6, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_hashes),
		cmocka_unit_test(few_hashes),
		cmocka_unit_test(one_home_bucket),
		cmocka_unit_test(news),
		cmocka_unit_test(full),
		cmocka_unit_test(hash_depends_on_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
