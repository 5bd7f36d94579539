/* SPDX-License-Identifier: BSD-2-Clause */
#include "neigh/own.h"

static void ask(struct neigh_own *own, uint32_t addrs, uint64_t now_us)
{
	own->asked = addrs;
	own->is_asking = true;
	own->due_us = now_us + OWN_WAIT_US;
}

void rs_own_link_up(struct neigh_own *own, uint32_t addrs, uint64_t now_us)
{
	ask(own, addrs, now_us);
}

enum own_claim rs_own_claim(struct neigh_own *own, uint32_t addr)
{
	bool was_used = !(own->duplicates & addr);

	if (was_used && !(own->asked & addr))
		return OWN_DISPUTED;
	own->asked &= ~addr;
	own->duplicates |= addr;
	return was_used ? OWN_LOST : OWN_KNOWN;
}

enum own_step rs_own_tick(struct neigh_own *own, uint64_t now_us, uint32_t random)
{
	uint32_t is_free = own->asked;

	if (!own->due_us || now_us < own->due_us)
		return OWN_NOTHING;
	if (!own->is_asking) {
		ask(own, own->duplicates, now_us);
		return OWN_ASK;
	}
	own->is_asking = false;
	own->asked = 0;
	own->duplicates &= ~is_free;
	own->due_us = 0;
	if (own->duplicates)
		own->due_us = now_us + OWN_RETRY_US + (uint64_t)OWN_RETRY_US * random / UINT32_MAX;
	return is_free ? OWN_FREE : OWN_NOTHING;
}
