/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request line (RFC 9112 section 3). Inline, since it is compiled for both twins of the parser.
 * Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_REQUEST_LINE_H
#define RS_HTTP_REQUEST_LINE_H

#include <string.h>

#include "base/bytes.h"
#include "http/methods.h"
#include "http/parse.h"
#include "http/scan.h"
#include "http/target.h"

#define MAX_METHOD_BYTES 7 /* that we know */
/* With the longest method that we know and two spaces, more than any good request line needs
 * besides its target. */
#define LINE_OVERHEAD 32

/* The method of a request line that is not complete, and may never be; if the method is. */
static inline uint8_t method_begun(const uint8_t *p, uint32_t len)
{
	const uint8_t *space = memchr(p, ' ', rs_min_u32(len, MAX_METHOD_BYTES + 1));

	return space ? rs_http_method_named(p, (uint32_t)(space - p)) : HTTP_NO_METHOD;
}

/* Longer than any good request line. */
static inline bool is_long_line(const struct http_limits *limits, uint32_t len)
{
	return len > limits->max_target_bytes + LINE_OVERHEAD;
}

/* Why a line is refused of which len bytes have come, more than any good one has. Where its first
 * bytes have a space, the target is too long; else it is no request line. Only as many are judged
 * as a good line may have, so that the answer does not depend on how much has come. */
static inline int refuse_long_line(
	const struct http_limits *limits, const uint8_t *line, uint32_t len)
{
	uint32_t judged = rs_min_u32(len, limits->max_target_bytes + LINE_OVERHEAD);

	return memchr(line, ' ', judged) ? HTTP_REFUSED(HTTP_C_TARGET_TOO_LONG)
					 : HTTP_REFUSED(HTTP_C_BAD_REQUEST_LINE);
}

/* RFC 9112 section 2.3. Returns 0, or a refusal. */
static inline int read_version(const uint8_t *p, struct http_req *req)
{
	req->minor_version = 1;
	if (rs_likely(memcmp(p, "HTTP/1.1", HTTP_VERSION_BYTES) == 0))
		return 0;
	if (memcmp(p, "HTTP/", 5) != 0 || !SCAN_DIGIT(p[5]) || p[6] != '.' || !SCAN_DIGIT(p[7]))
		return HTTP_REFUSED(HTTP_C_BAD_REQUEST_LINE);
	if (p[5] != '1')
		return HTTP_REFUSED(HTTP_C_BAD_VERSION);
	req->minor_version = p[7] != '0';
	return 0;
}

/* Returns where the method in [from, cr) ends. What no space follows is none. */
static inline uint32_t read_method(
	bool vector, const uint8_t *head, uint32_t from, uint32_t cr, struct http_req *req)
{
	uint32_t end;

	/* One compare for nearly everybody; behind a CR stands at least a LF. */
	if (rs_likely(cr - from >= 3 && memcmp(head + from, "GET ", 4) == 0)) {
		req->method = HTTP_GET;
		return from + 3;
	}
	end = scan_run(vector, SCAN_TOKEN, head, from, cr, 2);
	req->method = head[end] == ' ' ? rs_http_method_named(head + from, end - from)
				       : (uint8_t)HTTP_NO_METHOD;
	return end;
}

/* Why a request with an unknown method is refused. The form of its target in [from, to) goes with
 * the method, and is not known either; but what no form of target may have makes the line bad. */
static inline int refuse_method(bool vector, const uint8_t *head, uint32_t from, uint32_t to)
{
	return scan_run(vector, SCAN_QUERY, head, from, to, 0) == to
		       ? HTTP_REFUSED(HTTP_C_UNKNOWN_METHOD)
		       : HTTP_REFUSED(HTTP_C_BAD_TARGET);
}

/* RFC 9112 section 3: method SP target SP version, in [from, cr). Returns 0, or a refusal. */
static inline int read_request_line(bool vector, const struct http_limits *limits,
	const uint8_t *head, uint32_t from, uint32_t cr, struct http_req *req)
{
	uint32_t target = read_method(vector, head, from, cr, req) + 1;
	uint32_t target_end = cr - HTTP_VERSION_BYTES - 1;
	int r;

	if (is_long_line(limits, cr - from))
		return refuse_long_line(limits, head + from, cr - from);
	/* Also where cr - HTTP_VERSION_BYTES - 1 wrapped round: then target + HTTP_VERSION_BYTES +
	 * 1 > cr. */
	if (target == from + 1 || target + HTTP_VERSION_BYTES + 1 >= cr ||
		head[target - 1] != ' ' || head[target_end] != ' ')
		return HTTP_REFUSED(HTTP_C_BAD_REQUEST_LINE);
	if (target_end - target > limits->max_target_bytes)
		return HTTP_REFUSED(HTTP_C_TARGET_TOO_LONG);
	r = read_version(head + target_end + 1, req);
	if (r < 0)
		return r;
	req->line_known = true;
	if (req->method == HTTP_NO_METHOD)
		return refuse_method(vector, head, target, target_end);
	return rs_http_read_target(vector, target, target_end, req)
		       ? 0
		       : HTTP_REFUSED(HTTP_C_BAD_TARGET);
}

#endif
