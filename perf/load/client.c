/* SPDX-License-Identifier: BSD-2-Clause */
#include "client_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls.h"

#define RTO_MS          200
#define SYN_RTO_MS      1000
#define MAX_SHIFT       6
#define TIMESTAMP_BYTES 12 /* the option, with what pads it */
#define LEAST_MSS       64 /* what a server that says less gets all the same */
#define ACK_MS          40 /* so long an acknowledgement waits for something to take it along */

int rs_client_init(struct client *c, const struct load_options *o, struct workload *w,
	struct answer_reader *r, uint32_t mss, uint64_t tsc_hz)
{
	size_t bytes;

	memset(c, 0, sizeof(*c));
	c->options = o;
	c->workload = w;
	c->reader = r;
	c->own_mss = mss - (o->timestamps ? TIMESTAMP_BYTES : 0);
	c->mss = c->own_mss;
	c->n_tuples = o->n_clients * (o->last_port - o->first_port + 1u);
	c->tick_tsc = tsc_hz / 1000;
	c->closed_loop = !o->rate;
	c->slots = rs_divisor(o->n_conns + o->n_idle);
	bytes = ((size_t)c->slots.n * sizeof(*c->conns) + (2u << 20)) & ~(size_t)((2u << 20) - 1);
	c->conns = aligned_alloc(2u << 20, bytes);
	c->waiting = calloc(o->n_conns + 1u, sizeof(*c->waiting));
	c->chunks = calloc(c->slots.n, sizeof(*c->chunks));
	if (o->tls)
		c->tls_segments = malloc((size_t)CLIENT_MAX_OUT * c->own_mss);
	if (o->tls || w->longest * o->pipeline > CLIENT_SHORT) {
		c->windows = calloc(c->slots.n, sizeof(*c->windows));
		if (!c->windows)
			goto no_memory;
	}
	if (!c->conns || !c->waiting || !c->chunks || (o->tls && !c->tls_segments))
		goto no_memory;
	if (o->tls) {
		c->tls = rs_load_tls_create(o, c->slots.n);
		if (!c->tls)
			goto fail;
	}
	memset(c->conns, 0, bytes);
	for (uint32_t i = 0; i < c->slots.n; i++)
		c->conns[i].tuple = i;
	return 0;
no_memory:
	fprintf(stderr, "ringside-load: no memory for %u connections\n", c->slots.n);
fail:
	rs_client_fini(c);
	memset(c, 0, sizeof(*c)); /* the engine closes it all the same */
	return -1;
}

void rs_client_fini(struct client *c)
{
	rs_load_tls_destroy(c->tls);
	free(c->tls_segments);
	free(c->conns);
	free(c->windows);
	free(c->chunks);
	free(c->waiting);
}

void rs_client_now(struct client *c, uint64_t tsc)
{
	c->now_tsc = tsc;
	if (rs_likely(tsc < c->next_tick_tsc))
		return;
	c->now_tick = (uint32_t)(tsc / c->tick_tsc);
	c->next_tick_tsc = (tsc / c->tick_tsc + 1) * c->tick_tsc;
}

void rs_client_progress(struct client *c, struct load_conn *conn)
{
	conn->n_retries = 0;
	conn->progress_tick = c->now_tick;
	conn->resend_tick = c->now_tick + (conn->state == CLIENT_SYN_SENT ? SYN_RTO_MS : RTO_MS);
}

static bool is_idle_slot(const struct client *c, const struct load_conn *conn)
{
	return conn - c->conns >= c->options->n_conns;
}

/* ---- segments out ---- */

struct load_out *rs_client_emit(
	struct client *c, struct load_conn *conn, uint32_t seq, uint8_t flags)
{
	struct load_out *out = &c->out[c->n_out++];

	*out = (struct load_out){
		.tuple = conn->tuple,
		.seq = seq,
		.ack = conn->rcv_nxt,
		.ts_val = c->now_tick,
		.ts_ecr = conn->ts_recent,
		.first = conn->number,
		.flags = flags,
	};
	conn->flags &= (uint8_t) ~(CLIENT_F_ACK_OWED | CLIENT_F_ACK_NOW);
	conn->n_unacked = 0;
	return out;
}

