/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions of TLS 1.2 that have left OpenSSL behind, against its own client; and what a client may
 * say with the right keys and should not, where those that stay with OpenSSL answer the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "tls_unwanted.h"
#include "tls/domain_internal.h"
#include "tls/prf.h"

#define N_SUITES 3

static const char *const suites[2][N_SUITES] = {
	{"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
		"ECDHE-ECDSA-CHACHA20-POLY1305"},
	{"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
		"ECDHE-RSA-CHACHA20-POLY1305"},
};
static const uint8_t zeros[MAX_TEXT];

static struct rig rig;

/* ---- the key derivation (RFC 5246 section 5) ---- */

/* Nobody has written this vector into an RFC, but everybody uses it. */
static void prf_known_answer(void **state)
{
	static const uint8_t secret[16] = {0x9b, 0xbe, 0x43, 0x6b, 0xa9, 0x40, 0xf0, 0x17, 0xb1,
		0x76, 0x52, 0x84, 0x9a, 0x71, 0xdb, 0x35};
	static const uint8_t seed[16] = {0xa0, 0xba, 0x9f, 0x93, 0x6c, 0xda, 0x31, 0x18, 0x27, 0xa6,
		0xf7, 0x96, 0xff, 0xd5, 0x19, 0x8c};
	static const uint8_t expected[100] = {0xe3, 0xf2, 0x29, 0xba, 0x72, 0x7b, 0xe1, 0x7b, 0x8d,
		0x12, 0x26, 0x20, 0x55, 0x7c, 0xd4, 0x53, 0xc2, 0xaa, 0xb2, 0x1d, 0x07, 0xc3, 0xd4,
		0x95, 0x32, 0x9b, 0x52, 0xd4, 0xe6, 0x1e, 0xdb, 0x5a, 0x6b, 0x30, 0x17, 0x91, 0xe9,
		0x0d, 0x35, 0xc9, 0xc9, 0xa4, 0x6b, 0x4e, 0x14, 0xba, 0xf9, 0xaf, 0x0f, 0xa0, 0x22,
		0xf7, 0x07, 0x7d, 0xef, 0x17, 0xab, 0xfd, 0x37, 0x97, 0xc0, 0x56, 0x4b, 0xab, 0x4f,
		0xbc, 0x91, 0x66, 0x6e, 0x9d, 0xef, 0x9b, 0x97, 0xfc, 0xe3, 0x4f, 0x79, 0x67, 0x89,
		0xba, 0xa4, 0x80, 0x82, 0xd1, 0x22, 0xee, 0x42, 0xc5, 0xa7, 0x2e, 0x5a, 0x51, 0x10,
		0xff, 0xf7, 0x01, 0x87, 0x34, 0x7b, 0x66};
	uint8_t got[sizeof(expected)];
	struct tls_hkdf h;

	(void)state;
	assert_true(rs_tls_hkdf_init(&h, NULL, "SHA256"));
	assert_true(rs_tls_prf(&h, rs_tls_span(secret, sizeof(secret)), rs_tls_text("test label"),
		rs_tls_span(seed, sizeof(seed)), got, sizeof(got)));
	assert_memory_equal(got, expected, sizeof(got));
	rs_tls_hkdf_free(&h);
}

