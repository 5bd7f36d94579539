/* SPDX-License-Identifier: BSD-2-Clause */
/* Data to the peer: RFC 9293 sections 3.7 and 3.8.6.2.1, 6928, 5681 section 3.1; descriptors. */
#include "cases.h"

static void segments_and_push(struct rig *r)
{
	OPEN(0);
	rig_write(r, 2 * r->mss + 100);
	EQ(r->tx[0].flags, TCP_ACK);
	EQ(r->tx[1].flags, TCP_ACK);
	EQ(r->tx[2].flags, TCP_ACK | TCP_PSH); /* RFC 9293 section 3.9.1.2: the last has PSH */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = 100);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss);
	EVENTS(TCP_EV_SENT);
	EQ(r->p->conn->sendq.n_bytes, 100);
	IN(TCP_ACK, .seq = 1, .ack = 101 + 2 * r->mss);
	EVENTS(TCP_EV_SENT);
	TRUE(rs_sendq_empty(&r->p->conn->sendq));
	MS(3000);
	QUIET();
}

static void several_slices_in_one_segment(struct rig *r)
{
	OPEN(0);
	r->no_flush = true;
	for (uint32_t i = 0; i < SENDQ_SLICES; i++)
		rig_write(r, 100);
	FLUSH();
	EQ(r->tx[0].n_spans, SENDQ_SLICES);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 100 * SENDQ_SLICES);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 151); /* one and a half */
	FLUSH();
	EQ(r->p->conn->sendq.n, SENDQ_SLICES - 1);
	r->no_flush = false;
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1 + 100 * SENDQ_SLICES, .ack = 1, .len = 10);
}

static void chunks_come_back_when_acknowledged(struct rig *r)
{
	struct sendq *q;
	uint8_t *room;

	OPEN(0);
	q = &r->p->conn->sendq;
	room = rs_sendq_reserve(q, &r->chunks, 200);
	TRUE(room);
	for (uint32_t i = 0; i < 200; i++)
		room[i] = (uint8_t)i;
	rs_sendq_commit(q, 200, &r->chunks);
	rs_tcp_send(&r->t, r->p->conn);
	FLUSH();
	EQ(r->chunks.n_free, r->chunks.n_total - 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 200);
	IN(TCP_ACK, .seq = 1, .ack = 200);
	EQ(r->chunks.n_free, r->chunks.n_total - 1);
	IN(TCP_ACK, .seq = 1, .ack = 201);
	EQ(r->chunks.n_free, r->chunks.n_total);
}

static void initial_window(struct rig *r)
{
	OPEN(0);
	rig_write(r, 40000);
	/* RFC 6928 section 2: ten segments of 1460, or 14600 bytes */
	for (uint32_t i = 0; i < 10; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	QUIET();
}

static void initial_window_of_small_segments(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 500);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 40000);
	for (uint32_t i = 0; i < 10; i++)
		OUT(TCP_ACK, .seq = 1 + i * 500, .ack = 1, .len = 500);
	QUIET();
}

static void jumbo(struct rig *r)
{
	r->cfg.mss_v4 = 8960;
	r->cfg.mss_v6 = 8940;
}

static void initial_window_of_jumbo_segments(struct rig *r)
{
	r->mss = r->p->key.family == 4 ? 8960 : 8940;
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 9000);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 60000);
	/* RFC 6928 section 2: min(10 MSS, max(2 MSS, 14600)) */
	for (uint32_t i = 0; i < 2; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	QUIET();
}

static void slow_start(struct rig *r)
{
	OPEN(0);
	rig_write(r, 100000);
	rig_drop_output(r);
	/* RFC 3465 section 2.2: an ACK opens the window by what it acknowledges. */
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss);
	for (uint32_t i = 0; i < 4; i++)
		OUT(TCP_ACK, .seq = 1 + (10 + i) * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 3 * r->mss);
	for (uint32_t i = 0; i < 2; i++)
		OUT(TCP_ACK, .seq = 1 + (14 + i) * r->mss, .ack = 1, .len = r->mss);
	QUIET();
}

