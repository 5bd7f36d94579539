/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/tls/quick.c and hello.c against OpenSSL's own client: what they take, what they leave, and
 * that no byte out of place gets through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tls_rig.h"
#include "tls/hello.h"
#include "tls/message.h"
#include "tls/quick_internal.h"

static void begin(struct rig *r)
{
	rig_init(r);
	SSL_CTX_set_session_cache_mode(r->ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(r->ctx, keep_session);
}

static void finish(struct rig *r)
{
	SSL_SESSION_free(last_session);
	last_session = NULL;
	rig_fini(r);
}

/* One request and one reply of a byte. */
static void talk(struct rig *r)
{
	uint32_t n;
	char byte = 'a';

	assert_int_equal(SSL_write(r->client, &byte, 1), 1);
	carry(r);
	assert_int_equal(server_read(r, &n), TLS_OK);
	assert_int_equal(n, 1);
	assert_int_equal(rs_tls_session_write(&r->server, r->text, 1, &n), TLS_OK);
	carry(r);
	assert_int_equal(SSL_read(r->client, &byte, 1), 1);
	assert_int_equal(byte, 'a');
}

/* A copy: OpenSSL takes each for once. */
static void offer(struct rig *r, SSL_SESSION *session)
{
	SSL_SESSION *copy = session ? SSL_SESSION_dup(session) : NULL;

	SSL_set_session(r->client, copy);
	SSL_SESSION_free(copy);
}

/* A connection with a ticket or without; whether ours did the handshake. */
static bool connect_with(struct rig *r, SSL_SESSION *session, const char *name)
{
	uint64_t before = r->counters[TLS_C_HANDSHAKES_QUICK];

	rig_connect(r);
	offer(r, session);
	if (name)
		SSL_set_tlsext_host_name(r->client, name);
	shake_hands(r);
	talk(r);
	return r->counters[TLS_C_HANDSHAKES_QUICK] > before;
}

/* ---- what it takes ---- */

static void every_suite_and_key(void **state)
{
	static const char *const suites[] = {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
	static struct rig r;

	(void)state;
	for (uint32_t key = 0; key < 4; key++) {
		make_certificate_for(key == 0   ? EVP_EC_gen("P-256")
				     : key == 1 ? EVP_EC_gen("P-384")
				     : key == 2 ? EVP_RSA_gen(2048)
						: EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
		for (uint32_t suite = 0; suite < 3; suite++) {
			begin(&r);
			SSL_CTX_set_ciphersuites(r.ctx, suites[suite]);
			assert_int_equal(connect_with(&r, NULL, "a.test"), key != 3);
			assert_string_equal(SSL_get_cipher(r.client), suites[suite]);
			rig_disconnect(&r);
			finish(&r);
		}
	}
	make_certificate(NULL);
}

static void suites_in_the_servers_order_but_for_chacha20(void **state)
{
	static const char *const orders[][2] = {
		{"TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
		{"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"},
		{"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
			"TLS_CHACHA20_POLY1305_SHA256"},
	};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 6; i++) { /* OpenSSL answers the same */
		rig_init_with(&r, i % 2);
		SSL_CTX_set_ciphersuites(r.ctx, orders[i / 2][0]);
		assert_int_equal(connect_with(&r, NULL, NULL), i % 2 == 0);
		assert_string_equal(SSL_get_cipher(r.client), orders[i / 2][1]);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* The client's first words, in r->in. */
static void say_hello(struct rig *r, SSL_SESSION *session)
{
	rig_connect(r);
	offer(r, session);
	SSL_set_tlsext_host_name(r->client, "a.test");
	SSL_do_handshake(r->client);
	carry(r);
}

static bool read_hello(const struct rig *r, struct tls_hello *h)
{
	return rs_tls_hello_read((struct span){.data = r->in + 5, .len = r->in_to - 5}, h);
}

/* RFC 8446 section 4.1.1: what a client has not offered is not taken. */
static void no_suite_in_common(void **state)
{
	static struct rig r;
	struct tls_hello h;
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		begin(&r);
		SSL_CTX_set_min_proto_version(r.ctx, TLS1_3_VERSION);
		SSL_CTX_set_ciphersuites(r.ctx, "TLS_AES_128_CCM_SHA256");
		say_hello(&r, NULL);
		assert_true(read_hello(&r, &h));
		if (i) /* none that anybody has (RFC 8701) */
			memset(r.in + (h.suites.data - r.in), 0x0a, h.suites.len);
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		assert_int_equal(alert_of(&r), SSL_AD_HANDSHAKE_FAILURE);
		rig_disconnect(&r);
		finish(&r);
	}
}

/* RFC 8701 section 3.1: numbers that nobody knows do not count, before ChaCha20 either. */
static void suites_behind_those_that_nobody_knows(void **state)
{
	static struct rig r;
	struct tls_hello h;
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i <= 16; i++) {
		uint8_t *first;

		begin(&r);
		SSL_CTX_set_ciphersuites(r.ctx, "TLS_AES_128_CCM_SHA256:TLS_CHACHA20_POLY1305_"
						"SHA256:TLS_AES_128_GCM_SHA256");
		say_hello(&r, NULL);
		assert_true(read_hello(&r, &h));
		first = r.in + (h.suites.data - r.in);
		if (i < 16)
			first[0] = first[1] = (uint8_t)(i << 4 | 0x0a);
		assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
		assert_non_null(r.server.quick);
		assert_int_equal(
			rs_load_be16(r.out + 5 + 4 + 2 + 32 + 1 + 32), i < 16 ? 0x1303 : 0x1301);
		rig_disconnect(&r);
		finish(&r);
	}
}

/* Its order is that of TLS 1.3's (section B.4): Go's clients have all of TLS 1.2 before them. */
static void chacha20_behind_suites_of_1_2(void **state)
{
	static const char *const firsts[] = {"ECDHE-ECDSA-CHACHA20-POLY1305",
		"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"};
	static struct rig r;
	struct tls_hello h;
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(firsts); i++) {
		const uint16_t order[] = {i % 2 ? 0x1301 : 0x1303, i % 2 ? 0x1303 : 0x1301};
		uint8_t *suites;

		begin(&r);
		SSL_CTX_set_ciphersuites(
			r.ctx, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256");
		SSL_CTX_set_cipher_list(r.ctx, firsts[i / 2]);
		say_hello(&r, NULL);
		assert_true(read_hello(&r, &h));
		assert_true(h.suites.len >= 6);
		suites = r.in + (h.suites.data - r.in);
		memmove(suites, suites + 4, 2); /* OpenSSL's have TLS 1.3 first */
		rs_store_be16(suites + 2, order[0]);
		rs_store_be16(suites + 4, order[1]);
		assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
		assert_non_null(r.server.quick);
		assert_int_equal(rs_load_be16(r.out + 5 + 4 + 2 + 32 + 1 + 32), order[0]);
		rig_disconnect(&r);
		finish(&r);
	}
}

static void protocols(void **state)
{
	static const uint8_t offer[] = "\x02h2\x08http/1.0\x08http/1.1";
	const unsigned char *chosen;
	unsigned int n;
	static struct rig r;

	(void)state;
	begin(&r);
	SSL_CTX_set_alpn_protos(r.ctx, offer, sizeof(offer) - 1);
	assert_true(connect_with(&r, NULL, "a.test"));
	SSL_get0_alpn_selected(r.client, &chosen, &n);
	assert_int_equal(n, 8);
	assert_memory_equal(chosen, "http/1.1", 8);
	rig_disconnect(&r);
	finish(&r);
}

static void resumption(void **state)
{
	static struct rig r;

	(void)state;
	begin(&r);
	assert_true(connect_with(&r, NULL, "a.test"));
	rig_disconnect(&r);
	for (uint32_t i = 0; i < 4; i++) {
		SSL_SESSION *session = last_session;

		last_session = NULL;
		assert_non_null(session);
		assert_true(connect_with(&r, session, "a.test"));
		assert_int_equal(SSL_session_reused(r.client), 1);
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_RESUMED], i + 1);
		rig_disconnect(&r);
		SSL_SESSION_free(session);
	}
	finish(&r);
}

static void no_tickets_where_none_are_wanted(void **state)
{
	static struct rig r;

	(void)state;
	begin(&r);
	r.settings.ticket_lifetime_s = 0;
	rig_change_domain(&r);
	assert_true(connect_with(&r, NULL, "a.test"));
	rig_disconnect(&r);
	assert_null(last_session);
	finish(&r);
}

/* Whatever is not set stands there. */
static __attribute__((noinline)) void soil_stack(void)
{
	volatile uint8_t junk[65536];

	for (uint32_t i = 0; i < sizeof(junk); i++)
		junk[i] = 0xa5;
}

/* Sections 4.1.3, 4.6.1: the server's random, and what is added to a ticket's age, are new ones in
 * each handshake. */
static void what_is_drawn(void **state)
{
	uint8_t randoms[2][32], age_adds[2][4];
	static struct rig r;
	uint32_t n;

	(void)state;
	begin(&r);
	for (uint32_t i = 0; i < 2; i++) {
		say_hello(&r, NULL);
		soil_stack();
		assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
		memcpy(randoms[i], r.out + 5 + 4 + 2, 32);
		memcpy(age_adds[i], r.server.quick->age_add, 4);
		carry(&r);
		shake_hands(&r);
		talk(&r);
		rig_disconnect(&r);
	}
	for (uint32_t at = 0; at < 32; at += 8)
		assert_memory_not_equal(randoms[0] + at, randoms[1] + at, 8);
	assert_memory_not_equal(age_adds[0], age_adds[1], 4);
	finish(&r);
}

/* Section 4.2.9: where both want that; OpenSSL does it only for clients that offer nothing else. */
static void resumption_without_a_key_exchange(void **state)
{
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		bool no_lean = i & 1, allowed = i & 2, offered = i & 4;
		EVP_PKEY *share = NULL;

		rig_init_with(&r, no_lean);
		r.settings.psk_ke = allowed;
		rig_change_domain(&r);
		SSL_CTX_set_session_cache_mode(r.ctx, SSL_SESS_CACHE_CLIENT);
		SSL_CTX_sess_set_new_cb(r.ctx, keep_session);
		if (offered)
			SSL_CTX_set_options(r.ctx, SSL_OP_ALLOW_NO_DHE_KEX);
		connect_with(&r, NULL, "a.test");
		assert_int_equal(SSL_get_peer_tmp_key(r.client, &share), 1);
		EVP_PKEY_free(share);
		rig_disconnect(&r);
		assert_int_equal(connect_with(&r, last_session, "a.test"), !no_lean);
		assert_int_equal(SSL_session_reused(r.client), 1);
		share = NULL;
		assert_int_equal(
			SSL_get_peer_tmp_key(r.client, &share), !(allowed && offered && !no_lean));
		EVP_PKEY_free(share);
		rig_disconnect(&r);
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_RESUMED], 1);
		assert_int_equal(r.counters[TLS_C_KEYS_AHEAD], 0);
		finish(&r);
	}
}

