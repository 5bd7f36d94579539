/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/mbufs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "io/log.h"
#include "io/port.h"

#define POOL_CACHE     256
#define BURST_MARGIN   2048 /* frames on their way through stages, and in caches */
#define HUGEPAGE_BYTES (2u << 20)

/* What the kernel keeps free in front of a frame for XDP programs (linux/bpf.h). */
#define XDP_PACKET_HEADROOM 256u

/* Ethernet, two VLAN tags, and the check sequence that some drivers count. */
#define FRAME_OVER_IP (RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN)

uint32_t rs_io_mbufs_needed(uint32_t n_ports, const struct io_port_config *cfg)
{
	uint32_t rx_ring = cfg->rx_ring ? cfg->rx_ring : IO_DEFAULT_RING;
	uint32_t tx_ring = cfg->tx_ring ? cfg->tx_ring : IO_DEFAULT_RING;
	uint32_t rings = cfg->n_rx_queues * rx_ring + cfg->n_tx_queues * tx_ring;

	/* AF_XDP's fill queue may be as long as both rings again. */
	return 2 * n_ports * rings + (cfg->n_rx_queues + 1u) * (BURST_MARGIN + 2 * POOL_CACHE);
}

static bool any_af_xdp(void)
{
	for (uint16_t port = 0; port < RTE_MAX_ETHPORTS; port++) {
		struct rte_eth_dev_info info;

		if (rte_eth_dev_is_valid_port(port) && rte_eth_dev_info_get(port, &info) == 0 &&
			strcmp(info.driver_name, "net_af_xdp") == 0)
			return true;
	}
	return false;
}

static uint32_t object_bytes(const struct rte_mempool *pool)
{
	return pool->header_size + pool->elt_size + pool->trailer_size;
}

/*
 * The AF_XDP driver gives the kernel as much memory as the pool's frames take together, from the
 * first one on. But no frame crosses a page, so they stand in more memory than that, and the kernel
 * drops, without a word, what lies behind: with pages of 4 KiB that is more than every third. Those
 * frames are taken out and not put back.
 */
static int retire_unusable(struct rte_mempool *pool)
{
	const struct rte_mempool_memhdr *first = STAILQ_FIRST(&pool->mem_list);
	uintptr_t base = (uintptr_t)first->addr;
	uintptr_t end = base + (uintptr_t)pool->populated_size * object_bytes(pool);
	void **all = malloc(pool->populated_size * sizeof(*all));
	uint32_t n_good = 0;
	int err;

	if (!all)
		return -ENOMEM;
	err = rte_mempool_generic_get(pool, all, pool->populated_size, NULL);
	for (uint32_t i = 0; !err && i < pool->populated_size; i++) {
		uintptr_t frame = (uintptr_t)all[i];

		if (frame >= base && frame + pool->elt_size <= end)
			all[n_good++] = all[i];
	}
	if (n_good)
		rte_mempool_generic_put(pool, all, n_good, NULL);
	free(all);
	return err;
}

/* How many frames of these bytes a pool must have for n of them to be usable with AF_XDP. */
static uint32_t with_unusable(uint32_t n, uint32_t frame_bytes)
{
	uint32_t page = rte_eal_has_hugepages() ? HUGEPAGE_BYTES : (uint32_t)getpagesize();

	if (frame_bytes >= page)
		return n;
	return (uint32_t)((uint64_t)n * page / (page / frame_bytes) / frame_bytes) +
	       page / frame_bytes;
}

/* The kernel takes no frame of AF_XDP that is longer than a page, and the driver does not say so.
 */
static bool fits_page(uint32_t frame_bytes, uint16_t mtu)
{
	uint32_t page = (uint32_t)getpagesize();

	if (frame_bytes <= page)
		return true;
	rs_log("--mtu %u: with AF_XDP a buffer has to fit a page of %u bytes, and these take %u; "
	       "3430 is the most with pages of 4096",
		mtu, page, frame_bytes);
	return false;
}

struct rte_mempool *rs_io_mbufs_create(uint32_t n, uint16_t mtu, int socket)
{
	/* One frame, one mbuf: room for the longest, and never below what all drivers can take. */
	bool af_xdp = any_af_xdp();
	uint32_t longest =
		RTE_ALIGN((uint32_t)mtu + FRAME_OVER_IP + (af_xdp ? XDP_PACKET_HEADROOM : 0), 64);
	uint32_t room = RTE_MAX(longest, (uint32_t)RTE_MBUF_DEFAULT_DATAROOM);
	struct rte_mempool *pool = NULL;
	uint32_t frame_bytes;

	room += RTE_PKTMBUF_HEADROOM;
	if (room > UINT16_MAX) {
		rs_log("--mtu %u: a frame of that length does not fit a buffer", mtu);
		return NULL;
	}
	frame_bytes = rte_mempool_calc_obj_size(room + (uint32_t)sizeof(struct rte_mbuf), 0, NULL);
	if (af_xdp && !fits_page(frame_bytes, mtu))
		return NULL;
	if (af_xdp)
		n = with_unusable(n, frame_bytes);
	pool = rte_pktmbuf_pool_create("frames", n, POOL_CACHE, 0, (uint16_t)room, socket);
	if (!pool) {
		rs_log("a pool of %u frames of %u bytes (%u MiB): %s; give EAL more memory (-m) or "
		       "lower --mbufs",
			n, room, (uint32_t)((uint64_t)n * (room + 192) >> 20),
			rte_strerror(rte_errno));
		return NULL;
	}
	if (af_xdp && retire_unusable(pool)) {
		rs_log("a pool of %u frames: no memory to sort them", n);
		rte_mempool_free(pool);
		return NULL;
	}
	return pool;
}

struct rte_mempool *rs_io_segs_create(uint32_t n, int socket)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create("segments", n, POOL_CACHE, 0, 0, socket);

	if (!pool)
		rs_log("a pool of %u mbufs to point to bodies: %s; give EAL more memory (-m)", n,
			rte_strerror(rte_errno));
	return pool;
}
