/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/pkt.h"

#include <string.h>

#include "base/bytes.h"
#include "base/csum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/link.h"
#include "wire/mld.h"
#include "wire/nd.h"

#define MAX_EXTENSION_HEADERS 8

enum {
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER = 12,
	ICMP6_ECHO = 128,
};

const struct counter_def rs_wire_counter_defs[WIRE_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "wire/wire_counters.def"
#undef RS_COUNTER
};

static void link_local(uint8_t addr[16], const uint8_t mac[6])
{
	static const uint8_t prefix[8] = {0xfe, 0x80};

	memcpy(addr, prefix, 8);
	memcpy(addr + 8, mac, 3);
	addr[8] ^= 0x02;
	addr[11] = 0xff;
	addr[12] = 0xfe;
	memcpy(addr + 13, mac + 3, 3);
}

static void add_v4(struct wire_host *host, const struct wire_addr *addr)
{
	memcpy(&host->v4[host->n_v4++], addr->addr + IPV4_MAPPED_AT, 4);
}

/* Behind the addresses. */
static void add_v4_broadcast(struct wire_host *host, const struct wire_addr *addr)
{
	uint32_t host_bits =
		addr->prefix_len ? ~(~UINT32_C(0) << (32 - addr->prefix_len)) : UINT32_MAX;
	uint32_t word;

	if (addr->prefix_len >= 31)
		return;
	memcpy(&word, addr->addr + IPV4_MAPPED_AT, 4);
	host->v4[host->n_v4 + host->n_v4_broadcasts++] = word | __builtin_bswap32(host_bits);
}

/* Of all addresses. */
static void index_v4(struct wire_host *host)
{
	host->n_v4 = host->n_v4_broadcasts = 0;
	for (uint32_t i = 0; i < host->n_addrs; i++) {
		if (host->addrs[i].family == 4)
			add_v4(host, &host->addrs[i]);
	}
	for (uint32_t i = 0; i < host->n_addrs; i++) {
		if (host->addrs[i].family == 4)
			add_v4_broadcast(host, &host->addrs[i]);
	}
}

void rs_wire_host_init(struct wire_host *host, const uint8_t mac[6], uint16_t vlan_id, uint8_t port,
	const struct wire_addr *addrs, uint32_t n_addrs)
{
	bool has_v6 = false;

	*host = (struct wire_host){
		.vlan_id = vlan_id,
		.port = port,
		.station = rs_link_pack(mac, vlan_id, 0),
	};
	memcpy(host->mac, mac, 6);
	for (uint32_t i = 0; i < n_addrs && i < WIRE_MAX_ADDRS - 1; i++) {
		host->addrs[host->n_addrs++] = addrs[i];
		has_v6 |= addrs[i].family == 6;
	}
	index_v4(host);
	if (has_v6) {
		struct wire_addr *a = &host->addrs[host->n_addrs++];

		link_local(a->addr, mac);
		a->family = 6;
		a->prefix_len = 64;
	}
}

void rs_wire_host_without(struct wire_host *host, const struct wire_host *whole, uint32_t unused)
{
	*host = *whole;
	host->n_addrs = 0;
	for (uint32_t i = 0; i < whole->n_addrs; i++) {
		if (!(unused >> i & 1))
			host->addrs[host->n_addrs++] = whole->addrs[i];
	}
	index_v4(host);
}

bool rs_wire_is_ours(const struct wire_host *host, const uint8_t addr[16])
{
	for (uint32_t i = 0; i < host->n_addrs; i++) {
		if (!memcmp(host->addrs[i].addr, addr, 16))
			return true;
	}
	return false;
}

/* The solicited-node group of one of our addresses (RFC 4291 section 2.7.1), or all-nodes. */
static bool is_joined_group(const struct wire_host *host, const uint8_t addr[16])
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	static const uint8_t solicited[13] = {0xff, 0x02, [11] = 1, [12] = 0xff};

	if (!memcmp(addr, all_nodes, 16))
		return true;
	if (memcmp(addr, solicited, 13))
		return false;
	for (uint32_t i = 0; i < host->n_addrs; i++) {
		if (host->addrs[i].family == 6 && !memcmp(host->addrs[i].addr + 13, addr + 13, 3))
			return true;
	}
	return false;
}

/* Another host has an address of ours, and says so: its words are all that shows it. */
static bool is_advertisement(const struct pkt *pkt)
{
	return pkt->proto == PROTO_ICMPV6 && pkt->l4_len && pkt->l4[0] == ND_ADVERTISE;
}

