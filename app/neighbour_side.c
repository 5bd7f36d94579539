/* SPDX-License-Identifier: BSD-2-Clause */
#include "neighbour_side.h"

#include <rte_random.h>

#include "io/log.h"
#include "values.h"
#include "wire/answer.h"
#include "wire/ipv4.h"
#include "wire/link.h"

#define GATEWAY_WAIT_US     3000000
#define GATEWAY_TALK_US     1000000
#define CONFLICT_US         10000000 /* DEFEND_INTERVAL of RFC 5227 */
#define ANNOUNCE_US         2000000  /* ANNOUNCE_INTERVAL */
#define N_ANNOUNCEMENTS     2        /* ANNOUNCE_NUM */
#define MAX_FRAMES_PER_TICK 64
#define MLD_V1_US           260000000 /* Older Version Querier Present: RFC 3810 section 9.12 */

/* ---- frames of its own ---- */

static struct rte_mbuf *new_frame(struct neighbour_side *side, uint32_t port)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(side->appliance->mbufs);

	if (m)
		m->port = (uint16_t)port;
	return m;
}

/* Any net core can send it; the first one does. */
static void send_frame(struct neighbour_side *side, struct rte_mbuf *m, uint32_t len)
{
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	if (rs_joint_push(&side->appliance->slow[0].from_control, &m, 1) != 1)
		rte_pktmbuf_free(m);
}

/* RFC 3810 section 8.2.1: one of version 2, or as many of version 1 as there are groups. */
static uint32_t render_report(const struct neighbour_side *side, uint32_t port, bool is_news,
	bool is_v1, uint32_t i, uint8_t *out)
{
	const struct wire_host *host = &side->appliance->hosts[port];

	if (is_v1)
		return rs_mld_report_v1(host, i, out);
	return i ? 0 : rs_mld_report(host, is_news, out);
}

/* Unasked (is_news) before anybody can solicit: switches have to know where our groups are. */
static void report_groups(struct neighbour_side *side, uint32_t port, bool is_news, uint64_t now_us)
{
	bool is_v1 = now_us < side->ports[port].mld_v1_until_us;

	for (uint32_t i = 0; i < WIRE_MAX_ADDRS; i++) {
		struct rte_mbuf *m = new_frame(side, port);
		uint32_t len;

		if (!m)
			return;
		len = render_report(side, port, is_news, is_v1, i, rte_pktmbuf_mtod(m, uint8_t *));
		if (!len) {
			rte_pktmbuf_free(m);
			return;
		}
		send_frame(side, m, len);
	}
}

/* When a link comes up: does anybody else have an IPv6 address of ours (RFC 4862 section 5.4)? It
 * is used meanwhile (RFC 4429), and an answer is a conflict as any. */
static void probe(struct neighbour_side *side, uint32_t port)
{
	const struct wire_host *host = &side->appliance->hosts[port];

	for (uint32_t i = 0; i < host->n_addrs; i++) {
		const struct wire_addr *a = &host->addrs[i];
		struct rte_mbuf *m;

		if (a->family == 4)
			continue;
		m = new_frame(side, port);
		if (!m)
			return;
		send_frame(side, m, rs_nd_probe(host, a->addr, rte_pktmbuf_mtod(m, uint8_t *)));
	}
}

/* Gratuitous ARP (RFC 5227 section 2.3) and unsolicited advertisements, for each of our addresses.
 */
static void announce(struct neighbour_side *side, uint32_t port, uint64_t now_us)
{
	const struct wire_host *host = &side->appliance->hosts[port];

	report_groups(side, port, true, now_us);
	for (uint32_t i = 0; i < host->n_addrs; i++) {
		const struct wire_addr *a = &host->addrs[i];
		struct rte_mbuf *m = new_frame(side, port);
		uint8_t *out;

		if (!m)
			return;
		out = rte_pktmbuf_mtod(m, uint8_t *);
		send_frame(side, m,
			a->family == 4 ? rs_arp_request(host, a->addr, a->addr, LINK_NONE, out)
				       : rs_nd_announce(host, a->addr, out));
	}
}

/* Which of our addresses to ask from: one on the subnet of the one asked for, else the first. */
static const uint8_t *source_for(const struct neighbour_side *side, const uint8_t target[16])
{
	const struct config *cfg = side->appliance->cfg;
	uint8_t family = rs_ipv4_is_mapped(target) ? 4 : 6;
	const uint8_t *source = NULL;

	for (uint32_t i = 0; i < cfg->n_addrs; i++) {
		const struct wire_addr *a = &cfg->addrs[i];
		struct route_table subnet = {0};

		if (a->family != family)
			continue;
		if (!source)
			source = a->addr;
		rs_route_add(&subnet, a->addr, rs_value_mapped_len(a), NULL);
		if (rs_route_is_connected(&subnet, target))
			return a->addr;
	}
	return source;
}

