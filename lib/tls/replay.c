/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/replay.h"

#define SECONDS UINT64_C(0xffff)

/*
 * Seconds stand in a slot modulo 2^16. Those of a core that has read the clock a moment later may
 * be ahead of now_s: what it has just seen is no stale one.
 */
static bool is_stale(uint64_t slot, uint64_t now_s)
{
	return !slot || ((now_s - slot + TLS_REPLAY_S) & SECONDS) >= 2 * TLS_REPLAY_S;
}

static uint64_t *slot_of(struct tls_replay *r, uint64_t id, uint32_t probe)
{
	return &r->slots[((id >> 32) + probe) % TLS_REPLAY_SLOTS];
}

static bool is_same(uint64_t slot, uint64_t id)
{
	return (slot & ~SECONDS) == (id & ~SECONDS);
}

bool rs_tls_replay_first(struct tls_replay *r, uint64_t id, uint64_t now_s)
{
	uint64_t mine = (id & ~SECONDS) | (now_s & SECONDS);

	if (!(id & ~SECONDS))
		return false; /* would look empty: one in 2^48 goes without early data */
	for (uint32_t i = 0; i < TLS_REPLAY_PROBES; i++) {
		uint64_t was = __atomic_load_n(slot_of(r, id, i), __ATOMIC_RELAXED);

		if (is_same(was, id) && !is_stale(was, now_s))
			return false;
	}
	for (uint32_t i = 0; i < TLS_REPLAY_PROBES; i++) {
		uint64_t *slot = slot_of(r, id, i);
		uint64_t was = __atomic_load_n(slot, __ATOMIC_RELAXED);

		if (is_stale(was, now_s) && __atomic_compare_exchange_n(slot, &was, mine, false,
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
		if (is_same(was, id)) /* another core was a moment faster */
			return false;
	}
	return false;
}
