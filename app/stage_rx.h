/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive stage of the split layout: it polls one queue of every port and fans out to the net
 * cores by flow hash. In the fused layout there is none: net cores pull from the queues themselves.
 *
 * Belongs to its core. May include core, io, flow, wire, base.
 */
#ifndef RS_APP_STAGE_RX_H
#define RS_APP_STAGE_RX_H

#include <stdint.h>

#include "base/counter.h"
#include "core/joint.h"
#include "io/port.h"

#define RX_BURST   64
#define RX_MAX_NET 32

enum rx_counter {
#define RS_COUNTER(id, name, help) RX_C_##id,
#include "rx_counters.def"
#undef RS_COUNTER
	RX_N_COUNTERS,
};

extern const struct counter_def rs_rx_counter_defs[RX_N_COUNTERS];

struct stage_rx {
	uint32_t n_queues;
	struct io_queue *queues[IO_MAX_PORTS];
	uint32_t n_net;
	struct joint net[RX_MAX_NET];
	const uint64_t *flow_secret; /* of struct tcp_config: net cores hash alike */
	struct frame_ledger frames;
	uint64_t counters[RX_N_COUNTERS];
	/* This turn: frames sorted by net core. */
	struct rte_mbuf *pkts[RX_BURST];
	struct rte_mbuf *sorted[RX_MAX_NET][RX_BURST];
	uint32_t n_sorted[RX_MAX_NET];
};

/* One turn; struct stage_rx as self. */
uint32_t rs_stage_rx_turn(void *self, uint64_t now_us);

/* Gives the first n_pkts of rx->pkts to their net cores: the part of a turn behind the ports. */
void rs_stage_rx_deal(struct stage_rx *rx, uint32_t n_pkts);

/*
 * Which of n_net cores a frame belongs to. All frames of a connection give the same, and so do the
 * ICMP errors that say "too big" about it; everything else goes to core 0. len covers at
 * least its headers.
 */
uint32_t rs_rx_net_core(
	const uint8_t *frame, uint32_t len, const uint64_t flow_secret[5], uint32_t n_net);

/* For joints without a receive stage: self is a struct io_queue. */
uint32_t rs_rx_pull_queue(void *self, struct rte_mbuf **pkts, uint32_t max);

#endif
