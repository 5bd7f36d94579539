/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast listener discovery, version 2, as RFC 3810 lays it out (sections 5.1, 5.2), and which
 * queries count. Private to lib/wire; includes base only.
 */
#ifndef RS_WIRE_MLD_H
#define RS_WIRE_MLD_H

#include "wire/pkt.h"

enum {
	MLD_QUERY = 130,
	MLD_REPORT = 143,
	MLD_QUERY_BYTES = 24,  /* of version 1; later ones are longer */
	MLD_REPORT_BYTES = 8,  /* without records */
	MLD_RECORD_BYTES = 20, /* without sources */
	MLD_IS_EXCLUDE = 2,    /* from all sources, as before … */
	MLD_TO_EXCLUDE = 4,    /* … and from now on */
	MLD_HOP_LIMIT = 1,
};

/* Section 6.2. pkt: parsed but for its kind, an ICMPv6 query. */
bool rs_mld_is_valid(const struct pkt *pkt);

/* The Maximum Response Delay: section 5.1.3. Version 1 has it without an exponent. query: valid. */
uint32_t rs_mld_max_delay_ms(const struct pkt *query);

#endif
