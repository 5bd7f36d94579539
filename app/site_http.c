/* SPDX-License-Identifier: BSD-2-Clause */
/* What HTTP has to know of sites: whom a request is for, pages of refusals, fields of all replies.
 */
#include <stdio.h>
#include <string.h>

#include "http/text.h"
#include "site_set.h"

_Static_assert(SITE_CORS_BYTES <= HTTP_REFUSAL_FIELDS_BYTES, "a refusal has all of them");

/* ---- the site of a request ---- */

/* Without port and final dot. HTTP/1.0 may come without any host. */
static struct span bare_host(struct span host)
{
	const uint8_t *colon = host.len ? memrchr(host.data, ':', host.len) : NULL;

	/* The colons of an IPv6 address stand in brackets. */
	if (colon && !memchr(colon, ']', (size_t)(host.data + host.len - colon)))
		host.len = (uint32_t)(colon - host.data);
	if (host.len && host.data[host.len - 1] == '.')
		host.len--;
	return host;
}

const struct site *rs_site_of(const struct site_set *set, const struct http_req *req)
{
	struct span host;

	if (set->n_sites == 1 && set->standard)
		return set->standard;
	host = bare_host(req->host);
	for (uint32_t i = 0; host.len && i < set->n_sites; i++) {
		if (set->sites[i].host && rs_http_same(host, set->sites[i].host))
			return &set->sites[i];
	}
	return set->standard;
}

static bool is_foreign(const struct http_env *env, const struct http_req *req)
{
	const struct site_core *core = env->app;

	return !rs_site_of(core->set, req);
}

/* ---- pages of refusals ---- */

/* As http_config.refusal_page: what --error-page says for the site that was asked for, or, where
 * that is not known, for the one of --root, or else the first. */
static bool refusal_page(const struct http_env *env, const struct http_req *req, uint16_t status,
	struct http_reply *reply)
{
	const struct site_core *core = env->app;
	const struct site_set *set = core->set;
	const struct site *site = rs_site_of(set, req);
	const struct content_entry *page = NULL;
	const struct content_body *body;

	if (!site)
		site = set->first;
	for (uint32_t i = 0; i < set->options->n_error_pages; i++) {
		if (set->options->error_pages[i].status == status)
			page = site->error_pages[i];
	}
	if (!page || !page->bodies[CONTENT_IDENTITY]->len)
		return false;
	body = page->bodies[CONTENT_IDENTITY];
	reply->content_type = page->type;
	reply->lasting =
		(struct http_lasting){.data = body->data, .len = body->len, .owner = core->anchor};
	return true;
}

/* ---- fields ---- */

struct span rs_site_write_cors(const struct site_options *options, char text[SITE_CORS_BYTES])
{
	const char *origin = options->cors;
	int n;

	if (!origin)
		return (struct span){0};
	n = snprintf(text, SITE_CORS_BYTES, "Access-Control-Allow-Origin: %s\r\n%s", origin,
		strcmp(origin, "*") != 0 ? "Vary: Origin\r\n" : "");
	return (struct span){.data = (const uint8_t *)text, .len = (uint32_t)n};
}

static uint32_t varying_fields(const struct site_options *options)
{
	uint32_t fields = 1u << HTTP_FIELD_RANGE | 1u << HTTP_FIELD_IF_RANGE |
			  1u << HTTP_FIELD_ACCEPT_ENCODING;

	/* One that is for all hosts is not chosen: see rs_site_of(). */
	if (options->n_sites > 1 || options->strict)
		fields |= 1u << HTTP_FIELD_HOST;
	if (options->early_hints)
		fields |= 1u << HTTP_FIELD_SEC_FETCH_MODE;
	return fields;
}

static struct span options_fields(const struct site_options *options)
{
	static char text[HTTP_OPTIONS_FIELDS_BYTES];
	int n;

	if (!options->cors)
		return (struct span){0};
	n = snprintf(text, sizeof(text),
		"Access-Control-Allow-Origin: %s\r\n"
		"Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
		"Access-Control-Allow-Headers: *\r\n"
		"Access-Control-Max-Age: 86400\r\n%s",
		options->cors, strcmp(options->cors, "*") != 0 ? "Vary: Origin\r\n" : "");
	return (struct span){.data = (const uint8_t *)text, .len = (uint32_t)n};
}

/* ---- all of it ---- */

static const struct http_handler handler = {
	.name = "site",
	.path = "/",
	.prefix = true,
	.repeatable = true,
	.methods = HTTP_METHOD_BIT(HTTP_GET) | HTTP_METHOD_BIT(HTTP_HEAD),
	.respond = rs_site_respond,
	.is_foreign = is_foreign,
};

void rs_site_configure_http(const struct site_options *options, struct http_config *http)
{
	static char cors[SITE_CORS_BYTES];

	http->handlers = &handler;
	http->n_handlers = 1;
	http->varying_fields = varying_fields(options);
	http->options_fields = options_fields(options);
	http->refusal_fields = rs_site_write_cors(options, cors);
	http->refusal_page = options->n_error_pages ? refusal_page : NULL;
}
