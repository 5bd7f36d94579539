/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The index from a connection's key to its number. It stores no keys: each entry is 8 bytes, the
 * 32-bit hash and the number; on a hash match the caller compares the key where the connection
 * keeps it. One core owns a table; it allocates nothing; the caller brings the memory.
 *
 * Includes wire (struct flow_key) and base only.
 */
#ifndef RS_FLOW_FLOW_H
#define RS_FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/seg.h"

#define FLOW_NONE UINT32_MAX

struct flow_entry {
	uint32_t hash;
	uint32_t id; /* FLOW_NONE: the entry is free */
};

/* Buckets of one cache line, eight entries each. */
struct flow_table {
	struct flow_entry *entries;
	uint32_t n_buckets; /* a power of two */
	uint32_t n_used;
	uint32_t n_max; /* how many entries may be used */
};

/* Bytes of memory for a table that takes n_max entries without ever refusing one. */
size_t rs_flow_bytes(uint32_t n_max);

/* memory: rs_flow_bytes(n_max) bytes, 64-byte aligned, owned by the caller. */
void rs_flow_init(struct flow_table *t, void *memory, uint32_t n_max);

/*
 * Keyed hash of a flow key. secret: five random 64-bit words, drawn once at start, so that nobody
 * outside can choose colliding addresses. The same secret on every core: fan-out and lookup use
 * the same hash (fan-out its upper bits, the table its lower).
 */
static inline uint32_t rs_flow_hash(const struct flow_key *key, const uint64_t secret[5]);

static inline bool rs_flow_key_equal(const struct flow_key *a, const struct flow_key *b);

/* Asks for the bucket of hash to be in cache soon. */
static inline void rs_flow_prefetch(const struct flow_table *t, uint32_t hash);

/*
 * The ids stored under hash, one a call: start with *cursor = 0; FLOW_NONE when there are no more.
 * The caller compares keys, and goes on when it was another connection with the same hash.
 */
static inline uint32_t rs_flow_next(const struct flow_table *t, uint32_t hash, uint32_t *cursor);

/* False when n_max entries are used. The same (hash, id) must not be in the table. */
bool rs_flow_insert(struct flow_table *t, uint32_t hash, uint32_t id);

/* Removes the entry; false when it was not there. */
bool rs_flow_remove(struct flow_table *t, uint32_t hash, uint32_t id);

/* Gives the entry (hash, old_id) the number new_id; false when it was not there. */
bool rs_flow_replace(struct flow_table *t, uint32_t hash, uint32_t old_id, uint32_t new_id);

#endif
