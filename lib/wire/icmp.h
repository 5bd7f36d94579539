/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP echo and errors (RFC 792, 1122, 4443), without state. Who has an out writes a whole frame to
 * it, which has room for WIRE_ANSWER_BYTES unless told otherwise, and returns its length, or 0
 * where there is nothing to answer.
 *
 * Any core; includes base only.
 */
#ifndef RS_WIRE_ICMP_H
#define RS_WIRE_ICMP_H

#include "wire/pkt.h"

/*
 * The reply to an echo request of at most out_bytes. pkt: kind WIRE_ICMP_ECHO. Requests to a
 * group are answered over IPv6 (RFC 4443 section 4.2), not over IPv4 (RFC 1122 section 3.2.2.6). 0
 * also when it does not fit.
 */
uint32_t rs_icmp_echo_answer(
	const struct wire_host *host, const struct pkt *pkt, uint8_t *out, uint32_t out_bytes);

/*
 * The error that answers a datagram to a closed UDP port or of a protocol that nobody speaks.
 * Never about what was sent to a group (RFC 1122 section 3.2.2, RFC 4443 section 2.4), nor about a
 * datagram that is damaged (RFC 1122 section 4.1.3.4).
 */
uint32_t rs_icmp_unreachable(const struct wire_host *host, const struct pkt *pkt, uint8_t *out);

/*
 * The Parameter Problem that answers a packet which an option of IPv4 or an extension header of
 * IPv6 has had dropped (WIRE_IP_OPTION, WIRE_IP_SOURCE_ROUTE): for a malformed option; over IPv6
 * for an option that asks for it, for segments left, for hop-by-hop options that do not stand
 * first, for fragments of impossible lengths or without all headers. As above never about what was
 * sent to a group, unless the option asks for just that, nor about another error. pkt: as parsing
 * has left it.
 */
uint32_t rs_icmp_problem(const struct wire_host *host, const struct pkt *pkt, uint8_t *out);

/*
 * The Time Exceeded for a packet of which fragments are missing. pkt: the first one, as parsing has
 * left it (WIRE_IP_FRAGMENT). As above never about what was sent to a group, nor about another
 * error.
 */
uint32_t rs_icmp_reassembly_late(const struct wire_host *host, const struct pkt *pkt, uint8_t *out);

/* What a received "packet too big" quotes: one of our TCP segments, seen from us. */
struct icmp_too_big {
	uint8_t remote[16];
	uint8_t local[16];
	uint16_t remote_port;
	uint16_t local_port;
	uint32_t seq;
	uint32_t mtu;
	uint8_t family;
};

/* False when it is another error, or quotes too little. pkt: kind WIRE_ICMP_ERROR. */
bool rs_icmp_parse_too_big(
	const struct wire_host *host, const struct pkt *pkt, struct icmp_too_big *e);

#endif
