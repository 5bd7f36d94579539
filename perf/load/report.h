/* SPDX-License-Identifier: BSD-2-Clause */
/* What ringside-load has found out, as a line for people and as JSON for perf/bench. */
#ifndef RS_LOAD_REPORT_H
#define RS_LOAD_REPORT_H

#include "engine.h"

/* 0, or -1 when --json cannot be written, told on stderr. */
int rs_load_report(const struct engine *e);

#endif
