/* SPDX-License-Identifier: BSD-2-Clause */
/* Loss and how fast to send: RFC 6298, 5681, 6582, 3042, 6928. */
#include "rig_tests.h"

static void send_segments(struct rig *r, uint32_t n)
{
	rig_write(r, n * r->conn->mss);
	for (uint32_t i = 0; i < n; i++)
		rig_expect(r,
			(struct say){.flags = i == n - 1 ? TCP_ACK | TCP_PSH : TCP_ACK,
				.seq = 1 + i * r->conn->mss,
				.ack = 1,
				.len = r->conn->mss},
			__FILE__, __LINE__);
}

static void initial_window(struct rig *r)
{
	rig_open(r, 0);
	assert_int_equal(r->conn->cwnd, 10 * r->conn->mss); /* 14600 of 1460, RFC 6928 section 2 */
	rig_write(r, 40000);
	for (uint32_t i = 0; i < 10; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->conn->mss, .ack = 1, .len = r->conn->mss);
	QUIET();
}

static void slow_start(struct rig *r)
{
	uint32_t mss;

	rig_open(r, 0);
	mss = r->conn->mss;
	rig_write(r, 100000);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * mss);
	assert_int_equal(r->conn->cwnd, 11 * mss); /* RFC 5681: at most one segment an ACK */
	for (uint32_t i = 0; i < 3; i++)
		OUT(TCP_ACK, .seq = 1 + (10 + i) * mss, .ack = 1, .len = mss);
	QUIET();
}

static void timeout_doubles(struct rig *r)
{
	uint32_t wait_ms = 200;

	rig_open(r, 0);
	send_segments(r, 3);
	for (uint32_t i = 0; i < 4; i++) {
		MS(wait_ms - 60);
		QUIET();
		MS(60 + 30 * !i);
		OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->conn->mss);
		QUIET(); /* one segment: RFC 5681 section 3.1 */
		assert_int_equal(r->conn->cwnd, r->conn->mss);
		wait_ms *= 2;
	}
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->conn->mss);
	OUT(TCP_ACK, .seq = 1 + r->conn->mss, .ack = 1, .len = r->conn->mss);
	OUT(TCP_ACK | TCP_PSH, .seq = 1 + 2 * r->conn->mss, .ack = 1, .len = r->conn->mss);
}

static void gives_up(struct rig *r)
{
	rig_open(r, 0);
	send_segments(r, 1);
	for (uint32_t i = 0; i < 20 && !r->gone; i++) {
		MS(61000);
		rig_drop_output(r);
	}
	assert_true(r->gone);
	assert_int_equal(r->events & TCP_EV_GONE, TCP_EV_GONE);
	assert_int_equal(COUNTER(RETRANSMITTED), r->cfg.max_retries);
}

static void fast_retransmit(struct rig *r)
{
	uint32_t mss;

	rig_open(r, 0);
	mss = r->conn->mss;
	send_segments(r, 10);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = mss);
	QUIET();
	assert_int_equal(r->conn->ssthresh, 5 * mss);
	assert_int_equal(r->conn->cwnd, 8 * mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * mss);
	QUIET();
	assert_true(r->conn->cwnd <= 5 * mss); /* RFC 6582 section 3.2 step 3 */
	assert_false(r->conn->flags & TCP_F_RECOVERY);
}

static void partial_ack(struct rig *r)
{
	uint32_t mss;

	rig_open(r, 0);
	mss = r->conn->mss;
	send_segments(r, 10);
	for (uint32_t i = 0; i < 3; i++)
		IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * mss); /* the fifth was lost, too */
	OUT(TCP_ACK, .seq = 1 + 4 * mss, .ack = 1, .len = mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * mss);
	assert_false(r->conn->flags & TCP_F_RECOVERY);
	assert_int_equal(COUNTER(TIMEOUTS), 0);
}

static void limited_transmit(struct rig *r)
{
	uint32_t mss;

	rig_open(r, 0);
	mss = r->conn->mss;
	rig_write(r, 20 * mss);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 1 + 10 * mss, .ack = 1, .len = mss); /* RFC 3042 */
	IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 1 + 11 * mss, .ack = 1, .len = mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = mss);
}

static void no_duplicate_acks(struct rig *r)
{
	rig_open(r, 0);
	send_segments(r, 10);
	for (uint32_t i = 0; i < 6; i++) /* each with another window: RFC 5681 section 2 */
		IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 60000 + i);
	for (uint32_t i = 0; i < 6; i++) /* each with data */
		IN(TCP_ACK, .seq = 1 + i, .ack = 1, .len = 1, .wnd = 60005);
	assert_int_equal(COUNTER(FAST_RETRANSMITS), 0);
	rig_drop_output(r);
}

