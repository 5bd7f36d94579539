/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <inttypes.h>

#include "neigh/neigh.h"
#include "values.h"

static void print_urls(FILE *to, const char *scheme, const struct wire_addr *addr,
	const uint16_t *ports, uint32_t n_ports)
{
	char text[VALUE_ADDR_TEXT];

	rs_value_addr_text(addr->addr, text);
	for (uint32_t i = 0; i < n_ports; i++)
		fprintf(to, addr->family == 4 ? "serving %s://%s:%u/\n" : "serving %s://[%s]:%u/\n",
			scheme, text, ports[i]);
}

void rs_report_start(const struct appliance *a, FILE *to)
{
	rs_topology_print(&a->topology, to);
	for (uint32_t i = 0; i < a->n_ports; i++) {
		const struct io_port *p = &a->ports[i];
		char mac[VALUE_MAC_TEXT];

		fprintf(to, "port %u %s  mac %s  mtu %u  offloads:%s%s%s%s%s\n", p->id, p->name,
			rs_value_mac_text(p->mac, mac), p->mtu, p->rx_csum ? " rx-checksum" : "",
			p->tx_tcp_csum ? " tx-checksum" : "", p->tso_bytes ? " tso" : "",
			p->reads_memory ? " zero-copy" : "",
			p->rx_csum || p->tx_tcp_csum || p->tso_bytes || p->reads_memory ? ""
											: " none");
	}
	for (uint32_t i = 0; i < a->cfg->n_addrs; i++) {
		const struct wire_addr *addr = &a->cfg->addrs[i];

		print_urls(to, "http", addr, a->cfg->http_ports, a->cfg->n_http_ports);
		print_urls(to, "https", addr, a->cfg->https_ports, a->cfg->n_https_ports);
	}
	fflush(to);
}

static void print_counter(
	FILE *to, const char *module, const char *name, uint64_t n, const char *help)
{
	if (n)
		fprintf(to, "%-8s %-24s %20" PRIu64 "  %s\n", module, name, n, help);
}

/* Prints one module's counters, each summed over n arrays that lie at table[0..n). */
static void print_module(FILE *to, const char *module, const struct counter_def *defs,
	uint32_t n_counters, const uint64_t *const *tables, uint32_t n)
{
	for (uint32_t c = 0; c < n_counters; c++) {
		uint64_t sum = 0;

		for (uint32_t i = 0; i < n; i++)
			sum += __atomic_load_n(&tables[i][c], __ATOMIC_RELAXED);
		print_counter(to, module, defs[c].name, sum, defs[c].help);
	}
}

/* What the pools of the cores that run HTTP could not give. */
static void print_refused(FILE *to, const struct appliance *a)
{
	uint64_t n_chunks = 0, n_heads = 0;

	for (uint32_t i = 0; i < a->topology.n_net + a->tls.n; i++) {
		const struct http_core *core = i < a->topology.n_net
						       ? &a->net[i]->web
						       : &a->tls.stages[i - a->topology.n_net]->web;

		n_chunks += __atomic_load_n(&core->chunks.n_refused, __ATOMIC_RELAXED);
		n_heads += __atomic_load_n(&core->heads.pool.n_refused, __ATOMIC_RELAXED);
	}
	print_counter(to, "pool", "chunks_refused", n_chunks,
		"buffers that were asked for while all were in use");
	print_counter(to, "pool", "heads_refused", n_heads,
		"the same of buffers for request heads that come in pieces");
}

/* What a received frame has cost on average, by kind of work, over all net cores. */
static void print_laps(FILE *to, const struct appliance *a)
{
	uint64_t n_frames = 0, n_interrupted = 0;

	for (uint32_t i = 0; i < a->topology.n_net; i++) {
		const struct laps *laps = &a->net[i]->laps;

		n_frames += __atomic_load_n(&laps->n_frames, __ATOMIC_RELAXED);
		n_interrupted += __atomic_load_n(&laps->n_interrupted, __ATOMIC_RELAXED);
	}
	for (uint32_t lap = 0; n_frames && lap < N_LAPS; lap++) {
		uint64_t cycles = 0;

		for (uint32_t i = 0; i < a->topology.n_net; i++)
			cycles += __atomic_load_n(&a->net[i]->laps.cycles[lap], __ATOMIC_RELAXED);
		fprintf(to, "cycles   %-24s %20.1f  TSC cycles a frame, sampled\n",
			rs_lap_name(lap), (double)cycles / (double)n_frames);
	}
	print_counter(to, "laps", "interrupted", n_interrupted,
		"of these samples, left out: they took over 1 ms, the core was elsewhere");
}

