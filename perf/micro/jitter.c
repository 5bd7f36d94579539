/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jitter SECONDS: what a core that does nothing but read the TSC misses. Prints the percentage of
 * the time that went by in gaps of more than 20 µs, when something else had the core, and the
 * longest gap in µs. No server on that core can do better in its tail.
 */
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#define GAP_US 20

/* TSC cycles a second, against the kernel's clock. */
static uint64_t tsc_hz(void)
{
	struct timespec begin, now;
	uint64_t tsc, ns;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	tsc = rte_rdtsc();
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		ns = (uint64_t)(now.tv_sec - begin.tv_sec) * 1000000000u + (uint64_t)now.tv_nsec -
		     (uint64_t)begin.tv_nsec;
	} while (ns < 100000000);
	return (rte_rdtsc() - tsc) * 1000 / (ns / 1000000);
}

int main(int argc, char **argv)
{
	uint64_t hz = tsc_hz();
	uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 3;
	uint64_t gap = hz / 1000000 * GAP_US;
	uint64_t begin = rte_rdtsc(), end = begin + seconds * hz;
	uint64_t lost = 0, longest = 0;

	for (uint64_t last = begin, now; (now = rte_rdtsc()) < end; last = now) {
		if (now - last > gap) {
			lost += now - last;
			longest = now - last > longest ? now - last : longest;
		}
	}
	printf("%.3f %.0f\n", 100.0 * (double)lost / (double)(end - begin),
		(double)longest * 1e6 / (double)hz);
	return 0;
}
