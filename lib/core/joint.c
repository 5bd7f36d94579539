/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/joint.h"

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
