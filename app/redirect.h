/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that are sent elsewhere: handlers that come before all others. Any core may use them.
 * Includes http, content and base only.
 */
#ifndef RS_APP_REDIRECT_H
#define RS_APP_REDIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "http/exchange.h"
#include "redirect_rule.h"
#include "site.h"

#define REDIRECT_MAX 256

struct redirect_options {
	bool to_https; /* all that comes without TLS, before the rules are looked at */
	uint32_t n_rules;
	struct redirect_rule rules[REDIRECT_MAX]; /* the first that fits counts */
};

/*
 * Once, at start, after http has all other handlers: puts these before them. Who is sent to https
 * is sent to https_port of the host that he names. Of the fields that site has for paths, rules'
 * replies have CONTENT_SECURED_FIELD. options and site stay.
 */
void rs_redirect_configure(const struct redirect_options *options, const struct site_options *site,
	uint16_t https_port, struct http_config *http);

#endif
