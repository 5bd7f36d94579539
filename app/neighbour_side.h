/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The neighbours' half of the control core: it asks for them, hears them, asks whether they have
 * our addresses when a link comes up, tells them of us, and defends what is ours. Frames come from
 * net cores and leave by one. Control core only. Includes everything.
 */
#ifndef RS_APP_NEIGHBOUR_SIDE_H
#define RS_APP_NEIGHBOUR_SIDE_H

#include "appliance.h"
#include "neigh/neigh.h"
#include "neigh/own.h"

struct neighbour_port {
	bool link_up;
	struct neigh_own own;
	struct wire_host used;    /* the port's host, without the addresses that others have */
	uint32_t n_announcements; /* still to be made of our addresses */
	uint64_t announce_due_us;
	uint64_t report_due_us;   /* somebody has asked for our groups; 0: nobody has */
	uint64_t mld_v1_until_us; /* until then there is somebody who knows version 1 only */
};

struct neighbour_gateway {
	bool is_missed;       /* it was said that it does not answer */
	uint64_t talk_due_us; /* not before then is it said again where it is */
};

struct neighbour_side {
	struct appliance *appliance;
	struct neigh_table table;
	struct neighbour_port ports[IO_MAX_PORTS];
	struct neighbour_gateway gateways[CONFIG_MAX_GATEWAYS]; /* as in struct config */
	uint64_t started_us;
	uint64_t conflict_due_us; /* not before then is a conflict talked of again */
};

void rs_neighbour_side_init(struct neighbour_side *side, struct appliance *a);

/* When the cores run: asks for the gateways. */
void rs_neighbour_side_start(struct neighbour_side *side, uint64_t now_us);

/* Often: what net cores have passed on, and what is due to those who asked. */
void rs_neighbour_side_listen(struct neighbour_side *side, uint64_t now_us);

/* Now and then: links, and what has become of neighbours. */
void rs_neighbour_side_tick(struct neighbour_side *side, uint64_t now_us);

#endif
