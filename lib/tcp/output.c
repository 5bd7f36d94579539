/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a connection says: it becomes descriptors in t->tx. Nothing here decides *why* to send;
 * input, timers and congestion control do.
 */
#include "tcp/tcp_internal.h"

#include "base/siphash.h"

/* One connection's share of a flush, so that a bulk transfer does not starve its neighbours. */
#define MAX_SEGS_PER_FLUSH 32

/* RFC 9293 section 3.7.1: what everybody takes at least. Windows below are not halved. */
#define TINY_WND 536

/* Ports are not asked to cut shorter segments: some (net_i40e) refuse a frame that wants it. */
#define TSO_MIN_MSS 256

/*
 * RFC 5961 section 7: this many challenge ACKs a second, of all connections of a core, and up to
 * the mask more. How many is drawn anew each second: who knew it could count on a connection of his
 * own what is left, and so find out whether a forged segment was in another one's window.
 */
#define MIN_CHALLENGES_PER_SECOND 500
#define CHALLENGES_DRAWN_MASK     1023

struct tcp_tx *rs_tcp_new_tx(struct tcp *t, const struct flow_key *key, uint64_t link)
{
	struct tcp_tx *tx;

	if (rs_unlikely(t->n_tx == t->max_tx)) {
		t->counters[TCP_C_DROP_TX_FULL]++;
		return NULL;
	}
	tx = &t->tx[t->n_tx++];
	tx->key = *key;
	tx->link = link;
	tx->opts = 0;
	tx->n_sack = 0;
	tx->n_spans = 0;
	tx->routers_may = 0;
	tx->is_again = false;
	tx->payload_sum = 0;
	tx->len = 0;
	t->counters[TCP_C_SEGS_OUT]++;
	return tx;
}

void rs_tcp_open_window(const struct tcp *t, struct tcp_conn *c)
{
	uint32_t unread = 0;
	uint32_t window = rs_tcp_most_window(t, c);
	uint32_t edge;

	if (c->rcvq && rs_seq_lt(rs_tcp_rcvq_start(t, c), c->rcv_nxt))
		unread = c->rcv_nxt - rs_tcp_rcvq_start(t, c);
	if (unread >= window)
		return;
	edge = c->rcv_nxt + window - unread;
	/* RFC 9293 section 3.8.6.2.2: no small steps, which would invite small segments. */
	if (rs_seq_geq(edge, c->rcv_edge + rs_min_u32(rs_tcp_own_mss(t, &c->key), window / 2)) ||
		(!unread && rs_seq_gt(edge, c->rcv_edge)))
		c->rcv_edge = edge;
}

/*
 * Where a segment without data stands: after all that was sent, but never beyond the window, or
 * the peer would not look at its acknowledgement. A SYN needs no place there.
 */
static uint32_t acceptable_seq(const struct tcp_conn *c)
{
	uint32_t edge = c->snd_una + c->snd_wnd;

	if (c->state == TCP_SYN_RECEIVED)
		return c->snd_nxt;
	return rs_seq_lt(edge, c->snd_max) ? edge : c->snd_max;
}

/* RFC 7323 section 3.2: once agreed, in every segment. */
static inline void put_timestamps(const struct tcp *t, const struct tcp_conn *c, struct tcp_tx *tx)
{
	if (!(c->flags & TCP_F_TS))
		return;
	tx->opts = TCP_OPT_TS;
	tx->ts_val = rs_tcp_tick(t) + c->ts_offset;
	tx->ts_ecr = c->ts_recent;
}

/* What routers have done to packets of c before. RFC 3168 section 6.1.3: ECE in every ACK. */
static __attribute__((noinline)) void heed_path(const struct tcp_conn *c, struct tcp_tx *tx)
{
	tx->routers_may = c->flags & TCP_F_FRAGMENT ? TCP_TX_CUT : 0;
	tx->flags |= c->flags & TCP_F_ECE ? TCP_ECE : 0;
}

/* The header of a segment of c, from seq, acknowledging all that has arrived in order. */
static inline struct tcp_tx *new_segment(
	struct tcp *t, struct tcp_conn *c, uint32_t seq, uint8_t flags)
{
	struct tcp_tx *tx = rs_tcp_new_tx(t, &c->key, c->link);

