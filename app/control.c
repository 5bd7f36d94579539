/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <rte_random.h>

#include "io/log.h"
#include "report.h"
#include "values.h"
#include "wire/answer.h"
#include "wire/ipv4.h"
#include "wire/link.h"

#define TICK_MS             10
#define WATCH_US            100000
#define GATEWAY_WAIT_US     3000000
#define GATEWAY_TALK_US     1000000
#define CONFLICT_US         10000000 /* DEFEND_INTERVAL of RFC 5227 */
#define ANNOUNCE_US         2000000  /* ANNOUNCE_INTERVAL */
#define N_ANNOUNCEMENTS     2        /* ANNOUNCE_NUM */
#define HANDSHAKE_US        1000000  /* those that take longer will hardly become connections */
#define QUIET_TICKS         2        /* for the last frames of the last connection to leave */
#define RESET_US            500000   /* for RSTs to leave to those that have not ended in time */
#define MAX_FRAMES_PER_TICK 64

static void fill_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
}

void rs_control_block_signals(void)
{
	sigset_t set;

	fill_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

int rs_control_init(struct control *c, struct appliance *a)
{
	sigset_t set;

	memset(c, 0, sizeof(*c));
	c->appliance = a;
	rs_neigh_init(&c->neighbours);
	fill_signals(&set);
	c->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (c->signals < 0) {
		int err = -errno;

		rs_log("signalfd: %s", strerror(-err));
		return err;
	}
	return 0;
}

void rs_control_fini(struct control *c)
{
	close(c->signals);
}

/* ---- frames of its own ---- */

static struct rte_mbuf *new_frame(struct control *c, uint32_t port)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(c->appliance->mbufs);

	if (m)
		m->port = (uint16_t)port;
	return m;
}

/* Any net core can send it; the first one does. */
static void send_frame(struct control *c, struct rte_mbuf *m, uint32_t len)
{
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	if (rs_joint_push(&c->appliance->slow[0].from_control, &m, 1) != 1)
		rte_pktmbuf_free(m);
}

/* Unasked (is_news) before anybody can solicit: switches have to know where our groups are. */
static void report_groups(struct control *c, uint32_t port, bool is_news)
{
	struct rte_mbuf *m = new_frame(c, port);
	uint32_t len;

	if (!m)
		return;
	len = rs_mld_report(&c->appliance->hosts[port], is_news, rte_pktmbuf_mtod(m, uint8_t *));
	if (len)
		send_frame(c, m, len);
	else
		rte_pktmbuf_free(m);
}

/* Gratuitous ARP (RFC 5227 section 2.3) and unsolicited advertisements, for each of our addresses.
 */
static void announce(struct control *c, uint32_t port)
{
	const struct wire_host *host = &c->appliance->hosts[port];

	report_groups(c, port, true);
	for (uint32_t i = 0; i < host->n_addrs; i++) {
		const struct wire_addr *a = &host->addrs[i];
		struct rte_mbuf *m = new_frame(c, port);
		uint8_t *out;

		if (!m)
			return;
		out = rte_pktmbuf_mtod(m, uint8_t *);
		send_frame(c, m,
			a->family == 4 ? rs_arp_request(host, a->addr, a->addr, LINK_NONE, out)
				       : rs_nd_announce(host, a->addr, out));
	}
}

