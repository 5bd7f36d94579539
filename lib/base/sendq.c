/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/sendq.h"

#include <stddef.h>

static uint8_t slot(const struct sendq *q, uint32_t i)
{
	uint32_t k = q->head + i;

	return (uint8_t)(k >= SENDQ_SLICES ? k - SENDQ_SLICES : k);
}

struct slice *rs_sendq_last(struct sendq *q)
{
	return q->n ? &q->slices[slot(q, q->n - 1u)] : NULL;
}

bool rs_sendq_push(struct sendq *q, const uint8_t *data, uint32_t len, uint32_t chunk)
{
	if (rs_sendq_full(q))
		return false;
	q->slices[slot(q, q->n++)] = (struct slice){.data = data, .len = len, .chunk = chunk};
	q->n_bytes += len;
	return true;
}

void rs_sendq_push_summed(
	struct sendq *q, const uint8_t *data, uint32_t len, uint32_t chunk, uint16_t sum)
{
	q->summed = q->head;
	q->sum = sum;
	rs_sendq_push(q, data, len, chunk);
}

uint8_t *rs_sendq_reserve(struct sendq *q, struct chunk_pool *pool, uint32_t want)
{
	const struct slice *last = rs_sendq_last(q);
	uint32_t chunk;

	if (last && last->chunk && !rs_chunk_is_shared(pool, last->chunk)) {
		uint8_t *base = rs_chunk_data(pool, last->chunk);
		uint32_t used = (uint32_t)(last->data - base) + last->len;

		if (pool->chunk_bytes - used >= want)
			return base + used;
	}
	if (rs_sendq_full(q) || want > pool->chunk_bytes)
		return NULL;
	/* When the pool runs low each connection gets one chunk: who does not read leaves the
	 * others some. */
	if (q->n && pool->n_free < pool->n_total / 4)
		return NULL;
	chunk = rs_chunk_alloc(pool);
	if (!chunk)
		return NULL;
	rs_sendq_push(q, rs_chunk_data(pool, chunk), 0, chunk);
	return rs_chunk_data(pool, chunk);
}

void rs_sendq_commit(struct sendq *q, uint32_t used, struct chunk_pool *pool)
{
	struct slice *last = rs_sendq_last(q);

	last->len += used;
	q->n_bytes += used;
	if (last->len == 0) {
		rs_chunk_free(pool, last->chunk);
		q->n--;
	}
}

void rs_sendq_ack(struct sendq *q, uint32_t n, struct chunk_pool *pool)
{
	q->n_bytes -= n;
	n += q->head_skip;
	while (q->n && n >= q->slices[q->head].len) {
		n -= q->slices[q->head].len;
		if (q->slices[q->head].chunk)
			rs_chunk_free(pool, q->slices[q->head].chunk);
		if (q->head == q->summed)
			q->sum = 0;
		q->head = slot(q, 1);
		q->n--;
	}
	q->head_skip = n;
}

uint32_t rs_sendq_peek(const struct sendq *q, uint32_t offset, uint32_t len, struct span *spans)
{
	uint32_t n = 0;

	offset += q->head_skip;
	for (uint32_t i = 0; i < q->n && len; i++) {
		const struct slice *s = &q->slices[slot(q, i)];
		uint32_t take;

		if (offset >= s->len) {
			offset -= s->len;
			continue;
		}
		take = s->len - offset < len ? s->len - offset : len;
		spans[n++] = (struct span){.data = s->data + offset, .len = take};
		len -= take;
		offset = 0;
	}
	return n;
}

void rs_sendq_clear(struct sendq *q, struct chunk_pool *pool)
{
	for (uint32_t i = 0; i < q->n; i++) {
		const struct slice *s = &q->slices[slot(q, i)];

		if (s->chunk)
			rs_chunk_free(pool, s->chunk);
	}
	*q = (struct sendq){0};
}
