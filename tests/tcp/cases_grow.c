/* SPDX-License-Identifier: BSD-2-Clause */
/* How the window grows: RFC 9438 (CUBIC), RFC 9406 (the end of slow start), RFC 3465. */
#include "cases.h"

#define RTT_MS 100

static uint32_t cwnd_segs(struct rig *r)
{
	return rig_conn(r)->cwnd / r->mss;
}

/* A connection far away that has much to send, and has sent its initial window. */
static void begin_with_window(struct rig *r, uint8_t opts, uint16_t wnd)
{
	opts |= TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_WSCALE;
	IN(TCP_SYN, .opts = opts, .mss = 1460, .wscale = 10, .wnd = rs_min_u32(wnd * 1024u, 65535));
	OUT(SYN_ACK, .ack = 1, .opts = opts, .mss = (uint16_t)r->mss, .wscale = r->t.rcv_wscale);
	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = wnd);
	r->mss = rig_conn(r)->mss;
	rig_write(r, 200000);
	rig_drop_output(r);
}

static void begin_with(struct rig *r, uint8_t opts)
{
	begin_with_window(r, opts, 65535);
}

static void begin(struct rig *r)
{
	begin_with(r, 0);
}

/* A flush has no room for all of it. */
static void flush_all(struct rig *r)
{
	rig_drop_output(r);
	while (rs_tcp_pending(&r->t)) {
		rig_flush(r);
		rig_drop_output(r);
	}
}

static void keep_busy(struct rig *r)
{
	flush_all(r);
	if (rig_conn(r)->sendq.n_bytes < 200000)
		rig_write(r, 200000);
	flush_all(r);
}

/* All that is in flight is acknowledged by one ACK, a round trip after it was sent. */
static void one_round(struct rig *r)
{
	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = rig_conn(r)->snd_max - r->p->our_isn);
	keep_busy(r);
}

/* RFC 9406 section 4.2: L is 8. */
static void one_ack_for_many(struct rig *r)
{
	begin(r);
	one_round(r);
	EQ(cwnd_segs(r), 18);
	one_round(r);
	EQ(cwnd_segs(r), 26);
}

/*
 * All that there is to send fits into the window, and uses it: it grows by all that is acknowledged
 * (RFC 5681 section 3.1), be there ever less in flight; but not beyond twice what was used.
 */
static void answers_of(struct rig *r, uint32_t n, uint32_t expected)
{
	OPEN(0);
	SEGMENTS(n);
	for (uint32_t acked = 2; acked < n; acked += 2) {
		IN(TCP_ACK, .seq = 1, .ack = 1 + acked * r->mss);
		EQ(cwnd_segs(r), 10 + acked);
	}
	IN(TCP_ACK, .seq = 1, .ack = 1 + n * r->mss);
	EQ(cwnd_segs(r), expected);
}

static void an_answer_fills_the_window(struct rig *r)
{
	answers_of(r, 10, 20);
}

static void an_answer_nearly_fills_the_window(struct rig *r)
{
	answers_of(r, 9, 18);
}

/* What the last answer has used says nothing of this one. */
static void a_small_answer_follows(struct rig *r)
{
	an_answer_fills_the_window(r);
	rig_write(r, 3 * r->mss);
	rig_drop_output(r);
	for (uint32_t i = 1; i <= 3; i++)
		IN(TCP_ACK, .seq = 1, .ack = 1 + (10 + i) * r->mss);
	EQ(cwnd_segs(r), 20);
}

/* ACKs n by n segments, step_ms apart, of all that was in flight. */
static void round_of_acks(struct rig *r, uint32_t n, uint32_t step_ms)
{
	uint32_t end = rig_conn(r)->snd_max - r->p->our_isn;
	uint32_t ack = rig_conn(r)->snd_una - r->p->our_isn;

	while (ack < end) {
		ack += rs_min_u32(n * r->mss, end - ack);
		IN(TCP_ACK, .seq = 1, .ack = ack);
		keep_busy(r);
		MS(step_ms);
	}
}

