/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/verbatim.h"

#include <string.h>

#include "base/bytes.h"
#include "http/memo.h"
#include "http/reply.h"

#define MISSES_PER_ENTRY 8 /* one in so many is kept: who never repeats himself costs little */

static uint64_t word_at(const uint8_t *data, uint32_t offset)
{
	uint64_t word;

	memcpy(&word, data + offset, sizeof(word));
	return word;
}

/*
 * Chosen by the length and the first bytes behind the method, where requests differ. Who makes his
 * meet in one place gains nothing but the long way.
 */
static struct http_verbatim_entry *entry_for(
	struct http_verbatim *v, const uint8_t *data, uint32_t len)
{
	uint64_t hash = (word_at(data, 4) ^ len) * UINT64_C(0x9e3779b97f4a7c15) +
			word_at(data, 12) * UINT64_C(0xff51afd7ed558ccd) +
			word_at(data, HTTP_VERBATIM_MIN - 8) * UINT64_C(0xc4ceb9fe1a85ec53);

	return &v->entries[(hash ^ hash << 23) >> (64 - HTTP_VERBATIM_BITS)];
}

static bool may_be_kept(uint32_t len)
{
	return len >= HTTP_VERBATIM_MIN && len <= HTTP_VERBATIM_MAX;
}

bool rs_http_verbatim_reply(struct http_env *env, struct http_conn *hc, const uint8_t *data,
	uint32_t len, struct sendq *out)
{
	const struct http_verbatim_entry *e;

	if (rs_unlikely(!env->memo || env->log) || !may_be_kept(len) || !rs_sendq_empty(out) ||
		rs_http_conn_closes(env, hc))
		return false;
	e = entry_for(&env->memo->verbatim, data, len);
	if (e->len != len || !rs_http_kept_is_good(env, &e->reply) ||
		memcmp(e->request, data, len) != 0)
		return false;
	rs_http_kept_share(env, &e->reply, out);
	rs_http_kept_account(env, hc, &e->reply, false);
	return true;
}

void rs_http_verbatim_keep(
	struct http_env *env, const uint8_t *data, uint32_t len, const struct http_kept *reply)
{
	struct http_verbatim *v = &env->memo->verbatim;
	struct http_verbatim_entry *e;

	if (!may_be_kept(len) || ++v->n_misses % MISSES_PER_ENTRY != 1)
		return;
	e = entry_for(v, data, len);
	rs_http_kept_replace(env, &e->reply, reply);
	e->len = (uint16_t)len;
	memcpy(e->request, data, len);
}

void rs_http_verbatim_clear(struct http_env *env)
{
	for (uint32_t i = 0; i < HTTP_VERBATIM_ENTRIES; i++)
		rs_http_kept_drop(env, &env->memo->verbatim.entries[i].reply);
}
