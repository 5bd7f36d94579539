/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tcp_parse.h"

#include "base/bytes.h"

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
	seg->key.remote_port = rs_load_be16(tcp);
	seg->key.local_port = rs_load_be16(tcp + 2);
	seg->key.family = pkt->family;
	if (rs_unlikely(!seg->key.remote_port || !seg->key.local_port))
		return WIRE_TCP_HEADER;
	seg->link = pkt->link;
	seg->data = tcp + header;
	seg->len = pkt->l4_len - header;
	seg->seq = rs_load_be32(tcp + 4);
	seg->ack = rs_load_be32(tcp + 8);
	seg->hash = 0;
	seg->flags = tcp[13];
	/* ECN is not spoken, and what is reserved is ignored. */
	seg->flags &= TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK | TCP_URG;
	seg->wnd = rs_load_be16(tcp + 14);
	seg->opts = 0;
	seg->ts_val = seg->ts_ecr = 0;
	seg->mss = 0;
	seg->wscale = 0;
	seg->n_sack = 0;
	if (header > TCP_HEADER_BYTES)
		parse_options(tcp + TCP_HEADER_BYTES, header - TCP_HEADER_BYTES, seg);
	return WIRE_OK;
}