/* ACKs come at an even pace for more than half of a round trip: the path is full. */
static void path_is_full(struct rig *r)
{
	uint32_t before;

	begin(r);
	MS(RTT_MS);
	for (uint32_t i = 0; i < 4 && !rig_conn(r)->css_round; i++)
		round_of_acks(r, 1, 2);
	TRUE(rig_conn(r)->css_round);
	before = rig_conn(r)->cwnd;
	TRUE(before < 80 * r->mss);
	round_of_acks(r, 1, 0);
	TRUE(rig_conn(r)->cwnd <= before / 16 * 25); /* a quarter more a round */
	for (uint32_t i = 0; i < 5; i++)
		round_of_acks(r, 1, 0);
	TRUE(rig_conn(r)->ssthresh <= rig_conn(r)->cwnd); /* CSS_ROUNDS: five */
}

/* All that is in flight is acknowledged at once, by an ACK for each segment, after rtt_ms. */
static void round_trip_of(struct rig *r, uint32_t rtt_ms)
{
	uint32_t stamp = (uint32_t)(r->t.now_us >> WHEEL_TICK_SHIFT) + rig_conn(r)->ts_offset;
	uint32_t end = rig_conn(r)->snd_max - r->p->our_isn;

	MS(rtt_ms);
	for (uint32_t ack = rig_conn(r)->snd_una - r->p->our_isn; ack < end;) {
		ack += rs_min_u32(r->mss, end - ack);
		IN(TCP_ACK, .seq = 1, .ack = ack, .ts_ecr = stamp);
		keep_busy(r);
	}
}

/* RFC 9406 section 4.2: an eighth of 100 ms are 12; a queue stands where they are 14 more. */
static void round_trip_becomes_longer(struct rig *r)
{
	uint32_t before;

	begin_with(r, TCP_OPT_TS);
	round_trip_of(r, RTT_MS);
	EQ(cwnd_segs(r), 20);
	round_trip_of(r, RTT_MS + 10);
	EQ(cwnd_segs(r), 40);
	EQ(rig_conn(r)->css_round, 0);
	round_trip_of(r, RTT_MS + 26); /* that began with the last ACKs of the round before */
	before = cwnd_segs(r);
	round_trip_of(r, RTT_MS + 26);
	TRUE(rig_conn(r)->css_round);
	TRUE(cwnd_segs(r) < before * 3 / 2); /* all but some eight ACKs count a quarter */
	TRUE(rig_conn(r)->ssthresh > rig_conn(r)->cwnd);
}

/* "If the RTT is shorter than it was when CSS was entered" */
static void it_becomes_shorter_again(struct rig *r)
{
	round_trip_becomes_longer(r);
	round_trip_of(r, RTT_MS);
	round_trip_of(r, RTT_MS);
	EQ(rig_conn(r)->css_round, 0);
}

/* Section 4.3: five rounds of it, and slow start is over. */
static void it_stays_long(struct rig *r)
{
	round_trip_becomes_longer(r);
	for (uint32_t i = 0; i < 5; i++)
		round_trip_of(r, RTT_MS + 26);
	TRUE(rig_conn(r)->ssthresh <= rig_conn(r)->cwnd);
}

static void rounds(struct rig *r, uint32_t n)
{
	while (n--)
		one_round(r);
}

/* The first of what is in flight is lost, and goes again. */
static void lose_one(struct rig *r)
{
	uint32_t una = rig_conn(r)->snd_una - r->p->our_isn;

	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = una, .n_sack = 1, .sack = {{una + r->mss, una + 5 * r->mss}});
	keep_busy(r);
	EQ(rig_conn(r)->ssthresh, rig_conn(r)->cwnd);
}

/* Of 100 segments 70 are left. */
static void begin_curve(struct rig *r)
{
	begin(r);
	while (cwnd_segs(r) < 100)
		one_round(r);
	rig_conn(r)->cwnd = 100 * r->mss;
	lose_one(r);
	TRUE(cwnd_segs(r) >= 69 && cwnd_segs(r) <= 70);
}

