/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/invariants.h"

#define PATTERN_PERIOD 251
#define PATTERN_BYTES  (PATTERN_PERIOD * 256)
#define TIME_LIMIT_S   60 /* of virtual time, unless the scenario says more */
#define SERVER_PORT    80
#define CLOCK_WRAP_US  (UINT64_C(1) << 42) /* 2^32 ticks of 1024 µs, or 2^32 µs 1024 times */

static uint8_t pattern[2 * PATTERN_BYTES];

void netsim_fail(struct sim *sim, const char *condition, const char *what, uint64_t a, uint64_t b)
{
	if (!sim->failed)
		fprintf(stderr,
			"%s seed %" PRIu64 " at %" PRIu64 " us: %s (%" PRIu64 ", %" PRIu64
			"): %s\n",
			sim->s->name, sim->seed, sim->now_us, what, a, b, condition);
	for (uint32_t i = 0; i < 2 && !sim->failed; i++) {
		for (uint32_t c = 0; c < TCP_N_COUNTERS; c++) {
			if (sim->sides[i].t.counters[c])
				fprintf(stderr, "  %s %s %" PRIu64 "\n", i ? "server" : "client",
					rs_tcp_counter_defs[c].name, sim->sides[i].t.counters[c]);
		}
	}
	sim->failed = true;
}

/* xorshift64*: the same everywhere. */
uint32_t netsim_draw(struct sim *sim, uint32_t below)
{
	sim->random ^= sim->random >> 12;
	sim->random ^= sim->random << 25;
	sim->random ^= sim->random >> 27;
	return (uint32_t)((sim->random * UINT64_C(2685821657736338717) >> 32) * below >> 32);
}

bool netsim_chance(struct sim *sim, uint32_t ppm)
{
	return netsim_draw(sim, 1000000) < ppm;
}

/* ---- the application ---- */

static struct end *end_of(struct side *side, const struct tcp_conn *conn, bool is_client)
{
	return &side->ends[(is_client ? conn->key.local_port : conn->key.remote_port) - 1024];
}

static bool is_client(const struct sim *sim, const struct side *side)
{
	return side == sim->sides;
}

/* Queues up to n bytes. False: there is no room. */
static bool queue_some(struct sim *sim, struct side *side, struct end *e, uint32_t *n)
{
	const uint8_t *data = pattern + e->sent % PATTERN_PERIOD;

	if (!sim->s->small_slices)
		return rs_sendq_push(&e->conn->sendq, data, *n, 0);
	*n = rs_min_u32(*n, 1 + netsim_draw(sim, 1000));
	return rs_sendq_push_more(&e->conn->sendq, &side->chunks, data, *n, 0);
}

static void app_write(struct sim *sim, struct side *side, struct end *e)
{
	while (e->conn && e->sent < e->to_send) {
		uint32_t n = rs_min_u32(e->to_send - e->sent, PATTERN_BYTES);

		if (!queue_some(sim, side, e, &n))
			break;
		e->sent += n;
	}
	if (e->conn && e->sent == e->to_send && !e->closed) {
		rs_tcp_close(&side->t, e->conn);
		e->closed = true;
	}
	if (e->conn)
		rs_tcp_send(&side->t, e->conn);
}

static void app_gone(struct sim *sim, struct side *side, struct end *e)
{
	const struct end *other = &sim->sides[is_client(sim, side)].ends[e - side->ends];

	CHECK(sim, e->eof || other->aborted, "ended before the peer's end was seen", e->received,
		other->to_send);
	e->conn = NULL;
	e->gone = true;
}

static void app_read(struct sim *sim, struct side *side, struct end *e)
{
	uint32_t budget = sim->s->slow_reader ? 1 + netsim_draw(sim, 3000) : UINT32_MAX;
	struct end *peer = &sim->sides[is_client(sim, side)].ends[e - side->ends];
	uint32_t ev;

	do {
		struct span in = rs_tcp_peek(&side->t, e->conn);
		uint32_t n = rs_min_u32(in.len, budget);

		CHECK(sim, e->received + n <= peer->sent, "more arrived than was sent",
			e->received + n, peer->sent);
		CHECK(sim,
			!n || !memcmp(in.data, pattern + e->received % PATTERN_PERIOD,
				      rs_min_u32(n, PATTERN_BYTES)),
			"wrong bytes", e->received, n);
		rs_tcp_consume(&side->t, e->conn, n);
		e->received += n;
		budget -= n;
		ev = rs_tcp_settle(&side->t, e->conn);
	} while (ev & TCP_MORE && budget && !sim->failed);
	e->next_read_us = ev & TCP_MORE ? sim->now_us + 1 + netsim_draw(sim, 20000) : 0;
	if (ev & TCP_EOF) {
		CHECK(sim, e->received == peer->to_send, "the end came early", e->received,
			peer->to_send);
		CHECK(sim, !e->eof, "the end came twice", e->received, 0);
		e->eof = true;
	}
	if (ev & TCP_GONE)
		app_gone(sim, side, e);
}

