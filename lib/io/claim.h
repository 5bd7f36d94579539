/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network interface of the kernel serves one appliance at a time: a second one on it would take
 * the first one's XDP program away, and both would stand still. For the control core; includes
 * libc.
 */
#ifndef RS_IO_CLAIM_H
#define RS_IO_CLAIM_H

/*
 * Before EAL starts, with its arguments: claims every iface=NAME in them (--vdev) until the process
 * ends. 0, or -EBUSY where another process has one, logged.
 */
int rs_io_claim_interfaces(int argc, char *const *argv);

#endif
