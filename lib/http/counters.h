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

_Static_assert(HTTP_C_REPLIES_5XX == HTTP_C_REPLIES_1XX + 4, "they stand in order");

/* What counts replies with this status. */
static inline enum http_counter rs_http_class_counter(uint16_t status)
{
	return (enum http_counter)(HTTP_C_REPLIES_1XX + status / 100 - 1);
}

/* The status that goes with a reason to refuse: one of the counters before HTTP_C_REQUESTS. */
uint16_t rs_http_reason_status(enum http_counter reason);

#endif
