/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the sockets of the driver of AF_PACKET (net_af_packet) share a port's frames; its own way has
 * two faults. It has the kernel give frames whose socket is full to another one: to a core that
 * does not know their connection, and resets it. Without that they are lost, and sent again. And
 * it makes up the number of their group from process and interface, which another process may have
 * come to as well: then there is no port. The kernel knows one that nobody has.
 *
 * For the control core; includes libc only.
 */
#ifndef RS_IO_FANOUT_H
#define RS_IO_FANOUT_H

#include <stdbool.h>

/* Whether the driver finds our setsockopt(), which sees to that. */
bool rs_io_fanout_is_kept(void);

#endif