static void ask(struct neighbour_side *side, const struct neigh_event *e)
{
	const uint8_t *source = source_for(side, e->addr);
	bool v4 = rs_ipv4_is_mapped(e->addr);

	for (uint32_t port = 0; source && port < side->appliance->n_ports; port++) {
		const struct wire_host *host = &side->appliance->hosts[port];
		struct rte_mbuf *m;
		uint8_t *out;

		if (e->link != LINK_NONE && rs_link_port(e->link) != port)
			continue;
		m = new_frame(side, port);
		if (!m)
			return;
		out = rte_pktmbuf_mtod(m, uint8_t *);
		send_frame(side, m,
			v4 ? rs_arp_request(host, source, e->addr, e->link, out)
			   : rs_nd_solicit(host, source, e->addr, e->link, out));
	}
}

/* ---- neighbours ---- */

/* NULL: it is none. */
static struct neighbour_gateway *gateway_of(struct neighbour_side *side, const uint8_t addr[16])
{
	const struct config *cfg = side->appliance->cfg;

	for (uint32_t i = 0; i < cfg->n_gateways; i++) {
		if (!memcmp(cfg->gateways[i], addr, 16))
			return &side->gateways[i];
	}
	return NULL;
}

/* Somebody claims an address of ours: say it and defend it, but not too often (RFC 5227, 2.4). */
static void on_conflict(struct neighbour_side *side, const struct neigh_event *e, uint64_t now_us)
{
	char text[VALUE_ADDR_TEXT], mac_text[VALUE_MAC_TEXT];
	uint8_t mac[6];

	if (now_us < side->conflict_due_us)
		return;
	side->conflict_due_us = now_us + CONFLICT_US;
	rs_link_mac(e->link, mac);
	rs_log("address conflict: %s on port %u claims our %s", rs_value_mac_text(mac, mac_text),
		rs_link_port(e->link), rs_value_addr_text(e->addr, text));
	announce(side, rs_link_port(e->link), now_us);
}

static void on_found(struct neighbour_side *side, const struct neigh_event *e, uint64_t now_us)
{
	struct neighbour_gateway *gateway = gateway_of(side, e->addr);
	char text[VALUE_ADDR_TEXT], mac_text[VALUE_MAC_TEXT];
	uint8_t mac[6];

	if (!gateway)
		return;
	rs_next_hop_set(&side->appliance->next_hops, e->addr, e->link);
	if (now_us < gateway->talk_due_us)
		return;
	gateway->talk_due_us = now_us + GATEWAY_TALK_US;
	rs_link_mac(e->link, mac);
	rs_log("gateway %s is at %s on port %u", rs_value_addr_text(e->addr, text),
		rs_value_mac_text(mac, mac_text), rs_link_port(e->link));
}

static void act_on_events(struct neighbour_side *side, uint64_t now_us)
{
	for (uint32_t i = 0; i < side->table.n_events; i++) {
		const struct neigh_event *e = &side->table.events[i];

		switch (e->kind) {
		case NEIGH_ASK:
			ask(side, e);
			break;
		case NEIGH_FOUND:
			on_found(side, e, now_us);
			break;
		case NEIGH_GONE: /* said by check_gateways() */
			rs_next_hop_set(&side->appliance->next_hops, e->addr, LINK_NONE);
			break;
		case NEIGH_CONFLICT:
			on_conflict(side, e, now_us);
			break;
		}
	}
}

/* Two ports on one network hear each other. */
static bool is_from_us(const struct neighbour_side *side, uint64_t link)
{
	uint8_t mac[6];

	rs_link_mac(link, mac);
	for (uint32_t i = 0; i < side->appliance->n_ports; i++) {
		if (!memcmp(side->appliance->hosts[i].mac, mac, sizeof(mac)))
			return true;
	}
	return false;
}

static void take_hint(
	struct neighbour_side *side, const struct wire_neigh_hint *hint, uint64_t now_us)
{
	if (hint->claims_ours && is_from_us(side, hint->link))
		return;
	rs_neigh_hint(&side->table, hint,
		rs_route_is_connected(&side->appliance->cfg->routes, hint->addr), now_us);
	act_on_events(side, now_us);
}

