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

#define FLOW_BUCKET 7
/* What a cursor is ahead in the next bucket: a place more than there are, and a power of two. */
#define FLOW_CURSOR_STEP 8u

/*
 * One cache line. An entry whose home bucket is full stands in one of the next ones; a search stops
 * at a bucket past which none went.
 */
struct flow_bucket {
	struct flow_entry entries[FLOW_BUCKET];
	uint32_t n_spilled; /* entries that went past this bucket */
	uint32_t unused;
};

_Static_assert(sizeof(struct flow_bucket) == 64, "one line to touch");

struct flow_table {
	struct flow_bucket *buckets;
	uint32_t bucket_mask;
	uint32_t n_used;
	uint32_t n_max; /* how many entries may be used */
	uint64_t news;  /* a bit for each 64th of all hashes: something was inserted there */
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
static inline uint32_t rs_flow_hash(const struct flow_key *key, const uint64_t secret[5])
{
	uint64_t w[5];
	__uint128_t a, b;
	uint64_t h;

	memcpy(w, key, sizeof(w));
	a = (__uint128_t)(w[0] ^ secret[0]) * (w[1] ^ secret[1]);
	b = (__uint128_t)(w[2] ^ secret[2]) * (w[3] ^ secret[3]);
	h = (uint64_t)a ^ (uint64_t)(a >> 64) ^ (uint64_t)b ^ (uint64_t)(b >> 64) ^ w[4];
	a = (__uint128_t)(h ^ secret[4]) * UINT64_C(0x9e3779b97f4a7c15);
	h = (uint64_t)a ^ (uint64_t)(a >> 64);
	return (uint32_t)(h ^ h >> 32);
}

static inline bool rs_flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
	uint64_t x[5], y[5];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4]));
}

/* Asks for the bucket of hash to be in cache soon. */
static inline void rs_flow_prefetch(const struct flow_table *t, uint32_t hash)
{
	__builtin_prefetch(&t->buckets[hash & t->bucket_mask]);
}

/*
 * The ids stored under hash, one a call: start with *cursor = 0; FLOW_NONE when there are no more.
 * The caller compares keys, and goes on when it was another connection with the same hash. The
 * cursor: FLOW_CURSOR_STEP times the number of the bucket from home on, plus the place in it.
 */
static inline uint32_t rs_flow_next(const struct flow_table *t, uint32_t hash, uint32_t *cursor)
{
	for (;;) {
		uint32_t n_on = *cursor / FLOW_CURSOR_STEP;
		const struct flow_bucket *b = &t->buckets[(hash + n_on) & t->bucket_mask];

		for (uint32_t i = *cursor % FLOW_CURSOR_STEP; i < FLOW_BUCKET; i++) {
			++*cursor;
			if (b->entries[i].hash == hash && b->entries[i].id != FLOW_NONE)
				return b->entries[i].id;
		}
		*cursor = (n_on + 1) * FLOW_CURSOR_STEP;
		if (!b->n_spilled || n_on >= t->bucket_mask)
			return FLOW_NONE;
	}
}

/* From now on rs_flow_is_news() tells of what is inserted. */
static inline void rs_flow_forget_news(struct flow_table *t)
{
	t->news = 0;
}

/* Of those in the middle: the upper bits of a core's hashes are alike, where fan-out chose it. */
static inline uint64_t rs_flow_news_bit(uint32_t hash)
{
	return UINT64_C(1) << (hash >> 16 & 63);
}

/* May an entry of this hash have been inserted? */
static inline bool rs_flow_is_news(const struct flow_table *t, uint32_t hash)
{
	return t->news & rs_flow_news_bit(hash);
}

/* False when n_max entries are used. The same (hash, id) must not be in the table. */
bool rs_flow_insert(struct flow_table *t, uint32_t hash, uint32_t id);

/* The entry of (hash, id), which is in the table, is that of (hash, new_id) from now on. */
void rs_flow_renumber(struct flow_table *t, uint32_t hash, uint32_t id, uint32_t new_id);

/* Removes the entry; false when it was not there. */
bool rs_flow_remove(struct flow_table *t, uint32_t hash, uint32_t id);

#endif
