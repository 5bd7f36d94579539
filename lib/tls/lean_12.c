/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/lean_12.h"

#include <string.h>

#include "base/bytes.h"
#include "tls/domain_internal.h"
#include "tls/lean.h"
#include "tls/message.h"

/*
 * What AES-GCM stands (RFC 8446 section 5.5 counts for it in any version). There are no other keys
 * to be had, so that is the end, after 256 GiB. Nonces are the numbers of the records, in the
 * handshake's Finished, too (provider_gcm.c), so that none comes twice.
 */
#define MAX_RECORDS (UINT64_C(1) << 24)

/* ---- out of OpenSSL ---- */

/* RFC 5289, RFC 7905: all that context.c lets be agreed on. Their hashes are those of 1.3, too. */
static const struct tls_record_suite *suite_of(const struct tls_library *library, uint32_t number)
{
	switch (number) {
	case TLS_SUITE_ECDSA_AES_128_GCM:
	case TLS_SUITE_RSA_AES_128_GCM:
		return &library->suites[TLS_AES_128_GCM];
	case TLS_SUITE_ECDSA_AES_256_GCM:
	case TLS_SUITE_RSA_AES_256_GCM:
		return &library->suites[TLS_AES_256_GCM];
	case TLS_SUITE_ECDSA_CHACHA20_POLY1305:
	case TLS_SUITE_RSA_CHACHA20_POLY1305:
		return &library->suites[TLS_CHACHA20_POLY1305];
	default:
		return NULL;
	}
}

bool rs_tls_lean_12_use_master(struct tls_session *s)
{
	const uint64_t n_read = s->rx.seq, n_written = s->tx.seq;
	uint8_t master[TLS_MASTER_BYTES], randoms[2 * TLS_RANDOM_BYTES];
	bool ok;

	s->suite = suite_of(
		s->domain->library, SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(s->ssl)));
	ok = s->suite &&
	     SSL_SESSION_get_master_key(SSL_get_session(s->ssl), master, sizeof(master)) ==
		     sizeof(master) &&
	     SSL_get_server_random(s->ssl, randoms, TLS_RANDOM_BYTES) == TLS_RANDOM_BYTES &&
	     SSL_get_client_random(s->ssl, randoms + TLS_RANDOM_BYTES, TLS_RANDOM_BYTES) ==
		     TLS_RANDOM_BYTES &&
	     rs_tls_keys_init_12(&s->rx, &s->tx, s->suite, master, randoms);
	s->rx.seq = n_read;
	s->tx.seq = n_written;
	OPENSSL_cleanse(master, sizeof(master));
	return ok;
}

/* ---- after the handshake ---- */

static enum tls_status settle(struct tls_session *s)
{
	enum tls_status status;

	if (s->tx.seq >= MAX_RECORDS) {
		rs_tls_lean_say(s, SSL3_AL_WARNING, TLS_ALERT_CLOSE_NOTIFY);
		return TLS_FAILED;
	}
	status = rs_tls_lean_say(s, SSL3_AL_WARNING, TLS_ALERT_NO_RENEGOTIATION);
	s->owes_answer = status != TLS_OK;
	return status;
}

/* Section 7.2: warnings are heeded by nobody, but for the one that ends the session. */
static enum tls_status take_alert(struct tls_session *s, const uint8_t *alert, uint32_t n)
{
	if (n != 2) /* section 6.2.1 forbids the empty ones */
		return rs_tls_lean_fail(
			s, n ? TLS_ALERT_DECODE_ERROR : TLS_ALERT_UNEXPECTED_MESSAGE);
	if (alert[0] != SSL3_AL_WARNING && alert[0] != SSL3_AL_FATAL)
		return rs_tls_lean_fail(s, TLS_ALERT_ILLEGAL_PARAMETER);
	if (alert[0] == SSL3_AL_FATAL) {
		s->alerted = true;
		return TLS_FAILED;
	}
	s->close_notified = alert[1] == TLS_ALERT_CLOSE_NOTIFY;
	return s->close_notified ? TLS_ENDED : TLS_OK;
}

/* Section 7.2.2: whoever would renegotiate is told that nobody does, and may go on without. */
static enum tls_status refuse(struct tls_session *s)
{
	if (s->n_messages++ == TLS_MAX_MESSAGES)
		return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
	s->owes_answer = true;
	return settle(s) == TLS_FAILED ? TLS_FAILED : TLS_OK;
}

/*
 * What may come is another ClientHello, in as many records as the client likes, and nobody reads
 * it: of the header that is kept, the length is what is still to come.
 */
static enum tls_status take_handshake(struct tls_session *s, const uint8_t *text, uint32_t n)
{
	enum tls_status status = TLS_OK;
	uint8_t *head = s->message;

	if (!n) /* section 6.2.1 */
		return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
	while (n && status == TLS_OK) {
		uint32_t take = rs_min_u32(n, TLS_MESSAGE_HEADER - s->n_message), left;

		memcpy(head + s->n_message, text, take);
		s->n_message = (uint8_t)(s->n_message + take);
		if (head[0] != TLS_CLIENT_HELLO)
			return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
		if (s->n_message < TLS_MESSAGE_HEADER)
			break;
		text += take;
		n -= take;
		left = rs_load_be32(head) & 0xffffff;
		take = rs_min_u32(n, left);
		rs_tls_put_number(head + 1, left - take, 3);
		if (take < left)
			break;
		text += take;
		n -= take;
		s->n_message = 0;
		status = refuse(s);
	}
	return status;
}

const struct tls_lean_version rs_tls_lean_12 = {
	.max_records = MAX_RECORDS,
	.settle = settle,
	.take_alert = take_alert,
	.take_handshake = take_handshake,
};
