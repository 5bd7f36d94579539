/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch of requests without TLS: what of it goes out when, by the server's MSS and window. */
#include "client_internal.h"

#include "base/bytes.h"
#include "wire/seg.h"

#define MAX_WND_SCALE 14 /* RFC 7323, 2.3 */

static struct load_window *window_of(const struct client *c, const struct load_conn *conn)
{
	return c->windows ? &c->windows[rs_client_slot(c, conn)] : NULL;
}

/* n bytes of the batch from sequence number from on. Returns how many went out. */
static uint32_t send_range(struct client *c, struct load_conn *conn, uint32_t from, uint32_t n)
{
	uint32_t n_sent = 0;

	while (n_sent < n && c->n_out < CLIENT_MAX_OUT - CLIENT_ROOM) {
		uint32_t len = rs_min_u32(n - n_sent, c->mss);
		struct load_out *out = rs_client_emit(c, conn, from + n_sent, TCP_ACK | TCP_PSH);

		out->skip = from + n_sent - conn->snd_una;
		out->len = (uint16_t)len;
		n_sent += len;
	}
	return n_sent;
}

/*
 * What the window has room for; but no piece of a segment while others are out (RFC 9293,
 * 3.8.6.2.1).
 */
static void send_more(struct client *c, struct load_conn *conn, struct load_window *w)
{
	for (;;) {
		uint32_t wanted = rs_min_u32(conn->snd_nxt - w->sent, c->mss);
		int32_t room = (int32_t)(w->acked + w->bytes - w->sent);
		uint32_t n = room > 0 ? rs_min_u32(wanted, (uint32_t)room) : 0;

		if (n < wanted && w->sent != w->acked)
			return;
		n = send_range(c, conn, w->sent, n);
		if (!n)
			return;
		w->sent += n;
	}
}

void rs_client_send_batch(struct client *c, struct load_conn *conn)
{
	struct load_window *w = window_of(c, conn);

	if (rs_likely(!w)) {
		send_range(c, conn, conn->snd_una, conn->snd_nxt - conn->snd_una);
		return;
	}
	w->acked = w->sent = conn->snd_una;
	send_more(c, conn, w);
}

void rs_client_resend_batch(struct client *c, struct load_conn *conn)
{
	struct load_window *w = window_of(c, conn);
	uint32_t from = conn->snd_una, n = conn->snd_nxt - from;

	if (w) {
		/* What is answered has come, acknowledged or not. A shut window is asked for one
		 * byte (RFC 9293, 3.8.6.1). */
		if ((int32_t)(w->acked - from) > 0)
			from = w->acked;
		n = rs_min_u32(conn->snd_nxt - from, rs_max_u32(w->bytes, 1));
	}
	n = send_range(c, conn, from, n);
	if (w)
		w->sent = from + n;
}

bool rs_client_is_sent(const struct client *c, const struct load_conn *conn)
{
	return (int32_t)(c->windows[rs_client_slot(c, conn)].sent - conn->snd_una) >= 0;
}

void rs_client_open_window(struct client *c, struct load_conn *conn, const struct load_seg *seg)
{
	struct load_window *w = window_of(c, conn);

	if (w)
		*w = (struct load_window){
			.acked = conn->snd_nxt,
			.sent = conn->snd_nxt,
			.bytes = seg->wnd, /* not scaled in a SYN */
			.scale = (uint8_t)rs_min_u32(seg->wnd_scale, MAX_WND_SCALE),
		};
}

void rs_client_move_window(struct client *c, struct load_conn *conn, const struct load_seg *seg)
{
	struct load_window *w = window_of(c, conn);
	uint32_t n;

	if (!w || (conn->state != CLIENT_BUSY && conn->state != CLIENT_READY))
		return;
	n = seg->ack - w->acked;
	if (n > conn->snd_nxt - w->acked)
		return; /* of before, or of what was not sent */
	w->bytes = (uint32_t)seg->wnd << w->scale;
	w->acked = seg->ack;
	if (n)
		rs_client_progress(c, conn);
	if ((int32_t)(w->acked - w->sent) > 0)
		w->sent = w->acked;
	if (w->sent != conn->snd_nxt)
		send_more(c, conn, w);
}
