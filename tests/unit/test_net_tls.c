/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net core's side of TLS connections, with a TLS core that the test plays: which jobs come, and
 * what becomes of those that are sent. No TLS is spoken; any bytes will do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "stage_rig.h"
#include "wire/tcp_parse.h"

#define RING_JOBS 1024
#define PORT      1000

struct tls_rig {
	struct rig r;
	struct rte_ring *to, *from;
	struct tls_outbox box; /* the test's, to the net core */
	uint32_t seq, ack;     /* of the peer */
};

static struct rte_ring *new_ring(const char *name)
{
	struct rte_ring *ring = rte_ring_create_elem(name, sizeof(struct tls_job), RING_JOBS,
		SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);

	assert_non_null(ring);
	return ring;
}

static void turn(struct tls_rig *t, uint64_t us)
{
	rs_tls_outbox_flush(&t->box);
	t->r.now_us += us;
	rs_stage_net_turn(t->r.net, t->r.now_us);
}

static void say(struct tls_rig *t, uint8_t flags, const char *text)
{
	rig_put(&t->r, PORT, t->seq, t->ack, flags, text);
	t->seq += rs_tcp_seq_len((uint32_t)strlen(text), flags);
	turn(t, 100);
}

static struct tcp_seg heard(struct tls_rig *t, uint32_t i)
{
	struct rte_mbuf *m = t->r.sent[i];
	struct tcp_seg seg;
	struct pkt pkt;

	assert_int_equal(
		rs_wire_parse(&t->r.peer, rte_pktmbuf_mtod(m, uint8_t *), m->data_len, 0, &pkt),
		WIRE_OK);
	assert_int_equal(rs_wire_parse_tcp(&pkt, &seg), WIRE_OK);
	return seg;
}

/* A SYN, and its answer. */
static void knock_at(struct tls_rig *t, uint32_t max_conns)
{
	memset(t, 0, sizeof(*t));
	rig_init_with(&t->r, false, false, max_conns, 1);
	t->r.net->tls.to[0].ring = t->to = new_ring("to-tls");
	t->r.net->tls.from[0] = t->from = t->box.ring = new_ring("from-tls");
	t->seq = 500;
	say(t, TCP_SYN, "");
	t->ack = heard(t, 0).seq + 1;
	rig_drop_sent(&t->r);
}

static void knock(struct tls_rig *t)
{
	knock_at(t, 8);
}

static void begin(struct tls_rig *t)
{
	knock(t);
	say(t, TCP_ACK, "");
}

static void end(struct tls_rig *t)
{
	rs_tls_outbox_flush(&t->box);
	rig_fini(&t->r);
	rte_ring_free(t->to);
	rte_ring_free(t->from);
}

/* The next job for the TLS core; kind and length are what is expected of it. */
static struct tls_job expect(struct tls_rig *t, enum tls_job_kind kind, uint32_t len)
{
	struct tls_job job = {.kind = UINT8_MAX};

	assert_int_equal(rs_tls_take_jobs(t->to, &job, 1), 1);
	assert_int_equal(job.kind, kind);
	assert_int_equal(job.len, len);
	return job;
}

static void expect_nothing(struct tls_rig *t)
{
	assert_true(rte_ring_empty(t->to));
}

static uint8_t *bytes_of(struct tls_rig *t, const struct tls_job *job)
{
	return rs_chunk_data(&t->r.net->web.chunks, job->chunk);
}

static void answer(struct tls_rig *t, struct tls_job job, enum tls_job_kind kind, uint32_t n_read)
{
	job.kind = (uint8_t)kind;
	job.n = (uint8_t)n_read;
	rs_tls_outbox_put(&t->box, &job);
}

