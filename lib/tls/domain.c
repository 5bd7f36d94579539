/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/domain.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "tls/authorities.h"
#include "tls/choose.h"
#include "tls/domain_internal.h"
#include "tls/identity.h"
#include "tls/provider.h"

const struct counter_def rs_tls_counter_defs[TLS_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "tls/tls_counters.def"
#undef RS_COUNTER
};

/* OpenSSL would ask the terminal, and wait for it: at the start, and in a reload. */
static int no_passphrase(char *to, int bytes, int writing, void *was_asked)
{
	(void)to;
	(void)bytes;
	(void)writing;
	*(bool *)was_asked = true;
	return -1;
}

static EVP_PKEY *read_key(
	const struct tls_library *library, const char *file, const struct tls_complaint *c)
{
	bool is_encrypted = false;
	BIO *bio = BIO_new_file(file, "r");
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey_ex(bio, NULL, no_passphrase, &is_encrypted,
				      library->ctx, TLS_PROPERTIES)
			    : NULL;

	if (bio && !key)
		ERR_clear_error(); /* what comes of it says less */
	BIO_free(bio);
	if (!key)
		rs_tls_complain(c, "--key", file,
			is_encrypted
				? "the key is encrypted, and nobody is asked for its passphrase"
				: "no key in PEM that OpenSSL knows");
	return key;
}

static bool use_pair(const struct tls_library *library, SSL_CTX *ctx, const struct tls_pair *pair,
	const struct tls_complaint *c)
{
	EVP_PKEY *key;
	bool ok;

	if (SSL_CTX_use_certificate_chain_file(ctx, pair->cert) != 1)
		return rs_tls_complain(c, "--cert", pair->cert,
			"no certificate in PEM, or one that OpenSSL refuses");
	key = read_key(library, pair->key, c);
	if (!key)
		return false;
	ok = X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) == 1 &&
	     SSL_CTX_use_PrivateKey(ctx, key) == 1;
	EVP_PKEY_free(key);
	return ok || rs_tls_complain(c, "--key", pair->key, "not the key of the first certificate");
}

static bool add_pair(struct tls_domain *d, const struct tls_settings *s,
	const struct tls_pair *pair, const struct tls_authorities *authorities,
	const struct tls_complaint *c)
{
	struct tls_identity *id = &d->identities[d->n_identities];

	id->ctx = rs_tls_new_context(d, s, authorities, c);
	if (!id->ctx)
		return false;
	d->n_identities++; /* to be freed from now on */
	if (!use_pair(d->library, id->ctx, pair, c))
		return false;
	id->first = SSL_CTX_get0_certificate(id->ctx);
	id->use = rs_tls_key_use_of(X509_get0_pubkey(id->first));
	if (!id->use && !EVP_PKEY_is_a(X509_get0_pubkey(id->first), "EC")) {
		ERR_clear_error();
		return rs_tls_complain(c, "--key", pair->key, "no key of ECDSA, EdDSA or RSA");
	}
	if (!rs_tls_names_init(&id->names, id->first))
		return rs_tls_complain(c, "--cert", pair->cert, "no memory for its names");
	if (pair->ocsp && !rs_tls_ocsp_read(id, pair->ocsp, c))
		return false;
	if (d->quick && !rs_tls_identity_prepare(id, d->library))
		rs_tls_identity_release(id);
	ERR_clear_error(); /* what it is not prepared for is no fault of the next pair's */
	return true;
}

static bool is_interrupted(const struct tls_audience *audience)
{
	if (!audience->is_interrupted || !audience->is_interrupted(audience->ctx))
		return false;
	snprintf(audience->why, audience->why_bytes, "loading certificates was interrupted");
	return true;
}

static bool add_pairs(struct tls_domain *d, const struct tls_settings *s,
	const struct tls_audience *audience, const struct tls_complaint *c)
{
	struct tls_authorities authorities;
	bool ok = rs_tls_authorities_read(&authorities, s, d->library->ctx, c);

	for (uint32_t i = 0; ok && i < s->n_pairs; i++)
		ok = !is_interrupted(audience) && add_pair(d, s, &s->pairs[i], &authorities, c);
	rs_tls_authorities_free(&authorities);
	return ok;
}

struct tls_domain *rs_tls_domain_new(struct tls_library *library,
	const struct tls_settings *settings, struct tls_shared *shared, uint64_t *counters,
	const struct tls_audience *audience)
{
	const struct tls_complaint c = {.why = audience->why, .bytes = audience->why_bytes};
	struct tls_domain *d = calloc(1, sizeof(*d));

	ERR_clear_error();
	if (!d) {
		snprintf(c.why, c.bytes, "no memory for certificates");
		return NULL;
	}
	d->identities = calloc(settings->n_pairs, sizeof(d->identities[0]));
	if (!d->identities) {
		snprintf(c.why, c.bytes, "no memory for %u certificates", settings->n_pairs);
		goto fail;
	}
	d->library = library;
	d->shared = shared;
	d->counters = counters;
	d->strict_sni = settings->strict_sni;
	d->lean = !settings->no_lean;
	d->early_data = settings->max_early_data && settings->ticket_lifetime_s;
	d->ticket_lifetime_s = settings->ticket_lifetime_s;
	d->psk_ke = settings->psk_ke;
	d->quick = d->lean && !d->early_data && !settings->client_ca;
	if (!add_pairs(d, settings, audience, &c))
		goto fail;
	if (!rs_tls_directory_init(&d->directory, d)) {
		snprintf(c.why, c.bytes, "no memory for the names of certificates");
		goto fail;
	}
	ERR_clear_error();
	return d;
fail:
	rs_tls_domain_free(d);
	return NULL;
}

uint32_t rs_tls_domain_n_sessions(const struct tls_domain *d)
{
	return __atomic_load_n(&d->n_sessions, __ATOMIC_ACQUIRE);
}

void rs_tls_domain_free(struct tls_domain *d)
{
	if (!d)
		return;
	for (uint32_t i = 0; i < d->n_identities; i++) {
		rs_tls_identity_release(&d->identities[i]);
		SSL_CTX_free(d->identities[i].ctx);
		rs_tls_names_free(&d->identities[i].names);
		rs_tls_ocsp_free(&d->identities[i].ocsp);
	}
	rs_tls_directory_free(&d->directory);
	free(d->identities);
	free(d);
}
