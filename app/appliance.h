/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole of it: ports, pools, stages, joints and cores, built as the topology says, and taken
 * down in reverse. Control core only; while cores run they own their stages. Includes everything.
 */
#ifndef RS_APP_APPLIANCE_H
#define RS_APP_APPLIANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "access_log.h"
#include "config.h"
#include "core/core.h"
#include "io/port.h"
#include "site_side.h"
#include "slow_path.h"
#include "stage_net.h"
#include "stage_rx.h"
#include "stage_tx.h"
#include "tls_side.h"
#include "topology.h"

struct appliance {
	const struct config *cfg;
	struct tcp_config tcp;
	struct http_config http;
	struct topology topology;
	struct rte_mempool *mbufs;
	struct rte_mempool *segs_out; /* NULL: no port can have frames that point to bodies */
	uint32_t n_ports;
	struct io_port ports[IO_MAX_PORTS];
	struct wire_host hosts[IO_MAX_PORTS];
	struct stage_rx *rx[TOPOLOGY_MAX_CORES];
	struct stage_net *net[TOPOLOGY_MAX_CORES];
	struct stage_tx *tx[TOPOLOGY_MAX_CORES];
	struct tls_side tls;
	struct site_side site;
	struct access_writer access;
	struct next_hops next_hops;
	struct slow_path slow[TOPOLOGY_MAX_CORES];             /* by net stage */
	struct joint net_tx[TOPOLOGY_MAX_CORES][IO_MAX_PORTS]; /* by net stage and port */
	uint32_t n_cores;
	struct core cores[TOPOLOGY_MAX_STAGES];
	bool stop; /* read by all cores */
};

/* EAL has started. 0 or -errno, logged; what was built is taken down again. */
int rs_appliance_build(struct appliance *a, const struct config *cfg);

/* Launches all cores but the main one. 0 or -errno, logged. */
int rs_appliance_start(struct appliance *a);

/* The main lcore's share of the stages, or NULL. */
struct core *rs_appliance_main_core(struct appliance *a);

/* Makes all cores stop and waits for them. */
void rs_appliance_stop(struct appliance *a);

/*
 * After stop: ends what is left and closes the ports. Returns how many pools are not full again,
 * each said on stderr.
 */
uint32_t rs_appliance_leaks(struct appliance *a);

void rs_appliance_destroy(struct appliance *a);

/* Connections in any state but TIME-WAIT, on all cores; with those in SYN-RECEIVED or without. */
uint32_t rs_appliance_n_conns(const struct appliance *a, bool with_half_open);

#endif
