/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net stage's way out: what connections have to say becomes frames. Small replies are copied
 * behind their headers. Where the port can read large bodies in memory that lasts (anchor.h) by
 * itself, frames point to it, and the checksum is made of sums that are known. Where bodies are
 * copied, they are summed up on the way: that is cheaper than to look for their sums.
 *
 * Belongs to the stage's core. May include everything.
 */
#ifndef RS_APP_NET_RENDER_H
#define RS_APP_NET_RENDER_H

#include "stage_net.h"

/* Writes the frames of this turn's segments, and queues them for their ports. */
void rs_net_render(struct stage_net *net);

static inline void rs_net_drop_frame(struct stage_net *net, struct rte_mbuf *m)
{
	rte_pktmbuf_free(m);
	net->frames.n_out++;
}

/* There is room: port->n_out < NET_OUT. */
static inline void rs_net_queue_frame(struct net_port *port, struct rte_mbuf *m)
{
	m->port = port->host.port;
	port->out[port->n_out++] = m;
}

#endif
