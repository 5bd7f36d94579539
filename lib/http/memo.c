/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/memo.h"

#include <string.h>

#include "base/bytes.h"
#include "base/csum.h"
#include "http/conditional.h"
#include "http/reply.h"

/* What a reply depends on, in bytes that its reader owns or in a buffer of their own. */
struct key {
	struct span text;
	uint64_t hash; /* before entry_of(): the method and the version */
};

/*
 * Of one text, each seed has a hash of its own, as no step loses anything: so what the seed says
 * needs no comparing. Who chooses keys that meet in one entry gains nothing but misses.
 */
static uint64_t hash_of(struct span text, uint64_t seed)
{
	uint64_t hash = seed, word = 0;
	uint32_t i;

	for (i = 0; i + 8 <= text.len; i += 8) {
		memcpy(&word, text.data + i, 8);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	if (rs_likely(text.len >= 8))
		memcpy(&word, text.data + text.len - 8, 8);
	for (; text.len < 8 && i < text.len; i++)
		word = word << 8 | text.data[i];
	return (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
}

_Static_assert(HTTP_N_FIELDS <= ' ', "no byte of a path: it ends where the first field begins");

/* The values of these fields in the order in which they came, each with what it is before it. 0:
 * there is no room. Not inlined: most requests have none. */
static __attribute__((noinline)) uint32_t write_fields(
	const struct http_req *req, uint32_t fields, uint8_t *to, uint32_t room)
{
	const struct http_field *f = rs_http_field(req, 0), *end = f + req->n_fields;
	const uint8_t *values = req->head + req->fields_at;
	uint32_t n = 0;

	for (; f < end; f++) {
		if (!(fields & 1u << f->id))
			continue;
		if (f->value_len + 3u > room - n)
			return 0;
		to[n] = f->id;
		memcpy(to + n + 1, &f->value_len, 2);
		memcpy(to + n + 3, values + f->value, f->value_len);
		n += 3u + f->value_len;
	}
	return n;
}

/* False: the reply to such a request is not for everybody who asks the same, or it is asked for at
 * too great a length. */
static bool make_key(const struct http_env *env, const struct http_req *req,
	uint8_t buffer[HTTP_MEMO_KEY_BYTES], struct key *key)
{
	uint32_t fields = req->known & (HTTP_CONDITION_FIELDS | env->cfg->varying_fields);
	uint32_t path_len = req->path.len, n;

	if ((req->method != HTTP_GET && req->method != HTTP_HEAD) ||
		req->form != HTTP_ORIGIN_FORM || req->framing != HTTP_NO_BODY ||
		path_len > HTTP_MEMO_KEY_BYTES)
		return false;
	key->text = req->path;
	key->hash = (uint64_t)req->method << 1 | req->minor_version;
	if (rs_likely(!fields))
		return true;
	memcpy(buffer, req->path.data, path_len);
	n = write_fields(req, fields, buffer + path_len, HTTP_MEMO_KEY_BYTES - path_len);
	key->text = (struct span){.data = buffer, .len = path_len + n};
	return n != 0;
}

static struct http_memo_entry *entry_of(
	struct http_memo *memo, struct key *key, enum http_connection connection)
{
	key->hash = hash_of(key->text, key->hash << 2 | connection);
	return &memo->entries[key->hash >> (64 - HTTP_MEMO_BITS)];
}

/* In the chunk. */
static uint8_t *key_behind(const struct http_env *env, const struct http_kept *reply)
{
	return rs_chunk_data(env->chunks, reply->chunk) + reply->len +
	       (reply->flags & KEPT_ELSEWHERE ? sizeof(struct http_kept_body) : 0);
}

static const struct http_memo_entry *find(
	struct http_env *env, struct key *key, enum http_connection connection)
{
	const struct http_memo_entry *e = entry_of(env->memo, key, connection);

	if (e->key_hash != key->hash || e->key_len != key->text.len ||
		!rs_http_kept_is_good(env, &e->reply) ||
		memcmp(key_behind(env, &e->reply), key->text.data, key->text.len) != 0)
		return NULL;
	return e;
}

bool rs_http_memo_reply(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	uint8_t buffer[HTTP_MEMO_KEY_BYTES];
	const struct http_memo_entry *e;
	struct key key;
	bool conn_closes;

	if (!env->memo || !make_key(env, req, buffer, &key))
		return false;
	conn_closes = rs_http_conn_closes(env, hc);
	e = find(env, &key, rs_http_say_connection(req, conn_closes || !req->keep_alive));
	if (!e)
		return false;
	if (rs_likely(rs_sendq_empty(out))) {
		rs_http_kept_share(env, &e->reply, out);
		if (!conn_closes) /* whether this reply closes is all the request's doing */
			rs_http_verbatim_keep(env, req, &e->reply);
	} else if (!rs_http_kept_copy(env, &e->reply, out)) {
		return false;
	}
	rs_http_kept_account(env, hc, &e->reply);
	if (rs_unlikely(env->log != NULL))
		rs_http_kept_follow(env, hc, &e->reply, rs_http_asked(req));
	return true;
}

/* Up to and with the empty line. */
static uint32_t head_bytes(struct span reply)
{
	const uint8_t *end = memmem(reply.data, reply.len, "\r\n\r\n", 4);

	return end ? (uint32_t)(end - reply.data) + 4 : reply.len;
}

/* Three digits behind HTTP/1.1. */
static uint16_t status_of(struct span reply)
{
	const uint8_t *digits = reply.data + 9;

	return (uint16_t)(digits[0] * 100 + digits[1] * 10 + digits[2] - '0' * 111);
}

/* Without the 103 that may go ahead. */
static struct span final_reply(struct span queued)
{
	uint32_t skipped = status_of(queued) == 103 ? head_bytes(queued) : 0;

	return (struct span){.data = queued.data + skipped, .len = queued.len - skipped};
}

/* Of these nothing is said that the key does not have; a redirect repeats the query. */
static bool may_be_kept(uint16_t status)
{
	return status == 200 || status == 206 || status == 304 || status == 404;
}

/* What is left of it stands elsewhere, in one piece. */
static bool is_elsewhere(const struct http_conn *hc)
{
	return hc->lasting && !hc->parts;
}

/* Is there a reply in out, alone in its chunk, with room for what comes behind it? It is whole, or
 * its body stands elsewhere. */
static bool stands_alone(const struct http_env *env, const struct http_conn *hc,
	const struct sendq *out, uint32_t key_len)
{
	const struct slice *reply = &out->slices[out->head];
	uint32_t room = rs_min_u32(env->chunks->chunk_bytes, UINT16_MAX);

	return out->n == 1 && !out->head_skip && reply->chunk &&
	       (!hc->reply_left || is_elsewhere(hc)) &&
	       reply->data == rs_chunk_data(env->chunks, reply->chunk) &&
	       !rs_chunk_is_shared(env->chunks, reply->chunk) &&
	       reply->len + sizeof(struct http_kept_body) + key_len <= room;
}

/* Are buffers plenty, or is one given back for the one that is kept? */
static bool is_affordable(const struct chunk_pool *pool, const struct http_kept *place)
{
	return pool->n_free > pool->n_total / 2 ||
	       (place->chunk && !rs_chunk_is_shared(pool, place->chunk));
}

void rs_http_memo_keep(struct http_env *env, const struct http_conn *hc, const struct http_req *req,
	const struct sendq *out)
{
	const struct slice *queued = &out->slices[out->head];
	enum http_connection connection = rs_http_say_connection(req, hc->last);
	uint8_t buffer[HTTP_MEMO_KEY_BYTES];
	struct http_kept_body body;
	struct http_memo_entry *e;
	struct span reply;
	struct http_kept kept;
	struct key key;
	uint16_t status;

	if (!env->memo || !env->cfg->handlers[hc->handler].repeatable ||
		!make_key(env, req, buffer, &key) || !stands_alone(env, hc, out, key.text.len))
		return;
	reply = final_reply((struct span){.data = queued->data, .len = queued->len});
	status = status_of(reply);
	e = entry_of(env->memo, &key, connection);
	if (!may_be_kept(status) || !is_affordable(env->chunks, &e->reply))
		return;
	kept = (struct http_kept){
		.chunk = queued->chunk,
		.date_no = env->date_no,
		.len = (uint16_t)queued->len,
		.body_len = (uint16_t)(reply.len - head_bytes(reply)),
		.sum = rs_csum_fold16(rs_csum_add(0, queued->data, queued->len)),
		.status = status,
		.connection = (uint8_t)connection,
		.counter = (uint8_t)rs_http_class_counter(status),
		.flags = (uint8_t)((status == 404 ? KEPT_NOT_FOUND : 0) |
				   (reply.len != queued->len ? KEPT_HINTED : 0) |
				   (is_elsewhere(hc) ? KEPT_ELSEWHERE : 0)),
	};
	body = (struct http_kept_body){hc->lasting, hc->reply_left, hc->owner};
	if (kept.flags & KEPT_ELSEWHERE)
		memcpy(rs_chunk_data(env->chunks, kept.chunk) + kept.len, &body, sizeof(body));
	memcpy(key_behind(env, &kept), key.text.data, key.text.len);
	rs_http_kept_replace(env, &e->reply, &kept);
	e->key_len = (uint16_t)key.text.len;
	e->key_hash = key.hash;
}

void rs_http_memo_clear(struct http_env *env)
{
	if (!env->memo)
		return;
	for (uint32_t i = 0; i < HTTP_MEMO_ENTRIES; i++)
		rs_http_kept_drop(env, &env->memo->entries[i].reply);
	rs_http_verbatim_clear(env);
}
