/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What takes long, done on a thread of its own, so that neighbours and signals need not wait: one
 * errand at a time for each who has one done. It has its data to itself while it is out. Control
 * core only, but for rs_errand_is_called_off(). Includes libc only.
 */
#ifndef RS_APP_ERRAND_H
#define RS_APP_ERRAND_H

#include <pthread.h>
#include <stdbool.h>

/* All zero: nothing is out. */
struct errand {
	void (*run)(void *ctx);
	void *ctx;
	pthread_t thread;
	bool is_out;        /* there is a thread, to be joined when … */
	bool has_ended;     /* atomic: … it has nothing to do any more */
	bool is_called_off; /* atomic */
};

/* Has run(ctx) done; none is out. 0; or -errno: there is no thread to be had. */
int rs_errand_start(struct errand *errand, void (*run)(void *ctx), void *ctx);

/* Is it still out? What one has done that is not can be looked at. */
bool rs_errand_is_out(struct errand *errand);

/* What it does is of no use any more, nor will be what comes after it: waits until it sees that. */
void rs_errand_call_off(struct errand *errand);

/* For the errand: need it not go on? */
static inline bool rs_errand_is_called_off(const struct errand *errand)
{
	return __atomic_load_n(&errand->is_called_off, __ATOMIC_RELAXED);
}

#endif
