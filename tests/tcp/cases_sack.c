/* SPDX-License-Identifier: BSD-2-Clause */
/* What the peer reports as received is used: RFC 2018, 6675. */
#include "cases.h"

static void one_loss(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_report(r, 0, 1, 2);
	rig_report(r, 0, 1, 3);
	QUIET();
	rig_report(r, 0, 1, 4); /* more than two segments beyond it: it is lost */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	EQ(rig_conn(r)->cwnd, 7 * r->mss); /* RFC 9438 section 4.6 */
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	QUIET();
	EQ(rig_conn(r)->cwnd, 7 * r->mss);
	EQ(rig_conn(r)->sacked, 0);
	EQ(COUNTER(RETRANSMITTED), 1);
}

/* Both go out again within a round trip, where NewReno needs one for each. */
static void two_losses(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_report(r, 0, 1, 2);
	rig_report(r, 0, 1, 3);
	rig_report(r, 0, 1, 4);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	for (uint32_t to = 6; to <= 10; to++) /* the fifth is missing, too */
		rig_report(r, 0, 5, to);
	OUT(TCP_ACK, .seq = 1 + 4 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	rig_report(r, 4, 5, 10);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	QUIET();
	EQ(COUNTER(RETRANSMITTED), 2);
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	EQ(rig_conn(r)->sacked, 0);
}

/*
 * ACKs overtake each other, too: a report counts on one that acknowledges less than another before
 * it. RFC 6675 section 5 (A), step C: what it says has left the path makes room.
 */
static void report_on_an_ack_that_comes_late(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_report(r, 0, 1, 4);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	rig_report(r, 4, 8, 9);
	OUT(TCP_ACK, .seq = 1 + 4 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	rig_write(r, 10 * r->mss);
	OUT(TCP_ACK, .seq = 1 + 10 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 11 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	rig_report(r, 3, 5, 7);
	OUT(TCP_ACK, .seq = 1 + 12 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 13 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	EQ(rig_conn(r)->cwnd, 7 * r->mss);
}

static void three_ranges_are_enough(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(4);
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 3,
		.sack = {{1 + r->mss, 11 + r->mss}, {21 + r->mss, 31 + r->mss},
			{41 + r->mss, 51 + r->mss}});
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
}

/* … but what touches is one. */
static void ranges_that_touch(struct rig *r)
{
	uint32_t at;

	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(4);
	at = 1 + r->mss;
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 3,
		.sack = {{at, at + 10}, {at + 10, at + 20}, {at + 20, at + 30}});
	QUIET();
	EQ(COUNTER(FAST_RETRANSMITS), 0);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
}

/* Of n segments ten are on their way; all but the first and the last arrive, and the first goes
 * again. */
static void lose_the_first(struct rig *r, uint32_t n)
{
	OPEN(TCP_OPT_SACK_OK);
	rig_write(r, n * r->mss);
	rig_drop_output(r);
	rig_report(r, 0, 1, 9);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
}

/* Recovery goes on sending new data as reports take bytes out of the pipe. */
static void new_data_in_recovery(struct rig *r)
{
	lose_the_first(r, 20);
	/* So there is room: seven of ten, less what was sent again and the tenth */
	for (uint32_t i = 10; i < 15; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	QUIET();
}

/*
 * The first of the new segments is lost. When all before it is acknowledged, recovery is over, and
 * reports beyond the gap begin the next one: RFC 6675 section 5.1, "greater than or equal".
 */
static void loss_at_the_recovery_point(struct rig *r)
{
	lose_the_first(r, 20);
	rig_drop_output(r); /* ten to fourteen are on their way */
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	rig_drop_output(r); /* and fifteen, sixteen; the tenth is lost */
	for (uint32_t to = 12; to <= 13; to++) {
		rig_report(r, 10, 11, to);
		OUT(TCP_ACK, .seq = 1 + (to + 5) * r->mss, .ack = 1, .len = r->mss); /* RFC 3042 */
	}
	rig_report(r, 10, 11, 14);
	OUT(TCP_ACK, .seq = 1 + 10 * r->mss, .ack = 1, .len = r->mss);
	EQ(COUNTER(FAST_RETRANSMITS), 2);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 19 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(rig_conn(r)->sacked, 0);
}

/* So it is after a timeout, and not before: "MUST NOT be initiated until". */
static void loss_after_a_timeout(struct rig *r)
{
	uint32_t all = 1 + 4 * r->mss;

	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(4);
	WAIT(1);
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss, .ack = 1, .len = r->mss); /* a probe, lost as well */
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	rig_report(r, 0, 1, 4); /* of what was sent before */
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = all);
	EQ(COUNTER(FAST_RETRANSMITS), 0);
	for (uint32_t i = 0; i < 6; i++) {
		rig_push_more(r, 100);
		rs_tcp_send(&r->t, r->p->conn);
		FLUSH();
		OUT(TCP_ACK, .seq = all + 100 * i, .ack = 1, .len = 100);
	}
	IN(TCP_ACK, .seq = 1, .ack = all, .n_sack = 3,
		.sack = {{all + 100, all + 200}, {all + 300, all + 400}, {all + 500, all + 600}});
	OUT(TCP_ACK, .seq = all, .ack = 1, .len = 100);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	IN(TCP_ACK, .seq = 1, .ack = all + 600);
	EQ(COUNTER(TIMEOUTS), 1);
}

/*
 * What is sent for the first time in recovery is lost, too, and sent again. When all of before has
 * come that is a recovery of its own, for which the window pays; but it does not go a third time.
 */
static void loss_beyond_the_recovery_point(struct rig *r)
{
	lose_the_first(r, 15);
	rig_drop_output(r); /* ten to fourteen are on their way */
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 2,
		.sack = {{1 + 11 * r->mss, 1 + 15 * r->mss}, {1 + r->mss, 1 + 10 * r->mss}});
	OUT(TCP_ACK, .seq = 1 + 10 * r->mss, .ack = 1, .len = r->mss);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	rig_report(r, 10, 11, 15);
	QUIET();
	EQ(COUNTER(FAST_RETRANSMITS), 2);
	EQ(rig_conn(r)->ssthresh, 5 * r->mss / 10 * 7); /* of five in flight */
	TRUE(rig_conn(r)->flags & TCP_F_RECOVERY);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 15 * r->mss);
	EQ(rig_conn(r)->flags & TCP_F_RECOVERY, 0);
	EQ(COUNTER(RETRANSMITTED), 2);
	EQ(rig_conn(r)->sacked, 0);
}

