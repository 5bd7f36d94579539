/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP header and its options, from bytes to struct tcp_seg (RFC 9293 section 3.1).
 * Any core; includes base only.
 */
#ifndef RS_WIRE_TCP_PARSE_H
#define RS_WIRE_TCP_PARSE_H

#include "wire/pkt.h"
#include "wire/seg.h"

/*
 * pkt: of kind WIRE_TCP. Fills *seg entirely (hash: 0); its data points into the frame. Returns
 * WIRE_OK or why it is dropped. Malformed options end the options, not the segment.
 */
enum wire_drop rs_wire_parse_tcp(const struct pkt *pkt, struct tcp_seg *seg);

/*
 * Both at once, for nearly every frame that comes: TCP in IPv4 without options, whole, untagged,
 * not marked by a router, to an address of ours, with both checksums right (flags as for
 * rs_wire_parse()). True: *seg is filled, as the two functions would have. False: it is another
 * one, or something is wrong with it; they will tell, and *seg may hold anything.
 */
bool rs_wire_parse_plain(const struct wire_host *host, const uint8_t *frame, uint32_t len,
	uint32_t flags, struct tcp_seg *seg);

#endif
