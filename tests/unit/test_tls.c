/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/tls against OpenSSL's own client, over memory: the client's words and ours are carried by the
 * test, whole or in crumbs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/bytes.h"
#include "tls/session.h"

#define BUFFER_BYTES (1 << 20)

/* ---- a certificate ---- */

static char cert_path[] = "/tmp/ringside-test-cert-XXXXXX";
static char key_path[] = "/tmp/ringside-test-key-XXXXXX";

static FILE *new_file(char *path)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	return fdopen(fd, "w");
}

static int make_certificate(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	FILE *file;

	(void)state;
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)"a.test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	file = new_file(cert_path);
	PEM_write_X509(file, cert);
	fclose(file);
	file = new_file(key_path);
	PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	X509_free(cert);
	EVP_PKEY_free(key);
	return 0;
}

static int remove_certificate(void **state)
{
	(void)state;
	unlink(cert_path);
	unlink(key_path);
	return 0;
}

/* ---- a server and a client ---- */

struct rig {
	struct tls_settings settings;
	struct tls_shared *shared;
	struct tls_library *library;
	struct tls_domain *domain;
	uint64_t counters[TLS_N_COUNTERS];
	struct tls_session server;
	uint8_t *in, *out; /* ciphertext: to the server, from the server */
	uint32_t in_from, in_to, out_to;
	uint32_t shown; /* the server sees at most so many bytes at a time … */
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

