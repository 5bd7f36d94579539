/* SPDX-License-Identifier: BSD-2-Clause */
#include "redirect.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "builtin.h"
#include "content/content.h"
#include "http/escape.h"
#include "http/handler.h"
#include "http/path.h"
#include "http/render.h"
#include "http/text.h"

#define HTTPS_PORT       443
#define N_REDIRECTS      2
#define MAX_HANDLERS     (N_REDIRECTS + BUILTIN_N_HANDLERS)
#define MAX_FIELDS_BYTES 2048
#define LOCATION         "Location: "
#define HTTPS            "https://"
#define PORT_ROOM        (1 + HTTP_NUMBER_BYTES)

static const struct redirect_options *options;
static uint16_t https_port;
static struct http_handler handlers[MAX_HANDLERS];
static const char *secured_fields[REDIRECT_MAX]; /* of each rule; NULL: none */

/* ---- field lines ---- */

struct lines {
	uint32_t n, most;
	bool is_full;
	uint8_t bytes[MAX_FIELDS_BYTES];
};

static void put(struct lines *l, const void *text, uint32_t len)
{
	l->is_full |= len > l->most - l->n;
	if (l->is_full || !len)
		return;
	memcpy(l->bytes + l->n, text, len);
	l->n += len;
}

static void put_escaped(struct lines *l, struct span text, const char *others)
{
	l->is_full |= rs_http_escaped_bytes(text, others) > l->most - l->n;
	if (!l->is_full)
		l->n += rs_http_escape(l->bytes + l->n, text, others);
}

static void put_query(struct lines *l, const struct http_req *req)
{
	if (!req->query.data)
		return;
	put(l, "?", 1);
	put_escaped(l, req->query, HTTP_IN_QUERY);
}

static void begin(struct lines *l, const struct http_env *env)
{
	l->n = 0;
	l->most = rs_min_u32(MAX_FIELDS_BYTES, env->chunks->chunk_bytes - HTTP_HEAD_ROOM);
	l->is_full = false;
	put(l, LOCATION, sizeof(LOCATION) - 1);
}

/* Ends the line, and adds those that all replies have. */
static bool reply(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, struct lines *l, uint16_t status)
{
	put(l, "\r\n", 2);
	put(l, env->cfg->refusal_fields.data, env->cfg->refusal_fields.len);
	if (l->is_full)
		return rs_http_refuse(env, hc, req, out, HTTP_C_TARGET_TOO_LONG);
	return rs_http_reply(env, hc, req, out,
		&(struct http_reply){.status = status, .fields = {.data = l->bytes, .len = l->n}});
}

/* ---- to https ---- */

static bool is_plain(const struct http_env *env, const struct http_req *req)
{
	(void)req;
	return !env->secured;
}

/* Who names no host, as HTTP/1.0 may, cannot be told where to go. */
static bool send_to_https(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	struct span host = rs_http_without_port(req->host);
	uint8_t port[PORT_ROOM] = {':'};
	struct lines l;

	if (!req->host.len)
		return rs_http_refuse(env, hc, req, out, HTTP_C_BAD_HOST);
	begin(&l, env);
	put(&l, HTTPS, sizeof(HTTPS) - 1);
	put(&l, host.data, host.len);
	if (https_port != HTTPS_PORT)
		put(&l, port, 1 + rs_http_number(port + 1, https_port));
	put_escaped(&l, req->path, HTTP_IN_PATH);
	put_query(&l, req);
	return reply(env, hc, req, out, &l, 301);
}

/* ---- by rules ---- */

/* The path as rules have it; empty: it is none. name: room for it. */
static struct span name_of(const struct http_req *req, uint8_t name[HTTP_TARGET_BYTES])
{
	int n = req->path.len <= HTTP_TARGET_BYTES ? rs_http_path_with_slashes(req->path, name)
						   : HTTP_PATH_NOWHERE;

	return (struct span){.data = name, .len = n > 0 ? (uint32_t)n : 0};
}

static const struct redirect_rule *find_rule(const struct http_req *req, struct span name)
{
	struct span host = rs_http_bare_host(req->host);

	for (uint32_t i = 0; name.len && i < options->n_rules; i++) {
		if (rs_redirect_fits(&options->rules[i], host, name))
			return &options->rules[i];
	}
	return NULL;
}

