/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast listener discovery, versions 1 and 2, as RFC 2710 (section 3) and RFC 3810
 * (sections 5.1, 5.2) lay it out, and which queries count. Private to lib/wire; includes base only.
 */
#ifndef RS_WIRE_MLD_H
#define RS_WIRE_MLD_H

#include "wire/pkt.h"

enum {
	MLD_QUERY = 130,
	MLD_V1_REPORT = 131,
	MLD_REPORT = 143,
	MLD_V1_BYTES = 24,     /* query and report; queries of later versions are longer */
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
