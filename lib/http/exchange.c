/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a connection, from the bottom up: ends of requests, answers, bodies, heads; the
 * public functions last. Its deadlines are in clock.h.
 *
 * Most requests come again, and need not be read or answered anew. In this order they meet, until
 * one of these is enough: rs_http_verbatim_reply() in take_head(), rs_http_parse_seen() in
 * read_head(), and in answer() rs_http_memo_reply(), then rs_http_route() and the handler.
 * docs/packet-path.md has what each looks for, and what makes it forget.
 */
#include "http/exchange.h"

#include <string.h>

#include "base/bytes.h"
#include "http/body.h"
#include "http/clock.h"
#include "http/follow.h"
#include "http/lasting.h"
#include "http/memo.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/seen.h"
#include "http/verbatim.h"

static const uint8_t empty_line[] = {'\r', '\n'};

/* Ends. */

static void drop_head(struct http_env *env, struct http_conn *hc)
{
	if (hc->head)
		rs_http_heads_give(env->heads, hc->head);
	hc->head = 0;
	hc->head_bytes = 0;
	hc->head_scanned = 0;
}

static void close_conn(struct http_env *env, struct http_conn *hc)
{
	drop_head(env, hc);
	hc->state = STATE_CLOSING;
	hc->closing = true;
	hc->blocked = false;
	hc->body_bytes = 0;
}

static void abort_conn(struct http_env *env, struct http_conn *hc, enum http_counter why)
{
	close_conn(env, hc);
	hc->abort = true;
	env->counters[why]++;
}

/* All of a reply is queued. */
static void end_reply(struct http_env *env, struct http_conn *hc)
{
	hc->blocked = false;
	if (rs_unlikely(hc->last))
		close_conn(env, hc);
	else
		hc->state = STATE_HEAD;
}

/* Goes on with a reply whose head is queued. Not inlined: most are queued as a whole. */
static __attribute__((noinline)) void continue_reply(
	struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	if (hc->reply_left && hc->lasting)
		rs_http_lasting_push(env, hc, out);
	else if (hc->reply_left)
		env->cfg->handlers[hc->handler].generate(env, hc, out);
	if (hc->reply_left) {
		hc->state = STATE_REPLY;
		hc->blocked = true;
		return;
	}
	if (hc->lasting)
		rs_http_lasting_end(env, hc);
	end_reply(env, hc);
}

/* The head of a request's final reply is queued: the request is done with. */
static void finish_request(struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	drop_head(env, hc);
	hc->n_requests++;
	if (hc->clock == CLOCK_HEAD || hc->clock == CLOCK_BODY)
		hc->clock = CLOCK_NONE;
	if (hc->reply_left || hc->lasting)
		continue_reply(env, hc, out);
	else
		end_reply(env, hc);
}

/*
 * There is no room for a reply. What is queued will be acknowledged, and then there is; but where
 * nothing is queued, nothing will happen any more: true, and the request is done with.
 */
static bool no_room(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	if (rs_sendq_empty(out)) {
		rs_http_reply_overload(env, hc, req, out);
		finish_request(env, hc, out);
		return true;
	}
	hc->blocked = true;
	env->counters[HTTP_C_BLOCKED]++;
	return false;
}

/* Answers. Each returns false when there was no room: then the request must not be consumed. */

static bool refuse_last(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, enum http_counter reason)
{
	if (!rs_http_refuse_last(env, hc, req, out, reason))
		return no_room(env, hc, req, out);
	finish_request(env, hc, out);
	return true;
}

/* RFC 9110 section 9.2.1: what may be done twice, since it does nothing. */
static bool is_safe(const struct http_req *req)
{
	return req->method == HTTP_GET || req->method == HTTP_HEAD || req->method == HTTP_OPTIONS;
}

/* What no handler is asked about. */
static bool refuse(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, const struct route *route)
{
	/* Who takes the tunnel for granted sends bytes for it at once: they are no requests. */
	if (req->method == HTTP_CONNECT)
		return rs_http_refuse_last(env, hc, req, out, route->reason);
	if (route->reason == HTTP_C_NOT_ALLOWED)
		return rs_http_refuse_method(env, hc, req, out, route->methods);
	return rs_http_refuse(env, hc, req, out, route->reason);
}

