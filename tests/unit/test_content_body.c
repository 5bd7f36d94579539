/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/content's memory: blocks and bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/csum.h"
#include "content/arena.h"
#include "content/body.h"
#include "content/texts.h"

#define MIB (UINT64_C(1) << 20)

/* ---- the arena ---- */

/* Counts what it gives; its memory is malloc's, so that ASan sees what is not given back. */
struct counted {
	uint64_t n_bytes;
	uint64_t n_allocs;
	bool empty;
};

static void *counted_alloc(void *ctx, size_t n_bytes)
{
	struct counted *counted = ctx;
	void *memory;

	if (counted->empty)
		return NULL;
	assert_int_equal(n_bytes % (2 * MIB), 0);
	memory = aligned_alloc(2 * MIB, n_bytes);
	assert_non_null(memory);
	memset((uint8_t *)memory + n_bytes - 64, 0xff, 64); /* zeros are not promised */
	counted->n_bytes += n_bytes;
	counted->n_allocs++;
	return memory;
}

static void counted_free(void *ctx, void *memory, size_t n_bytes)
{
	struct counted *counted = ctx;

	counted->n_bytes -= n_bytes;
	free(memory);
}

static struct content_memory memory_of(struct counted *counted)
{
	return (struct content_memory){
		.alloc = counted_alloc, .free = counted_free, .ctx = counted};
}

/* Another arena, with nothing in it. */
static void start_again(struct arena *arena, const struct content_memory *memory)
{
	rs_arena_destroy(arena);
	rs_arena_init(arena, memory);
}

static void blocks_are_aligned_and_used_again(void **state)
{
	struct counted counted = {0};
	struct content_memory memory = memory_of(&counted);
	struct arena arena;
	uint8_t *first, *second, *third;

	(void)state;
	rs_arena_init(&arena, &memory);
	first = rs_arena_alloc(&arena, 1000);
	second = rs_arena_alloc(&arena, 1);
	third = rs_arena_alloc(&arena, 5000);
	assert_int_equal((uintptr_t)first % 64, 16);
	assert_int_equal((uintptr_t)second % 64, 16);
	assert_int_equal((uintptr_t)third % 64, 16);
	/* Their 16 bytes, and the rounding. */
	assert_ptr_equal(second, first + 1024);
	assert_ptr_equal(third, second + 64);
	memset(first, 1, 1000);
	memset(second, 2, 1);
	memset(third, 3, 5000);
	rs_arena_free(&arena, first);
	assert_ptr_equal(rs_arena_alloc(&arena, 990), first);
	rs_arena_free(&arena, first);
	rs_arena_free(&arena, second);
	/* The two are one now. */
	assert_ptr_equal(rs_arena_alloc(&arena, 1050), first);
	assert_int_equal(third[0], 3);
	assert_int_equal(third[4999], 3);
	assert_int_equal(counted.n_allocs, 1);
	rs_arena_free(&arena, first);
	rs_arena_trim(&arena);
	assert_int_equal(counted.n_bytes, 2 * MIB);
	rs_arena_free(&arena, third);
	rs_arena_trim(&arena);
	assert_int_equal(counted.n_bytes, 0);
	assert_int_equal(arena.held_bytes, 0);
	assert_non_null(rs_arena_alloc(&arena, 1000));
	assert_int_equal(counted.n_bytes, 2 * MIB);
	rs_arena_destroy(&arena);
}

/* Behind many that are smaller, and before what is larger. */
static void the_block_that_fits_is_found(void **state)
{
	static const uint32_t sizes[] = {1900, 60000, 3000000};
	struct counted counted = {0};
	struct content_memory memory = memory_of(&counted);
	uint8_t *smaller[20], *fitting;
	struct arena arena;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(sizes); i++) {
		rs_arena_init(&arena, &memory);
		arena.expected_bytes = 64 * MIB;
		fitting = rs_arena_alloc(&arena, sizes[i]);
		/* Used ones in between keep them apart. */
		rs_arena_alloc(&arena, 1);
		for (uint32_t k = 0; k < RS_ARRAY_SIZE(smaller); k++) {
			smaller[k] = rs_arena_alloc(&arena, sizes[i] / 16 * 15);
			rs_arena_alloc(&arena, 1);
		}
		rs_arena_free(&arena, fitting);
		for (uint32_t k = 0; k < RS_ARRAY_SIZE(smaller); k++)
			rs_arena_free(&arena, smaller[k]);
		assert_ptr_equal(rs_arena_alloc(&arena, sizes[i]), fitting);
		rs_arena_destroy(&arena);
	}
	assert_int_equal(counted.n_bytes, 0);
}

