/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hierarchical timer wheel over numbered items: one deadline per item, in ticks of 1024 µs.
 *
 * It is made to be lazy: an owner whose deadline moves later does nothing; when the wheel comes to
 * the old place, the owner looks at its real deadline and sets it again. Only an earlier deadline
 * needs a call.
 *
 * The links stand in an array of the wheel's own, one struct wheel_link per item number. One core
 * owns a wheel; it allocates nothing; the caller brings the memory. Includes base only.
 */
#ifndef RS_WHEEL_WHEEL_H
#define RS_WHEEL_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEEL_TICK_SHIFT 10 /* a tick is 2^10 µs */
#define WHEEL_TICK_US    (1u << WHEEL_TICK_SHIFT)
#define WHEEL_LEVELS     4
#define WHEEL_SLOTS      64
#define WHEEL_NONE       UINT32_MAX

struct wheel_link {
	uint32_t next;
	uint32_t prev;
	uint32_t tick; /* when it is due; meaningful while linked */
	uint32_t slot; /* which list it is on; WHEEL_NONE when not linked */
};

struct wheel {
	struct wheel_link *links;
	uint32_t now_tick; /* everything due at or before this tick has been handed out */
	uint32_t n_linked;
	uint64_t soon;                                  /* a bit for each slot of level 0 in use */
	uint32_t heads[WHEEL_LEVELS * WHEEL_SLOTS + 1]; /* the last: items due now */
};

size_t rs_wheel_bytes(uint32_t n_items);

/* memory: rs_wheel_bytes(n_items) bytes, 64-byte aligned. now_us: the caller's clock. */
void rs_wheel_init(struct wheel *w, void *memory, uint32_t n_items, uint64_t now_us);

/* Sets (or moves) the deadline of item. A deadline in the past is due at the next tick; one
 * further away than the wheel reaches (4.7 hours) is due at its horizon (the owner sets it again).
 */
void rs_wheel_set_tick(struct wheel *w, uint32_t item, uint32_t tick);

static inline void rs_wheel_set(struct wheel *w, uint32_t item, uint64_t deadline_us)
{
	rs_wheel_set_tick(w, item, (uint32_t)(deadline_us >> WHEEL_TICK_SHIFT));
}

/* Like rs_wheel_set(), but does nothing when the item is already due at or before that time. */
static inline void rs_wheel_set_earlier(struct wheel *w, uint32_t item, uint64_t deadline_us)
{
	const struct wheel_link *link = &w->links[item];

	if (link->slot != WHEEL_NONE &&
		(int32_t)(link->tick - (uint32_t)(deadline_us >> WHEEL_TICK_SHIFT)) <= 0)
		return;
	rs_wheel_set(w, item, deadline_us);
}

/* Takes the item out; nothing happens when it is not in. */
void rs_wheel_cancel(struct wheel *w, uint32_t item);

/*
 * Moves time forward to now_us and takes out up to max items that are due, writing their numbers
 * to items. Returns how many; max of them means: call again, there may be more. The work of a call
 * is bounded by max plus the items that cascade to a lower level plus empty slots skipped (bitmap).
 */
uint32_t rs_wheel_advance(struct wheel *w, uint64_t now_us, uint32_t *items, uint32_t max);

#endif
