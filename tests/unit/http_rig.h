/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One HTTP connection with a peer that acknowledges when told to: for tests and fuzzing of
 * http/exchange.h. Whatever goes in is an exact-size copy on the heap; whatever comes out is
 * collected, and rig_transcript() reads it back as a client would.
 */
#ifndef RS_TESTS_HTTP_RIG_H
#define RS_TESTS_HTTP_RIG_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../app/builtin.h"
#include "http/exchange.h"
#include "http/memo.h"
#include "http/seen.h"
#include "http/text.h"
#include "rig_check.h"

#define RIG_CHUNK_BYTES 2048
#define RIG_DATE        "Sun, 06 Nov 1994 08:49:37 GMT"
#define RIG_GOT_BYTES   65536
#define RIG_HEAD_BYTES  1024 /* of any reply's head, at most */

struct rig {
	struct http_config cfg;
	uint64_t counters[HTTP_N_COUNTERS];
	struct chunk_pool chunks;
	struct http_heads heads;
	void *chunk_memory, *head_memory;
	struct http_memo memo;
	struct http_seen seen;
	struct http_env env;
	struct http_conn hc;
	struct sendq out;
	uint64_t n_got; /* bytes that the peer has, of which got holds the first ones */
	uint8_t got[RIG_GOT_BYTES];
};

static inline void *rig_pool(struct chunk_pool *pool, uint32_t n, uint32_t chunk_bytes)
{
	size_t bytes = (rs_chunk_pool_bytes(n, chunk_bytes) + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, bytes ? bytes : 64);

	rs_chunk_pool_init(pool, memory, n, chunk_bytes);
	return memory;
}

static inline void rig_open(struct rig *rig, uint32_t n_chunks, uint32_t n_heads)
{
	static bool pattern_made;

	if (!pattern_made)
		rs_builtin_init();
	pattern_made = true;
	memset(rig, 0, offsetof(struct rig, got));
	rs_http_config_default(&rig->cfg);
	rig->cfg.handlers = rs_builtin_handlers;
	rig->cfg.n_handlers = BUILTIN_N_HANDLERS;
	rig->chunk_memory = rig_pool(&rig->chunks, n_chunks, RIG_CHUNK_BYTES);
	rig->head_memory = aligned_alloc(64, rs_http_heads_bytes(n_heads, 16384));
	rs_http_heads_init(&rig->heads, rig->head_memory, n_heads, 16384);
	rig->env = (struct http_env){
		.cfg = &rig->cfg,
		.now_us = 1000000,
		.date = RIG_DATE,
		.counters = rig->counters,
		.chunks = &rig->chunks,
		.heads = &rig->heads,
		.memo = &rig->memo,
		.seen = &rig->seen,
	};
	rs_http_open(&rig->env, &rig->hc);
}

/* Another connection, on the same core and in the same second. */
static inline void rig_reopen(struct rig *rig)
{
	rs_http_release(&rig->env, &rig->hc);
	rs_sendq_clear(&rig->out, &rig->chunks);
	rig->n_got = 0;
	rs_http_open(&rig->env, &rig->hc);
}

/* The connection is gone: everything has to be back where it came from. */
static inline void rig_close(struct rig *rig)
{
	rs_http_release(&rig->env, &rig->hc);
	rs_sendq_clear(&rig->out, &rig->chunks);
	rs_http_memo_clear(&rig->env);
	RIG_CHECK(rig->chunks.n_free == rig->chunks.n_total);
	RIG_CHECK(rig->heads.pool.n_free == rig->heads.pool.n_total);
	free(rig->chunk_memory);
	free(rig->head_memory);
}

/* The peer takes up to n bytes. */
static inline void rig_ack(struct rig *rig, uint32_t n)
{
	struct slice spans[SENDQ_SLICES];
	uint32_t n_spans;

	if (n > rig->out.n_bytes)
		n = rig->out.n_bytes;
	if (n == 0)
		return;
	n_spans = rs_sendq_peek(&rig->out, 0, n, spans);
	for (uint32_t i = 0; i < n_spans; i++) {
		if (rig->n_got < RIG_GOT_BYTES) {
			uint64_t room = RIG_GOT_BYTES - rig->n_got;

			memcpy(rig->got + rig->n_got, spans[i].data,
				spans[i].len < room ? spans[i].len : room);
		}
		rig->n_got += spans[i].len;
	}
	rs_sendq_ack(&rig->out, n, &rig->chunks);
	rs_http_writable(&rig->env, &rig->hc, &rig->out);
}

/* One call of rs_http_input(), with what it promises checked. */
static inline uint32_t rig_input(struct rig *rig, const void *data, uint32_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	uint32_t used;

	memcpy(copy, data, len);
	rig->env.foreseen = rs_http_foresee(&rig->env, copy, len);
	used = rs_http_input(&rig->env, &rig->hc, copy, len, &rig->out);
	free(copy);
	RIG_CHECK(used <= len);
	RIG_CHECK(used == len || rig->hc.blocked);
	/* Blocked on an empty queue, it would wait for ever. */
	RIG_CHECK(!rig->hc.blocked || rig->out.n_bytes);
	RIG_CHECK(rig->hc.abort ? !rig->hc.deadline_us : rig->hc.deadline_us > rig->env.now_us);
	return used;
}

