/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the appliance tells people of itself: what it came to at start, and its counters. Control
 * core only; it reads what other cores write. Includes everything.
 */
#ifndef RS_APP_REPORT_H
#define RS_APP_REPORT_H

#include <stdio.h>

#include "appliance.h"

/* Topology, ports and addresses as resolved. */
void rs_report_start(const struct appliance *a, FILE *to);

/*
 * All counters that are not zero, cores summed. While cores run the figures are a glimpse.
 * neigh_counters: of the neighbour table.
 */
void rs_report_counters(const struct appliance *a, const uint64_t *neigh_counters, FILE *to);

#endif