static void bytes_go_there_and_back(void **state)
{
	struct tls_rig t;
	struct tls_job job;
	struct flow_key key;
	struct tcp_seg seg;

	(void)state;
	begin(&t);
	expect_nothing(&t);
	say(&t, TCP_ACK | TCP_PSH, "hello");
	job = expect(&t, TLS_JOB_DATA, 5);
	assert_int_equal(job.n, 1); /* the first opens the session, and says who it is */
	assert_memory_equal(bytes_of(&t, &job), "hello", 5);
	memcpy(&key, tls_first_key(bytes_of(&t, &job), HTTP_CHUNK_BYTES), sizeof(key));
	assert_int_equal(key.remote_port, PORT);
	rig_drop_sent(&t.r);
	memcpy(bytes_of(&t, &job), "HELLO!", 6);
	job.len = 6;
	answer(&t, job, TLS_JOB_DATA, 1);
	turn(&t, 100);
	assert_int_equal(t.r.n_sent, 1);
	seg = heard(&t, 0);
	assert_int_equal(seg.len, 6);
	assert_memory_equal(seg.data, "HELLO!", 6);
	t.ack = seg.seq + 6;
	say(&t, TCP_ACK | TCP_PSH, "again");
	job = expect(&t, TLS_JOB_DATA, 5);
	assert_int_equal(job.n, 0);
	answer(&t, job, TLS_JOB_RETURN, 1);
	answer(&t, (struct tls_job){.conn = job.conn, .generation = job.generation}, TLS_JOB_CLOSE,
		0);
	rig_drop_sent(&t.r);
	turn(&t, 100);
	assert_true(heard(&t, t.r.n_sent - 1).flags & TCP_FIN);
	expect_nothing(&t);
	end(&t);
}

static void what_outlives_its_connection_is_only_a_chunk(void **state)
{
	struct tls_rig t;
	struct tls_job data, gone;
	uint32_t n_free;

	(void)state;
	begin(&t);
	n_free = t.r.net->web.chunks.n_free;
	say(&t, TCP_ACK | TCP_PSH, "hello");
	data = expect(&t, TLS_JOB_DATA, 5);
	say(&t, TCP_RST, "");
	gone = expect(&t, TLS_JOB_GONE, 0);
	assert_int_equal(gone.generation, data.generation);
	rig_drop_sent(&t.r);
	/* The TLS core did not know yet. */
	answer(&t, data, TLS_JOB_DATA, 1);
	answer(&t, (struct tls_job){.conn = data.conn, .generation = data.generation}, TLS_JOB_WANT,
		10);
	answer(&t, (struct tls_job){.conn = data.conn, .generation = data.generation},
		TLS_JOB_ABORT, 0);
	turn(&t, 100);
	assert_int_equal(t.r.n_sent, 0);
	assert_int_equal(t.r.net->web.chunks.n_free, n_free);
	expect_nothing(&t);
	end(&t);
}

/* A TLS core that does not read holds a few chunks; then the window closes, and nothing is lost. */
static void a_slow_core_narrows_the_window(void **state)
{
	struct tls_rig t;
	struct tls_job jobs[NET_TLS_MAX_IN];
	char text[101] = "";
	uint32_t n_more = 5;

	(void)state;
	begin(&t);
	for (uint32_t i = 0; i < NET_TLS_MAX_IN + n_more; i++) {
		memset(text, 'a' + (int)i, 100);
		say(&t, TCP_ACK | TCP_PSH, text);
	}
	for (uint32_t i = 0; i < NET_TLS_MAX_IN; i++)
		jobs[i] = expect(&t, TLS_JOB_DATA, 100);
	expect_nothing(&t);
	for (uint32_t i = 0; i < NET_TLS_MAX_IN; i++)
		answer(&t, jobs[i], TLS_JOB_RETURN, 1);
	turn(&t, 100);
	for (uint32_t got = 0; got < n_more * 100;) {
		struct tls_job job;

		assert_int_equal(rs_tls_take_jobs(t.to, &job, 1), 1);
		for (uint32_t i = 0; i < job.len; i++, got++)
			assert_int_equal(
				bytes_of(&t, &job)[i], 'a' + NET_TLS_MAX_IN + (int)(got / 100));
		answer(&t, job, TLS_JOB_RETURN, 1);
	}
	expect_nothing(&t);
	end(&t);
}