/* Feeds all of it; the peer acknowledges everything whenever that is needed to go on. */
static inline void rig_feed(struct rig *rig, const void *data, uint32_t len)
{
	const uint8_t *p = data;

	while (len && !rig->hc.abort) {
		uint32_t used = rig->hc.blocked ? 0 : rig_input(rig, p, len);

		p += used;
		len -= used;
		if (len && !rig->hc.abort)
			rig_ack(rig, UINT32_MAX);
	}
}

static inline void rig_drain(struct rig *rig)
{
	while (rig->out.n_bytes)
		rig_ack(rig, UINT32_MAX);
}

struct rig_reply {
	uint32_t status;
	uint64_t content_length;
	bool has_length, close, keep_alive, has_date;
	char allow[80];
};

static inline const char *rig_line_end(const char *p, const char *end)
{
	for (; p + 1 < end; p++)
		if (p[0] == '\r' && p[1] == '\n')
			return p;
	return NULL;
}

/* Reads one reply's head at p: where it ends, or NULL when it is no good. */
static inline const char *rig_read_head(const char *p, const char *end, struct rig_reply *reply)
{
	*reply = (struct rig_reply){0};
	if (end - p < 13 || memcmp(p, "HTTP/1.1 ", 9) != 0 || p[12] != ' ')
		return NULL;
	reply->status = (uint32_t)strtoul(p + 9, NULL, 10);
	for (;;) {
		const char *eol = rig_line_end(p, end);
		char line[512] = "";

		if (!eol || (size_t)(eol - p) >= sizeof(line))
			return NULL;
		memcpy(line, p, (size_t)(eol - p));
		p = eol + 2;
		if (!line[0])
			return p;
		if (strncmp(line, "Content-Length: ", 16) == 0) {
			reply->has_length = true;
			reply->content_length = strtoull(line + 16, NULL, 10);
		}
		reply->has_date |= strcmp(line, "Date: " RIG_DATE) == 0;
		reply->close |= strcmp(line, "Connection: close") == 0;
		reply->keep_alive |= strcmp(line, "Connection: keep-alive") == 0;
		if (strncmp(line, "Allow: ", 7) == 0)
			snprintf(reply->allow, sizeof(reply->allow), "%.70s", line + 7);
	}
}

/* Did the rig's buffer end within the head at p? */
static inline bool rig_head_is_cut(const struct rig *rig, const char *p)
{
	return rig->n_got >= RIG_GOT_BYTES &&
	       (const char *)rig->got + RIG_GOT_BYTES - p < RIG_HEAD_BYTES;
}

/*
 * What the peer got, one reply a line: status; "h" where the body was left away as for HEAD; the
 * methods of Allow; close or keep-alive; a short text body in quotes. False: it is malformed.
 * No body of ours begins like a reply: so "h" can be told.
 */
static inline bool rig_transcript(const struct rig *rig, char *to, size_t room)
{
	const char *p = (const char *)rig->got;
	const char *end = p + (rig->n_got < RIG_GOT_BYTES ? rig->n_got : RIG_GOT_BYTES);
	size_t n = 0;
	bool closed = false;

	to[0] = 0;
	while (p < end) {
		const char *head = p;
		struct rig_reply reply;
		bool head_only;

		p = rig_read_head(head, end, &reply);
		if (!p && rig_head_is_cut(rig, head))
			return true;
		if (!p || closed || n + 200 > room)
			return false;
		closed = reply.close;
		if (reply.status < 200 || reply.status == 204 || reply.status == 304) {
			if (reply.has_length)
				return false;
		} else if (!reply.has_length || (!reply.has_date && reply.status != 503)) {
			return false;
		}
		head_only = reply.content_length &&
			    (p == end || (end - p >= 9 && memcmp(p, "HTTP/1.1 ", 9) == 0));
		n += (size_t)snprintf(to + n, room - n, "%s%u%s", n ? "\n" : "", reply.status,
			head_only ? "h" : "");
		if (reply.allow[0])
			n += (size_t)snprintf(to + n, room - n, " %s", reply.allow);
		if (reply.close || reply.keep_alive)
			n += (size_t)snprintf(
				to + n, room - n, " %s", reply.close ? "close" : "keep-alive");
		if (head_only)
			continue;
		if (rig->n_got < RIG_GOT_BYTES && reply.content_length > (uint64_t)(end - p))
			return false;
		if (reply.status == 200 && reply.content_length <= 64)
			n += (size_t)snprintf(
				to + n, room - n, " \"%.*s\"", (int)reply.content_length, p);
		p += reply.content_length < (uint64_t)(end - p) ? reply.content_length
								: (uint64_t)(end - p);
	}
	return true;
}

#endif
