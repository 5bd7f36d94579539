/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/chunk.h"

#include "base/carve.h"

/* Of one array with a word a chunk. */
static size_t words_bytes(uint32_t n)
{
	return rs_align_line((size_t)n * sizeof(uint32_t));
}

size_t rs_chunk_pool_bytes(uint32_t n, uint32_t chunk_bytes)
{
	return 2 * words_bytes(n) + (size_t)n * chunk_bytes;
}

void rs_chunk_pool_init(struct chunk_pool *pool, void *memory, uint32_t n, uint32_t chunk_bytes)
{
	*pool = (struct chunk_pool){
		.base = (uint8_t *)memory + 2 * words_bytes(n),
		.free = memory,
		.n_more = (uint32_t *)((uint8_t *)memory + words_bytes(n)),
		.chunk_bytes = chunk_bytes,
		.n_total = n,
		.n_free = n,
	};
	/* The lowest number on top: a lightly loaded pool touches little memory. */
	for (uint32_t i = 0; i < n; i++) {
		pool->free[i] = n - i;
		pool->n_more[i] = 0;
	}
}
