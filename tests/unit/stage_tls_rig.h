/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TLS stage between a net core that the rig plays and OpenSSL's clients. The net core keeps the
 * promises of app/tls_job.h and holds the stage to them: every chunk comes back once, nothing is
 * written beyond its end, no more is reported as read than was sent. What clients say waits in
 * their own write BIOs, where a test may add to it. EAL has started; a fault ends the process.
 */
#ifndef RS_TESTS_STAGE_TLS_RIG_H
#define RS_TESTS_STAGE_TLS_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ring.h>

#include "base/carve.h"
#include "builtin.h"
#include "net_tls.h"
#include "stage_tls.h"
#include "tls_rig.h"

#define STAGE_CHUNKS 512
#define STAGE_CONNS  64

/* The net core's side of a connection. */
struct stage_link {
	SSL *client; /* NULL: there is no connection */
	uint16_t generation;
	uint8_t n_in;
	uint8_t n_lent;
	uint8_t n_want;
	uint32_t n_granted; /* ever */
	bool has_session;
	bool has_eof;    /* EOF was sent */
	bool is_closed;  /* CLOSE has come … */
	bool is_aborted; /* … or ABORT */
};

struct stage_options {
	uint32_t capacity;
	uint32_t max_handshakes;
	uint32_t handshakes_per_turn;
	uint32_t n_records;
};

struct stage_rig {
	struct stage_tls *tls;
	struct http_config http;
	struct tls_settings settings;
	struct tls_pair pair;
	struct tls_shared *shared;
	struct rte_ring *to, *from; /* the stage */
	struct tls_outbox box;
	struct chunk_pool chunks;
	void *memory;
	bool is_lent[STAGE_CHUNKS + 1];
	struct stage_link links[STAGE_CONNS];
	uint64_t taken_us[STAGE_CONNS]; /* since when clients have acknowledged all: from the start
					 */
	SSL_CTX *ctx;
	uint32_t piece;     /* at most so many bytes a chunk */
	uint32_t max_grant; /* at most so many empty chunks a turn */
	uint64_t now_us;
};

static inline struct tls_domain *stage_new_domain(struct stage_rig *r)
{
	char why[256];
	struct tls_domain *d = rs_tls_domain_new(r->tls->library, &r->settings, r->shared,
		r->tls->counters, &(struct tls_audience){.why = why, .why_bytes = sizeof(why)});

	RIG_CHECK(d);
	return d;
}

static inline struct rte_ring *stage_new_ring(const char *name)
{
	struct rte_ring *ring = rte_ring_create_elem(name, sizeof(struct tls_job),
		rte_align32pow2(TLS_MAX_JOBS(STAGE_CHUNKS, STAGE_CONNS) + 1), SOCKET_ID_ANY,
		RING_F_SP_ENQ | RING_F_SC_DEQ);

	RIG_CHECK(ring);
	return ring;
}

static inline void stage_begin_with(struct stage_rig *r, struct stage_options o, bool no_lean)
{
	size_t bytes = rs_chunk_pool_bytes(STAGE_CHUNKS, HTTP_CHUNK_BYTES);

	memset(r, 0, sizeof(*r));
	r->now_us = 1000000;
	r->piece = r->max_grant = UINT32_MAX;
	rs_http_config_default(&r->http);
	r->http.handlers = rs_builtin_handlers;
	r->http.n_handlers = BUILTIN_N_HANDLERS;
	r->memory = aligned_alloc(RS_CACHE_LINE, rs_align_line(bytes));
	rs_chunk_pool_init(&r->chunks, r->memory, STAGE_CHUNKS, HTTP_CHUNK_BYTES);
	r->tls = aligned_alloc(RS_CACHE_LINE, rs_align_line(sizeof(*r->tls)));
	RIG_CHECK(rs_stage_tls_init(r->tls,
			  &(struct stage_tls_config){
				  .web = {.http = &r->http, .n_chunks = 256, .n_heads = 8},
				  .n_nets = 1,
				  .max_conns = STAGE_CONNS,
				  .capacity = o.capacity,
				  .max_handshakes = o.max_handshakes,
				  .handshakes_per_turn = o.handshakes_per_turn,
				  .n_records = o.n_records,
				  .socket = SOCKET_ID_ANY,
			  },
			  r->now_us) == 0);
	r->to = r->box.ring = stage_new_ring("to-tls");
	r->from = stage_new_ring("from-tls");
	r->tls->nets[0].from = r->to;
	r->tls->nets[0].to.ring = r->from;
	r->tls->nets[0].chunks = r->chunks.base;
	r->tls->nets[0].chunk_bytes = HTTP_CHUNK_BYTES;
	r->tls->nets[0].taken_us = r->taken_us;
	for (uint32_t i = 0; i < STAGE_CONNS; i++)
		r->taken_us[i] = r->now_us;
	r->settings.n_pairs = 1;
	r->settings.pairs = &r->pair;
	r->settings.pairs[0] = (struct tls_pair){.cert = cert_path, .key = key_path};
	r->settings.ticket_lifetime_s = 100;
	r->settings.no_lean = no_lean;
	r->shared = calloc(1, sizeof(*r->shared));
	RIG_CHECK(rs_tls_tickets_init(&r->shared->tickets) == 0);
	r->tls->library = rs_tls_library_new();
	r->tls->domain = stage_new_domain(r);
	r->ctx = SSL_CTX_new(TLS_client_method());
}

