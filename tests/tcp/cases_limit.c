/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything is bounded: what happens when something is full. */
#include "cases.h"

static void wide_backlog(struct rig *r)
{
	r->cfg.syn_backlog = 100;
}

static void connections_full(struct rig *r)
{
	for (uint32_t i = 0; i < r->cfg.max_conns; i++) {
		rig_peer(r, i);
		OPEN(0);
	}
	rig_peer(r, r->cfg.max_conns);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	QUIET(); /* silently: the client will try again */
	EQ(COUNTER(DROP_CONNS_FULL), 1);
	TRUE(!rs_tcp_connect(&r->t, &r->p->key, 1));
	rig_peer(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10); /* those that are there go on */
	rig_write(r, 20);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .len = 20);
	IN(TCP_RST, .seq = 11);
	TRUE(r->p->gone);
	rig_peer(r, r->cfg.max_conns); /* one has gone: there is room again */
	OPEN(0);
}

static void half_open_ones_count(struct rig *r)
{
	for (uint32_t i = 0; i < r->cfg.max_conns; i++) {
		rig_peer(r, i);
		IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
		OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	}
	rig_peer(r, r->cfg.max_conns);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	QUIET();
	EQ(r->t.n_half_open, r->cfg.max_conns);
	EQ(rs_tcp_n_conns(&r->t, true), r->cfg.max_conns);
	EQ(rs_tcp_n_conns(&r->t, false), 0);
	rig_peer(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EQ(rs_tcp_n_conns(&r->t, false), 1);
}

/* What another core sees when a connection begins between its two looks: none less than none. */
static void seen_as_one_begins(struct rig *r)
{
	static const struct tcp seen = {.n_conns = 0, .n_half_open = 1};

	(void)r;
	EQ(rs_tcp_n_conns(&seen, false), 0);
	EQ(rs_tcp_n_conns(&seen, true), 0);
}

static void syn_flood(struct rig *r)
{
	for (uint32_t i = 0; i < 1000; i++) {
		rig_peer(r, 1);
		r->p->key.remote[14] = (uint8_t)(i >> 8);
		r->p->key.remote[13] = (uint8_t)i;
		IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
		rig_drop_output(r);
		TRUE(r->t.n_half_open <= r->cfg.syn_backlog);
	}
	EQ(COUNTER(SYN_COOKIES_SENT), 1000 - r->cfg.syn_backlog);
	rig_peer(r, 0); /* an honest client gets through in the middle of it */
	OPEN(0);
	EQ(COUNTER(SYN_COOKIES_OK), 1);
}

static void chunks_low(struct rig *r)
{
	OPEN(0);
	r->cfg.chunk_reserve = r->chunks.n_total + 1;
	rig_peer(r, 1);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	QUIET();
	EQ(COUNTER(DROP_CHUNKS_LOW), 1);
	rig_peer(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	EQ(r->p->n_read, 10);
}

static void chunk_reserve_is_exact(struct rig *r)
{
	uint32_t taken;

	r->cfg.chunk_reserve = r->chunks.n_total;
	OPEN(0);
	taken = rs_chunk_alloc(&r->chunks);
	rig_peer(r, 1);
	r->no_flush = true; /* the rules count every chunk: not while the case holds one */
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	QUIET();
	rs_chunk_free(&r->chunks, taken);
	r->no_flush = false;
	OPEN(0);
}

static void no_chunk_is_no_loss(struct rig *r)
{
	uint32_t taken[256];
	uint32_t n = 0;

	OPEN(0);
	r->p->blocked = true;
	r->no_flush = true;
	while (r->chunks.n_free)
		taken[n++] = rs_chunk_alloc(&r->chunks);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	IN(TCP_ACK, .seq = 201, .ack = 1, .len = 100);
	EQ(COUNTER(DROP_RCVQ_NO_CHUNK), 2);
	while (n)
		rs_chunk_free(&r->chunks, taken[--n]);
	r->no_flush = false;
	FLUSH();
	/* None of it was acknowledged: it comes again. */
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	MS(100);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 101);
	r->p->blocked = false;
	rig_read(r, UINT32_MAX);
	EQ(r->p->n_read, 100);
}

static void four_chunks(struct rig *r)
{
	r->cfg.rcvq_chunks = 4;
}

static void receive_queue_is_full(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 0; i < 10; i++) {
		IN(TCP_ACK, .seq = 1001 + i * 10, .ack = 1, .len = 1);
		OUT(TCP_ACK, .seq = 1, .ack = 1);
	}
	EQ(r->chunks.n_total - r->chunks.n_free, 4);
	EQ(COUNTER(DROP_RCVQ_FULL), 6);
}

