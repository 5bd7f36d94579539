/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pairs of X25519 for handshakes of ours (RFC 7748, RFC 8446 section 4.2.8.2): some made ahead,
 * while the core has nothing else to do, others on the spot. Each is used for one handshake and
 * then gone. By libsodium, which makes one in two thirds of OpenSSL's time, from OpenSSL's random
 * bytes. Belongs to one core. Includes base and OpenSSL.
 */
#ifndef RS_TLS_PAIRS_H
#define RS_TLS_PAIRS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "tls/message.h"

#define TLS_PAIRS_AHEAD 64

struct tls_x25519 {
	uint8_t private[TLS_X25519_BYTES], public[TLS_X25519_BYTES];
};

struct tls_pairs {
	OSSL_LIB_CTX *library;
	uint32_t n;
	struct tls_x25519 ahead[TLS_PAIRS_AHEAD];
};

/* False: there is no libsodium to be had; free it all the same. None is made yet. */
bool rs_tls_pairs_init(struct tls_pairs *p, OSSL_LIB_CTX *library);
void rs_tls_pairs_free(struct tls_pairs *p);

/* One more for later. False: there are enough. */
bool rs_tls_pairs_make_ahead(struct tls_pairs *p);

/*
 * Agrees with a client's share, of TLS_X25519_BYTES. To share and secret, as long: ours, and what
 * only the two know. *was_ahead: its pair was made before. False: the client's is of small order.
 */
bool rs_tls_pairs_agree(struct tls_pairs *p, const uint8_t *theirs, uint8_t *share, uint8_t *secret,
	bool *was_ahead);

#endif
