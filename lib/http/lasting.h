/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies whose bodies are not copied: bytes that stay where they are until all slices of them are
 * acknowledged. Who keeps them alive is the owner of a chunk; each slice, and the reply while it is
 * at work, has a share in it (see chunk.h).
 *
 * Private to lib/http. Includes base only.
 */
#ifndef RS_HTTP_LASTING_H
#define RS_HTTP_LASTING_H

#include "http/handler.h"

/*
 * The body of a reply with status 206 and several ranges (RFC 9110 section 14.6). Writes the
 * content type to type, which has room for HTTP_PARTS_TYPE_BYTES, and returns how long the body
 * will be.
 */
uint64_t rs_http_parts_bytes(const struct http_lasting *body, uint8_t *type, uint32_t *type_bytes);

/* A reply with this body is queued: sets up hc to go on with it. False: no chunk is left. */
bool rs_http_lasting_begin(
	struct http_env *env, struct http_conn *hc, const struct http_lasting *body);

/* The same for the bytes from data on, as many as hc->reply_left says; owner: see struct
 * http_lasting. */
static inline void rs_http_lasting_begin_at(
	struct http_env *env, struct http_conn *hc, const uint8_t *data, uint32_t owner)
{
	hc->parts = 0;
	hc->lasting = data;
	hc->owner = owner;
	if (owner)
		rs_chunk_share(env->chunks, owner);
}

/* Queues as much as there is room for. */
void rs_http_lasting_push(struct http_env *env, struct http_conn *hc, struct sendq *out);

/* The reply has been queued, or will never be. Harmless where there is none. */
void rs_http_lasting_end(struct http_env *env, struct http_conn *hc);

#endif
