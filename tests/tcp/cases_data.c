/* SPDX-License-Identifier: BSD-2-Clause */
/* Data in order and out of order, acknowledgements, windows: RFC 9293 section 3.8, 7323. */
#include "rig_tests.h"

static void answer_carries_the_ack(struct rig *r)
{
	rig_open(r, 0);
	r->no_flush = true;
	IN(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 80);
	rig_write(r, 120);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 81, .len = 120);
	QUIET(); /* one packet in, one packet out */
	MS(200);
	r->no_flush = false;
	IN(TCP_ACK | TCP_PSH, .seq = 81, .ack = 121, .len = 80);
	assert_true(rs_sendq_empty(&r->conn->sendq));
}

static void ack_is_delayed(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 80);
	QUIET();
	MS(35);
	QUIET();
	MS(10);
	OUT(TCP_ACK, .seq = 1, .ack = 81);
	MS(1000);
	QUIET();
}

static void every_second_full_segment_is_acked(struct rig *r)
{
	uint32_t seq = 1;

	rig_open(r, 0);
	for (uint32_t i = 0; i < 4; i++) {
		IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1400);
		seq += 1400;
		QUIET();
		IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1400);
		seq += 1400;
		OUT(TCP_ACK, .seq = 1, .ack = seq);
	}
	assert_int_equal(r->n_read, 8 * 1400);
}

static void out_of_order(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 500);
	OUT(TCP_ACK, .seq = 1, .ack = 1); /* at once: RFC 5681 section 4.2 */
	IN(TCP_ACK, .seq = 2001, .ack = 1, .len = 500);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1501, .ack = 1, .len = 500);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	assert_int_equal(r->n_read, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 2501);
	assert_int_equal(r->n_read, 2500);
}

static void overlaps(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK, .seq = 501, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 401, .ack = 1, .len = 700);
	IN(TCP_ACK, .seq = 601, .ack = 1, .len = 100);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 450);
	OUT(TCP_ACK, .seq = 1, .ack = 1101);
	assert_int_equal(r->n_read, 1100);
	IN(TCP_ACK, .seq = 901, .ack = 1, .len = 400); /* half of it is old */
	assert_int_equal(r->n_read, 1300);
}

static void duplicates_are_acked_at_once(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	MS(50);
	OUT(TCP_ACK, .seq = 1, .ack = 101);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	OUT(TCP_ACK, .seq = 1, .ack = 101);
	assert_int_equal(r->n_read, 100);
}

static void sack_blocks(struct rig *r)
{
	rig_open(r, TCP_OPT_SACK_OK);
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 500);
	assert_int_equal(r->tx[0].n_sack, 1);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 3001, .ack = 1, .len = 500);
	assert_int_equal(r->tx[0].n_sack, 2);
	/* RFC 2018 section 4: the newest first */
	assert_int_equal(r->tx[0].sack[0].start - r->peer_isn, 3001);
	assert_int_equal(r->tx[0].sack[0].end - r->peer_isn, 3501);
	assert_int_equal(r->tx[0].sack[1].start - r->peer_isn, 1001);
	rig_drop_output(r);
}

static void beyond_the_window(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK, .seq = 1 + 65535, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 65535 - 100, .ack = 1, .len = 1000); /* its end is cut off */
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	assert_int_equal(r->n_read, 0);
}

static void old_segments_below_the_window(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK, .seq = (uint32_t)-1000, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 0, .ack = 1, .len = 0); /* a keep-alive probe: RFC 9293 section 3.8.4 */
	OUT(TCP_ACK, .seq = 1, .ack = 1);
}

static void nobody_reads(struct rig *r)
{
	uint32_t seq = 1;

	rig_open(r, 0);
	r->blocked = true;
	for (uint32_t i = 0; i < 44; i++) {
		IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1400);
		seq += 1400;
	}
	rig_drop_output(r);
	IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1400);
	seq += 1400;
	IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1400);
	seq += 1400;
	IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1400); /* only a part has room */
	rig_drop_output(r);
	assert_int_equal(r->conn->rcv_edge - r->conn->rcv_nxt, 0);
	IN(TCP_ACK, .seq = 65536, .ack = 1, .len = 1); /* a probe into the closed window */
	OUT(TCP_ACK, .seq = 1, .ack = 65536, .wnd = NO_WND);
	r->blocked = false;
	rig_read(r);
	rig_flush(r);
	OUT(TCP_ACK, .seq = 1, .ack = 65536, .wnd = 65535); /* the window is open again */
	assert_int_equal(r->n_read, 65535);
}

static void zero_window_is_probed(struct rig *r)
{
	uint32_t wait_ms = 200;

	rig_open(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	rig_write(r, 500);
	QUIET();
	for (uint32_t i = 0; i < 5; i++) {
		MS(wait_ms - 60);
		QUIET();
		MS(60 + 30 * !i);
		OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 1); /* RFC 9293 section 3.8.6.1 */
		IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
		QUIET();
		wait_ms *= 2;
	}
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 1000);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 500);
}

