/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast to send: round-trip times and timeouts (RFC 6298), what is congestion and what follows
 * (RFC 5681, initial window RFC 6928), fast recovery with SACK (RFC 6675) and without (NewReno, RFC
 * 6582), limited transmit (RFC 3042), and how a recovery that was none is undone (RFC 4015). What
 * marks of routers do to the window stands in ecn.c.
 */
#include "tcp/tcp_internal.h"

#define MAX_CWND (1u << 30)

/* RFC 8985 section 6.2: how far the reordering window grows, and for how many recoveries. */
#define MAX_REORDER_STEPS 4
#define REORDER_KEEPS     16

void rs_tcp_init_cwnd(struct tcp_conn *c)
{
	rs_tcp_grow_anew(c);
	/* RFC 5681 section 3.1: one segment where the handshake itself met loss. */
	c->cwnd = c->flags & TCP_F_RETRIED ? c->mss : rs_tcp_initial_window(c->mss);
}

/*
 * RFC 6298 section 2.3. Its minimum (2.4) is one of the margin beyond the round trip: however
 * steady that was, the peer may delay an ACK, and the way may become longer.
 */
static void take_measured_rto(const struct tcp *t, struct tcp_conn *c)
{
	uint32_t margin_us = rs_max_u32(c->rttvar_us4, t->cfg->min_rto_ms * 1000u);

	c->rto_ms =
		(uint16_t)rs_min_u32(((c->srtt_us8 >> 3) + margin_us) / 1000, t->cfg->max_rto_ms);
}

/* RFC 7323 section 4: it is no matter whether that was sent again, which Karn's rule asks. */
void rs_tcp_cc_take_echo(const struct tcp *t, struct tcp_conn *c, uint32_t sent_tick)
{
	if (rs_seq_gt(sent_tick, rs_tcp_tick(t)))
		return;
	c->rtt_start_us = sent_tick << WHEEL_TICK_SHIFT;
	rs_tcp_cc_sample_rtt(t, c);
}

/* The timeout that the measurements call for, without any backoff; else that of section 2.1. */
void rs_tcp_cc_reset_rto(const struct tcp *t, struct tcp_conn *c)
{
	if (c->srtt_us8)
		take_measured_rto(t, c);
	else
		c->rto_ms = t->cfg->initial_rto_ms;
}

void rs_tcp_cc_back_off(const struct tcp *t, struct tcp_conn *c)
{
	c->rto_ms = (uint16_t)rs_min_u32(c->rto_ms * 2u, t->cfg->max_rto_ms);
}

/* RFC 6298 section 2 */
void rs_tcp_cc_sample_rtt(const struct tcp *t, struct tcp_conn *c)
{
	uint32_t rtt_us = rs_max_u32((uint32_t)t->now_us - c->rtt_start_us, 1);

	c->flags &= ~(uint32_t)(TCP_F_TIMING | TCP_F_UNTIMED);
	/* The scaled values stay within 32 bits up to a round trip of two minutes. */
	rtt_us = rs_min_u32(rtt_us, 120u * 1000 * 1000);
	if (!c->srtt_us8) {
		c->srtt_us8 = rtt_us * 8;
		c->rttvar_us4 = rtt_us * 2;
	} else {
		int32_t err = (int32_t)(rtt_us - (c->srtt_us8 >> 3));

		c->srtt_us8 += (uint32_t)err;
		err = err < 0 ? -err : err;
		c->rttvar_us4 += (uint32_t)err - (c->rttvar_us4 >> 2);
	}
	take_measured_rto(t, c);
}

/* Bytes wait for a window, be it ours or the peer's. */
static bool is_held_back(const struct tcp_conn *c)
{
	return rs_seq_lt(c->snd_nxt, rs_tcp_snd_end(c));
}

