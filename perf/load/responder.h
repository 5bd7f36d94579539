/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trivial responder (--respond): no connections, no parsing; every segment with data is
 * answered with the same bytes, turned round in the frame that it came in. It shows how fast the
 * generator is when nothing holds it up, and is no server. Includes io and DPDK.
 */
#ifndef RS_LOAD_RESPONDER_H
#define RS_LOAD_RESPONDER_H

#include "options.h"
#include "output.h"

/* Runs until SIGINT or SIGTERM, then reports to json. 0, or -1 and told why. EAL has started. */
int rs_responder_run(const struct load_options *o, struct load_output *json);

#endif
