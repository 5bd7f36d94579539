/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine.h"

#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "io/poller.h"
#include "io/reuse.h"
#include "one_port.h"
#include "stop.h"

#define RESOLVE_S       10 /* for the link and the next hop */
#define OPEN_S          10 /* for handshakes, beyond what the rate asks for */
#define LINGER_MS       50
#define CLOSE_S         5
#define HOUSEKEEPING_MS 100 /* the port's link, and questions for the next hop */
#define WATCH_MS        1   /* phases and seconds */
#define SCAN_US         16
#define SCAN_BUSY_US    50000   /* every busy connection is looked at so often … */
#define SCAN_IDLE_US    1000000 /* … and every idle one */
#define MAX_ASKED       64      /* requests begun in a turn */
#define MAX_FLOOD       64
#define AHEAD           8   /* frames that are fetched before it is their turn */
#define MAX_FETCHED     256 /* bytes of one */

int rs_engine_init(struct engine *e, const struct load_options *o)
{
	memset(e, 0, sizeof(*e));
	e->options = o;
	e->tsc_hz = rte_get_tsc_hz();
	if (rs_workload_init(&e->workload, o))
		return -1;
	if (rs_load_port_open(&e->port, &e->mbufs, ENGINE_TX + CLIENT_MAX_OUT)) {
		rs_workload_fini(&e->workload);
		return -1;
	}
	rs_resolver_init(&e->resolver, o, e->port.mac);
	rs_answer_reader_init(&e->reader, o, e->workload.is_head);
	e->opens = rs_pace(e->tsc_hz, o->connect_rate, 1);
	e->asks = rs_pace(e->tsc_hz, o->rate, o->pipeline);
	e->floods = rs_pace(e->tsc_hz, o->flood_rate, 1);
	return 0;
}

void rs_engine_fini(struct engine *e)
{
	rte_pktmbuf_free_bulk(e->tx + e->tx_head, e->n_tx);
	rs_io_port_close(&e->port);
	rs_client_fini(&e->client);
	rs_workload_fini(&e->workload);
	rte_mempool_free(e->mbufs);
}

/* ---- frames out ---- */

static void push(struct engine *e)
{
	while (e->n_tx) {
		uint32_t n = rs_io_tx_burst(
			&e->port.tx[0], e->tx + e->tx_head, rs_min_u32(e->n_tx, ENGINE_BURST));

		if (!n)
			break;
		e->n_sent += n;
		e->n_tx -= n;
		e->tx_head += n;
	}
	if (rs_likely(!e->n_tx))
		e->tx_head = 0;
	else
		e->n_tx_full++;
}

/* Room for so many more frames at the end of the queue? */
static bool has_room(struct engine *e, uint32_t n)
{
	if (rs_likely(e->tx_head + e->n_tx + n <= ENGINE_TX))
		return true;
	memmove(e->tx, e->tx + e->tx_head, e->n_tx * sizeof(e->tx[0]));
	e->tx_head = 0;
	return e->n_tx + n <= ENGINE_TX;
}

static void queue(struct engine *e, struct rte_mbuf *m, uint32_t len)
{
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	e->tx[e->tx_head + e->n_tx++] = m;
}

static struct rte_mbuf *new_frame(struct engine *e)
{
	return has_room(e, 1) ? rte_pktmbuf_alloc(e->mbufs) : NULL;
}

/*
 * The core at the other end has read this frame, or written it: its lines have to be had back. A
 * request takes two of them as a rule.
 */
static void fetch_to_write(const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	__builtin_prefetch(data, 1);
	__builtin_prefetch(data + RS_CACHE_LINE, 1);
}

/* What the client wants sent. What finds no frame is lost, as on a wire, but counted. */
static void render_all(struct engine *e)
{
	struct client *c = &e->client;
	struct rte_mbuf *m[CLIENT_MAX_OUT];
	uint32_t n = has_room(e, c->n_out) ? c->n_out : 0;
	uint32_t n_reused = rs_io_reuse(e->mbufs, e->spare, &e->n_spare, m, n);

	if (n > n_reused &&
		rs_unlikely(rte_pktmbuf_alloc_bulk(e->mbufs, m + n_reused, n - n_reused)))
		n = n_reused;
	e->n_lost += c->n_out - n;
	for (uint32_t i = 0; i < n && i < AHEAD; i++)
		fetch_to_write(m[i]);
	for (uint32_t i = 0; i < n; i++) {
		if (rs_likely(i + AHEAD < n))
			fetch_to_write(m[i + AHEAD]);
		queue(e, m[i],
			rs_load_frame_render(&e->net, &e->workload, &c->out[i],
				rte_pktmbuf_mtod(m[i], uint8_t *)));
	}
	c->n_out = 0;
}

