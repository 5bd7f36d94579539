/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections with TLS: between the segments of client.c and the sessions of tls.c. */
#include "client_internal.h"

#include <string.h>

#include "base/bytes.h"
#include "tls.h"
#include "wire/seg.h"

/* A segment of ciphertext. It is copied: a segment is rendered at the end of the turn, when the
 * session may have gone on or be no more. */
static void send_segment(
	struct client *c, struct load_conn *conn, uint32_t seq, const uint8_t *data, uint32_t len)
{
	uint8_t *copy = c->tls_segments + (size_t)c->n_out * c->own_mss;
	struct load_out *out = rs_client_emit(c, conn, seq, TCP_ACK | TCP_PSH);

	out->len = (uint16_t)len;
	out->data = copy;
	out->has_data = true;
	memcpy(copy, data, len);
}

/*
 * The ciphertext from byte skip on, as far as the first room bytes; but no piece of a segment
 * while others are out (RFC 9293, 3.8.6.2.1).
 */
static void send_from(struct client *c, struct load_conn *conn, uint32_t skip, uint32_t room)
{
	struct span bytes = rs_load_tls_unacked(c->tls, rs_client_slot(c, conn));

	while (skip < bytes.len && skip < room && c->n_out < CLIENT_MAX_OUT - CLIENT_ROOM) {
		uint32_t wanted = rs_min_u32(bytes.len - skip, c->mss);
		uint32_t n = rs_min_u32(wanted, room - skip);

		if (n < wanted && skip)
			break;
		send_segment(c, conn, conn->snd_una + skip, bytes.data + skip, n);
		skip += n;
	}
	if (skip > conn->snd_nxt - conn->snd_una)
		conn->snd_nxt = conn->snd_una + skip;
}

static void send_new(struct client *c, struct load_conn *conn)
{
	send_from(
		c, conn, conn->snd_nxt - conn->snd_una, c->windows[rs_client_slot(c, conn)].bytes);
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

void rs_client_tls_acked(struct client *c, struct load_conn *conn, const struct load_seg *seg)
{
	struct load_window *w = &c->windows[rs_client_slot(c, conn)];
	uint32_t n = seg->ack - conn->snd_una;

	if (n > conn->snd_nxt - conn->snd_una)
		return; /* of before, or of what was not sent */
	w->bytes = (uint32_t)seg->wnd << w->scale;
	if (n) {
		rs_load_tls_acked(c->tls, rs_client_slot(c, conn), n);
		conn->snd_una = seg->ack;
		rs_client_progress(c, conn);
	}
	send_new(c, conn);
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
	uint32_t slot = rs_client_slot(c, conn);

	if (!rs_load_tls_unacked(c->tls, slot).len)
		return false;
	/* A shut window is asked for one byte (RFC 9293, 3.8.6.1). */
	send_from(c, conn, 0, rs_max_u32(c->windows[slot].bytes, 1));
	return true;
}
