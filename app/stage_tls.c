/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The path of a TLS core, from top to bottom. A turn:
 *
 *     take_jobs → run_timers → run (the ready ones) → run (a few handshakes) → flush
 *
 * and for each connection that has something to do, go_on():
 *
 *     read a record → HTTP → write records → until nothing moves → lend back what is not needed
 */
#include "stage_tls.h"

#include <stddef.h>
#include <string.h>

#include <rte_common.h>

#include "base/bytes.h"
#include "tls_buffer.h"
#include "tls_list.h"
#include "tls_pipe.h"
#include "tls_plain.h"

#define MAX_JOBS_PER_TURN   256 /* of each net core */
#define MAX_READY_PER_TURN  64
#define MAX_EXPIRED         64
#define MAX_RECORDS_PER_RUN 16 /* read in one go: then it is somebody else's turn */
#define MAX_WANT            64
#define DRAIN_PER_TURN      64
#define MAX_PASSED_OVER     8    /* to find whom to reset */
#define HANDSHAKE_BYTES     4096 /* for a chain of certificates: OpenSSL does not say how much */

/*
 * Records that fit into one segment get plaintext to the client as soon as the segment is there;
 * large ones cost less. So a connection begins with small ones (RFC 8446 leaves it to us), after
 * every pause anew.
 */
#define SMALL_RECORD_BYTES 1369
#define SMALL_BURST_BYTES  (128u << 10)
#define LARGE_RECORD_BYTES 16384
#define PAUSE_US           1000000
#define RECORD_OVERHEAD    64 /* header, tag, padding, nonce: at most */

static struct tls_net *net_of(const struct tls_conn *c)
{
	return &c->stage->nets[c->net];
}

/* ---- the beginning and the end of a connection ---- */

static void set_awaited(struct stage_tls *s, struct tls_conn *c, bool is_awaited)
{
	if (is_awaited == c->is_awaited)
		return;
	c->is_awaited = is_awaited;
	if (is_awaited)
		rs_tls_list_append(s, &s->awaited, TLS_LIST_AWAITED, c);
	else
		rs_tls_list_remove(s, &s->awaited, TLS_LIST_AWAITED, c);
}

static void free_conn(struct stage_tls *s, struct tls_conn *c)
{
	rs_tls_unqueue(s, c);
	set_awaited(s, c, false);
	if (c->state == TLS_CONN_HANDSHAKE)
		s->n_handshakes--;
	rs_http_release(&s->web.env, &c->http);
	rs_tls_session_free(&c->session);
	rs_sendq_clear(&c->out, &s->web.chunks);
	rs_tls_buffer_free(c);
	rs_wheel_cancel(&s->wheel, (uint32_t)(c - s->conns));
	net_of(c)->conn_of[c->conn] = TLS_NONE;
	c->state = TLS_CONN_FREE;
	s->n_conns--;
	c->links[TLS_LIST_RUN].next = s->free;
	s->free = (uint32_t)(c - s->conns);
}

/* Gives back every chunk, and says how it ends: CLOSE, ABORT; or GONE, which nobody waits for. */
static void finish(struct stage_tls *s, struct tls_conn *c, enum tls_job_kind how)
{
	rs_tls_pipe_end(c);
	if (how != TLS_JOB_GONE)
		rs_tls_pipe_say(c, how, 0);
	free_conn(s, c);
}

static void refuse(
	struct stage_tls *s, uint8_t net, const struct tls_job *job, enum tls_counter reason)
{
	struct tls_job back = *job;

	s->counters[reason]++;
	back.kind = TLS_JOB_RETURN;
	back.n = 1;
	rs_tls_outbox_put(&s->nets[net].to, &back);
	back.kind = TLS_JOB_ABORT;
	back.chunk = 0;
	rs_tls_outbox_put(&s->nets[net].to, &back);
}

static void set_deadline(struct stage_tls *s, struct tls_conn *c, uint64_t deadline_us)
{
	c->deadline_us = deadline_us;
	if (deadline_us)
		rs_wheel_set_earlier(&s->wheel, (uint32_t)(c - s->conns), deadline_us);
}

