/* SPDX-License-Identifier: BSD-2-Clause */
/* Data from the peer, in and out of order, and its acknowledgement: RFC 9293 section 3.8.6, 5681
 * section 4.2, 2018. */
#include "cases.h"

static void answer_carries_the_ack(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 0; i < 5; i++) {
		r->no_flush = true;
		IN(TCP_ACK | TCP_PSH, .seq = 1 + 80 * i, .ack = 1 + 120 * i, .len = 80);
		rig_write(r, 120);
		FLUSH();
		OUT(TCP_ACK | TCP_PSH, .seq = 1 + 120 * i, .ack = 81 + 80 * i, .len = 120);
		QUIET(); /* one packet in, one packet out */
	}
	r->no_flush = false;
	IN(TCP_ACK, .seq = 401, .ack = 601);
	MS(1000);
	QUIET();
}

static void ack_is_delayed(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 80);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 81);
	EQ(COUNTER(DELAYED_ACKS), 1);
	MS(1000);
	QUIET();
}

static void delay_counts_from_the_first(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 80);
	MS(30);
	IN(TCP_ACK, .seq = 81, .ack = 1, .len = 80);
	WAIT(10);
	OUT(TCP_ACK, .seq = 1, .ack = 161);
	MS(1000);
	QUIET();
}

static void answer_within_the_delay(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 80);
	MS(20);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1, .ack = 81, .len = 10);
	IN(TCP_ACK, .seq = 81, .ack = 11);
	MS(1000);
	QUIET();
}

static void every_second_full_segment(struct rig *r)
{
	uint32_t seq = 1;

	OPEN(0);
	for (uint32_t i = 0; i < 6; i++) {
		IN(TCP_ACK, .seq = seq, .ack = 1, .len = r->mss);
		seq += r->mss;
		QUIET();
		IN(TCP_ACK, .seq = seq, .ack = 1, .len = r->mss);
		seq += r->mss;
		OUT(TCP_ACK, .seq = 1, .ack = seq);
	}
	EQ(r->p->n_read, 12 * r->mss);
	MS(100);
	QUIET();
}

static void every_second_full_segment_with_timestamps(struct rig *r)
{
	uint32_t len = r->mss - 12;

	OPEN(TCP_OPT_TS);
	for (uint32_t i = 0; i < 6; i++) {
		IN(TCP_ACK, .seq = 1 + 2 * i * len, .ack = 1, .len = len);
		QUIET();
		IN(TCP_ACK, .seq = 1 + (2 * i + 1) * len, .ack = 1, .len = len);
		OUT(TCP_ACK, .seq = 1, .ack = 1 + (2 * i + 2) * len);
	}
}

static void burst_is_acked_once(struct rig *r)
{
	OPEN(0);
	r->no_flush = true;
	for (uint32_t i = 0; i < 10; i++)
		IN(TCP_ACK, .seq = 1 + i * 1000, .ack = 1, .len = 1000);
	FLUSH();
	OUT(TCP_ACK, .seq = 1, .ack = 10001);
	QUIET();
}

static void gap(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 500);
	OUT(TCP_ACK, .seq = 1, .ack = 1); /* at once: RFC 5681 section 4.2 */
	IN(TCP_ACK, .seq = 1501, .ack = 1, .len = 500);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 1000); /* an exact fill */
	OUT(TCP_ACK, .seq = 1, .ack = 2001);
	EVENTS(TCP_EV_DATA);
	EQ(r->p->n_read, 2000);
}

static void two_gaps(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 3001, .ack = 1, .len = 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 1000); /* the first is filled, one remains */
	OUT(TCP_ACK, .seq = 1, .ack = 2001);
	EQ(r->p->n_read, 2000);
	IN(TCP_ACK, .seq = 2001, .ack = 1, .len = 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 4001);
	EQ(r->p->n_read, 4000);
}

static void reversed(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 19; i > 0; i--) {
		IN(TCP_ACK, .seq = 1 + i * 700, .ack = 1, .len = 700);
		OUT(TCP_ACK, .seq = 1, .ack = 1);
	}
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 700);
	OUT(TCP_ACK, .seq = 1, .ack = 14001);
	EQ(r->p->n_read, 14000);
}

static void overlaps(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 501, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 401, .ack = 1, .len = 700);  /* wider on both sides */
	IN(TCP_ACK, .seq = 601, .ack = 1, .len = 100);  /* within */
	IN(TCP_ACK, .seq = 301, .ack = 1, .len = 200);  /* over the left edge */
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 200); /* over the right edge */
	rig_drop_output(r);
	EQ(r->p->n_read, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 450);
	OUT(TCP_ACK, .seq = 1, .ack = 1201);
	EQ(r->p->n_read, 1200);
}

