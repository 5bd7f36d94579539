/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which handler answers a request, and what is refused before any of them is asked.
 * Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_ROUTE_H
#define RS_HTTP_ROUTE_H

#include "http/handler.h"

struct route {
	bool refused; /* for reason, or … */
	bool foreign; /* … by the handler, whose respond() says so whatever the method */
	enum http_counter reason;
	uint8_t handler;  /* index in cfg->handlers; not with OPTIONS, unless foreign */
	uint32_t methods; /* what the path allows, for Allow */
};

/* Sets req->tail. */
struct route rs_http_route(const struct http_env *env, struct http_req *req);

#endif