/* RFC 6797 section 7.2: a host says it in what it sends over TLS, be it only where to go on. */
static void put_secured_field(
	struct lines *l, const struct http_env *env, const struct redirect_rule *rule)
{
	const char *field = secured_fields[rule - options->rules];

	if (!field || !rs_http_may_be_secured(env))
		return;
	put(l, "\r\n", 2);
	put(l, field, (uint32_t)strlen(field));
}

/* What stands behind the rule's path. In a name an escaped slash is a NUL. */
static void put_rest(struct lines *l, const struct redirect_rule *rule, const struct http_req *req,
	struct span name)
{
	struct span rest = rs_redirect_rest(rule, req->path);
	const uint8_t *p = name.data + rule->carry_from, *end = name.data + name.len, *nul;

	if (rest.len) {
		put_escaped(l, rest, HTTP_IN_PATH);
		return;
	}
	while ((nul = memchr(p, 0, (size_t)(end - p)))) {
		put_escaped(l, (struct span){.data = p, .len = (uint32_t)(nul - p)}, HTTP_IN_NAME);
		put(l, "%2F", 3);
		p = nul + 1;
	}
	put_escaped(l, (struct span){.data = p, .len = (uint32_t)(end - p)}, HTTP_IN_NAME);
}

static bool has_rule(const struct http_env *env, const struct http_req *req)
{
	uint8_t name[HTTP_TARGET_BYTES];

	(void)env;
	return find_rule(req, name_of(req, name));
}

static bool send_by_rule(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	uint8_t bytes[HTTP_TARGET_BYTES];
	struct span name = name_of(req, bytes);
	const struct redirect_rule *rule = find_rule(req, name);
	struct lines l;

	begin(&l, env);
	put(&l, rule->to, (uint32_t)strlen(rule->to));
	if (rule->carries)
		put_rest(&l, rule, req, name);
	if (!strpbrk(rule->to, "?#"))
		put_query(&l, req);
	put_secured_field(&l, env, rule);
	return reply(env, hc, req, out, &l, rule->status);
}

/* That of all paths of a rule: a pattern that matches them all matches their common beginning with
 * a star behind it. */
static const char *secured_field_of(
	const struct redirect_rule *rule, const struct site_options *site)
{
	char paths[REDIRECT_PATH_BYTES + sizeof("*")];
	struct content_pattern patterns[CONTENT_MAX_PATTERNS];
	uint32_t n = rs_site_patterns(site, NULL, patterns);

	snprintf(paths, sizeof(paths), "%s%s", rule->path, rule->below ? "*" : "");
	return rs_content_field_for(patterns, n, rs_span_text(paths), CONTENT_SECURED_FIELD);
}

/* ---- all of it ---- */

/* GET and HEAD only: with 301 and 302, others would lose what they have to say. */
static void add(struct http_config *http, const char *name,
	bool (*takes)(const struct http_env *, const struct http_req *),
	bool (*respond)(
		struct http_env *, struct http_conn *, const struct http_req *, struct sendq *))
{
	memmove(&handlers[1], http->handlers, http->n_handlers * sizeof(handlers[0]));
	handlers[0] = (struct http_handler){
		.name = name,
		.path = "/",
		.prefix = true,
		.takes = takes,
		.methods = HTTP_METHOD_BIT(HTTP_GET) | HTTP_METHOD_BIT(HTTP_HEAD),
		.respond = respond,
	};
	http->handlers = handlers;
	http->n_handlers++;
}

void rs_redirect_configure(const struct redirect_options *wanted, const struct site_options *site,
	uint16_t port, struct http_config *http)
{
	options = wanted;
	https_port = port;
	if (wanted->n_rules)
		add(http, "redirect", has_rule, send_by_rule);
	if (wanted->to_https)
		add(http, "to https", is_plain, send_to_https);
	/* What others answer depends on all that a rule looks at. */
	for (uint32_t i = 0; i < wanted->n_rules; i++) {
		http->varying_fields |= wanted->rules[i].host.len ? 1u << HTTP_FIELD_HOST : 0;
		secured_fields[i] = secured_field_of(&wanted->rules[i], site);
	}
}
