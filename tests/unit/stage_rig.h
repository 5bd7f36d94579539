/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A net stage between two joints of the rig's own: the frames that it finds are those that the
 * rig's peer puts there, and what it sends is kept. For tests, and for perf/micro. EAL has started.
 */
#ifndef RS_TEST_STAGE_RIG_H
#define RS_TEST_STAGE_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "builtin.h"
#include "eal_rig.h"
#include "rig_check.h"
#include "stage_net.h"
#include "wire/link.h"
#include "wire/render.h"

#define N_MBUFS  2048
#define MAX_SENT 512

#define RIG_PORT_ID 5 /* EAL's number of the port; ours is 0 */

static const uint8_t rig_our_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t rig_peer_mac[6] = {2, 0, 0, 0, 0, 1};

struct rig {
	struct stage_net *net;
	struct rte_mempool *mbufs;
	struct rte_mempool *segs; /* NULL: the port cannot read bodies */
	struct tcp_config tcp;
	struct http_config http;
	struct slow_path slow;
	struct io_port port;
	struct wire_host host, peer;
	struct joint rx, tx;
	bool ipv6;
	struct rte_mbuf *next[NET_BURST]; /* the frames that the stage will find */
	uint32_t n_next;
	struct rte_mbuf *sent[MAX_SENT];
	uint32_t n_sent;
	uint64_t now_us;
};

static inline uint32_t rig_give(void *self, struct rte_mbuf **pkts, uint32_t max)
{
	struct rig *r = self;
	uint32_t n = rs_min_u32(r->n_next, max);

	memcpy(pkts, r->next, n * sizeof(pkts[0]));
	memmove(r->next, r->next + n, (r->n_next - n) * sizeof(pkts[0]));
	r->n_next -= n;
	return n;
}

static inline uint32_t rig_take(void *self, struct rte_mbuf **pkts, uint32_t n)
{
	struct rig *r = self;

	for (uint32_t i = 0; i < n; i++) {
		RIG_CHECK(r->n_sent < MAX_SENT);
		r->sent[r->n_sent++] = pkts[i];
	}
	return n;
}

static inline uint32_t rig_none(void *self, struct rte_mbuf **pkts, uint32_t n)
{
	(void)self, (void)pkts, (void)n;
	return 0;
}

static inline struct wire_addr rig_addr(bool ipv6, uint8_t last)
{
	struct wire_addr a = {.prefix_len = ipv6 ? 64 : 24, .family = ipv6 ? 6 : 4};

	if (ipv6)
		memcpy(a.addr, "\xfd\x99", 2);
	else
		memcpy(a.addr + 10, "\xff\xff\x0a\x63", 4);
	a.addr[15] = last;
	return a;
}

/* n_tls: how many TLS cores there are, whose rings the caller will bring; port 80 is theirs then.
 */
static inline void rig_init_with(
	struct rig *r, bool ipv6, bool offloads, uint32_t max_conns, uint32_t n_tls)
{
	struct wire_addr ours = rig_addr(ipv6, 2), theirs = rig_addr(ipv6, 1);

