/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far the load of a directory is, on stderr: one line that is written anew on a terminal that
 * can, else a line now and then. Loads that are over within a second say nothing. Control core;
 * includes content.
 */
#ifndef RS_APP_SITE_PROGRESS_H
#define RS_APP_SITE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/content.h"

struct site_progress {
	const char *dir;
	uint64_t due_ms;  /* when the next line is */
	bool is_terminal; /* and one that can write a line anew */
	bool is_shown;    /* a line stands there that has no end yet */
};

/* dir outlives progress. */
void rs_site_progress_begin(struct site_progress *progress, const char *dir);
void rs_site_progress_show(struct site_progress *progress, const struct content_progress *now);
void rs_site_progress_end(struct site_progress *progress);

/* The words, without a newline; as snprintf(). */
int rs_site_progress_words(
	char *to, size_t bytes, const char *dir, const struct content_progress *now);

#endif
