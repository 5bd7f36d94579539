/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/neighbour.h"

#include "base/bytes.h"
#include "base/csum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/link.h"
#include "wire/mld.h"
#include "wire/nd.h"
#include "wire/render.h"

enum {
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

static const uint8_t broadcast_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t zero_addr[16];
static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};

static uint64_t group_link(const struct wire_host *host, const uint8_t mac[6])
{
	return rs_link_pack(mac, host->vlan_id, host->port);
}

/* 33:33 and the last four bytes of the group (RFC 2464 section 7). */
static uint64_t multicast_link(const struct wire_host *host, const uint8_t group[16])
{
	uint8_t mac[6] = {0x33, 0x33};

	memcpy(mac + 2, group + 12, 4);
	return group_link(host, mac);
}

/* ---- ARP ---- */

/* IPv4 addresses of 4 bytes; the sender's MAC address is ours. */
struct arp {
	uint16_t operation;
	const uint8_t *sender, *target_mac, *target;
};

static uint32_t render_arp(
	const struct wire_host *host, uint64_t link, const struct arp *a, uint8_t *out)
{
	uint32_t n = rs_wire_render_eth(host, link, ETHERTYPE_ARP, out);
	uint8_t *arp = out + n;

	rs_store_be32(arp, 0x00010800);
	rs_store_be32(arp + 4, 0x06040000u | a->operation);
	memcpy(arp + 8, host->mac, 6);
	memcpy(arp + 14, a->sender, 4);
	memcpy(arp + 18, a->target_mac, 6);
	memcpy(arp + 24, a->target, 4);
	return rs_link_pad(out, n + ARP_BYTES);
}

uint32_t rs_arp_answer(const struct wire_host *host, const struct pkt *pkt, uint8_t *out)
{
	const uint8_t *arp = pkt->l3;
	uint8_t target[16], sender[16];

	if (rs_load_be16(arp + 6) != ARP_REQUEST)
		return 0;
	rs_ipv4_map_bytes(target, arp + 24);
	rs_ipv4_map_bytes(sender, arp + 14);
	if (!rs_wire_is_ours(host, target) || rs_wire_is_ours(host, sender))
		return 0;
	return render_arp(host, pkt->link,
		&(struct arp){.operation = ARP_REPLY,
			.sender = arp + 24,
			.target_mac = arp + 8,
			.target = arp + 14},
		out);
}

bool rs_arp_hint(const struct wire_host *host, const struct pkt *pkt, struct wire_neigh_hint *hint)
{
	const uint8_t *arp = pkt->l3;

	if (arp[8] & 1 || !memcmp(arp + 14, zero_addr, 4))
		return false;
	rs_ipv4_map_bytes(hint->addr, arp + 14);
	hint->link = rs_link_pack(arp + 8, rs_link_vlan(pkt->link), rs_link_port(pkt->link));
	hint->solicited = rs_load_be16(arp + 6) == ARP_REPLY && pkt->is_unicast;
	hint->override = true;
	hint->claims_ours = rs_wire_is_ours(host, hint->addr) && memcmp(arp + 8, host->mac, 6);
	return true;
}

uint32_t rs_arp_request(const struct wire_host *host, const uint8_t source[16],
	const uint8_t target[16], uint64_t link, uint8_t *out)
{
	if (link == LINK_NONE)
		link = group_link(host, broadcast_mac);
	return render_arp(host, link,
		&(struct arp){.operation = ARP_REQUEST,
			.sender = source + 12,
			.target_mac = zero_addr,
			.target = target + 12},
		out);
}

uint32_t rs_arp_probe(const struct wire_host *host, const uint8_t addr[16], uint8_t *out)
{
	return rs_arp_request(host, zero_addr, addr, LINK_NONE, out);
}

/* ---- neighbour discovery ---- */

struct nd {
	const uint8_t *src, *dst;
	uint8_t type, flags;
	const uint8_t *target;
};

