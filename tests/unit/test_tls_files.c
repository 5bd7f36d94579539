/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of certificates and keys as other programs and people leave them: what is read all the
 * same, and what is said of the rest, in one line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/dsa.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "tls/inspect.h"
#include "tls_pki.h"

static struct pki_pair pair;
static char why[256];
static char objection[512];

static void take_objection(const char *line)
{
	snprintf(objection, sizeof(objection), "%s", line);
}

/* What is objected to stands in objection then. */
static bool is_served(const char *cert, const char *key)
{
	struct tls_pair files = {.cert = cert, .key = key};
	const struct tls_settings settings = {.n_pairs = 1, .pairs = &files};
	struct tls_shared *shared = calloc(1, sizeof(*shared));
	struct tls_library *library = rs_tls_library_new();
	uint64_t counters[TLS_N_COUNTERS];
	struct tls_domain *d;

	why[0] = objection[0] = 0;
	d = rs_tls_domain_new(library, &settings, shared, counters,
		&(struct tls_audience){.why = why, .why_bytes = sizeof(why)});
	if (d)
		rs_tls_inspect(d, &settings, take_objection);
	rs_tls_domain_free(d);
	rs_tls_library_free(library);
	free(shared);
	return d;
}

static uint32_t read_all(const char *path, char *to, uint32_t max)
{
	FILE *file = fopen(path, "rb");
	size_t n;

	assert_non_null(file);
	n = fread(to, 1, max - 1, file);
	fclose(file);
	to[n] = 0;
	return (uint32_t)n;
}

static void put(char path[TEMP_PATH_BYTES], const void *bytes, size_t n)
{
	FILE *file = temp_new_file(path);

	assert_int_equal(fwrite(bytes, 1, n, file), n);
	fclose(file);
}

/* With each line ended by \r\n. */
static void put_crlf(char path[TEMP_PATH_BYTES], const char *text)
{
	FILE *file = temp_new_file(path);

	for (; *text; text++) {
		if (*text == '\n')
			fputc('\r', file);
		fputc(*text, file);
	}
	fclose(file);
}

/* ---- what is read ---- */

static void text_around_what_is_in_pem(void **state)
{
	/* A byte order mark; what `openssl pkcs12` writes; and words behind. */
	static const char *const around[][2] = {
		{"\xef\xbb\xbf", ""},
		{"Bag Attributes\n    friendlyName: a\nKey Attributes: <No Attributes>\n", ""},
		{"", "\nand more words\n-- of no meaning\n"},
	};
	char text[8192], cert[8192], path[TEMP_PATH_BYTES];

	(void)state;
	read_all(pair.cert_path, cert, sizeof(cert));
	for (uint32_t is_key = 0; is_key < 2; is_key++) {
		char pem[8192];

		read_all(is_key ? pair.key_path : pair.cert_path, pem, sizeof(pem));
		for (uint32_t i = 0; i <= RS_ARRAY_SIZE(around); i++) {
			if (i == RS_ARRAY_SIZE(around)) {
				put_crlf(path, pem);
			} else {
				int n = snprintf(text, sizeof(text), "%s%s%s", around[i][0], pem,
					around[i][1]);

				put(path, text, (size_t)n);
			}
			if (!is_served(
				    is_key ? pair.cert_path : path, is_key ? path : pair.key_path))
				fail_msg("%u %u: %s", is_key, i, why);
			assert_string_equal(objection, "");
		}
	}
}

/* A key and its certificate in one file, whichever is first. */
static void both_in_one_file(void **state)
{
	char cert[8192], key[8192], both[16384], path[TEMP_PATH_BYTES];

	(void)state;
	read_all(pair.cert_path, cert, sizeof(cert));
	read_all(pair.key_path, key, sizeof(key));
	for (uint32_t i = 0; i < 2; i++) {
		int n = snprintf(both, sizeof(both), "%s%s", i ? cert : key, i ? key : cert);

		put(path, both, (size_t)n);
		assert_true(is_served(path, path));
	}
}

/* ---- what is not ---- */

static void refused(const char *cert, const char *key, const char *option, const char *words)
{
	char begin[TEMP_PATH_BYTES + 16];

	assert_false(is_served(cert, key));
	snprintf(begin, sizeof(begin), "%s %s: ", option, !strcmp(option, "--key") ? key : cert);
	if (strncmp(why, begin, strlen(begin)) != 0 || strcmp(why + strlen(begin), words) != 0)
		fail_msg("%s, not: %s%s", why, begin, words);
	assert_null(strchr(why, '\n'));
}

