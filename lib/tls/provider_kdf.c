/* SPDX-License-Identifier: BSD-2-Clause */
/* The key derivation of TLS 1.3, as libssl asks for it. */
#include "tls/provider.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "tls/session.h"

/* ---- one derivation ---- */

struct derivation {
	struct tls_library *library;
	int mode;
	const struct tls_hkdf *hkdf;
	struct span key, salt, prefix, label, context;
};

/* TLS 1.3 has suites with two hashes; OpenSSL has several names for each. */
static const struct tls_hkdf *hkdf_named(struct tls_library *library, const char *name)
{
	if (strstr(name, "256"))
		return &library->hkdfs[TLS_SHA256];
	return strstr(name, "384") ? &library->hkdfs[TLS_SHA384] : NULL;
}

static struct span span_of(const OSSL_PARAM *p)
{
	return (struct span){.data = p->data, .len = (uint32_t)p->data_size};
}

/* Everything that libssl says comes with the call, and lives as long. */
static bool read_params(struct derivation *d, const OSSL_PARAM *p)
{
	for (; p && p->key; p++) {
		if (!strcmp(p->key, OSSL_KDF_PARAM_MODE)) {
			if (!OSSL_PARAM_get_int(p, &d->mode))
				return false;
		} else if (!strcmp(p->key, OSSL_KDF_PARAM_DIGEST)) {
			d->hkdf = hkdf_named(d->library, p->data);
		} else if (!strcmp(p->key, OSSL_KDF_PARAM_KEY)) {
			d->key = span_of(p);
		} else if (!strcmp(p->key, OSSL_KDF_PARAM_SALT)) {
			d->salt = span_of(p);
		} else if (!strcmp(p->key, OSSL_KDF_PARAM_PREFIX)) {
			d->prefix = span_of(p);
		} else if (!strcmp(p->key, OSSL_KDF_PARAM_LABEL)) {
			d->label = span_of(p);
		} else if (!strcmp(p->key, OSSL_KDF_PARAM_DATA)) {
			d->context = span_of(p);
		}
	}
	return d->hkdf;
}

static bool is_label(const struct derivation *d, const char *label)
{
	return d->label.len == strlen(label) && !memcmp(d->label.data, label, d->label.len);
}

/* The secrets of the session at work that records will be sealed and opened with. */
static void keep_traffic_secret(const struct derivation *d, const uint8_t *secret, size_t bytes)
{
	struct tls_session *s = d->library->at_work;

	if (!s || bytes > TLS_MAX_SECRET)
		return;
	if (is_label(d, "c ap traffic")) {
		memcpy(s->rx.secret, secret, bytes);
		s->n_secrets |= TLS_SECRET_RX;
	} else if (is_label(d, "s ap traffic")) {
		memcpy(s->tx.secret, secret, bytes);
		s->n_secrets |= TLS_SECRET_TX;
	}
}

static bool expand(const struct derivation *d, uint8_t *to, size_t bytes)
{
	if (!rs_tls_hkdf_expand(
		    d->hkdf, d->key, d->prefix, d->label, d->context, to, (uint32_t)bytes))
		return false;
	keep_traffic_secret(d, to, bytes);
	return true;
}

/* One step down the key schedule of section 7.1: what is missing is a row of zeros. */
static bool extract(const struct derivation *d, uint8_t *to, size_t bytes)
{
	static const uint8_t zeros[TLS_MAX_HASH];
	const uint32_t hash_bytes = d->hkdf->bytes;
	uint8_t derived[TLS_MAX_HASH];
	struct span salt = {0}, key = d->key;
	bool ok = bytes == hash_bytes;

	if (!key.data)
		key = (struct span){.data = zeros, .len = hash_bytes};
	if (d->salt.data) {
		const struct span empty = {.data = d->hkdf->empty, .len = hash_bytes};

		ok = ok && rs_tls_hkdf_expand(d->hkdf, d->salt, d->prefix, d->label, empty, derived,
				   hash_bytes);
		salt = (struct span){.data = derived, .len = hash_bytes};
	}
	ok = ok && rs_tls_hkdf_extract(d->hkdf, salt, key, to);
	OPENSSL_cleanse(derived, sizeof(derived));
	return ok;
}

/* ---- what OpenSSL calls ---- */

static void *new_context(void *library)
{
	struct derivation *d = calloc(1, sizeof(*d));

	if (d)
		d->library = library;
	return d;
}

static void free_context(void *d)
{
	free(d);
}

static void reset(void *context)
{
	struct derivation *d = context;

	*d = (struct derivation){.library = d->library};
}

static int derive(void *context, unsigned char *to, size_t bytes, const OSSL_PARAM params[])
{
	struct derivation *d = context;

	if (!read_params(d, params))
		return 0;
	if (d->mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
		return extract(d, to, bytes);
	return d->mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY && expand(d, to, bytes);
}

static const OSSL_PARAM *settable(void *context, void *provider)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, NULL),
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PREFIX, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_LABEL, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_DATA, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)context;
	(void)provider;
	return params;
}

static const OSSL_DISPATCH functions[] = {
	{OSSL_FUNC_KDF_NEWCTX, (void (*)(void))new_context},
	{OSSL_FUNC_KDF_FREECTX, (void (*)(void))free_context},
	{OSSL_FUNC_KDF_RESET, (void (*)(void))reset},
	{OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive},
	{OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, (void (*)(void))settable},
	{0, NULL},
};

const OSSL_ALGORITHM rs_tls_provider_kdfs[] = {
	{"TLS13-KDF", "provider=" TLS_PROVIDER, functions, NULL},
	{NULL, NULL, NULL, NULL},
};
