/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_answer.h"

#include <rte_mbuf.h>

#include "net_render.h"
#include "wire/answer.h"

#define ICMP_PER_SECOND 1000 /* of errors, and of all else (RFC 1812 section 4.3.2.8) */

/* It was made on the stack: only what gets an answer takes an mbuf, and counts in a limit. */
static void send_answer(struct stage_net *net, struct net_port *port, const uint8_t *answer,
	uint32_t len, enum net_counter counter)
{
	struct rte_mbuf *m;

	if (rs_unlikely(port->n_out == NET_OUT)) {
		net->counters[NET_C_DROP_OUT_FULL]++;
		return;
	}
	m = rte_pktmbuf_alloc(net->mbufs);
	if (rs_unlikely(!m)) {
		net->counters[NET_C_DROP_NO_MBUF]++;
		return;
	}
	net->frames.n_in++;
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), answer, len);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	rs_net_queue_frame(port, m);
	net->counters[counter]++;
}

/* Tokens refill once a second, so that nobody can make us a source of ICMP floods. */
static bool icmp_allowed(struct stage_net *net, uint32_t *n_sent)
{
	if (net->tcp.now_us - net->icmp_window_us >= 1000000) {
		net->icmp_window_us = net->tcp.now_us;
		net->n_echoes = 0;
		net->n_icmp_errors = 0;
	}
	if (*n_sent == ICMP_PER_SECOND) {
		net->counters[NET_C_DROP_ICMP_LIMIT]++;
		return false;
	}
	++*n_sent;
	return true;
}

static void answer_neighbour(struct stage_net *net, struct net_port *port, const struct pkt *pkt)
{
	uint8_t answer[WIRE_ANSWER_BYTES];
	uint32_t len = pkt->kind == WIRE_ARP ? rs_arp_answer(&port->host, pkt, answer)
					     : rs_nd_answer(&port->host, pkt, answer);

	if (len)
		send_answer(net, port, answer, len, NET_C_ARP_ANSWERED);
}

static void answer_echo(struct stage_net *net, struct net_port *port, const struct pkt *pkt)
{
	uint8_t answer[RTE_ETHER_MAX_JUMBO_FRAME_LEN];
	uint32_t room = rte_pktmbuf_data_room_size(net->mbufs) - RTE_PKTMBUF_HEADROOM;
	uint32_t len =
		rs_icmp_echo_answer(&port->host, pkt, answer, rs_min_u32(room, sizeof(answer)));

	if (!len)
		net->counters[NET_C_DROP_UNHANDLED]++;
	else if (icmp_allowed(net, &net->n_echoes))
		send_answer(net, port, answer, len, NET_C_ECHO_ANSWERED);
}

static void answer_unreachable(struct stage_net *net, struct net_port *port, const struct pkt *pkt)
{
	uint8_t answer[WIRE_ANSWER_BYTES];
	uint32_t len = rs_icmp_unreachable(&port->host, pkt, answer);

	if (!len)
		net->counters[NET_C_DROP_UNHANDLED]++;
	else if (icmp_allowed(net, &net->n_icmp_errors))
		send_answer(net, port, answer, len, NET_C_ICMP_ERRORS_OUT);
}

void rs_net_answer_problem(struct stage_net *net, struct net_port *port, const struct pkt *pkt)
{
	uint8_t answer[WIRE_ANSWER_BYTES];
	uint32_t len = rs_icmp_problem(&port->host, pkt, answer);

	if (len && icmp_allowed(net, &net->n_icmp_errors))
		send_answer(net, port, answer, len, NET_C_ICMP_ERRORS_OUT);
}

static void take_icmp_error(
	struct stage_net *net, const struct net_port *port, const struct pkt *pkt)
{
	struct icmp_too_big e;
	struct flow_key key = {0};

	if (!rs_icmp_parse_too_big(&port->host, pkt, &e))
		return;
	memcpy(key.remote, e.remote, 16);
	memcpy(key.local, e.local, 16);
	key.remote_port = e.remote_port;
	key.local_port = e.local_port;
	key.family = e.family;
	rs_tcp_path_mtu(&net->tcp, &key, e.seq, e.mtu);
}

/* True: m is no longer ours. */
static bool give_to_control(struct stage_net *net, const struct net_port *port, struct rte_mbuf *m)
{
	m->port = port->host.port;
	if (rs_joint_push(&net->slow->to_control, &m, 1) == 1) {
		net->counters[NET_C_TO_CONTROL]++;
		net->frames.n_out++;
		return true;
	}
	net->counters[NET_C_DROP_CONTROL_FULL]++;
	return false;
}

bool rs_net_take_other(
	struct stage_net *net, struct net_port *port, const struct pkt *pkt, struct rte_mbuf *m)
{
	switch (pkt->kind) {
	case WIRE_ARP:
	case WIRE_ND: /* the control core keeps the neighbour table */
		answer_neighbour(net, port, pkt);
		return give_to_control(net, port, m);
	case WIRE_MLD: /* it will be answered there, and counts here as an echo request */
		return icmp_allowed(net, &net->n_echoes) && give_to_control(net, port, m);
	case WIRE_ICMP_ECHO:
		answer_echo(net, port, pkt);
		break;
	case WIRE_ICMP_ERROR:
		take_icmp_error(net, port, pkt);
		break;
	case WIRE_UDP:
	case WIRE_OTHER_L4:
		answer_unreachable(net, port, pkt);
		break;
	default:
		net->counters[NET_C_DROP_UNHANDLED]++;
	}
	return false;
}