static bool queue_answer(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, const struct route *route)
{
	if (rs_unlikely(hc->early) && !is_safe(req))
		return rs_http_refuse(env, hc, req, out, HTTP_C_TOO_EARLY);
	if (route->refused && !route->foreign)
		return refuse(env, hc, req, out, route);
	if (req->method == HTTP_OPTIONS && !route->foreign)
		return rs_http_reply_options(env, hc, req, out, route->methods);
	hc->handler = route->handler;
	return env->cfg->handlers[route->handler].respond(env, hc, req, out);
}

static bool answer(
	struct http_env *env, struct http_conn *hc, struct http_req *req, struct sendq *out)
{
	if (!rs_http_memo_reply(env, hc, req, out)) {
		struct route route = rs_http_route(env, req);
		bool is_first = rs_sendq_empty(out);

		if (!queue_answer(env, hc, req, out, &route))
			return no_room(env, hc, req, out);
		if (is_first && !route.refused)
			rs_http_memo_keep(env, hc, req, out);
	}
	finish_request(env, hc, out);
	return true;
}

/* Bodies. */

static struct body read_body(
	const struct http_env *env, struct http_conn *hc, const uint8_t *data, uint32_t len)
{
	if (hc->state == STATE_BODY_LENGTH)
		return rs_http_body_read_length(hc, len);
	return rs_http_body_read_chunked(env->cfg, hc, data, len);
}

/* The request is complete, or its body cannot be read: answers it. */
static bool end_body(struct http_env *env, struct http_conn *hc, struct http_req *req,
	struct sendq *out, const struct body *body)
{
	if (body->refused)
		return refuse_last(env, hc, req, out, body->reason);
	return answer(env, hc, req, out);
}

static uint32_t take_body(struct http_env *env, struct http_conn *hc, const uint8_t *data,
	uint32_t len, struct sendq *out)
{
	const struct http_conn before = *hc;
	struct body body = read_body(env, hc, data, len);

	if (body.done || body.refused) {
		struct http_req req;
		uint16_t scanned = 0;

		/* The head was well-formed once, and has not changed. */
		rs_http_parse(&env->cfg->limits, rs_http_heads_data(env->heads, hc->head),
			hc->head_bytes, &scanned, &req);
		if (!end_body(env, hc, &req, out, &body)) {
			*hc = before;
			hc->blocked = true;
			return 0;
		}
	}
	if (hc->clock == CLOCK_BODY) /* else it counts what is written */
		hc->progress += body.used;
	env->counters[HTTP_C_BODY_BYTES] += body.used;
	return body.used;
}

/* Heads. */

/* Keeps the first bytes of a request for later. False when there is no buffer for them. */
static bool keep_head(struct http_env *env, struct http_conn *hc, const uint8_t *data, uint32_t len)
{
	hc->head = rs_http_heads_take(env->heads, hc);
	if (rs_unlikely(!hc->head) && env->make_room) {
		env->make_room(env->owner, rs_http_heads_longest(env->heads));
		hc->head = rs_http_heads_take(env->heads, hc);
	}
	if (!hc->head)
		return false;
	memcpy(rs_http_heads_data(env->heads, hc->head), data, len);
	hc->head_bytes = (uint16_t)len;
	env->counters[HTTP_C_SPLIT_HEADS]++;
	return true;
}

/* The head is there, the body is not: keeps the head until then. */
static bool await_body(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, bool body_has_begun)
{
	if (!hc->head && !keep_head(env, hc, req->head, req->head_bytes))
		return refuse_last(env, hc, req, out, HTTP_C_OVERLOAD);
	hc->head_bytes = (uint16_t)req->head_bytes;
	hc->invited = req->expect_continue && !body_has_begun;
	if (hc->invited && !rs_http_reply_continue(env, out))
		return no_room(env, hc, req, out);
	return true;
}

static bool start_body(struct http_env *env, struct http_conn *hc, struct http_req *req,
	struct span rest, struct sendq *out, uint32_t *used)
{
	struct body body;

	hc->state = req->framing == HTTP_CHUNKED ? STATE_BODY_CHUNKED : STATE_BODY_LENGTH;
	rs_http_body_begin(hc, req);
	body = read_body(env, hc, rest.data, rest.len);
	*used = body.used;
	if (body.done || body.refused)
		return end_body(env, hc, req, out, &body);
	return await_body(env, hc, req, out, rest.len > 0);
}