/* A ticket is for its name, for its path, and for those who have its key. */
static void tickets_of_others_make_full_handshakes(void **state)
{
	static struct rig r, other;

	(void)state;
	begin(&r);
	assert_true(connect_with(&r, NULL, "a.test"));
	rig_disconnect(&r);
	assert_true(connect_with(&r, last_session, "b.test"));
	assert_int_equal(SSL_session_reused(r.client), 0);
	rig_disconnect(&r);
	assert_true(connect_with(&r, NULL, "a.test"));
	rig_disconnect(&r);
	for (uint32_t shares_keys = 0; shares_keys < 2; shares_keys++) {
		for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
			bool same_kind = !no_lean && shares_keys;

			rig_init_with(&other, no_lean);
			if (shares_keys)
				other.shared->tickets = r.shared->tickets;
			assert_int_equal(connect_with(&other, last_session, "a.test"), !no_lean);
			assert_int_equal(SSL_session_reused(other.client), same_kind);
			rig_disconnect(&other);
			rig_fini(&other);
		}
	}
	finish(&r);
}

/* Section 4.2.11: a ticket's secret is for suites of its own hash. */
static void tickets_of_another_hash(void **state)
{
	static struct rig r;

	(void)state;
	begin(&r);
	SSL_CTX_set_ciphersuites(r.ctx, "TLS_AES_256_GCM_SHA384");
	assert_true(connect_with(&r, NULL, "a.test"));
	rig_disconnect(&r);
	assert_true(connect_with(&r, last_session, "a.test"));
	assert_int_equal(SSL_session_reused(r.client), 1);
	rig_disconnect(&r);
	SSL_CTX_set_ciphersuites(r.ctx, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256");
	assert_true(connect_with(&r, last_session, "a.test"));
	assert_int_equal(SSL_session_reused(r.client), 0);
	rig_disconnect(&r);
	finish(&r);
}

/*
 * When there is another key in front, tickets are sealed with it: who knows only that one opens
 * them. Those of the old one open as before.
 */
static void tickets_when_keys_change(void **state)
{
	static struct rig r, other;
	SSL_SESSION *old;

	(void)state;
	begin(&r);
	assert_true(connect_with(&r, NULL, "a.test"));
	rig_disconnect(&r);
	old = last_session;
	last_session = NULL;
	assert_int_equal(rs_tls_tickets_rotate(&r.shared->tickets), 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(connect_with(&r, NULL, "a.test"));
		rig_disconnect(&r);
		assert_true(connect_with(&r, old, "a.test"));
		assert_int_equal(SSL_session_reused(r.client), 1);
		rig_disconnect(&r);
	}
	rig_init(&other);
	other.shared->tickets = r.shared->tickets;
	assert_true(connect_with(&other, last_session, "a.test"));
	assert_int_equal(SSL_session_reused(other.client), 1);
	rig_disconnect(&other);
	assert_true(connect_with(&other, old, "a.test"));
	assert_int_equal(SSL_session_reused(other.client), 1);
	rig_disconnect(&other);
	rig_fini(&other);
	SSL_SESSION_free(old);
	finish(&r);
}

/* Each made ahead is used once, and others are made where there is none. */
static void keys_made_ahead(void **state)
{
	static struct rig r;
	uint32_t n = 0;

	(void)state;
	begin(&r);
	assert_true(rs_tls_library_make_ahead(r.library));
	assert_true(rs_tls_library_make_ahead(r.library));
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(connect_with(&r, NULL, NULL));
		rig_disconnect(&r);
		assert_int_equal(r.counters[TLS_C_KEYS_AHEAD], i < 2 ? i + 1 : 2);
	}
	while (rs_tls_library_make_ahead(r.library))
		n++;
	assert_int_equal(n, 64);
	finish(&r);
}

