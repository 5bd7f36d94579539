/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small conversions of text: numbers, lists, %-escapes, HTML. No locale, no allocation.
 * Any core; includes base only.
 */
#ifndef RS_HTTP_TEXT_H
#define RS_HTTP_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"

#define HTTP_NUMBER_BYTES 20 /* the longest uint64_t */
#define HTTP_ESCAPE_BYTES 3  /* %XX */

/* Decimal digits of n, without a final 0: returns how many, at most HTTP_NUMBER_BYTES. */
uint32_t rs_http_number(uint8_t *to, uint64_t n);

/* Digits only, at least one, at most UINT64_MAX: false otherwise. */
bool rs_http_parse_number(struct span text, uint64_t *n);

/* The value of a hexadecimal digit, or -1. */
static inline int rs_http_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that %XX at the beginning of text stands for (RFC 3986 section 2.1); -1: no such thing.
 */
static inline int rs_http_unescape(struct span text)
{
	int high, low;

	if (text.len < HTTP_ESCAPE_BYTES || *text.data != '%')
		return -1;
	high = rs_http_hex_digit(text.data[1]);
	low = rs_http_hex_digit(text.data[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* RFC 9110 section 5.6.3: what OWS and BWS are made of. */
static inline bool rs_http_is_blank(uint8_t c)
{
	return c <= ' ' && (c == ' ' || c == '\t'); /* for nearly all, one comparison is enough */
}

/* Without the blanks at both ends. */
struct span rs_http_trim(struct span text);

/* The host of what may be host:port, either of which may be empty (RFC 3986 section 3.2). */
struct span rs_http_without_port(struct span authority);

/* The same without the final dot that a name may have. */
struct span rs_http_bare_host(struct span authority);

/*
 * The elements of a comma-separated list (RFC 9110 section 5.6.1), one a call; empty ones too, so
 * that an empty list has one. After the last one, list->data is NULL, and it returns false.
 */
bool rs_http_next_element(struct span *list, struct span *element);

/* The same in lower case, with text.len bytes: see rs_http_same(). */
bool rs_http_same_length(struct span text, const char *lower);

/* Equal but for the case of ASCII letters. lower: in lower case, ended by 0. */
static inline bool rs_http_same(struct span text, const char *lower)
{
	return text.len == strlen(lower) && rs_http_same_length(text, lower);
}

/*
 * Decodes %XX (RFC 3986 section 2.1) into to, which has room for text.len bytes. Returns the bytes
 * written, or -1 where a % is not followed by two hexadecimal digits.
 */
int rs_http_percent_decode(struct span text, uint8_t *to);

#define HTTP_HTML_GROWTH 6 /* one byte becomes at most so many */

/* Writes text with & < > " ' replaced; to has room for HTTP_HTML_GROWTH * text.len. */
uint32_t rs_http_html_escape(struct span text, uint8_t *to);

#endif
