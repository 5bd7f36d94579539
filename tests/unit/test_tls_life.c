/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For whom, and for how long, sessions are resumed. The clock is the test's, for OpenSSL, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "tls_rig.h"
#include "tls/domain_internal.h"
#include "tls/quick_ticket.h"

#define MINUTE 60
#define DAY    86400

static time_t now_s;

/* In place of libc's. */
time_t time(time_t *to)
{
	if (to)
		*to = now_s;
	return now_s;
}

static int set_clock(void **state)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now_s = now.tv_sec;
	return make_certificate(state);
}

/* ---- a server, and a client of one version, with its own certificate or none ---- */

static void begin(struct rig *r, bool is_12)
{
	rig_init(r);
	r->settings.ticket_lifetime_s = 7 * DAY;
	rig_change_domain(r);
	SSL_CTX_set_session_cache_mode(r->ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(r->ctx, keep_session);
	if (is_12)
		SSL_CTX_set_max_proto_version(r->ctx, TLS1_2_VERSION);
}

static void finish(struct rig *r)
{
	SSL_SESSION_free(last_session);
	last_session = NULL;
	rig_fini(r);
}

static void show_certificate(struct rig *r)
{
	assert_int_equal(SSL_CTX_use_certificate_chain_file(r->ctx, cert_path), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(r->ctx, key_path, SSL_FILETYPE_PEM), 1);
}

enum outcome {
	REFUSED,
	FULL,
	RESUMED,
};

/* A connection with the last session's ticket, whose own takes its place. */
static enum outcome meet(struct rig *r)
{
	enum tls_status status = TLS_WANT_INPUT;
	SSL_SESSION *session = last_session;
	enum outcome outcome = REFUSED;
	uint32_t n;
	char byte;

	last_session = NULL;
	rig_connect(r);
	SSL_set_session(r->client, session);
	for (int i = 0; i < 10 && status == TLS_WANT_INPUT; i++) {
		SSL_do_handshake(r->client);
		carry(r);
		status = server_read(r, &n);
		carry(r);
		SSL_read(r->client, &byte, 1); /* tickets come behind the handshake */
	}
	if (r->server.open)
		outcome = SSL_session_reused(r->client) ? RESUMED : FULL;
	rig_disconnect(r);
	ERR_clear_error();
	if (!last_session)
		last_session = session;
	else
		SSL_SESSION_free(session);
	return outcome;
}

/* ---- client certificates ---- */

/* Nobody is let in by what was agreed on under other demands. */
static void only_under_the_same_demands(void **state)
{
	static const struct {
		enum tls_client_cert before, after;
		bool other_ca, shows;
		enum outcome outcome;
	} all[] = {
		{TLS_CLIENT_CERT_NONE, TLS_CLIENT_CERT_REQUIRED, false, false, REFUSED},
		{TLS_CLIENT_CERT_NONE, TLS_CLIENT_CERT_OPTIONAL, false, false, FULL},
		{TLS_CLIENT_CERT_OPTIONAL, TLS_CLIENT_CERT_REQUIRED, false, false, REFUSED},
		{TLS_CLIENT_CERT_OPTIONAL, TLS_CLIENT_CERT_REQUIRED, false, true, FULL},
		{TLS_CLIENT_CERT_OPTIONAL, TLS_CLIENT_CERT_OPTIONAL, false, false, RESUMED},
		{TLS_CLIENT_CERT_OPTIONAL, TLS_CLIENT_CERT_OPTIONAL, false, true, RESUMED},
		{TLS_CLIENT_CERT_OPTIONAL, TLS_CLIENT_CERT_OPTIONAL, true, true, REFUSED},
		{TLS_CLIENT_CERT_REQUIRED, TLS_CLIENT_CERT_REQUIRED, false, true, RESUMED},
		{TLS_CLIENT_CERT_REQUIRED, TLS_CLIENT_CERT_REQUIRED, true, true, REFUSED},
		{TLS_CLIENT_CERT_NONE, TLS_CLIENT_CERT_NONE, false, false, RESUMED},
	};
	char own_cert[TEMP_PATH_BYTES];
	static struct rig r;

	(void)state;
	memcpy(own_cert, cert_path, sizeof(own_cert));
	make_certificate(NULL); /* another one, at the same path from now on */
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(all); i++) {
		enum tls_client_cert before = all[i / 2].before, after = all[i / 2].after;

		begin(&r, i % 2);
		if (all[i / 2].shows)
			show_certificate(&r);
		r.settings.client_ca = before == TLS_CLIENT_CERT_NONE ? NULL : cert_path;
		r.settings.client_cert = before;
		rig_change_domain(&r);
		assert_int_equal(meet(&r), FULL);
		r.settings.client_ca = after == TLS_CLIENT_CERT_NONE ? NULL
				       : all[i / 2].other_ca         ? own_cert
								     : cert_path;
		r.settings.client_cert = after;
		rig_change_domain(&r);
		assert_int_equal(meet(&r), all[i / 2].outcome);
		finish(&r);
	}
}

