/* SPDX-License-Identifier: BSD-2-Clause */
/* How a net stage comes to be, and how it ends. Nothing here runs while packets flow. */
#include <errno.h>
#include <inttypes.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "io/log.h"
#include "stage_net.h"

static size_t http_bytes(const struct stage_net_config *cfg)
{
	return (size_t)cfg->tcp->max_conns * sizeof(struct http_conn);
}

static size_t align_line(size_t n)
{
	return (n + RS_CACHE_LINE - 1) & ~(size_t)(RS_CACHE_LINE - 1);
}

static void init_port(struct net_port *port, const struct io_port *io, const struct wire_host *host,
	struct joint *tx)
{
	port->host = *host;
	port->tx = tx;
	port->n_out = 0;
	port->render_flags = 0;
	port->ol_flags_v4 = port->ol_flags_v6 = 0;
	if (io->tx_ipv4_csum) {
		port->render_flags |= WIRE_IP_CSUM_OFFLOAD;
		port->ol_flags_v4 |= RTE_MBUF_F_TX_IP_CKSUM;
	}
	if (io->tx_tcp_csum) {
		port->render_flags |= WIRE_L4_CSUM_OFFLOAD;
		port->ol_flags_v4 |= RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4;
		port->ol_flags_v6 |= RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV6;
	}
	if (port->ol_flags_v4)
		port->ol_flags_v4 |= RTE_MBUF_F_TX_IPV4;
}

static size_t tls_bytes(const struct stage_net_config *cfg)
{
	if (!cfg->n_tls_cores)
		return 0;
	return align_line(cfg->tcp->max_conns * sizeof(struct tls_link)) +
	       align_line(cfg->n_tls_cores * sizeof(struct tls_outbox)) +
	       align_line(cfg->n_tls_cores * sizeof(struct rte_ring *));
}

/* Connections go to TLS cores by their hash, in equal shares. */
static void init_tls(struct net_tls *tls, const struct stage_net_config *cfg, uint8_t *memory)
{
	if (!cfg->n_tls_cores)
		return;
	tls->n_cores = cfg->n_tls_cores;
	tls->n_ports = cfg->n_https_ports;
	memcpy(tls->ports, cfg->https_ports, cfg->n_https_ports * sizeof(tls->ports[0]));
	tls->to = (struct tls_outbox *)memory;
	memory += align_line(cfg->n_tls_cores * sizeof(struct tls_outbox));
	tls->from = (struct rte_ring **)memory;
	memory += align_line(cfg->n_tls_cores * sizeof(struct rte_ring *));
	tls->links = (struct tls_link *)memory;
	for (uint32_t i = 0; i < sizeof(tls->core_of); i++)
		tls->core_of[i] = (uint8_t)(i % cfg->n_tls_cores);
}

int rs_stage_net_init(struct stage_net *net, const struct stage_net_config *cfg, uint64_t now_us)
{
	size_t tcp_bytes = align_line(rs_tcp_bytes(cfg->tcp));
	size_t conns_bytes = align_line(http_bytes(cfg));
	size_t chunks_bytes = align_line(rs_chunk_pool_bytes(cfg->n_chunks, NET_CHUNK_BYTES));
	uint32_t head_bytes = (uint32_t)align_line(cfg->http->limits.max_head_bytes);
	size_t heads_bytes = align_line(rs_chunk_pool_bytes(cfg->n_heads, head_bytes));
	size_t total = tcp_bytes + conns_bytes + chunks_bytes + heads_bytes + tls_bytes(cfg);
	uint8_t *m;

	memset(net, 0, sizeof(*net));
	net->memory = rte_zmalloc_socket("net", total, RS_CACHE_LINE, cfg->socket);
	if (!net->memory) {
		rs_log("net core %u: %zu MiB for connections and buffers are not to be had; "
		       "give EAL more memory (-m) or lower --max-conns",
			cfg->core_index, total >> 20);
		return -ENOMEM;
	}
	m = net->memory;
	rs_chunk_pool_init(
		&net->chunks, m + tcp_bytes + conns_bytes, cfg->n_chunks, NET_CHUNK_BYTES);
	rs_chunk_pool_init(
		&net->heads, m + tcp_bytes + conns_bytes + chunks_bytes, cfg->n_heads, head_bytes);
	rs_tcp_init(&net->tcp, cfg->tcp, m, &net->chunks, net->tx, NET_MAX_TX, now_us);
	net->http_conns = (struct http_conn *)(m + tcp_bytes);
	net->http = (struct http_env){
		.cfg = cfg->http,
		.now_us = now_us,
		.date = net->date,
		.memo = &net->memo,
		.seen = &net->seen,
		.counters = net->http_counters,
		.chunks = &net->chunks,
		.heads = &net->heads,
	};
	init_tls(&net->tls, cfg, m + tcp_bytes + conns_bytes + chunks_bytes + heads_bytes);
	rs_laps_init(&net->laps);
	net->n_rx = cfg->n_rx;
	memcpy(net->rx, cfg->rx, cfg->n_rx * sizeof(net->rx[0]));
	net->mbufs = cfg->mbufs;
	net->slow = cfg->slow;
	net->next_hops = cfg->next_hops;
	net->n_ports = cfg->n_ports;
	for (uint32_t i = 0; i < cfg->n_ports; i++)
		init_port(&net->ports[i], &cfg->ports[i], &cfg->hosts[i], &cfg->tx[i]);
	return 0;
}

void rs_stage_net_fini(struct stage_net *net)
{
	rte_free(net->memory);
	net->memory = NULL;
}

static uint32_t check_pool(const char *what, uint32_t n_free, uint32_t n_total)
{
	if (n_free == n_total)
		return 0;
	rs_log("leak: %u of %u %s did not come back", n_total - n_free, n_total, what);
	return 1;
}

uint32_t rs_stage_net_leaks(struct stage_net *net)
{
	uint32_t n_bad = 0;

	rs_net_tls_drain(net);
	for (uint32_t i = 0; i < net->tcp.cfg->max_conns; i++) {
		if (net->tcp.conns[i].state == TCP_CLOSED)
			continue;
		if (!rs_net_tls_has(&net->tcp.conns[i]))
			rs_http_release(&net->http, &net->http_conns[i]);
		net->tcp.n_tx = 0; /* there is nobody to send the RST any more */
		rs_tcp_abort(&net->tcp, &net->tcp.conns[i]);
	}
	rs_http_memo_clear(&net->http);
	rs_site_core_leave(&net->site, &net->http);
	for (uint32_t i = 0; i < net->n_ports; i++) {
		rte_pktmbuf_free_bulk(net->ports[i].out, net->ports[i].n_out);
		net->frames.n_out += net->ports[i].n_out;
		net->ports[i].n_out = 0;
	}
	n_bad += check_pool(
		"connections", net->tcp.cfg->max_conns - net->tcp.n_conns, net->tcp.cfg->max_conns);
	n_bad += check_pool("chunks", net->chunks.n_free, net->chunks.n_total);
	n_bad += check_pool("head buffers", net->heads.n_free, net->heads.n_total);
	n_bad += rs_frame_ledger_leaks(&net->frames, "net");
	return n_bad;
}
