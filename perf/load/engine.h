/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop of ringside-load: frames between the port and the client, phases, the clock. Runs on
 * the main lcore. Includes io and DPDK.
 */
#ifndef RS_LOAD_ENGINE_H
#define RS_LOAD_ENGINE_H

#include "client.h"
#include "io/port.h"
#include "pace.h"
#include "resolve.h"
#include "turns.h"

#define ENGINE_BURST    64
#define ENGINE_TX       16384 /* frames that wait for the port */
#define ENGINE_FEW      128   /* while so many of them wait, no request is begun */
#define LOAD_MAX_TIMES  86400
#define LOAD_MAX_TENTHS 6000 /* ten minutes of them */

enum engine_phase {
	PHASE_RESOLVE, /* who is the next hop? */
	PHASE_OPEN,    /* the connections */
	PHASE_WARMUP,
	PHASE_MEASURE,
	PHASE_END,
};

struct engine {
	const struct load_options *options;
	struct io_port port;
	struct rte_mempool *mbufs;
	struct resolver resolver;
	struct load_net net;
	struct workload workload;
	struct answer_reader reader;
	struct client client;
	enum engine_phase phase;
	uint64_t tsc_hz;
	uint64_t n_turns;                /* a poller's */
	uint64_t phase_tsc;              /* when the phase began */
	uint64_t housekeeping_tsc;       /* when to look after the port again */
	uint64_t scan_tsc;               /* when to look for what is overdue again */
	uint64_t watch_tsc;              /* when to look at phases and seconds again */
	uint64_t second_tsc;             /* when the next live line is due */
	uint64_t n_before;               /* answers at the last live line */
	struct pace opens, asks, floods; /* connections, requests of the open loop, SYNs */
	uint32_t flood_number;
	uint64_t measured_tsc;
	struct turns turns; /* from here on, all of the time while measuring */
	uint64_t n_sent, n_received, n_tx_full;
	uint64_t n_lost;      /* frames that found no room here, or no buffer */
	uint64_t n_discarded; /* … and that the port took, but did not send */
	uint64_t n_discarded_before;
	/* Frames received this turn, when all is taken from them: the first ones to be sent. */
	struct rte_mbuf *spare[ENGINE_BURST];
	uint32_t n_spare;
	uint32_t tx_head, n_tx; /* n_tx of them from tx_head on */
	struct rte_mbuf *tx[ENGINE_TX];
	uint32_t n_missing; /* connections that did not stand when measuring began */
	uint32_t n_seconds;
	uint32_t per_second[LOAD_MAX_TIMES]; /* answers */
	uint64_t tenth_tsc;                  /* the same for the next 100 ms */
	uint64_t n_before_tenth;
	uint32_t n_tenths;
	uint32_t per_tenth[LOAD_MAX_TENTHS];
};

/* EAL has started. 0, or -1 and told why. */
int rs_engine_init(struct engine *e, const struct load_options *o);

/* Runs to the end. 0: measured; -1: told why there is nothing to measure. */
int rs_engine_run(struct engine *e);

/* Resets what connections still stand, so that the server need not wait for them. */
void rs_engine_close(struct engine *e);

void rs_engine_fini(struct engine *e);

#endif
