/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Heads that are nearly one that was read before: whatever the difference is, the outcome is the
 * parser's. Every head is read from memory that ends where it does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "http/seen.h"
#include "http/similar.h"

#define LINE "GET /a?b HTTP/1.1\r\n"
#define HOST "Host: a.example\r\n"
/* With Host, all bytes by which kinds of clients are told apart. */
#define UA                                                                                         \
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "      \
	"Chrome/131.0.0.0\r\n"
#define REST                                                                                       \
	"Accept: */*\r\n"                                                                          \
	"Sec-Fetch-Mode: navigate\r\n"                                                             \
	"Sec-Fetch-Dest:document \t\r\n"                                                           \
	"Accept-Encoding: gzip, deflate\r\n"                                                       \
	"X: y\r\n"                                                                                 \
	"Connection: keep-alive\r\n"
#define COOKIE "Cookie: a=b\r\n"
#define HEAD   LINE HOST UA REST "\r\n"

static const struct http_limits usual = {
	.max_head_bytes = 4096, .max_target_bytes = 1024, .max_fields = 20};
static struct http_similar similar;

static uint8_t *copy_of(const char *text, uint32_t len)
{
	uint8_t *copy = malloc(len);

	memcpy(copy, text, len);
	return copy;
}

/* Whoever has seen nothing before. */
static int read_plainly(
	const struct http_limits *limits, const uint8_t *head, uint32_t len, struct http_req *req)
{
	uint16_t scanned = 0;

	return rs_http_parse_scalar(limits, head, len, &scanned, req);
}

static void keep(const char *text)
{
	static struct http_req req;
	uint32_t len = (uint32_t)strlen(text);

	memset(&similar, 0, sizeof(similar));
	assert_int_equal(read_plainly(&usual, (const uint8_t *)text, len, &req), len);
	rs_http_similar_keep(&similar, &req);
}

static void assert_span_equal(struct span a, struct span b)
{
	assert_ptr_equal(a.data, b.data);
	assert_int_equal(a.len, b.len);
}

static void assert_req_equal(const struct http_req *a, const struct http_req *b)
{
	assert_int_equal(a->head_bytes, b->head_bytes);
	assert_int_equal(a->method, b->method);
	assert_int_equal(a->form, b->form);
	assert_int_equal(a->minor_version, b->minor_version);
	assert_int_equal(a->keep_alive, b->keep_alive);
	assert_int_equal(a->expect_continue, b->expect_continue);
	assert_int_equal(a->framing, b->framing);
	assert_int_equal(a->content_length, b->content_length);
	assert_int_equal(a->known, b->known);
	assert_span_equal(a->path, b->path);
	assert_span_equal(a->query, b->query);
	assert_span_equal(a->host, b->host);
	assert_int_equal(a->n_fields, b->n_fields);
	for (uint32_t i = 0; i < a->n_fields; i++) {
		assert_int_equal(rs_http_field(a, i)->id, rs_http_field(b, i)->id);
		assert_int_equal(rs_http_field(a, i)->name, rs_http_field(b, i)->name);
		assert_span_equal(rs_http_field_value(a, i), rs_http_field_value(b, i));
	}
}

/* Returns whether the head was read with the help of what is kept. */
static bool expect_same(const struct http_limits *limits, const char *text, uint32_t len)
{
	static struct http_req plain, req;
	uint8_t *head = copy_of(text, len);
	const char *line_end = memmem(text, len, "\r\n", 2);
	int expected = read_plainly(limits, head, len, &plain), r;

	assert_non_null(line_end);
	r = rs_http_parse_similar(limits, &similar, head, len, (uint32_t)(line_end - text), &req);
	if (r) {
		assert_int_equal(r, expected);
		assert_req_equal(&req, &plain);
	}
	free(head);
	return r > 0;
}

/* Any byte at any place. What is no good head is left to the parser. */
static void one_byte_differs(void **state)
{
	const uint32_t len = sizeof(HEAD) - 1;
	char text[sizeof(HEAD)];

	(void)state;
	keep(HEAD);
	assert_true(expect_same(&usual, HEAD, len));
	for (uint32_t at = sizeof(LINE) - 1; at < len - 4; at++) {
		for (int c = 0; c < 256; c++) {
			memcpy(text, HEAD, sizeof(HEAD));
			text[at] = (char)c;
			keep(HEAD);
			expect_same(&usual, text, len);
		}
	}
}

