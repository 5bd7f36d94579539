/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A segment arrives: RFC 9293 section 3.10.7, in its order, with the refinements of RFC 5961 (blind
 * attacks) and RFC 7323 (timestamps). A fast path takes the segments that make up nearly all
 * traffic of an established connection, and those that end a handshake: in order, nothing unusual.
 * Both paths share every effect.
 */
#include "tcp/tcp_internal.h"

#define RTO_AFTER_LOST_SYN_MS 3000u

/* What keeps a segment from the fast path, beside the state; zero: nothing. */
static uint32_t unusual(const struct tcp *t, const struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t slow = t->cfg->force_slow;

	slow |= (uint32_t)((seg->flags & ~TCP_PSH) ^ TCP_ACK);
	slow |= (uint32_t)(seg->opts ^ (c->flags & TCP_F_TS ? TCP_OPT_TS : 0));
	slow |= seg->seq ^ c->rcv_nxt;
	slow |= c->rcvq;
	slow |= c->flags & (TCP_F_RECOVERY | TCP_F_DUP_ACKS | TCP_F_RETRIED | TCP_F_PERSIST |
				   TCP_F_FIN_SEEN | TCP_F_PROBED);
	slow |= (seg->ts_val - c->ts_recent) >> 31;
	slow |= seg->ack - c->snd_una > c->snd_max - c->snd_una;
	slow |= seg->len > c->rcv_edge - c->rcv_nxt;
	slow |= !seg->len & (seg->ack == c->snd_una);
	return slow;
}

/* RFC 7323 section 4.3: the timestamp to echo is that of the oldest segment not acknowledged yet.
 */
static void update_ts_recent(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (c->flags & TCP_F_TS && rs_seq_leq(seg->seq, c->rcv_acked))
		c->ts_recent = seg->ts_val;
}

static void peer_is_alive(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (c->link != seg->link)
		c->link = seg->link;
	if (t->cfg->keepalive_idle_ms)
		c->last_rx_tick = rs_tcp_tick(t);
}

/* The first new acknowledgement since a timeout, or since a probe of the window. */
static void answered_at_last(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (c->flags & TCP_F_TS && !(c->flags & TCP_F_PERSIST))
		rs_tcp_cc_take_echo(t, c, seg->ts_ecr - c->ts_offset);
	c->n_retries = 0;
	c->flags &= ~(uint32_t)TCP_F_RETRIED;
	c->may_undo = 0; /* it would have told */
}

/* What stands at snd_una has changed, or what is reported beyond it. */
static void heed_reports(struct tcp *t, struct tcp_conn *c, bool advances)
{
	if (rs_likely(!c->sacked))
		return;
	rs_tcp_cc_sacked(t, c, advances);
	rs_tcp_mark_dirty(t, c);
}

/* New bytes (or our FIN) are acknowledged. Returns TCP_EV_SENT where there were bytes. */
static uint32_t advance_una(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t flight = c->snd_max - c->snd_una;
	uint32_t acked = seg->ack - c->snd_una;
	uint32_t bytes = rs_min_u32(acked, c->sendq.n_bytes);

	if (c->flags & TCP_F_TIMING && rs_seq_gt(seg->ack, c->rtt_seq))
		rs_tcp_cc_sample_rtt(t, c);
	rs_sendq_ack(&c->sendq, bytes, t->chunks);
	c->snd_una = seg->ack;
	if (rs_seq_lt(c->snd_nxt, c->snd_una))
		c->snd_nxt = c->snd_una;
	if (c->flags & TCP_F_RETRIED)
		answered_at_last(t, c, seg);
	if (rs_unlikely(c->sacked))
		rs_tcp_sack_acked(t, c);
	rs_tcp_cc_acked(t, c, seg, acked, flight);
	c->flags &= ~(uint32_t)(TCP_F_RTX | TCP_F_PERSIST | TCP_F_PTO | TCP_F_REORDER);
	if (c->snd_una != c->snd_max) {
		rs_tcp_start_rtx_timer(t, c);
		rs_tcp_tail_watch(t, c);
		heed_reports(t, c, true); /* with all acknowledged there are none */
	}
	if (c->snd_nxt != rs_tcp_snd_end(c) || (c->flags & TCP_F_CLOSE && acked == bytes))
		rs_tcp_mark_dirty(t, c);
	return bytes ? TCP_EV_SENT : 0;
}