/* Which of our addresses to ask from: one on the subnet of the one asked for, else the first. */
static const uint8_t *source_for(const struct control *c, const uint8_t target[16])
{
	const struct config *cfg = c->appliance->cfg;
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

static void ask(struct control *c, const struct neigh_event *e)
{
	const uint8_t *source = source_for(c, e->addr);
	bool v4 = rs_ipv4_is_mapped(e->addr);

	for (uint32_t port = 0; source && port < c->appliance->n_ports; port++) {
		const struct wire_host *host = &c->appliance->hosts[port];
		struct rte_mbuf *m;
		uint8_t *out;

		if (e->link != LINK_NONE && rs_link_port(e->link) != port)
			continue;
		m = new_frame(c, port);
		if (!m)
			return;
		out = rte_pktmbuf_mtod(m, uint8_t *);
		send_frame(c, m,
			v4 ? rs_arp_request(host, source, e->addr, e->link, out)
			   : rs_nd_solicit(host, source, e->addr, e->link, out));
	}
}

/* ---- neighbours ---- */

/* NULL: it is none. */
static struct control_gateway *gateway_of(struct control *c, const uint8_t addr[16])
{
	const struct config *cfg = c->appliance->cfg;

	for (uint32_t i = 0; i < cfg->n_gateways; i++) {
		if (!memcmp(cfg->gateways[i], addr, 16))
			return &c->gateways[i];
	}
	return NULL;
}

/* Somebody claims an address of ours: say it and defend it, but not too often (RFC 5227, 2.4). */
static void on_conflict(struct control *c, const struct neigh_event *e, uint64_t now_us)
{
	char text[VALUE_ADDR_TEXT], mac_text[VALUE_MAC_TEXT];
	uint8_t mac[6];

	if (now_us < c->conflict_due_us)
		return;
	c->conflict_due_us = now_us + CONFLICT_US;
	rs_link_mac(e->link, mac);
	rs_log("address conflict: %s on port %u claims our %s", rs_value_mac_text(mac, mac_text),
		rs_link_port(e->link), rs_value_addr_text(e->addr, text));
	announce(c, rs_link_port(e->link));
}

static void on_found(struct control *c, const struct neigh_event *e, uint64_t now_us)
{
	struct control_gateway *gateway = gateway_of(c, e->addr);
	char text[VALUE_ADDR_TEXT], mac_text[VALUE_MAC_TEXT];
	uint8_t mac[6];

	if (!gateway)
		return;
	rs_next_hop_set(&c->appliance->next_hops, e->addr, e->link);
	if (now_us < gateway->talk_due_us)
		return;
	gateway->talk_due_us = now_us + GATEWAY_TALK_US;
	rs_link_mac(e->link, mac);
	rs_log("gateway %s is at %s on port %u", rs_value_addr_text(e->addr, text),
		rs_value_mac_text(mac, mac_text), rs_link_port(e->link));
}

static void act_on_events(struct control *c, uint64_t now_us)
{
	for (uint32_t i = 0; i < c->neighbours.n_events; i++) {
		const struct neigh_event *e = &c->neighbours.events[i];

		switch (e->kind) {
		case NEIGH_ASK:
			ask(c, e);
			break;
		case NEIGH_FOUND:
			on_found(c, e, now_us);
			break;
		case NEIGH_GONE: /* said by check_gateways() */
			rs_next_hop_set(&c->appliance->next_hops, e->addr, LINK_NONE);
			break;
		case NEIGH_CONFLICT:
			on_conflict(c, e, now_us);
			break;
		}
	}
}

/* Two ports on one network hear each other. */
static bool is_from_us(const struct control *c, uint64_t link)
{
	uint8_t mac[6];

	rs_link_mac(link, mac);
	for (uint32_t i = 0; i < c->appliance->n_ports; i++) {
		if (!memcmp(c->appliance->hosts[i].mac, mac, sizeof(mac)))
			return true;
	}
	return false;
}

static void take_hint(struct control *c, const struct wire_neigh_hint *hint, uint64_t now_us)
{
	if (hint->claims_ours && is_from_us(c, hint->link))
		return;
	rs_neigh_hint(&c->neighbours, hint,
		rs_route_is_connected(&c->appliance->cfg->routes, hint->addr), now_us);
	act_on_events(c, now_us);
}

static void take_frame(struct control *c, const struct rte_mbuf *m, uint64_t now_us)
{
	const struct wire_host *host = &c->appliance->hosts[m->port];
	struct control_port *port = &c->ports[m->port];
	struct wire_neigh_hint hint;
	struct pkt pkt;

	if (rs_wire_parse(host, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, 0, &pkt))
		return;
	switch (pkt.kind) {
	case WIRE_ARP:
		if (rs_arp_hint(host, &pkt, &hint))
			take_hint(c, &hint, now_us);
		break;
	case WIRE_ND:
		if (rs_nd_hint(host, &pkt, &hint))
			take_hint(c, &hint, now_us);
		break;
	case WIRE_MLD:
		port->report_due_us =
			rs_mld_due_us(&pkt, port->report_due_us, now_us, (uint32_t)rte_rand());
		break;
	default:
		break;
	}
}

/* To those who have asked. */
static void report_due_groups(struct control *c, uint64_t now_us)
{
	for (uint32_t i = 0; i < c->appliance->n_ports; i++) {
		struct control_port *port = &c->ports[i];

		if (!port->report_due_us || now_us < port->report_due_us)
			continue;
		report_groups(c, i, false);
		port->report_due_us = 0;
	}
}

static void take_frames(struct control *c, uint64_t now_us)
{
	for (uint32_t i = 0; i < c->appliance->topology.n_net; i++) {
		struct rte_mbuf *frames[MAX_FRAMES_PER_TICK];
		uint32_t n = rs_joint_pull(
			&c->appliance->slow[i].to_control, frames, MAX_FRAMES_PER_TICK);

		for (uint32_t k = 0; k < n; k++)
			take_frame(c, frames[k], now_us);
		rte_pktmbuf_free_bulk(frames, n);
	}
}

/* A gateway that does not answer is the most common mistake there is: say it, once. */
static void check_gateways(struct control *c, uint64_t now_us)
{
	const struct config *cfg = c->appliance->cfg;

	if (now_us - c->started_us < GATEWAY_WAIT_US)
		return;
	for (uint32_t i = 0; i < cfg->n_gateways; i++) {
		bool known = rs_neigh_link(&c->neighbours, cfg->gateways[i]) != LINK_NONE;
		char text[VALUE_ADDR_TEXT];

		if (!known && !c->gateways[i].is_missed)
			rs_log("gateway %s does not answer: is the address right, the cable in the "
			       "right port, the VLAN the right one?",
				rs_value_addr_text(cfg->gateways[i], text));
		c->gateways[i].is_missed = !known;
	}
}

/* Our neighbours learn of us when a link comes up, and again when it comes back. */
static void watch_link(struct control *c, uint32_t i, uint64_t now_us)
{
	struct control_port *port = &c->ports[i];
	bool up = rs_io_port_watch(&c->appliance->ports[i]);

	if (up && !port->link_up) {
		port->n_announcements = N_ANNOUNCEMENTS;
		port->announce_due_us = now_us;
	}
	port->link_up = up;
	if (!up || !port->n_announcements || now_us < port->announce_due_us)
		return;
	announce(c, i);
	port->n_announcements--;
	port->announce_due_us = now_us + ANNOUNCE_US;
}

static void watch(struct control *c, uint64_t now_us)
{
	if (now_us < c->watch_due_us)
		return;
	c->watch_due_us = now_us + WATCH_US;
	for (uint32_t i = 0; i < c->appliance->n_ports; i++)
		watch_link(c, i, now_us);
	rs_tls_side_tick(&c->appliance->tls, now_us);
	rs_site_side_tick(&c->appliance->site, now_us);
	rs_neigh_tick(&c->neighbours, now_us);
	act_on_events(c, now_us);
	check_gateways(c, now_us);
}

/* ---- signals ---- */

static void start_draining(struct control *c, uint64_t now_us)
{
	uint32_t seconds = c->appliance->cfg->drain_timeout_s;

	rs_log("draining: no new connections; waiting up to %u s for %u that are open", seconds,
		rs_appliance_n_conns(c->appliance, true));
	c->handshakes_until_us = now_us + HANDSHAKE_US;
	c->drain_until_us = now_us + seconds * UINT64_C(1000000) + 1;
	__atomic_store_n(&c->appliance->http.drain, true, __ATOMIC_RELAXED);
}

/* False: time to stop. */
static bool take_signals(struct control *c, uint64_t now_us)
{
	struct signalfd_siginfo info;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			if (!c->appliance->tls.n && !c->appliance->site.options &&
				!c->appliance->access.options)
				rs_log("SIGHUP: there is nothing to reload");
			rs_access_writer_reopen(&c->appliance->access, now_us);
			rs_tls_side_reload(&c->appliance->tls);
			rs_site_side_reload(&c->appliance->site);
			break;
		case SIGUSR1:
			rs_report_counters(c->appliance, c->neighbours.counters, stderr);
			break;
		default:
			if (c->drain_until_us) {
				rs_log("second signal: ending at once");
				return false;
			}
			start_draining(c, now_us);
		}
	}
	return true;
}

