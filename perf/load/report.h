/* SPDX-License-Identifier: BSD-2-Clause */
/* What ringside-load has found out, as JSON, for people and for perf/bench. */
#ifndef RS_LOAD_REPORT_H
#define RS_LOAD_REPORT_H

#include <stdio.h>

#include "engine.h"

/*
 * Where --json says: a file, or stdout for NULL and "-". NULL, and -1, when it cannot be written,
 * told on stderr. Opened before anything is measured: then it is early enough to say so.
 */
FILE *rs_load_report_open(const char *name);
int rs_load_report_close(FILE *out, const char *name);

void rs_load_report(const struct engine *e, FILE *out);

#endif
