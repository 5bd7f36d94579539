/* SPDX-License-Identifier: BSD-2-Clause */
/* What a net core takes down of its own time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "laps.h"

#define MOST_CYCLES (UINT64_C(1) << 40) /* minutes */

/* A core that was taken away for so long would have a whole second's laps told wrong. */
static void time_spent_elsewhere_is_left_out(void **state)
{
	struct laps l;

	(void)state;
	rs_laps_init(&l);
	l.most_cycles = MOST_CYCLES;
	l.on = true;
	l.last_tsc = rte_rdtsc() - MOST_CYCLES / 2;
	rs_lap(&l, LAP_TCP);
	assert_true(l.cycles[LAP_TCP] >= MOST_CYCLES / 2 - l.own_cycles);
	assert_int_equal(l.n_interrupted, 0);
	l.last_tsc = rte_rdtsc() - 2 * MOST_CYCLES;
	rs_lap(&l, LAP_HTTP);
	assert_int_equal(l.cycles[LAP_HTTP], 0);
	assert_int_equal(l.n_interrupted, 1);
	rs_lap(&l, LAP_RENDER); /* which begins after it */
	assert_int_equal(l.n_interrupted, 1);
	assert_true(l.cycles[LAP_RENDER] < MOST_CYCLES / 2);
}

/* One turn in LAPS_EVERY, and of those the ones that frames came in. */
static void some_turns_are_timed(void **state)
{
	struct laps l;

	(void)state;
	rs_laps_init(&l);
	for (uint32_t turn = 1; turn <= 3 * LAPS_EVERY; turn++) {
		bool is_empty = turn == 2 * LAPS_EVERY;

		rs_laps_begin(&l);
		assert_int_equal(l.on, turn % LAPS_EVERY == 0);
		rs_laps_frames(&l, is_empty ? 0 : 10);
		assert_int_equal(l.on, turn % LAPS_EVERY == 0 && !is_empty);
		rs_laps_end(&l);
	}
	assert_int_equal(l.n_frames, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_turns_are_timed),
		cmocka_unit_test(time_spent_elsewhere_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
