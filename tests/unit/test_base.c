/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/base: chunk pools, send queues, checksums, SipHash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/chunk.h"
#include "base/csum.h"
#include "base/histogram.h"
#include "base/pages.h"
#include "base/sendq.h"
#include "base/siphash.h"
#include "base/sums.h"
#include "temp.h"

#define N_CHUNKS    8
#define CHUNK_BYTES 256

static uint32_t random_state = 1;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)random_state * below >> 32);
}

static void *new_pool_of(struct chunk_pool *pool, uint32_t n, uint32_t chunk_bytes)
{
	void *memory = aligned_alloc(64, rs_chunk_pool_bytes(n, chunk_bytes));

	rs_chunk_pool_init(pool, memory, n, chunk_bytes);
	return memory;
}

static void *new_pool(struct chunk_pool *pool)
{
	return new_pool_of(pool, N_CHUNKS, CHUNK_BYTES);
}

static void chunks_are_handed_out_once(void **state)
{
	struct chunk_pool pool;
	void *memory = new_pool(&pool);
	uint32_t got[N_CHUNKS];

	(void)state;
	for (uint32_t i = 0; i < N_CHUNKS; i++) {
		got[i] = rs_chunk_alloc(&pool);
		assert_in_range(got[i], 1, N_CHUNKS);
		for (uint32_t k = 0; k < i; k++)
			assert_int_not_equal(got[i], got[k]);
		memset(rs_chunk_data(&pool, got[i]), (int)i, CHUNK_BYTES);
	}
	assert_int_equal(rs_chunk_alloc(&pool), 0);
	assert_int_equal(pool.n_refused, 1);
	for (uint32_t i = 0; i < N_CHUNKS; i++)
		assert_int_equal(rs_chunk_data(&pool, got[i])[CHUNK_BYTES - 1], i);
	rs_chunk_free(&pool, got[3]);
	assert_int_equal(rs_chunk_alloc(&pool), got[3]); /* last in, first out */
	for (uint32_t i = 0; i < N_CHUNKS; i++)
		rs_chunk_free(&pool, got[i]);
	assert_int_equal(pool.n_free, N_CHUNKS);
	free(memory);
}

/* Any sequence of pushes, writes, reads and acknowledgements against a plain array. */
static void sendq_against_a_model(void **state)
{
	static const uint8_t fixed[1000] = {[0] = 1, [999] = 9};
	static uint8_t model[1 << 20];
	struct chunk_pool pool;
	void *memory = new_pool(&pool);

	(void)state;
	for (uint32_t round = 0; round < 200; round++) {
		struct sendq q = {0};
		uint32_t head = 0, tail = 0; /* of the model */

		for (uint32_t step = 0; step < 300; step++) {
			uint32_t want = 1 + draw(100);
			struct slice spans[SENDQ_SLICES];
			uint32_t offset, len, n, at;
			uint8_t *to;

			switch (draw(4)) {
			case 0:
				if (rs_sendq_full(&q)) {
					assert_false(rs_sendq_push(&q, fixed, want, 0));
					break;
				}
				assert_true(rs_sendq_push(&q, fixed + draw(900), want, 0));
				memcpy(model + tail, rs_sendq_last(&q)->data, want);
				tail += want;
				break;
			case 1:
				to = rs_sendq_reserve(&q, &pool, want);
				if (!to)
					break;
				n = draw(2) ? want : draw(want);
				for (uint32_t i = 0; i < n; i++)
					to[i] = model[tail + i] = (uint8_t)draw(256);
				rs_sendq_commit(&q, n, &pool);
				tail += n;
				break;
			case 2:
				n = draw(q.n_bytes + 1);
				rs_sendq_ack(&q, n, &pool);
				head += n;
				break;
			default:
				if (!q.n_bytes)
					break;
				offset = draw(q.n_bytes);
				len = 1 + draw(q.n_bytes - offset);
				n = rs_sendq_peek(&q, offset, len, spans);
				at = head + offset;
				for (uint32_t i = 0; i < n; at += spans[i++].len)
					assert_memory_equal(
						spans[i].data, model + at, spans[i].len);
				assert_int_equal(at, head + offset + len);
			}
			assert_int_equal(q.n_bytes, tail - head);
		}
		rs_sendq_clear(&q, &pool);
		assert_int_equal(pool.n_free, N_CHUNKS);
	}
	free(memory);
}

