/* SPDX-License-Identifier: BSD-2-Clause */
/* Which early data is taken (RFC 8446 section 4.2.10): OpenSSL's own client sends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tls_rig.h"

#define MAX_EARLY 1000

/* One connection behind it, for a ticket. */
static void begin(struct rig *r)
{
	char why[256], byte;

	rig_init(r);
	rs_tls_domain_free(r->domain);
	r->settings.max_early_data = MAX_EARLY;
	r->domain = rs_tls_domain_new(
		r->library, &r->settings, r->shared, r->counters, why, sizeof(why));
	assert_non_null(r->domain);
	SSL_CTX_set_session_cache_mode(r->ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(r->ctx, keep_session);
	SSL_CTX_set_ciphersuites(r->ctx, "TLS_AES_128_GCM_SHA256");
	rig_connect(r);
	shake_hands(r);
	SSL_read(r->client, &byte, 1);
	rig_disconnect(r);
	assert_non_null(last_session);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_same_suite),
		cmocka_unit_test(not_of_another_suite),
	};

	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
