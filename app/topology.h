/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which core runs which stage, and how neighbours are joined. This is the one place that knows.
 * Pure: computed from the configuration and from what is there, printed by --check and at start;
 * app/appliance.c makes stages and joints of it. Includes libc only.
 */
#ifndef RS_APP_TOPOLOGY_H
#define RS_APP_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TOPOLOGY_MAX_CORES 32 /* that run stages of one kind */
#define CORE_LIST_MAX      256
#define TOPOLOGY_MAX_RX    16 /* receive stages: a net stage has so many joints */

enum layout {
	LAYOUT_FUSED, /* a core per queue takes frames from RX to TX */
	LAYOUT_SPLIT, /* stages on cores of their own, rings between */
};

struct core_list {
	uint32_t n;
	uint16_t ids[CORE_LIST_MAX];
};

/* What is asked for, and what there is. */
struct topology_request {
	enum layout layout;
	struct core_list rx_cores; /* empty: the default */
	struct core_list net_cores;
	struct core_list tx_cores;
	bool has_tls;
	struct core_list tls_cores; /* empty: the net cores; no other stage is put there unasked */
	struct core_list lcores;    /* those that EAL has, the main one included */
	uint16_t main_lcore;
	uint16_t n_queues; /* queue pairs that every port has; 0: not known (--check) */
	bool has_rss;      /* every port spreads connections over its queues, or not known */
};

enum stage_kind {
	STAGE_RX,
	STAGE_NET,
	STAGE_TX,
	STAGE_TLS,
};

/* One stage on one core. index counts the stages of its kind: the queue it uses, or the ring. */
struct topology_stage {
	enum stage_kind kind;
	uint16_t index;
	uint16_t lcore;
};

#define TOPOLOGY_MAX_STAGES (4 * TOPOLOGY_MAX_CORES)

/* The table. */
struct topology {
	enum layout layout;
	uint32_t n_stages;
	struct topology_stage stages[TOPOLOGY_MAX_STAGES];
	uint16_t n_rx; /* stages of each kind; 0 RX and TX stages in the fused layout */
	uint16_t n_net;
	uint16_t n_tx;
	uint16_t n_tls;       /* 0: no TLS */
	uint16_t n_rx_queues; /* of each port */
	uint16_t n_tx_queues;
};

/* 0, or -EINVAL with one line in words in why. */
int rs_topology_resolve(
	const struct topology_request *req, struct topology *t, char *why, size_t why_bytes);

/* The lcore that a stage runs on. */
uint16_t rs_topology_lcore(const struct topology *t, enum stage_kind kind, uint16_t index);

/* Has a stage its core to itself? */
bool rs_topology_is_alone(const struct topology *t, enum stage_kind kind, uint16_t index);

/* Split layout: the transmit stage that a net stage hands its frames to. */
uint16_t rs_topology_tx_of(const struct topology *t, uint16_t net);

/* Split layout: are this receive stage and the net stage (or net and transmit) joined directly? */
bool rs_topology_rx_is_direct(const struct topology *t);
bool rs_topology_tx_is_direct(const struct topology *t, uint16_t net);

void rs_topology_print(const struct topology *t, FILE *to);

#endif
