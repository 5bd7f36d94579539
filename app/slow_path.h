/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way between a net core and the control core: two rings of frames. The net core gives copies
 * of nothing and waits for nothing: what it hands over it no longer owns.
 */
#ifndef RS_APP_SLOW_PATH_H
#define RS_APP_SLOW_PATH_H

#include "core/joint.h"

struct slow_path {
	struct joint to_control;   /* ARP, ND, MLD, as received; m->port: where, by our number */
	struct joint from_control; /* frames ready to be sent on m->port */
};

#endif
