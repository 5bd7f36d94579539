/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that runs out on a TLS core, at any allocation of ours or of OpenSSL's in the life of a
 * connection. That connection may end; the next one is served, and all that was lent comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eal_rig.h"
#include "stage_tls_rig.h"

#define MAX_TURNS 60
#define HELLO     "GET /hello/you HTTP/1.1\r\nHost: a.test\r\n\r\n"

/* ---- allocations ---- */

static bool is_counting;       /* in the stage's turns: the client's allocations do not fail */
static uint32_t n_allocations; /* so far */
static uint32_t n_failing;     /* which of them fails, from 1 on; 0: none */
static const char *authority;  /* NULL: clients are not asked for certificates */

static bool fails(void)
{
	return is_counting && ++n_allocations == n_failing;
}

/* The linker has our own code call these (--wrap). */
void *__real_malloc(size_t n_bytes);
void *__real_calloc(size_t n, size_t n_bytes);
void *__real_aligned_alloc(size_t unit, size_t n_bytes);
void *__wrap_malloc(size_t n_bytes);
void *__wrap_calloc(size_t n, size_t n_bytes);
void *__wrap_aligned_alloc(size_t unit, size_t n_bytes);

void *__wrap_malloc(size_t n_bytes)
{
	return fails() ? NULL : __real_malloc(n_bytes);
}

void *__wrap_calloc(size_t n, size_t n_bytes)
{
	return fails() ? NULL : __real_calloc(n, n_bytes);
}

void *__wrap_aligned_alloc(size_t unit, size_t n_bytes)
{
	return fails() ? NULL : __real_aligned_alloc(unit, n_bytes);
}

/* OpenSSL's. */
static void *allocate(size_t n_bytes, const char *file, int line)
{
	(void)file, (void)line;
	return malloc(n_bytes);
}

static void *reallocate(void *memory, size_t n_bytes, const char *file, int line)
{
	(void)file, (void)line;
	return fails() ? NULL : realloc(memory, n_bytes);
}

static void give_back(void *memory, const char *file, int line)
{
	(void)file, (void)line;
	free(memory);
}

/* ---- a client ---- */

static void turn(struct stage_rig *r)
{
	stage_push(r, 0);
	is_counting = true;
	stage_turn_only(r, 100);
	is_counting = false;
	stage_take(r);
}

/* True: its page has come. */
static bool ask(struct stage_rig *r, SSL *client)
{
	bool is_asked = false;
	char text[2000] = "";

	for (int i = 0; i < MAX_TURNS && stage_is_up(&r->links[0]); i++) {
		turn(r);
		if (SSL_do_handshake(client) != 1)
			continue;
		if (!is_asked)
			is_asked = SSL_write(client, HELLO, sizeof(HELLO) - 1) > 0;
		if (SSL_read(client, text, sizeof(text) - 1) > 0)
			return strstr(text, "Hello, you") != NULL;
	}
	return false;
}

/* The n-th allocation fails. True: the client got its page. */
static bool visit(struct stage_rig *r, SSL_SESSION *session, uint32_t n)
{
	SSL_SESSION *once = session ? SSL_SESSION_dup(session) : NULL; /* a client's rule */
	SSL *client = stage_connect_again(r, 0, once);
	bool is_served;

	n_allocations = 0;
	n_failing = n;
	is_served = ask(r, client);
	SSL_shutdown(client);
	for (int i = 0; i < MAX_TURNS && stage_is_up(&r->links[0]); i++)
		turn(r);
	stage_clear(r);
	SSL_SESSION_free(once);
	ERR_clear_error();
	return is_served;
}

/* ---- the tests ---- */

