/* SPDX-License-Identifier: BSD-2-Clause */
#include "one_port.h"

#include <stdio.h>

#include "io/mbufs.h"

int rs_load_port_open(struct io_port *port, struct rte_mempool **mbufs, uint32_t n_more)
{
	struct io_port_config cfg = {.n_rx_queues = 1,
		.n_tx_queues = 1,
		.rx_ring = 2048,
		.tx_ring = 2048,
		.mtu = LOAD_MTU};

	if (rte_eth_dev_count_avail() != 1) {
		fprintf(stderr, "ringside-load: %u ports; give it one, by --vdev or -a\n",
			rte_eth_dev_count_avail());
		return -1;
	}
	*mbufs = rs_io_mbufs_create(rs_io_mbufs_needed(1, &cfg) + n_more, LOAD_MTU, SOCKET_ID_ANY);
	cfg.mbufs = *mbufs;
	if (*mbufs && rs_io_port_open(port, 0, &cfg) == 0)
		return 0;
	rte_mempool_free(*mbufs);
	return -1;
}
