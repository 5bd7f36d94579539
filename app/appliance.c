/* SPDX-License-Identifier: BSD-2-Clause */
#include "appliance.h"

#include <errno.h>
#include <sys/random.h>

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "builtin.h"
#include "io/dma.h"
#include "io/log.h"
#include "io/mbufs.h"
#include "joints.h"

_Static_assert(
	2 * TOPOLOGY_MAX_CORES <= ACCESS_MAX_CORES && 2 * TOPOLOGY_MAX_CORES <= SITE_SIDE_MAX_CORES,
	"net and TLS cores serve HTTP, all of them");

static int draw_secrets(struct tcp_config *t)
{
	if (getrandom(t->flow_secret, sizeof(t->flow_secret), 0) == sizeof(t->flow_secret) &&
		getrandom(t->isn_secret, sizeof(t->isn_secret), 0) == sizeof(t->isn_secret))
		return 0;
	rs_log("no random numbers: %s", strerror(errno));
	return -EIO;
}

/* ---- topology and ports ---- */

/* EAL's numbers have gaps where a port belongs to another one (net_netvsc, net_failsafe). */
struct port_list {
	uint32_t n;
	uint16_t ids[IO_MAX_PORTS];
};

static int find_ports(struct port_list *ports)
{
	uint32_t n = 0;

	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		if (rte_eth_find_next_owned_by(id, RTE_ETH_DEV_NO_OWNER) != id)
			continue;
		if (n < IO_MAX_PORTS)
			ports->ids[n] = id;
		n++;
	}
	if (n > IO_MAX_PORTS) {
		rs_log("%u ports, %d are the most; name those to use with EAL's -a", n,
			IO_MAX_PORTS);
		return -E2BIG;
	}
	if (!n) {
		rs_log("%s%s; see drivers-config/",
			rs_io_port_is_named()
				? "no port: what -a or --vdev names did not come up; EAL's own "
				  "messages above say why"
				: "no port: bind a NIC (scripts/bind-nic) and name it with EAL's "
				  "-a, or add one with --vdev",
			rs_io_port_rights_note());
		return -ENODEV;
	}
	rs_io_port_tell_absent();
	ports->n = n;
	return 0;
}

static int resolve_topology(struct appliance *a, const struct port_list *ports)
{
	struct topology_request req = rs_config_topology(a->cfg);
	char why[256];
	unsigned int lcore;

	req.main_lcore = (uint16_t)rte_get_main_lcore();
	req.n_queues = IO_MAX_QUEUES;
	RTE_LCORE_FOREACH(lcore)
	{
		if (req.lcores.n < CORE_LIST_MAX)
			req.lcores.ids[req.lcores.n++] = (uint16_t)lcore;
	}
	for (uint32_t i = 0; i < ports->n; i++) {
		uint16_t n_queues = rs_io_port_max_queues(ports->ids[i]);

		req.n_queues = n_queues < req.n_queues ? n_queues : req.n_queues;
		req.has_rss &= rs_io_port_has_rss(ports->ids[i]);
	}
	if (rs_topology_resolve(&req, &a->topology, why, sizeof(why))) {
		rs_log("%s", why);
		return -EINVAL;
	}
	return 0;
}

/* Frames that may stand between stages, and before ports that take no more. */
static uint32_t frames_between(const struct topology *t, uint32_t n_ports)
{
	uint32_t n_rings = t->layout == LAYOUT_SPLIT ? (t->n_rx + 1u) * t->n_net : 0;

	return n_rings * JOINT_FRAMES + t->n_net * (n_ports * NET_OUT + 2 * SLOW_FRAMES) +
	       t->n_tx * n_ports * TX_BACKLOG;
}

/* Where there are no mbufs to point to bodies left, these are copied. */
static int point_to_bodies(struct appliance *a, uint32_t n_frames)
{
	a->segs_out =
		rs_io_segs_create(rs_min_u32(n_frames, ANCHOR_MAX_MBUFS), (int)rte_socket_id());
	if (!a->segs_out)
		return -ENOMEM;
	if (!a->cfg->site.n_sites)
		rs_io_dma_share((void *)(uintptr_t)rs_builtin_area.start, rs_builtin_area.len,
			BUILTIN_AREA_UNIT);
	return 0;
}

