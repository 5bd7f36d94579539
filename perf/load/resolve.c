/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve.h"

#include <string.h>

#include "base/bytes.h"
#include "wire/neighbour.h"
#include "wire/link.h"

void rs_resolver_init(struct resolver *r, const struct load_options *o, const uint8_t mac[6])
{
	*r = (struct resolver){.source = o->ip, .n_clients = o->n_clients};
	memcpy(r->next_hop, o->gateway_family ? o->gateway : o->target, 16);
	rs_wire_host_init(&r->host, mac, 0, 0, &o->ip, 1);
}

uint32_t rs_resolver_ask(const struct resolver *r, uint8_t *out)
{
	if (r->source.family == 4)
		return rs_arp_request(&r->host, r->source.addr, r->next_hop, LINK_NONE, out);
	return rs_nd_solicit(&r->host, r->source.addr, r->next_hop, LINK_NONE, out);
}

/* The n-th client's address. */
static struct wire_addr client_addr(const struct resolver *r, uint32_t n)
{
	struct wire_addr addr = r->source;

	rs_store_be32(addr.addr + 12, rs_load_be32(addr.addr + 12) + n);
	return addr;
}

/* Which of our clients an ARP request or a solicitation asks for, if any. */
static bool asks_for(
	const struct resolver *r, const uint8_t *frame, uint32_t len, struct wire_addr *addr)
{
	uint32_t at = r->source.family == 4 ? 38 : 74; /* the last four bytes of the target */
	uint32_t n;

	if (len < at + 4)
		return false;
	n = rs_load_be32(frame + at) - rs_load_be32(r->source.addr + 12);
	if (n >= r->n_clients)
		return false;
	*addr = client_addr(r, n);
	return true;
}

static void learn(struct resolver *r, const struct pkt *pkt)
{
	struct wire_neigh_hint hint;
	bool usable = pkt->kind == WIRE_ARP ? rs_arp_hint(&r->host, pkt, &hint)
					    : rs_nd_hint(&r->host, pkt, &hint);

	if (usable && hint.link != LINK_NONE && !memcmp(hint.addr, r->next_hop, 16)) {
		rs_link_mac(hint.link, r->mac);
		r->is_known = true;
	}
}

uint32_t rs_resolver_input(struct resolver *r, const uint8_t *frame, uint32_t len, uint8_t *out)
{
	struct wire_addr asked;
	struct wire_host host = r->host;
	struct pkt pkt;

	if (asks_for(r, frame, len, &asked))
		rs_wire_host_init(&host, r->host.mac, 0, 0, &asked, 1);
	if (rs_wire_parse(&host, frame, len, 0, &pkt) != WIRE_OK)
		return 0;
	if (pkt.kind != WIRE_ARP && pkt.kind != WIRE_ND)
		return 0;
	learn(r, &pkt);
	return pkt.kind == WIRE_ARP ? rs_arp_answer(&host, &pkt, out)
				    : rs_nd_answer(&host, &pkt, out);
}
