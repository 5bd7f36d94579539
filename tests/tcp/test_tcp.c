/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs every case in every variant. */
#include <stdio.h>
#include <stdlib.h>

#include "rig_tests.h"

static const struct variant variants[] = {
	{.name = "plain"},
	{.name = "near_wrap", .near_wrap = true},
	{.name = "slow_path", .force_slow = true},
	{.name = "ipv6", .ipv6 = true},
	{.name = "ipv6_near_wrap_slow_path", .ipv6 = true, .near_wrap = true, .force_slow = true},
};

static const struct tcp_case *const groups[] = {
	open_cases, data_cases, loss_cases, close_cases, attack_cases, table_cases};

struct run {
	const struct tcp_case *c;
	const struct variant *v;
};

static void run_case(void **state)
{
	const struct run *run = *state;
	struct rig r;

	rig_init(&r, run->v);
	run->c->run(&r);
	rig_fini(&r);
}

int main(void)
{
	static struct CMUnitTest tests[4096];
	static struct run runs[4096];
	static char names[4096][80];
	size_t n = 0;

	for (size_t g = 0; g < RS_ARRAY_SIZE(groups); g++) {
		for (const struct tcp_case *c = groups[g]; c->name; c++) {
			for (size_t v = 0; v < RS_ARRAY_SIZE(variants); v++, n++) {
				runs[n] = (struct run){.c = c, .v = &variants[v]};
				snprintf(names[n], sizeof(names[n]), "%s/%s", c->name,
					variants[v].name);
				tests[n] = (struct CMUnitTest){.name = names[n],
					.test_func = run_case,
					.initial_state = &runs[n]};
			}
		}
	}
	return _cmocka_run_group_tests("tcp", tests, n, NULL, NULL);
}