static void slow_start_in_a_burst(struct rig *r)
{
	OPEN(0);
	rig_write(r, 44 * r->mss);
	EQ(r->t.n_tx, 10);
	rig_drop_output(r);
	/* Ten ACKs in one burst open it by ten segments, as ten bursts would. */
	r->no_flush = true;
	for (uint32_t i = 1; i <= 10; i++)
		IN(TCP_ACK, .seq = 1, .ack = 1 + i * r->mss);
	FLUSH();
	EQ(r->t.n_tx, 20);
	rig_drop_output(r);
}

static void window_unused_does_not_grow(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 0; i < 100; i++) {
		rig_write(r, 100);
		OUT(TCP_ACK, .seq = 1 + i * 100, .ack = 1, .len = 100);
		IN(TCP_ACK, .seq = 1, .ack = 101 + i * 100);
	}
	rig_write(r, 60000);
	EQ(r->t.n_tx, 10);
	rig_drop_output(r);
}

static void peers_window_holds_growth_back(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 4 * r->mss);
	rig_write(r, 100 * r->mss);
	for (uint32_t i = 1; i <= 60; i++) {
		EQ(r->t.n_tx, i == 1 ? 4 : 1);
		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = 1 + i * r->mss, .wnd = 4 * r->mss);
	}
	rig_drop_output(r);
	TRUE(r->p->conn->cwnd <= 10 * r->mss); /* it was never used */
}

/* The first n bytes, all acknowledged as they come: the window grows. */
static void write_and_ack(struct rig *r, uint32_t n)
{
	uint32_t acked = 1;

	rig_write(r, n);
	while (acked < n) {
		acked = r->p->conn->snd_max - r->p->our_isn;
		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = acked);
	}
	rig_drop_output(r);
}

static void restart_after_idle(struct rig *r)
{
	OPEN(0);
	write_and_ack(r, 60 * r->mss);
	TRUE(r->p->conn->cwnd > 12 * r->mss);
	MS(5000);
	rig_write(r, 40 * r->mss);
	EQ(r->t.n_tx, 10); /* RFC 5681 section 4.1 */
	rig_drop_output(r);
}

/* RFC 5681 section 4.1: the restart window is no larger than the initial one. */
static void restart_with_jumbo_segments(struct rig *r)
{
	r->mss = r->p->key.family == 4 ? 8960 : 8940;
	IN(TCP_SYN, .opts = TCP_OPT_MSS | TCP_OPT_WSCALE, .mss = 9000, .wscale = 7);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS | TCP_OPT_WSCALE, .mss = (uint16_t)r->mss,
		.wscale = r->t.rcv_wscale);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	write_and_ack(r, 6 * r->mss);
	TRUE(r->p->conn->cwnd > 4 * r->mss && r->p->conn->cwnd <= 10 * r->mss);
	MS(5000);
	rig_write(r, 10 * r->mss);
	EQ(r->t.n_tx, 2);
	rig_drop_output(r);
}

/* Section 4.1: data was sent a moment ago, be it only small answers. */
static void small_answers_are_no_pause(struct rig *r)
{
	uint32_t acked;

	r->mss = r->p->key.family == 4 ? 8960 : 8940;
	IN(TCP_SYN, .opts = TCP_OPT_MSS | TCP_OPT_WSCALE, .mss = 9000, .wscale = 7);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS | TCP_OPT_WSCALE, .mss = (uint16_t)r->mss,
		.wscale = r->t.rcv_wscale);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	write_and_ack(r, 20 * r->mss);
	TRUE(r->p->conn->cwnd > 4 * r->mss);
	acked = r->p->conn->snd_max - r->p->our_isn;
	for (uint32_t i = 0; i < 20; i++) {
		MS(150);
		rig_write(r, 100);
		OUT(TCP_ACK | TCP_PSH, .seq = acked, .ack = 1, .len = 100);
		acked += 100;
		IN(TCP_ACK, .seq = 1, .ack = acked);
	}
	rig_write(r, 4 * r->mss);
	EQ(r->t.n_tx, 4);
	rig_drop_output(r);
}

