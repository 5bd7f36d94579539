/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bodies that trees share: each content once, counted by those who refer to it.
 *
 * A body is made in three steps: memory for its bytes (rs_body_new), the bytes, and then
 * rs_body_keep(), which returns this body or an older one with the same bytes. Of a store, one is
 * in the making at a time. What was compressed from a body belongs to it, so that files with the
 * same bytes, and trees after this one, have it too. Private to lib/content; one thread at a time.
 */
#ifndef RS_CONTENT_BODY_H
#define RS_CONTENT_BODY_H

#include "content/arena.h"
#include "content/content.h"

struct body {
	struct content_body pub;                   /* what the outside sees; first */
	uint64_t hash[2];                          /* XXH3-128, low half first */
	struct body *next;                         /* in its bucket */
	struct body *coded[CONTENT_N_CODINGS - 1]; /* compressed from this one; owned */
	uint32_t n_refs;
	uint8_t tried; /* set of CONTENT_CODING_BIT()s: coded[] is there, or did not pay */
};

struct body_store {
	struct arena arena;
	struct body **buckets;
	uint64_t n_buckets; /* a power of two */
	uint64_t n_bodies;
	uint32_t n_refs; /* trees */
	void *hashing;   /* of the body in the making, as far as n_hashed */
	uint64_t n_hashed;
};

/* With one reference, which is the caller's; NULL: no memory. */
struct body_store *rs_body_store_new(const struct content_memory *memory);

/* Drops a reference; with the last one all memory goes back. */
void rs_body_store_drop(struct body_store *store);

/* Room for len bytes, which is NULL when the arena refuses. */
struct body *rs_body_new(struct body_store *store, uint64_t len);

/* Where its bytes are to be written, before rs_body_keep(). */
uint8_t *rs_body_room(struct body *body);

/*
 * n_bytes of it have been written by now. It may be told at any time before rs_body_keep(), best
 * while the last ones are in cache: then they need not be fetched once more.
 */
void rs_body_filled(struct body_store *store, const struct body *body, uint64_t n_bytes);

/* Another body of len bytes is going to be needed. */
void rs_body_need_add(struct arena_need *need, uint64_t len);

/* So many bodies more are going to be kept: they are made room for at once, if there is memory. */
void rs_body_expect(struct body_store *store, uint64_t n);

/* The body was not kept, and is not needed. */
void rs_body_discard(struct body_store *store, struct body *body);

/*
 * The body is complete. Returns the one with these bytes, with a reference that is the caller's:
 * body itself, or another one, and body is no more.
 */
struct body *rs_body_keep(struct body_store *store, struct body *body);

/* One reference more. */
struct body *rs_body_share(struct body *body);

/* One reference less; NULL is allowed. */
void rs_body_drop(struct body_store *store, struct body *body);

/* What was compressed from body, or NULL; coding is not CONTENT_IDENTITY. */
static inline struct body *rs_body_coded(const struct body *body, enum content_coding coding)
{
	return body->coded[coding - 1];
}

/* The body behind what the outside sees; NULL for NULL. */
static inline struct body *rs_body_of(const struct content_body *pub)
{
	return (struct body *)(uintptr_t)pub;
}

#endif
