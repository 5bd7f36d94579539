/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/authorities.h"

#include "base/bytes.h"
#include "tls/provider.h"

/*
 * A CertificateRequest has room for 2^16 - 1 bytes of extensions, of which this is one (RFC 8446
 * section 4.3.2); OpenSSL would fail every handshake.
 */
#define MAX_NAMES_BYTES 65000

/* What clients may sign with, be it their certificates or what they prove (RFC 9155: no SHA-1). */
#define SIGNATURES                                                                                 \
	"ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:ed25519:ed448:"      \
	"rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"                                \
	"rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"                             \
	"rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512"

static bool add_to_context(struct tls_authorities *a, X509 *cert)
{
	uint8_t both[2 * SHA256_DIGEST_LENGTH], *der = NULL;
	int n = i2d_X509_AUX(cert, &der);

	if (n <= 0)
		return false;
	memcpy(both, a->session_context, SHA256_DIGEST_LENGTH);
	SHA256(der, (size_t)n, both + SHA256_DIGEST_LENGTH);
	SHA256(both, sizeof(both), a->session_context);
	OPENSSL_free(der);
	return true;
}

/* Each name once, as clients are to hear them. */
static bool add_name(struct tls_authorities *a, const X509 *cert)
{
	X509_NAME *name;

	for (int i = 0; i < sk_X509_NAME_num(a->names); i++) {
		if (!X509_NAME_cmp(sk_X509_NAME_value(a->names, i), X509_get_subject_name(cert)))
			return true;
	}
	name = X509_NAME_dup(X509_get_subject_name(cert));
	if (!name || sk_X509_NAME_push(a->names, name) <= 0) {
		X509_NAME_free(name);
		return false;
	}
	a->names_bytes += 2 + (uint32_t)i2d_X509_NAME(name, NULL);
	return true;
}

static bool add_all(struct tls_authorities *a)
{
	STACK_OF(X509) *all = X509_STORE_get1_all_certs(a->store);
	bool ok = all && a->names;

	for (int i = 0; ok && i < sk_X509_num(all); i++)
		ok = add_to_context(a, sk_X509_value(all, i)) && add_name(a, sk_X509_value(all, i));
	sk_X509_pop_free(all, X509_free);
	return ok;
}

bool rs_tls_authorities_read(struct tls_authorities *a, const struct tls_settings *settings,
	OSSL_LIB_CTX *library, const struct tls_complaint *c)
{
	const char *file = settings->client_ca;

	*a = (struct tls_authorities){0};
	if (!file)
		return true;
	a->verify = SSL_VERIFY_PEER;
	if (settings->client_cert == TLS_CLIENT_CERT_REQUIRED)
		a->verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	a->session_context[0] = (uint8_t)settings->client_cert;
	a->names = sk_X509_NAME_new_null();
	a->store = X509_STORE_new();
	if (a->store && !X509_STORE_load_file_ex(a->store, file, library, TLS_PROPERTIES))
		return rs_tls_complain(c, "--client-ca", file, "no certificates of authorities");
	/* RFC 5280 section 6.1.1: one that another has issued is trusted as it stands, too. */
	if (a->store)
		X509_STORE_set_flags(a->store, X509_V_FLAG_PARTIAL_CHAIN);
	if (!a->store || !add_all(a))
		return rs_tls_complain(c, "--client-ca", file, "no memory for it");
	if (!sk_X509_NAME_num(a->names))
		return rs_tls_complain(c, "--client-ca", file, "no certificates of authorities");
	while (a->names_bytes > MAX_NAMES_BYTES && sk_X509_NAME_num(a->names))
		X509_NAME_free(sk_X509_NAME_pop(a->names));
	return true;
}

void rs_tls_authorities_free(struct tls_authorities *a)
{
	X509_STORE_free(a->store);
	sk_X509_NAME_pop_free(a->names, X509_NAME_free);
	*a = (struct tls_authorities){0};
}

/*
 * RFC 8446 section 6.2, RFC 5246 section 7.2.2: certificate_expired is for one that "is not
 * currently valid", too. OpenSSL has another alert for what is still to come.
 */
static int on_verified(int ok, X509_STORE_CTX *store)
{
	if (!ok && X509_STORE_CTX_get_error(store) == X509_V_ERR_CERT_NOT_YET_VALID)
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_HAS_EXPIRED);
	return ok;
}

void rs_tls_authorities_widen(SSL *ssl)
{
	static const int groups[] = {
		NID_X25519, NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1};

	SSL_set1_groups(ssl, (int *)groups, RS_ARRAY_SIZE(groups));
}

bool rs_tls_authorities_use(const struct tls_authorities *a, SSL_CTX *ctx)
{
	static const uint8_t types[] = {TLS_CT_RSA_SIGN, TLS_CT_ECDSA_SIGN};
	STACK_OF(X509_NAME) * names;

	if (SSL_CTX_set_session_id_context(ctx, a->session_context, sizeof(a->session_context)) !=
		1)
		return false;
	if (!a->store)
		return true;
	names = SSL_dup_CA_list(a->names);
	/* Else OpenSSL tells clients of TLS 1.2 DSA, too. */
	if (!names || !SSL_CTX_set1_client_certificate_types(ctx, types, sizeof(types)) ||
		!SSL_CTX_set1_client_sigalgs_list(ctx, SIGNATURES)) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return false;
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set1_cert_store(ctx, a->store);
	SSL_CTX_set_verify(ctx, a->verify, on_verified);
	return true;
}
