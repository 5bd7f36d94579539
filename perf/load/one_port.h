/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one port of the load generator or its responder, with one queue each way. Main core. Includes
 * io.
 */
#ifndef RS_LOAD_ONE_PORT_H
#define RS_LOAD_ONE_PORT_H

#include "io/port.h"

#define LOAD_MTU 1500

/*
 * The port that EAL was given, started, and the pool of its frames, with n_more of them beside
 * those that its rings may hold. 0; or -1, told on stderr, and nothing to close.
 */
int rs_load_port_open(struct io_port *port, struct rte_mempool **mbufs, uint32_t n_more);

#endif
