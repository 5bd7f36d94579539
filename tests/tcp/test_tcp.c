/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the TCP cases: test_tcp [-v] [GROUP[.CASE]]. The last line is the sum. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

static const struct variant variants[] = {
	{.name = "plain"},
	{.name = "slow", .force_slow = true},
	{.name = "wrap", .isn = UINT32_MAX - 600},
	{.name = "wrap slow", .isn = UINT32_MAX - 600, .force_slow = true},
	{.name = "late wrap", .isn = UINT32_MAX - 6000},
	{.name = "sign", .isn = INT32_MAX - 600},
	{.name = "ipv6", .ipv6 = true},
	{.name = "ipv6 wrap slow", .isn = UINT32_MAX - 3000, .force_slow = true, .ipv6 = true},
};

static const struct {
	const char *name;
	const struct tcp_case *cases;
} groups[] = {
	{"passive", passive_cases},
	{"active", active_cases},
	{"cookie", cookie_cases},
	{"receive", receive_cases},
	{"send", send_cases},
	{"window", window_cases},
	{"rto", rto_cases},
	{"loss", loss_cases},
	{"sack", sack_cases},
	{"prr", prr_cases},
	{"tail", tail_cases},
	{"reorder", reorder_cases},
	{"grow", grow_cases},
	{"timer", timer_cases},
	{"close", close_cases},
	{"time_wait", time_wait_cases},
	{"stamp", stamp_cases},
	{"attack", attack_cases},
	{"limit", limit_cases},
	{"ecn", ecn_cases},
	{"state", state_cases},
};

static bool is_wanted(const char *filter, const char *group, const char *name)
{
	size_t n = strlen(group);

	if (!filter)
		return true;
	if (strncmp(filter, group, n))
		return false;
	return filter[n] == '\0' || (filter[n] == '.' && !strcmp(filter + n + 1, name));
}

int main(int argc, char **argv)
{
	bool is_verbose = argc > 1 && !strcmp(argv[1], "-v");
	const char *filter = argc > 1 + is_verbose ? argv[1 + is_verbose] : NULL;
	unsigned n_passed = 0, n_failed = 0;

	for (size_t g = 0; g < RS_ARRAY_SIZE(groups); g++) {
		for (const struct tcp_case *c = groups[g].cases; c->name; c++) {
			if (!is_wanted(filter, groups[g].name, c->name))
				continue;
			for (size_t v = 0; v < RS_ARRAY_SIZE(variants); v++) {
				bool ok = rig_run(c, &variants[v]);

				n_passed += ok;
				n_failed += !ok;
				if (is_verbose || !ok)
					printf("%s %s.%s (%s)\n", ok ? "ok  " : "FAIL",
						groups[g].name, c->name, variants[v].name);
			}
		}
	}
	printf("%u passed, %u failed\n", n_passed, n_failed);
	return n_failed || !n_passed;
}
