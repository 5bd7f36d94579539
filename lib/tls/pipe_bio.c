/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way between OpenSSL and a session's pipe. It carries all bytes as they are, but for those
 * that OpenSSL does not take, or say, as RFC 8446 has them: the version of the first record, and
 * alerts.
 */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/proverr.h>

#include "base/bytes.h"
#include "tls/domain_internal.h"
#include "tls/opening.h"
#include "tls/session.h"

static bool begins_as_tls(const struct tls_session *s)
{
	return s->first_byte >= TLS_CONTENT_CCS && s->first_byte <= TLS_CONTENT_DATA;
}

/*
 * Of the first record the version is of no account (RFC 8446 section 5.1). OpenSSL minds its first
 * byte, and ends the connection without an alert, for it could be any other protocol. And a type
 * above 128 with version 3.1 is a hello of SSL 2.0 to it, by the 1, which it waits for; with 128 it
 * may be one, if of three bytes.
 */
static void overlook_version(struct tls_session *s, uint8_t *read, size_t n)
{
	for (size_t i = 0; i < n && s->n_overlooked < 3; i++) {
		switch (s->n_overlooked++) {
		case 0:
			s->first_byte = read[i];
			break;
		case 1:
			s->is_odd = s->first_byte > 0x80 && read[i] == 3;
			if (begins_as_tls(s))
				read[i] = 3;
			break;
		default:
			if (s->is_odd)
				read[i] = 3;
			break;
		}
	}
}

static size_t read_some(struct tls_session *s, uint8_t *to, size_t max)
{
	size_t n = rs_tls_opening_replay(s, to, (uint32_t)rs_min_u64(max, UINT32_MAX));
	struct span in;

	if (n)
		return n;
	in = s->pipe->peek(s->self);
	n = in.len < max ? in.len : max;
	if (!n)
		return 0;
	memcpy(to, in.data, n);
	s->pipe->took(s->self, (uint32_t)n);
	return n;
}

static int pipe_read(BIO *bio, char *to, size_t max, size_t *n)
{
	struct tls_session *s = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	*n = s->point_fault == TLS_ALERT_NONE ? read_some(s, (uint8_t *)to, max) : 0;
	if (*n) {
		overlook_version(s, (uint8_t *)to, *n);
		return 1;
	}
	if (!s->pipe->ended(s->self) || s->point_fault != TLS_ALERT_NONE)
		BIO_set_retry_read(bio);
	return 0;
}

/* Faults that OpenSSL has another alert for than RFC 5246, 8422 and 8446, by its errors. */
static const struct {
	int library, reason;
	enum tls_alert alert;
} faults[] = {
	{ERR_LIB_SSL, SSL_R_BINDER_DOES_NOT_VERIFY, TLS_ALERT_DECRYPT_ERROR},
	{ERR_LIB_SSL, SSL_R_EXCESSIVE_MESSAGE_SIZE, TLS_ALERT_DECODE_ERROR},
	{ERR_LIB_SSL, SSL_R_INVALID_CCS_MESSAGE, TLS_ALERT_UNEXPECTED_MESSAGE},
	{ERR_LIB_SSL, SSL_R_MISSING_TMP_ECDH_KEY, TLS_ALERT_DECODE_ERROR}, /* a message of none */
	{ERR_LIB_SSL, SSL_R_WRONG_SIGNATURE_TYPE, TLS_ALERT_ILLEGAL_PARAMETER},
	{ERR_LIB_EC, EC_R_POINT_AT_INFINITY, TLS_ALERT_ILLEGAL_PARAMETER},
	{ERR_LIB_PROV, PROV_R_INVALID_DATA, TLS_ALERT_BAD_RECORD_MAC}, /* shorter than a tag */
};

static bool is_error(unsigned long error, int library, int reason)
{
	return ERR_GET_LIB(error) == library && ERR_GET_REASON(error) == reason;
}

/* The right alert for what went wrong; TLS_ALERT_NONE: that which OpenSSL has written. */
static enum tls_alert name_fault(const struct tls_session *s)
{
	const unsigned long first = ERR_peek_error(), last = ERR_peek_last_error();

	if (s->point_fault != TLS_ALERT_NONE)
		return s->point_fault;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(faults); i++) {
		if (is_error(first, faults[i].library, faults[i].reason) ||
			is_error(last, faults[i].library, faults[i].reason))
			return faults[i].alert;
	}
	return TLS_ALERT_NONE;
}

/* An alert that is not sealed, and ends the session. */
static bool is_alert(const char *data, size_t len)
{
	return len == TLS_RECORD_HEADER + 2 && data[0] == TLS_CONTENT_ALERT &&
	       data[TLS_RECORD_HEADER] == SSL3_AL_FATAL;
}

/* As long as one in a handshake of TLS 1.3. */
static bool may_be_sealed_alert(const struct tls_session *s, const char *data, size_t len)
{
	return !s->open && len == 2 + TLS_RECORD_OVERHEAD && data[0] == TLS_CONTENT_DATA;
}

static int pipe_write(BIO *bio, const char *data, size_t len, size_t *n)
{
	struct tls_session *s = BIO_get_data(bio);
	char alert[TLS_RECORD_HEADER + 2];

	BIO_clear_retry_flags(bio);
	if (is_alert(data, len) && name_fault(s) != TLS_ALERT_NONE) {
		memcpy(alert, data, len);
		alert[len - 1] = (char)name_fault(s);
		data = alert;
	} else if (may_be_sealed_alert(s, data, len) && name_fault(s) != TLS_ALERT_NONE) {
		s->better_alert = name_fault(s);
		*n = len;
		return 1;
	}
	for (*n = 0; *n < len;) {
		uint32_t bytes;
		uint8_t *to = s->pipe->room(s->self, &bytes);

		if (!to)
			break;
		bytes = (uint32_t)rs_min_u64(bytes, len - *n);
		memcpy(to, data + *n, bytes);
		s->pipe->wrote(s->self, bytes);
		*n += bytes;
	}
	if (*n)
		return 1;
	BIO_set_retry_write(bio);
	return 0;
}

static long pipe_ctrl(BIO *bio, int command, long argument, void *pointer)
{
	const struct tls_session *s;

	(void)argument;
	(void)pointer;
	if (command != BIO_CTRL_EOF)
		return command == BIO_CTRL_FLUSH;
	s = BIO_get_data(bio);
	return s->pipe->ended(s->self) && !s->opening && !s->pipe->peek(s->self).len;
}

static int pipe_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *rs_tls_new_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pipe");

	if (m && BIO_meth_set_read_ex(m, pipe_read) && BIO_meth_set_write_ex(m, pipe_write) &&
		BIO_meth_set_ctrl(m, pipe_ctrl) && BIO_meth_set_create(m, pipe_create))
		return m;
	BIO_meth_free(m);
	return NULL;
}
