/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections begin: RFC 9293 section 3.5, 7323, 2018, 6528, 6298, 4987. */
#include "rig_tests.h"

#define SYN_OPTS (TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK)

static void all_options(struct rig *r)
{
	r->cfg.rcv_wnd_bytes = 65535;
	IN(TCP_SYN, .opts = SYN_OPTS, .mss = 1460, .wscale = 7);
	OUT(TCP_SYN | TCP_ACK, .ack = 1, .opts = SYN_OPTS, .check_opts = true, .wnd = 65535);
	IN(TCP_ACK, .seq = 1, .ack = 1, .opts = TCP_OPT_TS, .wnd = 1000);
	assert_int_equal(r->conn->snd_wnd, 1000 << 7);
	assert_int_equal(r->conn->mss, r->key.family == 4 ? 1448 : 1428);
}

static void no_options(struct rig *r)
{
	IN(TCP_SYN, .wnd = 5000);
	OUT(TCP_SYN | TCP_ACK, .ack = 1, .opts = TCP_OPT_MSS, .check_opts = true);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 5000);
	assert_int_equal(r->conn->snd_wnd, 5000);
	/* RFC 9293 section 3.7.1 */
	assert_int_equal(r->conn->mss, r->key.family == 4 ? 536 : 1220);
}

static void syn_again_gets_the_same_answer(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .ack = 1);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
	assert_int_equal(r->t.n_conns, 1);
}

static void syn_ack_is_repeated_then_given_up(struct rig *r)
{
	uint32_t wait_ms = 1000; /* RFC 6298 section 2.1, doubled each time */

	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .ack = 1);
	for (uint32_t i = 0; i < r->cfg.max_syn_retries; i++) {
		MS(wait_ms - 60);
		QUIET();
		MS(60 + 30 * !i);
		OUT(TCP_SYN | TCP_ACK, .ack = 1);
		wait_ms *= 2;
	}
	MS(wait_ms + 100);
	QUIET();
	assert_int_equal(r->t.n_conns, 0);
	assert_int_equal(r->events, 0); /* the application never heard of it */
}

static void first_data_rides_on_the_handshake(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .ack = 1);
	IN(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 100);
	assert_int_equal(r->events, TCP_EV_OPENED | TCP_EV_DATA);
	assert_int_equal(r->n_read, 100);
}

static void bad_ack_of_the_handshake(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 2); /* more than we sent: RFC 9293 3.10.7.4, fifth */
	OUT(TCP_RST, .seq = 2);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	assert_int_equal(r->events, TCP_EV_OPENED);
}

static void rst_ends_a_half_open_one(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .ack = 1);
	IN(TCP_RST, .seq = 1);
	QUIET();
	assert_int_equal(r->t.n_conns, 0);
	assert_int_equal(r->t.n_half_open, 0);
	assert_int_equal(r->events, 0);
}

static void closed_port(struct rig *r)
{
	r->key.local_port = 81;
	IN(TCP_SYN, .seq = 0);
	assert_int_equal(r->tx[0].seq, 0); /* RFC 9293 section 3.10.7.1 */
	OUT(TCP_RST | TCP_ACK, .seq = 0, .ack = 1);
	r->our_isn = 7000;
	IN(TCP_ACK, .seq = 5, .ack = 9);
	OUT(TCP_RST, .seq = 9);
	IN(TCP_RST, .seq = 5);
	QUIET();
	r->key.local_port = 80;
}

static void stray_ack_to_a_listener(struct rig *r)
{
	r->our_isn = 7000;
	IN(TCP_ACK, .seq = 5, .ack = 9, .len = 10);
	OUT(TCP_RST, .seq = 9);
	IN(TCP_FIN, .seq = 5);
	IN(0, .seq = 5);
	IN(TCP_SYN | TCP_FIN, .seq = 5);
	QUIET();
	assert_int_equal(r->t.n_conns, 0);
}

static void isn_grows_and_differs(struct rig *r)
{
	uint32_t first, second;

	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	first = r->tx[0].seq;
	IN(TCP_RST, .seq = 1);
	r->t.now_us += 1000000;
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	second = r->tx[1].seq;
	assert_int_equal(second - first, 250000); /* one every 4 µs: RFC 6528 section 3 */
	IN(TCP_RST, .seq = 1);
	r->key.remote_port++;
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	assert_int_not_equal(r->tx[2].seq, second);
	IN(TCP_RST, .seq = 1);
	r->key.remote_port--;
	rig_drop_output(r);
}

static void rto_of_the_first_round_trip(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .ack = 1);
	MS(300);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	/* RFC 6298 section 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR */
	assert_in_range(r->conn->rto_ms, 895, 905);
}

static void initial_window_after_a_lost_syn_ack(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .ack = 1);
	MS(1100);
	OUT(TCP_SYN | TCP_ACK, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	assert_int_equal(r->conn->cwnd, r->conn->mss); /* RFC 5681 section 3.1 */
}