/* The certificate of the rig is good for an hour, and a ticket, renewed or not, for no longer. */
static void not_beyond_the_certificate(void **state)
{
	static struct rig r;
	time_t begun = now_s;

	(void)state;
	for (uint32_t is_12 = 0; is_12 < 2; is_12++) {
		begin(&r, is_12);
		show_certificate(&r);
		r.settings.client_ca = cert_path;
		r.settings.client_cert = TLS_CLIENT_CERT_REQUIRED;
		rig_change_domain(&r);
		assert_int_equal(meet(&r), FULL);
		now_s = begun + 30 * MINUTE;
		assert_int_equal(meet(&r), RESUMED);
		now_s = begun + 55 * MINUTE;
		assert_int_equal(meet(&r), RESUMED);
		now_s = begun + 65 * MINUTE;
		assert_int_equal(meet(&r), REFUSED);
		now_s = begun;
		finish(&r);
	}
}

/* ---- the whole of a session's life ---- */

static void not_for_ever(void **state)
{
	static struct rig r;
	time_t begun = now_s;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		begin(&r, i == 2);
		r.settings.no_lean = i > 0;
		rig_change_domain(&r);
		for (uint32_t life = 0; life < 2; life++) {
			assert_int_equal(meet(&r), FULL);
			now_s += 5 * DAY;
			assert_int_equal(meet(&r), RESUMED);
			now_s += DAY;
			assert_int_equal(meet(&r), RESUMED);
			now_s += 2 * DAY;
		}
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], i == 0 ? 6 : 0);
		now_s = begun;
		finish(&r);
	}
}

/* RFC 8446 section 4.6.1: for as long as was said, and ten seconds before by another box's clock.
 */
static void tickets_to_the_second(void **state)
{
	static const struct {
		time_t after_s, until_s; /* until_s 0: as after a full handshake */
		bool opens;
	} all[] = {
		{0, 0, true},
		{99, 0, true},
		{100, 0, false},
		{-10, 0, true},
		{-11, 0, false},
		{49, 50, true},
		{50, 50, false},
	};
	uint8_t sealed[TLS_TICKET_BYTES];
	static struct rig r;
	time_t begun = now_s;

	(void)state;
	begin(&r, false);
	r.settings.ticket_lifetime_s = 100;
	rig_change_domain(&r);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(all); i++) {
		uint64_t until_s = all[i].until_s ? (uint64_t)(begun + all[i].until_s) : 0;
		struct tls_ticket t = {.secret_bytes = 32};
		struct span ticket = {.data = sealed, .len = sizeof(sealed)};

		memcpy(t.until_s, &until_s, sizeof(until_s));
		now_s = begun;
		assert_true(rs_tls_ticket_seal(r.domain, &t, sealed));
		now_s = begun + all[i].after_s;
		assert_int_equal(rs_tls_ticket_open(r.domain, ticket, &t), all[i].opens);
	}
	now_s = begun;
	finish(&r);
}

/* The server's clock was ahead by so much when it made the last ticket; the client's was not. */
static enum outcome meet_again(struct rig *r, time_t ahead_s)
{
	now_s -= ahead_s;
	SSL_SESSION_set_time(last_session, now_s);
	return meet(r);
}

/* A neighbour that shares the keys may have a clock that is ahead. */
static void tickets_from_a_near_future(void **state)
{
	static struct rig r;

	(void)state;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		begin(&r, false);
		r.settings.no_lean = no_lean;
		rig_change_domain(&r);
		now_s += 5;
		assert_int_equal(meet(&r), FULL);
		assert_int_equal(meet_again(&r, 5), RESUMED);
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], no_lean ? 0 : 2);
		finish(&r);
	}
}

/* A clock that is set back makes none that live longer. */
static void tickets_from_a_far_future(void **state)
{
	static struct rig r;

	(void)state;
	begin(&r, false);
	now_s += 60;
	assert_int_equal(meet(&r), FULL);
	assert_int_equal(meet_again(&r, 60), FULL);
	assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], 2);
	finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_under_the_same_demands),
		cmocka_unit_test(not_beyond_the_certificate),
		cmocka_unit_test(not_for_ever),
		cmocka_unit_test(tickets_to_the_second),
		cmocka_unit_test(tickets_from_a_near_future),
		cmocka_unit_test(tickets_from_a_far_future),
	};

	return cmocka_run_group_tests(tests, set_clock, NULL);
}
