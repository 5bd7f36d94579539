/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/tls against OpenSSL's own client.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tls_rig.h"
#include "tls/domain_internal.h"

/* The first two steps of the key schedule, in the trace of RFC 8448 section 3. */
static void key_schedule(void **state)
{
	static const uint8_t early[32] = {0x33, 0xad, 0x0a, 0x1c, 0x60, 0x7e, 0xc0, 0x3b, 0x09,
		0xe6, 0xcd, 0x98, 0x93, 0x68, 0x0c, 0xe2, 0x10, 0xad, 0xf3, 0x00, 0xaa, 0x1f, 0x26,
		0x60, 0xe1, 0xb2, 0x2e, 0x10, 0xf1, 0x70, 0xf9, 0x2a};
	static const uint8_t derived[32] = {0x6f, 0x26, 0x15, 0xa1, 0x08, 0xc7, 0x02, 0xc5, 0x67,
		0x8f, 0x54, 0xfc, 0x9d, 0xba, 0xb6, 0x97, 0x16, 0xc0, 0x76, 0x18, 0x9c, 0x48, 0x25,
		0x0c, 0xeb, 0xea, 0xc3, 0x57, 0x6c, 0x36, 0x11, 0xba};
	static const uint8_t zeros[32];
	uint8_t got[32];
	struct tls_hkdf h;

	(void)state;
	assert_true(rs_tls_hkdf_init(&h, NULL, "SHA256"));
	assert_true(rs_tls_hkdf_extract(
		&h, (struct span){0}, (struct span){.data = zeros, .len = 32}, got));
	assert_memory_equal(got, early, 32);
	assert_true(rs_tls_hkdf_expand(&h, (struct span){.data = early, .len = 32},
		(struct span){.data = (const uint8_t *)"tls13 ", .len = 6},
		(struct span){.data = (const uint8_t *)"derived", .len = 7},
		(struct span){.data = h.empty, .len = 32}, got, 32));
	assert_memory_equal(got, derived, 32);
	rs_tls_hkdf_free(&h);
}

static void every_suite_and_size(void **state)
{
	static const char *const suites[] = {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
	static const uint32_t sizes[] = {1, 2, 77, 78, 79, 100, 1000, 16383, 16384, 16385, 70000};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 18; i++) {
		const uint32_t suite = i % 3, crumbs = i / 3 % 3;
		const bool no_lean = i / 9;

		rig_init_with(&r, no_lean);
		SSL_CTX_set_ciphersuites(r.ctx, suites[suite]);
		rig_connect(&r);
		r.shown = crumbs == 0 ? UINT32_MAX : crumbs == 1 ? 1 : 1460;
		r.piece = 100;
		shake_hands(&r);
		assert_int_equal(r.server.lean, !no_lean);
		assert_int_equal(r.server.ssl != NULL, no_lean);
		r.roomy = 3000;
		for (size_t k = 0; k < RS_ARRAY_SIZE(sizes); k++)
			echo(&r, sizes[k]);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* RFC 6066 section 4: in either version, ours and the client's. */
static void records_as_short_as_was_agreed_on(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	static uint8_t text[TLS_RECORD_PLAINTEXT];
	static struct rig r;
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		const uint8_t code = (uint8_t)(TLSEXT_max_fragment_length_512 + i / 2);
		const uint32_t max = 256u << code;

		rig_init(&r);
		SSL_CTX_set_max_proto_version(r.ctx, versions[i % 2]);
		rig_connect(&r);
		SSL_set_tlsext_max_fragment_length(r.client, code);
		shake_hands(&r);
		assert_true(r.server.lean);
		echo(&r, 50000);
		r.roomy = BUFFER_BYTES;
		assert_int_equal(rs_tls_session_write(&r.server, text, sizeof(text), &n), TLS_OK);
		assert_int_equal(n, max);
		r.server.max_fragment = (uint16_t)(max - 1); /* as if the client broke its word */
		SSL_write(r.client, text, (int)max);
		carry(&r);
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		SSL_read(r.client, text, sizeof(text));
		assert_int_equal(alert_of(&r), TLS_ALERT_RECORD_OVERFLOW);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* Whoever reads it, and however TCP cuts it; nothing is written, for that is the owner's turn. */
static void plain_http_is_told_from_tls(void **state)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\n", "HEAD / HTTP/1.0\r\n", "POST / HTTP/1.1\r\n", "PUT /a"};
	static struct rig r;
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < 4 * RS_ARRAY_SIZE(requests); i++) {
		const char *request = requests[i / 4];
		enum tls_status status = TLS_WANT_INPUT;

		rig_init_with(&r, i % 2);
		rig_connect(&r);
		memcpy(r.in, request, strlen(request));
		r.in_to = i / 2 % 2 ? 1 : (uint32_t)strlen(request);
		while (status == TLS_WANT_INPUT && r.in_to <= strlen(request)) {
			status = server_read(&r, &n);
			r.in_to++;
		}
		assert_int_equal(status, TLS_PLAIN_HTTP);
		assert_int_equal(r.counters[TLS_C_PLAIN_HTTP], 1);
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_FAILED], 0);
		assert_int_equal(r.out_to, 0);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* RFC 8446 section 6.1: close_notify, once there is room for it. */
static void closing_waits_for_room(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	static struct rig r;
	char byte;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		rig_init_with(&r, i / 2);
		SSL_CTX_set_max_proto_version(r.ctx, versions[i % 2]);
		rig_connect(&r);
		shake_hands(&r);
		echo(&r, 1000);
		r.roomy = 0;
		assert_int_equal(rs_tls_session_close(&r.server), TLS_WANT_ROOM);
		carry(&r);
		assert_int_equal(
			SSL_get_error(r.client, SSL_read(r.client, &byte, 1)), SSL_ERROR_WANT_READ);
		r.roomy = 200;
		assert_int_equal(rs_tls_session_close(&r.server), TLS_OK);
		carry(&r);
		assert_int_equal(SSL_get_error(r.client, SSL_read(r.client, &byte, 1)),
			SSL_ERROR_ZERO_RETURN);
		rig_disconnect(&r);
		rig_fini(&r);
	}
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

/* What clients note for debuggers: of each direction the secret of its first keys. */
static uint8_t first_secrets[2][TLS_MAX_SECRET];

static void note_secret(const SSL *ssl, const char *line)
{
	const bool is_servers = !strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24);
	long n = 0;
	uint8_t *secret;

	(void)ssl;
	if (!is_servers && strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) != 0)
		return;
	secret = OPENSSL_hexstr2buf(strrchr(line, ' ') + 1, &n);
	assert_int_equal(n, TLS_MAX_SECRET);
	memcpy(first_secrets[is_servers], secret, TLS_MAX_SECRET);
	OPENSSL_free(secret);
}