/* The session's beginning: a word of the client's, whose chunk the TLS core keeps. */
static struct tls_job hear_at(struct tls_rig *t, uint32_t max_conns)
{
	knock_at(t, max_conns);
	say(t, TCP_ACK, "");
	say(t, TCP_ACK | TCP_PSH, "hello");
	return expect(t, TLS_JOB_DATA, 5);
}

static struct tls_job hear(struct tls_rig *t)
{
	return hear_at(t, 8);
}

/* As much ciphertext as n full chunks hold: the next part of a record of any length. */
static void write_chunks(struct tls_rig *t, struct tls_job job, uint32_t n)
{
	job.n = 0;
	answer(t, (struct tls_job){.conn = job.conn, .generation = job.generation}, TLS_JOB_WANT,
		n);
	turn(t, 100);
	while (n--) {
		struct tls_job full = expect(t, TLS_JOB_GRANT, 0);

		full.len = HTTP_CHUNK_BYTES;
		answer(t, full, TLS_JOB_DATA, 0);
	}
	turn(t, 100);
}

/* The client acknowledges n more bytes. */
static void take(struct tls_rig *t, uint32_t n)
{
	rig_drop_sent(&t->r);
	t->ack += n;
	say(t, TCP_ACK, "");
	rig_drop_sent(&t->r);
}

/*
 * Whoever is there first, and does not read, gets a part of what is free: of what is above a
 * quarter of the pool no more than one in a hundred, or so. The rest is for others.
 */
static void credit_is_a_part_of_what_is_free(void **state)
{
	struct tls_rig t;
	struct chunk_pool *pool;
	struct tls_job job, granted[NET_TLS_MAX_CHUNKS];
	uint32_t taken[4096], n_taken = 0, n = 0, n_left;

	(void)state;
	job = hear_at(&t, 1500);
	pool = &t.r.net->web.chunks;
	answer(&t, job, TLS_JOB_RETURN, 1);
	answer(&t, (struct tls_job){.conn = job.conn, .generation = job.generation}, TLS_JOB_WANT,
		100);
	turn(&t, 100);
	for (; rs_tls_take_jobs(t.to, &granted[n], 1); n++)
		assert_int_equal(granted[n].kind, TLS_JOB_GRANT);
	assert_in_range(n, 8, pool->n_total * 3 / 4 / 100);
	for (uint32_t i = 0; i < n; i++) {
		granted[i].len = HTTP_CHUNK_BYTES;
		answer(&t, granted[i], TLS_JOB_DATA, 0);
	}
	/* Others take half of what is left, so that it may have half as many. */
	n_left = (pool->n_free - pool->n_total / 4) / 2;
	while (n_taken < n_left)
		taken[n_taken++] = rs_chunk_alloc(pool);
	turn(&t, 100);
	rig_drop_sent(&t.r);
	expect_nothing(&t);
	/* The first window is acknowledged bit by bit: it need not be all before there is more. */
	for (uint32_t i = 0; i < 6 && rte_ring_empty(t.to); i++)
		take(&t, HTTP_CHUNK_BYTES);
	expect_nothing(&t);
	for (uint32_t i = 0; i < 6 && rte_ring_empty(t.to); i++)
		take(&t, HTTP_CHUNK_BYTES);
	assert_int_not_equal(t.r.net->tcp.conns[job.conn].sendq.n, 0);
	answer(&t, expect(&t, TLS_JOB_GRANT, 0), TLS_JOB_RETURN, 0);
	while (n_taken)
		rs_chunk_free(pool, taken[--n_taken]);
	end(&t);
}

