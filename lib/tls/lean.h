/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A session after the handshake, without OpenSSL's state machine: the traffic secrets of TLS 1.3
 * are had from its key derivation (provider.h), the keys of 1.2 from its master secret (lean_12.h),
 * and from then on records, alerts and key updates (RFC 8446 sections 4.6.3, 5, 6) are handled
 * here. Private to lib/tls.
 */
#ifndef RS_TLS_LEAN_H
#define RS_TLS_LEAN_H

#include <openssl/ssl.h>

#include "tls/session.h"

/*
 * Messages of a handshake in a row, with no data between: each costs more than what it is made of,
 * and no client needs so many.
 */
#define TLS_MAX_MESSAGES 32

/*
 * What OpenSSL has written or read, as its message callback has it: counts the records of each
 * direction. In 1.3 some of ours are behind our Finished, tickets and answers to early data; in 1.2
 * the Finished itself is one, or several if the client likes.
 */
void rs_tls_lean_count(struct tls_session *s, bool written, int content_type, struct span message);

/*
 * The handshake is complete: goes over, if it can; else everything stays with OpenSSL. Records are
 * as short as was agreed on (RFC 6066 section 4).
 */
void rs_tls_lean_begin(struct tls_session *s);

/* As the functions of session.h. Counters are the caller's. */
enum tls_status rs_tls_lean_read(struct tls_session *s, uint8_t *to, uint32_t max, uint32_t *n);
enum tls_status rs_tls_lean_write(
	struct tls_session *s, const uint8_t *data, uint32_t len, uint32_t *n);
/*
 * Handshake messages or an alert, in one record or, where the client wants short ones, in several;
 * all or nothing, if there is no room for it.
 */
enum tls_status rs_tls_lean_seal(
	struct tls_session *s, uint8_t type, const uint8_t *data, uint32_t len);

/* What len bytes take in records of max_fragment, each with its overhead. */
static inline uint32_t rs_tls_lean_sealed_bytes(
	uint32_t len, uint32_t max_fragment, uint32_t overhead)
{
	uint32_t bytes = len + overhead;

	for (; len > max_fragment; len -= max_fragment)
		bytes += overhead;
	return bytes;
}

/* Where records of a session go. */
static inline struct tls_record_sink rs_tls_lean_sink(const struct tls_session *s)
{
	return (struct tls_record_sink){
		.self = s->self, .room = s->pipe->room, .wrote = s->pipe->wrote};
}

/* One of ours, if there is room for it. */
enum tls_status rs_tls_lean_say(struct tls_session *s, uint8_t level, enum tls_alert alert);

/*
 * What was in a record of an alert of TLS 1.3. TLS_OK: it ends nothing. What is none gets one in
 * return.
 */
enum tls_status rs_tls_lean_take_alert(struct tls_session *s, const uint8_t *alert, uint32_t n);

/* Sends an alert. TLS_FAILED, always. */
enum tls_status rs_tls_lean_fail(struct tls_session *s, enum tls_alert alert);

/* The same before there are keys. */
enum tls_status rs_tls_lean_refuse(struct tls_session *s, enum tls_alert alert);

/*
 * Sends an alert where OpenSSL has sealed another one, in a handshake of TLS 1.3, that has not gone
 * out.
 */
void rs_tls_lean_replace_alert(struct tls_session *s, enum tls_alert alert);

/*
 * The next record, header and all; rs_tls_lean_drop() when it is done with. Before the session is
 * open that may also be one that is not encrypted: an alert, or a change of cipher spec.
 */
enum tls_status rs_tls_lean_next(struct tls_session *s, const uint8_t **record, uint32_t *bytes);
void rs_tls_lean_drop(struct tls_session *s, uint32_t bytes);

enum tls_status rs_tls_lean_close(struct tls_session *s);

#endif
