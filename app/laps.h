/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a net core's cycles go. One turn in LAPS_EVERY is timed: at the end of each piece of work
 * the time since the last one is added to what that piece has cost. The others pay a test that
 * nearly always comes out the same, so that the whole of it stays under one percent.
 *
 * What takes longer than a whole turn can is no work of ours: the kernel or the hypervisor had
 * given the core to somebody else. Such laps are counted and left out, or one of them would
 * outweigh thousands of others.
 *
 * Belongs to one core. Includes DPDK, for the TSC.
 */
#ifndef RS_APP_LAPS_H
#define RS_APP_LAPS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_cycles.h>

#include "base/bytes.h"

#define LAPS_EVERY 128

enum lap {
	LAP_RX,     /* frames from the joint */
	LAP_PARSE,  /* Ethernet, IP, TCP header, checksums */
	LAP_LOOKUP, /* hash, flow table, prefetches */
	LAP_TCP,    /* segments in, acknowledgements and answers out */
	LAP_HTTP,   /* requests in, replies out */
	LAP_RENDER, /* headers, payload and checksums of what is sent */
	LAP_TX,     /* frames to the joint, and those received freed */
	N_LAPS,
};

struct laps {
	bool on; /* this turn is timed */
	uint32_t n_turns;
	uint64_t last_tsc;
	uint64_t own_cycles;  /* what reading the TSC takes */
	uint64_t most_cycles; /* what a lap can take */
	uint64_t n_interrupted;
	uint64_t cycles[N_LAPS];
	uint64_t n_frames; /* received in timed turns */
};

/* TSC cycles between two readings with nothing between them. */
void rs_laps_init(struct laps *l);

/* Name of a lap, as in figures. */
const char *rs_lap_name(enum lap lap);

static inline void rs_laps_begin(struct laps *l)
{
	if (rs_likely(++l->n_turns % LAPS_EVERY))
		return;
	l->on = true;
	l->last_tsc = rte_rdtsc_precise();
}

/* So many frames came in this turn. One without any tells nothing of what a frame costs. */
static inline void rs_laps_frames(struct laps *l, uint32_t n)
{
	if (rs_likely(!l->on))
		return;
	l->on = n > 0;
	l->n_frames += n;
}

static inline void rs_laps_end(struct laps *l)
{
	l->on = false;
}

/* What was done since the last lap belongs to this one. */
static inline void rs_lap(struct laps *l, enum lap lap)
{
	uint64_t tsc, cycles;

	if (rs_likely(!l->on))
		return;
	tsc = rte_rdtsc();
	cycles = tsc - l->last_tsc;
	l->last_tsc = tsc;
	if (rs_unlikely(cycles > l->most_cycles))
		l->n_interrupted++;
	else
		l->cycles[lap] += cycles > l->own_cycles ? cycles - l->own_cycles : 0;
}

#endif
