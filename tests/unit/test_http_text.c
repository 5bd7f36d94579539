/* SPDX-License-Identifier: BSD-2-Clause */
/* Dates, numbers, lists, %-escapes, HTML, and the heads of replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "http/date.h"
#include "http/parse.h"
#include "http/render.h"
#include "http/text.h"

static void assert_date(uint64_t seconds, const char *expected)
{
	char date[HTTP_DATE_BYTES];

	rs_http_date(date, seconds);
	assert_memory_equal(date, expected, HTTP_DATE_BYTES);
}

/* libc in the C locale is the independent source. */
static void dates_as_libc_has_them(void **state)
{
	(void)state;
	assert_date(784111777, "Sun, 06 Nov 1994 08:49:37 GMT"); /* RFC 9110 section 5.6.7 */
	assert_date(0, "Thu, 01 Jan 1970 00:00:00 GMT");
	assert_date(951782400, "Tue, 29 Feb 2000 00:00:00 GMT");
	assert_date(4107542399, "Sun, 28 Feb 2100 23:59:59 GMT");
	assert_date(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT");
	/* Each day once for 400 years and more, at a moving time of day. */
	for (uint64_t day = 0; day < 160000; day++) {
		time_t t = (time_t)(day * 86400 + day * 7919 % 86400);
		char expected[64];
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		assert_date((uint64_t)t, expected);
	}
}

static void numbers_both_ways(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
		{0, "0"},
		{9, "9"},
		{10, "10"},
		{1099511627776, "1099511627776"},
		{UINT64_MAX, "18446744073709551615"},
	};
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1a", "a", "0x1", "/", ":",
		"18446744073709551616", "99999999999999999999", "184467440737095516150"};
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t text[HTTP_NUMBER_BYTES];

		assert_int_equal(rs_http_number(text, cases[i].n), strlen(cases[i].text));
		assert_memory_equal(text, cases[i].text, strlen(cases[i].text));
		assert_true(rs_http_parse_number(rs_span_text(cases[i].text), &n));
		assert_int_equal(n, cases[i].n);
	}
	assert_true(rs_http_parse_number(rs_span_text("007"), &n));
	assert_int_equal(n, 7);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(rs_http_parse_number(rs_span_text(bad[i]), &n));
}

static void percent_decoding(void **state)
{
	static const struct {
		const char *text;
		const char *expected; /* NULL: malformed */
	} cases[] = {
		{"", ""},
		{"abc", "abc"},
		{"%41", "A"},
		{"a%20b", "a b"},
		{"%e4%F6", "\xe4\xf6"},
		{"%2525", "%25"},
		{"+", "+"},
		{"%", NULL},
		{"%4", NULL},
		{"a%", NULL},
		{"%g1", NULL},
		{"%1g", NULL},
		{"%%41", NULL},
		{"%-1", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span text = rs_span_text(cases[i].text);
		uint8_t *to = malloc(text.len + 1);
		int len = rs_http_percent_decode(text, to);

		assert_int_equal(len, cases[i].expected ? (int)strlen(cases[i].expected) : -1);
		if (len > 0)
			assert_memory_equal(to, cases[i].expected, (size_t)len);
		free(to);
	}
	uint8_t nul = 1;

	assert_int_equal(rs_http_percent_decode(rs_span_text("%00"), &nul), 1);
	assert_int_equal(nul, 0);
}

static void html_escaping(void **state)
{
	static const char expected[] = "&lt;a href=&quot;x&#39;y&quot;&gt;&amp;amp;\xc3\xa9";
	uint8_t to[256];
	uint32_t len = rs_http_html_escape(rs_span_text("<a href=\"x'y\">&amp;\xc3\xa9"), to);

	(void)state;
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(to, expected, len);
	memset(to, 0, sizeof(to));
	assert_int_equal(rs_http_html_escape(rs_span_text("\""), to), HTTP_HTML_GROWTH);
}

static void same_but_for_case(void **state)
{
	(void)state;
	assert_true(rs_http_same(rs_span_text("Keep-Alive"), "keep-alive"));
	assert_true(rs_http_same(rs_span_text(""), ""));
	assert_false(rs_http_same(rs_span_text("keep-aliv"), "keep-alive"));
	assert_false(rs_http_same(rs_span_text("keep-alivee"), "keep-alive"));
	assert_false(
		rs_http_same(rs_span_text("keep\ralive"), "keep-alive")); /* '\r' | 0x20 is '-' */
}

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static void assert_head(const struct http_reply_head *head, const char *expected)
{
	uint8_t to[1024];
	uint32_t len = rs_http_render_head(to, head);

	assert_int_equal(len, strlen(expected));
	assert_memory_equal(to, expected, len);
}

/* RFC 9110 section 5.6.1: blanks at both ends of an element do not belong to it; empty ones count.
 */
static void lists(void **state)
{
	struct span list = rs_span_text(" \ta b\t,,c , \t"), element;
	const char *const expected[] = {"a b", "", "c", ""};

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(rs_http_next_element(&list, &element));
		assert_int_equal(element.len, strlen(expected[i]));
		assert_memory_equal(element.data, expected[i], element.len);
	}
	assert_false(rs_http_next_element(&list, &element));
	list = rs_span_text("");
	assert_true(rs_http_next_element(&list, &element));
	assert_int_equal(element.len, 0);
	assert_false(rs_http_next_element(&list, &element));
}

