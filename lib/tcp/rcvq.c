/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive queue: bytes that have arrived and that the application has not taken, in order or
 * beyond a gap. A list of chunks sorted by sequence number, never overlapping: what came first
 * stays, later copies fill only the gaps. Its length is bounded by cfg->rcvq_chunks, and all of
 * them together by three quarters of the pool: what peers send must leave room for our answers.
 */
#include <string.h>

#include "tcp/tcp_internal.h"

struct block {
	uint32_t next;  /* chunk, 0: last */
	uint32_t seq;   /* of the first byte kept */
	uint32_t stamp; /* when bytes were last added: how many segments had come by then */
	uint16_t start; /* where that byte stands in data */
	uint16_t len;
	uint8_t data[];
};

static struct block *block_at(const struct tcp *t, uint32_t chunk)
{
	return (struct block *)rs_chunk_data(t->chunks, chunk);
}

static uint32_t block_end(const struct block *b)
{
	return b->seq + b->len;
}

static uint32_t block_room(const struct tcp *t, const struct block *b)
{
	return t->chunks->chunk_bytes - (uint32_t)sizeof(*b) - b->start - b->len;
}

static uint32_t stamp(const struct tcp *t)
{
	return (uint32_t)t->counters[TCP_C_SEGS_IN];
}

static uint32_t later(uint32_t a, uint32_t b)
{
	return rs_seq_gt(a, b) ? a : b;
}

static void block_append(struct block *b, const uint8_t *data, uint32_t len)
{
	memcpy(b->data + b->start + b->len, data, len);
	b->len = (uint16_t)(b->len + len);
}

static bool has_share(const struct tcp *t)
{
	return t->n_rcvq_chunks < t->chunks->n_total - t->chunks->n_total / 4;
}

/* A new block with as much of data as fits, linked at *link. Returns the bytes taken. */
static uint32_t add_block(struct tcp *t, struct tcp_conn *c, uint32_t *link, uint32_t seq,
	const uint8_t *data, uint32_t len)
{
	uint32_t chunk;
	struct block *b;

	if (c->n_rcvq_chunks >= t->cfg->rcvq_chunks) {
		t->counters[TCP_C_DROP_RCVQ_FULL]++;
		return 0;
	}
	chunk = has_share(t) ? rs_chunk_alloc(t->chunks) : 0;
	if (!chunk) {
		t->counters[TCP_C_DROP_RCVQ_NO_CHUNK]++;
		return 0;
	}
	c->n_rcvq_chunks++;
	t->n_rcvq_chunks++;
	b = block_at(t, chunk);
	*b = (struct block){.next = *link, .seq = seq, .stamp = stamp(t)};
	*link = chunk;
	len = rs_min_u32(len, block_room(t, b));
	block_append(b, data, len);
	return len;
}

static void free_block(struct tcp *t, struct tcp_conn *c, uint32_t chunk)
{
	c->n_rcvq_chunks--;
	t->n_rcvq_chunks--;
	rs_chunk_free(t->chunks, chunk);
}

/* Fills one gap: data[0, len) at seq, between *before (may be NULL) and what follows *link. */
static uint32_t fill_gap(struct tcp *t, struct tcp_conn *c, struct block *before, uint32_t **link,
	uint32_t seq, const uint8_t *data, uint32_t len)
{
	uint32_t done = 0;

	if (before && block_end(before) == seq) {
		done = rs_min_u32(len, block_room(t, before));
		block_append(before, data, done);
		before->stamp = stamp(t);
	}
	while (done < len) {
		uint32_t took = add_block(t, c, *link, seq + done, data + done, len - done);

		if (!took)
			break;
		done += took;
		*link = &block_at(t, **link)->next;
	}
	return done;
}

/* Blocks that touch become one where the first has room: small pieces must not use up the chunks.
 */
static void merge(struct tcp *t, struct tcp_conn *c)
{
	uint32_t chunk = c->rcvq;

	while (chunk) {
		struct block *b = block_at(t, chunk);
		struct block *next = b->next ? block_at(t, b->next) : NULL;

		if (next && next->seq == block_end(b) && next->len <= block_room(t, b)) {
			uint32_t emptied = b->next;

			block_append(b, next->data + next->start, next->len);
			b->stamp = later(b->stamp, next->stamp);
			b->next = next->next;
			free_block(t, c, emptied);
			continue;
		}
		chunk = b->next;
	}
}

void rs_tcp_rcvq_insert(
	struct tcp *t, struct tcp_conn *c, uint32_t seq, const uint8_t *data, uint32_t len)
{
	uint32_t *link = &c->rcvq;
	struct block *before = NULL;
	uint32_t pos = 0;

	while (pos < len) {
		struct block *b = *link ? block_at(t, *link) : NULL;
		uint32_t gap;

		if (b && rs_seq_leq(b->seq, seq + pos)) {
			if (rs_seq_gt(block_end(b), seq + pos))
				pos = block_end(b) - seq;
			before = b;
			link = &b->next;
			continue;
		}
		gap = b ? rs_min_u32(len - pos, b->seq - (seq + pos)) : len - pos;
		if (fill_gap(t, c, before, &link, seq + pos, data + pos, gap) < gap)
			break;
		pos += gap;
		before = NULL;
	}
	merge(t, c);
}