static void send_syn(struct client *c, struct load_conn *conn)
{
	rs_client_emit(c, conn, conn->snd_una, TCP_SYN);
}

/* ---- the life of a connection ---- */

/* Grows with the clock for each tuple (RFC 6528 without the secret), by one in 1024 TSC cycles. */
static uint32_t isn(const struct client *c, const struct load_conn *conn)
{
	return (uint32_t)(c->now_tsc >> 10) + (conn->tuple << 20);
}

/*
 * Each time a slot opens it takes its next tuple, so that the server's TIME-WAIT is met as late as
 * can be.
 */
static void open_conn(struct client *c, struct load_conn *conn)
{
	if (conn->flags & CLIENT_F_USED) {
		conn->tuple += c->slots.n;
		if (conn->tuple >= c->n_tuples)
			conn->tuple = (uint32_t)(conn - c->conns);
	}
	conn->flags |= CLIENT_F_USED;
	conn->state = CLIENT_SYN_SENT;
	conn->snd_una = isn(c, conn);
	conn->snd_nxt = conn->snd_una + 1;
	conn->rcv_nxt = 0;
	conn->number = 0;
	conn->n_open = 0;
	conn->ts_recent = 0;
	rs_client_progress(c, conn);
	send_syn(c, conn);
}

static void wait_for_turn(struct client *c, struct load_conn *conn)
{
	uint32_t at;

	if (conn->flags & CLIENT_F_WAITS || is_idle_slot(c, conn))
		return;
	conn->flags |= CLIENT_F_WAITS;
	at = c->waiting_head + c->n_waiting++;
	if (at >= c->options->n_conns)
		at -= c->options->n_conns;
	c->waiting[at] = (uint32_t)(conn - c->conns);
}

/* Sends the next batch, due at this time. */
static void ask(struct client *c, struct load_conn *conn, uint64_t due_tsc)
{
	uint32_t n = c->options->pipeline;
	uint32_t len = 0;

	if (c->options->per_conn)
		n = rs_min_u32(n, c->options->per_conn - conn->number);
	if (is_idle_slot(c, conn))
		n = 1;
	for (uint32_t i = 0; i < n; i++)
		len += rs_workload_request(c->workload, conn->tuple, conn->number + i)->len;
	conn->state = CLIENT_BUSY;
	conn->n_open = (uint16_t)n;
	conn->due_tsc = due_tsc;
	conn->flags &= (uint8_t)~CLIENT_F_TAKEN;
	rs_client_progress(c, conn);
	c->stats.n_requests += n;
	if (rs_unlikely(c->tls)) {
		rs_client_tls_ask(
			c, conn, rs_workload_request(c->workload, conn->tuple, conn->number));
		return;
	}
	conn->snd_una = conn->snd_nxt;
	conn->snd_nxt += len;
	rs_client_send_batch(c, conn);
}

/* Closed loop: is there room for something new, and nobody waits for it? */
static bool may_begin(const struct client *c)
{
	return rs_likely(!c->is_full && !c->n_waiting);
}

/* It is gone; the slot is free. */
static void free_conn(struct client *c, struct load_conn *conn)
{
	if (conn->state > CLIENT_SHAKING)
		c->n_established--;
	if (c->tls)
		rs_load_tls_close(c->tls, rs_client_slot(c, conn));
	if (conn->state == CLIENT_READY && is_idle_slot(c, conn)) {
		c->n_idle_ready--;
		c->stats.n_idle_lost++;
	}
	rs_answer_reset(c->reader, &conn->answer, &c->chunks[rs_client_slot(c, conn)]);
	conn->state = CLIENT_CLOSED;
	conn->due_tsc = 0;
	conn->n_open = 0;
	conn->flags &= CLIENT_F_WAITS | CLIENT_F_USED;
	if (!c->closed_loop)
		wait_for_turn(c, conn);
}

/* We end it, since something is wrong. */
void rs_client_abort(struct client *c, struct load_conn *conn)
{
	if (conn->state != CLIENT_SYN_SENT)
		rs_client_emit(c, conn, conn->snd_nxt, TCP_RST | TCP_ACK);
	free_conn(c, conn);
}