/* Not inlined: nearly every segment says the same window as the one before. */
static __attribute__((noinline)) void change_window(struct tcp *t, struct tcp_conn *c, uint32_t wnd)
{
	c->snd_wnd = wnd;
	c->max_snd_wnd = rs_max_u32(c->max_snd_wnd, wnd);
	if (c->flags & TCP_F_PERSIST && wnd) {
		c->flags &= ~(uint32_t)(TCP_F_PERSIST | TCP_F_RTX);
		c->snd_nxt = c->snd_una; /* what probed did not get in */
		rs_tcp_cc_reset_rto(t, c);
	}
	if (c->sendq.n_bytes || c->flags & TCP_F_CLOSE)
		rs_tcp_mark_dirty(t, c);
}

static inline void update_window(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t wnd = (uint32_t)seg->wnd << c->snd_wscale;

	c->snd_wl1 = seg->seq;
	if (wnd != c->snd_wnd)
		change_window(t, c, wnd);
}

static uint32_t fast_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t ev = 0;

	peer_is_alive(t, c, seg);
	update_ts_recent(c, seg);
	if (seg->ack != c->snd_una)
		ev = advance_una(t, c, seg);
	update_window(t, c, seg);
	if (seg->len) {
		t->cur = (struct span){.data = seg->data, .len = seg->len};
		ev |= TCP_EV_DATA;
	}
	return ev;
}

uint32_t rs_tcp_end(struct tcp *t, struct tcp_conn *c)
{
	bool app_knows = c->state > TCP_SYN_RECEIVED || !(c->flags & TCP_F_PASSIVE);

	rs_tcp_conn_free(t, c);
	return app_knows ? TCP_EV_GONE : 0;
}

static void establish(struct tcp *t, struct tcp_conn *c)
{
	if (c->flags & TCP_F_TIMING)
		rs_tcp_cc_sample_rtt(t, c);
	if (c->state == TCP_SYN_RECEIVED && c->flags & TCP_F_PASSIVE)
		t->n_half_open--;
	t->counters[c->flags & TCP_F_PASSIVE ? TCP_C_OPENED_PASSIVE : TCP_C_OPENED_ACTIVE]++;
	if (rs_unlikely(c->flags & TCP_F_ECN))
		t->counters[TCP_C_ECN_AGREED]++;
	c->state = TCP_ESTABLISHED;
	c->snd_una = c->snd_nxt = c->snd_max = c->iss + 1;
	c->recover = c->iss;
	c->sacked = 0; /* it takes the place of iss */
	rs_tcp_init_cwnd(c);
	rs_tcp_cc_reset_rto(t, c);
	if (c->flags & TCP_F_RETRIED) /* no sample could be taken: RFC 6298 section 5.7 */
		c->rto_ms = RTO_AFTER_LOST_SYN_MS;
	c->n_retries = 0;
	c->flags &= ~(uint32_t)(TCP_F_RTX | TCP_F_RETRIED);
	if (c->sendq.n_bytes || c->flags & TCP_F_CLOSE)
		rs_tcp_mark_dirty(t, c);
}

/*
 * The ACK of our SYN, with a request or without, and nothing unusual about it. Not inlined: what
 * comes later must not pay for it.
 */
static __attribute__((noinline)) uint32_t end_handshake(
	struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	establish(t, c);
	return TCP_EV_OPENED | fast_input(t, c, seg);
}

