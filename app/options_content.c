/* SPDX-License-Identifier: BSD-2-Clause */
/* Sites, what is sent with their files, and the access log. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <strings.h>

#include "options_parse.h"
#include "values.h"

#define MAX_CHARSET_BYTES 40 /* RFC 2978 section 2.3 */

/* ---- sites ---- */

/* A copy of a value, to be cut up. NULL, told why: there is no room. */
static char *keep(struct option_parser *p, const char *value)
{
	char *kept = rs_args_keep(p->args, value);

	if (!kept)
		rs_option_fail(
			p, "expected at most %d bytes of options in all", ARGS_MAX_TEXT_BYTES);
	return kept;
}

static int add_site(struct option_parser *p, const char *host, const char *dir)
{
	struct site_options *site = &p->cfg->site;

	for (uint32_t i = 0; host && i < site->n_sites; i++) {
		if (site->sites[i].host && !strcmp(site->sites[i].host, host))
			return rs_option_fail(p, "this host is given twice");
	}
	if (site->n_sites == SITE_MAX)
		return rs_option_fail(p, "expected at most %d", SITE_MAX);
	site->sites[site->n_sites].host = host;
	site->sites[site->n_sites++].dir = dir;
	return 0;
}

int rs_option_parse_root(struct option_parser *p, const char *value)
{
	return add_site(p, NULL, value);
}

