/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mld.h"

#include "wire/ipv6.h"

#define OPTION_ROUTER_ALERT 5 /* RFC 2711 */

/* Parsing has looked at the options: each ends within the header. */
static bool has_router_alert(const struct pkt *pkt)
{
	const uint8_t *p = pkt->l3 + IPV6_HEADER_BYTES;
	const uint8_t *end = p + rs_ipv6_extension_bytes(IPV6_HOP_BY_HOP, p);

	if (pkt->l3[6] != IPV6_HOP_BY_HOP)
		return false;
	for (p += 2; p < end; p += *p ? p[1] + 2 : 1) {
		if (*p == OPTION_ROUTER_ALERT)
			return true;
	}
	return false;
}

uint32_t rs_mld_max_delay_ms(const struct pkt *query)
{
	uint32_t code = rs_load_be16(query->l4 + 4);

	if (code < 0x8000 || query->l4_len == MLD_V1_BYTES)
		return code;
	return ((code & 0xfff) | 0x1000) << ((code >> 12 & 7) + 3);
}

bool rs_mld_is_valid(const struct pkt *pkt)
{
	return pkt->l4_len >= MLD_V1_BYTES && pkt->l3[7] == MLD_HOP_LIMIT &&
	       rs_ipv6_is_link_local(pkt->src) && has_router_alert(pkt);
}