/* ---- frames in ---- */

static void take_other(struct engine *e, const struct rte_mbuf *in)
{
	struct rte_mbuf *m = new_frame(e);
	uint32_t len;

	if (!m) {
		e->n_lost++;
		return;
	}
	len = rs_resolver_input(&e->resolver, rte_pktmbuf_mtod(in, const uint8_t *), in->data_len,
		rte_pktmbuf_mtod(m, uint8_t *));
	if (len)
		queue(e, m, len);
	else
		rte_pktmbuf_free(m);
}

/* All lines of it, since its checksum is verified; what is behind them comes by itself. */
static void fetch_to_read(const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t end = rs_min_u32(m->data_len, MAX_FETCHED);

	for (uint32_t at = 0; at < end; at += RS_CACHE_LINE)
		rte_prefetch0(data + at);
}

static uint32_t take_in(struct engine *e)
{
	struct client *c = &e->client;
	struct rte_mbuf **pkts = e->spare;
	struct load_seg segs[ENGINE_BURST];
	uint32_t n_segs = 0;
	uint32_t n = rs_io_rx_burst(&e->port.rx[0], pkts, ENGINE_BURST);

	if (n &&
		e->phase >= PHASE_OPEN) /* what came while the port was asked did not come before */
		rs_client_now(c, rte_rdtsc());
	for (uint32_t i = 0; i < n && i < AHEAD; i++)
		fetch_to_read(pkts[i]);
	for (uint32_t i = 0; i < n; i++) {
		enum load_frame kind = FRAME_OTHER;

		if (rs_likely(i + AHEAD < n))
			fetch_to_read(pkts[i + AHEAD]);
		if (e->phase >= PHASE_OPEN)
			kind = rs_load_frame_parse(&e->net,
				rte_pktmbuf_mtod(pkts[i], const uint8_t *), pkts[i]->data_len,
				&segs[n_segs]);
		if (rs_likely(kind == FRAME_TCP))
			rte_prefetch0(rs_client_conn(c, segs[n_segs++].tuple));
		else if (kind == FRAME_STRANGER)
			c->stats.n_strangers++;
		else if (kind == FRAME_BAD_CSUM)
			c->stats.n_bad_csums++;
		else
			take_other(e, pkts[i]);
	}
	for (uint32_t i = 0; i < n_segs; i++) {
		rs_client_input(c, &segs[i]);
		if (rs_unlikely(c->n_out > CLIENT_MAX_OUT - 2 * CLIENT_ROOM))
			render_all(e);
	}
	if (c->n_acks)
		rs_client_flush_acks(c);
	e->n_spare = n;
	e->n_received += n;
	return n;
}

/* ---- what is due ---- */

/* Room in the queue for all that the client may want sent in a turn. */
static bool can_queue(const struct engine *e)
{
	return e->n_tx <= ENGINE_TX - CLIENT_MAX_OUT;
}

/*
 * Closed loop: requests that found no room, as many as the port may take now. Rendered beforehand
 * they would take a frame each, however many connections there are.
 */
static void ask_waiting(struct engine *e)
{
	struct client *c = &e->client;

	while (c->n_waiting && e->n_tx + c->n_out < ENGINE_FEW && rs_client_ask_next(c))
		;
}

/*
 * Open loop: requests become due whatever is answered. One that finds no connection free stays the
 * next, with its time; when that is past the timeout it was not sent.
 */
