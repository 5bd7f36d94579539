/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port: any DPDK ethdev, set up for Ringside. Drivers differ in what they can do; what is missing
 * is done in software, and what was found is written down here for others to read.
 *
 * All functions but the burst calls are for the control core. Includes DPDK.
 */
#ifndef RS_IO_PORT_H
#define RS_IO_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#define IO_MAX_PORTS  8
#define IO_MAX_QUEUES 32

struct io_port_config {
	uint16_t n_rx_queues;
	uint16_t n_tx_queues;
	uint16_t rx_ring; /* descriptors a queue; 0: the driver's choice, at least 1024 where it may
			   */
	uint16_t tx_ring;
	uint16_t mtu;
	bool no_offload;
	struct rte_mempool *mbufs;
};

/* One receive or transmit queue, as the core that owns it knows it. */
struct io_queue {
	uint16_t port;
	uint16_t queue;
};

struct io_port {
	uint16_t id;
	uint16_t mtu;
	uint8_t mac[6];
	bool tx_ipv4_csum; /* the port fills in these checksums when sending … */
	bool tx_tcp_csum;
	bool rx_csum;       /* … and says when they are right when receiving */
	bool rss;           /* spreads connections over its receive queues */
	bool fast_free;     /* takes all frames of a queue from one pool, which is faster */
	bool link_up;       /* as of the last look */
	uint32_t tso_bytes; /* largest payload that the port cuts into segments; 0: it cannot */
	int socket;
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t n_rx_queues;
	uint16_t n_tx_queues;
	struct io_queue rx[IO_MAX_QUEUES];
	struct io_queue tx[IO_MAX_QUEUES];
};

/* How many frames a pool needs for these ports, and how long they are. Before the ports are opened.
 */
uint32_t rs_io_mbufs_needed(uint32_t n_ports, const struct io_port_config *cfg);
struct rte_mempool *rs_io_mbufs_create(uint32_t n, uint16_t mtu, int socket);

/* Can the port spread connections over queues (RSS), and how many? Before it is opened. */
bool rs_io_port_has_rss(uint16_t id);
uint16_t rs_io_port_max_queues(uint16_t id);

/* Configures and starts a port. 0 or -errno, logged in words. */
int rs_io_port_open(struct io_port *port, uint16_t id, const struct io_port_config *cfg);

/* Stops and closes it; its frames are back in the pool afterwards. */
void rs_io_port_close(struct io_port *port);

/* Asks the driver whether the link is up, without waiting. */
bool rs_io_port_link_up(struct io_port *port);

/* Frames from a queue. The only place that calls the driver to receive. */
static inline uint32_t rs_io_rx_burst(
	const struct io_queue *q, struct rte_mbuf **pkts, uint32_t max)
{
	return rte_eth_rx_burst(q->port, q->queue, pkts, (uint16_t)max);
}

/* Frames to a queue. Returns how many the driver took. */
static inline uint32_t rs_io_tx_burst(const struct io_queue *q, struct rte_mbuf **pkts, uint32_t n)
{
	return rte_eth_tx_burst(q->port, q->queue, pkts, (uint16_t)n);
}

#endif
