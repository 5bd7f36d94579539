/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies that were made a moment ago, to be given again: many clients ask for the same few things
 * within one second, while the Date is the same. Such a reply is made once; after that all send
 * queues share its bytes, and its checksum is known.
 *
 * It is found by what it depends on: the method, the path, the version, the values of the fields
 * that make a difference, as they stand there, and what is said of the connection. Only what a
 * handler calls repeatable is kept, and only while buffers are plenty. A request comes here when
 * its head has been read, and then goes to its handler; verbatim.h, which belongs to the memo,
 * spares requests that memo.h has answered the reading, too.
 *
 * A reply is forgotten with its second; where handlers have other things to say, by
 * rs_http_memo_clear(). Private to lib/http but for the struct, which belongs to one core, and for
 * rs_http_memo_clear(). Includes base only.
 */
#ifndef RS_HTTP_MEMO_H
#define RS_HTTP_MEMO_H

#include "base/bytes.h"
#include "http/kept.h"
#include "http/verbatim.h"

#define HTTP_MEMO_BITS      13
#define HTTP_MEMO_ENTRIES   (1u << HTTP_MEMO_BITS)
#define HTTP_MEMO_KEY_BYTES 512 /* of path and fields */

/* The key's bytes stand behind the reply in its chunk. */
struct http_memo_entry {
	struct http_kept reply;
	uint16_t key_len;
	uint64_t key_hash; /* of the method, the version and what is said of the connection, too */
};

_Static_assert(sizeof(struct http_memo_entry) == 32, "half a cache line");

/* All zero is empty. */
struct http_memo {
	_Alignas(RS_CACHE_LINE) struct http_memo_entry entries[HTTP_MEMO_ENTRIES];
	struct http_verbatim verbatim;
};

/*
 * Queues the reply to req if it is known. False: it is not, or there is no room for it; nothing was
 * queued.
 */
bool rs_http_memo_reply(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out);

/* The reply to req was just queued by hc->handler, as the only one in out: keeps it if it may. */
void rs_http_memo_keep(struct http_env *env, const struct http_conn *hc, const struct http_req *req,
	const struct sendq *out);

/* Forgets all replies, verbatim.h's too, and gives back their chunks. */
void rs_http_memo_clear(struct http_env *env);

#endif