/*
 * RFC 9438 section 4.2: W_cubic(t) = 0.4 (t - K)^3 + W_max. K is the cube root of 30 / 0.4, 4.2
 * seconds; then the window is 100 again.
 */
static void along_the_curve(struct rig *r)
{
	begin_curve(r);
	rounds(r, 21);
	TRUE(cwnd_segs(r) >= 94 && cwnd_segs(r) <= 97); /* 2.1 s: 100 - 0.4 * 2.1^3 */
	rounds(r, 21);
	TRUE(cwnd_segs(r) >= 99 && cwnd_segs(r) <= 101);
	rounds(r, 40);
	TRUE(cwnd_segs(r) >= 120 && cwnd_segs(r) <= 123); /* 8 s: 100 + 0.4 * 3.8^3 */
}

/* The next loss begins a curve of its own: 103 become 72, and K is 4.3. */
static void a_loss_begins_a_curve(struct rig *r)
{
	begin_curve(r);
	rounds(r, 62);
	TRUE(cwnd_segs(r) >= 102 && cwnd_segs(r) <= 105);
	lose_one(r);
	rounds(r, 21);
	TRUE(cwnd_segs(r) >= 97 && cwnd_segs(r) <= 101); /* 103 - 0.4 * 2.2^3 */
}

/* All that is in flight is acknowledged, and the application writes nothing. */
static void last_round(struct rig *r)
{
	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = rig_conn(r)->snd_max - r->p->our_isn);
	flush_all(r);
}

/* Section 5.8: a time in which the window is not used does not count. */
static void a_pause_stops_the_clock(struct rig *r)
{
	uint32_t before;

	begin_curve(r);
	rounds(r, 21);
	while (rig_conn(r)->sendq.n_bytes)
		last_round(r);
	before = cwnd_segs(r);
	for (uint32_t i = 0; i < 100; i++) {
		rig_write(r, r->mss);
		last_round(r);
	}
	EQ(cwnd_segs(r), before);
	keep_busy(r);
	rounds(r, 3);
	TRUE(cwnd_segs(r) <= before + 3); /* else it would grow by a half each */
}

/* The queue becomes empty with most of a window in flight: to the end the window was used. */
static void stop_while_in_use(struct rig *r)
{
	const struct tcp_conn *c = rig_conn(r);
	uint32_t most = c->cwnd / 10 * 18;

	while (c->sendq.n_bytes > most)
		last_round(r);
	rig_write(r, most - c->sendq.n_bytes);
	flush_all(r);
	last_round(r);
	last_round(r);
	EQ(c->sendq.n_bytes, 0);
}

/* RFC 5681 section 4.1: the pause ends in slow start, which ends where the last loss has set it. */
static void a_restart_begins_a_curve(struct rig *r)
{
	uint32_t before;

	begin_curve(r);
	rounds(r, 21);
	stop_while_in_use(r);
	MS(10000);
	keep_busy(r);
	EQ(cwnd_segs(r), 10);
	while (rig_conn(r)->cwnd < rig_conn(r)->ssthresh)
		one_round(r);
	before = cwnd_segs(r);
	TRUE(before < 80);
	rounds(r, 3);
	TRUE(cwnd_segs(r) <= before + 8); /* 100 - 0.4 * (K - 0.3)^3, K is 4 */
}

/*
 * RFC 9438 section 4.6. One ACK for most of what is in flight, and in the same burst the
 * reports that tell of a loss, with the peer's window (0: a large one): nothing was sent between
 * them, but ours is what it was.
 */
static void lose_behind_a_long_ack(struct rig *r, uint16_t wnd)
{
	begin(r);
	one_round(r);
	EQ(cwnd_segs(r), 18);
	MS(RTT_MS);
	r->no_flush = true;
	IN(TCP_ACK, .seq = 1, .ack = 1 + 24 * r->mss);
	EQ(cwnd_segs(r), 26);
	for (uint32_t i = 1; i <= 3; i++)
		IN(TCP_ACK, .seq = 1, .ack = 1 + 24 * r->mss, .wnd = wnd, .n_sack = 1,
			.sack = {{1 + 25 * r->mss, 1 + (25 + i) * r->mss}});
	TRUE(rig_conn(r)->flags & TCP_F_RECOVERY);
	EQ(rig_conn(r)->ssthresh, 26 * r->mss / 10 * 7);
	rig_drop_output(r);
	FLUSH();
	rig_drop_output(r);
}

