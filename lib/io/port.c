/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/port.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_devargs.h>
#include <rte_ether.h>

#include "io/dma.h"
#include "io/fanout.h"
#include "io/log.h"
#include "io/memif.h"

#define TSO_MAX_BYTES (65535 - 256) /* an IP packet, less its headers */

#define RSS_BY_PORTS                                                                               \
	(RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_IPV6_TCP_EX)
#define RSS_BY_ADDRS (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6)

/* ---- what a port can do ---- */

/* The kernel behind these drivers spreads flows over the queues that --vdev asks for. */
static bool kernel_spreads(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, "net_af_xdp") == 0 ||
	       strcmp(info->driver_name, "net_af_packet") == 0;
}

static uint64_t rss_types(const struct rte_eth_dev_info *info)
{
	return info->flow_type_rss_offloads & (RSS_BY_PORTS | RSS_BY_ADDRS);
}

bool rs_io_port_has_rss(uint16_t id)
{
	struct rte_eth_dev_info info;

	return rte_eth_dev_info_get(id, &info) == 0 && info.max_rx_queues > 1 &&
	       (kernel_spreads(&info) || rss_types(&info));
}

const char *rs_io_port_rights_note(void)
{
	return geteuid() ? " (this is not root: docs/operations.md says which rights it takes)"
			 : "";
}

bool rs_io_port_is_named(void)
{
	const struct rte_devargs *device;

	RTE_EAL_DEVARGS_FOREACH(NULL, device)
	{
		if (device->policy == RTE_DEV_ALLOWED)
			return true;
	}
	return false;
}

static bool has_port(const struct rte_devargs *device)
{
	struct rte_eth_dev_info info;

	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		if (rte_eth_dev_is_valid_port(id) && rte_eth_dev_info_get(id, &info) == 0 &&
			info.device && rte_dev_devargs(info.device) == device)
			return true;
	}
	return false;
}

void rs_io_port_tell_absent(void)
{
	const struct rte_devargs *device;

	RTE_EAL_DEVARGS_FOREACH(NULL, device)
	{
		if (device->policy == RTE_DEV_ALLOWED && !has_port(device))
			rs_log("%s: named by -a or --vdev, and no port came of it; EAL's own "
			       "messages above say why",
				device->name);
	}
}

uint16_t rs_io_port_max_queues(uint16_t id)
{
	struct rte_eth_dev_info info;
	uint16_t n;

	if (rte_eth_dev_info_get(id, &info))
		return 1;
	/* One that its peer has no ring for is, in the driver, another name for the peer's first.
	 */
	if (rs_io_memif_is(id))
		return 1;
	n = info.max_rx_queues < info.max_tx_queues ? info.max_rx_queues : info.max_tx_queues;
	return n < IO_MAX_QUEUES ? n : IO_MAX_QUEUES;
}

/* ---- configuration ---- */

/* net_tap compares a segment with its headers to the MTU, and refuses those that fill it. */
static bool tso_works(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, "net_tap") != 0;
}

/* net_ena says that it does TSO, and refuses frames of IPv6 that ask for it. */
static bool tso_works_for_ipv6(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, "net_ena") != 0;
}

#define VMXNET3_TSO_SEGS 24

/* net_vmxnet3 names a higher limit than the one that it holds frames for segmentation to. */
static uint32_t most_segs(const struct rte_eth_dev_info *info)
{
	uint32_t most = info->tx_desc_lim.nb_seg_max;

	return strcmp(info->driver_name, "net_vmxnet3") ? most : RTE_MIN(most, VMXNET3_TSO_SEGS);
}

/*
 * RTE_ETH_TX_OFFLOAD_IPV4_CKSUM is not asked for: a port that cuts segments sums the IPv4 headers
 * of the pieces, also where it does so for no other frame (net_virtio, net_vmxnet3). Two mbufs of
 * the most that a frame may have are spared: one for the headers, and one since some drivers need a
 * descriptor of their own.
 */
uint32_t rs_io_tso_bytes(const struct rte_eth_dev_info *info, uint32_t room)
{
	uint64_t wanted = RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS |
			  RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	uint32_t most = most_segs(info);

	if ((info->tx_offload_capa & wanted) != wanted || !tso_works(info))
		return 0;
	if (!most) /* the driver sets no limit */
		return TSO_MAX_BYTES;
	return most <= 2 ? 0 : RTE_MIN((most - 2) * room, (uint32_t)TSO_MAX_BYTES);
}