/*
 * Resets who has kept us waiting for its hello for the longest: it has cost us nothing, and it
 * would cost nobody much to fill all places with connections that say a byte. Who has said more
 * meanwhile, perhaps all, is passed over. False: there is none.
 */
static bool make_place(struct stage_tls *s)
{
	struct tls_conn *c = rs_tls_list_first(s, &s->awaited);

	for (uint32_t n = 0; n < MAX_PASSED_OVER && c && c->is_queued; n++)
		c = rs_tls_list_next(s, &s->awaited, TLS_LIST_AWAITED, c);
	if (!c || c->is_queued)
		return false;
	s->counters[TLS_C_HANDSHAKES_SHED]++;
	finish(s, c, TLS_JOB_ABORT);
	return true;
}

/* A client's first bytes. NULL: it was refused. */
static struct tls_conn *begin(struct stage_tls *s, uint8_t net, const struct tls_job *job)
{
	struct tls_conn *c;
	uint32_t next;

	if (s->n_handshakes >= s->max_handshakes && !make_place(s)) {
		refuse(s, net, job, TLS_C_HANDSHAKES_SHED);
		return NULL;
	}
	if (s->free == TLS_NONE) {
		refuse(s, net, job, TLS_C_NO_SESSION);
		return NULL;
	}
	c = &s->conns[s->free];
	next = c->links[TLS_LIST_RUN].next;
	*c = (struct tls_conn){
		.stage = s,
		.conn = job->conn,
		.generation = job->generation,
		.net = net,
		.state = TLS_CONN_HANDSHAKE,
	};
	if (!rs_tls_session_open(&c->session, s->domain, &rs_tls_pipe_ops, c)) {
		c->state = TLS_CONN_FREE;
		c->links[TLS_LIST_RUN].next = next;
		refuse(s, net, job, TLS_C_NO_SESSION);
		return NULL;
	}
	memcpy(&c->key,
		tls_first_key(
			rs_tls_net_chunk(&s->nets[net], job->chunk), s->nets[net].chunk_bytes),
		sizeof(c->key));
	s->free = next;
	s->nets[net].conn_of[job->conn] = (uint32_t)(c - s->conns);
	s->n_conns++;
	s->n_handshakes++;
	rs_http_open(&s->web.env, &c->http);
	set_deadline(s, c, s->now_us + s->web.env.cfg->header_timeout_us);
	return c;
}

/* ---- going on ---- */

/* HTTP gets plaintext; what it does not take now is kept for later. */
static void feed(struct stage_tls *s, struct tls_conn *c, const uint8_t *data, uint32_t len)
{
	uint32_t used = rs_http_input(&s->web.env, &c->http, data, len, &c->out);
	uint8_t *buffer;

	if (used == len || c->http.abort)
		return;
	buffer = rs_tls_buffer(c);
	if (!buffer)
		return;
	memcpy(buffer, data + used, len - used);
	c->kept_to = (uint16_t)(len - used);
}

/* True: it took some. */
static bool feed_kept(struct stage_tls *s, struct tls_conn *c)
{
	const uint8_t *data = rs_tls_buffer(c);
	uint32_t len = (uint32_t)c->kept_to - c->kept_from;
	uint32_t used = rs_http_input(&s->web.env, &c->http, data + c->kept_from, len, &c->out);

	c->kept_from = (uint16_t)(c->kept_from + used);
	if (used == len || c->http.abort)
		rs_tls_buffer_free(c);
	return used > 0;
}

static void open_http(struct stage_tls *s, struct tls_conn *c)
{
	rs_tls_buffer_open(c);
	c->state = TLS_CONN_OPEN;
	s->n_handshakes--;
	c->http.early = false;
}

/* What has become of a handshake. */
static void note_progress(struct stage_tls *s, struct tls_conn *c, enum tls_status status)
{
	set_awaited(s, c, status == TLS_WANT_INPUT && !rs_tls_session_has_hello(&c->session));
	if (c->session.open)
		open_http(s, c);
}

