/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_tls.h"

#include <string.h>

#include "http/watch.h"
#include "stage_net.h"

#define RETRY_US 1000 /* when memory was short and nothing else will wake the connection */

static struct tls_link *link_of(struct stage_net *net, const struct tcp_conn *conn)
{
	return &net->tls.links[conn->id];
}

static void put(struct stage_net *net, const struct tcp_conn *conn, enum tls_job_kind kind,
	uint32_t chunk, uint32_t len, bool is_first)
{
	const struct tls_link *link = link_of(net, conn);
	const struct tls_job job = {
		.conn = conn->id,
		.chunk = chunk,
		.generation = link->generation,
		.len = (uint16_t)len,
		.kind = (uint8_t)kind,
		.n = is_first,
	};

	rs_tls_outbox_put(&net->tls.to[link->core], &job);
}

/* ---- lending ---- */

/*
 * A chunk for the TLS core; 0: none is to be had. It may come back full, and then has to find a
 * place in the send queue, be the pool empty by then.
 */
static uint32_t lend(struct stage_net *net, struct tcp_conn *conn)
{
	struct tls_link *link = link_of(net, conn);
	struct chunk_pool *pool = &net->web.chunks;
	const uint32_t n = link->n_lent + conn->sendq.n;
	const uint32_t chunk = n < NET_TLS_MAX_CHUNKS ? rs_chunk_alloc(pool) : 0;

	if (!chunk)
		return 0;
	if (n >= SENDQ_SLICES && !rs_sendq_grow(&conn->sendq, pool)) {
		rs_chunk_free(pool, chunk);
		return 0;
	}
	link->n_lent++;
	return chunk;
}

/* Nothing will come from either side that could wake this connection: the clock has to. */
static void try_again_later(struct stage_net *net, struct tcp_conn *conn)
{
	net->counters[NET_C_TLS_NO_CHUNK]++;
	link_of(net, conn)->is_waiting = true;
}

/*
 * Empty chunks, as many as are wanted and may be had. Those that are full of what the TLS core has
 * not read are none to write to.
 */
static void grant(struct stage_net *net, struct tcp_conn *conn)
{
	struct tls_link *link = link_of(net, conn);
	const struct chunk_pool *pool = &net->web.chunks;

	while (link->n_want && link->n_lent + conn->sendq.n < rs_chunk_ration(pool) + link->n_in) {
		uint32_t chunk = lend(net, conn);

		if (!chunk)
			break;
		link->n_want--;
		put(net, conn, TLS_JOB_GRANT, chunk, 0, false);
	}
	if (rs_unlikely(link->n_want) && !conn->sendq.n && link->n_lent <= link->n_in)
		try_again_later(net, conn);
}

/* ---- from TCP ---- */

static void forget(struct stage_net *net, struct tcp_conn *conn)
{
	struct tls_link *link = link_of(net, conn);

	if (link->has_session)
		put(net, conn, TLS_JOB_GONE, 0, 0, false);
	link->generation++;
	conn->flags &= ~(uint32_t)TCP_F_APP;
}

/* Until there is a session. What its clocks say of requests is the TLS core's business. */
static void await_words(struct stage_net *net, struct tcp_conn *conn)
{
	rs_stage_net_set_deadline(net, conn, net->tcp.now_us + net->web.env.cfg->header_timeout_us);
}

static void note_taken(struct stage_net *net, const struct tcp_conn *conn)
{
	uint64_t *taken_us = &net->tls.taken_us[conn->id];
	const bool has_all = rs_sendq_empty(&conn->sendq);

	if (has_all != (*taken_us != 0))
		__atomic_store_n(taken_us, has_all ? net->tcp.now_us : 0, __ATOMIC_RELAXED);
}

/* Does the client take what is queued, of which n_more bytes are new? That is seen here alone. */
static void watch(struct stage_net *net, struct tcp_conn *conn, uint32_t n_more)
{
	const struct tls_link *link = link_of(net, conn);
	struct http_conn *hc = &net->http_conns[conn->id];

	note_taken(net, conn);
	rs_http_watch(&net->web.env, hc, &conn->sendq, n_more, link->is_waiting);
	if (link->is_waiting)
		rs_stage_net_set_deadline(net, conn, net->tcp.now_us + RETRY_US);
	else if (link->has_session)
		rs_stage_net_set_deadline(net, conn, hc->deadline_us);
}

static void open(struct stage_net *net, struct tcp_conn *conn)
{
	struct tls_link *link = link_of(net, conn);

	*link = (struct tls_link){
		.generation = link->generation,
		.core = net->tls.core_of[conn->hash >> 24],
	};
	conn->flags |= TCP_F_APP;
	rs_http_watch_begin(&net->http_conns[conn->id]);
	await_words(net, conn);
}