/* Has the window been used, or would it be, were this not the midst of a burst of ACKs? */
static bool is_in_use(const struct tcp_conn *c, uint32_t flight)
{
	return (is_held_back(c) && c->cwnd < c->snd_wnd) || flight * 2 >= c->cwnd;
}

/*
 * What met a loss. RFC 9438 section 4.6: the window itself, where bytes wait for it, as most of
 * what was in flight may just have been acknowledged, and not been followed by more yet; the peer's
 * own, where that is smaller, as it was before what came early took of it. What limited transmit
 * sent stands beyond cwnd and does not count (RFC 5681 section 3.2 step 2).
 */
static uint32_t window_in_use(const struct tcp_conn *c)
{
	uint32_t flight = c->snd_max - c->snd_una;

	return rs_min_u32(is_held_back(c) ? c->max_snd_wnd : flight, c->cwnd);
}

/* What rs_tcp_cc_undo() will need. */
static void remember(const struct tcp *t, struct tcp_conn *c)
{
	c->undo_seq = c->snd_una;
	c->undo_tick = rs_tcp_tick(t);
	c->undo_w_max = c->w_max;
	c->undo_ssthresh = rs_max_u32(c->ssthresh, window_in_use(c));
}

static void begin_recovery(struct tcp *t, struct tcp_conn *c)
{
	t->counters[TCP_C_FAST_RETRANSMITS]++;
	if (!(c->flags & TCP_F_RECOVER && c->was_marked)) /* once a round trip: RFC 3168, 6.1.2 */
		c->ssthresh = rs_tcp_grow_less(c, window_in_use(c));
	c->cwnd = c->ssthresh;
	c->recover = c->snd_max;
	c->was_marked = 0;
	c->flags &= ~(uint32_t)TCP_F_PROBED;
	c->flags |= TCP_F_RECOVERY | TCP_F_RECOVER;
	c->may_undo = 0;
	rs_tcp_prr_begin(t, c);
}

/* RFC 6675 section 5.1: losses beyond what recovery began with are those of the next one. */
static void leave_recovery(struct tcp *t, struct tcp_conn *c)
{
	uint32_t flight = c->snd_max - c->snd_una;

	if (c->sacked && rs_tcp_sack_any_lost(t, c)) {
		begin_recovery(t, c);
		return;
	}
	c->flags &= ~(uint32_t)TCP_F_RECOVERY;
	if (c->sacked) /* RFC 9937 section 6.4: cwnd has been right all along */
		rs_tcp_sack_acked(t, c);
	else
		c->cwnd = rs_min_u32(c->ssthresh, rs_max_u32(flight, c->mss) + c->mss);
}

/* RFC 6582 section 3.2 step 3; with a scoreboard RFC 6675 section 5 */
static void recovery_ack(struct tcp *t, struct tcp_conn *c, uint32_t acked)
{
	if (rs_seq_geq(c->snd_una, c->recover)) {
		leave_recovery(t, c);
		return;
	}
	if (c->sacked) {
		/* All that was sent again has arrived: then what follows it is lost, too. */
		if (!rs_tcp_sack_is_resent(t, c))
			rs_tcp_resend(t, c);
		return;
	}
	rs_tcp_resend(t, c);
	c->cwnd -= rs_min_u32(acked, c->cwnd - c->mss);
	if (acked >= c->mss)
		c->cwnd += c->mss;
}

/* Does c grow by slow start, and do its ACKs tell what they answer? */
static bool times_slow_start(const struct tcp_conn *c)
{
	return c->cwnd < c->ssthresh && c->flags & TCP_F_TS && !(c->flags & TCP_F_RECOVER);
}

static void grow(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg, uint32_t acked)
{
	if (times_slow_start(c))
		rs_tcp_grow_rtt(t, c, seg->ts_ecr - c->ts_offset);
	rs_tcp_grow(t, c, acked);
}

