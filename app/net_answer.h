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

/* A packet that was dropped, and counted: its sender may be told why. */
void rs_net_answer_problem(struct stage_net *net, struct net_port *port, const struct pkt *pkt);

#endif