static bool is_martian_v6(const struct wire_host *host, const struct pkt *pkt)
{
	static const uint8_t zero[15];

	if (pkt->src[0] == 0xff || rs_ipv4_is_mapped(pkt->src))
		return true;
	if (!memcmp(pkt->src, zero, 15) &&
		pkt->src[15] <= 1) /* :: may only ask for itself, by ND */
		return pkt->src[15] == 1 || pkt->proto != PROTO_ICMPV6;
	return rs_wire_is_ours(host, pkt->src) && !is_advertisement(pkt);
}

bool rs_wire_l4_csum_ok(const struct pkt *pkt)
{
	uint64_t sum = 0;

	if (pkt->proto != PROTO_ICMP)
		sum = rs_wire_pseudo_sum(pkt->family, pkt->src, pkt->dst, pkt->proto, pkt->l4_len);
	return rs_csum_fold16(rs_csum_add(sum, pkt->l4, pkt->l4_len)) == 0xffff;
}

/* RFC 1122 section 3.2.1.8: options are skipped; a source route is refused. */
static enum wire_drop check_ipv4_options(const uint8_t *p, uint32_t len)
{
	if (rs_ipv4_faulty_option(p, len) < len)
		return WIRE_IP_OPTION;
	for (uint32_t i = 0; i < len && p[i]; i += rs_ipv4_option_bytes(p + i)) {
		if (p[i] == 131 || p[i] == 137)
			return WIRE_IP_SOURCE_ROUTE;
	}
	return WIRE_OK;
}

/* RFC 791 section 3.2: all but the last have a multiple of eight bytes, and none is beyond the end
 * of the longest packet. */
static enum wire_drop check_ipv4_fragment(uint16_t field, uint32_t len)
{
	uint32_t offset = (field & 0x1fffu) * 8;

	if (!len || (field & 0x2000 && len % 8) || IPV4_HEADER_BYTES + offset + len > UINT16_MAX)
		return WIRE_IP_LENGTH;
	return WIRE_IP_FRAGMENT;
}

static inline enum wire_drop parse_ipv4(
	const struct wire_host *host, uint32_t len, uint32_t flags, struct pkt *pkt)
{
	const uint8_t *ip = pkt->l3;
	uint32_t header, total, src, dst;

	if (rs_unlikely(len < IPV4_HEADER_BYTES))
		return WIRE_SHORT_FRAME;
	header = (ip[0] & 0xfu) * 4;
	total = rs_load_be16(ip + 2);
	if (rs_unlikely(ip[0] >> 4 != 4 || header < IPV4_HEADER_BYTES))
		return WIRE_IP_VERSION;
	if (rs_unlikely(total > len || header > total))
		return WIRE_IP_LENGTH;
	if (!(flags & WIRE_IP_CSUM_GOOD) && rs_unlikely(!rs_ipv4_csum_ok(ip, header)))
		return WIRE_IP_CSUM;
	memcpy(&src, ip + 12, 4);
	memcpy(&dst, ip + 16, 4);
	pkt->l3_len = total;
	pkt->l4 = ip + header;
	pkt->l4_len = total - header;
	pkt->proto = ip[9];
	pkt->is_ce = rs_ip_is_ce(ip[1]);
	rs_ipv4_map(pkt->src, src);
	rs_ipv4_map(pkt->dst, dst);
	if (rs_unlikely(!rs_ipv4_is_ours(host, dst))) {
		if ((dst & 0xf0) != 0xe0 && dst != UINT32_MAX && !rs_ipv4_is_broadcast(host, dst))
			return WIRE_OTHER_IP;
		pkt->is_unicast = false;
	}
	if (rs_unlikely(rs_ipv4_is_martian(host, src)))
		return WIRE_IP_MARTIAN;
	if (rs_unlikely(header > IPV4_HEADER_BYTES)) {
		enum wire_drop drop =
			check_ipv4_options(ip + IPV4_HEADER_BYTES, header - IPV4_HEADER_BYTES);

		if (drop)
			return drop;
	}
	if (rs_unlikely(rs_load_be16(ip + 6) & 0x3fff))
		return check_ipv4_fragment(rs_load_be16(ip + 6), pkt->l4_len);
	return WIRE_OK;
}

/*
 * RFC 8200 section 4.2: what is not known is skipped, unless the highest two bits of its type say
 * that the packet is to be discarded; see rs_icmp_problem().
 */
