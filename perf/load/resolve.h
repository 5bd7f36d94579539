/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbours of the load generator, ARP and ND: asks for the next hop's MAC address, and answers
 * for each of the client addresses. Includes wire.
 */
#ifndef RS_LOAD_RESOLVE_H
#define RS_LOAD_RESOLVE_H

#include "options.h"
#include "wire/pkt.h"

struct resolver {
	struct wire_host host;   /* with the first client address */
	struct wire_addr source; /* that one */
	uint32_t n_clients;
	uint8_t next_hop[16];
	bool is_known;
	uint8_t mac[6]; /* of the next hop */
};

void rs_resolver_init(struct resolver *r, const struct load_options *o, const uint8_t mac[6]);

/* The question for the next hop, to out (WIRE_ANSWER_BYTES). Returns its length. */
uint32_t rs_resolver_ask(const struct resolver *r, uint8_t *out);

/* A frame that is no TCP of ours. Returns the length of the answer in out, 0: none. */
uint32_t rs_resolver_input(struct resolver *r, const uint8_t *frame, uint32_t len, uint8_t *out);

#endif
