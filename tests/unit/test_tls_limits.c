/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_size_limit (RFC 8449): OpenSSL's client offers it by an extension of the test's, and what
 * it is sent is looked at record by record. Sections are that RFC's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tls_rig.h"

#define LIMIT      28
#define GCM_12     24 /* what a record of TLS 1.2 with AES-GCM has beside its text … */
#define GCM_13     16 /* … and one of 1.3 beside its content, type and padding */
#define NOT_SAID   0
#define MAX_RECORD 16384

static uint32_t limit, answer;

static int offer(SSL *ssl, unsigned int type, unsigned int context, const unsigned char **out,
	size_t *n, X509 *cert, size_t i_cert, int *alert, void *unused)
{
	static uint8_t bytes[2];

	(void)ssl;
	(void)type;
	(void)context;
	(void)cert;
	(void)i_cert;
	(void)alert;
	(void)unused;
	rs_store_be16(bytes, (uint16_t)limit);
	*out = bytes;
	*n = sizeof(bytes);
	return 1;
}

static int hear(SSL *ssl, unsigned int type, unsigned int context, const unsigned char *in,
	size_t n, X509 *cert, size_t i_cert, int *alert, void *unused)
{
	(void)ssl;
	(void)type;
	(void)cert;
	(void)i_cert;
	(void)alert;
	(void)unused;
	answer = (uint32_t)rs_load_be16(in);
	return n == 2 && (context == SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS ||
				 context == SSL_EXT_TLS1_2_SERVER_HELLO);
}

/*
 * The longest record in r->out, of what counts for the limit. In TLS 1.2 we heed it in what is not
 * sealed, too, as GnuTLS expects.
 */
static uint32_t longest_record(const struct rig *r, uint32_t from, bool is_1_3, bool *is_sealed)
{
	uint32_t longest = 0;

	for (uint32_t at = from; at < r->out_to;
		at += 5 + (uint32_t)rs_load_be16(r->out + at + 3)) {
		uint32_t bytes = (uint32_t)rs_load_be16(r->out + at + 3);

		if (is_1_3)
			*is_sealed = r->out[at] == SSL3_RT_APPLICATION_DATA;
		else if (*is_sealed)
			bytes -= GCM_12 - GCM_13;
		if (*is_sealed || !is_1_3)
			longest = rs_max_u32(longest, bytes - (*is_sealed ? GCM_13 : 0));
		*is_sealed |= r->out[at] == SSL3_RT_CHANGE_CIPHER_SPEC;
	}
	return longest;
}

struct client {
	int version;
	bool no_lean, has_no_share, has_fragments;
};

static struct rig rig;

static void begin(const struct client *c)
{
	rig_init_with(&rig, c->no_lean);
	SSL_CTX_set_session_cache_mode(rig.ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(rig.ctx, keep_session);
	SSL_CTX_set_min_proto_version(rig.ctx, c->version);
	SSL_CTX_set_max_proto_version(rig.ctx, c->version);
	SSL_CTX_set_ciphersuites(rig.ctx, "TLS_AES_128_GCM_SHA256");
	SSL_CTX_set_cipher_list(rig.ctx, "ECDHE-ECDSA-AES128-GCM-SHA256");
	if (c->has_no_share) /* for the first: a HelloRetryRequest comes of it */
		SSL_CTX_set1_groups_list(rig.ctx, "P-521:P-256");
	if (c->has_fragments)
		SSL_CTX_set_tlsext_max_fragment_length(rig.ctx, TLSEXT_max_fragment_length_512);
	RIG_CHECK(SSL_CTX_add_custom_ext(rig.ctx, LIMIT,
			  SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO |
				  SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS,
			  offer, NULL, NULL, hear, NULL) == 1);
}

static void finish(void)
{
	SSL_SESSION_free(last_session);
	last_session = NULL;
	rig_fini(&rig);
}

/* A handshake, and much to read. Returns the longest record that has come. */
static uint32_t connect_and_read(const struct client *c, SSL_SESSION *session)
{
	static uint8_t text[40000], heard[40000];
	bool is_1_3 = c->version == TLS1_3_VERSION, is_sealed = false;
	uint32_t longest = 0, n, at_client = 0, written = 0;
	SSL_SESSION *copy = session ? SSL_SESSION_dup(session) : NULL;

	answer = NOT_SAID;
	rig_connect(&rig);
	SSL_set_session(rig.client, copy);
	SSL_SESSION_free(copy);
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(rig.client);
		carry(&rig);
		RIG_CHECK(server_read(&rig, &n) == TLS_WANT_INPUT);
		longest = rs_max_u32(longest, longest_record(&rig, 0, is_1_3, &is_sealed));
		carry(&rig);
	}
	RIG_CHECK(SSL_is_init_finished(rig.client) && rig.server.open);
	for (uint32_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + i / 251);
	while (at_client < sizeof(text)) {
		int got;

		rig.roomy = BUFFER_BYTES / 4;
		while (written < sizeof(text) && rig.out_to < BUFFER_BYTES / 4) {
			RIG_CHECK(rs_tls_session_write(&rig.server, text + written,
					  (uint32_t)sizeof(text) - written, &n) == TLS_OK);
			written += n;
		}
		longest = rs_max_u32(longest, longest_record(&rig, 0, is_1_3, &is_sealed));
		carry(&rig);
		while ((got = SSL_read(rig.client, heard + at_client,
				(int)(sizeof(heard) - at_client))) > 0)
			at_client += (uint32_t)got;
	}
	RIG_CHECK(!memcmp(text, heard, sizeof(text)));
	return longest;
}

