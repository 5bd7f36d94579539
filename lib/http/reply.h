/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies into the send queue: what exchange.c uses beside the functions for handlers.
 * Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_REPLY_H
#define RS_HTTP_REPLY_H

#include "http/handler.h"
#include "http/render.h"

/*
 * Each queues one reply. False: no room, nothing queued, nothing changed. True: hc->last says
 * whether the connection closes after it, and hc->reply_left whether generate() has work.
 */

/* An error page after which the connection closes, whatever the request said. */
bool rs_http_refuse_last(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, enum http_counter reason);

/* 405, or the answer to OPTIONS: with Allow (RFC 9110 sections 10.2.1 and 15.5.6). */
bool rs_http_refuse_method(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, uint32_t methods);
bool rs_http_reply_options(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, uint32_t methods);

/* Does the connection close after the next reply, whatever the request says? */
static inline bool rs_http_conn_closes(const struct http_env *env, const struct http_conn *hc)
{
	uint32_t max = env->cfg->max_requests_per_conn;

	return rs_http_drains(env->cfg) || hc->last || (max && hc->n_requests + 1 >= max);
}

/* Does the connection close after the reply to req? */
bool rs_http_reply_closes(
	const struct http_env *env, const struct http_conn *hc, const struct http_req *req);

/* What the reply to req says of the connection, which closes after it or does not. */
static inline enum http_connection rs_http_say_connection(const struct http_req *req, bool closes)
{
	if (closes)
		return HTTP_SAY_CLOSE;
	return req->minor_version == 0 ? HTTP_SAY_KEEP_ALIVE : HTTP_SAY_NOTHING;
}

/* 100 Continue: not the last word on the request. */
bool rs_http_reply_continue(struct http_env *env, struct sendq *out);

/* 503 that needs no chunk: for an empty queue when the pool is empty too. The last reply. */
void rs_http_reply_overload(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out);

#endif
