/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery: bytes in order to the application, and what follows from it: the acknowledgement, the
 * window, the peer's FIN (RFC 9293 section 3.10.7.4, seventh and eighth).
 */
#include "tcp/tcp_internal.h"

/* Where the bytes end that may be read; the peer's FIN is no byte. */
static uint32_t readable_end(const struct tcp_conn *c)
{
	return c->rcv_nxt - (c->flags & TCP_F_FIN_RCVD ? 1 : 0);
}

static bool has_unread(const struct tcp *t, const struct tcp_conn *c)
{
	return c->rcvq && rs_seq_lt(rs_tcp_rcvq_start(t, c), readable_end(c));
}

struct span rs_tcp_peek(struct tcp *t, struct tcp_conn *conn)
{
	if (t->cur.len)
		return t->cur;
	if (has_unread(t, conn))
		return rs_tcp_rcvq_front(t, conn);
	return (struct span){0};
}

void rs_tcp_consume(struct tcp *t, struct tcp_conn *conn, uint32_t n)
{
	if (t->cur.len) {
		t->cur.data += n;
		t->cur.len -= n;
		conn->rcv_nxt += n;
	} else if (n) {
		rs_tcp_rcvq_pop(t, conn, n);
	}
}

/* The peer's FIN has been reached. */
static void receive_fin(struct tcp_conn *c)
{
	c->rcv_nxt++;
	if (rs_seq_lt(c->rcv_edge, c->rcv_nxt)) /* it stood at the edge */
		c->rcv_edge = c->rcv_nxt;
	c->flags |= TCP_F_FIN_RCVD | TCP_F_ACK_NOW;
	if (c->state == TCP_ESTABLISHED)
		c->state = TCP_CLOSE_WAIT;
	else if (c->state == TCP_FIN_WAIT_1)
		c->state = TCP_CLOSING;
}

bool rs_tcp_finish(struct tcp *t, struct tcp_conn *c)
{
	if (!rs_tcp_both_closed(c) || has_unread(t, c))
		return false;
	if (c->state == TCP_LAST_ACK) {
		rs_tcp_conn_free(t, c);
		return true;
	}
	if (c->flags & TCP_F_ACK_NOW)
		rs_tcp_send_ack(t, c, c->rcv_nxt);
	rs_tcp_time_wait_enter(t, c);
	return true;
}

/* Has reading made so much room that a sender that waits should be told? */
static bool window_update_is_due(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t most = rs_tcp_most_window(t, c);
	uint32_t offered = c->rcv_edge - c->rcv_nxt;
	uint32_t unread;

	if (rs_likely(offered >= most / 2) || c->flags & TCP_F_FIN_RCVD)
		return false;
	unread = has_unread(t, c) ? readable_end(c) - rs_tcp_rcvq_start(t, c) : 0;
	return unread < most &&
	       most - unread >= offered + rs_min_u32(2u * rs_tcp_own_mss(t, &c->key), most / 2);
}

static void schedule_ack(struct tcp *t, struct tcp_conn *c)
{
	/* RFC 9293 section 3.8.6.3: at least every second full segment at once. */
	if (c->rcv_nxt - c->rcv_acked > rs_tcp_own_mss(t, &c->key) || window_update_is_due(t, c))
		c->flags |= TCP_F_ACK_NOW;
	else if (c->rcv_nxt != c->rcv_acked)
		c->flags |= TCP_F_ACK_OWED;
	if (c->flags & (TCP_F_ACK_NOW | TCP_F_ACK_OWED))
		rs_tcp_mark_dirty(t, c);
}

uint32_t rs_tcp_settle(struct tcp *t, struct tcp_conn *conn)
{
	uint32_t result = 0;

	if (conn->state == TCP_CLOSED)
		return 0;
	if (rs_unlikely(t->cur.len)) {
		rs_tcp_rcvq_insert(t, conn, conn->rcv_nxt, t->cur.data, t->cur.len);
		t->cur = (struct span){0};
	}
	if (rs_unlikely(conn->rcvq))
		conn->rcv_nxt = rs_tcp_rcvq_contiguous(t, conn, conn->rcv_nxt);
	if (rs_unlikely((conn->flags & (TCP_F_FIN_SEEN | TCP_F_FIN_RCVD)) == TCP_F_FIN_SEEN) &&
		conn->rcv_nxt == conn->fin_rcv_seq)
		receive_fin(conn);
	if (rs_unlikely(conn->flags & TCP_F_FIN_ACKED) && rs_tcp_finish(t, conn))
		return TCP_GONE | (conn->flags & TCP_F_EOF_TOLD ? 0 : TCP_EOF);
	schedule_ack(t, conn);
	if (has_unread(t, conn)) {
		result |= TCP_MORE;
	} else if ((conn->flags & (TCP_F_FIN_RCVD | TCP_F_EOF_TOLD)) == TCP_F_FIN_RCVD) {
		conn->flags |= TCP_F_EOF_TOLD;
		result |= TCP_EOF;
	}
	return result;
}
