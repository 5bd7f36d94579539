/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/joint.h"

#include <inttypes.h>
#include <string.h>

#include <rte_errno.h>

#include "io/log.h"

int rs_joint_ring(struct joint *j, const char *name, uint32_t n, int socket)
{
	*j = (struct joint){
		.ring = rte_ring_create(name, n, socket, RING_F_SP_ENQ | RING_F_SC_DEQ),
	};
	if (j->ring)
		return 0;
	rs_log("ring %s of %u frames: %s", name, n, rte_strerror(rte_errno));
	return -rte_errno;
}

uint32_t rs_frame_ledger_leaks(const struct frame_ledger *frames, const char *stage)
{
	if (frames->n_in == frames->n_out)
		return 0;
	rs_log("leak: a %s stage took %" PRIu64 " frames and parted with %" PRIu64, stage,
		frames->n_in, frames->n_out);
	return 1;
}

void rs_joint_free(struct joint *j)
{
	struct rte_mbuf *m;

	if (!j->ring)
		return;
	while (rte_ring_sc_dequeue(j->ring, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(j->ring);
	j->ring = NULL;
}