static void openssl_prf(const char *hash, const uint8_t *secret, const uint8_t *seed,
	uint32_t seed_bytes, uint8_t *to, uint32_t bytes)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)hash, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SECRET, (void *)(uintptr_t)secret, TLS_MASTER_BYTES),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SEED, (void *)(uintptr_t) "key expansion", 13),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)seed, seed_bytes),
		OSSL_PARAM_construct_end(),
	};

	assert_int_equal(EVP_KDF_derive(ctx, to, bytes, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void prf_as_openssl_has_it(void **state)
{
	static const char *const hashes[] = {"SHA256", "SHA384"};
	uint8_t input[TLS_MASTER_BYTES + 64], expected[200], got[200];

	(void)state;
	for (uint32_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)(i * 37);
	for (uint32_t hash = 0; hash < RS_ARRAY_SIZE(hashes); hash++) {
		struct tls_hkdf h;

		assert_true(rs_tls_hkdf_init(&h, NULL, hashes[hash]));
		for (uint32_t n = 1; n <= sizeof(got); n++) {
			openssl_prf(hashes[hash], input, input + TLS_MASTER_BYTES, 64, expected, n);
			assert_true(rs_tls_prf(&h, rs_tls_span(input, TLS_MASTER_BYTES),
				rs_tls_text("key expansion"),
				rs_tls_span(input + TLS_MASTER_BYTES, 64), got, n));
			assert_memory_equal(got, expected, n);
		}
		rs_tls_hkdf_free(&h);
	}
}

/* ---- beginnings ---- */

static void begin_with(bool no_lean, const char *suite)
{
	rig_init_with(&rig, no_lean);
	SSL_CTX_set_max_proto_version(rig.ctx, TLS1_2_VERSION);
	RIG_CHECK(SSL_CTX_set_cipher_list(rig.ctx, suite) == 1);
	rig_connect(&rig);
}

static void end(void)
{
	rig_disconnect(&rig);
	rig_fini(&rig);
}

/* Has it left OpenSSL behind, and do both understand each other? */
static void works(void)
{
	static const uint32_t sizes[] = {1, 2, 77, 78, 79, 100, 1000, 16383, 16384, 16385, 70000};

	assert_true(rig.server.open);
	assert_true(rig.server.lean);
	assert_null(rig.server.ssl);
	rig.roomy = 3000;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(sizes); i++)
		echo(&rig, sizes[i]);
}

static int make_rsa_certificate(void **state)
{
	(void)state;
	make_certificate_for(EVP_RSA_gen(2048));
	return 0;
}

static void each_suite_in_crumbs(uint32_t key, bool no_ems)
{
	static const uint32_t shown[] = {UINT32_MAX, 1, 1460};

	for (uint32_t suite = 0; suite < N_SUITES; suite++) {
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(shown); i++) {
			begin_with(false, suites[key][suite]);
			if (no_ems)
				SSL_set_options(rig.client, SSL_OP_NO_EXTENDED_MASTER_SECRET);
			rig.shown = shown[i];
			rig.piece = 100;
			shake_hands(&rig);
			assert_string_equal(SSL_get_cipher(rig.client), suites[key][suite]);
			works();
			end();
		}
	}
}

static void every_suite_and_size(void **state)
{
	(void)state;
	each_suite_in_crumbs(0, false);
}

static void without_an_extended_master_secret(void **state)
{
	(void)state;
	each_suite_in_crumbs(0, true);
}

static void every_suite_with_rsa(void **state)
{
	make_rsa_certificate(state);
	each_suite_in_crumbs(1, false);
	make_certificate(state);
}

static void with_a_client_certificate(void **state)
{
	(void)state;
	begin_with(false, suites[0][0]);
	rig_disconnect(&rig);
	rig.settings.client_ca = cert_path;
	rig.settings.client_cert = TLS_CLIENT_CERT_REQUIRED;
	rig_change_domain(&rig);
	SSL_CTX_use_certificate_file(rig.ctx, cert_path, SSL_FILETYPE_PEM);
	SSL_CTX_use_PrivateKey_file(rig.ctx, key_path, SSL_FILETYPE_PEM);
	rig_connect(&rig);
	shake_hands(&rig);
	works();
	end();
}

/* Nothing of the handshake is left behind in OpenSSL when it goes. */
static void with_little_room(void **state)
{
	uint32_t n;

	(void)state;
	for (uint32_t roomy = 1; roomy < 200; roomy = roomy * 2 + 1) {
		begin_with(false, suites[0][0]);
		while (!SSL_is_init_finished(rig.client) || !rig.server.open) {
			enum tls_status status;

			SSL_do_handshake(rig.client);
			carry(&rig);
			rig.roomy = roomy;
			status = server_read(&rig, &n);
			assert_true(status == TLS_WANT_ROOM || status == TLS_WANT_INPUT);
			carry(&rig);
		}
		works();
		end();
	}
}