/* What of the offloads that we can use the driver has. */
static void choose_offloads(struct io_port *port, const struct rte_eth_dev_info *info,
	const struct io_port_config *cfg, struct rte_eth_conf *conf)
{
	uint32_t room = rte_pktmbuf_data_room_size(cfg->mbufs) - RTE_PKTMBUF_HEADROOM;
	uint64_t tx = info->tx_offload_capa;

	port->reads_memory = !cfg->no_offload && rs_io_dma_port_reads(info);
	/* Only where all frames come from one pool and nobody else holds them. */
	port->fast_free = !port->reads_memory && tx & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	if (port->fast_free)
		conf->txmode.offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	if (port->reads_memory)
		conf->txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (cfg->no_offload)
		return;
	conf->rxmode.offloads = info->rx_offload_capa &
				(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM);
	port->rx_csum = conf->rxmode.offloads & RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	port->tx_ipv4_csum = tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	port->tx_tcp_csum = tx & RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	conf->txmode.offloads |=
		tx & (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM);
	port->tso_bytes = rs_io_tso_bytes(info, room);
	port->tso_ipv6 = port->tso_bytes && tso_works_for_ipv6(info);
	if (port->tso_bytes)
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
}

/*
 * 0x6d5a over and over makes Toeplitz symmetric: both directions of a connection hash alike (Woo,
 * Park: Scalable TCP session monitoring with symmetric receive-side scaling, 2012). Static, since
 * drivers keep the pointer.
 */
static uint8_t *symmetric_key(void)
{
	static uint8_t key[64];

	for (size_t i = 0; i < sizeof(key); i += 2) {
		key[i] = 0x6d;
		key[i + 1] = 0x5a;
	}
	return key;
}

static int configure(
	const struct io_port *port, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;
	int err;

	if (port->n_rx_queues > 1 && rss_types(info)) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		rss->rss_hf = rss_types(info);
		if (info->hash_key_size <= 64) {
			rss->rss_key = info->hash_key_size ? symmetric_key() : NULL;
			rss->rss_key_len = info->hash_key_size;
		}
	}
	err = rte_eth_dev_configure(port->id, port->n_rx_queues, port->n_tx_queues, conf);
	if (err && rss->rss_key) {
		rs_log("port %u (%s): the driver refuses our RSS key; its own is used", port->id,
			port->name);
		rss->rss_key = NULL;
		rss->rss_key_len = 0;
		err = rte_eth_dev_configure(port->id, port->n_rx_queues, port->n_tx_queues, conf);
	}
	if (err && port->n_rx_queues != port->n_tx_queues)
		rs_log("port %u (%s) refuses %u receive and %u transmit queues; some drivers have "
		       "them in pairs only: give --rx-cores and --tx-cores the same number of "
		       "cores",
			port->id, port->name, port->n_rx_queues, port->n_tx_queues);
	return err;
}

/* Frames that hash to a queue which nobody polls would be lost. */
static int check_queues(const struct io_port *port, const struct rte_eth_dev_info *info)
{
	if (port->n_rx_queues > info->max_rx_queues || port->n_tx_queues > info->max_tx_queues) {
		rs_log("port %u (%s) has %u receive and %u transmit queues, %u and %u are needed; "
		       "use fewer cores, or --layout split",
			port->id, port->name, info->max_rx_queues, info->max_tx_queues,
			port->n_rx_queues, port->n_tx_queues);
		return -EINVAL;
	}
	if (kernel_spreads(info) && port->n_rx_queues < info->max_rx_queues) {
		rs_log("port %u (%s): its --vdev asks the kernel for %u queues, and %u would be "
		       "polled; ask for as many (%s), or use more cores",
			port->id, port->name, info->max_rx_queues, port->n_rx_queues,
			strcmp(info->driver_name, "net_af_xdp") ? "qpairs=" : "queue_count=");
		return -EINVAL;
	}
	if (port->n_rx_queues > 1 && strcmp(info->driver_name, "net_af_packet") == 0 &&
		!rs_io_fanout_is_kept()) {
		rs_log("port %u (%s): this build does not export setsockopt(): a queue that is "
		       "full may end connections; use one queue, or link with "
		       "-Wl,--export-dynamic-symbol=setsockopt",
			port->id, port->name);
		return -ENOEXEC;
	}
	return 0;
}

