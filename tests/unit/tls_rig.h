/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TLS session of ours and OpenSSL's own client, over memory: what both say is carried by hand,
 * whole or in crumbs. For tests of lib/tls, and perf/micro/tls.c. A fault of the rig's own ends the
 * process.
 */
#ifndef RS_TESTS_TLS_RIG_H
#define RS_TESTS_TLS_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/bytes.h"
#include "rig_check.h"
#include "temp.h"
#include "tls/session.h"

#define BUFFER_BYTES  (1 << 20)
#define RIG_MAX_PAIRS 3

/* ---- a certificate ---- */

static char cert_path[TEMP_PATH_BYTES];
static char key_path[TEMP_PATH_BYTES];

/* For a.test, signed by its own key, which it frees. */
static inline void make_certificate_for(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	FILE *file;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)"a.test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	RIG_CHECK(X509_sign(cert, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) > 0);
	file = temp_new_file(cert_path);
	PEM_write_X509(file, cert);
	fclose(file);
	file = temp_new_file(key_path);
	PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static inline int make_certificate(void **state)
{
	(void)state;
	make_certificate_for(EVP_EC_gen("P-256"));
	return 0;
}

/* ---- what a client may resume ---- */

static SSL_SESSION *last_session;

/* The callback for a client's new sessions. */
static inline int keep_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(last_session);
	last_session = session;
	return 1;
}

/* ---- a server and a client ---- */

struct rig {
	struct tls_settings settings;
	struct tls_pair pairs[RIG_MAX_PAIRS];
	struct tls_shared *shared;
	struct tls_library *library;
	struct tls_domain *domain;
	uint64_t counters[TLS_N_COUNTERS];
	struct tls_session server;
	uint8_t *in, *out; /* ciphertext: to the server, from the server */
	uint32_t in_from, in_to, out_to;
	uint32_t shown; /* the server sees at most so many bytes at a time … */
	uint32_t piece; /* … writes pieces of so many … */
	uint32_t roomy; /* … and may write so many before it is told to wait */
	uint8_t gathered[TLS_RECORD_MAX];
	bool is_gathering, has_ended;
	SSL_CTX *ctx;
	SSL *client;
	uint8_t text[TLS_RECORD_MAX];
};

static struct span peek(void *self)
{
	struct rig *r = self;

	return (struct span){
		.data = r->in + r->in_from,
		.len = rs_min_u32(r->in_to - r->in_from, r->shown),
	};
}

static void took(void *self, uint32_t n)
{
	((struct rig *)self)->in_from += n;
}

static bool ended(void *self)
{
	return ((struct rig *)self)->has_ended;
}

static uint8_t *room(void *self, uint32_t *bytes)
{
	struct rig *r = self;

	*bytes = rs_min_u32(r->roomy, r->piece); /* as chunks are */
	return *bytes ? r->out + r->out_to : NULL;
}

static void wrote(void *self, uint32_t n)
{
	struct rig *r = self;

	r->out_to += n;
	r->roomy -= n;
}

static uint32_t total_room(void *self, uint32_t wanted)
{
	(void)wanted;
	return ((struct rig *)self)->roomy;
}

static uint8_t *gather(void *self)
{
	((struct rig *)self)->is_gathering = true;
	return ((struct rig *)self)->gathered;
}

static void release(void *self)
{
	((struct rig *)self)->is_gathering = false;
}

static const struct tls_pipe pipe_ops = {
	.peek = peek,
	.took = took,
	.ended = ended,
	.room = room,
	.wrote = wrote,
	.total_room = total_room,
	.gather = gather,
	.release = release,
};

static inline void rig_new_domain(struct rig *r)
{
	char why[256];

	r->domain = rs_tls_domain_new(r->library, &r->settings, r->shared, r->counters,
		&(struct tls_audience){.why = why, .why_bytes = sizeof(why)});
	RIG_CHECK(r->domain);
}

/* Made anew with what the settings say now. */
static inline void rig_change_domain(struct rig *r)
{
	rs_tls_domain_free(r->domain);
	rig_new_domain(r);
}

static inline void rig_init_with(struct rig *r, bool no_lean)
{
	memset(r, 0, sizeof(*r));
	r->settings.n_pairs = 1;
	r->settings.pairs = r->pairs;
	r->settings.pairs[0] = (struct tls_pair){.cert = cert_path, .key = key_path};
	r->settings.ticket_lifetime_s = 100;
	r->settings.no_lean = no_lean;
	r->shared = calloc(1, sizeof(*r->shared));
	rs_tls_tickets_init(&r->shared->tickets);
	r->library = rs_tls_library_new();
	rig_new_domain(r);
	r->in = malloc(BUFFER_BYTES);
	r->out = malloc(BUFFER_BYTES);
	r->ctx = SSL_CTX_new(TLS_client_method());
}