static void offload(struct rig *r)
{
	r->cfg.tso_bytes = 60000;
}

static void segmentation_offload(struct rig *r)
{
	OPEN(0);
	rig_write(r, 10000);
	EQ(r->tx[0].mss, r->mss);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 10000); /* cut by the port */
	QUIET();
}

/* Ports refuse to cut segments that are too short. */
static void offload_leaves_short_segments(struct rig *r)
{
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 200);
	OUT(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 1000);
	for (uint32_t i = 0; i < 4; i++)
		OUT(TCP_ACK, .seq = 1 + 200 * i, .ack = 1, .len = 200);
	OUT(TCP_ACK | TCP_PSH, .seq = 801, .ack = 1, .len = 200);
	QUIET();
}

static void no_offload_for_ipv6(struct rig *r)
{
	r->cfg.tso_bytes = 60000;
	r->cfg.no_tso_ipv6 = true;
}

static void offload_is_left_where_it_does_not_work(struct rig *r)
{
	OPEN(0);
	rig_write(r, 3 * r->mss);
	if (r->p->key.family == 4) {
		OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 3 * r->mss);
		QUIET();
		return;
	}
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK | TCP_PSH, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
}

static void offload_keeps_to_the_windows(struct rig *r)
{
	OPEN(0);
	rig_write(r, 50000);
	/* Whole segments, as far as the congestion window goes. */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10 * r->mss);
	QUIET();
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss); /* after a timeout: one */
	QUIET();
}

static void two_descriptors(struct rig *r)
{
	r->max_tx = 2;
}

static void descriptors_run_out(struct rig *r)
{
	uint32_t seq = 1;

	OPEN(0);
	rig_write(r, 7 * r->mss);
	while (seq < 7 * r->mss) {
		OUT(TCP_ACK, .seq = seq, .ack = 1, .len = r->mss);
		seq += r->mss;
		if (r->t.n_tx)
			continue;
		TRUE(rs_tcp_pending(&r->t) == (seq < 7 * r->mss));
		FLUSH();
	}
	QUIET();
	EQ(COUNTER(DROP_TX_FULL), 0);
	EQ(COUNTER(RETRANSMITTED), 0);
}

static void one_descriptor(struct rig *r)
{
	r->max_tx = 1;
}

/* As many flushes as it takes, each with one descriptor. */
static uint32_t count_segments(struct rig *r)
{
	uint32_t n = 0;

	do {
		n += r->t.n_tx;
		rig_drop_output(r);
		FLUSH();
	} while (r->t.n_tx);
	return n;
}

static void neighbours_take_turns(struct rig *r)
{
	for (uint32_t i = 0; i < 3; i++) {
		rig_peer(r, i);
		OPEN(0);
	}
	r->no_flush = true;
	for (uint32_t i = 0; i < 3; i++) {
		rig_peer(r, i);
		rig_write(r, 3 * r->mss);
	}
	FLUSH();
	EQ(count_segments(r), 9);
	for (uint32_t i = 0; i < 3; i++)
		EQ(r->peers[i].conn->snd_max - r->peers[i].our_isn, 1 + 3 * r->mss);
}

static void ack_waits_for_a_descriptor(struct rig *r)
{
	rig_peer(r, 1);
	OPEN(0);
	rig_peer(r, 0);
	OPEN(0);
	r->no_flush = true;
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 100); /* the duplicate ACK takes the only one */
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 1000);
	rig_peer(r, 1);
	IN(FIN_ACK, .seq = 1, .ack = 1);
	FLUSH();
	rig_peer(r, 0);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	FLUSH();
	OUT(TCP_ACK, .seq = 1, .ack = 1101);
	FLUSH();
	rig_peer(r, 1);
	OUT(TCP_ACK, .seq = 1, .ack = 2);
	QUIET();
}

