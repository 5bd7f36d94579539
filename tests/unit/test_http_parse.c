/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Request heads against RFC 9110 and RFC 9112. Every case is parsed by both twins: at once, byte
 * by byte, and cut in two at every place, always from exact-size copies on the heap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "http/parse.h"
#include "http/scan.h"

static const struct http_limits default_limits = {
	.max_head_bytes = 16384,
	.max_target_bytes = 8192,
	.max_fields = 100,
};

typedef int parser(
	const struct http_limits *, const uint8_t *, uint32_t, uint16_t *, struct http_req *);

static parser *const twins[] = {rs_http_parse, rs_http_parse_scalar};

#define N_TWINS 2

/* Parses the first len bytes of text from an exact-size copy, which req goes on pointing into. */
static int parse_copy(parser *parse, const struct http_limits *limits, const char *text,
	uint32_t len, uint16_t *scanned, struct http_req *req, uint8_t **copy)
{
	*copy = malloc(len ? len : 1);
	memcpy(*copy, text, len);
	return parse(limits, *copy, len, scanned, req);
}

/* Feeds prefixes of text, cut at a, at a + step, …: the first result that is not "more". */
static int parse_in_steps(parser *parse, const struct http_limits *limits, const char *text,
	uint32_t len, uint32_t a, uint32_t step)
{
	struct http_req req;
	uint16_t scanned = 0;
	uint8_t *copy;
	int r = 0;

	for (uint32_t n = a; r == 0; n = n + step < len ? n + step : len) {
		r = parse_copy(parse, limits, text, n, &scanned, &req, &copy);
		free(copy);
		if (n == len)
			break;
	}
	return r;
}

static void expect(const struct http_limits *limits, const char *text, uint32_t len, int expected)
{
	for (int t = 0; t < N_TWINS; t++) {
		int r = parse_in_steps(twins[t], limits, text, len, len, 1);

		if (r != expected)
			print_error("twin %d, at once: %.*s\n", t, (int)len, text);
		assert_int_equal(r, expected);
		r = parse_in_steps(twins[t], limits, text, len, 1, 1);
		if (r != expected)
			print_error("twin %d, byte by byte: %.*s\n", t, (int)len, text);
		assert_int_equal(r, expected);
		for (uint32_t a = 1; a < len && len < 300; a++) {
			r = parse_in_steps(twins[t], limits, text, len, a, len);
			if (r != expected)
				print_error("twin %d, cut at %u: %.*s\n", t, a, (int)len, text);
			assert_int_equal(r, expected);
		}
	}
}

struct refusal {
	const char *text;
	enum http_counter reason;
};

static void expect_refusals(const struct refusal *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect(&default_limits, cases[i].text, (uint32_t)strlen(cases[i].text),
			HTTP_REFUSED(cases[i].reason));
}

#define EXPECT_REFUSALS(cases) expect_refusals(cases, sizeof(cases) / sizeof((cases)[0]))

static void expect_all_good(const char *const *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t len = (uint32_t)strlen(cases[i]);

		expect(&default_limits, cases[i], len, (int)len);
	}
}

#define EXPECT_ALL_GOOD(cases) expect_all_good(cases, sizeof(cases) / sizeof((cases)[0]))

#define H "Host: x\r\n"

static void good_heads(void **state)
{
	static const char *const cases[] = {
		"GET / HTTP/1.1\r\n" H "\r\n",
		"\r\nGET / HTTP/1.1\r\n" H "\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.2\r\n" H "\r\n",
		"GET / HTTP/1.9\r\n" H "\r\n",
		"HEAD /a/b?c=d&e HTTP/1.1\r\n" H "\r\n",
		"GET /? HTTP/1.1\r\n" H "\r\n",
		"GET /?a?b/c HTTP/1.1\r\n" H "\r\n",
		"GET /?a[]={1}|2 HTTP/1.1\r\n" H "\r\n",
		"GET /a[1]|b HTTP/1.1\r\n" H "\r\n",
		"GET /<a>\"b\"{c}^`\\ HTTP/1.1\r\n" H "\r\n",
		"GET /\xc3\xbc.txt?\xc3\xa9=\"<>\" HTTP/1.1\r\n" H "\r\n",
		"GET http://x/\x80\xff HTTP/1.1\r\n" H "\r\n",
		"GET /?off=50% HTTP/1.1\r\n" H "\r\n",
		"GET /?%1 HTTP/1.1\r\n" H "\r\n",
		"GET http://x?50%off HTTP/1.1\r\n" H "\r\n",
		"GET //a//b HTTP/1.1\r\n" H "\r\n",
		"GET /%41%5a%ff%00 HTTP/1.1\r\n" H "\r\n",
		"GET /;p=1,2:@!$&'()*+ HTTP/1.1\r\n" H "\r\n",
		"OPTIONS * HTTP/1.1\r\n" H "\r\n",
		"OPTIONS / HTTP/1.1\r\n" H "\r\n",
		"OPTIONS http://x HTTP/1.1\r\n" H "\r\n",
		"GET http://x/ HTTP/1.1\r\n" H "\r\n",
		"GET HTTP://x HTTP/1.1\r\n" H "\r\n",
		"GET https://x:443/a?b HTTP/1.1\r\n" H "\r\n",
		"GET http://x?q HTTP/1.1\r\n" H "\r\n",
		"GET ftp://x/a?b HTTP/1.1\r\n" H "\r\n",
		"GET http://[::1]:80/ HTTP/1.1\r\n" H "\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
		"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n" H "\r\n",
		"POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n",
		"POST / HTTP/1.1\r\n" H "Content-Length:  18446744073709551615 \r\n\r\n",
		"POST / HTTP/1.1\r\n" H "Content-Length: 000000000000000000000000000007\r\n\r\n",
		"PUT / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n",
		"PUT / HTTP/1.1\r\n" H "TRANSFER-ENCODING:\tChunKED\t \r\n\r\n",
		"DELETE / HTTP/1.1\r\n" H "\r\n",
		"TRACE / HTTP/1.1\r\n" H "\r\n",
		"PATCH / HTTP/1.1\r\n" H "\r\n",
		"GET / HTTP/1.1\r\nHost:x\r\n\r\n",
		"GET / HTTP/1.1\r\nhOST:  x  \r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x:65535\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [fe80::1]\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::ffff:1.2.3.4]:8080\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::]\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7:8]:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7::]\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [FFFF:ffff:ffff:ffff:ffff:ffff:123.123.123.123]\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a-b_c.~!$&'()*+,;=%41\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Empty:\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "A: b\tc d\r\nA: e\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "!#$%&'*+-.^_`|~09azAZ: \"\x80\xff\"\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Expect: 100-continue\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Expect: 100-CONTINUE\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Expect: , 100-continue,\r\n\r\n",
		"GET / HTTP/1.0\r\nExpect: teapot\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Connection: close, , foo, \"what\"\r\n\r\n",
	};

	(void)state;
	EXPECT_ALL_GOOD(cases);
}