/* Lines that are left out, doubled, come in another order or longer, or are new. */
static void lines_differ(void **state)
{
	static const char *const lines[] = {"A: b\r\n", "Accept: x\r\n", "Accept: */*\r\n",
		"Cookie: a=b; c=d; e=f; g=h; i=j; k=l; m=n; o=p; q=r; s=t; u=v; w=x; y=z; 0=1; "
		"2=3\r\n",
		"Sec-Fetch-Mode: navigate\r\n", "Sec-Fetch-Dest:document \t\r\n", "Host: b\r\n",
		"Accept-Encoding: gzip\r\n", "Content-Length: 5\r\n", "Content-Length: 6\r\n",
		"Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "Connection: a\r\n",
		"Expect: 100-continue\r\n", "A b: c\r\n", "A : c\r\n", " folded\r\n", ":\r\n",
		"A:\tb\tc \t\r\n", "A:\r\n", "A\r\n", HOST, UA, "X: y\r\n"};
	uint32_t seed = 7, n_helped = 0;

	(void)state;
	for (uint32_t round = 0; round < 50000; round++) {
		char text[2048] = LINE HOST UA;

		for (uint32_t i = 0; i < round % 11; i++) {
			seed = seed * 1664525 + 1013904223;
			strcat(text, lines[(seed >> 12) % RS_ARRAY_SIZE(lines)]);
		}
		strcat(text, round & 1 ? REST "\r\n" : "\r\n");
		keep(HEAD);
		n_helped += expect_same(&usual, text, (uint32_t)strlen(text));
	}
	assert_in_range(n_helped, 1000, 40000);
}

/* Keeps the lines of a head, with a mark on the last one: who reads it anew does not find that. */
static void keep_marked(const char *text)
{
	keep(text);
	for (uint32_t i = 0; i < HTTP_SIMILAR_ENTRIES; i++) {
		struct http_similar_entry *e = &similar.entries[i];

		if (e->n_lines)
			e->lines[e->n_lines - 1].value_len = 1;
	}
}

/* Is the last line of this head, of a good one, taken from what is kept? */
static bool last_is_known(const char *text)
{
	uint32_t len = (uint32_t)strlen(text);
	uint8_t *head = copy_of(text, len);
	static struct http_req req;

	assert_int_equal(
		rs_http_parse_similar(&usual, &similar, head, len, sizeof(LINE) - 3, &req), len);
	free(head);
	return req.fields[req.n_fields - 1].value_len == 1;
}

/* A line of any length that is kept is known, and is not when one of its bytes is another. */
static void lines_are_known_as_a_whole(void **state)
{
	(void)state;
	for (uint32_t len = 8; len <= 256; len++) {
		char text[1024];
		int at = sizeof(LINE HOST UA REST) - 1;

		snprintf(text, sizeof(text), LINE HOST UA REST "B: %0*d\r\n\r\n", (int)len - 5, 0);
		keep_marked(text);
		assert_true(last_is_known(text));
		for (uint32_t i = 0; i < len - 2; i++) {
			char before = text[(uint32_t)at + i];

			if (before == ':')
				continue;
			text[(uint32_t)at + i] = 'z';
			assert_false(last_is_known(text));
			text[(uint32_t)at + i] = before;
		}
		assert_true(last_is_known(text));
	}
}

