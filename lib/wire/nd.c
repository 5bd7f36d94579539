/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/nd.h"

#include <string.h>

#include "wire/ipv6.h"

/* Each option says how long it is, in units of eight bytes, and ends within the message. */
static bool options_are_whole(const struct pkt *pkt)
{
	const uint8_t *p = pkt->l4 + ND_BYTES;
	uint32_t len = pkt->l4_len - ND_BYTES;

	while (len) {
		uint32_t n = len < ND_OPTION_BYTES ? 0 : p[1] * 8u;

		if (!n || n > len)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

const uint8_t *rs_nd_option(const struct pkt *pkt, uint8_t type)
{
	const uint8_t *end = pkt->l4 + pkt->l4_len;

	for (const uint8_t *p = pkt->l4 + ND_BYTES; p < end; p += p[1] * 8u) {
		if (p[0] == type)
			return p + 2;
	}
	return NULL;
}

/* RFC 6980 section 5: not even where the fragment is all of it. */
static bool has_fragment_header(const struct pkt *pkt)
{
	const uint8_t *p = pkt->l3 + IPV6_HEADER_BYTES;
	uint8_t type = pkt->l3[6];

	while (p < pkt->l4 && type != IPV6_FRAGMENT) {
		uint32_t n = rs_ipv6_extension_bytes(type, p);

		type = p[0];
		p += n;
	}
	return p < pkt->l4;
}

/* Duplicate address detection: who asks has no address yet. */
static bool is_valid_probe(const struct pkt *pkt)
{
	static const uint8_t solicited[13] = {0xff, 0x02, [11] = 1, [12] = 0xff};

	return !memcmp(pkt->dst, solicited, 13) && !rs_nd_option(pkt, ND_OPT_SOURCE);
}

bool rs_nd_is_valid(const struct pkt *pkt)
{
	static const uint8_t unspecified[16];
	const uint8_t *nd = pkt->l4;
	bool to_group = pkt->dst[0] == 0xff;

	/* A hop limit of 255: it has not passed a router. */
	if (pkt->l3[7] != ND_HOP_LIMIT || nd[1] != 0 || pkt->l4_len < ND_BYTES || nd[8] == 0xff ||
		!options_are_whole(pkt) || has_fragment_header(pkt))
		return false;
	if (nd[0] == ND_ADVERTISE)
		return !to_group || !(nd[4] & ND_SOLICITED);
	return memcmp(pkt->src, unspecified, 16) || is_valid_probe(pkt);
}
