/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What passes between a net core, which has the TCP of a connection, and a TLS core, which has its
 * TLS and its HTTP: jobs of 16 bytes, over two rings of one producer and one consumer each.
 *
 * Ciphertext travels in chunks of the net core's pool, both ways. The net core lends them: full
 * ones with what has come, empty ones (GRANT) when the TLS core has asked for them (WANT); the TLS
 * core gives each of them back, with ciphertext to send (DATA) or without (RETURN). So a TLS core
 * never holds more of a connection's memory than the net core allows, a slow one narrows the TCP
 * window, and what was acknowledged is never dropped.
 *
 * Who sends a job for a connection that has died meanwhile cannot know it: the generation tells,
 * and the receiver takes no more than the chunk from it.
 *
 * A ring has room for all jobs that can be under way: one for each chunk of the pool, and a few
 * without a chunk for each connection. Includes core and DPDK.
 */
#ifndef RS_APP_TLS_JOB_H
#define RS_APP_TLS_JOB_H

#include <stdint.h>

#include <rte_debug.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "wire/seg.h"

enum tls_job_kind {
	/* From net to TLS. */
	TLS_JOB_DATA,  /* chunk: ciphertext; n: 1 in the first, which opens the session */
	TLS_JOB_GRANT, /* chunk: empty, to be written to */
	TLS_JOB_EOF,   /* the client has closed its side of TCP */
	TLS_JOB_GONE,  /* the connection is no more */
	/* From TLS to net: DATA, too; and */
	TLS_JOB_RETURN, /* chunk: not needed any more */
	TLS_JOB_WANT,   /* n empty chunks are needed, all told */
	TLS_JOB_CLOSE,  /* FIN behind what is queued; the session has ended */
	TLS_JOB_ABORT,  /* RST; the session has ended */
};

struct tls_job {
	uint32_t conn;       /* the net core's number of it */
	uint32_t chunk;      /* of the net core's pool, 0: none */
	uint16_t generation; /* of conn */
	uint16_t len;        /* DATA: how many bytes of the chunk */
	uint8_t kind;        /* enum tls_job_kind */
	uint8_t n; /* WANT: how many; DATA and RETURN to net: chunks read since the last */
};

_Static_assert(sizeof(struct tls_job) == 16, "the ring copies whole vectors");

/* The first chunk of a connection has its flow key at its end. */
static inline uint8_t *tls_first_key(uint8_t *chunk, uint32_t chunk_bytes)
{
	return chunk + chunk_bytes - sizeof(struct flow_key);
}

/*
 * The most jobs that can be under way between one net core and one TLS core, in one direction. A
 * connection adds two without a chunk, EOF and GONE, or WANT and CLOSE; another one in its place
 * begins with a chunk.
 */
#define TLS_MAX_JOBS(n_chunks, max_conns) (3 * (n_chunks) + 2 * (max_conns))

/* How many jobs are collected before they go into the ring at once. */
#define TLS_JOB_BURST 32

/* One end that writes: it collects, and hands over by the burst. */
struct tls_outbox {
	struct rte_ring *ring;
	uint32_t n;
	struct tls_job jobs[TLS_JOB_BURST];
};

/* The ring is never full: see above. */
static inline void rs_tls_outbox_flush(struct tls_outbox *box)
{
	if (!box->n)
		return;
	RTE_VERIFY(rte_ring_sp_enqueue_bulk_elem(
			   box->ring, box->jobs, sizeof(box->jobs[0]), box->n, NULL) == box->n);
	box->n = 0;
}

static inline void rs_tls_outbox_put(struct tls_outbox *box, const struct tls_job *job)
{
	box->jobs[box->n++] = *job;
	if (box->n == TLS_JOB_BURST)
		rs_tls_outbox_flush(box);
}

static inline uint32_t rs_tls_take_jobs(struct rte_ring *ring, struct tls_job *jobs, uint32_t max)
{
	return rte_ring_sc_dequeue_burst_elem(ring, jobs, sizeof(jobs[0]), max, NULL);
}

#endif
