/* SPDX-License-Identifier: BSD-2-Clause */
#include "stage_rx.h"

#include "base/bytes.h"
#include "flow/flow.h"
#include "wire/pkt.h"

const struct counter_def rs_rx_counter_defs[RX_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "rx_counters.def"
#undef RS_COUNTER
};

uint32_t rs_rx_pull_queue(void *self, struct rte_mbuf **pkts, uint32_t max)
{
	return rs_io_rx_burst(self, pkts, max);
}

/* The key of a TCP segment over plain IPv4 or IPv6; net cores check everything. */
static bool flow_key_of(const uint8_t *frame, uint32_t len, struct flow_key *key)
{
	uint32_t ip = ETH_HEADER_BYTES;
	uint32_t l4;

	if (len >= ETH_HEADER_BYTES + VLAN_TAG_BYTES && rs_load_be16(frame + 12) == ETHERTYPE_VLAN)
		ip += VLAN_TAG_BYTES;
	if (len < ip + IPV4_HEADER_BYTES + 4)
		return false;
	*key = (struct flow_key){0};
	if (rs_load_be16(frame + ip - 2) == ETHERTYPE_IPV4) {
		l4 = ip + (frame[ip] & 0xfu) * 4;
		if (frame[ip + 9] != PROTO_TCP || len < l4 + 4)
			return false;
		key->family = 4;
		key->remote[10] = key->remote[11] = key->local[10] = key->local[11] = 0xff;
		memcpy(key->remote + 12, frame + ip + 12, 4);
		memcpy(key->local + 12, frame + ip + 16, 4);
	} else {
		l4 = ip + IPV6_HEADER_BYTES;
		if (rs_load_be16(frame + ip - 2) != ETHERTYPE_IPV6 || len < l4 + 4 ||
			frame[ip + 6] != PROTO_TCP)
			return false;
		key->family = 6;
		memcpy(key->remote, frame + ip + 8, 16);
		memcpy(key->local, frame + ip + 24, 16);
	}
	key->remote_port = rs_load_be16(frame + l4);
	key->local_port = rs_load_be16(frame + l4 + 2);
	return true;
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

static void sort(struct stage_rx *rx, uint32_t n_pkts)
{
	for (uint32_t i = 0; i < n_pkts; i++)
		rte_prefetch0(rte_pktmbuf_mtod(rx->pkts[i], void *));
	for (uint32_t i = 0; i < n_pkts; i++) {
		struct rte_mbuf *m = rx->pkts[i];
		uint32_t net = rs_rx_net_core(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
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
		rx->n_sorted[i] = 0;
	}
}

uint32_t rs_stage_rx_turn(void *self, uint64_t now_us)
{
	struct stage_rx *rx = self;
	uint32_t n_done = 0;

	(void)now_us;
	for (uint32_t i = 0; i < rx->n_queues; i++) {
		uint32_t n = rs_io_rx_burst(&rx->queues[i], rx->pkts, RX_BURST);

		sort(rx, n);
		fan_out(rx);
		n_done += n;
	}
	rx->counters[RX_C_FRAMES] += n_done;
	return n_done;
}