/* Reads a record, and gives it to HTTP. True: something moved. */
static bool read_some(struct stage_tls *s, struct tls_conn *c)
{
	enum tls_status status;
	uint32_t n;
	bool early;

	if (c->http.blocked || c->http.abort || c->is_ending)
		return false;
	if (c->kept_to)
		return feed_kept(s, c);
	status = rs_tls_session_read(&c->session, s->scratch, sizeof(s->scratch), &n, &early);
	if (c->state == TLS_CONN_HANDSHAKE)
		note_progress(s, c, status);
	switch (status) {
	case TLS_OK:
		c->http.early = early;
		feed(s, c, s->scratch, n);
		return true;
	case TLS_ENDED:
		c->is_ending = true;
		rs_http_eof(&s->web.env, &c->http, &c->out);
		return true;
	case TLS_FAILED:
		c->is_ending = c->has_failed = true;
		return false;
	case TLS_PLAIN_HTTP:
		rs_tls_plain_answer(c);
		c->is_ending = c->has_failed = true;
		return false;
	default:
		return false;
	}
}

static uint32_t record_bytes(struct stage_tls *s, struct tls_conn *c)
{
	if (s->now_us - c->last_write_us > PAUSE_US)
		c->n_burst_bytes = 0;
	return c->n_burst_bytes < SMALL_BURST_BYTES ? SMALL_RECORD_BYTES : LARGE_RECORD_BYTES;
}

/* Encrypts the first span of what waits. True: something moved. */
static bool write_some(struct stage_tls *s, struct tls_conn *c)
{
	struct slice spans[SENDQ_SLICES];
	enum tls_status status;
	uint32_t n;

	if (rs_sendq_empty(&c->out) || c->has_failed)
		return false;
	if (!c->write_len)
		c->write_len = record_bytes(s, c);
	rs_sendq_peek(&c->out, 0, c->write_len, spans);
	c->write_len = spans[0].len;
	status = rs_tls_session_write(&c->session, spans[0].data, spans[0].len, &n);
	if (status == TLS_FAILED)
		c->is_ending = c->has_failed = true;
	if (status != TLS_OK)
		return false;
	c->write_len = 0;
	c->last_write_us = s->now_us;
	c->n_burst_bytes += n;
	rs_sendq_ack(&c->out, n, &s->web.chunks);
	rs_http_writable(&s->web.env, &c->http, &c->out);
	return true;
}

/* Asks for as many chunks as it will take to write what waits. */
static void ask_for_room(struct stage_tls *s, struct tls_conn *c)
{
	uint64_t bytes = rs_max_u64(c->out.n_bytes, c->n_lacking);
	uint64_t n;

	if (!c->n_lacking || c->n_wanted)
		return;
	if (c->state == TLS_CONN_HANDSHAKE)
		bytes = rs_max_u64(bytes, HANDSHAKE_BYTES);
	n = 1 + (bytes + RECORD_OVERHEAD) / (net_of(c)->chunk_bytes - RECORD_OVERHEAD);
	s->counters[TLS_C_NO_CREDIT]++;
	c->n_wanted = (uint8_t)rs_min_u64(n, MAX_WANT);
	rs_tls_pipe_say(c, TLS_JOB_WANT, c->n_wanted);
}

/* True: nothing more is to be done for it, ever. */
static bool is_over(struct stage_tls *s, struct tls_conn *c)
{
	if (c->http.abort) {
		finish(s, c, TLS_JOB_ABORT);
		return true;
	}
	if (c->has_failed) { /* the last word is in the chunk being filled */
		finish(s, c, TLS_JOB_CLOSE);
		return true;
	}
	if (c->state == TLS_CONN_OPEN && rs_http_is_spare(s->web.env.cfg, &c->http))
		rs_http_close(&s->web.env, &c->http, &c->out);
	/* An answer to early data may be the last one before the handshake is complete. */
	if (!c->http.closing || !rs_sendq_empty(&c->out) || !c->session.open ||
		rs_tls_session_close(&c->session) == TLS_WANT_ROOM)
		return false;
	finish(s, c, TLS_JOB_CLOSE);
	return true;
}

