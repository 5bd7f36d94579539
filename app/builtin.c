/* SPDX-License-Identifier: BSD-2-Clause */
#include "builtin.h"

#include <string.h>

#include "base/bytes.h"
#include "http/conditional.h"
#include "http/text.h"

#define GET_AND_HEAD (HTTP_METHOD_BIT(HTTP_GET) | HTTP_METHOD_BIT(HTTP_HEAD))

#define LITERAL(text)                                                                              \
	{                                                                                          \
		.data = (const uint8_t *)(text), .len = sizeof(text) - 1                           \
	}

static const struct span html = LITERAL("text/html; charset=utf-8");
static const struct span octets = LITERAL("application/octet-stream");

/*
 * What is made for each request has no validators, but is there: "*" matches it, and no entity-tag
 * does.
 */
static bool reply_on_conditions(struct http_env *env, struct http_conn *hc,
	const struct http_req *req, struct sendq *out, const struct http_reply *reply)
{
	static const struct http_validators none = {.mtime_s = HTTP_NO_MTIME};

	switch (rs_http_check_conditions(req, &none)) {
	case HTTP_NOT_MODIFIED:
		return rs_http_reply(env, hc, req, out, &(struct http_reply){.status = 304});
	case HTTP_PRECONDITION_FAILED:
		return rs_http_refuse(env, hc, req, out, HTTP_C_PRECONDITION_FAILED);
	case HTTP_PROCEED:
		break;
	}
	return rs_http_reply(env, hc, req, out, reply);
}

/* ---- / ---- */

/* Short on purpose: with its head it fits into one packet, and is copied there. */
static const char page[] =
	"<!doctype html><html lang=en><meta charset=utf-8><title>Ringside</title>\n"
	"<meta name=viewport content=width=device-width>\n"
	"<style>body{font:1.1em/1.6 system-ui;max-width:32em;margin:12vh auto;padding:1em;"
	"color-scheme:light dark}h1{font-weight:300;font-size:3em;margin:0;color:#0a6}</style>\n"
	"<h1>Ringside</h1>\n"
	"<p>Served by a poll-mode core with a TCP and an HTTP of its own: no kernel took part.\n"
	"<p>Try <a href=/hello/you>/hello/you</a> and <a href=/bytes/1000>/bytes/1000</a>.\n";

static bool respond_page(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	const struct http_reply reply = {
		.status = 200,
		.content_type = html,
		.body = LITERAL(page),
	};

	return reply_on_conditions(env, hc, req, out, &reply);
}

/* ---- /hello/NAME ---- */

#define GREETING "Hello, "

static bool respond_hello(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	uint8_t name[3 * BUILTIN_MAX_NAME];
	uint8_t body[sizeof(GREETING) - 1 + BUILTIN_MAX_NAME * HTTP_HTML_GROWTH];
	struct http_reply reply = {.status = 200, .content_type = html, .body = {.data = body}};
	struct span tail = req->tail;
	int len;

	if (tail.len == 0 || memchr(tail.data, '/', tail.len))
		return rs_http_refuse(env, hc, req, out, HTTP_C_NOT_FOUND);
	if (tail.len > sizeof(name))
		return rs_http_refuse(env, hc, req, out, HTTP_C_TARGET_TOO_LONG);
	len = rs_http_percent_decode(tail, name);
	if (len < 0)
		return rs_http_refuse(env, hc, req, out, HTTP_C_BAD_ARGUMENT);
	if (len > BUILTIN_MAX_NAME)
		return rs_http_refuse(env, hc, req, out, HTTP_C_TARGET_TOO_LONG);
	memcpy(body, GREETING, sizeof(GREETING) - 1);
	reply.body.len = sizeof(GREETING) - 1 +
			 rs_http_html_escape((struct span){.data = name, .len = (uint32_t)len},
				 body + sizeof(GREETING) - 1);
	return reply_on_conditions(env, hc, req, out, &reply);
}

/* ---- /bytes/N ---- */

#define PATTERN_PERIOD 251 /* prime: a shift by any power of two shows */
/* Whole periods, so that every slice begins where the pattern does; near 1 MiB. */
#define PATTERN_BYTES (PATTERN_PERIOD * 4178u)

#define PATTERN_ROOM                                                                               \
	((PATTERN_BYTES + BUILTIN_AREA_UNIT - 1) / BUILTIN_AREA_UNIT * BUILTIN_AREA_UNIT)

static _Alignas(BUILTIN_AREA_UNIT) uint8_t pattern[PATTERN_ROOM];
static uint16_t pattern_sums[PATTERN_ROOM / SUMS_BLOCK];

const struct sums_area rs_builtin_area = {
	.start = pattern, .len = PATTERN_ROOM, .sums = pattern_sums};

void rs_builtin_init(void)
{
	for (uint32_t i = 0; i < PATTERN_BYTES; i++)
		pattern[i] = (uint8_t)(i % PATTERN_PERIOD);
	rs_sums_make(&rs_builtin_area, pattern, PATTERN_BYTES);
}

static bool respond_bytes(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	struct http_reply reply = {.status = 200, .content_type = octets};
	uint64_t n;

	if (req->tail.len == 0)
		return rs_http_refuse(env, hc, req, out, HTTP_C_NOT_FOUND);
	if (!rs_http_parse_number(req->tail, &n) || n > BUILTIN_MAX_BYTES)
		return rs_http_refuse(env, hc, req, out, HTTP_C_BAD_ARGUMENT);
	if (n <= HTTP_SMALL_BODY_BYTES)
		reply.body = (struct span){.data = pattern, .len = (uint32_t)n};
	else
		reply.generated_bytes = n;
	return reply_on_conditions(env, hc, req, out, &reply);
}

static void generate_bytes(struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	while (hc->reply_left) {
		uint32_t len = (uint32_t)rs_min_u64(hc->reply_left, PATTERN_BYTES);

		if (!rs_sendq_make_room(out, env->chunks, 1) ||
			!rs_sendq_push(out, pattern, len, 0))
			return;
		hc->reply_left -= len;
	}
}

const struct http_handler rs_builtin_handlers[BUILTIN_N_HANDLERS] = {
	{
		.name = "page",
		.path = "/",
		.repeatable = true,
		.methods = GET_AND_HEAD,
		.respond = respond_page,
	},
	{
		/* POST too: the one place where a request's body can be tried out. */
		.name = "hello",
		.path = "/hello/",
		.prefix = true,
		.needs_body = true,
		.repeatable = true,
		.methods = GET_AND_HEAD | HTTP_METHOD_BIT(HTTP_POST),
		.respond = respond_hello,
	},
	{
		.name = "bytes",
		.path = "/bytes/",
		.prefix = true,
		.repeatable = true,
		.methods = GET_AND_HEAD,
		.respond = respond_bytes,
		.generate = generate_bytes,
	},
};
