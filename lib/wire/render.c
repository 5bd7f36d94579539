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

	/* The MAC addresses; what is behind them in their words is overwritten next. */
	memcpy(frame, &link, sizeof(link));
	memcpy(frame + 6, &host->station, sizeof(host->station));
	if (rs_likely(!vlan_id)) {
		rs_store_be16(frame + 12, ethertype);
		return ETH_HEADER_BYTES;
	}
	rs_store_be16(frame + 12, ETHERTYPE_VLAN);
	rs_store_be16(frame + 14, vlan_id);
	rs_store_be16(frame + 16, ethertype);
	return ETH_HEADER_BYTES + VLAN_TAG_BYTES;
}

/*
 * Stores a big-endian word and adds it to a checksum. The sum is made of what is at hand: to read
 * back what was just written in other widths would wait for the stores.
 */
static inline uint64_t put32(uint8_t *to, uint32_t word, uint64_t sum)
{
	word = __builtin_bswap32(word);
	memcpy(to, &word, 4);
	return rs_csum_add32(sum, word);
}

/* Copies one word as it stands, and adds it. */
static inline uint64_t copy32(uint8_t *to, const uint8_t *from, uint64_t sum)
{
	uint32_t word;

	memcpy(&word, from, 4);
	memcpy(to, &word, 4);
	return rs_csum_add32(sum, word);
}

#define DONT_FRAGMENT 0x4000u
#define ECT_0         2u /* of a traffic class: RFC 3168 section 5 */

static inline void render_ipv4(const struct wire_ip *ip, uint8_t *out)
{
	uint64_t sum = put32(out,
		0x45000000u | (uint32_t)ip->traffic_class << 16 | (IPV4_HEADER_BYTES + ip->l4_len),
		0);
	uint16_t folded;

	sum = put32(out + 4, ip->may_cut ? (uint32_t)ip->id << 16 : DONT_FRAGMENT, sum);
	sum = put32(out + 8, (uint32_t)ip->hop_limit << 24 | (uint32_t)ip->proto << 16, sum);
	sum = copy32(out + 12, ip->src + 12, sum);
	sum = copy32(out + 16, ip->dst + 12, sum);
	if (!ip->no_csum) {
		folded = rs_csum_finish(sum);
		memcpy(out + 10, &folded, 2);
	}
}

static inline void render_ipv6(const struct wire_ip *ip, uint8_t *out)
{
	rs_store_be32(out, 0x60000000u | (uint32_t)ip->traffic_class << 20 | ip->flow_label);
	rs_store_be32(out + 4, ip->l4_len << 16 | (uint32_t)ip->proto << 8 | ip->hop_limit);
	memcpy(out + 8, ip->src, 16);
	memcpy(out + 24, ip->dst, 16);
}

uint32_t rs_wire_render_ip(const struct wire_ip *ip, uint8_t *out)
{
	if (ip->family == 4) {
		render_ipv4(ip, out);
		return IPV4_HEADER_BYTES;
	}
	render_ipv6(ip, out);
	return IPV6_HEADER_BYTES;
}

/*
 * Each option padded with NOPs in front to a multiple of four, in the order of
 * rs_tcp_tx_opt_bytes(). Returns sum with them added.
 */
static uint64_t render_options(const struct tcp_tx *tx, uint8_t *p, uint64_t sum)
{
	if (tx->opts & TCP_OPT_MSS) {
		sum = put32(p, 0x02040000u | tx->mss_opt, sum);
		p += 4;
	}
	if (tx->opts & TCP_OPT_WSCALE) {
		sum = put32(p, 0x01030300u | tx->wscale, sum);
		p += 4;
	}
	if (tx->opts & TCP_OPT_TS) {
		sum = put32(p, 0x0101080au, sum);
		sum = put32(p + 4, tx->ts_val, sum);
		sum = put32(p + 8, tx->ts_ecr, sum);
		p += 12;
	}
	if (tx->opts & TCP_OPT_SACK_OK) {
		sum = put32(p, 0x01010402u, sum);
		p += 4;
	}
	if (tx->opts & TCP_OPT_SACK) {
		sum = put32(p, 0x01010500u | (2 + 8u * tx->n_sack), sum);
		for (uint32_t i = 0; i < tx->n_sack; i++) {
			sum = put32(p + 4 + 8 * i, tx->sack[i].start, sum);
			sum = put32(p + 8 + 8 * i, tx->sack[i].end, sum);
		}
	}
	return sum;
}

