/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbours: which link an address on our subnets is at, for ARP and neighbour discovery alike, as
 * RFC 4861 section 7.3 has it: ask, believe for a while, then verify, then forget.
 *
 * Pure: hints and the clock in, questions to send and changes out. For the control core, which
 * alone owns the table. Includes wire and base.
 */
#ifndef RS_NEIGH_NEIGH_H
#define RS_NEIGH_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counter.h"
#include "wire/neighbour.h"

#define NEIGH_MAX          1024
#define NEIGH_MAX_EVENTS   64
#define NEIGH_RETRANS_US   1000000 /* between questions (RFC 4861 section 10) */
#define NEIGH_MAX_TRIES    3
#define NEIGH_REACHABLE_US 30000000  /* how long an answer is believed */
#define NEIGH_STALE_US     600000000 /* how long an address nobody needs is remembered */

enum neigh_counter {
#define RS_COUNTER(id, name, help) NEIGH_C_##id,
#include "neigh/neigh_counters.def"
#undef RS_COUNTER
	NEIGH_N_COUNTERS,
};

extern const struct counter_def rs_neigh_counter_defs[NEIGH_N_COUNTERS];

enum neigh_state {
	NEIGH_FREE,
	NEIGH_INCOMPLETE, /* asked, no answer yet */
	NEIGH_REACHABLE,  /* answered not long ago */
	NEIGH_STALE,      /* known, not verified lately */
	NEIGH_PROBE,      /* being verified */
	NEIGH_FAILED,     /* does not answer; asked again now and then while it is wanted */
};

struct neigh {
	uint8_t addr[16];
	uint64_t link; /* LINK_NONE while not known */
	uint64_t due_us;
	uint8_t state;
	uint8_t n_tries;
	bool wanted; /* always kept fresh, never evicted: a gateway */
};

enum neigh_event_kind {
	NEIGH_ASK,      /* send a request for addr to link, or to all where link is LINK_NONE */
	NEIGH_FOUND,    /* addr is at link now */
	NEIGH_GONE,     /* addr does not answer any more */
	NEIGH_CONFLICT, /* link claims our own addr (RFC 5227) */
};

struct neigh_event {
	enum neigh_event_kind kind;
	uint8_t addr[16];
	uint64_t link;
};

struct neigh_table {
	struct neigh entries[NEIGH_MAX];
	uint64_t counters[NEIGH_N_COUNTERS];
	/* What came of the last call: the caller acts on it before the next. */
	struct neigh_event events[NEIGH_MAX_EVENTS];
	uint32_t n_events;
};

void rs_neigh_init(struct neigh_table *t);

/* The address is needed from now on (a gateway): ask for it, and keep it fresh. */
void rs_neigh_want(struct neigh_table *t, const uint8_t addr[16], uint64_t now_us);

/* A frame showed an address and its link. is_local: the address is on one of our subnets. */
void rs_neigh_hint(
	struct neigh_table *t, const struct wire_neigh_hint *hint, bool is_local, uint64_t now_us);

/* Timers: call it some times a second. */
void rs_neigh_tick(struct neigh_table *t, uint64_t now_us);

/* The link of addr, LINK_NONE when not known. */
uint64_t rs_neigh_link(const struct neigh_table *t, const uint8_t addr[16]);

/* The entry of addr, or NULL. */
const struct neigh *rs_neigh_find(const struct neigh_table *t, const uint8_t addr[16]);

#endif