/* The sum of a slice that was acknowledged is not that of the one which comes to stand in its slot.
 */
static void a_sum_goes_with_its_slice(void **state)
{
	static const uint8_t data[] = "abc";
	struct chunk_pool pool = {0};
	struct sendq q = {0};

	(void)state;
	rs_sendq_push_summed(&q, data, 3, 0, 77);
	assert_int_equal(rs_sendq_sum(&q, 0, 3), 77);
	for (uint32_t i = 0; i < SENDQ_SLICES; i++) {
		rs_sendq_push(&q, data, 3, 0);
		rs_sendq_ack(&q, 3, &pool);
		assert_int_equal(rs_sendq_sum(&q, 0, 3), 0);
	}
}

/* A queue that grows, with many small and some large slices, against a plain array. */
static void a_grown_sendq_against_a_model(void **state)
{
	enum {
		N = 160,
		BYTES = 2112
	};
	static uint8_t model[1 << 20];
	struct chunk_pool pool;
	void *memory = new_pool_of(&pool, N, BYTES);
	uint32_t n_grown = 0, n_full = 0;

	(void)state;
	for (uint32_t round = 0; round < 50; round++) {
		struct sendq q = {0};
		uint32_t head = 0, tail = 0;

		for (uint32_t step = 0; step < 1000; step++) {
			uint32_t chunk, from, len, offset, n;
			struct slice spans[SENDQ_SLICES];

			if (draw(5) < 3 && tail < sizeof(model) - BYTES) {
				chunk = rs_chunk_alloc(&pool);
				if (!chunk)
					continue;
				from = draw(64);
				len = 1 + draw(draw(2) ? 50 : BYTES - from);
				for (uint32_t i = 0; i < len; i++)
					model[tail + i] = rs_chunk_data(&pool, chunk)[from + i] =
						(uint8_t)draw(256);
				if (rs_sendq_push_more(&q, &pool,
					    rs_chunk_data(&pool, chunk) + from, len, chunk)) {
					tail += len;
				} else {
					n_full++;
					assert_true(q.n == SENDQ_GROWN || pool.n_free == 0);
					rs_chunk_free(&pool, chunk);
				}
				n_grown += q.grown;
			} else if (round % 4 && draw(3) == 0) {
				n = draw(round % 2 ? q.n_bytes + 1
						   : rs_min_u32(q.n_bytes + 1, 3000));
				rs_sendq_ack(&q, n, &pool);
				head += n;
			} else if (q.n_bytes) {
				offset = draw(q.n_bytes);
				len = 1 + draw(rs_min_u32(q.n_bytes - offset, 9000));
				n = rs_sendq_cover(&q, offset, len);
				assert_in_range(n, rs_min_u32(len, 1), len);
				if (len <= 1460)
					assert_int_equal(n, len); /* a segment is never short */
				len = 0;
				for (uint32_t i = 0, k = rs_sendq_peek(&q, offset, n, spans); i < k;
					len += spans[i++].len)
					assert_memory_equal(spans[i].data,
						model + head + offset + len, spans[i].len);
				assert_int_equal(len, n);
			}
			assert_int_equal(q.n_bytes, tail - head);
		}
		rs_sendq_clear(&q, &pool);
		assert_int_equal(pool.n_free, N);
	}
	assert_true(n_grown > 1000);
	assert_true(n_full > 0);
	free(memory);
}

/* One that was widened is like one that was not when it is empty again. */
static void a_widened_sendq(void **state)
{
	enum {
		N = 2048,
		BYTES = 2112
	};
	static const uint8_t byte[1] = "x";
	struct chunk_pool pool;
	void *memory = new_pool_of(&pool, N, BYTES);
	struct sendq q = {0};

	(void)state;
	while (rs_sendq_reserve(&q, &pool, BYTES))
		rs_sendq_commit(&q, BYTES, &pool);
	assert_int_equal(q.n, rs_chunk_ration(&pool));
	assert_true(q.n > SENDQ_SLICES);
	assert_true(rs_sendq_push(&q, byte, 1, 0)); /* what needs no chunk */
	rs_sendq_ack(&q, q.n_bytes, &pool);
	assert_false(q.grown);
	assert_int_equal(pool.n_free, N);
	while (pool.n_free > N / 4)
		rs_chunk_alloc(&pool);
	assert_true(rs_sendq_push(&q, byte, 1, 0));
	assert_false(rs_sendq_make_room(&q, &pool, SENDQ_SLICES));
	assert_true(rs_sendq_make_room(&q, &pool, SENDQ_SLICES - 1));
	assert_false(q.grown);
	rs_sendq_clear(&q, &pool);
	free(memory);
}