void rs_tcp_cc_acked(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg, uint32_t acked,
	uint32_t flight)
{
	if (c->flags & TCP_F_DUP_ACKS) {
		c->n_dup_acks = 0;
		c->flags &= ~(uint32_t)TCP_F_DUP_ACKS;
	}
	/* Forgotten as soon as it is passed: 2^31 bytes later it would seem to lie ahead. */
	if (c->flags & TCP_F_RECOVER && rs_seq_gt(c->snd_una, c->recover))
		c->flags &= ~(uint32_t)TCP_F_RECOVER;
	if (c->flags & TCP_F_RECOVERY)
		recovery_ack(t, c, acked);
	else if ((is_in_use(c, flight) || rs_tcp_grow_was_used(c, acked)) && c->cwnd < MAX_CWND)
		grow(t, c, seg, acked);
	else if (c->cwnd >= c->ssthresh)
		rs_tcp_grow_pause(c);
}

/* Those of what was sent before recover. */
static bool losses_are_known(const struct tcp_conn *c)
{
	return c->flags & TCP_F_RECOVER && !c->was_marked;
}

static void enter_recovery(struct tcp *t, struct tcp_conn *c)
{
	if (c->reorder_steps > 1 && !--c->reorder_keeps)
		c->reorder_steps = 1;
	remember(t, c);
	begin_recovery(t, c);
	c->may_undo = 1;
	rs_tcp_resend(t, c);
	c->cwnd += c->sacked ? 0 : TCP_DUP_THRESH * c->mss;
}

void rs_tcp_cc_duplicate_ack(struct tcp *t, struct tcp_conn *c)
{
	if (c->n_dup_acks < UINT8_MAX)
		c->n_dup_acks++;
	c->flags |= TCP_F_DUP_ACKS;
	rs_tcp_grow_heard(t, c);
	if (c->flags & TCP_F_RECOVERY) {
		if (!c->sacked && c->cwnd < MAX_CWND)
			c->cwnd += c->mss;
		return;
	}
	if (c->sacked && c->reorder_steps) /* time will tell */
		return;
	/* RFC 6582 section 3.2 step 1: not again for the losses of one window. */
	if (c->n_dup_acks == TCP_DUP_THRESH && !losses_are_known(c))
		enter_recovery(t, c);
}

/*
 * RFC 4015 section 3.2, with what it restores kept since recovery began. What was reported is not
 * in flight, however long recovery has sent beyond it.
 */
void rs_tcp_cc_undo(struct tcp *t, struct tcp_conn *c, uint32_t acked)
{
	uint32_t flight = c->snd_max - c->snd_una;

	t->counters[TCP_C_UNDONE]++;
	c->may_undo = 0;
	c->ssthresh = c->undo_ssthresh;
	c->w_max = c->undo_w_max;
	if (!(c->flags & TCP_F_RETRIED)) {
		if (c->reorder_steps < MAX_REORDER_STEPS)
			c->reorder_steps++;
		c->reorder_keeps = REORDER_KEEPS;
	}
	if (!(c->flags & (TCP_F_RECOVERY | TCP_F_RETRIED)))
		return;
	c->flags &= ~(uint32_t)(TCP_F_RECOVERY | TCP_F_RECOVER | TCP_F_RESEND);
	c->snd_nxt = c->snd_max; /* RFC 4015: what a timeout would send again is not */
	if (c->sacked) {
		rs_tcp_sack_none_lost(t, c);
		flight = rs_tcp_sack_pipe(t, c);
	}
	flight -= rs_min_u32(acked, flight);
	c->cwnd = rs_max_u32(c->cwnd, flight + rs_min_u32(acked, rs_tcp_initial_window(c->mss)));
}

