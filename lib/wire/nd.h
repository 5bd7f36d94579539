/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbour solicitations and advertisements as RFC 4861 lays them out (sections 4.3, 4.4, 4.6.1),
 * and which of them count. Private to lib/wire; includes base only.
 */
#ifndef RS_WIRE_ND_H
#define RS_WIRE_ND_H

#include "wire/pkt.h"

enum {
	ND_SOLICIT = 135,
	ND_ADVERTISE = 136,
	ND_REDIRECT = 137, /* not heeded */
	ND_BYTES = 24,     /* without options */
	ND_SOLICITED = 0x40,
	ND_OVERRIDE = 0x20,
	ND_OPT_SOURCE = 1,
	ND_OPT_TARGET = 2,
	ND_OPTION_BYTES = 8, /* of a link-layer address */
	ND_HOP_LIMIT = 255,
};

/* Sections 7.1.1 and 7.1.2. pkt: parsed but for its kind, ICMPv6 of one of the two types. */
bool rs_nd_is_valid(const struct pkt *pkt);

/* The link-layer address in the option of this type, or NULL. pkt: of kind WIRE_ND. */
const uint8_t *rs_nd_option(const struct pkt *pkt, uint8_t type);

#endif
