/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop of one lcore: it gives each of its stages a turn, over and over, until told to stop.
 * Includes io and DPDK.
 */
#ifndef RS_CORE_CORE_H
#define RS_CORE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#define CORE_MAX_STAGES 8

/* What to do when no stage had anything to do. */
enum idle_policy {
	IDLE_SPIN,  /* look again at once: lowest latency, a whole CPU */
	IDLE_PAUSE, /* look again after a few pause instructions: kind to a sibling hyperthread */
	IDLE_SLEEP, /* after a while sleep, up to 100 µs at a time: kind to everybody else */
};

struct stage {
	const char *name;
	/* One turn: handles a bounded burst; returns how much was done, 0 for nothing. */
	uint32_t (*turn)(void *self, uint64_t now_us);
	/* When a turn is due even without traffic, in µs; UINT64_MAX: never. May be NULL. */
	uint64_t (*deadline_us)(void *self);
	/* Last of all, on the core: lets go of what belongs to its thread. May be NULL. */
	void (*leave)(void *self);
	void *self;
};

/* Set up before the core runs; then it belongs to the lcore. */
struct core {
	unsigned int lcore;
	enum idle_policy idle;
	const bool *stop; /* set by the control core */
	uint32_t n_stages;
	struct stage stages[CORE_MAX_STAGES];
	uint64_t n_turns;
	uint64_t busy_tsc; /* in turns in which some stage had something to do */
	uint64_t idle_tsc; /* in the others, sleep included */
};

/* The clock of all cores: µs since an arbitrary start, monotonic. One TSC read, no division. */
uint64_t rs_core_now_us(void);

/* How long a core has worked and not, in µs. Any thread; a glimpse while the core runs. */
void rs_core_times(const struct core *core, uint64_t *busy_us, uint64_t *idle_us);

/* Must be called once after EAL has started, before rs_core_now_us(). */
void rs_core_clock_init(void);

/* The lcore's function: runs until *core->stop. Returns 0. */
int rs_core_run(void *core);

#endif