struct wire_lens rs_wire_tcp_lens(const struct tcp_tx *tx)
{
	return (struct wire_lens){
		.l2 = rs_link_vlan(tx->link) ? ETH_HEADER_BYTES + VLAN_TAG_BYTES : ETH_HEADER_BYTES,
		.l3 = tx->key.family == 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES,
		.l4 = (uint8_t)(TCP_HEADER_BYTES + rs_tcp_tx_opt_bytes(tx)),
	};
}

/* What no router may do anything with. */
static inline struct wire_ip plain_ip(const struct tcp_tx *tx, uint32_t l4_len, uint32_t flags)
{
	return (struct wire_ip){
		.src = tx->key.local,
		.dst = tx->key.remote,
		.l4_len = l4_len,
		.proto = PROTO_TCP,
		.hop_limit = HOP_LIMIT,
		.no_csum = flags & WIRE_IP_CSUM_OFFLOAD,
	};
}

static inline uint8_t traffic_class(const struct tcp_tx *tx)
{
	return tx->routers_may & TCP_TX_MARK ? ECT_0 : 0;
}

/*
 * The same in all segments of a connection, spread over all 20 bits, and hard to guess: RFC 6437
 * section 3. Routers choose among links by it where they do not read ports.
 */
static inline uint32_t flow_label(const struct wire_host *host, const struct flow_key *key)
{
	uint64_t words[3] = {(uint64_t)key->remote_port << 16 | key->local_port};
	uint64_t x = 0;

	memcpy(words + 1, key->remote, sizeof(key->remote));
	for (uint32_t i = 0; i < 3; i++) {
		x = (x + words[i]) * host->label_secret;
		x = x >> 32 | x << 32;
	}
	return (uint32_t)(x * host->label_secret >> 44);
}

/*
 * What routers may cut, or mark. Fragments of two segments must not be put together as one (RFC
 * 791): the low half of the sequence number tells apart all that is on its way in a window of 64
 * KiB, and tells others nothing.
 */
static __attribute__((noinline)) void render_unusual_ipv4(
	const struct tcp_tx *tx, uint32_t l4_len, uint32_t flags, uint8_t *out)
{
	struct wire_ip ip = plain_ip(tx, l4_len, flags);

	ip.traffic_class = traffic_class(tx);
	ip.may_cut = tx->routers_may & TCP_TX_CUT;
	ip.id = (uint16_t)tx->seq;
	render_ipv4(&ip, out);
}

/* Not inlined: IPv4 must not pay for it. */
static __attribute__((noinline)) void render_ipv6_below_tcp(
	const struct wire_host *host, const struct tcp_tx *tx, uint32_t l4_len, uint8_t *out)
{
	struct wire_ip ip = plain_ip(tx, l4_len, 0);

	ip.traffic_class = traffic_class(tx);
	ip.flow_label = flow_label(host, &tx->key);
	render_ipv6(&ip, out);
}

/* What stands before TCP's header. Returns where that goes. */
static inline uint8_t *render_below_tcp(const struct wire_host *host, const struct tcp_tx *tx,
	uint32_t l4_len, uint32_t flags, uint8_t *frame)
{
	struct wire_ip ip = plain_ip(tx, l4_len, flags);
	uint8_t *out;

	if (rs_unlikely(tx->key.family != 4)) {
		out = frame + rs_wire_render_eth(host, tx->link, ETHERTYPE_IPV6, frame);
		render_ipv6_below_tcp(host, tx, l4_len, out);
		return out + IPV6_HEADER_BYTES;
	}
	out = frame + rs_wire_render_eth(host, tx->link, ETHERTYPE_IPV4, frame);
	if (rs_unlikely(tx->routers_may))
		render_unusual_ipv4(tx, l4_len, flags, out);
	else
		render_ipv4(&ip, out);
	return out + IPV4_HEADER_BYTES;
}

