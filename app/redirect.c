/* SPDX-License-Identifier: BSD-2-Clause */
#include "redirect.h"

#include <string.h>

#include "base/bytes.h"
#include "builtin.h"
#include "http/escape.h"
#include "http/respond.h"
#include "http/text.h"

#define HTTPS_PORT       443
#define MAX_HANDLERS     (1 + BUILTIN_N_HANDLERS)
#define MAX_FIELDS_BYTES 2048
#define LOCATION         "Location: https://"
#define PORT_ROOM        (1 + HTTP_NUMBER_BYTES)

static uint16_t https_port;
static struct http_handler handlers[MAX_HANDLERS];

static uint32_t put(uint8_t *to, uint32_t at, const void *text, uint32_t len)
{
	if (len)
		memcpy(to + at, text, len);
	return at + len;
}

/* Field lines: where it is to be asked for, and what all redirects have. 0: there is no room. */
static uint32_t write_fields(
	const struct http_env *env, const struct http_req *req, uint8_t to[MAX_FIELDS_BYTES])
{
	struct span host = rs_http_without_port(req->host);
	struct span more = env->cfg->refusal_fields;
	uint32_t most = rs_min_u32(MAX_FIELDS_BYTES, env->chunks->chunk_bytes - HTTP_HEAD_ROOM);
	size_t room = sizeof(LOCATION "?\r\n") + PORT_ROOM + host.len +
		      rs_http_escaped_bytes(req->path, HTTP_IN_PATH) +
		      rs_http_escaped_bytes(req->query, HTTP_IN_QUERY) + more.len;
	uint32_t n = put(to, 0, LOCATION, sizeof(LOCATION) - 1);

	if (room > most)
		return 0;
	n = put(to, n, host.data, host.len);
	if (https_port != HTTPS_PORT) {
		to[n++] = ':';
		n += rs_http_number(to + n, https_port);
	}
	n += rs_http_escape(to + n, req->path, HTTP_IN_PATH);
	if (req->query.data) {
		to[n++] = '?';
		n += rs_http_escape(to + n, req->query, HTTP_IN_QUERY);
	}
	n = put(to, n, "\r\n", 2);
	return put(to, n, more.data, more.len);
}

/* Who names no host, as HTTP/1.0 may, cannot be told where to go. */
static bool respond(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	uint8_t lines[MAX_FIELDS_BYTES];
	uint32_t n;

	if (!req->host.len)
		return rs_http_refuse(env, hc, req, out, HTTP_C_BAD_HOST);
	n = write_fields(env, req, lines);
	if (!n)
		return rs_http_refuse(env, hc, req, out, HTTP_C_TARGET_TOO_LONG);
	return rs_http_reply(env, hc, req, out,
		&(struct http_reply){.status = 301, .fields = {.data = lines, .len = n}});
}

void rs_redirect_to_https(struct http_config *http, uint16_t port)
{
	https_port = port;
	handlers[0] = (struct http_handler){
		.name = "redirect",
		.path = "/",
		.prefix = true,
		.plain_only = true,
		.methods = HTTP_METHOD_BIT(HTTP_GET) | HTTP_METHOD_BIT(HTTP_HEAD),
		.respond = respond,
	};
	memcpy(&handlers[1], http->handlers, http->n_handlers * sizeof(handlers[0]));
	http->handlers = handlers;
	http->n_handlers++;
}
