/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A certificate and its key, ready for handshakes of ours (quick.c): the chain's messages and the
 * signature's context are made once. Belongs to one core. Private to lib/tls.
 */
#ifndef RS_TLS_IDENTITY_H
#define RS_TLS_IDENTITY_H

#include "tls/domain_internal.h"
#include "tls/hello.h"

#define TLS_MAX_SIGNATURE 512 /* RSA with 4096 bits */

/* From the context's certificate and key. False: handshakes of this one are OpenSSL's. */
bool rs_tls_identity_prepare(struct tls_identity *id, struct tls_library *library);
void rs_tls_identity_release(struct tls_identity *id);

/*
 * Its Certificate message, or the shortest that a client with this hello can do with: compressed
 * (RFC 8879), and with the OCSP response if that is wanted and holds.
 */
struct span rs_tls_identity_present(const struct tls_identity *id, const struct tls_hello *h);

/* The signature of CertificateVerify (section 4.4.3). *n: its bytes, of TLS_MAX_SIGNATURE. */
bool rs_tls_identity_sign(
	const struct tls_identity *id, struct span transcript_hash, uint8_t *to, size_t *n);

#endif
