/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way between a net core and the control core: two rings of frames, and which of our addresses
 * somebody else has. The net core waits for nothing, and what it hands over it no longer owns.
 * Includes core and io.
 */
#ifndef RS_APP_SLOW_PATH_H
#define RS_APP_SLOW_PATH_H

#include "core/joint.h"
#include "io/port.h"

struct slow_path {
	struct joint to_control;   /* ARP, ND, MLD, as received; m->port: where, by our number */
	struct joint from_control; /* frames ready to be sent on m->port */
	uint32_t n_changes;        /* of what follows; written by the control core alone */
	uint32_t unused[IO_MAX_PORTS]; /* by port: not ours for now, bits as for struct neigh_own */
};

static inline void rs_slow_path_set_unused(struct slow_path *slow, uint32_t port, uint32_t unused)
{
	__atomic_store_n(&slow->unused[port], unused, __ATOMIC_RELAXED);
	__atomic_store_n(&slow->n_changes, slow->n_changes + 1, __ATOMIC_RELEASE);
}

/* Net core: what is not ours is to be looked at where this has changed. */
static inline uint32_t rs_slow_path_changes(const struct slow_path *slow)
{
	return __atomic_load_n(&slow->n_changes, __ATOMIC_ACQUIRE);
}

static inline uint32_t rs_slow_path_unused(const struct slow_path *slow, uint32_t port)
{
	return __atomic_load_n(&slow->unused[port], __ATOMIC_RELAXED);
}

#endif
