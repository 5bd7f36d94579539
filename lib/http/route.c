/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/route.h"

#include <stddef.h>

#include "base/bytes.h"

static bool handler_fits(const struct http_handler *h, struct http_req *req)
{
	uint32_t i = 0;

	while (i < req->path.len && h->path[i] && req->path.data[i] == (uint8_t)h->path[i])
		i++;
	req->tail = (struct span){.data = req->path.data + i, .len = req->path.len - i};
	return !h->path[i] && (h->prefix || req->tail.len == 0);
}

static const struct http_handler *find_handler(const struct http_env *env, struct http_req *req)
{
	const struct http_config *cfg = env->cfg;

	for (uint32_t i = 0; i < cfg->n_handlers; i++) {
		const struct http_handler *h = &cfg->handlers[i];

		if (handler_fits(h, req) && (!h->takes || h->takes(env, req)))
			return h;
	}
	return NULL;
}

/* What OPTIONS * is told: the methods of all handlers. */
static uint32_t all_methods(const struct http_config *cfg)
{
	uint32_t methods = HTTP_METHOD_BIT(HTTP_OPTIONS);

	for (uint32_t i = 0; i < cfg->n_handlers; i++)
		methods |= cfg->handlers[i].methods;
	return methods;
}

static struct route refuse(enum http_counter reason, uint32_t methods)
{
	return (struct route){.refused = true, .reason = reason, .methods = methods};
}

static struct route foreign(const struct http_config *cfg, const struct http_handler *h)
{
	return (struct route){
		.refused = true, .foreign = true, .handler = (uint8_t)(h - cfg->handlers)};
}

static bool is_foreign(
	const struct http_env *env, const struct http_handler *h, const struct http_req *req)
{
	return h->is_foreign && h->is_foreign(env, req);
}

/* OPTIONS *. */
static struct route route_server(const struct http_env *env, const struct http_req *req)
{
	const struct http_config *cfg = env->cfg;

	for (uint32_t i = 0; i < cfg->n_handlers; i++)
		if (is_foreign(env, &cfg->handlers[i], req))
			return foreign(cfg, &cfg->handlers[i]);
	return (struct route){.methods = all_methods(cfg)};
}

/* RFC 9110 section 7.4: who asks for an https resource must do so over TLS. http is served over
 * both; nothing else is served here. */
static bool is_misdirected(const struct http_env *env, const struct http_req *req)
{
	return req->form == HTTP_ABSOLUTE_FORM && req->scheme != HTTP_SCHEME_HTTP &&
	       !(req->scheme == HTTP_SCHEME_HTTPS && env->secured);
}

/* CONNECT is refused with 501, not 405: no resource here has it, and its target names none. */
struct route rs_http_route(const struct http_env *env, struct http_req *req)
{
	const struct http_config *cfg = env->cfg;
	const struct http_handler *h;
	uint32_t methods;

	if (req->method == HTTP_CONNECT)
		return refuse(HTTP_C_UNKNOWN_METHOD, 0);
	if (rs_unlikely(is_misdirected(env, req)))
		return refuse(HTTP_C_MISDIRECTED, 0);
	if (req->path.data[0] == '*')
		return route_server(env, req);
	h = find_handler(env, req);
	if (!h)
		return refuse(HTTP_C_NOT_FOUND, 0);
	methods = h->methods | HTTP_METHOD_BIT(HTTP_OPTIONS);
	if ((req->method == HTTP_OPTIONS || !(methods & HTTP_METHOD_BIT(req->method))) &&
		is_foreign(env, h, req))
		return foreign(cfg, h);
	if (!(methods & HTTP_METHOD_BIT(req->method)))
		return refuse(HTTP_C_NOT_ALLOWED, methods);
	if (h->needs_body && req->framing == HTTP_NO_BODY &&
		(req->method == HTTP_POST || req->method == HTTP_PUT))
		return refuse(HTTP_C_LENGTH_REQUIRED, methods);
	return (struct route){.handler = (uint8_t)(h - cfg->handlers), .methods = methods};
}
