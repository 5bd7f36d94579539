/* SPDX-License-Identifier: BSD-2-Clause */
#include "harness.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/invariants.h"

#define N_CHUNKS    128
#define CHUNK_BYTES 2048
#define START_US    (UINT64_C(1) << 33)
#define PEER_PORT   40000
#define LAST_MS     300000 /* all timers have run out by then */
#define EARLY_MS    2      /* timers work in ticks of 1.024 ms */
#define LATE_MS     4

uint8_t rig_pattern[PATTERN_BYTES];
static jmp_buf on_failure;

_Noreturn void rig_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("%s:%d: ", file, line);
	vprintf(format, args);
	printf("\n");
	va_end(args);
	longjmp(on_failure, 1);
}

static void check_rules(const struct rig *r)
{
	const char *broken = tcp_broken_rule(&r->t);

	if (broken)
		rig_fail(__FILE__, __LINE__, "broken: %s", broken);
}

/* ---- the start and the end of a case ---- */

static void make_key(struct flow_key *key, bool ipv6, uint32_t n)
{
	static const uint8_t v4[16] = {[10] = 0xff, 0xff, 10, 0, 0, 1};
	static const uint8_t v6[16] = {0xfd, [15] = 1};

	*key = (struct flow_key){
		.remote_port = (uint16_t)(PEER_PORT + n), .local_port = 80, .family = ipv6 ? 6 : 4};
	memcpy(key->remote, ipv6 ? v6 : v4, 16);
	memcpy(key->local, ipv6 ? v6 : v4, 16);
	key->local[15] = 2;
}

static void start(struct rig *r, uint64_t now_us)
{
	rs_chunk_pool_init(&r->chunks, r->chunk_memory, r->n_chunks, CHUNK_BYTES);
	rs_tcp_init(&r->t, &r->cfg, r->memory, &r->chunks, r->tx, r->max_tx, now_us);
}

/*
 * Our initial sequence number moves by one every 4 µs (RFC 6528 section 3): the first SYN-ACK
 * says how far the clock must be from where the case wants it.
 */
static void steer_isn(struct rig *r, uint32_t isn)
{
	struct tcp_seg seg = {.key = r->p->key, .flags = TCP_SYN, .wnd = 1000, .link = 1};
	struct tcp_conn *conn;
	uint32_t found, ahead;

	rs_tcp_lookup(&r->t, &seg, &found, 1);
	rs_tcp_input(&r->t, &seg, found, &conn);
	if (r->t.n_tx == 1) {
		ahead = isn - r->tx[0].seq;
		start(r, START_US + 4 * (uint64_t)ahead);
	} else {
		start(r, START_US);
	}
}

static void init(struct rig *r, const struct tcp_case *c, const struct variant *v)
{
	memset(r, 0, sizeof(*r));
	for (uint32_t i = 0; i < PATTERN_BYTES; i++)
		rig_pattern[i] = (uint8_t)(i % PATTERN_PERIOD);
	rs_tcp_config_default(&r->cfg);
	r->cfg.max_conns = 8;
	r->cfg.max_time_wait = 8;
	r->cfg.syn_backlog = 4;
	r->cfg.rcv_wnd_bytes = 65535;
	r->cfg.rcvq_chunks = 40;
	r->cfg.n_listen = 1;
	r->cfg.listen[0] = 80;
	r->cfg.force_slow = v->force_slow;
	r->cfg.isn_secret[0] = 12345;
	for (uint32_t i = 0; i < 5; i++)
		r->cfg.flow_secret[i] = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
	r->max_tx = RIG_MAX_TX;
	r->n_chunks = N_CHUNKS;
	r->mss = v->ipv6 ? 1440 : 1460;
	r->isn = v->isn ? v->isn : 1000;
	r->arg = c->arg;
	if (c->tune)
		c->tune(r);
	r->memory = aligned_alloc(64, (rs_tcp_bytes(&r->cfg) + 63) & ~63ul);
	r->chunk_memory =
		aligned_alloc(64, (rs_chunk_pool_bytes(r->n_chunks, CHUNK_BYTES) + 63) & ~63ul);
	for (uint32_t i = 0; i < RIG_PEERS; i++) {
		make_key(&r->peers[i].key, v->ipv6, i);
		r->peers[i].isn = r->isn;
		r->peers[i].ts_val = 5000;
	}
	r->p = r->peers;
	start(r, START_US);
	if (v->isn)
		steer_isn(r, v->isn + 300);
}

