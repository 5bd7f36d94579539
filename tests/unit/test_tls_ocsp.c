/* SPDX-License-Identifier: BSD-2-Clause */
/* Stapled responses (RFC 6066 section 8, RFC 6960): to whom, and which are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tls_pki.h"
#include "tls/domain_internal.h"
#include "tls/inspect.h"

static struct pki_pair ecdsa, rsa;

static const uint8_t *stapled;

/* How many bytes are stapled to a client who asks for the algorithms; -1: nothing. */
static long staple_for(struct rig *r, const char *sigalgs)
{
	long n;

	RIG_CHECK(SSL_CTX_set1_sigalgs_list(r->ctx, sigalgs));
	rig_connect(r);
	SSL_set_tlsext_status_type(r->client, TLSEXT_STATUSTYPE_ocsp);
	shake_hands(r);
	n = SSL_get_tlsext_status_ocsp_resp(r->client, &stapled);
	return n;
}

#define ECDSA "ECDSA+SHA256"
#define RSA   "RSA-PSS+SHA256:RSA+SHA256"

static void begin_with(struct rig *r, bool is_openssl, const char *of_ecdsa, const char *of_rsa)
{
	rig_init_with(r, is_openssl);
	r->settings.n_pairs = 2;
	r->settings.pairs[0] = pki_use(&ecdsa);
	r->settings.pairs[1] = pki_use(&rsa);
	r->settings.pairs[0].ocsp = of_ecdsa;
	r->settings.pairs[1].ocsp = of_rsa;
	rig_change_domain(r);
}

static void only_for_those_who_ask(void **state)
{
	const struct pki_answer good = {&ecdsa, V_OCSP_CERTSTATUS_GOOD, -60, 3600};
	char path[TEMP_PATH_BYTES];
	uint8_t bytes[4096];
	uint32_t n = pki_answer(&good, path, bytes);
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		bool is_openssl = i % 2, asks = i / 2;
		const uint8_t *got = NULL;

		begin_with(&r, is_openssl, path, NULL);
		rig_connect(&r);
		if (asks)
			SSL_set_tlsext_status_type(r.client, TLSEXT_STATUSTYPE_ocsp);
		shake_hands(&r);
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], !is_openssl);
		assert_int_equal(
			SSL_get_tlsext_status_ocsp_resp(r.client, &got), asks ? (int)n : -1);
		if (asks)
			assert_memory_equal(got, bytes, n);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* Two certificates of the same name: a response is for the one that it is about. */
static void only_to_its_certificate(void **state)
{
	const struct pki_answer of_ecdsa = {&ecdsa, V_OCSP_CERTSTATUS_GOOD, -60, 3600};
	const struct pki_answer of_rsa = {&rsa, V_OCSP_CERTSTATUS_GOOD, -60, 3600};
	char paths[2][TEMP_PATH_BYTES];
	uint8_t bytes[2][4096];
	uint32_t n[2] = {
		pki_answer(&of_ecdsa, paths[0], bytes[0]), pki_answer(&of_rsa, paths[1], bytes[1])};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 16; i++) { /* by whom, for whom, and which there are */
		bool is_openssl = i & 1, is_rsa = i & 2;
		const char *const given[] = {i & 4 ? paths[0] : NULL, i & 8 ? paths[1] : NULL};

		for (uint32_t older = 0; older < 2; older++) {
			long got;

			begin_with(&r, is_openssl, given[0], given[1]);
			SSL_CTX_set_max_proto_version(
				r.ctx, older ? TLS1_2_VERSION : TLS1_3_VERSION);
			got = staple_for(&r, is_rsa ? RSA : ECDSA);
			assert_int_equal(got, given[is_rsa] ? (long)n[is_rsa] : -1);
			if (got > 0)
				assert_memory_equal(stapled, bytes[is_rsa], n[is_rsa]);
			rig_disconnect(&r);
			rig_fini(&r);
		}
	}
}

/* ---- times ---- */

static char told[512];

static void tell(const char *line)
{
	snprintf(told, sizeof(told), "%s", line);
}