void rs_stage_tls_make_room(void *self, struct http_conn *hc)
{
	struct stage_tls *s = self;
	struct tls_conn *c = RTE_PTR_SUB(hc, offsetof(struct tls_conn, http));
	const void *at_work = s->web.env.peer;

	s->web.env.peer = &c->key;
	rs_http_lose_head(&s->web.env, hc, &c->out);
	rs_tls_enqueue(s, c);
	s->web.env.peer = at_work;
}

/* Whether the client takes its replies is for the net core to say: what is encrypted is only on its
 * way. */
static uint64_t http_deadline_us(const struct tls_conn *c)
{
	return rs_http_waits_for_reader(&c->http) ? 0 : c->http.deadline_us;
}

/* Everything that a connection can do now. */
static void go_on(struct stage_tls *s, struct tls_conn *c)
{
	bool moved = true;
	uint32_t n;

	s->web.env.peer = &c->key;
	c->n_lacking = 0;
	for (n = 0; moved && n < MAX_RECORDS_PER_RUN; n++) {
		moved = read_some(s, c);
		rs_http_writable(&s->web.env, &c->http, &c->out);
		while (write_some(s, c))
			moved = true;
	}
	if (is_over(s, c))
		return;
	rs_tls_pipe_send(c);
	if (rs_sendq_empty(&c->out))
		rs_tls_pipe_return(c);
	ask_for_room(s, c);
	if (c->state == TLS_CONN_OPEN && http_deadline_us(c) != c->deadline_us)
		set_deadline(s, c, http_deadline_us(c));
	if (moved)
		rs_tls_enqueue(s, c);
}

static uint32_t run(struct stage_tls *s, struct tls_list *q, uint32_t max)
{
	struct tls_conn *c;
	uint32_t n = 0;

	for (max = rs_min_u32(max, q->n); n < max && (c = rs_tls_list_first(s, q)) != NULL; n++) {
		rs_tls_unqueue(s, c);
		go_on(s, c);
	}
	return n;
}

/* ---- jobs from net cores ---- */

static void give_back(struct stage_tls *s, uint8_t net, const struct tls_job *job)
{
	struct tls_job back = *job;

	if (!job->chunk)
		return;
	back.kind = TLS_JOB_RETURN;
	back.n = job->kind == TLS_JOB_DATA;
	rs_tls_outbox_put(&s->nets[net].to, &back);
}

static void take_job(struct stage_tls *s, uint8_t net, const struct tls_job *job)
{
	uint32_t index = s->nets[net].conn_of[job->conn];
	struct tls_conn *c = index == TLS_NONE ? NULL : &s->conns[index];

	if (c && c->generation != job->generation) /* its GONE came before, or it ended itself */
		c = NULL;
	if (!c && job->kind == TLS_JOB_DATA && job->n)
		c = begin(s, net, job);
	else if (!c)
		give_back(s, net, job);
	if (!c)
		return;
	switch ((enum tls_job_kind)job->kind) {
	case TLS_JOB_DATA:
	case TLS_JOB_GRANT:
		rs_tls_pipe_take(c, job);
		break;
	case TLS_JOB_EOF:
		c->has_eof = true;
		break;
	default:
		finish(s, c, TLS_JOB_GONE);
		return;
	}
	rs_tls_enqueue(s, c);
}

static uint32_t take_jobs(struct stage_tls *s)
{
	uint32_t n_done = 0;

	for (uint32_t i = 0; i < s->n_nets; i++) {
		struct tls_job jobs[MAX_JOBS_PER_TURN];
		uint32_t n = rs_tls_take_jobs(s->nets[i].from, jobs, MAX_JOBS_PER_TURN);

		for (uint32_t k = 0; k < n; k++)
			take_job(s, (uint8_t)i, &jobs[k]);
		n_done += n;
	}
	return n_done;
}

/* ---- clocks ---- */