/* Whatever still lives is aborted, and all timers run out: then nothing may be left. */
static void finish(struct rig *r)
{
	const char *left;

	for (uint32_t i = 0; i < r->cfg.max_conns; i++)
		rs_tcp_abort(&r->t, &r->t.conns[i]);
	for (uint32_t ms = 0; ms < LAST_MS; ms += 1000) {
		struct tcp_conn *conn;

		r->t.now_us += 1000000;
		while (rs_tcp_expire(&r->t, &conn))
			;
		r->t.n_tx = 0;
		rs_tcp_flush(&r->t);
	}
	left = tcp_left_over(&r->t);
	if (left)
		rig_fail(__FILE__, __LINE__, "left over: not %s", left);
}

bool rig_run(const struct tcp_case *c, const struct variant *v)
{
	static struct rig rig;
	bool ok = false;

	init(&rig, c, v);
	if (!setjmp(on_failure)) {
		c->run(&rig);
		finish(&rig);
		ok = true;
	}
	free(rig.memory);
	free(rig.chunk_memory);
	return ok;
}

void rig_peer(struct rig *r, uint32_t n)
{
	r->p = &r->peers[n];
}

void rig_reopen(struct rig *r, uint32_t isn)
{
	struct flow_key key = r->p->key;
	uint32_t ts_val = r->p->ts_val;

	*r->p = (struct peer){.key = key, .isn = isn, .ts_val = ts_val};
}

struct tcp_conn *rig_conn(struct rig *r)
{
	for (uint32_t i = 0; i < r->cfg.max_conns; i++) {
		struct tcp_conn *c = &r->t.conns[i];

		if (c->state != TCP_CLOSED && rs_flow_key_equal(&c->key, &r->p->key))
			return c;
	}
	return NULL;
}

/* ---- the application ---- */

/* Reads up to budget bytes of what there is. */
static void read_some(struct rig *r, struct peer *p, uint32_t budget)
{
	uint32_t ev;

	do {
		struct span in = {0};

		if (budget)
			in = rs_tcp_peek(&r->t, p->conn);
		in.len = rs_min_u32(in.len, budget);
		for (uint32_t i = 0; i < in.len; i++) {
			if (in.data[i] != rig_pattern[(p->n_read + i) % PATTERN_PERIOD])
				rig_fail(__FILE__, __LINE__, "byte %u is wrong", p->n_read + i);
		}
		rs_tcp_consume(&r->t, p->conn, in.len);
		p->n_read += in.len;
		budget -= in.len;
		ev = rs_tcp_settle(&r->t, p->conn);
	} while (ev & TCP_MORE && budget);
	if (ev & TCP_EOF && p->eof)
		rig_fail(__FILE__, __LINE__, "the end was told twice");
	p->eof |= (ev & TCP_EOF) != 0;
	if (ev & TCP_GONE) {
		p->gone = true;
		p->conn = NULL;
	}
}

void rig_take_events(struct rig *r, uint32_t ev, struct tcp_conn *conn)
{
	struct peer *p = &r->peers[conn->key.remote_port - PEER_PORT];

	p->events |= ev;
	if (ev & TCP_EV_OPENED)
		p->conn = conn;
	if (ev & TCP_EV_GONE) {
		p->gone = true;
		p->conn = NULL;
	} else if (ev & TCP_EV_DATA) {
		read_some(r, p, p->blocked ? 0 : UINT32_MAX);
	}
}

void rig_flush(struct rig *r)
{
	rs_tcp_flush(&r->t);
	check_rules(r);
}

void rig_read(struct rig *r, uint32_t n)
{
	read_some(r, r->p, n);
	rig_flush(r);
}

void rig_write(struct rig *r, uint32_t n)
{
	const uint8_t *data = rig_pattern + r->p->n_written % PATTERN_PERIOD;

	TRUE(rs_sendq_push(&r->p->conn->sendq, data, n, 0));
	r->p->n_written += n;
	rs_tcp_send(&r->t, r->p->conn);
	if (!r->no_flush)
		rig_flush(r);
}

void rig_close(struct rig *r)
{
	rs_tcp_close(&r->t, rig_conn(r));
	if (!r->no_flush)
		rig_flush(r);
}

void rig_abort(struct rig *r)
{
	rs_tcp_abort(&r->t, rig_conn(r));
	r->p->conn = NULL;
	rig_flush(r);
}

void rig_connect(struct rig *r)
{
	r->p->conn = rs_tcp_connect(&r->t, &r->p->key, 1);
	TRUE(r->p->conn);
	rig_flush(r);
}

/* ---- time ---- */