/* With early data allowed, the handshake goes by another call of OpenSSL's. */
static void where_early_data_is_taken(void **state)
{
	(void)state;
	begin_with(false, suites[0][0]);
	rig_disconnect(&rig);
	rig.settings.max_early_data = 16384;
	rig_change_domain(&rig);
	rig_connect(&rig);
	shake_hands(&rig);
	works();
	end();
}

/* ---- resumption ---- */

/* Leaves last_session. */
static void get_ticket(const char *suite)
{
	begin_with(false, suite);
	SSL_CTX_set_session_cache_mode(rig.ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(rig.ctx, keep_session);
	shake_hands(&rig);
	rig_disconnect(&rig);
	assert_non_null(last_session);
}

static void forget_ticket(void)
{
	SSL_SESSION_free(last_session);
	last_session = NULL;
}

static void resumed(void **state)
{
	(void)state;
	for (uint32_t suite = 0; suite < N_SUITES; suite++) {
		for (uint32_t shown = 0; shown < 2; shown++) {
			get_ticket(suites[0][suite]);
			rig_connect(&rig);
			rig.shown = shown ? 1 : UINT32_MAX;
			SSL_set_session(rig.client, last_session);
			shake_hands(&rig);
			assert_true(SSL_session_reused(rig.client));
			works();
			end();
			forget_ticket();
		}
	}
}

/* The client's Finished is the last word of an abbreviated handshake: a request comes with it. */
static void data_behind_the_finished(void **state)
{
	uint32_t n;

	(void)state;
	for (uint32_t suite = 0; suite < N_SUITES; suite++) {
		get_ticket(suites[0][suite]);
		rig_connect(&rig);
		SSL_set_session(rig.client, last_session);
		SSL_do_handshake(rig.client);
		carry(&rig);
		assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
		carry(&rig);
		assert_int_equal(SSL_do_handshake(rig.client), 1);
		assert_int_equal(SSL_write(rig.client, "hello", 5), 5);
		assert_int_equal(SSL_write(rig.client, "again", 5), 5);
		carry(&rig);
		assert_int_equal(server_read(&rig, &n), TLS_OK);
		assert_int_equal(n, 5);
		assert_memory_equal(rig.text, "hello", 5);
		assert_int_equal(server_read(&rig, &n), TLS_OK);
		assert_memory_equal(rig.text, "again", 5);
		works();
		end();
		forget_ticket();
	}
}

/* ---- the client's own keys ---- */

static struct tls_record_keys ours, theirs; /* the client's, the server's */

static void take_keys(uint32_t suite)
{
	uint8_t master[TLS_MASTER_BYTES], randoms[2 * TLS_RANDOM_BYTES];

	RIG_CHECK(SSL_SESSION_get_master_key(SSL_get_session(rig.client), master, sizeof(master)) ==
		  sizeof(master));
	SSL_get_server_random(rig.client, randoms, TLS_RANDOM_BYTES);
	SSL_get_client_random(rig.client, randoms + TLS_RANDOM_BYTES, TLS_RANDOM_BYTES);
	RIG_CHECK(
		rs_tls_keys_init_12(&ours, &theirs, &rig.library->suites[suite], master, randoms));
	ours.seq = theirs.seq = 1; /* behind the Finished */
}

static void begin(bool no_lean, uint32_t suite)
{
	begin_with(no_lean, suites[0][suite]);
	shake_hands(&rig);
	carry(&rig);
	take_keys(suite);
}

static void end_keys(void)
{
	rs_tls_keys_free(&ours);
	rs_tls_keys_free(&theirs);
	end();
}

static void say(uint8_t type, const uint8_t *text, uint32_t n)
{
	const struct tls_record_sink sink = rig_sink(&rig);

	rs_tls_record_seal(&ours, type, text, n, &sink);
}

/* The server's next record, opened: its type, or 0. */
static uint8_t hear(uint32_t *at, uint8_t *text, uint32_t *n)
{
	uint32_t bytes;
	uint8_t type;

	if (*at == rig.out_to)
		return 0;
	bytes = TLS_RECORD_HEADER + rs_load_be16(rig.out + *at + 3);
	assert_int_equal(
		rs_tls_record_open(&theirs, rig.out + *at, bytes, text, n, &type), TLS_ALERT_NONE);
	*at += bytes;
	return type;
}

/* How the server takes what has come: its last alert, or one of the others. */
static int answer(void)
{
	uint8_t text[64];
	uint32_t n, at = 0;
	enum tls_status status = server_read(&rig, &n);
	int alert = status == TLS_FAILED ? NO_ALERT : GOES_ON;

	while (hear(&at, text, &n) == ALERT) {
		assert_int_equal(n, 2);
		alert = text[1] + (text[0] == SSL3_AL_WARNING ? WARNING : 0);
	}
	assert_int_equal(at, rig.out_to);
	assert_int_equal(status == TLS_FAILED, alert < WARNING || alert == NO_ALERT);
	rig.out_to = 0;
	return alert;
}

/* A server that has got the ClientHello and answered; then the client's Finished, opened. */
static void begin_finished(uint32_t suite, uint8_t *finished)
{
	static uint8_t text[TLS_RECORD_MAX];
	uint32_t n, at;
	uint8_t type;

	begin_with(false, suites[0][suite]);
	SSL_do_handshake(rig.client);
	carry(&rig);
	assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
	carry(&rig);
	SSL_do_handshake(rig.client);
	carry(&rig);
	take_keys(suite);
	ours.seq = theirs.seq = 0;
	for (at = 0; rig.in[at] != CCS;)
		at += TLS_RECORD_HEADER + rs_load_be16(rig.in + at + 3);
	at += TLS_RECORD_HEADER + 1;
	assert_int_equal(rs_tls_record_open(&ours, rig.in + at, rig.in_to - at, text, &n, &type),
		TLS_ALERT_NONE);
	assert_int_equal(type, HANDSHAKE);
	assert_int_equal(n, 16);
	memcpy(finished, text, n);
	rig.in_to = at;
	ours.seq = 0;
}

/* Section 6.2.1: a message may be cut, and each record counts. */
static void a_finished_in_fragments(void **state)
{
	uint8_t finished[16];
	uint32_t n;

	(void)state;
	for (uint32_t suite = 0; suite < N_SUITES; suite++) {
		for (uint32_t piece = 1; piece < sizeof(finished); piece += 4) {
			begin_finished(suite, finished);
			for (uint32_t i = 0; i < sizeof(finished); i += piece)
				say(HANDSHAKE, finished + i,
					rs_min_u32(piece, (uint32_t)sizeof(finished) - i));
			say(DATA, finished, 1);
			assert_int_equal(server_read(&rig, &n), TLS_OK);
			assert_int_equal(n, 1);
			assert_true(rig.server.lean);
			end_keys();
		}
	}
}

/* RFC 7918: clients that say what they want before our Finished has come. */
static void a_false_start(void **state)
{
	uint8_t finished[16];
	uint32_t n;

	(void)state;
	for (uint32_t suite = 0; suite < N_SUITES; suite++) {
		begin_finished(suite, finished);
		say(HANDSHAKE, finished, sizeof(finished));
		say(DATA, finished, 7);
		assert_int_equal(server_read(&rig, &n), TLS_OK);
		assert_int_equal(n, 7);
		assert_memory_equal(rig.text, finished, 7);
		assert_true(rig.server.lean);
		end_keys();
	}
}

/* ---- what clients may say ---- */

/* Sections of RFC 5246 in the names. */
static const struct unwanted all[] = {
	{"7.1: sealed CCS", CCS, 1, {1}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"6: unknown type", 99, 1, {1}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"6.2.1: empty alert", ALERT, 0, {0}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"6.2.1: empty handshake", HANDSHAKE, 0, {0}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, true},
	{"7.2: alert too short", ALERT, 1, {1}, 0, TLS_ALERT_DECODE_ERROR, true},
	{"7.2: alert too long", ALERT, 3, {1, 0, 0}, 0, TLS_ALERT_DECODE_ERROR, true},
	{"7.2: alert of level 3", ALERT, 2, {3, 0}, 0, TLS_ALERT_ILLEGAL_PARAMETER, false},
	{"7.2: fatal alert", ALERT, 2, {2, 40}, 0, NO_ALERT, false},
	{"7.2: user_canceled", ALERT, 2, {1, 90}, 0, GOES_ON, false},
	{"7.2: no_renegotiation", ALERT, 2, {1, 100}, 0, GOES_ON, true},
	{"7.2: unknown warning", ALERT, 2, {1, 255}, 0, GOES_ON, false},
	{"7.2: many warnings", ALERT, 2, {1, 90}, 40, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"7.4.1.1: HelloRequest", HANDSHAKE, 4, {0}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"7.4.3: ServerKeyExchange", HANDSHAKE, 4, {12}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"7.4.9: Finished", HANDSHAKE, 4, {20}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"KeyUpdate", HANDSHAKE, 5, {24, 0, 0, 1, 0}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"7.2.2: ClientHello", HANDSHAKE, 8, {1, 0, 0, 4, 3, 3, 9, 9}, 0,
		TLS_ALERT_NO_RENEGOTIATION + WARNING, false},
	{"7.2.2: two in a record", HANDSHAKE, 10, {1, 0, 0, 1, 3, 1, 0, 0, 1, 3}, 0,
		TLS_ALERT_NO_RENEGOTIATION + WARNING, false},
	{"7.2.2: another message behind it", HANDSHAKE, 9, {1, 0, 0, 1, 3, 16, 0, 0, 0}, 0,
		TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"7.2.2: a part of it", HANDSHAKE, 4, {1, 0, 0, 1}, 0, GOES_ON, false},
	{"a few empty records", DATA, 0, {0}, 32, GOES_ON, false},
	{"too many of them", DATA, 0, {0}, 40, TLS_ALERT_UNEXPECTED_MESSAGE, false},
};

static void each_gets_its_answer(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(all); i++) {
		for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
			if (no_lean && all[i].but_openssl)
				continue;
			begin(no_lean, i % N_SUITES);
			expect_answer(&all[i], no_lean, say, answer);
			end_keys();
		}
	}
}

