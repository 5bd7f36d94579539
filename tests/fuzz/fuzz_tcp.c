/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any sequence of segments, pauses and wishes of the application, against what must always hold.
 * Each step is eight bytes: what, flags, where seq and ack stand (near interesting places), length,
 * window, options, time. The peer knows our sequence numbers, as the worst one does.
 *
 * Every byte says where it belongs: the peer's by its sequence number, ours by its place in what
 * the application wrote.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/tcp.h"
#include "tcp/invariants.h"

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail(#condition);                                                          \
	} while (0)

#define STEP_BYTES 8
#define N_CHUNKS   16
#define N_CONNS    4
#define MAX_TX     8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a connection may only move forward, and how far its application is. */
struct watched {
	bool is_open;
	uint32_t rcv_edge, rcv_nxt, snd_una;
	uint32_t first_seq; /* where its application's first byte stands */
	uint32_t read_seq;  /* the next byte to be read stands here */
	uint32_t n_written;
};

struct world {
	struct tcp t;
	struct tcp_config cfg;
	struct chunk_pool chunks;
	struct tcp_tx tx[MAX_TX];
	void *memory, *chunk_memory;
	struct watched watched[N_CONNS];
	uint32_t n_checked; /* descriptors already looked at */
	bool blocked;
};

#define PATTERN_PERIOD 251

static uint8_t pattern[PATTERN_PERIOD + 4096];

static void fail(const char *what)
{
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

/* The peer's byte at this sequence number. */
static uint8_t peer_byte(uint32_t seq)
{
	return (uint8_t)(seq * 2654435761u >> 24);
}

static void init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	rs_tcp_config_default(&w->cfg);
	w->cfg.max_conns = N_CONNS;
	w->cfg.max_time_wait = 2;
	w->cfg.syn_backlog = 2;
	w->cfg.rcv_wnd_bytes = 4000;
	w->cfg.rcvq_chunks = 4;
	w->cfg.keepalive_idle_ms = 20000;
	w->cfg.tso_bytes = 9000;
	w->cfg.n_listen = 1;
	w->cfg.listen[0] = 80;
	w->memory = aligned_alloc(64, (rs_tcp_bytes(&w->cfg) + 63) & ~63ul);
	w->chunk_memory = aligned_alloc(64, (rs_chunk_pool_bytes(N_CHUNKS, 512) + 63) & ~63ul);
	rs_chunk_pool_init(&w->chunks, w->chunk_memory, N_CHUNKS, 512);
	rs_tcp_init(&w->t, &w->cfg, w->memory, &w->chunks, w->tx, MAX_TX, 1000000);
	w->t.now_us = 1000000;
}

static struct flow_key key_of(uint8_t which)
{
	struct flow_key key = {
		.remote = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 1},
		.local = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 2},
		.remote_port = (uint16_t)(1000 + (which & 7)),
		.local_port = which & 8 ? 81 : 80,
		.family = 4,
	};

	return key;
}

static struct tcp_conn *find(struct world *w, const struct flow_key *key)
{
	for (uint32_t i = 0; i < N_CONNS; i++) {
		struct tcp_conn *c = &w->t.conns[i];

		if (c->state != TCP_CLOSED && rs_flow_key_equal(&c->key, key))
			return c;
	}
	return NULL;
}

static void check_conn(struct watched *was, const struct tcp_conn *c)
{
	if (c->state < TCP_ESTABLISHED) {
		was->is_open = false;
		return;
	}
	if (was->is_open) {
		REQUIRE(rs_seq_geq(c->rcv_edge, was->rcv_edge));
		REQUIRE(rs_seq_geq(c->rcv_nxt, was->rcv_nxt));
		REQUIRE(rs_seq_geq(c->snd_una, was->snd_una));
	}
	REQUIRE(c->rcv_edge - c->rcv_nxt + 1 <= 65537);
	if (!was->is_open)
		was->first_seq = c->snd_una;
	was->is_open = true;
	was->rcv_edge = c->rcv_edge;
	was->rcv_nxt = c->rcv_nxt;
	was->snd_una = c->snd_una;
}