/* The window of a SYN is never scaled (RFC 7323 section 2.2). */
static void take_syn_window(struct tcp_conn *c, const struct tcp_seg *seg)
{
	c->snd_wnd = c->max_snd_wnd = seg->wnd;
	c->snd_wl1 = seg->seq;
}

/* RFC 9293 section 3.10.7.3 */
static uint32_t syn_sent_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	bool ack_ok = seg->flags & TCP_ACK && seg->ack == c->iss + 1;

	if (seg->flags & TCP_ACK && !ack_ok) {
		t->counters[TCP_C_DROP_BAD_ACK]++;
		rs_tcp_send_rst_for(t, seg);
		return 0;
	}
	if (seg->flags & TCP_RST) {
		if (!ack_ok) {
			t->counters[TCP_C_DROP_BAD_RST]++;
			return 0;
		}
		t->counters[TCP_C_RST_IN]++;
		return rs_tcp_end(t, c);
	}
	if (!(seg->flags & TCP_SYN)) {
		t->counters[TCP_C_DROP_BAD_FLAGS]++;
		return 0;
	}
	peer_is_alive(t, c, seg);
	c->rcv_nxt = seg->seq + 1;
	rs_tcp_take_syn_options(t, c, seg);
	c->rcv_edge = c->rcv_nxt + rs_tcp_unscaled_window(t);
	c->rcv_acked = c->rcv_nxt - 1;
	take_syn_window(c, seg);
	if (!ack_ok) { /* simultaneous open */
		c->state = TCP_SYN_RECEIVED;
		rs_tcp_send_syn(t, c);
		return 0;
	}
	establish(t, c);
	c->flags |= TCP_F_ACK_NOW;
	rs_tcp_mark_dirty(t, c);
	return TCP_EV_OPENED;
}

/* Small stacks send their SYN with 0, and a clock that may be past 2^31 after that: it says
 * nothing.
 */
static bool is_stamp_new(const struct tcp_conn *c, const struct tcp_seg *seg)
{
	return !c->ts_recent || rs_seq_geq(seg->ts_val, c->ts_recent);
}

/*
 * The peer's SYN again. RFC 7323 section 4.3: it stands before all that we acknowledged, so that
 * its timestamp is the one to echo where it is newer; an older copy that was overtaken changes
 * nothing.
 */
static void take_syn_stamp(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (c->flags & TCP_F_TS && seg->opts & TCP_OPT_TS && is_stamp_new(c, seg))
		c->ts_recent = seg->ts_val;
}

/*
 * The peer's SYN again, in SYN-RECEIVED. Who gets no answer may leave options out of the next SYN,
 * as BSD's stacks do, and then knows nothing of those in our SYN-ACK: what any of them lacks is
 * agreed no more.
 */
static void take_syn_again(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	struct tcp_seg syn = *seg;
	uint32_t ts_recent = c->ts_recent;

	if (!(c->flags & TCP_F_TS))
		syn.opts &= (uint8_t)~TCP_OPT_TS;
	if (!(c->flags & TCP_F_WSCALE))
		syn.opts &= (uint8_t)~TCP_OPT_WSCALE;
	if (!(c->flags & TCP_F_SACK))
		syn.opts &= (uint8_t)~TCP_OPT_SACK_OK;
	if (!rs_tcp_ecn_is_asked(t, seg)) /* RFC 3168 section 6.1.1.1 */
		c->flags &= ~(uint32_t)TCP_F_ECN;
	c->flags &= ~(uint32_t)(TCP_F_TS | TCP_F_WSCALE | TCP_F_SACK);
	c->snd_wscale = 0;
	rs_tcp_take_syn_options(t, c, &syn);
	c->ts_recent = c->flags & TCP_F_TS ? ts_recent : 0;
	take_syn_stamp(c, seg);
}

