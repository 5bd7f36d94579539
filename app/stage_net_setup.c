/* SPDX-License-Identifier: BSD-2-Clause */
/* How a net stage comes to be, and how it ends. Nothing here runs while packets flow. */
#include <errno.h>
#include <inttypes.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "base/carve.h"
#include "builtin.h"
#include "io/dma.h"
#include "io/log.h"
#include "stage_net.h"

static size_t http_bytes(const struct stage_net_config *cfg)
{
	return (size_t)cfg->tcp->max_conns * sizeof(struct http_conn);
}

/* net->ports[i] is all zero. */
static void init_port(struct stage_net *net, uint32_t i, const struct stage_net_config *cfg)
{
	const struct io_port *io = &cfg->ports[i];
	struct net_port *port = &net->ports[i];

	net->port_of[io->id] = port;
	port->host = cfg->hosts[i];
	port->tx = &cfg->tx[i];
	port->mtu = io->mtu;
	port->point_bytes = io->reads_memory ? NET_POINT : UINT32_MAX;
	if (io->tx_ipv4_csum) {
		port->render_flags |= WIRE_IP_CSUM_OFFLOAD;
		port->ol_flags_v4 |= RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4;
	}
	if (io->tx_tcp_csum) {
		port->render_flags |= WIRE_L4_CSUM_OFFLOAD;
		port->ol_flags_v4 |= RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4;
		port->ol_flags_v6 |= RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV6;
	}
}

static size_t tls_bytes(const struct stage_net_config *cfg)
{
	if (!cfg->n_tls_cores)
		return 0;
	return rs_align_line(cfg->tcp->max_conns * sizeof(struct tls_link)) +
	       rs_align_line(cfg->tcp->max_conns * sizeof(uint64_t)) +
	       rs_align_line(cfg->n_tls_cores * sizeof(struct tls_outbox)) +
	       rs_align_line(cfg->n_tls_cores * sizeof(struct rte_ring *));
}

/* Connections go to TLS cores by their hash, in equal shares. */
static void init_tls(struct net_tls *tls, const struct stage_net_config *cfg, uint8_t **memory)
{
	if (!cfg->n_tls_cores)
		return;
	tls->n_cores = cfg->n_tls_cores;
	tls->n_ports = cfg->n_https_ports;
	memcpy(tls->ports, cfg->https_ports, cfg->n_https_ports * sizeof(tls->ports[0]));
	tls->links = rs_carve(memory, cfg->tcp->max_conns * sizeof(struct tls_link));
	tls->taken_us = rs_carve(memory, cfg->tcp->max_conns * sizeof(uint64_t));
	tls->to = rs_carve(memory, cfg->n_tls_cores * sizeof(struct tls_outbox));
	tls->from = rs_carve(memory, cfg->n_tls_cores * sizeof(struct rte_ring *));
	for (uint32_t i = 0; i < sizeof(tls->core_of); i++)
		tls->core_of[i] = (uint8_t)(i % cfg->n_tls_cores);
}

int rs_stage_net_init(struct stage_net *net, const struct stage_net_config *cfg, uint64_t now_us)
{
	size_t total = rs_align_line(rs_tcp_bytes(cfg->tcp)) + rs_align_line(http_bytes(cfg)) +
		       rs_http_core_bytes(&cfg->web) + tls_bytes(cfg) +
		       rs_align_line(sizeof(struct reassembly)) + rs_align_line(NET_ECHO_BYTES);
	uint8_t *memory;
	void *tcp;

	memset(net, 0, sizeof(*net));
	net->memory = rte_zmalloc_socket("net", total, RS_CACHE_LINE, cfg->socket);
	if (!net->memory) {
		rs_log("net core %u: %zu MiB for connections and buffers are not to be had; "
		       "give EAL more memory (-m) or lower --max-conns",
			cfg->core_index, total >> 20);
		return -ENOMEM;
	}
	memory = net->memory;
	tcp = rs_carve(&memory, rs_tcp_bytes(cfg->tcp));
	net->http_conns = rs_carve(&memory, http_bytes(cfg));
	rs_http_core_init(&net->web, &cfg->web, &memory, now_us);
	net->web.env.make_room = rs_stage_net_make_room;
	net->web.env.owner = net;
	init_tls(&net->tls, cfg, &memory);
	rs_tcp_init(&net->tcp, cfg->tcp, tcp, &net->web.chunks, net->tx, NET_MAX_TX, now_us);
	net->reassembly = rs_carve(&memory, sizeof(struct reassembly));
	rs_reassembly_init(net->reassembly);
	net->n_net_cores = cfg->n_net_cores;
	net->echo = rs_carve(&memory, NET_ECHO_BYTES);
	rs_laps_init(&net->laps);
	net->n_rx = cfg->n_rx;
	memcpy(net->rx, cfg->rx, cfg->n_rx * sizeof(net->rx[0]));
	net->mbufs = cfg->mbufs;
	net->segs_out = cfg->segs_out;
	rs_anchor_init(&net->builtin, &rs_builtin_area, 1, rs_io_dma_works());
	net->slow = cfg->slow;
	net->hosts = cfg->hosts;
	net->next_hops = cfg->next_hops;
	net->n_ports = cfg->n_ports;
	for (uint32_t i = 0; i < cfg->n_ports; i++)
		init_port(net, i, cfg);
	return 0;
}

void rs_stage_net_fini(struct stage_net *net)
{
	rte_free(net->memory);
	net->memory = NULL;
}

uint32_t rs_stage_net_leaks(struct stage_net *net)
{
	uint32_t n_bad = 0;

	rs_net_tls_drain(net);
	for (uint32_t i = 0; i < net->tcp.cfg->max_conns; i++) {
		if (net->tcp.conns[i].state == TCP_CLOSED)
			continue;
		if (!rs_net_tls_has(&net->tcp.conns[i]))
			rs_http_release(&net->web.env, &net->http_conns[i]);
		net->tcp.n_tx = 0; /* there is nobody to send the RST any more */
		rs_tcp_abort(&net->tcp, &net->tcp.conns[i]);
	}
	for (uint32_t i = 0; i < net->n_ports; i++) {
		rte_pktmbuf_free_bulk(net->ports[i].out, net->ports[i].n_out);
		net->frames.n_out += net->ports[i].n_out;
		net->ports[i].n_out = 0;
	}
	n_bad += rs_pool_leaks(
		"connections", net->tcp.cfg->max_conns - net->tcp.n_conns, net->tcp.cfg->max_conns);
	n_bad += rs_http_core_leaks(&net->web);
	n_bad += rs_frame_ledger_leaks(&net->frames, "net");
	return n_bad;
}
