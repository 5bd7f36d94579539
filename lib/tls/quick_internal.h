/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What quick.c, which answers a ClientHello, and quick_answer.c, which takes the client's answer to
 * that, share. Private to them.
 */
#ifndef RS_TLS_QUICK_INTERNAL_H
#define RS_TLS_QUICK_INTERNAL_H

#include "tls/hkdf.h"
#include "tls/message.h"
#include "tls/quick.h"
#include "tls/quick_ticket.h"

/* What is left to know when the first flight has been sent. */
struct tls_quick {
	uint8_t verify[TLS_MAX_HASH];     /* the client's Finished has to say */
	uint8_t secret[TLS_MAX_HASH];     /* of the client's records after that */
	uint8_t resumption[TLS_MAX_HASH]; /* resumption_master_secret */
	uint8_t name[TLS_TICKET_NAME_BYTES];
	uint8_t until_s[8]; /* of the ticket that it resumes from; else 0 */
	uint8_t age_add[4]; /* of the ticket that it gets */
	uint8_t heard[TLS_MESSAGE_HEADER + TLS_MAX_HASH]; /* of the Finished, so far */
	uint8_t n_heard;
	uint8_t n_dropped;
	bool resumed, takes_tickets;
};

/* Another secret of a key schedule (section 7.1), h->bytes of it. */
static inline bool rs_tls_quick_derive(const struct tls_hkdf *h, const uint8_t *secret,
	const char *label, struct span context, uint8_t *to)
{
	return rs_tls_hkdf_label(h, secret, label, context, to, h->bytes);
}

/* The rest of a handshake, when the first flight has been sent. As rs_tls_quick_go_on(). */
enum tls_status rs_tls_quick_take_answer(struct tls_session *s, uint8_t *text);

#endif
