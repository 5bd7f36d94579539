/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments that only seem to be lost, or are lost twice: RFC 3522, 3708, 4015, RFC 8985
 * section 6.2. The way takes RTT_MS there and back.
 */
#include "cases.h"

#define RTT_MS    100
#define WINDOW_MS (RTT_MS / 4)

static void open_far(struct rig *r, uint8_t opts)
{
	opts |= TCP_OPT_MSS | TCP_OPT_SACK_OK;
	IN(TCP_SYN, .opts = opts, .mss = 1460);
	MS(1);
	OUT(SYN_ACK, .ack = 1, .opts = opts, .mss = (uint16_t)r->mss);
	MS(RTT_MS - 1);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
}

/* Ten segments; the first is late, and goes out again. Returns the timestamp of the original. */
static uint32_t recover_for_nothing(struct rig *r, uint8_t opts)
{
	uint32_t stamp;

	open_far(r, opts);
	r->mss = rig_conn(r)->mss;
	rig_write(r, 10 * r->mss);
	rig_drop_output(r);
	stamp = r->p->ts_seen;
	MS(RTT_MS);
	rig_report(r, 0, 1, 5);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(rig_conn(r)->ssthresh, 7 * r->mss);
	return stamp;
}

/* RFC 3522 section 3.2: the answer's timestamp is that of the original. RFC 4015 section 3.2. */
static void original_comes_late(struct rig *r)
{
	uint32_t stamp = recover_for_nothing(r, TCP_OPT_TS);

	IN(TCP_ACK, .seq = 1, .ack = 1 + 6 * r->mss, .ts_ecr = stamp);
	EQ(COUNTER(UNDONE), 1);
	EQ(rig_conn(r)->flags & TCP_F_RECOVERY, 0);
	TRUE(rig_conn(r)->ssthresh > 10 * r->mss);
	TRUE(rig_conn(r)->cwnd >=
		10 * r->mss); /* what is in flight, and all that was acknowledged */
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
}

static void it_was_lost_indeed(struct rig *r)
{
	recover_for_nothing(r, TCP_OPT_TS);
	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(UNDONE), 0);
	EQ(rig_conn(r)->ssthresh, 7 * r->mss);
}

/* RFC 3708 section 3: without timestamps the report of what came twice tells, a little later. */
static void both_arrive(struct rig *r)
{
	recover_for_nothing(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(UNDONE), 0);
	MS(RTT_MS);
	rig_report(r, 10, 0, 1);
	EQ(COUNTER(UNDONE), 1);
	TRUE(rig_conn(r)->ssthresh >= 10 * r->mss);
	rig_report(r, 10, 0, 1); /* once is enough */
	EQ(COUNTER(UNDONE), 1);
}

/*
 * From then on reports alone say nothing: a reordering window has to pass. New data goes out
 * meanwhile, a segment for each that is reported.
 */
static void wait_is_longer_then(struct rig *r)
{
	uint32_t stamp = recover_for_nothing(r, TCP_OPT_TS);

	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss, .ts_ecr = stamp);
	rig_conn(r)->cwnd = 10 * r->mss;
	rig_write(r, 20 * r->mss);
	rig_drop_output(r);
	rig_report(r, 10, 11, 16);
	for (uint32_t i = 20; i < 25; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	MS(WINDOW_MS - 5);
	QUIET();
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	WAIT(5);
	OUT(TCP_ACK, .seq = 1 + 10 * r->mss, .ack = 1, .len = r->mss);
	EQ(COUNTER(FAST_RETRANSMITS), 2);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 20 * r->mss);
	rig_drop_output(r);
	EQ(COUNTER(TIMEOUTS), 0);
}

/* … and what comes in time was not lost. */
static void it_comes_in_time(struct rig *r)
{
	uint32_t stamp = recover_for_nothing(r, TCP_OPT_TS);

	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss, .ts_ecr = stamp);
	rig_write(r, 10 * r->mss);
	rig_drop_output(r);
	rig_report(r, 10, 11, 16);
	MS(WINDOW_MS - 5);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 20 * r->mss);
	MS(2 * WINDOW_MS);
	QUIET();
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	EQ(COUNTER(RETRANSMITTED), 1);
}

/*
 * What was sent again is lost again: reports of what was sent still later come, and the timeout is
 * not waited for. RFC 5681 section 4.3: the window pays twice.
 */
