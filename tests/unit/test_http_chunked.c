/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chunked coding against RFC 9112 section 7.1. Every case is decoded at once, byte by byte and
 * cut in two at every place, from exact-size copies on the heap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/chunked.h"

struct decoded {
	enum http_chunked_event end;
	uint32_t consumed;
	uint32_t n_bytes;
	uint8_t bytes[256];
};

static void decode_piece(
	struct http_chunked *d, const char *text, uint32_t len, struct decoded *out)
{
	uint8_t *copy = malloc(len ? len : 1);
	uint32_t at = 0;

	memcpy(copy, text, len);
	do {
		struct span data = {0};
		uint32_t n;

		out->end = rs_http_chunked_read(d, copy + at, len - at, &n, &data);
		assert_true(n <= len - at);
		at += n;
		if (out->end == HTTP_CHUNKED_DATA) {
			assert_true(data.data >= copy && data.data + data.len == copy + at);
			assert_true(data.len > 0 && out->n_bytes + data.len <= sizeof(out->bytes));
			memcpy(out->bytes + out->n_bytes, data.data, data.len);
			out->n_bytes += data.len;
		}
	} while (out->end == HTTP_CHUNKED_DATA);
	if (out->end == HTTP_CHUNKED_MORE)
		assert_int_equal(at, len);
	out->consumed += at;
	free(copy);
}

static struct decoded decode(const char *text, uint32_t len, uint32_t a, uint32_t step)
{
	struct decoded out = {0};
	struct http_chunked d;

	rs_http_chunked_init(&d);
	for (uint32_t at = 0, n = a; at < len && out.end == HTTP_CHUNKED_MORE; n = step) {
		n = n < len - at ? n : len - at;
		decode_piece(&d, text + at, n, &out);
		at += n;
	}
	return out;
}

static void expect_one(struct decoded out, const char *text, enum http_chunked_event end,
	const char *body, uint32_t consumed)
{
	if (out.end != end)
		print_error("%s\n", text);
	assert_int_equal(out.end, end);
	if (end == HTTP_CHUNKED_BAD)
		return;
	assert_int_equal(out.consumed, consumed);
	assert_int_equal(out.n_bytes, strlen(body));
	assert_memory_equal(out.bytes, body, out.n_bytes);
}

static void expect(const char *text, enum http_chunked_event end, const char *body, uint32_t rest)
{
	uint32_t len = (uint32_t)strlen(text);

	expect_one(decode(text, len, len, 1), text, end, body, len - rest);
	expect_one(decode(text, len, 1, 1), text, end, body, len - rest);
	for (uint32_t a = 1; a < len; a++)
		expect_one(decode(text, len, a, len), text, end, body, len - rest);
}