static void keys_that_are_none(void **state)
{
	static const char none[] = "no key in PEM that OpenSSL knows";
	uint8_t der[4096], *end = der;
	char pem[8192], path[TEMP_PATH_BYTES], missing[TEMP_PATH_BYTES + 8];
	int n = i2d_PrivateKey(pair.key, &end);

	(void)state;
	put(path, der, (size_t)n);
	refused(pair.cert_path, path, "--key", none);
	put(path, "", 0);
	refused(pair.cert_path, path, "--key", none);
	read_all(pair.key_path, pem, sizeof(pem));
	put(path, pem, strlen(pem) / 2);
	refused(pair.cert_path, path, "--key", none);
	refused(pair.cert_path, pair.cert_path, "--key", none);
	snprintf(missing, sizeof(missing), "%s.none", path);
	refused(pair.cert_path, missing, "--key", "cannot be read: No such file or directory");
	temp_new_dir(path);
	refused(pair.cert_path, path, "--key", "is a directory");
}

static void keys_of_somebody_else(void **state)
{
	static const char words[] = "not the key of the first certificate: ";
	struct pki_pair same_type, rsa;
	char expected[128];

	(void)state;
	pki_make(&same_type, EVP_EC_gen("P-256"), "b.test", NULL, false);
	pki_make(&rsa, EVP_RSA_gen(2048), "c.test", NULL, false);
	snprintf(expected, sizeof(expected), "%skey values mismatch", words);
	refused(pair.cert_path, same_type.key_path, "--key", expected);
	snprintf(expected, sizeof(expected), "%sdifferent key types", words);
	refused(pair.cert_path, rsa.key_path, "--key", expected);
	refused(rsa.cert_path, pair.key_path, "--key", expected);
	pki_free(&same_type);
	pki_free(&rsa);
}

static void certificates_that_are_none(void **state)
{
	static const char none[] =
		"no certificate in PEM, or one that OpenSSL refuses: no start line";
	uint8_t der[4096], *end = der;
	char path[TEMP_PATH_BYTES];
	int n = i2d_X509(pair.cert, &end);

	(void)state;
	put(path, der, (size_t)n);
	refused(path, pair.key_path, "--cert", none);
	put(path, "", 0);
	refused(path, pair.key_path, "--cert", none);
	refused(pair.key_path, pair.key_path, "--cert", none);
	temp_new_dir(path);
	refused(path, pair.key_path, "--cert", "is a directory");
}

/* RFC 8446 section 4.2.3 has no algorithm for it, so that no client of TLS 1.3 can verify it. */
static void a_curve_that_tls_has_not(void **state)
{
	struct pki_pair p;

	(void)state;
	pki_make(&p, EVP_EC_gen("secp256k1"), "k.test", "DNS:k.test", false);
	assert_true(is_served(p.cert_path, p.key_path));
	assert_non_null(strstr(objection, p.cert_path));
	assert_non_null(
		strstr(objection, "certificate 1 has a key of a type that is not for TLS 1.3"));
	pki_free(&p);
}

/* No suite of ours is for it (RFC 8446 section 4.2.3, RFC 5289): nobody could be served. */
static void keys_that_sign_nothing(void **state)
{
	static const char words[] = "no key of ECDSA, EdDSA or RSA";
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	EVP_PKEY *parameters = NULL, *key = NULL;
	struct pki_pair p;

	(void)state;
	assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 2048), 1);
	assert_int_equal(EVP_PKEY_paramgen(ctx, &parameters), 1);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, parameters, NULL);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(parameters);
	pki_make(&p, key, "d.test", "DNS:d.test", false);
	refused(p.cert_path, p.key_path, "--key", words);
	pki_free(&p);
}

/* ---- authorities ---- */

/* So many, each of 79 bytes on the wire: 13 around the 64 of its name, and a length. */
static void put_authorities(char path[TEMP_PATH_BYTES], uint32_t n)
{
	FILE *file = temp_new_file(path);
	char name[65];

	for (uint32_t i = 0; i < n; i++) {
		X509 *cert = X509_new();

		snprintf(name, sizeof(name), "%064u", i);
		pki_sign(cert, name, pki_authority.key, NULL);
		PEM_write_X509(file, cert);
		X509_free(cert);
	}
	fclose(file);
}

/* A list of them has at most 2^16 - 1 bytes; it may be left out (RFC 8446 section 4.2.4), or be
 * empty (RFC 5246 section 7.4.4). */