/*
 * A request whose head is complete; rest: what has come of its body, and behind it. *used: how
 * much of rest belongs to it. A client that waits for 100 Continue is told at once when its
 * request is refused anyway; whether it sends the body nevertheless cannot be known, so that the
 * connection closes (RFC 9110 section 10.1.1).
 */
static bool begin_request(struct http_env *env, struct http_conn *hc, struct http_req *req,
	struct span rest, struct sendq *out, uint32_t *used)
{
	*used = 0;
	if (req->content_length > env->cfg->max_body_bytes)
		return refuse_last(env, hc, req, out, HTTP_C_BODY_TOO_LARGE);
	if (req->expect_continue && rs_http_route(env, req).refused) {
		hc->last = true;
		return answer(env, hc, req, out);
	}
	return start_body(env, hc, req, rest, out, used);
}

/* Returns the bytes of data that the request used, 0 when there was no room for its reply. */
static uint32_t take_request(struct http_env *env, struct http_conn *hc, struct http_req *req,
	const uint8_t *data, uint32_t len, struct sendq *out)
{
	uint32_t head_used = req->head_bytes - hc->head_bytes;
	struct span rest = {.data = data + head_used, .len = len - head_used};
	struct http_conn before;
	uint32_t body_used;

	if (rs_likely(req->framing == HTTP_NO_BODY)) {
		if (!answer(env, hc, req, out))
			return 0;
		env->counters[HTTP_C_REQUESTS]++;
		return head_used;
	}
	before = *hc;
	if (!begin_request(env, hc, req, rest, out, &body_used)) {
		if (!before.head)
			drop_head(env, hc);
		*hc = before;
		hc->blocked = true;
		return 0;
	}
	env->counters[HTTP_C_REQUESTS]++;
	env->counters[HTTP_C_BODY_BYTES] += body_used;
	return head_used + body_used;
}

static uint32_t read_head(struct http_env *env, struct http_conn *hc, const uint8_t *data,
	uint32_t len, struct sendq *out)
{
	const struct http_limits *limits = &env->cfg->limits;
	uint32_t kept = hc->head_bytes;
	uint16_t scanned = hc->head_scanned;
	const uint8_t *head = data;
	uint32_t have = len;
	struct http_req req;
	int r;

	if (rs_unlikely(env->log != NULL))
		rs_http_follow_request(env, hc);
	if (hc->head) {
		uint8_t *buffer = rs_http_heads_data(env->heads, hc->head);

		have = kept + rs_min_u32(len, limits->max_head_bytes - kept);
		memcpy(buffer + kept, data, have - kept);
		head = buffer;
	}
	r = rs_http_parse_seen(limits, env->seen, head, have, &scanned, &req);
	if (rs_likely(r > 0))
		return take_request(env, hc, &req, data, len, out);
	if (r < 0)
		return refuse_last(env, hc, &req, out, HTTP_REASON(r)) ? len : 0;
	/* Of what begins with CR, nothing else is let through so far. */
	if (rs_unlikely(have <= sizeof(empty_line) && head[0] == '\r')) {
		drop_head(env, hc);
		hc->state = STATE_EMPTY_LINE;
		hc->head_bytes = (uint16_t)have;
		hc->begun = false;
		return have - kept;
	}
	if (!hc->head && !keep_head(env, hc, data, len))
		return refuse_last(env, hc, &req, out, HTTP_C_OVERLOAD) ? len : 0;
	hc->head_bytes = (uint16_t)have;
	hc->head_scanned = scanned;
	return have - kept;
}

/* The head goes on behind an empty line. */
static uint32_t take_behind_empty_line(struct http_env *env, struct http_conn *hc,
	const uint8_t *data, uint32_t len, struct sendq *out)
{
	struct http_req req = {.method = HTTP_NO_METHOD, .minor_version = 1};
	uint16_t n = hc->head_bytes;

	if (!keep_head(env, hc, empty_line, n))
		return refuse_last(env, hc, &req, out, HTTP_C_OVERLOAD) ? len : 0;
	hc->state = STATE_HEAD;
	return read_head(env, hc, data, len, out);
}