static void records_of_the_greatest_size(void **state)
{
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < 2 * N_SUITES; i++) {
		begin(i % 2, i / 2);
		say(DATA, zeros, TLS_RECORD_PLAINTEXT);
		assert_int_equal(server_read(&rig, &n), TLS_OK);
		assert_int_equal(n, TLS_RECORD_PLAINTEXT);
		say(DATA, zeros, TLS_RECORD_PLAINTEXT + 1);
		assert_int_equal(answer(), TLS_ALERT_RECORD_OVERFLOW);
		end_keys();
	}
}

enum spoilt {
	LONG,
	SHORT,
	EMPTY,
	PLAIN_CCS,
	PLAIN_ALERT,
	OTHER_VERSION,
	AGAIN,
	LEFT_OUT,
	N_SPOILT,
};

static void spoil(enum spoilt how)
{
	static const uint8_t records[][8] = {
		[LONG] = {DATA, 3, 3, 0x41, 0x01},
		[SHORT] = {DATA, 3, 3, 0, 3, 1, 2, 3},
		[EMPTY] = {DATA, 3, 3},
		[PLAIN_CCS] = {CCS, 3, 3, 0, 1, 1},
		[PLAIN_ALERT] = {ALERT, 3, 3, 0, 2, 2, 40},
		[OTHER_VERSION] = {DATA, 3, 1, 0, 3, 1, 2, 3},
	};
	uint32_t bytes;

	if (how < AGAIN) {
		memcpy(rig.in + rig.in_to, records[how], sizeof(records[how]));
		rig.in_to += (uint32_t)sizeof(records[how]);
		return;
	}
	ours.seq += how == LEFT_OUT;
	say(DATA, zeros, 100);
	bytes = rig.in_to;
	if (how == AGAIN) {
		memcpy(rig.in + bytes, rig.in, bytes);
		rig.in_to += bytes;
	}
}

