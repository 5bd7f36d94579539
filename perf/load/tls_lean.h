/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client's session after the handshake of TLS 1.3, by the records of lib/tls instead of
 * SSL_read() and SSL_write(): with these the generator, not the server, would be the limit. Tickets
 * are passed over, so that resumption stays with OpenSSL. Private to tls.c.
 */
#ifndef RS_LOAD_TLS_LEAN_H
#define RS_LOAD_TLS_LEAN_H

#include <openssl/ssl.h>

#include "base/sendq.h"
#include "tls.h"
#include "tls/hkdf.h"
#include "tls/record.h"

/* What the records of a cipher suite are made with. */
struct tls_lean_suite {
	struct tls_record_suite record;
	struct tls_aead *aead;
	struct tls_hkdf hkdf;
};

struct tls_lean {
	const struct tls_lean_suite *suite; /* NULL until rs_load_lean_begin() */
	uint8_t rx_secret[TLS_MAX_SECRET], tx_secret[TLS_MAX_SECRET];
	struct tls_record_keys rx, tx;
	uint8_t *gathered; /* a record that has not come as a whole; NULL: none */
	uint32_t n_gathered;
	uint8_t header[TLS_RECORD_HEADER]; /* of one of which not even that has come */
	bool owes_update;                  /* the server has asked for new keys of ours */
};

/* False: OpenSSL does not have it; free it all the same. It stays where it is. */
bool rs_load_lean_suite_init(
	struct tls_lean_suite *suite, OSSL_LIB_CTX *library, const SSL_CIPHER *cipher);

/* Harmless on one that is all zero. */
void rs_load_lean_suite_free(struct tls_lean_suite *suite);

/* A line of OpenSSL's key log. */
void rs_load_lean_key(struct tls_lean *l, const char *line);

/* The handshake is complete, and nothing was read behind it. suite outlives it. */
bool rs_load_lean_begin(struct tls_lean *l, const struct tls_lean_suite *suite);

/* As rs_load_tls_input(), after the handshake. to has room for TLS_RECORD_MAX bytes. */
enum load_tls_event rs_load_lean_read(
	struct tls_lean *l, struct span *in, uint8_t *to, uint32_t *n);

/* How much of the sink's room data of this length may take. */
uint32_t rs_load_lean_room(uint32_t len);

bool rs_load_lean_write(
	struct tls_lean *l, const uint8_t *data, uint32_t len, const struct tls_record_sink *sink);

/* Frees what it holds, and makes it new. */
void rs_load_lean_reset(struct tls_lean *l);

#endif
