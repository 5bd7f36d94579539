/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/asked.h"

#include <string.h>

static struct span field_of(const struct http_req *req, enum http_field_id id)
{
	struct span value;

	rs_http_find_field(req, id, &value);
	return value;
}

struct http_asked rs_http_asked(const struct http_req *req)
{
	struct span line = rs_http_request_line(req);
	struct http_asked asked = {
		.target = line.len ? line : (struct span){0},
		.host = req->host,
		.referer = field_of(req, HTTP_FIELD_REFERER),
		.user_agent = field_of(req, HTTP_FIELD_USER_AGENT),
		.minor_version = req->minor_version,
	};
	const uint8_t *space;

	if (!req->line_known)
		return asked;
	space = memchr(line.data, ' ', line.len);
	asked.method = (struct span){.data = line.data, .len = (uint32_t)(space - line.data)};
	asked.target.data = space + 1;
	asked.target.len = line.len - asked.method.len - HTTP_VERSION_BYTES - 2;
	return asked;
}

static struct http_asked_piece pack(struct span piece, const uint8_t *head)
{
	if (!piece.data)
		return (struct http_asked_piece){0};
	return (struct http_asked_piece){(uint8_t)(piece.data - head), (uint8_t)piece.len};
}

static struct span unpack(struct http_asked_piece piece, const uint8_t *head)
{
	return (struct span){
		.data = piece.at || piece.len ? head + piece.at : NULL,
		.len = piece.len,
	};
}

struct http_asked_at rs_http_asked_at(const struct http_req *req)
{
	const uint8_t *head = req->head;
	struct http_asked asked = rs_http_asked(req);

	return (struct http_asked_at){
		.method = pack(asked.method, head),
		.target = pack(asked.target, head),
		.host = pack(asked.host, head),
		.referer = pack(asked.referer, head),
		.user_agent = pack(asked.user_agent, head),
		.minor_version = asked.minor_version,
	};
}

struct http_asked rs_http_asked_from(const struct http_asked_at *at, const uint8_t *head)
{
	return (struct http_asked){
		.method = unpack(at->method, head),
		.target = unpack(at->target, head),
		.host = unpack(at->host, head),
		.referer = unpack(at->referer, head),
		.user_agent = unpack(at->user_agent, head),
		.minor_version = at->minor_version,
	};
}