static enum wire_drop check_ipv6_options(const uint8_t *p, uint32_t len)
{
	while (len) {
		uint32_t n = 1; /* Pad1 */

		if (p[0]) {
			if (len < 2 || p[1] + 2u > len || p[0] >> 6)
				return WIRE_IP_OPTION;
			n = p[1] + 2u;
		}
		len -= n;
		p += n;
	}
	return WIRE_OK;
}

/* RFC 8200 section 4.5. h: the header, len bytes from the end of the packet. */
static enum wire_drop check_ipv6_fragment(const uint8_t *h, uint32_t len)
{
	if (!(rs_load_be16(h + 2) & 0xfff9)) /* no offset, no more to follow: it is whole */
		return WIRE_OK;
	return rs_ipv6_fragment_fault(h, len) ? WIRE_IP_OPTION : WIRE_IP_FRAGMENT;
}

/* h: of len bytes, left bytes from the end of the packet. */
static enum wire_drop check_extension(uint8_t type, const uint8_t *h, uint32_t len, uint32_t left)
{
	switch (type) {
	case IPV6_FRAGMENT:
		return check_ipv6_fragment(h, left);
	case IPV6_ROUTING: /* segments left: we are not the last (RFC 5095) */
		return h[3] ? WIRE_IP_SOURCE_ROUTE : WIRE_OK;
	default:
		return check_ipv6_options(h + 2, len - 2);
	}
}

enum wire_drop rs_wire_skip_extensions(const uint8_t **l4, uint32_t *l4_len, uint8_t *proto)
{
	for (uint32_t n = 0; n < MAX_EXTENSION_HEADERS; n++) {
		const uint8_t *h = *l4;
		enum wire_drop drop;
		uint32_t len;

		if (!rs_ipv6_is_extension(*proto))
			return WIRE_OK;
		if (*l4_len < IPV6_EXTENSION_BYTES)
			return WIRE_IP_OPTION;
		len = rs_ipv6_extension_bytes(*proto, h);
		if (len > *l4_len || (n && *proto == IPV6_HOP_BY_HOP)) /* it stands first */
			return WIRE_IP_OPTION;
		drop = check_extension(*proto, h, len, *l4_len);
		if (drop)
			return drop;
		*proto = h[0];
		*l4 += len;
		*l4_len -= len;
	}
	return WIRE_IP_OPTION;
}

static enum wire_drop parse_ipv6(const struct wire_host *host, uint32_t len, struct pkt *pkt)
{
	const uint8_t *ip = pkt->l3;
	uint32_t payload;
	enum wire_drop drop;

	if (len < IPV6_HEADER_BYTES)
		return WIRE_SHORT_FRAME;
	if (ip[0] >> 4 != 6)
		return WIRE_IP_VERSION;
	payload = rs_load_be16(ip + 4);
	if (payload > len - IPV6_HEADER_BYTES)
		return WIRE_IP_LENGTH;
	pkt->l3_len = IPV6_HEADER_BYTES + payload;
	pkt->l4 = ip + IPV6_HEADER_BYTES;
	pkt->l4_len = payload;
	pkt->proto = ip[6];
	pkt->is_ce = rs_ip_is_ce(rs_load_be16(ip) >> 4);
	memcpy(pkt->src, ip + 8, 16);
	memcpy(pkt->dst, ip + 24, 16);
	if (!rs_wire_is_ours(host, pkt->dst) || rs_ipv4_is_mapped(pkt->dst)) {
		if (!is_joined_group(host, pkt->dst))
			return WIRE_OTHER_IP;
		pkt->is_unicast = false;
	}
	drop = rs_wire_skip_extensions(&pkt->l4, &pkt->l4_len, &pkt->proto);
	return is_martian_v6(host, pkt) ? WIRE_IP_MARTIAN : drop;
}

static uint8_t icmpv4_kind(uint8_t type)
{
	switch (type) {
	case ICMP_ECHO:
		return WIRE_ICMP_ECHO;
	case ICMP_UNREACHABLE:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER:
		return WIRE_ICMP_ERROR;
	default:
		return WIRE_IGNORED;
	}
}

static enum wire_drop classify_icmpv6(struct pkt *pkt)
{
	switch (pkt->l4[0]) {
	case ICMP6_ECHO:
		pkt->kind = WIRE_ICMP_ECHO;
		break;
	case ND_SOLICIT:
	case ND_ADVERTISE:
		if (!rs_nd_is_valid(pkt))
			return WIRE_ND_INVALID;
		pkt->kind = WIRE_ND;
		break;
	case MLD_QUERY:
		pkt->kind = rs_mld_is_valid(pkt) ? WIRE_MLD : WIRE_IGNORED;
		break;
	default:
		pkt->kind = pkt->l4[0] <= ICMP6_ERROR_MAX ? WIRE_ICMP_ERROR : WIRE_IGNORED;
	}
	return WIRE_OK;
}