/* However many slices it takes, a queue stays shorter than half of all sequence numbers. */
static void a_sendq_of_large_slices(void **state)
{
	struct chunk_pool pool;
	void *memory = new_pool_of(&pool, 2048, 2112);
	static const uint8_t byte[1] = "x"; /* nobody reads on */
	struct sendq q = {0};

	(void)state;
	for (uint32_t i = 0; i <= SENDQ_SLICES; i++) {
		assert_true(rs_sendq_make_room(&q, &pool, 1));
		assert_true(rs_sendq_push(&q, byte, 1, 0));
	}
	while (rs_sendq_push(&q, byte, 1u << 28, 0))
		;
	assert_true(q.n_bytes >= 1u << 30 && q.n_bytes < 1u << 31);
	/* Nor is there room for one behind what was written at the bound. */
	assert_true(rs_sendq_push(&q, byte, SENDQ_MAX_BYTES - q.n_bytes, 0));
	assert_non_null(rs_sendq_reserve(&q, &pool, 1));
	rs_sendq_commit(&q, 1, &pool);
	assert_false(rs_sendq_push(&q, byte, 1u << 28, 0));
	rs_sendq_clear(&q, &pool);
	free(memory);
}

/* What has grown before takes as much from an empty pool, until it is let shrink. */
static void a_sendq_grown_before(void **state)
{
	enum {
		BYTES = 2112
	};
	static const uint8_t byte[1] = "x";
	struct chunk_pool pool;
	void *memory = new_pool_of(&pool, 1, BYTES);
	struct sendq q = {0}, other = {0};

	(void)state;
	assert_true(rs_sendq_push(&q, byte, 1, 0));
	assert_true(rs_sendq_grow(&q, &pool));
	assert_true(rs_sendq_grow(&q, &pool)); /* it has */
	assert_int_equal(pool.n_free, 0);
	assert_false(rs_sendq_grow(&other, &pool));
	for (uint32_t round = 0; round < 3; round++) {
		while (q.n < SENDQ_GROWN)
			assert_true(rs_sendq_push_more(&q, &pool, byte, 1, 0));
		assert_false(rs_sendq_push_more(&q, &pool, byte, 1, 0));
		if (round == 1)
			rs_sendq_ack(&q, 1, &pool);
		if (round == 2) /* it is not empty yet */
			rs_sendq_shrink(&q, &pool);
		assert_int_equal(pool.n_free, 0);
		rs_sendq_ack(&q, q.n_bytes, &pool);
		assert_true(rs_sendq_empty(&q));
		assert_int_equal(q.n_bytes, 0);
		assert_int_equal(pool.n_free, round == 2);
	}
	assert_true(rs_sendq_grow(&q, &pool));
	rs_sendq_shrink(&q, &pool);
	assert_int_equal(pool.n_free, 1);
	assert_true(rs_sendq_grow(&q, &pool));
	rs_sendq_clear(&q, &pool);
	assert_int_equal(pool.n_free, 1);
	free(memory);
}

static void small_replies_share_a_chunk(void **state)
{
	struct chunk_pool pool;
	void *memory = new_pool(&pool);
	struct sendq q = {0};

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		uint8_t *to = rs_sendq_reserve(&q, &pool, 50);

		assert_non_null(to);
		memset(to, 'a', 50);
		rs_sendq_commit(&q, 50, &pool);
	}
	assert_int_equal(q.n, 1);
	assert_int_equal(pool.n_free, N_CHUNKS - 1);
	assert_null(rs_sendq_reserve(&q, &pool, CHUNK_BYTES + 1));
	rs_sendq_clear(&q, &pool);
	free(memory);
}

