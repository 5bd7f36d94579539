/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What answers requests: a handler says what it is for, and queues a reply for each. exchange.h is
 * for who carries the bytes of connections; this is for who has something to say.
 *
 * A handler has no state of its own: what it needs beside the request stands in env->app. Any core
 * may call it. Includes base only.
 */
#ifndef RS_HTTP_HANDLER_H
#define RS_HTTP_HANDLER_H

#include "http/exchange.h"
#include "http/ranges.h"

/*
 * Answers the requests for one path, or for all paths that begin with it.
 *
 * respond() queues the reply with rs_http_reply() or rs_http_refuse() and returns what that
 * returned: false means "no room, nothing was queued", and it will be called again with the same
 * request. It comes after the whole body was read. HEAD is answered as GET; OPTIONS never comes.
 *
 * A reply whose body is generated (see struct http_reply) goes on in generate(): it pushes what
 * fits into out and takes that from hc->reply_left; it is called until nothing is left.
 */
struct http_handler {
	const char *name;
	const char *path;
	bool prefix;
	/* NULL, or whether it is for this request, whose path fits; else the next one is that fits.
	 */
	bool (*takes)(const struct http_env *env, const struct http_req *req);
	bool needs_body; /* 411 to a POST or PUT that has neither Content-Length nor chunked */
	/* A 200, 206, 304 or 404 to GET and HEAD depends on nothing but the path, the version,
	 * conditions, cfg->varying_fields and the date: see memo.h. */
	bool repeatable;
	uint32_t methods; /* HTTP_METHOD_BIT()s; with GET give HEAD; OPTIONS goes without saying */
	bool (*respond)(struct http_env *env, struct http_conn *hc, const struct http_req *req,
		struct sendq *out);
	void (*generate)(struct http_env *env, struct http_conn *hc, struct sendq *out);
	/* NULL, or whether respond() would refuse the request for its host: then that is what it
	 * gets also where respond() is not for its method. */
	bool (*is_foreign)(const struct http_env *env, const struct http_req *req);
};

#define HTTP_BOUNDARY_BYTES   40
#define HTTP_PARTS_TYPE_BYTES 80 /* multipart/byteranges, with its boundary */

/* Bytes that are not copied: see lasting.h. */
struct http_lasting {
	const uint8_t *data; /* NULL: there is no such body */
	uint64_t len;
	uint32_t owner; /* a chunk of env->chunks whose owners keep data alive; 0: it always is */
	uint32_t n_ranges; /* 0: all of it; 1: these bytes; more: multipart/byteranges */
	const struct http_range *ranges;
	struct span part_type; /* the content type of a part */
	/* Of several: what stands between them, and in none of them (RFC 2046 section 5.1.1);
	 * digits and letters, at most HTTP_BOUNDARY_BYTES. */
	struct span boundary;
};

/* Bodies that stand elsewhere are copied up to here, as far as there is room: the reply is one
 * slice, and its checksum is known where it is repeated. */
#define HTTP_SMALL_BODY_BYTES 1400

struct http_reply {
	uint16_t status;
	struct span content_type;    /* empty: none */
	struct span fields;          /* further field lines, each with its CR LF */
	struct span hints;           /* field lines for a 103 Early Hints before it; empty: none */
	struct span body;            /* copied; head and body together fit into a chunk */
	uint64_t generated_bytes;    /* instead of body: what generate() will make */
	struct http_lasting lasting; /* instead of body: what is not copied */
	/* Not copied either, where there is no body: the last field lines, with the final empty
	 * line behind them, which does not count. lasting.owner keeps them alive, too. */
	struct span lasting_fields;
};

/* Queues a reply; the body is left away for HEAD. False: no room, nothing queued. */
bool rs_http_reply(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, const struct http_reply *reply);

/* Queues an error page for a reason (counted), and leaves the connection open. As above. */
bool rs_http_refuse(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, enum http_counter reason);

/* The same with further field lines, each with its CR LF, of at most HTTP_REFUSAL_MORE_BYTES. */
#define HTTP_REFUSAL_MORE_BYTES 128
bool rs_http_refuse_with(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, enum http_counter reason, struct span fields);

#endif