static void not_twice_for_one_window(struct rig *r)
{
	rig_open(r, 0);
	send_segments(r, 10);
	MS(250);
	rig_drop_output(r);
	for (uint32_t i = 0; i < 5; i++) /* of the segments before the timeout */
		IN(TCP_ACK, .seq = 1, .ack = 1);
	assert_int_equal(COUNTER(FAST_RETRANSMITS), 0); /* RFC 6582 section 3.2 step 1 */
	rig_drop_output(r);
}

static void loss_after_many_gigabytes(struct rig *r)
{
	uint32_t mss;

	rig_open(r, 0);
	mss = r->conn->mss;
	send_segments(r, 4);
	MS(250);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * mss); /* the loss is over */
	rig_write(r, 100);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 101 + 4 * mss);
	r->conn->recover = r->conn->snd_una + (UINT32_C(1) << 30); /* as it looks 3 GiB later */
	rig_write(r, 400);
	rig_drop_output(r);
	for (uint32_t i = 0; i < 3; i++)
		IN(TCP_ACK, .seq = 1, .ack = 101 + 4 * mss);
	assert_int_equal(COUNTER(FAST_RETRANSMITS), 1);
	rig_drop_output(r);
}

static void karn(struct rig *r)
{
	uint32_t rto_ms;

	rig_open(r, 0);
	send_segments(r, 1);
	MS(250);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = r->conn->mss);
	rto_ms = r->conn->rto_ms;
	MS(5);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->conn->mss);
	assert_true(
		r->conn->rto_ms >= rto_ms); /* no sample: the backoff stays (RFC 6298 section 5) */
}

static void restart_after_idle(struct rig *r)
{
	uint32_t mss, seq;

	rig_open(r, 0);
	mss = r->conn->mss;
	rig_write(r, 60 * mss);
	for (seq = 1; seq < 60 * mss;) {
		uint32_t sent = r->conn->snd_max - r->our_isn;

		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = sent);
		seq = sent;
	}
	assert_true(r->conn->cwnd > 10 * mss);
	MS(5000);
	rig_write(r, 30 * mss);
	assert_int_equal(r->t.n_tx, 10); /* RFC 5681 section 4.1 */
	rig_drop_output(r);
}

static void path_mtu(struct rig *r)
{
	uint32_t mtu = r->key.family == 4 ? 1000 : 1280;
	uint32_t mss = mtu - (r->key.family == 4 ? 40 : 60);

	rig_open(r, 0);
	send_segments(r, 2);
	rs_tcp_path_mtu(&r->t, &r->key, r->our_isn + 100000, mtu); /* never sent: RFC 5927 */
	rig_flush(r);
	QUIET();
	rs_tcp_path_mtu(&r->t, &r->key, r->our_isn + 1, mtu);
	rig_flush(r);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = mss);
	OUT(TCP_ACK, .seq = 1 + mss, .ack = 1, .len = mss);
	rig_drop_output(r);
	rs_tcp_path_mtu(&r->t, &r->key, r->our_isn + 1, 68); /* below what every link must carry */
	assert_true(r->conn->mss >= (r->key.family == 4 ? 536 : 1220));
}

static void fin_is_retransmitted(struct rig *r)
{
	rig_open(r, 0);
	rig_write(r, 100);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 100);
	rig_close(r);
	OUT(TCP_ACK | TCP_FIN, .seq = 101, .ack = 1);
	MS(250);
	OUT(TCP_ACK | TCP_PSH | TCP_FIN, .seq = 1, .ack = 1, .len = 100);
	IN(TCP_ACK, .seq = 1, .ack = 102);
	STATE(TCP_FIN_WAIT_2);
}

static void data_and_fin_in_one_segment(struct rig *r)
{
	rig_open(r, 0);
	r->no_flush = true;
	rs_tcp_close(&r->t, r->conn);
	rig_write(r, 100);
	OUT(TCP_ACK | TCP_PSH | TCP_FIN, .seq = 1, .ack = 1, .len = 100);
	STATE(TCP_FIN_WAIT_1);
}

const struct tcp_case loss_cases[] = {
	CASE(initial_window),
	CASE(slow_start),
	CASE(timeout_doubles),
	CASE(gives_up),
	CASE(fast_retransmit),
	CASE(partial_ack),
	CASE(limited_transmit),
	CASE(no_duplicate_acks),
	CASE(not_twice_for_one_window),
	CASE(loss_after_many_gigabytes),
	CASE(karn),
	CASE(restart_after_idle),
	CASE(path_mtu),
	CASE(fin_is_retransmitted),
	CASE(data_and_fin_in_one_segment),
	{0},
};