static void loss_behind_a_long_ack(struct rig *r)
{
	lose_behind_a_long_ack(r, 0);
}

/* The peer keeps so much that came early that its window is smaller than ours just now: what was in
 * flight when the loss came was as much as ever. */
static void loss_behind_a_window_that_shrinks(struct rig *r)
{
	lose_behind_a_long_ack(r, 6);
}

/* RFC 9438 section 4.6, flight_size: more than the peer's window cannot have met the loss. */
static void loss_in_the_peers_window(struct rig *r)
{
	const uint16_t wnd = 20; /* KiB: 14 segments */

	begin_with_window(r, 0, wnd);
	for (uint32_t i = 0; i < 3; i++) {
		MS(RTT_MS);
		IN(TCP_ACK, .seq = 1, .ack = rig_conn(r)->snd_max - r->p->our_isn, .wnd = wnd);
		keep_busy(r);
	}
	TRUE(rig_conn(r)->cwnd > 20 * 1024);
	MS(RTT_MS);
	for (uint32_t i = 1; i <= 3; i++) {
		uint32_t una = rig_conn(r)->snd_una - r->p->our_isn;

		IN(TCP_ACK, .seq = 1, .ack = una, .wnd = wnd, .n_sack = 1,
			.sack = {{una + r->mss, una + (1 + i) * r->mss}});
	}
	EQ(rig_conn(r)->ssthresh, 20 * 1024 / 10 * 7);
	rig_drop_output(r);
}

/*
 * RFC 9438 section 4.3: what Reno would have grows by 9/17 of a segment a round trip, 27 segments
 * in 52 of them. Round trips are short, so that it is ahead of the curve; one ACK tells of each.
 */
static void as_reno_would(struct rig *r)
{
	begin_curve(r);
	one_round(r); /* ends the recovery */
	rig_conn(r)->cwnd = rig_conn(r)->ssthresh = 70 * r->mss;
	keep_busy(r);
	for (uint32_t i = 0; i < 52; i++) {
		MS(2);
		IN(TCP_ACK, .seq = 1, .ack = rig_conn(r)->snd_max - r->p->our_isn);
		keep_busy(r);
	}
	EQ(cwnd_segs(r), 70 + 27);
}

const struct tcp_case grow_cases[] = {
	{"an_answer_fills_the_window", an_answer_fills_the_window, NULL, 0},
	{"an_answer_nearly_fills_the_window", an_answer_nearly_fills_the_window, NULL, 0},
	{"a_small_answer_follows", a_small_answer_follows, NULL, 0},
	{"one_ack_for_many", one_ack_for_many, NULL, 0},
	{"round_trip_becomes_longer", round_trip_becomes_longer, NULL, 0},
	{"it_becomes_shorter_again", it_becomes_shorter_again, NULL, 0},
	{"it_stays_long", it_stays_long, NULL, 0},
	{"path_is_full", path_is_full, NULL, 0},
	{"along_the_curve", along_the_curve, NULL, 0},
	{"a_loss_begins_a_curve", a_loss_begins_a_curve, NULL, 0},
	{"a_pause_stops_the_clock", a_pause_stops_the_clock, NULL, 0},
	{"a_restart_begins_a_curve", a_restart_begins_a_curve, NULL, 0},
	{"as_reno_would", as_reno_would, NULL, 0},
	{"loss_behind_a_long_ack", loss_behind_a_long_ack, NULL, 0},
	{"loss_behind_a_window_that_shrinks", loss_behind_a_window_that_shrinks, NULL, 0},
	{"loss_in_the_peers_window", loss_in_the_peers_window, NULL, 0},
	{0},
};