/* What goes out: its length adds up, its bytes are those that the application wrote there. */
static void check_tx(const struct world *w, const struct tcp_tx *tx)
{
	const struct tcp_conn *c = NULL;
	uint32_t len = 0;

	for (uint32_t i = 0; i < N_CONNS && !c; i++) {
		if (w->t.conns[i].state != TCP_CLOSED &&
			rs_flow_key_equal(&w->t.conns[i].key, &tx->key))
			c = &w->t.conns[i];
	}
	for (uint32_t i = 0; i < tx->n_spans; i++) {
		for (uint32_t k = 0; c && k < tx->spans[i].len; k++, len++) {
			uint32_t at = tx->seq - w->watched[c->id].first_seq + len;

			REQUIRE(tx->spans[i].data[k] == pattern[at % PATTERN_PERIOD]);
		}
	}
	REQUIRE(!c || len == tx->len);
	REQUIRE(tx->len <= w->cfg.tso_bytes && rs_tcp_tx_opt_bytes(tx) <= 40);
	REQUIRE(!tx->len || !c || c->state >= TCP_ESTABLISHED);
}

static void check(struct world *w)
{
	const char *broken = tcp_broken_rule(&w->t);

	if (broken)
		fail(broken);
	for (uint32_t i = 0; i < N_CONNS; i++)
		check_conn(&w->watched[i], &w->t.conns[i]);
	REQUIRE(w->t.wheel.n_linked <= w->t.n_conns);
	REQUIRE(w->t.n_time_wait <= w->t.tw_used && w->t.tw_used <= w->cfg.max_time_wait);
	REQUIRE(!w->t.cur.len);
	while (w->n_checked < w->t.n_tx)
		check_tx(w, &w->tx[w->n_checked++]);
}

static void read_all(struct world *w, struct tcp_conn *conn)
{
	struct watched *at = &w->watched[conn->id];
	uint32_t settled = TCP_MORE;

	while (settled & TCP_MORE && !(settled & TCP_GONE)) {
		struct span in = {0};

		if (!w->blocked)
			in = rs_tcp_peek(&w->t, conn);
		for (uint32_t i = 0; i < in.len; i++)
			REQUIRE(in.data[i] == peer_byte(at->read_seq + i));
		rs_tcp_consume(&w->t, conn, in.len);
		at->read_seq += in.len;
		settled = rs_tcp_settle(&w->t, conn);
		if (w->blocked)
			break;
	}
}

static void on_event(struct world *w, struct tcp_conn *conn, uint32_t ev)
{
	if (ev & TCP_EV_OPENED) {
		w->watched[conn->id].read_seq = conn->rcv_nxt;
		if (conn->flags & TCP_F_PASSIVE)
			w->watched[conn->id].n_written = 0;
	}
	if (ev & TCP_EV_DATA && !(ev & TCP_EV_GONE))
		read_all(w, conn);
}

static void segment(struct world *w, const uint8_t *s)
{
	static const int32_t offsets[16] = {0, 1, -1, 2, 10, -10, 100, 536, 1460, -1460, 4000, 4001,
		65535, 70000, -70000, INT32_MIN};
	struct tcp_seg seg = {.key = key_of(s[1] >> 4), .link = s[7]};
	const struct tcp_conn *c = find(w, &seg.key);
	uint32_t found, ev;
	struct tcp_conn *conn;
	uint8_t *payload;

	seg.flags = s[2];
	seg.seq = (c ? c->rcv_nxt : 5000) + (uint32_t)offsets[s[3] & 15];
	seg.ack = (c ? (s[1] & 1 ? c->snd_max : c->snd_una) : 5000) + (uint32_t)offsets[s[3] >> 4];
	seg.len = s[4] < 200 ? s[4] : (s[4] - 200u) * 100;
	seg.wnd = (uint16_t)(s[5] * s[5]);
	seg.opts = s[6] & (seg.flags & TCP_SYN ? 0x0f : TCP_OPT_TS | TCP_OPT_SACK);
	seg.opts |= s[6] & TCP_OPT_CE;
	seg.mss = (uint16_t)(s[5] * 8);
	seg.wscale = s[5] & 15;
	seg.ts_val = seg.opts & TCP_OPT_TS ? (uint32_t)s[7] << 4 : 0;
	if (c && seg.opts & TCP_OPT_SACK) {
		seg.n_sack = 2;
		seg.sack[0].start = c->snd_una + s[5] * 8u;
		seg.sack[0].end = seg.sack[0].start + s[4] + 1u;
		seg.sack[1].start = seg.sack[0].end + s[7];
		seg.sack[1].end = seg.sack[1].start + s[4] * 8u;
	}
	payload = malloc(seg.len + 1);
	for (uint32_t i = 0; i < seg.len; i++)
		payload[i] = peer_byte(seg.seq + i);
	seg.data = payload;
	rs_tcp_lookup(&w->t, &seg, &found, 1);
	ev = rs_tcp_input(&w->t, &seg, found, &conn);
	if (ev)
		on_event(w, conn, ev);
	memset(payload, 0, seg.len);
	free(payload);
}

