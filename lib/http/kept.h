/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reply that stands ready, head and body, in a chunk of its own, which all who send it share:
 * what memo.h and verbatim.h find. Good while its Date is. Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_KEPT_H
#define RS_HTTP_KEPT_H

#include "base/bytes.h"
#include "http/exchange.h"
#include "http/respond.h"

struct http_kept {
	uint32_t chunk; /* of env->chunks; 0: there is none */
	uint32_t date_no;
	uint16_t len;
	uint16_t body_len; /* of these bytes, the last ones */
	uint16_t sum;      /* checksum of all of it, folded */
	uint16_t status;
	uint8_t connection; /* enum http_connection: what it says of it */
	uint8_t counter;    /* enum http_counter: that of the status's class */
};

static inline bool rs_http_kept_is_good(const struct http_env *env, const struct http_kept *kept)
{
	return kept->chunk && kept->date_no == env->date_no;
}

/* For an empty queue: its bytes are sent from where they are. */
static inline void rs_http_kept_share(
	struct http_env *env, const struct http_kept *kept, struct sendq *out)
{
	rs_chunk_share(env->chunks, kept->chunk);
	rs_sendq_push_summed(
		out, rs_chunk_data(env->chunks, kept->chunk), kept->len, kept->chunk, kept->sum);
}

/* It was queued: what else a reply brings about, but for the log. */
static inline void rs_http_kept_account(
	struct http_env *env, struct http_conn *hc, const struct http_kept *kept)
{
	hc->last = kept->connection == HTTP_SAY_CLOSE;
	env->counters[kept->counter]++;
	env->counters[HTTP_C_REPEATED]++;
	if (rs_unlikely(kept->counter == HTTP_C_REPLIES_4XX)) /* the only one that is kept */
		env->counters[HTTP_C_NOT_FOUND]++;
}

/* Puts reply into the place of what is there; chunk gets one more owner. */
static inline void rs_http_kept_replace(
	struct http_env *env, struct http_kept *place, const struct http_kept *reply)
{
	if (place->chunk)
		rs_chunk_free(env->chunks, place->chunk);
	*place = *reply;
	rs_chunk_share(env->chunks, place->chunk);
}

static inline void rs_http_kept_drop(struct http_env *env, struct http_kept *place)
{
	if (place->chunk)
		rs_chunk_free(env->chunks, place->chunk);
	place->chunk = 0;
}

#endif