static inline void stage_begin(struct stage_rig *r, struct stage_options o)
{
	stage_begin_with(r, o, false);
}

/* ---- the net core ---- */

static inline void stage_put(
	struct stage_rig *r, uint32_t conn, enum tls_job_kind kind, uint32_t chunk, uint32_t len)
{
	struct stage_link *link = &r->links[conn];
	const struct tls_job job = {
		.conn = conn,
		.chunk = chunk,
		.generation = link->generation,
		.len = (uint16_t)len,
		.kind = (uint8_t)kind,
		.n = kind == TLS_JOB_DATA && !link->has_session,
	};

	rs_tls_outbox_put(&r->box, &job);
}

static inline uint32_t stage_lend(struct stage_rig *r, struct stage_link *link)
{
	uint32_t chunk;

	if (link->n_lent == NET_TLS_MAX_CHUNKS)
		return 0;
	chunk = rs_chunk_alloc(&r->chunks);
	if (!chunk)
		return 0;
	r->is_lent[chunk] = true;
	link->n_lent++;
	return chunk;
}

/* Hands over a chunk of what the client has said. False: nothing, or no room for it. */
static inline bool stage_push_one(struct stage_rig *r, uint32_t conn)
{
	struct stage_link *link = &r->links[conn];
	BIO *said = SSL_get_wbio(link->client);
	uint32_t room = HTTP_CHUNK_BYTES, chunk;
	uint8_t *data;
	int len;

	if (!BIO_pending(said) || link->has_eof || link->n_in == NET_TLS_MAX_IN)
		return false;
	chunk = stage_lend(r, link);
	if (!chunk)
		return false;
	data = rs_chunk_data(&r->chunks, chunk);
	if (!link->has_session) {
		memset(tls_first_key(data, room), 0, sizeof(struct flow_key));
		room -= (uint32_t)sizeof(struct flow_key);
	}
	len = BIO_read(said, data, (int)rs_min_u32(room, r->piece));
	RIG_CHECK(len > 0);
	stage_put(r, conn, TLS_JOB_DATA, chunk, (uint32_t)len);
	link->n_in++;
	link->has_session = true;
	return true;
}

/* The client has closed its side of TCP; what it has said and was not pushed is lost. */
static inline void stage_eof(struct stage_rig *r, uint32_t conn)
{
	r->links[conn].has_eof = true;
	stage_put(r, conn, TLS_JOB_EOF, 0, 0);
}

static inline bool stage_is_up(const struct stage_link *link)
{
	return link->client && !link->is_closed && !link->is_aborted;
}

static inline void stage_push(struct stage_rig *r, uint32_t conn)
{
	struct stage_link *link = &r->links[conn];

	if (!stage_is_up(link))
		return;
	while (stage_push_one(r, conn))
		;
	for (uint32_t n = 0; link->n_want && n < r->max_grant; n++) {
		uint32_t chunk = stage_lend(r, link);

		if (!chunk)
			return;
		link->n_want--;
		link->n_granted++;
		stage_put(r, conn, TLS_JOB_GRANT, chunk, 0);
	}
}

static inline void stage_take_chunk(struct stage_rig *r, const struct tls_job *job)
{
	RIG_CHECK(job->chunk <= STAGE_CHUNKS && r->is_lent[job->chunk]);
	RIG_CHECK(job->kind == TLS_JOB_DATA || job->kind == TLS_JOB_RETURN);
	r->is_lent[job->chunk] = false;
	rs_chunk_free(&r->chunks, job->chunk);
}

static inline void stage_forget(struct stage_link *link)
{
	link->has_session = false;
	link->generation++;
}