/* Drivers of kernel interfaces take note of a longer MTU only when it is set by itself. */
static int set_mtu(const struct io_port *port, uint16_t mtu)
{
	uint16_t now = 0;
	int err;

	rte_eth_dev_get_mtu(port->id, &now);
	if (now == mtu && mtu <= RTE_ETHER_MTU)
		return 0;
	err = rte_eth_dev_set_mtu(port->id, mtu);
	if (!err || now >= mtu) /* frames that are shorter than the port could send fit anyway */
		return 0;
	rs_log("--mtu %u: port %u (%s) refuses it and stays at %u: %s", mtu, port->id, port->name,
		now, strerror(-err));
	return err;
}

static int check_mtu(const struct io_port *port, const struct rte_eth_dev_info *info)
{
	if (port->mtu <= info->max_mtu && port->mtu <= info->max_rx_pktlen)
		return 0;
	rs_log("--mtu %u: port %u (%s) takes at most %u", port->mtu, port->id, port->name,
		RTE_MIN(info->max_mtu,
			info->max_rx_pktlen - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN));
	return -EINVAL;
}

static uint16_t ring_size(uint16_t wanted)
{
	return wanted ? wanted : IO_DEFAULT_RING;
}

/* AF_XDP for one refuses other numbers than powers of two, and does not say so. */
static void explain_refusal(const struct io_port *port, const char *option, uint16_t wanted)
{
	if (wanted & (wanted - 1))
		rs_log("--%s %u: port %u (%s) refuses it; many drivers take powers of two only",
			option, wanted, port->id, port->name);
}

static int setup_queues(struct io_port *port, const struct io_port_config *cfg)
{
	uint16_t n_rx = ring_size(cfg->rx_ring), n_tx = ring_size(cfg->tx_ring);
	int err = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &n_rx, &n_tx);
	struct io_queue q = {.port = port->id, .gate_open = &port->gate_open};

	if (err && err != -ENOTSUP)
		return err;
	for (q.queue = 0; q.queue < port->n_rx_queues; q.queue++) {
		err = rte_eth_rx_queue_setup(
			port->id, q.queue, n_rx, (unsigned int)port->socket, NULL, cfg->mbufs);
		if (err) {
			explain_refusal(port, "rx-ring", cfg->rx_ring);
			return err;
		}
		port->rx[q.queue] = q;
	}
	q.prepare = port->tx_tcp_csum || port->tso_bytes;
	for (q.queue = 0; q.queue < port->n_tx_queues; q.queue++) {
		err = rte_eth_tx_queue_setup(
			port->id, q.queue, n_tx, (unsigned int)port->socket, NULL);
		if (err) {
			explain_refusal(port, "tx-ring", cfg->tx_ring);
			return err;
		}
		port->tx[q.queue] = q;
	}
	return 0;
}

/*
 * IPv6 neighbour discovery comes to multicast addresses; drivers differ in how to get it. One that
 * has neither mode does not filter.
 */
static void receive_multicast(const struct io_port *port)
{
	int err = rte_eth_allmulticast_enable(port->id);

	if (err)
		err = rte_eth_promiscuous_enable(port->id);
	if (err && err != -ENOTSUP)
		rs_log("port %u (%s): neither all-multicast nor promiscuous mode (%s); if IPv6 "
		       "neighbours do not find us, add static neighbours there",
			port->id, port->name, strerror(-err));
}

static int start(struct io_port *port)
{
	int err;

	if (port->is_memif) {
		err = rs_io_memif_guard(port);
		if (err)
			return err;
	}
	err = rte_eth_dev_start(port->id);
	port->started = err == 0;
	if (err && port->is_memif && rs_io_memif_is_client(port->id)) {
		rs_log("port %u (%s): its peer does not listen yet; waiting for it", port->id,
			port->name);
		err = 0;
	}
	if (err && port->is_memif)
		rs_io_memif_unguard(port);
	return err;
}