/* In the last quarter a connection gets one chunk, and then none until it has nothing queued. */
static void credit_is_one_chunk_where_few_are_left(void **state)
{
	struct tls_rig t;
	struct chunk_pool *pool;
	uint32_t taken[256], n_taken = 0;
	struct tls_job job;

	(void)state;
	job = hear(&t);
	pool = &t.r.net->web.chunks;
	while (pool->n_free > pool->n_total / 4)
		taken[n_taken++] = rs_chunk_alloc(pool);
	answer(&t, job, TLS_JOB_RETURN, 1);
	answer(&t, (struct tls_job){.conn = job.conn, .generation = job.generation}, TLS_JOB_WANT,
		3);
	for (uint32_t i = 0; i < 3; i++) {
		turn(&t, 100);
		job = expect(&t, TLS_JOB_GRANT, 0);
		expect_nothing(&t);
		job.len = 100;
		answer(&t, job, TLS_JOB_DATA, 0);
		turn(&t, 100);
		expect_nothing(&t);
		take(&t, 100);
	}
	expect_nothing(&t);
	while (n_taken)
		rs_chunk_free(pool, taken[--n_taken]);
	end(&t);
}

/* Empty chunks: no more than the send queue can take back full, be there ever so many; and a
 * client's bytes wait as long as all of them are lent. */
static void credit_is_bounded(void **state)
{
	struct tls_rig t;
	struct tls_job first, granted[NET_TLS_MAX_CHUNKS];

	(void)state;
	first = hear_at(&t, 11000);
	answer(&t, (struct tls_job){.conn = first.conn, .generation = first.generation},
		TLS_JOB_WANT, NET_TLS_MAX_CHUNKS);
	turn(&t, 100);
	for (uint32_t i = 1; i < NET_TLS_MAX_CHUNKS; i++)
		granted[i] = expect(&t, TLS_JOB_GRANT, 0);
	expect_nothing(&t);
	say(&t, TCP_ACK | TCP_PSH, "again");
	expect_nothing(&t);
	answer(&t, first, TLS_JOB_RETURN, 1);
	turn(&t, 100);
	granted[0] = expect(&t, TLS_JOB_DATA, 5);
	expect_nothing(&t);
	for (uint32_t i = 0; i < NET_TLS_MAX_CHUNKS; i++)
		answer(&t, granted[i], TLS_JOB_RETURN, i == 0);
	answer(&t, (struct tls_job){.conn = first.conn, .generation = first.generation},
		TLS_JOB_ABORT, 0);
	turn(&t, 100);
	answer(&t, expect(&t, TLS_JOB_GRANT, 0), TLS_JOB_RETURN,
		0); /* the last one that it wanted */
	turn(&t, 100);
	expect_nothing(&t);
	end(&t);
}

/* With no buffer to be had, a client that has spoken waits; it is not taken for a silent one. */
static void a_client_waits_for_a_buffer(void **state)
{
	struct tls_rig t;
	struct chunk_pool *pool;
	uint32_t taken[256], n = 0;
	struct tls_job job;

	(void)state;
	begin(&t);
	pool = &t.r.net->web.chunks;
	while (pool->n_free)
		taken[n++] = rs_chunk_alloc(pool);
	say(&t, TCP_ACK | TCP_PSH, "hello");
	for (uint32_t i = 0; i < 50; i++)
		turn(&t, 2000);
	expect_nothing(&t);
	assert_int_equal(t.r.net->tcp.n_conns, 1);
	assert_int_equal(t.r.net->counters[NET_C_TLS_SILENT], 0);
	assert_true(t.r.net->counters[NET_C_TLS_NO_CHUNK] > 0);
	while (n)
		rs_chunk_free(pool, taken[--n]);
	t.seq -= 5; /* it was not acknowledged, so it comes again */
	say(&t, TCP_ACK | TCP_PSH, "hello");
	job = expect(&t, TLS_JOB_DATA, 5);
	assert_memory_equal(bytes_of(&t, &job), "hello", 5);
	answer(&t, job, TLS_JOB_RETURN, 1);
	end(&t);
}

/* What is left of the pool; the caller has room for all of it. */
static uint32_t take_all(struct chunk_pool *pool, uint32_t *taken)
{
	uint32_t n = 0;

	while (pool->n_free)
		taken[n++] = rs_chunk_alloc(pool);
	return n;
}