/* TCP may cut a hello anywhere. Whoever answers it has all of it. */
static void hellos_in_pieces(void **state)
{
	static const uint32_t pieces[] = {1, 2, 4, 5, 6, 100, 1460};
	static struct rig r;

	(void)state;
	begin(&r);
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(pieces); i++) {
		uint64_t before = r.counters[TLS_C_HANDSHAKES_QUICK];
		bool is_old = i % 2;

		rig_connect(&r);
		if (is_old)
			SSL_set_max_proto_version(r.client, TLS1_2_VERSION);
		r.shown = pieces[i / 2];
		shake_hands(&r);
		r.shown = UINT32_MAX;
		talk(&r);
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], before + !is_old);
		rig_disconnect(&r);
	}
	finish(&r);
}

/* Nobody answers, and nobody gives up, before the last byte has come. */
static void hellos_that_come_in_parts(void **state)
{
	static struct rig r;
	uint32_t n, all = UINT32_MAX;

	(void)state;
	begin(&r);
	for (uint32_t cut = 0; cut < all; cut += cut < 12 ? 1 : 29) {
		say_hello(&r, NULL);
		all = r.in_to;
		for (uint32_t i = 0; i < 2; i++) {
			r.in_to = cut / (2 - i);
			assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
			assert_int_equal(r.out_to, 0);
		}
		r.in_to = all;
		assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
		assert_non_null(r.server.quick);
		assert_null(r.server.opening); /* it is done with */
		rig_disconnect(&r);
		say_hello(&r, NULL);
		r.in_to = cut;
		r.has_ended = true;
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		assert_int_equal(r.out_to, 0);
		rig_disconnect(&r);
	}
	finish(&r);
}

