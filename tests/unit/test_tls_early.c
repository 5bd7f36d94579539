/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which early data is taken (RFC 8446 sections 4.2.10 and 8): OpenSSL's own client sends it. The
 * clocks are the test's, for OpenSSL, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "tls_rig.h"

#define MAX_EARLY 1000

static time_t day_s = 1800000000; /* a clock that can be set … */
static time_t monotonic_s = 5000; /* … and one that cannot */

/* In place of libc's. */
time_t time(time_t *to)
{
	if (to)
		*to = day_s;
	return day_s;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	*now = (struct timespec){.tv_sec = clock == CLOCK_MONOTONIC ? monotonic_s : day_s};
	return 0;
}

/* One connection behind it, for a ticket. */
static void begin_with(struct rig *r, uint32_t max_early)
{
	char byte;

	rig_init(r);
	r->settings.max_early_data = max_early;
	rig_change_domain(r);
	SSL_CTX_set_session_cache_mode(r->ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(r->ctx, keep_session);
	SSL_CTX_set_ciphersuites(r->ctx, "TLS_AES_128_GCM_SHA256");
	rig_connect(r);
	shake_hands(r);
	SSL_read(r->client, &byte, 1);
	rig_disconnect(r);
	assert_non_null(last_session);
}

static void begin(struct rig *r)
{
	begin_with(r, MAX_EARLY);
}

/* A byte of early data; whether it was taken. */
static bool connect_early(struct rig *r)
{
	uint32_t n, n_early = 0;
	size_t written;
	bool early;

	rig_connect(r);
	SSL_set_session(r->client, last_session);
	SSL_write_early_data(r->client, "e", 1, &written);
	for (int i = 0; i < 1000 && !(SSL_is_init_finished(r->client) && r->server.open); i++) {
		carry(r);
		if (rs_tls_session_read(&r->server, r->text, sizeof(r->text), &n, &early) ==
			TLS_OK) {
			assert_true(early);
			n_early += n;
		}
		carry(r);
		SSL_do_handshake(r->client);
	}
	assert_true(r->server.open);
	assert_int_equal(SSL_session_reused(r->client), 1);
	assert_int_equal(SSL_get_early_data_status(r->client) == SSL_EARLY_DATA_ACCEPTED, n_early);
	rig_disconnect(r);
	return n_early;
}

static void end(struct rig *r)
{
	SSL_SESSION_free(last_session);
	last_session = NULL;
	rig_fini(r);
}

static void of_the_same_suite(void **state)
{
	static struct rig r;

	(void)state;
	begin(&r);
	assert_true(connect_early(&r));
	assert_int_equal(r.counters[TLS_C_BYTES_IN], 1);
	end(&r);
}

/* Another suite with the same hash resumes, but it has other keys. */
static void not_of_another_suite(void **state)
{
	static struct rig r;

	(void)state;
	begin(&r);
	SSL_CTX_set_ciphersuites(r.ctx, "TLS_CHACHA20_POLY1305_SHA256");
	assert_false(connect_early(&r));
	assert_int_equal(r.counters[TLS_C_EARLY_ACCEPTED], 0);
	assert_int_equal(r.counters[TLS_C_EARLY_REPLAYED], 0);
	end(&r);
}

/* ---- which age of a ticket is right (RFC 8446 section 8.3) ---- */

/* Both clocks go on, and one is set. */
static void pass(time_t seconds, time_t set_by_s)
{
	monotonic_s += seconds;
	day_s += seconds + set_by_s;
}

/* The clock of both was set: what is taken as right, and what is not. */
static void after_the_clock_was_set(void **state)
{
	static const struct {
		time_t passed_s, set_by_s;
		bool is_taken;
	} all[] = {
		{0, 0, true},
		{90, 0, true},
		{50, 1, true}, /* a second is as long as it takes to read two clocks */
		{50, -1, true},
		{50, 10, false},
		{50, -10, false},
		{80, -70, false},
	};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(all); i++) {
		begin(&r);
		pass(all[i].passed_s, all[i].set_by_s);
		assert_int_equal(connect_early(&r), all[i].is_taken);
		assert_int_equal(r.counters[TLS_C_EARLY_ACCEPTED], all[i].is_taken);
		end(&r);
	}
}

/* ---- at most once ---- */

/*
 * What was seen comes again so much later: at once; or when the register has forgotten it, and the
 * clock by which a ticket has its age was set back by just that time.
 */
static void a_hello_again(void **state)
{
	static const time_t later_s[] = {0, 2 * TLS_REPLAY_S};
	static uint8_t seen[BUFFER_BYTES];
	static struct rig r;
	size_t written;
	uint32_t n, n_seen;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(later_s); i++) {
		begin(&r);
		rig_connect(&r);
		SSL_set_session(r.client, last_session);
		SSL_write_early_data(r.client, "e", 1, &written);
		carry(&r);
		n_seen = r.in_to;
		memcpy(seen, r.in, n_seen);
		assert_int_equal(server_read(&r, &n), TLS_OK);
		rig_disconnect(&r);
		pass(later_s[i], -later_s[i]);
		rig_connect(&r);
		memcpy(r.in, seen, n_seen);
		r.in_to = n_seen;
		assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
		assert_int_equal(r.counters[TLS_C_EARLY_ACCEPTED], 1);
		assert_int_equal(r.counters[TLS_C_EARLY_REPLAYED], 1);
		rig_disconnect(&r);
		end(&r);
	}
}

