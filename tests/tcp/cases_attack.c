/* SPDX-License-Identifier: BSD-2-Clause */
/* Blind attacks and limits: RFC 5961, and what happens when something is full. */
#include "rig_tests.h"

static void rst_exact(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_RST, .seq = 1);
	QUIET();
	assert_true(r->gone);
}

static void rst_in_window(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_RST, .seq = 2);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_RST, .seq = 60000);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	assert_false(r->gone);
	assert_int_equal(COUNTER(CHALLENGE_ACKS), 2);
}

static void rst_outside(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_RST, .seq = 0);
	IN(TCP_RST, .seq = 70000);
	QUIET();
	assert_false(r->gone);
}

static void syn_in_connection(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_SYN, .seq = 0);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_SYN, .seq = 500);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_SYN | TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	STATE(TCP_ESTABLISHED);
}

static void ack_never_sent(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 2, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	assert_int_equal(r->n_read, 0);
}

static void ack_long_ago(struct rig *r)
{
	rig_open(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1u - 70000, .len = 10); /* RFC 5961 section 5.2 */
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	assert_int_equal(r->n_read, 0);
}

static void no_ack_flag(struct rig *r)
{
	rig_open(r, 0);
	IN(0, .seq = 1, .len = 10);
	IN(TCP_FIN, .seq = 1);
	QUIET();
	assert_int_equal(r->n_read, 0);
	STATE(TCP_ESTABLISHED);
}

static void challenges_are_limited(struct rig *r)
{
	rig_open(r, 0);
	for (uint32_t i = 0; i < 1500; i++) {
		IN(TCP_RST, .seq = 2);
		rig_drop_output(r);
	}
	assert_int_equal(COUNTER(CHALLENGE_ACKS), 1000);
	assert_int_equal(COUNTER(DROP_CHALLENGE_LIMIT), 500);
	r->t.now_us += 1000001;
	IN(TCP_RST, .seq = 2);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
}

static void connections_full(struct rig *r)
{
	struct tcp_conn *first;

	r->cfg.syn_backlog = 100;
	rig_open(r, 0);
	first = r->conn;
	for (uint32_t i = 1; i < r->cfg.max_conns; i++) {
		r->key.remote_port++;
		r->events = 0;
		rig_open(r, 0);
	}
	r->key.remote_port++;
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	QUIET(); /* silently: the client will try again */
	assert_int_equal(COUNTER(DROP_CONNS_FULL), 1);
	r->key.remote_port = 40000;
	r->conn = first;
	r->our_isn = first->iss;
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10); /* those that are there go on */
	assert_int_equal(r->n_read, 10);
}

static void chunks_low(struct rig *r)
{
	rig_open(r, 0);
	r->cfg.chunk_reserve = r->chunks.n_total + 1;
	r->key.remote_port++;
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	QUIET();
	assert_int_equal(COUNTER(DROP_CHUNKS_LOW), 1);
	r->key.remote_port--;
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	assert_int_equal(r->n_read, 10);
}

static void no_chunk_is_no_loss(struct rig *r)
{
	uint32_t taken[64], n = 0;

	rig_open(r, 0);
	r->blocked = true;
	while (r->chunks.n_free)
		taken[n++] = rs_chunk_alloc(&r->chunks);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	assert_int_equal(r->conn->rcv_nxt - r->peer_isn, 1); /* not acknowledged */
	while (n)
		rs_chunk_free(&r->chunks, taken[--n]);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100); /* it comes again */
	r->blocked = false;
	rig_read(r);
	assert_int_equal(r->n_read, 100);
}

static void receive_queue_full(struct rig *r)
{
	r->cfg.rcvq_chunks = 4;
	rig_open(r, 0);
	for (uint32_t i = 0; i < 10; i++) {
		IN(TCP_ACK, .seq = 1001 + i * 10, .ack = 1, .len = 1);
		rig_drop_output(r);
	}
	assert_int_equal(r->chunks.n_total - r->chunks.n_free, 4);
	assert_int_equal(COUNTER(DROP_RCVQ_FULL), 6);
}

static void link_follows_the_peer(struct rig *r)
{
	rig_open(r, 0);
	assert_int_equal(r->conn->link, 1);
	r->conn->link = 2; /* as if it had come from elsewhere before */
	IN(TCP_ACK, .seq = 70000, .ack = 1, .len = 10); /* outside the window: not believed */
	assert_int_equal(r->conn->link, 2);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	assert_int_equal(r->conn->link, 1);
	rig_drop_output(r);
}

const struct tcp_case attack_cases[] = {
	CASE(rst_exact),
	CASE(rst_in_window),
	CASE(rst_outside),
	CASE(syn_in_connection),
	CASE(ack_never_sent),
	CASE(ack_long_ago),
	CASE(no_ack_flag),
	CASE(challenges_are_limited),
	CASE(connections_full),
	CASE(chunks_low),
	CASE(no_chunk_is_no_loss),
	CASE(receive_queue_full),
	CASE(link_follows_the_peer),
	{0},
};
