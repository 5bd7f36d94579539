/* SPDX-License-Identifier: BSD-2-Clause */
/* Do the options fit together? Each one by itself was looked at when it took effect. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "options.h"

struct stray {
	bool is_given; /* and what it belongs to is not */
	const char *name;
	const char *belongs_to;
};

static bool has_host(const struct site_options *site)
{
	for (uint32_t i = 0; i < site->n_sites; i++) {
		if (site->sites[i].host)
			return true;
	}
	return false;
}

/* Does a --header add it? name: with its colon. */
static bool has_field(const struct site_options *site, const char *name)
{
	for (uint32_t i = 0; i < site->n_patterns; i++) {
		if (!strncasecmp(site->patterns[i].field, name, strlen(name)))
			return true;
	}
	return false;
}

/* Where an option was given for the n-th time. */
static const struct args_setting *nth_setting(const struct args *args, const char *name, uint32_t n)
{
	uint32_t option = rs_option_find(name), i = 0;

	while (args->settings[i].option != option || n--)
		i++;
	return &args->settings[i];
}

static const struct args_setting *setting(const struct args *args, const char *name)
{
	return nth_setting(args, name, 0);
}

/* Is there an option that would have no effect? It is told. One that is given with its default is
 * let pass, as --check prints these, too. */
static bool has_stray(struct option_parser *p)
{
	const struct config *cfg = p->cfg;
	const struct site_options *site = &cfg->site;
	const struct tls_settings *tls = &cfg->tls;
	bool no_site = !site->n_sites, no_tls = !cfg->n_https_ports, no_log = !cfg->access.path;
	const struct stray strays[] = {
		{!has_host(site) && site->strict, "strict-site", "--site"},
		{no_site && cfg->watch, "watch", "--root or --site"},
		{no_site && cfg->n_index_names, "index", "--root or --site"},
		{no_site && site->content.listing, "listing", "--root or --site"},
		{no_site && site->n_patterns, "header", "--root or --site"},
		{!has_field(site, "Link:") && site->early_hints, "early-hints",
			"--header for Link"},
		{no_site && site->n_error_pages, "error-page", "--root or --site"},
		{no_site && site->n_tries, "try", "--root or --site"},
		{no_site && site->content.precompress, "precompress", "--root or --site"},
		{no_site && site->cors, "cors", "--root or --site"},
		{no_site && site->content.outside_links, "follow-links", "--root or --site"},
		{no_site && site->content.hidden, "hidden", "--root or --site"},
		{no_site && cfg->n_excluded, "exclude", "--root or --site"},
		{no_site && site->content.types_file, "mime-types", "--root or --site"},
		{no_site && site->content.max_bytes, "content-memory", "--root or --site"},
		{no_site && strcmp(site->content.charset, "utf-8"), "charset", "--root or --site"},
		{no_log && strcmp(cfg->access.format, "combined"), "access-format", "--access-log"},
		{no_log && cfg->access.sample > 1, "log-sample", "--access-log"},
		{no_tls && cfg->redirects.to_https, "redirect-to-https", "--https"},
		{cfg->no_http && cfg->redirects.to_https, "redirect-to-https", "a port of --http"},
		{no_tls && cfg->n_certs, "cert", "--https"},
		{no_tls && cfg->n_keys, "key", "--https"},
		{no_tls && cfg->n_ocsps, "ocsp", "--https"},
		{no_tls && tls->strict_sni, "strict-sni", "--https"},
		{no_tls && tls->client_ca, "client-ca", "--https"},
		{!tls->client_ca && tls->client_cert, "client-cert", "--client-ca"},
		{no_tls && cfg->ticket_keys, "ticket-keys", "--https"},
		{no_tls && tls->psk_ke, "psk-ke", "--https"},
		{no_tls && tls->max_early_data, "early-data", "--https"},
		{no_tls && cfg->tls_cores.n, "tls-cores", "--https"},
	};

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(strays); i++) {
		if (!strays[i].is_given)
			continue;
		p->at = setting(p->args, strays[i].name);
		rs_option_fail(p, "only with %s", strays[i].belongs_to);
		return true;
	}
	return false;
}

static const char *check_tls(const struct config *cfg)
{
	if (cfg->no_http && !cfg->n_https_ports)
		return "--http off: expected --https, too, or there would be no port at all";
	if (cfg->n_https_ports && (!cfg->n_certs || !cfg->n_keys))
		return "--https: expected --cert and --key, too";
	if (cfg->n_certs != cfg->n_keys)
		return "--cert and --key: expected as many of one as of the other";
	if (cfg->n_ocsps > cfg->n_certs)
		return "--ocsp: expected no more than there are of --cert";
	if (cfg->tls.max_early_data && !cfg->tls.ticket_lifetime_s)
		return "--early-data: only with sessions that can be resumed (--ticket-lifetime)";
	if (cfg->tls.psk_ke && !cfg->tls.ticket_lifetime_s)
		return "--psk-ke: only with sessions that can be resumed (--ticket-lifetime)";
	return NULL;
}

/* Twice in a reply, no browser takes it. */
static bool has_second_cors(struct option_parser *p)
{
	const struct site_options *site = &p->cfg->site;

	if (!site->cors || !has_field(site, "Access-Control-Allow-Origin:"))
		return false;
	p->at = setting(p->args, "cors");
	rs_option_fail(p, "not with --header for Access-Control-Allow-Origin, which it sends by "
			  "itself");
	return true;
}

static bool has_circle(struct option_parser *p)
{
	const struct redirect_options *r = &p->cfg->redirects;
	uint32_t i = rs_redirect_circle(r->rules, r->n_rules);

	if (i == r->n_rules)
		return false;
	p->at = nth_setting(p->args, "redirect", i);
	rs_option_fail(p, "expected TO to be what is not redirected there again");
	return true;
}

int rs_options_check(struct option_parser *p)
{
	const char *wrong = check_tls(p->cfg);

	if (has_stray(p) || has_circle(p) || (!wrong && has_second_cors(p)))
		return -EINVAL;
	if (!wrong)
		return 0;
	snprintf(p->error, ARGS_ERROR_BYTES, "%s", wrong);
	return -EINVAL;
}

const char *rs_options_warning(const struct config *cfg)
{
	if (cfg->tls.client_ca && cfg->tls.client_cert == TLS_CLIENT_CERT_REQUIRED &&
		cfg->http_is_default && !cfg->redirects.to_https)
		return "--client-cert required: port 80 serves the same without TLS, to everybody; "
		       "--http off closes it, --http 80 says that it is meant";
	return NULL;
}
