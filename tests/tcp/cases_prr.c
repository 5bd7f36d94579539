/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many segments each ACK lets out in recovery: RFC 9937 section 6.2, counted in segments. What
 * the tables expect are the RFC's equations done by hand, or what its examples say.
 */
#include "cases.h"

/* n segments are in flight, which is all that the window allows, and more wait. */
static void fill_window(struct rig *r, uint32_t n)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_conn(r)->cwnd = n * r->mss;
	rig_write(r, 50 * r->mss);
	rig_drop_output(r);
	EQ(rig_conn(r)->snd_max - rig_conn(r)->snd_una, n * r->mss);
}

/* So many segments came out, and they are gone. */
static uint32_t sent(struct rig *r)
{
	uint32_t before = r->n_seen;
	uint32_t n = r->t.n_tx - before;

	rig_drop_output(r);
	return n;
}

/*
 * The first of twenty is lost. RFC 3042 lets two out; then fourteen of the twenty that the window
 * held are to be left: each report makes ceil(reports * 14 / 20), less what has gone.
 */
static void window_shrinks_evenly(struct rig *r)
{
	static const uint8_t expected[] = {1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1};

	fill_window(r, 20);
	for (uint32_t to = 2; to <= 3; to++) {
		rig_report(r, 0, 1, to);
		EQ(sent(r), 1);
	}
	for (uint32_t i = 0; i < sizeof(expected); i++) {
		rig_report(r, 0, 1, 4 + i);
		EQ(sent(r), expected[i]);
	}
	EQ(COUNTER(RETRANSMITTED), 1);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 20 * r->mss);
	EQ(rig_conn(r)->cwnd, 14 * r->mss); /* section 6.4 */
	EQ(rig_conn(r)->ssthresh, 14 * r->mss);
}

/* Reports of many let out what as many reports of one would have. */
static void reports_of_many(struct rig *r)
{
	fill_window(r, 20);
	rig_report(r, 0, 1, 5);
	EQ(sent(r), 3); /* ceil(4 * 14 / 20) */
	rig_report(r, 0, 1, 8);
	EQ(sent(r), 2); /* ceil(7 * 14 / 20) - 3 */
	rig_report(r, 0, 1, 11);
	EQ(sent(r), 0); /* fourteen are in flight */
	rig_report(r, 0, 1, 12);
	EQ(sent(r), 1);
}

/* So do several in one burst, which is answered at its end. */
static void reports_in_a_burst(struct rig *r)
{
	fill_window(r, 20);
	rig_report(r, 0, 1, 2);
	rig_report(r, 0, 1, 3);
	rig_drop_output(r);
	r->no_flush = true;
	for (uint32_t to = 4; to <= 7; to++)
		rig_report(r, 0, 1, to);
	FLUSH();
	EQ(sent(r), 3); /* ceil(4 * 14 / 20) */
}

/*
 * The first fifteen of twenty are lost (RFC 6937 section 3.1, the second example): "N N R R R",
 * where RFC 6675 sends at once what ssthresh has room for.
 */
static void most_are_lost(struct rig *r)
{
	fill_window(r, 20);
	for (uint32_t to = 16; to <= 20; to++) {
		rig_report(r, 0, 15, to);
		EQ(sent(r), 1);
	}
	EQ(COUNTER(RETRANSMITTED), 3);
}

/* … and when what went again comes, one more for each ACK: slow start in recovery. */
static void most_are_lost_and_it_goes_well(struct rig *r)
{
	most_are_lost(r);
	for (uint32_t acked = 1; acked <= 3; acked++) {
		rig_report(r, acked, 15, 20);
		EQ(sent(r), 2);
	}
	EQ(COUNTER(RETRANSMITTED), 3 + 6);
}

/*
 * "SND.UNA advances and no further loss indicated": an ACK that tells of new losses lets out as
 * much as it says has come.
 */