/* It has asked all that it may, or the server takes no more (RFC 9112 section 9.6). */
static bool is_done(const struct client *c, const struct load_conn *conn)
{
	if (is_idle_slot(c, conn))
		return false;
	return conn->flags & CLIENT_F_CLOSES ||
	       (c->options->per_conn && conn->number >= c->options->per_conn);
}

/* The batch is answered, or the connection new: what now? */
void rs_client_go_on(struct client *c, struct load_conn *conn)
{
	if (is_done(c, conn)) {
		conn->state = CLIENT_DONE;
		conn->flags |= CLIENT_F_ACK_OWED;
	} else if (is_idle_slot(c, conn) && conn->number) {
		conn->state = CLIENT_READY;
		conn->flags |= CLIENT_F_ACK_OWED;
		c->n_idle_ready++;
	} else if (conn->due_tsc) {
		ask(c, conn, conn->due_tsc);
	} else if (is_idle_slot(c, conn) || (c->closed_loop && may_begin(c))) {
		ask(c, conn, c->now_tsc);
	} else {
		conn->state = CLIENT_READY;
		conn->flags |= CLIENT_F_ACK_OWED;
		conn->due_tsc = c->closed_loop ? c->now_tsc : 0;
		wait_for_turn(c, conn);
	}
}

/* ---- segments in ---- */

/* Of a SYN-ACK. There is one server: what it says once holds for all. Options come out of it
 * (RFC 6691). */
static void take_mss(struct client *c, uint32_t mss)
{
	if (!mss)
		mss = c->options->family == 4 ? 536 : 1220; /* RFC 9293, 3.7.1 */
	if (c->options->timestamps)
		mss -= rs_min_u32(mss, TIMESTAMP_BYTES);
	c->mss = rs_min_u32(c->mss, rs_max_u32(mss, LEAST_MSS));
}

/* RFC 9293, 3.10.7.3. */
static void input_syn_sent(struct client *c, struct load_conn *conn, const struct load_seg *seg)
{
	if (!(seg->flags & TCP_ACK))
		return;
	if (seg->ack != conn->snd_nxt) {
		/* To the server these ports are still those of a connection of before: it ends
		 * that, and the SYN comes again. */
		if (!(seg->flags & TCP_RST))
			rs_client_emit(c, conn, seg->ack, TCP_RST);
		return;
	}
	if (seg->flags & TCP_RST) {
		c->stats.n_refused++;
		free_conn(c, conn);
		return;
	}
	if (!(seg->flags & TCP_SYN))
		return;
	take_mss(c, seg->mss);
	rs_client_open_window(c, conn, seg);
	conn->rcv_nxt = seg->seq + 1;
	conn->ts_recent = seg->ts_val;
	c->stats.n_connects++;
	/* Our first sequence number tells when the first SYN went out. */
	rs_histogram_record(&c->stats.connect, (uint64_t)(isn(c, conn) - conn->snd_una) << 10);
	conn->snd_una = conn->snd_nxt;
	if (c->tls) {
		rs_client_tls_begin(c, conn);
		return;
	}
	c->n_established++;
	rs_client_go_on(c, conn);
}

/* The answer to q is whole. False: the connection is no more. */
static bool take_answer(struct client *c, struct load_conn *conn, const struct load_request *q)
{
	if (rs_unlikely(conn->answer.closes))
		conn->flags |= CLIENT_F_CLOSES;
	conn->number++;
	conn->n_open--;
	if (rs_likely(!c->tls)) /* else the segments say what has come */
		conn->snd_una += q->len;
	c->stats.n_responses++;
	rs_histogram_record(&c->stats.latency, c->now_tsc - conn->due_tsc);
	if (rs_unlikely(c->windows) && !c->tls && !rs_client_is_sent(c, conn)) {
		/* An answer to half of a request: the rest would have to go out first. */
		rs_client_abort(c, conn);
		return false;
	}
	return true;
}