int rs_io_port_open(struct io_port *port, uint16_t id, const struct io_port_config *cfg)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;
	int err;

	*port = (struct io_port){
		.id = id,
		.mtu = cfg->mtu,
		.n_rx_queues = cfg->n_rx_queues,
		.n_tx_queues = cfg->n_tx_queues,
		.socket = rte_eth_dev_socket_id(id),
		.is_memif = rs_io_memif_is(id),
		.gate_open = true,
	};
	rte_eth_dev_get_name_by_port(id, port->name);
	err = rte_eth_dev_info_get(id, &info);
	if (err)
		goto fail;
	port->if_index = info.if_index;
	port->keeps_frames = strcmp(info.driver_name, "net_af_xdp") == 0;
	err = check_queues(port, &info);
	if (!err)
		err = check_mtu(port, &info);
	if (err)
		return err;
	choose_offloads(port, &info, cfg, &conf);
	if (cfg->mtu >
		RTE_ETHER_MTU) /* drivers size their buffers by it; below, by their default */
		conf.rxmode.mtu = cfg->mtu;
	err = configure(port, &info, &conf);
	if (!err)
		err = set_mtu(port, cfg->mtu);
	if (!err)
		err = setup_queues(port, cfg);
	if (!err)
		err = rte_eth_macaddr_get(id, &mac);
	if (!err)
		err = start(port);
	if (err)
		goto fail;
	memcpy(port->mac, mac.addr_bytes, 6);
	receive_multicast(port);
	rs_io_port_watch(port);
	return 0;
fail:
	rs_log("port %u (%s) cannot be set up: %s%s", id, port->name, strerror(-err),
		rs_io_port_rights_note());
	return err;
}

void rs_io_port_close(struct io_port *port)
{
	int err;

	if (port->is_memif) {
		rs_io_memif_close(port);
		return;
	}
	err = port->started ? rte_eth_dev_stop(port->id) : 0;
	if (err)
		rs_log("port %u (%s) does not stop: %s", port->id, port->name, strerror(-err));
	rte_eth_dev_close(port->id);
}

/* ---- while it runs ---- */

/*
 * Drivers on top of the kernel (AF_XDP, AF_PACKET) do not tell when its interface has no link. One
 * that cannot be asked, since it was moved to another namespace, is believed to have one.
 */
static bool kernel_has_link(uint32_t if_index)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up;

	if (fd < 0)
		return true;
	up = !if_indextoname(if_index, request.ifr_name) ||
	     ioctl(fd, SIOCGIFFLAGS, &request) != 0 || request.ifr_flags & IFF_RUNNING;
	close(fd);
	return up;
}

/* A driver that never reports a link is believed to have one. */
static bool watch_link(struct io_port *port)
{
	struct rte_eth_link link = {0};
	bool up = port->link_up;

	if (rte_eth_link_get_nowait(port->id, &link) == 0)
		up = link.link_status == RTE_ETH_LINK_UP;
	if (up && port->if_index)
		up = kernel_has_link(port->if_index);
	__atomic_store_n(&port->gate_open, up || !port->link_seen, __ATOMIC_RELEASE);
	return up;
}

bool rs_io_port_watch(struct io_port *port)
{
	bool up = port->is_memif ? rs_io_memif_watch(port) : watch_link(port);

	if (up != port->link_up)
		rs_log("port %u (%s): link %s", port->id, port->name, up ? "up" : "down");
	port->link_up = up;
	port->link_seen |= up;
	return up;
}

void rs_io_port_stats(const struct io_port *port, struct io_port_stats *stats)
{
	struct rte_eth_stats s = {0};

	rte_eth_stats_get(port->id, &s);
	*stats = (struct io_port_stats){
		.rx_frames = s.ipackets,
		.tx_frames = s.opackets,
		.rx_missed = s.imissed,
		.rx_errors = s.ierrors,
		.rx_no_mbuf = s.rx_nombuf,
		.tx_errors = s.oerrors,
	};
	for (uint16_t q = 0; q < port->n_tx_queues; q++)
		stats->tx_discarded += port->tx[q].n_discarded;
}

/* ---- sending, the rarer ways ---- */

uint32_t rs_io_tx_discard(struct io_queue *q, struct rte_mbuf **pkts, uint32_t n)
{
	rte_pktmbuf_free_bulk(pkts, n);
	q->n_discarded += n;
	return n;
}

uint32_t rs_io_tx_refused(struct io_queue *q, struct rte_mbuf **pkts, uint32_t n)
{
	uint64_t now = rte_rdtsc();

	if (!q->refused_tsc) {
		q->refused_tsc = now;
		return 0;
	}
	if (now - q->refused_tsc < rte_get_tsc_hz())
		return 0;
	return rs_io_tx_discard(q, pkts, n);
}
