/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv6's extension headers (RFC 8200 section 4), and its addresses' kinds. Private to lib/wire;
 * includes base only.
 */
#ifndef RS_WIRE_IPV6_H
#define RS_WIRE_IPV6_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/pkt.h"

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

/* From this header on, len bytes are there: is the one of the transport among them? RFC 7112. */
static inline bool rs_ipv6_chain_is_whole(uint8_t type, const uint8_t *h, uint32_t len)
{
	while (rs_ipv6_is_extension(type)) {
		uint32_t n;

		if (len < IPV6_EXTENSION_BYTES)
			return false;
		n = rs_ipv6_extension_bytes(type, h);
		if (n > len)
			return false;
		type = h[0];
		h += n;
		len -= n;
	}
	return type == IPV6_NO_NEXT || len >= (type == PROTO_TCP ? TCP_HEADER_BYTES : 8u);
}

/* What is wrong with a fragment, in the order of RFC 8200 section 4.5. */
enum ipv6_fragment_fault {
	IPV6_FRAGMENT_SOUND,
	IPV6_FRAGMENT_EMPTY,
	IPV6_FRAGMENT_LENGTH,   /* more follow, and it is no multiple of eight bytes */
	IPV6_FRAGMENT_OFFSET,   /* the packet would be too long */
	IPV6_FRAGMENT_HEADLESS, /* the first one, without all headers */
};

/* Of the fragment header h, len bytes from the end of the packet. */
static inline enum ipv6_fragment_fault rs_ipv6_fragment_fault(const uint8_t *h, uint32_t len)
{
	uint32_t field = rs_load_be16(h + 2);
	uint32_t offset = field & 0xfff8, n = len - IPV6_EXTENSION_BYTES;

	if (!(field & 0xfff9)) /* no offset, no more to follow: it is a whole packet */
		return IPV6_FRAGMENT_SOUND;
	if (!n)
		return IPV6_FRAGMENT_EMPTY;
	if (field & 1 && n % 8)
		return IPV6_FRAGMENT_LENGTH;
	if (offset + n > UINT16_MAX)
		return IPV6_FRAGMENT_OFFSET;
	if (!offset && !rs_ipv6_chain_is_whole(h[0], h + IPV6_EXTENSION_BYTES, n))
		return IPV6_FRAGMENT_HEADLESS;
	return IPV6_FRAGMENT_SOUND;
}

/* RFC 4291 section 2.5.6 */
static inline bool rs_ipv6_is_link_local(const uint8_t addr[16])
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

#endif
