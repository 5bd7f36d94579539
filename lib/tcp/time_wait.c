/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TIME-WAIT: what is left of a connection when both sides have closed. Every entry waits equally
 * long, so a ring in order of arrival is all the timer there is. When the ring is full the oldest
 * entry gives way. An entry whose wait begins again moves to the young end.
 */
#include "tcp/tcp_internal.h"

#define MAX_EXPIRE_PER_CALL 64
#define EXPIRE_AHEAD        8
#define RESTART_MS          1000

struct tcp_time_wait {
	struct flow_key key; /* family 0: the slot is free */
	uint64_t link;
	uint32_t hash;
	uint32_t snd_nxt;
	uint32_t rcv_nxt;
	uint32_t ts_recent;
	uint32_t ts_offset;
	uint32_t due_tick;
	uint32_t has_ts;
	uint16_t stray_period; /* see rs_tcp_may_answer_stray() */
	bool is_doubted;       /* a SYN came, and our ACK has asked the peer about it */
};

size_t rs_tcp_time_wait_bytes(const struct tcp_config *cfg)
{
	return (size_t)cfg->max_time_wait * sizeof(struct tcp_time_wait);
}

bool rs_tcp_time_wait_match(const struct tcp *t, uint32_t slot, const struct flow_key *key)
{
	return rs_flow_key_equal(&t->time_wait[slot].key, key);
}

static void drop_entry(struct tcp *t, uint32_t slot)
{
	struct tcp_time_wait *tw = &t->time_wait[slot];

	rs_flow_remove(&t->flows, tw->hash, slot | TCP_TIME_WAIT_ID);
	tw->key.family = 0;
	t->n_time_wait--;
}

/*
 * What a full ring will give way to soon: its bucket has not been looked at for a whole round. The
 * ring itself is read in order, which the processor sees by itself; asking for it costs 9 %.
 */
static void prefetch_soon(const struct tcp *t)
{
	uint32_t slot = t->tw_head + EXPIRE_AHEAD;

	if (slot < t->cfg->max_time_wait)
		rs_flow_prefetch(&t->flows, t->time_wait[slot].hash);
}

static void pop_head(struct tcp *t)
{
	prefetch_soon(t);
	if (t->time_wait[t->tw_head].key.family)
		drop_entry(t, t->tw_head);
	if (++t->tw_head == t->cfg->max_time_wait)
		t->tw_head = 0;
	t->tw_used--;
}

/* A free slot at the young end. */
static uint32_t push_tail(struct tcp *t)
{
	uint32_t slot;

	if (t->tw_used == t->cfg->max_time_wait) {
		if (t->time_wait[t->tw_head].key.family)
			t->counters[TCP_C_TIME_WAIT_FULL]++;
		pop_head(t);
	}
	slot = t->tw_head + t->tw_used++;
	t->n_time_wait++;
	return slot >= t->cfg->max_time_wait ? slot - t->cfg->max_time_wait : slot;
}

static uint32_t due_tick(const struct tcp *t)
{
	return rs_tcp_tick(t) + rs_tcp_ms_to_ticks(t->cfg->time_wait_ms);
}

void rs_tcp_time_wait_enter(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_time_wait *tw;
	uint32_t slot;

	t->counters[TCP_C_TIME_WAIT]++;
	if (!t->cfg->max_time_wait) {
		rs_tcp_conn_free(t, c);
		return;
	}
	slot = push_tail(t);
	tw = &t->time_wait[slot];
	tw->key = c->key;
	tw->link = c->link;
	tw->hash = c->hash;
	tw->snd_nxt = c->snd_max;
	tw->rcv_nxt = c->rcv_nxt;
	tw->ts_recent = c->ts_recent;
	tw->ts_offset = c->ts_offset;
	tw->due_tick = due_tick(t);
	tw->has_ts = c->flags & TCP_F_TS;
	tw->stray_period = c->stray_period;
	tw->is_doubted = false;
	rs_flow_renumber(&t->flows, tw->hash, c->id, slot | TCP_TIME_WAIT_ID);
	rs_tcp_conn_release(t, c);
}

/*
 * The 2 MSL begin again. Returns the new slot: each is a place in the ring, and an older entry may
 * have to give way for it. Who repeats his FIN over and over gets one a second.
 */
