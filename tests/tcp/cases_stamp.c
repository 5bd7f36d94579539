/* SPDX-License-Identifier: BSD-2-Clause */
/* Timestamps: RFC 7323 sections 3 to 5. */
#include "cases.h"

static void delayed_ack_echoes_the_first(struct rig *r)
{
	/* Section 4.3, case (A) */
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 6000);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10, .ts_val = 6001);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 21, .ts_ecr = 6000);
	IN(TCP_ACK, .seq = 21, .ack = 1, .len = 10, .ts_val = 6002);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 31, .ts_ecr = 6002);
}

static void gap_echoes_the_last_in_order(struct rig *r)
{
	/* Section 4.3, case (B) */
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 6000);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .ts_ecr = 6000);
	IN(TCP_ACK, .seq = 21, .ack = 1, .len = 10, .ts_val = 6002);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .ts_ecr = 6000);
	IN(TCP_ACK, .seq = 31, .ack = 1, .len = 10, .ts_val = 6003);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .ts_ecr = 6000);
	/* Case (C): the segment that fills the hole */
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10, .ts_val = 6001);
	OUT(TCP_ACK, .seq = 1, .ack = 41, .ts_ecr = 6001);
}

static void retransmission_after_a_gap(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10, .ts_val = 6001);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .ts_ecr = 5000);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 6200);
	OUT(TCP_ACK, .seq = 1, .ack = 21, .ts_ecr = 6200);
}

#define SYN_OPTS (TCP_OPT_MSS | TCP_OPT_TS)

static void expect_syn_ack(struct rig *r, uint32_t ts_ecr)
{
	OUT(SYN_ACK, .ack = 1, .opts = SYN_OPTS, .mss = (uint16_t)r->mss, .ts_ecr = ts_ecr);
}

/* SEG.TSval >= TS.Recent and SEG.SEQ <= Last.ACK.sent: section 4.3 (2) */
static void syn_again_with_a_newer_stamp(struct rig *r)
{
	IN(TCP_SYN, .opts = SYN_OPTS, .mss = 1460, .ts_val = 6000);
	expect_syn_ack(r, 6000);
	IN(TCP_SYN, .opts = SYN_OPTS, .mss = 1460, .ts_val = 7000);
	expect_syn_ack(r, 7000);
	IN(TCP_SYN, .opts = SYN_OPTS, .mss = 1460, .ts_val = 6500); /* a copy that was overtaken */
	expect_syn_ack(r, 7000);
	WAIT(1000); /* our own timer */
	expect_syn_ack(r, 7000);
	IN(TCP_ACK, .seq = 1, .ack = 1, .ts_val = 6999); /* and PAWS goes by it */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .ts_ecr = 7000);
	STATE(TCP_SYN_RECEIVED);
	IN(TCP_ACK, .seq = 1, .ack = 1, .ts_val = 7000);
	EVENTS(TCP_EV_OPENED);
}

static void syn_again_without_an_agreement(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_SYN, .opts = SYN_OPTS, .mss = 1460, .ts_val = 7000);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	EQ(rig_conn(r)->ts_recent, 0);
}

static void simultaneous_open_takes_the_newer_stamp(struct rig *r)
{
	rig_connect(r);
	OUT(TCP_SYN, .opts = SYN_OPTS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK, .mss = (uint16_t)r->mss);
	IN(TCP_SYN, .opts = SYN_OPTS, .mss = 1460, .ts_val = 6000);
	expect_syn_ack(r, 6000);
	IN(SYN_ACK, .ack = 1, .opts = SYN_OPTS, .mss = 1460, .ts_val = 6100);
	EVENTS(TCP_EV_OPENED);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .ts_ecr = 6100);
}

static void clock_runs(struct rig *r)
{
	uint32_t first;

	OPEN(TCP_OPT_TS);
	rig_write(r, 10);
	first = r->tx[0].ts_val;
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	IN(TCP_ACK, .seq = 1, .ack = 11);
	MS(1024);
	rig_write(r, 10);
	/* Section 4.1: between 1 ms and 1 s a tick, at a steady rate; ours is 1.024 ms. */
	TRUE(r->tx[0].ts_val - first >= 999 && r->tx[0].ts_val - first <= 1001);
	OUT(TCP_ACK, .seq = 11, .ack = 1, .len = 10);
}

