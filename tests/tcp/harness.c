/* SPDX-License-Identifier: BSD-2-Clause */
#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcp/tcp_internal.h"

#define N_CHUNKS     64
#define PATTERN      251
#define PATTERN_SIZE (PATTERN * 1024)
#define START_US     (UINT64_C(1) << 33)

static uint8_t pattern[PATTERN_SIZE];

static void make_key(struct flow_key *key, bool ipv6)
{
	*key = (struct flow_key){.remote_port = 40000, .local_port = 80, .family = ipv6 ? 6 : 4};
	memcpy(key->remote,
		ipv6 ? "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
		     : "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1",
		16);
	memcpy(key->local,
		ipv6 ? "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
		     : "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\2",
		16);
}

void rig_init(struct rig *r, const struct variant *v)
{
	memset(r, 0, sizeof(*r));
	for (uint32_t i = 0; i < PATTERN_SIZE; i++)
		pattern[i] = (uint8_t)(i % PATTERN);
	rs_tcp_config_default(&r->cfg);
	r->cfg.max_conns = 8;
	r->cfg.max_time_wait = 8;
	r->cfg.syn_backlog = 4;
	r->cfg.rcv_wnd_bytes = 65535;
	r->cfg.n_listen = 1;
	r->cfg.listen[0] = 80;
	r->cfg.force_slow = v->force_slow;
	r->cfg.isn_secret[0] = 12345;
	for (uint32_t i = 0; i < 5; i++)
		r->cfg.flow_secret[i] = 0x9e3779b97f4a7c15 * (i + 1);
	r->memory = aligned_alloc(64, (rs_tcp_bytes(&r->cfg) + 63) & ~63ul);
	r->chunk_memory = aligned_alloc(64, (rs_chunk_pool_bytes(N_CHUNKS, 2048) + 63) & ~63ul);
	rs_chunk_pool_init(&r->chunks, r->chunk_memory, N_CHUNKS, 2048);
	rs_tcp_init(&r->t, &r->cfg, r->memory, &r->chunks, r->tx, 64, START_US);
	make_key(&r->key, v->ipv6);
	r->peer_isn = v->near_wrap ? UINT32_MAX - 600 : 1000;
	if (v->near_wrap) {
		/* The clock counts 4 µs into our ISN (RFC 6528): start where that gives one near
		 * wrap. */
		uint64_t ahead = UINT32_MAX - 300 - rs_tcp_isn(&r->t, &r->key);

		r->t.now_us += (ahead & UINT32_MAX) * 4;
		rs_tcp_init(&r->t, &r->cfg, r->memory, &r->chunks, r->tx, 64, r->t.now_us);
	}
	r->peer_ts = 5000;
}

/* ---- the application ---- */

void rig_read(struct rig *r)
{
	uint32_t ev = TCP_MORE;

	while (ev & TCP_MORE) {
		struct span in = {0};

		if (!r->blocked)
			in = rs_tcp_peek(&r->t, r->conn);
		for (uint32_t i = 0; i < in.len; i++)
			assert_int_equal(in.data[i], pattern[(r->n_read + i) % PATTERN_SIZE]);
		rs_tcp_consume(&r->t, r->conn, in.len);
		r->n_read += in.len;
		ev = rs_tcp_settle(&r->t, r->conn);
		if (r->blocked)
			break;
	}
	r->eof |= !!(ev & TCP_EOF);
	r->gone |= !!(ev & TCP_GONE);
}

static void take_events(struct rig *r, uint32_t ev, struct tcp_conn *conn)
{
	r->events |= ev;
	if (ev & TCP_EV_OPENED)
		r->conn = conn;
	if (ev & TCP_EV_GONE)
		r->gone = true;
	else if (ev & TCP_EV_DATA)
		rig_read(r);
}

void rig_flush(struct rig *r)
{
	rs_tcp_flush(&r->t);
}

void rig_write(struct rig *r, uint32_t n)
{
	assert_true(rs_sendq_push(&r->conn->sendq, pattern + r->written % PATTERN, n, 0));
	r->written += n;
	rs_tcp_send(&r->t, r->conn);
	rig_flush(r);
}

void rig_close(struct rig *r)
{
	rs_tcp_close(&r->t, r->conn);
	rig_flush(r);
}

/* ---- segments ---- */

void rig_in(struct rig *r, struct say s)
{
	struct tcp_seg seg = {
		.key = r->key,
		.link = 1,
		.seq = r->peer_isn + s.seq,
		.ack = s.flags & TCP_ACK ? r->our_isn + s.ack : 0,
		.len = s.len,
		.flags = s.flags,
		.wnd = (uint16_t)(s.wnd == NO_WND ? 0
				  : s.wnd         ? s.wnd
						  : 65535),
		.opts = s.opts,
		.mss = s.mss,
		.wscale = s.wscale,
		.ts_val = s.opts & TCP_OPT_TS ? (s.ts_val ? s.ts_val : r->peer_ts) : 0,
		.ts_ecr = s.ts_ecr,
	};
	uint8_t *data = malloc(s.len ? s.len : 1); /* exact, so that ASan sees a read beyond it */
	struct tcp_conn *conn;
	uint32_t found, ev;

	for (uint32_t i = 0; i < s.len; i++)
		data[i] = pattern[(s.seq - 1 + i) % PATTERN_SIZE];
	seg.data = data;
	rs_tcp_lookup(&r->t, &seg, &found, 1);
	ev = rs_tcp_input(&r->t, &seg, found, &conn);
	if (ev)
		take_events(r, ev, conn);
	free(data);
	if (!r->no_flush)
		rig_flush(r);
}

