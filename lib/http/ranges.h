/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Range requests (RFC 9110 section 14): which bytes of a representation are asked for. No state.
 * Any core; includes base only.
 */
#ifndef RS_HTTP_RANGES_H
#define RS_HTTP_RANGES_H

#include <stdint.h>

#include "http/parse.h"

/* zsync asks for 20. dnf asks for 256, and then for half as many each time, until it gets them. */
#define HTTP_MAX_RANGES 64

/* Both inclusive, as on the wire. */
struct http_range {
	uint64_t first;
	uint64_t last;
};

enum http_range_result {
	HTTP_RANGE_ALL,           /* all of it, with 200 */
	HTTP_RANGE_SOME,          /* 206 */
	HTTP_RANGE_UNSATISFIABLE, /* 416 */
};

/*
 * What Range asks for of len bytes. Ranges that overlap or adjoin become one, in the place of the
 * first of them (section 15.3.7.2); those beyond the end are left out. All of it is sent where
 * there is no Range, where it is malformed, of another unit, or of more than HTTP_MAX_RANGES
 * ranges, and where the beginning or the end of nothing is asked for: clients that put bytes=0-
 * into every request are right to expect an empty file. *n: how many, 0 unless the result is
 * HTTP_RANGE_SOME.
 */
enum http_range_result rs_http_ranges(const struct http_req *req, uint64_t len,
	struct http_range ranges[HTTP_MAX_RANGES], uint32_t *n);

#endif
