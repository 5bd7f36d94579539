/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificate messages, plain and compressed (RFC 8879): what zlib, brotli and zstd make of the
 * latter, which one a client gets, and that whoever gets one can do with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <brotli/decode.h>
#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "tls_pki.h"
#include "tls/domain_internal.h"
#include "tls/hello.h"
#include "tls/identity.h"

#define ZLIB   1
#define BROTLI 2
#define ZSTD   3
#define ALL    (1 << ZLIB | 1 << BROTLI | 1 << ZSTD)

#define N_NAMES 60

static struct pki_pair with_chain, alone;
static uint8_t response[4096];
static uint32_t n_response;
static struct rig rig;

static uint32_t number_at(const uint8_t *at, uint32_t bytes)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < bytes; i++)
		n = n << 8 | at[i];
	return n;
}

/* ---- what comes of a message ---- */

static uint32_t inflate_all(const uint8_t *from, uint32_t n, uint8_t *to, uint32_t max)
{
	uLongf bytes = max;

	return uncompress(to, &bytes, from, n) == Z_OK ? (uint32_t)bytes : 0;
}

static uint32_t decompress(
	uint32_t algorithm, const uint8_t *from, uint32_t n, uint8_t *to, uint32_t max)
{
	size_t bytes = max;

	if (algorithm == ZLIB)
		return inflate_all(from, n, to, max);
	if (algorithm == ZSTD) {
		bytes = ZSTD_decompress(to, max, from, n);
		return ZSTD_isError(bytes) ? 0 : (uint32_t)bytes;
	}
	assert_int_equal(algorithm, BROTLI);
	return BrotliDecoderDecompress(n, from, &bytes, to) == BROTLI_DECODER_RESULT_SUCCESS
		       ? (uint32_t)bytes
		       : 0;
}

/* Section 4: a CompressedCertificate says what this Certificate says. Returns its algorithm. */
static uint32_t assert_same(struct span compressed, struct span plain)
{
	static uint8_t text[20000];
	const uint8_t *at = compressed.data;
	uint32_t algorithm = number_at(at + 4, 2);

	assert_int_equal(at[0], 25);
	assert_int_equal(number_at(at + 1, 3), compressed.len - 4);
	assert_int_equal(number_at(at + 6, 3), plain.len - 4);
	assert_int_equal(number_at(at + 9, 3), compressed.len - 12);
	assert_int_equal(decompress(algorithm, at + 12, compressed.len - 12, text, sizeof(text)),
		plain.len - 4);
	assert_memory_equal(text, plain.data + 4, plain.len - 4);
	return algorithm;
}

/* RFC 8446 section 4.4.2: its certificates; of the first, the extensions to *extensions. */
static uint32_t n_certificates(struct span plain, struct span *extensions)
{
	const uint8_t *at = plain.data + 8, *end = plain.data + plain.len;
	uint32_t n = 0;

	assert_int_equal(plain.data[0], 11);
	assert_int_equal(number_at(plain.data + 1, 3), plain.len - 4);
	assert_int_equal(plain.data[4], 0);
	assert_int_equal(number_at(plain.data + 5, 3), plain.len - 8);
	for (; at < end; n++) {
		at += 3 + number_at(at, 3);
		if (!n)
			*extensions = rs_tls_span(at + 2, number_at(at, 2));
		at += 2 + number_at(at, 2);
	}
	assert_ptr_equal(at, end);
	return n;
}

/* ---- whose ---- */

static int begin(void **state)
{
	const struct pki_answer good = {&with_chain, V_OCSP_CERTSTATUS_GOOD, -60, 3600};
	static char names[40 * N_NAMES], path[TEMP_PATH_BYTES];
	uint32_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < N_NAMES; i++)
		n += (uint32_t)snprintf(names + n, sizeof(names) - n,
			"%sDNS:host-%u.department.example", i ? "," : "", i);
	make_certificate(NULL);
	pki_begin();
	pki_make(&with_chain, EVP_EC_gen("P-256"), "a.test", names, true);
	pki_make(&alone, EVP_EC_gen("P-256"), "b.test", NULL, false);
	n_response = pki_answer(&good, path, response);
	rig_init_with(&rig, false);
	rig.settings.n_pairs = 2;
	rig.settings.pairs[0] = pki_use(&with_chain);
	rig.settings.pairs[0].ocsp = path;
	rig.settings.pairs[1] = pki_use(&alone);
	rig_change_domain(&rig);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rig_fini(&rig);
	pki_free(&with_chain);
	pki_free(&alone);
	pki_free(&pki_authority);
	return 0;
}