/* A TLS core that wants room to write gets it when there is some again, and not before. */
static void credit_waits_for_a_buffer(void **state)
{
	struct tls_rig t;
	struct chunk_pool *pool;
	uint32_t taken[256], n;
	struct tls_job job;

	(void)state;
	begin(&t);
	pool = &t.r.net->web.chunks;
	say(&t, TCP_ACK | TCP_PSH, "hello");
	job = expect(&t, TLS_JOB_DATA, 5);
	answer(&t, job, TLS_JOB_RETURN, 1);
	turn(&t, 100);
	n = take_all(pool, taken);
	answer(&t, (struct tls_job){.conn = job.conn, .generation = job.generation}, TLS_JOB_WANT,
		1);
	turn(&t, 2000);
	expect_nothing(&t);
	assert_int_equal(t.r.net->counters[NET_C_TLS_NO_CHUNK], 1);
	while (n)
		rs_chunk_free(pool, taken[--n]);
	for (uint32_t i = 0; i < 5; i++)
		turn(&t, 2000);
	answer(&t, expect(&t, TLS_JOB_GRANT, 0), TLS_JOB_RETURN, 0);
	end(&t);
}

static void want(struct tls_rig *t, struct tls_job job, uint32_t n)
{
	answer(t, (struct tls_job){.conn = job.conn, .generation = job.generation}, TLS_JOB_WANT,
		n);
	turn(t, 100);
}

/* All that was lent comes back full after others have emptied the pool: there is a place for it. */
static void a_full_queue_needs_no_buffer(void **state)
{
	struct tls_rig t;
	struct chunk_pool *pool;
	uint32_t taken[1024], n, n_free;
	struct tls_job job, granted[SENDQ_SLICES + 2];

	(void)state;
	job = hear_at(&t, 400);
	pool = &t.r.net->web.chunks;
	n_free = pool->n_free + 1;
	answer(&t, job, TLS_JOB_RETURN, 1);
	want(&t, job, SENDQ_SLICES + 2);
	for (uint32_t i = 0; i < SENDQ_SLICES + 2; i++) {
		granted[i] = expect(&t, TLS_JOB_GRANT, 0);
		memset(bytes_of(&t, &granted[i]), 'a' + (int)i, HTTP_CHUNK_BYTES);
		granted[i].len = HTTP_CHUNK_BYTES;
	}
	expect_nothing(&t);
	n = take_all(pool, taken);
	rig_drop_sent(&t.r);
	/* The first is acknowledged before the others come: the place stays. */
	answer(&t, granted[0], TLS_JOB_DATA, 0);
	turn(&t, 100);
	take(&t, HTTP_CHUNK_BYTES);
	n += take_all(pool, taken + n);
	for (uint32_t i = 1; i < SENDQ_SLICES + 2; i++)
		answer(&t, granted[i], TLS_JOB_DATA, 0);
	want(&t, job, 3);
	expect_nothing(&t);
	for (uint32_t i = 0; i < t.r.n_sent; i++) {
		struct tcp_seg seg = heard(&t, i);

		assert_false(seg.flags & TCP_RST);
		for (uint32_t k = 0; k < seg.len; k++)
			assert_int_equal(seg.data[k],
				'a' + (int)((seg.seq + k - t.ack) / HTTP_CHUNK_BYTES + 1));
	}
	take(&t, (SENDQ_SLICES + 1) * HTTP_CHUNK_BYTES);
	for (uint32_t i = 0; i < 3; i++) {
		answer(&t, expect(&t, TLS_JOB_GRANT, 0), TLS_JOB_RETURN, 0);
		turn(&t, 100);
	}
	while (n)
		rs_chunk_free(pool, taken[--n]);
	assert_int_equal(pool->n_free, n_free); /* what the queue had grown into, too */
	end(&t);
}