static void clocks_differ_by_peer(struct rig *r)
{
	uint32_t first;

	IN(TCP_SYN, .opts = TCP_OPT_TS | TCP_OPT_MSS, .mss = 1460);
	first = r->tx[0].ts_val;
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_TS | TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	rig_peer(r, 1);
	IN(TCP_SYN, .opts = TCP_OPT_TS | TCP_OPT_MSS, .mss = 1460);
	TRUE(r->tx[0].ts_val != first); /* section 5.4, and 7: no uptime given away */
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_TS | TCP_OPT_MSS, .mss = (uint16_t)r->mss);
}

static void paws(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 4999);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .ts_ecr = 5000); /* section 5.3, R1 */
	EQ(COUNTER(DROP_PAWS), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 5000); /* equal is new enough */
	EQ(r->p->n_read, 10);
}

/* As U-Boot's: its SYN has 0, and what follows the time of a clock that may stand anywhere. */
static void a_clock_that_begins_after_the_syn(struct rig *r)
{
	r->p->ts_val = 0;
	IN(TCP_SYN, .opts = SYN_OPTS, .mss = 1460);
	expect_syn_ack(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .ts_val = 0xc9d70000);
	EVENTS(TCP_EV_OPENED);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 0xc9d70001);
	EQ(r->p->n_read, 10);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .ts_ecr = 0xc9d70001);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10, .ts_val = 0xc9d70000); /* PAWS from here on */
	OUT(TCP_ACK, .seq = 1, .ack = 11, .ts_ecr = 0xc9d70001);
	EQ(COUNTER(DROP_PAWS), 1);
}

static void paws_across_the_wrap(struct rig *r)
{
	r->p->ts_val = UINT32_MAX - 1;
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 3);
	EQ(r->p->n_read, 10);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .ts_ecr = 3);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10, .ts_val = UINT32_MAX);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .ts_ecr = 3);
	EQ(r->p->n_read, 10);
}

static void old_ack_does_not_count(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .ts_val = 6000);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	IN(TCP_ACK, .seq = 1, .ack = 11, .ts_val = 5999);
	OUT(TCP_ACK, .seq = 11, .ack = 1);
	EQ(r->p->conn->sendq.n_bytes, 10);
}

static void rst_is_not_subject_to_paws(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	/* Section 5.2: RSTs carry old timestamps, or none. */
	IN(TCP_RST, .seq = 1, .opts = TCP_OPT_TS, .ts_val = 1);
	EVENTS(TCP_EV_GONE);
	rig_reopen(r, r->isn);
	OPEN(TCP_OPT_TS);
	IN(TCP_RST, .seq = 1);
	EVENTS(TCP_EV_GONE);
}

static void missing(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .no_ts = true); /* section 3.2: dropped */
	QUIET();
	EQ(r->p->n_read, 0);
	EQ(COUNTER(DROP_PAWS), 1);
	IN(FIN_ACK, .seq = 1, .ack = 1, .no_ts = true);
	QUIET();
	STATE(TCP_ESTABLISHED);
}

/* Those of Microsoft's and Apple's stacks: who gets no answer resets the connection. */
static void missing_in_keepalive_probes(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	IN(TCP_ACK, .seq = 10, .ack = 1, .no_ts = true);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	IN(TCP_ACK, .seq = 10, .ack = 1, .len = 1, .no_ts = true);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	IN(TCP_ACK, .seq = 9, .ack = 1, .len = 2, .no_ts = true); /* these are none */
	IN(TCP_ACK, .seq = 10, .ack = 1, .len = 2, .no_ts = true);
	IN(FIN_ACK, .seq = 10, .ack = 1, .no_ts = true);
	QUIET();
	EQ(r->p->n_read, 10);
	STATE(TCP_ESTABLISHED);
}

static void missing_when_zero_would_be_newer(struct rig *r)
{
	r->p->ts_val = 3000000000;
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .no_ts = true);
	QUIET();
	EQ(r->p->n_read, 0);
	EQ(COUNTER(DROP_PAWS), 1);
}

