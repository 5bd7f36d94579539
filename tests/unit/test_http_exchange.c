/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections as a whole: what a client sends against what it gets. Every conversation is held at
 * once, byte by byte, and cut in two at every place, with ample memory and with hardly any, and
 * each time once more in the same second; the replies must be the same, and all memory must come
 * back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_rig.h"

#include "../../app/builtin.c"

#define TRANSCRIPT_BYTES 8192

enum end {
	OPEN,
	CLOSED, /* FIN after the replies */
};

static void feed_in_steps(
	struct rig *rig, const char *text, uint32_t len, uint32_t first, uint32_t step)
{
	for (uint32_t at = 0, n = first; at < len; n = step) {
		n = n < len - at ? n : len - at;
		rig_feed(rig, text + at, n);
		at += n;
	}
}

static void hold(const char *text, uint32_t len, uint32_t first, uint32_t step, uint32_t n_chunks,
	const char *expected, enum end end)
{
	static struct rig rig;
	char transcript[TRANSCRIPT_BYTES];

	rig_open(&rig, n_chunks, 1);
	for (uint32_t again = 0; again < 2; again++) {
		if (again)
			rig_reopen(&rig);
		feed_in_steps(&rig, text, len, first, step);
		rig_drain(&rig);
		assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
		if (strcmp(transcript, expected) != 0)
			print_error("first %u, step %u, chunks %u, again %u: %s\n", first, step,
				n_chunks, again, text);
		assert_string_equal(transcript, expected);
		assert_int_equal(rig.hc.closing, end == CLOSED);
		assert_false(rig.hc.abort);
	}
	rig_close(&rig);
}

static void expect(const char *text, const char *expected, enum end end)
{
	uint32_t len = (uint32_t)strlen(text);

	hold(text, len, len, len, 8, expected, end);
	hold(text, len, len, len, 1, expected, end);
	hold(text, len, 1, 1, 8, expected, end);
	hold(text, len, 1, 1, 1, expected, end);
	hold(text, len, 7, 7, 2, expected, end);
	for (uint32_t first = 1; first < len; first++)
		hold(text, len, first, len, 2, expected, end);
}

struct conversation {
	const char *text;
	const char *expected;
	enum end end;
};

static void expect_all(const struct conversation *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect(cases[i].text, cases[i].expected, cases[i].end);
}

#define EXPECT_ALL(cases) expect_all(cases, sizeof(cases) / sizeof((cases)[0]))

#define V  " HTTP/1.1\r\nHost: x\r\n"
#define HA "200 \"Hello, a\""

static void plain_requests(void **state)
{
	static const struct conversation cases[] = {
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "200", OPEN},
		{"GET /hello/a" V "\r\n", HA, OPEN},
		{"\r\nGET /hello/a" V "\r\n", HA, OPEN},
		{"GET /hello/a?b=c" V "\r\n", HA, OPEN},
		{"GET http://y/hello/a" V "\r\n", HA, OPEN},
		{"GET http://y" V "\r\n", "200", OPEN},
		{"HEAD /" V "\r\n", "200h", OPEN},
		{"HEAD /hello/a" V "\r\n", "200h", OPEN},
		{"HEAD /bytes/1099511627776" V "\r\n", "200h", OPEN},
		{"GET /bytes/0" V "\r\n", "200 \"\"", OPEN},
		{"GET /nowhere" V "\r\n", "404", OPEN},
		{"HEAD /nowhere" V "\r\n", "404h", OPEN},
		{"GET /hello" V "\r\n", "404", OPEN},
		{"GET /hello/" V "\r\n", "404", OPEN},
		{"GET /hello/a/b" V "\r\n", "404", OPEN},
		{"GET //" V "\r\n", "404", OPEN},
		{"GET /bytes/" V "\r\n", "404", OPEN},
		{"GET /bytes/x" V "\r\n", "400", OPEN},
		{"GET /bytes/-1" V "\r\n", "400", OPEN},
		{"GET /bytes/1099511627777" V "\r\n", "400", OPEN},
		{"GET /bytes/18446744073709551616" V "\r\n", "400", OPEN},
		{"OPTIONS *" V "\r\n", "204 GET, HEAD, POST, OPTIONS", OPEN},
		{"OPTIONS /" V "\r\n", "204 GET, HEAD, OPTIONS", OPEN},
		{"OPTIONS http://x" V "\r\n", "204 GET, HEAD, POST, OPTIONS", OPEN},
		{"OPTIONS /hello/a" V "\r\n", "204 GET, HEAD, POST, OPTIONS", OPEN},
		{"OPTIONS /nowhere" V "\r\n", "404", OPEN},
		{"DELETE /" V "\r\n", "405 GET, HEAD, OPTIONS", OPEN},
		{"TRACE /" V "\r\n", "405 GET, HEAD, OPTIONS", OPEN},
		{"PATCH /" V "\r\n", "405 GET, HEAD, OPTIONS", OPEN},
		{"POST /" V "\r\n", "405 GET, HEAD, OPTIONS", OPEN},
		{"CONNECT x:443" V "\r\nGET /hello/a" V "\r\n", "501 close", CLOSED},
	};

	(void)state;
	EXPECT_ALL(cases);
}

/*
 * RFC 9110 section 13: what is there matches "*", what has no entity-tag matches none, and what has
 * no date has no condition on it. Those of an error mean nothing (section 13.2.1).
 */
