/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record protocol of TLS 1.3 (RFC 8446 section 5), and that of TLS 1.2 with AEAD ciphers (RFC
 * 5246 section 6.2.3.3, RFC 5288, RFC 7905): records from plaintext, plaintext from records, by the
 * secrets of a handshake or of what follows it. For sessions without OpenSSL, whose
 * SSL_read() and SSL_write() cost more than the ciphers do: from the beginning (quick.h), or from
 * the end of the handshake on (lean.h).
 *
 * It does nothing but seal, open, and change keys; what the content means is the session's
 * business. Belongs to one core. Includes base and aead.h.
 */
#ifndef RS_TLS_RECORD_H
#define RS_TLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/aead.h"
#include "tls/hkdf.h"

#define TLS_RECORD_HEADER    5
#define TLS_RECORD_PLAINTEXT 16384 /* the most that one record carries */
#define TLS_RECORD_OVERHEAD  22    /* in 1.3: header, content type, tag, beside the plaintext */
#define TLS_RECORD_MAX       (TLS_RECORD_HEADER + TLS_RECORD_PLAINTEXT + 256)
#define TLS_MAX_SECRET       TLS_MAX_HASH
#define TLS_MASTER_BYTES     48 /* the secret of TLS 1.2 */
#define TLS_RANDOM_BYTES     32

/* RFC 8446 section 5.1, section 6 */
enum tls_content {
	TLS_CONTENT_CCS = 20,
	TLS_CONTENT_ALERT = 21,
	TLS_CONTENT_HANDSHAKE = 22,
	TLS_CONTENT_DATA = 23,
};

enum tls_alert {
	TLS_ALERT_CLOSE_NOTIFY = 0,
	TLS_ALERT_UNEXPECTED_MESSAGE = 10,
	TLS_ALERT_BAD_RECORD_MAC = 20,
	TLS_ALERT_RECORD_OVERFLOW = 22,
	TLS_ALERT_ILLEGAL_PARAMETER = 47,
	TLS_ALERT_DECODE_ERROR = 50,
	TLS_ALERT_DECRYPT_ERROR = 51,
	TLS_ALERT_PROTOCOL_VERSION = 70,
	TLS_ALERT_INTERNAL_ERROR = 80,
	TLS_ALERT_USER_CANCELED = 90,
	TLS_ALERT_NO_RENEGOTIATION = 100,
	TLS_ALERT_NONE = 255, /* not on the wire: nothing is wrong */
};

/* How a record is made of what its AEAD gives. */
enum tls_record_format {
	TLS_RECORD_13,
	TLS_RECORD_12,
	TLS_RECORD_12_GCM, /* carries a part of its nonce */
};

/* One direction. */
struct tls_record_keys {
	struct tls_aead_key *key;
	uint64_t seq; /* of the next record */
	uint8_t iv[TLS_AEAD_NONCE];
	uint8_t format;                 /* an enum tls_record_format */
	uint8_t secret[TLS_MAX_SECRET]; /* in 1.3 */
};

/* What a record needs of them comes first. */
#define TLS_RECORD_KEYS_HOT 32

_Static_assert(offsetof(struct tls_record_keys, secret) <= TLS_RECORD_KEYS_HOT,
	"the secret is for the next keys only");

/* What the keys of a suite are made with; of a core, made once. */
struct tls_record_suite {
	const struct tls_aead *aead;
	enum tls_aead_kind kind;
	const struct tls_hkdf *hkdf; /* secrets are as long as its hash */
};

/* Keys of TLS 1.3 from a secret of suite->hkdf->bytes. False: no memory. */
bool rs_tls_keys_init(
	struct tls_record_keys *k, const struct tls_record_suite *suite, const uint8_t *secret);

/*
 * Keys of TLS 1.2, the client's and the server's, from TLS_MASTER_BYTES of master secret and the
 * two randoms, TLS_RANDOM_BYTES each, the server's first (RFC 5246 section 6.3). False: no memory.
 */
bool rs_tls_keys_init_12(struct tls_record_keys *client, struct tls_record_keys *server,
	const struct tls_record_suite *suite, const uint8_t *master, const uint8_t *randoms);

/* Other keys of TLS 1.3 in the place of these; and the next generation of these (section 7.2). */
bool rs_tls_keys_change(
	struct tls_record_keys *k, const struct tls_record_suite *suite, const uint8_t *secret);
bool rs_tls_keys_update(struct tls_record_keys *k, const struct tls_record_suite *suite);

/* Harmless on one that is all zero. */
void rs_tls_keys_free(struct tls_record_keys *k);

/* What a record takes beside its plaintext. */
uint32_t rs_tls_record_overhead(const struct tls_record_keys *k);

/*
 * Opens the record of bytes at record, header and all, whose header says so many. Writes to to,
 * which has room for bytes; *n: how much of it is content of *type. Returns what is wrong, or
 * TLS_ALERT_NONE.
 */
enum tls_alert rs_tls_record_open(struct tls_record_keys *k, const uint8_t *record, uint32_t bytes,
	uint8_t *to, uint32_t *n, uint8_t *type);

/* Where a sealed record goes, piece by piece. */
struct tls_record_sink {
	void *self;
	/* Where to write next, *bytes of it. Never NULL while the record is being written: the
	 * caller has asked before how much room there is. */
	uint8_t *(*room)(void *self, uint32_t *bytes);
	void (*wrote)(void *self, uint32_t n);
};

/* Writes bytes as they are. */
void rs_tls_record_put(const struct tls_record_sink *sink, const uint8_t *from, uint32_t len);

/*
 * Seals len bytes (at most TLS_RECORD_PLAINTEXT) as one record of type; takes len +
 * rs_tls_record_overhead() bytes of the sink's room.
 */
void rs_tls_record_seal(struct tls_record_keys *k, uint8_t type, const uint8_t *data, uint32_t len,
	const struct tls_record_sink *sink);

#endif
