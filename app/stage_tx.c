/* SPDX-License-Identifier: BSD-2-Clause */
#include "stage_tx.h"

#include <string.h>

uint32_t rs_tx_push_queue(void *self, struct rte_mbuf **pkts, uint32_t n)
{
	uint32_t n_sent = 0;

	/* Drivers take bursts of limited length. */
	while (n_sent < n) {
		uint32_t want = n - n_sent < TX_BURST ? n - n_sent : TX_BURST;
		uint32_t took = rs_io_tx_burst(self, pkts + n_sent, want);

		n_sent += took;
		if (took < want)
			break;
	}
	return n_sent;
}

static void send_backlog(struct tx_backlog *b)
{
	uint32_t n;

	if (!b->n)
		return;
	n = rs_tx_push_queue(&b->queue, b->pkts, b->n);
	b->n -= n;
	memmove(b->pkts, b->pkts + n, b->n * sizeof(b->pkts[0]));
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

uint32_t rs_stage_tx_turn(void *self, uint64_t now_us)
{
	struct stage_tx *tx = self;
	uint32_t n_done = 0;

	(void)now_us;
	for (uint32_t i = 0; i < tx->n_net && has_room(tx); i++) {
		struct rte_mbuf *pkts[TX_BURST];
		uint32_t n = rs_joint_pull(&tx->net[tx->next_net], pkts, TX_BURST);

		if (++tx->next_net == tx->n_net)
			tx->next_net = 0;
		for (uint32_t k = 0; k < n; k++) {
			struct tx_backlog *b = &tx->ports[pkts[k]->port];

			b->pkts[b->n++] = pkts[k];
		}
		n_done += n;
	}
	for (uint32_t i = 0; i < tx->n_ports; i++) {
		n_done += tx->ports[i].n;
		send_backlog(&tx->ports[i]);
	}
	return n_done;
}

void rs_stage_tx_drop(struct stage_tx *tx)
{
	for (uint32_t i = 0; i < tx->n_ports; i++) {
		rte_pktmbuf_free_bulk(tx->ports[i].pkts, tx->ports[i].n);
		tx->ports[i].n = 0;
	}
}
