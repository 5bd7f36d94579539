/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ether.h>

#include "io/log.h"

#define DEFAULT_RING  1024
#define FRAME_OVER_IP (RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)
#define POOL_CACHE    256
#define BURST_MARGIN  2048 /* frames on their way through stages, and in caches */

/*
 * 0x6d5a over and over makes Toeplitz symmetric: both directions of a connection hash alike (Woo,
 * Park: Scalable TCP session monitoring with symmetric receive-side scaling, 2012).
 */
static uint8_t symmetric_key[64];

static void make_symmetric_key(void)
{
	for (size_t i = 0; i < sizeof(symmetric_key); i += 2) {
		symmetric_key[i] = 0x6d;
		symmetric_key[i + 1] = 0x5a;
	}
}

static uint64_t rss_types(const struct rte_eth_dev_info *info)
{
	return info->flow_type_rss_offloads &
	       (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_IPV4 |
		       RTE_ETH_RSS_IPV6);
}

bool rs_io_port_has_rss(uint16_t id)
{
	struct rte_eth_dev_info info;

	return rte_eth_dev_info_get(id, &info) == 0 && info.max_rx_queues > 1 &&
	       rss_types(&info) & (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_IPV4);
}

uint16_t rs_io_port_max_queues(uint16_t id)
{
	struct rte_eth_dev_info info;
	uint16_t n;

	if (rte_eth_dev_info_get(id, &info))
		return 1;
	n = info.max_rx_queues < info.max_tx_queues ? info.max_rx_queues : info.max_tx_queues;
	return n > IO_MAX_QUEUES ? IO_MAX_QUEUES : n;
}

static uint16_t ring_size(uint16_t wanted)
{
	return wanted ? wanted : DEFAULT_RING;
}

uint32_t rs_io_mbufs_needed(uint32_t n_ports, const struct io_port_config *cfg)
{
	uint32_t rings = cfg->n_rx_queues * (uint32_t)ring_size(cfg->rx_ring) +
			 cfg->n_tx_queues * (uint32_t)ring_size(cfg->tx_ring);

	/* AF_XDP's fill queue may be as long as both rings again. */
	return 2 * n_ports * rings + (cfg->n_rx_queues + 1u) * (BURST_MARGIN + 2 * POOL_CACHE);
}

struct rte_mempool *rs_io_mbufs_create(uint32_t n, uint16_t mtu, int socket)
{
	/* One frame, one mbuf: room for the longest, and never below what all drivers can take. */
	uint32_t room = RTE_MAX(RTE_MBUF_DEFAULT_DATAROOM, RTE_ALIGN(mtu + FRAME_OVER_IP, 64));
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"frames", n, POOL_CACHE, 0, (uint16_t)(room + RTE_PKTMBUF_HEADROOM), socket);

	if (!pool)
		rs_log("a pool of %u frames of %u bytes (%u MiB): %s; give EAL more memory (-m) or "
		       "lower --mbufs",
			n, room, (uint32_t)((uint64_t)n * (room + 256) >> 20),
			rte_strerror(rte_errno));
	return pool;
}

/* What of the offloads that we can use the driver has. */
static void choose_offloads(struct io_port *port, const struct rte_eth_dev_info *info,
	const struct io_port_config *cfg, struct rte_eth_conf *conf)
{
	uint64_t rx_wanted = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	uint64_t tx = info->tx_offload_capa;

	if (cfg->no_offload)
		return;
	if ((info->rx_offload_capa & rx_wanted) == rx_wanted) {
		conf->rxmode.offloads |= rx_wanted;
		port->rx_csum = true;
	}
	if (tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM)
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	if (tx & RTE_ETH_TX_OFFLOAD_TCP_CKSUM)
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	port->tx_ipv4_csum = tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	port->tx_tcp_csum = tx & RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	if (port->tx_ipv4_csum && port->tx_tcp_csum && tx & RTE_ETH_TX_OFFLOAD_TCP_TSO &&
		tx & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) {
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
		port->tso_bytes = 65535 - 256; /* an IP packet, less its headers */
	}
	/* All our frames come from one pool and nobody else holds them. */
	if (tx & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) {
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
		port->fast_free = true;
	}
}