/* RFC 8985 section 6.2; RFC 5681 section 4.3: what is lost twice takes of the window twice. */
static bool find_what_is_lost_again(struct tcp *t, struct tcp_conn *c)
{
	bool pays;
	uint32_t n_lost = rs_tcp_sack_find_lost_again(t, c, &pays);

	if (!n_lost)
		return false;
	t->counters[TCP_C_LOST_AGAIN] += n_lost;
	if (pays) {
		c->ssthresh = rs_tcp_grow_less(c, c->cwnd);
		c->cwnd = rs_min_u32(c->cwnd, c->ssthresh);
		if (c->in_prr)
			rs_tcp_prr_begin(t, c);
	}
	if (rs_tcp_sack_found_loss(t, c))
		rs_tcp_resend(t, c);
	return true;
}

/* All that was not reported goes again, as far as it has not: the scoreboard says what. */
static void recover_by_reports(struct tcp_conn *c)
{
	c->snd_nxt = c->recover = c->snd_max;
	c->flags |= TCP_F_RECOVERY | TCP_F_RECOVER;
	c->in_prr = false; /* it is slow start after a timeout */
}

/*
 * RFC 6675 section 5.1: recovery may begin anew as soon as all is acknowledged that was sent when
 * the last one, or a timeout, began. Reports stand beyond that: unlike duplicate ACKs (RFC 6582
 * section 4) they cannot come of what was sent again for nothing.
 */
static bool reports_count(const struct tcp_conn *c)
{
	return !losses_are_known(c) || c->snd_una == c->recover;
}

/* Returns whether more is lost than was known. */
static bool recovery_report(struct tcp *t, struct tcp_conn *c)
{
	bool is_worse;

	/* Where recovery began without reports, duplicates have inflated cwnd: the pipe counts now.
	 */
	c->cwnd = rs_min_u32(c->cwnd, c->ssthresh);
	is_worse = rs_tcp_sack_judge(t, c);
	is_worse |= find_what_is_lost_again(t, c);
	rs_tcp_tail_reported(t, c);
	return is_worse;
}

static void look_for_losses(struct tcp *t, struct tcp_conn *c)
{
	if (!reports_count(c))
		return;
	rs_tcp_sack_judge(t, c);
	if (rs_tcp_tail_is_reported(t, c))
		rs_tcp_sack_all_lost(t, c);
	if (rs_tcp_sack_found_loss(t, c))
		enter_recovery(t, c);
	else
		rs_tcp_tail_reported(t, c);
}

void rs_tcp_cc_sacked(struct tcp *t, struct tcp_conn *c, bool advances)
{
	bool is_worse = false;
	uint32_t delivered;

	if (c->snd_nxt != c->snd_max && !(c->flags & (TCP_F_RECOVERY | TCP_F_PERSIST)) &&
		rs_tcp_sack_take_over(t, c))
		recover_by_reports(c);
	if (c->flags & TCP_F_RECOVERY)
		is_worse = recovery_report(t, c);
	else
		look_for_losses(t, c);
	delivered = rs_tcp_sack_take_delivered(t, c);
	if (rs_tcp_in_prr(c))
		rs_tcp_prr_report(t, c, delivered, advances && !is_worse);
	else if (c->flags & TCP_F_RECOVERY && delivered && c->cwnd < c->ssthresh)
		rs_tcp_grow(t, c, c->mss); /* after a timeout */
}

void rs_tcp_cc_reports_stand(struct tcp *t, struct tcp_conn *c)
{
	bool in_recovery = c->flags & TCP_F_RECOVERY;

	if (!c->sacked || (!in_recovery && !reports_count(c)))
		return;
	rs_tcp_sack_end_window(t, c);
	if (in_recovery) {
		find_what_is_lost_again(t, c);
		rs_tcp_mark_dirty(t, c);
	} else if (rs_tcp_sack_found_loss(t, c)) {
		enter_recovery(t, c);
	}
	if (rs_tcp_in_prr(c))
		rs_tcp_prr_report(t, c, 0, false);
	rs_tcp_tail_reported(t, c);
}

void rs_tcp_cc_tail_was_lost(struct tcp *t, struct tcp_conn *c)
{
	t->counters[TCP_C_TAIL_LOSSES]++;
	/* What is in flight now is not what was when the loss came. */
	c->ssthresh = rs_tcp_grow_less(c, c->cwnd);
	c->cwnd = c->ssthresh;
}