	*bytes = rs_min_u32(r->roomy, 100); /* in pieces, as chunks are */
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

static void rig_init(struct rig *r)
{
	char why[256];

	memset(r, 0, sizeof(*r));
	r->settings.n_pairs = 1;
	r->settings.pairs[0] = (struct tls_pair){.cert = cert_path, .key = key_path};
	r->settings.ticket_lifetime_s = 100;
	r->shared = calloc(1, sizeof(*r->shared));
	rs_tls_tickets_init(&r->shared->tickets);
	r->library = rs_tls_library_new();
	r->domain = rs_tls_domain_new(
		r->library, &r->settings, r->shared, r->counters, why, sizeof(why));
	assert_non_null(r->domain);
	r->in = malloc(BUFFER_BYTES);
	r->out = malloc(BUFFER_BYTES);
	r->ctx = SSL_CTX_new(TLS_client_method());
}

static void rig_connect(struct rig *r)
{
	assert_true(rs_tls_session_open(&r->server, r->domain, &pipe_ops, r));
	r->in_from = r->in_to = r->out_to = 0;
	r->shown = UINT32_MAX;
	r->roomy = BUFFER_BYTES;
	r->has_ended = false;
	r->client = SSL_new(r->ctx);
	SSL_set_bio(r->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(r->client);
}

static void rig_disconnect(struct rig *r)
{
	/* Or else OpenSSL would not resume its session. */
	SSL_set_shutdown(r->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(r->client);
	rs_tls_session_free(&r->server);
	assert_false(r->is_gathering);
	assert_int_equal(rs_tls_domain_n_sessions(r->domain), 0);
}

static void rig_fini(struct rig *r)
{
	SSL_CTX_free(r->ctx);
	rs_tls_domain_free(r->domain);
	rs_tls_library_free(r->library);
	free(r->shared);
	free(r->in);
	free(r->out);
}

/* Carries what both have said. */
static void carry(struct rig *r)
{
	int n = BIO_read(SSL_get_wbio(r->client), r->in + r->in_to, (int)(BUFFER_BYTES - r->in_to));

	r->in_to += n > 0 ? (uint32_t)n : 0;
	if (r->out_to)
		BIO_write(SSL_get_rbio(r->client), r->out, (int)r->out_to);
	r->out_to = 0;
	if (r->in_from == r->in_to)
		r->in_from = r->in_to = 0;
}

static enum tls_status server_read(struct rig *r, uint32_t *n)
{
	bool early;

	return rs_tls_session_read(&r->server, r->text, sizeof(r->text), n, &early);
}

static void shake_hands(struct rig *r)
{
	uint32_t n;

	for (int i = 0; i < 1000 && !(SSL_is_init_finished(r->client) && r->server.open); i++) {
		SSL_do_handshake(r->client);
		carry(r);
		assert_int_equal(server_read(r, &n), TLS_WANT_INPUT);
		carry(r);
	}
	assert_true(r->server.open);
}

/* The client says n bytes of a pattern, and the server repeats them. */
static void echo(struct rig *r, uint32_t n)
{
	static uint8_t said[100000], heard[100000];
	uint32_t at_server = 0, written = 0, at_client = 0;

	for (uint32_t i = 0; i < n; i++)
		said[i] = (uint8_t)(i * 7 + i / 251 + n);
	assert_int_equal(SSL_write(r->client, said, (int)n), n);
	carry(r);
	while (at_server < n) {
		uint32_t got;

		assert_int_equal(server_read(r, &got), TLS_OK);
		assert_memory_equal(r->text, said + at_server, got);
		at_server += got;
	}
	while (at_client < n) {
		uint32_t took_n = 0;
		int got;

		if (written < n) {
			enum tls_status status = rs_tls_session_write(
				&r->server, said + written, n - written, &took_n);

			assert_true(status == TLS_OK || status == TLS_WANT_ROOM);
			written += took_n;
			r->roomy += 700;
		}
		carry(r);
		while ((got = SSL_read(r->client, heard + at_client, (int)(n - at_client))) > 0)
			at_client += (uint32_t)got;
		assert_int_equal(SSL_get_error(r->client, got),
			at_client < n ? SSL_ERROR_WANT_READ : SSL_get_error(r->client, got));
	}
	assert_memory_equal(said, heard, n);
}

static void every_suite_and_size(void **state)
{
	static const char *const suites[] = {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
	static const uint32_t sizes[] = {1, 2, 77, 78, 79, 100, 1000, 16383, 16384, 16385, 70000};
	static struct rig r;

	(void)state;
	for (uint32_t suite = 0; suite < 3; suite++) {
		for (uint32_t crumbs = 0; crumbs < 3; crumbs++) {
			rig_init(&r);
			SSL_CTX_set_ciphersuites(r.ctx, suites[suite]);
			rig_connect(&r);
			r.shown = crumbs == 0 ? UINT32_MAX : crumbs == 1 ? 1 : 1460;
			shake_hands(&r);
			assert_true(r.server.lean);
			assert_null(r.server.ssl);
			r.roomy = 3000;
			for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
				echo(&r, sizes[i]);
			rig_disconnect(&r);
			rig_fini(&r);
		}
	}
}

static void older_clients_stay_with_openssl(void **state)
{
	static struct rig r;

	(void)state;
	rig_init(&r);
	SSL_CTX_set_max_proto_version(r.ctx, TLS1_2_VERSION);
	rig_connect(&r);
	shake_hands(&r);
	assert_false(r.server.lean);
	echo(&r, 50000);
	rig_disconnect(&r);
	rig_fini(&r);
}

static void keys_are_updated_both_ways(void **state)
{
	static struct rig r;

	(void)state;
	rig_init(&r);
	rig_connect(&r);
	shake_hands(&r);
	for (uint32_t i = 0; i < 20; i++) {
		uint64_t seq = r.server.tx.seq;

		SSL_key_update(
			r.client, i % 2 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
		echo(&r, 100);
		if (i % 2)
			assert_true(r.server.tx.seq <= seq); /* new keys count from 0 */
	}
	rig_disconnect(&r);
	rig_fini(&r);
}

/* The alert that the client gets, or -1. */
static int alert_of(struct rig *r)
{
	char byte;

	carry(r);
	ERR_clear_error();
	if (SSL_read(r->client, &byte, 1) > 0)
		return -1;
	return ERR_GET_REASON(ERR_peek_error()) - SSL_AD_REASON_OFFSET;
}

static void bad_records(void **state)
{
	enum {
		FLIP,
		PLAIN_ALERT,
		TOO_LONG,
		TOO_SHORT,
		CCS,
		N
	};
	static const int alerts[N] = {[FLIP] = TLS_ALERT_BAD_RECORD_MAC,
		[PLAIN_ALERT] = TLS_ALERT_UNEXPECTED_MESSAGE,
		[TOO_LONG] = TLS_ALERT_RECORD_OVERFLOW,
		[TOO_SHORT] = TLS_ALERT_BAD_RECORD_MAC,
		[CCS] = TLS_ALERT_UNEXPECTED_MESSAGE};
	static const uint8_t records[N][8] = {[PLAIN_ALERT] = {21, 3, 3, 0, 2, 2, 10},
		[TOO_LONG] = {23, 3, 3, 0x41, 0x01},
		[TOO_SHORT] = {23, 3, 3, 0, 3, 1, 2, 3},
		[CCS] = {20, 3, 3, 0, 1, 1}};
	static struct rig r;
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		rig_init(&r);
		rig_connect(&r);
		shake_hands(&r);
		if (i == FLIP) {
			SSL_write(r.client, "hello", 5);
			carry(&r);
			r.in[r.in_to - 1] ^= 1;
		} else {
			memcpy(r.in, records[i], sizeof(records[i]));
			r.in_from = 0;
			r.in_to = sizeof(records[i]);
		}
		r.counters[TLS_C_RECORD_ERRORS] = 0;
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		assert_int_equal(n, 0);
		assert_int_equal(r.counters[TLS_C_RECORD_ERRORS], 1);
		assert_int_equal(alert_of(&r), alerts[i]);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

static void ends(void **state)
{
	static struct rig r;
	uint32_t n;
	char byte;

	(void)state;
	for (uint32_t polite = 0; polite < 2; polite++) {
		rig_init(&r);
		rig_connect(&r);
		shake_hands(&r);
		if (polite)
			SSL_shutdown(r.client);
		carry(&r);
		r.has_ended = true;
		assert_int_equal(server_read(&r, &n), TLS_ENDED);
		assert_int_equal(r.counters[TLS_C_TRUNCATED], !polite);
		assert_int_equal(rs_tls_session_close(&r.server), TLS_OK);
		carry(&r);
		assert_true(SSL_read(r.client, &byte, 1) <= 0);
		assert_true(SSL_get_shutdown(r.client) & SSL_RECEIVED_SHUTDOWN);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

static SSL_SESSION *last_session;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(last_session);
	last_session = session;
	return 1;
}

/* Tickets: for as long as their key is kept, and no longer. */
static void sessions_are_resumed_until_their_key_is_gone(void **state)
{
	static struct rig r;

	(void)state;
	rig_init(&r);
	SSL_CTX_set_session_cache_mode(r.ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(r.ctx, keep_session);
	rig_connect(&r);
	shake_hands(&r);
	echo(&r, 10);
	rig_disconnect(&r);
	assert_non_null(last_session);
	for (uint32_t turn = 0; turn <= TLS_TICKET_KEYS; turn++) {
		SSL_SESSION *session = SSL_SESSION_dup(last_session); /* good for once */

		SSL_CTX_sess_set_new_cb(r.ctx, NULL);
		rig_connect(&r);
		SSL_set_session(r.client, session);
		shake_hands(&r);
		assert_int_equal(SSL_session_reused(r.client), turn < TLS_TICKET_KEYS);
		echo(&r, 10);
		rig_disconnect(&r);
		SSL_SESSION_free(session);
		rs_tls_tickets_rotate(&r.shared->tickets);
	}
	SSL_SESSION_free(last_session);
	last_session = NULL;
	rig_fini(&r);
}

static void early_data_counts_once(void **state)
{
	static struct tls_replay r;
	uint32_t n_again = 0, n_first = 0;

	(void)state;
	for (uint64_t i = 1; i <= 20000; i++)
		n_first += rs_tls_replay_first(&r, i * UINT64_C(0x9e3779b97f4a7c15), 100);
	for (uint64_t i = 1; i <= 20000; i++)
		n_again += rs_tls_replay_first(&r, i * UINT64_C(0x9e3779b97f4a7c15), 110);
	assert_true(n_first > 19900); /* the others found no place, and go without */
	assert_true(n_again <= 20000 - n_first);
	/* Long after that they are forgotten, and nothing else has to be. */
	assert_true(rs_tls_replay_first(&r, UINT64_C(0x9e3779b97f4a7c15), 100 + TLS_REPLAY_S));
	assert_false(rs_tls_replay_first(&r, UINT64_C(0x9e3779b97f4a7c15), 101 + TLS_REPLAY_S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_and_size),
		cmocka_unit_test(older_clients_stay_with_openssl),
		cmocka_unit_test(keys_are_updated_both_ways),
		cmocka_unit_test(bad_records),
		cmocka_unit_test(ends),
		cmocka_unit_test(sessions_are_resumed_until_their_key_is_gone),
		cmocka_unit_test(early_data_counts_once),
	};

	return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
