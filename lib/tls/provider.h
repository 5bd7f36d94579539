/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An OpenSSL provider with one algorithm, the key derivation of TLS 1.3 (hkdf.h). It makes
 * handshakes cheaper, and is where the traffic secrets of a session can be had as they are made.
 * Private to lib/tls.
 */
#ifndef RS_TLS_PROVIDER_H
#define RS_TLS_PROVIDER_H

#include "tls/domain_internal.h"

#define TLS_PROVIDER   "ringside"
#define TLS_PROPERTIES "?provider=ringside" /* where there is a choice */

/* Loads it into the library's context, and OpenSSL's own beside it. */
bool rs_tls_provider_load(struct tls_library *library);
void rs_tls_provider_unload(struct tls_library *library);

#endif
