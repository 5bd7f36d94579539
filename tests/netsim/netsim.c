/* SPDX-License-Identifier: BSD-2-Clause */
#include "netsim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/tcp.h"
#include "wire/pkt.h"
#include "wire/render.h"
#include "wire/tcp_parse.h"

#define PATTERN_PERIOD 251
#define PATTERN_BYTES  (PATTERN_PERIOD * 256)
#define MAX_CONNS      64
#define MAX_TX         256
#define MAX_PACKET     (64 * 1024)
#define TIME_LIMIT_US  (3600 * UINT64_C(1000000)) /* of virtual time */
#define SERVER_PORT    80

#define CHECK(sim, condition, ...)                                                                 \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail(sim, #condition, __VA_ARGS__);                                        \
	} while (0)

/* One side of one connection, as its application sees it. */
struct end {
	struct tcp_conn *conn; /* NULL before it is open and after it has gone */
	uint32_t to_send;
	uint32_t sent; /* handed to TCP */
	uint32_t received;
	bool opened, closed, eof, gone;
	uint64_t next_read_us;
};

struct side {
	struct tcp t;
	struct tcp_config cfg;
	struct chunk_pool chunks;
	struct tcp_tx tx[MAX_TX];
	void *memory, *chunk_memory;
	struct end ends[MAX_CONNS]; /* by the client's port */
};

struct packet {
	struct packet *next;
	uint64_t due_us;
	struct side *to;
	struct tcp_seg seg;
	uint8_t payload[];
};

struct sim {
	const struct netsim_scenario *s;
	uint64_t seed, random;
	uint64_t now_us;
	struct side sides[2];   /* client, server */
	struct packet *packets; /* by due time */
	uint32_t n_packets;
	bool failed;
};

static uint8_t pattern[2 * PATTERN_BYTES];

static void fail(struct sim *sim, const char *condition, const char *what, uint64_t a, uint64_t b)
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
static uint32_t draw(struct sim *sim, uint32_t below)
{
	sim->random ^= sim->random >> 12;
	sim->random ^= sim->random << 25;
	sim->random ^= sim->random >> 27;
	return (uint32_t)((sim->random * UINT64_C(2685821657736338717) >> 32) * below >> 32);
}

static bool chance(struct sim *sim, uint32_t ppm)
{
	return draw(sim, 1000000) < ppm;
}

/* ---- the link ---- */

static void put_on_link(struct sim *sim, struct side *from, const struct tcp_seg *seg)
{
	struct packet *p = malloc(sizeof(*p) + seg->len);
	struct packet **at = &sim->packets;
	struct flow_key *key = &p->seg.key;

	*p = (struct packet){.seg = *seg, .to = from == sim->sides ? sim->sides + 1 : sim->sides};
	if (seg->len)
		memcpy(p->payload, seg->data, seg->len);
	p->seg.data = p->payload;
	*key = (struct flow_key){.remote_port = seg->key.local_port,
		.local_port = seg->key.remote_port,
		.family = seg->key.family};
	memcpy(key->remote, seg->key.local, 16);
	memcpy(key->local, seg->key.remote, 16);
	p->due_us = sim->now_us + sim->s->delay_us;
	if (chance(sim, sim->s->reorder_ppm))
		p->due_us += draw(sim, 4 * sim->s->delay_us + 1000);
	while (*at && (*at)->due_us <= p->due_us)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	sim->n_packets++;
}

/* As the wire would: to bytes, with a checksum, and back. */
static void through_bytes(struct sim *sim, struct side *from, struct tcp_seg *seg,
	const struct tcp_tx *tx, uint8_t *frame)
{
	struct wire_host sender = {.mac = {2, 0, 0, 0, 0, 1}};
	struct wire_host receiver = {.mac = {2, 0, 0, 0, 0, 2}, .n_addrs = 1};
	struct pkt pkt;
	struct tcp_tx copy = *tx;
	uint32_t len, drop;

	memcpy(receiver.addrs[0].addr, tx->key.remote, 16);
	receiver.addrs[0].family = (uint8_t)tx->key.family;
	receiver.addrs[0].prefix_len = tx->key.family == 4 ? 32 : 128;
	copy.link = 0;
	memcpy(&copy.link, receiver.mac, 6);
	len = rs_wire_render_tcp(&sender, &copy, frame, 0);
	drop = rs_wire_parse(&receiver, frame, len, 0, &pkt);
	CHECK(sim, drop == WIRE_OK && pkt.kind == WIRE_TCP, "what we render must parse", drop, len);
	drop = drop ? drop : rs_wire_parse_tcp(&pkt, seg);
	CHECK(sim, drop == WIRE_OK, "our segments must parse", drop, len);
	/* put_on_link() turns it round: give it the sender's view. */
	seg->key = tx->key;
	seg->link = 1;
	(void)from;
}