static void only_while_it_holds(void **state)
{
	static const struct {
		int status;
		long from_s, until_s;
		bool is_stapled;
		const char *words;
	} all[] = {
		{V_OCSP_CERTSTATUS_GOOD, -60, 3600, true, NULL},
		{V_OCSP_CERTSTATUS_GOOD, -60, 0, true, NULL},
		{V_OCSP_CERTSTATUS_GOOD, -3600, -60, false, "has expired"},
		{V_OCSP_CERTSTATUS_GOOD, 600, 3600, false, "does not hold yet"},
		{V_OCSP_CERTSTATUS_REVOKED, -60, 3600, true, "does not call"},
	};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(all); i++) {
		const struct pki_answer a = {
			&ecdsa, all[i / 2].status, all[i / 2].from_s, all[i / 2].until_s};
		char path[TEMP_PATH_BYTES];
		uint8_t bytes[4096];
		uint32_t n = pki_answer(&a, path, bytes);

		begin_with(&r, i % 2, path, NULL);
		assert_int_equal(staple_for(&r, ECDSA), all[i / 2].is_stapled ? (long)n : -1);
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], i % 2 == 0);
		*told = 0;
		rs_tls_inspect(r.domain, &r.settings, tell);
		if (all[i / 2].words)
			assert_non_null(strstr(told, all[i / 2].words));
		else
			assert_string_equal(told, "");
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* Later than when it was read, too. */
static void not_when_it_has_ended_since(void **state)
{
	const struct pki_answer good = {&ecdsa, V_OCSP_CERTSTATUS_GOOD, -60, 3600};
	char path[TEMP_PATH_BYTES];
	uint8_t bytes[4096];
	static struct rig r;

	(void)state;
	pki_answer(&good, path, bytes);
	for (uint32_t i = 0; i < 2; i++) {
		begin_with(&r, i, path, NULL);
		r.domain->identities[0].ocsp.until_s = time(NULL);
		assert_int_equal(staple_for(&r, ECDSA), -1);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* ---- files ---- */

static void assert_refused(struct rig *r, const char *path, const char *words)
{
	char why[256] = "";

	r->settings.pairs[0].ocsp = path;
	assert_null(rs_tls_domain_new(r->library, &r->settings, r->shared, r->counters,
		&(struct tls_audience){.why = why, .why_bytes = sizeof(why)}));
	if (!strstr(why, words) || !strstr(why, "--ocsp") || !strstr(why, path))
		fail_msg("%s, not: %s", why, words);
}

static void what_is_none_for_it(void **state)
{
	const struct pki_answer good = {&ecdsa, V_OCSP_CERTSTATUS_GOOD, -60, 3600};
	const struct pki_answer other = {&rsa, V_OCSP_CERTSTATUS_GOOD, -60, 3600};
	static const uint8_t try_later[] = {0x30, 0x03, 0x0a, 0x01, 0x03};
	static const uint8_t empty_success[] = {0x30, 0x03, 0x0a, 0x01, 0x00};
	char path[TEMP_PATH_BYTES];
	uint8_t bytes[4096];
	static struct rig r;
	uint32_t n;
	FILE *file;

	(void)state;
	begin_with(&r, false, NULL, NULL);
	assert_refused(&r, "/no/such/file", "cannot be read");
	pki_answer(&other, path, bytes);
	assert_refused(&r, path, "not about the certificate");
	n = pki_answer(&good, path, bytes);
	file = fopen(path, "wb");
	fwrite(bytes, 1, n - 1, file);
	fclose(file);
	assert_refused(&r, path, "no OCSP response");
	file = fopen(path, "wb");
	fwrite(bytes, 1, n, file);
	fputc(0, file);
	fclose(file);
	assert_refused(&r, path, "no OCSP response");
	file = fopen(path, "wb");
	fwrite(try_later, 1, sizeof(try_later), file);
	fclose(file);
	assert_refused(&r, path, "not a successful response");
	file = fopen(path, "wb");
	fwrite(empty_success, 1, sizeof(empty_success), file);
	fclose(file);
	assert_refused(&r, path, "basic type");
	file = fopen(path, "wb");
	fclose(file);
	assert_refused(&r, path, "no OCSP response");
	rig_fini(&r);
}

/* The same number and the same name of an issuer, with another key: it is at hand in the chain. */
static void of_an_issuer_of_the_same_name(void **state)
{
	struct pki_pair real = pki_authority, p;
	const struct pki_answer a = {&p, V_OCSP_CERTSTATUS_GOOD, -60, 3600};
	char path[TEMP_PATH_BYTES];
	uint8_t bytes[4096];
	static struct rig r;

	(void)state;
	pki_make(&p, EVP_EC_gen("P-256"), "a.test", NULL, true);
	pki_begin();
	pki_answer(&a, path, bytes);
	pki_free(&pki_authority);
	pki_authority = real;
	rig_init(&r);
	r.settings.pairs[0] = pki_use(&p);
	assert_refused(&r, path, "not about the certificate");
	pki_answer(&a, path, bytes);
	r.settings.pairs[0].ocsp = path;
	rig_change_domain(&r);
	rig_fini(&r);
	pki_free(&p);
}

static int begin(void **state)
{
	(void)state;
	make_certificate(NULL);
	pki_begin();
	pki_make(&ecdsa, EVP_EC_gen("P-256"), "a.test", "DNS:a.test", false);
	pki_make(&rsa, EVP_RSA_gen(2048), "a.test", "DNS:a.test", false);
	return 0;
}

static int end(void **state)
{
	(void)state;
	pki_free(&ecdsa);
	pki_free(&rsa);
	pki_free(&pki_authority);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_for_those_who_ask),
		cmocka_unit_test(only_to_its_certificate),
		cmocka_unit_test(only_while_it_holds),
		cmocka_unit_test(not_when_it_has_ended_since),
		cmocka_unit_test(what_is_none_for_it),
		cmocka_unit_test(of_an_issuer_of_the_same_name),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