static void incomplete_heads(void **state)
{
	static const char head[] = "GET /path?query HTTP/1.1\r\n" H "Accept: */*\r\n\r\n";

	(void)state;
	for (uint32_t len = 1; len < sizeof(head) - 1; len++)
		expect(&default_limits, head, len, 0);
	expect(&default_limits, "\r\n", 2, 0);
	/* What follows a head is not looked at. */
	expect(&default_limits, "GET / HTTP/1.0\r\n\r\n\0\n\x7f", 21, 18);
}

static void bad_request_lines(void **state)
{
	static const struct refusal cases[] = {
		{"\r\n\r\nGET / HTTP/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{" GET / HTTP/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET /\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / \r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET  / HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"GET /  HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"GET / HTTP/1.1 \r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET\t/ HTTP/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET /\tHTTP/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / HTTP/1.1\t\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / http/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / Http/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / HTTP/1,1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / HTTP/1.\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / HTTP/.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / HTTP/1.10\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / HTTP/11.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / HTTP/x.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / HTTP/1.x\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / HTTP 1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / HTTPS/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET / FTP/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET HTTP/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"/ HTTP/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"G(T / HTTP/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET:/ HTTP/1.1\r\n", HTTP_C_BAD_REQUEST_LINE},
		{"GET /a b HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"GET / HTTP/1.1 HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"GET / HTTP/0.9\r\n", HTTP_C_BAD_VERSION},
		{"GET / HTTP/2.0\r\n", HTTP_C_BAD_VERSION},
		{"GET / HTTP/3.0\r\n", HTTP_C_BAD_VERSION},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP_C_BAD_VERSION},
		{"get / HTTP/1.1\r\n", HTTP_C_UNKNOWN_METHOD},
		{"Get / HTTP/1.1\r\n", HTTP_C_UNKNOWN_METHOD},
		{"GETT / HTTP/1.1\r\n", HTTP_C_UNKNOWN_METHOD},
		{"GE / HTTP/1.1\r\n", HTTP_C_UNKNOWN_METHOD},
		{"BREW / HTTP/1.1\r\n", HTTP_C_UNKNOWN_METHOD},
		{"PROPFIND / HTTP/1.1\r\n", HTTP_C_UNKNOWN_METHOD},
	};

	(void)state;
	EXPECT_REFUSALS(cases);
}

static void bad_targets(void **state)
{
	static const char *const targets[] = {
		"a",
		"index.html",
		"?q",
		"#f",
		"/#f",
		"/a#f",
		"/?a#f",
		"/\xc3\xa9#f",
		"/%",
		"/%4",
		"/%zz",
		"/%4g",
		"/%g4",
		"/%%41",
		"*",
		"**",
		"*/",
		"http:",
		"http:/",
		"http://",
		"http:///",
		"http:///a",
		"http://?q",
		"http://:80/",
		"http://u@x/",
		"http://u:p@x/",
		"http://x:y/",
		"http://x:65536/",
		"http://[::1/",
		"http://[]/",
		"http://[g]/",
		"http://[1:2:3:4:5:6:7:8:9]/",
		"http://[::1%25eth0]/",
		"http://x y/",
		"http://x\\/",
		"http://x#f",
		"http://x/#f",
		"http://x/%",
		"ftp://",
		"ftp:x/",
		"ftp:abcd/",
		"ftp:/ab/",
		"1ftp://x/",
		"f_tp://x/",
		"://x/",
		"ftp://u@x/",
		"file:///etc/passwd",
		"urn:x",
		"//\t",
		"x:80",
	};
	static const struct refusal others[] = {
		{"OPTIONS ** HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"OPTIONS x HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"POST * HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"CONNECT / HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"CONNECT * HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"CONNECT x HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"CONNECT x: HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"CONNECT :443 HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"CONNECT x:443/ HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"CONNECT x/443 HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"CONNECT x:70000 HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"CONNECT http://x:443 HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"CONNECT [1::2::3]:443 HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		/* Not even the line of an unknown method (RFC 9112 section 3). */
		{"G ET / HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"BREW /a b HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"BREW /\t HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
		{"BREW /#a HTTP/1.1\r\n", HTTP_C_BAD_TARGET},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		char text[128];
		int len = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" H "\r\n", targets[i]);

		expect(&default_limits, text, (uint32_t)len, HTTP_REFUSED(HTTP_C_BAD_TARGET));
	}
	EXPECT_REFUSALS(others);
}

#define G "GET / HTTP/1.1\r\n"

static void bad_lines(void **state)
{
	static const struct refusal cases[] = {
		{"GET / HTTP/1.1\n", HTTP_C_BAD_LINE_END},
		{"\nGET / HTTP/1.1\r\n", HTTP_C_BAD_LINE_END},
		{"\rGET / HTTP/1.1\r\n", HTTP_C_BAD_LINE_END},
		{"GET / HTTP/1.1\r\r\n", HTTP_C_BAD_LINE_END},
		{"GET / HTTP/1.1\rHost: x\r\n", HTTP_C_BAD_LINE_END},
		{G "Host: x\n", HTTP_C_BAD_LINE_END},
		{G H "\n", HTTP_C_BAD_LINE_END},
		{G H "A: b\rc\r\n", HTTP_C_BAD_LINE_END},
		{G H "A: b\nc\r\n", HTTP_C_BAD_LINE_END},
		{G H "\r\r\n", HTTP_C_BAD_LINE_END},
		{G H "A: \x01\r\n", HTTP_C_BAD_CONTROL},
		{G H "A: \x08\r\n", HTTP_C_BAD_CONTROL},
		{G H "A: \x0b\r\n", HTTP_C_BAD_CONTROL},
		{G H "A: \x1b\r\n", HTTP_C_BAD_CONTROL},
		{G H "A: \x7f\r\n", HTTP_C_BAD_CONTROL},
		{"GET /\x7f", HTTP_C_BAD_CONTROL},
		{"\x16\x03\x01\x02", HTTP_C_BAD_CONTROL}, /* TLS to the plain port */
		/* Of two faults, the one that stands first, however the head is cut. */
		{"BREW / HTTP/1.1\r\nA: \x01\r\n", HTTP_C_UNKNOWN_METHOD},
		{"GET\r\n\n", HTTP_C_BAD_REQUEST_LINE},
	};

	(void)state;
	EXPECT_REFUSALS(cases);
	expect(&default_limits, G "A: \0b\r\n", 23, HTTP_REFUSED(HTTP_C_BAD_CONTROL));
	expect(&default_limits, "GET /\0 HTTP/1.1\r\n", 17, HTTP_REFUSED(HTTP_C_BAD_CONTROL));
}

static void bad_fields(void **state)
{
	static const struct refusal cases[] = {
		{G H ": b\r\n\r\n", HTTP_C_BAD_FIELD_NAME},
		{G H "A\r\n\r\n", HTTP_C_BAD_FIELD_NAME},
		{G H "A b: c\r\n\r\n", HTTP_C_BAD_FIELD_NAME},
		{G H "A(b): c\r\n\r\n", HTTP_C_BAD_FIELD_NAME},
		{G H "A\x80: c\r\n\r\n", HTTP_C_BAD_FIELD_NAME},
		{G H "\"A\": c\r\n\r\n", HTTP_C_BAD_FIELD_NAME},
		{G H "A/B: c\r\n\r\n", HTTP_C_BAD_FIELD_NAME},
		{G H "A;: c\r\n\r\n", HTTP_C_BAD_FIELD_NAME},
		{G H "A@b\r\n\r\n", HTTP_C_BAD_FIELD_NAME},
		{G "Host\r\n\r\n", HTTP_C_BAD_FIELD_NAME},
		{G "Host : x\r\n\r\n", HTTP_C_SPACE_BEFORE_COLON},
		{G "Host\t: x\r\n\r\n", HTTP_C_SPACE_BEFORE_COLON},
		{G H "Content-Length : 5\r\n\r\n", HTTP_C_SPACE_BEFORE_COLON},
		{G H "Transfer-Encoding \t : chunked\r\n\r\n", HTTP_C_SPACE_BEFORE_COLON},
		{G " Host: x\r\n\r\n", HTTP_C_OBS_FOLD},
		{G H " folded\r\n\r\n", HTTP_C_OBS_FOLD},
		{G H "A: b\r\n c\r\n\r\n", HTTP_C_OBS_FOLD},
		{G H "A: b\r\n\tc: d\r\n\r\n", HTTP_C_OBS_FOLD},
		{G H " \r\n\r\n", HTTP_C_OBS_FOLD},
		{G "\r\n", HTTP_C_BAD_HOST},
		{G "A: b\r\n\r\n", HTTP_C_BAD_HOST},
		{G H H "\r\n", HTTP_C_BAD_HOST},
		{G H "A: b\r\nHOST: y\r\n\r\n", HTTP_C_BAD_HOST},
		{"GET / HTTP/1.0\r\n" H H "\r\n", HTTP_C_BAD_HOST},
		{"GET http://x/ HTTP/1.1\r\n\r\n", HTTP_C_BAD_HOST},
		{"GET http://x/ HTTP/1.1\r\nHost: a b\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host:\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: \t \r\n\r\n", HTTP_C_BAD_HOST},
		{"GET / HTTP/1.0\r\nHost:\r\n\r\n", HTTP_C_BAD_HOST},
		{"GET http://x/ HTTP/1.1\r\nHost:\r\n\r\n", HTTP_C_BAD_HOST},
		{"OPTIONS * HTTP/1.1\r\nHost: \r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a b\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a/b\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: http://a\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: u@a\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a:b\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a:1:2\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a:65536\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a:-1\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a, b\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a?b\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a#b\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a%\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a%4\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: \"a\"\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: a\\b\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: \xc3\xa9\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [::1\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: ::1]\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: []\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [:]\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [::1]x\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: :80\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: :\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [.]\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [:::]\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [1.2.3.4]\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [::12345]\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [1:2:3:4:5:6:7]\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [1::2::3]\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [::1.2.3.256]\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [0000:0000:0000:0000:0000:0000:0000:0000:0000]\r\n\r\n", HTTP_C_BAD_HOST},
		{G "Host: [0000:0000:0000:0000:0000:00000:123.123.123.123]\r\n\r\n",
			HTTP_C_BAD_HOST},
		/* RFC 3986 section 3.2.2: who does not know the version should say so. */
		{G "Host: [v1.abc]\r\n\r\n", HTTP_C_BAD_HOST},
	};

	(void)state;
	EXPECT_REFUSALS(cases);
}

#define P "POST / HTTP/1.1\r\nHost: x\r\n"

static void bad_framing(void **state)
{
	static const struct refusal cases[] = {
		{P "Content-Length:\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: x\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: -1\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: +1\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 0x5\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 5 5\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 5.0\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 1e3\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: \"5\"\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 5,\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 5, 5\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 5, 6\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 5\r\ncontent-length: 6\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 18446744073709551616\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 99999999999999999999999\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: \xb2\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{"GET / HTTP/1.0\r\nContent-Length: x\r\n\r\n", HTTP_C_BAD_CONTENT_LENGTH},
		{P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
			HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
			HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
			HTTP_C_BAD_TRANSFER_ENCODING},
		{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
			HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding:\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: ,\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunked,\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: ,chunked\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunked, chunked\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunked, gzip\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunked, identity\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n",
			HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
			HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunked;q=1\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: \"chunked\"\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunked chunked\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunked\xa0\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: gzip\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: identity\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: xchunked\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: chunke\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: gzip, deflate\r\n\r\n", HTTP_C_BAD_TRANSFER_ENCODING},
		{P "Transfer-Encoding: gzip, chunked\r\n\r\n", HTTP_C_UNKNOWN_CODING},
		{P "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
			HTTP_C_UNKNOWN_CODING},
		{P "Expect: 200-ok\r\n\r\n", HTTP_C_BAD_EXPECTATION},
		{P "Expect: 100-continue, x\r\n\r\n", HTTP_C_BAD_EXPECTATION},
		{P "Expect: 100-continue\r\nExpect: x\r\n\r\n", HTTP_C_BAD_EXPECTATION},
		{P "Expect: 100-continue=1\r\n\r\n", HTTP_C_BAD_EXPECTATION},
		{P "Expect: , x\r\n\r\n", HTTP_C_BAD_EXPECTATION},
	};

	(void)state;
	EXPECT_REFUSALS(cases);
}

/* Every byte value, at places where the RFC lets some stand: the sets are written out from it. */
static bool in_set(const char *set, int c)
{
	return c != 0 && strchr(set, c) != NULL;
}

#define ALNUM      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define UNRESERVED ALNUM "-._~"
#define SUB_DELIMS "!$&'()*+,;="

#define VISIBLE "\"<>[]^`{|}\\" UNRESERVED SUB_DELIMS ":@/?" /* but for # and % */

/* What is not of ASCII. */
static const char *beyond_ascii(void)
{
	static char text[129];

	for (int i = 0; i < 128; i++)
		text[i] = (char)(0x80 + i);
	return text;
}

static int line_fault(int c)
{
	if (c == '\n' || c == '\r')
		return HTTP_REFUSED(HTTP_C_BAD_LINE_END);
	if ((c < 0x20 && c != '\t') || c == 0x7f)
		return HTTP_REFUSED(HTTP_C_BAD_CONTROL);
	return 0;
}

/* format has one %c. good: what may stand there; fault: what all others are, but line faults. */
static void every_byte(const char *format, const char *good, int fault)
{
	for (int c = 0; c < 256; c++) {
		char text[160];
		int len = snprintf(text, sizeof(text), format, c);
		int expected = in_set(good, c) ? len : line_fault(c) ? line_fault(c) : fault;

		expect(&default_limits, text, (uint32_t)len, expected);
	}
}

static void every_byte_everywhere(void **state)
{
	static const char token[] = ALNUM "!#$%&'*+-.^_`|~";
	int bad_target = HTTP_REFUSED(HTTP_C_BAD_TARGET);
	char path[256], query[256];

	(void)state;
	snprintf(path, sizeof(path), VISIBLE "%s", beyond_ascii());
	snprintf(query, sizeof(query), VISIBLE "%%%s", beyond_ascii());
	/* "%c/" is no %-escape: "%" itself is bad in a path. */
	every_byte("GET /a%c/ HTTP/1.0\r\n\r\n", path, bad_target);
	every_byte(
		"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%c/ HTTP/1.0\r\n\r\n", path, bad_target);
	every_byte("GET /?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%c/ HTTP/1.0\r\n\r\n", query,
		bad_target);
	every_byte("GET %c HTTP/1.0\r\n\r\n", "/", bad_target);
	every_byte("GET http://a%cb/ HTTP/1.0\r\n\r\n", UNRESERVED SUB_DELIMS "/?", bad_target);
	for (int c = 0; c < 256; c++) {
		char text[160];
		int len = snprintf(text, sizeof(text), "GET / HTTP/1.0\r\nAb%cC: d\r\n\r\n", c);
		int expected = in_set(token, c) || c == ':' ? len
			       : line_fault(c)              ? line_fault(c)
							    : HTTP_REFUSED(HTTP_C_BAD_FIELD_NAME);

		expect(&default_limits, text, (uint32_t)len, expected);
		len = snprintf(text, sizeof(text),
			"GET / HTTP/1.0\r\nLong-Field-Name-Of-Many-Bytes%cC: d\r\n\r\n", c);
		if (expected > 0)
			expected = len;
		expect(&default_limits, text, (uint32_t)len, expected);
		len = snprintf(text, sizeof(text), "GET / HTTP/1.0\r\nA: b%cc\r\n\r\n", c);
		expect(&default_limits, text, (uint32_t)len, line_fault(c) ? line_fault(c) : len);
		len = snprintf(text, sizeof(text), "G%cT / HTTP/1.0\r\n\r\n", c);
		expected = c == 'E'           ? len
			   : line_fault(c)    ? line_fault(c)
			   : in_set(token, c) ? HTTP_REFUSED(HTTP_C_UNKNOWN_METHOD)
					      : HTTP_REFUSED(HTTP_C_BAD_REQUEST_LINE);
		/* "G T / HTTP/1.0" is method G with a bad target. */
		if (c == ' ')
			expected = bad_target;
		expect(&default_limits, text, (uint32_t)len, expected);
	}
	every_byte("GET / HTTP/1.0\r\nHost: a%cb\r\n\r\n", UNRESERVED SUB_DELIMS,
		HTTP_REFUSED(HTTP_C_BAD_HOST));
}

/* Both twins' classes are what their macros say, for every byte at every place of a vector. */
static void classes_are_exact(void **state)
{
	(void)state;
	for (int cls = 0; cls < SCAN_N_CLASSES; cls++) {
		for (int c = 0; c < 256; c++) {
			bool in[SCAN_N_CLASSES] = {[SCAN_TOKEN] = SCAN_IN_TOKEN(c),
				[SCAN_HOST] = SCAN_IN_HOST(c),
				[SCAN_PATH] = SCAN_IN_PATH(c),
				[SCAN_QUERY] = SCAN_IN_QUERY(c)};

			for (uint32_t at = 0; at < 40; at++) {
				uint32_t expected = in[cls] ? 40 : at;
				uint8_t text[40];

				memset(text, 'a', sizeof(text));
				text[at] = (uint8_t)c;
				assert_int_equal(
					scan_run(false, (enum scan_class)cls, text, 0, 40, 0),
					expected);
				assert_int_equal(
					scan_run(true, (enum scan_class)cls, text, 0, 40, 0),
					expected);
			}
		}
	}
}

/* Whoever walks over text, from any of its bytes, finds the control characters that are there, and
 * nothing else; he has to pass over HTABs. */
static void expect_walk(const uint8_t *text, uint32_t from, uint32_t len)
{
	for (int vector = 0; vector < 2; vector++) {
		struct scan_walk walk = scan_walk_from(from);

		for (uint32_t i = from; i < len; i++) {
			uint32_t found = i;

			if (!scan_is_control(text[i]))
				continue;
			do
				found = scan_next_control(vector, text, len, &walk);
			while (found < i && text[found] == '\t');
			assert_int_equal(found, i);
		}
		for (uint32_t i = from; i < len; i++) {
			uint32_t found = scan_next_control(vector, text, len, &walk);

			if (found == len)
				break;
			assert_int_equal(text[found], '\t');
		}
		assert_int_equal(scan_next_control(vector, text, len, &walk), len);
	}
}

/* Every byte at every place of a text as long as there are vectors and rests, which ends where its
 * memory does. */
static void controls_are_found(void **state)
{
	static const uint32_t lengths[] = {
		1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 127, 128, 129, 200, 321, 454};

	(void)state;
	for (uint32_t n = 0; n < RS_ARRAY_SIZE(lengths); n++) {
		uint32_t len = lengths[n];
		uint8_t *text = malloc(len);

		memset(text, 'a', len);
		for (uint32_t at = 0; at < len; at++) {
			for (int c = 0; c < 256; c++) {
				text[at] = (uint8_t)c;
				expect_walk(text, 0, len);
				expect_walk(text, at, len);
			}
			text[at] = 'a';
		}
		for (uint32_t from = 0; from < len; from++)
			expect_walk(text, from, len);
		free(text);
	}
}

/* … and where there are many of them, one behind the other or not. */
static void many_controls_are_found(void **state)
{
	static const uint8_t some[] = {'a', 'b', ' ', '\t', '\r', '\n', 0, 0x1f, 0x7f, 0x80, 0xff};
	uint32_t seed = 1;

	(void)state;
	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t len = 1 + round % 300;
		uint8_t *text = malloc(len);

		for (uint32_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = (seed >> 8) % (1 + round % 17)
					  ? 'a'
					  : some[(seed >> 16) % sizeof(some)];
		}
		expect_walk(text, 0, len);
		expect_walk(text, round % len, len);
		free(text);
	}
}

/* What is passed over is not found, wherever in a vector the two stand. */
static void what_is_passed_is_not_found(void **state)
{
	(void)state;
	for (int vector = 0; vector < 2; vector++) {
		for (uint32_t at = 0; at < 198; at++) {
			struct scan_walk walk = scan_walk_from(0);
			uint8_t *text = malloc(200);

			memset(text, 'a', 200);
			memcpy(text + at, "\r\n", 2);
			if (at < 197)
				text[at + 2] = 0x1f;
			assert_int_equal(scan_next_control(vector, text, 200, &walk), at);
			scan_pass(&walk, at + 1);
			assert_int_equal(scan_next_control(vector, text, 200, &walk),
				at < 197 ? at + 2 : 200);
			assert_int_equal(scan_next_control(vector, text, 200, &walk), 200);
			free(text);
		}
	}
}

/* A control character at every offset of a long line: vectors and their rests. */
static void every_offset(void **state)
{
	static const char head[] =
		"GET /0123456789012345678901234567890123456789 HTTP/1.1\r\n"
		"Host: x\r\nA: 0123456789012345678901234567890123456789012345678901\r\n\r\n";
	char text[sizeof(head)];

	(void)state;
	for (uint32_t i = 0; i < sizeof(head) - 1; i++) {
		int expected = HTTP_REFUSED(HTTP_C_BAD_CONTROL);

		memcpy(text, head, sizeof(head));
		text[i] = 0x1f;
		if (i > 0 && head[i - 1] == '\r' && head[i] == '\n')
			expected = HTTP_REFUSED(HTTP_C_BAD_LINE_END);
		expect(&default_limits, text, sizeof(head) - 1, expected);
	}
}

static struct http_req parsed(parser *parse, const char *text, uint8_t **copy)
{
	struct http_req req;
	uint16_t scanned = 0;
	uint32_t len = (uint32_t)strlen(text);

	assert_int_equal(
		parse_copy(parse, &default_limits, text, len, &scanned, &req, copy), (int)len);
	assert_int_equal(req.head_bytes, len);
	return req;
}

static void assert_span(struct span span, const char *expected)
{
	assert_int_equal(span.len, strlen(expected));
	assert_memory_equal(span.data, expected, span.len);
}

/* As it came, and as far, whatever was made of it. */
static void request_lines(void **state)
{
	static const struct {
		const char *head;
		const char *line;
		bool known;
	} cases[] = {
		{"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a?b HTTP/1.1", true},
		{"\r\nGET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.0", true},
		{"GET /a HTTP/1.1\r\nHo", "GET /a HTTP/1.1", true},
		{"GET /a HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1", true}, /* no Host */
		{"GET /a HTTP/1.1\r\nA b: c\r\n\r\n", "GET /a HTTP/1.1", true},
		{"PROPFIND /a HTTP/1.1\r\nHost: x\r\n\r\n", "PROPFIND /a HTTP/1.1", true},
		{"GET a HTTP/1.1\r\nHost: x\r\n\r\n", "GET a HTTP/1.1", true},
		{"GET /a HTTP/2.0\r\n\r\n", "GET /a HTTP/2.0", false},
		{"GET  /a HTTP/1.1 \r\n\r\n", "GET  /a HTTP/1.1 ", false},
		{"GET /a\nHost: x\n\n", "GET /a", false},
		{"GET /a HT", "GET /a HT", false},
		{"\x16\x03\x01\x05", "\x16\x03\x01\x05", false},
		{"\r\n", "", false},
		{"\n", "", false},
		{"", "", false},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		for (uint32_t twin = 0; twin < 2; twin++) {
			uint32_t len = (uint32_t)strlen(cases[i].head);
			uint16_t scanned = 0;
			struct http_req req;
			uint8_t *copy;

			parse_copy(twin ? rs_http_parse_scalar : rs_http_parse, &default_limits,
				cases[i].head, len, &scanned, &req, &copy);
			assert_span(rs_http_request_line(&req), cases[i].line);
			assert_int_equal(req.line_known, cases[i].known);
			free(copy);
		}
	}
}

/* A refusal depends on the method, as the reply to HEAD has no body, and on nothing from before. */
static void what_is_known_of_no_request(void **state)
{
	static const struct {
		const char *head;
		enum http_method method;
	} cases[] = {
		{"\x16\x03\x01\x05", HTTP_NO_METHOD},
		{"HEAD\x01", HTTP_NO_METHOD},
		{"HEADS /\x01", HTTP_NO_METHOD},
		{"HEAD /\x01", HTTP_HEAD},
		{"\r\nHEAD /\x01", HTTP_HEAD},
		{"OPTIONS /\x01", HTTP_OPTIONS},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		for (int t = 0; t < N_TWINS; t++) {
			uint16_t scanned = 0;
			struct http_req req;
			uint8_t *copy;

			memset(&req, 0xff, sizeof(req));
			assert_true(parse_copy(twins[t], &default_limits, cases[i].head,
					    (uint32_t)strlen(cases[i].head), &scanned, &req,
					    &copy) < 0);
			assert_int_equal(req.method, cases[i].method);
			assert_int_equal(req.minor_version, 1);
			assert_int_equal(req.path.len + req.query.len + req.host.len, 0);
			assert_int_equal(req.n_fields, 0);
			assert_int_equal(req.known, 0);
			free(copy);
		}
	}
}

static void targets_taken_apart(void **state)
{
	static const struct {
		const char *line;
		enum http_form form;
		const char *path;
		const char *query; /* NULL: none */
		const char *host;
	} cases[] = {
		{"GET / HTTP/1.1", HTTP_ORIGIN_FORM, "/", NULL, "x:8080"},
		{"GET /a/%20b?c=d?e HTTP/1.1", HTTP_ORIGIN_FORM, "/a/%20b", "c=d?e", "x:8080"},
		{"GET /? HTTP/1.1", HTTP_ORIGIN_FORM, "/", "", "x:8080"},
		{"GET http://y:1/a?b HTTP/1.1", HTTP_ABSOLUTE_FORM, "/a", "b", "y:1"},
		{"GET http://y HTTP/1.1", HTTP_ABSOLUTE_FORM, "/", NULL, "y"},
		{"GET http://y?q HTTP/1.1", HTTP_ABSOLUTE_FORM, "/", "q", "y"},
		{"OPTIONS http://y HTTP/1.1", HTTP_ABSOLUTE_FORM, "*", NULL, "y"},
		{"OPTIONS http://y?q HTTP/1.1", HTTP_ABSOLUTE_FORM, "/", "q", "y"},
		{"OPTIONS http://y/ HTTP/1.1", HTTP_ABSOLUTE_FORM, "/", NULL, "y"},
		{"OPTIONS * HTTP/1.1", HTTP_ASTERISK_FORM, "*", NULL, "x:8080"},
		{"CONNECT y:2 HTTP/1.1", HTTP_AUTHORITY_FORM, "", NULL, "y:2"},
		{"GET a+b-c.1://y/a HTTP/1.1", HTTP_ABSOLUTE_FORM, "/a", NULL, "y"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int t = 0; t < N_TWINS; t++) {
			char text[128];
			uint8_t *copy;
			struct http_req req;

			snprintf(text, sizeof(text), "%s\r\nHost: x:8080\r\n\r\n", cases[i].line);
			req = parsed(twins[t], text, &copy);
			assert_int_equal(req.form, cases[i].form);
			assert_span(req.path, cases[i].path);
			assert_span(req.host, cases[i].host);
			if (cases[i].query)
				assert_span(req.query, cases[i].query);
			else
				assert_null(req.query.data);
			free(copy);
		}
	}
}

static void schemes(void **state)
{
	static const struct {
		const char *name;
		enum http_scheme scheme;
	} cases[] = {
		{"http", HTTP_SCHEME_HTTP},
		{"HttP", HTTP_SCHEME_HTTP},
		{"https", HTTP_SCHEME_HTTPS},
		{"HTTPS", HTTP_SCHEME_HTTPS},
		{"httpx", HTTP_SCHEME_OTHER},
		{"h", HTTP_SCHEME_OTHER},
		{"ftp", HTTP_SCHEME_OTHER},
		{"a+b-c.1", HTTP_SCHEME_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];
		uint8_t *copy;
		struct http_req req;

		snprintf(text, sizeof(text), "GET %s://y HTTP/1.1\r\nHost: x\r\n\r\n",
			cases[i].name);
		req = parsed(twins[0], text, &copy);
		assert_int_equal(req.form, HTTP_ABSOLUTE_FORM);
		assert_int_equal(req.scheme, cases[i].scheme);
		free(copy);
	}
}

static void fields_taken_apart(void **state)
{
	static const char text[] =
		"GET / HTTP/1.1\r\nHost: x\r\nX-Long-Name-Of-My-Own: \t a b \t\r\n"
		"Empty: \t\r\nrEFERER: c=d\r\nReferer:e=f\r\n\r\n";

	(void)state;
	for (int t = 0; t < N_TWINS; t++) {
		uint8_t *copy;
		struct http_req req = parsed(twins[t], text, &copy);

		assert_int_equal(req.n_fields, 5);
		assert_span(rs_http_field_value(&req, 1), "a b");
		assert_int_equal(req.fields[1].id, HTTP_FIELD_OTHER);
		assert_span(rs_http_field_value(&req, 2), "");
		assert_int_equal(req.fields[3].id, HTTP_FIELD_REFERER);
		assert_span(rs_http_field_value(&req, 3), "c=d");
		assert_int_equal(req.fields[4].id, HTTP_FIELD_REFERER);
		assert_span(rs_http_field_value(&req, 4), "e=f");
		assert_true(req.known & 1u << HTTP_FIELD_HOST);
		assert_false(req.known & 1u << HTTP_FIELD_RANGE);
		free(copy);
	}
}

/* What a log tells of a head that was refused. */
static void fields_before_a_bad_one(void **state)
{
	static const char text[] =
		"GET / HTTP/1.1\r\nHost: x\r\nReferer: y\r\nA b: c\r\nD: e\r\n\r\n";

	(void)state;
	for (int t = 0; t < N_TWINS; t++) {
		struct http_req req;
		uint16_t scanned = 0;
		struct span first;
		uint8_t *copy;

		assert_int_equal(parse_copy(twins[t], &default_limits, text, sizeof(text) - 1,
					 &scanned, &req, &copy),
			HTTP_REFUSED(HTTP_C_BAD_FIELD_NAME));
		assert_int_equal(req.n_fields, 2);
		assert_int_equal(rs_http_find_field(&req, HTTP_FIELD_REFERER, &first), 1);
		assert_span(first, "y");
		assert_int_equal(rs_http_find_field(&req, HTTP_FIELD_RANGE, &first), 0);
		assert_span(first, "");
		free(copy);
	}
}

static void known_names(void **state)
{
	static const char *const names[HTTP_N_FIELDS] = {
#define HTTP_FIELD(id, name) [HTTP_FIELD_##id] = name,
#include "http/http_fields.def"
#undef HTTP_FIELD
	};

	(void)state;
	for (uint8_t id = 1; id < HTTP_N_FIELDS; id++) {
		/* Lower, upper, mixed case; then with one letter more, less, or another one. */
		for (int variant = 0; variant < 6; variant++) {
			char name[32], text[128];
			uint8_t *copy;
			struct http_req req;
			size_t len = strlen(names[id]);

			strcpy(name, names[id]);
			for (size_t i = 0; i < len; i++)
				if (name[i] >= 'a' && (variant == 1 || (variant == 2 && i % 2)))
					name[i] = (char)(name[i] - 0x20);
			if (variant == 3)
				strcat(name, "s");
			if (variant == 4)
				name[len - 1] = 0;
			if (variant == 5)
				name[len / 2] = '~';
			snprintf(text, sizeof(text), "GET / HTTP/1.0\r\n%s: 100-continue\r\n\r\n",
				name);
			if ((id == HTTP_FIELD_CONTENT_LENGTH ||
				    id == HTTP_FIELD_TRANSFER_ENCODING) &&
				variant < 3) {
				expect(&default_limits, text, (uint32_t)strlen(text),
					HTTP_REFUSED(id == HTTP_FIELD_CONTENT_LENGTH
							     ? HTTP_C_BAD_CONTENT_LENGTH
							     : HTTP_C_BAD_TRANSFER_ENCODING));
				continue;
			}
			req = parsed(rs_http_parse, text, &copy);
			assert_int_equal(req.fields[0].id, variant < 3 ? id : HTTP_FIELD_OTHER);
			free(copy);
		}
	}
}

/* Names that differ from a known one in one byte, whichever. */
static void nearly_known_names(void **state)
{
	static const char *const names[] = {
#define HTTP_FIELD(id, name) name,
#include "http/http_fields.def"
#undef HTTP_FIELD
	};

	(void)state;
	for (uint32_t n = 0; n < RS_ARRAY_SIZE(names); n++) {
		for (size_t i = 0; names[n][i]; i++) {
			char text[128];
			uint8_t *copy;
			struct http_req req;

			int len = snprintf(
				text, sizeof(text), "GET / HTTP/1.0\r\n%s: x\r\n\r\n", names[n]);

			assert_in_range(len, 1, sizeof(text) - 1);
			text[16 + i] = text[16 + i] == '!' ? '~' : '!';
			req = parsed(rs_http_parse, text, &copy);
			assert_int_equal(req.fields[0].id, HTTP_FIELD_OTHER);
			assert_int_equal(req.known, 1u << HTTP_FIELD_OTHER);
			free(copy);
		}
	}
}

static void persistence_and_framing(void **state)
{
	static const struct {
		const char *text;
		bool keep_alive;
		enum http_framing framing;
		uint64_t content_length;
		bool expect_continue;
	} cases[] = {
		{"GET / HTTP/1.1\r\n" H "\r\n", true, HTTP_NO_BODY, 0, false},
		{"GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", false, 0, 0, false},
		{"GET / HTTP/1.1\r\n" H "Connection: CLOSE\r\n\r\n", false, 0, 0, false},
		{"GET / HTTP/1.1\r\n" H "Connection: a, close\r\n\r\n", false, 0, 0, false},
		{"GET / HTTP/1.1\r\n" H "Connection: a\r\nConnection:close\r\n\r\n", false, 0, 0,
			false},
		{"GET / HTTP/1.1\r\n" H "Connection: keep-alive, close\r\n\r\n", false, 0, 0,
			false},
		{"GET / HTTP/1.1\r\n" H "Connection: closed\r\n\r\n", true, 0, 0, false},
		{"GET / HTTP/1.1\r\n" H "Connection: not close\r\n\r\n", true, 0, 0, false},
		{"GET / HTTP/1.0\r\n\r\n", false, 0, 0, false},
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, 0, 0, false},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, 0, 0, false},
		{"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false, 0, 0, false},
		{P "Content-Length: 0\r\n\r\n", true, HTTP_LENGTH, 0, false},
		{P "Content-Length: 1234567\r\n\r\n", true, HTTP_LENGTH, 1234567, false},
		{P "Content-Length: 7\r\nExpect: 100-continue\r\n\r\n", true, HTTP_LENGTH, 7, true},
		{P "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n", true, HTTP_LENGTH, 0,
			false},
		{P "Expect: 100-continue\r\n\r\n", true, HTTP_NO_BODY, 0, false},
		{P "Content-Length: 7\r\nExpect: 100-continue, \r\n\r\n", true, HTTP_LENGTH, 7,
			true},
		{P "Content-Length: 7\r\nExpect: ,\r\nExpect:\r\n\r\n", true, HTTP_LENGTH, 7,
			false},
		{P "Transfer-Encoding: chunked\r\n\r\n", true, HTTP_CHUNKED, 0, false},
		{P "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", true, HTTP_CHUNKED,
			0, true},
		{"POST / HTTP/1.0\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n", false,
			HTTP_LENGTH, 7, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int t = 0; t < N_TWINS; t++) {
			uint8_t *copy;
			struct http_req req = parsed(twins[t], cases[i].text, &copy);

			assert_int_equal(req.keep_alive, cases[i].keep_alive);
			assert_int_equal(req.framing, cases[i].framing);
			assert_int_equal(req.content_length, cases[i].content_length);
			assert_int_equal(req.expect_continue, cases[i].expect_continue);
			free(copy);
		}
	}
}

static void limits(void **state)
{
	const struct http_limits small = {
		.max_head_bytes = 256, .max_target_bytes = 32, .max_fields = 3};
	const struct http_limits full = {
		.max_head_bytes = 256, .max_target_bytes = 255, .max_fields = 3};
	char text[700], padding[600];

	(void)state;
	memset(padding, 'a', sizeof(padding) - 1);
	padding[sizeof(padding) - 1] = 0;
	for (int n = 0; n < 100; n++) {
		int len = snprintf(text, sizeof(text), "GET /%.*s HTTP/1.0\r\n\r\n", n, padding);

		expect(&small, text, (uint32_t)len,
			n + 1 <= 32 ? len : HTTP_REFUSED(HTTP_C_TARGET_TOO_LONG));
	}
	for (int n = 0; n < 6; n++) {
		int len = snprintf(text, sizeof(text), "GET / HTTP/1.0\r\n%.*s\r\n", 6 * n,
			"A: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n");

		expect(&small, text, (uint32_t)len,
			n <= 3 ? len : HTTP_REFUSED(HTTP_C_TOO_MANY_FIELDS));
	}
	for (int n = 200; n < 300; n++) {
		int len = snprintf(
			text, sizeof(text), "GET / HTTP/1.0\r\nA: %.*s\r\n\r\n", n, padding);

		expect(&small, text, (uint32_t)len,
			len <= 256 ? len : HTTP_REFUSED(HTTP_C_HEAD_TOO_LARGE));
	}
	/* Without any end: a target; and what may not even be a method (RFC 9112 section 3 knows of
	 * 414 for targets alone). */
	snprintf(text, sizeof(text), "GET /%s", padding);
	expect(&small, text, 64, 0);
	expect(&small, text, 65, HTTP_REFUSED(HTTP_C_TARGET_TOO_LONG));
	expect(&small, padding, 64, 0);
	expect(&small, padding, 65, HTTP_REFUSED(HTTP_C_BAD_REQUEST_LINE));
	/* The same behind an empty line. */
	snprintf(text, sizeof(text), "\r\nGET /%s", padding);
	expect(&small, text, 66, 0);
	expect(&small, text, 67, HTTP_REFUSED(HTTP_C_TARGET_TOO_LONG));
	snprintf(text, sizeof(text), "\r\n%s", padding);
	expect(&small, text, 66, 0);
	expect(&small, text, 67, HTTP_REFUSED(HTTP_C_BAD_REQUEST_LINE));
	/* The same where the head is full before the line is too long. */
	snprintf(text, sizeof(text), "GET /%s", padding);
	expect(&full, text, 255, 0);
	expect(&full, text, 256, HTTP_REFUSED(HTTP_C_TARGET_TOO_LONG));
	expect(&full, padding, 256, HTTP_REFUSED(HTTP_C_BAD_REQUEST_LINE));
	/* The same where a space comes too late. */
	for (int n = 64; n < 70; n++) {
		int len = snprintf(text, sizeof(text), "%.*s / HTTP/1.0\r\n\r\n", n, padding);

		expect(&small, text, (uint32_t)len, HTTP_REFUSED(HTTP_C_BAD_REQUEST_LINE));
	}
	snprintf(text, sizeof(text), "GET / HTTP/1.0\r\n%s", padding);
	expect(&small, text, 255, 0);
	expect(&small, text, 256, HTTP_REFUSED(HTTP_C_HEAD_TOO_LARGE));
}

/* The largest head that the table of fields can take. */
static void most_fields(void **state)
{
	const struct http_limits large = {.max_head_bytes = HTTP_MAX_HEAD_BYTES,
		.max_target_bytes = 8192,
		.max_fields = HTTP_MAX_FIELDS};
	char text[2048] = "GET / HTTP/1.0\r\n";

	(void)state;
	for (int i = 0; i < HTTP_MAX_FIELDS; i++)
		strcat(text, "A: b\r\n");
	strcat(text, "\r\n");
	expect(&large, text, (uint32_t)strlen(text), (int)strlen(text));
	text[strlen(text) - 2] = 0;
	strcat(text, "A: b\r\n\r\n");
	expect(&large, text, (uint32_t)strlen(text), HTTP_REFUSED(HTTP_C_TOO_MANY_FIELDS));
}

static void reasons_have_statuses(void **state)
{
	(void)state;
	assert_int_equal(rs_http_reason_status(HTTP_C_BAD_REQUEST_LINE), 400);
	assert_int_equal(rs_http_reason_status(HTTP_C_NOT_FOUND), 404);
	assert_int_equal(rs_http_reason_status(HTTP_C_NOT_ALLOWED), 405);
	assert_int_equal(rs_http_reason_status(HTTP_C_HEAD_TIMEOUT), 408);
	assert_int_equal(rs_http_reason_status(HTTP_C_LENGTH_REQUIRED), 411);
	assert_int_equal(rs_http_reason_status(HTTP_C_BODY_TOO_LARGE), 413);
	assert_int_equal(rs_http_reason_status(HTTP_C_TARGET_TOO_LONG), 414);
	assert_int_equal(rs_http_reason_status(HTTP_C_BAD_EXPECTATION), 417);
	assert_int_equal(rs_http_reason_status(HTTP_C_HEAD_TOO_LARGE), 431);
	assert_int_equal(rs_http_reason_status(HTTP_C_UNKNOWN_METHOD), 501);
	assert_int_equal(rs_http_reason_status(HTTP_C_OVERLOAD), 503);
	assert_int_equal(rs_http_reason_status(HTTP_C_BAD_VERSION), 505);
	for (int reason = 0; reason < HTTP_C_REQUESTS; reason++)
		assert_in_range(rs_http_reason_status(reason), 400, 505);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_heads),
		cmocka_unit_test(incomplete_heads),
		cmocka_unit_test(bad_request_lines),
		cmocka_unit_test(bad_targets),
		cmocka_unit_test(bad_lines),
		cmocka_unit_test(bad_fields),
		cmocka_unit_test(bad_framing),
		cmocka_unit_test(every_byte_everywhere),
		cmocka_unit_test(classes_are_exact),
		cmocka_unit_test(controls_are_found),
		cmocka_unit_test(many_controls_are_found),
		cmocka_unit_test(what_is_passed_is_not_found),
		cmocka_unit_test(every_offset),
		cmocka_unit_test(request_lines),
		cmocka_unit_test(what_is_known_of_no_request),
		cmocka_unit_test(targets_taken_apart),
		cmocka_unit_test(schemes),
		cmocka_unit_test(fields_taken_apart),
		cmocka_unit_test(fields_before_a_bad_one),
		cmocka_unit_test(known_names),
		cmocka_unit_test(nearly_known_names),
		cmocka_unit_test(persistence_and_framing),
		cmocka_unit_test(limits),
		cmocka_unit_test(most_fields),
		cmocka_unit_test(reasons_have_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