	if (!tx)
		return NULL;
	rs_tcp_open_window(t, c);
	tx->seq = seq;
	tx->ack = c->rcv_nxt;
	tx->flags = flags;
	tx->mss = c->mss;
	if (rs_unlikely(c->flags & (TCP_F_FRAGMENT | TCP_F_ECE)))
		heed_path(c, tx);
	tx->wnd = (uint16_t)rs_min_u32(
		(c->rcv_edge - c->rcv_nxt) >> (c->flags & TCP_F_WSCALE ? t->rcv_wscale : 0),
		UINT16_MAX);
	put_timestamps(t, c, tx);
	c->rcv_acked = c->rcv_nxt;
	c->flags &= ~(uint32_t)(TCP_F_ACK_NOW | TCP_F_ACK_OWED | TCP_F_DELACK | TCP_F_TWICE);
	return tx;
}

void rs_tcp_start_rtx_timer(struct tcp *t, struct tcp_conn *c)
{
	c->rtx_tick = rs_tcp_tick(t) + rs_tcp_ms_to_ticks(c->rto_ms);
	c->flags = (c->flags & ~(uint32_t)(TCP_F_PTO | TCP_F_REORDER)) | TCP_F_RTX;
	rs_tcp_arm(t, c, c->rtx_tick);
}

/* len bytes of the queue from seq, and FIN where it follows them and with_fin says so. */
static bool send_data(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len, bool with_fin)
{
	struct tcp_tx *tx = new_segment(t, c, seq, TCP_ACK);
	uint32_t end = seq + len;

	if (!tx)
		return false;
	if (len) {
		tx->n_spans = (uint8_t)rs_sendq_peek(&c->sendq, seq - c->snd_una, len, tx->spans);
		tx->payload_sum = rs_sendq_sum(&c->sendq, seq - c->snd_una, len);
		tx->len = len;
		if (end == rs_tcp_snd_end(c))
			tx->flags |= TCP_PSH;
	}
	if (with_fin) {
		tx->flags |= TCP_FIN;
		end++;
	}
	/* RFC 3168 sections 6.1.5 and 6.1.6: neither what goes again nor probes. */
	if (rs_unlikely(c->flags & TCP_F_ECN) && len && rs_seq_geq(seq, c->snd_max) &&
		!(c->flags & TCP_F_PERSIST))
		rs_tcp_ecn_put(c, tx);
	if (rs_seq_lt(seq, c->snd_max)) {
		tx->is_again = true;
		t->counters[TCP_C_RETRANSMITTED]++;
		c->flags &= ~(uint32_t)TCP_F_TIMING; /* Karn's rule, RFC 6298 section 3 */
	} else if (!(c->flags & (TCP_F_TIMING | TCP_F_PROBED))) {
		c->flags |= TCP_F_TIMING;
		c->rtt_seq = seq;
		c->rtt_start_us = (uint32_t)t->now_us;
	}
	if (rs_seq_gt(end, c->snd_max))
		c->snd_max = end;
	if (rs_unlikely(rs_tcp_in_prr(c)))
		c->prr_out += end - seq;
	if (!(c->flags & TCP_F_RTX)) { /* what was tried so far were keep-alive probes */
		c->n_retries = 0;
		c->flags &= ~(uint32_t)TCP_F_RETRIED;
	}
	if ((c->flags & (TCP_F_RTX | TCP_F_PERSIST)) != TCP_F_RTX) {
		c->flags &= ~(uint32_t)TCP_F_PERSIST;
		rs_tcp_start_rtx_timer(t, c);
	}
	return true;
}

static bool fin_is_due(const struct tcp_conn *c)
{
	return (c->flags & (TCP_F_CLOSE | TCP_F_FIN_ACKED)) == TCP_F_CLOSE;
}

static void fin_was_sent(struct tcp_conn *c)
{
	c->flags |= TCP_F_FIN_SENT;
	if (c->state == TCP_ESTABLISHED)
		c->state = TCP_FIN_WAIT_1;
	else if (c->state == TCP_CLOSE_WAIT)
		c->state = TCP_LAST_ACK;
}

