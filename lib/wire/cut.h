/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a packet to fragments (RFC 791 section 3.2, RFC 8200 section 4.5): only answers of any
 * length to what came in fragments are cut; TCP never makes what does not fit. Any core; includes
 * base only.
 */
#ifndef RS_WIRE_CUT_H
#define RS_WIRE_CUT_H

#include "base/span.h"
#include "wire/pkt.h"

/* A frame of our own making: its IP header has no options or extensions. */
struct cut {
	struct span frame;
	uint32_t l2; /* bytes of Ethernet's header */
	uint32_t id; /* the identification that its fragments have */
	uint32_t at; /* how much of the payload has been cut off already */
};

/* An IPv6 packet that has to be cut fits everywhere then, whatever its way (RFC 8200 section 5). */
#define CUT_MTU_V6 1280

/* Does it need to be? mtu: in bytes from the IP header on. */
bool rs_cut_needed(const struct cut *cut, uint32_t mtu);

/* The frame of the next fragment, of mtu bytes behind Ethernet's header at most; its length, or 0:
 * that was all. */
uint32_t rs_cut_next(struct cut *cut, uint32_t mtu, uint8_t *out);

#endif