/* Since when the client has all that was written: what is encrypted is only on its way to it. */
static uint64_t taken_us(const struct tls_conn *c)
{
	const uint64_t us = __atomic_load_n(&net_of(c)->taken_us[c->conn], __ATOMIC_RELAXED);

	return us ? us : c->stage->now_us;
}

static void expire(struct stage_tls *s, struct tls_conn *c)
{
	if (!c->deadline_us)
		return;
	if (c->deadline_us > s->now_us) { /* it moved meanwhile */
		rs_wheel_set(&s->wheel, (uint32_t)(c - s->conns), c->deadline_us);
		return;
	}
	c->deadline_us = 0;
	if (c->state == TLS_CONN_HANDSHAKE) {
		s->counters[TLS_C_HANDSHAKE_TIMEOUT]++;
		finish(s, c, TLS_JOB_ABORT);
		return;
	}
	s->web.env.peer = &c->key;
	rs_http_idle_since(&s->web.env, &c->http, taken_us(c));
	rs_http_deadline(&s->web.env, &c->http, &c->out);
	rs_tls_enqueue(s, c);
}

static uint32_t run_timers(struct stage_tls *s)
{
	uint32_t due[MAX_EXPIRED];
	uint32_t n = rs_wheel_advance(&s->wheel, s->now_us, due, MAX_EXPIRED);

	for (uint32_t i = 0; i < n; i++)
		expire(s, &s->conns[due[i]]);
	return n;
}

/* Idle connections need not be waited for when the process drains: go_on() ends them. All are
 * looked at, and again when silent ones are to go, too. */
static void close_idle(struct stage_tls *s)
{
	enum http_drain stage = rs_http_drain(s->web.env.cfg);
	uint32_t end;

	if (stage != s->drain_seen)
		s->drain_next = 0;
	s->drain_seen = stage;
	end = rs_min_u32(s->drain_next + DRAIN_PER_TURN, s->capacity);
	for (; s->drain_next < end; s->drain_next++) {
		struct tls_conn *c = &s->conns[s->drain_next];

		if (c->state == TLS_CONN_OPEN)
			rs_tls_enqueue(s, c);
	}
}

/* ---- a turn ---- */

static void take_next_domain(struct stage_tls *s)
{
	struct tls_domain *next = __atomic_load_n(&s->next_domain, __ATOMIC_ACQUIRE);

	if (rs_likely(!next))
		return;
	s->domain = next;
	__atomic_store_n(&s->next_domain, NULL, __ATOMIC_RELEASE);
}

uint32_t rs_stage_tls_turn(void *self, uint64_t now_us)
{
	struct stage_tls *s = self;
	uint32_t n_done;

	s->now_us = now_us;
	take_next_domain(s);
	rs_http_core_turn(&s->web, now_us);
	n_done = take_jobs(s);
	n_done += run_timers(s);
	if (rs_unlikely(rs_http_drains(s->web.env.cfg)))
		close_idle(s);
	n_done += run(s, &s->ready, MAX_READY_PER_TURN);
	n_done += run(s, &s->shaking, s->handshakes_per_turn);
	for (uint32_t i = 0; i < s->n_nets; i++)
		rs_tls_outbox_flush(&s->nets[i].to);
	if (!n_done && s->makes_keys_ahead)
		n_done = rs_tls_library_make_ahead(s->library);
	return n_done;
}

uint64_t rs_stage_tls_deadline_us(void *self)
{
	const struct stage_tls *s = self;

	return s->ready.n || s->shaking.n ? s->now_us : s->now_us + WHEEL_TICK_US;
}

void rs_stage_tls_leave(void *self)
{
	rs_tls_library_leave(((struct stage_tls *)self)->library);
}

void rs_stage_tls_end_all(struct stage_tls *s)
{
	while (take_jobs(s))
		;
	for (uint32_t i = 0; i < s->capacity; i++) {
		if (s->conns[i].state != TLS_CONN_FREE)
			finish(s, &s->conns[i], TLS_JOB_GONE);
	}
	for (uint32_t i = 0; i < s->n_nets; i++)
		rs_tls_outbox_flush(&s->nets[i].to);
}
