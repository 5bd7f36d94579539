/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times at a rate: of the n-th thing that is due, to 1/256 of a cycle. They count from where they
 * began, since the TSC itself has no eight bits to spare after a few hundred days.
 * One core. Includes libc only.
 */
#ifndef RS_LOAD_PACE_H
#define RS_LOAD_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_FRACTION_BITS 8

struct pace {
	uint64_t interval; /* 1/256 cycles; 0: nothing is ever due */
	uint64_t begin_tsc;
	uint64_t next; /* since begin_tsc, in 1/256 cycles */
};

/* rate: things a second, each of which counts as so many; 0: none. */
static inline struct pace rs_pace(uint64_t tsc_hz, uint64_t rate, uint32_t each)
{
	return (struct pace){.interval = rate ? (tsc_hz << PACE_FRACTION_BITS) * each / rate : 0};
}

/* The first one is due now. */
static inline void rs_pace_begin(struct pace *p, uint64_t now_tsc)
{
	p->begin_tsc = now_tsc;
	p->next = 0;
}

static inline uint64_t rs_pace_next_tsc(const struct pace *p)
{
	return p->begin_tsc + (p->next >> PACE_FRACTION_BITS);
}

static inline bool rs_pace_is_due(const struct pace *p, uint64_t now_tsc)
{
	return p->interval && rs_pace_next_tsc(p) <= now_tsc;
}

static inline void rs_pace_advance(struct pace *p)
{
	p->next += p->interval;
}

/* What was due longer ago than this will not be made up for. */
static inline void rs_pace_forget(struct pace *p, uint64_t now_tsc, uint64_t after_tsc)
{
	if (rs_pace_next_tsc(p) + after_tsc < now_tsc)
		p->next = (now_tsc - after_tsc - p->begin_tsc) << PACE_FRACTION_BITS;
}

#endif