/* Behind another path, a new line, and without one; but not what is too short or too long. */
static void what_is_kept(void **state)
{
	char text[1024];

	(void)state;
	keep_marked(LINE HOST UA REST COOKIE "\r\n");
	assert_true(last_is_known(LINE HOST UA REST "New: field\r\n" COOKIE "\r\n"));
	assert_true(last_is_known(LINE HOST UA "A: b\r\n" REST COOKIE "\r\n"));
	assert_true(last_is_known(LINE HOST UA "Referer: http://a/\r\n" REST COOKIE "\r\n"));
	assert_true(
		last_is_known(LINE HOST UA "Accept: */*\r\nFill: 0123456789\r\n" COOKIE "\r\n"));
	assert_false(last_is_known(LINE HOST UA REST COOKIE "Cookie: a=c\r\n\r\n"));
	keep_marked(LINE HOST UA REST "A:1234\r\n\r\n");
	assert_true(last_is_known(LINE HOST UA REST "A:1234\r\n\r\n"));
	keep_marked(LINE HOST UA REST "A:123\r\n\r\n");
	assert_false(last_is_known(LINE HOST UA REST "A:123\r\n\r\n"));
	snprintf(text, sizeof(text), LINE HOST UA REST "B: %0252d\r\n\r\n", 0);
	keep_marked(text);
	assert_false(last_is_known(text));
}

/* More fields or bytes than are kept, or than are allowed. */
static void limits_hold(void **state)
{
	struct http_limits limits = usual;
	uint32_t len = sizeof(HEAD) - 1;
	char text[4096] = LINE HOST UA;

	(void)state;
	keep(HEAD);
	limits.max_fields = 8;
	assert_true(expect_same(&limits, HEAD, len));
	limits.max_fields = 7;
	assert_false(expect_same(&limits, HEAD, len));
	limits = usual;
	limits.max_head_bytes = len;
	assert_true(expect_same(&limits, HEAD, len));
	limits.max_head_bytes = len - 1;
	assert_false(expect_same(&limits, HEAD, len));
	limits = usual;
	limits.max_fields = HTTP_MAX_FIELDS;
	for (int i = 3; i <= HTTP_MAX_FIELDS; i++)
		strcat(text, "Field: value\r\n");
	strcat(text, "\r\n");
	assert_true(expect_same(&limits, text, (uint32_t)strlen(text)));
	text[strlen(text) - 2] = '\0';
	strcat(text, "A: b\r\n\r\n");
	assert_false(expect_same(&limits, text, (uint32_t)strlen(text)));
}

/* All lines but the request's are known: what they say depends on it, too. */
static void request_lines_differ(void **state)
{
	static const char *const lines[] = {"GET / HTTP/1.1", "GET / HTTP/1.0", "HEAD /x HTTP/1.1",
		"GET http://b.example/ HTTP/1.1", "OPTIONS * HTTP/1.1", "DELETE /x HTTP/1.1"};
	static const char *const bad[] = {"GET / HTTP/2.0", "GET  / HTTP/1.1", "GET / HTTP/1.1 ",
		"", "GET", "FOO / HTTP/1.1", "CONNECT a HTTP/1.1", "GET /%zz HTTP/1.1", "\tGET /"};
	char text[1024];

	(void)state;
	keep(HEAD);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(lines); i++) {
		snprintf(text, sizeof(text), "%s\r\n" HOST UA REST "\r\n", lines[i]);
		assert_true(expect_same(&usual, text, (uint32_t)strlen(text)));
	}
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), "%s\r\n" HOST UA REST "\r\n", bad[i]);
		assert_false(expect_same(&usual, text, (uint32_t)strlen(text)));
	}
}

/* Through the front door: each head has a cookie of its own, and what was kept serves them all. */
static void heads_with_cookies(void **state)
{
	static struct http_seen seen;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < 50; i++) {
		static struct http_req plain, req;
		uint16_t scanned = 0;
		char text[2048];
		int len = snprintf(text, sizeof(text), LINE HOST UA REST "Cookie: %0*u\r\n\r\n",
			10 + (int)i * 20, i);
		uint8_t *head = copy_of(text, (uint32_t)len);

		assert_int_equal(read_plainly(&usual, head, (uint32_t)len, &plain), len);
		assert_int_equal(
			rs_http_parse_seen(&usual, &seen, head, (uint32_t)len, &scanned, &req),
			len);
		assert_req_equal(&req, &plain);
		free(head);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_byte_differs),
		cmocka_unit_test(lines_differ),
		cmocka_unit_test(lines_are_known_as_a_whole),
		cmocka_unit_test(what_is_kept),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(request_lines_differ),
		cmocka_unit_test(heads_with_cookies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
