/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request asks of a representation: dates, conditions, ranges, codings; and its path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "http/codings.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/path.h"
#include "http/ranges.h"
#include "http/text.h"

#define NOW 1700000000 /* Tue, 14 Nov 2023 22:13:20 GMT */

/* An exact-size copy on the heap, so that the sanitizer sees what is read beyond it. */
static struct span heap(const char *text)
{
	uint8_t *copy = malloc(strlen(text) + 1);

	copy = realloc(copy, strlen(text) ? strlen(text) : 1);
	memcpy(copy, text, strlen(text));
	return (struct span){.data = copy, .len = (uint32_t)strlen(text)};
}

/* With these field lines first, each ended by CR LF. It lives until the next one. */
static const struct http_req *request_by(const char *method, const char *fields)
{
	static const struct http_limits limits = {
		.max_head_bytes = 8000, .max_target_bytes = 4000, .max_fields = 100};
	static struct http_req req;
	static char head[8000];
	uint16_t scanned = 0;
	int n = snprintf(head, sizeof(head), "%s / HTTP/1.1\r\n%sHost: a\r\n\r\n", method, fields);

	assert_int_equal(rs_http_parse(&limits, (uint8_t *)head, (uint32_t)n, &scanned, &req), n);
	return &req;
}

static const struct http_req *request(const char *fields)
{
	return request_by("GET", fields);
}

static void assert_date(const char *text, int64_t expected)
{
	struct span copy = heap(text);
	int64_t got = -1;

	if (expected < 0) {
		assert_false(rs_http_parse_date(copy, NOW, &got));
	} else {
		assert_true(rs_http_parse_date(copy, NOW, &got));
		assert_int_equal(got, expected);
	}
	free((void *)(uintptr_t)copy.data);
}

