/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a net stage does with packets that are not TCP, and need no connection: ARP, neighbour
 * discovery and groups, echo requests and ICMP errors, packets that nobody here wants. What is
 * answered goes out of the port that it came in by, within limits. Called on the net core that the
 * stage belongs to. May include everything.
 */
#ifndef RS_APP_NET_ANSWER_H
#define RS_APP_NET_ANSWER_H

#include "stage_net.h"

/* Everything but TCP. True: m is no longer ours. */
bool rs_net_take_other(
	struct stage_net *net, struct net_port *port, const struct pkt *pkt, struct rte_mbuf *m);

/* What of it IP has brought: everything but TCP, and what the control core is to see. */
void rs_net_answer_ip(struct stage_net *net, struct net_port *port, const struct pkt *pkt);

/* A packet that was dropped for a reason, enum wire_drop: its sender may be told. */
void rs_net_answer_dropped(
	struct stage_net *net, struct net_port *port, const struct pkt *pkt, uint32_t drop);

/* The first fragment of a packet whose others did not come in time: its sender is told. */
void rs_net_answer_late(struct stage_net *net, struct net_port *port, const struct pkt *pkt);

#endif