static int add_bytes(SSL *ssl, unsigned int type, unsigned int context, const unsigned char **out,
	size_t *n, X509 *cert, size_t i_cert, int *alert, void *bytes)
{
	static const uint8_t zeros[8000];

	(void)ssl;
	(void)type;
	(void)context;
	(void)cert;
	(void)i_cert;
	(void)alert;
	*out = zeros;
	*n = *(const size_t *)bytes;
	return 1;
}

/* An extension that nobody knows makes hellos as long as one likes. */
static void long_hellos(void **state)
{
	static const size_t sizes[] = {1000, 1800, 3500, 4096, 8000};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(sizes); i++) {
		size_t bytes = sizes[i];

		begin(&r);
		assert_true(SSL_CTX_add_custom_ext(
			r.ctx, 0xfd00, SSL_EXT_CLIENT_HELLO, add_bytes, NULL, &bytes, NULL, NULL));
		assert_int_equal(connect_with(&r, NULL, "a.test"), bytes < 4096);
		rig_disconnect(&r);
		finish(&r);
	}
}

/* What begins like no hello is OpenSSL's at once, which does not wait for a record of it. */
static void other_protocols(void **state)
{
	static const char *const words[] = {"G", "GET / HTTP/1.1\r\n\r\n", "\x16GET /", "\x15\x03"};
	static struct rig r;
	uint32_t n;

	(void)state;
	begin(&r);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(words); i++) {
		rig_connect(&r);
		r.in_to = (uint32_t)strlen(words[i]);
		memcpy(r.in, words[i], r.in_to);
		server_read(&r, &n);
		assert_non_null(r.server.ssl);
		r.has_ended = true;
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		rig_disconnect(&r);
	}
	finish(&r);
}