static enum wire_drop classify_icmp(struct pkt *pkt)
{
	if (pkt->l4_len < 8)
		return WIRE_ICMP_INVALID;
	if (!rs_wire_l4_csum_ok(pkt))
		return WIRE_L4_CSUM;
	if (pkt->family == 6)
		return classify_icmpv6(pkt);
	pkt->kind = icmpv4_kind(pkt->l4[0]);
	return WIRE_OK;
}

static enum wire_drop classify(struct pkt *pkt)
{
	uint8_t icmp = pkt->family == 4 ? PROTO_ICMP : PROTO_ICMPV6;

	if (pkt->proto == PROTO_TCP) {
		pkt->kind = WIRE_TCP;
		return pkt->is_unicast ? WIRE_OK : WIRE_NOT_UNICAST;
	}
	if (pkt->proto == icmp)
		return classify_icmp(pkt);
	if (pkt->proto == PROTO_UDP)
		pkt->kind = WIRE_UDP;
	else if (pkt->family == 6 && pkt->proto == IPV6_NO_NEXT)
		pkt->kind = WIRE_IGNORED;
	else
		pkt->kind = WIRE_OTHER_L4;
	return WIRE_OK;
}

/* RFC 826: of Ethernet and IPv4, with addresses of six and four bytes. */
static enum wire_drop classify_arp(struct pkt *pkt)
{
	pkt->kind = WIRE_ARP;
	if (pkt->l3_len < ARP_BYTES || rs_load_be32(pkt->l3) != 0x00010800 ||
		rs_load_be16(pkt->l3 + 4) != 0x0604)
		return WIRE_ARP_INVALID;
	return WIRE_OK;
}

/* Broadcast, or a multicast that IP maps to; which group is for the IP layer to say. */
static bool is_group_mac(const uint8_t *mac)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	return !memcmp(mac, broadcast, 6) || (mac[0] == 0x33 && mac[1] == 0x33) ||
	       (mac[0] == 0x01 && mac[1] == 0x00 && mac[2] == 0x5e);
}

enum wire_drop rs_wire_parse(const struct wire_host *host, const uint8_t *frame, uint32_t len,
	uint32_t flags, struct pkt *pkt)
{
	uint32_t offset = ETH_HEADER_BYTES;
	uint16_t ethertype;
	uint16_t vlan_id = 0;
	enum wire_drop drop;

	if (rs_unlikely(len < ETH_HEADER_BYTES))
		return WIRE_SHORT_FRAME;
	pkt->is_unicast = rs_mac_word(frame) == rs_mac_word(host->mac);
	if (rs_unlikely(!pkt->is_unicast) && !is_group_mac(frame))
		return WIRE_OTHER_MAC;
	if (rs_unlikely(frame[6] & 1)) /* an answer would go to a group */
		return WIRE_GROUP_SOURCE;
	ethertype = rs_load_be16(frame + 12);
	if (rs_unlikely(ethertype == ETHERTYPE_VLAN)) {
		if (len < ETH_HEADER_BYTES + VLAN_TAG_BYTES)
			return WIRE_SHORT_FRAME;
		vlan_id = rs_load_be16(frame + 14) & 0xfff;
		ethertype = rs_load_be16(frame + 16);
		offset += VLAN_TAG_BYTES;
	}
	if (rs_unlikely(vlan_id != host->vlan_id || ethertype == ETHERTYPE_VLAN))
		return WIRE_OTHER_VLAN;
	pkt->link = rs_link_pack(frame + 6, vlan_id, host->port);
	pkt->l3 = frame + offset;
	pkt->l3_len = len - offset;
	pkt->l4_csum_ok = flags & WIRE_L4_CSUM_GOOD;
	if (rs_likely(ethertype == ETHERTYPE_IPV4)) {
		pkt->family = 4;
		drop = parse_ipv4(host, len - offset, flags, pkt);
	} else if (ethertype == ETHERTYPE_IPV6) {
		pkt->family = 6;
		drop = parse_ipv6(host, len - offset, pkt);
	} else if (ethertype == ETHERTYPE_ARP) {
		pkt->family = 0;
		return classify_arp(pkt);
	} else {
		return WIRE_ETHERTYPE;
	}
	return rs_unlikely(drop) ? drop : classify(pkt);
}