static void bad_records(void **state)
{
	static const int alerts[N_SPOILT] = {
		[LONG] = TLS_ALERT_RECORD_OVERFLOW,
		[SHORT] = TLS_ALERT_BAD_RECORD_MAC,
		[EMPTY] = TLS_ALERT_BAD_RECORD_MAC,
		[PLAIN_CCS] = TLS_ALERT_UNEXPECTED_MESSAGE,
		[PLAIN_ALERT] = TLS_ALERT_BAD_RECORD_MAC,
		[OTHER_VERSION] = TLS_ALERT_PROTOCOL_VERSION,
		[AGAIN] = TLS_ALERT_BAD_RECORD_MAC,
		[LEFT_OUT] = TLS_ALERT_BAD_RECORD_MAC,
	};
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < N_SPOILT * N_SUITES; i++) {
		enum spoilt how = (enum spoilt)(i / N_SUITES);

		begin(false, i % N_SUITES);
		spoil(how);
		if (how == AGAIN)
			assert_int_equal(server_read(&rig, &n), TLS_OK);
		assert_int_equal(answer(), alerts[how]);
		assert_int_equal(rig.counters[TLS_C_RECORD_ERRORS], 1);
		end_keys();
	}
}

/* A bit of what is not in clear; then of the type, which is vouched for. */
static void tampered_records(void **state)
{
	(void)state;
	for (uint32_t suite = 0; suite < N_SUITES; suite++) {
		const uint32_t n = 3, bytes = n + (suite == TLS_CHACHA20_POLY1305 ? 21 : 29);

		for (uint32_t i = TLS_RECORD_HEADER; i <= bytes; i++) {
			begin(false, suite);
			say(DATA, zeros, n);
			assert_int_equal(rig.in_to, bytes);
			if (i < bytes)
				rig.in[i] ^= (uint8_t)(1 << i % 8);
			else
				rig.in[0] = ALERT;
			assert_int_equal(answer(), TLS_ALERT_BAD_RECORD_MAC);
			end_keys();
		}
	}
}

