/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who vouches for clients: the certificates of --client-ca, read once for all contexts of a domain,
 * which share them. Private to lib/tls.
 */
#ifndef RS_TLS_AUTHORITIES_H
#define RS_TLS_AUTHORITIES_H

#include <openssl/sha.h>
#include <openssl/ssl.h>

#include "tls/complaint.h"
#include "tls/domain.h"

struct tls_authorities {
	X509_STORE *store; /* NULL: clients are not asked */
	/* As clients are to hear them; none where they do not fit into a message. */
	STACK_OF(X509_NAME) * names;
	uint32_t names_bytes; /* on the wire */
	int verify;           /* SSL_VERIFY_… */
	/* Who resumes is not asked for a certificate again, so a session is only for those who ask
	 * for the same: this, which tickets hold, is a hash over the mode and all authorities. */
	uint8_t session_context[SHA256_DIGEST_LENGTH];
};

/* As settings say. False: that is said; to be freed all the same. */
bool rs_tls_authorities_read(struct tls_authorities *a, const struct tls_settings *settings,
	OSSL_LIB_CTX *library, const struct tls_complaint *c);
void rs_tls_authorities_free(struct tls_authorities *a);

/* ctx asks clients for theirs; it may outlive a. False: no memory. */
bool rs_tls_authorities_use(const struct tls_authorities *a, SSL_CTX *ctx);

/*
 * For a handshake that has asked for a certificate. In TLS 1.2 OpenSSL takes it only if its curve
 * is one of the groups to agree by, of which one is chosen by then: P-521 is not among them, but
 * may sign, as we say in signature_algorithms.
 */
void rs_tls_authorities_widen(SSL *ssl);

#endif