/* A request that is known as a whole, or whatever else data begins with. */
static uint32_t take_head(struct http_env *env, struct http_conn *hc, const uint8_t *data,
	uint32_t len, struct sendq *out)
{
	if (rs_unlikely(hc->head) || !rs_http_verbatim_reply(env, hc, data, len, out))
		return read_head(env, hc, data, len, out);
	finish_request(env, hc, out);
	env->counters[HTTP_C_REQUESTS]++;
	return len;
}

/*
 * Behind what took last bytes: requests of the same length that are known, as of who sends several
 * at once (RFC 9112 section 9.3.2). Returns the bytes that they used. Not inlined: hardly anybody
 * does.
 */
static __attribute__((noinline)) uint32_t take_known(struct http_env *env, struct http_conn *hc,
	const uint8_t *data, uint32_t len, uint32_t last, struct sendq *out)
{
	uint32_t used = 0;

	while (hc->state == STATE_HEAD && !hc->head && len - used >= last &&
		rs_http_verbatim_reply_behind(env, hc, data + used, last, out)) {
		finish_request(env, hc, out);
		env->counters[HTTP_C_REQUESTS]++;
		used += last;
	}
	return used;
}

static uint32_t drop_input(struct http_env *env, struct http_conn *hc, uint32_t len)
{
	if (len > env->cfg->linger_max_bytes - hc->body_bytes)
		abort_conn(env, hc, HTTP_C_LINGER_OVERRUN);
	else
		hc->body_bytes += len;
	return len;
}

/* What a connection does with its next bytes: returns how many it used. */
static uint32_t take(struct http_env *env, struct http_conn *hc, const uint8_t *data, uint32_t len,
	struct sendq *out)
{
	switch ((enum state)hc->state) {
	case STATE_HEAD:
		return take_head(env, hc, data, len, out);
	case STATE_EMPTY_LINE:
		return take_behind_empty_line(env, hc, data, len, out);
	case STATE_BODY_LENGTH:
	case STATE_BODY_CHUNKED:
		return take_body(env, hc, data, len, out);
	case STATE_CLOSING:
		return drop_input(env, hc, len);
	case STATE_REPLY:
		break;
	}
	return 0;
}

/* A request has begun (hc->head) and does not go on: says so, where there is room for it, and
 * closes. */
static void give_up(
	struct http_env *env, struct http_conn *hc, struct sendq *out, enum http_counter reason)
{
	uint16_t scanned = 0;
	struct http_req req;

	/* For what is known of it: a HEAD gets no body. */
	rs_http_parse(&env->cfg->limits, rs_http_heads_data(env->heads, hc->head), hc->head_bytes,
		&scanned, &req);
	if (rs_http_refuse_last(env, hc, &req, out, reason))
		finish_request(env, hc, out);
	else
		close_conn(env, hc);
}

/* The public functions. */

void rs_http_config_default(struct http_config *cfg)
{
	*cfg = (struct http_config){
		.limits =
			{
				.max_head_bytes = 16384,
				.max_target_bytes = HTTP_TARGET_BYTES,
				.max_fields = 100,
			},
		.max_body_bytes = 1 << 20,
		.idle_timeout_us = 30000000,
		.header_timeout_us = 10000000,
		.body_timeout_us = 10000000,
		.body_min_bytes = 1024,
		.write_timeout_us = 30000000,
		.write_min_bytes = 4096,
		.linger_timeout_us = 5000000,
		.linger_max_bytes = 16 << 20,
	};
}

void rs_http_open(struct http_env *env, struct http_conn *hc)
{
	*hc = (struct http_conn){
		.clock = CLOCK_IDLE,
		.deadline_us = env->now_us + env->cfg->idle_timeout_us,
	};
}

uint32_t rs_http_input(struct http_env *env, struct http_conn *hc, const uint8_t *data,
	uint32_t len, struct sendq *out)
{
	uint32_t queued = out->n_bytes;
	uint32_t used = 0;

	if (!queued && hc->clock == CLOCK_WRITE) /* all of it has arrived: that one is over */
		hc->clock = CLOCK_NONE;
	while (used < len && !hc->blocked) {
		uint32_t n = take(env, hc, data + used, len - used, out);

		used += n;
		if (rs_likely(used == len))
			break;
		used += take_known(env, hc, data + used, len - used, n, out);
	}
	settle_clock(env, hc, out, queued);
	return used;
}