static void a_low_pool_gives_one_chunk_each(void **state)
{
	struct chunk_pool pool;
	void *memory = new_pool(&pool);
	struct sendq greedy = {0}, other = {0};
	uint32_t taken[N_CHUNKS], n = 0;

	(void)state;
	while (pool.n_free > N_CHUNKS / 4 - 1)
		taken[n++] = rs_chunk_alloc(&pool);
	assert_non_null(rs_sendq_reserve(&greedy, &pool, CHUNK_BYTES));
	rs_sendq_commit(&greedy, CHUNK_BYTES, &pool);
	assert_null(rs_sendq_reserve(&greedy, &pool, 10));
	rs_chunk_free(&pool, taken[--n]);
	assert_non_null(rs_sendq_reserve(&other, &pool, 10));
	rs_sendq_commit(&other, 10, &pool);
	rs_sendq_clear(&greedy, &pool);
	rs_sendq_clear(&other, &pool);
	while (n)
		rs_chunk_free(&pool, taken[--n]);
	assert_int_equal(pool.n_free, N_CHUNKS);
	free(memory);
}

/* RFC 1071 section 1, byte by byte. */
static uint16_t naive_sum(const uint8_t *p, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void checksum(void **state)
{
	/* The example of RFC 1071 section 3: 0001 f203 f4f5 f6f7 sum to ddf2. */
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(__builtin_bswap16(rs_csum_fold16(rs_csum_add(0, example, 8))), 0xddf2);
	for (uint32_t len = 0; len < 300; len++) {
		uint8_t *data = malloc(len + 1), *copy = malloc(len + 1);

		for (uint32_t i = 0; i < len; i++)
			data[i] = (uint8_t)(draw(4) ? 0xff : draw(256));
		assert_int_equal(__builtin_bswap16(rs_csum_fold16(rs_csum_add(0, data, len))),
			naive_sum(data, len));
		assert_int_equal(rs_csum_fold16(rs_csum_copy(0, copy, data, len)),
			rs_csum_fold16(rs_csum_add(0, data, len)));
		assert_memory_equal(copy, data, len);
		free(data);
		free(copy);
	}
}

/* The vectors of the SipHash paper's reference: key 00..0f, input 00..n. */
static void siphash(void **state)
{
	static const uint64_t expected[] = {UINT64_C(0x726fdb47dd0e0e31),
		UINT64_C(0x74f839c593dc67fd), UINT64_C(0x0d6c8009d9a94f5a),
		UINT64_C(0x85676696d7fb7e2d)};
	static const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	uint8_t input[16];

	(void)state;
	for (uint8_t i = 0; i < sizeof(input); i++)
		input[i] = i;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(expected); i++)
		assert_int_equal(rs_siphash(key, input, i), expected[i]);
	/* Appendix A of the paper: 15 bytes. */
	assert_int_equal(rs_siphash(key, input, 15), UINT64_C(0xa129ca6149be45e5));
}

/* A chunk comes back when the last of its owners has let go of it, and nobody writes to it before.
 */
static void shared_chunks(void **state)
{
	struct chunk_pool pool;
	void *memory = new_pool(&pool);
	struct sendq a = {0}, b = {0};
	uint8_t *bytes = rs_sendq_reserve(&a, &pool, 10);
	uint32_t chunk = a.slices[0].chunk;

	(void)state;
	memset(bytes, 'x', 10);
	rs_sendq_commit(&a, 10, &pool);
	assert_false(rs_chunk_is_shared(&pool, chunk));
	rs_chunk_share(&pool, chunk);
	rs_sendq_push_summed(&b, bytes, 10, chunk, 7);
	assert_true(rs_chunk_is_shared(&pool, chunk));
	assert_ptr_not_equal(rs_sendq_reserve(&a, &pool, 10), bytes + 10);
	rs_sendq_commit(&a, 0, &pool);
	assert_int_equal(pool.n_free, N_CHUNKS - 1);
	assert_true(rs_sendq_push_more(&b, &pool, (const uint8_t *)"y", 1, 0));
	assert_int_equal(b.n, 2);
	rs_sendq_ack(&a, 10, &pool);
	assert_int_equal(pool.n_free, N_CHUNKS - 1);
	assert_false(rs_chunk_is_shared(&pool, chunk));
	assert_int_equal(rs_sendq_sum(&b, 0, 10), 7);
	rs_sendq_clear(&b, &pool);
	assert_int_equal(pool.n_free, N_CHUNKS);
	free(memory);
}

