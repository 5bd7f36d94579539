/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet path, from top to bottom. A turn handles a burst in phases, so that the memory
 * latency of its frames overlaps:
 *
 *     take_in → parse_all → look_up_all → serve_all (each segment: TCP, then HTTP) → run_timers
 *             → take_from_control → rs_net_tls_take_jobs (with --https)
 *             → rs_tcp_flush → rs_net_render → push_out
 *
 * No system call, no log, no lock, no allocation but of mbufs, nothing unbounded.
 */
#include "stage_net.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "net_answer.h"
#include "net_fragments.h"
#include "net_render.h"
#include "wire/tcp_parse.h"

#define PREFETCH_AHEAD       4
#define MAX_EXPIRED_PER_TURN 256

/* Of frames that wait for a port: with no more of them, all that a turn may queue has room. */
#define MOST_LEFT (NET_OUT - NET_MAX_TX - 2 * NET_BURST)

_Static_assert(MOST_LEFT + NET_MAX_QUEUED <= NET_OUT, "and some fragments of long answers");

const struct counter_def rs_net_counter_defs[NET_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "net_counters.def"
#undef RS_COUNTER
};

/* ---- who we are ---- */

/* Somebody has an address of ours, or has it no longer. Not inlined: it hardly ever happens. */
static __attribute__((noinline)) void take_addresses(struct stage_net *net, uint32_t n_changes)
{
	net->n_changes_seen = n_changes;
	for (uint32_t i = 0; i < net->n_ports; i++)
		rs_wire_host_without(
			&net->ports[i].host, &net->hosts[i], rs_slow_path_unused(net->slow, i));
}

/* What the control core has found out. */
static void heed_control(struct stage_net *net)
{
	uint32_t n_changes = rs_slow_path_changes(net->slow);

	if (rs_unlikely(n_changes != net->n_changes_seen))
		take_addresses(net, n_changes);
}

/* ---- frames in ---- */

/* A burst from the joints. The next turn begins with those that this one has no room for. */
static void take_in(struct stage_net *net)
{
	net->n_pkts = 0;
	for (uint32_t i = 0; i < net->n_rx && net->n_pkts < NET_BURST; i++) {
		net->n_pkts += rs_joint_pull(
			&net->rx[net->next_rx], net->pkts + net->n_pkts, NET_BURST - net->n_pkts);
		if (++net->next_rx == net->n_rx)
			net->next_rx = 0;
	}
	for (uint32_t i = 0; i < net->n_pkts && i < PREFETCH_AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(net->pkts[i], void *));
}

