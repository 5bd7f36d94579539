/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of EAL. Its own rte_eal_cleanup() unmaps all of DPDK's memory while EAL's interrupt
 * thread goes on: devices that it closes on the way wake that thread, which then reads what is
 * unmapped.
 *
 * For the control core. Includes DPDK.
 */
#ifndef RS_IO_CLEANUP_H
#define RS_IO_CLEANUP_H

/*
 * Stops the interrupt thread for good, cleans up, and removes what EAL leaves in its runtime
 * folder. The last that a process does with DPDK.
 */
void rs_io_cleanup(void);

/* In place of it, where EAL did not start: removes what it has made so far, unless it is another
 * process's, as when that has the same --file-prefix. */
void rs_io_cleanup_failed(void);

#endif