static void unread_bytes_are_bounded(struct rig *r)
{
	OPEN(0);
	r->p->blocked = true;
	for (uint32_t i = 0; i < 20; i++) {
		IN(TCP_ACK, .seq = 1 + i * 1000, .ack = 1, .len = 1000);
		rig_drop_output(r);
		TRUE(r->p->conn->n_rcvq_chunks <= 4);
	}
	TRUE(r->p->conn->rcv_nxt - r->p->isn <= 1 + 4 * 2048);
	r->p->blocked = false;
	rig_read(r, UINT32_MAX);
	EQ(r->p->n_read, r->p->conn->rcv_nxt - r->p->isn - 1);
	rig_drop_output(r);
	/* And it goes on where it was acknowledged. */
	IN(TCP_ACK, .seq = 1 + r->p->n_read, .ack = 1, .len = 1000);
	TRUE(r->p->n_read >= 1000);
	rig_drop_output(r);
}

/* However many peers keep us waiting for a gap, there are chunks left for answers and newcomers. */
static void all_receive_queues_are_bounded(struct rig *r)
{
	for (uint32_t n = 0; n < 4; n++) {
		rig_peer(r, n);
		OPEN(0);
		for (uint32_t i = 0; i < r->cfg.rcvq_chunks; i++)
			IN(TCP_ACK, .seq = 1001 + i * 10, .ack = 1, .len = 1);
		rig_drop_output(r);
	}
	EQ(r->chunks.n_free, r->chunks.n_total / 4);
	EQ(COUNTER(DROP_RCVQ_FULL), 0);
	TRUE(COUNTER(DROP_RCVQ_NO_CHUNK) > 0);
	rig_peer(r, 0);
	rig_abort(r);
	rig_drop_output(r);
	rig_peer(r, 3); /* whose turn it is now */
	EQ(r->p->conn->n_rcvq_chunks, 0);
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 1);
	EQ(r->p->conn->n_rcvq_chunks, 1);
	rig_drop_output(r);
}

static void draining(struct rig *r)
{
	rig_peer(r, 1);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	rig_peer(r, 2);
	OPEN(0);
	r->t.draining = true;
	rig_peer(r, 0);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(RST_ACK, .seq = 0, .ack = 1, .raw_seq = true);
	rig_peer(r, 1); /* begun before: it may finish its handshake */
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
	rig_peer(r, 2);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .len = 10);
}

static void two_ports(struct rig *r)
{
	r->cfg.n_listen = 2;
	r->cfg.listen[1] = 443;
}

static void each_port_that_listens(struct rig *r)
{
	OPEN(0);
	rig_peer(r, 1);
	r->p->key.local_port = 443;
	OPEN(0);
	rig_peer(r, 2);
	r->p->key.local_port = 8080;
	IN(TCP_SYN, .seq = 0);
	OUT(RST_ACK, .seq = 0, .ack = 1, .raw_seq = true);
}

static void no_descriptor(struct rig *r)
{
	r->max_tx = 1;
}

static void syn_ack_finds_no_descriptor(struct rig *r)
{
	OPEN(0);
	r->no_flush = true;
	IN(TCP_ACK, .seq = 101, .ack = 1, .len = 10); /* its ACK takes the only one */
	rig_peer(r, 1);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	EQ(COUNTER(DROP_TX_FULL), 1);
	r->no_flush = false;
	rig_peer(r, 0);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	rig_peer(r, 1);
	IN(TCP_ACK, .seq = 70000, .ack = 1, .len = 10); /* the window stands all the same */
	OUT(TCP_ACK, .seq = r->tx[0].seq, .ack = 1, .wnd = 65535, .raw_seq = true);
	WAIT(1000); /* the timer says it again */
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
}

static void ack_in_a_handshake_finds_no_descriptor(struct rig *r)
{
	rig_peer(r, 1);
	OPEN(0);
	rig_peer(r, 0);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	r->no_flush = true;
	rig_peer(r, 1);
	IN(TCP_ACK, .seq = 101, .ack = 1, .len = 10); /* its ACK takes the only one */
	rig_peer(r, 0);
	IN(TCP_ACK, .seq = 70000, .ack = 1, .len = 10);
	rig_peer(r, 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	FLUSH();
	rig_peer(r, 0);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	STATE(TCP_SYN_RECEIVED);
}

const struct tcp_case limit_cases[] = {
	{"connections_full", connections_full, wide_backlog, 0},
	{"half_open_ones_count", half_open_ones_count, wide_backlog, 0},
	{"seen_as_one_begins", seen_as_one_begins, NULL, 0},
	{"syn_flood", syn_flood, NULL, 0},
	{"chunks_low", chunks_low, NULL, 0},
	{"chunk_reserve_is_exact", chunk_reserve_is_exact, NULL, 0},
	{"no_chunk_is_no_loss", no_chunk_is_no_loss, NULL, 0},
	{"receive_queue_is_full", receive_queue_is_full, four_chunks, 0},
	{"unread_bytes_are_bounded", unread_bytes_are_bounded, four_chunks, 0},
	{"all_receive_queues_are_bounded", all_receive_queues_are_bounded, NULL, 0},
	{"draining", draining, NULL, 0},
	{"each_port_that_listens", each_port_that_listens, two_ports, 0},
	{"syn_ack_finds_no_descriptor", syn_ack_finds_no_descriptor, no_descriptor, 0},
	{"ack_in_a_handshake_finds_no_descriptor", ack_in_a_handshake_finds_no_descriptor,
		no_descriptor, 0},
	{0},
};
