/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A certificate and its key, ready for handshakes of ours (quick.c): the chain is encoded and the
 * signature's context made once. Belongs to one core. Private to lib/tls.
 */
#ifndef RS_TLS_IDENTITY_H
#define RS_TLS_IDENTITY_H

#include "tls/domain_internal.h"
#include "tls/hello.h"

#define TLS_MAX_SIGNATURE 512 /* RSA with 4096 bits */

/* From the context's certificate and key. False: handshakes of this one are OpenSSL's. */
bool rs_tls_identity_prepare(struct tls_identity *id, struct tls_library *library);
void rs_tls_identity_release(struct tls_identity *id);

/* Bytes of its Certificate message (section 4.4.2) at most. */
uint32_t rs_tls_identity_bytes(const struct tls_identity *id);

/* Writes that message to to, with the OCSP response if that is wanted and holds. How many bytes. */
uint32_t rs_tls_identity_encode(const struct tls_identity *id, bool status, uint8_t *to);

/* The signature of CertificateVerify (section 4.4.3). *n: its bytes, of TLS_MAX_SIGNATURE. */
bool rs_tls_identity_sign(
	const struct tls_identity *id, struct span transcript_hash, uint8_t *to, size_t *n);

#endif