/* Another process with the same keys does not know what this one has taken. */
static void not_of_another_box(void **state)
{
	static struct rig r;

	(void)state;
	begin(&r);
	r.shared->box++;
	assert_false(connect_early(&r));
	assert_int_equal(r.counters[TLS_C_EARLY_ACCEPTED], 0);
	assert_int_equal(r.counters[TLS_C_EARLY_REPLAYED], 1);
	end(&r);
}

/* Section 4.2.10: what is not taken is passed over, 16 KiB at least, with --early-data or without.
 */
static void what_is_not_taken_is_passed_over(void **state)
{
	static uint8_t early[16 << 10];
	static struct rig r;
	size_t written;

	(void)state;
	for (uint32_t max_early = 0; max_early < 2; max_early++) {
		begin_with(&r, sizeof(early));
		r.settings.max_early_data = max_early;
		rig_change_domain(&r);
		r.shared->box++;
		rig_connect(&r);
		SSL_set_session(r.client, last_session);
		assert_int_equal(SSL_write_early_data(r.client, early, sizeof(early), &written), 1);
		assert_int_equal(written, sizeof(early));
		shake_hands(&r);
		assert_int_equal(SSL_get_early_data_status(r.client), SSL_EARLY_DATA_REJECTED);
		rig_disconnect(&r);
		end(&r);
	}
}

/* ---- answers ---- */

static void hear(struct rig *r, const uint8_t *said, uint32_t bytes)
{
	static uint8_t heard[TLS_RECORD_PLAINTEXT];
	uint32_t at = 0;
	int got;

	carry(r);
	while (at < bytes && (got = SSL_read(r->client, heard + at, (int)(bytes - at))) > 0)
		at += (uint32_t)got;
	assert_int_equal(at, bytes);
	assert_memory_equal(heard, said, bytes);
}

/* A server that has read early data, and a client that has not answered it yet. */
static void begin_answer(struct rig *r)
{
	size_t written;
	uint32_t n;

	begin(r);
	rig_connect(r);
	SSL_set_session(r->client, last_session);
	SSL_write_early_data(r->client, "e", 1, &written);
	carry(r);
	assert_int_equal(server_read(r, &n), TLS_OK);
	carry(r);
}

/* Nothing comes into a record that waits for room: no end of a handshake. */
static void an_answer_that_waits_for_room(void **state)
{
	static uint8_t answer[TLS_RECORD_PLAINTEXT] = "an answer";
	static struct rig r;
	uint32_t n;

	(void)state;
	begin_answer(&r);
	r.roomy = 5000;
	assert_int_equal(
		rs_tls_session_write(&r.server, answer, sizeof(answer), &n), TLS_WANT_ROOM);
	assert_int_equal(SSL_do_handshake(r.client), 1);
	carry(&r);
	assert_int_equal(server_read(&r, &n), TLS_WANT_ROOM);
	r.roomy = BUFFER_BYTES;
	assert_int_equal(rs_tls_session_write(&r.server, answer, sizeof(answer), &n), TLS_OK);
	assert_int_equal(n, sizeof(answer));
	assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
	assert_true(r.server.open);
	hear(&r, answer, sizeof(answer));
	rig_disconnect(&r);
	end(&r);
}

/* What follows the client's EndOfEarlyData comes later. */
static void an_answer_between_client_messages(void **state)
{
	uint8_t finished[TLS_RECORD_OVERHEAD + 4 + 32];
	static const uint8_t answer[] = "an answer";
	static struct rig r;
	uint32_t n;

	(void)state;
	begin_answer(&r);
	assert_int_equal(SSL_do_handshake(r.client), 1);
	carry(&r);
	r.in_to -= (uint32_t)sizeof(finished);
	memcpy(finished, r.in + r.in_to, sizeof(finished));
	assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
	assert_int_equal(rs_tls_session_write(&r.server, answer, sizeof(answer), &n), TLS_OK);
	hear(&r, answer, sizeof(answer));
	memcpy(r.in + r.in_to, finished, sizeof(finished));
	r.in_to += (uint32_t)sizeof(finished);
	assert_int_equal(server_read(&r, &n), TLS_WANT_INPUT);
	assert_true(r.server.open);
	rig_disconnect(&r);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_same_suite),
		cmocka_unit_test(not_of_another_suite),
		cmocka_unit_test(after_the_clock_was_set),
		cmocka_unit_test(a_hello_again),
		cmocka_unit_test(not_of_another_box),
		cmocka_unit_test(what_is_not_taken_is_passed_over),
		cmocka_unit_test(an_answer_that_waits_for_room),
		cmocka_unit_test(an_answer_between_client_messages),
	};

	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
