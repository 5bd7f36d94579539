/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/replay.h"

#include <stddef.h>

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

/* In another slot than but, if that is not NULL. */
static bool is_known(struct tls_replay *r, uint64_t id, uint64_t now_s, const uint64_t *but)
{
	for (uint32_t i = 0; i < TLS_REPLAY_PROBES; i++) {
		const uint64_t *slot = slot_of(r, id, i);
		uint64_t seen = __atomic_load_n(slot, __ATOMIC_SEQ_CST);

		if (slot != but && is_same(seen, id) && !is_stale(seen, now_s))
			return true;
	}
	return false;
}

/* NULL: there is none to be had. */
static uint64_t *claim_slot(struct tls_replay *r, uint64_t id, uint64_t now_s)
{
	const uint64_t mine = (id & ~SECONDS) | (now_s & SECONDS);

	for (uint32_t i = 0; i < TLS_REPLAY_PROBES; i++) {
		uint64_t *slot = slot_of(r, id, i);
		uint64_t was = __atomic_load_n(slot, __ATOMIC_SEQ_CST);

		if (is_stale(was, now_s) && __atomic_compare_exchange_n(slot, &was, mine, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return slot;
	}
	return NULL;
}

/*
 * Of two cores with the same id, each claims a slot, perhaps not the same one, before it looks a
 * second time: so the later one sees the earlier one's, in the one order that all these accesses
 * have. Where each sees the other's, neither is the first.
 */
bool rs_tls_replay_first(struct tls_replay *r, uint64_t id, uint64_t now_s)
{
	const uint64_t *mine;

	if (!(id & ~SECONDS))
		return false; /* would look empty: one in 2^48 goes without early data */
	if (is_known(r, id, now_s, NULL))
		return false;
	mine = claim_slot(r, id, now_s);
	return mine && !is_known(r, id, now_s, mine);
}