/* As a queue that is full leaves it when the window doubles: every other segment is lost. */
static void many_holes(struct rig *r)
{
	const uint32_t n = 42;

	OPEN(TCP_OPT_SACK_OK | TCP_OPT_WSCALE);
	rig_write(r, 2 * n * r->mss);
	rig_conn(r)->cwnd = rig_conn(r)->snd_wnd = 100 * r->mss;
	rs_tcp_send(&r->t, rig_conn(r));
	FLUSH();
	while (rs_tcp_pending(&r->t)) {
		rig_drop_output(r);
		FLUSH();
	}
	for (uint32_t i = 0; i < n; i++) {
		rig_drop_output(r);
		rig_report(r, 0, 2 * i + 1, 2 * i + 2);
	}
	MS(4); /* two reordering windows, for the last two */
	EQ(COUNTER(RETRANSMITTED), n - 2);
	rig_report(r, 2, 2 * n - 1, 2 * n); /* RFC 9937: as many as came, and one more */
	rig_drop_output(r);
	EQ(COUNTER(RETRANSMITTED), n);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * n * r->mss);
	EQ(rig_conn(r)->sacked, 0);
	EQ(COUNTER(RETRANSMITTED), n);
}

/* After a timeout the window counts what is on its way, not what was reported (RFC 6675). */
static void timeout_heeds_reports(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_report(r, 0, 5, 7);
	WAIT(1);
	rig_drop_output(r); /* all five before it, lost again */
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	EQ(rig_conn(r)->cwnd, r->mss);
	rig_report(r, 1, 5, 7);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	rig_report(r, 3, 5, 7);
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 4 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 7 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	rig_report(r, 3, 4, 7); /* the third of them is lost again, which a later one tells */
	OUT(TCP_ACK, .seq = 1 + 8 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 9 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	EQ(rig_conn(r)->cwnd, 4 * r->mss);
	rig_report(r, 3, 4, 7); /* the same again tells nothing */
	QUIET();
	EQ(rig_conn(r)->cwnd, 4 * r->mss);
	WAIT(2);
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss, .ack = 1, .len = r->mss);
	EQ(COUNTER(LOST_AGAIN), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(TIMEOUTS), 1);
	EQ(rig_conn(r)->flags & TCP_F_RECOVERY, 0);
	EQ(rig_conn(r)->sacked, 0);
}