static void records_cut_in_two(void **state)
{
	uint32_t n;

	(void)state;
	for (uint32_t suite = 0; suite < N_SUITES; suite++) {
		begin(false, suite);
		for (uint32_t cut = 1;; cut++) {
			uint32_t bytes;

			rig.in_from = rig.in_to = 0;
			say(DATA, (const uint8_t *)"hello", 5);
			bytes = rig.in_to;
			if (cut == bytes)
				break;
			rig.in_to = cut;
			assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
			rig.in_to = bytes;
			assert_int_equal(server_read(&rig, &n), TLS_OK);
			assert_int_equal(n, 5);
			assert_memory_equal(rig.text, "hello", 5);
		}
		end_keys();
	}
}

/* ---- renegotiation ---- */

/* A client of OpenSSL's gives up at the warning, but for our part the session stands. */
static void renegotiation_of_a_client(void **state)
{
	uint32_t n;
	char byte;

	(void)state;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		begin(no_lean, 0);
		assert_int_equal(SSL_renegotiate(rig.client), 1);
		SSL_do_handshake(rig.client);
		carry(&rig);
		assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
		carry(&rig);
		ERR_clear_error();
		assert_true(SSL_read(rig.client, &byte, 1) <= 0);
		assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
		assert_int_equal(rs_tls_session_write(&rig.server, zeros, 1, &n), TLS_OK);
		end_keys();
	}
}

