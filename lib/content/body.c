/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/body.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "content/large.h"

#define FIRST_BUCKETS 1024
#define PIECE_BYTES   UINT64_C(65536) /* in the first cache, from hashing to summing up */

/* Behind the arena's 16 bytes, two cache lines are full, and the bytes begin with a line. */
_Static_assert(sizeof(struct body) == 2 * ARENA_ALIGN - 16, "a body's bytes are aligned");

static void free_store(struct body_store *store)
{
	XXH3_freeState(store->hashing);
	free(store->buckets);
	free(store);
}

struct body_store *rs_body_store_new(const struct content_memory *memory)
{
	struct body_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->buckets = calloc(FIRST_BUCKETS, sizeof(struct body *));
	store->hashing = XXH3_createState();
	if (!store->buckets || !store->hashing) {
		free_store(store);
		return NULL;
	}
	store->n_buckets = FIRST_BUCKETS;
	store->n_refs = 1;
	rs_arena_init(&store->arena, memory);
	return store;
}

void rs_body_store_drop(struct body_store *store)
{
	if (--store->n_refs) {
		rs_arena_trim(&store->arena);
		return;
	}
	rs_arena_destroy(&store->arena);
	free_store(store);
}

/* ---- bodies by content ---- */

static struct body **bucket_of(const struct body_store *store, uint64_t hash)
{
	return &store->buckets[hash & (store->n_buckets - 1)];
}

/* Without memory for more buckets, the chains grow longer. */
static void grow(struct body_store *store, uint64_t n_buckets)
{
	struct body **old = store->buckets;
	uint64_t n_old = store->n_buckets;
	struct body **buckets = rs_large_calloc(n_buckets, sizeof(struct body *));

	if (!buckets)
		return;
	store->buckets = buckets;
	store->n_buckets = n_buckets;
	for (uint64_t i = 0; i < n_old; i++) {
		struct body *next;

		for (struct body *body = old[i]; body; body = next) {
			struct body **bucket = bucket_of(store, body->hash[0]);

			next = body->next;
			body->next = *bucket;
			*bucket = body;
		}
	}
	free(old);
}

void rs_body_expect(struct body_store *store, uint64_t n)
{
	uint64_t n_buckets = store->n_buckets;

	while (n_buckets < store->n_bodies + n)
		n_buckets *= 2;
	if (n_buckets > store->n_buckets)
		grow(store, n_buckets);
}

static void enter(struct body_store *store, struct body *body)
{
	struct body **bucket;

	if (store->n_bodies == store->n_buckets)
		grow(store, store->n_buckets * 2);
	bucket = bucket_of(store, body->hash[0]);
	body->next = *bucket;
	*bucket = body;
	store->n_bodies++;
}

static void leave(struct body_store *store, struct body *body)
{
	struct body **link = bucket_of(store, body->hash[0]);

	while (*link != body)
		link = &(*link)->next;
	*link = body->next;
	store->n_bodies--;
}

static struct body *find_same(const struct body_store *store, const struct body *body)
{
	struct body *other = *bucket_of(store, body->hash[0]);

	for (; other; other = other->next) {
		if (other->hash[0] == body->hash[0] && other->hash[1] == body->hash[1] &&
			other->pub.len == body->pub.len &&
			memcmp(other->pub.data, body->pub.data, body->pub.len) == 0)
			return other;
	}
	return NULL;
}

/* ---- one body ---- */

/* RFC 9110 section 8.8.3. */
static void write_etag(struct body *body)
{
	static const char digits[] = "0123456789abcdef";
	char *to = body->pub.etag;

	*to++ = '"';
	for (int half = 1; half >= 0; half--) {
		for (int shift = 60; shift >= 0; shift -= 4)
			*to++ = digits[body->hash[half] >> shift & 15];
	}
	*to++ = '"';
	*to = '\0';
	body->pub.etag_len = CONTENT_ETAG_BYTES;
}

struct body *rs_body_new(struct body_store *store, uint64_t len)
{
	struct body *body;

	if (len > ARENA_MAX_BYTES - sizeof(*body))
		return NULL;
	body = rs_arena_alloc(&store->arena, sizeof(*body) + len);
	if (!body)
		return NULL;
	memset(body, 0, sizeof(*body));
	store->n_hashed = 0;
	body->pub.len = len;
	body->pub.data = rs_body_room(body);
	return body;
}

uint8_t *rs_body_room(struct body *body)
{
	return (uint8_t *)(body + 1);
}

void rs_body_need_add(struct arena_need *need, uint64_t len)
{
	rs_arena_need_add(need, sizeof(struct body) + len);
}

void rs_body_discard(struct body_store *store, struct body *body)
{
	rs_arena_free(&store->arena, body);
}

/* The sums of n bytes behind the first ones, at; a block that the piece before cut is theirs. */
static void sum(const struct body_store *store, const struct body *body, uint64_t at, uint64_t n)
{
	uint64_t again = at ? SUMS_BLOCK : 0;

	rs_arena_sum(&store->arena, body->pub.data + at - again, n + again);
}

/* Both in one go, as memory is slower than either. */
static void hash_and_sum(struct body_store *store, const struct body *body, uint64_t n)
{
	uint64_t at = store->n_hashed;

	XXH3_128bits_update(store->hashing, body->pub.data + at, n);
	sum(store, body, at, n);
	store->n_hashed += n;
}

void rs_body_filled(struct body_store *store, const struct body *body, uint64_t n_bytes)
{
	if (!store->n_hashed)
		XXH3_128bits_reset(store->hashing);
	while (n_bytes - store->n_hashed >= PIECE_BYTES)
		hash_and_sum(store, body, PIECE_BYTES);
}

static XXH128_hash_t finish(struct body_store *store, const struct body *body)
{
	uint64_t len = body->pub.len;

	if (len < PIECE_BYTES) { /* most are: without a state, that is faster */
		sum(store, body, 0, len);
		return XXH3_128bits(body->pub.data, len);
	}
	rs_body_filled(store, body, len);
	hash_and_sum(store, body, len - store->n_hashed);
	return XXH3_128bits_digest(store->hashing);
}

struct body *rs_body_keep(struct body_store *store, struct body *body)
{
	XXH128_hash_t hash = finish(store, body);
	struct body *same;

	body->hash[0] = hash.low64;
	body->hash[1] = hash.high64;
	same = find_same(store, body);
	if (same) {
		rs_body_discard(store, body);
		return rs_body_share(same);
	}
	write_etag(body);
	enter(store, body);
	return rs_body_share(body);
}

struct body *rs_body_share(struct body *body)
{
	body->n_refs++;
	return body;
}

void rs_body_drop(struct body_store *store, struct body *body)
{
	if (!body || --body->n_refs)
		return;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(body->coded); i++)
		rs_body_drop(store, body->coded[i]);
	leave(store, body);
	rs_body_discard(store, body);
}
