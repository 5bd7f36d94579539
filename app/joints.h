/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the stages of an appliance are joined with each other, with the ports and with the control
 * core, as its topology says: a part of what appliance.c builds and takes down. Before cores run
 * and after they have stopped; control core only. Includes everything.
 */
#ifndef RS_APP_JOINTS_H
#define RS_APP_JOINTS_H

#include "appliance.h"

#define JOINT_FRAMES 2048 /* of a ring between stages */
#define SLOW_FRAMES  256  /* of one to the control core, and of one back */

/*
 * Joins a net stage: *n_rx joints that it pulls frames from go to rx, which has room for
 * NET_MAX_RX; those that it pushes to stand in a->net_tx[net]. 0 or -errno, logged; what was made
 * is for rs_joints_free().
 */
int rs_joints_of_net(struct appliance *a, uint16_t net, struct joint *rx, uint32_t *n_rx);

/* The ports' ends of RX and TX stages. */
void rs_joints_to_ports(struct appliance *a);

/* Frees the rings, and the frames in them. May be called again. */
void rs_joints_free(struct appliance *a);

#endif
