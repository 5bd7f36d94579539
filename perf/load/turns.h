/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of the time a polling loop had something to do, and how much at a time. Only together
 * they tell whether it is the limit: a turn with a single frame counts as busy, too.
 * One core. Includes libc only.
 */
#ifndef RS_LOAD_TURNS_H
#define RS_LOAD_TURNS_H

#include <stdint.h>

struct turns {
	uint64_t begin_tsc, end_tsc; /* of the first and the last one with something to do */
	uint64_t busy_tsc;
	uint64_t n_busy;
	uint64_t n_frames; /* in and out */
};

/* A turn with so many frames, n_frames > 0. */
static inline void rs_turns_add(
	struct turns *t, uint64_t begin_tsc, uint64_t end_tsc, uint32_t n_frames)
{
	if (!t->n_busy)
		t->begin_tsc = begin_tsc;
	t->end_tsc = end_tsc;
	t->busy_tsc += end_tsc - begin_tsc;
	t->n_busy++;
	t->n_frames += n_frames;
}

/* 0 to 1, of what was between the first one and the last. */
static inline double rs_turns_busy(const struct turns *t)
{
	return t->n_busy ? (double)t->busy_tsc / (double)(t->end_tsc - t->begin_tsc) : 0;
}

static inline double rs_turns_frames(const struct turns *t)
{
	return t->n_busy ? (double)t->n_frames / (double)t->n_busy : 0;
}

#endif
