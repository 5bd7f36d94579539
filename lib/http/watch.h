/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a client take its replies? For connections whose replies one core makes and another one
 * sends (TLS): only the core with the send queue sees what is acknowledged, so it keeps the clock
 * for a client that reads (write_timeout_us, write_min_bytes), and the one that makes the replies
 * all the others: see rs_http_waits_for_reader().
 *
 * It stands in a struct http_conn, of which only deadline_us and abort are to be read. From
 * rs_http_open() on that is a connection like others. Includes base only.
 */
#ifndef RS_HTTP_WATCH_H
#define RS_HTTP_WATCH_H

#include "http/exchange.h"

void rs_http_watch_begin(struct http_conn *hc);

/*
 * out has changed: n_more bytes were just queued, or some were acknowledged. lacks_room: nothing is
 * queued and something would be, were there a chunk for it.
 */
void rs_http_watch(const struct http_env *env, struct http_conn *hc, const struct sendq *out,
	uint32_t n_more, bool lacks_room);

/* hc->deadline_us has come; too early is harmless. hc->abort: the client has to go. */
void rs_http_watch_deadline(struct http_env *env, struct http_conn *hc, const struct sendq *out);

#endif
