/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a load counts: one list, content_counters.def.
 * Any core; includes base only.
 */
#ifndef RS_CONTENT_COUNTERS_H
#define RS_CONTENT_COUNTERS_H

#include "base/counter.h"

enum content_counter {
#define RS_COUNTER(id, name, help) CONTENT_C_##id,
#include "content/content_counters.def"
#undef RS_COUNTER
	CONTENT_N_COUNTERS,
};

extern const struct counter_def rs_content_counter_defs[CONTENT_N_COUNTERS];

#endif
