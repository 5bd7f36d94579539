/* SPDX-License-Identifier: BSD-2-Clause */
#include "redirect_rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "http/escape.h"
#include "http/path.h"
#include "http/text.h"
#include "values.h"

/* ---- matching ---- */

/* "*." stands for one label or more, as with --site. */
static bool host_fits(struct span pattern, struct span host)
{
	bool is_wildcard = *pattern.data == '*';

	if (is_wildcard) {
		pattern.data++;
		pattern.len--;
	}
	if (is_wildcard ? host.len <= pattern.len : host.len != pattern.len)
		return false;
	return rs_http_same_length(
		(struct span){.data = host.data + host.len - pattern.len, .len = pattern.len},
		(const char *)pattern.data);
}

static bool path_fits(const struct redirect_rule *rule, struct span path)
{
	uint32_t n = (uint32_t)strlen(rule->path);

	return (rule->below ? path.len >= n : path.len == n) && !memcmp(path.data, rule->path, n);
}

bool rs_redirect_fits(const struct redirect_rule *rule, struct span host, struct span path)
{
	return (!rule->host.len || host_fits(rule->host, host)) && path_fits(rule, path);
}

/* Where the n-th slash of raw is; raw.len: it has not so many. */
static uint32_t slash_at(struct span raw, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < raw.len; i++) {
		if (raw.data[i] == '/' && --n == 0)
			break;
	}
	return i;
}

static uint32_t count_slashes(const char *path)
{
	uint32_t n = 0;

	while ((path = strchr(path, '/'))) {
		path++;
		n++;
	}
	return n;
}

/* Does it name something below the folder that it begins in? */
static bool stays_below(struct span rest)
{
	uint8_t name[HTTP_TARGET_BYTES];

	return rest.len <= sizeof(name) && rs_http_path_with_slashes(rest, name) >= 0;
}

struct span rs_redirect_rest(const struct redirect_rule *rule, struct span raw)
{
	const uint32_t at = slash_at(raw, count_slashes(rule->path));
	const struct span none = {0}, way = {.data = raw.data, .len = at + 1};
	const struct span rest = {.data = raw.data + at, .len = raw.len - at};
	uint8_t name[REDIRECT_PATH_BYTES];
	int n;

	if (!rule->carry_from)
		return raw;
	/* Two slashes at the beginning would be a host behind a TO that is a path. */
	if (rest.len < 2 || rest.data[1] == '/' || way.len > sizeof(name) || !stays_below(rest))
		return none;
	n = rs_http_path(way, name);
	if (n < 0 || !path_fits(rule, (struct span){.data = name, .len = (uint32_t)n}))
		return none;
	return (struct span){.data = rest.data + 1, .len = rest.len - 1};
}

/* ---- reading ---- */

/* Cuts off a star that stands behind a slash at the end. */
static bool cut_star(char *path)
{
	size_t n = strlen(path);

	if (n < 2 || strcmp(path + n - 2, "/*") != 0)
		return false;
	path[n - 1] = 0;
	return true;
}

/* Makes of a path as it is asked for the one that is looked for. */
static bool normalize(char *path)
{
	int n = rs_http_path(rs_span_text(path), (uint8_t *)path);

	if (n < 0)
		return false;
	path[n] = 0;
	return true;
}

/* The host that from begins with, which ends before its path. */
static bool parse_host(struct redirect_rule *rule, char *from, size_t n)
{
	char end = from[n];
	bool is_right;

	for (size_t i = 0; i < n; i++)
		from[i] = (char)tolower((unsigned char)from[i]);
	rule->host = (struct span){.data = (const uint8_t *)from, .len = (uint32_t)n};
	from[n] = 0;
	is_right = rs_value_hosts(from);
	from[n] = end;
	return is_right;
}

