/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cycles a call, of the functions that a request passes through, with everything in cache. One file
 * here for each library; micro.c has the table of them.
 */
#ifndef RS_PERF_MICRO_H
#define RS_PERF_MICRO_H

#include <stdint.h>

struct micro {
	const char *name;
	/* Calls it n times. Returns something that depends on every result, so that none is left
	 * out. */
	uint64_t (*run)(uint32_t n);
};

/* Memory may have changed, as far as the compiler knows: a call is not moved out of its loop. */
#define MICRO_BARRIER() __asm__ volatile("" ::: "memory")

#define MICRO_MAX 16 /* in one file; a name of NULL ends it */

extern const struct micro micro_base[MICRO_MAX];
extern const struct micro micro_wire[MICRO_MAX];
extern const struct micro micro_flow[MICRO_MAX];
extern const struct micro micro_http[MICRO_MAX];

#endif
