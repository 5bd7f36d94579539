/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames received that are sent again. Any core; includes base and DPDK. */
#ifndef RS_IO_REUSE_H
#define RS_IO_REUSE_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "base/bytes.h"

/*
 * Of *n_from frames in from that are done with, takes up to n that can be sent again as they are:
 * of this pool, one mbuf each, and nobody else's. From the end, up to the first that is not. They
 * are in cache, and the pool need not be asked. Returns how many are in frames.
 */
static inline uint32_t rs_io_reuse(const struct rte_mempool *pool, struct rte_mbuf **from,
	uint32_t *n_from, struct rte_mbuf **frames, uint32_t n)
{
	uint32_t n_got = 0;

	while (n_got < n && *n_from) {
		struct rte_mbuf *m = from[*n_from - 1];

		if (rs_unlikely(m->nb_segs != 1 || m->pool != pool || !RTE_MBUF_DIRECT(m) ||
				rte_mbuf_refcnt_read(m) != 1))
			break;
		--*n_from;
		rte_pktmbuf_reset(m);
		frames[n_got++] = m;
	}
	return n_got;
}

#endif
