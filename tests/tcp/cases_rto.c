/* SPDX-License-Identifier: BSD-2-Clause */
/* The retransmission timeout and the round trips that it is made from: RFC 6298. */
#include "cases.h"

static void timeout_doubles(struct rig *r)
{
	uint32_t wait_ms = 200;

	OPEN(0);
	SEGMENTS(3);
	for (uint32_t i = 0; i < 5; i++) {
		WAIT(wait_ms); /* RFC 6298 section 5.5 */
		OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
		QUIET(); /* a window of one segment: RFC 5681 section 3.1 */
		wait_ms *= 2;
	}
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	EQ(COUNTER(TIMEOUTS), 5);
}

static void timeout_is_at_most_max_rto(struct rig *r)
{
	OPEN(0);
	SEGMENTS(1);
	for (uint32_t wait_ms = 200; wait_ms < r->cfg.max_rto_ms; wait_ms *= 2) {
		WAIT(wait_ms);
		OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	}
	WAIT(r->cfg.max_rto_ms);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
}

static void gives_up(struct rig *r)
{
	OPEN(0);
	SEGMENTS(1);
	for (uint32_t i = 0; i < r->cfg.max_retries; i++) {
		while (!r->t.n_tx)
			MS(1);
		OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	}
	MS(r->cfg.max_rto_ms + 10);
	QUIET();
	EVENTS(TCP_EV_GONE);
	EQ(COUNTER(RETRANSMITTED), r->cfg.max_retries);
	EQ(COUNTER(GAVE_UP), 1);
}

static void timer_restarts_with_each_ack(struct rig *r)
{
	OPEN(0);
	SEGMENTS(3);
	MS(150);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss);
	/* RFC 6298 section 5.3; the sample of 150 ms: SRTT 19 ms, RTTVAR 38 ms and more */
	MS(190);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 3 * r->mss);
	MS(5000); /* section 5.2: nothing is outstanding */
	QUIET();
}

static void karn(struct rig *r)
{
	OPEN(0);
	SEGMENTS(1);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	MS(5);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss);
	/* RFC 6298 section 3: no sample from it, the timeout stays backed off. */
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = 100);
	WAIT(400);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = 100);
}

/* Four segments of a connection with timestamps, and a timeout. Returns when they were sent. */
static uint32_t time_out_with_stamps(struct rig *r)
{
	uint32_t stamp;

	OPEN(TCP_OPT_TS);
	r->mss = rig_conn(r)->mss;
	SEGMENTS(4);
	stamp = r->p->ts_seen;
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(rig_conn(r)->ssthresh, 4 * r->mss / 10 * 7);
	return stamp;
}

/* RFC 7323 section 4: with timestamps Karn's rule is not needed, and the backoff ends at once. */
static void stamp_ends_the_backoff(struct rig *r)
{
	time_out_with_stamps(r);
	TRUE(rig_conn(r)->rto_ms >= 400);
	MS(5);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
	EQ(COUNTER(UNDONE), 0);
	EQ(rig_conn(r)->ssthresh, 4 * r->mss / 10 * 7);
	TRUE(rig_conn(r)->rto_ms < 220);
}

/*
 * RFC 3522 section 3.2, RFC 4015 section 3.2: the answer is to the original, which only took long.
 * Nothing else goes again, the window is that of before, and the timeout heeds the long way.
 */
static void timeout_came_too_soon(struct rig *r)
{
	uint32_t stamp = time_out_with_stamps(r);

	MS(50);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss, .ts_ecr = stamp);
	QUIET();
	EQ(COUNTER(UNDONE), 1);
	TRUE(rig_conn(r)->ssthresh > 10 * r->mss);
	EQ(rig_conn(r)->cwnd, 5 * r->mss); /* what was in flight, and what this ACK brings */
	TRUE(rig_conn(r)->rto_ms > 250);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1 + 4 * r->mss, .ack = 1, .len = 100);
	IN(TCP_ACK, .seq = 1, .ack = 101 + 4 * r->mss);
	EQ(COUNTER(RETRANSMITTED), 1);
}

/* So it is after two of them; and with reports in hand. */
static void both_came_too_soon(struct rig *r)
{
	uint32_t stamp = time_out_with_stamps(r);

	WAIT(400);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss, .ts_ecr = stamp);
	QUIET();
	EQ(COUNTER(UNDONE), 1);
	TRUE(rig_conn(r)->ssthresh > 10 * r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
}