/* The largest payload of one descriptor. Ports do not number what they cut as render.c does. */
static uint32_t most_at_once(const struct tcp *t, const struct tcp_conn *c)
{
	bool cut = c->mss >= TSO_MIN_MSS && !(c->flags & TCP_F_FRAGMENT) &&
		   (c->key.family == 4 || !t->cfg->no_tso_ipv6) &&
		   !rs_tcp_ecn_cwr_is_due(c, c->snd_nxt);

	return cut ? rs_max_u32(t->cfg->tso_bytes, c->mss) : c->mss;
}

/*
 * What is sent at once of more. A peer that acknowledges every second segment (RFC 1122 section
 * 4.2.3.2) would let each wait that fills more than half of its window: such a one gets halves.
 */
static uint32_t segment_bytes(const struct tcp_conn *c)
{
	return c->max_snd_wnd > TINY_WND ? rs_min_u32(c->mss, c->max_snd_wnd / 2) : c->mss;
}

/* How much of avail to put into one descriptor when the window has room for fits; 0: wait. */
static uint32_t segment_len(
	const struct tcp *t, const struct tcp_conn *c, uint32_t avail, uint32_t fits)
{
	uint32_t mss = segment_bytes(c);
	uint32_t len = rs_min_u32(avail, fits);

	if (rs_unlikely(mss < c->mss) && len > mss)
		return len == avail && len <= c->mss ? len : mss;
	if (len > mss) {
		uint32_t most = rs_min_u32(len, most_at_once(t, c));
		uint32_t whole = mss;

		if (len == avail && len == most)
			return len;
		while (whole + mss <= most)
			whole += mss;
		return whole;
	}
	/* RFC 9293 section 3.8.6.2.1: sender's silly window avoidance; no Nagle: answers are whole.
	 */
	if (len == mss || len == avail || len >= c->max_snd_wnd / 2)
		return len;
	/* Rule (4): what was sent and got lost has waited long enough. */
	if (c->snd_nxt == c->snd_una && c->snd_una != c->snd_max &&
		(c->flags & (TCP_F_RTX | TCP_F_PERSIST)) == TCP_F_RTX)
		return len;
	return 0;
}

/*
 * Data, then FIN, as far as the windows and t->tx allow. False when there was no room to go on. The
 * congestion window is one of data (RFC 5681 section 2); FIN needs a place only in the peer's.
 */
static bool send_new(struct tcp *t, struct tcp_conn *c)
{
	uint32_t end = rs_tcp_snd_end(c);
	bool is_closing = fin_is_due(c);
	uint32_t peers_edge = c->snd_una + c->snd_wnd;
	uint32_t edge;

	if (rs_seq_gt(c->snd_nxt, end) || (c->snd_nxt == end && !is_closing))
		return true;
	rs_tcp_cc_before_send(t, c);
	edge = c->snd_una + rs_tcp_cc_window(t, c); /* what goes out does not move it */
	for (uint32_t n = 0; rs_seq_lt(c->snd_nxt, end) || is_closing; n++) {
		uint32_t avail, fits, len;
		int32_t room;
		bool fin;

		avail = end - c->snd_nxt;
		room = (int32_t)(edge - c->snd_nxt);
		fits = room > 0 ? (uint32_t)room : 0;
		len = avail && fits ? segment_len(t, c, avail, fits) : 0;
		len = rs_sendq_cover(&c->sendq, c->snd_nxt - c->snd_una, len);
		fin = is_closing && len == avail && rs_seq_lt(end, peers_edge);
		if (!len && !fin)
			break;
		if (n == MAX_SEGS_PER_FLUSH || t->n_tx == t->max_tx)
			return false;
		send_data(t, c, c->snd_nxt, len, fin);
		c->last_tx_tick = rs_tcp_tick(t);
		c->snd_nxt += len;
		if (fin) {
			c->snd_nxt++;
			fin_was_sent(c);
			break;
		}
	}
	return true;
}

/* What the scoreboard says is lost, as far as the pipe has room. False: no room among descriptors.
 */
