/* SPDX-License-Identifier: BSD-2-Clause */
/* What OpenSSL asks when a ClientHello has come: is it sound, whose certificate, which protocol. */
#include "base/bytes.h"
#include "tls/authorities.h"
#include "tls/choose.h"
#include "tls/domain_internal.h"
#include "tls/group.h"
#include "tls/hello.h"
#include "tls/hello_gist.h"
#include "tls/lean.h"
#include "tls/message.h"

/* ---- hellos ---- */

/* Sections 5 and 5.1: no message is in pieces of nothing, no change of cipher spec is one. OpenSSL
 * passes over them. */
static bool is_empty(struct span header)
{
	return header.len == TLS_RECORD_HEADER &&
	       (header.data[0] == TLS_CONTENT_HANDSHAKE || header.data[0] == TLS_CONTENT_CCS) &&
	       !rs_load_be16(header.data + 3);
}

/* Of a hello OpenSSL keeps the extensions that it knows; here are its bytes. */
static void on_message(int written, int version, int content_type, const void *data, size_t bytes,
	SSL *ssl, void *unused)
{
	const struct span message = {.data = data, .len = (uint32_t)bytes};
	const int type = content_type == SSL3_RT_HANDSHAKE && bytes ? message.data[0] : -1;
	struct tls_session *s = SSL_get_app_data(ssl);

	(void)version;
	(void)unused;
	rs_tls_lean_count(s, written, content_type, message);
	if (written && type == TLS_CERTIFICATE_REQUEST)
		rs_tls_authorities_widen(ssl);
	if (written || s->open)
		return;
	if (type == TLS_CLIENT_KEY_EXCHANGE)
		s->point_fault = rs_tls_group_point_fault(message);
	if (s->hello_fault != TLS_ALERT_NONE)
		return;
	if (content_type == SSL3_RT_HEADER && is_empty(message))
		s->hello_fault = TLS_ALERT_UNEXPECTED_MESSAGE;
	else if (type == TLS_CLIENT_HELLO)
		s->hello_fault = rs_tls_hello_gist_fault(message, &s->first_hello);
}

static struct span extension(SSL *ssl, unsigned int type)
{
	const unsigned char *data = NULL;
	size_t n = 0;

	SSL_client_hello_get0_ext(ssl, type, &data, &n);
	return (struct span){.data = data, .len = (uint32_t)n};
}

/* ---- limits of records (RFC 8449) ---- */

/*
 * Who offers max_fragment_length, too, gets that, as OpenSSL cannot be kept from it. And it cuts
 * its messages at 512 bytes or more: who wants less is not answered. In TLS 1.2 it cuts those that
 * are not sealed, too, which nobody has to, but GnuTLS expects.
 */
static void use_limit(struct tls_session *s, const struct tls_hello_parts *p, bool is_older)
{
	const struct span fragments = extension(s->ssl, TLSEXT_TYPE_max_fragment_length);
	uint32_t max;

	s->says_limit = false;
	s->fragments = fragments.len == 1 ? fragments.data[0] : 0;
	if (!p->record_limit.data || fragments.data)
		return;
	max = rs_min_u32(
		(uint32_t)rs_load_be16(p->record_limit.data) - !is_older, TLS_RECORD_PLAINTEXT);
	s->says_limit = SSL_set_max_send_fragment(s->ssl, max) == 1;
	if (s->says_limit)
		s->max_fragment = (uint16_t)max;
}

/* What any record may have: TLS 1.3 counts its type. */
static int say_limit(SSL *ssl, unsigned int type, unsigned int context, const unsigned char **out,
	size_t *n, X509 *cert, size_t i_cert, int *alert, void *unused)
{
	static const uint8_t limits[][2] = {{0x40, 0x00}, {0x40, 0x01}};
	const struct tls_session *s = SSL_get_app_data(ssl);

	(void)type;
	(void)cert;
	(void)i_cert;
	(void)alert;
	(void)unused;
	*out = limits[context == SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS];
	*n = sizeof(limits[0]);
	return s->says_limit;
}

