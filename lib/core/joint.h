/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How neighbouring stages are joined: by a direct call where they share a core, by a
 * single-producer/single-consumer ring where they do not. A stage does not know which.
 *
 * The upstream stage pushes or the downstream stage pulls; both hand over ownership of the frames
 * that are taken, and the caller keeps the rest. Includes DPDK.
 */
#ifndef RS_CORE_JOINT_H
#define RS_CORE_JOINT_H

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

struct joint {
	struct rte_ring *ring; /* NULL: call is used instead */
	uint32_t (*call)(void *self, struct rte_mbuf **pkts, uint32_t n);
	void *self;
};

/*
 * Frames that came into a stage's hands and those that left them. Equal once a stage has stopped
 * and freed what it held: drivers keep frames of their own, so the pool alone cannot tell a leak.
 */
struct frame_ledger {
	uint64_t n_in;
	uint64_t n_out;
};

/* Takes up to max frames. Returns how many. */
static inline uint32_t rs_joint_pull(struct joint *j, struct rte_mbuf **pkts, uint32_t max)
{
	if (j->ring)
		return rte_ring_sc_dequeue_burst(j->ring, (void **)pkts, max, NULL);
	return j->call(j->self, pkts, max);
}

/* Hands over up to n frames. Returns how many were taken, the first ones. */
static inline uint32_t rs_joint_push(struct joint *j, struct rte_mbuf **pkts, uint32_t n)
{
	if (j->ring)
		return rte_ring_sp_enqueue_burst(j->ring, (void *const *)pkts, n, NULL);
	return j->call(j->self, pkts, n);
}

/* A ring of n frames (a power of two) under a unique name. 0 or -errno, logged. */
int rs_joint_ring(struct joint *j, const char *name, uint32_t n, int socket);

/* 1, said on stderr, if frames are missing from the ledger of a stage that has stopped; else 0. */
uint32_t rs_frame_ledger_leaks(const struct frame_ledger *frames, const char *stage);

/* Frees what is left in the ring, and the ring. Nothing happens to a direct joint. */
void rs_joint_free(struct joint *j);

#endif
