/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/lean.h"

#include <string.h>

#include "base/bytes.h"
#include "tls/domain_internal.h"
#include "tls/lean_12.h"
#include "tls/lean_version.h"
#include "tls/message.h"

/* Section 5.5: fewer records with one key than AES-GCM stands. */
#define MAX_RECORDS_PER_KEY (UINT64_C(1) << 23)
/* What carries no data, a read: a record more, and the client is told to go away. */
#define MAX_EMPTY_RECORDS 32
/* A record shorter than that only where there is no more to send. */
#define MIN_RECORD_BYTES 512

static const struct tls_lean_version *version_of(const struct tls_session *s);

/* ---- out of OpenSSL ---- */

void rs_tls_lean_count(struct tls_session *s, bool written, int content_type, struct span message)
{
	struct tls_record_keys *k = written ? &s->tx : &s->rx;

	if (content_type == SSL3_RT_HEADER)
		k->seq = message.data[0] == TLS_CONTENT_CCS ? 0 : k->seq + 1;
	else if (content_type == SSL3_RT_HANDSHAKE && message.len &&
		 message.data[0] == TLS_FINISHED && SSL_version(s->ssl) == TLS1_3_VERSION)
		k->seq = 0; /* what follows has other keys */
}

/* RFC 6066 section 4 */
static void use_max_fragment(struct tls_session *s)
{
	uint8_t code = SSL_SESSION_get_max_fragment_length(SSL_get_session(s->ssl));

	s->short_both_ways = code != TLSEXT_max_fragment_length_DISABLED;
	if (s->short_both_ways)
		s->max_fragment = (uint16_t)(256 << code);
}

static bool use_secret(struct tls_record_keys *k, const struct tls_record_suite *suite)
{
	uint8_t secret[TLS_MAX_SECRET];
	bool ok;

	memcpy(secret, k->secret, sizeof(secret));
	ok = rs_tls_keys_init(k, suite, secret);
	OPENSSL_cleanse(secret, sizeof(secret));
	return ok;
}

static bool use_own_secret(struct tls_session *s)
{
	const uint64_t n_sent = s->tx.seq;
	bool ok;

	s->suite = rs_tls_suite(
		s->domain->library, SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(s->ssl)));
	ok = s->n_secrets & TLS_SECRET_TX && s->suite && use_secret(&s->tx, s->suite);
	s->tx.seq = n_sent;
	return ok;
}

static bool use_secrets(struct tls_session *s)
{
	return use_own_secret(s) && s->n_secrets & TLS_SECRET_RX && use_secret(&s->rx, s->suite);
}

void rs_tls_lean_begin(struct tls_session *s)
{
	if (SSL_has_pending(s->ssl))
		return;
	use_max_fragment(s);
	s->lean = SSL_version(s->ssl) == TLS1_3_VERSION ? use_secrets(s)
							: rs_tls_lean_12_use_master(s);
	if (s->lean) {
		SSL_free(s->ssl);
		s->ssl = NULL;
	}
}

/* ---- writing ---- */

enum tls_status rs_tls_lean_seal(
	struct tls_session *s, uint8_t type, const uint8_t *data, uint32_t len)
{
	const struct tls_record_sink sink = rs_tls_lean_sink(s);
	uint32_t need =
		rs_tls_lean_sealed_bytes(len, s->max_fragment, rs_tls_record_overhead(&s->tx));

	if (s->pipe->total_room(s->self, need) < need)
		return TLS_WANT_ROOM;
	for (; len > s->max_fragment; len -= s->max_fragment, data += s->max_fragment)
		rs_tls_record_seal(&s->tx, type, data, s->max_fragment, &sink);
	rs_tls_record_seal(&s->tx, type, data, len, &sink);
	return TLS_OK;
}

/* Section 4.6.3: says so with the old keys, and goes on with new ones. */
static enum tls_status update_own_keys(struct tls_session *s)
{
	static const uint8_t update[TLS_KEY_UPDATE_BYTES] = {TLS_KEY_UPDATE, 0, 0, 1, 0};
	enum tls_status status;

	status = rs_tls_lean_seal(s, TLS_CONTENT_HANDSHAKE, update, sizeof(update));
	if (status != TLS_OK)
		return status;
	s->owes_answer = false;
	return rs_tls_keys_update(&s->tx, s->suite) ? TLS_OK : TLS_FAILED;
}

/* What has to be said before anything else. */
static enum tls_status settle(struct tls_session *s)
{
	const struct tls_lean_version *v = version_of(s);

	if (rs_likely(!s->owes_answer && s->tx.seq < v->max_records))
		return TLS_OK;
	return v->settle(s);
}

enum tls_status rs_tls_lean_write(
	struct tls_session *s, const uint8_t *data, uint32_t len, uint32_t *n)
{
	const uint32_t overhead = rs_tls_record_overhead(&s->tx);
	enum tls_status status = settle(s);
	const struct tls_record_sink sink = rs_tls_lean_sink(s);
	uint32_t room;

