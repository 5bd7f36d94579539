/* SPDX-License-Identifier: BSD-2-Clause */
#include "stage_rx.h"

#include <rte_prefetch.h>

#include "base/bytes.h"
#include "flow/flow.h"
#include "wire/ipv4.h"
#include "wire/pkt.h"

#define ICMP_HEADER_BYTES 8

const struct counter_def rs_rx_counter_defs[RX_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "rx_counters.def"
#undef RS_COUNTER
};

uint32_t rs_rx_pull_queue(void *self, struct rte_mbuf **pkts, uint32_t max)
{
	return rs_io_rx_burst(self, pkts, max);
}

/* ---- whose frame is it? Only what chooses the core is read here; net cores check everything. */

/* Bytes from an IP header on. */
struct ip_packet {
	const uint8_t *ip;
	uint32_t len;
	bool is_v6;
};

/* The first eight bytes of the transport header, or NULL where it has not so many. */
static const uint8_t *find_l4(const struct ip_packet *p, uint8_t *proto)
{
	uint32_t header = IPV6_HEADER_BYTES;
	const uint8_t *l4;
	uint32_t l4_len;

	if (p->len < IPV4_HEADER_BYTES)
		return NULL;
	if (!p->is_v6)
		header = (p->ip[0] & 0xfu) * 4;
	if (p->len < header + 8)
		return NULL;
	*proto = p->ip[p->is_v6 ? 6 : 9];
	l4 = p->ip + header;
	l4_len = p->len - header;
	if (p->is_v6 && rs_wire_skip_extensions(&l4, &l4_len, proto))
		return NULL;
	return l4_len < 8 ? NULL : l4;
}

/* The key of a packet with ports at l4, where the source is the remote side. */
static void read_key(const struct ip_packet *p, const uint8_t *l4, struct flow_key *key)
{
	*key = (struct flow_key){
		.remote_port = rs_load_be16(l4),
		.local_port = rs_load_be16(l4 + 2),
		.family = p->is_v6 ? 6 : 4,
	};
	if (p->is_v6) {
		memcpy(key->remote, p->ip + 8, 16);
		memcpy(key->local, p->ip + 24, 16);
	} else {
		uint32_t words[2]; /* source and destination */

		memcpy(words, p->ip + 12, sizeof(words));
		rs_ipv4_map(key->remote, words[0]);
		rs_ipv4_map(key->local, words[1]);
	}
}

/* "Too big" (RFC 1191, RFC 8201) quotes a packet of ours: there, the source is the local side. */
static bool read_quoted_key(const struct ip_packet *p, const uint8_t *icmp, struct flow_key *key)
{
	const uint8_t *quote = icmp + ICMP_HEADER_BYTES;
	struct ip_packet quoted = {quote, p->len - (uint32_t)(quote - p->ip), p->is_v6};
	bool too_big = p->is_v6 ? icmp[0] == 2 : icmp[0] == 3 && icmp[1] == 4;
	struct flow_key swapped;
	const uint8_t *l4;
	uint8_t proto;

	if (!too_big)
		return false;
	l4 = find_l4(&quoted, &proto);
	if (!l4 || proto != PROTO_TCP)
		return false;
	read_key(&quoted, l4, &swapped);
	*key = (struct flow_key){
		.remote_port = swapped.local_port,
		.local_port = swapped.remote_port,
		.family = swapped.family,
	};
	memcpy(key->remote, swapped.local, 16);
	memcpy(key->local, swapped.remote, 16);
	return true;
}

/* IPv4: all fragments go the same way, though only the first has ports. IPv6's have no header that
 * find_l4() would find. */
static bool is_fragment(const struct ip_packet *p)
{
	return !p->is_v6 && p->len >= IPV4_HEADER_BYTES && rs_load_be16(p->ip + 6) & 0x3fff;
}

