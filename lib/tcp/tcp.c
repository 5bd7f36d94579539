/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp/tcp.h"

#include <string.h>

#include "base/carve.h"
#include "tcp/tcp_internal.h"

const struct counter_def rs_tcp_counter_defs[TCP_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "tcp/tcp_counters.def"
#undef RS_COUNTER
};

void rs_tcp_config_default(struct tcp_config *cfg)
{
	*cfg = (struct tcp_config){
		.max_conns = 65536,
		.max_time_wait = 65536,
		.syn_backlog = 4096,
		.rcv_wnd_bytes = 128 * 1024,
		.rcvq_chunks = 128,
		.min_rto_ms = 200,
		.max_rto_ms = 60000,
		.initial_rto_ms = 1000,
		.max_retries = 12,
		.max_syn_retries = 5,
		.delayed_ack_ms = 40,
		.keepalive_interval_ms = 15000,
		.keepalive_probes = 5,
		.time_wait_ms = 60000,
		.fin_wait_2_ms = 60000,
		.mss_v4 = 1460,
		.mss_v6 = 1440,
		.timestamps = true,
		.window_scaling = true,
		.ecn = true,
	};
}

size_t rs_tcp_bytes(const struct tcp_config *cfg)
{
	size_t n = cfg->max_conns;

	return rs_align_line(n * sizeof(struct tcp_conn)) +
	       2 * rs_align_line(n * sizeof(uint32_t)) +
	       rs_align_line(rs_flow_bytes(cfg->max_conns + cfg->max_time_wait)) +
	       rs_align_line(rs_wheel_bytes(cfg->max_conns)) +
	       rs_align_line(rs_tcp_time_wait_bytes(cfg));
}

static uint8_t window_shift(const struct tcp_config *cfg)
{
	uint8_t shift = 0;

	while (cfg->window_scaling && shift < TCP_MAX_WSCALE &&
		cfg->rcv_wnd_bytes >> shift > UINT16_MAX)
		shift++;
	return shift;
}

void rs_tcp_init(struct tcp *t, const struct tcp_config *cfg, void *memory,
	struct chunk_pool *chunks, struct tcp_tx *tx, uint32_t max_tx, uint64_t now_us)
{
	uint8_t *m = memory;
	uint32_t n = cfg->max_conns;

	*t = (struct tcp){
		.cfg = cfg,
		.now_us = now_us,
		.tx = tx,
		.max_tx = max_tx,
		.chunks = chunks,
		.rcv_wscale = window_shift(cfg),
	};
	t->conns = rs_carve(&m, n * sizeof(struct tcp_conn));
	t->free_conns = rs_carve(&m, n * sizeof(uint32_t));
	t->dirty = rs_carve(&m, n * sizeof(uint32_t));
	rs_flow_init(&t->flows, rs_carve(&m, rs_flow_bytes(n + cfg->max_time_wait)),
		n + cfg->max_time_wait);
	rs_wheel_init(&t->wheel, rs_carve(&m, rs_wheel_bytes(n)), n, now_us);
	t->time_wait = rs_carve(&m, rs_tcp_time_wait_bytes(cfg));
	for (uint32_t i = 0; i < n; i++) {
		t->conns[i].state = TCP_CLOSED;
		t->conns[i].flags = 0;
		t->free_conns[i] = n - 1 - i;
	}
}

uint32_t rs_tcp_n_conns(const struct tcp *t, bool with_half_open)
{
	uint32_t n = __atomic_load_n(&t->n_conns, __ATOMIC_RELAXED);
	uint32_t n_half_open =
		with_half_open ? 0 : __atomic_load_n(&t->n_half_open, __ATOMIC_RELAXED);

	return n - rs_min_u32(n, n_half_open); /* one may have begun between the two */
}

/* Line by line: as a whole it would be a string instruction, which is slow to begin. */
static inline void clear(struct tcp_conn *c)
{
	for (uint32_t at = 0; at < sizeof(*c); at += RS_CACHE_LINE)
		memset((uint8_t *)c + at, 0, RS_CACHE_LINE);
}

struct tcp_conn *rs_tcp_conn_new(
	struct tcp *t, const struct flow_key *key, uint32_t hash, uint64_t link)
{
	struct tcp_origin origin = rs_tcp_origin(t, key);
	struct tcp_conn *c;
	uint32_t id, on_dirty_ring;

