/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tcp_parse.h"

#include "base/bytes.h"
#include "wire/ipv4.h"
#include "wire/link.h"

enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_WSCALE = 3,
	OPT_SACK_OK = 4,
	OPT_SACK = 5,
	OPT_TS = 8,
};

/* NOP NOP TS 10: how nearly every segment of a connection with timestamps begins its options. */
#define ALIGNED_TS 0x0101080au

static void parse_sack(const uint8_t *p, uint32_t len, struct tcp_seg *seg)
{
	if ((len - 2) % 8)
		return;
	seg->opts |= TCP_OPT_SACK;
	seg->n_sack = 0;
	for (uint32_t i = 2; i < len && seg->n_sack < TCP_MAX_SACK_BLOCKS; i += 8) {
		seg->sack[seg->n_sack++] = (struct sack_block){
			.start = rs_load_be32(p + i),
			.end = rs_load_be32(p + i + 4),
		};
	}
}

static void parse_option(const uint8_t *p, uint32_t len, struct tcp_seg *seg)
{
	/* MSS, window scale and SACK-permitted mean something in a SYN only. */
	bool syn = seg->flags & TCP_SYN;

	switch (p[0]) {
	case OPT_MSS:
		if (len == 4 && syn) {
			seg->mss = rs_load_be16(p + 2);
			seg->opts |= TCP_OPT_MSS;
		}
		break;
	case OPT_WSCALE:
		if (len == 3 && syn) {
			seg->wscale = p[2];
			seg->opts |= TCP_OPT_WSCALE;
		}
		break;
	case OPT_SACK_OK:
		if (len == 2 && syn)
			seg->opts |= TCP_OPT_SACK_OK;
		break;
	case OPT_SACK:
		if (len >= 10)
			parse_sack(p, len, seg);
		break;
	case OPT_TS:
		if (len == 10) {
			seg->ts_val = rs_load_be32(p + 2);
			seg->ts_ecr = rs_load_be32(p + 6);
			seg->opts |= TCP_OPT_TS;
		}
		break;
	default:
		break;
	}
}

static void parse_options(const uint8_t *p, uint32_t len, struct tcp_seg *seg)
{
	if (rs_likely(len == 12 && rs_load_be32(p) == ALIGNED_TS)) {
		seg->ts_val = rs_load_be32(p + 4);
		seg->ts_ecr = rs_load_be32(p + 8);
		seg->opts = TCP_OPT_TS;
		return;
	}
	while (len) {
		if (p[0] == OPT_END)
			return;
		if (p[0] == OPT_NOP) {
			p++;
			len--;
			continue;
		}
		if (len < 2 || p[1] < 2 || p[1] > len)
			return;
		parse_option(p, p[1], seg);
		len -= p[1];
		p += p[1];
	}
}

/* All but key and link, from a header of so many bytes. */
static inline void read_header(
	const uint8_t *tcp, uint32_t header, uint32_t l4_len, struct tcp_seg *seg)
{
	seg->data = tcp + header;
	seg->len = l4_len - header;
	seg->seq = rs_load_be32(tcp + 4);
	seg->ack = rs_load_be32(tcp + 8);
	seg->hash = 0;
	seg->flags = tcp[13]; /* what is reserved stands elsewhere, and is ignored */
	seg->wnd = rs_load_be16(tcp + 14);
	seg->opts = 0;
	seg->ts_val = seg->ts_ecr = 0;
	seg->mss = 0;
	seg->wscale = 0;
	seg->n_sack = 0;
	if (header > TCP_HEADER_BYTES)
		parse_options(tcp + TCP_HEADER_BYTES, header - TCP_HEADER_BYTES, seg);
}

/* False: one of them is 0. */
static inline bool read_ports(const uint8_t *tcp, struct tcp_seg *seg)
{
	seg->key.remote_port = rs_load_be16(tcp);
	seg->key.local_port = rs_load_be16(tcp + 2);
	return seg->key.remote_port && seg->key.local_port;
}

