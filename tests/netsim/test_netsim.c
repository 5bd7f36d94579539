/* SPDX-License-Identifier: BSD-2-Clause */
/* Every byte arrives once and in order, everything ends, nothing is left over: on bad links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netsim.h"

#define SEEDS 300

static const struct netsim_scenario scenarios[] = {
	{.name = "clean", .n_conns = 8, .max_bytes = 400000, .delay_us = 100},
	{.name = "clean_ipv6_bytes",
		.n_conns = 4,
		.max_bytes = 200000,
		.delay_us = 100,
		.over_wire = true,
		.ipv6 = true},
	{.name = "far_away", .n_conns = 4, .max_bytes = 400000, .delay_us = 80000},
	{.name = "loss_1_percent",
		.n_conns = 8,
		.max_bytes = 300000,
		.delay_us = 500,
		.loss_ppm = 10000},
	{.name = "loss_10_percent",
		.n_conns = 4,
		.max_bytes = 50000,
		.delay_us = 500,
		.loss_ppm = 100000},
	{.name = "loss_30_percent",
		.n_conns = 2,
		.max_bytes = 10000,
		.delay_us = 500,
		.loss_ppm = 300000},
	{.name = "duplicates",
		.n_conns = 8,
		.max_bytes = 200000,
		.delay_us = 300,
		.dup_ppm = 200000},
	{.name = "reordering",
		.n_conns = 8,
		.max_bytes = 200000,
		.delay_us = 2000,
		.reorder_ppm = 200000},
	{.name = "all_at_once",
		.n_conns = 8,
		.max_bytes = 100000,
		.delay_us = 1000,
		.loss_ppm = 20000,
		.dup_ppm = 50000,
		.reorder_ppm = 100000,
		.over_wire = true},
	{.name = "all_at_once_slow_path",
		.n_conns = 8,
		.max_bytes = 100000,
		.delay_us = 1000,
		.loss_ppm = 20000,
		.dup_ppm = 50000,
		.reorder_ppm = 100000,
		.force_slow = true},
	{.name = "all_at_once_no_timestamps",
		.n_conns = 8,
		.max_bytes = 100000,
		.delay_us = 1000,
		.loss_ppm = 20000,
		.dup_ppm = 50000,
		.reorder_ppm = 100000,
		.no_timestamps = true},
	{.name = "near_wrap",
		.n_conns = 16,
		.max_bytes = 30000,
		.delay_us = 300,
		.loss_ppm = 10000,
		.reorder_ppm = 50000,
		.near_wrap = true},
	{.name = "near_wrap_clean",
		.n_conns = 16,
		.max_bytes = 30000,
		.delay_us = 300,
		.near_wrap = true},
	{.name = "short_queue", .n_conns = 8, .max_bytes = 300000, .delay_us = 1000, .queue = 20},
	{.name = "slow_readers",
		.n_conns = 4,
		.max_bytes = 200000,
		.delay_us = 300,
		.slow_reader = true},
	{.name = "slow_readers_loss",
		.n_conns = 4,
		.max_bytes = 100000,
		.delay_us = 300,
		.slow_reader = true,
		.loss_ppm = 20000},
	{.name = "few_chunks",
		.n_conns = 8,
		.max_bytes = 100000,
		.delay_us = 300,
		.slow_reader = true,
		.n_chunks = 16,
		.loss_ppm = 10000},
	{.name = "small_window",
		.n_conns = 4,
		.max_bytes = 50000,
		.delay_us = 300,
		.rcv_wnd = 3000,
		.slow_reader = true},
	{.name = "tiny_window_loss",
		.n_conns = 2,
		.max_bytes = 10000,
		.delay_us = 300,
		.rcv_wnd = 700,
		.slow_reader = true,
		.loss_ppm = 20000},
	{.name = "few_descriptors",
		.n_conns = 16,
		.max_bytes = 100000,
		.delay_us = 300,
		.max_tx = 4},
	{.name = "tso", .n_conns = 8, .max_bytes = 400000, .delay_us = 300, .tso_bytes = 60000},
	{.name = "tso_loss",
		.n_conns = 8,
		.max_bytes = 200000,
		.delay_us = 300,
		.tso_bytes = 60000,
		.loss_ppm = 10000,
		.reorder_ppm = 20000},
	{.name = "many",
		.n_conns = 64,
		.max_bytes = 5000,
		.delay_us = 300,
		.loss_ppm = 20000,
		.dup_ppm = 20000,
		.reorder_ppm = 50000},
};

#define N_SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

static void run_scenario(void **state)
{
	const struct netsim_scenario *s = *state;

	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		assert_true(netsim_run(s, seed));
}

/* test_netsim [scenario seed]: all of them, or one again. */
int main(int argc, char **argv)
{
	struct CMUnitTest tests[N_SCENARIOS];

	for (size_t i = 0; i < N_SCENARIOS; i++) {
		tests[i] = (struct CMUnitTest){
			.name = scenarios[i].name,
			.test_func = run_scenario,
			.initial_state = (void *)&scenarios[i],
		};
		if (argc == 3 && !strcmp(argv[1], scenarios[i].name))
			return netsim_run(&scenarios[i], strtoull(argv[2], NULL, 10)) ? 0 : 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
