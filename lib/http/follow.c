/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/follow.h"

#include "base/bytes.h"

/* In a chunk while its reply is followed. */
struct note {
	uint64_t body_bytes;
	uint64_t left; /* bytes of the reply, its head among them, that are not acknowledged */
	_Alignas(RS_CACHE_LINE) uint8_t record[HTTP_LOG_RECORD_BYTES];
};

static struct note *note_of(const struct http_env *env, const struct http_conn *hc)
{
	return (struct note *)(void *)rs_chunk_data(env->chunks, hc->followed);
}

static void end(struct http_env *env, struct http_conn *hc, enum http_log_end how, uint64_t n_sent)
{
	env->log->end(env->log->self, env, note_of(env, hc)->record, how, n_sent);
	rs_chunk_free(env->chunks, hc->followed);
	hc->followed = 0;
}

/* hc->begun_us has the lower 32 bits: a request that takes longer than 71 minutes seems to take so
 * many less. */
static uint64_t begun_us(const struct http_env *env, const struct http_conn *hc)
{
	return hc->begun ? env->now_us - ((uint32_t)env->now_us - hc->begun_us) : env->now_us;
}

static uint32_t chunk_to_follow(struct http_env *env)
{
	struct chunk_pool *pool = env->chunks;

	if (pool->n_free <= pool->n_total / 2 || pool->chunk_bytes < sizeof(struct note))
		return 0;
	return rs_chunk_alloc(pool);
}

void rs_http_follow_begin(struct http_env *env, struct http_conn *hc, struct http_asked asked,
	uint16_t status, uint64_t body_bytes)
{
	const struct http_log *log = env->log;
	const struct http_logged what = {
		.asked = &asked,
		.begun_us = begun_us(env, hc),
		.body_bytes = body_bytes,
		.status = status,
		.reused = hc->n_requests > 0,
		.kept = !hc->last,
	};
	struct note here, *note = &here;
	uint32_t chunk;

	hc->begun = false;
	if (hc->followed)
		end(env, hc, HTTP_LOG_UNKNOWN, note_of(env, hc)->body_bytes);
	chunk = hc->reply_left ? chunk_to_follow(env) : 0;
	if (chunk)
		note = (struct note *)(void *)rs_chunk_data(env->chunks, chunk);
	if (!log->begin(log->self, env, &what, note->record)) {
		if (chunk)
			rs_chunk_free(env->chunks, chunk);
		return;
	}
	if (chunk) {
		note->body_bytes = note->left = body_bytes;
		hc->followed = chunk;
		return;
	}
	log->end(log->self, env, note->record, hc->reply_left ? HTTP_LOG_UNKNOWN : HTTP_LOG_WHOLE,
		body_bytes);
}

void rs_http_follow_go_on(struct http_env *env, struct http_conn *hc, uint64_t left)
{
	struct note *note = note_of(env, hc);

	note->left = left;
	if (!left)
		end(env, hc, HTTP_LOG_WHOLE, note->body_bytes);
}

void rs_http_follow_abort(struct http_env *env, struct http_conn *hc)
{
	const struct note *note = note_of(env, hc);

	end(env, hc, HTTP_LOG_ABORTED, note->body_bytes - rs_min_u64(note->left, note->body_bytes));
}
