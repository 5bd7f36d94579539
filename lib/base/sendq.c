/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/sendq.h"

#include <stddef.h>
#include <string.h>

#define WIDE_BYTES (1u << 20) /* in a queue: enough, be it few slices */

static inline uint8_t slot(const struct sendq *q, uint32_t i)
{
	uint32_t k = q->head + i;

	return (uint8_t)(k >= rs_sendq_capacity(q) ? k - rs_sendq_capacity(q) : k);
}

static inline struct slice *ring_of(const struct sendq *q)
{
	return __builtin_expect(q->grown, 0) ? (struct slice *)(uintptr_t)q->slices[0].data
					     : (struct slice *)(uintptr_t)q->slices;
}

/* The i-th slice. The ring of a queue that has grown is aligned like its chunk. */
static inline struct slice *nth(const struct sendq *q, uint32_t i)
{
	return &ring_of(q)[slot(q, i)];
}

struct slice *rs_sendq_last(struct sendq *q)
{
	return q->n ? nth(q, q->n - 1u) : NULL;
}

static inline void let_go(const struct slice *s, struct chunk_pool *pool)
{
	if (s->chunk)
		rs_chunk_free(pool, s->chunk);
}

/* There is room for it. */
static inline void add(struct sendq *q, const uint8_t *data, uint32_t len, uint32_t chunk)
{
	*nth(q, q->n++) = (struct slice){.data = data, .len = len, .chunk = chunk};
	q->n_bytes += len;
}

bool rs_sendq_push(struct sendq *q, const uint8_t *data, uint32_t len, uint32_t chunk)
{
	if (rs_sendq_full(q) || (uint64_t)q->n_bytes + len > SENDQ_MAX_BYTES)
		return false;
	add(q, data, len, chunk);
	return true;
}

/* Moves the ring into a chunk. */
static bool grow(struct sendq *q, struct chunk_pool *pool)
{
	uint32_t chunk = rs_chunk_alloc(pool);
	struct slice *ring;

	if (!chunk)
		return false;
	ring = (struct slice *)(void *)rs_chunk_data(pool, chunk);
	for (uint32_t i = 0; i < q->n; i++)
		ring[i] = *nth(q, i);
	q->slices[0] = (struct slice){.data = (const uint8_t *)ring, .chunk = chunk};
	q->head = 0;
	q->sum = 0;
	q->grown = true;
	return true;
}

bool rs_sendq_grow(struct sendq *q, struct chunk_pool *pool)
{
	q->stays_grown = q->grown || grow(q, pool);
	return q->stays_grown;
}

__attribute__((cold, noinline)) bool rs_sendq_widen(struct sendq *q, struct chunk_pool *pool)
{
	return !q->grown && q->n_bytes < WIDE_BYTES && rs_chunk_ration(pool) > SENDQ_SLICES &&
	       grow(q, pool);
}

void rs_sendq_shrink(struct sendq *q, struct chunk_pool *pool)
{
	q->stays_grown = false;
	if (!q->n)
		rs_sendq_clear(q, pool);
}

/* Appends by copying; false when there is no room behind the youngest slice. */
static bool append(struct sendq *q, struct chunk_pool *pool, const uint8_t *data, uint32_t len)
{
	struct slice *last = rs_sendq_last(q);
	uint32_t used;

	if (!last || !last->chunk || rs_chunk_is_shared(pool, last->chunk))
		return false;
	used = (uint32_t)(last->data - rs_chunk_data(pool, last->chunk)) + last->len;
	if (pool->chunk_bytes - used < len)
		return false;
	memcpy(rs_chunk_data(pool, last->chunk) + used, data, len);
	last->len += len;
	q->n_bytes += len;
	q->sum = 0;
	return true;
}

bool rs_sendq_push_more(
	struct sendq *q, struct chunk_pool *pool, const uint8_t *data, uint32_t len, uint32_t chunk)
{
	if (append(q, pool, data, len)) {
		if (chunk)
			rs_chunk_free(pool, chunk);
		return true;
	}
	if (!q->grown && q->n == SENDQ_SLICES && !grow(q, pool))
		return false;
	if (rs_sendq_full(q))
		return false;
	add(q, data, len, chunk);
	return true;
}

void rs_sendq_push_summed(
	struct sendq *q, const uint8_t *data, uint32_t len, uint32_t chunk, uint16_t sum)
{
	q->slices[0] = (struct slice){.data = data, .len = len, .chunk = chunk};
	q->n = 1;
	q->n_bytes = len;
	q->sum = sum;
}

