/* SPDX-License-Identifier: BSD-2-Clause */
/* What ringside-load has found out, as JSON, for people and for perf/bench. */
#ifndef RS_LOAD_REPORT_H
#define RS_LOAD_REPORT_H

#include <stdio.h>

#include "engine.h"

void rs_load_report(const struct engine *e, FILE *out);

#endif
