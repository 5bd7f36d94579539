/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/counters.h"

const struct counter_def rs_content_counter_defs[CONTENT_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) [CONTENT_C_##id] = {name, help},
#include "content/content_counters.def"
#undef RS_COUNTER
};
