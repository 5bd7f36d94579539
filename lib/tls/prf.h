/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key derivation of TLS 1.2 (RFC 5246 section 5), on the hash contexts of hkdf.h. Private to
 * lib/tls; belongs to one core. Includes base and hkdf.h.
 */
#ifndef RS_TLS_PRF_H
#define RS_TLS_PRF_H

#include "tls/hkdf.h"

/* PRF(secret, label, seed), with P_hash by h: bytes of it to to. secret: at most a block of h. */
bool rs_tls_prf(const struct tls_hkdf *h, struct span secret, struct span label, struct span seed,
	uint8_t *to, uint32_t bytes);

#endif