/* The first report comes when a timeout has begun to send all again, from the beginning. */
static void reports_after_a_timeout(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(8);
	WAIT(1);
	rig_drop_output(r); /* a probe, lost as well */
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	rig_report(r, 1, 2, 3); /* the first of the two is lost again */
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 4 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	MS(1);
	rig_report(r, 1, 2, 5);
	rig_drop_output(r); /* the rest */
	WAIT(2);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 8 * r->mss);
	EQ(COUNTER(TIMEOUTS), 1);
	EQ(COUNTER(FAST_RETRANSMITS), 0);
	EQ(rig_conn(r)->sacked, 0);
}

static void timeout_skips_what_was_reported(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(3);
	rig_report(r, 0, 1, 2);
	WAIT(1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss); /* lost again */
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 3 * r->mss);
	EQ(COUNTER(RETRANSMITTED), 3);
}

/*
 * An ACK of some of it, and no reports beyond: what follows was sent before what has come, so it is
 * lost, and goes once.
 */
static void partial_ack_without_reports(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_report(r, 0, 1, 4);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
	OUT(TCP_ACK, .seq = 1 + 4 * r->mss, .ack = 1, .len = r->mss);
	rig_report(r, 4, 5, 10);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(RETRANSMITTED), 2);
}

/* All that was reported has been thrown away: after a timeout none of it counts any more. */
static void reneging_of_all(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(5);
	rig_report(r, 0, 1, 5);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss); /* which is lost */
	while (!r->t.n_tx)
		MS(1);
	EQ(COUNTER(TIMEOUTS), 2);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
	OUT(TCP_ACK, .seq = 1 + 4 * r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 5 * r->mss);
	EQ(rig_conn(r)->sacked, 0);
}

/* RFC 2018 section 8: the peer may throw away what it has reported. */
static void reneging(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(2);
	rig_report(r, 0, 1, 2);
	WAIT(1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss); /* lost again */
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss); /* and no more */
	while (!r->t.n_tx)
		MS(1);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss);
}

/*
 * Acknowledged in the midst of what was reported. RFC 6675 section 4, SetPipe(): the octets between
 * HighACK and HighData that were not reported, five segments of them, are more than cwnd.
 */
static void ack_cuts_a_report(struct rig *r)
{
	uint32_t cut;

	OPEN(TCP_OPT_SACK_OK);
	cut = 1 + 3 * r->mss - 100;
	SEGMENTS(8);
	for (uint32_t i = 0; i < 3; i++)
		rig_report(r, 0, 1, 3);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(rig_conn(r)->cwnd, 8 * r->mss / 10 * 7);
	IN(TCP_ACK, .seq = 1, .ack = cut);
	OUT(TCP_ACK, .seq = cut, .ack = 1, .len = 100); /* of what was reported */
	rig_write(r, 5 * r->mss);
	QUIET();
}

/* "MUST retransmit the segment at the left edge […], whether or not the SACKed bit is on" */
static void reneging_at_the_left_edge(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(3);
	rig_report(r, 0, 1, 3);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss);
	QUIET();
	WAIT(200);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 3 * r->mss);
	EQ(rig_conn(r)->sacked, 0);
}

/* The same behind a closed window, which opens before any timeout. */
static void reneging_behind_a_closed_window(struct rig *r)
{
	uint32_t edge;

	OPEN(TCP_OPT_SACK_OK);
	edge = 1 + r->mss + 100;
	SEGMENTS(3);
	rig_report(r, 0, 1, 3);
	IN(TCP_ACK, .seq = 1, .ack = edge, .wnd = NO_WND);
	WAIT(200);
	OUT(TCP_ACK, .seq = edge, .ack = 1, .len = 1); /* a probe */
	IN(TCP_ACK, .seq = 1, .ack = edge, .wnd = 65535);
	OUT(TCP_ACK, .seq = edge, .ack = 1, .len = r->mss);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 3 * r->mss);
	EQ(rig_conn(r)->sacked, 0);
}

static void absurd_reports(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 3,
		.sack = {{5, 4}, {1 + 9 * r->mss, 2 + 10 * r->mss}, {1, 100}});
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 1, .sack = {{(uint32_t)-5000, 50}});
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 1, .sack = {{100, 100}});
	EQ(rig_conn(r)->sacked, 0);
	for (uint32_t i = 0; i < 100; i++) /* more ranges than are kept */
		IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 1, .sack = {{3 + 4 * i, 5 + 4 * i}});
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(rig_conn(r)->sacked, 0);
}

