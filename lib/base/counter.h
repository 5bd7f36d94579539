/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Named counters. Every module that drops, refuses or counts anything lists it once in a
 * `<module>_counters.def` file, one line each:
 *
 *     RS_COUNTER(ID, "name_in_metrics", "help text")
 *
 * The file makes the enum (TCP_C_##ID) and a table of struct counter_def. Counters are plain
 * uint64_t arrays, one per core: never shared, never atomic.
 * Any core; includes libc only.
 */
#ifndef RS_BASE_COUNTER_H
#define RS_BASE_COUNTER_H

#include <stdint.h>

struct counter_def {
	const char *name; /* lower_snake_case, without the module's prefix */
	const char *help; /* one line, what it means and what to do about it */
};

#endif