/* A hello of 40 bytes, in two records; nothing else may come between them. */
static void a_hello_in_fragments(void **state)
{
	static const uint8_t hello[40] = {1, 0, 0, 36};
	uint32_t n;

	(void)state;
	for (uint32_t cut = 1; cut < sizeof(hello); cut++) {
		begin(false, cut % N_SUITES);
		say(HANDSHAKE, hello, cut);
		assert_int_equal(answer(), GOES_ON);
		say(HANDSHAKE, hello + cut, (uint32_t)sizeof(hello) - cut);
		assert_int_equal(answer(), TLS_ALERT_NO_RENEGOTIATION + WARNING);
		say(DATA, hello, 7);
		assert_int_equal(server_read(&rig, &n), TLS_OK);
		assert_int_equal(n, 7);
		say(HANDSHAKE, hello, cut);
		say(DATA, hello, 7);
		assert_int_equal(answer(), TLS_ALERT_UNEXPECTED_MESSAGE);
		end_keys();
	}
}

/* One at a time: who says nothing else is sent away at last. */
static void hellos_in_a_row(void **state)
{
	static const uint8_t hello[4] = {1};
	uint32_t n;

	(void)state;
	for (uint32_t k = 0; k < 4; k++) {
		bool no_lean = k / 2, says_more = k % 2;

		begin(no_lean, 0);
		for (uint32_t i = 0; i < 32; i++) {
			say(HANDSHAKE, hello, sizeof(hello));
			assert_int_equal(answer(), TLS_ALERT_NO_RENEGOTIATION + WARNING);
		}
		if (says_more) {
			say(DATA, hello, 1);
			assert_int_equal(server_read(&rig, &n), TLS_OK);
		}
		say(HANDSHAKE, hello, sizeof(hello));
		if (no_lean && !says_more) /* OpenSSL has warned once more */
			assert_int_equal(server_read(&rig, &n), TLS_FAILED);
		else
			assert_int_equal(answer(), says_more ? TLS_ALERT_NO_RENEGOTIATION + WARNING
							     : TLS_ALERT_UNEXPECTED_MESSAGE);
		end_keys();
	}
}

/* In the record of the Finished: such a session stays with OpenSSL, and is bounded, too. */
static void hellos_behind_the_finished(void **state)
{
	static const uint8_t hello[4] = {1};
	uint8_t words[16 + sizeof(hello)] = {0}, text[64];
	uint32_t n, at;

	(void)state;
	begin_finished(0, words);
	words[16] = hello[0];
	say(HANDSHAKE, words, sizeof(words));
	assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
	assert_true(rig.server.open && !rig.server.lean);
	for (at = 0; rig.out[at] != CCS;)
		at += TLS_RECORD_HEADER + rs_load_be16(rig.out + at + 3);
	at += TLS_RECORD_HEADER + 1;
	assert_int_equal(hear(&at, text, &n), HANDSHAKE);
	assert_int_equal(hear(&at, text, &n), ALERT);
	assert_int_equal(text[1], TLS_ALERT_NO_RENEGOTIATION);
	assert_int_equal(at, rig.out_to);
	rig.out_to = 0;
	for (uint32_t i = 1; i < 32; i++) {
		say(HANDSHAKE, hello, sizeof(hello));
		assert_int_equal(answer(), TLS_ALERT_NO_RENEGOTIATION + WARNING);
	}
	say(HANDSHAKE, hello, sizeof(hello));
	assert_int_equal(server_read(&rig, &n), TLS_FAILED);
	end_keys();
}