static void lost_again(struct rig *r)
{
	open_far(r, 0);
	rig_write(r, 30 * r->mss);
	rig_drop_output(r);
	MS(RTT_MS);
	rig_report(r, 0, 1, 5);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	rig_report(r, 0, 1, 9);
	rig_drop_output(r);
	EQ(COUNTER(RETRANSMITTED), 1);
	MS(RTT_MS + WINDOW_MS - 5);
	rig_report(r, 0, 1, 10);
	EQ(COUNTER(LOST_AGAIN), 0); /* that may have been sent before it */
	rig_drop_output(r);
	MS(10);
	rig_report(r, 0, 1, 10);
	EQ(COUNTER(LOST_AGAIN), 0); /* nothing new */
	rig_report(r, 0, 1, 11);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(COUNTER(LOST_AGAIN), 1);
	EQ(rig_conn(r)->ssthresh, 7 * r->mss / 10 * 7);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 11 * r->mss);
	rig_drop_output(r);
	EQ(COUNTER(TIMEOUTS), 0);
}

/*
 * All that was sent again is lost again: all of it is found at once, and the window pays once a
 * round trip.
 */
static void several_are_lost_again(struct rig *r)
{
	uint32_t ssthresh;

	open_far(r, 0);
	rig_write(r, 60 * r->mss);
	rig_drop_output(r);
	MS(RTT_MS);
	rig_report(r, 0, 3, 10);
	for (uint32_t i = 0; i < 3; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	rig_drop_output(r);
	for (uint32_t round = 1; round <= 2; round++) {
		uint32_t sent = (rig_conn(r)->snd_max - rig_conn(r)->snd_una) / r->mss;

		ssthresh = rig_conn(r)->ssthresh;
		MS(RTT_MS + WINDOW_MS + 5);
		rig_report(r, 0, 3, sent); /* all new data has come: four, and then one */
		for (uint32_t i = 0; i < 3; i++) {
			if (round == 2 && i == 1) /* RFC 9937: as many go as came, and one more */
				rig_report(r, 1, 3, sent);
			OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
		}
		rig_drop_output(r);
		EQ(COUNTER(LOST_AGAIN), round); /* runs of them */
		EQ(rig_conn(r)->ssthresh, ssthresh / 10 * 7);
	}
	EQ(COUNTER(RETRANSMITTED), 9);
	IN(TCP_ACK, .seq = 1, .ack = rig_conn(r)->snd_max - r->p->our_isn);
	rig_drop_output(r);
	EQ(COUNTER(TIMEOUTS), 0);
}

/*
 * The first of ten is lost, and the last four, of which nothing can be reported. When the first has
 * come that was sent again, they were sent before it (RFC 8985 section 6.2): the next is what the
 * peer waits for (RFC 6582), and a reordering window later the others are lost as well.
 */
static void what_went_again_overtakes_the_rest(struct rig *r)
{
	open_far(r, 0);
	SEGMENTS(10);
	MS(RTT_MS);
	rig_report(r, 0, 1, 6);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 6 * r->mss);
	OUT(TCP_ACK, .seq = 1 + 6 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	WAIT(WINDOW_MS);
	for (uint32_t i = 7; i < 10; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(rig_conn(r)->sacked, 0);
}

/* … but what was sent for the first time after it is not. */
static void what_was_sent_later_is_not_overtaken(struct rig *r)
{
	open_far(r, 0);
	SEGMENTS(10);
	MS(RTT_MS);
	rig_report(r, 0, 1, 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	rig_write(r, 2 * r->mss);
	OUT(TCP_ACK, .seq = 1 + 10 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 11 * r->mss, .ack = 1, .len = r->mss);
	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	MS(WINDOW_MS + 5);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 12 * r->mss);
	EQ(COUNTER(RETRANSMITTED), 1);
	EQ(rig_conn(r)->sacked, 0);
}

/* The first and the sixth of ten are sent again, gap_ms apart, and the sixth comes. */
static void overtake(struct rig *r, uint32_t gap_ms, uint32_t comes_ms)
{
	open_far(r, 0);
	SEGMENTS(10);
	MS(RTT_MS);
	rig_report(r, 0, 1, 5);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	MS(gap_ms);
	rig_report(r, 0, 6, 10);
	OUT(TCP_ACK, .seq = 1 + 5 * r->mss, .ack = 1, .len = r->mss);
	MS(comes_ms);
	rig_report(r, 0, 1, 10);
}

/* There need be no new data: what was sent again later tells as well. */
static void one_overtakes_the_other(struct rig *r)
{
	overtake(r, WINDOW_MS + 5, RTT_MS);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(COUNTER(LOST_AGAIN), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
}

/* … and where nothing else comes, the end of the reordering window. */
static void time_tells_of_the_other(struct rig *r)
{
	overtake(r, 10, RTT_MS);
	QUIET();
	WAIT(WINDOW_MS);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(COUNTER(LOST_AGAIN), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
}

/* What was sent again at about the same time, and is lost again, costs the window once. */
static void the_window_pays_once_a_round_trip(struct rig *r)
{
	uint32_t ssthresh;

	open_far(r, 0);
	rig_write(r, 60 * r->mss);
	rig_drop_output(r);
	MS(RTT_MS);
	rig_report(r, 0, 1, 5);
	rig_drop_output(r);
	MS(10);
	rig_report(r, 0, 6, 10);
	rig_drop_output(r);
	MS(RTT_MS + WINDOW_MS - 4);
	rig_report(r, 0, 6, 11);
	EQ(COUNTER(LOST_AGAIN), 1);
	ssthresh = rig_conn(r)->ssthresh;
	rig_drop_output(r);
	MS(12);
	rig_report(r, 0, 6, (rig_conn(r)->snd_max - rig_conn(r)->snd_una) / r->mss);
	EQ(COUNTER(LOST_AGAIN), 2);
	EQ(rig_conn(r)->ssthresh, ssthresh);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = rig_conn(r)->snd_max - r->p->our_isn);
	rig_drop_output(r);
}

/* What comes sooner than a round trip after it was sent again is the original: it tells nothing. */
static void the_original_tells_nothing(struct rig *r)
{
	overtake(r, RTT_MS + WINDOW_MS, RTT_MS / 4);
	QUIET();
	EQ(COUNTER(LOST_AGAIN), 0);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
}

/*
 * Nor need there be a report: what is acknowledged tells as well. The first, the third and the
 * seventh of ten go again one after the other; the third comes, which tells of the first; that
 * comes the next time, and tells of the seventh.
 */
static void an_acknowledgement_tells_of_the_other(struct rig *r)
{
	open_far(r, 0);
	SEGMENTS(10);
	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 2,
		.sack = {{1 + 3 * r->mss, 1 + 5 * r->mss}, {1 + r->mss, 1 + 2 * r->mss}});
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	MS(5);
	rig_report(r, 0, 3, 6);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	MS(10);
	rig_report(r, 0, 7, 10);
	OUT(TCP_ACK, .seq = 1 + 6 * r->mss, .ack = 1, .len = r->mss);
	MS(RTT_MS + WINDOW_MS - 13);
	QUIET();
	rig_report(r, 0, 1, 6);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(COUNTER(LOST_AGAIN), 1);
	MS(RTT_MS);
	QUIET();
	rig_report(r, 6, 7, 10);
	OUT(TCP_ACK, .seq = 1 + 6 * r->mss, .ack = 1, .len = r->mss);
	EQ(COUNTER(LOST_AGAIN), 2);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
}

/* A recovery is undone while something else that was sent again is on its way, and gets lost. */
static void lost_after_all(struct rig *r)
{
	uint32_t stamp;

	open_far(r, TCP_OPT_TS);
	r->mss = rig_conn(r)->mss;
	rig_write(r, 10 * r->mss);
	rig_drop_output(r);
	stamp = r->p->ts_seen;
	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 2,
		.sack = {{1 + r->mss, 1 + 2 * r->mss}, {1 + 3 * r->mss, 1 + 10 * r->mss}});
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss, .ts_ecr = stamp, .n_sack = 1,
		.sack = {{1 + 3 * r->mss, 1 + 10 * r->mss}});
	EQ(COUNTER(UNDONE), 1);
	QUIET();
	WAIT(WINDOW_MS);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	EQ(COUNTER(FAST_RETRANSMITS), 2);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
}