static inline void rig_init(struct rig *r)
{
	rig_init_with(r, false);
}

static inline void rig_connect(struct rig *r)
{
	RIG_CHECK(rs_tls_session_open(&r->server, r->domain, &pipe_ops, r));
	r->in_from = r->in_to = r->out_to = 0;
	r->shown = UINT32_MAX;
	r->roomy = BUFFER_BYTES;
	r->piece = 2112;
	r->has_ended = false;
	r->client = SSL_new(r->ctx);
	SSL_set_bio(r->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(r->client);
}

static inline void rig_disconnect(struct rig *r)
{
	/* Or else OpenSSL would not resume its session. */
	SSL_set_shutdown(r->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(r->client);
	rs_tls_session_free(&r->server);
	RIG_CHECK(!r->is_gathering);
	RIG_CHECK(rs_tls_domain_n_sessions(r->domain) == 0);
}

static inline void rig_fini(struct rig *r)
{
	SSL_CTX_free(r->ctx);
	rs_tls_domain_free(r->domain);
	rs_tls_library_free(r->library);
	free(r->shared);
	free(r->in);
	free(r->out);
}

/* Carries what both have said. */
static inline void carry(struct rig *r)
{
	int n = BIO_read(SSL_get_wbio(r->client), r->in + r->in_to, (int)(BUFFER_BYTES - r->in_to));

	r->in_to += n > 0 ? (uint32_t)n : 0;
	if (r->out_to)
		BIO_write(SSL_get_rbio(r->client), r->out, (int)r->out_to);
	r->out_to = 0;
	if (r->in_from == r->in_to)
		r->in_from = r->in_to = 0;
}

static inline enum tls_status server_read(struct rig *r, uint32_t *n)
{
	bool early;

	return rs_tls_session_read(&r->server, r->text, sizeof(r->text), n, &early);
}

static inline void shake_hands(struct rig *r)
{
	uint32_t n;

	for (int i = 0; i < 1000 && !(SSL_is_init_finished(r->client) && r->server.open); i++) {
		SSL_do_handshake(r->client);
		carry(r);
		RIG_CHECK(server_read(r, &n) == TLS_WANT_INPUT);
		carry(r);
	}
	RIG_CHECK(r->server.open);
}

/* The client says n bytes of a pattern, and the server repeats them. */
static inline void echo(struct rig *r, uint32_t n)
{
	static uint8_t said[100000], heard[100000];
	uint32_t at_server = 0, written = 0, at_client = 0;

	for (uint32_t i = 0; i < n; i++)
		said[i] = (uint8_t)(i * 7 + i / 251 + n);
	RIG_CHECK(SSL_write(r->client, said, (int)n) == (int)n);
	carry(r);
	while (at_server < n) {
		uint32_t got;

		RIG_CHECK(server_read(r, &got) == TLS_OK);
		RIG_CHECK(!memcmp(r->text, said + at_server, got));
		at_server += got;
	}
	while (at_client < n) {
		uint32_t took_n = 0;
		int got;

		if (written < n) {
			enum tls_status status = rs_tls_session_write(
				&r->server, said + written, n - written, &took_n);

			RIG_CHECK(status == TLS_OK || status == TLS_WANT_ROOM);
			written += took_n;
			r->roomy += 700;
		}
		carry(r);
		while ((got = SSL_read(r->client, heard + at_client, (int)(n - at_client))) > 0)
			at_client += (uint32_t)got;
		RIG_CHECK(at_client == n || SSL_get_error(r->client, got) == SSL_ERROR_WANT_READ);
	}
	RIG_CHECK(!memcmp(said, heard, n));
}

/* The alert that the client gets, or -1. */
static inline int alert_of(struct rig *r)
{
	char byte;

	carry(r);
	ERR_clear_error();
	if (SSL_read(r->client, &byte, 1) > 0)
		return -1;
	return ERR_GET_REASON(ERR_peek_error()) - SSL_AD_REASON_OFFSET;
}

/* Where what a test seals as the client goes: to the server. */
static inline uint8_t *rig_to_server(void *self, uint32_t *bytes)
{
	struct rig *r = self;

	*bytes = BUFFER_BYTES - r->in_to;
	return r->in + r->in_to;
}

static inline void rig_has_come(void *self, uint32_t n)
{
	((struct rig *)self)->in_to += n;
}

static inline struct tls_record_sink rig_sink(struct rig *r)
{
	return (struct tls_record_sink){.self = r, .room = rig_to_server, .wrote = rig_has_come};
}

#endif