static bool send_lost(struct tcp *t, struct tcp_conn *c)
{
	uint32_t pipe = rs_tcp_sack_pipe(t, c);
	uint32_t window, seq, len;

	if (!(c->flags & TCP_F_RECOVERY))
		return true;
	window = rs_tcp_prr_window(c);
	for (uint32_t n = 0; pipe + c->mss <= window && rs_tcp_sack_next_lost(t, c, &seq, &len);
		n++) {
		uint32_t end = rs_tcp_snd_end(c);
		uint32_t bytes = rs_seq_lt(seq, end) ? rs_min_u32(len, end - seq) : 0;
		uint32_t covered = rs_sendq_cover(&c->sendq, seq - c->snd_una, bytes);

		if (covered < bytes)
			len = bytes = covered;
		if (n == MAX_SEGS_PER_FLUSH || t->n_tx == t->max_tx)
			return false;
		send_data(t, c, seq, bytes, bytes < len);
		rs_tcp_sack_sent_again(t, c, seq, seq + len);
		pipe += len;
	}
	return true;
}

/* Something waits, nothing is on its way that could bring news: a probe will have to ask. */
static bool is_stuck(const struct tcp_conn *c)
{
	bool waits = rs_seq_lt(c->snd_nxt, rs_tcp_snd_end(c)) ||
		     (fin_is_due(c) && c->snd_nxt == rs_tcp_snd_end(c));

	return waits && c->snd_una == c->snd_nxt && !(c->flags & TCP_F_RTX);
}

/* No answer took the acknowledgement along: it may wait a little longer for one. */
static void delay_ack(struct tcp *t, struct tcp_conn *c)
{
	c->flags &= ~(uint32_t)TCP_F_ACK_OWED;
	if (c->flags & TCP_F_DELACK)
		return;
	c->flags |= TCP_F_DELACK;
	c->delack_tick = rs_tcp_tick(t) + rs_tcp_ms_to_ticks(t->cfg->delayed_ack_ms);
	rs_tcp_arm(t, c, c->delack_tick);
}

/* Sends again from snd_una: at most one segment. */
static void retransmit_one(struct tcp *t, struct tcp_conn *c)
{
	uint32_t in_flight = c->snd_max - c->snd_una;
	uint32_t len = rs_min_u32(rs_min_u32(c->sendq.n_bytes, in_flight), c->mss);

	if (c->sacked)
		len = rs_min_u32(len, rs_tcp_sack_gap(t, c));
	len = rs_sendq_cover(&c->sendq, 0, len);
	if (c->sacked)
		rs_tcp_sack_sent_again(t, c, c->snd_una, c->snd_una + rs_max_u32(len, 1));
	send_data(t, c, c->snd_una, len,
		c->flags & TCP_F_FIN_SENT && in_flight > len && len == c->sendq.n_bytes);
}

/* RFC 8985 section 7.3: the last segment in flight, as far as one descriptor holds it. */
static void send_tail(struct tcp *t, struct tcp_conn *c)
{
	uint32_t in_flight = c->snd_max - c->snd_una;
	uint32_t bytes = rs_min_u32(c->sendq.n_bytes, in_flight);
	uint32_t len = rs_min_u32(bytes, c->mss);
	uint32_t covered;

	if (!in_flight) { /* what we would ask has been answered */
		c->flags &= ~(uint32_t)TCP_F_PROBED;
		return;
	}
	while ((covered = rs_sendq_cover(&c->sendq, bytes - len, len)) < len)
		len -= covered;
	send_data(t, c, c->snd_una + bytes - len, len, bytes < in_flight);
}

/* One byte, or FIN, into a closed window (RFC 9293 section 3.8.6.1). */
static void send_probe(struct tcp *t, struct tcp_conn *c)
{
	t->counters[TCP_C_WINDOW_PROBES]++;
	if (c->sendq.n_bytes) {
		/* As much as a small window takes, else one byte. */
		uint32_t len = rs_min_u32(rs_min_u32(c->snd_wnd, c->mss), c->sendq.n_bytes);

		len = rs_sendq_cover(&c->sendq, 0, len);
		send_data(t, c, c->snd_una, rs_max_u32(len, 1), false);
		c->flags &= ~(uint32_t)TCP_F_TIMING; /* its answer says nothing about the way */
	} else if (send_data(t, c, c->snd_una, 0, true)) {
		c->snd_nxt = c->snd_una + 1;
		fin_was_sent(c);
	}
	c->flags |= TCP_F_PERSIST;
}