/* The bytes of answers. False: the connection is no more. */
bool rs_client_answers(struct client *c, struct load_conn *conn, const uint8_t *data, uint32_t len)
{
	rs_client_progress(c, conn);
	while (len) {
		struct load_request *q;
		enum answer_end end;
		uint32_t used;

		if (rs_unlikely(!conn->n_open)) { /* more than was asked for */
			c->reader->n_malformed++;
			rs_client_abort(c, conn);
			return false;
		}
		q = rs_workload_request(c->workload, conn->tuple, conn->number);
		end = rs_answer_input(c->reader, &conn->answer, &c->chunks[rs_client_slot(c, conn)],
			q, data, len, &used);
		if (rs_unlikely(end == ANSWER_BROKEN)) {
			rs_client_abort(c, conn);
			return false;
		}
		if (end == ANSWER_MORE)
			return true;
		data += used;
		len -= used;
		if (!take_answer(c, conn, q))
			return false;
	}
	return true;
}

static void ack_soon(struct client *c, struct load_conn *conn)
{
	if (++conn->n_unacked < 2 || conn->flags & CLIENT_F_ACK_NOW) {
		conn->flags |= CLIENT_F_ACK_OWED;
		return;
	}
	conn->flags |= CLIENT_F_ACK_NOW;
	c->acks[c->n_acks++] = (uint32_t)(conn - c->conns);
}

/* An answer may end with the connection, and is the last one then. False: it is no more. */
static bool end_answer(struct client *c, struct load_conn *conn)
{
	struct load_request *q = rs_workload_request(c->workload, conn->tuple, conn->number);

	if (!conn->n_open ||
		!rs_answer_close(c->reader, &conn->answer, &c->chunks[rs_client_slot(c, conn)], q))
		return true;
	conn->answer.closes = true;
	if (!take_answer(c, conn, q))
		return false;
	if (!conn->n_open) {
		conn->due_tsc = 0;
		rs_client_go_on(c, conn);
	}
	return true;
}

static void input_fin(struct client *c, struct load_conn *conn)
{
	conn->rcv_nxt++;
	/* Without TLS's own end somebody else may have cut it off (RFC 9112 section 9.8). */
	if ((!c->tls || rs_load_tls_end(c->tls, rs_client_slot(c, conn))) && !end_answer(c, conn))
		return;
	if (conn->n_open || conn->state == CLIENT_SHAKING) {
		c->stats.n_closed_early++;
		rs_client_abort(c, conn);
		return;
	}
	if (conn->state == CLIENT_READY && is_idle_slot(c, conn)) {
		c->n_idle_ready--;
		c->stats.n_idle_lost++;
	}
	if (c->tls)
		rs_load_tls_close(c->tls, rs_client_slot(c, conn));
	conn->state = CLIENT_LAST_ACK;
	conn->snd_una = conn->snd_nxt;
	rs_client_emit(c, conn, conn->snd_nxt++, TCP_FIN | TCP_ACK);
	rs_client_progress(c, conn);
}

/* Trims what was there before. False: nothing new is left, or there is a gap before it. */
static bool in_order(struct client *c, struct load_conn *conn, struct load_seg *seg)
{
	uint32_t before = conn->rcv_nxt - seg->seq;
	uint32_t seq_len = rs_tcp_seq_len(seg->len, seg->flags);

	if (rs_likely(!before))
		return true;
	if ((int32_t)before < 0 || before >= seq_len) {
		c->stats.n_out_of_order += (int32_t)before < 0;
		if (seq_len || (int32_t)before == 1) /* the last one: a keep-alive probe */
			rs_client_emit(c, conn, conn->snd_nxt, TCP_ACK);
		return false;
	}
	seg->data += before;
	seg->len -= before;
	return true;
}

/* What a segment brings to TLS. False: the connection is no more. */
static bool input_tls(struct client *c, struct load_conn *conn, const struct load_seg *seg)
{
	if (conn->state == CLIENT_LAST_ACK)
		return true;
	rs_client_tls_acked(c, conn, seg);
	if (!seg->len)
		return true;
	conn->rcv_nxt += seg->len;
	ack_soon(c, conn);
	return rs_client_tls_input(c, conn, seg->data, seg->len);
}

