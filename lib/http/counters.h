/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lib/http counts, and the reasons to refuse a request: one list, http_counters.def.
 * Any core; includes base only.
 */
#ifndef RS_HTTP_COUNTERS_H
#define RS_HTTP_COUNTERS_H

#include <stdint.h>

#include "base/counter.h"

enum http_counter {
#define RS_COUNTER(id, name, help) HTTP_C_##id,
#include "http/http_counters.def"
#undef RS_COUNTER
	HTTP_N_COUNTERS,
};

extern const struct counter_def rs_http_counter_defs[HTTP_N_COUNTERS];

/* The status that goes with a reason to refuse: one of the counters before HTTP_C_REQUESTS. */
uint16_t rs_http_reason_status(enum http_counter reason);

#endif
