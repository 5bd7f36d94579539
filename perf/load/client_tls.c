/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections with TLS: between the segments of client.c and the sessions of tls.c. */
#include "client_internal.h"

#include <string.h>

#include "base/bytes.h"
#include "tls.h"
#include "wire/seg.h"

/*
 * Segments of the ciphertext from byte skip on. They are copied: a segment is rendered at the end
 * of the turn, when the session may have gone on or be no more.
 */
static void send_from(struct client *c, struct load_conn *conn, uint32_t skip)
{
	struct span bytes = rs_load_tls_unacked(c->tls, rs_client_slot(c, conn));

	while (skip < bytes.len && c->n_out < CLIENT_MAX_OUT - CLIENT_ROOM) {
		uint8_t *copy = c->tls_segments + (size_t)c->n_out * c->own_mss;
		struct load_out *out =
			rs_client_emit(c, conn, conn->snd_una + skip, TCP_ACK | TCP_PSH);

		out->len = (uint16_t)rs_min_u32(bytes.len - skip, c->mss);
		out->data = copy;
		out->has_data = true;
		memcpy(copy, bytes.data + skip, out->len);
		skip += out->len;
	}
	conn->snd_nxt = conn->snd_una + bytes.len;
}

static void send_new(struct client *c, struct load_conn *conn)
{
	send_from(c, conn, conn->snd_nxt - conn->snd_una);
}

void rs_client_tls_begin(struct client *c, struct load_conn *conn)
{
	conn->state = CLIENT_SHAKING;
	rs_client_progress(c, conn);
	if (rs_load_tls_open(c->tls, rs_client_slot(c, conn), c->now_tsc))
		send_new(c, conn);
	else
		rs_client_abort(c, conn);
}

bool rs_client_tls_ask(struct client *c, struct load_conn *conn, const struct load_request *q)
{
	if (!rs_load_tls_write(c->tls, rs_client_slot(c, conn), q->data, q->len)) {
		rs_client_abort(c, conn);
		return false;
	}
	send_new(c, conn);
	return true;
}

void rs_client_tls_acked(struct client *c, struct load_conn *conn, uint32_t ack)
{
	uint32_t n = ack - conn->snd_una;

	if (!n || n > conn->snd_nxt - conn->snd_una)
		return;
	rs_load_tls_acked(c->tls, rs_client_slot(c, conn), n);
	conn->snd_una = ack;
	rs_client_progress(c, conn);
}

/* False: the connection is no more. */
static bool take_answers(struct client *c, struct load_conn *conn, struct span plain)
{
	if (!rs_client_answers(c, conn, plain.data, plain.len))
		return false;
	if (conn->state == CLIENT_BUSY && !conn->n_open) {
		conn->due_tsc = 0;
		rs_client_go_on(c, conn);
	}
	return conn->state != CLIENT_CLOSED;
}

bool rs_client_tls_input(
	struct client *c, struct load_conn *conn, const uint8_t *data, uint32_t len)
{
	struct span in = {.data = data, .len = len}, plain;

	rs_client_progress(c, conn);
	for (;;) {
		switch (rs_load_tls_input(
			c->tls, rs_client_slot(c, conn), &in, c->now_tsc, &plain)) {
		case LOAD_TLS_MORE:
			send_new(c, conn);
			return true;
		case LOAD_TLS_OPEN:
			c->n_established++;
			rs_client_go_on(c, conn);
			if (conn->state == CLIENT_CLOSED)
				return false;
			break;
		case LOAD_TLS_DATA:
			if (!take_answers(c, conn, plain))
				return false;
			break;
		case LOAD_TLS_CLOSED: /* the FIN says the rest */
			return true;
		case LOAD_TLS_FAILED:
			send_new(c, conn); /* its alert */
			rs_client_abort(c, conn);
			return false;
		}
	}
}

bool rs_client_tls_resend(struct client *c, struct load_conn *conn)
{
	if (!rs_load_tls_unacked(c->tls, rs_client_slot(c, conn)).len)
		return false;
	send_from(c, conn, 0);
	return true;
}
