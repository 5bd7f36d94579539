/* SPDX-License-Identifier: BSD-2-Clause */
#include "telem/access_out.h"

#include <stdbool.h>

#include "base/bytes.h"

static const char hex[] = "0123456789abcdef";

void rs_access_put(struct access_out *out, const char *data, uint32_t len)
{
	size_t n = rs_min_u64(len, (uint64_t)(out->end - out->at));

	memcpy(out->at, data, n);
	out->at += n;
}

/* All of it or nothing. */
static void put_whole(struct access_out *out, const char *data, uint32_t len)
{
	if (len > (size_t)(out->end - out->at))
		out->end = out->at;
	else
		rs_access_put(out, data, len);
}

void rs_access_put_number(struct access_out *out, uint64_t n, uint32_t n_digits)
{
	char digits[ACCESS_NUMBER_BYTES];
	uint32_t at = sizeof(digits);

	while (at > 0 && (n || at > sizeof(digits) - n_digits || at == sizeof(digits))) {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	}
	rs_access_put(out, digits + at, (uint32_t)sizeof(digits) - at);
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* How many bytes from the beginning of text need no escape in either form. */
static uint32_t plain_run(struct span text)
{
	uint32_t n = 0;

	while (n < text.len && is_plain(text.data[n]))
		n++;
	return n;
}

static void skip(struct span *text, uint32_t n)
{
	text->data += n;
	text->len -= n;
}

static void put_escape(struct access_out *out, uint8_t c)
{
	static const char letters[] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\v'] = 'v', ['\r'] = 'r'};
	char escape[ACCESS_ESCAPE_BYTES] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

	if (c == '"' || c == '\\')
		escape[1] = (char)c;
	else if (c < sizeof(letters) && letters[c])
		escape[1] = letters[c];
	put_whole(out, escape, escape[1] == 'x' ? 4 : 2);
}

void rs_access_put_escaped(struct access_out *out, struct span text)
{
	while (text.len) {
		uint32_t n = plain_run(text);

		rs_access_put(out, (const char *)text.data, n);
		skip(&text, n);
		if (text.len) {
			put_escape(out, text.data[0]);
			skip(&text, 1);
		}
	}
}

/*
 * How many bytes the character of valid UTF-8 at the beginning of text has: 2 to 4, or 0 where
 * there is none. The second byte's range keeps out overlong forms, surrogates and what is above
 * U+10FFFF (RFC 3629 section 4).
 */
static uint32_t utf8_bytes(struct span text)
{
	uint8_t first = text.data[0], low = 0x80, high = 0xbf;
	uint32_t len = first < 0xc2   ? 0
		       : first < 0xe0 ? 2
		       : first < 0xf0 ? 3
		       : first < 0xf5 ? 4
				      : 0;

	if (len == 0 || len > text.len)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (text.data[1] < low || text.data[1] > high)
		return 0;
	for (uint32_t i = 2; i < len; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

static void put_json_escape(struct access_out *out, uint8_t c)
{
	char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	if (c == '"' || c == '\\') {
		escape[1] = (char)c;
		put_whole(out, escape, 2);
	} else {
		put_whole(out, escape, sizeof(escape));
	}
}

/* Writes the character at the beginning of text, which is not plain. Returns its bytes. */
static uint32_t put_json_character(struct access_out *out, struct span text)
{
	uint32_t len = text.data[0] < 0x80 ? 0 : utf8_bytes(text);
	bool is_control = len == 2 && text.data[0] == 0xc2 && text.data[1] < 0xa0;

	if (len == 0) {
		put_json_escape(out, text.data[0]);
		return 1;
	}
	if (is_control)
		put_json_escape(out, text.data[1]);
	else
		put_whole(out, (const char *)text.data, len);
	return len;
}

void rs_access_put_json(struct access_out *out, struct span text)
{
	if (!text.data) {
		rs_access_put_str(out, "null");
		return;
	}
	rs_access_put_str(out, "\"");
	while (text.len) {
		uint32_t n = plain_run(text);

		rs_access_put(out, (const char *)text.data, n);
		skip(&text, n);
		if (text.len)
			skip(&text, put_json_character(out, text));
	}
	rs_access_put_str(out, "\"");
}