static void a_bound_is_kept(void **state)
{
	struct counted counted = {0};
	struct content_memory memory = memory_of(&counted);
	struct arena arena;

	(void)state;
	rs_arena_init(&arena, &memory);
	arena.max_bytes = 5 * MIB;
	arena.expected_bytes = 64 * MIB;
	assert_non_null(rs_arena_alloc(&arena, 3 * MIB));
	assert_int_equal(arena.held_bytes, 4 * MIB / 64 * 65); /* with sums */
	assert_int_equal(counted.n_bytes, 4 * MIB);
	assert_null(rs_arena_alloc(&arena, 1 * MIB));
	assert_true(arena.hit_bound);
	/* What is left of the slab is not lost. */
	assert_non_null(rs_arena_alloc(&arena, 1 * MIB - 256));
	start_again(&arena, &memory);
	assert_int_equal(counted.n_bytes, 0);

	arena.max_bytes = 2 * MIB / 64 * 65;
	assert_non_null(rs_arena_alloc(&arena, 1));
	assert_int_equal(arena.held_bytes, 2 * MIB / 64 * 65);
	start_again(&arena, &memory);
	arena.max_bytes = 2 * MIB / 64 * 65 - 1;
	assert_null(rs_arena_alloc(&arena, 1));
}

/* What is taken at once: for one block, for blocks to come, and for one that is large. */
static void slabs_are_as_large_as_needed(void **state)
{
	struct counted counted = {0};
	struct content_memory memory = memory_of(&counted);
	struct arena_need need = {0}, large = {0};
	struct arena arena;
	uint8_t *block;

	(void)state;
	rs_arena_init(&arena, &memory);
	/* Two lines of its own, and the block's 16 bytes. */
	block = rs_arena_alloc(&arena, 2 * MIB - 144);
	memset(block, 0xff, 2 * MIB - 144);
	rs_arena_trim(&arena); /* it is in use */
	assert_int_equal(counted.n_bytes, 2 * MIB);
	start_again(&arena, &memory);
	rs_arena_alloc(&arena, 2 * MIB - 143);
	assert_int_equal(counted.n_bytes, 4 * MIB);
	start_again(&arena, &memory);

	counted.n_allocs = 0;
	for (uint32_t i = 0; i < 10; i++)
		rs_arena_need_add(&need, MIB - 16);
	rs_arena_expect(&arena, &need);
	for (uint32_t i = 0; i < 10; i++)
		rs_arena_alloc(&arena, MIB - 16);
	assert_int_equal(counted.n_allocs, 1);
	assert_int_equal(counted.n_bytes, 12 * MIB);
	assert_int_equal(arena.held_bytes, rs_arena_need_bytes(&need));
	rs_arena_alloc(&arena, 3 * MIB); /* which nobody expected */
	assert_int_equal(counted.n_bytes, 16 * MIB);
	start_again(&arena, &memory);

	arena.expected_bytes = 100 * MIB;
	rs_arena_alloc(&arena, 33 * MIB);
	assert_int_equal(counted.n_bytes, 34 * MIB);
	rs_arena_need_add(&large, 33 * MIB);
	assert_in_range(rs_arena_need_bytes(&large), arena.held_bytes,
		arena.held_bytes + 2 * MIB / 64 * 65);
	rs_arena_alloc(&arena, 1); /* would hold the large one's, when that has gone */
	assert_int_equal(counted.n_bytes, (34 + 102) * MIB);
	rs_arena_destroy(&arena);
	assert_int_equal(counted.n_bytes, 0);
}

static void no_memory_is_not_the_bound(void **state)
{
	struct counted counted = {.empty = true};
	struct content_memory memory = memory_of(&counted);
	struct arena arena;

	(void)state;
	rs_arena_init(&arena, &memory);
	assert_null(rs_arena_alloc(&arena, 1));
	counted.empty = false;
	assert_null(rs_arena_alloc(&arena, UINT64_MAX));
	assert_null(rs_arena_alloc(&arena, ARENA_MAX_BYTES + 1));
	assert_false(arena.hit_bound);
	rs_arena_destroy(&arena);
}

#define N_SLOTS 400