static struct span present(uint32_t identity, bool status, uint32_t algorithms)
{
	const struct tls_hello h = {
		.wants_status = status, .cert_compressions = (uint8_t)algorithms};

	return rs_tls_identity_present(&rig.domain->identities[identity], &h);
}

/* ---- cases ---- */

static void without_compression(void **state)
{
	struct span extensions = {0};

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		bool status = i & 1, is_alone = i & 2;
		struct span plain = present(is_alone, status, 0);

		assert_int_equal(n_certificates(plain, &extensions), is_alone ? 1 : 2);
		if (is_alone || !status) {
			assert_int_equal(extensions.len, 0);
			continue;
		}
		/* RFC 8446 section 4.4.2.1: a CertificateStatus of RFC 6066 section 8. */
		assert_int_equal(extensions.len, 8 + n_response);
		assert_memory_equal(extensions.data, "\x00\x05", 2);
		assert_int_equal(extensions.data[4], 1);
		assert_int_equal(number_at(extensions.data + 5, 3), n_response);
		assert_memory_equal(extensions.data + 8, response, n_response);
	}
}

static void each_algorithm(void **state)
{
	(void)state;
	for (uint32_t algorithm = ZLIB; algorithm <= ZSTD; algorithm++) {
		for (uint32_t status = 0; status < 2; status++) {
			struct span plain = present(0, status, 0);
			struct span got = present(0, status, 1u << algorithm);

			assert_true(got.len < plain.len / 2); /* of all the names that are alike */
			assert_int_equal(assert_same(got, plain), algorithm);
		}
	}
}

static void the_shortest_of_those_offered(void **state)
{
	(void)state;
	for (uint32_t offered = 0; offered < 16; offered++) {
		uint32_t shortest = present(0, false, 0).len;

		for (uint32_t i = ZLIB; i <= ZSTD; i++) {
			if (offered & 1u << i)
				shortest = rs_min_u32(shortest, present(0, false, 1u << i).len);
		}
		assert_int_equal(present(0, false, offered).len, shortest);
	}
}

/* Of random bytes there is nothing to be gained. */
static X509 *make_random(EVP_PKEY *key, int n)
{
	ASN1_OCTET_STRING *text = ASN1_OCTET_STRING_new();
	X509 *cert = X509_new();
	X509_EXTENSION *extension;
	uint8_t bytes[3000];

	for (int i = 0; i < n; i++)
		bytes[i] = (uint8_t)rand();
	ASN1_OCTET_STRING_set(text, bytes, n);
	extension = X509_EXTENSION_create_by_NID(NULL, NID_subject_key_identifier, 0, text);
	X509_set_version(cert, 2);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_add_ext(cert, extension, -1);
	RIG_CHECK(X509_sign(cert, key, EVP_sha256()) > 0);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(text);
	return cert;
}

static void not_where_it_does_not_pay(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	uint32_t n_in_vain = 0;

	(void)state;
	srand(1);
	for (int n = 1; n < 3000; n += 97) {
		SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
		X509 *cert = make_random(key, n);
		struct tls_chain chain;

		assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
		assert_true(rs_tls_chain_init(&chain, ctx, (struct span){0}));
		for (uint32_t i = ZLIB; i <= ZSTD; i++) {
			struct span plain = rs_tls_chain_message(&chain, false, 0);
			struct span got = rs_tls_chain_message(&chain, false, 1u << i);

			assert_true(got.len <= plain.len);
			n_in_vain += got.data == plain.data;
			if (got.data != plain.data)
				assert_int_equal(assert_same(got, plain), i);
		}
		rs_tls_chain_free(&chain);
		SSL_CTX_free(ctx);
		X509_free(cert);
	}
	assert_int_not_equal(n_in_vain, 0);
	EVP_PKEY_free(key);
}

/* docs/tls.md: a chain or a response over 6 KiB is none for us. */
static void no_longer_than_it_may_be(void **state)
{
	static uint8_t bytes[6145];
	struct tls_chain chain;

	(void)state;
	for (uint32_t n = 6143; n <= 6145; n++) {
		assert_int_equal(rs_tls_chain_init(&chain, rig.domain->identities[0].ctx,
					 rs_tls_span(bytes, n)),
			n <= 6144);
		rs_tls_chain_free(&chain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_compression),
		cmocka_unit_test(each_algorithm),
		cmocka_unit_test(the_shortest_of_those_offered),
		cmocka_unit_test(not_where_it_does_not_pay),
		cmocka_unit_test(no_longer_than_it_may_be),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