void rs_http_writable(struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	uint32_t queued = out->n_bytes;

	if (hc->state == STATE_REPLY)
		continue_reply(env, hc, out);
	else if (!rs_sendq_full(out))
		hc->blocked = false;
	if (hc->followed)
		rs_http_follow_go_on(
			env, hc, out->n_bytes + (hc->state == STATE_REPLY ? hc->reply_left : 0));
	settle_clock(env, hc, out, queued);
}

/* RFC 9112 section 9.3 does not forbid a client to half-close: what it asked before is answered. */
void rs_http_eof(struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	uint32_t queued = out->n_bytes;

	if (hc->state == STATE_REPLY)
		hc->last = true;
	else if (hc->head)
		give_up(env, hc, out, HTTP_C_INCOMPLETE);
	else
		close_conn(env, hc);
	settle_clock(env, hc, out, queued);
}

/* Who has got nothing for as long as he may take nothing is better off elsewhere. */
static void retry(struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	uint32_t waited_us = hc->progress + RETRY_US;

	if (waited_us == RETRY_US) /* it has only begun to */
		env->counters[HTTP_C_REPLY_WAITED]++;
	if (waited_us >= env->cfg->write_timeout_us) {
		abort_conn(env, hc, HTTP_C_REPLY_TIMEOUT);
		return;
	}
	start_clock(env, hc, out, CLOCK_RETRY);
	hc->progress = waited_us;
	continue_reply(env, hc, out);
}

void rs_http_deadline(struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	const struct http_config *cfg = env->cfg;
	uint32_t queued = out->n_bytes;

	if (env->now_us < hc->deadline_us)
		return;
	switch ((enum clock)hc->clock) {
	case CLOCK_NONE:
		break;
	case CLOCK_IDLE:
		env->counters[HTTP_C_IDLE_TIMEOUT]++;
		close_conn(env, hc);
		break;
	case CLOCK_HEAD:
		give_up(env, hc, out, HTTP_C_HEAD_TIMEOUT);
		break;
	case CLOCK_BODY:
		if (hc->progress < cfg->body_min_bytes)
			give_up(env, hc, out, HTTP_C_BODY_TIMEOUT);
		else
			start_clock(env, hc, out, CLOCK_BODY);
		break;
	case CLOCK_WRITE:
		if (queued && hc->progress - queued < cfg->write_min_bytes)
			abort_conn(env, hc, HTTP_C_WRITE_TIMEOUT);
		else
			start_clock(env, hc, out, CLOCK_WRITE);
		break;
	case CLOCK_RETRY:
		retry(env, hc, out);
		break;
	case CLOCK_LINGER:
		abort_conn(env, hc, HTTP_C_LINGER_TIMEOUT);
		break;
	}
	settle_clock(env, hc, out, queued);
}

void rs_http_lose_head(struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	uint32_t queued = out->n_bytes;

	give_up(env, hc, out, HTTP_C_HEAD_LOST);
	settle_clock(env, hc, out, queued);
}

void rs_http_close(struct http_env *env, struct http_conn *hc, const struct sendq *out)
{
	close_conn(env, hc);
	settle_clock(env, hc, out, out->n_bytes);
}

void rs_http_release(struct http_env *env, struct http_conn *hc)
{
	if (rs_unlikely(hc->followed))
		rs_http_follow_abort(env, hc);
	rs_http_lasting_end(env, hc);
	drop_head(env, hc);
}

bool rs_http_waits_for_reader(const struct http_conn *hc)
{
	return hc->clock == CLOCK_WRITE;
}

bool rs_http_awaits_rest(const struct http_conn *hc)
{
	return hc->clock == CLOCK_HEAD || hc->clock == CLOCK_BODY;
}

bool rs_http_idle(const struct http_conn *hc)
{
	return (hc->state == STATE_HEAD || hc->state == STATE_EMPTY_LINE) && !hc->head &&
	       !hc->blocked;
}

void rs_http_idle_since(const struct http_env *env, struct http_conn *hc, uint64_t since_us)
{
	if (hc->clock == CLOCK_IDLE)
		hc->deadline_us = rs_max_u64(hc->deadline_us, since_us + env->cfg->idle_timeout_us);
}
