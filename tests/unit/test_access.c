/* SPDX-License-Identifier: BSD-2-Clause */
/* Records and lines of the access log. Expected lines as Apache's documentation has them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "telem/access_format.h"

static struct span span_of(const char *text)
{
	return (struct span){.data = (const uint8_t *)text, .len = (uint32_t)strlen(text)};
}

static struct access_record record(const char *method, const char *target, const char *host,
	const char *referer, const char *agent)
{
	const struct span texts[ACCESS_N_TEXTS] = {
		span_of(method), span_of(target), span_of(host), span_of(referer), span_of(agent)};
	struct access_record r = {
		.unix_s = 971211336, /* 10/Oct/2000:20:55:36 UTC */
		.body_bytes = 2326,
		.client = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1},
		.client_port = 40000,
		.local_port = 80,
		.status = 200,
		.minor_version = 0,
	};

	rs_access_set_texts(&r, texts);
	return r;
}

static void assert_line(const char *format, const struct access_record *r, const char *expected)
{
	struct access_format f;
	char why[200];
	char *line = malloc(ACCESS_LINE_BYTES);
	uint32_t n;

	assert_int_equal(rs_access_format_compile(&f, format, why, sizeof(why)), 0);
	n = rs_access_format_line(&f, r, line);
	assert_int_equal(line[n - 1], '\n');
	line[n - 1] = 0;
	assert_string_equal(line, expected);
	free(line);
}

static void formats(void **state)
{
	struct access_record r = record("GET", "/apache_pb.gif?a=1", "h.test",
		"http://www.example.com/start.html", "Mozilla/4.08 [en] (Win98; I ;Nav)");
	struct access_record none = record("", "", "", "", "");

	(void)state;
	none.body_bytes = 0;
	none.status = 400;
	none.minor_version = 1;
	assert_line("common", &r,
		"127.0.0.1 - - [10/Oct/2000:20:55:36 +0000] \"GET /apache_pb.gif?a=1 HTTP/1.0\" "
		"200 2326");
	assert_line("combined", &r,
		"127.0.0.1 - - [10/Oct/2000:20:55:36 +0000] \"GET /apache_pb.gif?a=1 HTTP/1.0\" "
		"200 2326 \"http://www.example.com/start.html\" "
		"\"Mozilla/4.08 [en] (Win98; I ;Nav)\"");
	assert_line("common", &none, "127.0.0.1 - - [10/Oct/2000:20:55:36 +0000] \"-\" 400 -");
	assert_line("%m|%U|%q|%H|%s|%B|%p|%v|%{Host}i|%%|\\t|%a", &r,
		"GET|/apache_pb.gif|?a=1|HTTP/1.0|200|2326|80|h.test|h.test|%|\t|127.0.0.1");
	assert_line("%m %U%q %b %B", &none, "- - - 0");
	assert_line("json", &r,
		"{\"time\":\"2000-10-10T20:55:36Z\",\"client\":\"127.0.0.1\",\"client_port\":40000,"
		"\"port\":80,\"tls\":false,\"status\":200,\"bytes\":2326,\"protocol\":\"HTTP/1.0\","
		"\"method\":\"GET\",\"target\":\"/apache_pb.gif?a=1\",\"host\":\"h.test\","
		"\"referer\":\"http://www.example.com/start.html\","
		"\"user_agent\":\"Mozilla/4.08 [en] (Win98; I ;Nav)\"}");
}

static void what_deceives_is_escaped(void **state)
{
	struct access_record r = record("GET", "/\"\\\x1b[31m\n\xff", "", "", "");

	(void)state;
	assert_line("%r", &r, "GET /\\\"\\\\\\x1b[31m\\x0a\\xff HTTP/1.0");
	r = record("", "", "", "", "a\"\\\n\x80");
	assert_line("%{User-Agent}i", &r, "a\\\"\\\\\\x0a\\x80");
}

static void addresses(void **state)
{
	static const struct {
		uint8_t addr[16];
		const char *text;
	} cases[] = {
		{{0}, "::"},
		{{[15] = 1}, "::1"},
		{{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, "2001:db8::1"},
		{{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1},
			"2001:db8:0:1:1:1:1:1"}, /* RFC 5952 section 4.2.2 */
		{{0x20, 0x01, [9] = 1, [15] = 1}, "2001::1:0:0:1"},
		{{0xfe, 0x80}, "fe80::"},
	};
	struct access_record r = record("", "", "", "", "");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(r.client, cases[i].addr, 16);
		assert_line("%h", &r, cases[i].text);
	}
}

static void times_as_libc_has_them(void **state)
{
	struct access_record r = record("", "", "", "", "");

	(void)state;
	for (int64_t day = 0; day < 60000; day++) {
		char expected[64];
		time_t t = day * 86400 + day * 7919 % 86400;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected), "[%d/%b/%Y:%H:%M:%S +0000]", &tm);
		r.unix_s = t;
		assert_line("%t", &r, expected);
	}
}

static void unknown_directives_are_named(void **state)
{
	static const struct {
		const char *format, *why;
	} cases[] = {
		{"%h %Z", "%Z at byte 4 is not known"},
		{"%{Cookie}i", "%{Cookie at byte 1 is not known"},
		{"%", "% at byte 1 is not known"},
	};
	struct access_format f;
	char why[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			rs_access_format_compile(&f, cases[i].format, why, sizeof(why)), -EINVAL);
		assert_string_equal(why, cases[i].why);
	}
}

/* Long texts are cut fairly, short ones not at all; and no line is too long. */
static void long_texts(void **state)
{
	char text[1000], line[ACCESS_LINE_BYTES], why[100];
	struct access_format f;
	struct access_record r;

	(void)state;
	memset(text, 0xff, sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	r = record("GET", text, "host.test", "", text);
	assert_true(r.is_cut);
	assert_int_equal(rs_access_text(&r, ACCESS_METHOD).len, 3);
	assert_int_equal(rs_access_text(&r, ACCESS_HOST).len, 9);
	assert_int_equal(rs_access_text(&r, ACCESS_TARGET).len, (ACCESS_TEXT_BYTES - 12) / 2);
	assert_int_equal(rs_access_text(&r, ACCESS_USER_AGENT).len, (ACCESS_TEXT_BYTES - 12) / 2);
	assert_memory_equal(rs_access_text(&r, ACCESS_HOST).data, "host.test", 9);
	text[150] = 0;
	assert_false(record("GET", text, "host.test", "", "").is_cut);
	rs_access_format_compile(&f, "%r%r%r%r%r%r%r%r%r%r%r%r%r%r", why, sizeof(why));
	assert_int_equal(rs_access_format_line(&f, &r, line), ACCESS_LINE_BYTES);
	assert_int_equal(line[ACCESS_LINE_BYTES - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		cmocka_unit_test(what_deceives_is_escaped),
		cmocka_unit_test(addresses),
		cmocka_unit_test(times_as_libc_has_them),
		cmocka_unit_test(unknown_directives_are_named),
		cmocka_unit_test(long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