	if (status != TLS_OK)
		return status;
	len = rs_min_u32(len, s->max_fragment);
	room = s->pipe->total_room(s->self, len + overhead);
	if (room < len + overhead) {
		if (room < MIN_RECORD_BYTES + overhead)
			return TLS_WANT_ROOM;
		len = room - overhead;
	}
	rs_tls_record_seal(&s->tx, TLS_CONTENT_DATA, data, len, &sink);
	s->n_messages = 0;
	*n = len;
	return TLS_OK;
}

enum tls_status rs_tls_lean_say(struct tls_session *s, uint8_t level, enum tls_alert alert)
{
	const uint8_t message[2] = {level, (uint8_t)alert};

	return rs_tls_lean_seal(s, TLS_CONTENT_ALERT, message, sizeof(message));
}

enum tls_status rs_tls_lean_close(struct tls_session *s)
{
	return rs_tls_lean_say(s, SSL3_AL_WARNING, TLS_ALERT_CLOSE_NOTIFY);
}

/* ---- reading ---- */

enum tls_status rs_tls_lean_fail(struct tls_session *s, enum tls_alert alert)
{
	rs_tls_lean_say(s, SSL3_AL_FATAL, alert);
	return TLS_FAILED;
}

enum tls_status rs_tls_lean_refuse(struct tls_session *s, enum tls_alert alert)
{
	const struct tls_record_sink sink = rs_tls_lean_sink(s);
	const uint8_t record[] = {TLS_CONTENT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, (uint8_t)alert};

	if (s->pipe->total_room(s->self, sizeof(record)) >= sizeof(record))
		rs_tls_record_put(&sink, record, sizeof(record));
	return TLS_FAILED;
}

void rs_tls_lean_replace_alert(struct tls_session *s, enum tls_alert alert)
{
	s->tx.seq--; /* OpenSSL's has been counted */
	if (use_own_secret(s))
		rs_tls_lean_fail(s, alert);
}

/* Whether records of this type may come now, by their header: in 1.3 that is what is not sealed. */
static bool may_come(const struct tls_session *s, uint8_t type)
{
	if (rs_likely(type == TLS_CONTENT_DATA))
		return true;
	if (s->rx.format != TLS_RECORD_13)
		return type == TLS_CONTENT_ALERT || type == TLS_CONTENT_HANDSHAKE;
	return !s->open && (type == TLS_CONTENT_ALERT || type == TLS_CONTENT_CCS);
}

/* The length of a record, header and all, by its header. 0: *alert is what is wrong with it. */
static uint32_t record_bytes(
	const struct tls_session *s, const uint8_t *header, enum tls_alert *alert)
{
	uint32_t len = (uint32_t)header[3] << 8 | header[4];

	*alert = TLS_ALERT_UNEXPECTED_MESSAGE;
	if (!may_come(s, header[0]))
		return 0;
	*alert = TLS_ALERT_PROTOCOL_VERSION; /* of no meaning in 1.3 */
	if (s->rx.format != TLS_RECORD_13 && rs_load_be16(header + 1) != TLS1_2_VERSION)
		return 0;
	*alert = TLS_ALERT_RECORD_OVERFLOW;
	return len <= TLS_RECORD_MAX - TLS_RECORD_HEADER ? TLS_RECORD_HEADER + len : 0;
}

/* Puts a record together that comes in pieces. *bytes: of the whole of it. */
static enum tls_status gather(struct tls_session *s, const uint8_t **record, uint32_t *bytes)
{
	uint8_t *buffer = s->pipe->gather(s->self);
	uint32_t want = TLS_RECORD_HEADER;
	enum tls_alert alert;

	if (!buffer)
		return TLS_NO_BUFFER;
	for (;;) {
		struct span in;
		uint32_t n;

		if (s->n_gathered >= TLS_RECORD_HEADER) {
			want = record_bytes(s, buffer, &alert);
			if (!want)
				return rs_tls_lean_fail(s, alert);
			if (s->n_gathered == want)
				break;
		}
		in = s->pipe->peek(s->self);
		if (!in.len)
			return s->pipe->ended(s->self) ? TLS_ENDED : TLS_WANT_INPUT;
		n = rs_min_u32(in.len, want - s->n_gathered);
		memcpy(buffer + s->n_gathered, in.data, n);
		s->n_gathered += n;
		s->pipe->took(s->self, n);
	}
	*record = buffer;
	*bytes = want;
	return TLS_OK;
}

/* The next record, where it lies if it lies there as a whole. */
enum tls_status rs_tls_lean_next(struct tls_session *s, const uint8_t **record, uint32_t *bytes)
{
	struct span in = s->pipe->peek(s->self);
	enum tls_alert alert;

	if (!in.len && !s->n_gathered)
		return s->pipe->ended(s->self) ? TLS_ENDED : TLS_WANT_INPUT;
	if (s->n_gathered || in.len < TLS_RECORD_HEADER)
		return gather(s, record, bytes);
	*bytes = record_bytes(s, in.data, &alert);
	if (!*bytes)
		return rs_tls_lean_fail(s, alert);
	if (in.len < *bytes)
		return gather(s, record, bytes);
	*record = in.data;
	return TLS_OK;
}