/* False when t->tx is full. What asked for it may have been settled by what came since. */
static bool send_again(struct tcp *t, struct tcp_conn *c)
{
	if (rs_likely(!(c->flags & TCP_F_RESEND)))
		return true;
	if (t->n_tx == t->max_tx)
		return false;
	c->flags &= ~(uint32_t)TCP_F_RESEND;
	if (c->flags & TCP_F_PERSIST) {
		send_probe(t, c);
	} else if (c->flags & TCP_F_RECOVERY) {
		retransmit_one(t, c);
		/* It is a round trip from here to its answer, not from where it was sent first. */
		rs_tcp_start_rtx_timer(t, c);
		if (c->sacked)
			rs_tcp_tail_reported(t, c);
	} else if (c->flags & TCP_F_PROBED) {
		send_tail(t, c);
	}
	return true;
}

/* What keeps a connection from send_answer(), or, with fin 1, from send_last_answer(); zero:
 * nothing. */
static inline uint32_t unusual_output(const struct tcp *t, const struct tcp_conn *c, uint32_t fin)
{
	const struct sendq *q = &c->sendq;
	uint32_t slow = t->cfg->force_slow;

	slow |= (uint32_t)(c->state ^ TCP_ESTABLISHED);
	slow |= c->flags & (TCP_F_RESEND | TCP_F_RTX | TCP_F_PERSIST | TCP_F_RECOVERY |
				   TCP_F_DUP_ACKS | TCP_F_RETRIED | TCP_F_TIMING | TCP_F_PROBED);
	slow |= fin ? 0 : c->flags & TCP_F_CLOSE;
	slow |= c->sacked | c->rcvq | q->head_skip | q->grown;
	slow |= (c->snd_una ^ c->snd_max) | (c->snd_nxt ^ c->snd_max);
	slow |= (uint32_t)(q->n ^ 1);
	slow |= q->n_bytes + fin > rs_min_u32(c->mss, rs_min_u32(c->cwnd, c->snd_wnd));
	slow |= c->cwnd > rs_tcp_initial_window(c->mss); /* see rs_tcp_cc_before_send() */
	slow |= t->n_tx == t->max_tx;
	return slow;
}

/*
 * Nearly every answer is one slice that fits into one segment, with nothing else on its way. What
 * send_new() and send_data() would come to is done here at once.
 */
static inline void send_answer(struct tcp *t, struct tcp_conn *c)
{
	const struct slice *answer = &c->sendq.slices[c->sendq.head];
	struct tcp_tx *tx = new_segment(t, c, c->snd_nxt, TCP_ACK | TCP_PSH);

	tx->spans[0] = *answer;
	tx->n_spans = 1;
	tx->len = answer->len;
	tx->payload_sum = rs_sendq_sum(&c->sendq, 0, answer->len);
	if (c->flags & TCP_F_ECN)
		rs_tcp_ecn_put(c, tx);
	c->rtt_seq = c->snd_nxt;
	c->rtt_start_us = (uint32_t)t->now_us;
	c->flags |= TCP_F_TIMING;
	c->snd_nxt += answer->len;
	c->snd_max = c->snd_nxt;
	rs_tcp_start_rtx_timer(t, c);
}

/* The same, and FIN with it. */
static void send_last_answer(struct tcp *t, struct tcp_conn *c)
{
	send_answer(t, c);
	t->tx[t->n_tx - 1].flags |= TCP_FIN;
	c->snd_max = ++c->snd_nxt;
	fin_was_sent(c);
}