/* Where the queue cannot grow no more is lent than it holds. Then bytes of the client's wait. */
static void a_queue_that_cannot_grow_is_waited_for(void **state)
{
	struct tls_rig t;
	struct chunk_pool *pool;
	uint32_t taken[256], n;
	struct tls_job job, lent[SENDQ_SLICES];

	(void)state;
	job = hear(&t);
	pool = &t.r.net->web.chunks;
	lent[0] = job;
	for (uint32_t i = 1; i < SENDQ_SLICES; i++) {
		say(&t, TCP_ACK | TCP_PSH, "more");
		lent[i] = expect(&t, TLS_JOB_DATA, 4);
	}
	n = take_all(pool, taken);
	rs_chunk_free(pool, taken[--n]); /* what TCP keeps these in */
	say(&t, TCP_ACK | TCP_PSH, "last");
	expect_nothing(&t);
	for (uint32_t i = 0; i < SENDQ_SLICES; i++) {
		lent[i].len = HTTP_CHUNK_BYTES;
		answer(&t, lent[i], TLS_JOB_DATA, 1);
	}
	turn(&t, 100);
	assert_int_equal(t.r.net->tcp.n_conns, 1);
	expect_nothing(&t);
	take(&t, SENDQ_SLICES * HTTP_CHUNK_BYTES);
	job = expect(&t, TLS_JOB_DATA, 4);
	assert_memory_equal(bytes_of(&t, &job), "last", 4);
	answer(&t, job, TLS_JOB_RETURN, 1);
	turn(&t, 100);
	while (n)
		rs_chunk_free(pool, taken[--n]);
	end(&t);
}

/* Requests that the TLS core has no room to answer, and so does not read, are no room. */
static void what_is_not_read_is_no_credit(void **state)
{
	struct tls_rig t;
	struct chunk_pool *pool;
	uint32_t taken[256], n = 0;
	struct tls_job job;

	(void)state;
	job = hear(&t);
	pool = &t.r.net->web.chunks;
	while (pool->n_free > pool->n_total / 4)
		taken[n++] = rs_chunk_alloc(pool);
	want(&t, job, 1);
	answer(&t, expect(&t, TLS_JOB_GRANT, 0), TLS_JOB_RETURN, 0);
	turn(&t, 100);
	n += take_all(pool, taken + n);
	want(&t, job, 1);
	expect_nothing(&t);
	while (n)
		rs_chunk_free(pool, taken[--n]);
	for (uint32_t i = 0; i < 5; i++)
		turn(&t, 2000);
	answer(&t, expect(&t, TLS_JOB_GRANT, 0), TLS_JOB_RETURN, 0);
	answer(&t, job, TLS_JOB_RETURN, 1);
	end(&t);
}

/* In steps of a second, so that no retransmission is late, nor more of them than the rig holds. */
static void wait_for(struct tls_rig *t, uint64_t us)
{
	for (uint64_t waited = 0; waited < us; waited += 1000000) {
		turn(t, rs_min_u64(us - waited, 1000000));
		rig_drop_sent(&t->r);
	}
}

/* --write-timeout: 4096 bytes in each such time, be the record that they are of ever so long. */
static void a_slow_reader_is_let_alone(void **state)
{
	struct tls_rig t;
	struct tls_job job, gone;

	(void)state;
	job = hear_at(&t, 2000);
	write_chunks(&t, job, 12);
	for (uint32_t i = 0; i < 2; i++) { /* of what fits into the first window */
		wait_for(&t, t.r.http.write_timeout_us / 2);
		take(&t, 4096);
		wait_for(&t, t.r.http.write_timeout_us / 2 + WHEEL_TICK_US);
		assert_int_equal(t.r.net->tcp.n_conns, 1);
	}
	take(&t, 4095);
	wait_for(&t, t.r.http.write_timeout_us + WHEEL_TICK_US);
	assert_int_equal(t.r.net->tcp.n_conns, 0);
	assert_int_equal(t.r.net->web.counters[HTTP_C_WRITE_TIMEOUT], 1);
	gone = expect(&t, TLS_JOB_GONE, 0);
	assert_int_equal(gone.generation, job.generation);
	answer(&t, job, TLS_JOB_RETURN, 1);
	turn(&t, 100);
	end(&t);
}

