/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables that are read at random while serving: in huge pages where they fill some, so that a
 * look-up does not miss in the TLB. Private to lib/content.
 */
#ifndef RS_CONTENT_LARGE_H
#define RS_CONTENT_LARGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

#include "content/arena.h"

/* Zeros, for free(); NULL: no memory. */
static inline void *rs_large_calloc(uint64_t n, uint64_t size)
{
	uint64_t n_bytes = n * size;
	void *memory;

	if (n_bytes < ARENA_PAGE)
		return calloc(n, size);
	n_bytes = (n_bytes + ARENA_PAGE - 1) / ARENA_PAGE * ARENA_PAGE;
	memory = aligned_alloc(ARENA_PAGE, n_bytes);
	if (memory) {
		/* Advice: without it there are more, smaller pages. */
		madvise(memory, n_bytes, MADV_HUGEPAGE);
		memset(memory, 0, n_bytes);
	}
	return memory;
}

#endif
