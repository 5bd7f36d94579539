/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way between OpenSSL and a session's pipe. It carries all bytes as they are, but for two that
 * OpenSSL does not take, or say, as RFC 8446 has them.
 */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "base/bytes.h"
#include "tls/domain_internal.h"
#include "tls/opening.h"
#include "tls/session.h"

/*
 * Of the first record the version is of no account (RFC 8446 section 5.1). OpenSSL minds its first
 * byte, and ends the connection without an alert, for it could be any other protocol.
 */
static void overlook_version(struct tls_session *s, uint8_t *read, size_t n)
{
	for (size_t i = 0; i < n && s->n_overlooked < 2; i++) {
		if (s->n_overlooked++ == 0)
			s->begins_as_tls =
				read[i] >= TLS_CONTENT_CCS && read[i] <= TLS_CONTENT_DATA;
		else if (s->begins_as_tls)
			read[i] = 3;
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
	*n = read_some(s, (uint8_t *)to, max);
	if (*n) {
		overlook_version(s, (uint8_t *)to, *n);
		return 1;
	}
	if (!s->pipe->ended(s->self))
		BIO_set_retry_read(bio);
	return 0;
}

/*
 * A binder that does not verify is a decrypt_error (RFC 8446 section 6.2); OpenSSL says
 * illegal_parameter. The alert is in the clear then.
 */
static const char *name_fault(const char *data, size_t len)
{
	static const char decrypt_error[] = {
		TLS_CONTENT_ALERT, 3, 3, 0, 2, 2, TLS_ALERT_DECRYPT_ERROR};
	const unsigned long error = ERR_peek_last_error();

	if (len == sizeof(decrypt_error) && data[0] == TLS_CONTENT_ALERT &&
		ERR_GET_LIB(error) == ERR_LIB_SSL &&
		ERR_GET_REASON(error) == SSL_R_BINDER_DOES_NOT_VERIFY)
		return decrypt_error;
	return data;
}

static int pipe_write(BIO *bio, const char *data, size_t len, size_t *n)
{
	const struct tls_session *s = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	data = name_fault(data, len);
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
