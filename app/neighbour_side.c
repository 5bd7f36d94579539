/* SPDX-License-Identifier: BSD-2-Clause */
#include "neighbour_side.h"

#include <rte_random.h>

#include "io/log.h"
#include "values.h"
#include "wire/neighbour.h"
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

/* Any net core can send it; the first one does. What finds no room is lost, as on any network. */
static void send_frame(
	struct neighbour_side *side, uint32_t port, const uint8_t *frame, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(side->appliance->mbufs);

	if (!m)
		return;
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), frame, len);
	m->port = (uint16_t)port;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	if (rs_joint_push(&side->appliance->slow[0].from_control, &m, 1) != 1)
		rte_pktmbuf_free(m);
}

/* RFC 3810 section 8.2.1: one of version 2, or as many of version 1 as there are groups. */
static uint32_t render_report(const struct neighbour_side *side, uint32_t port, bool is_news,
	bool is_v1, uint32_t i, uint8_t *out)
{
	const struct wire_host *host = &side->ports[port].used;

	if (is_v1)
		return rs_mld_report_v1(host, i, out);
	return i ? 0 : rs_mld_report(host, is_news, out);
}

/* Unasked (is_news) before anybody can solicit: switches have to know where our groups are. */
static void report_groups(struct neighbour_side *side, uint32_t port, bool is_news, uint64_t now_us)
{
	bool is_v1 = now_us < side->ports[port].mld_v1_until_us;
	uint8_t out[WIRE_ANSWER_BYTES];

	for (uint32_t i = 0; i < WIRE_MAX_ADDRS; i++) {
		uint32_t len = render_report(side, port, is_news, is_v1, i, out);

		if (!len)
			return;
		send_frame(side, port, out, len);
	}
}

/* Does anybody else have the addresses that are asked for? */
static void probe(struct neighbour_side *side, uint32_t port)
{
	const struct wire_host *host = &side->appliance->hosts[port];
	uint8_t out[WIRE_ANSWER_BYTES];

	for (uint32_t i = 0; i < host->n_addrs; i++) {
		const struct wire_addr *a = &host->addrs[i];

		if (!(side->ports[port].own.asked >> i & 1))
			continue;
		send_frame(side, port, out,
			a->family == 4 ? rs_arp_probe(host, a->addr, out)
				       : rs_nd_probe(host, a->addr, out));
	}
}

/* Gratuitous ARP (RFC 5227 section 2.3) and unsolicited advertisements, for each of our addresses.
 */
static void announce(struct neighbour_side *side, uint32_t port, uint64_t now_us)
{
	const struct wire_host *host = &side->ports[port].used;
	uint8_t out[WIRE_ANSWER_BYTES];

	report_groups(side, port, true, now_us);
	for (uint32_t i = 0; i < host->n_addrs; i++) {
		const struct wire_addr *a = &host->addrs[i];

		send_frame(side, port, out,
			a->family == 4 ? rs_arp_request(host, a->addr, a->addr, LINK_NONE, out)
				       : rs_nd_announce(host, a->addr, out));
	}
}