static bool has_secret(const struct tls_session *s, const uint8_t *secret)
{
	return memmem(s, sizeof(*s), secret, TLS_MAX_SECRET);
}

/* RFC 8446 section 7.2. Where records are OpenSSL's, so is the care for their secrets: it does not
 * tell when they change. */
static void secrets_that_have_gone(void **state)
{
	static struct rig r;

	(void)state;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		rig_init_with(&r, no_lean);
		SSL_CTX_set_ciphersuites(r.ctx, "TLS_AES_256_GCM_SHA384");
		SSL_CTX_set_keylog_callback(r.ctx, note_secret);
		rig_connect(&r);
		shake_hands(&r);
		for (uint32_t i = 0; i < 2; i++)
			assert_int_equal(has_secret(&r.server, first_secrets[i]), !no_lean);
		SSL_key_update(r.client, SSL_KEY_UPDATE_REQUESTED);
		echo(&r, 100);
		for (uint32_t i = 0; i < 2; i++)
			assert_false(has_secret(&r.server, first_secrets[i]));
		rig_disconnect(&r);
		rig_fini(&r);
	}
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

/* Clients that give up are no records that do not verify, whoever reads their alert. */
static void alerts_of_clients(void **state)
{
	static const uint8_t junk[25] = {23, 3, 3, 0, 20};
	static const int versions[] = {TLS1_3_VERSION, TLS1_3_VERSION, TLS1_2_VERSION};
	static struct rig r;
	uint32_t n;
	char byte;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		rig_init_with(&r, i == 1);
		SSL_CTX_set_max_proto_version(r.ctx, versions[i]);
		rig_connect(&r);
		shake_hands(&r);
		BIO_write(SSL_get_rbio(r.client), junk, sizeof(junk));
		assert_true(SSL_read(r.client, &byte, 1) <= 0);
		carry(&r);
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		assert_int_equal(r.counters[TLS_C_ALERTS_IN], 1);
		assert_int_equal(r.counters[TLS_C_RECORD_ERRORS], 0);
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

/* RFC 8446 section 6.2; whoever reads the hello, whose last bytes are the binder. */
static void a_binder_that_does_not_verify(void **state)
{
	static struct rig r;
	uint32_t n;

	(void)state;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		rig_init_with(&r, no_lean);
		SSL_CTX_set_session_cache_mode(r.ctx, SSL_SESS_CACHE_CLIENT);
		SSL_CTX_sess_set_new_cb(r.ctx, keep_session);
		rig_connect(&r);
		shake_hands(&r);
		echo(&r, 10);
		rig_disconnect(&r);
		rig_connect(&r);
		SSL_set_session(r.client, last_session);
		SSL_do_handshake(r.client);
		carry(&r);
		r.in[r.in_to - 1] ^= 1;
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		assert_int_equal(alert_of(&r), TLS_ALERT_DECRYPT_ERROR);
		rig_disconnect(&r);
		SSL_SESSION_free(last_session);
		last_session = NULL;
		rig_fini(&r);
	}
}

