/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/render.h"

#include <string.h>

#include "http/date.h"
#include "http/methods.h"
#include "http/text.h"

static uint8_t *put(uint8_t *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return to + len;
}

#define PUT_LITERAL(to, text) put(to, text, sizeof(text) - 1)

static uint8_t *put_string(uint8_t *to, const char *text)
{
	return put(to, text, strlen(text));
}

const char *rs_http_status_text(uint16_t status)
{
	switch (status) {
	case 100:
		return "Continue";
	case 103:
		return "Early Hints";
	case 200:
		return "OK";
	case 204:
		return "No Content";
	case 206:
		return "Partial Content";
	case 301:
		return "Moved Permanently";
	case 302:
		return "Found";
	case 304:
		return "Not Modified";
	case 307:
		return "Temporary Redirect";
	case 308:
		return "Permanent Redirect";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 411:
		return "Length Required";
	case 412:
		return "Precondition Failed";
	case 413:
		return "Content Too Large";
	case 414:
		return "URI Too Long";
	case 416:
		return "Range Not Satisfiable";
	case 417:
		return "Expectation Failed";
	case 421:
		return "Misdirected Request";
	case 425:
		return "Too Early";
	case 431:
		return "Request Header Fields Too Large";
	case 501:
		return "Not Implemented";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Unknown";
	}
}

static uint8_t *put_status_line(uint8_t *to, uint16_t status)
{
	if (status == 200)
		return PUT_LITERAL(to, "HTTP/1.1 200 OK\r\n");
	to = PUT_LITERAL(to, "HTTP/1.1 ");
	to += rs_http_number(to, status);
	*to++ = ' ';
	to = put_string(to, rs_http_status_text(status));
	return PUT_LITERAL(to, "\r\n");
}

/* RFC 9110 section 8.6. */
static bool has_length(uint16_t status)
{
	return status >= 200 && status != 204 && status != 304;
}

uint32_t rs_http_render_head(uint8_t *to, const struct http_reply_head *head)
{
	uint8_t *p = put_status_line(to, head->status);

	p = PUT_LITERAL(p, "Date: ");
	p = put(p, head->date, HTTP_DATE_BYTES);
	p = PUT_LITERAL(p, "\r\n" HTTP_SERVER_LINE);
	if (head->content_type.len) {
		p = PUT_LITERAL(p, "Content-Type: ");
		p = put(p, head->content_type.data, head->content_type.len);
		p = PUT_LITERAL(p, "\r\n");
	}
	if (has_length(head->status)) {
		p = PUT_LITERAL(p, "Content-Length: ");
		p += rs_http_number(p, head->content_length);
		p = PUT_LITERAL(p, "\r\n");
	}
	if (head->connection == HTTP_SAY_CLOSE)
		p = PUT_LITERAL(p, "Connection: close\r\n");
	else if (head->connection == HTTP_SAY_KEEP_ALIVE)
		p = PUT_LITERAL(p, "Connection: keep-alive\r\n");
	if (head->fields.len)
		p = put(p, head->fields.data, head->fields.len);
	if (!head->goes_on)
		p = PUT_LITERAL(p, "\r\n");
	return (uint32_t)(p - to);
}

uint32_t rs_http_render_hints(uint8_t *to, struct span fields)
{
	uint8_t *p = put_status_line(to, 103);

	p = put(p, fields.data, fields.len);
	p = PUT_LITERAL(p, "\r\n");
	return (uint32_t)(p - to);
}

uint32_t rs_http_allow(uint8_t *to, uint32_t methods)
{
	uint8_t *p = to;

	for (uint32_t m = HTTP_GET; m < HTTP_N_METHODS; m++) {
		if (!(methods & HTTP_METHOD_BIT(m)))
			continue;
		if (p > to)
			p = PUT_LITERAL(p, ", ");
		p = put(p, rs_http_method_names[m].name, rs_http_method_names[m].len);
	}
	return (uint32_t)(p - to);
}
