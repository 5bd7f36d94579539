/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp/invariants.h"

#define RULE(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return #condition;                                                         \
	} while (0)

/* Where the slices are: in the queue, or, once it has grown, in a chunk. */
static const struct slice *sendq_nth(const struct sendq *q, uint32_t i)
{
	if (q->grown)
		return (const struct slice *)(const void *)q->slices[0].data +
		       (q->head + i) % SENDQ_GROWN;
	return &q->slices[(q->head + i) % SENDQ_SLICES];
}

static uint32_t sendq_bytes(const struct sendq *q)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < q->n; i++)
		n += sendq_nth(q, i)->len;
	return n - q->head_skip;
}

static uint32_t sendq_chunks(const struct sendq *q)
{
	uint32_t n = q->grown;

	for (uint32_t i = 0; i < q->n; i++)
		n += sendq_nth(q, i)->chunk != 0;
	return n;
}

const char *tcp_broken_conn_rule(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t in_flight = c->snd_max - c->snd_una;
	bool is_open = c->state >= TCP_ESTABLISHED;
	bool waits =
		c->sendq.n_bytes || (c->flags & (TCP_F_CLOSE | TCP_F_FIN_ACKED)) == TCP_F_CLOSE;
	bool rtx_is_set = c->flags & TCP_F_RTX;

	RULE(c->state < TCP_N_STATES);
	RULE(rs_seq_leq(c->snd_una, c->snd_nxt));
	RULE(rs_seq_leq(c->snd_nxt, c->snd_max));
	RULE(sendq_bytes(&c->sendq) == c->sendq.n_bytes);
	RULE(c->n_rcvq_chunks <= t->cfg->rcvq_chunks);
	RULE((c->n_rcvq_chunks == 0) == (c->rcvq == 0));
	if (!is_open)
		return NULL;
	RULE(in_flight <= c->sendq.n_bytes + 1);
	RULE(rs_seq_leq(c->rcv_nxt, c->rcv_edge));
	RULE(rs_seq_leq(c->rcv_acked, c->rcv_nxt));
	RULE(c->cwnd >= c->mss && c->mss > 0);
	RULE(!(c->flags & TCP_F_RECOVERY && c->in_prr) || c->sacked);
	RULE(c->rto_ms >= t->cfg->min_rto_ms && c->rto_ms <= t->cfg->max_rto_ms);
	/* What is on its way, or waits to go, has a timer or its turn. */
	RULE(!in_flight || rtx_is_set || c->flags & TCP_F_DIRTY);
	RULE(!waits || rtx_is_set || c->flags & TCP_F_DIRTY);
	/* An acknowledgement that is owed has a timer or its turn. */
	RULE(!(c->flags & (TCP_F_ACK_NOW | TCP_F_ACK_OWED)) || c->flags & TCP_F_DIRTY);
	/* A tail loss probe, or the end of the reordering window, is one use of that timer. */
	RULE(!(c->flags & (TCP_F_PTO | TCP_F_REORDER)) || rtx_is_set);
	RULE((c->flags & (TCP_F_PTO | TCP_F_REORDER)) != (TCP_F_PTO | TCP_F_REORDER));
	RULE(!(c->flags & TCP_F_PERSIST) || !(c->flags & (TCP_F_PTO | TCP_F_REORDER)));
	RULE(!rtx_is_set || rs_seq_leq(c->wheel_tick, c->rtx_tick));
	RULE(!(c->flags & TCP_F_DELACK) || rs_seq_leq(c->wheel_tick, c->delack_tick));
	RULE(!(c->flags & TCP_F_APP_TIMER) || rs_seq_leq(c->wheel_tick, c->app_tick));
	return NULL;
}

const char *tcp_broken_rule(const struct tcp *t)
{
	uint32_t n_conns = 0, n_half_open = 0, n_chunks = 0;

	for (uint32_t i = 0; i < t->cfg->max_conns; i++) {
		const struct tcp_conn *c = &t->conns[i];
		const char *broken;

		if (c->state == TCP_CLOSED)
			continue;
		broken = tcp_broken_conn_rule(t, c);
		if (broken)
			return broken;
		n_conns++;
		n_half_open += c->state == TCP_SYN_RECEIVED && c->flags & TCP_F_PASSIVE;
		n_chunks += c->n_rcvq_chunks + sendq_chunks(&c->sendq);
		n_chunks += c->state >= TCP_ESTABLISHED && c->sacked;
	}
	RULE(n_conns == t->n_conns);
	RULE(n_half_open == t->n_half_open);
	RULE(n_chunks + t->chunks->n_free == t->chunks->n_total);
	RULE(t->flows.n_used == t->n_conns + t->n_time_wait);
	RULE(t->n_time_wait <= t->cfg->max_time_wait);
	RULE(t->n_tx <= t->max_tx);
	RULE(t->n_dirty <= t->cfg->max_conns);
	return NULL;
}

const char *tcp_left_over(const struct tcp *t)
{
	RULE(t->n_conns == 0);
	RULE(t->n_half_open == 0);
	RULE(t->n_time_wait == 0);
	RULE(t->n_dirty == 0);
	RULE(t->flows.n_used == 0);
	RULE(t->wheel.n_linked == 0);
	RULE(t->chunks->n_free == t->chunks->n_total);
	return NULL;
}