static void conditions(void **state)
{
	static const struct conversation cases[] = {
		{"GET /hello/a" V "\r\nGET /hello/a" V "If-None-Match: *\r\n\r\n", HA "\n304",
			OPEN},
		{"HEAD /" V "If-None-Match: *\r\n\r\n", "304", OPEN},
		{"GET /bytes/9999" V "If-None-Match: *\r\n\r\n", "304", OPEN},
		{"GET /hello/a" V "If-None-Match: \"x\"\r\n\r\n", HA, OPEN},
		{"GET /hello/a" V "If-Match: *\r\n\r\n", HA, OPEN},
		{"GET /hello/a" V "If-Match: \"x\"\r\n\r\n", "412", OPEN},
		{"HEAD /bytes/1" V "If-Match: \"\"\r\n\r\n", "412h", OPEN},
		{"GET /hello/a" V "If-Modified-Since: " RIG_DATE "\r\n\r\n", HA, OPEN},
		{"GET /hello/a" V "If-Unmodified-Since: " RIG_DATE "\r\n\r\n", HA, OPEN},
		{"POST /hello/a" V "If-None-Match: *\r\nContent-Length: 1\r\n\r\nx", "412", OPEN},
		{"POST /hello/a" V "If-Match: *\r\nContent-Length: 1\r\n\r\nx", HA, OPEN},
		{"GET /nowhere" V "If-Match: \"x\"\r\n\r\n", "404", OPEN},
		{"GET /bytes/x" V "If-Match: \"x\"\r\n\r\n", "400", OPEN},
		{"OPTIONS /" V "If-Match: \"x\"\r\n\r\n", "204 GET, HEAD, OPTIONS", OPEN},
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void names_decoded_and_escaped(void **state)
{
	static const struct conversation cases[] = {
		{"GET /hello/World" V "\r\n", "200 \"Hello, World\"", OPEN},
		{"GET /hello/a%20b" V "\r\n", "200 \"Hello, a b\"", OPEN},
		{"GET /hello/%C3%A9" V "\r\n", "200 \"Hello, \xc3\xa9\"", OPEN},
		{"GET /hello/a+b" V "\r\n", "200 \"Hello, a+b\"", OPEN},
		{"GET /hello/%2F" V "\r\n", "200 \"Hello, /\"", OPEN},
		{"GET /hello/%2541" V "\r\n", "200 \"Hello, %41\"", OPEN},
		{"GET /hello/%3Cb%3E&'%22" V "\r\n", "200 \"Hello, &lt;b&gt;&amp;&#39;&quot;\"",
			OPEN},
		{"GET /hello/%4" V "\r\n", "400 close", CLOSED},
		{"GET /hello/%zz" V "\r\n", "400 close", CLOSED},
	};

	(void)state;
	EXPECT_ALL(cases);
}

/* RFC 9110 section 7.4: a resource is asked for where its scheme says. */
static void schemes(void **state)
{
	static const struct conversation cases[] = {
		{"GET /hello/a" V "\r\nGET https://x/hello/a" V "\r\n", HA "\n421", OPEN},
		{"HEAD https://x/hello/a" V "\r\n", "421h", OPEN},
		{"OPTIONS https://x" V "\r\n", "421", OPEN},
		{"DELETE https://x/" V "\r\n", "421", OPEN},
		{"POST https://x/hello/a" V "Content-Length: 2\r\n\r\nab", "421", OPEN},
		{"POST https://x/hello/a" V "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
			"421 close", CLOSED},
		{"GET ftp://x/hello/a" V "\r\nGET /hello/a" V "\r\n", "421\n" HA, OPEN},
		{"GET httpx://x/hello/a" V "\r\n", "421", OPEN},
	};
	static const struct {
		const char *target, *status;
	} over_tls[] = {
		{"/hello/a", HA},
		{"http://x/hello/a", HA},
		{"https://x/hello/a", HA},
		{"HTTPS://x/hello/a", HA},
		{"ftp://x/hello/a", "421"},
	};
	static struct rig rig;

	(void)state;
	EXPECT_ALL(cases);
	for (size_t i = 0; i < sizeof(over_tls) / sizeof(over_tls[0]); i++) {
		char text[128], transcript[TRANSCRIPT_BYTES];
		int len = snprintf(text, sizeof(text), "GET %s" V "\r\n", over_tls[i].target);

		rig_open(&rig, 4, 1);
		rig.env.secured = true;
		rig_feed(&rig, text, (uint32_t)len);
		rig_drain(&rig);
		assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
		assert_string_equal(transcript, over_tls[i].status);
		rig_close(&rig);
	}
}

static void names_bounded(void **state)
{
	char text[1024], escaped[3 * (BUILTIN_MAX_NAME + 1) + 1] = "", plain[BUILTIN_MAX_NAME + 2];
	static struct rig rig;
	char transcript[TRANSCRIPT_BYTES];

	(void)state;
	memset(plain, 'a', sizeof(plain));
	for (int n = BUILTIN_MAX_NAME; n <= BUILTIN_MAX_NAME + 1; n++) {
		for (int i = 0; i < n; i++)
			memcpy(escaped + 3 * i, "%22", 4);
		for (int way = 0; way < 2; way++) {
			int len = snprintf(text, sizeof(text), "GET /hello/%.*s" V "\r\n",
				way ? 3 * n : n, way ? escaped : plain);

			rig_open(&rig, 4, 1);
			rig_feed(&rig, text, (uint32_t)len);
			rig_drain(&rig);
			assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
			assert_string_equal(transcript, n == BUILTIN_MAX_NAME ? "200" : "414");
			rig_close(&rig);
		}
	}
}

static void persistence(void **state)
{
	(void)state;
	expect("GET /hello/a" V "Connection: close\r\n\r\n", "200 close \"Hello, a\"", CLOSED);
	expect("GET /hello/a HTTP/1.0\r\n\r\n", "200 close \"Hello, a\"", CLOSED);
	expect("GET /hello/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"200 keep-alive \"Hello, a\"", OPEN);
	expect("GET /hello/a" V "Connection: close\r\n\r\nGET /hello/b" V "\r\n",
		"200 close \"Hello, a\"", CLOSED);
	expect("HEAD / HTTP/1.0\r\n\r\n", "200h close", CLOSED);
	expect("GET /nowhere" V "Connection: close\r\n\r\n", "404 close", CLOSED);
	expect("DELETE / HTTP/1.0\r\n\r\n", "405 GET, HEAD, OPTIONS close", CLOSED);
	expect("OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"204 GET, HEAD, POST, OPTIONS keep-alive", OPEN);
}

#define POST "POST /hello/a" V

static void bodies(void **state)
{
	static const struct conversation cases[] = {
		{POST "Content-Length: 0\r\n\r\n", HA, OPEN},
		{POST "Content-Length: 5\r\n\r\nhello", HA, OPEN},
		{POST "Content-Length: 5\r\n\r\nhelloGET /hello/b" V "\r\n",
			HA "\n200 \"Hello, b\"", OPEN},
		{POST "Content-Length: 5\r\n\r\nGET /GET /hello/b" V "\r\n",
			HA "\n200 \"Hello, b\"", OPEN},
		{POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", HA, OPEN},
		{POST "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: u\r\n\r\n", HA,
			OPEN},
		{POST "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", HA,
			OPEN},
		{POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
		      "GET /hello/b" V "\r\n",
			HA "\n200 \"Hello, b\"", OPEN},
		{POST "Connection: close\r\nContent-Length: 1\r\n\r\nx", "200 close \"Hello, a\"",
			CLOSED},
		{"GET /hello/a" V "Content-Length: 3\r\n\r\nabcGET /hello/b" V "\r\n",
			HA "\n200 \"Hello, b\"", OPEN},
		{"PUT /nowhere" V "Content-Length: 3\r\n\r\nabcGET /hello/b" V "\r\n",
			"404\n200 \"Hello, b\"", OPEN},
		{"PUT /hello/a" V "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"405 GET, HEAD, POST, OPTIONS", OPEN},
		{POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX", "400 close", CLOSED},
		{POST "Transfer-Encoding: chunked\r\n\r\nx\r\n", "400 close", CLOSED},
		{POST "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\nGET /" V "\r\n",
			"400 close", CLOSED},
		{POST "Transfer-Encoding: chunked\r\n\r\n100001\r\nx", "413 close", CLOSED},
		{POST "Transfer-Encoding: chunked\r\n\r\n100001\r\n", "413 close", CLOSED},
		{POST "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n100000\r\n", "413 close",
			CLOSED},
		{POST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx", "413 close",
			CLOSED},
		{POST "Content-Length: 1048576\r\n\r\nabc", "", OPEN},
		{POST "Content-Length: 1048577\r\n\r\nabc", "413 close", CLOSED},
		{POST "Content-Length: 18446744073709551615\r\n\r\n", "413 close", CLOSED},
		{POST "\r\n", "411", OPEN},
		{POST "\r\nGET /hello/b" V "\r\n", "411\n200 \"Hello, b\"", OPEN},
		{POST "Content-Length: 7\r\n\r\nhello", "", OPEN},
		{POST "Content-Length: 5, 5\r\n\r\nhello", "400 close", CLOSED},
		{POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"400 close", CLOSED},
		{POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501 close", CLOSED},
	};

	(void)state;
	EXPECT_ALL(cases);
}

/* However they come: with the head, or behind it. */
static void bodies_are_counted(void **state)
{
	static const char text[] = POST "Content-Length: 5\r\n\r\nhello";
	static struct rig rig;

	(void)state;
	rig_open(&rig, 4, 1);
	for (uint32_t rest = 0; rest <= 5; rest++) {
		rig_feed(&rig, text, sizeof(text) - 1 - rest);
		assert_int_equal(rig.counters[HTTP_C_BODY_BYTES], (rest + 1) * 5 - rest);
		rig_feed(&rig, text + sizeof(text) - 1 - rest, rest);
		assert_int_equal(rig.counters[HTTP_C_BODY_BYTES], (rest + 1) * 5);
		assert_int_equal(rig.counters[HTTP_C_REQUESTS], rest + 1);
		rig_drain(&rig);
	}
	rig_close(&rig);
}

/* 64 KiB of body a chunk: 16 of them are the limit, exactly. */
static void chunks_add_up(void **state)
{
	static struct rig rig;
	static char chunk[8 + 65536 + 2];
	char transcript[TRANSCRIPT_BYTES];

	(void)state;
	memcpy(chunk, "010000\r\n", 8);
	memcpy(chunk + sizeof(chunk) - 2, "\r\n", 2);
	for (int n = 16; n <= 17; n++) {
		rig_open(&rig, 2, 1);
		rig.cfg.linger_max_bytes = (1 << 20) + 50000;
		rig_feed(&rig, POST "Transfer-Encoding: chunked\r\n\r\n",
			sizeof(POST "Transfer-Encoding: chunked\r\n\r\n") - 1);
		for (int i = 0; i < n; i++)
			rig_feed(&rig, chunk, sizeof(chunk));
		rig_feed(&rig, "0\r\n\r\n", 5);
		rig_drain(&rig);
		assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
		assert_string_equal(transcript, n == 16 ? HA : "413 close");
		if (n == 17)
			rig_feed(&rig, chunk, sizeof(chunk));
		/* What was read of the body does not count as dropped. */
		assert_false(rig.hc.abort);
		rig_close(&rig);
	}
}

/* The limit is that of one body, not of all that come on a connection. */
static void each_body_counts_by_itself(void **state)
{
	static struct rig rig;
	static char post[256 + 65536];
	const char head[] = POST "Transfer-Encoding: chunked\r\n\r\n10000\r\n";
	char transcript[TRANSCRIPT_BYTES];

	(void)state;
	memcpy(post, head, sizeof(head) - 1);
	memcpy(post + sizeof(head) - 1 + 65536, "\r\n0\r\n\r\n", 7);
	rig_open(&rig, 2, 1);
	rig.cfg.max_body_bytes = 65536;
	for (int n = 0; n < 3; n++) {
		rig_feed(&rig, post, sizeof(head) - 1 + 65536 + 7);
		rig_drain(&rig);
	}
	assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
	assert_string_equal(transcript, HA "\n" HA "\n" HA);
	rig_close(&rig);
}

/* With a full send queue, nothing of a request that asks for 100 Continue is kept. */
static void no_room_for_continue(void **state)
{
	static struct rig rig;
	static const char post[] = POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
	static const char get[] = "GET /bytes/1000" V "\r\n";

	(void)state;
	rig_open(&rig, 8, 1);
	rig_input(&rig, get, sizeof(get) - 1);
	/* Two slices that nothing can be appended to. */
	rs_sendq_push(&rig.out, (const uint8_t *)get, 1, 0);
	rs_sendq_push(&rig.out, (const uint8_t *)get, 1, 0);
	assert_int_equal(rig_input(&rig, post, sizeof(post) - 1), 0);
	assert_true(rig.hc.blocked);
	assert_int_equal(rig.heads.pool.n_free, 1);
	rig_ack(&rig, UINT32_MAX);
	assert_int_equal(rig_input(&rig, post, sizeof(post) - 1), sizeof(post) - 1);
	assert_int_equal(rig.heads.pool.n_free, 0);
	assert_int_equal(rig.counters[HTTP_C_REPLIES_1XX], 1);
	rig_close(&rig);
}

static void expectations(void **state)
{
	static const struct conversation cases[] = {
		/* No body to come: nothing to wait for. */
		{POST "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", HA, OPEN},
		{"GET /hello/a" V "Expect: 100-continue\r\n\r\n", HA, OPEN},
		/* The head alone. */
		{POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", "100", OPEN},
		{POST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n", "100", OPEN},
		/* Refused before the body comes; whether it comes is not known. */
		{"POST /nowhere" V "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", "404 close",
			CLOSED},
		{"POST /" V "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
			"405 GET, HEAD, OPTIONS close", CLOSED},
		{POST "Expect: 100-continue\r\nContent-Length: 5000000\r\n\r\n", "413 close",
			CLOSED},
		{POST "Expect: tea\r\nContent-Length: 5\r\n\r\n", "417 close", CLOSED},
		/* HTTP/1.0 knows no expectations. */
		{"POST /hello/a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
			"200 close \"Hello, a\"", CLOSED},
	};
	static const char head[] = POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
	static const char whole[] =
		POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhelloGET /hello/b" V "\r\n";
	const uint32_t len = sizeof(whole) - 1;

	(void)state;
	EXPECT_ALL(cases);
	/* 100 is left away where the body has begun to arrive with the end of the head. */
	hold(whole, len, len, len, 2, HA "\n200 \"Hello, b\"", OPEN);
	hold(whole, len, sizeof(head), len, 2, HA "\n200 \"Hello, b\"", OPEN);
	hold(whole, len, sizeof(head) - 1, len, 2, "100\n" HA "\n200 \"Hello, b\"", OPEN);
	hold(whole, len, 1, 1, 2, "100\n" HA "\n200 \"Hello, b\"", OPEN);
}

static void refusals_close(void **state)
{
	static const struct conversation cases[] = {
		{"GET / HTTP/1.1\r\n\r\n", "400 close", CLOSED},
		{"HEAD / HTTP/1.1\r\n\r\n", "400h close", CLOSED},
		{"GET /\r\n", "400 close", CLOSED},
		{"GET / HTTP/1.1\n", "400 close", CLOSED},
		{"HEAD /" V "A: \x01", "400h close", CLOSED},
		/* The method is known before its line is. */
		{"HEAD /\x01", "400h close", CLOSED},
		{"HEAD / HTTP/1.1\n", "400h close", CLOSED},
		{"HEADS /\x01", "400 close", CLOSED},
		{"GET\x01", "400 close", CLOSED},
		{"GET / HTTP/2.0\r\n\r\n", "505 close", CLOSED},
		{"BREW / HTTP/1.1\r\n\r\n", "501 close", CLOSED},
		{"GET /hello/a" V "\r\nGET /\x01", HA "\n400 close", CLOSED},
		{"GET /hello/a" V "\r\n\r\n\r\n", HA "\n400 close", CLOSED},
		{"\r\n\r\nGET /hello/a" V "\r\n", "400 close", CLOSED},
		{"\rGET /hello/a" V "\r\n", "400 close", CLOSED},
		{"\r\n\nGET /hello/a" V "\r\n", "400 close", CLOSED},
		{"\n", "400 close", CLOSED},
		{"GET /hello/a" V "\r\n\r\nGET /hello/b" V "\r\n", HA "\n200 \"Hello, b\"", OPEN},
		{"GET / HTTP/1.1\r\n A: b\r\n\r\nGET /hello/b" V "\r\n", "400 close", CLOSED},
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void too_long(void **state)
{
	static char text[40000];
	char transcript[TRANSCRIPT_BYTES];
	static struct rig rig;

	(void)state;
	for (int way = 0; way < 3; way++) {
		int n = snprintf(text, sizeof(text), "%s",
			way == 0 ? "GET /" : "GET / HTTP/1.1\r\nHost: x\r\nA: ");

		memset(text + n, 'a', sizeof(text) - (size_t)n - 1);
		for (int i = 0; way == 2 && i < 101; i++)
			memcpy(text + 25 + 6 * i, "A: b\r\n", 6);
		if (way == 2)
			memcpy(text + 25 + 6 * 101, "\r\n", 3);
		for (uint32_t step = 1; step < 40000; step = step * 5 + 1) {
			uint32_t len = (uint32_t)strlen(text);

			rig_open(&rig, 2, 1);
			feed_in_steps(&rig, text, len, step, step);
			rig_drain(&rig);
			assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
			assert_string_equal(transcript, way == 0 ? "414 close" : "431 close");
			assert_true(rig.hc.closing);
			rig_close(&rig);
		}
	}
}

/* Many requests in one go: answered in order, through a send queue that holds only some. */
static void pipelining(void **state)
{
	static struct rig rig;
	static char text[60000], transcript[TRANSCRIPT_BYTES], expected[TRANSCRIPT_BYTES];
	uint32_t len = 0, n = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		if (i % 3 == 0)
			len += (uint32_t)sprintf(
				text + len, "POST /hello/%d" V "Content-Length: 3\r\n\r\nabc", i);
		else
			len += (uint32_t)sprintf(text + len, "GET /hello/%d" V "\r\n", i);
		n += (uint32_t)sprintf(expected + n, "%s200 \"Hello, %d\"", i ? "\n" : "", i);
	}
	for (uint32_t n_chunks = 1; n_chunks < 5; n_chunks++) {
		for (uint32_t step = 1; step < 2 * len; step = step * 3 + 1) {
			rig_open(&rig, n_chunks, 1);
			feed_in_steps(&rig, text, len, step, step);
			rig_drain(&rig);
			assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
			assert_string_equal(transcript, expected);
			assert_int_equal(rig.hc.n_requests, 200);
			assert_int_equal(rig.counters[HTTP_C_REQUESTS], 200);
			assert_int_equal(rig.counters[HTTP_C_REPLIES_2XX], 200);
			rig_close(&rig);
		}
	}
}

/* Without acknowledgements, replies go into one chunk as long as they fit, but for the first one,
 * which others may get as well. */
static void small_replies_share_a_slice(void **state)
{
	static struct rig rig;
	static const char text[] =
		"GET /hello/a" V "\r\nGET /hello/b" V "\r\nGET /hello/c" V "\r\n";

	(void)state;
	rig_open(&rig, 4, 1);
	assert_int_equal(rig_input(&rig, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_int_equal(rig.out.n, 2);
	assert_int_equal(rig.heads.pool.n_free, 1);
	assert_int_equal(rig.counters[HTTP_C_SPLIT_HEADS], 0);
	rig_close(&rig);
}

static void blocked_until_acknowledged(void **state)
{
	static struct rig rig;
	static char text[20000];
	uint32_t len = 0, used;

	(void)state;
	for (int i = 0; i < 100; i++)
		len += (uint32_t)sprintf(text + len, "GET /" V "\r\n");
	rig_open(&rig, 8, 1);
	used = rig_input(&rig, text, len);
	assert_true(rig.hc.blocked && used < len && used % (len / 100) == 0);
	assert_int_equal(rig.counters[HTTP_C_BLOCKED], 1);
	assert_false(rs_http_idle(&rig.hc)); /* a request waits for its reply */
	assert_int_equal(rs_http_input(&rig.env, &rig.hc, (uint8_t *)text, 1, &rig.out), 0);
	rig_ack(&rig, 10); /* no slice is free yet */
	assert_true(rig.hc.blocked);
	rig_ack(&rig, UINT32_MAX);
	assert_false(rig.hc.blocked);
	rig_close(&rig);
}

static void generated_bodies(void **state)
{
	static const uint64_t sizes[] = {1, 250, 251, 252, 1023, 1024, 1025, 2048, 65536, 1048678,
		1048679, 3 * 1048678 + 1, 20000003};
	static struct rig rig;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char text[64];
		struct rig_reply reply;
		const char *body;
		uint64_t n_head;
		int len = snprintf(text, sizeof(text), "GET /bytes/%llu" V "\r\nG",
			(unsigned long long)sizes[i]);

		rig_open(&rig, 2, 1);
		rig_feed(&rig, text, (uint32_t)len);
		rig_drain(&rig);
		body = rig_read_head((char *)rig.got, (char *)rig.got + RIG_GOT_BYTES, &reply);
		assert_non_null(body);
		n_head = (uint64_t)(body - (char *)rig.got);
		assert_int_equal(reply.content_length, sizes[i]);
		assert_int_equal(rig.n_got, n_head + sizes[i]);
		for (uint64_t k = 0; k < sizes[i] && n_head + k < RIG_GOT_BYTES; k++)
			assert_int_equal((uint8_t)body[k], k % 251);
		/* The connection goes on: the G has begun the next request. */
		assert_false(rig.hc.blocked);
		assert_int_not_equal(rig.hc.head, 0);
		rig_close(&rig);
	}
}

/* Every byte of a long body, whatever pieces are acknowledged. */
static void generated_in_order(void **state)
{
	static struct rig rig;
	static const char text[] = "GET /bytes/9000000" V "Connection: close\r\n\r\n";
	uint64_t k = 0;
	uint32_t seed = 1, head = 0;

	(void)state;
	rig_open(&rig, 2, 1);
	rig_feed(&rig, text, sizeof(text) - 1);
	while (rig.out.n_bytes) {
		struct slice spans[SENDQ_SLICES];
		uint32_t n, want = 1 + (seed = seed * 1664525 + 1013904223) % 300000;

		n = rs_sendq_peek(&rig.out, 0, want, spans);
		for (uint32_t i = 0; i < n; i++) {
			for (uint32_t j = 0; j < spans[i].len; j++) {
				if (head < 4)
					head = spans[i].data[j] == "\r\n\r\n"[head] ? head + 1
					       : spans[i].data[j] == '\r'           ? 1
										    : 0;
				else if (spans[i].data[j] != k++ % 251)
					fail();
			}
		}
		assert_int_equal(rig.hc.closing, rig.hc.reply_left == 0);
		rig_ack(&rig, want);
	}
	assert_int_equal(k, 9000000);
	assert_true(rig.hc.closing);
	rig_close(&rig);
}

static void half_closed(void **state)
{
	static const struct conversation cases[] = {
		{"", "", CLOSED},
		{"GET /hello/a" V "\r\n", HA, CLOSED},
		{"GET /hello/a" V "\r\nGET /hello/b" V "\r\n", HA "\n200 \"Hello, b\"", CLOSED},
		{"GET /hello/a" V "\r\nGET", HA "\n400 close", CLOSED},
		{"GET /hello/a", "400 close", CLOSED},
		{"HEAD /" V, "400h close", CLOSED},
		{"HEAD /" V "Content-Length: 5\r\n\r\n", "400h close", CLOSED},
		{POST "Content-Length: 5\r\n\r\nhell", "400 close", CLOSED},
		{POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r", "400 close", CLOSED},
		{"GET /" V "Connection: close\r\n\r\n", "200 close", CLOSED},
	};
	static struct rig rig;
	char transcript[TRANSCRIPT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_open(&rig, 4, 1);
		rig_feed(&rig, cases[i].text, (uint32_t)strlen(cases[i].text));
		rs_http_eof(&rig.env, &rig.hc, &rig.out);
		assert_true(rig.hc.closing);
		rig_drain(&rig);
		assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
		assert_string_equal(transcript, cases[i].expected);
		rig_close(&rig);
	}
	/* A long reply goes on to its end. */
	rig_open(&rig, 4, 1);
	rig_feed(&rig, "GET /bytes/9000000" V "\r\n", 18 + sizeof(V "\r\n") - 1);
	rs_http_eof(&rig.env, &rig.hc, &rig.out);
	assert_false(rig.hc.closing);
	rig_drain(&rig);
	assert_true(rig.hc.closing);
	assert_true(rig.n_got > 9000000);
	rig_close(&rig);
}

/* Goes to the deadline, or a microsecond before it, where nothing may happen. */
static void wait_for_deadline(struct rig *rig)
{
	struct http_conn before;

	rig->env.now_us = rig->hc.deadline_us - 1;
	before = rig->hc;
	rs_http_deadline(&rig->env, &rig->hc, &rig->out);
	assert_memory_equal(&before, &rig->hc, sizeof(before));
	rig->env.now_us++;
	rs_http_deadline(&rig->env, &rig->hc, &rig->out);
}

static void assert_deadline_in(const struct rig *rig, uint64_t us)
{
	assert_int_equal(rig->hc.deadline_us - rig->env.now_us, us);
}

static void expect_transcript(struct rig *rig, const char *expected)
{
	char transcript[TRANSCRIPT_BYTES];

	rig_drain(rig);
	assert_true(rig_transcript(rig, transcript, sizeof(transcript)));
	assert_string_equal(transcript, expected);
}

/* Once the end of a long reply is queued, the next request has its turn. */
static void the_end_of_a_reply_lets_go_on(void **state)
{
	static struct rig rig;

	(void)state;
	rig_open(&rig, 8, 1);
	rig_feed(&rig, "GET /bytes/100000" V "\r\n", 17 + sizeof(V "\r\n") - 1);
	while (rig.hc.reply_left) {
		assert_true(rig.hc.blocked);
		rig_ack(&rig, 100);
	}
	assert_true(rig.out.n_bytes > 0);
	assert_false(rig.hc.blocked);
	rig_close(&rig);
}

/* Who sends a head line by line has each looked at once, and not all of them each time. */
static void lines_are_not_searched_again(void **state)
{
	static struct rig rig;
	uint16_t before = 0;

	(void)state;
	rig_open(&rig, 4, 1);
	rig_feed(&rig, "GET /" V, sizeof("GET /" V) - 1);
	for (uint32_t i = 0; i < 10; i++) {
		assert_true(rig.hc.head_scanned > before);
		before = rig.hc.head_scanned;
		rig_feed(&rig, "X: y\r\n", 6);
	}
	rig_close(&rig);
}

/* Who has been given up holds no buffer for a head, not even where there is no room to say why. */
static void a_head_is_given_back(void **state)
{
	static struct rig rig;

	(void)state;
	rig_open(&rig, 0, 1);
	rig_feed(&rig, "GET /he", 7);
	assert_int_equal(rig.heads.pool.n_free, 0);
	assert_int_equal(rig.counters[HTTP_C_SPLIT_HEADS], 1);
	wait_for_deadline(&rig);
	assert_true(rig.hc.closing && !rig.hc.abort);
	assert_int_equal(rig.out.n_bytes, 0);
	assert_int_equal(rig.heads.pool.n_free, 1);
	rig_close(&rig);
}

static void idle_clients(void **state)
{
	static struct rig rig;

	(void)state;
	rig_open(&rig, 4, 1);
	assert_true(rs_http_idle(&rig.hc));
	assert_deadline_in(&rig, 30000000);
	rig.env.now_us += 20000000;
	rig_feed(&rig, "GET /hello/a" V "\r\n", 12 + sizeof(V "\r\n") - 1);
	rig_drain(&rig);
	assert_true(rs_http_idle(&rig.hc));
	assert_deadline_in(&rig, 30000000);
	wait_for_deadline(&rig);
	assert_true(rig.hc.closing && !rig.hc.abort);
	assert_int_equal(rig.counters[HTTP_C_IDLE_TIMEOUT], 1);
	expect_transcript(&rig, HA);
	/* The client does not close: RST. */
	wait_for_deadline(&rig);
	assert_true(rig.hc.abort);
	assert_int_equal(rig.counters[HTTP_C_LINGER_TIMEOUT], 1);
	rig_close(&rig);
}

/* RFC 9110 section 9.3.2: no content in reply to HEAD, however much of its target has come. */
/* It moves the time of who is idle, later and not earlier, and nobody else's. */
static void idle_since_the_last_byte(void **state)
{
	static struct rig rig;

	(void)state;
	rig_open(&rig, 4, 1);
	rs_http_idle_since(&rig.env, &rig.hc, rig.env.now_us + 5000000);
	assert_deadline_in(&rig, 35000000);
	rs_http_idle_since(&rig.env, &rig.hc, rig.env.now_us);
	assert_deadline_in(&rig, 35000000);
	rig_feed(&rig, "G", 1);
	rs_http_idle_since(&rig.env, &rig.hc, rig.env.now_us);
	assert_deadline_in(&rig, 10000000);
	rig_close(&rig);
}

static void long_targets(void **state)
{
	static struct rig rig;
	static char text[9000];

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "HEAD /", 6);
	rig_open(&rig, 4, 1);
	for (uint32_t i = 0; i < sizeof(text) && !rig.hc.closing; i += 1000)
		rig_feed(&rig, text + i, 1000);
	expect_transcript(&rig, "414h close");
	rig_close(&rig);
}

static void slow_heads(void **state)
{
	static struct rig rig;

	(void)state;
	rig_open(&rig, 4, 1);
	rig_feed(&rig, "G", 1);
	assert_false(rs_http_idle(&rig.hc));
	assert_deadline_in(&rig, 10000000);
	rig.env.now_us += 9000000;
	rig_feed(&rig, "ET / HTTP/1.1\r\nHost: x\r\n", 24);
	assert_deadline_in(&rig, 1000000); /* trickling does not help */
	wait_for_deadline(&rig);
	assert_true(rig.hc.closing);
	expect_transcript(&rig, "408 close");
	assert_int_equal(rig.counters[HTTP_C_HEAD_TIMEOUT], 1);
	rig_close(&rig);
	rig_open(&rig, 4, 1);
	rig_feed(&rig, "HEAD /slow", 10);
	wait_for_deadline(&rig);
	expect_transcript(&rig, "408h close");
	rig_close(&rig);
	/* The next head has its own time, also when it comes with the end of the one before. */
	rig_open(&rig, 4, 1);
	rig_feed(&rig, "GET /hello/a" V, 12 + sizeof(V) - 1);
	rig.env.now_us += 9000000;
	rig_feed(&rig, "\r\nGET", 5);
	rig_drain(&rig);
	assert_deadline_in(&rig, 10000000);
	rig_close(&rig);
}

/* RFC 9112 section 2.2: an empty line is no request, and nobody is told that one is late. */
static void empty_lines(void **state)
{
	static const char post[] = POST "Content-Length: 5\r\n\r\nhello\r\n";
	static const char get[] = "GET /hello/b" V "\r\n";
	static struct rig rig;

	(void)state;
	for (uint32_t n_later = 0; n_later <= 2; n_later++) {
		const uint32_t len = sizeof(post) - 1;

		rig_open(&rig, 4, 1);
		rig_feed(&rig, post, len - n_later);
		rig_drain(&rig);
		rig.env.now_us += 20000000;
		for (uint32_t i = len - n_later; i < len; i++)
			rig_feed(&rig, post + i, 1);
		assert_true(rs_http_idle(&rig.hc));
		assert_int_equal(rig.heads.pool.n_free, 1);
		assert_deadline_in(&rig, 10000000); /* of the idle client, as it was */
		wait_for_deadline(&rig);
		assert_true(rig.hc.closing && !rig.hc.abort);
		assert_int_equal(rig.counters[HTTP_C_IDLE_TIMEOUT], 1);
		expect_transcript(&rig, HA);
		rig_close(&rig);
	}
	rig_open(&rig, 4, 1);
	rig_feed(&rig, post, sizeof(post) - 1);
	rig_drain(&rig);
	rs_http_eof(&rig.env, &rig.hc, &rig.out);
	assert_true(rig.hc.closing);
	expect_transcript(&rig, HA);
	rig_close(&rig);
	/* The first byte of what is no empty line has the clock run. */
	rig_open(&rig, 4, 1);
	rig_feed(&rig, post, sizeof(post) - 1);
	rig_feed(&rig, get, 1);
	rig_drain(&rig);
	assert_false(rs_http_idle(&rig.hc));
	assert_deadline_in(&rig, 10000000);
	rig_feed(&rig, get + 1, sizeof(get) - 2);
	expect_transcript(&rig, HA "\n200 \"Hello, b\"");
	assert_true(rs_http_idle(&rig.hc));
	rig_close(&rig);
	/* Where no buffer is left for it. */
	rig_open(&rig, 4, 0);
	rig_feed(&rig, "\r\n", 2);
	assert_true(rs_http_idle(&rig.hc));
	rig_feed(&rig, get, sizeof(get) - 1);
	expect_transcript(&rig, "503 close");
	rig_close(&rig);
}

static void slow_bodies(void **state)
{
	static struct rig rig;
	static char body[2000];
	static const char head[] = POST "Content-Length: 100000\r\n\r\n";
	static char rest[100000 - 6 * 1024 + sizeof(head) - 1];

	(void)state;
	memcpy(rest + sizeof(rest) - (sizeof(head) - 1), head, sizeof(head) - 1);
	rig_open(&rig, 4, 1);
	rig_feed(&rig, head, sizeof(head) - 1);
	for (int i = 0; i < 5; i++) {
		assert_deadline_in(&rig, 10000000);
		rig.env.now_us += 1000000;
		rig_feed(&rig, body, 1024);
		assert_deadline_in(&rig, 9000000);
		wait_for_deadline(&rig);
		assert_false(rig.hc.closing);
	}
	/* The next one has a time of its own, be it there when this one ends. */
	rig.env.now_us += 4000000;
	rig_feed(&rig, body, 1024);
	rig_feed(&rig, rest, sizeof(rest));
	assert_deadline_in(&rig, 10000000);
	rig_drain(&rig);
	rig.n_got = 0;
	rig_feed(&rig, body, 1023);
	wait_for_deadline(&rig);
	expect_transcript(&rig, "408 close");
	assert_int_equal(rig.counters[HTTP_C_BODY_TIMEOUT], 1);
	rig_close(&rig);
}

/* Who waits for 100 Continue has the time for his body when that is with him. */
static void bodies_that_wait_behind_a_reply(void **state)
{
	static struct rig rig;
	static const char text[] = "GET /bytes/400000" V "\r\n" POST
				   "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n";
	static const char large[] = "GET /bytes/400000" V "\r\n" POST
				    "Content-Length: 9000\r\nExpect: 100-continue\r\n\r\n";
	static const char body[5000];

	(void)state;
	rig_open(&rig, 4, 1);
	rig_feed(&rig, text, sizeof(text) - 1);
	for (int i = 0; i < 5 && rig.out.n_bytes > 8192; i++) {
		assert_deadline_in(&rig, 30000000);
		rig_ack(&rig, 8192);
		wait_for_deadline(&rig);
		assert_false(rig.hc.closing);
	}
	rig_drain(&rig);
	rig.n_got = 0;
	assert_deadline_in(&rig, 10000000);
	rig.env.now_us += 9000000;
	rig_feed(&rig, "hello", 5);
	rig_drain(&rig);
	assert_false(rig.hc.closing);
	assert_int_equal(memcmp(rig.got, "HTTP/1.1 200", 12), 0);
	rig.n_got = 0;
	rig_feed(&rig, text + sizeof("GET /bytes/400000" V "\r\n") - 1,
		sizeof(text) - sizeof("GET /bytes/400000" V "\r\n"));
	rig_drain(&rig);
	wait_for_deadline(&rig);
	assert_int_equal(rig.counters[HTTP_C_BODY_TIMEOUT], 1);
	rig_close(&rig);
	/* What comes of a body is nothing that was read of a reply. */
	rig_open(&rig, 4, 1);
	rig_feed(&rig, large, sizeof(large) - 1);
	rig_feed(&rig, body, sizeof(body));
	wait_for_deadline(&rig);
	assert_true(rig.hc.abort);
	assert_int_equal(rig.counters[HTTP_C_WRITE_TIMEOUT], 1);
	rig_close(&rig);
}

static void slow_readers(void **state)
{
	static struct rig rig;
	static const char text[] = "GET /bytes/99000000" V "\r\n";

	(void)state;
	rig_open(&rig, 4, 1);
	rig_feed(&rig, text, sizeof(text) - 1);
	for (int i = 0; i < 5; i++) {
		assert_deadline_in(&rig, 30000000);
		rig_ack(&rig, 4095);
		rig.env.now_us += 10000000;
		rig_ack(&rig, 1);
		assert_deadline_in(&rig, 20000000);
		wait_for_deadline(&rig);
		assert_false(rig.hc.abort);
	}
	rig_ack(&rig, 4095);
	wait_for_deadline(&rig);
	assert_true(rig.hc.abort);
	assert_int_equal(rig.counters[HTTP_C_WRITE_TIMEOUT], 1);
	rig_close(&rig);
	/* A small reply that is not read at all. */
	rig_open(&rig, 4, 1);
	rig_feed(&rig, "GET /" V "\r\n", 5 + sizeof(V "\r\n") - 1);
	assert_deadline_in(&rig, 30000000);
	wait_for_deadline(&rig);
	assert_true(rig.hc.abort);
	rig_close(&rig);
	/* One that has been read when the time is over, as nobody has said so far. */
	rig_open(&rig, 4, 1);
	rig_feed(&rig, "GET /" V "\r\n", 5 + sizeof(V "\r\n") - 1);
	rs_sendq_ack(&rig.out, rig.out.n_bytes, &rig.chunks);
	wait_for_deadline(&rig);
	assert_false(rig.hc.abort);
	assert_true(rs_http_idle(&rig.hc));
	assert_deadline_in(&rig, 30000000);
	assert_int_equal(rig.counters[HTTP_C_REPLY_WAITED], 0);
	rig_close(&rig);
}

/* rs_http_writable() is not called where input follows. */
static void acknowledgements_that_come_with_input(void **state)
{
	static struct rig rig;
	static const char text[] = "GET /" V "\r\n";
	static const char large[] = "GET /bytes/99000000" V "\r\n";

	(void)state;
	rig_open(&rig, 4, 1);
	for (int i = 0; i < 2; i++) {
		assert_false(rs_http_awaiting_room(&rig.hc));
		rig_feed(&rig, text, sizeof(text) - 1);
		assert_deadline_in(&rig, 30000000); /* each reply has its own time */
		rig.env.now_us += 20000000;
		rs_sendq_ack(&rig.out, rig.out.n_bytes, &rig.chunks);
	}
	rig_feed(&rig, "G", 1);
	assert_deadline_in(&rig, 10000000);
	rig_close(&rig);
	/* Nothing has come after all. */
	rig_open(&rig, 4, 1);
	rig_feed(&rig, text, sizeof(text) - 1);
	rig.env.now_us += 20000000;
	rs_sendq_ack(&rig.out, rig.out.n_bytes, &rig.chunks);
	rs_http_input(&rig.env, &rig.hc, NULL, 0, &rig.out);
	assert_deadline_in(&rig, 30000000);
	wait_for_deadline(&rig);
	assert_int_equal(rig.counters[HTTP_C_IDLE_TIMEOUT], 1);
	assert_true(rig.hc.closing);
	rig_close(&rig);
	/* One that waits for room is not served by input. */
	rig_open(&rig, 4, 1);
	rig_feed(&rig, large, sizeof(large) - 1);
	assert_true(rs_http_awaiting_room(&rig.hc));
	rig_close(&rig);
}

/* Who takes 4 GiB and a little in the time of the clock has read enough, as any number shows. */
static void very_fast_readers(void **state)
{
	static struct rig rig;
	static const char text[] = "GET /bytes/99000000000" V "\r\n";
	uint64_t left = (UINT64_C(1) << 32) + 100;

	(void)state;
	rig_open(&rig, 4, 1);
	rig_feed(&rig, text, sizeof(text) - 1);
	while (left) {
		uint32_t n = (uint32_t)(left < rig.out.n_bytes ? left : rig.out.n_bytes);

		rig_ack(&rig, n);
		left -= n;
	}
	wait_for_deadline(&rig);
	assert_false(rig.hc.abort);
	rig_close(&rig);
}

/* What is queued later, behind unread bytes, does not hide that some were read. */
static void reading_and_asking(void **state)
{
	static struct rig rig;
	static const char text[] = "GET /bytes/1000" V "\r\n";

	(void)state;
	rig_open(&rig, 4, 1);
	rig.cfg.write_min_bytes = 500;
	rig_feed(&rig, text, sizeof(text) - 1);
	rig.env.now_us += 1000000;
	rig_feed(&rig, text, sizeof(text) - 1);
	assert_deadline_in(&rig, 29000000);
	rig_ack(&rig, 500);
	wait_for_deadline(&rig);
	assert_false(rig.hc.abort);
	rig_ack(&rig, 499);
	wait_for_deadline(&rig);
	assert_true(rig.hc.abort);
	rig_close(&rig);
	/* Nor does asking count as reading. */
	rig_open(&rig, 4, 1);
	rig_feed(&rig, text, sizeof(text) - 1);
	rig_feed(&rig, text, sizeof(text) - 1);
	wait_for_deadline(&rig);
	assert_true(rig.hc.abort);
	rig_close(&rig);
}

static void lingering(void **state)
{
	static struct rig rig;
	static char rest[65536];

	(void)state;
	rig_open(&rig, 4, 1);
	rig.cfg.linger_max_bytes = 100000;
	rig_feed(&rig, POST "Content-Length: 9000000\r\n\r\n",
		sizeof(POST "Content-Length: 9000000\r\n\r\n") - 1);
	assert_true(rig.hc.closing);
	assert_false(rs_http_idle(&rig.hc)); /* closing it anew would count anew */
	rig_feed(&rig, rest, sizeof(rest));
	assert_false(rig.hc.abort);
	expect_transcript(&rig, "413 close");
	assert_deadline_in(&rig, 5000000);
	rig_feed(&rig, rest, 100000 - sizeof(rest));
	assert_false(rig.hc.abort);
	rig_feed(&rig, rest, 1);
	assert_true(rig.hc.abort);
	assert_int_equal(rig.counters[HTTP_C_LINGER_OVERRUN], 1);
	rig_close(&rig);
	/* Who has half-closed has as long to close. */
	rig_open(&rig, 4, 1);
	rs_http_eof(&rig.env, &rig.hc, &rig.out);
	assert_true(rig.hc.closing);
	assert_deadline_in(&rig, 5000000);
	rig_close(&rig);
}

static void limits_on_requests(void **state)
{
	static struct rig rig;

	(void)state;
	rig_open(&rig, 4, 1);
	rig.cfg.max_requests_per_conn = 2;
	for (int i = 0; i < 3; i++)
		rig_feed(&rig, "GET /hello/a" V "\r\n", 12 + sizeof(V "\r\n") - 1);
	assert_true(rig.hc.closing);
	expect_transcript(&rig, HA "\n200 close \"Hello, a\"");
	rig_close(&rig);
	rig_open(&rig, 4, 1);
	rig.cfg.drain = HTTP_DRAINS;
	rig_feed(&rig, "GET /hello/a" V "\r\n", 12 + sizeof(V "\r\n") - 1);
	expect_transcript(&rig, "200 close \"Hello, a\"");
	rig_close(&rig);
}

/* RFC 8470 section 3: what may have been replayed is answered where nothing comes of it. */
static void early_data(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"GET /hello/a" V "\r\n", HA},
		{"HEAD /hello/a" V "\r\n", "200h"},
		{"OPTIONS /" V "\r\n", "204 GET, HEAD, OPTIONS"},
		{POST "Content-Length: 0\r\n\r\n", "425"},
		{"DELETE /" V "\r\n", "425"},
	};
	static struct rig rig;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_open(&rig, 4, 1);
		rig.hc.early = true;
		rig_feed(&rig, cases[i].text, (uint32_t)strlen(cases[i].text));
		expect_transcript(&rig, cases[i].expected);
		rig_close(&rig);
	}
}

static bool refuse_host(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	return rs_http_refuse(env, hc, req, out, HTTP_C_MISDIRECTED);
}

static bool is_foreign(const struct http_env *env, const struct http_req *req)
{
	(void)env;
	return rs_http_same(req->host, "foreign");
}

/* A host that is not ours has no methods either (RFC 9110 section 15.5.20). */
static void hosts_of_others(void **state)
{
	static const struct http_handler handler = {
		.name = "page",
		.path = "/",
		.prefix = true,
		.methods = GET_AND_HEAD,
		.respond = refuse_host,
		.is_foreign = is_foreign,
	};
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"GET / HTTP/1.1\r\nHost: foreign\r\n\r\n", "421"},
		{"DELETE / HTTP/1.1\r\nHost: foreign\r\n\r\n", "421"},
		{"OPTIONS / HTTP/1.1\r\nHost: foreign\r\n\r\n", "421"},
		{"DELETE / HTTP/1.1\r\nHost: own\r\n\r\n", "405 GET, HEAD, OPTIONS"},
		{"OPTIONS / HTTP/1.1\r\nHost: own\r\n\r\n", "204 GET, HEAD, OPTIONS"},
	};
	static struct rig rig;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_open(&rig, 4, 1);
		rig.cfg.handlers = &handler;
		rig.cfg.n_handlers = 1;
		rig_feed(&rig, cases[i].text, (uint32_t)strlen(cases[i].text));
		expect_transcript(&rig, cases[i].expected);
		rig_close(&rig);
	}
}

static void no_memory(void **state)
{
	static const char fields[] = "\r\nAccess-Control-Allow-Origin: *\r\n";
	static struct rig rig;

	(void)state;
	/* No chunk for a reply, and nothing queued that would give one back. */
	rig_open(&rig, 0, 1);
	rig_feed(&rig, "GET /" V "\r\n", 5 + sizeof(V "\r\n") - 1);
	assert_true(rig.hc.closing);
	expect_transcript(&rig, "503 close");
	assert_int_equal(rig.counters[HTTP_C_OVERLOAD], 1);
	rig_close(&rig);
	/* The same with the fields of all refusals. */
	rig_open(&rig, 0, 1);
	rig.cfg.secured_refusal_fields =
		(struct span){.data = (const uint8_t *)fields + 2, .len = sizeof(fields) - 3};
	rig_feed(&rig, "GET /" V "\r\n", 5 + sizeof(V "\r\n") - 1);
	expect_transcript(&rig, "503 close");
	assert_non_null(memmem(rig.got, rig.n_got, fields, sizeof(fields) - 1));
	rig_close(&rig);
	/* No buffer for a head in pieces; one in a piece needs none. */
	rig_open(&rig, 1, 0);
	rig_feed(&rig, "GET /hello/a" V "\r\nGET", 12 + sizeof(V "\r\nGET") - 1);
	assert_true(rig.hc.closing);
	expect_transcript(&rig, HA "\n503 close");
	rig_close(&rig);
	/* No buffer for a head whose body is still to come. */
	rig_open(&rig, 1, 0);
	rig_feed(&rig, POST "Content-Length: 1\r\n\r\n",
		sizeof(POST "Content-Length: 1\r\n\r\n") - 1);
	expect_transcript(&rig, "503 close");
	rig_close(&rig);
	/* Neither of both. */
	rig_open(&rig, 0, 0);
	rig_feed(&rig, "GET", 3);
	expect_transcript(&rig, "503 close");
	rig_close(&rig);
	/* The same, when the length of a body stands where that of a reply will. */
	rig_open(&rig, 0, 0);
	rig_feed(&rig, POST "Content-Length: 1\r\n\r\n",
		sizeof(POST "Content-Length: 1\r\n\r\n") - 1);
	assert_false(rig.hc.blocked);
	expect_transcript(&rig, "503 close");
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_requests),
		cmocka_unit_test(conditions),
		cmocka_unit_test(names_decoded_and_escaped),
		cmocka_unit_test(schemes),
		cmocka_unit_test(names_bounded),
		cmocka_unit_test(persistence),
		cmocka_unit_test(bodies),
		cmocka_unit_test(bodies_are_counted),
		cmocka_unit_test(chunks_add_up),
		cmocka_unit_test(each_body_counts_by_itself),
		cmocka_unit_test(no_room_for_continue),
		cmocka_unit_test(expectations),
		cmocka_unit_test(refusals_close),
		cmocka_unit_test(too_long),
		cmocka_unit_test(pipelining),
		cmocka_unit_test(small_replies_share_a_slice),
		cmocka_unit_test(blocked_until_acknowledged),
		cmocka_unit_test(generated_bodies),
		cmocka_unit_test(generated_in_order),
		cmocka_unit_test(half_closed),
		cmocka_unit_test(the_end_of_a_reply_lets_go_on),
		cmocka_unit_test(lines_are_not_searched_again),
		cmocka_unit_test(a_head_is_given_back),
		cmocka_unit_test(idle_clients),
		cmocka_unit_test(idle_since_the_last_byte),
		cmocka_unit_test(long_targets),
		cmocka_unit_test(slow_heads),
		cmocka_unit_test(empty_lines),
		cmocka_unit_test(slow_bodies),
		cmocka_unit_test(bodies_that_wait_behind_a_reply),
		cmocka_unit_test(slow_readers),
		cmocka_unit_test(acknowledgements_that_come_with_input),
		cmocka_unit_test(very_fast_readers),
		cmocka_unit_test(reading_and_asking),
		cmocka_unit_test(lingering),
		cmocka_unit_test(limits_on_requests),
		cmocka_unit_test(early_data),
		cmocka_unit_test(hosts_of_others),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
