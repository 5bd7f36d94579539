/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/arena.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/pages.h"

/* So much is taken at once, where so much is expected to be needed. */
#define SLAB_BYTES (UINT64_C(256) << 20)

/* Larger blocks have a slab to themselves, so that little is lost at the ends of slabs. */
#define SHARED_BYTES (SLAB_BYTES / 8)

/* Blocks of the same class that are looked at before the next larger class is. */
#define MAX_TRIES 8

#define FREE 1u

/*
 * A slab is cut into blocks without a gap: its header, the blocks, and a block of no bytes that is
 * never free. The links lie in what a block in use has for its owner.
 */
struct arena_block {
	uint64_t n_bytes_and_flag; /* a multiple of ARENA_ALIGN, and whether it is free */
	uint64_t before_bytes;     /* of the block before; 0: this is the first of its slab */
	struct arena_block *next;
	struct arena_block *prev;
};

struct arena_slab {
	_Alignas(ARENA_ALIGN) uint64_t n_bytes;
	struct arena_slab *next;
	uint16_t *sums; /* see base/sums.h */
};

#define BLOCK_HEAD offsetof(struct arena_block, next)
#define SLAB_COST  (sizeof(struct arena_slab) + ARENA_ALIGN)

_Static_assert(sizeof(struct arena_block) <= ARENA_ALIGN, "the smallest block has room for links");

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static uint64_t size_of(const struct arena_block *block)
{
	return block->n_bytes_and_flag & ~(uint64_t)FREE;
}

static bool is_free(const struct arena_block *block)
{
	return block->n_bytes_and_flag & FREE;
}

static struct arena_block *block_at(void *place, uint64_t offset)
{
	return (struct arena_block *)((uint8_t *)place + offset);
}

static struct arena_block *block_after(struct arena_block *block)
{
	return block_at(block, size_of(block));
}

/* What a slab of n_bytes takes with its sums. */
static uint64_t with_sums(uint64_t n_bytes)
{
	return n_bytes + n_bytes / SUMS_BLOCK * sizeof(uint16_t);
}

static struct arena_block *first_block(struct arena_slab *slab)
{
	return block_at(slab, sizeof(*slab));
}

/* What a block of n_bytes takes of a slab. */
static uint64_t cost_of(uint64_t n_bytes)
{
	return round_up(n_bytes + BLOCK_HEAD, ARENA_ALIGN);
}

/* The first block of a slab. */
static bool is_whole_slab(struct arena_block *first)
{
	return size_of(block_after(first)) == 0;
}

/* ---- free blocks by size ---- */

/* Sizes in units of ARENA_ALIGN: one class each below 16, then 16 classes to a power of two. */
static uint32_t class_of(uint64_t n_bytes)
{
	uint64_t n = n_bytes / ARENA_ALIGN;
	uint32_t power;

	if (n < 16)
		return (uint32_t)n;
	power = 63 - (uint32_t)__builtin_clzll(n);
	return (power - 3) * 16 + (uint32_t)(n >> (power - 4) & 15);
}

static void list(struct arena *arena, struct arena_block *block)
{
	uint32_t class = class_of(size_of(block));

	block->n_bytes_and_flag |= FREE;
	block->prev = NULL;
	block->next = arena->free[class];
	if (block->next)
		block->next->prev = block;
	arena->free[class] = block;
	arena->used[class / 64] |= UINT64_C(1) << class % 64;
}

static void unlist(struct arena *arena, struct arena_block *block)
{
	uint32_t class = class_of(size_of(block));

	block->n_bytes_and_flag &= ~(uint64_t)FREE;
	if (block->next)
		block->next->prev = block->prev;
	if (block->prev) {
		block->prev->next = block->next;
		return;
	}
	arena->free[class] = block->next;
	if (!block->next)
		arena->used[class / 64] &= ~(UINT64_C(1) << class % 64);
}