/* Section 5.1: whatever the version of a record is, it is to be ignored. */
static void versions_of_records(void **state)
{
	static const uint32_t versions[] = {0x0300, 0x0301, 0x0304, 0x0200, 0x0505, 0xffff};
	static struct rig r;
	uint32_t n;

	(void)state;
	begin(&r);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(versions); i++) {
		rig_connect(&r);
		SSL_do_handshake(r.client);
		carry(&r);
		r.in[1] = (uint8_t)(versions[i] >> 8);
		r.in[2] = (uint8_t)versions[i];
		assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
		carry(&r);
		shake_hands(&r);
		talk(&r);
		rig_disconnect(&r);
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], i + 1);
	}
	finish(&r);
}

/* Section 5.4: any record may be padded, up to what a record carries. */
static void padded_records(void **state)
{
	static const size_t blocks[] = {16, 512, 4096, 16384};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(blocks); i++) { /* OpenSSL takes them, too */
		rig_init_with(&r, i % 2);
		SSL_CTX_set_block_padding(r.ctx, blocks[i / 2]);
		assert_int_equal(connect_with(&r, NULL, "a.test"), i % 2 == 0);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* RFC 6066 section 4: whoever has agreed to shorter records writes no longer ones. */
static void clients_that_want_short_records(void **state)
{
	static uint8_t text[5000];
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t n_read = 0, n;
		int got;

		begin(&r);
		SSL_CTX_set_tlsext_max_fragment_length(r.ctx, TLSEXT_max_fragment_length_512);
		if (i)
			SSL_CTX_set1_groups_list(r.ctx, "P-256");
		rig_connect(&r);
		shake_hands(&r);
		for (uint32_t done = 0; done < sizeof(text); done += n)
			assert_int_equal(rs_tls_session_write(&r.server, text + done,
						 (uint32_t)sizeof(text) - done, &n),
				TLS_OK);
		carry(&r);
		while ((got = SSL_read(r.client, text, sizeof(text))) > 0) {
			assert_true(got <= 512);
			n_read += (uint32_t)got;
		}
		assert_int_equal(n_read, sizeof(text));
		rig_disconnect(&r);
		finish(&r);
	}
}

/* Section D.4: who has sent no session id wants no change of cipher spec. */
static void without_what_middleboxes_want(void **state)
{
	static struct rig r;
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		begin(&r);
		if (i)
			SSL_CTX_clear_options(r.ctx, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
		rig_connect(&r);
		SSL_do_handshake(r.client);
		carry(&r);
		assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
		assert_int_equal(r.out[0], TLS_CONTENT_HANDSHAKE);
		assert_int_equal(
			r.out[5 + rs_load_be16(r.out + 3)], i ? TLS_CONTENT_DATA : TLS_CONTENT_CCS);
		carry(&r);
		shake_hands(&r);
		talk(&r);
		rig_disconnect(&r);
		finish(&r);
	}
}

/* ---- room ---- */

/* Nothing of it is sent before there is room for all of it. */
static void a_flight_that_waits_for_room(void **state)
{
	static struct rig r;
	uint32_t roomy = 0, n;

	(void)state;
	begin(&r);
	say_hello(&r, NULL);
	do {
		assert_int_equal(r.out_to, 0);
		r.roomy = ++roomy;
	} while (server_read(&r, &n) == TLS_WANT_ROOM);
	assert_true(roomy > 500); /* that much has to be sent with any certificate */
	assert_true(r.out_to <= roomy);
	carry(&r);
	r.roomy = 0; /* nor is more wanted before it is answered … */
	assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
	SSL_do_handshake(r.client);
	carry(&r);
	r.roomy = 100; /* … but then, for a ticket */
	assert_int_equal(server_read(&r, &n), TLS_WANT_ROOM);
	assert_false(r.server.open);
	r.roomy = 1000;
	assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
	assert_true(r.server.open);
	assert_null(r.server.quick);
	r.roomy = BUFFER_BYTES;
	talk(&r);
	assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], 1);
	rig_disconnect(&r);
	finish(&r);
}