/* The timer runs on: nobody keeps a half-open connection alive by repeating its SYN. */
static void repeat_syn_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t due_tick = c->rtx_tick;

	take_syn_again(t, c, seg);
	rs_tcp_send_syn(t, c);
	c->rtx_tick = due_tick;
	c->flags &= ~(uint32_t)TCP_F_TIMING; /* Karn's rule, RFC 6298 section 3 */
}

/* RFC 5961 section 4.2: a SYN never belongs into a synchronized connection. */
static uint32_t unexpected_syn(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	bool is_passive_half_open = c->state == TCP_SYN_RECEIVED && c->flags & TCP_F_PASSIVE;

	if (is_passive_half_open && !(seg->flags & TCP_ACK)) {
		if (seg->seq + 1 == c->rcv_nxt) { /* the same SYN again: our SYN-ACK was lost */
			if (!(seg->flags & TCP_RST))
				repeat_syn_ack(t, c, seg);
			return 0;
		}
		/* RFC 9293 section 3.10.7.4, fourth: back to LISTEN. */
		if (rs_seq_geq(seg->seq, c->rcv_nxt) && rs_seq_lt(seg->seq, c->rcv_edge)) {
			rs_tcp_conn_free(t, c);
			return 0;
		}
	}
	/* Simultaneous open: the SYN-ACK that answers our own SYN-ACK's SYN. */
	if (c->state == TCP_SYN_RECEIVED && !(c->flags & TCP_F_PASSIVE) && seg->flags & TCP_ACK &&
		seg->seq + 1 == c->rcv_nxt && seg->ack == c->iss + 1 && !(seg->flags & TCP_RST)) {
		take_syn_window(c, seg);
		take_syn_stamp(c, seg);
		establish(t, c);
		c->flags |= TCP_F_ACK_NOW;
		rs_tcp_mark_dirty(t, c);
		return TCP_EV_OPENED;
	}
	t->counters[TCP_C_DROP_BAD_FLAGS]++;
	rs_tcp_send_challenge_ack(t, c);
	return 0;
}

/*
 * RFC 9293 section 3.10.7.4, first: is any of it within the window? A bare ACK may stand at the
 * very edge: all that we allowed may be on its way. So may a FIN, which takes no memory: some
 * stacks send it into a closed window, and again with each ACK that refuses it.
 */
static bool in_window(const struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t len = rs_tcp_seq_len(seg->len, seg->flags);

	/* Text in a RST (section 3.5.3) says why it was sent, and takes no place: RFC 5961, 3.2. */
	if (seg->flags & TCP_RST)
		return seg->seq == c->rcv_nxt ||
		       (rs_seq_gt(seg->seq, c->rcv_nxt) && rs_seq_lt(seg->seq, c->rcv_edge));
	if (seg->len ? rs_seq_geq(seg->seq, c->rcv_edge) : rs_seq_gt(seg->seq, c->rcv_edge))
		return false;
	return len ? rs_seq_gt(seg->seq + len, c->rcv_nxt) : rs_seq_geq(seg->seq, c->rcv_nxt);
}

/* Segments with data or a FIN always; others within their limit, which this counts in. */
static bool may_be_answered(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	return rs_tcp_seq_len(seg->len, seg->flags) || rs_tcp_may_answer_stray(t, &c->stray_period);
}

/* RFC 9293 section 3.10.7.4, first: what is not acceptable is answered. */
static void answer_unacceptable(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (!may_be_answered(t, c, seg))
		return;
	if (seg->len && rs_seq_leq(seg->seq + seg->len, c->rcv_nxt))
		rs_tcp_send_ack_of_duplicate(
			t, c, (struct sack_block){.start = seg->seq, .end = seg->seq + seg->len});
	else
		rs_tcp_send_ack(t, c, seg->seq);
}

/* RFC 9293 section 3.8.4: nothing, or a byte that means nothing, where we have been before. */
static bool is_keepalive(const struct tcp_conn *c, const struct tcp_seg *seg)
{
	return seg->seq + 1 == c->rcv_nxt && seg->len <= 1 && !(seg->flags & TCP_FIN);
}