void rs_tls_lean_drop(struct tls_session *s, uint32_t bytes)
{
	if (!s->n_gathered) {
		s->pipe->took(s->self, bytes);
		return;
	}
	s->n_gathered = 0;
	s->pipe->release(s->self);
}

enum tls_status rs_tls_lean_take_alert(struct tls_session *s, const uint8_t *alert, uint32_t n)
{
	if (n != 2) /* section 5.4 names the empty ones */
		return rs_tls_lean_fail(
			s, n ? TLS_ALERT_DECODE_ERROR : TLS_ALERT_UNEXPECTED_MESSAGE);
	if (alert[1] == TLS_ALERT_USER_CANCELED)
		return TLS_OK;
	if (alert[1] != TLS_ALERT_CLOSE_NOTIFY) {
		s->alerted = true;
		return TLS_FAILED; /* the client's word is the last one */
	}
	s->close_notified = true;
	return TLS_ENDED;
}

/*
 * What may come after the handshake is a KeyUpdate, in as many records as the client likes (section
 * 5.1), the last of which has nothing behind it.
 */
static enum tls_status take_handshake(struct tls_session *s, const uint8_t *text, uint32_t n)
{
	static const uint8_t head[TLS_KEY_UPDATE_BYTES - 1] = {TLS_KEY_UPDATE, 0, 0, 1};
	uint8_t *update = s->message;
	uint32_t more = rs_min_u32(n, TLS_KEY_UPDATE_BYTES - s->n_message);

	memcpy(update + s->n_message, text, more);
	s->n_message = (uint8_t)(s->n_message + more);
	if (!n || update[0] != TLS_KEY_UPDATE)
		return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
	if (memcmp(update, head, rs_min_u32(s->n_message, sizeof(head))) != 0)
		return rs_tls_lean_fail(s, TLS_ALERT_DECODE_ERROR);
	if (n > more)
		return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
	if (s->n_message < TLS_KEY_UPDATE_BYTES)
		return TLS_OK;
	s->n_message = 0;
	if (update[4] > 1)
		return rs_tls_lean_fail(s, TLS_ALERT_ILLEGAL_PARAMETER);
	if (s->n_messages++ == TLS_MAX_MESSAGES)
		return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
	if (!rs_tls_keys_update(&s->rx, s->suite))
		return TLS_FAILED;
	s->owes_answer |= update[4] == 1;
	return settle(s) == TLS_FAILED ? TLS_FAILED : TLS_OK;
}

/* ---- versions ---- */

static const struct tls_lean_version version_13 = {
	.max_records = MAX_RECORDS_PER_KEY,
	.settle = update_own_keys,
	.take_alert = rs_tls_lean_take_alert,
	.take_handshake = take_handshake,
};

static const struct tls_lean_version *version_of(const struct tls_session *s)
{
	return rs_likely(s->rx.format == TLS_RECORD_13) ? &version_13 : &rs_tls_lean_12;
}

/* TLS_OK with *n == 0: a record that carried no data. */
static enum tls_status read_one(struct tls_session *s, uint8_t *to, uint32_t *n)
{
	const uint8_t *record;
	uint32_t bytes;
	uint8_t type;
	enum tls_status status = rs_tls_lean_next(s, &record, &bytes);
	enum tls_alert alert;

	*n = 0;
	if (status != TLS_OK)
		return status;
	alert = rs_tls_record_open(&s->rx, record, bytes, to, n, &type);
	rs_tls_lean_drop(s, bytes);
	if (alert == TLS_ALERT_NONE && *n > s->max_fragment && s->short_both_ways)
		alert = TLS_ALERT_RECORD_OVERFLOW;
	if (alert != TLS_ALERT_NONE) {
		*n = 0;
		return rs_tls_lean_fail(s, alert);
	}
	if (rs_unlikely(s->n_message) && type != TLS_CONTENT_HANDSHAKE) {
		*n = 0;
		return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
	}
	if (type == TLS_CONTENT_DATA)
		return TLS_OK;
	bytes = *n;
	*n = 0;
	if (type == TLS_CONTENT_ALERT)
		return version_of(s)->take_alert(s, to, bytes);
	if (type == TLS_CONTENT_HANDSHAKE)
		return version_of(s)->take_handshake(s, to, bytes);
	return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
}

enum tls_status rs_tls_lean_read(struct tls_session *s, uint8_t *to, uint32_t max, uint32_t *n)
{
	enum tls_status status = TLS_OK;

	if (max < TLS_RECORD_MAX)
		return TLS_FAILED;
	*n = 0;
	for (uint32_t i = 0; status == TLS_OK && !*n; i++) {
		if (i > MAX_EMPTY_RECORDS)
			return rs_tls_lean_fail(s, TLS_ALERT_UNEXPECTED_MESSAGE);
		status = read_one(s, to, n);
	}
	if (*n)
		s->n_messages = 0;
	return status;
}