static bool flow_key_of(const uint8_t *frame, uint32_t len, struct flow_key *key)
{
	uint32_t eth = ETH_HEADER_BYTES;
	struct ip_packet p;
	uint16_t ethertype;
	const uint8_t *l4;
	uint8_t proto;

	if (len >= ETH_HEADER_BYTES + VLAN_TAG_BYTES && rs_load_be16(frame + 12) == ETHERTYPE_VLAN)
		eth += VLAN_TAG_BYTES;
	if (len < eth)
		return false;
	ethertype = rs_load_be16(frame + eth - 2);
	if (ethertype != ETHERTYPE_IPV4 && ethertype != ETHERTYPE_IPV6)
		return false;
	p = (struct ip_packet){frame + eth, len - eth, ethertype == ETHERTYPE_IPV6};
	l4 = find_l4(&p, &proto);
	if (rs_unlikely(!l4 || is_fragment(&p)))
		return false;
	if (rs_likely(proto == PROTO_TCP)) {
		read_key(&p, l4, key);
		return true;
	}
	return proto == (p.is_v6 ? PROTO_ICMPV6 : PROTO_ICMP) && read_quoted_key(&p, l4, key);
}

uint32_t rs_rx_net_core(
	const uint8_t *frame, uint32_t len, const uint64_t flow_secret[5], uint32_t n_net)
{
	struct flow_key key;

	if (!flow_key_of(frame, len, &key))
		return 0;
	/* The upper bits choose the core, the lower ones the bucket in its flow table. */
	return (uint32_t)((uint64_t)rs_flow_hash(&key, flow_secret) * n_net >> 32);
}

/* ---- a turn ---- */

/* Headers must not end in the middle of an mbuf; net cores want all in one anyway. */
static bool is_whole(struct stage_rx *rx, struct rte_mbuf *m)
{
	if (rs_likely(m->nb_segs == 1) || !rte_pktmbuf_linearize(m))
		return true;
	rx->counters[RX_C_DROP_LONG_FRAME]++;
	rte_pktmbuf_free(m);
	rx->frames.n_out++;
	return false;
}

static void sort(struct stage_rx *rx, uint32_t n_pkts)
{
	for (uint32_t i = 0; i < n_pkts; i++)
		rte_prefetch0(rte_pktmbuf_mtod(rx->pkts[i], void *));
	for (uint32_t i = 0; i < n_pkts; i++) {
		struct rte_mbuf *m = rx->pkts[i];
		uint32_t net;

		if (rs_unlikely(!is_whole(rx, m)))
			continue;
		net = rs_rx_net_core(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
			rx->flow_secret, rx->n_net);
		rx->sorted[net][rx->n_sorted[net]++] = m;
	}
}

/* A full ring costs its own net core's frames, never those of the others. */
static void fan_out(struct stage_rx *rx)
{
	for (uint32_t i = 0; i < rx->n_net; i++) {
		uint32_t n = rx->n_sorted[i];
		uint32_t n_taken;

		if (!n)
			continue;
		n_taken = rs_joint_push(&rx->net[i], rx->sorted[i], n);
		rx->counters[RX_C_DROP_FANOUT_FULL] += n - n_taken;
		rte_pktmbuf_free_bulk(rx->sorted[i] + n_taken, n - n_taken);
		rx->frames.n_out += n;
		rx->n_sorted[i] = 0;
	}
}

void rs_stage_rx_deal(struct stage_rx *rx, uint32_t n_pkts)
{
	rx->frames.n_in += n_pkts;
	sort(rx, n_pkts);
	fan_out(rx);
}

uint32_t rs_stage_rx_turn(void *self, uint64_t now_us)
{
	struct stage_rx *rx = self;
	uint32_t n_done = 0;

	(void)now_us;
	for (uint32_t i = 0; i < rx->n_queues; i++) {
		uint32_t n = rs_io_rx_burst(rx->queues[i], rx->pkts, RX_BURST);

		rs_stage_rx_deal(rx, n);
		n_done += n;
	}
	rx->counters[RX_C_FRAMES] += n_done;
	return n_done;
}