static void half_old_half_new(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 1000);
	IN(TCP_ACK, .seq = 501, .ack = 1, .len = 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 1501);
	EQ(r->p->n_read, 1500);
}

static void one_segment_fills_all_gaps(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 1; i < 6; i += 2)
		IN(TCP_ACK, .seq = 1 + i * 200, .ack = 1, .len = 200);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 1300);
	OUT(TCP_ACK, .seq = 1, .ack = 1301);
	EQ(r->p->n_read, 1300);
}

static void duplicates(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 101);
	for (uint32_t i = 0; i < 3; i++) {
		IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
		OUT(TCP_ACK, .seq = 1, .ack = 101);
	}
	IN(TCP_ACK, .seq = 51, .ack = 1, .len = 50); /* a part of it */
	OUT(TCP_ACK, .seq = 1, .ack = 101);
	EQ(r->p->n_read, 100);
}

static void out_of_order_duplicates(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 0; i < 5; i++) {
		IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 100);
		OUT(TCP_ACK, .seq = 1, .ack = 1);
	}
	EQ(r->chunks.n_total - r->chunks.n_free, 1);
}

static void sack_blocks(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 500);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .opts = TCP_OPT_SACK, .n_sack = 1, .sack = {{1001, 1501}});
	IN(TCP_ACK, .seq = 3001, .ack = 1, .len = 500);
	/* RFC 2018 section 4: the newest first */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .opts = TCP_OPT_SACK, .n_sack = 2,
		.sack = {{3001, 3501}, {1001, 1501}});
	IN(TCP_ACK, .seq = 1501, .ack = 1, .len = 500); /* it joins the first: the whole block */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .opts = TCP_OPT_SACK, .n_sack = 2,
		.sack = {{1001, 2001}, {3001, 3501}});
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 2001, .opts = TCP_OPT_SACK, .n_sack = 1,
		.sack = {{3001, 3501}});
	IN(TCP_ACK, .seq = 2001, .ack = 1, .len = 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 3501);
}

/*
 * RFC 2018 section 4: behind the range that what came belongs to stand those that were reported
 * most recently, so that each is said several times.
 */
static void latest_ranges_first(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	for (uint32_t i = 1; i <= 4; i++)
		IN(TCP_ACK, .seq = 1 + i * 2000, .ack = 1, .len = 1000);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 10001, .ack = 1, .len = 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .opts = TCP_OPT_SACK, .n_sack = 4,
		.sack = {{10001, 11001}, {8001, 9001}, {6001, 7001}, {4001, 5001}});
	IN(TCP_ACK, .seq = 3001, .ack = 1, .len = 1000); /* joins the first two */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .opts = TCP_OPT_SACK, .n_sack = 4,
		.sack = {{2001, 5001}, {10001, 11001}, {8001, 9001}, {6001, 7001}});
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 2000); /* what the first was for has come */
	OUT(TCP_ACK, .seq = 1, .ack = 5001, .opts = TCP_OPT_SACK, .n_sack = 3,
		.sack = {{10001, 11001}, {8001, 9001}, {6001, 7001}});
}

static void sack_blocks_are_limited(struct rig *r)
{
	uint32_t max = 4;

	OPEN(TCP_OPT_SACK_OK);
	for (uint32_t i = 1; i < 9; i++) {
		IN(TCP_ACK, .seq = 1 + i * 2000, .ack = 1, .len = 100);
		EQ(r->tx[0].n_sack, i < max ? i : max);
		EQ(r->tx[0].sack[0].start - r->p->isn, 1 + i * 2000);
		rig_drop_output(r);
	}
}

static void sack_beside_timestamps(struct rig *r)
{
	/* 12 bytes of timestamps leave room for three blocks: RFC 2018 section 3. */
	OPEN(TCP_OPT_SACK_OK | TCP_OPT_TS);
	for (uint32_t i = 1; i < 9; i++) {
		IN(TCP_ACK, .seq = 1 + i * 2000, .ack = 1, .len = 100);
		EQ(r->tx[0].n_sack, i < 3 ? i : 3);
		TRUE(rs_tcp_tx_opt_bytes(&r->tx[0]) <= 40);
		rig_drop_output(r);
	}
}

/* RFC 2883 section 4.1: the examples, with bytes from 1 on. */
static void what_came_twice_is_reported(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 501, .ack = 1, .len = 500);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 500); /* 4.1.1 */
	OUT(TCP_ACK, .seq = 1, .ack = 1001, .opts = TCP_OPT_SACK, .n_sack = 1, .sack = {{1, 501}});
	IN(TCP_ACK, .seq = 1501, .ack = 1, .len = 500);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 501, .ack = 1, .len = 500); /* 4.1.2 */
	OUT(TCP_ACK, .seq = 1, .ack = 1001, .opts = TCP_OPT_SACK, .n_sack = 2,
		.sack = {{501, 1001}, {1501, 2001}});
	IN(TCP_ACK, .seq = 2001, .ack = 1, .len = 500);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1501, .ack = 1, .len = 500); /* 4.1.3 */
	OUT(TCP_ACK, .seq = 1, .ack = 1001, .opts = TCP_OPT_SACK, .n_sack = 2,
		.sack = {{1501, 2001}, {1501, 2501}});
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 500);
	OUT(TCP_ACK, .seq = 1, .ack = 2501);
}

