/* SPDX-License-Identifier: BSD-2-Clause */
#include "neigh/route.h"

#include <errno.h>
#include <string.h>

#include "wire/ipv4.h"

static bool matches(const struct route *r, const uint8_t addr[16])
{
	uint32_t n_bytes = r->prefix_len / 8;
	uint8_t rest = (uint8_t)(0xff00 >> (r->prefix_len % 8));

	if (rs_ipv4_is_mapped(addr) && r->prefix_len < 96) /* ::/0 is IPv6's default route only */
		return false;
	return !memcmp(r->prefix, addr, n_bytes) &&
	       (n_bytes == 16 || !((r->prefix[n_bytes] ^ addr[n_bytes]) & rest));
}

uint32_t rs_route_find(const struct route_table *t, const uint8_t addr[16])
{
	uint32_t i = 0;

	while (i < t->n && !matches(&t->routes[i], addr))
		i++;
	return i;
}

int rs_route_add(
	struct route_table *t, const uint8_t prefix[16], uint8_t prefix_len, const uint8_t *via)
{
	struct route r = {.prefix_len = prefix_len, .direct = !via};
	uint32_t at = 0;

	if (t->n == ROUTE_MAX)
		return -ENOSPC;
	memcpy(r.prefix, prefix, 16);
	if (via) {
		if (!rs_route_is_connected(t, via))
			return -EHOSTUNREACH;
		memcpy(r.via, via, 16);
	}
	while (at < t->n && t->routes[at].prefix_len >= prefix_len) {
		if (t->routes[at].prefix_len == prefix_len && matches(&t->routes[at], prefix))
			return -EEXIST;
		at++;
	}
	memmove(&t->routes[at + 1], &t->routes[at], (t->n - at) * sizeof(r));
	t->routes[at] = r;
	t->n++;
	return 0;
}

bool rs_route_is_connected(const struct route_table *t, const uint8_t addr[16])
{
	uint32_t i = rs_route_find(t, addr);

	return i < t->n && t->routes[i].direct;
}
