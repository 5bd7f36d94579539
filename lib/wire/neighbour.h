/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What neighbours say to each other, without state: ARP (RFC 826, 5227), neighbour discovery (RFC
 * 4861), listener discovery (RFC 2710, 3810). Who has an out writes a whole frame to it, which has
 * room for WIRE_ANSWER_BYTES, and returns its length, or 0 where there is nothing to answer. The
 * others read what came.
 *
 * Any core; includes base only.
 */
#ifndef RS_WIRE_NEIGHBOUR_H
#define RS_WIRE_NEIGHBOUR_H

#include "wire/pkt.h"

/* Somebody's address and the link it is at, as an ARP or ND frame shows it. */
struct wire_neigh_hint {
	uint8_t addr[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint64_t link;    /* LINK_NONE: an advertisement that leaves it out (RFC 4861, 7.2.4) */
	bool solicited;   /* an answer to a question of ours, as far as the frame says */
	bool override;    /* it may replace what is known */
	bool claims_ours; /* it says that one of our own addresses is elsewhere: a conflict */
};

/* An ARP reply to a request (or probe) for one of our addresses. pkt: accepted, of kind WIRE_ARP.
 */
uint32_t rs_arp_answer(const struct wire_host *host, const struct pkt *pkt, uint8_t *out);

/* False when the frame says nothing usable. pkt: kind WIRE_ARP. */
bool rs_arp_hint(const struct wire_host *host, const struct pkt *pkt, struct wire_neigh_hint *hint);

/* A request for target from our address source (both IPv4-mapped). link: LINK_NONE to broadcast. */
uint32_t rs_arp_request(const struct wire_host *host, const uint8_t source[16],
	const uint8_t target[16], uint64_t link, uint8_t *out);

/* Has anybody else our address? Who has, answers (RFC 5227 section 2.1.1). */
uint32_t rs_arp_probe(const struct wire_host *host, const uint8_t addr[16], uint8_t *out);

/* A neighbour advertisement for one of our addresses. pkt: kind WIRE_ND. */
uint32_t rs_nd_answer(const struct wire_host *host, const struct pkt *pkt, uint8_t *out);
bool rs_nd_hint(const struct wire_host *host, const struct pkt *pkt, struct wire_neigh_hint *hint);

/* A solicitation for target. link: LINK_NONE to send it to the solicited-node group. */
uint32_t rs_nd_solicit(const struct wire_host *host, const uint8_t source[16],
	const uint8_t target[16], uint64_t link, uint8_t *out);

/* Has anybody else our address? Who has, advertises it to all (RFC 4862 section 5.4.2). */
uint32_t rs_nd_probe(const struct wire_host *host, const uint8_t addr[16], uint8_t *out);

/* An unsolicited advertisement of our address to all nodes (RFC 4861 section 7.2.6). */
uint32_t rs_nd_announce(const struct wire_host *host, const uint8_t addr[16], uint8_t *out);

/*
 * Which groups we listen to beside all-nodes (MLDv2, RFC 3810 section 5.2): switches that count on
 * reports send nothing to a group that nobody has named, solicitations for us among it. is_news:
 * unasked, since we have just begun; else the answer to a packet of kind WIRE_MLD. 0 without IPv6.
 */
uint32_t rs_mld_report(const struct wire_host *host, bool is_news, uint8_t *out);

/* The same for those who understand version 1 only: of group i, from 0 on. 0: there are no more. */
uint32_t rs_mld_report_v1(const struct wire_host *host, uint32_t i, uint8_t *out);

/* Does who asks so understand nothing later? query: kind WIRE_MLD. RFC 3810 section 8.1. */
bool rs_mld_is_v1(const struct pkt *query);

/*
 * When to report to who asks (RFC 3810 section 6.2): some time within what the query allows, so
 * that all who are asked do not answer at once, unless a report is pending for before that (0: none
 * is). query: kind WIRE_MLD. random: any number.
 */
uint64_t rs_mld_due_us(
	const struct pkt *query, uint64_t pending_us, uint64_t now_us, uint32_t random);

#endif
