/* SPDX-License-Identifier: BSD-2-Clause */
/* How OpenSSL is to speak TLS: its contexts, of which each certificate has one. */
#include <openssl/sha.h>

#include "tls/domain_internal.h"
#include "tls/provider.h"

/* TLS 1.3 chooses from the first list, 1.2 from the second: AEAD and forward secrecy only. */
#define SUITES_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define SUITES_12                                                                                  \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384"

/*
 * Who resumes is not asked for a certificate again, so a session is only for those who ask for the
 * same: its id context, which tickets hold, is a hash over the mode and all authorities.
 */
static bool set_session_context(SSL_CTX *ctx, enum tls_client_cert mode)
{
	STACK_OF(X509) *authorities = X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(ctx));
	uint8_t id[2 * SHA256_DIGEST_LENGTH] = {(uint8_t)mode};
	bool ok = authorities;

	for (int i = 0; ok && i < sk_X509_num(authorities); i++) {
		uint8_t *der = NULL;
		int n = i2d_X509_AUX(sk_X509_value(authorities, i), &der);

		ok = n > 0;
		if (!ok)
			break;
		SHA256(der, (size_t)n, id + SHA256_DIGEST_LENGTH);
		SHA256(id, sizeof(id), id);
		OPENSSL_free(der);
	}
	sk_X509_pop_free(authorities, X509_free);
	return ok && SSL_CTX_set_session_id_context(ctx, id, SHA256_DIGEST_LENGTH) == 1;
}

static bool use_client_ca(struct tls_domain *d, SSL_CTX *ctx, const struct tls_settings *s,
	const struct tls_complaint *c)
{
	STACK_OF(X509_NAME) * names;
	int mode = SSL_VERIFY_PEER;

	if (!s->client_ca)
		return set_session_context(ctx, TLS_CLIENT_CERT_NONE);
	if (s->client_cert == TLS_CLIENT_CERT_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	names = SSL_load_client_CA_file_ex(s->client_ca, d->library->ctx, NULL);
	if (!names || !SSL_CTX_load_verify_file(ctx, s->client_ca)) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return rs_tls_complain(
			c, "--client-ca", s->client_ca, "no certificates of authorities");
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set_verify(ctx, mode, NULL);
	return set_session_context(ctx, s->client_cert) ||
	       rs_tls_complain(c, "--client-ca", s->client_ca, "no memory for it");
}

SSL_CTX *rs_tls_new_context(
	struct tls_domain *d, const struct tls_settings *s, const struct tls_complaint *c)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(d->library->ctx, TLS_PROPERTIES, TLS_server_method());

	if (!ctx || !SSL_CTX_set_app_data(ctx, d) || !SSL_CTX_set_ciphersuites(ctx, SUITES_13) ||
		!SSL_CTX_set_cipher_list(ctx, SUITES_12) ||
		!SSL_CTX_set1_groups_list(ctx, GROUPS)) {
		rs_tls_complain(c, "OpenSSL's", "context", "cannot be made");
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, s->only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
					 SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ctx, 32 << 10);
	rs_tls_use_greeting(d, ctx);
	rs_tls_use_tickets(d, ctx, s);
	if (use_client_ca(d, ctx, s, c))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}