/* Where some came, and it was not enough, OpenSSL does with it. */
static void too_little_room_for_a_flight(void **state)
{
	static struct rig r;
	uint32_t n;

	(void)state;
	begin(&r);
	say_hello(&r, NULL);
	r.roomy = 500;
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(server_read(&r, &n), TLS_WANT_ROOM);
		assert_null(r.server.ssl);
	}
	r.server.got_room = true;
	assert_int_equal(server_read(&r, &n), TLS_WANT_ROOM);
	assert_non_null(r.server.ssl);
	r.roomy = BUFFER_BYTES;
	shake_hands(&r);
	talk(&r);
	assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], 0);
	assert_int_equal(r.counters[TLS_C_HANDSHAKES_FULL], 1);
	rig_disconnect(&r);
	finish(&r);
}

/* ---- groups ---- */

/* Of P-256 so often that secrets begin with zeros, too: they are as long (section 7.4.2). */
static const struct {
	const char *name;
	int nid;
	uint32_t n;
} groups[] = {
	{"X25519", NID_X25519, 1},
	{"P-256:X25519", NID_X9_62_prime256v1, 600},
	{"P-384:X25519", NID_secp384r1, 10},
};

static void every_group(void **state)
{
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(groups); i++) {
		begin(&r);
		SSL_CTX_set1_groups_list(r.ctx, groups[i].name);
		for (uint32_t k = 0; k < groups[i].n; k++) {
			assert_true(connect_with(&r, NULL, "a.test"));
			assert_int_equal(SSL_get_negotiated_group(r.client), groups[i].nid);
			rig_disconnect(&r);
		}
		for (uint32_t k = 0; k < RS_ARRAY_SIZE(groups); k++) { /* and by any other, too */
			SSL_CTX_set1_groups_list(r.ctx, groups[k].name);
			assert_true(connect_with(&r, last_session, "a.test"));
			assert_true(SSL_session_reused(r.client));
			assert_int_equal(SSL_get_negotiated_group(r.client), groups[k].nid);
			rig_disconnect(&r);
		}
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_FULL], groups[i].n);
		finish(&r);
	}
}

/* Section 4.2.8.2: each byte of a point changed, which leaves hardly any on the curve. */
static void points_beside_the_curve(void **state)
{
	static const uint8_t share[] = {0, TLS_GROUP_SECP256R1, 0, 65, 4};
	static struct rig r;
	uint32_t n;

	(void)state;
	begin(&r);
	SSL_CTX_set1_groups_list(r.ctx, "P-256");
	for (uint32_t i = 0; i < 65; i++) {
		uint8_t *point;

		say_hello(&r, NULL);
		point = memmem(r.in, r.in_to, share, sizeof(share));
		assert_non_null(point);
		point[4 + i] ^= 0x20;
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		assert_int_equal(alert_of(&r), SSL_AD_ILLEGAL_PARAMETER);
		rig_disconnect(&r);
	}
	finish(&r);
}

/* ---- what it leaves ---- */

static void others_are_openssls(void **state)
{
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		begin(&r);
		if (i == 0)
			SSL_CTX_set_max_proto_version(r.ctx, TLS1_2_VERSION);
		if (i == 1)
			SSL_CTX_set1_groups_list(r.ctx, "P-521:X25519"); /* the share is P-521's */
		if (i == 2)
			SSL_CTX_set1_groups_list(r.ctx, "P-521:P-256");
		if (i == 3)
			SSL_CTX_set1_sigalgs_list(r.ctx, "ECDSA+SHA256:RSA-PSS+SHA256");
		assert_int_equal(connect_with(&r, NULL, "a.test"), i == 3);
		rig_disconnect(&r);
		finish(&r);
	}
}

/* Section 4.2.6: curl with OpenSSL offers it always. Nobody asks. */
static void clients_that_would_show_a_certificate_later(void **state)
{
	static struct rig r;

	(void)state;
	begin(&r);
	rig_connect(&r);
	SSL_set_post_handshake_auth(r.client, 1);
	shake_hands(&r);
	talk(&r);
	assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], 1);
	rig_disconnect(&r);
	finish(&r);
}

/* ---- bytes out of place ---- */