/* The same without TLS. */
static bool input_plain(struct client *c, struct load_conn *conn, const struct load_seg *seg)
{
	if (!seg->len)
		return true;
	conn->rcv_nxt += seg->len;
	if (!rs_client_answers(c, conn, seg->data, seg->len))
		return false;
	if (conn->state == CLIENT_BUSY && !conn->n_open) {
		conn->due_tsc = 0;
		rs_client_go_on(c, conn);
	} else {
		ack_soon(c, conn);
	}
	return true;
}

static void input_reset_or_syn(struct client *c, struct load_conn *conn, const struct load_seg *seg)
{
	if (seg->flags & TCP_SYN) {
		rs_client_emit(c, conn, conn->snd_nxt, TCP_ACK);
	} else if (seg->seq == conn->rcv_nxt) {
		c->stats.n_resets++;
		free_conn(c, conn);
	}
}

void rs_client_input(struct client *c, struct load_seg *seg)
{
	struct load_conn *conn = rs_client_conn(c, seg->tuple);

	c->stats.bytes_in += seg->len;
	if (rs_unlikely(conn->tuple != seg->tuple || conn->state == CLIENT_CLOSED)) {
		c->stats.n_strays++;
		return;
	}
	if (rs_unlikely(conn->state == CLIENT_SYN_SENT)) {
		input_syn_sent(c, conn, seg);
		return;
	}
	if (rs_unlikely(seg->flags & (TCP_RST | TCP_SYN))) {
		input_reset_or_syn(c, conn, seg);
		return;
	}
	if (seg->ack == conn->snd_nxt)
		conn->flags |= CLIENT_F_TAKEN;
	if (rs_unlikely(c->windows) && !c->tls)
		rs_client_move_window(c, conn, seg);
	if (!in_order(c, conn, seg))
		return;
	if (seg->ts_val)
		conn->ts_recent = seg->ts_val;
	if (!(rs_unlikely(c->tls) ? input_tls(c, conn, seg) : input_plain(c, conn, seg)))
		return;
	if (rs_unlikely(seg->flags & TCP_FIN)) {
		input_fin(c, conn);
	} else if (conn->state == CLIENT_LAST_ACK && seg->ack == conn->snd_nxt) {
		free_conn(c, conn);
		if (c->closed_loop && may_begin(c))
			open_conn(c, conn);
		else if (c->closed_loop)
			wait_for_turn(c, conn);
	}
}

void rs_client_flush_acks(struct client *c)
{
	for (uint32_t i = 0; i < c->n_acks; i++) {
		struct load_conn *conn = &c->conns[c->acks[i]];

		if (conn->flags & CLIENT_F_ACK_NOW)
			rs_client_emit(c, conn, conn->snd_nxt, TCP_ACK);
	}
	c->n_acks = 0;
}

/* ---- asked from outside ---- */

bool rs_client_open_next(struct client *c)
{
	if (c->n_opened == c->slots.n)
		return false;
	if (c->n_opened < c->options->n_conns && !c->closed_loop && c->options->per_conn)
		wait_for_turn(c, &c->conns[c->n_opened]); /* it opens with its first request */
	else
		open_conn(c, &c->conns[c->n_opened]);
	c->n_opened++;
	return true;
}

/* Who has waited longest, and still can begin something. NULL: nobody. */
static struct load_conn *take_waiting(struct client *c)
{
	while (c->n_waiting) {
		struct load_conn *conn = &c->conns[c->waiting[c->waiting_head]];

		if (++c->waiting_head == c->options->n_conns)
			c->waiting_head = 0;
		c->n_waiting--;
		conn->flags &= (uint8_t)~CLIENT_F_WAITS;
		if (conn->state == CLIENT_READY || conn->state == CLIENT_CLOSED)
			return conn;
	}
	return NULL;
}

bool rs_client_ask(struct client *c, uint64_t due_tsc)
{
	struct load_conn *conn = take_waiting(c);

	if (!conn)
		return false;
	if (conn->state == CLIENT_READY) {
		ask(c, conn, due_tsc);
	} else {
		open_conn(c, conn);
		conn->due_tsc = due_tsc;
	}
	return true;
}

bool rs_client_ask_next(struct client *c)
{
	struct load_conn *conn = take_waiting(c);

	if (!conn)
		return false;
	if (conn->state == CLIENT_READY)
		ask(c, conn, conn->due_tsc);
	else
		open_conn(c, conn);
	return true;
}