static void good_bodies(void **state)
{
	static const struct {
		const char *text;
		const char *body;
	} cases[] = {
		{"0\r\n\r\n", ""},
		{"5\r\nhello\r\n0\r\n\r\n", "hello"},
		{"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
		{"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc"},
		{"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
		{"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
		{"10\r\n0123456789abcdef\r\n0\r\n\r\n", "0123456789abcdef"},
		{"0000000000000005\r\nhello\r\n0000\r\n\r\n", "hello"},
		{"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
		{"5;a\r\nhello\r\n0\r\n\r\n", "hello"},
		{"5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello"},
		{"5 ; a = b ;c\r\nhello\r\n0\r\n\r\n", "hello"},
		{"5\t;\ta\t=\tb\r\nhello\r\n0\r\n\r\n", "hello"},
		{"5;a=\"q; \\\" \x80\";b=\"\"\r\nhello\r\n0\r\n\r\n", "hello"},
		{"5;a  =b;c \t;d\r\nhello\r\n0\r\n\r\n", "hello"},
		{"5;a=\"x\" ;b\r\nhello\r\n0\r\n\r\n", "hello"},
		{"0\r\nA: b\r\n\r\n", ""},
		{"0\r\nA: b\r\nC:\r\nD: \t\x80\r\n\r\n", ""},
		{"5\r\nhello\r\n0\r\nContent-Length: 7\r\n\r\n", "hello"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		uint32_t len = (uint32_t)strlen(cases[i].text);

		expect(cases[i].text, HTTP_CHUNKED_DONE, cases[i].body, 0);
		/* What follows is left for the next request. */
		strcpy(text, cases[i].text);
		strcat(text, "GET /");
		expect(text, HTTP_CHUNKED_DONE, cases[i].body, 5);
		for (uint32_t n = 0; n < len; n++) {
			struct decoded out = decode(cases[i].text, n, n ? n : 1, 1);

			assert_int_equal(out.end, HTTP_CHUNKED_MORE);
		}
	}
}

static void bad_bodies(void **state)
{
	static const char *const cases[] = {
		"\r\n",
		"x\r\n",
		"g\r\n",
		"-5\r\n",
		"+5\r\n",
		" 5\r\n",
		"\t5\r\n",
		"0x5\r\n",
		"5 \r\n",
		"5\t\r\n",
		"5 5\r\n",
		"5,\r\n",
		"5\n",
		"5\r5",
		"5\r\r\n",
		"5\r\nhello\n",
		"5\r\nhello\rx",
		"5\r\nhello0\r\n",
		"5\r\nhelloo\r\n",
		"5\r\nhello\r\n\r\n",
		"4\r\nhello\r\n",
		"00000000000000005\r\n",
		"fffffffffffffffff\r\n",
		";a\r\n",
		"5;\r\n",
		"5; \r\n",
		"5;=b\r\n",
		"5;a=\r\n",
		"5;a=;b\r\n",
		"5;a b\r\n",
		"5;a=b c\r\n",
		"5;a=b \r\n",
		"5;a \r\n",
		"5;a=\"b\r\n",
		"5;a=\"b\"c\r\n",
		"5;a=\"b\nc\"\r\n",
		"5;a=\"\\\n\"\r\n",
		"5;a=\"\x7f\"\r\n",
		"5;a\n",
		"5;a\rb",
		"5;a,b\r\n",
		"5;\x80\r\n",
		"0\r\n\n",
		"0\r\nA\r\n",
		"0\r\n: b\r\n",
		"0\r\nA : b\r\n",
		"0\r\nA: b\n",
		"0\r\nA: b\r\r\n",
		"0\r\nA: \x01\r\n",
		"0\r\n A: b\r\n",
		"0\r\nA: b\r\n c\r\n",
		"0\r\nA: b\r\n\r5",
		"0\r\n\rx",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(cases[i], HTTP_CHUNKED_BAD, NULL, 0);
	assert_int_equal(decode("5\0", 2, 2, 1).end, HTTP_CHUNKED_BAD);
}

/* The largest size is read right; no more of it comes. */
static void largest_size(void **state)
{
	struct http_chunked d;
	struct decoded out = {0};

	(void)state;
	rs_http_chunked_init(&d);
	decode_piece(&d, "ffffffffffffffff\r\nx", 19, &out);
	assert_int_equal(out.end, HTTP_CHUNKED_MORE);
	assert_int_equal(d.left, UINT64_MAX - 1);
}

/* Feeds part again and again: how many bytes until it is refused. */
static uint32_t bytes_until_bad(const char *begin, const char *part)
{
	struct http_chunked d;
	struct decoded out = {0};
	uint32_t n = 0;

	rs_http_chunked_init(&d);
	decode_piece(&d, begin, (uint32_t)strlen(begin), &out);
	while (out.end != HTTP_CHUNKED_BAD && n < 100000) {
		out.n_bytes = 0;
		decode_piece(&d, part, (uint32_t)strlen(part), &out);
		n += (uint32_t)strlen(part);
	}
	return n;
}

static void bounds(void **state)
{
	(void)state;
	assert_in_range(bytes_until_bad("5;a", "a"), HTTP_MAX_CHUNK_EXT_BYTES - 3,
		HTTP_MAX_CHUNK_EXT_BYTES + 3);
	assert_in_range(bytes_until_bad("0\r\n", "A: b\r\n"), HTTP_MAX_TRAILER_BYTES - 6,
		HTTP_MAX_TRAILER_BYTES + 6);
	/* Over the whole body: 1 byte of data and 4 of extension a chunk, 10 in all. */
	assert_in_range(bytes_until_bad("", "1;a=b\r\nx\r\n"), HTTP_MAX_CHUNK_EXT_BYTES * 2,
		HTTP_MAX_CHUNK_EXT_BYTES * 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_bodies),
		cmocka_unit_test(bad_bodies),
		cmocka_unit_test(largest_size),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
