/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control core: signals, neighbours, links, draining. It sleeps nearly always, and shares
 * nothing with net cores but the rings of the slow path and flags that it alone writes. Includes
 * everything.
 */
#ifndef RS_APP_CONTROL_H
#define RS_APP_CONTROL_H

#include "appliance.h"
#include "neighbour_side.h"

struct control {
	struct appliance *appliance;
	int signals; /* signalfd */
	struct neighbour_side neighbours;
	uint64_t watch_due_us;    /* when to look at links and neighbours again */
	uint64_t drain_until_us;  /* 0: not draining */
	uint64_t silent_until_us; /* until then draining waits for handshakes and first requests */
	uint32_t n_quiet_ticks;   /* in a row without a connection, while draining */
};

/* The signals that it handles are blocked. 0 or -errno, logged. */
int rs_control_init(struct control *c, struct appliance *a);

/* Runs until a signal has ended it all; then the appliance's cores are told to stop. */
void rs_control_run(struct control *c);

void rs_control_fini(struct control *c);

#endif