/*
 * May a queue that holds something have one chunk more? When the pool runs low it may not, nor
 * beyond its ration: who does not read leaves the others some.
 */
static inline bool may_have_more(struct sendq *q, struct chunk_pool *pool)
{
	if (pool->n_free < pool->n_total / 4)
		return false;
	return __builtin_expect(q->n < SENDQ_SLICES, 1) ||
	       (q->n < rs_chunk_ration(pool) && rs_sendq_make_room(q, pool, 1));
}

/* Not inlined: small replies that are queued together find room where the one before is. */
static __attribute__((noinline)) uint8_t *reserve_chunk(
	struct sendq *q, struct chunk_pool *pool, uint32_t want)
{
	uint32_t chunk;

	if (want > pool->chunk_bytes || (q->n && !may_have_more(q, pool)))
		return NULL;
	chunk = rs_chunk_alloc(pool);
	if (!chunk)
		return NULL;
	add(q, rs_chunk_data(pool, chunk), 0, chunk);
	return rs_chunk_data(pool, chunk);
}

uint8_t *rs_sendq_reserve(struct sendq *q, struct chunk_pool *pool, uint32_t want)
{
	const struct slice *last = rs_sendq_last(q);

	if (last && last->chunk && !rs_chunk_is_shared(pool, last->chunk)) {
		uint8_t *base = rs_chunk_data(pool, last->chunk);
		uint32_t used = (uint32_t)(last->data - base) + last->len;

		if (pool->chunk_bytes - used >= want)
			return base + used;
	}
	return reserve_chunk(q, pool, want);
}

void rs_sendq_commit(struct sendq *q, uint32_t used, struct chunk_pool *pool)
{
	struct slice *last = rs_sendq_last(q);

	last->len += used;
	q->n_bytes += used;
	q->sum = 0; /* it may have been of this slice, as it was */
	if (last->len == 0) {
		rs_chunk_free(pool, last->chunk);
		q->n--;
	}
}

static void forget_all(struct sendq *q, struct chunk_pool *pool)
{
	const struct slice *ring = ring_of(q);
	uint32_t end = rs_sendq_capacity(q);
	uint32_t k = q->head;

	for (uint32_t n = q->n; n; n--) {
		let_go(&ring[k], pool);
		if (++k == end)
			k = 0;
	}
	if (__builtin_expect(q->stays_grown, 0)) {
		q->n_bytes = q->head_skip = 0;
		q->head = q->n = 0;
		return;
	}
	if (q->grown)
		rs_chunk_free(pool, q->slices[0].chunk);
	*q = (struct sendq){0};
}

void rs_sendq_ack(struct sendq *q, uint32_t n, struct chunk_pool *pool)
{
	const struct slice *first;

	if (n == q->n_bytes) {
		forget_all(q, pool);
		return;
	}
	q->n_bytes -= n;
	n += q->head_skip;
	for (first = nth(q, 0); n >= first->len; first = nth(q, 0)) {
		n -= first->len;
		let_go(first, pool);
		q->head = slot(q, 1);
		q->n--;
		q->sum = 0;
	}
	q->head_skip = n;
}

uint32_t rs_sendq_peek(const struct sendq *q, uint32_t offset, uint32_t len, struct slice *spans)
{
	uint32_t n = 0;

	offset += q->head_skip;
	for (uint32_t i = 0; i < q->n && len && n < SENDQ_SLICES; i++) {
		const struct slice *s = nth(q, i);
		uint32_t take;

		if (offset >= s->len) {
			offset -= s->len;
			continue;
		}
		take = s->len - offset < len ? s->len - offset : len;
		spans[n++] =
			(struct slice){.data = s->data + offset, .len = take, .chunk = s->chunk};
		len -= take;
		offset = 0;
	}
	return n;
}

uint32_t rs_sendq_cover(const struct sendq *q, uint32_t offset, uint32_t len)
{
	struct slice spans[SENDQ_SLICES];
	uint32_t n, covered = 0;

	if (__builtin_expect(!q->grown, 1))
		return len;
	n = rs_sendq_peek(q, offset, len, spans);
	for (uint32_t i = 0; i < n; i++)
		covered += spans[i].len;
	return covered;
}

void rs_sendq_clear(struct sendq *q, struct chunk_pool *pool)
{
	q->stays_grown = false;
	if (q->n || q->grown)
		forget_all(q, pool);
}
