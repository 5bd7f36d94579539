/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection's HTTP/1.1: bytes in, replies into its send queue, in order (RFC 9110, 9112).
 * It reads heads and bodies, has a handler answer (handler.h), keeps the clocks against slow
 * clients, and says when to close. It knows no TCP, no TLS, no mbufs: the caller carries bytes both
 * ways.
 *
 * What it may know of the world stands in struct http_env; a struct http_env belongs to one core.
 * What it wants is read from struct http_conn after each call:
 *
 *     hc->blocked      do not call rs_http_input() now: what was not consumed has to wait for
 *                      room in the send queue. After rs_http_writable(), look again.
 *     hc->closing      nothing more will be queued: FIN after the queue. Go on with
 *                      rs_http_input(): what still comes is dropped, within bounds, so that a RST
 *                      does not take the last reply from the client (RFC 9112 section 9.6).
 *     hc->abort        RST now; then rs_http_release().
 *     hc->deadline_us  call rs_http_deadline() then. It moves; 0: none. Calling too early is
 *                      harmless.
 *
 * A request that cannot be answered for want of room is not consumed, and is looked at again. So
 * the work of a call is bounded: by the bytes given, and by the replies that fit into the queue.
 *
 * Includes base only. The caller calls, for a connection that opens, then lives, then is gone:
 *
 *     rs_http_open
 *     rs_http_input      bytes have come (not while blocked)
 *     rs_http_writable   bytes were acknowledged; rs_http_input() will do where it comes next
 *                        and nothing is rs_http_awaiting_room()
 *     rs_http_eof        the peer half-closed, and every byte before was consumed
 *     rs_http_deadline   the deadline has come
 *     rs_http_release    last of all: gone, for whatever reason
 */
#ifndef RS_HTTP_EXCHANGE_H
#define RS_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/chunk.h"
#include "base/sendq.h"
#include "http/chunked.h"
#include "http/counters.h"
#include "http/heads.h"
#include "http/parse.h"

struct http_env;
struct http_conn;
struct http_handler;
struct http_log;
struct http_reply;
struct http_memo;
struct http_seen;

#define HTTP_OPTIONS_FIELDS_BYTES 512
#define HTTP_REFUSAL_FIELDS_BYTES 768

/* Set once at start, but for what is atomic; shared by all cores. */
struct http_config {
	/* A bit for each enum http_field_id that a repeatable reply depends on, beside conditions.
	 */
	uint32_t varying_fields;
	/* Further field lines of replies to OPTIONS, at most HTTP_OPTIONS_FIELDS_BYTES. */
	struct span options_fields;
	/* Further field lines of error pages, at most HTTP_REFUSAL_FIELDS_BYTES; all that there
	 * are where the client may come over TLS: see rs_http_may_be_secured(). */
	struct span refusal_fields, secured_refusal_fields;
	/* NULL, or who has pages of his own for refusals: true, and what is sent in place of ours,
	 * in content_type and lasting; false: there is none for this status. req says what was
	 * understood of the request, be it nothing. */
	bool (*refusal_page)(const struct http_env *env, const struct http_req *req,
		uint16_t status, struct http_reply *reply);
	struct http_limits limits;
	uint32_t max_body_bytes;
	uint32_t max_requests_per_conn; /* 0: no limit */
	uint64_t idle_timeout_us;       /* no request begun */
	uint64_t header_timeout_us;     /* from the first byte of a head to its end */
	uint64_t body_timeout_us;       /* in each such time … */
	uint32_t body_min_bytes;        /* … at least so much of a body has to arrive */
	uint64_t write_timeout_us;      /* in each such time … */
	uint32_t write_min_bytes;       /* … at least so much has to be acknowledged, or all */
	uint64_t linger_timeout_us;     /* how long a client may take to close after we did */
	uint32_t linger_max_bytes;      /* … and how much it may send meanwhile */
	const struct http_handler *handlers; /* the first that fits answers */
	uint32_t n_handlers;                 /* at most 256: their numbers have 8 bits */
	bool has_tls;  /* some connections are TLS, if not those of this core */
	uint8_t drain; /* atomic: enum http_drain, set by the control core while others run */
};

/* How far the process is with its end. */
enum http_drain {
	HTTP_SERVES,
	HTTP_DRAINS,        /* each reply closes its connection; idle ones are closed */
	HTTP_DRAINS_SILENT, /* … those, too, that have never asked for anything */
	HTTP_DRAIN_IS_OVER, /* what is left is reset */
};

static inline enum http_drain rs_http_drain(const struct http_config *cfg)
{
	return (enum http_drain)__atomic_load_n(&cfg->drain, __ATOMIC_RELAXED);
}

static inline bool rs_http_drains(const struct http_config *cfg)
{
	return rs_http_drain(cfg) != HTTP_SERVES;
}

/* What is known of a request that has not been read yet, from rs_http_foresee(). */
struct http_foreseen {
	const uint8_t *data;
	const struct http_verbatim_entry *entry; /* NULL: nothing */
};