static void hellos_cut_short_or_grown_are_none(void **state)
{
	static struct rig r;
	struct tls_hello h;
	struct span message, ticket, binder;

	(void)state;
	begin(&r);
	assert_true(connect_with(&r, NULL, "a.test"));
	rig_disconnect(&r);
	say_hello(&r, last_session);
	message = (struct span){.data = r.in + 5, .len = r.in_to - 5};
	assert_true(rs_tls_hello_read(message, &h));
	assert_int_equal(h.name.len, 6);
	assert_memory_equal(h.name.data, "a.test", 6);
	assert_int_equal(h.share.len, 32);
	assert_int_equal(h.session_id.len, 32);
	assert_true(rs_tls_hello_ticket(&h, 0, &ticket, &binder));
	assert_int_equal(binder.len, 32);
	assert_false(rs_tls_hello_ticket(&h, 1, &ticket, &binder));
	assert_int_equal(h.n_before_binders, message.len - 2 - 1 - 32);
	assert_true(rs_tls_hello_lists(h.suites, 0x1301));
	for (uint32_t n = 0; n < message.len; n++) {
		uint8_t *exact = malloc(n + 1); /* for the sanitizer to see a byte too many */

		memcpy(exact, message.data, n);
		assert_false(rs_tls_hello_read((struct span){.data = exact, .len = n}, &h));
		free(exact);
	}
	message.len++;
	assert_false(rs_tls_hello_read(message, &h));
	rig_disconnect(&r);
	finish(&r);
}

/* A hello that was changed on its way never makes a connection. */
static void any_byte_of_the_hello(void **state)
{
	static struct rig r;
	uint32_t n_bytes = 12, n;

	(void)state;
	begin(&r);
	assert_true(connect_with(&r, NULL, "a.test"));
	rig_disconnect(&r);
	for (uint32_t i = 11; i < n_bytes; i++) {
		say_hello(&r, last_session);
		n_bytes = r.in_to;
		r.in[i] ^= 1 << i % 8;
		if (server_read(&r, &n) != TLS_FAILED) {
			carry(&r);
			SSL_do_handshake(r.client);
			carry(&r);
			server_read(&r, &n);
		}
		assert_false(r.server.open);
		rig_disconnect(&r);
	}
	finish(&r);
}

/* The alert that is in r->out, before there are keys; -1: there is none. */
static int alert_in_clear(const struct rig *r)
{
	return r->out_to == 7 && r->out[0] == TLS_CONTENT_ALERT ? r->out[6] : -1;
}

/* Section 4.2.6: post_handshake_auth has no contents. Here they are those of
 * psk_key_exchange_modes.
 */
