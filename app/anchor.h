/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a net core has to know of memory that replies point into (http/lasting.h): its sums, and how
 * many mbufs point there, too. An anchor stands at the beginning of the chunk that owns the slices;
 * for what lives as long as the process (slices without a chunk), in the stage.
 *
 * Drivers may hold such mbufs after the peer has acknowledged what is in them, and free them on any
 * core. They are counted by DPDK's atomic counter, which starts with one that is never given back:
 * nothing is called when an mbuf is freed, the core looks when it wants to let go of the memory. It
 * takes from the counter in advance, for many mbufs at a time.
 *
 * Belongs to one core, but for the counter. Includes base and DPDK.
 */
#ifndef RS_APP_ANCHOR_H
#define RS_APP_ANCHOR_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/chunk.h"
#include "base/sendq.h"
#include "base/sums.h"

#define ANCHOR_ADVANCE   256
#define ANCHOR_MAX_MBUFS 65000 /* the counter has 16 bits: no pool of such mbufs may be larger */

struct anchor {
	const struct sums_area *areas; /* by address */
	uint32_t n_areas;
	uint32_t n_advance; /* counted, and not in use yet */
	bool is_external;   /* ports may be pointed there */
	struct rte_mbuf_ext_shared_info mbufs;
};

_Static_assert(1 + ANCHOR_MAX_MBUFS + ANCHOR_ADVANCE <= UINT16_MAX, "the counter does not wrap");

static inline void rs_anchor_init(
	struct anchor *a, const struct sums_area *areas, uint32_t n_areas, bool is_external)
{
	*a = (struct anchor){.areas = areas, .n_areas = n_areas, .is_external = is_external};
	rte_mbuf_ext_refcnt_set(&a->mbufs, 1);
}

/* n mbufs, of at most ANCHOR_ADVANCE, are going to point there. */
static inline void rs_anchor_count(struct anchor *a, uint32_t n)
{
	if (a->n_advance < n) {
		rte_mbuf_ext_refcnt_update(&a->mbufs, ANCHOR_ADVANCE);
		a->n_advance += ANCHOR_ADVANCE;
	}
	a->n_advance -= n;
}

/* No mbuf points there any more, and what was read of it has been read. */
static inline bool rs_anchor_is_free(const struct anchor *a)
{
	return __atomic_load_n(&a->mbufs.refcnt, __ATOMIC_ACQUIRE) == 1 + a->n_advance;
}

/* The anchor in a chunk that was made for one. */
static inline struct anchor *rs_anchor_in(const struct chunk_pool *chunks, uint32_t chunk)
{
	return (struct anchor *)(void *)rs_chunk_data(chunks, chunk);
}

/* The anchor of the bytes of s, or NULL where these stand in their chunk; process: that of what
 * has no chunk. */
static inline struct anchor *rs_anchor_of(
	const struct chunk_pool *chunks, const struct slice *s, struct anchor *process)
{
	if (!s->chunk)
		return process;
	if (rs_chunk_has(chunks, s->data))
		return NULL;
	return rs_anchor_in(chunks, s->chunk);
}

#endif
