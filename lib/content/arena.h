/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for bodies: blocks of any size, 64-byte aligned, cut from slabs of whole huge pages, and
 * used again when they are freed. A block costs 16 bytes and the rounding to 64. Beside each slab
 * are the sums of what is in it, see base/sums.h.
 *
 * Free blocks are kept by size in classes a sixteenth apart; a free block is joined with its free
 * neighbours at once. Both are a matter of a few instructions whatever the number of blocks.
 * Private to lib/content; one thread at a time.
 */
#ifndef RS_CONTENT_ARENA_H
#define RS_CONTENT_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pages.h"
#include "base/sums.h"
#include "content/content.h"

#define ARENA_ALIGN     64
#define ARENA_PAGE      PAGES_UNIT
#define ARENA_N_CLASSES 576
#define ARENA_MAX_BYTES (UINT64_C(1) << 43) /* of a block */

struct arena_slab;

/* Blocks to come. */
struct arena_need {
	uint64_t shared_bytes; /* in slabs with others */
	uint64_t large_bytes;  /* in slabs of their own */
};

struct arena {
	struct content_memory memory;
	uint64_t max_bytes;      /* 0: no bound */
	uint64_t held_bytes;     /* taken from memory, and for sums */
	uint64_t expected_bytes; /* about to be asked for: lets slabs be large when much is to come
				  */
	bool hit_bound;          /* an allocation failed for max_bytes, not for want of memory */
	struct arena_slab *slabs;
	struct arena_block *free[ARENA_N_CLASSES];
	uint64_t used[ARENA_N_CLASSES / 64]; /* a bit for each class that has a free block */
};

/* memory NULL: anonymous mappings. It takes nothing yet. */
void rs_arena_init(struct arena *arena, const struct content_memory *memory);

/*
 * n_bytes, of which the first ones are for a header: the block begins 16 bytes after a multiple of
 * ARENA_ALIGN. NULL when there is no memory, or max_bytes or ARENA_MAX_BYTES would be passed.
 */
void *rs_arena_alloc(struct arena *arena, uint64_t n_bytes);

void rs_arena_free(struct arena *arena, void *block);

/* Another block of n_bytes is going to be needed. */
void rs_arena_need_add(struct arena_need *need, uint64_t n_bytes);

/* The most bytes that an arena comes to hold for these blocks, freed ones not counted. */
uint64_t rs_arena_need_bytes(const struct arena_need *need);

/* These blocks are about to be asked for: slabs are made for them. */
void rs_arena_expect(struct arena *arena, const struct arena_need *need);

/* What stands in data[0, len) of a block changes no more: its sums are made. */
void rs_arena_sum(const struct arena *arena, const uint8_t *data, uint64_t len);

/* Its slabs as areas, in no particular order; areas may be NULL. Returns how many. */
uint32_t rs_arena_areas(const struct arena *arena, struct sums_area *areas);

/* Gives slabs back in which nothing is in use. */
void rs_arena_trim(struct arena *arena);

/* Gives everything back. */
void rs_arena_destroy(struct arena *arena);

#endif