/* Any block of a class above: all of them are large enough. */
static struct arena_block *larger_block(struct arena *arena, uint32_t class)
{
	uint32_t above = class + 1;
	uint64_t rest = arena->used[above / 64] >> above % 64;

	if (rest)
		return arena->free[above + (uint32_t)__builtin_ctzll(rest)];
	for (uint32_t word = above / 64 + 1; word < RS_ARRAY_SIZE(arena->used); word++) {
		if (arena->used[word])
			return arena
				->free[word * 64 + (uint32_t)__builtin_ctzll(arena->used[word])];
	}
	return NULL;
}

static struct arena_block *fitting_block(struct arena *arena, uint64_t n_bytes)
{
	uint32_t class = class_of(n_bytes);
	struct arena_block *block = arena->free[class];

	for (uint32_t i = 0; block && i < MAX_TRIES; i++, block = block->next) {
		if (size_of(block) >= n_bytes)
			return block;
	}
	return larger_block(arena, class);
}

/* ---- slabs ---- */

static void *map_pages(void *ctx, size_t n_bytes)
{
	(void)ctx;
	return rs_pages_map(n_bytes);
}

static void unmap_pages(void *ctx, void *memory, size_t n_bytes)
{
	(void)ctx;
	rs_pages_unmap(memory, n_bytes);
}

static uint64_t max_slab_bytes(const struct arena *arena)
{
	if (!arena->max_bytes)
		return UINT64_MAX;
	return arena->max_bytes - rs_min_u64(arena->held_bytes, arena->max_bytes);
}

/* A slab with a free block of at least n_bytes: that block, which is in no list. */
static struct arena_block *add_slab(struct arena *arena, uint64_t n_bytes)
{
	uint64_t least = round_up(n_bytes + SLAB_COST, ARENA_PAGE);
	uint64_t want =
		rs_min_u64(round_up(arena->expected_bytes + SLAB_COST, ARENA_PAGE), SLAB_BYTES);
	/* Of what may be taken, sums are a 65th. */
	uint64_t most = max_slab_bytes(arena) / 65 * 64 / ARENA_PAGE * ARENA_PAGE;
	struct arena_slab *slab;
	struct arena_block *block;
	uint16_t *sums;

	if (least > most) {
		arena->hit_bound = true;
		return NULL;
	}
	if (n_bytes > SHARED_BYTES || want < least)
		want = least;
	want = rs_min_u64(want, most);
	sums = calloc(want / SUMS_BLOCK, sizeof(*sums));
	if (!sums)
		return NULL;
	slab = arena->memory.alloc(arena->memory.ctx, want);
	if (!slab) {
		free(sums);
		return NULL;
	}
	arena->held_bytes += with_sums(want);
	slab->n_bytes = want;
	slab->sums = sums;
	slab->next = arena->slabs;
	arena->slabs = slab;
	block = first_block(slab);
	*block = (struct arena_block){.n_bytes_and_flag = want - SLAB_COST};
	*block_after(block) = (struct arena_block){.before_bytes = want - SLAB_COST};
	return block;
}

static void give_back(struct arena *arena, struct arena_slab *slab)
{
	arena->held_bytes -= with_sums(slab->n_bytes);
	free(slab->sums);
	arena->memory.free(arena->memory.ctx, slab, slab->n_bytes);
}

/* ---- the outside ---- */

void rs_arena_init(struct arena *arena, const struct content_memory *memory)
{
	*arena = (struct arena){.memory = {.alloc = map_pages, .free = unmap_pages}};
	if (memory)
		arena->memory = *memory;
}

/* In the slab of a large body, small ones would hold all of it when that has gone. */
static bool is_for_others(uint64_t need, uint64_t rest)
{
	return rest >= (need > SHARED_BYTES ? ARENA_PAGE : 1);
}