const struct tcp_case reorder_cases[] = {
	{"original_comes_late", original_comes_late, NULL, 0},
	{"it_was_lost_indeed", it_was_lost_indeed, NULL, 0},
	{"both_arrive", both_arrive, NULL, 0},
	{"wait_is_longer_then", wait_is_longer_then, NULL, 0},
	{"it_comes_in_time", it_comes_in_time, NULL, 0},
	{"lost_again", lost_again, NULL, 0},
	{"what_went_again_overtakes_the_rest", what_went_again_overtakes_the_rest, NULL, 0},
	{"what_was_sent_later_is_not_overtaken", what_was_sent_later_is_not_overtaken, NULL, 0},
	{"several_are_lost_again", several_are_lost_again, NULL, 0},
	{"one_overtakes_the_other", one_overtakes_the_other, NULL, 0},
	{"time_tells_of_the_other", time_tells_of_the_other, NULL, 0},
	{"an_acknowledgement_tells_of_the_other", an_acknowledgement_tells_of_the_other, NULL, 0},
	{"the_window_pays_once_a_round_trip", the_window_pays_once_a_round_trip, NULL, 0},
	{"the_original_tells_nothing", the_original_tells_nothing, NULL, 0},
	{"lost_after_all", lost_after_all, NULL, 0},
	{0},
};
