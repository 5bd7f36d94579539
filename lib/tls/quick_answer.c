/* SPDX-License-Identifier: BSD-2-Clause */
/* What the client says to our first flight, and the ticket that it gets for it. */
#include <string.h>

#include "base/bytes.h"
#include "tls/domain_internal.h"
#include "tls/lean.h"
#include "tls/quick_internal.h"

#define MAX_DROPPED 32 /* records of a client; one CCS is usual */

/* Section 4.6.1 */
static bool send_ticket(struct tls_session *s)
{
	const struct tls_domain *d = s->domain;
	const struct tls_hkdf *h = s->suite->hkdf;
	static const uint8_t nonce[1];
	struct tls_ticket t = {.secret_bytes = (uint8_t)h->bytes};
	uint8_t out[TLS_TICKET_BYTES + 32];
	uint32_t n = rs_tls_put_header(
		out, TLS_NEW_SESSION_TICKET, 4 + 4 + 1 + sizeof(nonce) + 2 + TLS_TICKET_BYTES + 2);
	bool ok;

	n += rs_tls_put_number(out + n, d->ticket_lifetime_s, 4);
	n += rs_tls_put_bytes(out + n, s->quick->age_add, sizeof(s->quick->age_add));
	n += rs_tls_put_number(out + n, sizeof(nonce), 1);
	n += rs_tls_put_bytes(out + n, nonce, sizeof(nonce));
	n += rs_tls_put_number(out + n, TLS_TICKET_BYTES, 2);
	memcpy(t.name, s->quick->name, sizeof(t.name));
	memcpy(t.until_s, s->quick->until_s, sizeof(t.until_s));
	ok = rs_tls_quick_derive(h, s->quick->resumption, "resumption",
		     rs_tls_span(nonce, sizeof(nonce)), t.secret) &&
	     rs_tls_ticket_seal(d, &t, out + n);
	n += TLS_TICKET_BYTES;
	n += rs_tls_put_number(out + n, 0, 2); /* no extensions */
	OPENSSL_cleanse(&t, sizeof(t));
	return ok && rs_tls_lean_seal(s, TLS_CONTENT_HANDSHAKE, out, n) == TLS_OK;
}

static enum tls_status complete(struct tls_session *s)
{
	struct tls_domain *d = s->domain;

	if (!rs_tls_keys_change(&s->rx, s->suite, s->quick->secret) ||
		(s->quick->takes_tickets && !send_ticket(s)))
		return TLS_FAILED;
	d->counters[s->quick->resumed ? TLS_C_HANDSHAKES_RESUMED : TLS_C_HANDSHAKES_FULL]++;
	d->counters[TLS_C_HANDSHAKES_QUICK]++;
	s->open = true;
	s->lean = true;
	rs_tls_quick_free(s);
	return TLS_OK;
}

/*
 * In as many records as the client likes, with nothing between them, and nothing behind the last:
 * what follows has other keys (section 5.1).
 */
static enum tls_status take_finished(struct tls_session *s, const uint8_t *text, uint32_t n)
{
	struct tls_quick *q = s->quick;
	const uint32_t bytes = s->suite->hkdf->bytes;
	uint32_t more = rs_min_u32(n, TLS_MESSAGE_HEADER + bytes - q->n_heard);
	uint8_t head[TLS_MESSAGE_HEADER];

	memcpy(q->heard + q->n_heard, text, more);
	q->n_heard = (uint8_t)(q->n_heard + more);
	if (!n || q->heard[0] != TLS_FINISHED)
		return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
	rs_tls_put_header(head, TLS_FINISHED, bytes);
	if (memcmp(q->heard, head, rs_min_u32(q->n_heard, sizeof(head))) != 0)
		return rs_tls_lean_fail(s, TLS_ALERT_DECODE_ERROR);
	if (n > more)
		return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
	if (q->n_heard < sizeof(head) + bytes)
		return TLS_WANT_INPUT;
	if (CRYPTO_memcmp(q->heard + sizeof(head), q->verify, bytes) != 0)
		return rs_tls_lean_fail(s, TLS_ALERT_DECRYPT_ERROR);
	return complete(s);
}

/* A record that means nothing. Between the fragments of a message there may be none (section 5.1).
 */
static enum tls_status drop(struct tls_session *s)
{
	struct tls_quick *q = s->quick;

	if (!q->n_heard && q->n_dropped++ < MAX_DROPPED)
		return TLS_WANT_INPUT;
	return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
}

/* The client's word is the last one, if it is an alert; user_canceled ends nothing (section 6.1).
 */
static enum tls_status take_alert(struct tls_session *s, const uint8_t *alert, uint32_t n)
{
	if (s->quick->n_heard || rs_tls_lean_take_alert(s, alert, n) == TLS_OK)
		return drop(s);
	return TLS_FAILED;
}

static enum tls_status take_record(
	struct tls_session *s, const uint8_t *record, uint32_t bytes, uint8_t *text)
{
	enum tls_alert alert;
	uint32_t n;
	uint8_t type;

	if (record[0] == TLS_CONTENT_ALERT)
		return take_alert(s, record + TLS_RECORD_HEADER, bytes - TLS_RECORD_HEADER);
	if (record[0] == TLS_CONTENT_CCS) { /* section 5: to be dropped */
		if (bytes == TLS_RECORD_HEADER + 1 && record[TLS_RECORD_HEADER] == 1)
			return drop(s);
		return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
	}
	alert = rs_tls_record_open(&s->rx, record, bytes, text, &n, &type);
	if (alert != TLS_ALERT_NONE)
		return rs_tls_lean_fail(s, alert);
	if (type == TLS_CONTENT_ALERT)
		return take_alert(s, text, n);
	if (type != TLS_CONTENT_HANDSHAKE)
		return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
	return take_finished(s, text, n);
}

/* As many records as there are. */
enum tls_status rs_tls_quick_take_answer(struct tls_session *s, uint8_t *text)
{
	const uint32_t need = rs_tls_lean_sealed_bytes(
		TLS_TICKET_BYTES + 32, s->max_fragment, TLS_RECORD_OVERHEAD);
	enum tls_status status = TLS_WANT_INPUT;

	while (status == TLS_WANT_INPUT) {
		const uint8_t *record;
		uint32_t bytes;

		if (s->pipe->peek(s->self).len && s->pipe->total_room(s->self, need) < need)
			return TLS_WANT_ROOM;
		status = rs_tls_lean_next(s, &record, &bytes);
		if (status != TLS_OK)
			return status;
		status = take_record(s, record, bytes, text);
		rs_tls_lean_drop(s, bytes);
	}
	return status;
}