static inline void stage_act_on(struct stage_rig *r, const struct tls_job *job)
{
	struct stage_link *link = &r->links[job->conn];
	const uint8_t *data = rs_tls_net_chunk(&r->tls->nets[0], rs_max_u32(job->chunk, 1));

	if (job->chunk)
		stage_take_chunk(r, job);
	if (link->generation != job->generation || !stage_is_up(link))
		return;
	if (job->chunk) {
		RIG_CHECK(job->n <= link->n_in && link->n_lent);
		link->n_in = (uint8_t)(link->n_in - job->n);
		link->n_lent--;
	}
	switch ((enum tls_job_kind)job->kind) {
	case TLS_JOB_DATA:
		RIG_CHECK(job->len && job->len <= HTTP_CHUNK_BYTES);
		BIO_write(SSL_get_rbio(link->client), data, job->len);
		break;
	case TLS_JOB_RETURN:
		break;
	case TLS_JOB_WANT:
		RIG_CHECK(job->n && !link->n_want);
		link->n_want = job->n;
		break;
	case TLS_JOB_CLOSE:
	case TLS_JOB_ABORT:
		link->is_closed = job->kind == TLS_JOB_CLOSE;
		link->is_aborted = !link->is_closed;
		stage_forget(link);
		break;
	default:
		RIG_CHECK(job->kind == TLS_JOB_DATA); /* the others go the other way */
		break;
	}
}

static inline void stage_take(struct stage_rig *r)
{
	struct tls_job job;

	while (rs_tls_take_jobs(r->from, &job, 1))
		stage_act_on(r, &job);
}

/* The stage alone: what it answers stays in its ring. */
static inline void stage_turn_only(struct stage_rig *r, uint64_t us)
{
	rs_tls_outbox_flush(&r->box);
	r->now_us += us;
	rs_stage_tls_turn(r->tls, r->now_us);
}

static inline void stage_turn(struct stage_rig *r, uint64_t us)
{
	for (uint32_t i = 0; i < STAGE_CONNS; i++)
		stage_push(r, i);
	stage_turn_only(r, us);
	stage_take(r);
}

/* The connection is no more. */
static inline void stage_drop(struct stage_rig *r, uint32_t conn)
{
	struct stage_link *link = &r->links[conn];

	if (!link->client)
		return;
	if (link->has_session) {
		stage_put(r, conn, TLS_JOB_GONE, 0, 0);
		stage_forget(link);
	}
	SSL_set_shutdown(link->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(link->client);
	*link = (struct stage_link){.generation = link->generation};
}

/* session: to be resumed, or NULL. */
static inline SSL *stage_connect_again(struct stage_rig *r, uint32_t conn, SSL_SESSION *session)
{
	struct stage_link *link = &r->links[conn];

	RIG_CHECK(!link->client);
	link->client = SSL_new(r->ctx);
	SSL_set_bio(link->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	BIO_set_mem_eof_return(SSL_get_rbio(link->client), -1);
	SSL_set_connect_state(link->client);
	if (session)
		SSL_set_session(link->client, session);
	SSL_do_handshake(link->client);
	return link->client;
}

static inline SSL *stage_connect(struct stage_rig *r, uint32_t conn)
{
	return stage_connect_again(r, conn, NULL);
}

/* All connections go, and all memory comes back: the stage's, and the chunks that were lent to it.
 */
static inline void stage_clear(struct stage_rig *r)
{
	for (uint32_t i = 0; i < STAGE_CONNS; i++)
		stage_drop(r, i);
	rs_tls_outbox_flush(&r->box);
	RIG_CHECK(rs_stage_tls_leaks(r->tls) == 0);
	RIG_CHECK(r->tls->n_handshakes == 0 && r->tls->ready.n == 0 && r->tls->shaking.n == 0);
	RIG_CHECK(r->tls->holders.n == 0 && r->tls->shaking_holders.n == 0);
	stage_take(r);
	for (uint32_t i = 1; i <= STAGE_CHUNKS; i++)
		RIG_CHECK(!r->is_lent[i]);
	RIG_CHECK(r->chunks.n_free == r->chunks.n_total);
	RIG_CHECK(rs_tls_domain_n_sessions(r->tls->domain) == 0);
}

static inline void stage_end(struct stage_rig *r)
{
	stage_clear(r);
	rs_tls_domain_free(r->tls->domain);
	rs_tls_library_free(r->tls->library);
	rs_stage_tls_fini(r->tls);
	SSL_CTX_free(r->ctx);
	rte_ring_free(r->to);
	rte_ring_free(r->from);
	free(r->shared);
	free(r->tls);
	free(r->memory);
}

#endif
