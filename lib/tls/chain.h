/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A certificate and its chain, as handshakes of ours (quick.c) say them: the Certificate message
 * (RFC 8446 section 4.4.2) and the CompressedCertificate messages that are shorter (RFC 8879), made
 * when the certificate is loaded. Of what a client offers they depend on two things: whether it
 * wants to see an OCSP response, and which algorithms it has. Private to lib/tls. Includes base and
 * OpenSSL.
 */
#ifndef RS_TLS_CHAIN_H
#define RS_TLS_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/sendq.h"
#include "tls/message.h"

#define TLS_MAX_CHAIN 6144 /* bytes; and so many of a response beside it */

/* All zero: there is none. */
struct tls_chain {
	/* By whether a response is stapled, and by algorithm; with none it is plain. Empty: it is
	 * not there, or not shorter. */
	struct span messages[2][TLS_N_COMPRESSIONS];
};

/* Of ctx' certificate; ocsp empty: nothing to be stapled. False: it is too long, or no memory; free
 * it all the same. */
bool rs_tls_chain_init(struct tls_chain *c, const SSL_CTX *ctx, struct span ocsp);
void rs_tls_chain_free(struct tls_chain *c);

/* The shortest for a client with the algorithms, a bit each. stapled: there is a response. */
struct span rs_tls_chain_message(const struct tls_chain *c, bool stapled, uint32_t algorithms);

#endif
