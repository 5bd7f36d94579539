/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/counters.h"

const struct counter_def rs_http_counter_defs[HTTP_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) [HTTP_C_##id] = {name, help},
#include "http/http_counters.def"
#undef RS_COUNTER
};

/* The status is where the help text begins: it is written once. */
uint16_t rs_http_reason_status(enum http_counter reason)
{
	const char *help = rs_http_counter_defs[reason].help;

	return (uint16_t)((help[0] - '0') * 100 + (help[1] - '0') * 10 + (help[2] - '0'));
}