/* Who has taken all is not a slow reader. */
static void a_reader_of_all_is_let_alone(void **state)
{
	struct tls_rig t;
	struct tls_job job;

	(void)state;
	job = hear_at(&t, 2000);
	write_chunks(&t, job, 1);
	take(&t, HTTP_CHUNK_BYTES);
	wait_for(&t, 10 * t.r.http.write_timeout_us);
	assert_int_equal(t.r.net->tcp.n_conns, 1);
	expect_nothing(&t);
	answer(&t, job, TLS_JOB_RETURN, 1);
	end(&t);
}

/* A TLS core that waits for a chunk, with nothing on its way, does so no longer than a reader. */
static void a_buffer_is_not_waited_for_without_end(void **state)
{
	struct tls_rig t;
	struct chunk_pool *pool;
	uint32_t taken[256], n;
	struct tls_job job;

	(void)state;
	job = hear(&t);
	pool = &t.r.net->web.chunks;
	answer(&t, job, TLS_JOB_RETURN, 1);
	turn(&t, 100);
	n = take_all(pool, taken);
	answer(&t, (struct tls_job){.conn = job.conn, .generation = job.generation}, TLS_JOB_WANT,
		1);
	wait_for(&t, t.r.http.write_timeout_us - 1000000);
	assert_int_equal(t.r.net->tcp.n_conns, 1);
	wait_for(&t, 3000000);
	assert_int_equal(t.r.net->tcp.n_conns, 0);
	assert_int_equal(t.r.net->web.counters[HTTP_C_REPLY_TIMEOUT], 1);
	expect(&t, TLS_JOB_GONE, 0);
	while (n)
		rs_chunk_free(pool, taken[--n]);
	end(&t);
}

/* What TLS cores are told: since when a client has all. */
static void a_client_has_all_when_it_has_acknowledged_all(void **state)
{
	const uint64_t *taken_us;
	struct tls_job job;
	struct tls_rig t;
	uint64_t us;

	(void)state;
	job = hear_at(&t, 2000);
	taken_us = &t.r.net->tls.taken_us[job.conn];
	assert_in_range(*taken_us, 1, t.r.now_us);
	write_chunks(&t, job, 2);
	assert_int_equal(*taken_us, 0);
	take(&t, 2 * HTTP_CHUNK_BYTES - 1);
	assert_int_equal(*taken_us, 0);
	take(&t, 1);
	us = t.r.now_us;
	assert_int_equal(*taken_us, us);
	say(&t, TCP_ACK | TCP_PSH, "again");
	assert_int_equal(*taken_us, us);
	answer(&t, job, TLS_JOB_RETURN, 1);
	answer(&t, expect(&t, TLS_JOB_DATA, 5), TLS_JOB_RETURN, 1);
	turn(&t, 100);
	end(&t);
}

/* A segment that brings nothing does not make a waiting client a silent one. */
static void a_waiting_client_may_repeat_itself(void **state)
{
	struct tls_rig t;
	struct chunk_pool *pool;
	uint32_t taken[256], n;

	(void)state;
	begin(&t);
	pool = &t.r.net->web.chunks;
	n = take_all(pool, taken);
	say(&t, TCP_ACK | TCP_PSH, "hello");
	t.seq -= 5; /* there was no room to keep it */
	say(&t, TCP_ACK, "");
	wait_for(&t, t.r.http.header_timeout_us / 2);
	assert_int_equal(t.r.net->tcp.n_conns, 1);
	wait_for(&t, t.r.http.header_timeout_us);
	assert_int_equal(t.r.net->tcp.n_conns, 0);
	assert_int_equal(t.r.net->counters[NET_C_TLS_SILENT], 1);
	while (n)
		rs_chunk_free(pool, taken[--n]);
	end(&t);
}

