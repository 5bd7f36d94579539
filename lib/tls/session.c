/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/session.h"

#include <string.h>

#include <openssl/err.h>

#include "base/bytes.h"
#include "tls/domain_internal.h"
#include "tls/lean.h"
#include "tls/opening.h"
#include "tls/quick.h"

/* ---- what OpenSSL says ---- */

/*
 * What it says of a call is read from its queue of errors, which older ones must not be in. To look
 * costs a sixth of what it costs to clear it.
 */
static void forget_errors(void)
{
	if (rs_unlikely(ERR_peek_error()))
		ERR_clear_error();
}

static enum tls_status fail(struct tls_session *s)
{
	const unsigned long error = ERR_peek_last_error();
	/* OpenSSL tells alerts from the client by their numbers, above all reasons of its own. */
	bool alerted = s->alerted || ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET;

	if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST) {
		s->domain->counters[TLS_C_PLAIN_HTTP]++;
		ERR_clear_error();
		return TLS_PLAIN_HTTP;
	}
	if (s->better_alert != TLS_ALERT_NONE)
		rs_tls_lean_replace_alert(s, s->better_alert);
	s->domain->counters[!s->open  ? TLS_C_HANDSHAKES_FAILED
			    : alerted ? TLS_C_ALERTS_IN
				      : TLS_C_RECORD_ERRORS]++;
	ERR_clear_error();
	return TLS_FAILED;
}

static enum tls_status end(struct tls_session *s)
{
	if (!s->open)
		return fail(s);
	if (s->lean ? !s->close_notified : !(SSL_get_shutdown(s->ssl) & SSL_RECEIVED_SHUTDOWN))
		s->domain->counters[TLS_C_TRUNCATED]++;
	return TLS_ENDED;
}

/* What OpenSSL has taken, and would go on: an empty record of a hello, or a point that is not
 * uncompressed. Nothing is sealed yet. */
static enum tls_status wait_for_input(struct tls_session *s)
{
	enum tls_alert fault = s->first_hello.was_there ? s->point_fault : s->hello_fault;

	if (fault == TLS_ALERT_NONE)
		return TLS_WANT_INPUT;
	rs_tls_lean_refuse(s, fault);
	return fail(s);
}

static enum tls_status status_of(struct tls_session *s, int result)
{
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return wait_for_input(s);
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_ROOM;
	case SSL_ERROR_ZERO_RETURN:
		return end(s);
	default:
		return fail(s);
	}
}

/* ---- the public functions ---- */

static void count_session(struct tls_domain *d, int more)
{
	__atomic_store_n(&d->n_sessions, d->n_sessions + (uint32_t)more, __ATOMIC_RELEASE);
}

/* From the ClientHello on, or from where it waits for it. */
static bool use_openssl(struct tls_session *s)
{
	SSL *ssl = SSL_new(s->domain->identities[0].ctx);
	BIO *bio = ssl ? BIO_new_ex(s->domain->library->ctx, s->domain->library->bio_method) : NULL;

	if (!bio || !SSL_set_app_data(ssl, s)) {
		BIO_free(bio);
		SSL_free(ssl);
		return false;
	}
	BIO_set_data(bio, s);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_accept_state(ssl);
	s->ssl = ssl;
	forget_errors(); /* of what was tried without it */
	return true;
}

bool rs_tls_session_open(
	struct tls_session *s, struct tls_domain *d, const struct tls_pipe *pipe, void *self)
{
	*s = (struct tls_session){.domain = d,
		.pipe = pipe,
		.self = self,
		.max_fragment = TLS_RECORD_PLAINTEXT,
		.early = d->early_data,
		.hello_fault = TLS_ALERT_NONE,
		.point_fault = TLS_ALERT_NONE,
		.better_alert = TLS_ALERT_NONE};
	if (!d->quick && !use_openssl(s)) {
		s->domain = NULL;
		return false;
	}
	count_session(d, 1);
	d->counters[TLS_C_OPENED]++;
	return true;
}

static enum tls_status read_early(struct tls_session *s, uint8_t *to, uint32_t max, uint32_t *n)
{
	size_t got = 0;
	int r = SSL_read_early_data(s->ssl, to, max, &got);

	if (r == SSL_READ_EARLY_DATA_ERROR)
		return status_of(s, 0);
	s->early = r != SSL_READ_EARLY_DATA_FINISH;
	*n = (uint32_t)got;
	s->domain->counters[TLS_C_BYTES_IN] += got;
	return TLS_OK;
}

/* What comes when the session is open: KeyUpdates of 1.3, hellos of 1.2. */
static void on_late_message(int written, int version, int content_type, const void *data,
	size_t bytes, SSL *ssl, void *unused)
{
	struct tls_session *s = SSL_get_app_data(ssl);

	(void)version;
	(void)data;
	(void)bytes;
	(void)unused;
	if (!written && content_type == SSL3_RT_HANDSHAKE && s->n_messages <= TLS_MAX_MESSAGES)
		s->n_messages++;
}

/* Records stay with OpenSSL. What its key derivation has told of their secrets is of no use now,
 * and would be out of date after the next KeyUpdate. */
static void stay_with_openssl(struct tls_session *s)
{
	rs_tls_keys_free(&s->rx);
	rs_tls_keys_free(&s->tx);
	SSL_set_msg_callback(s->ssl, on_late_message);
}

static enum tls_status shake_hands(struct tls_session *s)
{
	int r = SSL_do_handshake(s->ssl);