static void heads_of_replies(void **state)
{
	struct http_reply_head head = {.status = 200, .date = DATE};

	(void)state;
	assert_head(&head, "HTTP/1.1 200 OK\r\nDate: " DATE
			   "\r\nServer: ringside\r\nContent-Length: 0\r\n\r\n");
	head.content_type = rs_span_text("text/plain");
	head.content_length = UINT64_MAX;
	head.connection = HTTP_SAY_KEEP_ALIVE;
	assert_head(&head,
		"HTTP/1.1 200 OK\r\nDate: " DATE
		"\r\nServer: ringside\r\nContent-Type: text/plain\r\n"
		"Content-Length: 18446744073709551615\r\nConnection: keep-alive\r\n\r\n");
	/* RFC 9110 section 8.6: no Content-Length with 204. */
	head = (struct http_reply_head){.status = 204,
		.date = DATE,
		.connection = HTTP_SAY_CLOSE,
		.fields = rs_span_text("Allow: GET\r\n")};
	assert_head(&head, "HTTP/1.1 204 No Content\r\nDate: " DATE
			   "\r\nServer: ringside\r\nConnection: close\r\nAllow: GET\r\n\r\n");
}

static void heads_fit_their_room(void **state)
{
	struct http_reply_head head = {
		.date = DATE, .content_length = UINT64_MAX, .connection = HTTP_SAY_KEEP_ALIVE};

	(void)state;
	for (uint16_t status = 200; status < 600; status++) {
		uint8_t to[1024];

		head.status = status;
		assert_true(rs_http_render_head(to, &head) <= HTTP_HEAD_ROOM);
	}
}

static void every_reason_has_a_phrase(void **state)
{
	(void)state;
	for (int reason = 0; reason < HTTP_C_REQUESTS; reason++)
		assert_string_not_equal(
			rs_http_status_text(rs_http_reason_status(reason)), "Unknown");
	assert_string_equal(rs_http_status_text(414), "URI Too Long");
	assert_string_equal(rs_http_status_text(299), "Unknown");
}

/* RFC 9110 section 15.4. */
static void redirects_have_their_phrases(void **state)
{
	(void)state;
	assert_string_equal(rs_http_status_text(301), "Moved Permanently");
	assert_string_equal(rs_http_status_text(302), "Found");
	assert_string_equal(rs_http_status_text(307), "Temporary Redirect");
	assert_string_equal(rs_http_status_text(308), "Permanent Redirect");
}

static void allow_lists(void **state)
{
	static const char some[] = "GET, HEAD, OPTIONS";
	uint8_t to[HTTP_ALLOW_BYTES];

	(void)state;
	assert_int_equal(
		rs_http_allow(to, HTTP_METHOD_BIT(HTTP_OPTIONS) | HTTP_METHOD_BIT(HTTP_HEAD) |
					  HTTP_METHOD_BIT(HTTP_GET)),
		strlen(some));
	assert_memory_equal(to, some, strlen(some));
	assert_int_equal(rs_http_allow(to, 0), 0);
	assert_true(rs_http_allow(to, UINT32_MAX) <= HTTP_ALLOW_BYTES);
}

/* Every byte at every place: words, and what is no word; from memory that ends where the text does.
 */
static void case_of_every_byte(void **state)
{
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz-_0189@[`{";

	(void)state;
	for (uint32_t len = 1; len < sizeof(lower); len++) {
		struct span text = {.data = malloc(len), .len = len};
		uint8_t *bytes = (uint8_t *)(uintptr_t)text.data;
		char expected[sizeof(lower)];

		memcpy(expected, lower + sizeof(lower) - 1 - len, len + 1);
		for (uint32_t i = 0; i < len; i++) {
			memcpy(bytes, expected, len);
			for (int c = 0; c < 256; c++) {
				bool same = (c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c) ==
					    (uint8_t)expected[i];

				bytes[i] = (uint8_t)c;
				assert_int_equal(rs_http_same(text, expected), same);
			}
		}
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_as_libc_has_them),
		cmocka_unit_test(numbers_both_ways),
		cmocka_unit_test(percent_decoding),
		cmocka_unit_test(html_escaping),
		cmocka_unit_test(same_but_for_case),
		cmocka_unit_test(lists),
		cmocka_unit_test(heads_of_replies),
		cmocka_unit_test(heads_fit_their_room),
		cmocka_unit_test(every_reason_has_a_phrase),
		cmocka_unit_test(redirects_have_their_phrases),
		cmocka_unit_test(allow_lists),
		cmocka_unit_test(case_of_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