uint32_t rs_client_n_missing(const struct client *c)
{
	/* With an end to each connection, there are always some that have just ended. */
	return c->slots.n - (c->options->per_conn ? c->n_opened : c->n_established);
}

/* ---- what is overdue ---- */

static void resend(struct client *c, struct load_conn *conn)
{
	uint32_t rto = conn->state == CLIENT_SYN_SENT ? SYN_RTO_MS : RTO_MS;

	if (conn->n_retries < MAX_SHIFT)
		conn->n_retries++;
	conn->resend_tick = c->now_tick + (rto << conn->n_retries);
	if (c->tls && (conn->state == CLIENT_SHAKING || conn->state == CLIENT_BUSY)) {
		c->stats.n_retransmissions += rs_client_tls_resend(c, conn);
		return;
	}
	c->stats.n_retransmissions++;
	if (conn->state == CLIENT_SYN_SENT)
		send_syn(c, conn);
	else if (conn->state == CLIENT_BUSY)
		rs_client_resend_batch(c, conn);
	else
		rs_client_emit(c, conn, conn->snd_nxt - 1, TCP_FIN | TCP_ACK);
}

/* Is there something on its way that the server has not acknowledged, as far as we know? */
static bool awaits_ack(const struct client *c, const struct load_conn *conn)
{
	switch (conn->state) {
	case CLIENT_READY:
	case CLIENT_DONE:
		return false;
	case CLIENT_BUSY:
		return c->tls || !(conn->flags & CLIENT_F_TAKEN);
	default:
		return true;
	}
}

static void give_up(struct client *c, struct load_conn *conn)
{
	if (conn->state == CLIENT_SYN_SENT)
		c->stats.n_connect_timeouts++;
	else
		c->stats.n_timeouts++;
	rs_client_abort(c, conn);
}

static void look_at(struct client *c, struct load_conn *conn)
{
	uint32_t waited = c->now_tick - conn->progress_tick;

	if (conn->state == CLIENT_CLOSED) {
		if ((c->closed_loop && !(conn->flags & CLIENT_F_WAITS)) || is_idle_slot(c, conn))
			open_conn(c, conn);
	} else if (conn->state != CLIENT_READY && waited >= c->options->timeout_ms) {
		give_up(c, conn);
	} else if (awaits_ack(c, conn) && (int32_t)(c->now_tick - conn->resend_tick) >= 0) {
		resend(c, conn);
	} else if (conn->flags & CLIENT_F_ACK_OWED && waited >= ACK_MS) {
		rs_client_emit(c, conn, conn->snd_nxt, TCP_ACK);
	}
}

void rs_client_scan(struct client *c, uint32_t n_busy, uint32_t n_idle)
{
	uint32_t busy_end = rs_min_u32(c->options->n_conns, c->n_opened);

	for (uint32_t i = 0; i < n_busy && busy_end && c->n_out <= CLIENT_MAX_OUT - CLIENT_ROOM;
		i++) {
		if (c->scan_busy >= busy_end)
			c->scan_busy = 0;
		look_at(c, &c->conns[c->scan_busy++]);
	}
	for (uint32_t i = 0; i < n_idle && c->n_opened > c->options->n_conns &&
			     c->n_out <= CLIENT_MAX_OUT - CLIENT_ROOM;
		i++) {
		if (c->scan_idle < c->options->n_conns || c->scan_idle >= c->n_opened)
			c->scan_idle = c->options->n_conns;
		look_at(c, &c->conns[c->scan_idle++]);
	}
}

void rs_client_reset(struct client *c, uint32_t slot)
{
	if (c->conns[slot].state != CLIENT_CLOSED)
		rs_client_abort(c, &c->conns[slot]);
}

void rs_client_measure(struct client *c)
{
	struct answer_reader *r = c->reader;

	memset(&c->stats, 0, sizeof(c->stats));
	if (c->tls)
		memset(rs_load_tls_stats(c->tls), 0, sizeof(struct load_tls_stats));
	r->n_wrong_status = r->n_wrong_length = r->n_wrong_body = r->n_malformed = 0;
	r->body_bytes = 0;
}
