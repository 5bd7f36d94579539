/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's handshake of TLS 1.3 (RFC 8446 sections 2, 4, 7), for the plain, common ClientHello
 * (hello.h) and at hardly more than the cost of its primitives. All others are OpenSSL's; nothing
 * has been written when a session is declined, and what was taken from the pipe is in s->opening.
 * What is computed is computed when the ClientHello comes, the Finished that the client has to
 * answer with included; then there are some 250 bytes to keep until it does. Private to lib/tls.
 */
#ifndef RS_TLS_QUICK_H
#define RS_TLS_QUICK_H

#include <stdbool.h>

#include "tls/session.h"

/*
 * Goes on with a handshake. TLS_OK: it is complete, and the session lean. *declined: it is for
 * OpenSSL, from its first byte. text: TLS_RECORD_MAX bytes to decrypt to. Counters are the
 * caller's.
 */
enum tls_status rs_tls_quick_go_on(struct tls_session *s, uint8_t *text, bool *declined);

/* Wipes and frees s->quick. */
void rs_tls_quick_free(struct tls_session *s);

#endif
