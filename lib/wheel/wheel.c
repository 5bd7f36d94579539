/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Level l has slots of 64^l ticks. An item stands in the lowest level whose span covers its
 * distance, in the slot of its due tick. When time reaches a slot of a higher level, its items
 * cascade: they are placed anew, lower. Level 0 slots empty into the list of items that are due.
 */
#include "wheel/wheel.h"

#include "base/bytes.h"

#define SLOT_BITS 6
#define DUE       (WHEEL_LEVELS * WHEEL_SLOTS)
#define HORIZON   ((1u << (SLOT_BITS * WHEEL_LEVELS)) - WHEEL_SLOTS * WHEEL_SLOTS * WHEEL_SLOTS)

size_t rs_wheel_bytes(uint32_t n_items)
{
	return (size_t)n_items * sizeof(struct wheel_link);
}

void rs_wheel_init(struct wheel *w, void *memory, uint32_t n_items, uint64_t now_us)
{
	*w = (struct wheel){
		.links = memory,
		.now_tick = (uint32_t)(now_us >> WHEEL_TICK_SHIFT),
	};
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(w->heads); i++)
		w->heads[i] = WHEEL_NONE;
	for (uint32_t i = 0; i < n_items; i++)
		w->links[i].slot = WHEEL_NONE;
}

static void link_item(struct wheel *w, uint32_t item, uint32_t slot)
{
	struct wheel_link *link = &w->links[item];

	link->slot = slot;
	link->prev = WHEEL_NONE;
	link->next = w->heads[slot];
	if (link->next != WHEEL_NONE)
		w->links[link->next].prev = item;
	w->heads[slot] = item;
	if (slot < WHEEL_SLOTS)
		w->soon |= UINT64_C(1) << slot;
}

static void unlink_item(struct wheel *w, uint32_t item)
{
	struct wheel_link *link = &w->links[item];

	if (link->next != WHEEL_NONE)
		w->links[link->next].prev = link->prev;
	if (link->prev != WHEEL_NONE)
		w->links[link->prev].next = link->next;
	else
		w->heads[link->slot] = link->next;
	if (link->slot < WHEEL_SLOTS && w->heads[link->slot] == WHEEL_NONE)
		w->soon &= ~(UINT64_C(1) << link->slot);
	link->slot = WHEEL_NONE;
}

/* Puts an unlinked item where its tick belongs, as seen from now_tick. */
static void place(struct wheel *w, uint32_t item)
{
	uint32_t tick = w->links[item].tick;
	uint32_t ahead = tick - w->now_tick;

	for (uint32_t level = 0; level < WHEEL_LEVELS; level++) {
		uint32_t shift = SLOT_BITS * level;

		if (ahead >> shift < WHEEL_SLOTS) {
			link_item(w, item, level * WHEEL_SLOTS + (tick >> shift) % WHEEL_SLOTS);
			return;
		}
	}
}

void rs_wheel_set_tick(struct wheel *w, uint32_t item, uint32_t tick)
{
	struct wheel_link *link = &w->links[item];
	int32_t ahead = (int32_t)(tick - w->now_tick);

	if (link->slot != WHEEL_NONE)
		unlink_item(w, item);
	else
		w->n_linked++;
	if (ahead < 1)
		tick = w->now_tick + 1;
	else if (ahead > (int32_t)HORIZON)
		tick = w->now_tick + HORIZON;
	link->tick = tick;
	place(w, item);
}

void rs_wheel_cancel(struct wheel *w, uint32_t item)
{
	if (w->links[item].slot == WHEEL_NONE)
		return;
	unlink_item(w, item);
	w->n_linked--;
}

/* Time has reached the start of a slot of level: its items move down. */
static void cascade(struct wheel *w, uint32_t level)
{
	uint32_t slot = level * WHEEL_SLOTS + (w->now_tick >> (SLOT_BITS * level)) % WHEEL_SLOTS;

	while (w->heads[slot] != WHEEL_NONE) {
		uint32_t item = w->heads[slot];

		unlink_item(w, item);
		place(w, item);
	}
}

/* The next tick at which something is due or cascades; at most one turn of level 0 away. */
static uint32_t next_tick(const struct wheel *w)
{
	uint32_t slot = w->now_tick % WHEEL_SLOTS;
	uint64_t later = slot == WHEEL_SLOTS - 1 ? 0 : w->soon >> (slot + 1);

	if (later)
		return w->now_tick + 1 + (uint32_t)__builtin_ctzll(later);
	return w->now_tick + WHEEL_SLOTS - slot;
}

/* Takes over what is due at now_tick. */
static void collect(struct wheel *w)
{
	uint32_t slot = w->now_tick % WHEEL_SLOTS;

	for (uint32_t level = WHEEL_LEVELS - 1; level > 0; level--) {
		if (w->now_tick % (1u << (SLOT_BITS * level)) == 0)
			cascade(w, level);
	}
	while (w->heads[slot] != WHEEL_NONE) {
		uint32_t item = w->heads[slot];

		unlink_item(w, item);
		link_item(w, item, DUE);
	}
}

uint32_t rs_wheel_advance(struct wheel *w, uint64_t now_us, uint32_t *items, uint32_t max)
{
	uint32_t target = (uint32_t)(now_us >> WHEEL_TICK_SHIFT);
	uint32_t n = 0;

	for (;;) {
		while (w->heads[DUE] != WHEEL_NONE && n < max) {
			uint32_t item = w->heads[DUE];

			unlink_item(w, item);
			w->n_linked--;
			items[n++] = item;
		}
		if (n == max || (int32_t)(target - w->now_tick) <= 0)
			return n;
		if (!w->n_linked) {
			w->now_tick = target;
			return n;
		}
		w->now_tick = (int32_t)(next_tick(w) - target) > 0 ? target : next_tick(w);
		collect(w);
	}
}
