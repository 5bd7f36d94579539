/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/verbatim.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/bytes.h"
#include "http/memo.h"
#include "http/misses.h"
#include "http/reply.h"

#define HASHED_BYTES 60

/* Where a request may stand. */
struct place {
	uint32_t set;
	uint16_t tag;
};

/*
 * By the length and the first bytes behind the method, where requests differ. Who makes his meet in
 * one place gains nothing but the long way.
 */
static struct place place_of(const uint8_t *data, uint32_t len)
{
	uint64_t hash = (rs_load_64(data + 4) ^ len) * UINT64_C(0x9e3779b97f4a7c15) +
			rs_load_64(data + 12) * UINT64_C(0xff51afd7ed558ccd) +
			rs_load_64(data + HTTP_VERBATIM_MIN - 8) * UINT64_C(0xc4ceb9fe1a85ec53);

	if (len >= HASHED_BYTES)
		hash += (rs_load_64(data + 28) ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15) +
			rs_load_64(data + 36) * UINT64_C(0xff51afd7ed558ccd) +
			rs_load_64(data + 44) * UINT64_C(0xc4ceb9fe1a85ec53) +
			rs_load_64(data + HASHED_BYTES - 8) * UINT64_C(0x94d049bb133111eb);
	hash ^= hash << 23;
	return (struct place){
		.set = (uint32_t)(hash >> (64 - HTTP_VERBATIM_SET_BITS)),
		.tag = (uint16_t)(hash >> 32 | 1),
	};
}

/* Two bits for each of the tags that is tag. */
static uint32_t equal_tags(const uint16_t tags[HTTP_VERBATIM_WAYS], uint16_t tag)
{
#ifdef __SSE2__
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi16(
		_mm_load_si128((const __m128i *)tags), _mm_set1_epi16((int16_t)tag)));
#else
	uint32_t equal = 0;

	for (uint32_t way = 0; way < HTTP_VERBATIM_WAYS; way++)
		equal |= (tags[way] == tag ? 3u : 0) << 2 * way;
	return equal;
#endif
}

/* The one entry that may be it, or NULL. */
static const struct http_verbatim_entry *find(
	const struct http_verbatim *v, const uint8_t *data, uint32_t len)
{
	struct place p = place_of(data, len);
	uint32_t equal = equal_tags(v->tags[p.set], p.tag);

	return equal ? &v->entries[p.set][__builtin_ctz(equal) / 2] : NULL;
}

/* In the place of one with the same tag, in an empty one, or in that of any other. */
static struct http_verbatim_entry *take_place(
	struct http_verbatim *v, const uint8_t *data, uint32_t len)
{
	struct place p = place_of(data, len);
	uint32_t equal = equal_tags(v->tags[p.set], p.tag);
	uint32_t way = v->n_misses / HTTP_MISSES_PER_ENTRY % HTTP_VERBATIM_WAYS;

	if (!equal)
		equal = equal_tags(v->tags[p.set], 0);
	if (equal)
		way = (uint32_t)__builtin_ctz(equal) / 2;
	v->tags[p.set][way] = p.tag;
	return &v->entries[p.set][way];
}

static bool may_be_kept(uint32_t len)
{
	return len >= HTTP_VERBATIM_MIN && len <= HTTP_VERBATIM_MAX;
}

static bool may_be_known(const struct http_env *env, uint32_t len)
{
	return env->memo && may_be_kept(len);
}

/* Is the reply to data[0, len) that of e? NULL: there is none. */
static bool answers(const struct http_env *env, const struct http_conn *hc,
	const struct http_verbatim_entry *e, const uint8_t *data, uint32_t len)
{
	return e && e->len == len && !rs_http_conn_closes(env, hc) &&
	       rs_http_kept_is_good(env, &e->reply) && memcmp(e->request, data, len) == 0;
}

/* Not inlined: without a log nobody is to pay for one. */
static __attribute__((noinline)) void follow(struct http_env *env, struct http_conn *hc,
	const struct http_verbatim_entry *e, const uint8_t *data)
{
	rs_http_kept_follow(env, hc, &e->reply, rs_http_asked_from(&e->asked, data));
}

/* e was queued in answer to the request at data. */
static inline void account(struct http_env *env, struct http_conn *hc,
	const struct http_verbatim_entry *e, const uint8_t *data)
{
	rs_http_kept_account(env, hc, &e->reply);
	if (rs_unlikely(env->log != NULL))
		follow(env, hc, e, data);
}

struct http_foreseen rs_http_foresee(const struct http_env *env, const uint8_t *data, uint32_t len)
{
	const struct http_verbatim_entry *e = NULL;

	if (may_be_known(env, len))
		e = find(&env->memo->verbatim, data, len);
	if (e) { /* NULL is nothing to be fetched: it would be looked for in the page tables */
		__builtin_prefetch(e);
		__builtin_prefetch((const uint8_t *)e + RS_CACHE_LINE); /* most requests end here */
	}
	return (struct http_foreseen){data, e};
}

bool rs_http_verbatim_reply(struct http_env *env, struct http_conn *hc, const uint8_t *data,
	uint32_t len, struct sendq *out)
{
	struct http_foreseen foreseen = env->foreseen;
	const struct http_verbatim_entry *e;

	if (rs_unlikely(foreseen.data != data))
		foreseen = rs_http_foresee(env, data, len);
	e = foreseen.entry;
	if (!rs_sendq_empty(out) || !answers(env, hc, e, data, len))
		return false;
	rs_http_kept_share(env, &e->reply, out);
	account(env, hc, e, data);
	return true;
}

/* Not inlined: most requests come one by one. */
__attribute__((noinline)) bool rs_http_verbatim_reply_behind(struct http_env *env,
	struct http_conn *hc, const uint8_t *data, uint32_t len, struct sendq *out)
{
	const struct http_verbatim_entry *e;

	if (!may_be_known(env, len))
		return false;
	e = find(&env->memo->verbatim, data, len);
	if (!answers(env, hc, e, data, len) || !rs_http_kept_copy(env, &e->reply, out))
		return false;
	account(env, hc, e, data);
	return true;
}

void rs_http_verbatim_keep(
	struct http_env *env, const struct http_req *req, const struct http_kept *reply)
{
	struct http_verbatim *v = &env->memo->verbatim;
	struct http_verbatim_entry *e;

	if (!may_be_kept(req->head_bytes) || !rs_http_keep_miss(&v->n_misses))
		return;
	e = take_place(v, req->head, req->head_bytes);
	rs_http_kept_replace(env, &e->reply, reply);
	e->asked = rs_http_asked_at(req);
	e->len = (uint8_t)req->head_bytes;
	memcpy(e->request, req->head, req->head_bytes);
}

void rs_http_verbatim_clear(struct http_env *env)
{
	struct http_verbatim *v = &env->memo->verbatim;

	for (uint32_t i = 0; i < HTTP_VERBATIM_SETS * HTTP_VERBATIM_WAYS; i++)
		rs_http_kept_drop(
			env, &v->entries[i / HTTP_VERBATIM_WAYS][i % HTTP_VERBATIM_WAYS].reply);
	memset(v->tags, 0, sizeof(v->tags));
}
