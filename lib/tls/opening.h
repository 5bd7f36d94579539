/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first record of a session, put together from the pieces that TCP brings, until it is decided
 * whose handshake that is. OpenSSL reads it from here, when it is its, as if nobody had looked: to
 * the byte. Belongs to the session's core. Private to lib/tls.
 */
#ifndef RS_TLS_OPENING_H
#define RS_TLS_OPENING_H

#include "tls/session.h"

/* A hello has some 500 bytes, or 1800 with a post-quantum share; and tickets come on top. */
#define TLS_OPENING_BYTES 4096

/*
 * TLS_OK: *record is all of it, header and all, in place until rs_tls_opening_free(); or it is
 * empty: what has come is no such record of a handshake, or longer.
 */
enum tls_status rs_tls_opening_take(struct tls_session *s, struct span *record);

/* The next bytes of it, up to max, to to. Returns how many; 0: there are no more. */
uint32_t rs_tls_opening_replay(struct tls_session *s, uint8_t *to, uint32_t max);

/* Harmless where there is none. */
void rs_tls_opening_free(struct tls_session *s);

#endif
