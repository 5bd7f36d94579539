/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/target.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"
#include "http/scan.h"
#include "http/text.h"

static const uint8_t root[] = "/";
static const uint8_t asterisk[] = "*";

/* Readable behind a target: " HTTP/1.1" CR LF; behind an authority, the end of its line or target.
 */
#define BEHIND_TARGET    11
#define BEHIND_AUTHORITY 2

static struct span slice_of(const uint8_t *p, uint32_t from, uint32_t to)
{
	return (struct span){.data = p + from, .len = to - from};
}

/* A run of cls and of %-escapes (RFC 3986 section 2.1). */
static inline uint32_t escaped_run(bool vector, enum scan_class cls, const uint8_t *p,
	uint32_t from, uint32_t to, uint32_t beyond)
{
	for (;;) {
		from = scan_run(vector, cls, p, from, to, beyond);
		if (rs_http_unescape(slice_of(p, from, to)) < 0)
			return from;
		from += HTTP_ESCAPE_BYTES;
	}
}

static bool is_port(struct span text)
{
	uint64_t n;

	return text.len == 0 || (rs_http_parse_number(text, &n) && n <= UINT16_MAX);
}

/* Where "[" IPv6address "]" ends (RFC 3986 section 3.2.2); from, where it does not. */
static uint32_t ip_literal_end(const uint8_t *p, uint32_t from, uint32_t to)
{
	const uint8_t *digits = p + from + 1;
	char text[INET6_ADDRSTRLEN];
	const uint8_t *end = memchr(digits, ']', rs_min_u32(to - from - 1, sizeof(text)));
	struct in6_addr address;
	uint32_t len;

	if (!end)
		return from;
	len = (uint32_t)(end - digits);
	memcpy(text, digits, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1 ? from + len + 2 : from;
}

/* Where the host ends; from, for an empty one. */
static uint32_t host_end(bool vector, const uint8_t *p, uint32_t from, uint32_t to)
{
	if (from < to && p[from] == '[')
		return ip_literal_end(p, from, to);
	return escaped_run(vector, SCAN_HOST, p, from, to, BEHIND_AUTHORITY);
}

bool rs_http_is_authority(bool vector, const uint8_t *p, uint32_t from, uint32_t to)
{
	uint32_t end = host_end(vector, p, from, to);

	return end > from && (end == to || (p[end] == ':' && is_port(slice_of(p, end + 1, to))));
}

static bool read_path(
	bool vector, const uint8_t *p, uint32_t from, uint32_t to, struct http_req *req)
{
	uint32_t end = escaped_run(vector, SCAN_PATH, p, from, to, BEHIND_TARGET);

	req->path = slice_of(p, from, end);
	if (end == to)
		return true;
	if (p[end] != '?')
		return false;
	req->query = slice_of(p, end + 1, to);
	return scan_run(vector, SCAN_QUERY, p, end + 1, to, BEHIND_TARGET) == to;
}

/* RFC 9112 section 3.2.3: host ":" port, neither of them empty. */
static bool read_authority_form(
	bool vector, const uint8_t *p, uint32_t from, uint32_t to, struct http_req *req)
{
	uint32_t end = host_end(vector, p, from, to);

	req->form = HTTP_AUTHORITY_FORM;
	req->host = slice_of(p, from, to);
	return end > from && end + 1 < to && p[end] == ':' && is_port(slice_of(p, end + 1, to));
}

/* RFC 3986 section 3.1. */
static bool is_in_scheme(uint8_t c)
{
	return SCAN_ALPHA(c) || SCAN_DIGIT(c) || c == '+' || c == '-' || c == '.';
}

/* The length of the scheme at the beginning of text with "://", 0 where there is none. */
static uint32_t scheme_end(struct span text, uint8_t *scheme)
{
	struct span name = text;
	uint32_t n = 0;

	while (n < text.len && is_in_scheme(text.data[n]))
		n++;
	if (!SCAN_ALPHA(*text.data) || text.len - n < 3 || memcmp(text.data + n, "://", 3) != 0)
		return 0;
	name.len = n;
	*scheme = rs_http_same(name, "http")    ? HTTP_SCHEME_HTTP
		  : rs_http_same(name, "https") ? HTTP_SCHEME_HTTPS
						: HTTP_SCHEME_OTHER;
	return n + 3;
}

/* RFC 9112 section 3.2.2. */
static bool read_absolute_form(
	bool vector, const uint8_t *p, uint32_t from, uint32_t to, struct http_req *req)
{
	uint32_t scheme = scheme_end(slice_of(p, from, to), &req->scheme);
	uint32_t host = from + scheme;
	uint32_t end = host;

	if (!scheme)
		return false;
	while (end < to && p[end] != '/' && p[end] != '?')
		end++;
	req->form = HTTP_ABSOLUTE_FORM;
	req->host = slice_of(p, host, end);
	if (!rs_http_is_authority(vector, p, host, end) || !read_path(vector, p, end, to, req))
		return false;
	if (req->path.len == 0) {
		bool whole_server = req->method == HTTP_OPTIONS && !req->query.data;

		req->path = (struct span){.data = whole_server ? asterisk : root, .len = 1};
	}
	return true;
}

bool rs_http_read_target(bool vector, uint32_t from, uint32_t to, struct http_req *req)
{
	const uint8_t *p = req->head;

	req->form = HTTP_ORIGIN_FORM;
	req->query = (struct span){0};
	if (req->method == HTTP_CONNECT)
		return read_authority_form(vector, p, from, to, req);
	if (p[from] == '/')
		return read_path(vector, p, from, to, req);
	if (p[from] == '*' && to - from == 1) {
		req->form = HTTP_ASTERISK_FORM;
		req->path = slice_of(p, from, to);
		return req->method == HTTP_OPTIONS;
	}
	return read_absolute_form(vector, p, from, to, req);
}