static void dates(void **state)
{
	static const char *const wrong[] = {"", "Sun", "Sun, 06 Nov 1994 08:49:37 CET",
		"Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sun, 31 Apr 1994 08:49:37 GMT", "Sun, 29 Feb 1900 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
		"sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "784111777",
		"Sun Nov 6 08:49:37 1994", "Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT", "Sunday, 06-Nov-94 08:49:37 GMT ",
		"Sunday, 06-Nov-94 08:49:37", "Sun Nov  6 08:49:37 1994 "};

	(void)state;
	/* RFC 9110 section 5.6.7: one moment three times. */
	assert_date("Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
	assert_date("Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
	assert_date("Sun Nov  6 08:49:37 1994", 784111777);
	assert_date("Thu, 29 Feb 2024 23:59:60 GMT", 1709251199);
	/* Two digits: at most 50 years ahead of 2023. */
	assert_date("Friday, 01-Jan-73 00:00:00 GMT", 3250454400);
	assert_date("Tuesday, 01-Jan-74 00:00:00 GMT", 126230400);
	assert_date("Monday, 13-Nov-73 22:13:20 GMT", 3277836800);
	assert_date("Thursday, 15-Nov-73 22:13:20 GMT", 122249600);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_date(wrong[i], -1);
	for (int64_t day = 0; day < 80000; day++) { /* and as libc writes them */
		time_t t = day * 86400 + day * 7919 % 86400;
		struct tm tm;
		char text[64];

		gmtime_r(&t, &tm);
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		assert_date(text, t);
	}
}

static void days_of_each_month(void **state)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const uint32_t n_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	(void)state;
	for (uint32_t i = 0; i < 12; i++) {
		for (uint32_t day = n_days[i]; day <= n_days[i] + 1; day++) {
			struct tm tm = {.tm_year = 123,
				.tm_mon = (int)i,
				.tm_mday = (int)day,
				.tm_hour = 12};
			char text[64];

			snprintf(text, sizeof(text), "Sun, %02u %.3s 2023 12:00:00 GMT", day,
				months + 3 * i);
			assert_date(text, day > n_days[i] ? -1 : timegm(&tm));
		}
	}
}

#define OLDER   "Tue, 14 Nov 2023 20:00:00 GMT"
#define EXACTLY "Tue, 14 Nov 2023 21:00:00 GMT"
#define YOUNGER "Tue, 14 Nov 2023 22:00:00 GMT"

static void conditions(void **state)
{
	static const struct {
		const char *fields;
		enum http_condition expected;
	} cases[] = {
		{"", HTTP_PROCEED},
		{"If-Match: \"abc\"\r\n", HTTP_PROCEED},
		{"If-Match: \"x\", \"abc\"\r\n", HTTP_PROCEED},
		{"If-Match: \"x\"\r\nIf-Match: \"abc\"\r\n", HTTP_PROCEED},
		{"If-Match: *\r\n", HTTP_PROCEED},
		{"If-Match: \"x\"\r\n", HTTP_PRECONDITION_FAILED},
		{"If-Match: W/\"abc\"\r\n", HTTP_PRECONDITION_FAILED}, /* strong comparison */
		{"If-Match: abc\r\n", HTTP_PRECONDITION_FAILED},
		{"If-None-Match: \"abc\"\r\n", HTTP_NOT_MODIFIED},
		{"If-None-Match: W/\"abc\"\r\n", HTTP_NOT_MODIFIED}, /* weak comparison */
		{"If-None-Match: \"a,b\" , , W/\"y\",\"abc\"\r\n", HTTP_NOT_MODIFIED},
		{"If-None-Match: *\r\n", HTTP_NOT_MODIFIED},
		/* Several lines are one list, in which "*" is no tag. */
		{"If-None-Match: \"x\"\r\nIf-None-Match: \"abc\"\r\n", HTTP_NOT_MODIFIED},
		{"If-None-Match: *\r\nIf-None-Match: \"x\"\r\n", HTTP_PROCEED},
		{"If-None-Match: *, \"x\"\r\n", HTTP_PROCEED},
		{"If-Match: *\r\n", HTTP_PROCEED},
		{"If-Match: *\r\nIf-Match: \"x\"\r\n", HTTP_PRECONDITION_FAILED},
		{"If-None-Match: \"x\"\r\n", HTTP_PROCEED},
		{"If-None-Match: \"abc\r\n", HTTP_PROCEED},
		{"If-None-Match: \"abc\"x\r\n", HTTP_PROCEED},
		{"If-None-Match: \"abc\" \"abc\"\r\n", HTTP_PROCEED},
		{"If-None-Match: Wx\"abc\"\r\n", HTTP_PROCEED},
		{"If-None-Match: x/\"abc\"\r\n", HTTP_PROCEED},
		{"If-None-Match: W/\r\n", HTTP_PROCEED},
		/* Section 8.8.3: no space in an entity-tag; then the list is malformed. */
		{"If-None-Match: \"x y\", \"abc\"\r\n", HTTP_PROCEED},
		{"If-None-Match: \"x\xff!~\", \"abc\"\r\n", HTTP_NOT_MODIFIED},
		{"If-Modified-Since: " OLDER "\r\n", HTTP_PROCEED},
		{"If-Modified-Since: " EXACTLY "\r\n", HTTP_NOT_MODIFIED},
		{"If-Modified-Since: " YOUNGER "\r\n", HTTP_NOT_MODIFIED},
		{"If-Modified-Since: yesterday\r\n", HTTP_PROCEED},
		{"If-Modified-Since: " YOUNGER "\r\nIf-Modified-Since: " YOUNGER "\r\n",
			HTTP_PROCEED},
		/* If-None-Match makes If-Modified-Since mean nothing, If-Match the other. */
		{"If-None-Match: \"x\"\r\nIf-Modified-Since: " YOUNGER "\r\n", HTTP_PROCEED},
		{"If-Unmodified-Since: " OLDER "\r\n", HTTP_PRECONDITION_FAILED},
		{"If-Unmodified-Since: " EXACTLY "\r\n", HTTP_PROCEED},
		{"If-Match: \"abc\"\r\nIf-Unmodified-Since: " OLDER "\r\n", HTTP_PROCEED},
		{"If-Match: \"abc\"\r\nIf-None-Match: \"abc\"\r\n", HTTP_NOT_MODIFIED},
		{"If-Match: \"x\"\r\nIf-None-Match: \"abc\"\r\n", HTTP_PRECONDITION_FAILED},
	};
	struct http_validators v = {
		.etag = {.data = (const uint8_t *)"\"abc\"", .len = 5},
		.mtime_s = 1699995600,
		.now_s = NOW,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (rs_http_check_conditions(request(cases[i].fields), &v) != cases[i].expected)
			fail_msg("%s", cases[i].fields);
	}
	assert_true(rs_http_if_range(request(""), &v));
	assert_true(rs_http_if_range(request("If-Range: \"abc\"\r\n"), &v));
	assert_false(rs_http_if_range(request("If-Range: W/\"abc\"\r\n"), &v));
	assert_false(rs_http_if_range(request("If-Range: \"abc\", \"d\"\r\n"), &v));
	assert_false(rs_http_if_range(request("If-Range: \"x\"\r\n"), &v));
	assert_true(rs_http_if_range(request("If-Range: " EXACTLY "\r\n"), &v));
	assert_false(rs_http_if_range(request("If-Range: " YOUNGER "\r\n"), &v));
	/* Section 8.8.2.2: a date is a strong validator when it is at least a second old. */
	v.now_s = v.mtime_s + 1;
	assert_true(rs_http_if_range(request("If-Range: " EXACTLY "\r\n"), &v));
	v.now_s = v.mtime_s;
	assert_false(rs_http_if_range(request("If-Range: " EXACTLY "\r\n"), &v));
}

static enum http_condition check(
	const char *method, const char *fields, const struct http_validators *v)
{
	return rs_http_check_conditions(request_by(method, fields), v);
}

/* Sections 13.1.2 and 13.1.3: who would write is not told that he has it already. */
static void conditions_on_writing(void **state)
{
	const struct http_validators v = {
		.etag = {.data = (const uint8_t *)"\"abc\"", .len = 5},
		.mtime_s = 1699995600,
		.now_s = NOW,
	};

	(void)state;
	assert_int_equal(check("HEAD", "If-None-Match: *\r\n", &v), HTTP_NOT_MODIFIED);
	assert_int_equal(check("POST", "If-None-Match: *\r\n", &v), HTTP_PRECONDITION_FAILED);
	assert_int_equal(check("POST", "If-None-Match: \"x\"\r\n", &v), HTTP_PROCEED);
	assert_int_equal(check("POST", "If-Match: \"x\"\r\n", &v), HTTP_PRECONDITION_FAILED);
	assert_int_equal(
		check("HEAD", "If-Modified-Since: " EXACTLY "\r\n", &v), HTTP_NOT_MODIFIED);
	assert_int_equal(check("POST", "If-Modified-Since: " EXACTLY "\r\n", &v), HTTP_PROCEED);
	assert_int_equal(
		check("POST", "If-Unmodified-Since: " OLDER "\r\n", &v), HTTP_PRECONDITION_FAILED);
}

/* Ranges as text: "all", "none", or "0-1,5-9". */
static const char *ranges_of(const char *value, uint64_t len)
{
	static char text[1000];
	struct http_range r[HTTP_MAX_RANGES];
	char field[4000];
	uint32_t n;

	snprintf(field, sizeof(field), "Range: %s\r\n", value);
	switch (rs_http_ranges(request(field), len, r, &n)) {
	case HTTP_RANGE_ALL:
		return n ? "all, and some" : "all";
	case HTTP_RANGE_UNSATISFIABLE:
		return n ? "none, and some" : "none";
	case HTTP_RANGE_SOME:
		break;
	}
	text[0] = 0;
	for (uint32_t i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s%llu-%llu", i ? "," : "",
			(unsigned long long)r[i].first, (unsigned long long)r[i].last);
	return text;
}

static void ranges(void **state)
{
	static const struct {
		const char *value;
		uint64_t len;
		const char *expected;
	} cases[] = {
		/* RFC 9110 section 14.1.2 */
		{"bytes=0-499", 10000, "0-499"},
		{"bytes=500-999", 10000, "500-999"},
		{"bytes=-500", 10000, "9500-9999"},
		{"bytes=9500-", 10000, "9500-9999"},
		{"bytes=0-0,-1", 10000, "0-0,9999-9999"},
		{"bytes=0-0, 500-, -1", 10000, "0-0,500-9999"},
		{"bytes= 0-999, 4500-5499, -1000", 10000, "0-999,4500-5499,9000-9999"},
		{"bytes=500-600,601-999", 10000, "500-999"},
		{"bytes=500-700,601-999", 10000, "500-999"},
		{"bytes=9-12,0-3,2-9", 100, "0-12"},
		{"bytes=0-4,20-24,3-9,40-44,60-64", 100, "0-9,20-24,40-44,60-64"},
		{"bytes=0-4,5-9,20-24,40-44,60-64", 100, "0-9,20-24,40-44,60-64"},
		{"Bytes=1-2", 10, "1-2"},
		{"bytes=0-99999", 100, "0-99"},
		{"bytes=-99999", 100, "0-99"},
		{"bytes=1-99999999999999999999999999", 100, "1-99"},
		{"bytes=100-", 100, "none"},
		{"bytes=100-,200-300", 100, "none"},
		{"bytes=-0", 100, "none"},
		{"bytes=0-", 0, "all"},
		{"bytes=5-,-0", 0, "all"},
		{"bytes=5-", 0, "none"},
		{"bytes=1-1,7-", 0, "none"},
		{"bytes=-1", 0, "all"},
		{"bytes=-1,-2", 0, "all"},
		{"bytes=0-,-1", 0, "all"},
		{"bytes=100-,1-1", 100, "1-1"},
		{"bytes=,,1-1,", 100, "1-1"},
		{"bytes=5-2", 100, "all"},
		{"bytes=10-9", 100, "all"},
		{"bytes=10-0009", 100, "all"},
		{"bytes=0010-9", 100, "all"},
		{"bytes=0009-10", 100, "9-10"},
		{"bytes=9-0010", 100, "9-10"},
		/* Beyond 64 bits they are numbers, too. */
		{"bytes=18446744073709551616-18446744073709551615", 100, "all"},
		{"bytes=100000000000000000000-18446744073709551616", 100, "all"},
		{"bytes=1-2,18446744073709551617-18446744073709551616", 100, "all"},
		{"bytes=1-2,18446744073709551616-18446744073709551617", 100, "1-2"},
		{"bytes=", 100, "all"},
		{"bytes=,", 100, "all"},
		{"bytes=-", 100, "all"},
		{"bytes=1", 100, "all"},
		{"bytes=a-b", 100, "all"},
		{"bytes=1-2;3-4", 100, "all"},
		{"bytes=1-2,x", 100, "all"},
		{"lines=1-2", 100, "all"},
		{"bytes 1-2", 100, "all"},
		{"bytes=0-49,50-99", 100, "0-99"},
		{"bytes=0-98,98-", 100, "0-99"},
		{"bytes=0-48,50-99", 100, "0-48,50-99"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(ranges_of(cases[i].value, cases[i].len), cases[i].expected);
	assert_string_equal(ranges_of("bytes=1-1\r\nRange: bytes=2-2", 100), "all");
}

/* 20 in a request is what zsync asks for, and it has no use for a 200. */
static void many_ranges(void **state)
{
	char set[1000], value[1000];

	(void)state;
	for (int n = 1; n <= HTTP_MAX_RANGES + 1; n++) {
		set[0] = 0;
		for (int i = 0; i < n; i++)
			sprintf(set + strlen(set), "%s%d-%d", i ? "," : "", 5 * i, 5 * i + 2);
		snprintf(value, sizeof(value), "bytes=%s", set);
		assert_string_equal(ranges_of(value, 1000), n <= HTTP_MAX_RANGES ? set : "all");
	}
	assert_true(HTTP_MAX_RANGES >= 20);
}

static void codings(void **state)
{
	enum {
		G = 1 << HTTP_GZIP,
		Z = 1 << HTTP_ZSTD,
		B = 1 << HTTP_BR,
		ALL = 1 | G | Z | B
	};
	static const struct {
		const char *value;
		uint32_t available;
		enum http_coding expected;
	} cases[] = {
		{NULL, ALL, HTTP_IDENTITY},
		{"gzip", ALL, HTTP_GZIP},
		{"gzip, deflate, br", ALL, HTTP_BR},
		{"gzip, deflate, br", 1 | G, HTTP_GZIP},
		{"gzip, deflate, br", 1 | Z, HTTP_IDENTITY},
		{"gzip, deflate, br, zstd", ALL, HTTP_BR},
		{"GZIP;Q=1", ALL, HTTP_GZIP},
		{"x-gzip", ALL, HTTP_GZIP},
		{"br;q=0.5, gzip;q=0.8", ALL, HTTP_GZIP},
		{"br;q=0.001,gzip;q=0", ALL, HTTP_BR},
		{"br;q=0", ALL, HTTP_IDENTITY},
		{"gzip;q=0.5, identity", ALL, HTTP_IDENTITY},
		{"identity;q=0.5, gzip;q=0.4", ALL, HTTP_IDENTITY},
		{"identity;q=0, gzip;q=0.001", ALL, HTTP_GZIP},
		{"*", ALL, HTTP_BR},
		{"*;q=0", ALL, HTTP_IDENTITY}, /* nothing is acceptable: sent anyway */
		{"gzip;q=0, *", ALL, HTTP_BR},
		{"br;q=0, *;q=0.5, gzip;q=0.5", ALL, HTTP_ZSTD},
		{"gzipped, , br", ALL, HTTP_BR},
		{"", ALL, HTTP_IDENTITY},
		{"gzip\r\nAccept-Encoding: br;q=0.9", ALL, HTTP_GZIP},
		{"br;q=0.9\r\nAccept-Encoding: gzip", ALL, HTTP_GZIP},
		{"identity\r\nAccept: gzip", ALL, HTTP_IDENTITY},
		/* Blanks around the semicolon; a weight of one digit to three, or that is none. */
		{"gzip ; q=0.5, br\t; q=0.6", ALL, HTTP_BR},
		{"gzip; q=0, br ;q=0", ALL, HTTP_IDENTITY},
		{"br;q=0.09, gzip;q=0.1", ALL, HTTP_GZIP},
		{"br;q=0.009, gzip;q=0.01", ALL, HTTP_GZIP},
		{"br;q=0.998, gzip;q=0.999", ALL, HTTP_GZIP},
		{"br;q=0.999, gzip", ALL, HTTP_GZIP},
		{"br;q=1, gzip", ALL, HTTP_BR},
		{"br;q=0.4, *;q=0.5", 1 | B, HTTP_IDENTITY},
		{"*x, x", ALL, HTTP_IDENTITY},
		{"br;q=0., gzip;q=0.001", ALL, HTTP_GZIP},
		{"br;q=1., gzip;q=0.999", ALL, HTTP_BR},
	};
	/* What has no weight in the sense of section 12.4.2 is not mentioned: "*" goes for it. */
	static const char *const bad[] = {"", "q", "q=", "q:0.5", "p=0.5", "x=1", "q=2", "q=.5",
		"q=00", "q=05", "q=0x5", "q=0.x", "q=0.5x", "q=0.1/", "q=0.0:", "q=0.1234",
		"q=1.001", "q=1.01", "q=-1"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char field[200] = "";

		if (cases[i].value)
			snprintf(field, sizeof(field), "Accept-Encoding: %s\r\n", cases[i].value);
		if (rs_http_choose_coding(request(field), cases[i].available) != cases[i].expected)
			fail_msg("%s", cases[i].value);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char field[200];

		snprintf(field, sizeof(field), "Accept-Encoding: br;%s\r\n", bad[i]);
		if (rs_http_choose_coding(request(field), ALL) != HTTP_IDENTITY)
			fail_msg("br;%s counts", bad[i]);
		snprintf(field, sizeof(field), "Accept-Encoding: br;%s, *\r\n", bad[i]);
		if (rs_http_choose_coding(request(field), 1 | B) != HTTP_BR)
			fail_msg("br;%s has a weight", bad[i]);
	}
}

static void paths(void **state)
{
	static const struct {
		const char *raw;
		const char *expected; /* or NULL, and then error */
		int error;
	} cases[] = {
		{"/", "/", 0},
		{"/a/b/c/./../../g", "/a/g", 0}, /* RFC 3986 section 5.2.4 */
		{"/a/b", "/a/b", 0},
		{"/a/b/", "/a/b/", 0},
		{"/a//b///", "/a/b/", 0},
		{"//", "/", 0},
		{"/.", "/", 0},
		{"/a/.", "/a/", 0},
		{"/a/..", "/", 0},
		{"/a/b/..", "/a/", 0},
		{"/a/../", "/", 0},
		{"/a/b/../../c", "/c", 0},
		{"/%2e%2E/a", NULL, HTTP_PATH_OUTSIDE},
		{"/a/%2e%2e/b", "/b", 0},
		{"/..", NULL, HTTP_PATH_OUTSIDE},
		{"/../etc/passwd", NULL, HTTP_PATH_OUTSIDE},
		{"/a/../../b", NULL, HTTP_PATH_OUTSIDE},
		{"/a/../..", NULL, HTTP_PATH_OUTSIDE},
		{"/...", "/...", 0},
		{"/..a/.b", "/..a/.b", 0},
		{"/a%20b%41", "/a bA", 0},
		{"/a%2fb", NULL, HTTP_PATH_NOWHERE},
		{"/a%00b", NULL, HTTP_PATH_MALFORMED},
		{"/a%", NULL, HTTP_PATH_MALFORMED},
		{"/a%4", NULL, HTTP_PATH_MALFORMED},
		{"/a%zz", NULL, HTTP_PATH_MALFORMED},
		{"/%25", "/%", 0},
		{"/%252e%252e/", "/%2e%2e/", 0}, /* decoded once */
		{"/a\\..\\b", "/a\\..\\b", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span raw = heap(cases[i].raw);
		uint8_t *to = malloc(raw.len);
		int n = rs_http_path(raw, to);

		if (!cases[i].expected) {
			if (n != cases[i].error)
				fail_msg("%s: %d", cases[i].raw, n);
		} else {
			assert_int_equal(n, strlen(cases[i].expected));
			assert_memory_equal(to, cases[i].expected, n);
		}
		free(to);
		free((void *)(uintptr_t)raw.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),
		cmocka_unit_test(days_of_each_month),
		cmocka_unit_test(conditions),
		cmocka_unit_test(conditions_on_writing),
		cmocka_unit_test(ranges),
		cmocka_unit_test(many_ranges),
		cmocka_unit_test(codings),
		cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