	if (t->n_conns == t->cfg->max_conns) {
		t->counters[TCP_C_DROP_CONNS_FULL]++;
		return NULL;
	}
	if (t->chunks->n_free < t->cfg->chunk_reserve) {
		t->counters[TCP_C_DROP_CHUNKS_LOW]++;
		return NULL;
	}
	id = t->free_conns[t->cfg->max_conns - ++t->n_conns];
	c = &t->conns[id];
	on_dirty_ring = c->flags & TCP_F_DIRTY;
	clear(c);
	c->key = *key;
	c->link = link;
	c->hash = hash;
	c->id = id;
	c->flags = on_dirty_ring;
	c->rto_ms = t->cfg->initial_rto_ms;
	c->stray_period = (uint16_t)(rs_tcp_stray_period(t) - 1);
	c->ssthresh = INT32_MAX;
	c->last_rx_tick = rs_tcp_tick(t);
	c->iss = origin.isn;
	c->ts_offset = origin.ts_offset;
	rs_flow_insert(&t->flows, hash, id);
	/* Before any retransmission can be due: who is short-lived never moves in the wheel. */
	rs_tcp_look_at(t, c, rs_tcp_tick(t) + rs_tcp_ms_to_ticks(t->cfg->min_rto_ms));
	return c;
}

void rs_tcp_conn_release(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == TCP_SYN_RECEIVED && c->flags & TCP_F_PASSIVE)
		t->n_half_open--;
	rs_sendq_clear(&c->sendq, t->chunks);
	if (c->state >= TCP_ESTABLISHED)
		rs_tcp_sack_clear(t, c);
	rs_tcp_rcvq_clear(t, c);
	rs_wheel_cancel(&t->wheel, c->id);
	t->cur = (struct span){0};
	c->state = TCP_CLOSED;
	t->free_conns[t->cfg->max_conns - t->n_conns--] = c->id;
	t->counters[TCP_C_CLOSED]++;
}

void rs_tcp_conn_free(struct tcp *t, struct tcp_conn *c)
{
	rs_flow_remove(&t->flows, c->hash, c->id);
	rs_tcp_conn_release(t, c);
}

void rs_tcp_lookup(struct tcp *t, struct tcp_seg *segs, uint32_t *found, uint32_t n)
{
	rs_flow_forget_news(&t->flows);
	for (uint32_t i = 0; i < n; i++) {
		if (!segs[i].hash)
			segs[i].hash = rs_flow_hash(&segs[i].key, t->cfg->flow_secret);
		rs_flow_prefetch(&t->flows, segs[i].hash);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t cursor = 0;
		uint32_t id = rs_flow_next(&t->flows, segs[i].hash, &cursor);

		found[i] = id;
		if (id < TCP_TIME_WAIT_ID) {
			__builtin_prefetch(&t->conns[id]);
			__builtin_prefetch(&t->conns[id].key);
			__builtin_prefetch(&t->conns[id].sendq);
			__builtin_prefetch(&t->conns[id].ssthresh);
		}
	}
}

struct tcp_conn *rs_tcp_conn_find(
	struct tcp *t, const struct tcp_seg *seg, uint32_t *time_wait_slot)
{
	uint32_t cursor = 0;
	uint32_t id;

	*time_wait_slot = FLOW_NONE;
	while ((id = rs_flow_next(&t->flows, seg->hash, &cursor)) != FLOW_NONE) {
		if (id & TCP_TIME_WAIT_ID) {
			if (rs_tcp_time_wait_match(t, id & ~TCP_TIME_WAIT_ID, &seg->key)) {
				*time_wait_slot = id & ~TCP_TIME_WAIT_ID;
				return NULL;
			}
		} else if (rs_flow_key_equal(&t->conns[id].key, &seg->key)) {
			return &t->conns[id];
		}
	}
	return NULL;
}

void rs_tcp_mark_dirty(struct tcp *t, struct tcp_conn *c)
{
	uint32_t tail;

	if (c->flags & TCP_F_DIRTY)
		return;
	c->flags |= TCP_F_DIRTY;
	tail = t->dirty_head + t->n_dirty++;
	t->dirty[tail >= t->cfg->max_conns ? tail - t->cfg->max_conns : tail] = c->id;
}

/* Not inlined: timers mostly move later, which the wheel need not know. */
__attribute__((noinline)) void rs_tcp_look_at(struct tcp *t, struct tcp_conn *c, uint32_t tick)
{
	c->wheel_tick = tick;
	rs_wheel_set_tick(&t->wheel, c->id, tick);
}

void rs_tcp_send(struct tcp *t, struct tcp_conn *conn)
{
	if (conn->state != TCP_CLOSED)
		rs_tcp_mark_dirty(t, conn);
}

void rs_tcp_close(struct tcp *t, struct tcp_conn *conn)
{
	if (conn->state == TCP_CLOSED || conn->flags & TCP_F_CLOSE)
		return;
	conn->flags |= TCP_F_CLOSE;
	rs_tcp_mark_dirty(t, conn);
}

void rs_tcp_abort(struct tcp *t, struct tcp_conn *conn)
{
	if (conn->state == TCP_CLOSED)
		return;
	/* Neither before the peer knows of it, nor where both have closed. */
	if (conn->state > TCP_SYN_SENT && conn->state < TCP_CLOSING)
		rs_tcp_send_rst(t, conn);
	rs_tcp_conn_free(t, conn);
}