/* RFC 7323 section 5.3. True when the segment must go no further. */
static bool fails_paws(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (!(c->flags & TCP_F_TS) || seg->flags & TCP_RST)
		return false;
	/* Section 3.2: silently. But Microsoft's and Apple's stacks leave it out of their probes.
	 */
	if (!(seg->opts & TCP_OPT_TS)) {
		t->counters[TCP_C_DROP_PAWS]++;
		if (is_keepalive(c, seg))
			answer_unacceptable(t, c, seg);
		return true;
	}
	if (is_stamp_new(c, seg))
		return false;
	t->counters[TCP_C_DROP_PAWS]++;
	answer_unacceptable(t, c, seg);
	return true;
}

/* RFC 5961 section 3.2 */
static uint32_t reset_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	/* Only bytes that nobody has read keep it here; it is in TIME-WAIT otherwise (RFC 1337). */
	if (rs_tcp_both_closed(c)) {
		t->counters[TCP_C_DROP_BAD_RST]++;
		return 0;
	}
	if (seg->seq == c->rcv_nxt) {
		t->counters[TCP_C_RST_IN]++;
		return rs_tcp_end(t, c);
	}
	t->counters[TCP_C_DROP_BAD_RST]++;
	rs_tcp_send_challenge_ack(t, c);
	return 0;
}

/*
 * RFC 2883 section 4: the first block is acknowledged, or stands within the second, since its bytes
 * have come twice. That is no sign of a loss (RFC 6675 section 2).
 */
static bool reports_duplicate(const struct tcp_conn *c, const struct tcp_seg *seg)
{
	const struct sack_block *b = seg->sack;

	if (!(seg->opts & TCP_OPT_SACK && c->flags & TCP_F_SACK))
		return false;
	return rs_seq_leq(b[0].end, seg->ack) ||
	       (seg->n_sack > 1 && rs_seq_geq(b[0].start, b[1].start) &&
		       rs_seq_leq(b[0].end, b[1].end));
}

/*
 * What was sent again first was there before that: the answer tells of the original, by its time
 * (RFC 3522 section 3.2), or has had both (RFC 3708 section 3).
 */
static bool was_only_late(const struct tcp_conn *c, const struct tcp_seg *seg)
{
	const struct sack_block *b = seg->sack;

	if (reports_duplicate(c, seg) && rs_seq_leq(b->start, c->undo_seq) &&
		rs_seq_gt(b->end, c->undo_seq))
		return true;
	return c->flags & TCP_F_TS && c->snd_una == c->undo_seq &&
	       rs_seq_gt(seg->ack, c->snd_una) &&
	       rs_seq_lt(seg->ts_ecr - c->ts_offset, c->undo_tick);
}

/* An ACK that was said before, and nothing else. */
static bool is_repetition(const struct tcp_conn *c, const struct tcp_seg *seg)
{
	return seg->ack == c->snd_una && !seg->len && !(seg->flags & TCP_FIN) &&
	       (uint32_t)seg->wnd << c->snd_wscale == c->snd_wnd;
}

/* RFC 5681 section 2: does this ACK say nothing but that something is missing? */
static bool is_duplicate_ack(const struct tcp_conn *c, const struct tcp_seg *seg)
{
	return is_repetition(c, seg) && c->snd_una != c->snd_max && !(c->flags & TCP_F_PERSIST);
}

/* TCP_EV_GONE when that was the end of it all, else 0. */
static uint32_t our_fin_acked(struct tcp *t, struct tcp_conn *c)
{
	c->flags |= TCP_F_FIN_ACKED;
	rs_tcp_start_fin_wait_2(t, c);
	if (c->state == TCP_FIN_WAIT_1)
		c->state = TCP_FIN_WAIT_2;
	return rs_tcp_finish(t, c) ? TCP_EV_GONE : 0;
}