/* Static bytes, or where there are chunks a copy, as answers are queued. */
static void write_some(struct world *w, struct tcp_conn *c, uint32_t n)
{
	uint32_t *n_written = &w->watched[c->id].n_written;
	const uint8_t *data = pattern + *n_written % PATTERN_PERIOD;
	uint8_t *room = n % 2 ? rs_sendq_reserve(&c->sendq, &w->chunks, n) : NULL;

	if (room) {
		memcpy(room, data, n);
		rs_sendq_commit(&c->sendq, n, &w->chunks);
	} else if (!rs_sendq_push(&c->sendq, data, n, 0)) {
		return;
	}
	*n_written += n;
	rs_tcp_send(&w->t, c);
}

static void wish(struct world *w, const uint8_t *s)
{
	struct flow_key key = key_of(s[1] >> 4);
	struct tcp_conn *c = find(w, &key);

	if (c && c->state == TCP_SYN_RECEIVED && c->flags & TCP_F_PASSIVE)
		c = NULL; /* the application has not heard of it */
	switch (s[2] & 7) {
	case 0:
		if (!c && (c = rs_tcp_connect(&w->t, &key, 1)))
			w->watched[c->id].n_written = 0;
		break;
	case 1:
		if (c && !(c->flags & TCP_F_CLOSE) && !rs_sendq_full(&c->sendq)) {
			write_some(w, c, s[4] * 16u + 1);
		}
		break;
	case 2:
		if (c)
			rs_tcp_close(&w->t, c);
		break;
	case 3:
		if (c)
			rs_tcp_abort(&w->t, c);
		break;
	case 4:
		w->blocked = !w->blocked;
		break;
	case 5:
		if (c)
			rs_tcp_set_deadline(&w->t, c, w->t.now_us + s[4] * 100000u);
		break;
	case 6:
		rs_tcp_path_mtu(&w->t, &key, c ? c->snd_una : 0, s[4] * 8u);
		break;
	default:
		if (c && c->state >= TCP_ESTABLISHED)
			read_all(w, c);
	}
}

static void pass_time(struct world *w, uint64_t us)
{
	struct tcp_conn *conn;
	uint32_t ev;

	w->t.now_us += us;
	for (uint32_t n = 0; n < 64 && (ev = rs_tcp_expire(&w->t, &conn)) != 0; n++)
		on_event(w, conn, ev);
}

static void flush(struct world *w)
{
	rs_tcp_flush(&w->t);
	check(w);
	w->t.n_tx = w->n_checked = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w;

	if (size > 4096)
		return 0;
	for (uint32_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i % PATTERN_PERIOD);
	init(&w);
	for (; size >= STEP_BYTES; data += STEP_BYTES, size -= STEP_BYTES) {
		switch (data[0] & 3) {
		case 0:
		case 1:
			segment(&w, data);
			break;
		case 2:
			wish(&w, data);
			break;
		default:
			pass_time(&w, (uint64_t)data[1] << (data[2] & 15) << 4);
		}
		check(&w);
		if (data[0] & 4)
			flush(&w);
	}
	for (uint32_t i = 0; i < N_CONNS; i++)
		rs_tcp_abort(&w.t, &w.t.conns[i]);
	w.t.n_tx = w.n_checked = 0;
	for (uint32_t i = 0; i < 300; i++) {
		pass_time(&w, 1000000);
		flush(&w);
	}
	if (tcp_left_over(&w.t))
		fail(tcp_left_over(&w.t));
	free(w.memory);
	free(w.chunk_memory);
	return 0;
}