static void on_event(struct sim *sim, struct side *side, struct tcp_conn *conn, uint32_t ev)
{
	struct end *e = end_of(side, conn, is_client(sim, side));

	if (ev & TCP_EV_GONE) {
		app_gone(sim, side, e);
		return;
	}
	if (ev & TCP_EV_OPENED) {
		CHECK(sim, !e->opened, "opened twice", conn->id, 0);
		e->opened = true;
		e->conn = conn;
	}
	if (ev & TCP_EV_DATA)
		app_read(sim, side, e);
	app_write(sim, side, e);
}

/* ---- the loop ---- */

static void deliver(struct sim *sim, struct packet *p)
{
	struct tcp *t = &p->to->t;
	struct tcp_conn *conn;
	uint32_t found, ev;

	t->now_us = sim->now_us;
	if (p->mtu) {
		rs_tcp_path_mtu(t, &p->seg.key, p->seg.seq, p->mtu);
		return;
	}
	rs_tcp_lookup(t, &p->seg, &found, 1);
	ev = rs_tcp_input(t, &p->seg, found, &conn);
	if (ev)
		on_event(sim, p->to, conn, ev);
	if (t->n_tx > t->max_tx / 2 || netsim_draw(sim, 2)) {
		rs_tcp_flush(t);
		netsim_transmit(sim, p->to);
	}
}

static void deliver_due(struct sim *sim)
{
	struct packet *p;

	while ((p = netsim_next_due(sim))) {
		deliver(sim, p);
		free(p);
	}
}

/* All rules now and then, those of a connection often. */
static void check_rules(struct sim *sim, const struct side *side)
{
	const char *broken = NULL;

	if (sim->n_turns++ % 16 == 0)
		broken = tcp_broken_rule(&side->t);
	for (uint32_t i = 0; i < sim->s->n_conns && !broken; i++) {
		if (side->ends[i].conn)
			broken = tcp_broken_conn_rule(&side->t, side->ends[i].conn);
	}
	if (broken)
		netsim_fail(sim, broken, "a rule is broken", side == sim->sides, 0);
}

/* Now and then somebody has had enough. */
static void maybe_abort(struct sim *sim, struct side *side, struct end *e)
{
	if (!e->opened || !netsim_chance(sim, sim->s->abort_ppm))
		return;
	rs_tcp_abort(&side->t, e->conn);
	e->conn = NULL;
	e->gone = e->aborted = true;
}

static void turn(struct sim *sim, struct side *side)
{
	struct tcp_conn *conn;
	uint32_t ev;

	side->t.now_us = sim->now_us;
	while ((ev = rs_tcp_expire(&side->t, &conn)) != 0)
		on_event(sim, side, conn, ev);
	for (uint32_t i = 0; i < sim->s->n_conns; i++) {
		struct end *e = &side->ends[i];

		if (e->conn && e->next_read_us && e->next_read_us <= sim->now_us) {
			app_read(sim, side, e);
			app_write(sim, side, e);
		}
		if (e->conn)
			maybe_abort(sim, side, e);
	}
	do {
		rs_tcp_flush(&side->t);
		CHECK(sim, side->t.n_tx <= side->t.max_tx, "too many descriptors", side->t.n_tx, 0);
		netsim_transmit(sim, side);
	} while (rs_tcp_pending(&side->t) && !sim->failed);
	check_rules(sim, side);
}

static bool all_done(const struct sim *sim)
{
	for (uint32_t i = 0; i < sim->s->n_conns; i++) {
		const struct end *client = &sim->sides[0].ends[i];
		const struct end *server = &sim->sides[1].ends[i];

		/* One that was aborted early may never have been heard of. */
		if (!client->gone || (!server->gone && (server->opened || !client->aborted)))
			return false;
	}
	return !sim->s->abort_ppm || !sim->sides[1].t.n_conns;
}

/* Memory that outlasts a simulation: with a new one for each, most of the time is page faults. */
struct kept {
	void *at;
	size_t bytes;
};

/* At least so many bytes, with what the simulation before left in them. */
static void *at_least(struct kept *kept, size_t bytes)
{
	if (kept->bytes < bytes) {
		free(kept->at);
		kept->at = aligned_alloc(64, (bytes + 63) & ~63ul);
		kept->bytes = bytes;
	}
	return kept->at;
}

