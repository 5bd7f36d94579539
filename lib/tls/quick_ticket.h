/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tickets of our own handshakes (quick.c): the secret, the hash it belongs to, the name it was
 * issued for and when, sealed with AES-256-GCM by a key that is derived from a ticket key
 * (tickets.h), whose name stands in front. OpenSSL's tickets of the same key do not open here, nor
 * these there; either way a full handshake follows. Private to lib/tls.
 */
#ifndef RS_TLS_QUICK_TICKET_H
#define RS_TLS_QUICK_TICKET_H

#include "tls/domain_internal.h"

#define TLS_TICKET_NAME_BYTES 32 /* SHA-256 of a server name */

struct tls_ticket {
	uint8_t version;
	uint8_t secret_bytes; /* as many as the hash has */
	uint8_t issued_s[8];  /* since 1970: boxes share keys, and a clock, or nearly so */
	uint8_t until_s[8];   /* … whenever that was; see TLS_MAX_RESUMPTION_S */
	uint8_t name[TLS_TICKET_NAME_BYTES];
	uint8_t secret[TLS_MAX_HASH];
};

#define TLS_TICKET_BYTES (16 + 12 + sizeof(struct tls_ticket) + 16)

/*
 * Fills in version and time, and until_s if that is 0: after a full handshake. What follows from a
 * ticket has that of the ticket. to: TLS_TICKET_BYTES.
 */
bool rs_tls_ticket_seal(const struct tls_domain *d, struct tls_ticket *t, uint8_t *to);

/* False: it is not ours, or too old. */
bool rs_tls_ticket_open(const struct tls_domain *d, struct span sealed, struct tls_ticket *t);

#endif