int rs_option_parse_site(struct option_parser *p, const char *value)
{
	const char *sign = strchr(value, '=');
	char *host;

	if (!sign || sign == value || !sign[1])
		return rs_option_fail(p, "expected HOST=DIR");
	host = keep(p, value);
	if (!host)
		return -EINVAL;
	host[sign - value] = 0;
	if (strlen(host) > SITE_HOST_BYTES || !rs_value_hosts(host))
		return rs_option_fail(p,
			"expected HOST=DIR, HOST a name or an address as in a.example, *.a.example "
			"or [fd00::1], without port or final dot");
	for (char *c = host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return add_site(p, host, sign + 1);
}

int rs_option_parse_redirect(struct option_parser *p, const char *value)
{
	struct redirect_options *r = &p->cfg->redirects;
	char *text = keep(p, value);
	const char *fault;

	if (!text)
		return -EINVAL;
	if (r->n_rules == REDIRECT_MAX)
		return rs_option_fail(p, "expected at most %d", REDIRECT_MAX);
	fault = rs_redirect_parse(&r->rules[r->n_rules++], text);
	return fault ? rs_option_fail(p, "%s", fault) : 0;
}

int rs_option_parse_index(struct option_parser *p, const char *value)
{
	struct config *cfg = p->cfg;

	if (strchr(value, '/'))
		return rs_option_fail(p, "expected the name of a file, without /");
	if (cfg->n_index_names == CONFIG_MAX_INDEX_NAMES)
		return rs_option_fail(p, "expected at most %d", CONFIG_MAX_INDEX_NAMES);
	cfg->index_names[cfg->n_index_names++] = value;
	cfg->site.content.index_names = cfg->index_names;
	return 0;
}

static bool is_pattern(struct option_parser *p, const char *value)
{
	if (*value == '/' || *value == '*')
		return true;
	rs_option_fail(p, "expected a PATTERN that begins with / or *, as paths begin with /");
	return false;
}

/* What stands before a path, if that is a host which has a site of its own; else NULL. */
static const char *host_before(const struct site_options *site, const char *text)
{
	size_t n = strcspn(text, "/");

	for (uint32_t i = 0; text[n] && i < site->n_sites; i++) {
		const char *host = site->sites[i].host;

		if (host && strlen(host) == n && !strncasecmp(host, text, n))
			return host;
	}
	return NULL;
}

int rs_option_parse_exclude(struct option_parser *p, const char *value)
{
	struct config *cfg = p->cfg;
	char *pattern;
	size_t n;

	if (!is_pattern(p, value))
		return -EINVAL;
	if (cfg->n_excluded == CONFIG_MAX_EXCLUDED)
		return rs_option_fail(p, "expected at most %d", CONFIG_MAX_EXCLUDED);
	pattern = keep(p, value);
	if (!pattern)
		return -EINVAL;
	/* A directory's path ends without a slash: /private/ is meant to be one, and not nothing.
	 */
	for (n = strlen(pattern); n && pattern[n - 1] == '/'; n--)
		pattern[n - 1] = 0;
	if (strspn(pattern, "*") == n)
		return rs_option_fail(p, "expected a part of what is below the root");
	cfg->excluded[cfg->n_excluded++] = pattern;
	cfg->site.content.excluded = cfg->excluded;
	return 0;
}

int rs_option_parse_header(struct option_parser *p, const char *value)
{
	struct site_options *site = &p->cfg->site;
	char *pattern = keep(p, value);
	const char *fault, *host;
	char *space;

	if (!pattern)
		return -EINVAL;
	space = strchr(pattern, ' ');
	if (!space || space == pattern || !strchr(space, ':'))
		return rs_option_fail(p, "expected PATTERN NAME: VALUE");
	host = host_before(site, pattern);
	if (host)
		pattern += strlen(host);
	if (*pattern != '/' && *pattern != '*')
		return rs_option_fail(p, "expected a PATTERN that begins with / or *, as paths "
					 "begin with /, perhaps behind the HOST of a --site");
	if (site->n_patterns == CONTENT_MAX_PATTERNS)
		return rs_option_fail(p, "expected at most %d", CONTENT_MAX_PATTERNS);
	*space++ = 0;
	while (*space == ' ')
		space++;
	fault = rs_content_field_fault(space);
	if (fault)
		return rs_option_fail(p, "the field %s", fault);
	site->pattern_hosts[site->n_patterns] = host;
	site->patterns[site->n_patterns++] =
		(struct content_pattern){.pattern = pattern, .field = space};
	return 0;
}

static bool has_error_page(const struct site_options *site, uint16_t status)
{
	for (uint32_t i = 0; i < site->n_error_pages; i++) {
		if (site->error_pages[i].status == status)
			return true;
	}
	return false;
}

int rs_option_parse_error_page(struct option_parser *p, const char *value)
{
	/* All that a site is refused with; 411 is for handlers that need a body. */
	static const uint16_t known[SITE_MAX_ERROR_PAGES] = {
		400, 403, 404, 405, 408, 412, 413, 414, 416, 417, 421, 425, 431, 501, 503, 505};
	struct site_options *site = &p->cfg->site;
	const char *sign = strchr(value, '=');

	for (uint32_t i = 0; sign && sign[1] == '/' && i < SITE_MAX_ERROR_PAGES; i++) {
		if (sign - value != 3 || (unsigned int)atoi(value) != known[i])
			continue;
		if (has_error_page(site, known[i]))
			return rs_option_fail(p, "there is a page for this status already");
		site->error_pages[site->n_error_pages].status = known[i];
		site->error_pages[site->n_error_pages++].path = sign + 1;
		return 0;
	}
	return rs_option_fail(p,
		"expected STATUS=/PATH, STATUS 400, 403, 404, 405, 408, 412, 413, 414, "
		"416, 417, 421, 425, 431, 501, 503 or 505");
}

/* Cuts off what begins a --try with the paths that it is for: one star, and a sign behind it;
 * perhaps behind a host that has a site of its own. */
static void cut_where(const struct site_options *site, struct site_try *try)
{
	const char *host = host_before(site, try->what);
	const char *where = try->what + (host ? strlen(host) : 0), *star = strchr(where, '*');
	const char *sign = star ? strchr(star, '=') : NULL;

	if (!sign || (star != where && *where != '/') ||
		memchr(star + 1, '*', (size_t)(sign - star - 1)))
		return;
	if (host)
		try->host = rs_span_text(host);
	try->begin = (struct span){.data = (const uint8_t *)where, .len = (uint32_t)(star - where)};
	try->end = (struct span){
		.data = (const uint8_t *)star + 1, .len = (uint32_t)(sign - star - 1)};
	try->what = sign + 1;
}

static bool is_try(const char *what)
{
	if (*what == '.')
		return what[1] && !strchr(what, '/') && strlen(what) <= SITE_ENDING_BYTES;
	return *what == '/' || !strcmp(what, SITE_TRY_NOTHING);
}

int rs_option_parse_try(struct option_parser *p, const char *value)
{
	struct site_options *site = &p->cfg->site;
	struct site_try try = {.what = value};

	cut_where(site, &try);
	if (!is_try(try.what))
		return rs_option_fail(p,
			"expected the ending of a name, as in .html, of at most %d characters, or "
			"the path of a file in the site, as in /index.html, or 404, perhaps behind "
			"/PATH/*= or *.ENDING=, with the HOST of a --site before that",
			SITE_ENDING_BYTES);
	if (site->n_tries == SITE_MAX_TRIES)
		return rs_option_fail(p, "expected at most %d", SITE_MAX_TRIES);
	site->tries[site->n_tries++] = try;
	return 0;
}

int rs_option_parse_precompress(struct option_parser *p, const char *value)
{
	uint32_t *codings = &p->cfg->site.content.precompress;

	for (;; value++) {
		const struct span name = {
			.data = (const uint8_t *)value, .len = (uint32_t)strcspn(value, ",")};
		enum content_coding coding = rs_content_coding_named(name);

		if (coding == CONTENT_IDENTITY || coding == CONTENT_N_CODINGS ||
			*codings & CONTENT_CODING_BIT(coding))
			return rs_option_fail(
				p, "expected gzip, br, zstd, or several of them, each once");
		*codings |= CONTENT_CODING_BIT(coding);
		value += name.len;
		if (!*value)
			return 0;
	}
}

/* Browsers leave that out (RFC 6454 section 6.2). */
static bool has_default_port(const char *origin)
{
	const char *colon = strrchr(origin, ':');

	return (!strncmp(origin, "http:", 5) && !strcmp(colon, ":80")) ||
	       (!strncmp(origin, "https:", 6) && !strcmp(colon, ":443"));
}

int rs_option_parse_cors(struct option_parser *p, const char *value)
{
	if (strcmp(value, "*") != 0 && strcmp(value, "null") != 0 &&
		(!rs_value_origin(value) || has_default_port(value)))
		return rs_option_fail(p, "expected one origin as browsers send it, as in "
					 "https://a.example or https://a.example:8443, or *");
	p->cfg->site.cors = value;
	return 0;
}

int rs_option_parse_access_format(struct option_parser *p, const char *value)
{
	struct access_format format;
	char why[128];

	if (rs_access_format_compile(value, &format, why, sizeof(why)))
		return rs_option_fail(p, "%s", why);
	p->cfg->access.format = value;
	return 0;
}

int rs_option_parse_charset(struct option_parser *p, const char *value)
{
	if (!rs_value_token(value, MAX_CHARSET_BYTES))
		return rs_option_fail(p,
			"expected the name of a charset of at most %d characters, or none",
			MAX_CHARSET_BYTES);
	p->cfg->site.content.charset = strcasecmp(value, "none") != 0 ? value : "";
	return 0;
}

int rs_option_parse_content_memory(struct option_parser *p, const char *value)
{
	if (rs_value_bytes(value, &p->cfg->site.content.max_bytes))
		return 0;
	return rs_option_fail(p, "expected a number of bytes; k, M or G may follow");
}

FLAG_OPTION(early_hints, site.early_hints)
FLAG_OPTION(follow_links, site.content.outside_links)
FLAG_OPTION(hidden, site.content.hidden)
FLAG_OPTION(listing, site.content.listing)
FLAG_OPTION(strict_site, site.strict)
FLAG_OPTION(watch, watch)

TEXT_OPTION(access_log, access.path)
TEXT_OPTION(mime_types, site.content.types_file)

NUMBER_OPTION(log_sample, number, access.sample, 1, 1000000000)
