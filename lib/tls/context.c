/* SPDX-License-Identifier: BSD-2-Clause */
/* How OpenSSL is to speak TLS: its contexts, of which each certificate has one. */
#include "tls/authorities.h"
#include "tls/domain_internal.h"
#include "tls/provider.h"

/* TLS 1.3 chooses from the first list, 1.2 from the second: AEAD and forward secrecy only. */
#define SUITES_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define SUITES_12                                                                                  \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384"

SSL_CTX *rs_tls_new_context(struct tls_domain *d, const struct tls_settings *s,
	const struct tls_authorities *authorities, const struct tls_complaint *c)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(d->library->ctx, TLS_PROPERTIES, TLS_server_method());

	if (!ctx || !SSL_CTX_set_app_data(ctx, d) || !SSL_CTX_set_ciphersuites(ctx, SUITES_13) ||
		!SSL_CTX_set_cipher_list(ctx, SUITES_12) ||
		!SSL_CTX_set1_groups_list(ctx, GROUPS) ||
		!rs_tls_authorities_use(authorities, ctx) || !rs_tls_use_greeting(d, ctx)) {
		rs_tls_complain(c, "OpenSSL's", "context", "cannot be made");
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, s->only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
					 SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* NO_AUTO_CHAIN: clients' authorities are none of ours. */
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ctx, 32 << 10);
	rs_tls_use_tickets(d, ctx, s);
	return ctx;
}