static void take_frame(struct neighbour_side *side, const struct rte_mbuf *m, uint64_t now_us)
{
	const struct wire_host *host = &side->appliance->hosts[m->port];
	struct neighbour_port *port = &side->ports[m->port];
	struct wire_neigh_hint hint;
	struct pkt pkt;

	if (rs_wire_parse(host, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, 0, &pkt))
		return;
	switch (pkt.kind) {
	case WIRE_ARP:
		if (rs_arp_hint(host, &pkt, &hint))
			take_hint(side, &hint, now_us);
		break;
	case WIRE_ND:
		if (rs_nd_hint(host, &pkt, &hint))
			take_hint(side, &hint, now_us);
		break;
	case WIRE_MLD:
		if (rs_mld_is_v1(&pkt))
			port->mld_v1_until_us = now_us + MLD_V1_US;
		port->report_due_us =
			rs_mld_due_us(&pkt, port->report_due_us, now_us, (uint32_t)rte_rand());
		break;
	default:
		break;
	}
}

/* To those who have asked. */
static void report_due_groups(struct neighbour_side *side, uint64_t now_us)
{
	for (uint32_t i = 0; i < side->appliance->n_ports; i++) {
		struct neighbour_port *port = &side->ports[i];

		if (!port->report_due_us || now_us < port->report_due_us)
			continue;
		report_groups(side, i, false, now_us);
		port->report_due_us = 0;
	}
}

static void take_frames(struct neighbour_side *side, uint64_t now_us)
{
	for (uint32_t i = 0; i < side->appliance->topology.n_net; i++) {
		struct rte_mbuf *frames[MAX_FRAMES_PER_TICK];
		uint32_t n = rs_joint_pull(
			&side->appliance->slow[i].to_control, frames, MAX_FRAMES_PER_TICK);

		for (uint32_t k = 0; k < n; k++)
			take_frame(side, frames[k], now_us);
		rte_pktmbuf_free_bulk(frames, n);
	}
}

/* A gateway that does not answer is the most common mistake there is: say it, once. */
static void check_gateways(struct neighbour_side *side, uint64_t now_us)
{
	const struct config *cfg = side->appliance->cfg;

	if (now_us - side->started_us < GATEWAY_WAIT_US)
		return;
	for (uint32_t i = 0; i < cfg->n_gateways; i++) {
		bool known = rs_neigh_link(&side->table, cfg->gateways[i]) != LINK_NONE;
		char text[VALUE_ADDR_TEXT];

		if (!known && !side->gateways[i].is_missed)
			rs_log("gateway %s does not answer: is the address right, the cable in the "
			       "right port, the VLAN the right one?",
				rs_value_addr_text(cfg->gateways[i], text));
		side->gateways[i].is_missed = !known;
	}
}

/* ---- links ---- */

/* Our neighbours learn of us when a link comes up, and again when it comes back. */
static void watch_link(struct neighbour_side *side, uint32_t i, uint64_t now_us)
{
	struct neighbour_port *port = &side->ports[i];
	bool up = rs_io_port_watch(&side->appliance->ports[i]);

	if (up && !port->link_up) {
		port->n_announcements = N_ANNOUNCEMENTS;
		port->announce_due_us = now_us;
	}
	port->link_up = up;
	if (!up || !port->n_announcements || now_us < port->announce_due_us)
		return;
	announce(side, i, now_us);
	if (port->n_announcements == N_ANNOUNCEMENTS) /* the first reports have been sent */
		probe(side, i);
	port->n_announcements--;
	port->announce_due_us = now_us + ANNOUNCE_US;
}

/* ---- for the control core ---- */

void rs_neighbour_side_init(struct neighbour_side *side, struct appliance *a)
{
	memset(side, 0, sizeof(*side));
	side->appliance = a;
	rs_neigh_init(&side->table);
}

void rs_neighbour_side_start(struct neighbour_side *side, uint64_t now_us)
{
	const struct config *cfg = side->appliance->cfg;

	side->started_us = now_us;
	for (uint32_t i = 0; i < cfg->n_gateways; i++) {
		rs_neigh_want(&side->table, cfg->gateways[i], now_us);
		act_on_events(side, now_us);
	}
}

void rs_neighbour_side_listen(struct neighbour_side *side, uint64_t now_us)
{
	take_frames(side, now_us);
	report_due_groups(side, now_us);
}

void rs_neighbour_side_tick(struct neighbour_side *side, uint64_t now_us)
{
	for (uint32_t i = 0; i < side->appliance->n_ports; i++)
		watch_link(side, i, now_us);
	rs_neigh_tick(&side->table, now_us);
	act_on_events(side, now_us);
	check_gateways(side, now_us);
}