/* The warning comes when there is room for it, before anything else; one will do. */
static void a_refusal_without_room(void **state)
{
	static const uint8_t hello[4] = {1};
	uint8_t text[64];
	uint32_t n, at = 0;

	(void)state;
	begin(false, 0);
	rig.roomy = 10;
	say(HANDSHAKE, hello, sizeof(hello));
	say(HANDSHAKE, hello, sizeof(hello));
	assert_int_equal(answer(), GOES_ON);
	assert_int_equal(rs_tls_session_write(&rig.server, zeros, 3, &n), TLS_WANT_ROOM);
	rig.roomy = 1000;
	assert_int_equal(rs_tls_session_write(&rig.server, zeros, 3, &n), TLS_OK);
	assert_int_equal(hear(&at, text, &n), ALERT);
	assert_int_equal(text[1], TLS_ALERT_NO_RENEGOTIATION);
	assert_int_equal(hear(&at, text, &n), DATA);
	assert_int_equal(n, 3);
	assert_int_equal(hear(&at, text, &n), 0);
	end_keys();
}

/* ---- ends ---- */

static void ends(void **state)
{
	uint32_t n;
	char byte;

	(void)state;
	for (uint32_t i = 0; i < 2 * N_SUITES; i++) {
		bool polite = i % 2;

		begin(false, i / 2);
		if (polite)
			SSL_shutdown(rig.client);
		carry(&rig);
		rig.has_ended = true;
		assert_int_equal(server_read(&rig, &n), TLS_ENDED);
		assert_int_equal(rig.counters[TLS_C_TRUNCATED], !polite);
		assert_int_equal(rs_tls_session_close(&rig.server), TLS_OK);
		carry(&rig);
		assert_true(SSL_read(rig.client, &byte, 1) <= 0);
		assert_true(SSL_get_shutdown(rig.client) & SSL_RECEIVED_SHUTDOWN);
		end_keys();
	}
}

/* RFC 8446 section 5.5, and there is no KeyUpdate. */
static void no_more_records_than_the_cipher_stands(void **state)
{
	uint8_t text[64];
	uint32_t n, at = 0;

	(void)state;
	begin(false, 0);
	rig.server.tx.seq = theirs.seq = (1 << 24) - 1;
	assert_int_equal(rs_tls_session_write(&rig.server, zeros, 3, &n), TLS_OK);
	assert_int_equal(n, 3);
	assert_int_equal(rs_tls_session_write(&rig.server, zeros, 3, &n), TLS_FAILED);
	assert_int_equal(n, 0);
	assert_int_equal(hear(&at, text, &n), DATA);
	assert_int_equal(hear(&at, text, &n), ALERT);
	assert_int_equal(text[1], TLS_ALERT_CLOSE_NOTIFY);
	assert_int_equal(hear(&at, text, &n), 0);
	end_keys();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prf_known_answer),
		cmocka_unit_test(prf_as_openssl_has_it),
		cmocka_unit_test(every_suite_and_size),
		cmocka_unit_test(without_an_extended_master_secret),
		cmocka_unit_test(every_suite_with_rsa),
		cmocka_unit_test(with_a_client_certificate),
		cmocka_unit_test(with_little_room),
		cmocka_unit_test(where_early_data_is_taken),
		cmocka_unit_test(resumed),
		cmocka_unit_test(data_behind_the_finished),
		cmocka_unit_test(a_finished_in_fragments),
		cmocka_unit_test(a_false_start),
		cmocka_unit_test(each_gets_its_answer),
		cmocka_unit_test(records_of_the_greatest_size),
		cmocka_unit_test(bad_records),
		cmocka_unit_test(tampered_records),
		cmocka_unit_test(records_cut_in_two),
		cmocka_unit_test(renegotiation_of_a_client),
		cmocka_unit_test(a_hello_in_fragments),
		cmocka_unit_test(hellos_in_a_row),
		cmocka_unit_test(hellos_behind_the_finished),
		cmocka_unit_test(a_refusal_without_room),
		cmocka_unit_test(ends),
		cmocka_unit_test(no_more_records_than_the_cipher_stands),
	};

	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