static void init_side(struct sim *sim, struct side *side)
{
	static struct kept connections[2], chunks[2];
	const struct netsim_scenario *s = sim->s;
	uint32_t n_chunks = s->n_chunks ? s->n_chunks : 1024;
	uint32_t max_tx = s->max_tx ? s->max_tx : MAX_TX;
	size_t which = (size_t)(side - sim->sides);

	rs_tcp_config_default(&side->cfg);
	side->cfg.max_conns = MAX_CONNS;
	side->cfg.max_time_wait = MAX_CONNS;
	side->cfg.tso_bytes = s->tso_bytes;
	side->cfg.force_slow = s->force_slow;
	side->cfg.timestamps = !s->no_timestamps;
	side->cfg.max_retries = 30;
	side->cfg.keepalive_idle_ms = s->keepalive_ms;
	side->cfg.max_syn_retries = 12;
	side->cfg.fin_wait_2_ms = 3000000;
	side->cfg.rcv_wnd_bytes = s->rcv_wnd ? s->rcv_wnd : side->cfg.rcv_wnd_bytes;
	side->cfg.syn_backlog = s->syn_backlog ? s->syn_backlog : side->cfg.syn_backlog;
	side->cfg.n_listen = 1;
	side->cfg.listen[0] = SERVER_PORT;
	for (uint32_t i = 0; i < 5; i++)
		side->cfg.flow_secret[i] = sim->seed * 0x9e3779b97f4a7c15 + i;
	side->cfg.isn_secret[0] = sim->seed;
	rs_chunk_pool_init(&side->chunks,
		at_least(&chunks[which], rs_chunk_pool_bytes(n_chunks, 2048)), n_chunks, 2048);
	rs_tcp_init(&side->t, &side->cfg, at_least(&connections[which], rs_tcp_bytes(&side->cfg)),
		&side->chunks, side->tx, max_tx, sim->now_us);
}

static void connect_all(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->s->n_conns; i++) {
		struct side *client = &sim->sides[0];
		struct flow_key key = {
			.remote_port = SERVER_PORT,
			.local_port = (uint16_t)(1024 + i),
			.family = sim->s->ipv6 ? 6 : 4,
		};

		if (sim->s->ipv6) {
			memcpy(key.local, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
			memcpy(key.remote, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 16);
		} else {
			memcpy(key.local, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1", 16);
			memcpy(key.remote, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\2", 16);
		}
		client->t.now_us = sim->now_us;
		client->ends[i].to_send = netsim_draw(sim, sim->s->max_bytes);
		sim->sides[1].ends[i].to_send = netsim_draw(sim, sim->s->max_bytes);
		client->ends[i].conn = rs_tcp_connect(&client->t, &key, 1);
		CHECK(sim, client->ends[i].conn, "no connection to be had", i, 0);
		if (client->ends[i].conn && sim->s->near_wrap) {
			struct tcp_conn *c = client->ends[i].conn;

			/* The SYN has not been sent: its number is still ours to choose. */
			c->iss = c->snd_una = c->snd_nxt = c->snd_max = c->recover =
				UINT32_MAX - netsim_draw(sim, 3000);
		}
	}
}

static void check_clean(struct sim *sim)
{
	/* Time-wait runs out. */
	for (uint32_t i = 0; i < 200 && !sim->failed; i++) {
		sim->now_us += 1000000;
		deliver_due(sim);
		turn(sim, &sim->sides[0]);
		turn(sim, &sim->sides[1]);
	}
	for (uint32_t i = 0; i < 2; i++) {
		const char *left = tcp_left_over(&sim->sides[i].t);

		if (left)
			netsim_fail(sim, left, "something is left over", i, 0);
	}
}

bool netsim_run(const struct netsim_scenario *s, uint64_t seed)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	uint64_t end_us;
	bool ok;

	for (uint32_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i % PATTERN_PERIOD);
	sim->s = s;
	sim->seed = seed;
	sim->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	sim->now_us = s->near_wrap ? CLOCK_WRAP_US - netsim_draw(sim, 1000000)
				   : 1000000 + netsim_draw(sim, 1000000000);
	init_side(sim, &sim->sides[0]);
	init_side(sim, &sim->sides[1]);
	connect_all(sim);
	end_us = sim->now_us + UINT64_C(1000000) * (s->limit_s ? s->limit_s : TIME_LIMIT_S);
	while (!all_done(sim) && !sim->failed) {
		turn(sim, &sim->sides[0]);
		turn(sim, &sim->sides[1]);
		sim->now_us += 1024;
		if (sim->packets && sim->packets->due_us < sim->now_us)
			sim->now_us = sim->packets->due_us;
		deliver_due(sim);
		CHECK(sim, sim->now_us < end_us, "not done in time", sim->sides[0].t.n_conns,
			sim->sides[1].t.n_conns);
	}
	if (!sim->failed)
		check_clean(sim);
	while (sim->packets) {
		struct packet *p = sim->packets;

		sim->packets = p->next;
		free(p);
	}
	ok = !sim->failed;
	free(sim);
	return ok;
}
