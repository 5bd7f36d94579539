/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the log is told of a reply: a record when its head is queued, and the end of it. A reply
 * that is queued as a whole with its head, as all are that fit into a buffer, ends there and then.
 * A longer one is followed until its last byte has left the send queue: over TCP the client has
 * acknowledged it, over TLS it has been encrypted. Its record waits in a chunk of env->chunks,
 * while these are plenty; else, and where the next reply is queued behind it (pipelining), its end
 * is not known.
 *
 * Called only where env->log is set, or hc->followed. Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_FOLLOW_H
#define RS_HTTP_FOLLOW_H

#include "http/exchange.h"
#include "http/log.h"

/* A request is looked at, perhaps again: its first byte is there. */
static inline void rs_http_follow_request(const struct http_env *env, struct http_conn *hc)
{
	if (hc->begun)
		return;
	hc->begun = true;
	hc->begun_us = (uint32_t)env->now_us;
}

/* The head of the reply to what was asked is queued; hc->reply_left and hc->last are set. */
void rs_http_follow_begin(struct http_env *env, struct http_conn *hc, struct http_asked asked,
	uint16_t status, uint64_t body_bytes);

/* So many bytes have not left the queue yet, or are to come into it. */
void rs_http_follow_go_on(struct http_env *env, struct http_conn *hc, uint64_t left);

/* There is no connection any more. */
void rs_http_follow_abort(struct http_env *env, struct http_conn *hc);

#endif