static void silence_ends(void **state)
{
	struct tls_rig t;

	(void)state;
	begin(&t);
	turn(&t, t.r.http.header_timeout_us / 2);
	assert_int_equal(t.r.net->tcp.n_conns, 1);
	for (uint32_t i = 0; i < 20; i++)
		turn(&t, t.r.http.header_timeout_us / 10);
	assert_int_equal(t.r.net->tcp.n_conns, 0);
	assert_int_equal(t.r.net->counters[NET_C_TLS_SILENT], 1);
	expect_nothing(&t);
	end(&t);
}

/* Nobody waits for long for who has not said anything; who has is left to the TLS core. */
static void silence_does_not_hold_up_the_end(void **state)
{
	struct tls_rig t;
	struct tls_job job;

	(void)state;
	begin(&t);
	t.r.http.drain = HTTP_DRAINS;
	turn(&t, 100);
	assert_int_equal(t.r.net->tcp.n_conns, 1);
	t.r.http.drain = HTTP_DRAINS_SILENT;
	turn(&t, 100);
	assert_int_equal(t.r.net->tcp.n_conns, 0);
	assert_int_equal(t.r.net->counters[NET_C_TLS_SILENT], 1);
	assert_true(heard(&t, t.r.n_sent - 1).flags & TCP_RST);
	expect_nothing(&t);
	rig_drop_sent(&t.r);
	end(&t);

	begin(&t);
	say(&t, TCP_ACK | TCP_PSH, "hello");
	job = expect(&t, TLS_JOB_DATA, 5);
	t.r.http.drain = HTTP_DRAINS_SILENT;
	turn(&t, 100);
	assert_int_equal(t.r.net->tcp.n_conns, 1);
	expect_nothing(&t);
	answer(&t, job, TLS_JOB_RETURN, 1);
	end(&t);
}

/* The SYN came before, the rest of the handshake while the process drains. */
static void nobody_opens_silently_while_draining(void **state)
{
	struct tls_rig t;
	struct tls_job job;

	(void)state;
	for (uint32_t speaks = 0; speaks < 2; speaks++) {
		knock(&t);
		t.r.http.drain = HTTP_DRAINS_SILENT;
		turn(&t, 100);
		assert_int_equal(t.r.net->tcp.n_conns, 1);
		rig_drop_sent(&t.r);
		say(&t, TCP_ACK, speaks ? "hello" : "");
		assert_int_equal(t.r.net->tcp.n_conns, speaks);
		assert_int_equal(t.r.net->counters[NET_C_TLS_SILENT], !speaks);
		if (speaks) {
			job = expect(&t, TLS_JOB_DATA, 5);
			answer(&t, job, TLS_JOB_RETURN, 1);
		} else {
			expect_nothing(&t);
		}
		end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_there_and_back),
		cmocka_unit_test(what_outlives_its_connection_is_only_a_chunk),
		cmocka_unit_test(a_slow_core_narrows_the_window),
		cmocka_unit_test(credit_is_a_part_of_what_is_free),
		cmocka_unit_test(credit_is_one_chunk_where_few_are_left),
		cmocka_unit_test(credit_is_bounded),
		cmocka_unit_test(a_client_waits_for_a_buffer),
		cmocka_unit_test(credit_waits_for_a_buffer),
		cmocka_unit_test(a_full_queue_needs_no_buffer),
		cmocka_unit_test(a_queue_that_cannot_grow_is_waited_for),
		cmocka_unit_test(what_is_not_read_is_no_credit),
		cmocka_unit_test(a_slow_reader_is_let_alone),
		cmocka_unit_test(a_reader_of_all_is_let_alone),
		cmocka_unit_test(a_buffer_is_not_waited_for_without_end),
		cmocka_unit_test(a_client_has_all_when_it_has_acknowledged_all),
		cmocka_unit_test(a_waiting_client_may_repeat_itself),
		cmocka_unit_test(silence_ends),
		cmocka_unit_test(silence_does_not_hold_up_the_end),
		cmocka_unit_test(nobody_opens_silently_while_draining),
	};

	rig_start("net-tls");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
