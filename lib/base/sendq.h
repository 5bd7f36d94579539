/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a connection still has to send or have acknowledged: a short queue of slices.
 *
 * A slice points to bytes that do not change until it is acknowledged. They are either static for
 * the life of the process (chunk == 0) or stand in one chunk that the slice owns, perhaps with
 * others, and frees when the last byte is acknowledged. Nothing is copied for retransmission: any
 * range of the queue can be read again with rs_sendq_peek().
 *
 * A few slices stand in the queue itself. For many small pieces the ring of them grows into a
 * chunk, for TLS with rs_sendq_push_more() or before, with rs_sendq_grow(), for others with
 * rs_sendq_make_room(); it goes back when the queue is empty.
 *
 * Belongs to one core. Includes base only.
 */
#ifndef RS_BASE_SENDQ_H
#define RS_BASE_SENDQ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/chunk.h"
#include "base/span.h"

struct slice {
	const uint8_t *data;
	uint32_t len;
	uint32_t chunk; /* the chunk that the slice owns, or 0 */
};

#define SENDQ_SLICES 3   /* in the queue itself; also the most spans of a segment */
#define SENDQ_GROWN  128 /* in a chunk */
/*
 * No slice is queued beyond: TCP tells before from after by half of all sequence numbers (RFC 9293
 * section 3.4). What is written into chunks has room from here to there.
 */
#define SENDQ_MAX_BYTES (3u << 29)

/* All zero is empty, and an empty one begins at slot 0. */
struct sendq {
	/* A ring: n of them from head. When it has grown, slices[0] is the chunk where it is. */
	struct slice slices[SENDQ_SLICES];
	uint32_t n_bytes;   /* queued and not yet acknowledged */
	uint32_t head_skip; /* bytes of the first slice that are acknowledged */
	uint8_t head;
	uint8_t n;
	bool grown;
	bool stays_grown; /* when it is empty, too */
	uint16_t sum;     /* checksum of the first slice, folded; 0: not known */
};

static inline uint32_t rs_sendq_capacity(const struct sendq *q)
{
	return __builtin_expect(q->grown, 0) ? SENDQ_GROWN : SENDQ_SLICES;
}

/* How many slices more it takes. */
static inline uint32_t rs_sendq_room(const struct sendq *q)
{
	return rs_sendq_capacity(q) - q->n;
}

static inline bool rs_sendq_full(const struct sendq *q)
{
	return q->n >= SENDQ_SLICES && !rs_sendq_room(q);
}

static inline bool rs_sendq_empty(const struct sendq *q)
{
	return q->n == 0;
}

/* The youngest slice, or NULL. */
struct slice *rs_sendq_last(struct sendq *q);

/* Appends len bytes at data; the queue owns chunk from now on. False (nothing taken) when full, or
 * when it would become too long. len > 0. */
bool rs_sendq_push(struct sendq *q, const uint8_t *data, uint32_t len, uint32_t chunk);

/*
 * The same, for up to SENDQ_GROWN slices: pool->chunk_bytes has room for so many. False also when
 * the pool is empty. Where the bytes fit behind the youngest slice, in a chunk that nobody shares,
 * they are copied there and chunk is freed, so that few slices hold much.
 */
bool rs_sendq_push_more(struct sendq *q, struct chunk_pool *pool, const uint8_t *data, uint32_t len,
	uint32_t chunk);

/*
 * What rs_sendq_push_more() may have to do, done before: the pool can be as empty as it likes from
 * now on, until rs_sendq_shrink(). False: it is empty now.
 */
bool rs_sendq_grow(struct sendq *q, struct chunk_pool *pool);

/* What rs_sendq_make_room() does where it has to. */
bool rs_sendq_widen(struct sendq *q, struct chunk_pool *pool);

/*
 * Room for n slices more, up to SENDQ_SLICES. The ring of a queue that is full of little, as of the
 * replies to who pipelines, grows for them, where the pool has enough for more to be of use. False:
 * there is none.
 */
static inline bool rs_sendq_make_room(struct sendq *q, struct chunk_pool *pool, uint32_t n)
{
	return __builtin_expect(q->n + n <= SENDQ_SLICES, 1) || rs_sendq_room(q) >= n ||
	       rs_sendq_widen(q, pool);
}

/* The ring goes back when the queue is empty, which may be now. Harmless if it has not grown. */
void rs_sendq_shrink(struct sendq *q, struct chunk_pool *pool);

/* The same as rs_sendq_push() for an empty queue and a slice whose folded checksum is known (0: it
 * is not). */
void rs_sendq_push_summed(
	struct sendq *q, const uint8_t *data, uint32_t len, uint32_t chunk, uint16_t sum);

/* The folded checksum of the bytes [offset, offset + len) where it is known, else 0. */
static inline uint16_t rs_sendq_sum(const struct sendq *q, uint32_t offset, uint32_t len)
{
	if (q->grown || offset + q->head_skip || len != q->slices[q->head].len)
		return 0;
	return q->sum;
}

/*
 * Room to write up to want bytes contiguously at the end of the queue: the rest of the youngest
 * slice's chunk, or a new chunk. NULL when neither is to be had (queue full, pool empty, or want
 * larger than a chunk; also when less than a quarter of the pool is free and the queue holds
 * something already, or when it has grown by its ration). What is written counts only after
 * rs_sendq_commit() with the bytes used.
 */
uint8_t *rs_sendq_reserve(struct sendq *q, struct chunk_pool *pool, uint32_t want);
void rs_sendq_commit(struct sendq *q, uint32_t used, struct chunk_pool *pool);

/* Forgets the first n bytes (n <= n_bytes): they are acknowledged. Their chunks are freed. */
void rs_sendq_ack(struct sendq *q, uint32_t n, struct chunk_pool *pool);

/*
 * The bytes [offset, offset + len) as up to SENDQ_SLICES spans, each with the chunk that its slice
 * owns. Returns how many spans were written; they cover fewer than len bytes where the queue ends,
 * or where a grown queue has more and smaller slices than that: see rs_sendq_cover().
 */
uint32_t rs_sendq_peek(const struct sendq *q, uint32_t offset, uint32_t len, struct slice *spans);

/* How many of the bytes [offset, offset + len) the spans of one rs_sendq_peek() cover. */
uint32_t rs_sendq_cover(const struct sendq *q, uint32_t offset, uint32_t len);

/* Frees everything. */
void rs_sendq_clear(struct sendq *q, struct chunk_pool *pool);

#endif