static void probes_never_give_up_while_answered(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	rig_write(r, 500);
	for (uint32_t i = 0; i < 30; i++) {
		MS(61000);
		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
		assert_false(r->gone);
	}
}

static void window_limits_sending(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 4000);
	rig_write(r, 10000);
	for (uint32_t i = 0; i < 2; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->conn->mss, .ack = 1, .len = r->conn->mss);
	QUIET(); /* no small segment while others are on their way: silly window avoidance */
}

static void sender_avoids_silly_windows(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 10);
	rig_write(r, 5000);
	QUIET();
	MS(250); /* the override timer */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
}

static void echoed_timestamp(struct rig *r)
{
	rig_open(r, TCP_OPT_TS);
	r->no_flush = true;
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .opts = TCP_OPT_TS, .ts_val = 6000);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10, .opts = TCP_OPT_TS, .ts_val = 6001);
	rig_flush(r);
	MS(50);
	/* RFC 7323 section 4.3: that of the earliest segment not yet acknowledged */
	assert_int_equal(r->tx[0].ts_ecr, 6000);
	rig_drop_output(r);
}

static void paws(struct rig *r)
{
	rig_open(r, TCP_OPT_TS);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .opts = TCP_OPT_TS, .ts_val = 4999);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	assert_int_equal(COUNTER(DROP_PAWS), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10); /* none at all: RFC 7323 section 3.2 */
	QUIET();
	assert_int_equal(COUNTER(DROP_PAWS), 2);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .opts = TCP_OPT_TS, .ts_val = 5000);
	assert_int_equal(r->n_read, 10);
}

static void half_close(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK | TCP_FIN, .seq = 1, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 12);
	assert_true(r->eof);
	STATE(TCP_CLOSE_WAIT);
	rig_write(r, 3000);
	OUT(TCP_ACK, .seq = 1, .ack = 12, .len = r->conn->mss);
	OUT(TCP_ACK, .seq = 1 + r->conn->mss, .ack = 12, .len = r->conn->mss);
	OUT(TCP_ACK | TCP_PSH, .seq = 1 + 2 * r->conn->mss, .ack = 12,
		.len = 3000 - 2 * r->conn->mss);
	rig_close(r);
	OUT(TCP_ACK | TCP_FIN, .seq = 3001, .ack = 12);
	STATE(TCP_LAST_ACK);
	IN(TCP_ACK, .seq = 12, .ack = 3002);
	assert_true(r->gone);
	assert_int_equal(r->t.n_time_wait, 0);
}

static void tso(struct rig *r)
{
	r->cfg.tso_bytes = 60000;
	rig_open(r, 0);
	rig_write(r, 10000);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 10000); /* cut by the port */
	QUIET();
}

static void few_descriptors(struct rig *r)
{
	uint32_t seq = 1;

	rig_open(r, 0);
	r->t.max_tx = 2;
	rig_write(r, 8000);
	for (uint32_t n = 0; n < 3; n++) {
		OUT(TCP_ACK, .seq = seq, .ack = 1, .len = r->conn->mss);
		seq += r->conn->mss;
		if (seq + r->conn->mss > 8000)
			break;
		OUT(TCP_ACK, .seq = seq, .ack = 1, .len = r->conn->mss);
		seq += r->conn->mss;
		assert_true(rs_tcp_pending(&r->t));
		rig_flush(r);
	}
	OUT(TCP_ACK | TCP_PSH, .seq = seq, .ack = 1, .len = 8001 - seq);
	r->t.max_tx = 64;
}

static void urgent_is_data(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK | TCP_URG, .seq = 1, .ack = 1, .len = 10);
	assert_int_equal(r->n_read, 10);
}

static void many_small_pieces(struct rig *r)
{
	/* Every second byte of 200, then the others: far more pieces than chunks. */
	rig_open(r, 0);
	for (uint32_t i = 1; i < 120; i += 2)
		IN(TCP_ACK, .seq = 1 + i, .ack = 1, .len = 1);
	rig_drop_output(r);
	for (uint32_t i = 0; i < 120; i += 2) {
		IN(TCP_ACK, .seq = 1 + i, .ack = 1, .len = 1);
		rig_drop_output(r);
	}
	assert_int_equal(r->n_read, 120);
}

const struct tcp_case data_cases[] = {
	CASE(answer_carries_the_ack),
	CASE(ack_is_delayed),
	CASE(every_second_full_segment_is_acked),
	CASE(out_of_order),
	CASE(overlaps),
	CASE(duplicates_are_acked_at_once),
	CASE(sack_blocks),
	CASE(beyond_the_window),
	CASE(old_segments_below_the_window),
	CASE(nobody_reads),
	CASE(zero_window_is_probed),
	CASE(probes_never_give_up_while_answered),
	CASE(window_limits_sending),
	CASE(sender_avoids_silly_windows),
	CASE(echoed_timestamp),
	CASE(paws),
	CASE(half_close),
	CASE(tso),
	CASE(few_descriptors),
	CASE(urgent_is_data),
	CASE(many_small_pieces),
	{0},
};
