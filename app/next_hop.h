/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --next-hop route: where segments to an address go by the routes. The control core resolves the
 * neighbours that routes name and writes their links, one word each; net cores only read them.
 * Includes neigh and wire.
 */
#ifndef RS_APP_NEXT_HOP_H
#define RS_APP_NEXT_HOP_H

#include <stdint.h>
#include <string.h>

#include "neigh/route.h"
#include "wire/link.h"

struct next_hops {
	const struct route_table *routes; /* does not change */
	uint64_t links[ROUTE_MAX];        /* by route; LINK_NONE: direct, or not known */
};

/* Control core: the neighbour via is at link now; LINK_NONE: it is gone. */
static inline void rs_next_hop_set(struct next_hops *h, const uint8_t via[16], uint64_t link)
{
	for (uint32_t i = 0; i < h->routes->n; i++) {
		const struct route *r = &h->routes->routes[i];

		if (!r->direct && !memcmp(r->via, via, 16))
			__atomic_store_n(&h->links[i], link, __ATOMIC_RELAXED);
	}
}

/*
 * Net core: the link of the neighbour on the way to addr. Hosts on our own subnets, and all while a
 * gateway has not answered, are reached by the link that their last segment came from.
 */
static inline uint64_t rs_next_hop(
	const struct next_hops *h, const uint8_t addr[16], uint64_t last_link)
{
	uint32_t route = rs_route_find(h->routes, addr);
	uint64_t link = LINK_NONE;

	if (route < h->routes->n)
		link = __atomic_load_n(&h->links[route], __ATOMIC_RELAXED);
	return link == LINK_NONE ? last_link : link;
}

#endif