struct http_env {
	const struct http_config *cfg;
	uint64_t now_us;       /* set by the caller once a burst, monotonic */
	const char *date;      /* HTTP_DATE_BYTES of rs_http_date(), renewed every second … */
	uint32_t date_no;      /* … and then this counts up */
	int64_t unix_s;        /* … and this is the wall clock */
	int64_t unix_ahead_us; /* … and so far it is ahead of now_us, in microseconds */
	void *app;             /* what the handlers have on this core */
	const struct http_log *log; /* NULL: nobody */
	const void *peer;           /* the client of the connection at work, for log */
	struct http_memo *memo;     /* see memo.h; NULL: every reply is made anew */
	struct http_seen *seen;     /* see seen.h */
	uint64_t *counters;         /* HTTP_N_COUNTERS of them */
	struct chunk_pool *chunks;  /* replies; the pool of every send queue that is passed in; of
				     * at least HTTP_MIN_CHUNK_BYTES each */
	struct http_heads *heads;   /* of at least cfg->limits.max_head_bytes each */
	/* All heads are taken, and one is needed: calls rs_http_lose_head() for hc, which has held
	 * one for the longest, and goes on with it as after a deadline. NULL: who needs one is
	 * refused. */
	void (*make_room)(void *owner, struct http_conn *hc);
	void *owner;
	bool secured;                  /* all connections are TLS */
	struct http_foreseen foreseen; /* of the segment at work */
};

/* Where nothing here is TLS, whoever stands in front may well be. */
static inline bool rs_http_may_be_secured(const struct http_env *env)
{
	return env->secured || !env->cfg->has_tls;
}

#define HTTP_MIN_CHUNK_BYTES 1536 /* of env->chunks */

/* Read by the caller: blocked, closing, abort, deadline_us. The rest is private to lib/http, but
 * for what a generate() function uses. */
struct http_conn {
	uint64_t deadline_us;
	union {
		struct http_chunked chunked; /* while a chunked body is read */
		uint64_t body_left;          /* while a body of known length is read */
		struct {                     /* while a reply's body is queued */
			uint64_t reply_left;
			uint32_t owner; /* with lasting only, as is parts: see lasting.h */
			uint32_t parts;
		};
	};
	uint32_t body_bytes; /* of a chunked body, so far; when closing, bytes dropped */
	uint32_t progress;   /* see clock.h */
	uint32_t head;       /* one of env->heads: the request that has begun, or 0 */
	uint16_t head_bytes; /* how much of it there is */
	uint16_t head_scanned;
	uint32_t n_requests;
	uint32_t begun_us;      /* for the log, as is followed: see follow.h */
	const uint8_t *lasting; /* the next byte of a body that is not copied, or NULL */
	uint8_t state;
	uint8_t clock;   /* what deadline_us stands for */
	uint8_t handler; /* whose generate() is at work */
	bool blocked : 1;
	bool closing : 1;
	bool abort : 1;
	bool last : 1;    /* close after the reply at work */
	bool early : 1;   /* set by the caller: what it brings may have been replayed (RFC 8470) */
	bool begun : 1;   /* begun_us is set */
	bool invited : 1; /* with 100 Continue, to send the body */
	uint32_t followed;
};

_Static_assert(sizeof(struct http_conn) == 64, "one for every TCP connection: keep it small");

/* 16 KiB heads, 8 KiB targets, 100 fields, 1 MiB bodies; 30 s idle, 10 s for a head; no handlers.
 */
void rs_http_config_default(struct http_config *cfg);

void rs_http_open(struct http_env *env, struct http_conn *hc);

/*
 * For the whole burst, before the first of its segments is taken: data[0, len) may be a request.
 * Begins to fetch what is known of it from memory. The result saves rs_http_input() looking again,
 * if it is in env->foreseen when these bytes come; it is never more than a hint. In verbatim.c.
 */
struct http_foreseen rs_http_foresee(const struct http_env *env, const uint8_t *data, uint32_t len);

/* Returns the bytes consumed: all of them, unless hc->blocked. len may be 0. */
uint32_t rs_http_input(struct http_env *env, struct http_conn *hc, const uint8_t *data,
	uint32_t len, struct sendq *out);
void rs_http_writable(struct http_env *env, struct http_conn *hc, struct sendq *out);

/* Does more than a clock depend on what is acknowledged? */
static inline bool rs_http_awaiting_room(const struct http_conn *hc)
{
	return hc->blocked || hc->followed;
}

void rs_http_eof(struct http_env *env, struct http_conn *hc, struct sendq *out);
void rs_http_deadline(struct http_env *env, struct http_conn *hc, struct sendq *out);
void rs_http_lose_head(struct http_env *env, struct http_conn *hc, struct sendq *out);

/* For a connection whose replies are all queued already: there will be no more of them. */
void rs_http_close(struct http_env *env, struct http_conn *hc, const struct sendq *out);
void rs_http_release(struct http_env *env, struct http_conn *hc);

/* deadline_us is for a client that reads. Where out does not tell what is acknowledged, it means
 * nothing: see watch.h. */
bool rs_http_waits_for_reader(const struct http_conn *hc);

/* A request has begun, and its rest is waited for. */
bool rs_http_awaits_rest(const struct http_conn *hc);

/* Between requests, or before the first. */
bool rs_http_idle(const struct http_conn *hc);

/*
 * May it be closed, as the process drains? Between requests a client has to expect that, and tries
 * again; the first may be on its way yet, and clients take its loss for an error.
 */
static inline bool rs_http_is_spare(const struct http_config *cfg, const struct http_conn *hc)
{
	return rs_unlikely(rs_http_drains(cfg)) && rs_http_idle(hc) &&
	       (hc->n_requests || rs_http_drain(cfg) >= HTTP_DRAINS_SILENT);
}

/*
 * For who sends replies by way of somebody else: the client has had the last of them only since
 * then. If it may be idle for a time, that begins no earlier.
 */
void rs_http_idle_since(const struct http_env *env, struct http_conn *hc, uint64_t since_us);

#endif
