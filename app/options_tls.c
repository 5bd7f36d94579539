/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates, sessions and TLS cores. */
#include <errno.h>
#include <string.h>

#include "options_parse.h"
#include "values.h"

/* Which pair the n-th file of its kind belongs to; NULL: no memory. No option was given more often
 * than all of them together. */
static struct tls_pair *next_pair(struct option_parser *p, uint32_t *n)
{
	struct tls_settings *tls = &p->cfg->tls;

	if (!tls->pairs)
		tls->pairs = rs_args_room(p->args, p->args->n * sizeof(tls->pairs[0]));
	if (tls->pairs)
		return &tls->pairs[(*n)++];
	rs_option_fail(p, "no memory for it");
	return NULL;
}

#define PAIR_OPTION(field)                                                                         \
	int rs_option_parse_##field(struct option_parser *p, const char *value)                    \
	{                                                                                          \
		struct tls_pair *pair = next_pair(p, &p->cfg->n_##field##s);                       \
                                                                                                   \
		if (!pair)                                                                         \
			return -EINVAL;                                                            \
		pair->field = value;                                                               \
		return 0;                                                                          \
	}

PAIR_OPTION(cert)
PAIR_OPTION(key)
PAIR_OPTION(ocsp)

/* One of two words. */
static int either(struct option_parser *p, const char *value, const char *first, const char *second,
	bool *is_second)
{
	*is_second = !strcmp(value, second);
	if (*is_second || !strcmp(value, first))
		return 0;
	return rs_option_fail(p, "expected %s or %s", first, second);
}

int rs_option_parse_tls_min(struct option_parser *p, const char *value)
{
	return either(p, value, "1.2", "1.3", &p->cfg->tls.only_tls13);
}

int rs_option_parse_tls_records(struct option_parser *p, const char *value)
{
	return either(p, value, "lean", "openssl", &p->cfg->tls.no_lean);
}

/* No default of --client-cert, which stands behind it: nobody is to believe that certificates are
 * required where no authority is named. */
int rs_option_parse_client_ca(struct option_parser *p, const char *value)
{
	p->cfg->tls.client_ca = value;
	p->cfg->tls.client_cert = TLS_CLIENT_CERT_REQUIRED;
	return 0;
}

int rs_option_parse_client_cert(struct option_parser *p, const char *value)
{
	bool is_required;
	int err = either(p, value, "optional", "required", &is_required);

	p->cfg->tls.client_cert = is_required ? TLS_CLIENT_CERT_REQUIRED : TLS_CLIENT_CERT_OPTIONAL;
	return err;
}

int rs_option_parse_tls_cores(struct option_parser *p, const char *value)
{
	if (!strcmp(value, "same"))
		return 0;
	if (rs_value_cores(value, &p->cfg->tls_cores))
		return 0;
	return rs_option_fail(p, "expected same, or a list of lcores, each once, as in 1,3-5");
}

FLAG_OPTION(psk_ke, tls.psk_ke)
FLAG_OPTION(strict_sni, tls.strict_sni)

TEXT_OPTION(ticket_keys, ticket_keys)

NUMBER_OPTION(ticket_lifetime, number, tls.ticket_lifetime_s, 0, 604800)
NUMBER_OPTION(early_data, bytes, tls.max_early_data, 0, 16384)
NUMBER_OPTION(tls_backlog, number, tls_backlog, 1, 1048576)
