/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick way to parse a frame against the long one: they must say the same of any frame. */
#ifndef RS_TESTS_WIRE_TWINS_H
#define RS_TESTS_WIRE_TWINS_H

#include <string.h>

#include "wire/tcp_parse.h"

/* Is it what the quick way is for, given that the long one took it? */
static inline bool twins_is_plain(const uint8_t *frame, const struct pkt *pkt)
{
	return pkt->family == 4 && pkt->l3 == frame + ETH_HEADER_BYTES &&
	       pkt->l4 == pkt->l3 + IPV4_HEADER_BYTES && !pkt->is_ce;
}

static inline bool twins_agree(
	const struct wire_host *host, const uint8_t *frame, uint32_t len, uint32_t flags)
{
	struct tcp_seg quick, slow;
	struct pkt pkt;
	bool is_quick, is_slow;

	memset(&quick, 0, sizeof(quick));
	memset(&slow, 0, sizeof(slow));
	is_quick = rs_wire_parse_plain(host, frame, len, flags, &quick);
	is_slow = rs_wire_parse(host, frame, len, flags, &pkt) == WIRE_OK && pkt.kind == WIRE_TCP &&
		  rs_wire_parse_tcp(&pkt, &slow) == WIRE_OK;
	if (is_quick)
		return is_slow && !memcmp(&quick, &slow, sizeof(quick));
	return !is_slow || !twins_is_plain(frame, &pkt);
}

#endif
