/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_fragments.h"

#include <rte_mbuf.h>

#include "net_answer.h"
#include "wire/link.h"
#include "wire/reassembly.h"
#include "wire/tcp_parse.h"

/* RFC 6980: such messages must not come in fragments; and of the others, none that long is asked.
 */
static bool is_for_control(const struct pkt *pkt)
{
	return pkt->kind == WIRE_ND || pkt->kind == WIRE_MLD;
}

/*
 * TCP reads a segment's text until the turn is over: it moves into the mbuf of the fragment that
 * came last, which is freed then.
 */
static uint32_t take_segment(
	struct stage_net *net, struct net_port *port, struct span frame, struct rte_mbuf *m)
{
	struct pkt pkt;
	uint32_t drop;

	if (net->n_net_cores > 1) {
		net->counters[NET_C_DROP_FRAGMENTED_TCP]++;
		return WIRE_OK;
	}
	if (frame.len > (uint32_t)m->buf_len - m->data_off) {
		net->counters[NET_C_DROP_LONG_FRAME]++;
		return WIRE_OK;
	}
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), frame.data, frame.len);
	m->data_len = (uint16_t)frame.len;
	m->pkt_len = frame.len;
	drop = rs_wire_parse(
		&port->host, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, 0, &pkt);
	if (!drop)
		drop = rs_wire_parse_tcp(&pkt, &net->segs[net->n_segs]);
	net->n_segs += !drop;
	return drop;
}

void rs_net_take_fragment(
	struct stage_net *net, struct net_port *port, const struct pkt *pkt, struct rte_mbuf *m)
{
	struct reassembly_frame whole = rs_reassembly_take(
		net->reassembly, rte_pktmbuf_mtod(m, const uint8_t *), pkt, net->tcp.now_us);
	struct pkt inner;
	uint32_t drop;

	if (!whole.bytes.len)
		return;
	drop = rs_wire_parse(&port->host, whole.bytes.data, whole.bytes.len, 0, &inner);
	if (!drop && inner.kind == WIRE_TCP)
		drop = take_segment(net, port, whole.bytes, m);
	else if (!drop && is_for_control(&inner))
		net->counters[NET_C_DROP_UNHANDLED]++;
	else if (!drop)
		rs_net_answer_ip(net, port, &inner);
	else
		rs_net_answer_dropped(net, port, &inner, drop);
	net->wire_counters[drop]++;
}

void rs_net_give_up_fragments(struct stage_net *net)
{
	while (rs_reassembly_is_late(net->reassembly, net->tcp.now_us)) {
		struct reassembly_frame first =
			rs_reassembly_give_up(net->reassembly, net->tcp.now_us);
		struct net_port *port = &net->ports[rs_link_port(first.link)];
		struct pkt pkt;

		if (first.bytes.len && rs_wire_parse(&port->host, first.bytes.data, first.bytes.len,
					       0, &pkt) == WIRE_IP_FRAGMENT)
			rs_net_answer_late(net, port, &pkt);
	}
}