	if (r != 1)
		return status_of(s, r);
	s->open = true;
	s->domain->counters[SSL_session_reused(s->ssl) ? TLS_C_HANDSHAKES_RESUMED
						       : TLS_C_HANDSHAKES_FULL]++;
	if (s->domain->lean)
		rs_tls_lean_begin(s);
	if (!s->lean)
		stay_with_openssl(s);
	return TLS_OK;
}

static enum tls_status read_lean(struct tls_session *s, uint8_t *to, uint32_t max, uint32_t *n)
{
	enum tls_status status = rs_tls_lean_read(s, to, max, n);

	s->domain->counters[TLS_C_BYTES_IN] += *n;
	if (status == TLS_ENDED)
		return end(s);
	return status == TLS_FAILED ? fail(s) : status;
}

static enum tls_status write_lean(
	struct tls_session *s, const uint8_t *data, uint32_t len, uint32_t *n)
{
	enum tls_status status = rs_tls_lean_write(s, data, len, n);

	s->domain->counters[TLS_C_BYTES_OUT] += *n;
	return status == TLS_FAILED ? fail(s) : status;
}

/* A handshake of ours, or the decision that it is OpenSSL's. */
static enum tls_status shake_quickly(struct tls_session *s, uint8_t *text)
{
	bool declined = false;
	enum tls_status status = rs_tls_quick_go_on(s, text, &declined);

	if (declined)
		return use_openssl(s) ? TLS_OK : fail(s);
	if (status == TLS_ENDED || status == TLS_FAILED)
		return fail(s);
	return status;
}

/* OpenSSL would look for it at some length. What it could not write before it has to try again. */
static bool has_something_to_read(const struct tls_session *s)
{
	return s->opening || s->pipe->peek(s->self).len || s->pipe->ended(s->self) ||
	       SSL_has_pending(s->ssl) || SSL_want_write(s->ssl);
}

/* The handshake of OpenSSL, and early data, which comes before its end. */
static enum tls_status shake_with_openssl(
	struct tls_session *s, uint8_t *to, uint32_t max, uint32_t *n, bool *early)
{
	s->domain->library->at_work = s;
	while (s->early) {
		enum tls_status status = read_early(s, to, max, n);

		*early = *n;
		if (status != TLS_OK || *n)
			return status;
	}
	return shake_hands(s);
}

static enum tls_status read_openssl(struct tls_session *s, uint8_t *to, uint32_t max, uint32_t *n)
{
	size_t got = 0;
	int r = SSL_read_ex(s->ssl, to, max, &got);

	if (s->n_messages > TLS_MAX_MESSAGES)
		return fail(s); /* OpenSSL sends no alert for others */
	if (got)
		s->n_messages = 0;
	*n = (uint32_t)got;
	s->domain->counters[TLS_C_BYTES_IN] += got;
	return r == 1 ? TLS_OK : status_of(s, r);
}

enum tls_status rs_tls_session_read(
	struct tls_session *s, uint8_t *to, uint32_t max, uint32_t *n, bool *early)
{
	enum tls_status status = TLS_OK;

	*n = 0;
	*early = false;
	if (rs_likely(s->lean))
		return read_lean(s, to, max, n);
	if (s->open && !has_something_to_read(s))
		return TLS_WANT_INPUT;
	if (s->in_record && !s->open) /* its end is a ticket, which would come into that record */
		return TLS_WANT_ROOM;
	forget_errors();
	if (!s->ssl)
		status = shake_quickly(s, to);
	if (status == TLS_OK && !s->open)
		status = shake_with_openssl(s, to, max, n, early);
	if (status != TLS_OK || *n)
		return status;
	return s->lean ? read_lean(s, to, max, n) : read_openssl(s, to, max, n);
}

enum tls_status rs_tls_session_write(
	struct tls_session *s, const uint8_t *data, uint32_t len, uint32_t *n)
{
	enum tls_status status;
	size_t done = 0;
	int r;

	*n = 0;
	if (rs_likely(s->lean))
		return write_lean(s, data, len, n);
	if (!s->ssl)
		return TLS_WANT_INPUT;
	forget_errors();
	if (s->open)
		r = SSL_write_ex(s->ssl, data, len, &done);
	else if (SSL_get_early_data_status(s->ssl) == SSL_EARLY_DATA_ACCEPTED)
		r = SSL_write_early_data(s->ssl, data, len, &done);
	else
		return TLS_WANT_INPUT;
	if (done)
		s->n_messages = 0;
	*n = (uint32_t)done;
	s->domain->counters[TLS_C_BYTES_OUT] += done;
	status = r == 1 ? TLS_OK : status_of(s, r);
	s->in_record = status == TLS_WANT_ROOM;
	return status;
}

enum tls_status rs_tls_session_close(struct tls_session *s)
{
	int r;

	if (!s->open)
		return TLS_OK;
	if (s->lean)
		return rs_tls_lean_close(s);
	forget_errors();
	r = SSL_shutdown(s->ssl);
	return r >= 0 ? TLS_OK : status_of(s, r);
}

void rs_tls_session_free(struct tls_session *s)
{
	if (!s->domain)
		return;
	if (s->domain->library->at_work == s)
		s->domain->library->at_work = NULL;
	SSL_free(s->ssl);
	rs_tls_opening_free(s);
	rs_tls_quick_free(s);
	if (s->n_gathered)
		s->pipe->release(s->self);
	rs_tls_keys_free(&s->rx);
	rs_tls_keys_free(&s->tx);
	count_session(s->domain, -1);
	memset(s, 0, sizeof(*s));
}