/* Section 4.2.1: the peer's segments have become longer, and half of one has come before. */
static void half_of_it_came_twice(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 1501, .ack = 1, .len = 500);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 501, .ack = 1, .len = 500);
	OUT(TCP_ACK, .seq = 1, .ack = 1001, .opts = TCP_OPT_SACK, .n_sack = 1,
		.sack = {{1501, 2001}});
	IN(TCP_ACK, .seq = 501, .ack = 1, .len = 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 2001, .opts = TCP_OPT_SACK, .n_sack = 1,
		.sack = {{501, 1001}});
	IN(TCP_ACK, .seq = 2001, .ack = 1, .len = 100);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 2101); /* it is told once */
	EQ(r->p->n_read, 2100);
}

/* Section 4.2.2: two pieces of it have come before. The first is reported. */
static void two_pieces_came_twice(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 2501, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 501, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 1501, .ack = 1, .len = 500);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 501, .ack = 1, .len = 1500);
	OUT(TCP_ACK, .seq = 1, .ack = 2001, .opts = TCP_OPT_SACK, .n_sack = 2,
		.sack = {{501, 1001}, {2501, 3001}});
	EQ(r->p->n_read, 2000);
}

/* Section 4.2.3: the same beyond a gap. */
static void two_pieces_beyond_a_gap_came_twice(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 3001, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 2001, .ack = 1, .len = 500);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 1500);
	OUT(TCP_ACK, .seq = 1, .ack = 501, .opts = TCP_OPT_SACK, .n_sack = 3,
		.sack = {{1001, 1501}, {1001, 2501}, {3001, 3501}});
	IN(TCP_ACK, .seq = 901, .ack = 1, .len = 200); /* what is new comes first */
	OUT(TCP_ACK, .seq = 1, .ack = 501, .opts = TCP_OPT_SACK, .n_sack = 3,
		.sack = {{1001, 1101}, {901, 2501}, {3001, 3501}});
	IN(TCP_ACK, .seq = 501, .ack = 1, .len = 600); /* … and ends the gap */
	OUT(TCP_ACK, .seq = 1, .ack = 2501, .opts = TCP_OPT_SACK, .n_sack = 2,
		.sack = {{901, 1101}, {3001, 3501}});
	EQ(r->p->n_read, 2500);
}

/* An answer takes the acknowledgement along, and says nothing of what came twice. */
static void an_answer_does_not_report(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 500);
	r->no_flush = true;
	IN(TCP_ACK, .seq = 401, .ack = 1, .len = 200);
	rig_write(r, 100);
	FLUSH();
	r->no_flush = false;
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 601, .len = 100);
	QUIET();
	IN(TCP_ACK, .seq = 601, .ack = 101, .len = 100);
	WAIT(40);
	OUT(TCP_ACK, .seq = 101, .ack = 701);
}

/* Not where reports were not agreed; and with timestamps there is room for three in all. */
static void what_came_twice_takes_a_place(struct rig *r)
{
	OPEN(TCP_OPT_SACK_OK | TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	for (uint32_t i = 1; i <= 4; i++)
		IN(TCP_ACK, .seq = 1 + i * 2000, .ack = 1, .len = 100);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	EQ(r->tx[0].n_sack, 3);
	EQ(r->tx[0].sack[0].start - r->p->isn, 1);
	EQ(r->tx[0].sack[0].end - r->p->isn, 101);
	EQ(r->tx[0].sack[1].start - r->p->isn, 8001);
	EQ(r->tx[0].sack[2].start - r->p->isn, 6001);
	rig_drop_output(r);
}

static void no_report_of_what_came_twice_unasked(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 500);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 500);
	OUT(TCP_ACK, .seq = 1, .ack = 501);
}

static void no_sack_unasked(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 500);
	EQ(r->tx[0].opts, 0);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
}

static void beyond_the_window(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1 + 65535, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EQ(r->chunks.n_free, r->chunks.n_total);
	IN(TCP_ACK, .seq = 65535 - 100, .ack = 1, .len = 1000); /* its end is cut off */
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EQ(r->p->n_read, 0);
	EQ(COUNTER(DROP_WINDOW), 2);
}

static void below_the_window(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = (uint32_t)-1000, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 0, .ack = 1); /* a keep-alive probe: RFC 9293 section 3.8.4 */
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 0, .ack = 1, .len = 1); /* the same, with a byte */
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(0);
}