	memset(r, 0, sizeof(*r));
	r->ipv6 = ipv6;
	r->now_us = 1000000;
	r->mbufs = rte_pktmbuf_pool_create(
		"frames", N_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	RIG_CHECK(r->mbufs);
	rs_tcp_config_default(&r->tcp);
	r->tcp.max_conns = max_conns;
	r->tcp.max_time_wait = max_conns;
	r->tcp.n_listen = 1;
	r->tcp.listen[0] = 80;
	r->tcp.timestamps = false;
	rs_http_config_default(&r->http);
	r->http.handlers = rs_builtin_handlers;
	r->http.n_handlers = BUILTIN_N_HANDLERS;
	r->port.id = RIG_PORT_ID;
	r->port.mtu = 1500;
	if (offloads) {
		r->port.tx_ipv4_csum = r->port.tx_tcp_csum = true;
		r->port.tso_bytes = r->tcp.tso_bytes = 60000;
	}
	rs_wire_host_init(&r->host, rig_our_mac, 0, 0, &ours, 1);
	rs_wire_host_init(&r->peer, rig_peer_mac, 0, 0, &theirs, 1);
	r->slow.to_control = r->slow.from_control = (struct joint){.call = rig_none};
	r->rx = (struct joint){.call = rig_give, .self = r};
	r->tx = (struct joint){.call = rig_take, .self = r};
	r->net = aligned_alloc(RS_CACHE_LINE, sizeof(*r->net));
	memset(r->net, 0, sizeof(*r->net));
	RIG_CHECK(rs_stage_net_init(r->net,
			  &(struct stage_net_config){
				  .n_net_cores = 1,
				  .tcp = &r->tcp,
				  .web = {.http = &r->http,
					  .n_chunks = 64 + 2 * max_conns,
					  .n_heads = 4},
				  .n_https_ports = n_tls != 0,
				  .https_ports = r->tcp.listen,
				  .n_tls_cores = n_tls,
				  .mbufs = r->mbufs,
				  .slow = &r->slow,
				  .n_ports = 1,
				  .ports = &r->port,
				  .hosts = &r->host,
				  .n_rx = 1,
				  .rx = &r->rx,
				  .tx = &r->tx,
				  .socket = SOCKET_ID_ANY,
			  },
			  r->now_us) == 0);
}

static inline void rig_init(struct rig *r, bool ipv6, bool offloads, uint32_t max_conns)
{
	rig_init_with(r, ipv6, offloads, max_conns, 0);
}

/* From now on the port reads bodies by itself, as long as there are some of n mbufs to point to
 * them.
 */
static inline void rig_point(struct rig *r, uint32_t n)
{
	r->segs = rte_pktmbuf_pool_create("segments", n, 0, 0, 0, SOCKET_ID_ANY);
	RIG_CHECK(r->segs);
	r->net->segs_out = r->segs;
	r->net->ports[0].point_bytes = NET_POINT;
}

static inline void rig_drop_sent(struct rig *r)
{
	for (uint32_t i = 0; i < r->n_sent; i++)
		rte_pktmbuf_free(r->sent[i]);
	r->n_sent = 0;
}

/* Everything comes back: connections, chunks, frames. */
static inline void rig_fini(struct rig *r)
{
	rig_drop_sent(r);
	RIG_CHECK(rs_stage_net_leaks(r->net) == 0);
	RIG_CHECK(rte_mempool_in_use_count(r->mbufs) == 0);
	RIG_CHECK(!r->segs || rte_mempool_in_use_count(r->segs) == 0);
	RIG_CHECK(rs_anchor_is_free(&r->net->builtin));
	rs_stage_net_fini(r->net);
	free(r->net);
	rte_mempool_free(r->mbufs);
	rte_mempool_free(r->segs);
}

/*
 * What the peer sends next: a segment from this port of its own. It stays in the rig until the
 * stage's next turn.
 */
static inline void rig_put(
	struct rig *r, uint16_t port, uint32_t seq, uint32_t ack, uint8_t flags, const char *text)
{
	struct tcp_tx tx = {
		.key = {.remote_port = 80, .local_port = port, .family = r->ipv6 ? 6 : 4},
		.link = rs_link_pack(rig_our_mac, 0, 0),
		.seq = seq,
		.ack = ack,
		.flags = flags,
		.wnd = 65535,
		.mss = 1460,
		.mss_opt = 1460,
		.wscale = 4,
		.opts = flags & TCP_SYN ? TCP_OPT_MSS | TCP_OPT_WSCALE : 0,
		.len = (uint32_t)strlen(text),
		.n_spans = 1,
		.spans = {{.data = (const uint8_t *)text, .len = (uint32_t)strlen(text)}},
	};
	struct rte_mbuf *m = rte_pktmbuf_alloc(r->mbufs);

	RIG_CHECK(m && r->n_next < NET_BURST);
	memcpy(tx.key.remote, r->host.addrs[0].addr, 16);
	memcpy(tx.key.local, r->peer.addrs[0].addr, 16);
	m->port = RIG_PORT_ID;
	m->pkt_len = m->data_len =
		(uint16_t)rs_wire_render_tcp(&r->peer, &tx, rte_pktmbuf_mtod(m, uint8_t *), 0);
	r->next[r->n_next++] = m;
}

#endif
