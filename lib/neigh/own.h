/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Has anybody else an address of ours? IPv4 (RFC 5227 section 2.1) and IPv6 (RFC 4862 section 5.4)
 * alike: when a link comes up all are asked for; one that somebody claims before OWN_WAIT_US are
 * over is his, and not used. It is asked for again now and then, and used once nobody answers.
 * Until there is an answer, what was in use stays so (as RFC 4429 has it).
 *
 * Pure: one port's, for the control core. Addresses are bits, by their place in struct wire_host.
 * Includes libc only.
 */
#ifndef RS_NEIGH_OWN_H
#define RS_NEIGH_OWN_H

#include <stdbool.h>
#include <stdint.h>

#define OWN_WAIT_US 1000000 /* RetransTimer of RFC 4861 section 10 */
#define OWN_RETRY_US                                                                               \
	10000000 /* and up to as much again: two that wait for each other drift apart */

struct neigh_own {
	uint32_t asked;      /* nobody has claimed them since */
	uint32_t duplicates; /* somebody else has them */
	bool is_asking;
	uint64_t due_us; /* 0: never */
};

enum own_claim {
	OWN_DISPUTED, /* we use it: to be defended (RFC 5227 section 2.4) */
	OWN_LOST,     /* just now: no longer to be used */
	OWN_KNOWN,    /* it is not used */
};

enum own_step {
	OWN_NOTHING,
	OWN_ASK,  /* ask for all of own->asked */
	OWN_FREE, /* nobody has claimed some of those asked for: they are ours, to be announced */
};

/* The caller asks for all of addrs. */
void rs_own_link_up(struct neigh_own *own, uint32_t addrs, uint64_t now_us);

/* Somebody else says that addr, one bit, is his. */
enum own_claim rs_own_claim(struct neigh_own *own, uint32_t addr);

/* Timers: call it some times a second while the link is up. random: any number. */
enum own_step rs_own_tick(struct neigh_own *own, uint64_t now_us, uint32_t random);

#endif