static void describe(char *to, size_t n, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	snprintf(to, n, "%s%s%s%s%s seq %u ack %u len %u", flags & TCP_SYN ? "S" : "",
		flags & TCP_FIN ? "F" : "", flags & TCP_RST ? "R" : "", flags & TCP_PSH ? "P" : "",
		flags & TCP_ACK ? "." : "", seq, ack, len);
}

static void check_payload(const struct tcp_tx *tx, uint32_t seq)
{
	uint32_t at = seq - 1;
	uint32_t len = 0;

	for (uint32_t i = 0; i < tx->n_spans; i++) {
		for (uint32_t k = 0; k < tx->spans[i].len; k++, at++)
			assert_int_equal(tx->spans[i].data[k], pattern[at % PATTERN]);
		len += tx->spans[i].len;
	}
	assert_int_equal(len, tx->len);
}

void rig_expect(struct rig *r, struct say s, const char *file, int line)
{
	const struct tcp_tx *tx = &r->tx[r->n_seen];
	char want[80], got[80];
	uint32_t seq;

	describe(want, sizeof(want), s.flags, s.seq, s.ack, s.len);
	if (r->n_seen == r->t.n_tx) {
		print_error("expected: %s\n     got: nothing\n", want);
		_fail(file, line);
	}
	if (tx->flags == (TCP_SYN | TCP_ACK) || tx->flags == TCP_SYN)
		r->our_isn = tx->seq;
	seq = tx->seq - r->our_isn;
	if (tx->flags & TCP_RST && !(tx->flags & TCP_ACK && r->our_isn))
		seq = s.seq == 0 ? tx->seq : seq;
	describe(got, sizeof(got), tx->flags & (uint8_t) ~(s.flags & TCP_PSH ? 0 : TCP_PSH), seq,
		tx->flags & TCP_ACK ? tx->ack - r->peer_isn : 0, tx->len);
	if (strcmp(want, got) || (s.wnd && s.wnd != (tx->wnd ? tx->wnd : NO_WND)) ||
		(s.check_opts && s.opts != tx->opts)) {
		print_error("expected: %s wnd %u opts %x\n     got: %s wnd %u opts %x\n", want,
			s.wnd, s.opts, got, tx->wnd, tx->opts);
		_fail(file, line);
	}
	check_payload(tx, seq);
	r->n_seen++;
	if (r->n_seen == r->t.n_tx)
		rig_drop_output(r);
}

void rig_drop_output(struct rig *r)
{
	r->n_seen = r->t.n_tx = 0;
}

void rig_expect_none(struct rig *r, const char *file, int line)
{
	char got[80];

	if (r->n_seen == r->t.n_tx)
		return;
	describe(got, sizeof(got), r->tx[r->n_seen].flags, r->tx[r->n_seen].seq - r->our_isn,
		r->tx[r->n_seen].ack - r->peer_isn, r->tx[r->n_seen].len);
	print_error("expected: nothing\n     got: %s\n", got);
	_fail(file, line);
}

void rig_advance_ms(struct rig *r, uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i++) {
		struct tcp_conn *conn;
		uint32_t ev;

		r->t.now_us += 1000;
		while ((ev = rs_tcp_expire(&r->t, &conn)) != 0)
			take_events(r, ev, conn);
		rig_flush(r);
	}
}

void rig_open(struct rig *r, uint8_t opts)
{
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS | opts, .mss = 1460, .wscale = 7);
	OUT(TCP_SYN | TCP_ACK, .seq = 0, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .opts = opts & TCP_OPT_TS);
	QUIET();
	assert_int_equal(r->events, TCP_EV_OPENED);
	assert_non_null(r->conn);
	STATE(TCP_ESTABLISHED);
	r->events = 0;
}

void rig_fini(struct rig *r)
{
	for (uint32_t i = 0; i < r->cfg.max_conns; i++)
		rs_tcp_abort(&r->t, &r->t.conns[i]);
	rig_drop_output(r);
	for (uint32_t i = 0; i < 300; i++) {
		struct tcp_conn *conn;

		r->t.now_us += 1000000;
		while (rs_tcp_expire(&r->t, &conn))
			;
		rs_tcp_flush(&r->t);
	}
	assert_int_equal(r->t.n_conns, 0);
	assert_int_equal(r->t.n_half_open, 0);
	assert_int_equal(r->t.n_time_wait, 0);
	assert_int_equal(r->t.flows.n_used, 0);
	assert_int_equal(r->t.wheel.n_linked, 0);
	assert_int_equal(r->t.n_dirty, 0);
	assert_int_equal(r->chunks.n_free, r->chunks.n_total);
	free(r->memory);
	free(r->chunk_memory);
}
