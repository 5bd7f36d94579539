/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An OpenSSL provider for libssl, which is all that it is good for. The key derivation of TLS 1.3
 * (hkdf.h) makes handshakes cheaper, and is where the traffic secrets of a session can be had as
 * they are made. AES-GCM (aead.h) makes records cheaper where they are OpenSSL's: most of what its
 * own takes for a short one goes into looking up parameters. Private to lib/tls.
 */
#ifndef RS_TLS_PROVIDER_H
#define RS_TLS_PROVIDER_H

#include <openssl/core.h>

#include "tls/domain_internal.h"

#define TLS_PROVIDER   "ringside"
#define TLS_PROPERTIES "?provider=ringside" /* where there is a choice */

extern const OSSL_ALGORITHM rs_tls_provider_kdfs[];    /* provider_kdf.c */
extern const OSSL_ALGORITHM rs_tls_provider_ciphers[]; /* provider_gcm.c */

/* Loads it into the library's context, and OpenSSL's own beside it. */
bool rs_tls_provider_load(struct tls_library *library);
void rs_tls_provider_unload(struct tls_library *library);

#endif
