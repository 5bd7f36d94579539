/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv6's extension headers (RFC 8200 section 4), and its addresses' kinds. Private to lib/wire;
 * includes base only.
 */
#ifndef RS_WIRE_IPV6_H
#define RS_WIRE_IPV6_H

#include <stdbool.h>
#include <stdint.h>

enum {
	IPV6_HOP_BY_HOP = 0,
	IPV6_ROUTING = 43,
	IPV6_FRAGMENT = 44,
	IPV6_NO_NEXT = 59,
	IPV6_DESTINATION = 60,
	IPV6_EXTENSION_BYTES = 8, /* the least there is; a fragment header has no more */
};

static inline bool rs_ipv6_is_extension(uint8_t type)
{
	return type == IPV6_HOP_BY_HOP || type == IPV6_ROUTING || type == IPV6_FRAGMENT ||
	       type == IPV6_DESTINATION;
}

/* How long the extension header of this type at h is. */
static inline uint32_t rs_ipv6_extension_bytes(uint8_t type, const uint8_t *h)
{
	return type == IPV6_FRAGMENT ? IPV6_EXTENSION_BYTES : (h[1] + 1u) * IPV6_EXTENSION_BYTES;
}

/* RFC 4291 section 2.5.6 */
static inline bool rs_ipv6_is_link_local(const uint8_t addr[16])
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

#endif