/* Whatever else there may be to send. Not inlined: the answers must not pay for it. */
static __attribute__((noinline)) bool send_whatever(struct tcp *t, struct tcp_conn *c)
{
	uint32_t sent = c->snd_max;
	bool done = true;

	if (c->flags & TCP_F_CLOSE && !unusual_output(t, c, 1)) {
		send_last_answer(t, c);
		return true;
	}
	if (c->state == TCP_SYN_SENT) {
		if (c->snd_max == c->iss)
			rs_tcp_send_syn(t, c);
		return true;
	}
	if (c->state != TCP_SYN_RECEIVED) {
		if (!send_again(t, c) || (rs_unlikely(c->sacked) && !send_lost(t, c)))
			return false;
		done = send_new(t, c);
		if (c->snd_max != sent)
			rs_tcp_tail_watch(t, c);
	}
	if (c->flags & TCP_F_ACK_NOW) {
		if (t->n_tx == t->max_tx)
			return false;
		if (c->flags & TCP_F_TWICE)
			rs_tcp_send_ack_of_duplicate(t, c, c->twice);
		else
			rs_tcp_send_ack(t, c, c->rcv_nxt);
	}
	if (c->flags & TCP_F_ACK_OWED)
		delay_ack(t, c);
	if (done && is_stuck(c)) {
		rs_tcp_start_rtx_timer(t, c);
		c->flags |= TCP_F_PERSIST;
	}
	return done;
}

bool rs_tcp_output(struct tcp *t, struct tcp_conn *c)
{
	if (rs_unlikely(unusual_output(t, c, 0)))
		return send_whatever(t, c);
	send_answer(t, c);
	return true;
}

/* What is kept beyond rcv_nxt, as far as there is room after what tx says already. */
static void put_sack(
	const struct tcp *t, const struct tcp_conn *c, struct tcp_tx *tx, uint32_t recent)
{
	uint8_t room = (uint8_t)((c->flags & TCP_F_TS ? 3 : 4) - tx->n_sack);

	if (c->rcvq)
		tx->n_sack = (uint8_t)(tx->n_sack +
				       rs_tcp_rcvq_sack(t, c, recent, tx->sack + tx->n_sack, room));
	tx->opts |= tx->n_sack ? TCP_OPT_SACK : 0;
}

/* An ACK without data; NULL when that has to wait for room. */
static struct tcp_tx *new_ack(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_tx *tx = new_segment(t, c, acceptable_seq(c), TCP_ACK);

	if (!tx) {
		c->flags |= TCP_F_ACK_NOW;
		rs_tcp_mark_dirty(t, c);
	}
	return tx;
}

void rs_tcp_send_ack(struct tcp *t, struct tcp_conn *c, uint32_t recent)
{
	struct tcp_tx *tx = new_ack(t, c);

	if (tx && c->flags & TCP_F_SACK)
		put_sack(t, c, tx, recent);
}

void rs_tcp_send_ack_of_duplicate(struct tcp *t, struct tcp_conn *c, struct sack_block again)
{
	struct tcp_tx *tx = new_ack(t, c);

	if (!tx || !(c->flags & TCP_F_SACK))
		return;
	tx->sack[tx->n_sack++] = again;
	put_sack(t, c, tx, again.start);
}

bool rs_tcp_challenge_allowed(struct tcp *t)
{
	if (t->now_us - t->challenge_window_us >= 1000000 || !t->max_challenges) {
		uint64_t drawn = rs_siphash(t->cfg->isn_secret, &t->now_us, sizeof(t->now_us));

		t->challenge_window_us = t->now_us;
		t->n_challenges = 0;
		t->max_challenges =
			MIN_CHALLENGES_PER_SECOND + (uint32_t)(drawn & CHALLENGES_DRAWN_MASK);
	}
	if (t->n_challenges == t->max_challenges) {
		t->counters[TCP_C_DROP_CHALLENGE_LIMIT]++;
		return false;
	}
	t->n_challenges++;
	t->counters[TCP_C_CHALLENGE_ACKS]++;
	return true;
}

bool rs_tcp_may_answer_stray(struct tcp *t, uint16_t *period)
{
	uint16_t now = rs_tcp_stray_period(t);

	if (*period == now) {
		t->counters[TCP_C_DROP_STRAY_LIMIT]++;
		return false;
	}
	*period = now;
	return true;
}

void rs_tcp_send_challenge_ack(struct tcp *t, struct tcp_conn *c)
{
	if (rs_tcp_challenge_allowed(t))
		rs_tcp_send_ack(t, c, c->rcv_nxt);
}