static void ask_due(struct engine *e, uint64_t now)
{
	uint64_t late = (uint64_t)e->options->timeout_ms * e->client.tick_tsc;

	for (uint32_t n = 0; n < MAX_ASKED && rs_pace_is_due(&e->asks, now); n++) {
		uint64_t due = rs_pace_next_tsc(&e->asks);

		if (e->client.n_out > CLIENT_MAX_OUT - 2 * CLIENT_ROOM)
			return;
		if (!rs_client_ask(&e->client, due)) {
			if (now - due <= late)
				return;
			n = 0;
			e->client.stats.n_not_sent += e->options->pipeline;
		}
		rs_pace_advance(&e->asks);
	}
}

/* SYNs from addresses and ports of the flood's own, each once (RFC 4987 has such attacks). */
static void flood(struct engine *e, uint64_t now)
{
	const struct wire_addr *from = &e->options->flood_from;
	uint32_t host_bits = (from->family == 4 ? 32u : 128u) - from->prefix_len;
	uint32_t mask = host_bits >= 32 ? UINT32_MAX : (1u << host_bits) - 1;

	struct rte_mbuf *m[MAX_FLOOD];
	uint32_t n = 0;

	rs_pace_forget(&e->floods, now, e->tsc_hz / 100);
	for (; n < MAX_FLOOD && rs_pace_is_due(&e->floods, now); n++)
		rs_pace_advance(&e->floods);
	if (!n)
		return;
	if (rs_unlikely(!has_room(e, n) || rte_pktmbuf_alloc_bulk(e->mbufs, m, n))) {
		e->n_lost += n;
		return;
	}
	e->client.stats.n_flood += n;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t drawn = e->flood_number++ * 0x9e3779b1u;
		uint8_t source[16];

		memcpy(source, from->addr, 16);
		rs_store_be32(source + 12,
			(rs_load_be32(source + 12) & ~mask) | ((drawn ^ drawn >> 15) & mask));
		queue(e, m[i],
			rs_load_frame_flood(&e->net, source,
				(uint16_t)(1024 + (drawn >> 16) % 64512), drawn,
				rte_pktmbuf_mtod(m[i], uint8_t *)));
	}
}

/* From the warm-up on; with --flood-for until so long after measuring has begun. */
static bool floods(const struct engine *e, uint64_t now)
{
	if (rs_likely(!e->floods.interval || e->phase < PHASE_WARMUP))
		return false;
	return e->phase < PHASE_MEASURE || !e->options->flood_for_s ||
	       now - e->phase_tsc < e->options->flood_for_s * e->tsc_hz;
}

/* So many slots at a time that all have their turn in the time that is set for it. */
static void scan(struct engine *e, uint64_t now)
{
	const struct load_options *o = e->options;

	if (now < e->scan_tsc)
		return;
	e->scan_tsc = now + e->tsc_hz / 1000000 * SCAN_US;
	rs_client_scan(&e->client, 1 + o->n_conns / (SCAN_BUSY_US / SCAN_US),
		o->n_idle ? 1 + o->n_idle / (SCAN_IDLE_US / SCAN_US) : 0);
}

static void open_more(struct engine *e, uint64_t now)
{
	for (uint32_t n = 0; n < MAX_ASKED && rs_pace_is_due(&e->opens, now); n++) {
		if (e->client.n_out > CLIENT_MAX_OUT - 2 * CLIENT_ROOM ||
			!rs_client_open_next(&e->client))
			return;
		rs_pace_advance(&e->opens);
	}
}

/* What we do of ourselves. Returns how many frames that made which are not the client's. */
static uint32_t begin_more(struct engine *e, uint64_t now)
{
	uint32_t n_before = e->n_tx;

	if (e->phase < PHASE_OPEN)
		return 0;
	if (rs_likely(can_queue(e))) {
		if (e->phase == PHASE_OPEN)
			open_more(e, now);
		scan(e, now);
	}
	if (rs_unlikely(e->client.is_full))
		return 0;
	if (e->client.closed_loop)
		ask_waiting(e);
	else if (e->phase >= PHASE_WARMUP)
		ask_due(e, now);
	if (floods(e, now))
		flood(e, now);
	return e->n_tx - n_before;
}

/* ---- phases ---- */

