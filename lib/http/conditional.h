/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditional requests (RFC 9110 section 13): does a request go on, given the validators of what it
 * selects? No state. Any core; includes base only.
 */
#ifndef RS_HTTP_CONDITIONAL_H
#define RS_HTTP_CONDITIONAL_H

#include <stdbool.h>
#include <stdint.h>

#include "http/parse.h"

#define HTTP_NO_MTIME INT64_MIN

/* Of the representation that would be sent. */
struct http_validators {
	struct span etag; /* strong, with its quotes; empty: none */
	int64_t mtime_s;  /* HTTP_NO_MTIME: none is known */
	int64_t now_s;    /* the wall clock */
};

enum http_condition {
	HTTP_PROCEED,
	HTTP_NOT_MODIFIED,        /* 304 */
	HTTP_PRECONDITION_FAILED, /* 412 */
};

/* The fields that make a difference to the functions of this module. */
#define HTTP_CONDITION_FIELDS                                                                      \
	(1u << HTTP_FIELD_IF_MATCH | 1u << HTTP_FIELD_IF_NONE_MATCH |                              \
		1u << HTTP_FIELD_IF_MODIFIED_SINCE | 1u << HTTP_FIELD_IF_UNMODIFIED_SINCE)

/* Section 13.2.2, steps 1 to 4. What is malformed is as if it were not there; for If-Match, as if
 * nothing matched. */
enum http_condition rs_http_check_conditions(
	const struct http_req *req, const struct http_validators *v);

/* Step 5, section 13.1.5: may Range be heeded? True where there is no If-Range. */
bool rs_http_if_range(const struct http_req *req, const struct http_validators *v);

#endif
