/* SPDX-License-Identifier: BSD-2-Clause */
/* What HTTP has to know of sites: whom a request is for, pages of refusals, fields of all replies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/handler.h"
#include "http/text.h"
#include "site_set.h"

_Static_assert(SITE_COMMON_BYTES + CONTENT_SECURED_BYTES + 2 <= HTTP_REFUSAL_FIELDS_BYTES,
	"a refusal has all of them");

/* ---- the site of a request ---- */

/* Shorter ones first: most comparisons end there. */
static int compare(const char *a, size_t a_len, const char *b)
{
	size_t b_len = strlen(b);

	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return memcmp(a, b, a_len);
}

static int by_host(const void *a, const void *b)
{
	const struct site *const *left = a, *const *right = b;

	return compare((*left)->host, strlen((*left)->host), (*right)->host);
}

void rs_site_sort_hosts(struct site_set *set)
{
	for (uint32_t i = 0; i < set->n_sites; i++) {
		if (!set->sites[i].host)
			continue;
		set->hosts[set->n_hosts++] = &set->sites[i];
		set->has_wildcards = set->has_wildcards || set->sites[i].host[0] == '*';
	}
	qsort(set->hosts, set->n_hosts, sizeof(set->hosts[0]), by_host);
}

/* NULL: there is none of this very name, in lower case. */
static const struct site *find_name(const struct site_set *set, const char *name, size_t len)
{
	uint32_t from = 0, to = set->n_hosts;

	while (from < to) {
		uint32_t middle = (from + to) / 2;
		int order = compare(name, len, set->hosts[middle]->host);

		if (!order)
			return set->hosts[middle];
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

/* By its name, or else by the longest "*." that the rest of it stands behind; NULL: by none. */
static const struct site *find_host(const struct site_set *set, struct span host)
{
	char lower[SITE_HOST_BYTES];
	const struct site *site;

	if (host.len > sizeof(lower))
		return NULL;
	for (uint32_t i = 0; i < host.len; i++) {
		uint8_t c = host.data[i];

		lower[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	site = find_name(set, lower, host.len);
	for (uint32_t i = 1; !site && set->has_wildcards && i < host.len; i++) {
		if (lower[i] != '.')
			continue;
		lower[i - 1] = '*';
		site = find_name(set, lower + i - 1, host.len - i + 1);
	}
	return site;
}

const struct site *rs_site_of(const struct site_set *set, const struct http_req *req)
{
	const struct site *site;

	if (set->n_sites == 1 && set->standard)
		return set->standard;
	site = find_host(set, rs_http_bare_host(req->host)); /* HTTP/1.0 may come without any */
	return site ? site : set->standard;
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
			page = site->named[i];
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

static bool varies_by_origin(const struct site_options *options)
{
	return options->cors && strcmp(options->cors, "*") != 0;
}

struct span rs_site_write_common(
	const struct site_options *options, bool is_coded, char text[SITE_COMMON_BYTES])
{
	static const char *const vary[2][2] = {
		{"", "Vary: Origin\r\n"},
		{"Vary: Accept-Encoding\r\n", "Vary: Accept-Encoding, Origin\r\n"},
	};
	uint32_t n = 0;

	if (options->cors)
		n = (uint32_t)snprintf(text, SITE_COMMON_BYTES,
			"Access-Control-Allow-Origin: %s\r\n", options->cors);
	n += (uint32_t)snprintf(
		text + n, SITE_COMMON_BYTES - n, "%s", vary[is_coded][varies_by_origin(options)]);
	return (struct span){.data = (const uint8_t *)text, .len = n};
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
		options->cors, varies_by_origin(options) ? "Vary: Origin\r\n" : "");
	return (struct span){.data = (const uint8_t *)text, .len = (uint32_t)n};
}

/* RFC 6797 section 7.1: a host says it in all that it sends over TLS, if it does for all paths. */
static struct span add_secured_field(const struct site_options *options, struct span common,
	char text[HTTP_REFUSAL_FIELDS_BYTES])
{
	struct content_pattern patterns[CONTENT_MAX_PATTERNS];
	uint32_t n_patterns = rs_site_patterns(options, NULL, patterns);
	const char *field = rs_content_field_for(
		patterns, n_patterns, rs_span_text("/*"), CONTENT_SECURED_FIELD);
	int n = snprintf(text, HTTP_REFUSAL_FIELDS_BYTES, "%.*s%s%s", (int)common.len,
		(const char *)common.data, field ? field : "", field ? "\r\n" : "");

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
	static char text[SITE_COMMON_BYTES];
	static char secured[HTTP_REFUSAL_FIELDS_BYTES];

	http->handlers = &handler;
	http->n_handlers = 1;
	http->varying_fields = varying_fields(options);
	http->options_fields = options_fields(options);
	http->refusal_fields = rs_site_write_common(options, false, text);
	http->secured_refusal_fields = add_secured_field(options, http->refusal_fields, secured);
	http->refusal_page = options->n_error_pages ? refusal_page : NULL;
}