static void choose_rss(struct io_port *port, const struct rte_eth_dev_info *info,
	const struct io_port_config *cfg, struct rte_eth_conf *conf)
{
	if (cfg->n_rx_queues == 1)
		return;
	make_symmetric_key();
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_hf = rss_types(info);
	if (info->hash_key_size && info->hash_key_size <= sizeof(symmetric_key)) {
		conf->rx_adv_conf.rss_conf.rss_key = symmetric_key;
		conf->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
	}
	port->rss = true;
}

static int set_mtu(const struct io_port *port, const struct rte_eth_dev_info *info, uint16_t mtu)
{
	uint16_t now = 0;
	int err;

	if (info->max_mtu && mtu > info->max_mtu) {
		rs_log("--mtu %u: port %u (%s) takes at most %u", mtu, port->id, port->name,
			info->max_mtu);
		return -EINVAL;
	}
	err = rte_eth_dev_set_mtu(port->id, mtu);
	if (!err || (rte_eth_dev_get_mtu(port->id, &now) == 0 && now >= mtu))
		return 0;
	if (err == -ENOTSUP && mtu <= RTE_ETHER_MTU)
		return 0; /* a driver without the call carries standard frames */
	rs_log("--mtu %u: port %u (%s) refuses it: %s", mtu, port->id, port->name, strerror(-err));
	return err;
}

static int setup_queues(struct io_port *port, const struct io_port_config *cfg)
{
	uint16_t n_rx = ring_size(cfg->rx_ring), n_tx = ring_size(cfg->tx_ring);
	int err = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &n_rx, &n_tx);

	if (err && err != -ENOTSUP)
		return err;
	for (uint16_t q = 0; q < cfg->n_rx_queues; q++) {
		err = rte_eth_rx_queue_setup(
			port->id, q, n_rx, (unsigned int)port->socket, NULL, cfg->mbufs);
		if (err)
			return err;
		port->rx[q] = (struct io_queue){.port = port->id, .queue = q};
	}
	for (uint16_t q = 0; q < cfg->n_tx_queues; q++) {
		err = rte_eth_tx_queue_setup(port->id, q, n_tx, (unsigned int)port->socket, NULL);
		if (err)
			return err;
		port->tx[q] = (struct io_queue){.port = port->id, .queue = q};
	}
	return 0;
}

/* IPv6 neighbour discovery comes to multicast addresses; drivers differ in how to get it. */
static void receive_multicast(const struct io_port *port)
{
	if (rte_eth_allmulticast_enable(port->id) && rte_eth_promiscuous_enable(port->id))
		rs_log("port %u (%s): neither all-multicast nor promiscuous mode; IPv6 may not be "
		       "found "
		       "by its neighbours",
			port->id, port->name);
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
	};
	rte_eth_dev_get_name_by_port(id, port->name);
	err = rte_eth_dev_info_get(id, &info);
	if (err)
		goto fail;
	if (cfg->n_rx_queues > info.max_rx_queues || cfg->n_tx_queues > info.max_tx_queues) {
		rs_log("port %u (%s) has %u receive and %u transmit queues, %u and %u are needed; "
		       "use fewer cores, or --layout split",
			id, port->name, info.max_rx_queues, info.max_tx_queues, cfg->n_rx_queues,
			cfg->n_tx_queues);
		return -EINVAL;
	}
	choose_offloads(port, &info, cfg, &conf);
	choose_rss(port, &info, cfg, &conf);
	err = rte_eth_dev_configure(id, cfg->n_rx_queues, cfg->n_tx_queues, &conf);
	if (err)
		goto fail;
	err = set_mtu(port, &info, cfg->mtu);
	if (err)
		return err;
	err = setup_queues(port, cfg);
	if (!err)
		err = rte_eth_dev_start(id);
	if (!err)
		err = rte_eth_macaddr_get(id, &mac);
	if (err)
		goto fail;
	memcpy(port->mac, mac.addr_bytes, 6);
	receive_multicast(port);
	return 0;
fail:
	rs_log("port %u (%s) cannot be set up: %s", id, port->name, strerror(-err));
	return err;
}

void rs_io_port_close(struct io_port *port)
{
	int err = rte_eth_dev_stop(port->id);

	if (err)
		rs_log("port %u (%s) does not stop: %s", port->id, port->name, strerror(-err));
	rte_eth_dev_close(port->id);
}

bool rs_io_port_link_up(struct io_port *port)
{
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(port->id, &link) == 0)
		port->link_up = link.link_status == RTE_ETH_LINK_UP;
	return port->link_up;
}
