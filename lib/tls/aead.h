/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ciphers of TLS 1.3 (RFC 8446 section B.4), by the library that DPDK has for them, IPsec-MB: a
 * text takes one call for its beginning, one for each piece, and one for its end, and no look-up in
 * any of them. docs/adr/0007-records-by-ipsec-mb.md tells why it is not OpenSSL's EVP.
 *
 * Everything belongs to one core. Includes IPsec-MB only.
 */
#ifndef RS_TLS_AEAD_H
#define RS_TLS_AEAD_H

#include <stdbool.h>
#include <stdint.h>

#include <intel-ipsec-mb.h>

#define TLS_AEAD_NONCE   12
#define TLS_AEAD_TAG     16
#define TLS_AEAD_MAX_KEY 32

/* In the order of the suites' numbers, from 0x1301 on. */
enum tls_aead_kind {
	TLS_AES_128_GCM,
	TLS_AES_256_GCM,
	TLS_CHACHA20_POLY1305,
	TLS_N_AEADS,
};

/* What there is for this CPU. */
struct tls_aead;

/* NULL: no memory, or a CPU that IPsec-MB does not run on. */
struct tls_aead *rs_tls_aead_new(void);
void rs_tls_aead_free(struct tls_aead *a); /* a may be NULL */

uint32_t rs_tls_aead_key_bytes(enum tls_aead_kind kind);

/* Room for a key of any kind, 1 KiB. NULL: no memory. a outlives it. */
struct tls_aead_key;
struct tls_aead_key *rs_tls_aead_key_new(const struct tls_aead *a);
void rs_tls_aead_key_set(struct tls_aead_key *k, enum tls_aead_kind kind, const uint8_t *bytes);
void rs_tls_aead_key_free(struct tls_aead_key *k); /* cleans it; k may be NULL */

/* A text under way. */
struct tls_aead_text {
	const struct tls_aead_key *key;
	bool sealing;
	union {
		struct gcm_context_data gcm;
		struct chacha20_poly1305_context_data chacha;
	};
};

/*
 * A nonce is used for one text only. extra: n bytes that are vouched for and not encrypted.
 * sealing: else the text is opened.
 */
void rs_tls_aead_begin(struct tls_aead_text *t, const struct tls_aead_key *k, bool sealing,
	const uint8_t *nonce, const uint8_t *extra, uint32_t n);

/* The next n bytes, to the same place or to another that does not overlap. */
void rs_tls_aead_take(struct tls_aead_text *t, uint8_t *to, const uint8_t *from, uint32_t n);

/* tag: TLS_AEAD_TAG bytes, of what was sealed. */
void rs_tls_aead_end(struct tls_aead_text *t, uint8_t *tag);

/* False: this is not the tag of what was opened, none of which may be used then. */
bool rs_tls_aead_verify(struct tls_aead_text *t, const uint8_t *tag);

#endif