static bool is_drained(struct control *c, uint64_t now_us)
{
	uint32_t n = rs_appliance_n_conns(c->appliance, now_us < c->handshakes_until_us);

	if (!c->drain_until_us)
		return false;
	c->n_quiet_ticks = n ? 0 : c->n_quiet_ticks + 1;
	if (n && now_us >= c->drain_until_us)
		rs_log("drain: %u connections did not end in time", n);
	return c->n_quiet_ticks > QUIET_TICKS || now_us >= c->drain_until_us;
}

/* Nobody else would tell those that are left. */
static void reset_left(struct control *c)
{
	uint64_t until_us = rs_core_now_us() + RESET_US;
	uint32_t n_quiet_ticks = 0;

	__atomic_store_n(&c->appliance->http.drain_is_over, true, __ATOMIC_RELAXED);
	while (n_quiet_ticks <= QUIET_TICKS && rs_core_now_us() < until_us) {
		poll(NULL, 0, TICK_MS);
		n_quiet_ticks = rs_appliance_n_conns(c->appliance, true) ? 0 : n_quiet_ticks + 1;
	}
}

void rs_control_run(struct control *c)
{
	struct pollfd fd = {.fd = c->signals, .events = POLLIN};
	uint64_t now_us = rs_core_now_us();

	c->started_us = now_us;
	for (uint32_t i = 0; i < c->appliance->cfg->n_gateways; i++) {
		rs_neigh_want(&c->neighbours, c->appliance->cfg->gateways[i], now_us);
		act_on_events(c, now_us);
	}
	while (take_signals(c, now_us) && !is_drained(c, now_us)) {
		poll(&fd, 1, TICK_MS);
		now_us = rs_core_now_us();
		take_frames(c, now_us);
		report_due_groups(c, now_us);
		rs_access_writer_tick(&c->appliance->access, now_us);
		watch(c, now_us);
	}
	if (rs_appliance_n_conns(c->appliance, true))
		reset_left(c);
	__atomic_store_n(&c->appliance->stop, true, __ATOMIC_RELAXED);
}