static uint32_t render_nd(
	const struct wire_host *host, uint64_t link, const struct nd *m, uint8_t *out)
{
	uint32_t n = rs_wire_render_eth(host, link, ETHERTYPE_IPV6, out);
	/* Who has no address yet must not be answered by his MAC (RFC 4861 section 4.3). */
	bool has_option = memcmp(m->src, zero_addr, 16) != 0;
	uint32_t len = ND_BYTES + (has_option ? ND_OPTION_BYTES : 0);
	uint8_t *nd;
	uint64_t sum;
	uint16_t csum;

	n += rs_wire_render_ip(&(struct wire_ip){.src = m->src,
				       .dst = m->dst,
				       .l4_len = len,
				       .family = 6,
				       .proto = PROTO_ICMPV6,
				       .hop_limit = ND_HOP_LIMIT},
		out + n);
	nd = out + n;
	rs_store_be32(nd, (uint32_t)m->type << 24);
	rs_store_be32(nd + 4, (uint32_t)m->flags << 24);
	memcpy(nd + 8, m->target, 16);
	if (has_option) {
		nd[24] = m->type == ND_SOLICIT ? ND_OPT_SOURCE : ND_OPT_TARGET;
		nd[25] = 1; /* in units of eight bytes */
		memcpy(nd + 26, host->mac, 6);
	}
	sum = rs_wire_pseudo_sum(6, m->src, m->dst, PROTO_ICMPV6, len);
	csum = rs_csum_finish(rs_csum_add(sum, nd, len));
	memcpy(nd + 2, &csum, 2);
	return n + len;
}

uint32_t rs_nd_answer(const struct wire_host *host, const struct pkt *pkt, uint8_t *out)
{
	const uint8_t *target = pkt->l4 + 8;
	bool is_probe = !memcmp(pkt->src, zero_addr, 16);

	if (pkt->l4[0] != ND_SOLICIT || !rs_wire_is_ours(host, target))
		return 0;
	if (is_probe) /* duplicate address detection: all shall hear it (RFC 4861 section 7.2.4) */
		return rs_nd_announce(host, target, out);
	return render_nd(host, pkt->link,
		&(struct nd){.src = target,
			.dst = pkt->src,
			.type = ND_ADVERTISE,
			.flags = ND_SOLICITED | ND_OVERRIDE,
			.target = target},
		out);
}

bool rs_nd_hint(const struct wire_host *host, const struct pkt *pkt, struct wire_neigh_hint *hint)
{
	bool is_advert = pkt->l4[0] == ND_ADVERTISE;
	const uint8_t *mac = rs_nd_option(pkt, is_advert ? ND_OPT_TARGET : ND_OPT_SOURCE);
	const uint8_t *addr = is_advert ? pkt->l4 + 8 : pkt->src;

	if (!memcmp(addr, zero_addr, 16) || (mac ? mac[0] & 1 : !is_advert))
		return false;
	if (!is_advert && !rs_wire_is_ours(host, pkt->l4 + 8)) /* RFC 4861 section 7.2.3 */
		return false;
	memcpy(hint->addr, addr, 16);
	hint->link = LINK_NONE;
	if (mac)
		hint->link = rs_link_pack(mac, rs_link_vlan(pkt->link), rs_link_port(pkt->link));
	hint->solicited = is_advert && pkt->l4[4] & ND_SOLICITED;
	hint->override = !is_advert || pkt->l4[4] & ND_OVERRIDE;
	hint->claims_ours = mac && rs_wire_is_ours(host, addr) && memcmp(mac, host->mac, 6);
	return true;
}

/* RFC 4291 section 2.7.1 */
static void solicited_group(uint8_t group[16], const uint8_t addr[16])
{
	static const uint8_t prefix[13] = {0xff, 0x02, [11] = 1, [12] = 0xff};

	memcpy(group, prefix, 13);
	memcpy(group + 13, addr + 13, 3);
}

uint32_t rs_nd_solicit(const struct wire_host *host, const uint8_t source[16],
	const uint8_t target[16], uint64_t link, uint8_t *out)
{
	struct nd m = {.src = source, .dst = target, .type = ND_SOLICIT, .target = target};
	uint8_t group[16];

	if (link == LINK_NONE) {
		solicited_group(group, target);
		m.dst = group;
		link = multicast_link(host, group);
	}
	return render_nd(host, link, &m, out);
}

uint32_t rs_nd_probe(const struct wire_host *host, const uint8_t addr[16], uint8_t *out)
{
	return rs_nd_solicit(host, zero_addr, addr, LINK_NONE, out);
}

uint32_t rs_nd_announce(const struct wire_host *host, const uint8_t addr[16], uint8_t *out)
{
	return render_nd(host, multicast_link(host, all_nodes),
		&(struct nd){.src = addr,
			.dst = all_nodes,
			.type = ND_ADVERTISE,
			.flags = ND_OVERRIDE,
			.target = addr},
		out);
}