/* Which of our addresses to ask from: one on the subnet of the one asked for, else the first. */
static const uint8_t *source_for(const struct wire_host *host, const uint8_t target[16])
{
	uint8_t family = rs_ipv4_is_mapped(target) ? 4 : 6;
	const uint8_t *source = NULL;

	for (uint32_t i = 0; i < host->n_addrs; i++) {
		const struct wire_addr *a = &host->addrs[i];
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
	bool v4 = rs_ipv4_is_mapped(e->addr);
	uint8_t out[WIRE_ANSWER_BYTES];

	for (uint32_t port = 0; port < side->appliance->n_ports; port++) {
		const struct wire_host *host = &side->ports[port].used;
		const uint8_t *source = source_for(host, e->addr);

		if (!source || (e->link != LINK_NONE && rs_link_port(e->link) != port))
			continue;
		send_frame(side, port, out,
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

static void tell_conflict(const struct neigh_event *e, const char *what)
{
	char text[VALUE_ADDR_TEXT], mac_text[VALUE_MAC_TEXT];
	uint8_t mac[6];

	rs_link_mac(e->link, mac);
	rs_log("address conflict: %s on port %u claims our %s%s", rs_value_mac_text(mac, mac_text),
		rs_link_port(e->link), rs_value_addr_text(e->addr, text), what);
}

/* Say it, but not too often (RFC 5227 section 2.4 (c)). */
static void defend(struct neighbour_side *side, const struct neigh_event *e, uint64_t now_us)
{
	if (now_us < side->conflict_due_us)
		return;
	side->conflict_due_us = now_us + CONFLICT_US;
	tell_conflict(e, "");
	announce(side, rs_link_port(e->link), now_us);
}

/* From now on we are on this port what others are not. */
static void use_what_is_ours(struct neighbour_side *side, uint32_t port)
{
	uint32_t unused = side->ports[port].own.duplicates;

	rs_wire_host_without(&side->ports[port].used, &side->appliance->hosts[port], unused);
	for (uint32_t i = 0; i < side->appliance->topology.n_net; i++)
		rs_slow_path_set_unused(&side->appliance->slow[i], port, unused);
}

/* Our address, as a bit. */
static uint32_t bit_of(const struct wire_host *host, const uint8_t addr[16])
{
	uint32_t i = 0;

	while (memcmp(host->addrs[i].addr, addr, 16))
		i++;
	return UINT32_C(1) << i;
}

/* Somebody claims an address of ours. */
static void on_conflict(struct neighbour_side *side, const struct neigh_event *e, uint64_t now_us)
{
	uint32_t port = rs_link_port(e->link);
	uint32_t addr = bit_of(&side->appliance->hosts[port], e->addr);

	switch (rs_own_claim(&side->ports[port].own, addr)) {
	case OWN_DISPUTED:
		defend(side, e, now_us);
		break;
	case OWN_LOST:
		side->table.counters[NEIGH_C_DUPLICATES]++;
		use_what_is_ours(side, port);
		tell_conflict(e, ", which is not used until nobody else has it");
		break;
	case OWN_KNOWN:
		break;
	}
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

/* Reports go first: switches have to know where answers are waited for. */
static void on_link_up(struct neighbour_side *side, uint32_t i, uint64_t now_us)
{
	rs_own_link_up(&side->ports[i].own, (UINT32_C(1) << side->appliance->hosts[i].n_addrs) - 1,
		now_us);
	report_groups(side, i, true, now_us);
	probe(side, i);
}

/* Nobody else has these addresses of ours any more. */
static void tell_returned(const struct wire_host *host, uint32_t returned)
{
	for (uint32_t i = 0; i < host->n_addrs; i++) {
		char text[VALUE_ADDR_TEXT];

		if (returned >> i & 1)
			rs_log("our %s on port %u is used again: nobody else claims it",
				rs_value_addr_text(host->addrs[i].addr, text), host->port);
	}
}

static void watch_own(struct neighbour_side *side, uint32_t i, uint64_t now_us)
{
	struct neighbour_port *port = &side->ports[i];
	uint32_t before = port->own.duplicates;

	switch (rs_own_tick(&port->own, now_us, (uint32_t)rte_rand())) {
	case OWN_ASK:
		probe(side, i);
		break;
	case OWN_FREE:
		use_what_is_ours(side, i);
		tell_returned(&side->appliance->hosts[i], before & ~port->own.duplicates);
		port->n_announcements = N_ANNOUNCEMENTS;
		port->announce_due_us = now_us;
		break;
	case OWN_NOTHING:
		break;
	}
}

/* Our neighbours learn of us when a link comes up, and again when it comes back. */
static void watch_link(struct neighbour_side *side, uint32_t i, uint64_t now_us)
{
	struct neighbour_port *port = &side->ports[i];
	bool up = rs_io_port_watch(&side->appliance->ports[i]);

	if (up && !port->link_up)
		on_link_up(side, i, now_us);
	port->link_up = up;
	if (!up)
		return;
	watch_own(side, i, now_us);
	if (!port->n_announcements || now_us < port->announce_due_us)
		return;
	announce(side, i, now_us);
	port->n_announcements--;
	port->announce_due_us = now_us + ANNOUNCE_US;
}

/* ---- for the control core ---- */

void rs_neighbour_side_init(struct neighbour_side *side, struct appliance *a)
{
	memset(side, 0, sizeof(*side));
	side->appliance = a;
	rs_neigh_init(&side->table);
	for (uint32_t i = 0; i < a->n_ports; i++)
		side->ports[i].used = a->hosts[i];
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
