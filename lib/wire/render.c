/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/render.h"

#include "base/bytes.h"
#include "base/csum.h"
#include "wire/link.h"

#define HOP_LIMIT 64

uint32_t rs_wire_render_eth(
	const struct wire_host *host, uint64_t link, uint16_t ethertype, uint8_t *frame)
{
	uint16_t vlan_id = rs_link_vlan(link);

	rs_link_mac(link, frame);
	memcpy(frame + 6, host->mac, 6);
	if (rs_likely(!vlan_id)) {
		rs_store_be16(frame + 12, ethertype);
		return ETH_HEADER_BYTES;
	}
	rs_store_be16(frame + 12, ETHERTYPE_VLAN);
	rs_store_be16(frame + 14, vlan_id);
	rs_store_be16(frame + 16, ethertype);
	return ETH_HEADER_BYTES + VLAN_TAG_BYTES;
}

static void render_ipv4(const uint8_t src[16], const uint8_t dst[16], uint8_t proto,
	uint32_t l4_len, uint8_t ttl, bool csum, uint8_t *ip)
{
	uint16_t sum = 0;

	rs_store_be32(ip, 0x45000000u | (IPV4_HEADER_BYTES + l4_len));
	rs_store_be32(ip + 4, 0x00004000u); /* DF */
	rs_store_be32(ip + 8, (uint32_t)ttl << 24 | (uint32_t)proto << 16);
	memcpy(ip + 12, src + 12, 4);
	memcpy(ip + 16, dst + 12, 4);
	if (csum) {
		sum = rs_csum_finish(rs_csum_add(0, ip, IPV4_HEADER_BYTES));
		memcpy(ip + 10, &sum, 2);
	}
}

static void render_ipv6(const uint8_t src[16], const uint8_t dst[16], uint8_t proto,
	uint32_t l4_len, uint8_t hop_limit, uint8_t *ip)
{
	rs_store_be32(ip, 0x60000000u);
	rs_store_be32(ip + 4, l4_len << 16 | (uint32_t)proto << 8 | hop_limit);
	memcpy(ip + 8, src, 16);
	memcpy(ip + 24, dst, 16);
}

uint32_t rs_wire_render_ip(uint8_t family, const uint8_t src[16], const uint8_t dst[16],
	uint8_t proto, uint32_t l4_len, uint8_t hop_limit, bool csum, uint8_t *ip)
{
	if (family == 4) {
		render_ipv4(src, dst, proto, l4_len, hop_limit, csum, ip);
		return IPV4_HEADER_BYTES;
	}
	render_ipv6(src, dst, proto, l4_len, hop_limit, ip);
	return IPV6_HEADER_BYTES;
}

/* Each option padded with NOPs in front to a multiple of four, in the order of
 * rs_tcp_tx_opt_bytes(). */
static void render_options(const struct tcp_tx *tx, uint8_t *p)
{
	if (tx->opts & TCP_OPT_MSS) {
		rs_store_be32(p, 0x02040000u | tx->mss_opt);
		p += 4;
	}
	if (tx->opts & TCP_OPT_WSCALE) {
		rs_store_be32(p, 0x01030300u | tx->wscale);
		p += 4;
	}
	if (tx->opts & TCP_OPT_TS) {
		rs_store_be32(p, 0x0101080au);
		rs_store_be32(p + 4, tx->ts_val);
		rs_store_be32(p + 8, tx->ts_ecr);
		p += 12;
	}
	if (tx->opts & TCP_OPT_SACK_OK) {
		rs_store_be32(p, 0x01010402u);
		p += 4;
	}
	if (tx->opts & TCP_OPT_SACK) {
		rs_store_be32(p, 0x01010500u | (2 + 8u * tx->n_sack));
		for (uint32_t i = 0; i < tx->n_sack; i++) {
			rs_store_be32(p + 4 + 8 * i, tx->sack[i].start);
			rs_store_be32(p + 8 + 8 * i, tx->sack[i].end);
		}
	}
}

struct wire_lens rs_wire_tcp_lens(const struct tcp_tx *tx)
{
	return (struct wire_lens){
		.l2 = rs_link_vlan(tx->link) ? ETH_HEADER_BYTES + VLAN_TAG_BYTES : ETH_HEADER_BYTES,
		.l3 = tx->key.family == 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES,
		.l4 = (uint8_t)(TCP_HEADER_BYTES + rs_tcp_tx_opt_bytes(tx)),
	};
}

struct wire_lens rs_wire_render_tcp_header(const struct wire_host *host, const struct tcp_tx *tx,
	uint8_t *frame, uint32_t flags, uint64_t payload_sum)
{
	const struct flow_key *key = &tx->key;
	struct wire_lens lens = rs_wire_tcp_lens(tx);
	uint8_t *ip = frame + lens.l2;
	uint8_t *tcp = ip + lens.l3;
	uint32_t l4_len = lens.l4 + tx->len;
	uint64_t sum;
	uint16_t csum;

	rs_wire_render_eth(
		host, tx->link, key->family == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6, frame);
	rs_wire_render_ip((uint8_t)key->family, key->local, key->remote, PROTO_TCP, l4_len,
		HOP_LIMIT, !(flags & WIRE_IP_CSUM_OFFLOAD), ip);
	rs_store_be32(tcp, (uint32_t)key->local_port << 16 | key->remote_port);
	rs_store_be32(tcp + 4, tx->seq);
	rs_store_be32(tcp + 8, tx->ack);
	rs_store_be32(tcp + 12, (uint32_t)lens.l4 << 26 | (uint32_t)tx->flags << 16 | tx->wnd);
	rs_store_be32(tcp + 16, 0);
	render_options(tx, tcp + TCP_HEADER_BYTES);
	sum = rs_wire_pseudo_sum((uint8_t)key->family, key->local, key->remote, PROTO_TCP,
		flags & WIRE_TSO ? 0 : l4_len);
	if (flags & WIRE_L4_CSUM_OFFLOAD)
		csum = rs_csum_fold16(sum);
	else
		csum = rs_csum_finish(rs_csum_add(sum + payload_sum, tcp, lens.l4));
	memcpy(tcp + 16, &csum, 2);
	return lens;
}

/* A partial sum whose bytes end up at an odd place counts with its bytes swapped (RFC 1071). */
static uint64_t sum_at(uint64_t sum, uint32_t offset)
{
	uint16_t folded = rs_csum_fold16(sum);

	return offset & 1 ? __builtin_bswap16(folded) : folded;
}

uint32_t rs_wire_render_tcp(
	const struct wire_host *host, const struct tcp_tx *tx, uint8_t *frame, uint32_t flags)
{
	struct wire_lens lens = rs_wire_tcp_lens(tx);
	uint32_t header = (uint32_t)lens.l2 + lens.l3 + lens.l4;
	uint8_t *payload = frame + header;
	uint64_t sum = 0;
	uint32_t offset = 0;

	for (uint32_t i = 0; i < tx->n_spans; i++) {
		const struct span *s = &tx->spans[i];

		if (flags & WIRE_L4_CSUM_OFFLOAD)
			memcpy(payload + offset, s->data, s->len);
		else
			sum += sum_at(rs_csum_copy(0, payload + offset, s->data, s->len), offset);
		offset += s->len;
	}
	rs_wire_render_tcp_header(host, tx, frame, flags, sum);
	return header + offset;
}