static int open_ports(struct appliance *a, const struct port_list *ports)
{
	const struct config *cfg = a->cfg;
	struct io_port_config pc = {
		.n_rx_queues = a->topology.n_rx_queues,
		.n_tx_queues = a->topology.n_tx_queues,
		.rx_ring = (uint16_t)cfg->rx_ring,
		.tx_ring = (uint16_t)cfg->tx_ring,
		.mtu = cfg->mtu,
		.no_offload = cfg->no_offload,
	};
	uint32_t n_needed =
		rs_io_mbufs_needed(ports->n, &pc) + frames_between(&a->topology, ports->n);
	uint64_t label_secret = rte_rand() | 1;
	bool reads_memory = false;

	if (cfg->mbufs && cfg->mbufs < n_needed)
		rs_log("--mbufs %u: rings and stages can hold %u; then none is left to receive "
		       "into",
			cfg->mbufs, n_needed);
	a->mbufs = rs_io_mbufs_create(
		cfg->mbufs ? cfg->mbufs : n_needed, cfg->mtu, (int)rte_socket_id());
	if (!a->mbufs)
		return -ENOMEM;
	pc.mbufs = a->mbufs;
	for (; a->n_ports < ports->n; a->n_ports++) { /* opened so far */
		struct io_port *port = &a->ports[a->n_ports];
		int err = rs_io_port_open(port, ports->ids[a->n_ports], &pc);

		if (err)
			return err;
		rs_wire_host_init(&a->hosts[a->n_ports], port->mac, cfg->vlan_id,
			(uint8_t)a->n_ports, cfg->addrs, cfg->n_addrs);
	}
	a->tcp.tso_bytes = UINT32_MAX;
	for (uint32_t i = 0; i < a->n_ports; i++) { /* one connection may leave by any port */
		a->hosts[i].label_secret = label_secret;
		a->tcp.tso_bytes = rs_min_u32(a->tcp.tso_bytes, a->ports[i].tso_bytes);
		a->tcp.no_tso_ipv6 |= !a->ports[i].tso_ipv6;
		reads_memory |= a->ports[i].reads_memory;
	}
	return reads_memory ? point_to_bodies(a, n_needed) : 0;
}

/* ---- stages ---- */

static void *new_stage(size_t bytes, int socket)
{
	void *stage = rte_zmalloc_socket("stage", bytes, RS_CACHE_LINE, socket);

	if (!stage)
		rs_log("no memory for a stage; give EAL more (-m)");
	return stage;
}

static int new_stages(struct appliance *a)
{
	const struct topology *t = &a->topology;

	for (uint32_t i = 0; i < t->n_stages; i++) {
		const struct topology_stage *s = &t->stages[i];
		int socket = (int)rte_lcore_to_socket_id(s->lcore);
		void *stage;

		switch (s->kind) {
		case STAGE_RX:
			stage = a->rx[s->index] = new_stage(sizeof(struct stage_rx), socket);
			break;
		case STAGE_NET:
			stage = a->net[s->index] = new_stage(sizeof(struct stage_net), socket);
			break;
		case STAGE_TLS: /* tls_side.c */
			continue;
		default:
			stage = a->tx[s->index] = new_stage(sizeof(struct stage_tx), socket);
		}
		if (!stage)
			return -ENOMEM;
	}
	return 0;
}