/* Bytes are put behind a slice whose checksum is known, once nobody else has its chunk. */
static void a_known_sum_is_of_the_slice_as_it_was(void **state)
{
	struct chunk_pool pool;
	void *memory = new_pool(&pool);
	struct sendq q = {0}, grown = {0};
	uint32_t chunk = rs_chunk_alloc(&pool);

	(void)state;
	rs_sendq_push_summed(&q, rs_chunk_data(&pool, chunk), 10, chunk, 7);
	assert_int_equal(rs_sendq_sum(&q, 0, 10), 7);
	assert_ptr_equal(rs_sendq_reserve(&q, &pool, 5), rs_chunk_data(&pool, chunk) + 10);
	rs_sendq_commit(&q, 5, &pool);
	assert_int_equal(rs_sendq_sum(&q, 0, 15), 0);
	rs_sendq_clear(&q, &pool);

	chunk = rs_chunk_alloc(&pool);
	rs_sendq_push_summed(&grown, rs_chunk_data(&pool, chunk), 10, chunk, 7);
	assert_true(rs_sendq_push_more(&grown, &pool, (const uint8_t *)"12345", 5, 0));
	assert_int_equal(grown.n, 1);
	assert_int_equal(rs_sendq_sum(&grown, 0, 15), 0);
	rs_sendq_clear(&grown, &pool);
	assert_int_equal(pool.n_free, N_CHUNKS);
	free(memory);
}

static void histogram(void **state)
{
	static struct histogram h;

	(void)state;
	memset(&h, 0, sizeof(h));
	assert_int_equal(rs_histogram_percentile(&h, 0.5), 0);
	assert_true(rs_histogram_mean(&h) == 0);
	for (uint64_t value = 1; value <= 1000; value++)
		rs_histogram_record(&h, value * 1000);
	assert_int_equal(h.max, 1000000);
	assert_true(rs_histogram_mean(&h) == 500500);
	for (uint32_t percent = 1; percent <= 100; percent++) {
		uint64_t exact = percent * 10000;
		uint64_t got = rs_histogram_percentile(&h, percent / 100.0);

		assert_true(got >= exact && got <= exact + exact / HISTOGRAM_STEPS);
	}
	/* Every size has its bucket, and none is beyond the last. */
	memset(&h, 0, sizeof(h));
	for (uint32_t bit = 0; bit < 64; bit++) {
		rs_histogram_record(&h, UINT64_C(1) << bit);
		rs_histogram_record(&h, (UINT64_C(1) << bit) - 1);
	}
	rs_histogram_record(&h, UINT64_MAX);
	assert_true(rs_histogram_bucket(UINT64_MAX) < HISTOGRAM_BUCKETS);
	assert_true(rs_histogram_percentile(&h, 1) == UINT64_MAX);
}

/* ---- sums ---- */

/* Any part of an area has the sum of its bytes, wherever it begins and ends (RFC 1071). */
static void sums_are_those_of_the_bytes(void **state)
{
	enum {
		N = 12 * SUMS_BLOCK
	};
	static _Alignas(SUMS_BLOCK) uint8_t data[N];
	static uint16_t sums[N / SUMS_BLOCK];
	struct sums_area area = {.start = data, .len = N, .sums = sums};

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		data[i] = (uint8_t)draw(256);
	memset(data + 5 * SUMS_BLOCK, 0, SUMS_BLOCK);
	memset(data + 7 * SUMS_BLOCK, 0xff, SUMS_BLOCK);
	rs_sums_make(&area, data, N);
	for (uint32_t from = 0; from < 3 * SUMS_BLOCK; from++) {
		for (uint32_t len = 0; len <= N - from; len++)
			assert_int_equal(rs_sums_of(&area, data + from, len) % 0xffff,
				rs_csum_fold16(rs_csum_add(0, data + from, len)) % 0xffff);
	}
}

/* Nothing is known of blocks that are not all of what was made, and nothing is asked of them. */
static void sums_of_a_part(void **state)
{
	enum {
		N = 8 * SUMS_BLOCK
	};
	static _Alignas(SUMS_BLOCK) uint8_t data[N];
	uint16_t sums[N / SUMS_BLOCK];
	struct sums_area area = {.start = data, .len = N, .sums = sums};

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		data[i] = (uint8_t)draw(256);
	for (uint32_t from = 0; from < 2 * SUMS_BLOCK; from += 31) {
		for (uint32_t len = 0; len <= N - from; len += 17) {
			memset(sums, 0xa5, sizeof(sums));
			rs_sums_make(&area, data + from, len);
			for (uint32_t skip = 0; skip <= len; skip += 13)
				assert_int_equal(
					rs_sums_of(&area, data + from + skip, len - skip) % 0xffff,
					rs_csum_fold16(
						rs_csum_add(0, data + from + skip, len - skip)) %
						0xffff);
		}
	}
}