/*
 * All in flight that was not reported will be sent again. What the peer says of what was sent until
 * now begins no other recovery (RFC 6582 section 3.2 step 4, RFC 6675 section 5.1).
 */
static void start_over(struct tcp *t, struct tcp_conn *c)
{
	c->recover = c->snd_max;
	c->was_marked = 0;
	c->flags |= TCP_F_RECOVER;
	c->n_dup_acks = 0;
	c->flags &= ~(uint32_t)(TCP_F_RECOVERY | TCP_F_DUP_ACKS | TCP_F_TIMING | TCP_F_PROBED |
				TCP_F_RESEND);
	c->may_undo = 0;
	if (c->state < TCP_ESTABLISHED)
		return;
	if (c->sacked && rs_tcp_sack_start_over(t, c))
		recover_by_reports(c);
	else
		c->snd_nxt = c->snd_una;
}

/* The window stays: too long for a link is not too much for it (RFC 1191 section 6.4). */
void rs_tcp_cc_path_narrows(struct tcp *t, struct tcp_conn *c)
{
	if (c->flags & TCP_F_RECOVERY)
		c->cwnd = rs_min_u32(c->cwnd, c->ssthresh);
	start_over(t, c);
}

void rs_tcp_cc_window_shrank(struct tcp *t, struct tcp_conn *c)
{
	rs_tcp_sack_clear(t, c);
	start_over(t, c);
}

/* RFC 5681 section 3.1, RFC 6298 section 5. A lost SYN tells nothing of how much the way takes. */
void rs_tcp_cc_timeout(struct tcp *t, struct tcp_conn *c)
{
	if (!(c->flags & TCP_F_RETRIED) && c->state >= TCP_ESTABLISHED) {
		remember(t, c);
		c->ssthresh = rs_tcp_grow_less(c, c->snd_max - c->snd_una);
	}
	start_over(t, c);
	c->may_undo = c->state >= TCP_ESTABLISHED;
	c->cwnd = c->mss;
	rs_tcp_grow_anew(c);
	rs_tcp_cc_back_off(t, c);
}

/*
 * RFC 5681 section 4.1: after a pause longer than the timeout, start from the initial window. A
 * closed window makes one as well: what probed it is not in flight, and tells nothing of the way.
 */
void rs_tcp_cc_before_send(struct tcp *t, struct tcp_conn *c)
{
	uint32_t initial = rs_tcp_initial_window(c->mss);

	if (rs_likely(c->cwnd <= initial))
		return;
	if (c->snd_una == c->snd_nxt &&
		rs_tcp_tick(t) - c->last_tx_tick > rs_tcp_ms_to_ticks(c->rto_ms)) {
		c->cwnd = initial;
		rs_tcp_grow_anew(c);
	}
}

/*
 * Where segments are known to overtake each other, what arrives makes room for new ones all the
 * time, be something missing or not (RFC 4653 section 3.2 has it for duplicate ACKs).
 */
static bool waits_for_the_late(const struct tcp_conn *c)
{
	return c->reorder_steps && c->snd_nxt == c->snd_max;
}

uint32_t rs_tcp_cc_window(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t window = rs_tcp_prr_window(c);

	if (c->sacked && (c->flags & TCP_F_RECOVERY || waits_for_the_late(c))) {
		uint32_t pipe = rs_tcp_sack_pipe(t, c);

		window = c->snd_nxt - c->snd_una + (window > pipe ? window - pipe : 0);
	} else if (c->flags & TCP_F_DUP_ACKS && !(c->flags & TCP_F_RECOVERY) &&
		   c->n_dup_acks < TCP_DUP_THRESH) {
		window += (uint32_t)c->n_dup_acks * c->mss;
	}
	return rs_min_u32(window, c->snd_wnd);
}