/* ---- groups ---- */

/* Several addresses may have one group. */
static bool is_reported(const uint8_t *records, uint32_t n, const uint8_t group[16])
{
	for (uint32_t i = 0; i < n; i++) {
		if (!memcmp(records + i * MLD_RECORD_BYTES + 4, group, 16))
			return true;
	}
	return false;
}

/* Returns how many; *source is our link-local address. */
static uint32_t put_records(
	const struct wire_host *host, uint8_t kind, uint8_t *records, const uint8_t **source)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < host->n_addrs; i++) {
		const uint8_t *addr = host->addrs[i].addr;
		uint8_t *record = records + n * MLD_RECORD_BYTES;
		uint8_t group[16];

		if (host->addrs[i].family == 4)
			continue;
		if (rs_ipv6_is_link_local(addr))
			*source = addr;
		solicited_group(group, addr);
		if (is_reported(records, n, group))
			continue;
		rs_store_be32(record, (uint32_t)kind << 24); /* of no sources */
		memcpy(record + 4, group, 16);
		n++;
	}
	return n;
}

/* Everything around a message of len bytes, which is written without a checksum. */
static uint32_t render_mld(const struct wire_host *host, const uint8_t source[16],
	const uint8_t group[16], const uint8_t *message, uint32_t len, uint8_t *out)
{
	/* A header of options: Router Alert, and PadN of no bytes. */
	static const uint8_t alert[IPV6_EXTENSION_BYTES] = {PROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0};
	uint32_t n = rs_wire_render_eth(host, multicast_link(host, group), ETHERTYPE_IPV6, out);
	uint64_t sum = rs_wire_pseudo_sum(6, source, group, PROTO_ICMPV6, len);
	uint16_t csum;

	n += rs_wire_render_ip(&(struct wire_ip){.src = source,
				       .dst = group,
				       .l4_len = sizeof(alert) + len,
				       .family = 6,
				       .proto = IPV6_HOP_BY_HOP,
				       .hop_limit = MLD_HOP_LIMIT},
		out + n);
	memcpy(out + n, alert, sizeof(alert));
	n += sizeof(alert);
	memcpy(out + n, message, len);
	csum = rs_csum_finish(rs_csum_add(sum, message, len));
	memcpy(out + n + 2, &csum, 2);
	return n + len;
}

uint32_t rs_mld_report(const struct wire_host *host, bool is_news, uint8_t *out)
{
	static const uint8_t routers[16] = {0xff, 0x02, [15] = 0x16};
	uint8_t mld[MLD_REPORT_BYTES + WIRE_MAX_ADDRS * MLD_RECORD_BYTES];
	const uint8_t *source = NULL;
	uint32_t n_records = put_records(
		host, is_news ? MLD_TO_EXCLUDE : MLD_IS_EXCLUDE, mld + MLD_REPORT_BYTES, &source);

	if (!source)
		return 0;
	rs_store_be32(mld, (uint32_t)MLD_REPORT << 24);
	rs_store_be32(mld + 4, n_records);
	return render_mld(
		host, source, routers, mld, MLD_REPORT_BYTES + n_records * MLD_RECORD_BYTES, out);
}

uint32_t rs_mld_report_v1(const struct wire_host *host, uint32_t i, uint8_t *out)
{
	uint8_t records[WIRE_MAX_ADDRS * MLD_RECORD_BYTES];
	uint8_t mld[MLD_V1_BYTES] = {MLD_V1_REPORT};
	const uint8_t *source = NULL;

	if (i >= put_records(host, 0, records, &source) || !source)
		return 0;
	memcpy(mld + 8, records + i * MLD_RECORD_BYTES + 4, 16);
	return render_mld(host, source, mld + 8, mld, sizeof(mld), out);
}

bool rs_mld_is_v1(const struct pkt *query)
{
	return query->l4_len == MLD_V1_BYTES;
}

uint64_t rs_mld_due_us(
	const struct pkt *query, uint64_t pending_us, uint64_t now_us, uint32_t random)
{
	uint64_t delay_ms = (uint64_t)rs_mld_max_delay_ms(query) * random >> 32;
	uint64_t due_us = now_us + delay_ms * 1000;

	return pending_us && pending_us < due_us ? pending_us : due_us;
}