/* Headers that lack only TCP's checksum. */
struct headers {
	uint8_t *tcp;
	uint8_t *end; /* where the payload goes */
	uint64_t sum; /* of what is known so far of the bytes that the checksum is over */
};

static inline struct headers render_headers(
	const struct wire_host *host, const struct tcp_tx *tx, uint8_t *frame, uint32_t flags)
{
	const struct flow_key *key = &tx->key;
	uint32_t l4 = TCP_HEADER_BYTES + (tx->opts ? rs_tcp_tx_opt_bytes(tx) : 0);
	uint32_t l4_len = l4 + tx->len;
	uint8_t *tcp = render_below_tcp(host, tx, l4_len, flags, frame);
	uint64_t pseudo = rs_wire_pseudo_sum((uint8_t)key->family, key->local, key->remote,
		PROTO_TCP, flags & WIRE_TSO ? 0 : l4_len);
	uint64_t sum = pseudo;

	sum = put32(tcp, (uint32_t)key->local_port << 16 | key->remote_port, sum);
	sum = put32(tcp + 4, tx->seq, sum);
	sum = put32(tcp + 8, tx->ack, sum);
	sum = put32(tcp + 12, l4 << 26 | (uint32_t)tx->flags << 16 | tx->wnd, sum);
	put32(tcp + 16, 0, 0);
	if (tx->opts)
		sum = render_options(tx, tcp + TCP_HEADER_BYTES, sum);
	return (struct headers){tcp, tcp + l4, flags & WIRE_L4_CSUM_OFFLOAD ? pseudo : sum};
}

/* With WIRE_L4_CSUM_OFFLOAD the NIC goes on with the sum, and takes the complement. */
static inline void render_csum(const struct headers *h, uint32_t flags, uint64_t payload_sum)
{
	uint16_t csum = flags & WIRE_L4_CSUM_OFFLOAD ? rs_csum_fold16(h->sum)
						     : rs_csum_finish(h->sum + payload_sum);

	memcpy(h->tcp + 16, &csum, 2);
}

uint32_t rs_wire_render_tcp_header(const struct wire_host *host, const struct tcp_tx *tx,
	uint8_t *frame, uint32_t flags, uint64_t payload_sum)
{
	struct headers h = render_headers(host, tx, frame, flags);

	render_csum(&h, flags, payload_sum);
	return (uint32_t)(h.end - frame);
}

static inline void copy_payload(const struct tcp_tx *tx, uint8_t *to)
{
	for (uint32_t i = 0; i < tx->n_spans; i++) {
		memcpy(to, tx->spans[i].data, tx->spans[i].len);
		to += tx->spans[i].len;
	}
}

/* Not inlined: it takes registers that copy_payload() has no use for. */
static __attribute__((noinline)) uint64_t copy_payload_and_sum(const struct tcp_tx *tx, uint8_t *to)
{
	uint64_t sum = 0;
	uint32_t offset = 0;

	for (uint32_t i = 0; i < tx->n_spans; i++) {
		const struct slice *s = &tx->spans[i];

		sum += rs_csum_at(rs_csum_copy(0, to + offset, s->data, s->len), offset);
		offset += s->len;
	}
	return sum;
}

uint32_t rs_wire_render_tcp(
	const struct wire_host *host, const struct tcp_tx *tx, uint8_t *frame, uint32_t flags)
{
	struct headers h = render_headers(host, tx, frame, flags);
	uint64_t payload_sum = tx->payload_sum;

	if (flags & WIRE_L4_CSUM_OFFLOAD || payload_sum)
		copy_payload(tx, h.end);
	else if (tx->len)
		payload_sum = copy_payload_and_sum(tx, h.end);
	render_csum(&h, flags, payload_sum);
	return (uint32_t)(h.end - frame) + tx->len;
}