void rs_tcp_set_deadline(struct tcp *t, struct tcp_conn *conn, uint64_t deadline_us)
{
	if (!deadline_us) {
		conn->flags &= ~(uint32_t)TCP_F_APP_TIMER;
		return;
	}
	/* Rounded up: a deadline never comes early. */
	conn->app_tick = (uint32_t)((deadline_us + WHEEL_TICK_US - 1) >> WHEEL_TICK_SHIFT);
	conn->flags |= TCP_F_APP_TIMER;
	rs_tcp_arm(t, conn, conn->app_tick);
}

struct tcp_conn *rs_tcp_connect(struct tcp *t, const struct flow_key *key, uint64_t link)
{
	struct tcp_seg probe = {.key = *key, .hash = rs_flow_hash(key, t->cfg->flow_secret)};
	struct tcp_conn *c;
	uint32_t slot;

	if (rs_tcp_conn_find(t, &probe, &slot) || slot != FLOW_NONE)
		return NULL;
	c = rs_tcp_conn_new(t, key, probe.hash, link);
	if (!c)
		return NULL;
	c->state = TCP_SYN_SENT;
	c->snd_una = c->snd_nxt = c->snd_max = c->recover = c->iss;
	c->mss = rs_tcp_own_mss(t, key);
	rs_tcp_mark_dirty(t, c);
	return c;
}

/* Of every link (RFC 8200 section 5). */
#define MIN_MTU_V6 1280u

/* Every host takes packets of so many bytes (RFC 791 section 3.1), if not in one piece. */
#define MIN_MTU_V4 576u

/*
 * Keeps to the MTU of a path. Below MIN_MTU_V4 routers may cut what we send (RFC 1191 section 5):
 * still smaller segments would be mostly headers, and anybody could make us send them. False: that
 * is nothing new.
 */
static bool keep_to_mtu(struct tcp_conn *c, uint32_t mtu)
{
	uint32_t headers =
		(c->key.family == 4 ? 40u : 60u) + (c->flags & TCP_F_TS ? TCP_TS_BYTES : 0);
	uint32_t before = c->flags;

	if (c->key.family == 4 && mtu < MIN_MTU_V4) {
		c->flags |= TCP_F_FRAGMENT;
		mtu = MIN_MTU_V4;
	}
	if (mtu - headers >= c->mss)
		return c->flags != before;
	c->mss = (uint16_t)(mtu - headers);
	return true;
}

void rs_tcp_path_mtu(struct tcp *t, const struct flow_key *key, uint32_t seq, uint32_t mtu)
{
	struct tcp_seg quoted = {.key = *key, .hash = rs_flow_hash(key, t->cfg->flow_secret)};
	uint32_t slot;
	struct tcp_conn *c = rs_tcp_conn_find(t, &quoted, &slot);

	if (key->family == 6 && mtu < MIN_MTU_V6) /* RFC 8201 section 4 */
		return;
	/* RFC 5927 section 4.1: only what is in flight can have met a narrow link. */
	if (!c || c->state < TCP_ESTABLISHED || rs_seq_lt(seq, c->snd_una) ||
		rs_seq_geq(seq, c->snd_max) || !keep_to_mtu(c, mtu))
		return;
	rs_tcp_cc_path_narrows(t, c);
	rs_tcp_start_rtx_timer(t, c);
	t->counters[TCP_C_PATH_MTU]++;
	rs_tcp_mark_dirty(t, c);
}

void rs_tcp_flush(struct tcp *t)
{
	/* Each of those that wait now once; who is not finished queues up again. */
	for (uint32_t n = t->n_dirty; n && t->n_tx < t->max_tx; n--) {
		struct tcp_conn *c = &t->conns[t->dirty[t->dirty_head]];

		if (++t->dirty_head == t->cfg->max_conns)
			t->dirty_head = 0;
		t->n_dirty--;
		c->flags &= ~(uint32_t)TCP_F_DIRTY;
		if (c->state != TCP_CLOSED && !rs_tcp_output(t, c))
			rs_tcp_mark_dirty(t, c);
	}
}

/* The next tick of the wheel, which counts in 32 bits (50 days), on the caller's clock. */
static uint64_t next_look_us(const struct tcp *t)
{
	int32_t ahead = (int32_t)(t->wheel.now_tick + 1 - rs_tcp_tick(t));

	return ((t->now_us >> WHEEL_TICK_SHIFT) + (uint64_t)ahead) << WHEEL_TICK_SHIFT;
}

uint64_t rs_tcp_deadline_us(const struct tcp *t)
{
	/* The wheel is looked at every tick while it holds anything at all. */
	if (t->due_next < t->n_due)
		return t->now_us;
	if (t->n_conns || t->tw_used)
		return next_look_us(t);
	return UINT64_MAX;
}