static uint32_t restart(struct tcp *t, uint32_t slot)
{
	struct tcp_time_wait tw = t->time_wait[slot];
	uint32_t young;

	if (due_tick(t) - tw.due_tick < rs_tcp_ms_to_ticks(RESTART_MS))
		return slot;
	drop_entry(t, slot);
	young = push_tail(t);
	tw.due_tick = due_tick(t);
	t->time_wait[young] = tw;
	rs_flow_insert(&t->flows, tw.hash, young | TCP_TIME_WAIT_ID);
	return young;
}

static void send_ack(struct tcp *t, const struct tcp_time_wait *tw)
{
	struct tcp_tx *tx = rs_tcp_new_tx(t, &tw->key, tw->link);

	if (!tx)
		return;
	tx->seq = tw->snd_nxt;
	tx->ack = tw->rcv_nxt;
	tx->flags = TCP_ACK;
	tx->wnd = (uint16_t)(rs_tcp_unscaled_window(t) >> t->rcv_wscale);
	tx->mss = rs_tcp_own_mss(t, &tw->key);
	if (tw->has_ts) {
		tx->opts = TCP_OPT_TS;
		tx->ts_val = rs_tcp_tick(t) + tw->ts_offset;
		tx->ts_ecr = tw->ts_recent;
	}
}

/* RFC 6191 section 2: may this SYN open the connection anew? */
static bool is_newer(const struct tcp_time_wait *tw, const struct tcp_seg *seg)
{
	if (tw->has_ts && seg->opts & TCP_OPT_TS && seg->ts_val != tw->ts_recent)
		return rs_seq_gt(seg->ts_val, tw->ts_recent);
	return rs_seq_gt(seg->seq, tw->rcv_nxt);
}

/* The entry goes only when a connection has taken its place. */
static void syn_input(struct tcp *t, const struct tcp_seg *seg, uint32_t slot)
{
	struct tcp_time_wait *tw = &t->time_wait[slot];

	if (!(seg->flags & (TCP_ACK | TCP_FIN)) && is_newer(tw, seg)) {
		if (rs_tcp_reopen(t, seg, tw->snd_nxt + 1)) {
			drop_entry(t, slot);
			t->counters[TCP_C_TIME_WAIT_REUSED]++;
		}
		return;
	}
	if (!rs_tcp_challenge_allowed(t))
		return;
	send_ack(t, tw);
	tw->is_doubted = true;
}

/*
 * RFC 1337: a RST does not end it, since what it answers may be as old as any segment. But one that
 * answers our ACK to a SYN (RFC 9293 section 3.10.7.3: its number is that ACK's) comes from a peer
 * that wants to connect anew and whose numbers began lower: one that was started again, or another
 * behind the same address.
 */
static void rst_input(struct tcp *t, const struct tcp_seg *seg, uint32_t slot)
{
	const struct tcp_time_wait *tw = &t->time_wait[slot];

	if (!tw->is_doubted || seg->seq != tw->rcv_nxt) {
		t->counters[TCP_C_DROP_BAD_RST]++;
		return;
	}
	t->counters[TCP_C_RST_IN]++;
	drop_entry(t, slot);
}

/* RFC 9293 section 3.10.7.4 for TIME-WAIT. */
void rs_tcp_time_wait_input(struct tcp *t, const struct tcp_seg *seg, uint32_t slot)
{
	struct tcp_time_wait *tw = &t->time_wait[slot];
	bool is_old;

	if (seg->flags & TCP_RST) {
		rst_input(t, seg, slot);
		return;
	}
	if (seg->flags & TCP_SYN) {
		syn_input(t, seg, slot);
		return;
	}
	is_old = tw->has_ts && seg->opts & TCP_OPT_TS && rs_seq_lt(seg->ts_val, tw->ts_recent);
	/* Its FIN again; any other is made up, and must not push older entries out of the ring. */
	if (seg->flags & TCP_FIN && !is_old && seg->seq + seg->len + 1 == tw->rcv_nxt)
		slot = restart(t, slot);
	tw = &t->time_wait[slot];
	if (rs_tcp_seq_len(seg->len, seg->flags) ||
		(seg->seq != tw->rcv_nxt && rs_tcp_may_answer_stray(t, &tw->stray_period)))
		send_ack(t, tw);
}

void rs_tcp_time_wait_expire(struct tcp *t)
{
	uint32_t now_tick = rs_tcp_tick(t);

	for (uint32_t n = 0; n < MAX_EXPIRE_PER_CALL && t->tw_used; n++) {
		const struct tcp_time_wait *tw = &t->time_wait[t->tw_head];

		if (tw->key.family && !rs_tcp_is_due(tw->due_tick, now_tick))
			return;
		pop_head(t);
	}
}
