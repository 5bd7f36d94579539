/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control core: signals, neighbours, links, draining. It sleeps nearly always, and shares
 * nothing with net cores but the rings of the slow path and flags that it alone writes.
 */
#ifndef RS_APP_CONTROL_H
#define RS_APP_CONTROL_H

#include "appliance.h"
#include "neigh/neigh.h"

struct control {
	struct appliance *appliance;
	int signals; /* signalfd */
	struct neigh_table neighbours;
	bool link_up[IO_MAX_PORTS];
	bool gateway_missed[2]; /* it was said that it does not answer */
	uint64_t started_us;
	uint64_t watch_due_us;   /* when to look at the links again */
	uint64_t drain_until_us; /* 0: not draining */
};

/* Blocks the signals that control handles, in this thread and all that it starts. Before EAL. */
void rs_control_block_signals(void);

/* 0 or -errno, logged. */
int rs_control_init(struct control *c, struct appliance *a);

/* Runs until a signal has ended it all; then the appliance's cores are told to stop. */
void rs_control_run(struct control *c);

void rs_control_fini(struct control *c);

#endif