/*
 * The peer does not repeat what it has reported, though RFC 2018 section 4 asks for that: time
 * tells all the same, a quarter of a round trip after the last new acknowledgement (RFC 8985, 6.2).
 */
static void a_report_is_not_repeated(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_report(r, 3, 5, 6);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
	QUIET();
	WAIT(2);
	OUT(TCP_ACK, .seq = 1 + 4 * r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	EQ(rig_conn(r)->sacked, 0);
}

/* Reports come in any order: what arrives in the midst of what is missing leaves two holes. */
static void report_within_a_hole(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_report(r, 0, 9, 10);
	rig_report(r, 0, 4, 6);
	for (uint32_t i = 0; i < 2; i++) /* as many as came: RFC 9937 */
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	rig_report(r, 1, 4, 6);
	for (uint32_t i = 2; i < 4; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	MS(4); /* only one is reported beyond the others: time tells */
	IN(TCP_ACK, .seq = 1, .ack = 1 + 6 * r->mss);
	for (uint32_t i = 6; i < 9; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(RETRANSMITTED), 7);
	EQ(rig_conn(r)->sacked, 0);
}

#define MOST_HOLES 125 /* of reports, in a chunk of 2 KiB: docs/tcp.md */

/* As many holes as a chunk has room for, and not one more: from below, or cut out of one. */
static void fill_scoreboard(struct rig *r, bool is_cut)
{
	const uint32_t n = 2 * r->chunks.chunk_bytes / 16;
	uint8_t *beyond;

	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	if (is_cut)
		IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 1, .sack = {{3 + 4 * n, 5 + 4 * n}});
	else
		IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 1, .sack = {{3, 5}});
	TRUE(rig_conn(r)->sacked < r->chunks.n_total);
	beyond = rs_chunk_data(&r->chunks, rig_conn(r)->sacked + 1);
	memset(beyond, 0x5a, r->chunks.chunk_bytes);
	for (uint32_t i = 1; i < n; i++) {
		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 1, .sack = {{3 + 4 * i, 5 + 4 * i}});
	}
	for (uint32_t i = 0; i < r->chunks.chunk_bytes; i++)
		EQ(beyond[i], 0x5a);
	rig_drop_output(r);
	EQ(COUNTER(SCOREBOARD_FULL), n - MOST_HOLES);
}

static void scoreboard_is_full(struct rig *r)
{
	fill_scoreboard(r, false);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(rig_conn(r)->sacked, 0);
}

static void scoreboard_is_full_of_cuts(struct rig *r)
{
	fill_scoreboard(r, true);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(rig_conn(r)->sacked, 0);
}

/* What is in flight beyond all reports cannot be noted as lost: all of it goes again. */
static void timeout_with_a_full_scoreboard(struct rig *r)
{
	fill_scoreboard(r, false);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(rig_conn(r)->sacked, 0);
	for (uint32_t i = 1; i < 10; i++) {
		IN(TCP_ACK, .seq = 1, .ack = 1 + i * r->mss);
		rig_drop_output(r);
	}
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(TIMEOUTS), 1);
	EQ(rig_conn(r)->sacked, 0);
}

/*
 * The last hole that there is room for is longer than a segment: it goes again whole, as the window
 * allows (RFC 6675 section 5, C.1), though it can be noted only as one that was sent again, and one
 * that was not yet.
 */
static void long_hole_in_a_full_scoreboard(struct rig *r)
{
	uint32_t at = 1 + 4 * (MOST_HOLES - 1), end = 1 + 6 * r->mss;

	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	for (uint32_t i = 0; i < MOST_HOLES - 1; i++) {
		rig_conn(r)->cwnd = rig_conn(r)->ssthresh = 20 * r->mss;
		IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 1, .sack = {{3 + 4 * i, 5 + 4 * i}});
		rig_drop_output(r);
	}
	rig_conn(r)->cwnd = rig_conn(r)->ssthresh = 3 * r->mss;
	rig_report(r, 0, 6, 10); /* all below is lost */
	OUT(TCP_ACK, .seq = at - 8, .ack = 1, .len = 2);
	OUT(TCP_ACK, .seq = at - 4, .ack = 1, .len = 2);
	OUT(TCP_ACK, .seq = at, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = at + r->mss, .ack = 1, .len = r->mss);
	QUIET();
	MS(1);
	rig_conn(r)->cwnd = rig_conn(r)->ssthresh = 7 * r->mss;
	rig_conn(r)->prr_delivered += 4 * r->mss;
	rig_report(r, 0, 6, 10);
	OUT(TCP_ACK, .seq = at + 2 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = at + 3 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = at + 4 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = at + 5 * r->mss, .ack = 1, .len = end - at - 5 * r->mss);
	QUIET();
	EQ(COUNTER(SCOREBOARD_FULL), 0);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(rig_conn(r)->sacked, 0);
}