void *rs_arena_alloc(struct arena *arena, uint64_t n_bytes)
{
	uint64_t need = cost_of(n_bytes);
	struct arena_block *block;
	uint64_t rest;

	if (n_bytes > ARENA_MAX_BYTES)
		return NULL;
	block = fitting_block(arena, need);
	if (block)
		unlist(arena, block);
	else
		block = add_slab(arena, need);
	if (!block)
		return NULL;
	rest = size_of(block) - need;
	if (is_for_others(need, rest)) {
		struct arena_block *behind = block_at(block, need);

		block->n_bytes_and_flag = need;
		*behind = (struct arena_block){.n_bytes_and_flag = rest, .before_bytes = need};
		block_after(behind)->before_bytes = rest;
		list(arena, behind);
	}
	if (need <= SHARED_BYTES)
		arena->expected_bytes -= rs_min_u64(need, arena->expected_bytes);
	return (uint8_t *)block + BLOCK_HEAD;
}

void rs_arena_free(struct arena *arena, void *place)
{
	struct arena_block *block = block_at((uint8_t *)place - BLOCK_HEAD, 0);
	struct arena_block *after = block_after(block);
	uint64_t n_bytes = size_of(block);

	if (is_free(after)) {
		unlist(arena, after);
		n_bytes += size_of(after);
	}
	if (block->before_bytes) {
		struct arena_block *before = block_at((uint8_t *)block - block->before_bytes, 0);

		if (is_free(before)) {
			unlist(arena, before);
			n_bytes += size_of(before);
			block = before;
		}
	}
	block->n_bytes_and_flag = n_bytes;
	block_after(block)->before_bytes = n_bytes;
	list(arena, block);
}

/*
 * Less than a shared block is lost at the end of a shared slab; the last one is as large as what is
 * expected still.
 */
uint64_t rs_arena_need_bytes(const struct arena_need *need)
{
	uint64_t n_full = need->shared_bytes / (SLAB_BYTES - SHARED_BYTES - SLAB_COST);

	return with_sums(
		need->large_bytes +
		round_up(need->shared_bytes + n_full * (SHARED_BYTES + SLAB_COST) + SLAB_COST,
			ARENA_PAGE));
}

static struct sums_area area_of(const struct arena_slab *slab)
{
	return (struct sums_area){
		.start = (const uint8_t *)slab, .len = slab->n_bytes, .sums = slab->sums};
}

void rs_arena_sum(const struct arena *arena, const uint8_t *data, uint64_t len)
{
	for (const struct arena_slab *slab = arena->slabs; slab; slab = slab->next) {
		struct sums_area area = area_of(slab);

		if (!rs_sums_find(&area, 1, data))
			continue;
		rs_sums_make(&area, data, len);
		return;
	}
}

uint32_t rs_arena_areas(const struct arena *arena, struct sums_area *areas)
{
	uint32_t n = 0;

	for (const struct arena_slab *slab = arena->slabs; slab; slab = slab->next) {
		if (areas)
			areas[n] = area_of(slab);
		n++;
	}
	return n;
}

void rs_arena_need_add(struct arena_need *need, uint64_t n_bytes)
{
	uint64_t cost = cost_of(n_bytes);

	if (cost > SHARED_BYTES)
		need->large_bytes += round_up(cost + SLAB_COST, ARENA_PAGE);
	else
		need->shared_bytes += cost;
}

void rs_arena_expect(struct arena *arena, const struct arena_need *need)
{
	arena->expected_bytes = need->shared_bytes;
}

void rs_arena_trim(struct arena *arena)
{
	struct arena_slab **link = &arena->slabs;

	while (*link) {
		struct arena_slab *slab = *link;
		struct arena_block *block = first_block(slab);

		if (is_free(block) && is_whole_slab(block)) {
			unlist(arena, block);
			*link = slab->next;
			give_back(arena, slab);
		} else {
			link = &slab->next;
		}
	}
}

void rs_arena_destroy(struct arena *arena)
{
	while (arena->slabs) {
		struct arena_slab *slab = arena->slabs;

		arena->slabs = slab->next;
		give_back(arena, slab);
	}
}
