/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the steps of a load have in common. Private to lib/content; one thread at a time.
 */
#ifndef RS_CONTENT_LOAD_H
#define RS_CONTENT_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "content/content.h"
#include "content/fields.h"
#include "content/mime.h"
#include "content/tree.h"
#include "content/walk.h"

struct load {
	struct content_options options; /* with what is NULL replaced by what it stands for */
	struct content_report *report;
	const struct content_tree *previous; /* or NULL */
	struct content_tree *tree;           /* in the making */
	struct walk walk;
	struct mime_table types;
	struct fields fields;
	uint64_t n_to_read; /* bytes */
	uint32_t n_files_to_read;
	uint64_t n_held;        /* bytes in memory before */
	struct arena_need need; /* at most, beyond them */
	uint8_t *compressed;    /* room to compress in, once it is needed */
	struct content_progress progress;
	uint64_t told_files, told_bytes; /* when progress was told last */
};

static inline void rs_load_count(struct load *load, enum content_counter counter, uint64_t n)
{
	load->report->counts[counter] += n;
}

/* Leaves path out: counts and tells it. path ends with 0. */
void rs_load_skip(
	struct load *load, enum content_counter counter, const char *path, const char *reason);

/*
 * The same for what err, an errno, says of path. False: it says that we ourselves lack something,
 * and nothing of path; that ends the load.
 */
bool rs_load_leave_out(struct load *load, enum content_counter counter, const char *path, int err);

/* Ends the load with a line of error, unless it ended before; returns false. */
__attribute__((format(printf, 2, 3))) bool rs_load_fail(struct load *load, const char *format, ...);

/* The store refused memory for a body: says how much is needed. */
bool rs_load_fail_memory(struct load *load);

void rs_load_begin_phase(
	struct load *load, enum content_phase phase, uint64_t n_files, uint64_t n_bytes);

void rs_load_end_phase(struct load *load);

/* False where the load is interrupted, which is then its error. */
bool rs_load_goes_on(struct load *load);

/* So much more is done; tells it now and then. */
void rs_load_progress(struct load *load, uint64_t n_files, uint64_t n_bytes);

#endif