static void to_seg(const struct tcp_tx *tx, uint8_t *payload, struct tcp_seg *seg)
{
	uint32_t at = 0;

	*seg = (struct tcp_seg){
		.key = tx->key,
		.link = 1,
		.seq = tx->seq,
		.ack = tx->ack,
		.flags = tx->flags,
		.wnd = tx->wnd,
		.opts = tx->opts,
		.ts_val = tx->opts & TCP_OPT_TS ? tx->ts_val : 0,
		.ts_ecr = tx->opts & TCP_OPT_TS ? tx->ts_ecr : 0,
		.mss = tx->mss_opt,
		.wscale = tx->wscale,
		.n_sack = tx->n_sack,
		.data = payload,
		.len = tx->len,
	};
	memcpy(seg->sack, tx->sack, sizeof(seg->sack));
	for (uint32_t i = 0; i < tx->n_spans; i++) {
		memcpy(payload + at, tx->spans[i].data, tx->spans[i].len);
		at += tx->spans[i].len;
	}
}

static void send_on_link(struct sim *sim, struct side *from, const struct tcp_seg *seg)
{
	if (sim->s->queue && sim->n_packets >= 2 * sim->s->queue)
		return;
	if (chance(sim, sim->s->loss_ppm))
		return;
	put_on_link(sim, from, seg);
	if (chance(sim, sim->s->dup_ppm))
		put_on_link(sim, from, seg);
}

/* The descriptors of a turn go out; longer ones are cut as a port would. */
static void transmit(struct sim *sim, struct side *side)
{
	static uint8_t payload[MAX_PACKET];

	for (uint32_t i = 0; i < side->t.n_tx; i++) {
		const struct tcp_tx *tx = &side->tx[i];
		struct tcp_seg seg, part;

		CHECK(sim, tx->len <= rs_max_u32(tx->mss, sim->s->tso_bytes),
			"a descriptor is too long", tx->len, tx->mss);
		if (sim->s->over_wire)
			through_bytes(sim, side, &seg, tx, payload);
		else
			to_seg(tx, payload, &seg);
		part = seg;
		while (part.len > tx->mss) {
			struct tcp_seg first = part;

			first.len = tx->mss;
			first.flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
			send_on_link(sim, side, &first);
			part.seq += tx->mss;
			part.data += tx->mss;
			part.len -= tx->mss;
		}
		send_on_link(sim, side, &part);
	}
	side->t.n_tx = 0;
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

static void app_write(struct side *side, struct end *e)
{
	while (e->conn && e->sent < e->to_send && !rs_sendq_full(&e->conn->sendq)) {
		uint32_t n = rs_min_u32(e->to_send - e->sent, PATTERN_BYTES);

		rs_sendq_push(&e->conn->sendq, pattern + e->sent % PATTERN_PERIOD, n, 0);
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

	CHECK(sim, e->eof, "ended before the peer's end was seen", e->received, other->to_send);
	e->conn = NULL;
	e->gone = true;
}

static void app_read(struct sim *sim, struct side *side, struct end *e)
{
	uint32_t budget = sim->s->slow_reader ? 1 + draw(sim, 3000) : UINT32_MAX;
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
	e->next_read_us = ev & TCP_MORE ? sim->now_us + 1 + draw(sim, 20000) : 0;
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
	app_write(side, e);
}

/* ---- the loop ---- */

static void deliver_due(struct sim *sim)
{
	while (sim->packets && sim->packets->due_us <= sim->now_us) {
		struct packet *p = sim->packets;
		struct tcp_conn *conn;
		uint32_t found, ev;

		sim->packets = p->next;
		sim->n_packets--;
		p->to->t.now_us = sim->now_us;
		rs_tcp_lookup(&p->to->t, &p->seg, &found, 1);
		ev = rs_tcp_input(&p->to->t, &p->seg, found, &conn);
		if (ev)
			on_event(sim, p->to, conn, ev);
		if (p->to->t.n_tx > p->to->t.max_tx / 2 || draw(sim, 2)) {
			rs_tcp_flush(&p->to->t);
			transmit(sim, p->to);
		}
		free(p);
	}
}

static void check_conn(struct sim *sim, const struct tcp_conn *c)
{
	if (c->state == TCP_CLOSED)
		return;
	CHECK(sim, rs_seq_leq(c->snd_una, c->snd_nxt) && rs_seq_leq(c->snd_nxt, c->snd_max),
		"snd_una <= snd_nxt <= snd_max", c->snd_nxt - c->snd_una, c->snd_max - c->snd_una);
	CHECK(sim, c->cwnd >= c->mss || c->state < TCP_ESTABLISHED, "cwnd", c->cwnd, c->mss);
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
			app_write(side, e);
		}
		if (e->conn)
			check_conn(sim, e->conn);
	}
	do {
		rs_tcp_flush(&side->t);
		CHECK(sim, side->t.n_tx <= side->t.max_tx, "too many descriptors", side->t.n_tx, 0);
		transmit(sim, side);
	} while (rs_tcp_pending(&side->t) && !sim->failed);
}

