/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reply that stands ready in a chunk of its own, which all who send it share: what memo.h and
 * verbatim.h find. It is there as a whole, or but for a body that is not copied (lasting.h). Good
 * while its Date is. Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_KEPT_H
#define RS_HTTP_KEPT_H

#include "base/bytes.h"
#include "http/asked.h"
#include "http/exchange.h"
#include "http/render.h"

/* What is unusual about a reply. */
#define KEPT_NOT_FOUND 0x1
#define KEPT_HINTED    0x2 /* a 103 goes ahead of it */
#define KEPT_ELSEWHERE 0x4 /* its body is: struct http_kept_body stands behind it in the chunk */

struct http_kept {
	uint32_t chunk; /* of env->chunks; 0: there is none */
	uint32_t date_no;
	uint16_t len;      /* without a body that stands elsewhere */
	uint16_t body_len; /* of these bytes, the last ones */
	uint16_t sum;      /* checksum of all of it, folded */
	uint16_t status;
	uint8_t connection; /* enum http_connection: what it says of it */
	uint8_t counter;    /* enum http_counter: that of the status's class */
	uint8_t flags;      /* KEPT_… */
};

_Static_assert(sizeof(struct http_kept) == 20, "there are many");

/* Whoever has a share in the chunk by an entry of memo.h or verbatim.h has one in the owner, too.
 */
struct http_kept_body {
	const uint8_t *data;
	uint64_t len;
	uint32_t owner; /* as in struct http_lasting */
};

/* Only of one whose body is elsewhere. */
struct http_kept_body rs_http_kept_body(const struct http_env *env, const struct http_kept *kept);

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

/* For a queue that is not empty: pipelined replies stand close together. False: no room. */
bool rs_http_kept_copy(struct http_env *env, const struct http_kept *kept, struct sendq *out);

/* What those with flags bring about. */
void rs_http_kept_flagged(struct http_env *env, struct http_conn *hc, const struct http_kept *kept);

/* It was queued, but for a body that stands elsewhere, which is begun: what else a reply brings
 * about, but for the log. */
static inline void rs_http_kept_account(
	struct http_env *env, struct http_conn *hc, const struct http_kept *kept)
{
	hc->last = kept->connection == HTTP_SAY_CLOSE;
	env->counters[kept->counter]++;
	env->counters[HTTP_C_REPEATED]++;
	if (rs_unlikely(kept->flags))
		rs_http_kept_flagged(env, hc, kept);
}

/* After that, where env->log is set. */
void rs_http_kept_follow(struct http_env *env, struct http_conn *hc, const struct http_kept *kept,
	struct http_asked asked);

/* Puts reply, in which somebody else has a share, too, into the place of what is there. */
void rs_http_kept_replace(
	struct http_env *env, struct http_kept *place, const struct http_kept *reply);

/* Makes an empty place of it, if it is not one. */
void rs_http_kept_drop(struct http_env *env, struct http_kept *place);

#endif