/* RFC 5961 section 5.2. True when nothing in the segment counts: it has been answered. */
static bool fails_ack_check(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (rs_seq_leq(seg->ack, c->snd_max) && rs_seq_geq(seg->ack, c->snd_una - c->max_snd_wnd))
		return false;
	t->counters[TCP_C_DROP_BAD_ACK]++;
	if (may_be_answered(t, c, seg))
		rs_tcp_send_challenge_ack(t, c);
	return true;
}

/*
 * RFC 9293 section 3.10.7.4, fifth, with an acknowledgement that is acceptable. Returns events;
 * *go_on is false when the connection has ended.
 */
static uint32_t ack_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg, bool *go_on)
{
	bool fin_acked = false;
	uint32_t ev = 0;

	*go_on = false;
	/* It answers our probes: it may keep its window closed (section 3.8.6.1), or say nothing.
	 */
	if (c->flags & TCP_F_RETRIED && (c->flags & TCP_F_PERSIST || !(c->flags & TCP_F_RTX))) {
		c->n_retries = 0;
		c->flags &= ~(uint32_t)TCP_F_RETRIED;
	}
	if (seg->opts & TCP_OPT_SACK && c->flags & TCP_F_SACK)
		rs_tcp_sack_update(t, c, seg);
	if (seg->flags & TCP_ECE && c->flags & TCP_F_ECN)
		rs_tcp_ecn_echoed(t, c, seg->ack);
	if (c->may_undo && was_only_late(c, seg))
		rs_tcp_cc_undo(t, c, rs_seq_gt(seg->ack, c->snd_una) ? seg->ack - c->snd_una : 0);
	if (c->flags & TCP_F_PROBED)
		rs_tcp_tail_acked(t, c, seg->ack,
			reports_duplicate(c, seg) ||
				(is_repetition(c, seg) && !(seg->opts & TCP_OPT_SACK)));
	if (rs_seq_gt(seg->ack, c->snd_una)) {
		if (c->flags & TCP_F_PERSIST && seg->wnd)
			rs_tcp_cc_reset_rto(t, c); /* the backoff was that of the probes */
		fin_acked = seg->ack - c->snd_una > c->sendq.n_bytes;
		ev = advance_una(t, c, seg);
	} else {
		if (is_duplicate_ack(c, seg) && !reports_duplicate(c, seg)) {
			t->counters[TCP_C_DUP_ACKS_IN]++;
			rs_tcp_cc_duplicate_ack(t, c);
			rs_tcp_mark_dirty(t, c);
		}
		heed_reports(t, c, false);
	}
	if (seg->ack == c->snd_una && rs_seq_geq(seg->seq, c->snd_wl1))
		update_window(t, c, seg);
	if (fin_acked) {
		uint32_t ended = our_fin_acked(t, c);

		if (ended)
			return ended;
	}
	*go_on = true;
	return ev;
}

/*
 * Text into a closed window is refused, and what ends where we wait was here before; but whoever
 * knows so well where we are has said all else in earnest. Some stacks have no other segment to
 * acknowledge with than their FIN, again and again, until that is acknowledged.
 */
static bool ack_counts(const struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t end = seg->seq + rs_tcp_seq_len(seg->len, seg->flags);

	return seg->flags & TCP_ACK && (seg->seq == c->rcv_nxt || end == c->rcv_nxt);
}

/* Returns events. */
static uint32_t out_of_window_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	bool go_on;

	if (seg->flags & TCP_RST) {
		t->counters[TCP_C_DROP_BAD_RST]++;
		return 0;
	}
	t->counters[TCP_C_DROP_WINDOW]++;
	answer_unacceptable(t, c, seg);
	if (!ack_counts(c, seg) || c->state < TCP_ESTABLISHED || fails_ack_check(t, c, seg))
		return 0;
	return ack_input(t, c, seg, &go_on);
}

