/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of segments, and its way to the application: what of it is new, what is in order, and
 * what follows from that: the acknowledgement, the window, the peer's FIN (RFC 9293 section
 * 3.10.7.4, seventh and eighth).
 */
#include "tcp/tcp_internal.h"

/* ---- a segment arrives ---- */

/* The text of a segment, as far as it is new and lies in the window. */
struct text {
	const uint8_t *data;
	uint32_t seq;
	uint32_t len;
	struct sack_block again; /* the first run of bytes that had come before; empty: none had */
};

/* What is old is cut off, and what had come before is found: RFC 2883 section 4. */
static struct text take_new(
	const struct tcp *t, const struct tcp_conn *c, const struct tcp_seg *seg)
{
	struct text x = {.data = seg->data, .seq = seg->seq, .len = seg->len};

	if (rs_seq_lt(seg->seq, c->rcv_nxt)) {
		uint32_t old = c->rcv_nxt - seg->seq;

		x.again = (struct sack_block){.start = seg->seq, .end = c->rcv_nxt};
		x.data += old;
		x.seq += old;
		x.len -= old;
	} else if (c->rcvq) {
		x.again = rs_tcp_rcvq_overlap(t, c, seg->seq, seg->seq + seg->len);
	}
	return x;
}

/* Where the peer's FIN stands is noted, and nothing may follow it. */
static void end_at_fin(struct tcp *t, struct tcp_conn *c, struct text *x, bool has_fin)
{
	if (c->flags & TCP_F_FIN_SEEN) {
		bool is_behind = rs_seq_geq(x->seq, c->fin_rcv_seq);

		x->len = is_behind ? 0 : rs_min_u32(x->len, c->fin_rcv_seq - x->seq);
	} else if (has_fin) {
		c->flags |= TCP_F_FIN_SEEN;
		c->fin_rcv_seq = x->seq + x->len;
		rs_tcp_rcvq_truncate(t, c, c->fin_rcv_seq);
	}
}

/* RFC 9293 section 3.10.7.4, first: only what lies in the window counts. */
static struct text trim(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	struct text x = take_new(t, c, seg);
	bool has_fin = seg->flags & TCP_FIN;

	if (rs_seq_gt(x.seq + x.len, c->rcv_edge)) {
		x.len = rs_min_u32(x.len, c->rcv_edge - x.seq);
		has_fin = false;
		t->counters[TCP_C_DROP_WINDOW]++;
	}
	end_at_fin(t, c, &x, has_fin);
	return x;
}

/* x stands at rcv_nxt: it is delivered where it lies, unless older bytes are unread. */
static uint32_t take_in_order(struct tcp *t, struct tcp_conn *c, struct text x)
{
	if (rs_unlikely(c->flags & TCP_F_FIN_ACKED))
		rs_tcp_start_fin_wait_2(t, c);
	if (x.again.start != x.again.end) {
		c->twice = x.again;
		c->flags |= TCP_F_ACK_NOW | TCP_F_TWICE;
	}
	if (c->rcvq) {
		uint32_t gap = rs_tcp_rcvq_start(t, c) - c->rcv_nxt;

		c->flags |=
			TCP_F_ACK_NOW; /* RFC 5681 section 4.2: it fills a gap, or somebody waits */
		if ((int32_t)gap <= 0) {
			rs_tcp_rcvq_insert(t, c, c->rcv_nxt, x.data, x.len);
			/* What is kept in order counts as received before anybody reads it. */
			c->rcv_nxt = rs_tcp_rcvq_contiguous(t, c, c->rcv_nxt);
			return TCP_EV_DATA;
		}
		if (x.len > gap) {
			rs_tcp_rcvq_insert(t, c, c->rcv_nxt + gap, x.data + gap, x.len - gap);
			x.len = gap;
		}
	}
	t->cur = (struct span){.data = x.data, .len = x.len};
	return TCP_EV_DATA;
}

/* RFC 5681 section 4.2: answered at once, so that the sender learns of the gap. */
static void keep_beyond_gap(struct tcp *t, struct tcp_conn *c, struct text x)
{
	t->counters[TCP_C_OUT_OF_ORDER]++;
	if (x.len)
		rs_tcp_rcvq_insert(t, c, x.seq, x.data, x.len);
	if (x.again.start != x.again.end)
		rs_tcp_send_ack_of_duplicate(t, c, x.again);
	else
		rs_tcp_send_ack(t, c, x.seq);
}

uint32_t rs_tcp_input_text(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	struct text x;

	if (!seg->len && !(seg->flags & TCP_FIN))
		return 0;
	if (rs_unlikely(c->flags & TCP_F_ECN))
		rs_tcp_ecn_take(t, c, seg);
	x = trim(t, c, seg);
	if (x.seq == c->rcv_nxt)
		return take_in_order(t, c, x);
	keep_beyond_gap(t, c, x);
	return 0;
}

/* ---- the application reads ---- */

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

void rs_tcp_ack_now(struct tcp *t, struct tcp_conn *conn)
{
	if (!(conn->flags & (TCP_F_ACK_OWED | TCP_F_DELACK)))
		return;
	conn->flags |= TCP_F_ACK_NOW;
	rs_tcp_mark_dirty(t, conn);
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