static void too_soon_with_reports(struct rig *r)
{
	uint32_t stamp;

	OPEN(TCP_OPT_TS | TCP_OPT_SACK_OK);
	r->mss = rig_conn(r)->mss;
	SEGMENTS(4);
	stamp = r->p->ts_seen;
	rig_report(r, 0, 1, 2);
	WAIT(1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 3 * r->mss, .ts_ecr = stamp);
	QUIET(); /* not the fourth, too */
	EQ(COUNTER(UNDONE), 1);
	EQ(rig_conn(r)->flags & TCP_F_RECOVERY, 0);
	EQ(rig_conn(r)->sacked, 0); /* nothing beyond is reported */
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
}

static void sample_ends_the_backoff(struct rig *r)
{
	OPEN(0);
	SEGMENTS(1);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = 100);
	IN(TCP_ACK, .seq = 1, .ack = 101 + r->mss); /* sent once: it counts */
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 101 + r->mss, .ack = 1, .len = 100);
	WAIT(200);
	OUT(TCP_ACK, .seq = 101 + r->mss, .ack = 1, .len = 100);
}

static void round_trips_are_smoothed(struct rig *r)
{
	/* RFC 6298 section 2 by hand, in ms: R = 100, then 500. */
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	MS(100);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 100); /* SRTT 100, RTTVAR 50, RTO 300 */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	MS(250);
	IN(TCP_ACK, .seq = 1, .ack = 101); /* R' = 250 */
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 101, .ack = 1, .len = 100);
	/* RTTVAR = 3/4 50 + 1/4 150 = 75; SRTT = 7/8 100 + 1/8 250 = 118.75; RTO = 418.75 */
	WAIT(418);
	OUT(TCP_ACK, .seq = 101, .ack = 1, .len = 100);
}

/*
 * Steady round trips leave no variance, and RFC 6298 section 2.4 has a second at least: the margin
 * that stands for it covers an ACK that is delayed, for once, on the longest way, too.
 */
static void steady_round_trips_leave_a_margin(struct rig *r)
{
	uint32_t sent = 0;

	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	MS(300);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	for (uint32_t i = 0; i < 40; i++, sent += 100) {
		rig_write(r, 100);
		OUT(TCP_ACK, .seq = 1 + sent, .ack = 1, .len = 100);
		MS(300);
		IN(TCP_ACK, .seq = 1, .ack = 101 + sent);
	}
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1 + sent, .ack = 1, .len = 100);
	WAIT(300 + 200);
	OUT(TCP_ACK, .seq = 1 + sent, .ack = 1, .len = 100);
}

static void short_timeouts(struct rig *r)
{
	r->cfg.max_rto_ms = 2000;
}

static void long_round_trip_keeps_to_max_rto(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	MS(900);
	IN(TCP_ACK, .seq = 1, .ack = 1); /* SRTT 900, RTTVAR 450: RTO 2700 */
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	WAIT(2000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
}

static void only_its_own_ack_ends_a_sample(struct rig *r)
{
	OPEN(0);
	rig_write(r, 100);
	rig_write(r, 100);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 101); /* the first was timed, the second is not */
	rig_write(r, 100);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 201); /* all before the one that is timed now */
	MS(150);
	IN(TCP_ACK, .seq = 1, .ack = 301); /* R' = 150: SRTT 19, RTTVAR 38 and more */
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 301, .ack = 1, .len = 100);
	EQ(r->p->conn->srtt_us8 / 8000, 18);
	IN(TCP_ACK, .seq = 1, .ack = 401);
}

const struct tcp_case rto_cases[] = {
	{"timeout_doubles", timeout_doubles, NULL, 0},
	{"timeout_is_at_most_max_rto", timeout_is_at_most_max_rto, NULL, 0},
	{"gives_up", gives_up, NULL, 0},
	{"timer_restarts_with_each_ack", timer_restarts_with_each_ack, NULL, 0},
	{"karn", karn, NULL, 0},
	{"stamp_ends_the_backoff", stamp_ends_the_backoff, NULL, 0},
	{"timeout_came_too_soon", timeout_came_too_soon, NULL, 0},
	{"both_came_too_soon", both_came_too_soon, NULL, 0},
	{"too_soon_with_reports", too_soon_with_reports, NULL, 0},
	{"sample_ends_the_backoff", sample_ends_the_backoff, NULL, 0},
	{"round_trips_are_smoothed", round_trips_are_smoothed, NULL, 0},
	{"steady_round_trips_leave_a_margin", steady_round_trips_leave_a_margin, NULL, 0},
	{"long_round_trip_keeps_to_max_rto", long_round_trip_keeps_to_max_rto, short_timeouts, 0},
	{"only_its_own_ack_ends_a_sample", only_its_own_ack_ends_a_sample, NULL, 0},
	{0},
};
