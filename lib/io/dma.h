/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is not EAL's, for ports to read payload from: with it, a frame's payload need not be
 * copied behind its headers. For PCI devices it has to be mapped, which takes IOVA as VA (vfio with
 * an IOMMU, or a driver that looks after that itself); some drivers without a device read it as it
 * is. The frames of other ports are written by copying.
 *
 * Any thread, one at a time, after EAL has started. Includes base and DPDK.
 */
#ifndef RS_IO_DMA_H
#define RS_IO_DMA_H

#include <stdbool.h>
#include <stddef.h>

#include <rte_ethdev.h>

/* Frames of at least so many mbufs are sent with such payload, … */
#define IO_DMA_SEGS 4

/*
 * … and so long is an mbuf of it at most. The descriptors of many NICs take less than 16 KiB (i40e,
 * enic, vmxnet3: 14 bits; 82599: 15.5 KiB), and not all drivers share a longer one out among
 * several.
 */
#define IO_DMA_SEG_BYTES (15u << 10)

/*
 * n_bytes of memory in huge pages (base/pages.h), shared with the ports as far as that works; NULL:
 * there is none.
 */
void *rs_io_dma_alloc(void *ctx, size_t n_bytes);
void rs_io_dma_free(void *ctx, void *memory, size_t n_bytes);

/* Memory that is there already; both aligned to unit, a power of two. */
void rs_io_dma_share(void *memory, size_t n_bytes, size_t unit);

/* All of the memory above could be shared. If not, that was said, and it stays so. */
bool rs_io_dma_works(void);

/* Can the port send what stands in shared memory, and frames of IO_DMA_SEGS mbufs? */
bool rs_io_dma_port_reads(const struct rte_eth_dev_info *info);

#endif
