/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Request heads: the vector parser against its scalar twin, at once and in pieces, and with what
 * was read before. The first byte of the input chooses the size of the pieces and the limits, the
 * rest is the head.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/parse.h"
#include "http/seen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int parser(
	const struct http_limits *, const uint8_t *, uint32_t, uint16_t *, struct http_req *);

struct outcome {
	int result;
	uint8_t *copy; /* what req points into */
	struct http_req req;
};

static void check(int condition)
{
	if (!condition)
		abort();
}

/* Each call sees an exact-size copy, step bytes longer than the one before. */
static struct outcome parse_in_steps(parser *parse, const struct http_limits *limits,
	const uint8_t *head, uint32_t len, uint32_t step)
{
	struct outcome o = {0};
	uint16_t scanned = 0;

	for (uint32_t n = step < len ? step : len;; n = n + step < len ? n + step : len) {
		free(o.copy);
		o.copy = malloc(n ? n : 1);
		memcpy(o.copy, head, n);
		o.result = parse(limits, o.copy, n, &scanned, &o.req);
		check(o.result <= (int)n);
		if (o.result || n == len)
			return o;
	}
}

static void check_span(struct span a, struct span b)
{
	check(a.len == b.len && !a.data == !b.data);
	check(!a.len || memcmp(a.data, b.data, a.len) == 0);
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
	check(a->result == b->result);
	if (a->result < 0)
		check(a->req.line_known == b->req.line_known && a->req.method == b->req.method);
	if (a->result <= 0)
		return;
	check(a->req.line_known && b->req.line_known);
	check_span(rs_http_request_line(&a->req), rs_http_request_line(&b->req));
	check(a->req.head_bytes == b->req.head_bytes && a->req.method == b->req.method);
	check(a->req.form == b->req.form && a->req.framing == b->req.framing);
	check(a->req.minor_version == b->req.minor_version && a->req.known == b->req.known);
	check(a->req.keep_alive == b->req.keep_alive);
	check(a->req.expect_continue == b->req.expect_continue);
	check(a->req.content_length == b->req.content_length);
	check_span(a->req.path, b->req.path);
	check_span(a->req.query, b->req.query);
	check_span(a->req.host, b->req.host);
	check(a->req.n_fields == b->req.n_fields);
	for (uint32_t i = 0; i < a->req.n_fields; i++) {
		check(rs_http_field(&a->req, i)->id == rs_http_field(&b->req, i)->id);
		check_span(rs_http_field_value(&a->req, i), rs_http_field_value(&b->req, i));
	}
}

/* Several times, so that its fields are kept and found again, and in pieces at last. */
static void check_seen(const struct http_limits *limits, const uint8_t *head, uint32_t len,
	uint32_t step, const struct outcome *expected)
{
	struct http_seen *seen = calloc(1, sizeof(*seen));
	struct outcome o = {.copy = malloc(len ? len : 1)};

	memcpy(o.copy, head, len);
	for (uint32_t i = 0; i < 5; i++) {
		uint16_t scanned = 0;
		uint32_t n = i < 4 ? len : 0;

		do {
			n = n + step < len ? n + step : len;
			o.result = rs_http_parse_seen(limits, seen, o.copy, n, &scanned, &o.req);
		} while (!o.result && n < len);
		check_same(expected, &o);
	}
	free(o.copy);
	free(seen);
}

/* A browser's head is kept; then the same comes with the input somewhere among its fields. */
static void check_similar(const struct http_limits *limits, const uint8_t *data, uint32_t size)
{
	static const char text[] =
		"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive\r\n"
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like "
		"Gecko)\r\n"
		"Accept: */*\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n"
		"Referer: http://a.example/\r\nAccept-Encoding: gzip, deflate\r\nA:\tb\r\n"
		"If-None-Match: \"a\"\r\nCookie: a=b; c=d\r\n\r\n";
	const uint32_t text_len = sizeof(text) - 1;
	struct http_seen *seen = calloc(1, sizeof(*seen));
	uint32_t at = 16 + (size ? data[0] * 2u : 0) % (text_len - 16);
	uint8_t *head = malloc(text_len + size);
	uint16_t scanned = 0;
	struct outcome plain, o = {.copy = NULL};

	rs_http_parse_seen(&(struct http_limits){1024, 512, 20}, seen, (const uint8_t *)text,
		text_len, &scanned, &o.req);
	memcpy(head, text, at);
	memcpy(head + at, data, size);
	memcpy(head + at + size, text + at, text_len - at);
	plain = parse_in_steps(rs_http_parse_scalar, limits, head, text_len + size, UINT16_MAX);
	scanned = 0;
	o.result = rs_http_parse_seen(limits, seen, head, text_len + size, &scanned, &o.req);
	check_same(&plain, &o);
	free(plain.copy);
	free(head);
	free(seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct http_limits limits[] = {
		{.max_head_bytes = 16384, .max_target_bytes = 8192, .max_fields = 100},
		{.max_head_bytes = 100, .max_target_bytes = 20, .max_fields = 2},
	};
	const struct http_limits *l;
	struct outcome whole, twin, pieces;
	uint32_t step;

	if (size < 1 || size > 20000)
		return 0;
	l = &limits[data[0] & 1];
	step = 1 + (data[0] >> 1);
	data++;
	size--;
	whole = parse_in_steps(rs_http_parse, l, data, (uint32_t)size, UINT16_MAX);
	twin = parse_in_steps(rs_http_parse_scalar, l, data, (uint32_t)size, UINT16_MAX);
	pieces = parse_in_steps(rs_http_parse, l, data, (uint32_t)size, step);
	check_same(&whole, &twin);
	check_same(&whole, &pieces);
	check_seen(l, data, (uint32_t)size, step, &whole);
	check_similar(l, data, (uint32_t)size);
	free(whole.copy);
	free(twin.copy);
	free(pieces.copy);
	return 0;
}
