/* SPDX-License-Identifier: BSD-2-Clause */
/* What client.c and client_tls.c want of each other; nobody else's. */
#ifndef RS_LOAD_CLIENT_INTERNAL_H
#define RS_LOAD_CLIENT_INTERNAL_H

#include "client.h"

/* ---- client.c ---- */

/* A segment to send, with the newest acknowledgement and no data yet. */
struct load_out *rs_client_emit(
	struct client *c, struct load_conn *conn, uint32_t seq, uint8_t flags);

/* Something goes on: the times until a resend and until it is given up count from now. */
void rs_client_progress(struct client *c, struct load_conn *conn);

/* The connection is established, or its batch answered: what now? */
void rs_client_go_on(struct client *c, struct load_conn *conn);

/* The bytes of answers. False: the connection is no more. */
bool rs_client_answers(struct client *c, struct load_conn *conn, const uint8_t *data, uint32_t len);

/* Ends the connection, since something is wrong. */
void rs_client_abort(struct client *c, struct load_conn *conn);

static inline uint32_t rs_client_slot(const struct client *c, const struct load_conn *conn)
{
	return (uint32_t)(conn - c->conns);
}

/* ---- client_send.c: only without TLS, but for the first one ---- */

/* A SYN-ACK: notes the server's window. */
void rs_client_open_window(struct client *c, struct load_conn *conn, const struct load_seg *seg);

/* The batch is new. */
void rs_client_send_batch(struct client *c, struct load_conn *conn);

/* What of it is not acknowledged goes out again. */
void rs_client_resend_batch(struct client *c, struct load_conn *conn);

/* Has all gone out that is answered? */
bool rs_client_is_sent(const struct client *c, const struct load_conn *conn);

/* Any segment later on; that may send more of the batch. */
void rs_client_move_window(struct client *c, struct load_conn *conn, const struct load_seg *seg);

/* ---- client_tls.c: only where c->tls is there ---- */

/* The server has accepted: sends the ClientHello. */
void rs_client_tls_begin(struct client *c, struct load_conn *conn);

/* Sends a request, perhaps behind what else waits. False: the connection is no more. */
bool rs_client_tls_ask(struct client *c, struct load_conn *conn, const struct load_request *q);

/* The server has all up to its acknowledgement, and room for its window: sends what fits. */
void rs_client_tls_acked(struct client *c, struct load_conn *conn, const struct load_seg *seg);

/* Ciphertext in order. False: the connection is no more. */
bool rs_client_tls_input(
	struct client *c, struct load_conn *conn, const uint8_t *data, uint32_t len);

/* Sends again what is not acknowledged. False: everything is. */
bool rs_client_tls_resend(struct client *c, struct load_conn *conn);

#endif