static int build_net(struct appliance *a, uint16_t net)
{
	struct joint rx[NET_MAX_RX];
	uint32_t n_rx;
	uint32_t n_chunks = 16384 + a->cfg->max_conns / 64;
	int err = rs_joints_of_net(a, net, rx, &n_rx);

	if (err)
		return err;
	a->tcp.chunk_reserve = n_chunks / 16;
	return rs_stage_net_init(a->net[net],
		&(struct stage_net_config){
			.core_index = net,
			.n_net_cores = a->topology.n_net,
			.tcp = &a->tcp,
			.web = {.http = &a->http,
				.n_chunks = n_chunks,
				.n_heads = rs_http_core_heads(a->cfg->max_conns)},
			.n_https_ports = a->cfg->n_https_ports,
			.https_ports = a->cfg->https_ports,
			.n_tls_cores = a->topology.n_tls,
			.mbufs = a->mbufs,
			.segs_out = a->segs_out,
			.slow = &a->slow[net],
			.next_hops = a->cfg->next_hop == NEXT_HOP_ROUTE ? &a->next_hops : NULL,
			.n_ports = a->n_ports,
			.ports = a->ports,
			.hosts = a->hosts,
			.n_rx = n_rx,
			.rx = rx,
			.tx = a->net_tx[net],
			.socket = (int)rte_lcore_to_socket_id(
				rs_topology_lcore(&a->topology, STAGE_NET, net)),
		},
		rs_core_now_us());
}

/* ---- cores ---- */

static struct core *core_of(struct appliance *a, uint16_t lcore)
{
	struct core *core;

	for (uint32_t i = 0; i < a->n_cores; i++) {
		if (a->cores[i].lcore == lcore)
			return &a->cores[i];
	}
	core = &a->cores[a->n_cores++];
	*core = (struct core){.lcore = lcore, .idle = a->cfg->idle, .stop = &a->stop};
	return core;
}

/* The stages of each core, in the order that frames pass through them. */
static void build_cores(struct appliance *a)
{
	for (uint32_t i = 0; i < a->topology.n_stages; i++) {
		const struct topology_stage *s = &a->topology.stages[i];
		struct core *core = core_of(a, s->lcore);
		struct stage *stage = &core->stages[core->n_stages];

		switch (s->kind) {
		case STAGE_RX:
			if (rs_topology_rx_is_direct(&a->topology))
				continue; /* the net stage pulls by itself */
			*stage = (struct stage){
				.name = "rx", .turn = rs_stage_rx_turn, .self = a->rx[s->index]};
			break;
		case STAGE_NET:
			*stage = (struct stage){
				.name = "net",
				.turn = rs_stage_net_turn,
				.deadline_us = rs_stage_net_deadline_us,
				.self = a->net[s->index],
			};
			break;
		case STAGE_TX:
			if (!a->tx[s->index]->n_net)
				continue; /* the net stages push by themselves */
			*stage = (struct stage){
				.name = "tx", .turn = rs_stage_tx_turn, .self = a->tx[s->index]};
			break;
		case STAGE_TLS:
			*stage = (struct stage){
				.name = "tls",
				.turn = rs_stage_tls_turn,
				.deadline_us = rs_stage_tls_deadline_us,
				.leave = rs_stage_tls_leave,
				.self = a->tls.stages[s->index],
			};
			break;
		}
		core->n_stages++;
	}
}

/* What a core that runs HTTP has beside it: the sites, and a way to the log. */
static int equip(struct appliance *a, struct http_core *core, bool is_tls)
{
	rs_site_side_add_core(&a->site, &core->site, &core->env);
	return rs_access_writer_add_core(&a->access, &core->log, &core->env, is_tls);
}

static int equip_all(struct appliance *a)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < a->topology.n_net; i++)
		err = equip(a, &a->net[i]->web, false);
	for (uint32_t i = 0; !err && i < a->tls.n; i++)
		err = equip(a, &a->tls.stages[i]->web, true);
	return err;
}

