/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/wheel against a plain array of deadlines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wheel/wheel.h"

#define N_ITEMS 200
#define TICK    ((uint64_t)1 << WHEEL_TICK_SHIFT)
#define UNSET   UINT64_MAX

static uint32_t random_state = 3;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)random_state * below >> 32);
}

/* Deadlines near and far, so that every level cascades; big steps and small ones. */
static void against_a_model(uint64_t start_tick)
{
	struct wheel w;
	void *memory = aligned_alloc(64, (rs_wheel_bytes(N_ITEMS) + 63) & ~63ul);
	uint64_t due[N_ITEMS], now = start_tick;

	rs_wheel_init(&w, memory, N_ITEMS, now * TICK);
	for (uint32_t i = 0; i < N_ITEMS; i++)
		due[i] = UNSET;
	for (uint32_t step = 0; step < 20000; step++) {
		uint32_t item = draw(N_ITEMS), n, out[16];

		switch (draw(8)) {
		case 0:
			rs_wheel_cancel(&w, item);
			due[item] = UNSET;
			break;
		case 1:
		case 2:
			now += draw(draw(4) ? 3 : draw(4) ? 200 : 300000);
			do {
				n = rs_wheel_advance(&w, now * TICK, out, 16);
				for (uint32_t i = 0; i < n; i++) {
					assert_true(due[out[i]] != UNSET && due[out[i]] <= now);
					due[out[i]] = UNSET;
				}
			} while (n == 16);
			for (uint32_t i = 0; i < N_ITEMS; i++)
				assert_true(due[i] == UNSET || due[i] > now); /* nothing is late */
			break;
		default:
			due[item] = now + 1 + draw(draw(2) ? 70 : draw(2) ? 5000 : 400000);
			rs_wheel_set(&w, item, due[item] * TICK);
		}
	}
	free(memory);
}

static void from_zero(void **state)
{
	(void)state;
	against_a_model(0);
}

static void over_the_wrap_of_ticks(void **state)
{
	(void)state;
	against_a_model(UINT32_MAX - 100000);
}

static uint32_t advance(struct wheel *w, uint64_t tick)
{
	uint32_t out[4];

	return rs_wheel_advance(w, tick * TICK, out, 4);
}

static void past_and_horizon(void **state)
{
	struct wheel w;
	void *memory = aligned_alloc(64, (rs_wheel_bytes(4) + 63) & ~63ul);

	(void)state;
	rs_wheel_init(&w, memory, 4, 1000 * TICK);
	rs_wheel_set(&w, 0, 10 * TICK); /* long ago: due at the next tick */
	assert_int_equal(advance(&w, 1000), 0);
	assert_int_equal(advance(&w, 1001), 1);
	rs_wheel_set(&w, 1, (uint64_t)1 << 40); /* further than it reaches: some hours */
	assert_int_equal(advance(&w, 1001 + 3600 * 1000), 0);
	assert_int_equal(advance(&w, 1001 + ((uint64_t)1 << 24)), 1);
	assert_int_equal(w.n_linked, 0);
	free(memory);
}

static void only_earlier_moves(void **state)
{
	struct wheel w;
	void *memory = aligned_alloc(64, (rs_wheel_bytes(4) + 63) & ~63ul);

	(void)state;
	rs_wheel_init(&w, memory, 4, 0);
	rs_wheel_set_earlier(&w, 2, 100 * TICK);
	rs_wheel_set_earlier(&w, 2, 200 * TICK);
	assert_int_equal(advance(&w, 99), 0);
	assert_int_equal(advance(&w, 100), 1);
	rs_wheel_set_earlier(&w, 2, 300 * TICK);
	rs_wheel_set_earlier(&w, 2, 150 * TICK);
	assert_int_equal(advance(&w, 150), 1);
	assert_int_equal(advance(&w, 400), 0);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_zero),
		cmocka_unit_test(over_the_wrap_of_ticks),
		cmocka_unit_test(past_and_horizon),
		cmocka_unit_test(only_earlier_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