static int on_hello(SSL *ssl, int *alert, void *unused)
{
	struct tls_hello_parts p = {
		.version = SSL_client_hello_get0_legacy_version(ssl),
		.name = extension(ssl, TLSEXT_TYPE_server_name),
		.versions = extension(ssl, TLSEXT_TYPE_supported_versions),
		.groups = extension(ssl, TLSEXT_TYPE_supported_groups),
		.formats = extension(ssl, TLSEXT_TYPE_ec_point_formats),
		.shares = extension(ssl, TLSEXT_TYPE_key_share),
		.psk_modes = extension(ssl, TLSEXT_TYPE_psk_kex_modes),
		.tickets = extension(ssl, TLSEXT_TYPE_psk),
		.signatures = extension(ssl, TLSEXT_TYPE_signature_algorithms),
		.renegotiation = extension(ssl, TLSEXT_TYPE_renegotiate),
		.authorities = extension(ssl, TLSEXT_TYPE_certificate_authorities),
		.cert_compressions = extension(ssl, TLS_EXT_COMPRESS_CERTIFICATE),
		.record_limit = extension(ssl, TLS_EXT_RECORD_SIZE_LIMIT),
	};
	struct tls_session *s = SSL_get_app_data(ssl);
	enum tls_alert fault = s->hello_fault;
	struct tls_hello h;

	(void)unused;
	rs_tls_note_name(s, p.name);
	p.suites.len = (uint32_t)SSL_client_hello_get0_ciphers(ssl, &p.suites.data);
	p.compressions.len =
		(uint32_t)SSL_client_hello_get0_compression_methods(ssl, &p.compressions.data);
	if (fault == TLS_ALERT_NONE)
		fault = rs_tls_hello_fault(&p);
	rs_tls_hello_skim(&p, &h);
	if (fault == TLS_ALERT_NONE &&
		!SSL_set_SSL_CTX(ssl, rs_tls_choose(s->domain, &h, &s->named)->ctx))
		fault = TLS_ALERT_INTERNAL_ERROR;
	if (fault == TLS_ALERT_NONE) {
		use_limit(s, &p, h.is_older);
		if (!h.psk_dhe_ke && !(h.psk_ke && s->domain->psk_ke))
			SSL_set_num_tickets(ssl, 0); /* section 4.2.9: they would be of no use */
		return SSL_CLIENT_HELLO_SUCCESS;
	}
	*alert = (int)fault;
	return SSL_CLIENT_HELLO_ERROR;
}

/* ---- names (RFC 6066 section 3) ---- */

/* The certificate is chosen already; whether the client hears that its name is known is not. */
static int on_server_name(SSL *ssl, int *alert, void *domain)
{
	const struct tls_session *s = SSL_get_app_data(ssl);
	struct tls_domain *d = domain;

	if (s->named)
		return SSL_TLSEXT_ERR_OK;
	if (!d->strict_sni)
		return SSL_TLSEXT_ERR_NOACK;
	d->counters[TLS_C_UNKNOWN_NAME]++;
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ---- protocols (RFC 7301) ---- */

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_bytes,
	const unsigned char *in, unsigned int in_bytes, void *domain)
{
	const struct span protocol = rs_tls_hello_protocol(rs_tls_span(in, in_bytes));
	struct tls_domain *d = domain;

	(void)ssl;
	*out = protocol.data;
	*out_bytes = (unsigned char)protocol.len;
	if (protocol.len)
		return SSL_TLSEXT_ERR_OK;
	d->counters[TLS_C_NO_PROTOCOL]++;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Without this OpenSSL forgets what a hello has of that type: on_hello() could not look at it. */
static bool know(
	SSL_CTX *ctx, unsigned int type, unsigned int answers, SSL_custom_ext_add_cb_ex say)
{
	return SSL_extension_supported(type) ||
	       SSL_CTX_add_custom_ext(
		       ctx, type, SSL_EXT_CLIENT_HELLO | answers, say, NULL, NULL, NULL, NULL) == 1;
}

bool rs_tls_use_greeting(struct tls_domain *d, SSL_CTX *ctx)
{
	SSL_CTX_set_msg_callback(ctx, on_message);
	SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
	SSL_CTX_set_tlsext_servername_arg(ctx, d);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, d);
	return know(ctx, TLS_EXT_COMPRESS_CERTIFICATE, 0, NULL) &&
	       know(ctx, TLS_EXT_RECORD_SIZE_LIMIT,
		       SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS,
		       say_limit);
}
