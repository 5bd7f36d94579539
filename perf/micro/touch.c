/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * touch MIB: how fast memory can be had that nobody in this process has used before: maps it as
 * content is mapped, writes to every page, and prints the GiB a second. It keeps the memory until
 * its standard input ends, so that whoever is compared with that gets other memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/pages.h"

#define PAGE_BYTES 4096

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	size_t n_bytes = (size_t)(argc > 1 ? atoi(argv[1]) : 0) << 20;
	volatile uint8_t *memory;
	double begin = now_s();

	if (!n_bytes || n_bytes % PAGES_UNIT) {
		fprintf(stderr, "touch MIB, an even number\n");
		return 2;
	}
	memory = rs_pages_map(n_bytes);
	if (!memory) {
		fprintf(stderr, "touch: no memory\n");
		return 1;
	}
	for (size_t at = 0; at < n_bytes; at += PAGE_BYTES)
		memory[at] = 1;
	printf("%.3f\n", (double)n_bytes / (now_s() - begin) / (double)(1 << 30));
	fflush(stdout);
	while (getchar() != EOF)
		;
	rs_pages_unmap((void *)memory, n_bytes);
	return 0;
}