static bool all_done(const struct sim *sim)
{
	for (uint32_t i = 0; i < sim->s->n_conns; i++) {
		if (!sim->sides[0].ends[i].gone || !sim->sides[1].ends[i].gone)
			return false;
	}
	return true;
}

static void init_side(struct sim *sim, struct side *side)
{
	const struct netsim_scenario *s = sim->s;
	uint32_t n_chunks = s->n_chunks ? s->n_chunks : 1024;
	uint32_t max_tx = s->max_tx ? s->max_tx : MAX_TX;

	rs_tcp_config_default(&side->cfg);
	side->cfg.max_conns = MAX_CONNS;
	side->cfg.max_time_wait = MAX_CONNS;
	side->cfg.tso_bytes = s->tso_bytes;
	side->cfg.force_slow = s->force_slow;
	side->cfg.timestamps = !s->no_timestamps;
	side->cfg.max_retries = 30;
	side->cfg.max_syn_retries = 12;
	side->cfg.fin_wait_2_ms = 600000;
	side->cfg.rcv_wnd_bytes = s->rcv_wnd ? s->rcv_wnd : side->cfg.rcv_wnd_bytes;
	side->cfg.n_listen = 1;
	side->cfg.listen[0] = SERVER_PORT;
	for (uint32_t i = 0; i < 5; i++)
		side->cfg.flow_secret[i] = sim->seed * 0x9e3779b97f4a7c15 + i;
	side->cfg.isn_secret[0] = sim->seed;
	side->memory = aligned_alloc(64, (rs_tcp_bytes(&side->cfg) + 63) & ~63ul);
	side->chunk_memory = aligned_alloc(64, (rs_chunk_pool_bytes(n_chunks, 2048) + 63) & ~63ul);
	rs_chunk_pool_init(&side->chunks, side->chunk_memory, n_chunks, 2048);
	rs_tcp_init(
		&side->t, &side->cfg, side->memory, &side->chunks, side->tx, max_tx, sim->now_us);
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
		client->ends[i].to_send = draw(sim, sim->s->max_bytes);
		sim->sides[1].ends[i].to_send = draw(sim, sim->s->max_bytes);
		client->ends[i].conn = rs_tcp_connect(&client->t, &key, 1);
		CHECK(sim, client->ends[i].conn, "no connection to be had", i, 0);
		if (client->ends[i].conn && sim->s->near_wrap) {
			struct tcp_conn *c = client->ends[i].conn;

			/* The SYN has not been sent: its number is still ours to choose. */
			c->iss = c->snd_una = c->snd_nxt = c->snd_max = c->recover =
				UINT32_MAX - draw(sim, 3000);
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
		struct side *side = &sim->sides[i];

		CHECK(sim, side->t.n_conns == 0, "connections left", side->t.n_conns, i);
		CHECK(sim, side->t.n_half_open == 0, "half-open left", side->t.n_half_open, i);
		CHECK(sim, side->t.n_time_wait == 0, "time-wait left", side->t.n_time_wait, i);
		CHECK(sim, side->t.flows.n_used == 0, "flow entries left", side->t.flows.n_used, i);
		CHECK(sim, side->t.wheel.n_linked == 0, "timers left", side->t.wheel.n_linked, i);
		CHECK(sim, side->chunks.n_free == side->chunks.n_total, "chunks lost",
			side->chunks.n_free, i);
	}
}

bool netsim_run(const struct netsim_scenario *s, uint64_t seed)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	bool ok;

	for (uint32_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i % PATTERN_PERIOD);
	sim->s = s;
	sim->seed = seed;
	sim->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	sim->now_us = 1000000 + draw(sim, 1000000000);
	init_side(sim, &sim->sides[0]);
	init_side(sim, &sim->sides[1]);
	connect_all(sim);
	for (uint64_t end_us = sim->now_us + TIME_LIMIT_US; !all_done(sim) && !sim->failed;) {
		turn(sim, &sim->sides[0]);
		turn(sim, &sim->sides[1]);
		sim->now_us += 1024;
		if (sim->packets && sim->packets->due_us < sim->now_us)
			sim->now_us = sim->packets->due_us;
		deliver_due(sim);
		CHECK(sim, sim->now_us < end_us, "not done in an hour", sim->sides[0].t.n_conns,
			sim->sides[1].t.n_conns);
	}
	if (!sim->failed)
		check_clean(sim);
	while (sim->packets) {
		struct packet *p = sim->packets;

		sim->packets = p->next;
		free(p);
	}
	for (uint32_t i = 0; i < 2; i++) {
		free(sim->sides[i].memory);
		free(sim->sides[i].chunk_memory);
	}
	ok = !sim->failed;
	free(sim);
	return ok;
}