/* RFC 2883 sections 4.1.1 and 4.2.2: what came twice, below the acknowledgement and beyond a gap.
 */
static void what_came_twice_is_no_loss(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss);
	for (uint32_t i = 0; i < 5; i++)
		rig_report(r, 2, i % 2, i % 2 + 1);
	QUIET();
	for (uint32_t i = 0; i < 5; i++) /* one segment beyond the gap, again and again */
		IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss, .n_sack = 2,
			.sack = {{1 + 3 * r->mss, 1 + 4 * r->mss},
				{1 + 3 * r->mss, 1 + 4 * r->mss}});
	QUIET();
	EQ(COUNTER(FAST_RETRANSMITS), 0);
	EQ(COUNTER(DUP_ACKS_IN), 0);
	rig_report(r, 2, 3, 6); /* two more of them: now it is one */
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
}

static void not_agreed(struct rig *r)
{
	OPEN(0);
	SEGMENTS(10);
	rig_report(r, 0, 1, 8);
	QUIET();
	EQ(rig_conn(r)->sacked, 0);
}

/* The first reports come when recovery has begun: from then on it goes by RFC 6675 section 5. */
static void reports_come_late(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	for (uint32_t i = 0; i < 6; i++)
		IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(rig_conn(r)->cwnd, (7 + 3 + 3) * r->mss); /* RFC 5681 section 3.2 */
	rig_report(r, 0, 1, 8);
	EQ(rig_conn(r)->cwnd, 7 * r->mss); /* cwnd = ssthresh: (4.2) */
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(rig_conn(r)->cwnd, 7 * r->mss);
	EQ(rig_conn(r)->sacked, 0);
}

/* Without a chunk for the scoreboard it is NewReno. */
static void no_chunk(struct rig *r)
{
	struct chunk_pool saved;

	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	saved = r->chunks;
	r->chunks.n_free = r->chunks.n_total = 0;
	for (uint32_t to = 2; to <= 4; to++)
		rig_report(r, 0, 1, to);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(COUNTER(SCOREBOARD_NO_CHUNK), 3);
	r->chunks = saved;
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
}