static void an_offer_with_contents(void **state)
{
	static const uint8_t modes[] = {0, TLS_EXT_PSK_MODES, 0, 2, 1, 1};
	static struct rig r;
	uint8_t *at;
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		rig_init_with(&r, i);
		say_hello(&r, NULL);
		at = memmem(r.in, r.in_to, modes, sizeof(modes));
		assert_non_null(at);
		at[1] = TLS_EXT_POST_HANDSHAKE_AUTH;
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		assert_int_equal(alert_in_clear(&r), TLS_ALERT_DECODE_ERROR);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* Section 4.2.11: a ticket that opens, and a binder that does not fit. */
static void wrong_binders(void **state)
{
	static struct rig r;
	uint32_t n;
	char byte;

	(void)state;
	begin(&r);
	assert_true(connect_with(&r, NULL, "a.test"));
	rig_disconnect(&r);
	say_hello(&r, last_session);
	r.in[r.in_to - 1] ^= 1;
	assert_int_equal(server_read(&r, &n), TLS_FAILED);
	carry(&r);
	ERR_clear_error();
	assert_true(SSL_read(r.client, &byte, 1) <= 0);
	assert_int_equal(
		ERR_GET_REASON(ERR_peek_error()), SSL_AD_REASON_OFFSET + TLS_ALERT_DECRYPT_ERROR);
	assert_int_equal(r.counters[TLS_C_HANDSHAKES_FAILED], 1);
	rig_disconnect(&r);
	finish(&r);
}

/* RFC 7748 section 6.1, RFC 8446 section 7.4.2: what is agreed on must not be all zero. */
static void shares_of_small_order(void **state)
{
	/* Little-endian, and all there are: 0, 1, two of order 8, and what is those again. */
	static const uint8_t shares[][32] = {
		{0},
		{1},
		{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
			0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62,
			0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
		{0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
			0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22,
			0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
	};
	static const uint8_t alert[] = {
		TLS_CONTENT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, TLS_ALERT_ILLEGAL_PARAMETER};
	static struct rig r;
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < 4 * 7; i++) {
		uint32_t kind = i / 4;
		struct tls_hello h;
		uint8_t *share;

		rig_init_with(&r, i % 2); /* OpenSSL's are the same */
		say_hello(&r, NULL);
		assert_true(read_hello(&r, &h));
		share = r.in + (h.share.data - r.in);
		if (kind < RS_ARRAY_SIZE(shares)) {
			memcpy(share, shares[kind], 32);
		} else { /* the prime less 1, the prime, and 1 more */
			memset(share, 0xff, 32);
			share[0] = (uint8_t)(0xec + kind - RS_ARRAY_SIZE(shares));
			share[31] = 0x7f;
		}
		share[31] |= i % 4 < 2 ? 0 : 0x80; /* is to be ignored */
		assert_int_equal(server_read(&r, &n), TLS_FAILED);
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_FAILED], 1);
		assert_int_equal(r.out_to, sizeof(alert));
		assert_memory_equal(r.out, alert, sizeof(alert));
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* Nobody can answer yet; but nobody waits for more to find that out, either. */
static void what_comes_with_the_hello(void **state)
{
	static const uint8_t ccs[] = {TLS_CONTENT_CCS, 3, 3, 0, 1, 1};
	static struct rig r;
	uint32_t n;

	(void)state;
	begin(&r);
	say_hello(&r, NULL);
	memcpy(r.in + r.in_to, r.in, r.in_to);
	r.in_to *= 2;
	assert_int_equal(server_read(&r, &n), TLS_FAILED);
	rig_disconnect(&r);
	say_hello(&r, NULL);
	memcpy(r.in + r.in_to, ccs, sizeof(ccs));
	r.in_to += (uint32_t)sizeof(ccs);
	shake_hands(&r);
	assert_true(r.server.lean);
	talk(&r);
	rig_disconnect(&r);
	finish(&r);
}

/* The client's second flight: CCS and Finished, 6 and 58 bytes. */
static void any_byte_of_the_second_flight(void **state)
{
	static struct rig r;
	uint32_t n_bytes = 64, n;

	(void)state;
	begin(&r);
	SSL_CTX_set_ciphersuites(r.ctx, "TLS_AES_128_GCM_SHA256");
	for (uint32_t i = 0; i < 2 * n_bytes; i++) {
		say_hello(&r, NULL);
		assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
		carry(&r);
		SSL_do_handshake(r.client);
		carry(&r);
		assert_int_equal(r.in_to, n_bytes);
		if (i < n_bytes) { /* versions of records are not looked at (section 5.1) */
			r.in[i] ^= 0x10;
			r.shown = i % 3 ? UINT32_MAX : 1;
			r.has_ended = true;
			server_read(&r, &n);
			assert_true(!r.server.open || i == 1 || i == 2);
		} else {
			r.in_to = i - n_bytes;
			assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
			assert_false(r.server.open);
			r.in_to = n_bytes;
			assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
			assert_true(r.server.open);
		}
		rig_disconnect(&r);
	}
	finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_and_key),
		cmocka_unit_test(suites_in_the_servers_order_but_for_chacha20),
		cmocka_unit_test(no_suite_in_common),
		cmocka_unit_test(suites_behind_those_that_nobody_knows),
		cmocka_unit_test(chacha20_behind_suites_of_1_2),
		cmocka_unit_test(protocols),
		cmocka_unit_test(what_is_drawn),
		cmocka_unit_test(resumption),
		cmocka_unit_test(no_tickets_where_none_are_wanted),
		cmocka_unit_test(resumption_without_a_key_exchange),
		cmocka_unit_test(tickets_of_others_make_full_handshakes),
		cmocka_unit_test(tickets_of_another_hash),
		cmocka_unit_test(tickets_when_keys_change),
		cmocka_unit_test(keys_made_ahead),
		cmocka_unit_test(hellos_in_pieces),
		cmocka_unit_test(hellos_that_come_in_parts),
		cmocka_unit_test(long_hellos),
		cmocka_unit_test(other_protocols),
		cmocka_unit_test(versions_of_records),
		cmocka_unit_test(padded_records),
		cmocka_unit_test(clients_that_want_short_records),
		cmocka_unit_test(without_what_middleboxes_want),
		cmocka_unit_test(a_flight_that_waits_for_room),
		cmocka_unit_test(too_little_room_for_a_flight),
		cmocka_unit_test(every_group),
		cmocka_unit_test(points_beside_the_curve),
		cmocka_unit_test(others_are_openssls),
		cmocka_unit_test(clients_that_would_show_a_certificate_later),
		cmocka_unit_test(hellos_cut_short_or_grown_are_none),
		cmocka_unit_test(any_byte_of_the_hello),
		cmocka_unit_test(an_offer_with_contents),
		cmocka_unit_test(wrong_binders),
		cmocka_unit_test(shares_of_small_order),
		cmocka_unit_test(what_comes_with_the_hello),
		cmocka_unit_test(any_byte_of_the_second_flight),
	};

	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
