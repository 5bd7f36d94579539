/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes: which neighbour a packet to an address goes to. Few of them (an edge box has its own
 * subnets and a gateway), so the table is a short array, longest prefix first.
 *
 * IPv4 addresses stand as ::ffff:a.b.c.d and their prefix lengths count from there (96 + n).
 * No clock, no allocation. Any core may read a table that does not change. Includes libc only.
 */
#ifndef RS_NEIGH_ROUTE_H
#define RS_NEIGH_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#define ROUTE_MAX 64

struct route {
	uint8_t prefix[16];
	uint8_t prefix_len; /* 0..128, IPv4 96..128 */
	bool direct;        /* the destination itself is the neighbour */
	uint8_t via[16];
};

struct route_table {
	uint32_t n;
	struct route routes[ROUTE_MAX]; /* longest prefix first */
};

/*
 * Adds a route; via NULL: the subnet is directly connected. Bits of prefix beyond prefix_len are
 * ignored. -ENOSPC: full; -EEXIST: this prefix has one; -EHOSTUNREACH: via is on no connected
 * subnet.
 */
int rs_route_add(
	struct route_table *t, const uint8_t prefix[16], uint8_t prefix_len, const uint8_t *via);

/* Which of t->routes leads to addr; t->n: none. */
uint32_t rs_route_find(const struct route_table *t, const uint8_t addr[16]);

/* Is addr on a directly connected subnet? */
bool rs_route_is_connected(const struct route_table *t, const uint8_t addr[16]);

#endif