/* RFC 8446 section 5.1: it is of no account; whoever reads it, and however TCP cuts it. */
static void the_version_of_the_first_record(void **state)
{
	static const uint8_t versions[][2] = {{0, 0}, {2, 0}, {3, 0}, {3, 9}, {4, 3}, {0xff, 0xff}};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 8 * RS_ARRAY_SIZE(versions); i++) {
		const uint8_t *version = versions[i / 8];
		uint32_t n, end;

		rig_init_with(&r, i & 1);
		SSL_CTX_set1_groups_list(r.ctx, i & 2 ? "P-521:P-256" : "X25519");
		rig_connect(&r);
		SSL_do_handshake(r.client);
		carry(&r);
		memcpy(r.in + 1, version, 2);
		for (end = r.in_to, r.in_to = i & 4 ? 1 : end; r.in_to < end; r.in_to++)
			assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
		assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
		carry(&r);
		shake_hands(&r);
		echo(&r, 10);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* … and where its type tells that it is TLS, what else is wrong with it is said. */
static void a_first_record_that_is_no_hello(void **state)
{
	static const uint8_t types[] = {TLS_CONTENT_CCS, TLS_CONTENT_ALERT, TLS_CONTENT_DATA};
	static struct rig r;
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(types); i++) {
		const uint8_t record[] = {types[i / 2], 9, 9, 0, 2, 1, 1};
		static const uint8_t alert[] = {TLS_CONTENT_ALERT, 3};

		rig_init_with(&r, i % 2);
		rig_connect(&r);
		memcpy(r.in, record, sizeof(record));
		r.in_to = sizeof(record);
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		assert_int_equal(r.out_to, 7);
		assert_memory_equal(r.out, alert, sizeof(alert));
		assert_int_equal(r.out[6], TLS_ALERT_UNEXPECTED_MESSAGE);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* RFC 8446 appendix C.4: a ticket is good for once, so each connection has to bring the next. */
static void each_resumption_brings_a_new_ticket(void **state)
{
	static struct rig r;

	(void)state;
	rig_init(&r);
	SSL_CTX_set_session_cache_mode(r.ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(r.ctx, keep_session);
	for (uint32_t i = 0; i < 5; i++) {
		SSL_SESSION *before = last_session;

		last_session = NULL;
		rig_connect(&r);
		if (before)
			SSL_set_session(r.client, before);
		shake_hands(&r);
		assert_int_equal(SSL_session_reused(r.client), before != NULL);
		echo(&r, 10);
		assert_non_null(last_session);
		rig_disconnect(&r);
		SSL_SESSION_free(before);
	}
	SSL_SESSION_free(last_session);
	last_session = NULL;
	rig_fini(&r);
}

/* RFC 6066 section 3: no session is resumed for another name. In 1.3 by OpenSSL's tickets, too. */
static void sessions_are_resumed_for_their_name(void **state)
{
	static const struct {
		const char *names[2];
		bool is_same;
	} all[] = {
		{{"a.test", "a.test"}, true},
		{{"a.test", "b.test"}, false},
		{{"a.test", NULL}, false},
		{{NULL, "a.test"}, false},
		{{"b.test", "c.test"}, false},
		{{NULL, NULL}, true},
	};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(all); i++) {
		rig_init_with(&r, true);
		if (i % 2)
			SSL_CTX_set_max_proto_version(r.ctx, TLS1_2_VERSION);
		SSL_CTX_set_session_cache_mode(r.ctx, SSL_SESS_CACHE_CLIENT);
		SSL_CTX_sess_set_new_cb(r.ctx, keep_session);
		for (uint32_t k = 0; k < 2; k++) {
			SSL_SESSION *session = k ? SSL_SESSION_dup(last_session) : NULL;

			rig_connect(&r);
			SSL_set_session(r.client, session);
			SSL_set_tlsext_host_name(r.client, all[i / 2].names[k]);
			shake_hands(&r);
			assert_int_equal(SSL_session_reused(r.client), k && all[i / 2].is_same);
			echo(&r, 10);
			rig_disconnect(&r);
			SSL_SESSION_free(session);
			assert_non_null(last_session);
		}
		SSL_SESSION_free(last_session);
		last_session = NULL;
		rig_fini(&r);
	}
}

/* A file has 1 to 4 keys of 80 bytes (docs/tls.md), and after it there are no others. */
static void keys_of_a_file(void **state)
{
	static const struct tls_ticket_file nothing;
	static const uint8_t nobody[16];
	uint8_t bytes[5 * TLS_TICKET_KEY_BYTES + 1];
	char path[TEMP_PATH_BYTES], why[256];
	struct tls_ticket_key key, before;
	struct tls_ticket_file file;
	struct tls_tickets t;
	bool is_newest;

	(void)state;
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(1 + i / TLS_TICKET_KEY_BYTES);
	for (uint32_t n = 0; n <= 5; n++) {
		for (uint32_t more = 0; more < 2; more++) {
			FILE *to = temp_new_file(path);
			bool is_good = n >= 1 && n <= 4 && !more;

			fwrite(bytes, 1, n * TLS_TICKET_KEY_BYTES + more, to);
			fclose(to);
			memset(&file, 0, sizeof(file));
			assert_int_equal(
				rs_tls_tickets_read(&file, path, why, sizeof(why)) == 0, is_good);
			if (!is_good) { /* nor is anything of what was read left */
				assert_memory_equal(&file, &nothing, sizeof(file));
				continue;
			}
			assert_int_equal(rs_tls_tickets_init(&t), 0);
			rs_tls_tickets_newest(&t, &before);
			rs_tls_tickets_use(&t, &file);
			for (uint32_t i = 0; i < n; i++) {
				assert_true(rs_tls_tickets_find(
					&t, bytes + i * TLS_TICKET_KEY_BYTES, &key, &is_newest));
				assert_memory_equal(&key, bytes + i * TLS_TICKET_KEY_BYTES,
					TLS_TICKET_KEY_BYTES);
				assert_int_equal(is_newest, i == 0);
			}
			assert_false(rs_tls_tickets_find(&t, before.name, &key, &is_newest));
			assert_null(memmem(&t, sizeof(t), before.aes, sizeof(before.aes)));
			assert_false(rs_tls_tickets_find(&t, nobody, &key, &is_newest));
		}
	}
}

/* Whoever gets hold of one can read what was resumed by its tickets, in TLS 1.2 all that they were
 * for (RFC 5077 section 5.5). */
static void keys_that_open_nothing_are_wiped(void **state)
{
	struct tls_ticket_key first, key;
	struct tls_tickets t;
	bool is_newest;

	(void)state;
	assert_int_equal(rs_tls_tickets_init(&t), 0);
	for (uint32_t n = 0; n < 3 * TLS_TICKET_SLOTS; n++) {
		rs_tls_tickets_newest(&t, &first);
		for (uint32_t age = 0; age < TLS_TICKET_KEYS; age++) {
			assert_true(rs_tls_tickets_find(&t, first.name, &key, &is_newest));
			assert_memory_equal(&key, &first, sizeof(key));
			assert_int_equal(is_newest, age == 0);
			assert_int_equal(rs_tls_tickets_rotate(&t), 0);
		}
		assert_false(rs_tls_tickets_find(&t, first.name, &key, &is_newest));
		assert_null(memmem(&t, sizeof(t), first.hmac, sizeof(first.hmac)));
		assert_null(memmem(&t, sizeof(t), first.aes, sizeof(first.aes)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_a_file),
		cmocka_unit_test(keys_that_open_nothing_are_wiped),
		cmocka_unit_test(key_schedule),
		cmocka_unit_test(every_suite_and_size),
		cmocka_unit_test(records_as_short_as_was_agreed_on),
		cmocka_unit_test(plain_http_is_told_from_tls),
		cmocka_unit_test(closing_waits_for_room),
		cmocka_unit_test(keys_are_updated_both_ways),
		cmocka_unit_test(secrets_that_have_gone),
		cmocka_unit_test(bad_records),
		cmocka_unit_test(alerts_of_clients),
		cmocka_unit_test(ends),
		cmocka_unit_test(sessions_are_resumed_until_their_key_is_gone),
		cmocka_unit_test(a_binder_that_does_not_verify),
		cmocka_unit_test(the_version_of_the_first_record),
		cmocka_unit_test(a_first_record_that_is_no_hello),
		cmocka_unit_test(each_resumption_brings_a_new_ticket),
		cmocka_unit_test(sessions_are_resumed_for_their_name),
	};

	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
