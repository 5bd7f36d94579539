/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Request bodies: where they end, and that they are not too large. What is in them is dropped.
 * Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_BODY_H
#define RS_HTTP_BODY_H

#include "http/exchange.h"

struct body {
	bool done;
	bool refused; /* for reason */
	enum http_counter reason;
	uint32_t used; /* bytes consumed; all of them when neither done nor refused */
};

/* Sets up hc for the body that req announces. */
void rs_http_body_begin(struct http_conn *hc, const struct http_req *req);

/* RFC 9112 section 6.2. The length was compared with max_body_bytes before. */
struct body rs_http_body_read_length(struct http_conn *hc, uint32_t len);

/* RFC 9112 section 7.1. */
struct body rs_http_body_read_chunked(
	const struct http_config *cfg, struct http_conn *hc, const uint8_t *data, uint32_t len);

#endif