static void retransmission_waits_for_a_descriptor(struct rig *r)
{
	OPEN(0);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	r->t.max_tx = 0;
	MS(250);
	QUIET();
	r->t.max_tx = 1;
	FLUSH();
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
}

static void fin_waits_for_a_descriptor(struct rig *r)
{
	OPEN(0);
	r->no_flush = true;
	rig_write(r, 2 * r->mss);
	rig_close(r);
	FLUSH();
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	STATE(TCP_ESTABLISHED);
	FLUSH();
	OUT(FIN_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	STATE(TCP_FIN_WAIT_1);
}

static void path_mtu(struct rig *r)
{
	uint32_t mtu = r->p->key.family == 4 ? 1000 : 1300;
	uint32_t mss = mtu - (r->p->key.family == 4 ? 40 : 60);

	OPEN(0);
	rig_write(r, 2 * r->mss);
	rig_drop_output(r);
	/* RFC 5927 section 4.1: what was never sent, or is acknowledged, cannot have met a link. */
	rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1 + 2 * r->mss, mtu);
	rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn, mtu);
	FLUSH();
	QUIET();
	rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1, mtu);
	FLUSH();
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = mss); /* at once: RFC 1191 section 6.4 */
	rig_drop_output(r);
	/* RFC 1191 section 3: never larger again; RFC 8201 section 4: never below 1280. */
	rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1, 1400);
	EQ(r->p->conn->mss, mss);
	EQ(COUNTER(PATH_MTU), 1);
}

/* The timeout counts from when all was sent again: the answer is a round trip away. */
static void path_mtu_far_away(struct rig *r)
{
	uint32_t mtu = r->p->key.family == 4 ? 1000 : 1300;
	uint32_t mss = mtu - (r->p->key.family == 4 ? 40 : 60);

	OPEN(0);
	rig_write(r, r->mss);
	rig_drop_output(r);
	MS(150);
	rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1, mtu);
	FLUSH();
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = mss);
	OUT(TCP_ACK, .seq = 1 + mss, .ack = 1, .len = r->mss - mss);
	MS(190);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
}

/* All n bytes, in segments of len: each may be cut, or none. */
static void expect_bytes(struct rig *r, uint32_t n, uint32_t len, bool may_fragment)
{
	for (uint32_t i = r->n_seen; i < r->t.n_tx; i++)
		EQ(r->tx[i].routers_may, may_fragment ? TCP_TX_CUT : 0);
	for (uint32_t at = 0; at < n; at += len)
		OUT(TCP_ACK, .seq = 1 + at, .ack = 1, .len = rs_min_u32(len, n - at));
	QUIET();
}

/* RFC 1191 section 5, RFC 8201 section 4: 0 is an old router's. */
static void path_below_the_minimum(struct rig *r)
{
	static const uint32_t mtus[] = {575, 552, 68, 1, 0};

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(mtus); i++) {
		rig_peer(r, i);
		OPEN(0);
		r->no_flush = true;
		rig_write(r, 2 * r->mss);
		FLUSH();
		expect_bytes(r, 2 * r->mss, r->mss, false);
		rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1, mtus[i]);
		FLUSH();
		if (r->p->key.family == 6) {
			QUIET();
			continue;
		}
		expect_bytes(r, 2 * r->mss, 536, true);
		/* Whoever says it again tells nothing new. */
		rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1, 68);
		FLUSH();
		QUIET();
		EQ(COUNTER(PATH_MTU), i + 1);
	}
}

/* The peer takes no larger segments anyway: all that changes is who may cut them. */
static void path_below_small_segments(struct rig *r)
{
	if (r->p->key.family == 6)
		return;
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 500);
	OUT(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	r->no_flush = true;
	rig_write(r, 1000);
	FLUSH();
	expect_bytes(r, 1000, 500, false);
	rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1, 576);
	FLUSH();
	QUIET();
	rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1, 296);
	FLUSH();
	expect_bytes(r, 1000, 500, true);
}

