/* SPDX-License-Identifier: BSD-2-Clause */
/* Do the options fit together? Each one by itself was looked at when it took effect. */
#include <errno.h>
#include <stdio.h>
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

/* Is there an option that would have no effect? It is named in error. Those with a default cannot
 * be told. */
static bool has_stray(const struct config *cfg, char *error)
{
	const struct site_options *site = &cfg->site;
	const struct tls_settings *tls = &cfg->tls;
	bool no_site = !site->n_sites, no_tls = !cfg->n_https_ports;
	const struct stray strays[] = {
		{!has_host(site) && site->strict, "strict-site", "--site"},
		{no_site && cfg->watch, "watch", "--root or --site"},
		{no_site && cfg->n_index_names, "index", "--root or --site"},
		{no_site && site->content.listing, "listing", "--root or --site"},
		{no_site && site->n_patterns, "header", "--root or --site"},
		{!site->n_patterns && site->early_hints, "early-hints", "--header"},
		{no_site && site->n_error_pages, "error-page", "--root or --site"},
		{no_site && site->content.precompress, "precompress", "--root or --site"},
		{no_site && site->cors, "cors", "--root or --site"},
		{no_site && site->content.outside_links, "follow-links", "--root or --site"},
		{no_site && site->content.hidden, "hidden", "--root or --site"},
		{no_site && site->content.types_file, "mime-types", "--root or --site"},
		{no_site && site->content.max_bytes, "content-memory", "--root or --site"},
		{no_tls && cfg->n_certs, "cert", "--https"},
		{no_tls && cfg->n_keys, "key", "--https"},
		{no_tls && cfg->n_ocsps, "ocsp", "--https"},
		{no_tls && tls->strict_sni, "strict-sni", "--https"},
		{no_tls && tls->client_ca, "client-ca", "--https"},
		{no_tls && cfg->ticket_keys, "ticket-keys", "--https"},
		{no_tls && tls->psk_ke, "psk-ke", "--https"},
		{no_tls && tls->max_early_data, "early-data", "--https"},
		{no_tls && cfg->tls_cores.n, "tls-cores", "--https"},
	};

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(strays); i++) {
		if (!strays[i].is_given)
			continue;
		snprintf(error, ARGS_ERROR_BYTES, "--%s: only with %s", strays[i].name,
			strays[i].belongs_to);
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
static const char *check_cors(const struct site_options *site)
{
	static const char name[] = "Access-Control-Allow-Origin:";

	for (uint32_t i = 0; site->cors && i < site->n_patterns; i++) {
		if (!strncasecmp(site->patterns[i].field, name, sizeof(name) - 1))
			return "--cors: not with --header for Access-Control-Allow-Origin, which "
			       "it sends by itself";
	}
	return NULL;
}

int rs_options_check(const struct config *cfg, char *error)
{
	const char *wrong = check_tls(cfg);

	if (has_stray(cfg, error))
		return -EINVAL;
	if (!wrong)
		wrong = check_cors(&cfg->site);
	if (!wrong)
		return 0;
	snprintf(error, ARGS_ERROR_BYTES, "%s", wrong);
	return -EINVAL;
}

const char *rs_options_warning(const struct config *cfg)
{
	if (cfg->tls.client_ca && cfg->tls.client_cert == TLS_CLIENT_CERT_REQUIRED &&
		cfg->http_is_default)
		return "--client-cert required: port 80 serves the same without TLS, to everybody; "
		       "--http off closes it, --http 80 says that it is meant";
	return NULL;
}
