/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the report goes (--json): a file, or stdout. It is opened before anything is measured, when
 * it is early enough to say that it cannot be written; what it has had is lost only for a report.
 * Main core. Includes libc only.
 */
#ifndef RS_LOAD_OUTPUT_H
#define RS_LOAD_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct load_output {
	const char *name;
	FILE *file;
	bool is_new;   /* the file was not there */
	bool has_some; /* a report was begun */
};

/* name: NULL and "-" are stdout. 0; or -1, told on stderr. */
int rs_load_output_open(struct load_output *out, const char *name);

/* A report begins: the file to write it to, empty. */
FILE *rs_load_output_begin(struct load_output *out);

/* 0; or -1, told on stderr: not all of it was written. Without a report no new file stays. */
int rs_load_output_close(struct load_output *out);

#endif
