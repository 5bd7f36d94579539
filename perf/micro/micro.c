/* SPDX-License-Identifier: BSD-2-Clause */
/* micro [NAME…]: TSC cycles a call. NAME: only what begins so. */
#include "micro.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "base/bytes.h"

#define N_ROUNDS 21
#define N_CALLS  20000

static volatile uint64_t sink;

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct micro *m)
{
	double cycles[N_ROUNDS];

	sink += m->run(N_CALLS); /* caches and branch predictors */
	for (uint32_t i = 0; i < N_ROUNDS; i++) {
		uint64_t before = rte_rdtsc_precise();

		sink += m->run(N_CALLS);
		cycles[i] = (double)(rte_rdtsc_precise() - before) / N_CALLS;
	}
	qsort(cycles, N_ROUNDS, sizeof(cycles[0]), by_value);
	printf("%-36s %10.1f %10.1f %10.1f\n", m->name, cycles[N_ROUNDS / 2], cycles[0],
		cycles[N_ROUNDS - 1]);
}

static int is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strncmp(name, argv[i], strlen(argv[i])))
			return 1;
	}
	return argc < 2;
}

int main(int argc, char **argv)
{
	static const struct micro *const tables[] = {
		micro_base, micro_wire, micro_flow, micro_http};
	int n_done = 0;

	printf("%-36s %10s %10s %10s\n", "TSC cycles a call", "median", "min", "max");
	for (uint32_t t = 0; t < RS_ARRAY_SIZE(tables); t++) {
		for (const struct micro *m = tables[t]; m->name; m++) {
			if (is_wanted(m->name, argc, argv)) {
				measure(m);
				n_done++;
			}
		}
	}
	if (!n_done)
		fprintf(stderr, "micro: nothing is called so\n");
	return n_done ? 0 : 2;
}
