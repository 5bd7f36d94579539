/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver of AF_PACKET (net_af_packet) needs from us so that the frames of a connection
 * come to one queue. It has the kernel give frames whose socket is full to another one: to a core
 * that does not know their connection, and resets it. Without that they are lost, and sent again.
 *
 * For the control core.
 */
#ifndef RS_IO_FANOUT_H
#define RS_IO_FANOUT_H

#include <stdbool.h>

/* Whether the driver finds our setsockopt(), which sees to that. */
bool rs_io_fanout_is_kept(void);

#endif
