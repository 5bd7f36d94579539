/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that come again byte for byte: nearly all that one client sends, and what many clients
 * of a kind send who ask for the same. The bytes were well-formed when they were read, and they say
 * the same now. So while the reply to them is the same, too, it is found by comparing them, without
 * reading them.
 *
 * It is the first that a request meets, and stands before memo.h. Kept are requests that memo.h has
 * answered, short enough, and in one piece; each is good for as long as its reply (kept.h). The
 * outcome is that of the long way in every case.
 *
 * Private to lib/http but for the struct, which belongs to one core. Includes base only.
 */
#ifndef RS_HTTP_VERBATIM_H
#define RS_HTTP_VERBATIM_H

#include "base/bytes.h"
#include "http/kept.h"

#define HTTP_VERBATIM_SET_BITS 9
#define HTTP_VERBATIM_SETS     (1u << HTTP_VERBATIM_SET_BITS)
#define HTTP_VERBATIM_WAYS     8
#define HTTP_VERBATIM_MIN      28 /* bytes of a request: none of HTTP/1.1 is much shorter */
#define HTTP_VERBATIM_MAX      160

struct http_verbatim_entry {
	struct http_kept reply;
	struct http_asked_at asked;
	uint8_t len; /* of the request */
	uint8_t request[HTTP_VERBATIM_MAX];
};

_Static_assert(sizeof(struct http_verbatim_entry) == 192, "three cache lines");

/*
 * All zero is empty. A request may stand in any place of one set; the tags, which are few enough to
 * stay in cache, tell in which.
 */
struct http_verbatim {
	uint32_t n_misses;
	_Alignas(16) uint16_t tags[HTTP_VERBATIM_SETS][HTTP_VERBATIM_WAYS]; /* 0: empty */
	_Alignas(RS_CACHE_LINE) struct http_verbatim_entry
		entries[HTTP_VERBATIM_SETS][HTTP_VERBATIM_WAYS];
};

/*
 * Queues the reply to the request that data[0, len) is, if it is known, and out is empty. False: it
 * is not; nothing was queued.
 */
bool rs_http_verbatim_reply(struct http_env *env, struct http_conn *hc, const uint8_t *data,
	uint32_t len, struct sendq *out);

/*
 * The same for one of several that came at once, behind others or before them: are the first len
 * bytes such a request? As long as the one before it was is a good guess. False also where there is
 * no room.
 */
bool rs_http_verbatim_reply_behind(struct http_env *env, struct http_conn *hc, const uint8_t *data,
	uint32_t len, struct sendq *out);

/* reply was given to req: keeps both, now and then. */
void rs_http_verbatim_keep(
	struct http_env *env, const struct http_req *req, const struct http_kept *reply);

/* Gives back all chunks. */
void rs_http_verbatim_clear(struct http_env *env);

#endif