/* What peers send out of order takes three quarters of the chunks: the rest is left for answers. */
static void scoreboards_leave_room(struct rig *r)
{
	for (uint32_t n = 0; n < 4; n++) {
		rig_peer(r, n);
		OPEN(TCP_OPT_SACK_OK);
		for (uint32_t i = 0; i < r->cfg.rcvq_chunks; i++)
			IN(TCP_ACK, .seq = 1001 + i * 10, .ack = 1, .len = 1);
		rig_drop_output(r);
	}
	EQ(r->chunks.n_free, r->chunks.n_total / 4);
	SEGMENTS(10);
	rig_report(r, 0, 1, 2);
	EQ(rig_conn(r)->sacked, 0);
	EQ(COUNTER(SCOREBOARD_NO_CHUNK), 1);
	rig_peer(r, 0);
	rig_abort(r);
	rig_drop_output(r);
	rig_peer(r, 3);
	rig_report(r, 0, 1, 2);
	TRUE(rig_conn(r)->sacked);
	EQ(COUNTER(SCOREBOARD_NO_CHUNK), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
}

/*
 * The path narrows in the midst of recovery. What was larger than it is on its way no more, so that
 * all that was not reported goes out again at once (RFC 1191 section 6.4).
 */
static void path_narrows_in_recovery(struct rig *r)
{
	uint32_t mtu = r->p->key.family == 4 ? 1000 : 1300;
	uint32_t mss = mtu - (r->p->key.family == 4 ? 40 : 60);
	uint32_t sent = 0;

	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_report(r, 0, 4, 8);
	for (uint32_t i = 0; i < 4; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1 + 8 * r->mss, mtu);
	FLUSH();
	while (sent < 4 * r->mss) {
		uint32_t len = rs_min_u32(mss, 4 * r->mss - sent);

		OUT(TCP_ACK, .seq = 1 + sent, .ack = 1, .len = len);
		sent += len;
	}
	OUT(TCP_ACK, .seq = 1 + 8 * r->mss, .ack = 1, .len = mss);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	QUIET();
	EQ(rig_conn(r)->sacked, 0);
	EQ(COUNTER(TIMEOUTS), 0);
}

/*
 * A segment takes few slices. Where many small ones are lost, what did not fit into the first
 * segment that is sent again counts as lost still (RFC 6675 section 4, HighRxt).
 */
static void many_small_slices_are_lost(struct rig *r)
{
	uint32_t n_small = 2 * SENDQ_SLICES * 100;

	OPEN(TCP_OPT_SACK_OK);
	for (uint32_t i = 0; i < 2 * SENDQ_SLICES; i++)
		rig_push_more(r, 100);
	for (uint32_t i = 0; i < 6; i++)
		rig_push_more(r, r->mss);
	rs_tcp_send(&r->t, r->p->conn);
	FLUSH();
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = n_small / 2);
	OUT(TCP_ACK, .seq = 1 + n_small / 2, .ack = 1, .len = n_small / 2);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 1,
		.sack = {{1 + n_small, 1 + n_small + 5 * r->mss}});
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = n_small / 2);
	OUT(TCP_ACK, .seq = 1 + n_small / 2, .ack = 1, .len = n_small / 2);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + n_small + 6 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
}

const struct tcp_case sack_cases[] = {
	{"one_loss", one_loss, NULL, 0},
	{"two_losses", two_losses, NULL, 0},
	{"report_on_an_ack_that_comes_late", report_on_an_ack_that_comes_late, NULL, 0},
	{"three_ranges_are_enough", three_ranges_are_enough, NULL, 0},
	{"ranges_that_touch", ranges_that_touch, NULL, 0},
	{"new_data_in_recovery", new_data_in_recovery, NULL, 0},
	{"loss_at_the_recovery_point", loss_at_the_recovery_point, NULL, 0},
	{"loss_after_a_timeout", loss_after_a_timeout, NULL, 0},
	{"loss_beyond_the_recovery_point", loss_beyond_the_recovery_point, NULL, 0},
	{"many_holes", many_holes, NULL, 0},
	{"timeout_heeds_reports", timeout_heeds_reports, NULL, 0},
	{"reports_after_a_timeout", reports_after_a_timeout, NULL, 0},
	{"timeout_skips_what_was_reported", timeout_skips_what_was_reported, NULL, 0},
	{"partial_ack_without_reports", partial_ack_without_reports, NULL, 0},
	{"reneging_of_all", reneging_of_all, NULL, 0},
	{"reneging", reneging, NULL, 0},
	{"ack_cuts_a_report", ack_cuts_a_report, NULL, 0},
	{"reneging_at_the_left_edge", reneging_at_the_left_edge, NULL, 0},
	{"reneging_behind_a_closed_window", reneging_behind_a_closed_window, NULL, 0},
	{"absurd_reports", absurd_reports, NULL, 0},
	{"a_report_is_not_repeated", a_report_is_not_repeated, NULL, 0},
	{"report_within_a_hole", report_within_a_hole, NULL, 0},
	{"scoreboard_is_full", scoreboard_is_full, NULL, 0},
	{"scoreboard_is_full_of_cuts", scoreboard_is_full_of_cuts, NULL, 0},
	{"timeout_with_a_full_scoreboard", timeout_with_a_full_scoreboard, NULL, 0},
	{"long_hole_in_a_full_scoreboard", long_hole_in_a_full_scoreboard, NULL, 0},
	{"what_came_twice_is_no_loss", what_came_twice_is_no_loss, NULL, 0},
	{"not_agreed", not_agreed, NULL, 0},
	{"reports_come_late", reports_come_late, NULL, 0},
	{"no_chunk", no_chunk, NULL, 0},
	{"scoreboards_leave_room", scoreboards_leave_room, NULL, 0},
	{"path_narrows_in_recovery", path_narrows_in_recovery, NULL, 0},
	{"many_small_slices_are_lost", many_small_slices_are_lost, NULL, 0},
	{0},
};
