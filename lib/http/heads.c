/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/heads.h"

#include "base/carve.h"

static size_t holders_bytes(uint32_t n)
{
	return ((size_t)n + 1) * sizeof(struct http_head_holder);
}

size_t rs_http_heads_bytes(uint32_t n, uint32_t head_bytes)
{
	return rs_align_line(rs_chunk_pool_bytes(n, head_bytes)) + rs_align_line(holders_bytes(n));
}

void rs_http_heads_init(struct http_heads *heads, void *memory, uint32_t n, uint32_t head_bytes)
{
	uint8_t *m = memory;

	rs_chunk_pool_init(
		&heads->pool, rs_carve(&m, rs_chunk_pool_bytes(n, head_bytes)), n, head_bytes);
	heads->holders = rs_carve(&m, holders_bytes(n));
	heads->holders[0] = (struct http_head_holder){0};
}

uint32_t rs_http_heads_take(struct http_heads *heads, struct http_conn *conn)
{
	uint32_t head = rs_chunk_alloc(&heads->pool);
	struct http_head_holder *h = heads->holders;

	if (!head)
		return 0;
	h[head] = (struct http_head_holder){.conn = conn, .before = h[0].before};
	h[h[0].before].behind = head;
	h[0].before = head;
	return head;
}

void rs_http_heads_give(struct http_heads *heads, uint32_t head)
{
	struct http_head_holder *h = heads->holders;

	h[h[head].before].behind = h[head].behind;
	h[h[head].behind].before = h[head].before;
	rs_chunk_free(&heads->pool, head);
}
