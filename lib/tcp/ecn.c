/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Explicit Congestion Notification (RFC 3168, as RFC 8311 has updated it), for connections that the
 * peer opens, where it asks for it. Routers may then mark our new data instead of dropping it. The
 * peer tells of marks with ECE until CWR says that we send less; the same in the other direction.
 *
 * The round trip in which cwnd is made smaller only once ends at recover, as that of a loss does:
 * whichever of the two comes first counts, and the first new bytes behind it carry CWR.
 */
#include "tcp/tcp_internal.h"

/*
 * RFC 3168 section 6.1.1. A probe for AccECN (RFC 9768) has a third flag set, and takes the classic
 * answer for what it is. A SYN that is marked itself has come through something that marks all.
 */
bool rs_tcp_ecn_is_asked(const struct tcp *t, const struct tcp_seg *syn)
{
	const uint32_t both = TCP_ECE | TCP_CWR;

	return (syn->flags & both) == both && !(syn->opts & TCP_OPT_CE) && t->cfg->ecn;
}

/* Who has made his window small may wait for it. */
static void answer_now(struct tcp *t, struct tcp_conn *c)
{
	c->flags |= TCP_F_ACK_NOW;
	rs_tcp_mark_dirty(t, c);
}

/* RFC 3168 section 6.1.3: a mark on what says CWR is a new one. */
void rs_tcp_ecn_take(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (!seg->len)
		return;
	if (seg->flags & TCP_CWR) {
		c->flags &= ~(uint32_t)TCP_F_ECE;
		answer_now(t, c);
	}
	if (seg->opts & TCP_OPT_CE) {
		t->counters[TCP_C_ECN_MARKED_IN]++;
		c->flags |= TCP_F_ECE;
		answer_now(t, c);
	}
}

/*
 * RFC 8511 section 3.1: what marks keeps its queues short, so that less is given up than for a
 * loss; in slow start as much as ever.
 */
static uint32_t smaller_window(struct tcp_conn *c)
{
	bool in_slow_start = c->cwnd < c->ssthresh;
	uint32_t as_for_a_loss = rs_tcp_grow_less(c, c->cwnd);

	return in_slow_start ? as_for_a_loss : rs_max_u32(c->cwnd / 20 * 17, 2u * c->mss);
}

/* RFC 3168 section 6.1.2: once in a round trip. */
void rs_tcp_ecn_echoed(struct tcp *t, struct tcp_conn *c, uint32_t ack)
{
	bool is_known = c->flags & TCP_F_RECOVER && rs_seq_leq(ack, c->recover);

	if (is_known || c->flags & TCP_F_RECOVERY || c->snd_una == c->snd_max)
		return;
	t->counters[TCP_C_ECN_REDUCTIONS]++;
	c->ssthresh = smaller_window(c);
	c->cwnd = rs_min_u32(c->cwnd, c->ssthresh);
	c->recover = c->snd_max;
	c->was_marked = 1;
	c->flags |= TCP_F_RECOVER;
}

void rs_tcp_ecn_put(const struct tcp_conn *c, struct tcp_tx *tx)
{
	tx->routers_may |= TCP_TX_MARK;
	if (rs_tcp_ecn_cwr_is_due(c, tx->seq))
		tx->flags |= TCP_CWR;
}