/* A chunk of what has come. False: there is nothing, or no room for it. */
static bool pull_one(struct stage_net *net, struct tcp_conn *conn)
{
	struct tls_link *link = link_of(net, conn);
	struct span in = rs_tcp_peek(&net->tcp, conn);
	uint32_t chunk, len, room;
	uint8_t *data;

	if (!in.len || link->n_in == NET_TLS_MAX_IN)
		return false;
	chunk = lend(net, conn);
	if (!chunk) {
		if (!link->n_lent && !conn->sendq.n)
			try_again_later(net, conn);
		return false;
	}
	data = rs_chunk_data(&net->web.chunks, chunk);
	room = net->web.chunks.chunk_bytes;
	if (!link->has_session) {
		memcpy(tls_first_key(data, room), &conn->key, sizeof(conn->key));
		room -= (uint32_t)sizeof(conn->key);
	}
	len = rs_min_u32(in.len, room);
	memcpy(data, in.data, len);
	rs_tcp_consume(&net->tcp, conn, len);
	link->n_in++;
	put(net, conn, TLS_JOB_DATA, chunk, len, !link->has_session);
	link->has_session = true;
	return true;
}

/*
 * Gives TLS what has come in order. What it cannot take now stays with TCP, and closes the window.
 * At most what the receive queue holds, a chunk a time. False: the connection is gone.
 */
static bool pull(struct stage_net *net, struct tcp_conn *conn)
{
	struct tls_link *link = link_of(net, conn);
	uint32_t ev = TCP_MORE;

	for (uint32_t n = 0; ev & TCP_MORE && n <= net->tcp.cfg->rcvq_chunks; n++) {
		bool more = pull_one(net, conn);

		ev = rs_tcp_settle(&net->tcp, conn);
		if (ev & TCP_EOF)
			link->has_eof = true;
		if (ev & TCP_GONE) {
			forget(net, conn);
			return false;
		}
		if (!more)
			break;
	}
	if (link->has_eof && !link->told_eof) {
		link->told_eof = true;
		if (link->has_session)
			put(net, conn, TLS_JOB_EOF, 0, 0, false);
		else /* came and went without a word */
			rs_tcp_close(&net->tcp, conn);
	}
	return true;
}

bool rs_net_tls_is_port(const struct net_tls *tls, uint16_t port)
{
	for (uint32_t i = 0; i < tls->n_ports; i++) {
		if (tls->ports[i] == port)
			return true;
	}
	return false;
}

void rs_net_tls_reset(struct stage_net *net, struct tcp_conn *conn)
{
	rs_tcp_abort(&net->tcp, conn);
	forget(net, conn);
}

/* The client has said nothing, so the TLS core knows nothing of it. */
static void reset_silent(struct stage_net *net, struct tcp_conn *conn)
{
	net->counters[NET_C_TLS_SILENT]++;
	rs_net_tls_reset(net, conn);
}

/* The deadline has come. False: the client has said nothing, or takes nothing, and is gone. */
static bool wake(struct stage_net *net, struct tcp_conn *conn)
{
	const struct tls_link *link = link_of(net, conn);
	struct http_conn *hc = &net->http_conns[conn->id];

	conn->user = 0;
	if (!link->has_session && !link->is_waiting) {
		reset_silent(net, conn);
		return false;
	}
	rs_http_watch_deadline(&net->web.env, hc, &conn->sendq);
	if (hc->abort) {
		rs_net_tls_reset(net, conn);
		return false;
	}
	return true;
}

/*
 * The TLS core gets what it can have now, ciphertext and credit; the clocks are set. n_more: bytes
 * that were just queued. False: the connection is gone.
 */
static bool go_on(struct stage_net *net, struct tcp_conn *conn, bool has_news, uint32_t n_more)
{
	struct tls_link *link = link_of(net, conn);

	if (link->is_waiting && !link->has_session)
		await_words(net, conn);
	link->is_waiting = false;
	if ((has_news || conn->rcvq) && !pull(net, conn))
		return false;
	grant(net, conn);
	if (rs_unlikely(conn->sendq.stays_grown) && !link->n_lent)
		rs_sendq_shrink(&conn->sendq, &net->web.chunks);
	watch(net, conn, n_more);
	return true;
}

void rs_net_tls_close_idle(struct stage_net *net, struct tcp_conn *conn)
{
	const struct tls_link *link = link_of(net, conn);

	if (rs_http_drain(net->web.env.cfg) >= HTTP_DRAINS_SILENT && !link->has_session &&
		!link->is_waiting && !link->told_eof && !conn->rcvq)
		reset_silent(net, conn);
}

