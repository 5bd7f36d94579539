/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the operator asked for, checked. Made by args.c before EAL starts; any core may read it
 * then, and it does not change. Includes whose options it has: everything but io.
 */
#ifndef RS_APP_CONFIG_H
#define RS_APP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "access_log.h"
#include "core/core.h"
#include "neigh/route.h"
#include "redirect.h"
#include "site.h"
#include "tcp/tcp.h"
#include "tls/domain.h"
#include "topology.h"
#include "wire/pkt.h"

#define CONFIG_MAX_ADDRS       16
#define CONFIG_MAX_GATEWAYS    16
#define CONFIG_MAX_INDEX_NAMES 8
#define CONFIG_MAX_EXCLUDED    64

enum config_action {
	ACTION_RUN,
	ACTION_CHECK,
	ACTION_HELP,
	ACTION_HELP_MARKDOWN,
	ACTION_VERSION,
};

enum next_hop {
	NEXT_HOP_LAST,  /* the neighbour that a connection's last segment came from */
	NEXT_HOP_ROUTE, /* the one that routes name */
};

struct config {
	enum config_action action;

	/* Network */
	uint32_t n_addrs;
	struct wire_addr addrs[CONFIG_MAX_ADDRS];
	struct route_table routes; /* connected, default, static */
	uint32_t n_gateways;       /* all neighbours that routes go by way of, each once */
	uint8_t gateways[CONFIG_MAX_GATEWAYS][16];
	enum next_hop next_hop;
	uint16_t vlan_id; /* 0: untagged */
	uint16_t mtu;

	/* Services */
	uint32_t n_http_ports;
	uint16_t http_ports[TCP_MAX_LISTEN];
	bool no_http;         /* --http off: there are none */
	bool http_is_default; /* nobody asked for them */
	uint32_t n_https_ports;
	uint16_t https_ports[TCP_MAX_LISTEN];
	struct redirect_options redirects;

	/* Content */
	struct site_options site;
	uint32_t n_index_names;
	const char *index_names[CONFIG_MAX_INDEX_NAMES + 1]; /* ended by NULL */
	uint32_t n_excluded;
	const char *excluded[CONFIG_MAX_EXCLUDED + 1]; /* the same */
	bool watch;
	struct access_options access;

	/* TLS */
	struct tls_settings tls;
	uint32_t n_certs, n_keys, n_ocsps; /* given so far, of tls.pairs */
	const char *ticket_keys;           /* a file, or NULL */
	uint32_t tls_backlog;

	/* Cores and ports */
	enum layout layout;
	struct core_list rx_cores; /* empty: the topology's default */
	struct core_list net_cores;
	struct core_list tx_cores;
	struct core_list tls_cores; /* empty: the net cores */
	enum idle_policy idle;
	bool no_offload;
	uint32_t rx_ring; /* 0: the port's default */
	uint32_t tx_ring;
	uint32_t mbufs; /* 0: computed */

	/* Limits. Seconds as given; 0 where an option says so. */
	uint32_t max_conns;
	uint32_t syn_backlog;
	uint32_t max_head_bytes;
	uint32_t max_body_bytes;
	uint32_t idle_timeout_s;
	uint32_t header_timeout_s;
	uint32_t body_timeout_s;
	uint32_t write_timeout_s;
	uint32_t time_wait_s;
	uint32_t keepalive_s;
	uint32_t drain_timeout_s;
};

/* What is asked of the topology; which lcores there are, and what ports can do, is the caller's. */
static inline struct topology_request rs_config_topology(const struct config *cfg)
{
	return (struct topology_request){
		.layout = cfg->layout,
		.rx_cores = cfg->rx_cores,
		.net_cores = cfg->net_cores,
		.tx_cores = cfg->tx_cores,
		.has_tls = cfg->n_https_ports > 0,
		.tls_cores = cfg->tls_cores,
		.has_rss = true,
	};
}

/* What the protocol libraries get of it; of TCP's, secrets and what ports can do are the caller's.
 */
void rs_config_tcp(const struct config *cfg, struct tcp_config *t);
void rs_config_http(const struct config *cfg, struct http_config *h);

#endif
