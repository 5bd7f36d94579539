/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections end: RFC 9293 sections 3.6 and 3.10, 6191, 1337, 5961. */
#include "rig_tests.h"

static void we_close_first(struct rig *r)
{
	rig_open(r, 0);
	rig_close(r);
	OUT(TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
	STATE(TCP_FIN_WAIT_1);
	IN(TCP_ACK, .seq = 1, .ack = 2);
	STATE(TCP_FIN_WAIT_2);
	IN(TCP_ACK, .seq = 1, .ack = 2, .len = 100); /* it may go on sending */
	assert_int_equal(r->n_read, 100);
	MS(50);
	OUT(TCP_ACK, .seq = 2, .ack = 101);
	IN(TCP_ACK | TCP_FIN, .seq = 101, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 102);
	assert_true(r->eof && r->gone);
	assert_int_equal(r->t.n_time_wait, 1);
	assert_int_equal(r->t.n_conns, 0);
}

static void to_time_wait(struct rig *r, uint8_t opts)
{
	rig_open(r, opts);
	rig_close(r);
	rig_drop_output(r);
	IN(TCP_ACK | TCP_FIN, .seq = 1, .ack = 2, .opts = opts);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	assert_int_equal(r->t.n_time_wait, 1);
}

static void fin_acks_and_ends_at_once(struct rig *r)
{
	to_time_wait(r, 0);
	assert_true(r->gone);
}

static void both_close_at_once(struct rig *r)
{
	rig_open(r, 0);
	rig_close(r);
	OUT(TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
	IN(TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	STATE(TCP_CLOSING);
	IN(TCP_ACK, .seq = 2, .ack = 2);
	assert_true(r->gone);
	assert_int_equal(r->t.n_time_wait, 1);
}

static void fin_again_in_time_wait(struct rig *r)
{
	to_time_wait(r, 0);
	MS(50000);
	IN(TCP_ACK | TCP_FIN, .seq = 1, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	MS(30000); /* the time begins anew */
	assert_int_equal(r->t.n_time_wait, 1);
	MS(31000);
	assert_int_equal(r->t.n_time_wait, 0);
}

static void rst_does_not_end_time_wait(struct rig *r)
{
	to_time_wait(r, 0);
	IN(TCP_RST, .seq = 2);
	QUIET();
	assert_int_equal(r->t.n_time_wait, 1); /* RFC 1337 */
}

static void syn_reopens_time_wait(struct rig *r)
{
	uint32_t old_end;

	to_time_wait(r, 0);
	old_end = r->our_isn + 2;
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 1460); /* an old duplicate */
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS, .mss = 1460);
	assert_true((int32_t)(r->tx[0].seq - old_end) > 0); /* RFC 6191 section 2 */
	OUT(TCP_SYN | TCP_ACK, .seq = 0, .ack = 1001);
	assert_int_equal(r->t.n_time_wait, 0);
	assert_int_equal(r->t.n_conns, 1);
}

static void time_wait_gives_way_when_full(struct rig *r)
{
	for (uint32_t i = 0; i < r->cfg.max_time_wait + 3; i++) {
		r->events = 0;
		rig_open(r, 0);
		rig_close(r);
		rig_drop_output(r);
		IN(TCP_ACK | TCP_FIN, .seq = 1, .ack = 2);
		rig_drop_output(r);
		r->key.remote_port++;
	}
	assert_int_equal(r->t.n_time_wait, r->cfg.max_time_wait);
	assert_int_equal(COUNTER(TIME_WAIT_FULL), 3);
}

static void fin_before_the_data(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK | TCP_FIN, .seq = 101, .ack = 1, .len = 50);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	assert_false(r->eof);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	OUT(TCP_ACK, .seq = 1, .ack = 152);
	assert_int_equal(r->n_read, 150);
	assert_true(r->eof);
	STATE(TCP_CLOSE_WAIT);
}

static void data_beyond_the_fin(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK | TCP_FIN, .seq = 1, .ack = 1, .len = 10);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 12, .ack = 1, .len = 10);
	rig_drop_output(r);
	assert_int_equal(r->n_read, 10);
}

static void peer_stays_half_open(struct rig *r)
{
	rig_open(r, 0);
	rig_close(r);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 2);
	STATE(TCP_FIN_WAIT_2);
	MS(r->cfg.fin_wait_2_ms + 100);
	assert_true(r->gone);
}

static void abort_sends_rst(struct rig *r)
{
	rig_open(r, 0);
	rs_tcp_abort(&r->t, r->conn);
	OUT(TCP_RST | TCP_ACK, .seq = 1, .ack = 1);
	assert_int_equal(r->t.n_conns, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 5);
	OUT(TCP_RST, .seq = 1);
}

static void close_twice(struct rig *r)
{
	rig_open(r, 0);
	rig_close(r);
	OUT(TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
	rig_close(r);
	QUIET();
}

static void unread_bytes_outlive_the_close(struct rig *r)
{
	rig_open(r, 0);
	r->blocked = true;
	IN(TCP_ACK | TCP_FIN, .seq = 1, .ack = 1, .len = 100);
	rig_close(r);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 102, .ack = 2);
	assert_false(r->gone);
	IN(TCP_RST, .seq = 102);
	assert_false(r->gone);
	r->blocked = false;
	rig_read(r);
	assert_int_equal(r->n_read, 100);
	assert_true(r->eof && r->gone);
}

static void keepalive(struct rig *r)
{
	r->cfg.keepalive_idle_ms = 10000;
	r->cfg.keepalive_interval_ms = 1000;
	r->cfg.keepalive_probes = 3;
	rig_open(r, 0);
	rs_tcp_set_deadline(&r->t, r->conn, r->t.now_us + 1000);
	MS(9900);
	QUIET();
	MS(200);
	OUT(TCP_ACK, .seq = 0, .ack = 1); /* RFC 9293 section 3.8.4: SEG.SEQ = SND.NXT-1 */
	IN(TCP_ACK, .seq = 1, .ack = 1);
	MS(9900);
	QUIET();
	for (uint32_t i = 0; i < 3; i++) {
		MS(1000);
		OUT(TCP_ACK, .seq = 0, .ack = 1);
	}
	MS(1200);
	assert_true(r->gone);
}

static void deadline(struct rig *r)
{
	rig_open(r, 0);
	rs_tcp_set_deadline(&r->t, r->conn, r->t.now_us + 500000);
	MS(499);
	assert_int_equal(r->events, 0);
	MS(3);
	assert_int_equal(r->events, TCP_EV_DEADLINE);
	r->events = 0;
	MS(2000);
	assert_int_equal(r->events, 0); /* once */
	rs_tcp_set_deadline(&r->t, r->conn, r->t.now_us + 500000);
	rs_tcp_set_deadline(&r->t, r->conn, r->t.now_us + 900000); /* later: the wheel is lazy */
	MS(800);
	assert_int_equal(r->events, 0);
	MS(110);
	assert_int_equal(r->events, TCP_EV_DEADLINE);
}

const struct tcp_case close_cases[] = {
	CASE(we_close_first),
	CASE(fin_acks_and_ends_at_once),
	CASE(both_close_at_once),
	CASE(fin_again_in_time_wait),
	CASE(rst_does_not_end_time_wait),
	CASE(syn_reopens_time_wait),
	CASE(time_wait_gives_way_when_full),
	CASE(fin_before_the_data),
	CASE(data_beyond_the_fin),
	CASE(peer_stays_half_open),
	CASE(abort_sends_rst),
	CASE(close_twice),
	CASE(unread_bytes_outlive_the_close),
	CASE(keepalive),
	CASE(deadline),
	{0},
};
