/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys that session tickets are sealed with (RFC 5077 section 4, RFC 8446 section 4.6.1). One
 * struct tls_tickets is shared by all TLS cores without a lock: the control core puts a new key in
 * front now and then, and the last few go on opening what they have sealed. One that does not any
 * more is wiped: what it has sealed is as secret as the key.
 *
 * Includes base, and OpenSSL's random numbers.
 */
#ifndef RS_TLS_TICKETS_H
#define RS_TLS_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_TICKET_KEY_BYTES 80 /* in a file: name, HMAC key, AES key */
#define TLS_TICKET_KEYS      4  /* that open tickets; the first also seals */

/*
 * From a full handshake on, however often its tickets are renewed (RFC 8446 section 4.6.1 leaves
 * the limit to us): by then a client has to show anew that it knows more than an old secret.
 */
#define TLS_MAX_RESUMPTION_S (7 * 24 * 3600)

struct tls_ticket_key {
	uint8_t name[16];
	uint8_t hmac[32];
	uint8_t aes[32];
};

_Static_assert(sizeof(struct tls_ticket_key) == TLS_TICKET_KEY_BYTES, "as in a file");

/* A ring that one core writes and all read: what is being written is none of the last few. */
#define TLS_TICKET_SLOTS 8

struct tls_tickets {
	uint32_t newest; /* atomic; counts up */
	struct tls_ticket_key slots[TLS_TICKET_SLOTS];
};

/* Random keys. 0 or -EIO. */
int rs_tls_tickets_init(struct tls_tickets *t);

/*
 * A new random key in front. Control core. 0 or -EIO, and then everything stays as it is.
 */
int rs_tls_tickets_rotate(struct tls_tickets *t);

/* What a file has; to be wiped when it is done with. */
struct tls_ticket_file {
	struct tls_ticket_key keys[TLS_TICKET_KEYS + 1]; /* the first seals */
	uint32_t n;
};

/*
 * The keys in a file of 1 to TLS_TICKET_KEYS times TLS_TICKET_KEY_BYTES. 0, or -errno with words in
 * why, and no key in file.
 */
int rs_tls_tickets_read(
	struct tls_ticket_file *file, const char *path, char *why, size_t why_bytes);

/* They take the place of all others; and are wiped. Control core. */
void rs_tls_tickets_use(struct tls_tickets *t, struct tls_ticket_file *file);

/* Any core. The key that seals. */
void rs_tls_tickets_newest(const struct tls_tickets *t, struct tls_ticket_key *key);

/* Any core. The key of that name; false: there is none (any more). *is_newest: it seals, too. */
bool rs_tls_tickets_find(const struct tls_tickets *t, const uint8_t name[16],
	struct tls_ticket_key *key, bool *is_newest);

#endif