static void not_agreed(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .opts = TCP_OPT_TS, .ts_val = 77);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10, .opts = TCP_OPT_TS, .ts_val = 5);
	EQ(r->p->n_read, 20); /* section 3.2: ignored */
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 21);
}

static void outside_the_window_changes_nothing(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 70000, .ack = 1, .len = 10, .ts_val = 9000000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .ts_ecr = 5000);
	IN(TCP_ACK, .seq = (uint32_t)-70000, .ack = 1, .len = 10, .ts_val = 9000000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .ts_ecr = 5000);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 5001);
	EQ(r->p->n_read, 10);
}

/* RFC 5961 section 5.2: with an ACK that cannot be the peer's, nothing in a segment is its own. */
static void unacceptable_ack_changes_nothing(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	IN(FIN_ACK, .seq = 1, .ack = 9999, .len = 10, .ts_val = 9000000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .ts_ecr = 5000);
	IN(TCP_ACK, .seq = 1, .ack = (uint32_t)-70000, .len = 10, .ts_val = 9000000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .ts_ecr = 5000);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 5001);
	EQ(r->p->n_read, 10);
	EQ(COUNTER(DROP_PAWS), 0);
}

/* RFC 7323 section 3.2: "SHOULD be sent in an <RST> segment". */
static void our_rst_carries_one(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 5001);
	rig_abort(r);
	OUT(RST_ACK, .seq = 1, .ack = 11, .opts = TCP_OPT_TS, .ts_ecr = 5001);
}

static void duplicate_does_not_move_it(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 6000);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .ts_ecr = 6000);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 6005); /* below the window */
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10, .ts_val = 6002);
	EQ(r->p->n_read, 20); /* and so does not make the next one old */
}

static void half_a_window_of_time(struct rig *r)
{
	/* A difference of exactly 2^31 is old; one less is new. */
	OPEN(TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 5000 + (1u << 31));
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EQ(r->p->n_read, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 5000 + (1u << 31) - 1);
	EQ(r->p->n_read, 10);
}

const struct tcp_case stamp_cases[] = {
	{"delayed_ack_echoes_the_first", delayed_ack_echoes_the_first, NULL, 0},
	{"gap_echoes_the_last_in_order", gap_echoes_the_last_in_order, NULL, 0},
	{"retransmission_after_a_gap", retransmission_after_a_gap, NULL, 0},
	{"syn_again_with_a_newer_stamp", syn_again_with_a_newer_stamp, NULL, 0},
	{"syn_again_without_an_agreement", syn_again_without_an_agreement, NULL, 0},
	{"simultaneous_open_takes_the_newer_stamp", simultaneous_open_takes_the_newer_stamp, NULL,
		0},
	{"clock_runs", clock_runs, NULL, 0},
	{"clocks_differ_by_peer", clocks_differ_by_peer, NULL, 0},
	{"paws", paws, NULL, 0},
	{"a_clock_that_begins_after_the_syn", a_clock_that_begins_after_the_syn, NULL, 0},
	{"paws_across_the_wrap", paws_across_the_wrap, NULL, 0},
	{"old_ack_does_not_count", old_ack_does_not_count, NULL, 0},
	{"rst_is_not_subject_to_paws", rst_is_not_subject_to_paws, NULL, 0},
	{"missing", missing, NULL, 0},
	{"missing_in_keepalive_probes", missing_in_keepalive_probes, NULL, 0},
	{"missing_when_zero_would_be_newer", missing_when_zero_would_be_newer, NULL, 0},
	{"not_agreed", not_agreed, NULL, 0},
	{"outside_the_window_changes_nothing", outside_the_window_changes_nothing, NULL, 0},
	{"unacceptable_ack_changes_nothing", unacceptable_ack_changes_nothing, NULL, 0},
	{"our_rst_carries_one", our_rst_carries_one, NULL, 0},
	{"duplicate_does_not_move_it", duplicate_does_not_move_it, NULL, 0},
	{"half_a_window_of_time", half_a_window_of_time, NULL, 0},
	{0},
};
