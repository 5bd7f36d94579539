/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What state a connection is in, and until when it may be: its deadlines. Only one clock runs at a
 * time, chosen by wanted_clock() after every call. Those for bodies and for clients that read
 * measure a rate: when the time is over, enough must have happened in it, and then it starts anew.
 * hc->progress holds, for a body, the bytes that came in this time; for a reply that wants a chunk,
 * the microseconds that it has waited; for writing, the bytes that were queued at its beginning or
 * since: what of them is no longer in the queue was acknowledged (of which no more is counted than
 * has to be).
 *
 * Private to exchange.c. The connection's core; includes http and base.
 */
#ifndef RS_HTTP_CLOCK_H
#define RS_HTTP_CLOCK_H

#include "base/bytes.h"
#include "http/exchange.h"

enum state {
	STATE_HEAD, /* a head is read, or waited for; hc->head is set when it has begun */
	/* All that has come is an empty line (RFC 9112 section 2.2), or its CR: hc->head_bytes of
	 * it. So far nobody has begun a request, and no buffer is taken. */
	STATE_EMPTY_LINE,
	STATE_BODY_LENGTH,
	STATE_BODY_CHUNKED, /* of the request whose head stands in hc->head */
	STATE_REPLY,        /* a reply's body is generated */
	STATE_CLOSING,      /* what still comes is dropped */
};

#define RETRY_US 10000

enum clock {
	CLOCK_NONE,
	CLOCK_IDLE,
	CLOCK_HEAD,
	CLOCK_BODY,
	CLOCK_WRITE,
	CLOCK_RETRY, /* a reply wants a chunk, and no acknowledgement will come to wake it */
	CLOCK_LINGER,
};

static inline enum clock wanted_clock(const struct http_conn *hc, const struct sendq *out)
{
	if (rs_unlikely(hc->blocked))
		return rs_sendq_empty(out) ? CLOCK_RETRY : CLOCK_WRITE;
	if (hc->state == STATE_HEAD && hc->head)
		return CLOCK_HEAD;
	if (hc->state == STATE_BODY_LENGTH || hc->state == STATE_BODY_CHUNKED)
		return hc->invited && !rs_sendq_empty(out) ? CLOCK_WRITE : CLOCK_BODY;
	if (!rs_sendq_empty(out))
		return CLOCK_WRITE;
	return hc->state == STATE_CLOSING ? CLOCK_LINGER : CLOCK_IDLE;
}

static inline uint64_t timeout_us(const struct http_config *cfg, enum clock clock)
{
	switch (clock) {
	case CLOCK_HEAD:
		return cfg->header_timeout_us;
	case CLOCK_BODY:
		return cfg->body_timeout_us;
	case CLOCK_WRITE:
		return cfg->write_timeout_us;
	case CLOCK_RETRY:
		return RETRY_US;
	case CLOCK_LINGER:
		return cfg->linger_timeout_us;
	default:
		return cfg->idle_timeout_us;
	}
}

static inline void start_clock(
	struct http_env *env, struct http_conn *hc, const struct sendq *out, enum clock clock)
{
	hc->clock = (uint8_t)clock;
	hc->deadline_us = env->now_us + timeout_us(env->cfg, clock);
	hc->progress = clock == CLOCK_WRITE ? out->n_bytes : 0;
}

/* No more than is enough counts: 32 bits would not do. Not inlined: most replies go out at once. */
static __attribute__((noinline)) void count_written(const struct http_config *cfg,
	struct http_conn *hc, const struct sendq *out, uint32_t queued)
{
	uint32_t written = hc->progress - queued;

	hc->progress = out->n_bytes + rs_min_u32(written, cfg->write_min_bytes);
}

/* After every call. queued: the bytes in out before it. */
static inline void settle_clock(
	struct http_env *env, struct http_conn *hc, const struct sendq *out, uint32_t queued)
{
	enum clock clock = wanted_clock(hc, out);

	if (hc->abort) {
		hc->clock = CLOCK_NONE;
		hc->deadline_us = 0;
	} else if (clock != hc->clock) {
		start_clock(env, hc, out, clock);
	} else if (clock == CLOCK_WRITE) {
		count_written(env->cfg, hc, out, queued);
	}
}

#endif