static const char *parse_from(struct redirect_rule *rule, char *from)
{
	size_t n_host = strcspn(from, "/");
	char *path = from + n_host;

	if (n_host && !parse_host(rule, from, n_host))
		return "expected FROM to begin with / or with a host, without port or final dot";
	rule->path = path;
	if (!*path) { /* all of the host */
		rule->path = "/";
		rule->below = true;
		return NULL;
	}
	rule->below = cut_star(path);
	if (strchr(path, '*'))
		return "expected * at the end of FROM only, behind a /";
	if (strpbrk(path, "?#"))
		return "expected FROM without a query: all have the same answer (%3F stands for a "
		       "?)";
	return normalize(path) ? NULL : "expected a path within the root, with whole escapes";
}

/* Bytes of http:// or https://, or 0. */
static size_t scheme_bytes(const char *to)
{
	if (!strncmp(to, "http://", 7))
		return 7;
	return strncmp(to, "https://", 8) ? 0 : 8;
}

/* Where the path of to begins, which may be its end; NULL: it is no path, nor a URI of HTTP. */
static const char *path_of(const char *to)
{
	char origin[VALUE_ORIGIN_BYTES + 1];
	size_t n = scheme_bytes(to);

	if (*to == '/')
		return to[1] != '/' ? to : NULL; /* or it would be a host */
	if (!n)
		return NULL;
	n += strcspn(to + n, "/?#");
	if (n > VALUE_ORIGIN_BYTES)
		return NULL;
	memcpy(origin, to, n);
	origin[n] = 0;
	return rs_value_origin(origin) ? to + n : NULL;
}

/* Of a URI, whose path begins there. */
static struct span host_of(const char *uri, const char *path)
{
	const char *host = uri + scheme_bytes(uri);

	return rs_http_without_port(
		(struct span){.data = (const uint8_t *)host, .len = (uint32_t)(path - host)});
}

/* It stands in a field: nothing may be in it that a URI does not have. */
static bool is_uri_text(const char *to)
{
	const struct span text = rs_span_text(to);

	return rs_http_escaped_bytes(text, "?%#[]") == text.len;
}

static const char *parse_to(struct redirect_rule *rule, char *to)
{
	const char *path = path_of(to);
	bool is_all = rule->below && !strcmp(rule->path, "/");

	if (!path)
		return "expected TO to be a path, or a URI of http or https with a host in lower "
		       "case";
	rule->to = to;
	rule->to_path = path;
	if (path != to)
		rule->to_host = host_of(to, path);
	rule->carries = cut_star(to);
	rule->carry_from = (uint16_t)strlen(rule->path);
	if (rule->carries && !rule->below)
		return "expected /* at the end of TO only with a HOST or /* at the end of FROM";
	if (is_all && !*path) { /* a host instead of another */
		rule->carries = true;
		rule->carry_from = 0;
	}
	return is_uri_text(to) ? NULL
			       : "expected TO as a URI has it, what it cannot have in it as %XX";
}

static uint16_t parse_status(const char *text)
{
	static const char *const known[] = {"301 ", "302 ", "307 ", "308 "};

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(known); i++) {
		if (!strncmp(text, known[i], 4))
			return (uint16_t)atoi(known[i]);
	}
	return 0;
}

const char *rs_redirect_parse(struct redirect_rule *rule, char *text)
{
	uint16_t status = parse_status(text);
	char *from = text + (status ? 4 : 0), *sign;
	const char *fault;

	*rule = (struct redirect_rule){.status = status ? status : 301};
	sign = strchr(from, '=');
	if (!sign || sign == from || !sign[1])
		return "expected FROM=TO, or STATUS FROM=TO with 301, 302, 307 or 308";
	*sign = 0;
	if (strlen(from) > REDIRECT_PATH_BYTES || strlen(sign + 1) > REDIRECT_PATH_BYTES)
		return "expected a shorter one";
	fault = parse_from(rule, from);
	return fault ? fault : parse_to(rule, sign + 1);
}