static void enter(struct engine *e, enum engine_phase phase, uint64_t now)
{
	e->phase = phase;
	e->phase_tsc = now;
	e->second_tsc = now + e->tsc_hz;
	e->n_before = e->client.stats.n_responses;
	if (phase == PHASE_OPEN) {
		rs_pace_begin(&e->opens, now);
	} else if (phase == PHASE_WARMUP) {
		rs_pace_begin(&e->asks, now);
		rs_pace_begin(&e->floods, now);
	} else if (phase == PHASE_MEASURE) {
		rs_client_measure(&e->client);
		e->n_missing = rs_client_n_missing(&e->client);
		if (e->n_missing)
			fprintf(stderr,
				"ringside-load: %u of %u connections do not stand: the figures are "
				"of fewer\n",
				e->n_missing, e->client.slots.n);
		e->n_before = 0;
		e->turns = (struct turns){0};
		e->n_sent = e->n_received = e->n_tx_full = e->n_lost = 0;
		e->n_discarded_before = e->port.tx[0].n_discarded;
		e->tenth_tsc = now + e->tsc_hz / 10;
	}
}

static bool all_open(const struct engine *e)
{
	const struct client *c = &e->client;

	return c->n_opened == c->slots.n && !rs_client_n_missing(c) &&
	       c->n_idle_ready >= e->options->n_idle;
}

/* Once in 100 ms. */
static int resolve(struct engine *e, uint64_t now)
{
	struct rte_mbuf *m;

	if (e->resolver.is_known) {
		rs_load_net_init(&e->net, e->options, e->port.mac, e->resolver.mac, LOAD_MTU);
		if (rs_client_init(&e->client, e->options, &e->workload, &e->reader, e->net.mss,
			    e->tsc_hz))
			return -1;
		rs_client_now(&e->client, now);
		enter(e, PHASE_OPEN, now);
		return 0;
	}
	if (now - e->phase_tsc > RESOLVE_S * e->tsc_hz) {
		fprintf(stderr, "ringside-load: %s\n",
			e->port.link_up ? "the target (or --gateway) does not answer ARP or ND"
					: "the link is down");
		return -1;
	}
	m = e->port.link_up ? new_frame(e) : NULL;
	if (m)
		queue(e, m, rs_resolver_ask(&e->resolver, rte_pktmbuf_mtod(m, uint8_t *)));
	return 0;
}

static void end_measuring(struct engine *e, uint64_t now)
{
	e->measured_tsc = rs_max_u64(now - e->phase_tsc, 1);
	e->n_discarded = e->port.tx[0].n_discarded - e->n_discarded_before;
	e->n_sent -= e->n_discarded;
	e->phase = PHASE_END;
}

static bool has_lasted(const struct engine *e, uint64_t now, uint64_t seconds)
{
	return now - e->phase_tsc >= seconds * e->tsc_hz;
}

static int next_phase(struct engine *e, uint64_t now)
{
	const struct load_options *o = e->options;

	if (rs_unlikely(rs_load_stop_asked())) {
		if (e->phase != PHASE_MEASURE) {
			fprintf(stderr, "ringside-load: ended before measuring began\n");
			return -1;
		}
		end_measuring(e, now);
	}
	switch (e->phase) {
	case PHASE_OPEN:
		if (all_open(e)) {
			enter(e, PHASE_WARMUP, now);
		} else if (has_lasted(e, now, OPEN_S + e->client.slots.n / o->connect_rate)) {
			if (!e->client.n_established && !e->client.stats.n_connects) {
				fprintf(stderr, "ringside-load: no connection was accepted\n");
				return -1;
			}
			enter(e, PHASE_WARMUP, now);
		}
		break;
	case PHASE_WARMUP:
		if (has_lasted(e, now, o->warmup_s))
			enter(e, PHASE_MEASURE, now);
		break;
	case PHASE_MEASURE:
		if (has_lasted(e, now, o->seconds))
			end_measuring(e, now);
		break;
	default:
		break;
	}
	return 0;
}

static void count_tenth(struct engine *e, uint64_t now)
{
	uint64_t n = e->client.stats.n_responses;

	if (e->phase != PHASE_MEASURE || now < e->tenth_tsc || e->n_tenths == LOAD_MAX_TENTHS)
		return;
	e->per_tenth[e->n_tenths++] = (uint32_t)(n - e->n_before_tenth);
	e->n_before_tenth = n;
	e->tenth_tsc += e->tsc_hz / 10;
}

