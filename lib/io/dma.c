/* SPDX-License-Identifier: BSD-2-Clause */
/* rte_dev_dma_map() is not in DPDK's stable interface, and the only way to all drivers. */
#define ALLOW_EXPERIMENTAL_API

#include "io/dma.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include "base/pages.h"
#include "io/log.h"
#include "io/memif.h"

/* Process-wide, as the mappings are. Atomic: written by whoever loads, read by who looks. */
static bool has_failed;

static bool has_dma(const struct rte_eth_dev_info *info)
{
	return strcmp(rte_bus_name(rte_dev_bus(info->device)), "pci") == 0;
}

/*
 * Of the drivers without a device, those that are known to read such frames with the CPU. Not so
 * net_virtio_user, which shares EAL's memory alone with its backend, nor net_tap, which was asked
 * to fill in the checksums of such frames, and none arrived.
 */
static bool reads_without_dma(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, "net_af_packet") == 0 || rs_io_memif_copies(info);
}

static bool takes_segs(uint16_t most)
{
	return most == 0 || most >= IO_DMA_SEGS;
}

bool rs_io_dma_port_reads(const struct rte_eth_dev_info *info)
{
	return info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS &&
	       takes_segs(info->tx_desc_lim.nb_seg_max) &&
	       takes_segs(info->tx_desc_lim.nb_mtu_seg_max) &&
	       (has_dma(info) ? rte_eal_iova_mode() == RTE_IOVA_VA : reads_without_dma(info));
}

/* The ports that need a mapping, from *id on. NULL: there are no more. */
static struct rte_device *next_device(uint16_t *id)
{
	while (*id < RTE_MAX_ETHPORTS) {
		uint16_t port = (*id)++;
		struct rte_eth_dev_info info;

		if (rte_eth_dev_is_valid_port(port) && rte_eth_dev_info_get(port, &info) == 0 &&
			has_dma(&info) && rs_io_dma_port_reads(&info))
			return info.device;
	}
	return NULL;
}

static bool is_needed(void)
{
	uint16_t id = 0;

	return next_device(&id) != NULL;
}

/* Not all of what is below says in rte_errno why it fails. */
static void forget_errors(void)
{
	errno = 0;
	rte_errno = 0;
}

static void fail(const char *what, size_t n_bytes)
{
	int error = rte_errno ? rte_errno : errno;

	rs_log("%s of %zu MiB of content for the ports: %s; large bodies of what is loaded from "
	       "now on are copied",
		what, n_bytes >> 20, rte_strerror(error));
	__atomic_store_n(&has_failed, true, __ATOMIC_RELAXED);
}

static void unmap(void *memory, size_t n_bytes)
{
	struct rte_device *device;

	for (uint16_t id = 0; (device = next_device(&id));)
		rte_dev_dma_unmap(device, memory, (uintptr_t)memory, n_bytes);
}

void rs_io_dma_share(void *memory, size_t n_bytes, size_t unit)
{
	struct rte_device *device;

	if (!rs_io_dma_works() || !is_needed())
		return;
	forget_errors();
	if (rte_extmem_register(memory, n_bytes, NULL, 0, unit)) {
		fail("registering", n_bytes);
		return;
	}
	for (uint16_t id = 0; (device = next_device(&id));) {
		if (rte_dev_dma_map(device, memory, (uintptr_t)memory, n_bytes)) {
			fail("mapping", n_bytes);
			unmap(memory, n_bytes);
			rte_extmem_unregister(memory, n_bytes);
			return;
		}
	}
}

void *rs_io_dma_alloc(void *ctx, size_t n_bytes)
{
	void *memory = rs_pages_map(n_bytes);

	(void)ctx;
	if (memory)
		rs_io_dma_share(memory, n_bytes, PAGES_UNIT);
	return memory;
}

void rs_io_dma_free(void *ctx, void *memory, size_t n_bytes)
{
	(void)ctx;
	if (is_needed()) {
		unmap(memory, n_bytes);
		rte_extmem_unregister(memory, n_bytes);
	}
	rs_pages_unmap(memory, n_bytes);
}

bool rs_io_dma_works(void)
{
	return !__atomic_load_n(&has_failed, __ATOMIC_RELAXED);
}
