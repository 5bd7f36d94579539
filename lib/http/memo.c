/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/memo.h"

#include <string.h>

#include "base/bytes.h"
#include "base/csum.h"
#include "http/conditional.h"
#include "http/follow.h"
#include "http/reply.h"

/* Is the reply to such a request the same for everybody who asks for the path, with any query? */
static bool is_plain(const struct http_env *env, const struct http_req *req)
{
	return req->method == HTTP_GET && req->form == HTTP_ORIGIN_FORM &&
	       !(req->known & (HTTP_CONDITION_FIELDS | env->cfg->varying_fields)) &&
	       req->framing == HTTP_NO_BODY && req->path.len <= HTTP_MEMO_KEY_BYTES;
}

/* The first and the last eight bytes of a path, which are all of it up to 16. */
static void ends_of(struct span path, uint64_t *first, uint64_t *last)
{
	if (rs_likely(path.len >= 8)) {
		memcpy(first, path.data, 8);
		memcpy(last, path.data + path.len - 8, 8);
		return;
	}
	*first = *last = 0;
	for (uint32_t i = 0; i < path.len; i++)
		*first = *first << 8 | path.data[i];
}

/* Who chooses paths that meet in one entry gains nothing but misses. */
static struct http_memo_entry *entry_of(struct http_memo *memo, uint64_t first, uint64_t last,
	uint32_t len, enum http_connection connection)
{
	first = (first ^ (len << 2 | connection)) * UINT64_C(0x9e3779b97f4a7c15);
	last = (last ^ first >> 32) * UINT64_C(0xff51afd7ed558ccd);
	/* The upper bits: those that the last byte of a path, which tells most of them apart,
	 * changes. */
	return &memo->entries[(first ^ last) >> (64 - HTTP_MEMO_BITS)];
}

static struct http_memo_entry *find(
	struct http_memo *memo, struct span path, enum http_connection connection)
{
	uint64_t first, last;
	struct http_memo_entry *e;

	ends_of(path, &first, &last);
	e = entry_of(memo, first, last, path.len, connection);
	if (!e->reply.chunk || e->reply.connection != connection || e->key_len != path.len ||
		e->first != first || e->last != last ||
		(path.len > 16 && memcmp(e->middle, path.data + 8, path.len - 16) != 0))
		return NULL;
	return e;
}

bool rs_http_memo_reply(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	const struct http_memo_entry *e;
	bool conn_closes;

	if (!env->memo || !is_plain(env, req))
		return false;
	conn_closes = rs_http_conn_closes(env, hc);
	e = find(
		env->memo, req->path, rs_http_say_connection(req, conn_closes || !req->keep_alive));
	if (!e || !rs_http_kept_is_good(env, &e->reply))
		return false;
	if (rs_likely(rs_sendq_empty(out))) {
		rs_http_kept_share(env, &e->reply, out);
		if (!conn_closes) /* whether this reply closes is all the request's doing */
			rs_http_verbatim_keep(env, req->head, req->head_bytes, &e->reply);
	} else { /* pipelined replies stand close together */
		uint8_t *to = rs_sendq_reserve(out, env->chunks, e->reply.len);

		if (!to)
			return false;
		memcpy(to, rs_chunk_data(env->chunks, e->reply.chunk), e->reply.len);
		rs_sendq_commit(out, e->reply.len, env->chunks);
	}
	rs_http_kept_account(env, hc, &e->reply);
	if (rs_unlikely(env->log != NULL))
		rs_http_follow_begin(env, hc, req, 200, e->reply.body_len);
	return true;
}

/* Up to and with the empty line. */
static uint32_t head_bytes(const struct slice *reply)
{
	const uint8_t *end = memmem(reply->data, reply->len, "\r\n\r\n", 4);

	return end ? (uint32_t)(end - reply->data) + 4 : reply->len;
}

void rs_http_memo_keep(struct http_env *env, const struct http_conn *hc, const struct http_req *req,
	const struct sendq *out)
{
	const struct slice *reply = &out->slices[out->head];
	struct chunk_pool *pool = env->chunks;
	struct http_memo_entry *e;
	enum http_connection connection = rs_http_say_connection(req, hc->last);
	struct http_kept kept;
	uint64_t first, last;

	if (!env->memo || !env->cfg->handlers[hc->handler].repeatable || !is_plain(env, req))
		return;
	/* Whole, and alone in its chunk; a status of three digits stands behind HTTP/1.1. */
	if (out->n != 1 || out->head_skip || !reply->chunk || hc->reply_left ||
		reply->data != rs_chunk_data(pool, reply->chunk) ||
		memcmp(reply->data + 9, "200", 3) != 0 || pool->n_free <= pool->n_total / 2)
		return;
	ends_of(req->path, &first, &last);
	e = entry_of(env->memo, first, last, req->path.len, connection);
	kept = (struct http_kept){
		.chunk = reply->chunk,
		.len = reply->len,
		.body_len = reply->len - head_bytes(reply),
		.date_no = env->date_no,
		.sum = rs_csum_fold16(rs_csum_add(0, reply->data, reply->len)),
		.connection = (uint8_t)connection,
	};
	rs_http_kept_replace(env, &e->reply, &kept);
	e->key_len = (uint8_t)req->path.len;
	e->first = first;
	e->last = last;
	if (req->path.len > 16)
		memcpy(e->middle, req->path.data + 8, req->path.len - 16);
}

void rs_http_memo_clear(struct http_env *env)
{
	if (!env->memo)
		return;
	for (uint32_t i = 0; i < HTTP_MEMO_ENTRIES; i++)
		rs_http_kept_drop(env, &env->memo->entries[i].reply);
	rs_http_verbatim_clear(env);
}