/*
 * An ACK in SYN-RECEIVED that is not of our SYN (RFC 9293 section 3.10.7.4, fifth). When the peer's
 * SYN came first, the backlog may have been full: then it is of a cookie, which has reached the
 * peer before the SYN-ACK that we sent since.
 */
static uint32_t other_ack_in_handshake(
	struct tcp *t, struct tcp_conn **conn, const struct tcp_seg *seg)
{
	if ((*conn)->flags & TCP_F_PASSIVE && rs_tcp_is_ack_of_cookie(t, seg)) {
		rs_tcp_conn_free(t, *conn);
		return rs_tcp_listen_input(t, seg, conn);
	}
	t->counters[TCP_C_DROP_BAD_ACK]++;
	rs_tcp_send_rst_for(t, seg);
	return 0;
}

/* *conn is another one where the segment has opened it anew. */
static uint32_t synchronized_input(struct tcp *t, struct tcp_conn **conn, const struct tcp_seg *seg)
{
	struct tcp_conn *c = *conn;
	uint32_t ev = 0;
	bool go_on;

	if (seg->flags & TCP_SYN)
		return unexpected_syn(t, c, seg);
	if (fails_paws(t, c, seg))
		return 0;
	if (!in_window(c, seg))
		return out_of_window_input(t, c, seg);
	if (seg->flags & TCP_RST)
		return reset_input(t, c, seg);
	if (!(seg->flags & TCP_ACK)) {
		t->counters[TCP_C_DROP_BAD_FLAGS]++;
		return 0;
	}
	if (c->state == TCP_SYN_RECEIVED) {
		if (seg->ack != c->snd_nxt)
			return other_ack_in_handshake(t, conn, seg);
		establish(t, c);
		ev = TCP_EV_OPENED;
	}
	if (fails_ack_check(t, c, seg)) /* before anything is believed: it may be forged */
		return ev;
	peer_is_alive(t, c, seg);
	update_ts_recent(c, seg);
	ev |= ack_input(t, c, seg, &go_on);
	if (!go_on)
		return ev;
	if (!(c->flags & TCP_F_FIN_RCVD))
		ev |= rs_tcp_input_text(t, c, seg);
	else if (seg->len)
		t->counters[TCP_C_DROP_AFTER_CLOSE]++;
	return ev;
}

uint32_t rs_tcp_input(
	struct tcp *t, const struct tcp_seg *seg, uint32_t found, struct tcp_conn **conn)
{
	struct tcp_conn *c = NULL;
	uint32_t time_wait_slot = FLOW_NONE;

	t->counters[TCP_C_SEGS_IN]++;
	if (rs_likely(found < TCP_TIME_WAIT_ID))
		c = &t->conns[found];
	/* What was found may be another connection with this hash, or gone, or have come since. */
	if ((!c || c->state == TCP_CLOSED || !rs_flow_key_equal(&c->key, &seg->key)) &&
		(found != FLOW_NONE || rs_flow_is_news(&t->flows, seg->hash)))
		c = rs_tcp_conn_find(t, seg, &time_wait_slot);
	*conn = c;
	if (rs_likely(c != NULL)) {
		uint32_t slow = unusual(t, c, seg);

		if (rs_likely(!(slow | (c->state ^ TCP_ESTABLISHED))))
			return fast_input(t, c, seg);
		if (!slow && c->state == TCP_SYN_RECEIVED && seg->ack == c->snd_nxt)
			return end_handshake(t, c, seg);
		if (c->state == TCP_SYN_SENT)
			return syn_sent_input(t, c, seg);
		return synchronized_input(t, conn, seg);
	}
	if (time_wait_slot != FLOW_NONE) {
		rs_tcp_time_wait_input(t, seg, time_wait_slot);
		return 0;
	}
	return rs_tcp_listen_input(t, seg, conn);
}
