/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pool that frames live in, and how large it has to be. Control core only. Includes DPDK.
 */
#ifndef RS_IO_MBUFS_H
#define RS_IO_MBUFS_H

#include <stdint.h>

#include <rte_mempool.h>

struct io_port_config;

/*
 * Frames that the rings of these ports need, and the bursts of their cores; what stands in rings
 * between stages comes on top. Before the ports are opened.
 */
uint32_t rs_io_mbufs_needed(uint32_t n_ports, const struct io_port_config *cfg);

/*
 * A pool of n frames with room for a whole frame each. Where a port is an AF_XDP one, frames that
 * its driver could not use are taken out of it for good. NULL: logged.
 */
struct rte_mempool *rs_io_mbufs_create(uint32_t n, uint16_t mtu, int socket);

/* A pool of n mbufs without room of their own, to point to payload elsewhere. NULL: logged. */
struct rte_mempool *rs_io_segs_create(uint32_t n, int socket);

#endif
