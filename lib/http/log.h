/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who wants to know of each reply (the access log), and what he is told. follow.h says when. Any
 * core; includes base only.
 */
#ifndef RS_HTTP_LOG_H
#define RS_HTTP_LOG_H

#include "http/asked.h"

struct http_env;

/* What is known of a reply when its head is queued. */
struct http_logged {
	const struct http_asked *asked;
	uint64_t begun_us;   /* on the clock of now_us: when the request's first byte was read */
	uint64_t body_bytes; /* that are to be sent */
	uint16_t status;
	bool reused; /* not the first request of its connection */
	bool kept;   /* the connection stays open after the reply */
};

enum http_log_end {
	HTTP_LOG_WHOLE,   /* now: see follow.h for what that means */
	HTTP_LOG_ABORTED, /* now: the connection ended before the reply did */
	HTTP_LOG_UNKNOWN, /* it was not followed so far */
};

#define HTTP_LOG_RECORD_BYTES 1984

/*
 * Who wants to know of each reply. begin() writes what it likes to record, HTTP_LOG_RECORD_BYTES on
 * a cache line of their own; false: nothing, this reply is not logged. end() comes once for each
 * begin() that said true, perhaps at once; body_bytes: how many of its body were sent.
 */
struct http_log {
	bool (*begin)(void *self, const struct http_env *env, const struct http_logged *reply,
		void *record);
	void (*end)(void *self, const struct http_env *env, void *record, enum http_log_end how,
		uint64_t body_bytes);
	void *self;
};

#endif
