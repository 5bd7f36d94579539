/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a net stage does with fragments: packets that become whole are dealt with as if they had
 * come so, but for TCP segments where there are several net cores (fragments come to another one
 * than their connection). Called on the net core that the stage belongs to. May include everything.
 */
#ifndef RS_APP_NET_FRAGMENTS_H
#define RS_APP_NET_FRAGMENTS_H

#include "stage_net.h"

/* pkt: of kind WIRE_IP_FRAGMENT. A segment that it completes takes the place of what stands in m.
 */
void rs_net_take_fragment(
	struct stage_net *net, struct net_port *port, const struct pkt *pkt, struct rte_mbuf *m);

/* Gives up packets that are late, and tells who sent them. */
void rs_net_give_up_fragments(struct stage_net *net);

#endif