static void any_allocation(int version, const char *groups, bool no_lean, bool resumes)
{
	const struct stage_options few = {
		.capacity = 2,
		.max_handshakes = 2,
		.handshakes_per_turn = 2,
		.n_records = 2,
	};
	SSL_SESSION *session = NULL;
	struct stage_rig r;
	uint32_t n_all, n_resumed;

	stage_begin(&r, few);
	r.settings.no_lean = no_lean;
	r.settings.client_ca = authority;
	r.settings.client_cert = authority ? TLS_CLIENT_CERT_REQUIRED : TLS_CLIENT_CERT_NONE;
	rs_tls_domain_free(r.tls->domain);
	r.tls->domain = stage_new_domain(&r);
	SSL_CTX_set_max_proto_version(r.ctx, version);
	SSL_CTX_set1_groups_list(r.ctx, groups);
	SSL_CTX_use_certificate_file(r.ctx, cert_path, SSL_FILETYPE_PEM);
	SSL_CTX_use_PrivateKey_file(r.ctx, key_path, SSL_FILETYPE_PEM);
	SSL_CTX_set_session_cache_mode(r.ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(r.ctx, keep_session);
	assert_true(visit(&r, NULL, 0));
	if (resumes)
		SSL_SESSION_up_ref(session = last_session);
	assert_true(visit(&r, session, 0)); /* what is made only once is there from now on */
	assert_true(visit(&r, session, 0));
	n_all = n_allocations;
	n_resumed = (uint32_t)r.tls->counters[TLS_C_HANDSHAKES_RESUMED];
	assert_int_equal(n_resumed, resumes ? 2 : 0);
	for (uint32_t i = 1; i <= n_all; i += i < 40 ? 1 : 3) {
		visit(&r, session, i);
		assert_true(visit(&r, session, 0));
	}
	SSL_SESSION_free(session);
	SSL_SESSION_free(last_session);
	last_session = NULL;
	stage_end(&r);
}

static void in_handshakes_of_ours(void **state)
{
	(void)state;
	any_allocation(TLS1_3_VERSION, "X25519:P-256", false, false);
	any_allocation(TLS1_3_VERSION, "X25519:P-256", false, true);
	any_allocation(TLS1_3_VERSION, "P-256", false, false);
	any_allocation(TLS1_3_VERSION, "P-256", false, true);
}

static void in_handshakes_of_openssls(void **state)
{
	(void)state;
	any_allocation(TLS1_3_VERSION, "X25519:P-256", true, false);
	any_allocation(TLS1_3_VERSION, "X25519:P-256", true, true);
}

static void in_tls_12(void **state)
{
	(void)state;
	any_allocation(TLS1_2_VERSION, "X25519:P-256", false, false);
	any_allocation(TLS1_2_VERSION, "X25519:P-256", false, true);
}

static void with_certificates_of_clients(void **state)
{
	(void)state;
	authority = cert_path;
	any_allocation(TLS1_3_VERSION, "X25519:P-256", false, false);
	any_allocation(TLS1_2_VERSION, "X25519:P-256", false, false);
	authority = NULL;
}

/* Certificates are read at start and in a reload, maybe thousands: either all, or it is said why
 * not. */
static void while_certificates_are_read(void **state)
{
	struct tls_library *library = rs_tls_library_new();
	struct tls_shared *shared = calloc(1, sizeof(*shared));
	struct tls_pair pairs[] = {
		{.cert = cert_path, .key = key_path}, {.cert = cert_path, .key = key_path}};
	const struct tls_settings settings = {.n_pairs = 2, .pairs = pairs};
	uint64_t counters[TLS_N_COUNTERS];
	uint32_t n_refused = 0;

	(void)state;
	for (n_failing = 1;; n_failing += 1 + n_failing / 50) {
		char why[256] = "";
		struct tls_domain *d;

		n_allocations = 0;
		is_counting = true;
		d = rs_tls_domain_new(library, &settings, shared, counters,
			&(struct tls_audience){.why = why, .why_bytes = sizeof(why)});
		is_counting = false;
		assert_int_equal(!d, why[0] != 0);
		n_refused += !d;
		rs_tls_domain_free(d);
		if (n_allocations < n_failing)
			break;
	}
	assert_in_range(n_refused, 20, n_failing);
	n_failing = 0;
	rs_tls_library_free(library);
	free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_handshakes_of_ours),
		cmocka_unit_test(in_handshakes_of_openssls),
		cmocka_unit_test(in_tls_12),
		cmocka_unit_test(with_certificates_of_clients),
		cmocka_unit_test(while_certificates_are_read),
	};

	RIG_CHECK(CRYPTO_set_mem_functions(allocate, reallocate, give_back));
	rig_start("tls-scarce");
	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