/* Ports give each piece a number of their own: we would give it to another one as well. */
static void path_below_the_minimum_with_offload(struct rig *r)
{
	uint32_t n = 0;

	if (r->p->key.family == 6)
		return;
	OPEN(0);
	rig_write(r, 8 * r->mss);
	rig_drop_output(r);
	rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1, 296);
	FLUSH();
	for (; n < r->t.n_tx; n++) {
		EQ(r->tx[n].len, rs_min_u32(536, 8 * r->mss - n * 536));
		EQ(r->tx[n].routers_may, TCP_TX_CUT);
	}
	TRUE(n > 2);
	rig_drop_output(r);
}

static void path_mtu_with_timestamps_and_fin(struct rig *r)
{
	uint32_t mtu = 1300;
	uint32_t mss = mtu - (r->p->key.family == 4 ? 40 : 60) - 12;

	OPEN(TCP_OPT_TS);
	rig_write(r, 2 * r->mss);
	rig_close(r);
	rig_drop_output(r);
	rs_tcp_path_mtu(&r->t, &r->p->key, r->p->our_isn + 1, mtu);
	FLUSH();
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = mss);
	OUT(TCP_ACK, .seq = 1 + mss, .ack = 1, .len = mss);
	OUT(FIN_ACK, .seq = 1 + 2 * mss, .ack = 1, .len = 2 * r->mss - 2 * mss);
	IN(TCP_ACK, .seq = 1, .ack = 2 + 2 * r->mss);
	STATE(TCP_FIN_WAIT_2);
}

const struct tcp_case send_cases[] = {
	{"segments_and_push", segments_and_push, NULL, 0},
	{"several_slices_in_one_segment", several_slices_in_one_segment, NULL, 0},
	{"chunks_come_back_when_acknowledged", chunks_come_back_when_acknowledged, NULL, 0},
	{"initial_window", initial_window, NULL, 0},
	{"initial_window_of_small_segments", initial_window_of_small_segments, NULL, 0},
	{"restart_with_jumbo_segments", restart_with_jumbo_segments, jumbo, 0},
	{"small_answers_are_no_pause", small_answers_are_no_pause, jumbo, 0},
	{"initial_window_of_jumbo_segments", initial_window_of_jumbo_segments, jumbo, 0},
	{"slow_start", slow_start, NULL, 0},
	{"slow_start_in_a_burst", slow_start_in_a_burst, NULL, 0},
	{"window_unused_does_not_grow", window_unused_does_not_grow, NULL, 0},
	{"peers_window_holds_growth_back", peers_window_holds_growth_back, NULL, 0},
	{"restart_after_idle", restart_after_idle, NULL, 0},
	{"segmentation_offload", segmentation_offload, offload, 0},
	{"offload_leaves_short_segments", offload_leaves_short_segments, offload, 0},
	{"offload_is_left_where_it_does_not_work", offload_is_left_where_it_does_not_work,
		no_offload_for_ipv6, 0},
	{"offload_keeps_to_the_windows", offload_keeps_to_the_windows, offload, 0},
	{"descriptors_run_out", descriptors_run_out, two_descriptors, 0},
	{"neighbours_take_turns", neighbours_take_turns, one_descriptor, 0},
	{"ack_waits_for_a_descriptor", ack_waits_for_a_descriptor, one_descriptor, 0},
	{"retransmission_waits_for_a_descriptor", retransmission_waits_for_a_descriptor,
		one_descriptor, 0},
	{"fin_waits_for_a_descriptor", fin_waits_for_a_descriptor, one_descriptor, 0},
	{"path_mtu", path_mtu, NULL, 0},
	{"path_mtu_far_away", path_mtu_far_away, NULL, 0},
	{"path_below_the_minimum", path_below_the_minimum, NULL, 0},
	{"path_below_small_segments", path_below_small_segments, NULL, 0},
	{"path_below_the_minimum_with_offload", path_below_the_minimum_with_offload, offload, 0},
	{"path_mtu_with_timestamps_and_fin", path_mtu_with_timestamps_and_fin, NULL, 0},
	{0},
};