struct sack_block rs_tcp_rcvq_overlap(
	const struct tcp *t, const struct tcp_conn *c, uint32_t seq, uint32_t end)
{
	uint32_t chunk = c->rcvq;
	uint32_t last;

	while (chunk && rs_seq_leq(block_end(block_at(t, chunk)), seq))
		chunk = block_at(t, chunk)->next;
	if (chunk && rs_seq_gt(block_at(t, chunk)->seq, seq))
		seq = block_at(t, chunk)->seq;
	if (!chunk || rs_seq_geq(seq, end))
		return (struct sack_block){.start = end, .end = end};
	last = rs_tcp_rcvq_contiguous(t, c, seq);
	return (struct sack_block){.start = seq, .end = rs_seq_lt(last, end) ? last : end};
}

uint32_t rs_tcp_rcvq_contiguous(const struct tcp *t, const struct tcp_conn *c, uint32_t seq)
{
	for (uint32_t chunk = c->rcvq; chunk;) {
		const struct block *b = block_at(t, chunk);

		if (rs_seq_gt(b->seq, seq))
			break;
		if (rs_seq_gt(block_end(b), seq))
			seq = block_end(b);
		chunk = b->next;
	}
	return seq;
}

uint32_t rs_tcp_rcvq_start(const struct tcp *t, const struct tcp_conn *c)
{
	return block_at(t, c->rcvq)->seq;
}

struct span rs_tcp_rcvq_front(const struct tcp *t, const struct tcp_conn *c)
{
	const struct block *b = block_at(t, c->rcvq);

	return (struct span){.data = b->data + b->start, .len = b->len};
}

void rs_tcp_rcvq_pop(struct tcp *t, struct tcp_conn *c, uint32_t n)
{
	uint32_t chunk = c->rcvq;
	struct block *b = block_at(t, chunk);

	b->seq += n;
	b->start = (uint16_t)(b->start + n);
	b->len = (uint16_t)(b->len - n);
	if (b->len)
		return;
	c->rcvq = b->next;
	free_block(t, c, chunk);
}

void rs_tcp_rcvq_truncate(struct tcp *t, struct tcp_conn *c, uint32_t end)
{
	uint32_t *link = &c->rcvq;

	while (*link) {
		uint32_t chunk = *link;
		struct block *b = block_at(t, chunk);

		if (rs_seq_geq(b->seq, end)) {
			*link = b->next;
			free_block(t, c, chunk);
			continue;
		}
		if (rs_seq_gt(block_end(b), end))
			b->len = (uint16_t)(end - b->seq);
		link = &b->next;
	}
}

void rs_tcp_rcvq_clear(struct tcp *t, struct tcp_conn *c)
{
	while (c->rcvq) {
		uint32_t chunk = c->rcvq;

		c->rcvq = block_at(t, chunk)->next;
		free_block(t, c, chunk);
	}
}

/* n of at most max are there, the latest first: r joins them where it finds a place. Returns how
 * many there are now. */
static uint8_t add_range(struct sack_block *blocks, uint32_t *stamps, uint8_t n, uint8_t max,
	struct sack_block r, uint32_t at)
{
	uint8_t i = n;
	uint32_t n_behind;

	while (i && rs_seq_gt(at, stamps[i - 1]))
		i--;
	if (i == max)
		return n;
	n = n < max ? (uint8_t)(n + 1) : max;
	n_behind = n - 1u - i;
	memmove(blocks + i + 1, blocks + i, n_behind * sizeof(*blocks));
	memmove(stamps + i + 1, stamps + i, n_behind * sizeof(*stamps));
	blocks[i] = r;
	stamps[i] = at;
	return n;
}

uint8_t rs_tcp_rcvq_sack(const struct tcp *t, const struct tcp_conn *c, uint32_t recent,
	struct sack_block *blocks, uint8_t max)
{
	uint32_t stamps[TCP_MAX_SACK_BLOCKS];
	uint32_t chunk = c->rcvq;
	uint8_t n = 0;

	while (chunk) {
		const struct block *b = block_at(t, chunk);
		struct sack_block range = {.start = b->seq, .end = block_end(b)};
		uint32_t at = b->stamp;

		for (chunk = b->next; chunk && block_at(t, chunk)->seq == range.end;) {
			b = block_at(t, chunk);
			range.end = block_end(b);
			at = later(at, b->stamp);
			chunk = b->next;
		}
		if (rs_seq_leq(range.start, c->rcv_nxt))
			continue;
		if (rs_seq_leq(range.start, recent) && rs_seq_lt(recent, range.end))
			at = stamp(t) + 1;
		n = add_range(blocks, stamps, n, max, range, at);
	}
	return n;
}