void rs_net_tls_serve(struct stage_net *net, struct tcp_conn *conn, uint32_t ev)
{
	if (ev & TCP_EV_GONE) {
		forget(net, conn);
		return;
	}
	if (ev & TCP_EV_OPENED)
		open(net, conn);
	if (ev & TCP_EV_DEADLINE && !wake(net, conn))
		return;
	if (!go_on(net, conn, ev & (TCP_EV_DATA | TCP_EV_DEADLINE), 0))
		return;
	if (rs_unlikely(ev & TCP_EV_OPENED && rs_http_drains(net->web.env.cfg)))
		rs_net_tls_close_idle(net, conn);
}

/* ---- from TLS ---- */

/* The chunk is ours again. */
static void take_back(struct tls_link *link, const struct tls_job *job)
{
	link->n_lent--;
	link->n_in = (uint8_t)(link->n_in - job->n);
}

/* There is a place for it: see lend(). */
static void queue(struct stage_net *net, struct tcp_conn *conn, const struct tls_job *job)
{
	const uint8_t *data = rs_chunk_data(&net->web.chunks, job->chunk);

	RTE_VERIFY(rs_sendq_push_more(&conn->sendq, &net->web.chunks, data, job->len, job->chunk));
	rs_tcp_send(&net->tcp, conn);
}

/* The session has ended. What is queued goes out, then FIN; clocks and limits are HTTP's again. */
static void end(struct stage_net *net, struct tcp_conn *conn)
{
	struct http_conn *hc = &net->http_conns[conn->id];

	link_of(net, conn)->has_session = false;
	forget(net, conn);
	rs_sendq_shrink(&conn->sendq, &net->web.chunks);
	rs_http_open(&net->web.env, hc);
	rs_http_close(&net->web.env, hc, &conn->sendq);
	rs_stage_net_go_on(net, conn);
}

/* False: nobody waits for it any more. */
static bool act_on(struct stage_net *net, const struct tls_job *job)
{
	struct tcp_conn *conn = &net->tcp.conns[job->conn];
	struct tls_link *link = &net->tls.links[job->conn];
	uint32_t n_more = 0;

	if (link->generation != job->generation || !rs_net_tls_has(conn) ||
		conn->state == TCP_CLOSED)
		return false;
	switch ((enum tls_job_kind)job->kind) {
	case TLS_JOB_DATA:
		take_back(link, job);
		queue(net, conn, job);
		n_more = job->len;
		break;
	case TLS_JOB_RETURN:
		take_back(link, job);
		rs_chunk_free(&net->web.chunks, job->chunk);
		break;
	case TLS_JOB_WANT:
		link->n_want = job->n;
		break;
	case TLS_JOB_CLOSE:
		end(net, conn);
		return true;
	case TLS_JOB_ABORT:
		link->has_session = false;
		rs_net_tls_reset(net, conn);
		return true;
	default:
		break;
	}
	go_on(net, conn, false, n_more);
	return true;
}

static void take(struct stage_net *net, const struct tls_job *jobs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!act_on(net, &jobs[i]) && jobs[i].chunk)
			rs_chunk_free(&net->web.chunks, jobs[i].chunk);
	}
}

uint32_t rs_net_tls_take_jobs(struct stage_net *net)
{
	uint32_t n_done = 0;

	for (uint32_t i = 0; i < net->tls.n_cores; i++) {
		struct tls_job jobs[2 * TLS_JOB_BURST];
		uint32_t n = rs_tls_take_jobs(net->tls.from[i], jobs, 2 * TLS_JOB_BURST);

		for (uint32_t k = 0; k < n; k++) {
			rte_prefetch0(&net->tcp.conns[jobs[k].conn]);
			rte_prefetch0(&net->tcp.conns[jobs[k].conn].sendq);
		}
		take(net, jobs, n);
		n_done += n;
	}
	return n_done;
}

void rs_net_tls_flush(struct stage_net *net)
{
	for (uint32_t i = 0; i < net->tls.n_cores; i++)
		rs_tls_outbox_flush(&net->tls.to[i]);
}

void rs_net_tls_drain(struct stage_net *net)
{
	for (uint32_t i = 0; i < net->tls.n_cores; i++) {
		struct tls_job job;

		while (rs_tls_take_jobs(net->tls.from[i], &job, 1)) {
			if (job.chunk)
				rs_chunk_free(&net->web.chunks, job.chunk);
		}
	}
}
