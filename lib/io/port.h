/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port: any DPDK ethdev, set up for Ringside. Drivers differ in what they can do; what is missing
 * is done in software, and what was found is written down here for others to read.
 *
 * All functions but the burst calls are for the control core. Includes base and DPDK.
 */
#ifndef RS_IO_PORT_H
#define RS_IO_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "base/bytes.h"

#define IO_MAX_PORTS    8
#define IO_MAX_QUEUES   32
#define IO_DEFAULT_RING 1024

struct io_port_config {
	uint16_t n_rx_queues;
	uint16_t n_tx_queues;
	uint16_t rx_ring; /* descriptors a queue; 0: IO_DEFAULT_RING, or what the driver can do */
	uint16_t tx_ring;
	uint16_t mtu;
	bool no_offload;
	struct rte_mempool *mbufs; /* the only pool that frames sent on the port come from */
};

/* One receive or transmit queue. It belongs to the core that polls it. */
struct io_queue {
	uint16_t port;
	uint16_t queue;
	bool prepare;          /* frames that ask for offloads are shown to the driver first */
	const bool *gate_open; /* of the port */
	uint64_t refused_tsc;  /* since when the driver has not taken the next frame; 0: it has */
	uint64_t n_discarded; /* frames to send that the port was down for, or the driver refused */
};

struct io_port {
	uint16_t id;
	uint16_t mtu;
	uint8_t mac[6];
	bool tx_ipv4_csum; /* the port fills in these checksums when sending … */
	bool tx_tcp_csum;
	bool rx_csum;      /* … and says when they are right when receiving */
	bool fast_free;    /* takes all frames of a queue from one pool, which is faster */
	bool reads_memory; /* frames may point to shared memory: see io/dma.h */
	bool link_up;      /* as of the last rs_io_port_watch() */
	bool link_seen;    /* it was up at least once */
	bool is_memif;
	bool started;       /* a memif client whose peer does not listen is not */
	bool keeps_frames;  /* the driver does not give back all of them when closed (AF_XDP) */
	bool gate_open;     /* shut: nobody calls the driver, nothing comes and nothing goes */
	uint32_t if_index;  /* of the kernel's interface beneath; 0: there is none */
	uint32_t tso_bytes; /* largest payload that the port cuts into segments; 0: it cannot */
	bool tso_ipv6;      /* … of IPv6, too */
	int socket;
	int64_t retry_at_s; /* memif client: when to connect again */
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t n_rx_queues;
	uint16_t n_tx_queues;
	struct io_queue rx[IO_MAX_QUEUES];
	struct io_queue tx[IO_MAX_QUEUES];
};

/* Since the port was started; what a driver does not count is 0. */
struct io_port_stats {
	uint64_t rx_frames;
	uint64_t tx_frames;
	uint64_t rx_missed; /* came while the queue was full: cores were too slow */
	uint64_t rx_errors;
	uint64_t rx_no_mbuf; /* came while the pool was empty */
	uint64_t tx_errors;
	uint64_t tx_discarded; /* by us: the link was down, or the driver refused the frame */
};

/* Do EAL's arguments name a device? Then, where no port is there, it did not come up. */
bool rs_io_port_is_named(void);

/* Says which of these devices have no port: EAL goes on with the others. */
void rs_io_port_tell_absent(void);

/* The end of a message that a port is not to be had: words about rights, "" when this is root. */
const char *rs_io_port_rights_note(void);

/* Can the port spread connections over queues, and how many has it? Before it is opened. */
bool rs_io_port_has_rss(uint16_t id);
uint16_t rs_io_port_max_queues(uint16_t id);

/*
 * Configures and starts a port. *port must not move afterwards. 0 or -errno, logged in words, and
 * nothing to close.
 */
int rs_io_port_open(struct io_port *port, uint16_t id, const struct io_port_config *cfg);

/* Stops and closes it; its frames are back in the pool afterwards. No core polls it any more. */
void rs_io_port_close(struct io_port *port);

/*
 * Looks after the link: to be called every 100 ms or so. Says when it comes and goes, stops
 * sending while it is down, and lets memif peers come back. Returns whether it is up.
 */
bool rs_io_port_watch(struct io_port *port);

void rs_io_port_stats(const struct io_port *port, struct io_port_stats *stats);

/* Frees the frames and counts them. Returns n. */
uint32_t rs_io_tx_discard(struct io_queue *q, struct rte_mbuf **pkts, uint32_t n);

/*
 * The driver took none of n. When it has not for a second, all are given up, and so is what follows
 * until it takes a frame again: others must not wait for a port that hangs. Returns how many were.
 */
uint32_t rs_io_tx_refused(struct io_queue *q, struct rte_mbuf **pkts, uint32_t n);

/* How much payload a frame for TSO may have whose mbufs have so many bytes of room; 0: no TSO. */
uint32_t rs_io_tso_bytes(const struct rte_eth_dev_info *info, uint32_t room);

static inline bool rs_io_gate_open(const struct io_queue *q)
{
	return __atomic_load_n(q->gate_open, __ATOMIC_ACQUIRE);
}

/* Frames from a queue. The only place that calls the driver to receive. */
static inline uint32_t rs_io_rx_burst(struct io_queue *q, struct rte_mbuf **pkts, uint32_t max)
{
	if (rs_unlikely(!rs_io_gate_open(q)))
		return 0;
	return rte_eth_rx_burst(q->port, q->queue, pkts, (uint16_t)max);
}

/*
 * Frames to a queue, n > 0. Returns how many were taken, the first ones. While the link is down,
 * all are: nothing waits for a port that is gone.
 */
static inline uint32_t rs_io_tx_burst(struct io_queue *q, struct rte_mbuf **pkts, uint32_t n)
{
	uint32_t n_sent;

	if (rs_unlikely(!rs_io_gate_open(q)))
		return rs_io_tx_discard(q, pkts, n);
	if (q->prepare) {
		n = rte_eth_tx_prepare(q->port, q->queue, pkts, (uint16_t)n);
		if (rs_unlikely(!n)) /* it would refuse the first one for ever */
			return rs_io_tx_discard(q, pkts, 1);
	}
	n_sent = rte_eth_tx_burst(q->port, q->queue, pkts, (uint16_t)n);
	if (rs_unlikely(!n_sent))
		return rs_io_tx_refused(q, pkts, n);
	q->refused_tsc = 0;
	return n_sent;
}

#endif
