/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net stage: frames in, frames out. All that lies between happens here, on one core: parse,
 * look up, TCP, HTTP, render. stage_net.c reads top to bottom in that order.
 *
 * A struct stage_net belongs to one core from the moment that core starts until it has stopped;
 * before and after, to whoever sets it up. May include everything.
 */
#ifndef RS_APP_STAGE_NET_H
#define RS_APP_STAGE_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counter.h"
#include "core/joint.h"
#include "io/port.h"
#include "tcp/tcp.h"
#include "wire/pkt.h"
#include "wire/reassembly.h"

#include "anchor.h"
#include "http_core.h"
#include "laps.h"
#include "net_tls.h"
#include "next_hop.h"
#include "slow_path.h"

#define NET_MAX_RX 16  /* joints that frames come in by */
#define NET_BURST  64  /* frames taken in a turn */
#define NET_MAX_TX 256 /* segments written in a turn */
#define NET_OUT    512 /* frames that wait for a port to take them */
#define NET_POINT  512 /* bytes of a body in a segment: copying fewer costs less than pointing */

#define NET_MAX_CONTROL 16 /* frames of the control core's sent in a turn */
#define NET_ECHO_BYTES  (65536 + WIRE_MAX_HEADER_BYTES)

/* What a turn may queue for a port: segments, an answer to each frame and about each packet that
 * stays in fragments, and what the control core sends. */
#define NET_MAX_QUEUED (NET_MAX_TX + NET_BURST + REASSEMBLY_PACKETS + NET_MAX_CONTROL)

enum net_counter {
#define RS_COUNTER(id, name, help) NET_C_##id,
#include "net_counters.def"
#undef RS_COUNTER
	NET_N_COUNTERS,
};

extern const struct counter_def rs_net_counter_defs[NET_N_COUNTERS];

/* One port as a net core sees it. */
struct net_port {
	struct wire_host host; /* our addresses on it, but for those that somebody else has */
	struct joint *tx;      /* where its frames go */
	uint32_t render_flags; /* WIRE_…_OFFLOAD: checksums that the port fills in */
	uint64_t ol_flags_v4;  /* mbuf flags that ask it to */
	uint64_t ol_flags_v6;
	uint32_t mtu;
	uint32_t point_bytes; /* from so many on, frames point to bodies; UINT32_MAX: never */
	uint32_t n_out;
	struct rte_mbuf *out[NET_OUT];
};

/* What a net stage is made of. Pointers outlive the stage. */
struct stage_net_config {
	uint32_t core_index;  /* which of the net cores … */
	uint32_t n_net_cores; /* … of so many */
	const struct tcp_config *tcp;
	struct http_core_config web;
	uint32_t n_https_ports; /* 0: there is no TLS, and no TLS cores */
	const uint16_t *https_ports;
	uint32_t n_tls_cores;
	struct rte_mempool *mbufs;
	struct rte_mempool *segs_out; /* mbufs that point to bodies; NULL: no port reads_memory */
	struct slow_path *slow;       /* the way to the control core and back */
	const struct next_hops *next_hops; /* NULL: answers go back where segments came from */
	uint32_t n_ports;
	const struct io_port *ports;   /* n_ports */
	const struct wire_host *hosts; /* n_ports */
	uint32_t n_rx;
	const struct joint *rx; /* n_rx, copied */
	struct joint *tx;       /* n_ports */
	int socket;             /* whose memory to use */
};

struct stage_net {
	struct joint rx[NET_MAX_RX];
	uint32_t n_rx;
	uint32_t next_rx; /* whose turn it is to be asked first */
	uint32_t n_ports;
	struct rte_mempool *mbufs;
	struct rte_mempool *segs_out; /* mbufs that point to bodies */
	struct slow_path *slow;
	uint32_t n_changes_seen;       /* of slow's */
	const struct wire_host *hosts; /* by port: all that we are */
	const struct next_hops *next_hops;
	struct tcp tcp;
	struct http_core web;         /* its chunks serve TCP, too */
	struct http_conn *http_conns; /* one per connection id */
	struct net_tls tls;
	struct reassembly *reassembly;
	uint32_t n_net_cores;
	uint32_t n_cut;        /* answers sent in fragments */
	uint8_t *echo;         /* NET_ECHO_BYTES, where an answer is made */
	struct anchor builtin; /* of builtin.h, which lives as long as the process */
	struct frame_ledger frames;
	uint64_t counters[NET_N_COUNTERS];
	uint64_t wire_counters[WIRE_N_COUNTERS];
	struct laps laps;
	uint64_t icmp_window_us; /* the second in which the next two are counted */
	uint32_t n_echoes;
	uint32_t n_icmp_errors;
	enum http_drain drain_seen; /* since then … */
	uint32_t drain_next;        /* … the connections before this one were looked at */
	uint32_t reset_next;        /* when that is over: those before this one were reset */

	/* This turn. */
	struct rte_mbuf *pkts[NET_BURST];
	struct tcp_seg segs[NET_BURST];
	uint32_t found[NET_BURST];
	uint32_t n_pkts;
	uint32_t n_segs;
	struct tcp_tx tx[NET_MAX_TX];
	struct http_foreseen foreseen[NET_BURST];

	void *memory;
	struct net_port *port_of[RTE_MAX_ETHPORTS]; /* by EAL's number: frames come with it */
	struct net_port ports[IO_MAX_PORTS];        /* by ours: n_ports, without gaps */
};

/* 0 or -errno; says why on stderr. now_us: the cores' clock. */
int rs_stage_net_init(struct stage_net *net, const struct stage_net_config *cfg, uint64_t now_us);

/* Frees what init allocated. Only after the core has stopped. */
void rs_stage_net_fini(struct stage_net *net);

/* One turn of the core's loop. Returns how much was done: 0 means idle. */
uint32_t rs_stage_net_turn(void *self, uint64_t now_us);

/* When a turn has something to do even if no frame comes; UINT64_MAX: never. */
uint64_t rs_stage_net_deadline_us(void *self);

/* When conn is to be heard of again; 0: whenever. What TCP knows of that stands in conn->user. */
static inline void rs_stage_net_set_deadline(
	struct stage_net *net, struct tcp_conn *conn, uint64_t deadline_us)
{
	if (conn->user == deadline_us)
		return;
	conn->user = deadline_us;
	rs_tcp_set_deadline(&net->tcp, conn, deadline_us);
}

/* Carries out what HTTP wants of a connection: for net_tls.c. */
void rs_stage_net_go_on(struct stage_net *net, struct tcp_conn *conn);

/* A request needs the buffer that hc has held for the longest: see struct http_env. */
void rs_stage_net_make_room(void *net, struct http_conn *hc);

/*
 * After the core has stopped: ends all connections that are left, and says on stderr what did not
 * come back to its pool. Returns how many pools are not full.
 */
uint32_t rs_stage_net_leaks(struct stage_net *net);

#endif
