/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the log wants to know of a request: pieces of it, where they stand. Any core; includes base
 * only.
 */
#ifndef RS_HTTP_ASKED_H
#define RS_HTTP_ASKED_H

#include "base/bytes.h"
#include "http/parse.h"

/* data == NULL is what the request has none of. */
struct http_asked {
	struct span method; /* none: the request line was not understood, and all of it is target */
	struct span target; /* as it came, query included */
	struct span host;   /* of the target, or else of Host, port included */
	struct span referer;
	struct span user_agent;
	uint8_t minor_version; /* of HTTP/1 */
};

/* The same of a request whose target is a path, of up to 255 bytes, without its address. */
struct http_asked_at {
	struct http_asked_piece {
		uint8_t at, len; /* both 0: none */
	} method, target, host, referer, user_agent;
	uint8_t minor_version;
};

struct http_asked rs_http_asked(const struct http_req *req);

struct http_asked_at rs_http_asked_at(const struct http_req *req);

/* head: where the same bytes stand now. */
struct http_asked rs_http_asked_from(const struct http_asked_at *at, const uint8_t *head);

#endif