static void fill_backlog(struct rig *r)
{
	r->key.remote_port = 50000;
	for (uint32_t i = 0; i < r->cfg.syn_backlog; i++) {
		IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
		r->key.remote_port++;
	}
	r->key.remote_port = 40000;
	rig_drop_output(r);
}

static void cookie_opens(struct rig *r)
{
	fill_backlog(r);
	IN(TCP_SYN, .opts = SYN_OPTS, .mss = 1400, .wscale = 9);
	r->peer_ts = 5000;
	assert_int_equal(r->t.n_conns, r->cfg.syn_backlog);
	{
		uint32_t ts_val = r->tx[0].ts_val;

		OUT(TCP_SYN | TCP_ACK, .ack = 1, .opts = SYN_OPTS, .check_opts = true);
		IN(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 50, .opts = TCP_OPT_TS,
			.ts_ecr = ts_val);
	}
	assert_int_equal(r->events, TCP_EV_OPENED | TCP_EV_DATA);
	assert_int_equal(r->conn->snd_wscale, 9);
	assert_true(r->conn->flags & TCP_F_SACK);
	assert_int_equal(r->conn->mss, 1360 - 12); /* the next lower value that a cookie can name */
	assert_int_equal(r->n_read, 50);
	rig_write(r, 100);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 51, .len = 100);
}

static void cookie_without_timestamps(struct rig *r)
{
	fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS | TCP_OPT_WSCALE, .mss = 1460, .wscale = 9);
	/* There is nowhere to remember the scale: it must not be promised. */
	OUT(TCP_SYN | TCP_ACK, .ack = 1, .opts = TCP_OPT_MSS, .check_opts = true);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 500);
	assert_int_equal(r->events, TCP_EV_OPENED);
	assert_int_equal(r->conn->snd_wnd, 500);
}

static void wrong_cookie(struct rig *r)
{
	fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + (1 << 20));
	OUT(TCP_RST, .seq = 1 + (1 << 20));
	IN(TCP_ACK, .seq = 2, .ack = 1); /* right cookie, other peer ISN */
	OUT(TCP_RST, .seq = 1);
	assert_int_equal(r->events, 0);
}

static void old_cookie(struct rig *r)
{
	fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .ack = 1);
	r->t.now_us += 150 * UINT64_C(1000000);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_RST, .seq = 1);
	assert_int_equal(r->events, 0);
}

static void active_open(struct rig *r)
{
	struct flow_key key = r->key;

	r->our_isn = 0;
	r->conn = rs_tcp_connect(&r->t, &key, 1);
	assert_non_null(r->conn);
	assert_null(rs_tcp_connect(&r->t, &key, 1));
	rig_flush(r);
	OUT(TCP_SYN, .seq = 0, .ack = 0);
	IN(TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	assert_int_equal(r->events, TCP_EV_OPENED);
	STATE(TCP_ESTABLISHED);
}

static void active_open_refused(struct rig *r)
{
	r->conn = rs_tcp_connect(&r->t, &r->key, 1);
	rig_flush(r);
	OUT(TCP_SYN, .seq = 0);
	IN(TCP_RST | TCP_ACK, .seq = 0, .ack = 2); /* not ours: ignored after its RST check */
	IN(TCP_RST, .seq = 0);
	rig_drop_output(r);
	assert_false(r->gone);
	IN(TCP_RST | TCP_ACK, .seq = 0, .ack = 1);
	assert_true(r->gone);
}

static void simultaneous_open(struct rig *r)
{
	r->conn = rs_tcp_connect(&r->t, &r->key, 1);
	rig_flush(r);
	OUT(TCP_SYN, .seq = 0);
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
	STATE(TCP_SYN_RECEIVED);
	IN(TCP_SYN | TCP_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = 1460);
	STATE(TCP_ESTABLISHED);
	rig_drop_output(r);
}

static void draining_refuses(struct rig *r)
{
	r->t.draining = true;
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_RST | TCP_ACK, .seq = 0, .ack = 1);
}

const struct tcp_case open_cases[] = {
	CASE(all_options),
	CASE(no_options),
	CASE(syn_again_gets_the_same_answer),
	CASE(syn_ack_is_repeated_then_given_up),
	CASE(first_data_rides_on_the_handshake),
	CASE(bad_ack_of_the_handshake),
	CASE(rst_ends_a_half_open_one),
	CASE(closed_port),
	CASE(stray_ack_to_a_listener),
	CASE(isn_grows_and_differs),
	CASE(rto_of_the_first_round_trip),
	CASE(initial_window_after_a_lost_syn_ack),
	CASE(cookie_opens),
	CASE(cookie_without_timestamps),
	CASE(wrong_cookie),
	CASE(old_cookie),
	CASE(active_open),
	CASE(active_open_refused),
	CASE(simultaneous_open),
	CASE(draining_refuses),
	{0},
};
