/* SPDX-License-Identifier: BSD-2-Clause */
#include "stage_tx.h"

#include <string.h>

const struct counter_def rs_tx_counter_defs[TX_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "tx_counters.def"
#undef RS_COUNTER
};

uint32_t rs_tx_push_queue(void *self, struct rte_mbuf **pkts, uint32_t n)
{
	uint32_t n_sent = 0;

	/* Drivers take bursts of limited length. */
	while (n_sent < n) {
		uint32_t want = rs_min_u32(n - n_sent, TX_BURST);
		uint32_t took = rs_io_tx_burst(self, pkts + n_sent, want);

		n_sent += took;
		if (took < want)
			break;
	}
	return n_sent;
}

/* Returns how many frames the port took. */
static uint32_t send_backlog(struct tx_backlog *b)
{
	uint32_t n;

	if (!b->n)
		return 0;
	n = rs_tx_push_queue(b->queue, b->pkts, b->n);
	b->n -= n;
	if (rs_unlikely(b->n))
		memmove(b->pkts, b->pkts + n, b->n * sizeof(b->pkts[0]));
	return n;
}

/* Room for a burst on every port: a frame pulled has a place, whichever port it is for. */
static bool has_room(const struct stage_tx *tx)
{
	for (uint32_t i = 0; i < tx->n_ports; i++) {
		if (tx->ports[i].n > TX_BACKLOG - TX_BURST)
			return false;
	}
	return true;
}

/* A burst from each net core, each turn another one first. */
static uint32_t take_in(struct stage_tx *tx)
{
	uint32_t n_pulled = 0;

	for (uint32_t i = 0; i < tx->n_net; i++) {
		struct rte_mbuf *pkts[TX_BURST];
		uint32_t n;

		if (!has_room(tx)) {
			tx->counters[TX_C_PORT_FULL]++;
			break;
		}
		n = rs_joint_pull(&tx->net[tx->next_net], pkts, TX_BURST);
		if (++tx->next_net == tx->n_net)
			tx->next_net = 0;
		for (uint32_t k = 0; k < n; k++) {
			struct tx_backlog *b = &tx->ports[pkts[k]->port];

			b->pkts[b->n++] = pkts[k];
		}
		n_pulled += n;
	}
	return n_pulled;
}

uint32_t rs_stage_tx_turn(void *self, uint64_t now_us)
{
	struct stage_tx *tx = self;
	uint32_t n_pulled, n_sent = 0, n_left = 0;

	(void)now_us;
	n_pulled = take_in(tx);
	for (uint32_t i = 0; i < tx->n_ports; i++) {
		n_sent += send_backlog(&tx->ports[i]);
		n_left += tx->ports[i].n;
	}
	tx->counters[TX_C_FRAMES] += n_sent;
	tx->frames.n_in += n_pulled;
	tx->frames.n_out += n_sent;
	return n_pulled + n_sent + n_left;
}

void rs_stage_tx_drop(struct stage_tx *tx)
{
	for (uint32_t i = 0; i < tx->n_ports; i++) {
		rte_pktmbuf_free_bulk(tx->ports[i].pkts, tx->ports[i].n);
		tx->frames.n_out += tx->ports[i].n;
		tx->ports[i].n = 0;
	}
}