struct slot {
	uint8_t *block;
	uint32_t n_bytes;
	uint8_t fill;
};

static void check_slot(const struct slot *slot)
{
	for (uint32_t i = 0; i < slot->n_bytes; i++)
		assert_int_equal(slot->block[i], slot->fill);
}

/* Blocks keep their bytes whatever comes and goes around them; nothing is left in the end. */
static void random_blocks(void **state)
{
	static struct slot slots[N_SLOTS];
	struct counted counted = {0};
	struct content_memory memory = memory_of(&counted);
	struct arena arena;
	uint64_t random = 88172645463325252;
	uint64_t peak = 0;

	(void)state;
	rs_arena_init(&arena, &memory);
	for (uint32_t i = 0; i < 40000; i++) {
		struct slot *slot;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		slot = &slots[random % N_SLOTS];
		if (slot->block) {
			check_slot(slot);
			rs_arena_free(&arena, slot->block);
			slot->block = NULL;
			continue;
		}
		/* Mostly small, at times as large as a slab. */
		slot->n_bytes = (uint32_t)(random >> 32 & 0x3fff) + 1;
		if (random >> 48 == 7)
			slot->n_bytes = 3 * MIB;
		slot->fill = (uint8_t)i;
		slot->block = rs_arena_alloc(&arena, slot->n_bytes);
		assert_non_null(slot->block);
		memset(slot->block, slot->fill, slot->n_bytes);
		peak = counted.n_bytes > peak ? counted.n_bytes : peak;
	}
	/* At most 400 blocks of 8 KiB on average are in use, and few that are large. */
	assert_in_range(peak, 2 * MIB, 32 * MIB);
	for (uint32_t i = 0; i < N_SLOTS; i++) {
		if (slots[i].block) {
			check_slot(&slots[i]);
			rs_arena_free(&arena, slots[i].block);
		}
	}
	rs_arena_trim(&arena);
	assert_int_equal(counted.n_bytes, 0);
	rs_arena_destroy(&arena);
}

static void the_default_maps_whole_huge_pages(void **state)
{
	struct arena arena;
	uint8_t *block;

	(void)state;
	rs_arena_init(&arena, NULL);
	block = rs_arena_alloc(&arena, 3 * MIB);
	assert_non_null(block);
	memset(block, 0xff, 3 * MIB);
	assert_int_equal(arena.held_bytes, 4 * MIB / 64 * 65); /* with sums */
	assert_in_range((uintptr_t)block % (2 * MIB), 1, 4096);
	rs_arena_destroy(&arena);
}

/* What any part of a body comes to, as far as areas go, is what its bytes come to. */
static void sums_of_bodies(void **state)
{
	static const uint32_t lens[] = {0, 1, 127, 128, 255, 256, 4096, 100001};
	struct body_store *store = rs_body_store_new(NULL);
	struct body *bodies[RS_ARRAY_SIZE(lens)], *large = NULL;
	struct sums_area areas[2];

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(lens); i++) {
		if (i == 5) /* has a slab of its own */
			large = rs_body_new(store, 33 * MIB);
		bodies[i] = rs_body_new(store, lens[i]);
		for (uint32_t k = 0; k < lens[i]; k++)
			rs_body_room(bodies[i])[k] = (uint8_t)(k * 2654435761u >> 13);
		bodies[i] = rs_body_keep(store, bodies[i]);
	}
	assert_int_equal(rs_arena_areas(&store->arena, NULL), 2);
	rs_arena_areas(&store->arena, areas);
	for (uint32_t i = 1; i < RS_ARRAY_SIZE(lens); i++) {
		const uint8_t *data = bodies[i]->pub.data;
		const struct sums_area *area = rs_sums_find(&areas[0], 1, data);

		if (!area)
			area = rs_sums_find(&areas[1], 1, data);
		assert_non_null(area);
		for (uint32_t from = 0; from < lens[i]; from += 1 + from / 3)
			assert_int_equal(rs_sums_of(area, data + from, lens[i] - from),
				rs_csum_fold16(rs_csum_add(0, data + from, lens[i] - from)));
	}
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(lens); i++)
		rs_body_drop(store, bodies[i]);
	rs_body_discard(store, large);
	rs_body_store_drop(store);
}

/* ---- bodies ---- */

static struct body *keep(struct body_store *store, const void *bytes, uint64_t len)
{
	struct body *body = rs_body_new(store, len);