enum wire_drop rs_wire_parse_tcp(const struct pkt *pkt, struct tcp_seg *seg)
{
	const uint8_t *tcp = pkt->l4;
	uint32_t header;

	if (rs_unlikely(pkt->l4_len < TCP_HEADER_BYTES))
		return WIRE_TCP_HEADER;
	header = (tcp[12] >> 4) * 4u;
	if (rs_unlikely(header < TCP_HEADER_BYTES || header > pkt->l4_len))
		return WIRE_TCP_HEADER;
	if (!pkt->l4_csum_ok && rs_unlikely(!rs_wire_l4_csum_ok(pkt)))
		return WIRE_L4_CSUM;
	memcpy(seg->key.remote, pkt->src, 16);
	memcpy(seg->key.local, pkt->dst, 16);
	seg->key.family = pkt->family;
	if (rs_unlikely(!read_ports(tcp, seg)))
		return WIRE_TCP_HEADER;
	seg->link = pkt->link;
	read_header(tcp, header, pkt->l4_len, seg);
	seg->opts |= pkt->is_ce ? TCP_OPT_CE : 0;
	return WIRE_OK;
}

/* ---- the plain case ---- */

#define PLAIN_BYTES (ETH_HEADER_BYTES + IPV4_HEADER_BYTES + TCP_HEADER_BYTES)

/* Untagged, from one station to us; then IPv4, five words, not marked, TCP, no fragment. */
static inline bool is_plain(const struct wire_host *host, const uint8_t *frame)
{
	const uint8_t *ip = frame + ETH_HEADER_BYTES;

	return rs_mac_word(frame) == host->station && !(frame[6] & 1) &&
	       rs_load_be32(frame + 12) >> 8 == (ETHERTYPE_IPV4 << 8 | 0x45) &&
	       !rs_ip_is_ce(ip[1]) && ip[9] == PROTO_TCP && !(rs_load_be16(ip + 6) & 0x3fff);
}

static inline bool plain_csums_ok(const uint8_t *ip, uint32_t l4_len, uint32_t flags)
{
	/* Source and destination, and what else the pseudo-header has. */
	uint64_t sum = rs_csum_add32(__builtin_bswap32(PROTO_TCP), __builtin_bswap32(l4_len));

	if (!(flags & WIRE_IP_CSUM_GOOD) && rs_unlikely(!rs_ipv4_csum_ok(ip, IPV4_HEADER_BYTES)))
		return false;
	if (flags & WIRE_L4_CSUM_GOOD)
		return true;
	return rs_csum_fold16(rs_csum_add(sum, ip + 12, l4_len + 8)) == 0xffff;
}

bool rs_wire_parse_plain(const struct wire_host *host, const uint8_t *frame, uint32_t len,
	uint32_t flags, struct tcp_seg *seg)
{
	const uint8_t *ip = frame + ETH_HEADER_BYTES, *tcp = ip + IPV4_HEADER_BYTES;
	uint32_t total, header, l4_len, src, dst;

	if (rs_unlikely(len < PLAIN_BYTES || !is_plain(host, frame)))
		return false;
	total = rs_load_be16(ip + 2);
	header = (tcp[12] >> 4) * 4u;
	l4_len = total - IPV4_HEADER_BYTES;
	if (rs_unlikely(total > len - ETH_HEADER_BYTES || header < TCP_HEADER_BYTES ||
			total < IPV4_HEADER_BYTES + header))
		return false;
	memcpy(&src, ip + 12, 4);
	memcpy(&dst, ip + 16, 4);
	if (rs_unlikely(!rs_ipv4_is_ours(host, dst) || rs_ipv4_is_martian(host, src) ||
			!read_ports(tcp, seg)))
		return false;
	rs_ipv4_map(seg->key.remote, src);
	rs_ipv4_map(seg->key.local, dst);
	seg->key.family = 4;
	seg->link = rs_link_pack(frame + 6, 0, host->port);
	read_header(tcp, header, l4_len, seg);
	return plain_csums_ok(ip, l4_len, flags);
}