int rs_appliance_build(struct appliance *a, const struct config *cfg)
{
	struct port_list ports;
	int err;

	memset(a, 0, sizeof(*a));
	a->cfg = cfg;
	a->next_hops.routes = &cfg->routes;
	rs_config_tcp(cfg, &a->tcp);
	rs_config_http(cfg, &a->http);
	err = rs_access_writer_init(&a->access, &cfg->access);
	if (!err)
		err = rs_site_side_load(&a->site, &cfg->site, cfg->watch);
	if (!err)
		err = draw_secrets(&a->tcp);
	if (!err)
		err = find_ports(&ports);
	if (!err)
		err = resolve_topology(a, &ports);
	if (!err)
		err = open_ports(a, &ports);
	if (!err)
		err = new_stages(a);
	for (uint16_t i = 0; !err && i < a->topology.n_net; i++)
		err = build_net(a, i);
	if (!err)
		err = rs_tls_side_build(
			&a->tls, cfg, &a->topology, &a->http, a->net, rs_core_now_us());
	if (!err)
		err = equip_all(a);
	if (err) {
		rs_appliance_destroy(a);
		return err;
	}
	rs_joints_to_ports(a);
	build_cores(a);
	return 0;
}

int rs_appliance_start(struct appliance *a)
{
	for (uint32_t i = 0; i < a->n_cores; i++) {
		int err;

		if (a->cores[i].lcore == rte_get_main_lcore())
			continue;
		err = rte_eal_remote_launch(rs_core_run, &a->cores[i], a->cores[i].lcore);
		if (err) {
			rs_log("lcore %u does not start: %s", a->cores[i].lcore, strerror(-err));
			rs_appliance_stop(a);
			return err;
		}
	}
	return 0;
}

struct core *rs_appliance_main_core(struct appliance *a)
{
	for (uint32_t i = 0; i < a->n_cores; i++) {
		if (a->cores[i].lcore == rte_get_main_lcore())
			return &a->cores[i];
	}
	return NULL;
}

void rs_appliance_stop(struct appliance *a)
{
	__atomic_store_n(&a->stop, true, __ATOMIC_RELAXED);
	rte_eal_mp_wait_lcore();
	rs_tls_side_stop(&a->tls);
	rs_site_side_stop(&a->site);
}

uint32_t rs_appliance_n_conns(const struct appliance *a, bool with_half_open)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->topology.n_net; i++)
		n += rs_tcp_n_conns(&a->net[i]->tcp, with_half_open);
	return n;
}

/* ---- the end ---- */

static uint32_t pool_leaks(const struct rte_mempool *pool, const char *what)
{
	return pool ? rs_pool_leaks(what, rte_mempool_avail_count(pool), pool->size) : 0;
}

uint32_t rs_appliance_leaks(struct appliance *a)
{
	uint32_t n_bad = 0;
	bool pool_tells = true;

	n_bad += rs_tls_side_leaks(&a->tls);
	for (uint16_t i = 0; i < a->topology.n_net; i++)
		n_bad += rs_stage_net_leaks(a->net[i]);
	/* Connections that ended only now are logged, too. */
	rs_access_writer_fini(&a->access);
	rs_joints_free(a);
	for (uint16_t i = 0; i < a->topology.n_rx; i++)
		n_bad += rs_frame_ledger_leaks(&a->rx[i]->frames, "receive");
	for (uint16_t i = 0; i < a->topology.n_tx; i++)
		n_bad += rs_frame_ledger_leaks(&a->tx[i]->frames, "transmit");
	while (a->n_ports) {
		pool_tells &= !a->ports[--a->n_ports].keeps_frames;
		rs_io_port_close(&a->ports[a->n_ports]);
	}
	n_bad += pool_leaks(a->segs_out, "mbufs that point to bodies");
	if (pool_tells)
		n_bad += pool_leaks(a->mbufs, "frames");
	return n_bad;
}

void rs_appliance_destroy(struct appliance *a)
{
	rs_access_writer_fini(&a->access);
	rs_tls_side_destroy(&a->tls);
	rs_joints_free(a);
	while (a->n_ports)
		rs_io_port_close(&a->ports[--a->n_ports]);
	/*
	 * The stages' memory, TLS' too, goes with EAL, which is next. Whoever gave it back before
	 * would wait: rte_free() writes zeros to all of it, be it gigabytes that nobody has ever
	 * touched.
	 */
	rte_mempool_free(a->segs_out);
	rte_mempool_free(a->mbufs);
	rs_site_side_destroy(&a->site);
}