	assert_non_null(body);
	memcpy(rs_body_room(body), bytes, len);
	return rs_body_keep(store, body);
}

static void the_same_bytes_are_one_body(void **state)
{
	struct body_store *store = rs_body_store_new(NULL);
	struct body *a = keep(store, "hello", 5);
	struct body *b = keep(store, "hello", 5);
	struct body *c = keep(store, "hellp", 5);

	(void)state;
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	assert_int_equal(a->n_refs, 2);
	assert_int_equal(store->n_bodies, 2);
	assert_int_equal((uintptr_t)a->pub.data % 64, 0);
	rs_body_drop(store, a);
	assert_memory_equal(a->pub.data, "hello", 5);
	rs_body_drop(store, b);
	rs_body_drop(store, c);
	rs_body_drop(store, NULL);
	assert_int_equal(store->n_bodies, 0);
	rs_arena_trim(&store->arena);
	assert_int_equal(store->arena.held_bytes, 0);
	rs_body_store_drop(store);
}

/* XXH3-128 of nothing and of "abc", as xxhsum -H2 prints them. */
static void etags_are_the_hash(void **state)
{
	struct body_store *store = rs_body_store_new(NULL);
	struct body *none = keep(store, "", 0);
	struct body *abc = keep(store, "abc", 3);

	(void)state;
	assert_string_equal(none->pub.etag, "\"99aa06d3014798d86001c324468d497f\"");
	assert_string_equal(abc->pub.etag, "\"06b05ab6733a618578af5f94892f3950\"");
	assert_int_equal(abc->pub.etag_len, 34);
	rs_body_drop(store, none);
	rs_body_drop(store, abc);
	rs_body_store_drop(store);
}

/* More bodies than there are buckets at first: all are found again. */
static void many_bodies(void **state)
{
	enum {
		N = 5000
	};
	struct body_store *store = rs_body_store_new(NULL);
	static struct body *bodies[N];

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		bodies[i] = keep(store, &i, sizeof(i));
	assert_int_equal(store->n_bodies, N);
	for (uint32_t i = 0; i < N; i++) {
		assert_ptr_equal(keep(store, &i, sizeof(i)), bodies[i]);
		rs_body_drop(store, bodies[i]);
	}
	assert_int_equal(store->n_bodies, N);
	for (uint32_t i = 0; i < N; i++)
		rs_body_drop(store, bodies[i]);
	assert_int_equal(store->n_bodies, 0);
	rs_body_store_drop(store);
}

static void what_was_compressed_goes_with_its_body(void **state)
{
	struct body_store *store = rs_body_store_new(NULL);
	struct body *plain = keep(store, "aaaaaaaa", 8);

	(void)state;
	plain->coded[CONTENT_BR - 1] = keep(store, "8a", 2);
	assert_ptr_equal(rs_body_coded(plain, CONTENT_BR), plain->coded[2]);
	assert_null(rs_body_coded(plain, CONTENT_GZIP));
	rs_body_drop(store, plain);
	assert_int_equal(store->n_bodies, 0);
	rs_body_store_drop(store);
}

/* ---- texts ---- */

static void strings_stay_where_they_are(void **state)
{
	struct texts texts = {0};
	char *first = rs_texts_room(&texts, 5);
	char *large;

	(void)state;
	memcpy(first, "first", 5);
	large = rs_texts_room(&texts, 1 << 20);
	memset(large, 'x', 1 << 20);
	for (uint32_t i = 0; i < 100000; i++)
		memset(rs_texts_room(&texts, i % 50), 'y', i % 50);
	assert_string_equal(first, "first");
	assert_int_equal(strlen(large), 1 << 20);
	rs_texts_free(&texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_aligned_and_used_again),
		cmocka_unit_test(the_block_that_fits_is_found),
		cmocka_unit_test(a_bound_is_kept),
		cmocka_unit_test(slabs_are_as_large_as_needed),
		cmocka_unit_test(no_memory_is_not_the_bound),
		cmocka_unit_test(random_blocks),
		cmocka_unit_test(the_default_maps_whole_huge_pages),
		cmocka_unit_test(sums_of_bodies),
		cmocka_unit_test(the_same_bytes_are_one_body),
		cmocka_unit_test(etags_are_the_hash),
		cmocka_unit_test(many_bodies),
		cmocka_unit_test(what_was_compressed_goes_with_its_body),
		cmocka_unit_test(strings_stay_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
