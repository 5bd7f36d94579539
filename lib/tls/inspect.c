/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/inspect.h"

#include <stdio.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls/domain_internal.h"

/* Where words go, and about which file. */
struct inspection {
	const char *file;
	void (*tell)(const char *line);
};

static void object(const struct inspection *i, uint32_t n, const char *what)
{
	char line[512];

	snprintf(line, sizeof(line), "%s: certificate %u %s; clients may refuse it", i->file, n,
		what);
	i->tell(line);
}

/* NULL: it holds. */
static const char *fault_in_times(const X509 *cert)
{
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		return "has expired";
	return X509_cmp_current_time(X509_get0_notBefore(cert)) > 0 ? "is not valid yet" : NULL;
}

static void inspect_times(const struct inspection *i, uint32_t n, const X509 *cert)
{
	const char *fault = fault_in_times(cert);

	if (fault)
		object(i, n, fault);
}

/* RFC 7633 */
static bool demands_response(const X509 *cert)
{
	TLS_FEATURE *features = X509_get_ext_d2i(cert, NID_tlsfeature, NULL, NULL);
	bool demands = false;

	for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
		demands |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) ==
			   TLSEXT_TYPE_status_request;
	TLS_FEATURE_free(features);
	return demands;
}

/* What it is for, and for whom. */
static void inspect_own(const struct inspection *i, const struct tls_identity *id)
{
	X509 *cert = id->first;

	if (!id->use)
		object(i, 1, "has a key of a type that is not for TLS 1.3");
	if (!(X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE))
		object(i, 1, "is not for signatures (key usage)");
	if (!(X509_get_extended_key_usage(cert) & (XKU_SSL_SERVER | XKU_ANYEKU)))
		object(i, 1, "is not for servers (extended key usage)");
	if (X509_get_ext_by_NID(cert, NID_subject_alt_name, -1) < 0)
		object(i, 1, "has no subjectAltName, the only place for names");
	if (!id->ocsp.bytes && demands_response(cert))
		object(i, 1, "demands a stapled response (--ocsp), and has none");
}

static void inspect_chain(const struct inspection *i, const struct tls_identity *id)
{
	STACK_OF(X509) *chain = NULL;
	X509 *below = id->first;

	SSL_CTX_get0_chain_certs(id->ctx, &chain);
	inspect_own(i, id);
	inspect_times(i, 1, below);
	for (int k = 0; k < sk_X509_num(chain); k++) {
		X509 *cert = sk_X509_value(chain, k);

		inspect_times(i, (uint32_t)k + 2, cert);
		if (X509_check_issued(cert, below) != X509_V_OK)
			object(i, (uint32_t)k + 2, "did not issue the one before it");
		below = cert;
	}
	ERR_clear_error();
}

static void inspect_response(const struct inspection *i, const struct tls_ocsp *o)
{
	const int64_t now_s = time(NULL);
	const char *what = NULL;
	char line[512];

	if (now_s >= o->until_s)
		what = "has expired, and is not stapled";
	else if (now_s < o->from_s)
		what = "does not hold yet, and is not stapled until it does";
	else if (!o->is_good)
		what = "does not call the certificate good; clients may refuse that";
	if (!what)
		return;
	snprintf(line, sizeof(line), "%s: the OCSP response %s", i->file, what);
	i->tell(line);
}

/* They are not in the file's order any more. */
static void inspect_authority(const struct inspection *i, const X509 *cert)
{
	const char *fault = fault_in_times(cert);
	char line[512], name[256];

	if (!fault)
		return;
	X509_NAME_oneline(X509_get_subject_name(cert), name, sizeof(name));
	snprintf(line, sizeof(line), "%s: the authority %s %s; its clients are refused", i->file,
		name, fault);
	i->tell(line);
}

/* RFC 8446 section 4.2.4, RFC 5246 section 7.4.4: clients need not be told. */
static void inspect_authorities(const struct inspection *i, const SSL_CTX *ctx)
{
	const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));
	bool revokes = false;
	char line[512];

	for (int k = 0; k < sk_X509_OBJECT_num(all); k++) {
		const X509 *cert = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, k));

		if (cert)
			inspect_authority(i, cert);
		else /* OpenSSL has read it, too, and does not ask it */
			revokes = true;
	}
	if (revokes) {
		snprintf(line, sizeof(line),
			"%s: there is a revocation list in it, which is not heeded", i->file);
		i->tell(line);
	}
	if (sk_X509_NAME_num(SSL_CTX_get_client_CA_list(ctx)) > 0)
		return;
	snprintf(line, sizeof(line),
		"%s: the names of its authorities do not fit into a handshake; clients are not "
		"told them, and have to know which certificate to show",
		i->file);
	i->tell(line);
}

void rs_tls_inspect(const struct tls_domain *d, const struct tls_settings *settings,
	void (*tell)(const char *line))
{
	if (settings->client_ca)
		inspect_authorities(
			&(struct inspection){settings->client_ca, tell}, d->identities[0].ctx);
	for (uint32_t i = 0; i < d->n_identities; i++) {
		const struct tls_identity *id = &d->identities[i];

		inspect_chain(&(struct inspection){settings->pairs[i].cert, tell}, id);
		if (id->ocsp.bytes)
			inspect_response(
				&(struct inspection){settings->pairs[i].ocsp, tell}, &id->ocsp);
	}
}
