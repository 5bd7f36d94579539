/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_answer.h"

#include <rte_mbuf.h>

#include "net_render.h"
#include "wire/neighbour.h"
#include "wire/icmp.h"
#include "wire/cut.h"

#define ICMP_PER_SECOND 1000 /* of errors, and of all else (RFC 1812 section 4.3.2.8) */

/* It was made elsewhere: only what gets an answer takes an mbuf, and counts in a limit. */
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

/* It need only be hard to guess, and another one for each packet to this peer (RFC 7739). */
static uint32_t identification(struct stage_net *net, const struct pkt *pkt)
{
	struct flow_key key = {.family = pkt->family};

	net->n_cut++;
	memcpy(key.remote, pkt->src, 16);
	memcpy(key.local, &net->n_cut, sizeof(net->n_cut));
	return rs_flow_hash(&key, net->tcp.cfg->flow_secret);
}

/* Of fragments, only as many as leave room for all else that a turn may queue. */
static void send_fragments(
	struct stage_net *net, struct net_port *port, struct cut *cut, uint32_t mtu)
{
	uint8_t fragment[RTE_ETHER_MAX_JUMBO_FRAME_LEN];
	uint32_t len;

	while ((len = rs_cut_next(cut, mtu, fragment))) {
		if (port->n_out + NET_MAX_QUEUED >= NET_OUT) {
			net->counters[NET_C_DROP_OUT_FULL]++;
			return;
		}
		send_answer(net, port, fragment, len, NET_C_FRAGMENTS_OUT);
	}
}

/* An answer that may be longer than what the port sends at once. */
static void send_echo(
	struct stage_net *net, struct net_port *port, const struct pkt *pkt, uint32_t len)
{
	uint32_t mtu = pkt->family == 4 ? port->mtu : rs_min_u32(port->mtu, CUT_MTU_V6);
	struct cut cut = {
		.frame = {net->echo, len},
		.l2 = ETH_HEADER_BYTES + (port->host.vlan_id ? (uint32_t)VLAN_TAG_BYTES : 0),
	};

	if (rs_likely(!rs_cut_needed(&cut, port->mtu))) {
		send_answer(net, port, net->echo, len, NET_C_ECHO_ANSWERED);
		return;
	}
	cut.id = identification(net, pkt);
	send_fragments(net, port, &cut, mtu);
	net->counters[NET_C_ECHO_ANSWERED]++;
}

static void answer_echo(struct stage_net *net, struct net_port *port, const struct pkt *pkt)
{
	uint32_t len = rs_icmp_echo_answer(&port->host, pkt, net->echo, NET_ECHO_BYTES);

	if (!len)
		net->counters[NET_C_DROP_UNHANDLED]++;
	else if (icmp_allowed(net, &net->n_echoes))
		send_echo(net, port, pkt, len);
}

/* An ICMP error, made on the stack; len 0: none. */
static void send_error(
	struct stage_net *net, struct net_port *port, const uint8_t *answer, uint32_t len)
{
	if (len && icmp_allowed(net, &net->n_icmp_errors))
		send_answer(net, port, answer, len, NET_C_ICMP_ERRORS_OUT);
}

static void answer_unreachable(struct stage_net *net, struct net_port *port, const struct pkt *pkt)
{
	uint8_t answer[WIRE_ANSWER_BYTES];
	uint32_t len = rs_icmp_unreachable(&port->host, pkt, answer);

	if (!len)
		net->counters[NET_C_DROP_UNHANDLED]++;
	send_error(net, port, answer, len);
}

void rs_net_answer_dropped(
	struct stage_net *net, struct net_port *port, const struct pkt *pkt, uint32_t drop)
{
	uint8_t answer[WIRE_ANSWER_BYTES];

	if (drop == WIRE_IP_OPTION || drop == WIRE_IP_SOURCE_ROUTE)
		send_error(net, port, answer, rs_icmp_problem(&port->host, pkt, answer));
}

void rs_net_answer_late(struct stage_net *net, struct net_port *port, const struct pkt *pkt)
{
	uint8_t answer[WIRE_ANSWER_BYTES];

	send_error(net, port, answer, rs_icmp_reassembly_late(&port->host, pkt, answer));
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
	default:
		rs_net_answer_ip(net, port, pkt);
		return false;
	}
}

void rs_net_answer_ip(struct stage_net *net, struct net_port *port, const struct pkt *pkt)
{
	switch (pkt->kind) {
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
}
