/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/kept.h"

#include <string.h>

#include "http/follow.h"
#include "http/lasting.h"

struct http_kept_body rs_http_kept_body(const struct http_env *env, const struct http_kept *kept)
{
	struct http_kept_body body;

	memcpy(&body, rs_chunk_data(env->chunks, kept->chunk) + kept->len, sizeof(body));
	return body;
}

bool rs_http_kept_copy(struct http_env *env, const struct http_kept *kept, struct sendq *out)
{
	uint8_t *to = rs_sendq_reserve(out, env->chunks, kept->len);

	if (!to)
		return false;
	memcpy(to, rs_chunk_data(env->chunks, kept->chunk), kept->len);
	rs_sendq_commit(out, kept->len, env->chunks);
	return true;
}

void rs_http_kept_flagged(struct http_env *env, struct http_conn *hc, const struct http_kept *kept)
{
	if (kept->flags & KEPT_NOT_FOUND)
		env->counters[HTTP_C_NOT_FOUND]++;
	if (kept->flags & KEPT_HINTED)
		env->counters[HTTP_C_REPLIES_1XX]++;
	if (kept->flags & KEPT_ELSEWHERE) {
		struct http_kept_body body = rs_http_kept_body(env, kept);

		hc->reply_left = body.len;
		rs_http_lasting_begin_at(env, hc, body.data, body.owner);
	}
}

void rs_http_kept_follow(struct http_env *env, struct http_conn *hc, const struct http_kept *kept,
	struct http_asked asked)
{
	uint64_t body_bytes = kept->flags & KEPT_ELSEWHERE ? hc->reply_left : kept->body_len;

	rs_http_follow_begin(env, hc, asked, kept->status, body_bytes);
}

/* Of the body of kept, or 0. */
static uint32_t owner_of(const struct http_env *env, const struct http_kept *kept)
{
	return kept->flags & KEPT_ELSEWHERE ? rs_http_kept_body(env, kept).owner : 0;
}

void rs_http_kept_replace(
	struct http_env *env, struct http_kept *place, const struct http_kept *reply)
{
	uint32_t owner = owner_of(env, reply);

	rs_http_kept_drop(env, place);
	*place = *reply;
	rs_chunk_share(env->chunks, place->chunk);
	if (owner)
		rs_chunk_share(env->chunks, owner);
}

void rs_http_kept_drop(struct http_env *env, struct http_kept *place)
{
	uint32_t owner;

	if (!place->chunk)
		return;
	owner = owner_of(env, place);
	rs_chunk_free(env->chunks, place->chunk);
	if (owner)
		rs_chunk_free(env->chunks, owner);
	place->chunk = 0;
}
