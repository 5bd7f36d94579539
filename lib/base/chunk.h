/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pool of fixed-size chunks of memory, handed out by number. It holds what a connection needs
 * only now and then: rendered answers, out-of-order bytes, half a request head.
 *
 * A chunk may have several owners, each of whom frees it once: then nobody writes to it any more.
 *
 * Chunk numbers start at 1; 0 means "none". Allocation is last-in first-out, so that the chunk
 * handed out is the one most likely still in cache. A pool belongs to one core. It does not
 * allocate: the caller brings the memory. Includes libc only.
 */
#ifndef RS_BASE_CHUNK_H
#define RS_BASE_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk_pool {
	uint8_t *base;
	uint32_t *free;   /* stack of free chunk numbers */
	uint32_t *n_more; /* by number - 1: owners beside the first */
	uint32_t chunk_bytes;
	uint32_t n_total;
	uint32_t n_free;
	uint64_t n_refused; /* allocations that found the pool empty */
};

/* Bytes of memory that rs_chunk_pool_init() needs for n chunks of chunk_bytes (a multiple of 64).
 */
size_t rs_chunk_pool_bytes(uint32_t n, uint32_t chunk_bytes);

/* memory: rs_chunk_pool_bytes() bytes, 64-byte aligned, owned by the caller and outliving the pool.
 */
void rs_chunk_pool_init(struct chunk_pool *pool, void *memory, uint32_t n, uint32_t chunk_bytes);

/* A chunk number, or 0 when the pool is empty (counted in n_refused). */
static inline uint32_t rs_chunk_alloc(struct chunk_pool *pool)
{
	if (__builtin_expect(pool->n_free == 0, 0)) {
		pool->n_refused++;
		return 0;
	}
	return pool->free[--pool->n_free];
}

/* chunk: a number from rs_chunk_alloc() of the same pool, not freed by all of its owners. */
static inline void rs_chunk_share(struct chunk_pool *pool, uint32_t chunk)
{
	pool->n_more[chunk - 1]++;
}

static inline bool rs_chunk_is_shared(const struct chunk_pool *pool, uint32_t chunk)
{
	return pool->n_more[chunk - 1] != 0;
}

/* One of its owners needs it no longer. */
static inline void rs_chunk_free(struct chunk_pool *pool, uint32_t chunk)
{
	if (pool->n_more[chunk - 1])
		pool->n_more[chunk - 1]--;
	else
		pool->free[pool->n_free++] = chunk;
}

#define CHUNK_RATION 128 /* one chunk of so many that are free */

/*
 * How many chunks one user may have: a part of those that are free, but for a quarter of the pool,
 * of which it gets one at a time. So who keeps what he has leaves something to others, and the more
 * of them there are, the less each has.
 */
static inline uint32_t rs_chunk_ration(const struct chunk_pool *pool)
{
	uint32_t reserve = pool->n_total / 4;

	return 1 + (pool->n_free > reserve ? (pool->n_free - reserve) / CHUNK_RATION : 0);
}

/* Does what is at data stand in any chunk of the pool? */
static inline bool rs_chunk_has(const struct chunk_pool *pool, const void *data)
{
	return (uintptr_t)data - (uintptr_t)pool->base < (size_t)pool->n_total * pool->chunk_bytes;
}

static inline uint8_t *rs_chunk_data(const struct chunk_pool *pool, uint32_t chunk)
{
	return pool->base + (size_t)(chunk - 1) * pool->chunk_bytes;
}

#endif
