/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Renders the heads of replies (RFC 9110 section 6, RFC 9112 section 4): status line, Date, Server,
 * what frames the body, and Connection where the client has to be told.
 *
 * It does not decide anything: reply.c does. No allocation. Any core; includes base only.
 */
#ifndef RS_HTTP_RENDER_H
#define RS_HTTP_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum http_connection {
	HTTP_SAY_NOTHING, /* the client's version implies what we will do */
	HTTP_SAY_CLOSE,
	HTTP_SAY_KEEP_ALIVE, /* to an HTTP/1.0 client that asked for it */
};

struct http_reply_head {
	uint16_t status;
	uint8_t connection;       /* enum http_connection */
	const char *date;         /* HTTP_DATE_BYTES of it */
	struct span content_type; /* empty: none */
	uint64_t content_length;  /* not rendered with 1xx, 204 and 304 */
	struct span fields;       /* further field lines, each with its CR LF */
	bool goes_on;             /* more come behind these: without the final empty line */
};

#define HTTP_SERVER_LINE "Server: ringside\r\n"

/* The most that rs_http_render_head() can write, beside content_type and fields. */
#define HTTP_HEAD_ROOM 256

/* Writes the head, with its final empty line unless it goes on; returns its bytes. */
uint32_t rs_http_render_head(uint8_t *to, const struct http_reply_head *head);

/* 103 Early Hints (RFC 8297) with these field lines, at least one: an interim reply, whole. */
#define HTTP_HINTS_ROOM 32 /* beside fields */
uint32_t rs_http_render_hints(uint8_t *to, struct span fields);

/* "Not Found"; "Unknown" for a status that we never send. */
const char *rs_http_status_text(uint16_t status);

/* "GET, HEAD, OPTIONS" for a set of HTTP_METHOD_BIT()s; at most HTTP_ALLOW_BYTES, no final 0. */
#define HTTP_ALLOW_BYTES 72
uint32_t rs_http_allow(uint8_t *to, uint32_t methods);

#endif