static void urgent_and_ecn_are_ignored(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK | TCP_URG, .seq = 1, .ack = 1, .len = 10);
	IN(TCP_ACK | TCP_ECE | TCP_CWR, .seq = 11, .ack = 1, .len = 10);
	EQ(r->p->n_read, 20);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 21);
}

static void few_chunks(struct rig *r)
{
	r->cfg.rcvq_chunks = 4;
}

static void many_small_pieces(struct rig *r)
{
	/* Far more pieces than chunks: some are dropped, and come again. */
	OPEN(0);
	for (uint32_t i = 1; i < 120; i += 2)
		IN(TCP_ACK, .seq = 1 + i, .ack = 1, .len = 1);
	rig_drop_output(r);
	TRUE(r->p->conn->n_rcvq_chunks <= 4);
	TRUE(COUNTER(DROP_RCVQ_FULL) > 0);
	while (r->p->n_read < 120) {
		uint32_t was = r->p->n_read;

		IN(TCP_ACK, .seq = 1 + r->p->n_read, .ack = 1, .len = 1);
		rig_drop_output(r);
		TRUE(r->p->n_read > was);
	}
	EQ(r->p->n_read, 120);
	EQ(r->chunks.n_free, r->chunks.n_total);
}

static void acked_is_never_dropped(struct rig *r)
{
	/* Out-of-order bytes fill the queue; what is in order must get through all the same. */
	OPEN(0);
	for (uint32_t i = 1; i < 10; i++)
		IN(TCP_ACK, .seq = 1 + i * 3000, .ack = 1, .len = 100);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 1000);
	EQ(r->p->n_read, 1000);
	rig_drop_output(r);
}

static void link_follows_the_peer(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 70000, .ack = 1, .len = 10, .link = 2); /* not believed */
	EQ(r->tx[0].link, 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 9999, .len = 10,
		.link = 2); /* nor this: RFC 5961 section 5.2 */
	EQ(r->tx[0].link, 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .link = 2);
	rig_write(r, 10);
	EQ(r->tx[0].link, 2);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .len = 10);
}

const struct tcp_case receive_cases[] = {
	{"answer_carries_the_ack", answer_carries_the_ack, NULL, 0},
	{"ack_is_delayed", ack_is_delayed, NULL, 0},
	{"delay_counts_from_the_first", delay_counts_from_the_first, NULL, 0},
	{"answer_within_the_delay", answer_within_the_delay, NULL, 0},
	{"every_second_full_segment", every_second_full_segment, NULL, 0},
	{"every_second_full_segment_with_timestamps", every_second_full_segment_with_timestamps,
		NULL, 0},
	{"burst_is_acked_once", burst_is_acked_once, NULL, 0},
	{"gap", gap, NULL, 0},
	{"two_gaps", two_gaps, NULL, 0},
	{"reversed", reversed, NULL, 0},
	{"overlaps", overlaps, NULL, 0},
	{"half_old_half_new", half_old_half_new, NULL, 0},
	{"one_segment_fills_all_gaps", one_segment_fills_all_gaps, NULL, 0},
	{"duplicates", duplicates, NULL, 0},
	{"out_of_order_duplicates", out_of_order_duplicates, NULL, 0},
	{"sack_blocks", sack_blocks, NULL, 0},
	{"latest_ranges_first", latest_ranges_first, NULL, 0},
	{"sack_blocks_are_limited", sack_blocks_are_limited, NULL, 0},
	{"sack_beside_timestamps", sack_beside_timestamps, NULL, 0},
	{"what_came_twice_is_reported", what_came_twice_is_reported, NULL, 0},
	{"half_of_it_came_twice", half_of_it_came_twice, NULL, 0},
	{"two_pieces_came_twice", two_pieces_came_twice, NULL, 0},
	{"two_pieces_beyond_a_gap_came_twice", two_pieces_beyond_a_gap_came_twice, NULL, 0},
	{"an_answer_does_not_report", an_answer_does_not_report, NULL, 0},
	{"what_came_twice_takes_a_place", what_came_twice_takes_a_place, NULL, 0},
	{"no_report_of_what_came_twice_unasked", no_report_of_what_came_twice_unasked, NULL, 0},
	{"no_sack_unasked", no_sack_unasked, NULL, 0},
	{"beyond_the_window", beyond_the_window, NULL, 0},
	{"below_the_window", below_the_window, NULL, 0},
	{"urgent_and_ecn_are_ignored", urgent_and_ecn_are_ignored, NULL, 0},
	{"many_small_pieces", many_small_pieces, few_chunks, 0},
	{"acked_is_never_dropped", acked_is_never_dropped, few_chunks, 0},
	{"link_follows_the_peer", link_follows_the_peer, NULL, 0},
	{0},
};
