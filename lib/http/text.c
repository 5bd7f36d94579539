/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/text.h"

#include <string.h>

static uint32_t count_digits(uint64_t n)
{
	uint32_t len = 1;

	for (uint64_t limit = 10; len < HTTP_NUMBER_BYTES && n >= limit; limit *= 10)
		len++;
	return len;
}

uint32_t rs_http_number(uint8_t *to, uint64_t n)
{
	uint32_t len = count_digits(n);

	for (uint32_t i = len; i > 0; n /= 10)
		to[--i] = (uint8_t)('0' + n % 10);
	return len;
}

bool rs_http_parse_number(struct span text, uint64_t *n)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		uint32_t digit = (uint32_t)text.data[i] - '0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*n = v;
	return text.len > 0;
}

struct span rs_http_trim(struct span text)
{
	const uint8_t *p = text.data, *end = text.data + text.len;

	while (p < end && rs_http_is_blank(*p))
		p++;
	while (p < end && rs_http_is_blank(end[-1]))
		end--;
	return (struct span){.data = p, .len = (uint32_t)(end - p)};
}

struct span rs_http_without_port(struct span authority)
{
	const uint8_t *p = authority.data;
	const uint8_t *colon = authority.len ? memrchr(p, ':', authority.len) : NULL;

	/* The colons of an IPv6 address stand in brackets. */
	if (colon && !memchr(colon, ']', (size_t)(p + authority.len - colon)))
		authority.len = (uint32_t)(colon - p);
	return authority;
}

struct span rs_http_bare_host(struct span authority)
{
	struct span host = rs_http_without_port(authority);

	if (host.len && host.data[host.len - 1] == '.')
		host.len--;
	return host;
}

bool rs_http_next_element(struct span *list, struct span *element)
{
	struct span all = *list;
	const uint8_t *comma;

	if (!all.data)
		return false;
	*list = (struct span){0};
	comma = memchr(all.data, ',', all.len);
	if (comma) {
		uint32_t before = (uint32_t)(comma - all.data);

		*list = (struct span){.data = comma + 1, .len = all.len - before - 1};
		all.len = before;
	}
	*element = rs_http_trim(all);
	return true;
}

/* Eight bytes in lower case: to each that is a letter in upper case, 0x20 is added. */
static uint64_t lower_8(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low = word & ones * 0x7f; /* no sum of these overflows into the next byte */
	uint64_t upper = (low + ones * (0x80 - 'A')) & ~(low + ones * (0x7f - 'Z')) & ~word;

	return word + ((upper & ones * 0x80) >> 2);
}

static bool same_8(const uint8_t *text, const char *lower)
{
	uint64_t a, b;

	memcpy(&a, text, sizeof(a));
	memcpy(&b, lower, sizeof(b));
	return lower_8(a) == b;
}

bool rs_http_same_length(struct span text, const char *lower)
{
	uint64_t a = 0, b = 0;

	if (text.len >= 8) {
		for (uint32_t i = 0; i + 8 < text.len; i += 8)
			if (!same_8(text.data + i, lower + i))
				return false;
		return same_8(text.data + text.len - 8, lower + text.len - 8);
	}
	memcpy(&a, text.data, text.len);
	memcpy(&b, lower, text.len);
	return lower_8(a) == b;
}

int rs_http_percent_decode(struct span text, uint8_t *to)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		int c = text.data[i];

		if (c == '%') {
			c = rs_http_unescape(
				(struct span){.data = text.data + i, .len = text.len - i});
			if (c < 0)
				return -1;
			i += HTTP_ESCAPE_BYTES - 1;
		}
		to[n++] = (uint8_t)c;
	}
	return (int)n;
}

static const char *html_entity(uint8_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

uint32_t rs_http_html_escape(struct span text, uint8_t *to)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		const char *entity = html_entity(text.data[i]);

		if (entity) {
			size_t len = strlen(entity);

			memcpy(to + n, entity, len);
			n += (uint32_t)len;
		} else {
			to[n++] = text.data[i];
		}
	}
	return n;
}