static void new_losses_are_not_safe(struct rig *r)
{
	fill_window(r, 20);
	rig_report(r, 0, 8, 11); /* eight are lost, nine in flight */
	EQ(sent(r), 3);
	/* The first has come, and three that tell of another hole. */
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss, .n_sack = 2,
		.sack = {{1 + 14 * r->mss, 1 + 17 * r->mss}, {1 + 8 * r->mss, 1 + 11 * r->mss}});
	EQ(sent(r), 4);
}

/* Without new reports time finds the rest lost: that lets out nothing. */
static void time_lets_out_nothing(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_report(r, 0, 6, 7);
	MS(4); /* the reordering window: no report has come since */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss); /* "Force a fast retransmit" */
	QUIET();
	rig_report(r, 0, 6, 8);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	QUIET();
	rig_report(r, 1, 6, 8);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
}

/* What the application did not send when it might have, it may send later (section 9, banked). */
static void the_application_is_late(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	for (uint32_t to = 2; to <= 8; to++)
		rig_report(r, 0, 1, to);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET(); /* five have come, and one has gone; three are in flight, of seven */
	rig_write(r, 10 * r->mss);
	EQ(sent(r), 4);
}

/* The window is that of before when the loss was none, however little was in flight meanwhile. */
static void undone(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_report(r, 0, 7, 10);
	EQ(sent(r), 3);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss, .n_sack = 1, .sack = {{1, 1 + r->mss}});
	EQ(COUNTER(UNDONE), 1);
	TRUE(rig_conn(r)->cwnd >= 10 * r->mss);
	rig_write(r, 20 * r->mss);
	TRUE(sent(r) >= 10);
}

/*
 * Recovery has lasted, and has sent far beyond what the peer waits for. The window is that of
 * before: ten segments, and one for each that is acknowledged (RFC 4015 section 3.2), but not all
 * that lies behind the first gap.
 */
static void undone_after_long(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	SEGMENTS(10);
	rig_write(r, 40 * r->mss);
	for (uint32_t i = 0; i < 5; i++) {
		uint32_t end = rig_conn(r)->snd_max - r->p->our_isn;

		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 2,
			.sack = {{1 + 6 * r->mss, end}, {1 + r->mss, 1 + 5 * r->mss}});
	}
	TRUE(rig_conn(r)->snd_max - rig_conn(r)->snd_una > 25 * r->mss);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 5 * r->mss, .n_sack = 1, .sack = {{1, 1 + r->mss}});
	EQ(COUNTER(UNDONE), 1);
	TRUE(rig_conn(r)->cwnd <= 20 * r->mss);
	TRUE(sent(r) <= 10);
}

/* A small segment comes: what is lost, and longer, goes all the same. */
static void a_small_one_came(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	rig_write(r, 3 * r->mss);
	rig_write(r, 10);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 1, .sack = {{1 + 3 * r->mss, 11 + 3 * r->mss}});
	MS(4);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss, .n_sack = 1,
		.sack = {{1 + 3 * r->mss, 11 + 3 * r->mss}});
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 11 + 3 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
}

const struct tcp_case prr_cases[] = {
	{"window_shrinks_evenly", window_shrinks_evenly, NULL, 0},
	{"reports_of_many", reports_of_many, NULL, 0},
	{"reports_in_a_burst", reports_in_a_burst, NULL, 0},
	{"most_are_lost", most_are_lost, NULL, 0},
	{"most_are_lost_and_it_goes_well", most_are_lost_and_it_goes_well, NULL, 0},
	{"new_losses_are_not_safe", new_losses_are_not_safe, NULL, 0},
	{"time_lets_out_nothing", time_lets_out_nothing, NULL, 0},
	{"the_application_is_late", the_application_is_late, NULL, 0},
	{"undone", undone, NULL, 0},
	{"undone_after_long", undone_after_long, NULL, 0},
	{"a_small_one_came", a_small_one_came, NULL, 0},
	{0},
};