/* What the port has found out about the checksums of a received frame. */
static uint32_t rx_flags(const struct rte_mbuf *m)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint32_t flags = 0;

	if ((m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		flags |= WIRE_IP_CSUM_GOOD;
	/* NONE: never filled in, since the frame comes from this host's memory (virtio). */
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		flags |= WIRE_L4_CSUM_GOOD;
	return flags;
}

/* ---- parse ---- */

/* Whatever else a frame may be. True: m is no longer ours. */
static bool parse_unusual(
	struct stage_net *net, struct net_port *port, struct rte_mbuf *m, uint32_t flags)
{
	struct pkt pkt;
	bool is_gone = false;
	uint32_t drop = rs_wire_parse(
		&port->host, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, flags, &pkt);

	if (!drop && pkt.kind == WIRE_TCP) {
		drop = rs_wire_parse_tcp(&pkt, &net->segs[net->n_segs]);
		net->n_segs += !drop;
	} else if (!drop) {
		is_gone = rs_net_take_other(net, port, &pkt, m);
	} else if (drop == WIRE_IP_FRAGMENT) {
		rs_net_take_fragment(net, port, &pkt, m);
	} else {
		rs_net_answer_dropped(net, port, &pkt, drop);
	}
	net->wire_counters[drop]++;
	return is_gone;
}

/* A frame becomes a segment; what is not TCP is dealt with here. True: m is no longer ours. */
static bool parse(struct stage_net *net, struct rte_mbuf *m)
{
	struct net_port *port = net->port_of[m->port];
	uint32_t flags = rx_flags(m);

	net->counters[NET_C_BYTES_IN] += m->pkt_len;
	if (rs_unlikely(m->nb_segs > 1 && rte_pktmbuf_linearize(m))) {
		net->counters[NET_C_DROP_LONG_FRAME]++;
		return false;
	}
	if (rs_unlikely(!rs_wire_parse_plain(&port->host, rte_pktmbuf_mtod(m, const uint8_t *),
		    m->data_len, flags, &net->segs[net->n_segs])))
		return parse_unusual(net, port, m, flags);
	net->n_segs++;
	net->wire_counters[WIRE_OK]++;
	return false;
}

/* net->pkts keeps what is still ours. */
static void parse_all(struct stage_net *net)
{
	uint32_t n_kept = 0;

	net->n_segs = 0;
	for (uint32_t i = 0; i < net->n_pkts; i++) {
		struct rte_mbuf *m = net->pkts[i];

		if (i + PREFETCH_AHEAD < net->n_pkts)
			rte_prefetch0(rte_pktmbuf_mtod(net->pkts[i + PREFETCH_AHEAD], void *));
		if (rs_likely(!parse(net, m)))
			net->pkts[n_kept++] = m;
	}
	net->counters[NET_C_FRAMES_IN] += net->n_pkts;
	net->frames.n_in += net->n_pkts;
	net->n_pkts = n_kept;
}

/* --next-hop route: the way back is not the way here. */
static void route_all(struct stage_net *net)
{
	for (uint32_t i = 0; i < net->n_segs; i++) {
		struct tcp_seg *seg = &net->segs[i];

		seg->link = rs_next_hop(net->next_hops, seg->key.remote, seg->link);
	}
}

/* ---- look up ---- */

static void look_up_all(struct stage_net *net)
{
	rs_tcp_lookup(&net->tcp, net->segs, net->found, net->n_segs);
	for (uint32_t i = 0; i < net->n_segs; i++) {
		const struct tcp_seg *seg = &net->segs[i];

		if (net->found[i] < net->tcp.cfg->max_conns)
			rte_prefetch0(&net->http_conns[net->found[i]]);
		net->foreseen[i] = rs_http_foresee(&net->web.env, seg->data, seg->len);
	}
}

/* ---- serve: TCP's events meet HTTP ---- */

/*
 * Reads what has arrived in order, as far as HTTP will take it now. Nothing may be left but what
 * HTTP refuses: it is acknowledged, and no further event need come. At most what the receive queue
 * holds, a chunk a time. False: the connection is gone.
 */
static bool deliver(struct stage_net *net, struct tcp_conn *conn, struct http_conn *hc)
{
	uint32_t ev = TCP_MORE;

	for (uint32_t n = 0; ev & TCP_MORE && n <= net->tcp.cfg->rcvq_chunks; n++) {
		struct span in = rs_tcp_peek(&net->tcp, conn);

		if (in.len && !hc->blocked && !hc->abort)
			rs_tcp_consume(&net->tcp, conn,
				rs_http_input(&net->web.env, hc, in.data, in.len, &conn->sendq));
		ev = rs_tcp_settle(&net->tcp, conn);
		if (hc->blocked || hc->abort)
			break;
	}
	if (ev & TCP_GONE) {
		rs_http_release(&net->web.env, hc);
		return false;
	}
	if (ev & TCP_EOF)
		rs_http_eof(&net->web.env, hc, &conn->sendq);
	return true;
}

/* Not inlined: what nearly never happens. */
static __attribute__((noinline)) void abort_conn(
	struct stage_net *net, struct tcp_conn *conn, struct http_conn *hc)
{
	rs_tcp_abort(&net->tcp, conn);
	rs_http_release(&net->web.env, hc);
}

/* Carries out what HTTP wants of the connection. */
static inline __attribute__((always_inline)) void obey(
	struct stage_net *net, struct tcp_conn *conn, struct http_conn *hc)
{
	if (rs_unlikely(hc->abort)) {
		abort_conn(net, conn, hc);
		return;
	}
	if (rs_http_is_spare(net->web.env.cfg, hc))
		rs_http_close(&net->web.env, hc, &conn->sendq);
	rs_stage_net_set_deadline(net, conn, hc->deadline_us);
	if (!rs_sendq_empty(&conn->sendq))
		rs_tcp_send(&net->tcp, conn);
	else if (rs_http_awaits_rest(hc))
		rs_tcp_ack_now(&net->tcp, conn);
	if (hc->closing)
		rs_tcp_close(&net->tcp, conn);
}

static bool is_new_tls(const struct stage_net *net, const struct tcp_conn *conn, uint32_t ev)
{
	return rs_unlikely(ev & TCP_EV_OPENED) && net->tls.n_cores &&
	       rs_net_tls_is_port(&net->tls, conn->key.local_port);
}

void rs_stage_net_go_on(struct stage_net *net, struct tcp_conn *conn)
{
	obey(net, conn, &net->http_conns[conn->id]);
}

void rs_stage_net_make_room(void *self, struct http_conn *hc)
{
	struct stage_net *net = self;
	struct tcp_conn *conn = &net->tcp.conns[hc - net->http_conns];
	const void *at_work = net->web.env.peer;

	net->web.env.peer = &conn->key;
	rs_http_lose_head(&net->web.env, hc, &conn->sendq);
	rs_stage_net_go_on(net, conn);
	net->web.env.peer = at_work;
}

/* The switch on TCP's verdict. */
static void serve(struct stage_net *net, struct tcp_conn *conn, uint32_t ev)
{
	struct http_conn *hc = &net->http_conns[conn->id];

	if (rs_unlikely(rs_net_tls_has(conn)) || is_new_tls(net, conn, ev)) {
		rs_net_tls_serve(net, conn, ev);
		return;
	}
	net->web.env.peer = &conn->key;
	if (rs_unlikely(ev & TCP_EV_GONE)) {
		/* In good order: the last bytes may have been acknowledged with our FIN. */
		if (conn->flags & TCP_F_FIN_ACKED)
			rs_http_writable(&net->web.env, hc, &conn->sendq);
		rs_http_release(&net->web.env, hc);
		return;
	}
	if (rs_unlikely(ev & TCP_EV_OPENED))
		rs_http_open(&net->web.env, hc);
	if (rs_unlikely(ev & TCP_EV_DEADLINE)) {
		conn->user = 0; /* it has come: whatever HTTP wants now is new */
		rs_http_deadline(&net->web.env, hc, &conn->sendq);
	}
	if (ev & (TCP_EV_SENT | TCP_EV_DEADLINE) &&
		(!(ev & TCP_EV_DATA) || rs_http_awaiting_room(hc)))
		rs_http_writable(&net->web.env, hc, &conn->sendq);
	/* What waited for room may go on now, without anything new having come. */
	if ((ev & TCP_EV_DATA || (!hc->blocked && conn->rcvq)) && !deliver(net, conn, hc))
		return;
	obey(net, conn, hc);
}

/* All that a segment brings about. */
static void take_segment(struct stage_net *net, uint32_t i)
{
	struct tcp_conn *conn;
	uint32_t ev = rs_tcp_input(&net->tcp, &net->segs[i], net->found[i], &conn);

	rs_lap(&net->laps, LAP_TCP);
	net->web.env.foreseen = net->foreseen[i];
	if (ev)
		serve(net, conn, ev);
	rs_lap(&net->laps, LAP_HTTP);
}

static void serve_all(struct stage_net *net)
{
	for (uint32_t i = 0; i < net->n_segs; i++)
		take_segment(net, i);
}

/* ---- timers, and the end of the process ---- */

static uint32_t run_timers(struct stage_net *net)
{
	uint32_t n;

	if (rs_reassembly_is_late(net->reassembly, net->tcp.now_us))
		rs_net_give_up_fragments(net);
	for (n = 0; n < MAX_EXPIRED_PER_TURN; n++) {
		struct tcp_conn *conn;
		uint32_t ev = rs_tcp_expire(&net->tcp, &conn);

		if (!ev)
			break;
		serve(net, conn, ev);
	}
	return n;
}

/* When the process drains, idle connections are not waited for: all are looked at, and again when
 * silent ones are to go, too. Returns how many now. */
static uint32_t close_idle(struct stage_net *net)
{
	enum http_drain stage = rs_http_drain(net->web.env.cfg);
	uint32_t first, end;

	if (stage != net->drain_seen)
		net->drain_next = 0;
	net->drain_seen = stage;
	net->tcp.draining = true;
	first = net->drain_next;
	end = rs_min_u32(first + NET_BURST, net->tcp.cfg->max_conns);
	for (; net->drain_next < end; net->drain_next++) {
		struct tcp_conn *conn = &net->tcp.conns[net->drain_next];

		if (conn->state < TCP_ESTABLISHED)
			continue;
		if (rs_net_tls_has(conn))
			rs_net_tls_close_idle(net, conn);
		else
			rs_stage_net_go_on(net, conn);
	}
	return end - first;
}

/* Draining is over. A client that only waits would never learn that nobody is there any more. */
static uint32_t reset_left(struct stage_net *net)
{
	uint32_t first = net->reset_next;
	uint32_t end = rs_min_u32(first + NET_BURST, net->tcp.cfg->max_conns);

	for (; net->reset_next < end; net->reset_next++) {
		struct tcp_conn *conn = &net->tcp.conns[net->reset_next];

		if (conn->state == TCP_CLOSED)
			continue;
		if (rs_net_tls_has(conn)) {
			rs_net_tls_reset(net, conn);
			continue;
		}
		net->web.env.peer = &conn->key;
		abort_conn(net, conn, &net->http_conns[net->reset_next]);
	}
	return end - first;
}

/* What the control core wants sent. Not inlined: there is hardly ever anything. */
static __attribute__((noinline)) uint32_t take_from_control(struct stage_net *net)
{
	struct rte_mbuf *frames[NET_MAX_CONTROL];
	uint32_t n = rs_joint_pull(&net->slow->from_control, frames, NET_MAX_CONTROL);

	for (uint32_t i = 0; i < n; i++) {
		struct net_port *port = &net->ports[frames[i]->port];

		if (port->n_out < NET_OUT) {
			rs_net_queue_frame(port, frames[i]);
		} else {
			net->counters[NET_C_DROP_OUT_FULL]++;
			rs_net_drop_frame(net, frames[i]);
		}
	}
	net->frames.n_in += n;
	return n;
}

/* ---- frames out ---- */

/* Gives each port what waits for it. Returns how many frames still wait for the fullest one. */
static uint32_t push_out(struct stage_net *net)
{
	uint32_t most_left = 0;

	for (uint32_t i = 0; i < net->n_ports; i++) {
		struct net_port *port = &net->ports[i];
		uint32_t n;

		if (!port->n_out)
			continue;
		n = rs_joint_push(port->tx, port->out, port->n_out);
		net->counters[NET_C_FRAMES_OUT] += n;
		net->frames.n_out += n;
		port->n_out -= n;
		if (rs_unlikely(port->n_out))
			memmove(port->out, port->out + n, port->n_out * sizeof(port->out[0]));
		most_left = rs_max_u32(most_left, port->n_out);
	}
	return most_left;
}

/* ---- a turn ---- */

uint32_t rs_stage_net_turn(void *self, uint64_t now_us)
{
	struct stage_net *net = self;
	struct laps *laps = &net->laps;
	uint32_t n_done;

	/* Back-pressure: while a port is far behind, nothing new is taken in for it to answer. */
	if (push_out(net) > MOST_LEFT) {
		net->counters[NET_C_TX_BLOCKED]++;
		return 1;
	}
	net->tcp.now_us = now_us;
	net->tcp.n_tx = 0;
	rs_http_core_turn(&net->web, now_us);
	heed_control(net);
	rs_laps_begin(laps);
	take_in(net);
	rs_laps_frames(laps, net->n_pkts);
	rs_lap(laps, LAP_RX);
	parse_all(net);
	if (rs_unlikely(net->next_hops))
		route_all(net);
	rs_lap(laps, LAP_PARSE);
	look_up_all(net);
	rs_lap(laps, LAP_LOOKUP);
	serve_all(net);
	n_done = net->n_pkts;
	n_done += run_timers(net);
	n_done += take_from_control(net);
	if (net->tls.n_cores) {
		n_done += rs_net_tls_take_jobs(net);
		rs_net_tls_flush(net);
	}
	if (rs_unlikely(rs_http_drains(net->web.env.cfg)))
		n_done += close_idle(net);
	if (rs_unlikely(rs_http_drain(net->web.env.cfg) == HTTP_DRAIN_IS_OVER))
		n_done += reset_left(net);
	rs_tcp_flush(&net->tcp);
	rs_lap(laps, LAP_TCP);
	rs_net_render(net);
	rs_lap(laps, LAP_RENDER);
	n_done += net->tcp.n_tx;
	push_out(net);
	rte_pktmbuf_free_bulk(net->pkts, net->n_pkts);
	net->frames.n_out += net->n_pkts;
	rs_lap(laps, LAP_TX);
	rs_laps_end(laps);
	return n_done;
}

uint64_t rs_stage_net_deadline_us(void *self)
{
	const struct stage_net *net = self;

	return rs_tcp_pending(&net->tcp) ? net->tcp.now_us : rs_tcp_deadline_us(&net->tcp);
}
