/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buffers for requests that come in pieces: a head that is not complete, or one whose body has to
 * come. There are fewer of them than connections, and a client may take its time; so who has held
 * one for the longest is known, and has to give it up where another is in need (exchange.c).
 * Belongs to one core. It does not allocate: the caller brings the memory. Includes base only.
 */
#ifndef RS_HTTP_HEADS_H
#define RS_HTTP_HEADS_H

#include <stddef.h>
#include <stdint.h>

#include "base/chunk.h"

struct http_conn;

struct http_head_holder {
	struct http_conn *conn;
	uint32_t before, behind; /* by number; 0: nobody */
};

struct http_heads {
	struct chunk_pool pool;
	struct http_head_holder *holders; /* by number; 0 is before the first and behind the last */
};

/* Bytes of memory for n buffers of head_bytes (a multiple of 64) each. */
size_t rs_http_heads_bytes(uint32_t n, uint32_t head_bytes);

/* memory: rs_http_heads_bytes(), 64-byte aligned, owned by the caller and outliving heads. */
void rs_http_heads_init(struct http_heads *heads, void *memory, uint32_t n, uint32_t head_bytes);

/* A buffer's number, or 0: all are taken. */
uint32_t rs_http_heads_take(struct http_heads *heads, struct http_conn *conn);
void rs_http_heads_give(struct http_heads *heads, uint32_t head);

/* Who took his before all others that still have one, or NULL. */
static inline struct http_conn *rs_http_heads_longest(const struct http_heads *heads)
{
	return heads->holders[heads->holders[0].behind].conn;
}

static inline uint8_t *rs_http_heads_data(const struct http_heads *heads, uint32_t head)
{
	return rs_chunk_data(&heads->pool, head);
}

#endif