static void more_authorities_than_clients_can_be_told(void **state)
{
	static const uint32_t numbers[] = {1, 820, 840};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(numbers); i++) {
		const uint32_t n = numbers[i / 2];
		const bool fits = n * 79 < 65000;
		char path[TEMP_PATH_BYTES];

		rig_init(&r);
		put_authorities(path, n);
		r.pairs[0] = pki_use(&pair);
		r.settings.client_ca = path;
		r.settings.client_cert = TLS_CLIENT_CERT_OPTIONAL;
		rig_change_domain(&r);
		objection[0] = 0;
		rs_tls_inspect(r.domain, &r.settings, take_objection);
		assert_int_equal(strstr(objection, path) != NULL, !fits);
		assert_int_equal(strstr(objection, "authorities do not fit") != NULL, !fits);
		SSL_CTX_set_max_proto_version(r.ctx, i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
		rig_connect(&r);
		shake_hands(&r);
		assert_int_equal(sk_X509_NAME_num(SSL_get_client_CA_list(r.client)) > 0, fits);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* RFC 5280 section 6.1.3: no certificate below it is valid. */
static void authorities_whose_time_it_is_not(void **state)
{
	static const struct {
		long from_s, until_s;
		const char *words;
	} times[] = {
		{-60, 3600, ""},
		{-3600, -60, "the authority /CN=authority has expired; its clients are refused"},
		{600, 3600, "the authority /CN=authority is not valid yet; its clients"},
	};
	static struct rig r;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(times); i++) {
		struct pki_pair p = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};

		pki_sign(p.cert, "authority", p.key, NULL);
		X509_gmtime_adj(X509_getm_notBefore(p.cert), times[i].from_s);
		X509_gmtime_adj(X509_getm_notAfter(p.cert), times[i].until_s);
		pki_write(&p, NULL);
		rig_init(&r);
		r.pairs[0] = pki_use(&pair);
		r.settings.client_ca = p.cert_path;
		rig_change_domain(&r);
		objection[0] = 0;
		rs_tls_inspect(r.domain, &r.settings, take_objection);
		assert_non_null(strstr(objection, times[i].words));
		assert_int_equal(strstr(objection, p.cert_path) != NULL, i > 0);
		rig_fini(&r);
		pki_free(&p);
	}
}

/* Some keep both in one file. Nobody is to think that who is revoked is refused. */
static void a_revocation_list_among_the_authorities(void **state)
{
	char path[TEMP_PATH_BYTES];
	FILE *file = temp_new_file(path);
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	X509_CRL *list = X509_CRL_new();
	static struct rig r;

	(void)state;
	X509_CRL_set_version(list, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(list, X509_get_subject_name(pki_authority.cert));
	X509_CRL_set1_lastUpdate(list, now);
	X509_CRL_set1_nextUpdate(list, X509_gmtime_adj(now, 3600));
	assert_true(X509_CRL_sign(list, pki_authority.key, EVP_sha256()) > 0);
	PEM_write_X509(file, pki_authority.cert);
	PEM_write_X509_CRL(file, list);
	fclose(file);
	rig_init(&r);
	r.pairs[0] = pki_use(&pair);
	r.settings.client_ca = path;
	rig_change_domain(&r);
	objection[0] = 0;
	rs_tls_inspect(r.domain, &r.settings, take_objection);
	assert_non_null(strstr(objection, path));
	assert_non_null(strstr(objection, "revocation list in it, which is not heeded"));
	rig_fini(&r);
	X509_CRL_free(list);
	ASN1_TIME_free(now);
}

static int begin(void **state)
{
	(void)state;
	make_certificate(NULL);
	pki_begin();
	pki_make(&pair, EVP_EC_gen("P-256"), "a.test", "DNS:a.test", false);
	return 0;
}

static int end(void **state)
{
	(void)state;
	pki_free(&pair);
	pki_free(&pki_authority);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_around_what_is_in_pem),
		cmocka_unit_test(both_in_one_file),
		cmocka_unit_test(keys_that_are_none),
		cmocka_unit_test(keys_of_somebody_else),
		cmocka_unit_test(certificates_that_are_none),
		cmocka_unit_test(a_curve_that_tls_has_not),
		cmocka_unit_test(keys_that_sign_nothing),
		cmocka_unit_test(more_authorities_than_clients_can_be_told),
		cmocka_unit_test(authorities_whose_time_it_is_not),
		cmocka_unit_test(a_revocation_list_among_the_authorities),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
