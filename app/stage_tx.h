/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transmit stage of the split layout: it takes frames from net cores and gives them to one
 * queue of every port. In the fused layout, and for net stages on the same core, frames go straight
 * to the queue: rs_tx_push_queue().
 *
 * What a port does not take is kept, up to TX_BACKLOG frames. Then nothing is taken from net cores
 * any more; their rings fill, and they stop taking in frames themselves.
 *
 * Belongs to its core. May include core and io.
 */
#ifndef RS_APP_STAGE_TX_H
#define RS_APP_STAGE_TX_H

#include <stdint.h>

#include "base/counter.h"
#include "core/joint.h"
#include "io/port.h"

#define TX_BURST   64
#define TX_BACKLOG 256
#define TX_MAX_NET 32

enum tx_counter {
#define RS_COUNTER(id, name, help) TX_C_##id,
#include "tx_counters.def"
#undef RS_COUNTER
	TX_N_COUNTERS,
};

extern const struct counter_def rs_tx_counter_defs[TX_N_COUNTERS];

/* Frames that wait for a port. */
struct tx_backlog {
	struct io_queue *queue;
	uint32_t n;
	struct rte_mbuf *pkts[TX_BACKLOG];
};

struct stage_tx {
	uint32_t n_ports;
	struct tx_backlog ports[IO_MAX_PORTS]; /* by port number */
	uint32_t n_net;
	uint32_t next_net; /* whose turn it is to be asked first */
	struct joint net[TX_MAX_NET];
	struct frame_ledger frames;
	uint64_t counters[TX_N_COUNTERS];
};

/* One turn; struct stage_tx as self. */
uint32_t rs_stage_tx_turn(void *self, uint64_t now_us);

/* For joints without a transmit stage between: self is a struct io_queue. */
uint32_t rs_tx_push_queue(void *self, struct rte_mbuf **pkts, uint32_t n);

/* After the core has stopped: frees what is left. */
void rs_stage_tx_drop(struct stage_tx *tx);

#endif