/* What each core made of its time: `busy` is what a poll-mode core's CPU time does not tell. */
static void print_cores(FILE *to, const struct appliance *a)
{
	for (uint32_t i = 0; i < a->n_cores; i++) {
		const struct core *core = &a->cores[i];
		uint64_t busy_us, idle_us, all_us;

		rs_core_times(core, &busy_us, &idle_us);
		all_us = busy_us + idle_us;
		fprintf(to,
			"lcore %u  busy %" PRIu64 " us, idle %" PRIu64 " us (%.1f %% busy)  runs:",
			core->lcore, busy_us, idle_us,
			all_us ? 100.0 * (double)busy_us / (double)all_us : 0.0);
		for (uint32_t s = 0; s < core->n_stages; s++)
			fprintf(to, " %s", core->stages[s].name);
		fputc('\n', to);
	}
}

static void print_port(const struct io_port *port, FILE *to)
{
	struct io_port_stats s;

	rs_io_port_stats(port, &s);
	fprintf(to,
		"port %u   received %" PRIu64 " frames, missed %" PRIu64 ", bad %" PRIu64
		", without mbuf %" PRIu64 "; sent %" PRIu64 ", bad %" PRIu64 ", discarded %" PRIu64
		"\n",
		port->id, s.rx_frames, s.rx_missed, s.rx_errors, s.rx_no_mbuf, s.tx_frames,
		s.tx_errors, s.tx_discarded);
}

void rs_report_counters(const struct appliance *a, const uint64_t *neigh_counters, FILE *to)
{
	const uint64_t *tables[2 * TOPOLOGY_MAX_CORES];
	uint32_t n = a->topology.n_net;

#define PRINT_NET(module, field, defs, count)                                                      \
	do {                                                                                       \
		for (uint32_t i = 0; i < n; i++)                                                   \
			tables[i] = a->net[i]->field;                                              \
		print_module(to, module, defs, count, tables, n);                                  \
	} while (0)

	for (uint32_t i = 0; i < a->topology.n_rx; i++)
		tables[i] = a->rx[i]->counters;
	print_module(to, "rx", rs_rx_counter_defs, RX_N_COUNTERS, tables, a->topology.n_rx);
	for (uint32_t i = 0; i < a->topology.n_tx; i++)
		tables[i] = a->tx[i]->counters;
	print_module(to, "tx", rs_tx_counter_defs, TX_N_COUNTERS, tables, a->topology.n_tx);
	PRINT_NET("net", counters, rs_net_counter_defs, NET_N_COUNTERS);
	PRINT_NET("wire", wire_counters, rs_wire_counter_defs, WIRE_N_COUNTERS);
	PRINT_NET("fragment", reassembly->counters, rs_reassembly_counter_defs,
		REASSEMBLY_N_COUNTERS);
	PRINT_NET("tcp", tcp.counters, rs_tcp_counter_defs, TCP_N_COUNTERS);
	for (uint32_t i = 0; i < n; i++)
		tables[i] = a->net[i]->web.counters;
	for (uint32_t i = 0; i < a->tls.n; i++)
		tables[n + i] = a->tls.stages[i]->web.counters;
	print_module(to, "http", rs_http_counter_defs, HTTP_N_COUNTERS, tables, n + a->tls.n);
#undef PRINT_NET
	print_refused(to, a);
	for (uint32_t i = 0; i < a->tls.n; i++)
		tables[i] = a->tls.stages[i]->counters;
	print_module(to, "tls", rs_tls_counter_defs, TLS_N_COUNTERS, tables, a->tls.n);
	for (uint32_t i = 0; i < a->access.n_logs; i++)
		tables[i] = a->access.logs[i]->counters;
	print_module(to, "log", rs_log_counter_defs, LOG_N_COUNTERS, tables, a->access.n_logs);
	tables[0] = a->access.file.counters;
	print_module(to, "log", rs_access_counter_defs, ACCESS_N_COUNTERS, tables, 1);
	print_laps(to, a);
	print_cores(to, a);
	print_module(to, "neigh", rs_neigh_counter_defs, NEIGH_N_COUNTERS, &neigh_counters, 1);
	for (uint32_t i = 0; i < a->n_ports; i++)
		print_port(&a->ports[i], to);
	fflush(to);
}