static const uint32_t limits[] = {64, 65, 100, 511, 512, 513, 1000, 4096, 16384, 16385, 65535};

/* Section 4: full and resumed, and data: none longer, and one as long as it may be. */
static void check_limits(const struct client *c, uint32_t least)
{
	const uint32_t most = c->version == TLS1_3_VERSION ? MAX_RECORD + 1 : MAX_RECORD;

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(limits); i++) {
		bool is_heeded = limits[i] >= least;

		limit = limits[i];
		begin(c);
		for (uint32_t k = 0; k < 2; k++) {
			SSL_SESSION *session = last_session;
			uint32_t longest;

			last_session = NULL;
			longest = connect_and_read(c, session);
			SSL_SESSION_free(session);
			assert_int_equal(SSL_session_reused(rig.client), k);
			assert_int_equal(answer, is_heeded ? most : NOT_SAID);
			assert_int_equal(longest, is_heeded ? rs_min_u32(limit, most) : most);
			rig_disconnect(&rig);
		}
		finish();
	}
}

static void in_handshakes_of_ours(void **state)
{
	const struct client c = {.version = TLS1_3_VERSION};

	(void)state;
	check_limits(&c, 0);
}

/* Of its messages OpenSSL makes no records of less than 512 bytes. */
static void in_those_of_openssl(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < 4; i++) {
		const struct client c = {
			.version = TLS1_3_VERSION, .no_lean = i & 1, .has_no_share = i & 2};

		check_limits(&c, 513);
	}
}

static void in_tls_1_2(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		const struct client c = {.version = TLS1_2_VERSION, .no_lean = i};

		check_limits(&c, 512);
	}
}

/* Section 5: max_fragment_length is passed over; OpenSSL knows nothing but that. */
static void beside_a_length_of_fragments(void **state)
{
	const struct client all[] = {
		{.version = TLS1_3_VERSION, .has_fragments = true},
		{.version = TLS1_3_VERSION, .has_fragments = true, .no_lean = true},
		{.version = TLS1_2_VERSION, .has_fragments = true},
	};

	(void)state;
	limit = 2000;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(all); i++) {
		bool is_ours = i == 0, is_1_3 = all[i].version == TLS1_3_VERSION;

		begin(&all[i]);
		assert_int_equal(connect_and_read(&all[i], NULL), is_ours ? 2000 : 512 + is_1_3);
		assert_int_equal(answer, is_ours ? MAX_RECORD + 1 : NOT_SAID);
		rig_disconnect(&rig);
		finish();
	}
}

/* Section 4: a limit is for the other side's records. Ours stays what all may write. */
static void what_clients_write_has_another_limit(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	static uint8_t text[MAX_RECORD];

	(void)state;
	limit = 64;
	for (uint32_t i = 0; i < 4; i++) {
		const struct client c = {.version = versions[i % 2], .no_lean = i / 2};
		uint32_t n;

		begin(&c);
		connect_and_read(&c, NULL);
		SSL_write(rig.client, text, sizeof(text));
		carry(&rig);
		assert_int_equal(server_read(&rig, &n), TLS_OK);
		assert_int_equal(n, sizeof(text));
		rig_disconnect(&rig);
		finish();
	}
}

/* Nothing is sent before there is room for all of it, which in short records is more. */
static void room_for_a_flight_in_short_records(void **state)
{
	static const uint32_t in_turn[] = {MAX_RECORD, 64};
	const struct client c = {.version = TLS1_3_VERSION};
	uint32_t needed[2], n;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		limit = in_turn[i];
		begin(&c);
		rig_connect(&rig);
		SSL_do_handshake(rig.client);
		carry(&rig);
		for (rig.roomy = 0; server_read(&rig, &n) == TLS_WANT_ROOM; rig.roomy++)
			assert_int_equal(rig.out_to, 0);
		assert_non_null(rig.server.quick);
		needed[i] = rig.roomy + rig.out_to;
		carry(&rig);
		SSL_do_handshake(rig.client);
		assert_int_equal(SSL_is_init_finished(rig.client), 1);
		rig_disconnect(&rig);
		finish();
	}
	assert_true(needed[1] > needed[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_handshakes_of_ours),
		cmocka_unit_test(in_those_of_openssl),
		cmocka_unit_test(in_tls_1_2),
		cmocka_unit_test(beside_a_length_of_fragments),
		cmocka_unit_test(what_clients_write_has_another_limit),
		cmocka_unit_test(room_for_a_flight_in_short_records),
	};

	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