static void live_line(struct engine *e, uint64_t now)
{
	const struct client_stats *s = &e->client.stats;
	uint64_t n = s->n_responses - e->n_before;

	if (now < e->second_tsc || e->phase < PHASE_OPEN)
		return;
	e->second_tsc += e->tsc_hz;
	e->n_before = s->n_responses;
	if (e->phase == PHASE_MEASURE && e->n_seconds < LOAD_MAX_TIMES)
		e->per_second[e->n_seconds++] = (uint32_t)n;
	if (e->options->quiet)
		return;
	fprintf(stderr,
		"%s %8.3f M/s, %u connections, %lu retransmissions, %lu resets, %lu timeouts, "
		"%lu frames lost here\n",
		e->phase == PHASE_OPEN     ? "opening  "
		: e->phase == PHASE_WARMUP ? "warming  "
					   : "measuring",
		(double)n / 1e6, e->client.n_established, s->n_retransmissions,
		s->n_resets + s->n_refused, s->n_timeouts + s->n_connect_timeouts, e->n_lost);
}

static int housekeeping(struct engine *e, uint64_t now)
{
	int err = 0;

	if (now < e->housekeeping_tsc)
		return 0;
	e->housekeeping_tsc = now + e->tsc_hz / 1000 * HOUSEKEEPING_MS;
	rs_io_port_watch(&e->port);
	if (e->phase == PHASE_RESOLVE)
		err = resolve(e, now);
	return err;
}

/*
 * One turn. Returns how much was done. However full the way out is, frames are taken in: a server
 * that waits for us to do so would otherwise never take ours.
 */
static uint32_t turn(struct engine *e, uint64_t now)
{
	struct client *c = &e->client;
	uint32_t n_done = 0;

	push(e);
	c->is_full = e->n_tx >= ENGINE_FEW;
	if (e->phase >= PHASE_OPEN)
		rs_client_now(c, now);
	n_done = take_in(e);
	n_done += begin_more(e, now);
	n_done += c->n_out;
	render_all(e);
	if (e->n_spare) {
		rte_pktmbuf_free_bulk(e->spare, e->n_spare);
		e->n_spare = 0;
	}
	push(e);
	return n_done;
}

int rs_engine_run(struct engine *e)
{
	int poller = rs_io_poller_enter(&e->n_turns);
	int err = 0;

	enter(e, PHASE_RESOLVE, rte_rdtsc());
	while (!err && e->phase != PHASE_END) {
		uint64_t now = rte_rdtsc();
		uint32_t n_frames;

		n_frames = turn(e, now);
		if (n_frames)
			rs_turns_add(&e->turns, now, rte_rdtsc(), n_frames);
		rs_io_poller_turn(&e->n_turns);
		err = housekeeping(e, now);
		if (!err && now >= e->watch_tsc) {
			e->watch_tsc = now + e->tsc_hz / 1000 * WATCH_MS;
			live_line(e, now);
			count_tenth(e, now);
			err = next_phase(e, now);
		}
	}
	rs_io_poller_leave(poller);
	return err;
}

/* Frames that nobody waits for any more; left where they are, the server would wait with its own.
 */
static void leave_out(struct engine *e)
{
	struct rte_mbuf *pkts[ENGINE_BURST];

	rte_pktmbuf_free_bulk(pkts, rs_io_rx_burst(&e->port.rx[0], pkts, ENGINE_BURST));
}

void rs_engine_close(struct engine *e)
{
	uint64_t now = rte_rdtsc();
	uint64_t until = now + CLOSE_S * e->tsc_hz;
	uint64_t quiet_tsc = now; /* since when everything is sent */
	uint32_t slot = 0;

	/* A memif's frames go with it: the server has to have time to take the last ones. */
	while (now < until && now - quiet_tsc < e->tsc_hz / 1000 * LINGER_MS) {
		leave_out(e);
		while (slot < e->client.slots.n && e->n_tx < ENGINE_TX / 2 &&
			e->client.n_out < CLIENT_MAX_OUT)
			rs_client_reset(&e->client, slot++);
		render_all(e);
		push(e);
		now = rte_rdtsc();
		if (slot < e->client.slots.n || e->n_tx)
			quiet_tsc = now;
	}
}