static void areas_are_found_by_address(void **state)
{
	static _Alignas(SUMS_BLOCK) uint8_t data[64 * SUMS_BLOCK];
	struct sums_area areas[9];

	(void)state;
	/* Every third pair of blocks, so that there are gaps. */
	for (uint32_t i = 0; i < 9; i++)
		areas[i] = (struct sums_area){
			.start = data + (1 + 6 * i) * SUMS_BLOCK, .len = 2 * SUMS_BLOCK};
	for (uint32_t n = 0; n <= 9; n++) {
		for (uint32_t at = 0; at < sizeof(data); at++) {
			uint32_t block = at / SUMS_BLOCK;
			bool is_in = (block % 6 == 1 || block % 6 == 2) && block / 6 < n;

			assert_ptr_equal(rs_sums_find(areas, n, data + at),
				is_in ? &areas[block / 6] : NULL);
		}
	}
}

/* Of the machine's 2 MB pages set aside, how many are free; 0: it has none. */
static unsigned free_huge_pages(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	unsigned n = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%u", &n) != 1)
		n = 0;
	fclose(file);
	return n;
}

/* In bytes, of the mapping that begins there. */
static size_t page_bytes_at(const void *memory)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	size_t kib = 0;
	bool is_there = false;
	char line[512];

	assert_non_null(file);
	while (!kib && fgets(line, sizeof(line), file)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_there = from <= (uintptr_t)memory && (uintptr_t)memory < to;
		else if (is_there)
			sscanf(line, "KernelPageSize: %zu kB", &kib);
	}
	fclose(file);
	return kib << 10;
}

/* From the pages set aside where there are some to spare: EAL keeps room to grow there. */
static void pages_are_huge_where_they_may_be(void **state)
{
	const size_t n_bytes = 3 * PAGES_UNIT;
	unsigned before = free_huge_pages();
	uint8_t *memory = rs_pages_map(n_bytes);
	unsigned after = free_huge_pages();

	(void)state;
	assert_non_null(memory);
	assert_int_equal((uintptr_t)memory % PAGES_UNIT, 0);
	for (size_t at = 0; at < n_bytes; at += 512)
		assert_int_equal(memory[at], 0);
	memset(memory, 1, n_bytes);
	if (before > 64 && after > 64) /* what other programs may have asked for is not seen */
		assert_int_equal(page_bytes_at(memory), PAGES_UNIT);
	if (before < 32 && after < 32)
		assert_int_not_equal(page_bytes_at(memory), PAGES_UNIT);
	rs_pages_unmap(memory, n_bytes);
}

static void huge_pages_are_what_the_kernel_says(void **state)
{
	static const struct {
		const char *setting;
		bool may_be_huge;
	} cases[] = {{"always [madvise] never\n", true}, {"[always] madvise never\n", true},
		{"always madvise [never]\n", false}, {"", false}};
	char folder[TEMP_PATH_BYTES], path[TEMP_PATH_BYTES + 8];

	(void)state;
	temp_new_dir(folder);
	snprintf(path, sizeof(path), "%s/file", folder);
	assert_false(rs_pages_may_be_huge(path));
	for (size_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(cases[i].setting, file);
		fclose(file);
		assert_int_equal(rs_pages_may_be_huge(path), cases[i].may_be_huge);
	}
	temp_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_the_bytes),
		cmocka_unit_test(sums_of_a_part),
		cmocka_unit_test(areas_are_found_by_address),
		cmocka_unit_test(chunks_are_handed_out_once),
		cmocka_unit_test(sendq_against_a_model),
		cmocka_unit_test(a_sum_goes_with_its_slice),
		cmocka_unit_test(a_grown_sendq_against_a_model),
		cmocka_unit_test(a_widened_sendq),
		cmocka_unit_test(a_sendq_of_large_slices),
		cmocka_unit_test(a_sendq_grown_before),
		cmocka_unit_test(small_replies_share_a_chunk),
		cmocka_unit_test(a_low_pool_gives_one_chunk_each),
		cmocka_unit_test(checksum),
		cmocka_unit_test(pages_are_huge_where_they_may_be),
		cmocka_unit_test(siphash),
		cmocka_unit_test(shared_chunks),
		cmocka_unit_test(a_known_sum_is_of_the_slice_as_it_was),
		cmocka_unit_test(histogram),
		cmocka_unit_test(huge_pages_are_what_the_kernel_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