void rs_tcp_send_syn(struct tcp *t, struct tcp_conn *c)
{
	bool is_answer = c->state == TCP_SYN_RECEIVED;
	uint32_t window = rs_tcp_unscaled_window(t);
	struct tcp_tx *tx = rs_tcp_new_tx(t, &c->key, c->link);

	rs_tcp_start_rtx_timer(t, c);
	c->snd_nxt = c->snd_max = c->iss + 1;
	if (is_answer) {
		c->rcv_edge = c->rcv_nxt + window;
		c->rcv_acked = c->rcv_nxt;
	}
	if (!tx)
		return; /* the timer will send it again */
	tx->seq = c->iss;
	tx->ack = is_answer ? c->rcv_nxt : 0;
	tx->flags = is_answer ? TCP_SYN | TCP_ACK : TCP_SYN;
	if (rs_unlikely(c->flags & TCP_F_ECN)) /* RFC 3168 section 6.1.1 */
		tx->flags |= TCP_ECE;
	tx->mss = tx->mss_opt = rs_tcp_own_mss(t, &c->key);
	tx->opts = TCP_OPT_MSS;
	/* In a SYN-ACK only what the peer's SYN offered (RFC 7323 sections 2.2 and 3.2, RFC 2018).
	 */
	if (is_answer ? c->flags & TCP_F_WSCALE : t->cfg->window_scaling)
		tx->opts |= TCP_OPT_WSCALE;
	if (is_answer ? c->flags & TCP_F_TS : t->cfg->timestamps)
		tx->opts |= TCP_OPT_TS;
	if (!is_answer || c->flags & TCP_F_SACK)
		tx->opts |= TCP_OPT_SACK_OK;
	tx->wscale = t->rcv_wscale;
	tx->ts_val = rs_tcp_tick(t) + c->ts_offset;
	tx->ts_ecr = is_answer ? c->ts_recent : 0;
	tx->wnd = (uint16_t)window;
	if (c->flags & TCP_F_RETRIED) {
		t->counters[TCP_C_RETRANSMITTED]++;
		c->flags &= ~(uint32_t)TCP_F_TIMING;
		return;
	}
	c->flags |= TCP_F_TIMING;
	c->rtt_seq = c->iss;
	c->rtt_start_us = (uint32_t)t->now_us;
}

void rs_tcp_resend(struct tcp *t, struct tcp_conn *c)
{
	c->flags |= TCP_F_RESEND;
	rs_tcp_mark_dirty(t, c);
}

/* RFC 9293 section 3.8.4: a segment with old sequence number that the peer has to answer. */
void rs_tcp_send_keepalive(struct tcp *t, struct tcp_conn *c)
{
	t->counters[TCP_C_KEEPALIVE_PROBES]++;
	new_segment(t, c, c->snd_una - 1, TCP_ACK);
}

void rs_tcp_send_rst(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_tx *tx = rs_tcp_new_tx(t, &c->key, c->link);

	if (!tx)
		return;
	t->counters[TCP_C_RST_OUT]++;
	tx->seq = acceptable_seq(c);
	tx->ack = c->rcv_nxt;
	tx->flags = TCP_RST | TCP_ACK;
	tx->wnd = 0;
	tx->mss = c->mss;
	put_timestamps(t, c, tx);
}

void rs_tcp_send_rst_for(struct tcp *t, const struct tcp_seg *seg)
{
	struct tcp_tx *tx;

	if (seg->flags & TCP_RST)
		return;
	tx = rs_tcp_new_tx(t, &seg->key, seg->link);
	if (!tx)
		return;
	t->counters[TCP_C_RST_OUT]++;
	tx->wnd = 0;
	tx->mss = rs_tcp_own_mss(t, &seg->key);
	if (seg->flags & TCP_ACK) {
		tx->seq = seg->ack;
		tx->ack = 0;
		tx->flags = TCP_RST;
	} else {
		tx->seq = 0;
		tx->ack = seg->seq + rs_tcp_seq_len(seg->len, seg->flags);
		tx->flags = TCP_RST | TCP_ACK;
	}
}