static void one_ms(struct rig *r)
{
	uint64_t deadline_us = rs_tcp_deadline_us(&r->t);
	uint32_t n_tx = r->t.n_tx;
	struct tcp_conn *conn;
	uint32_t ev;

	r->t.now_us += 1000;
	while ((ev = rs_tcp_expire(&r->t, &conn)) != 0) {
		TRUE(r->t.now_us >= deadline_us);
		rig_take_events(r, ev, conn);
	}
	rig_flush(r);
	TRUE(r->t.n_tx == n_tx || r->t.now_us >= deadline_us);
}

void rig_advance_ms(struct rig *r, uint32_t ms)
{
	while (ms--)
		one_ms(r);
}

void rig_wait(struct rig *r, uint32_t ms, const char *file, int line)
{
	uint32_t events = r->p->events;
	uint32_t waited = 0;

	rig_expect_none(r, file, line);
	while (waited <= ms + LATE_MS && r->n_seen == r->t.n_tx && r->p->events == events) {
		one_ms(r);
		waited++;
	}
	if (waited > ms + LATE_MS)
		rig_fail(file, line, "nothing happened within %u ms", waited);
	if (waited + EARLY_MS < ms)
		rig_fail(file, line, "something happened after %u ms, not %u", waited, ms);
}

/* ---- what the application sees ---- */

void rig_expect_events(struct rig *r, uint32_t events, const char *file, int line)
{
	if (r->p->events != events)
		rig_fail(file, line, "events %#x, not %#x", r->p->events, events);
	r->p->events = 0;
}

void rig_expect_state(struct rig *r, uint8_t state, const char *file, int line)
{
	const struct tcp_conn *c = rig_conn(r);
	uint8_t is = c ? c->state : r->t.n_time_wait ? TCP_TIME_WAIT : TCP_CLOSED;

	if (is != state)
		rig_fail(file, line, "state %u, not %u", is, state);
}

/* ---- handshakes ---- */

void rig_open(struct rig *r, uint8_t opts, const char *file, int line)
{
	struct say syn_ack = {SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS | opts};

	syn_ack.mss = (uint16_t)r->mss;
	syn_ack.wscale = opts & TCP_OPT_WSCALE ? r->t.rcv_wscale : 0;
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS | opts, .mss = 1460, .wscale = 7);
	rig_expect(r, syn_ack, file, line);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_expect_none(r, file, line);
	rig_expect_events(r, TCP_EV_OPENED, file, line);
	rig_expect_state(r, TCP_ESTABLISHED, file, line);
}

void rig_open_active(struct rig *r, uint8_t opts, const char *file, int line)
{
	struct say syn = {TCP_SYN, .seq = 0, .mss = (uint16_t)r->mss, .wscale = r->t.rcv_wscale};

	syn.opts = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK;
	rig_connect(r);
	rig_expect(r, syn, file, line);
	r->p->ts = opts & TCP_OPT_TS;
	r->p->wscale = opts & TCP_OPT_WSCALE;
	IN(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS | opts, .mss = 1460, .wscale = 7);
	rig_expect(r, (struct say){TCP_ACK, .seq = 1, .ack = 1}, file, line);
	rig_expect_events(r, TCP_EV_OPENED, file, line);
	rig_expect_state(r, TCP_ESTABLISHED, file, line);
}

void rig_close_both(struct rig *r, const char *file, int line)
{
	rig_close(r);
	rig_expect(r, (struct say){FIN_ACK, .seq = 1, .ack = 1}, file, line);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	rig_expect(r, (struct say){TCP_ACK, .seq = 2, .ack = 2}, file, line);
}

void rig_send_segments(struct rig *r, uint32_t n, const char *file, int line)
{
	struct say segment = {TCP_ACK, .seq = 1, .ack = 1, .len = r->mss};

	rig_write(r, n * r->mss);
	for (uint32_t i = 0; i < n; i++, segment.seq += r->mss)
		rig_expect(r, segment, file, line);
}

void rig_report(struct rig *r, uint32_t acked, uint32_t from, uint32_t to)
{
	IN(TCP_ACK, .seq = 1, .ack = 1 + acked * r->mss, .n_sack = 1,
		.sack = {{1 + from * r->mss, 1 + to * r->mss}});
}

void rig_push_more(struct rig *r, uint32_t n)
{
	const uint8_t *data = rig_pattern + r->p->n_written % PATTERN_PERIOD;

	TRUE(rs_sendq_push_more(&r->p->conn->sendq, &r->chunks, data, n, 0));
	r->p->n_written += n;
}

void rig_fill_backlog(struct rig *r)
{
	for (uint32_t i = 0; i < r->cfg.syn_backlog; i++) {
		rig_peer(r, i + 1);
		IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
		OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	}
	rig_peer(r, 0);
	EQ(r->t.n_half_open, r->cfg.syn_backlog);
}
