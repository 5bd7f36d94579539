/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the memif driver (net_memif) needs from us so that its peer may come, go and come back. The
 * driver unmaps the memory that it shares with its peer in EAL's interrupt thread, while cores may
 * be copying frames from it. docs/adr/0003-memif-peers-come-and-go.md tells how that is made safe.
 *
 * For the control core. Includes DPDK.
 */
#ifndef RS_IO_MEMIF_H
#define RS_IO_MEMIF_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

struct io_port;

/* Is this port one? */
bool rs_io_memif_is(uint16_t port_id);

/* Does it connect to a peer that listens (role=client), rather than listen itself? */
bool rs_io_memif_is_client(uint16_t port_id);

/*
 * Is it one whose driver copies what it sends, wherever that stands? Only a client with
 * zero-copy=yes does not: it lends its peer EAL's own memory.
 */
bool rs_io_memif_copies(const struct rte_eth_dev_info *info);

/*
 * From now on the port's gate is shut, and no core is in a burst, before its memory goes. Before
 * the port is started. 0 or -errno, logged.
 */
int rs_io_memif_guard(struct io_port *port);

/* After an attempt to start it has failed. */
void rs_io_memif_unguard(struct io_port *port);

/*
 * Stops and closes the port, on the thread that handles its peer's messages, and ends the guard. No
 * core polls it any more.
 */
void rs_io_memif_close(struct io_port *port);

/*
 * Opens the gate if the peer is there. A client whose peer is not tries to connect, at most every
 * two seconds. Returns whether the gate is open.
 */
bool rs_io_memif_watch(struct io_port *port);

/*
 * Before EAL starts, with its arguments: removes the socket files of memifs (--vdev) that are to
 * listen, where an earlier process has left one behind and nobody listens on it: the driver would
 * not start. Everything else is left alone.
 */
void rs_io_memif_clean_stale(int argc, char *const *argv);

#endif
