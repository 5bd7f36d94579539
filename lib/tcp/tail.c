/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Losses at the end of what is in flight, which too few segments follow for three reports (RFC
 * 8985): after two round trips of silence, or when the timeout comes before that, the last segment
 * goes out again, so that the peer says what it lacks (section 7), and what lies below a report for
 * a quarter of a round trip is lost, however few reports there are (section 6.2). Otherwise only
 * the timeout is left, which takes all of the window.
 *
 * RACK asks when each segment was sent. Nothing is kept of a segment here; but what was sent once
 * was sent in order, so that what lies below a report was sent before what was reported. For what
 * was sent again see rs_tcp_sack_find_lost_again().
 */
#include "tcp/tcp_internal.h"

static uint32_t tick_after(const struct tcp *t, uint32_t us)
{
	return rs_tcp_tick(t) + 1 + ((us + WHEEL_TICK_US - 1) >> WHEEL_TICK_SHIFT);
}

/*
 * About when the timeout would come, had a probe not taken its timer: new data does not put it off
 * (RFC 6298 section 5.1). What is being timed has waited for as long, or since before the last ACK.
 */
static uint32_t timeout_behind_probe(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t waited_us = c->flags & TCP_F_TIMING ? (uint32_t)t->now_us - c->rtt_start_us : 0;
	uint32_t tick =
		rs_tcp_tick(t) + rs_tcp_ms_to_ticks(c->rto_ms) - (waited_us >> WHEEL_TICK_SHIFT);

	return rs_seq_lt(tick, c->rtx_tick) ? c->rtx_tick : tick;
}

/* Unless the timeout comes first. */
static void wait_until(struct tcp *t, struct tcp_conn *c, uint32_t tick, uint32_t flag)
{
	bool has_probe = c->flags & TCP_F_PTO;
	uint32_t latest = has_probe ? timeout_behind_probe(t, c) : c->rtx_tick;

	if (!rs_seq_lt(tick, latest)) {
		if (!has_probe)
			return;
		tick = latest;
	}
	c->flags = (c->flags & ~(uint32_t)(TCP_F_PTO | TCP_F_REORDER)) | flag;
	c->rtx_tick = tick;
	rs_tcp_arm(t, c, tick);
}

bool rs_tcp_tail_may_probe(const struct tcp_conn *c)
{
	const uint32_t needed = TCP_F_RTX | TCP_F_SACK;
	const uint32_t barred = TCP_F_PERSIST | TCP_F_RECOVERY | TCP_F_DUP_ACKS | TCP_F_RETRIED |
				TCP_F_REORDER | TCP_F_PROBED | TCP_F_UNTIMED;

	return (c->flags & (needed | barred)) == needed && !c->sacked && c->srtt_us8;
}

/*
 * RFC 8985 section 7.2. The acknowledgement of a single segment may be delayed: with that the wait
 * would be as long as the timeout, in whose place the probe goes out then.
 */
void rs_tcp_tail_watch(struct tcp *t, struct tcp_conn *c)
{
	if (c->snd_max - c->snd_una > c->mss && rs_tcp_tail_may_probe(c))
		wait_until(t, c, tick_after(t, c->srtt_us8 >> 2) + 1, TCP_F_PTO);
}

void rs_tcp_tail_reported(struct tcp *t, struct tcp_conn *c)
{
	const uint32_t barred = TCP_F_PERSIST | TCP_F_REORDER;
	uint32_t rto_tick =
		c->flags & TCP_F_PTO ? rs_tcp_tick(t) + rs_tcp_ms_to_ticks(c->rto_ms) : c->rtx_tick;

	if ((c->flags & (TCP_F_RTX | barred)) != TCP_F_RTX || rs_tcp_sack_is_reneged(t, c) ||
		!rs_tcp_sack_time_will_tell(t, c))
		return;
	rs_tcp_sack_start_window(t, c, rto_tick);
	wait_until(t, c, tick_after(t, rs_tcp_reorder_window_us(c)), TCP_F_REORDER);
}

void rs_tcp_tail_timer(struct tcp *t, struct tcp_conn *c)
{
	bool was_reordering = c->flags & TCP_F_REORDER;

	rs_tcp_start_rtx_timer(t, c);
	if (was_reordering) {
		/* What was sent again does not wait longer for that of which reports still come. */
		if (c->sacked && c->flags & TCP_F_RECOVERY)
			c->rtx_tick = rs_tcp_sack_rto_tick(t, c);
		rs_tcp_cc_reports_stand(t, c);
	} else if (!c->sacked && c->snd_wnd) {
		t->counters[TCP_C_TAIL_PROBES]++;
		c->flags = (c->flags & ~(uint32_t)TCP_F_TIMING) | TCP_F_PROBED | TCP_F_UNTIMED;
		c->rtt_seq = c->snd_max;
		rs_tcp_resend(t, c);
	}
}

bool rs_tcp_tail_is_reported(const struct tcp *t, const struct tcp_conn *c)
{
	return c->flags & TCP_F_PROBED && rs_seq_lt(c->snd_una, c->rtt_seq) &&
	       rs_seq_geq(rs_tcp_sack_highest(t, c), c->rtt_seq);
}

void rs_tcp_tail_acked(struct tcp *t, struct tcp_conn *c, uint32_t ack, bool came_twice)
{
	if (rs_seq_lt(ack, c->rtt_seq) || (ack == c->rtt_seq && !came_twice))
		return;
	c->flags &= ~(uint32_t)TCP_F_PROBED;
	if (!came_twice)
		rs_tcp_cc_tail_was_lost(t, c);
}
