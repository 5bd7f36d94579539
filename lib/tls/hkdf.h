/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key derivation of TLS 1.3 (RFC 8446 section 7.1, on RFC 5869 and RFC 2104), on hash contexts
 * that were made once. OpenSSL 3.0 looks up, allocates and frees for each derivation of a
 * handshake.
 *
 * Belongs to one core. Includes base and OpenSSL's hashes.
 */
#ifndef RS_TLS_HKDF_H
#define RS_TLS_HKDF_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/sendq.h"

#define TLS_MAX_HASH 48 /* SHA-384 */

struct tls_hkdf {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	uint32_t bytes;              /* of a hash */
	uint32_t block;              /* of its input */
	uint8_t empty[TLS_MAX_HASH]; /* Derive-Secret's hash of no messages */
};

/* name: "SHA256" or "SHA384". False: no memory; free it all the same. */
bool rs_tls_hkdf_init(struct tls_hkdf *h, OSSL_LIB_CTX *lib, const char *name);
void rs_tls_hkdf_free(struct tls_hkdf *h);

/* HMAC over texts, one after the other: h->bytes to to. False as well: no key is longer than a
 * block.
 */
bool rs_tls_hkdf_hmac(const struct tls_hkdf *h, struct span key, const struct span *texts,
	uint32_t n, uint8_t *to);

/* HKDF-Extract: h->bytes to to. */
bool rs_tls_hkdf_extract(const struct tls_hkdf *h, struct span salt, struct span key, uint8_t *to);

/* HKDF-Expand-Label, with another prefix than "tls13 ". bytes of to, at most 255 hashes. */
bool rs_tls_hkdf_expand(const struct tls_hkdf *h, struct span secret, struct span prefix,
	struct span label, struct span context, uint8_t *to, uint32_t bytes);

/* HKDF-Expand-Label of a secret of h->bytes. */
bool rs_tls_hkdf_label(const struct tls_hkdf *h, const uint8_t *secret, const char *label,
	struct span context, uint8_t *to, uint32_t bytes);

#endif
