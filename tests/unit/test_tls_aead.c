/* SPDX-License-Identifier: BSD-2-Clause */
/* The ciphers of records, beside the examples of their papers, and beside OpenSSL's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/bytes.h"
#include "tls/aead.h"

#define MOST 1500

static struct tls_aead *aead;

static int set_up(void **state)
{
	(void)state;
	aead = rs_tls_aead_new();
	return aead ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	rs_tls_aead_free(aead);
	return 0;
}

static void from_hex(const char *hex, uint8_t *to, size_t want)
{
	size_t n;

	assert_int_equal(OPENSSL_hexstr2buf_ex(to, want, &n, hex, '\0'), 1);
	assert_int_equal(n, want);
}

/* The Galois/Counter Mode of Operation (McGrew, Viega), test cases 4 and 16; 60 bytes. */
static void gcm_examples(void **state)
{
	static const char text_hex[] =
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
	static const struct {
		enum tls_aead_kind kind;
		const char *key, *sealed, *tag;
	} examples[] = {
		{TLS_AES_128_GCM, "feffe9928665731c6d6a8f9467308308",
			"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
			"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
			"5bc94fbc3221a5db94fae95ae7121a47"},
		{TLS_AES_256_GCM,
			"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
			"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
			"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
			"76fc6ece0f4e1768cddf8853bb2d551b"},
	};
	uint8_t key[32], nonce[12], extra[20], text[60], sealed[60], tag[16], got[60], got_tag[16];

	(void)state;
	from_hex("cafebabefacedbaddecaf888", nonce, 12);
	from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", extra, 20);
	from_hex(text_hex, text, 60);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(examples); i++) {
		struct tls_aead_key *k = rs_tls_aead_key_new(aead);
		struct tls_aead_text t;

		from_hex(examples[i].key, key, rs_tls_aead_key_bytes(examples[i].kind));
		from_hex(examples[i].sealed, sealed, 60);
		from_hex(examples[i].tag, tag, 16);
		rs_tls_aead_key_set(k, examples[i].kind, key);
		rs_tls_aead_begin(&t, k, true, nonce, extra, 20);
		rs_tls_aead_take(&t, got, text, 60);
		rs_tls_aead_end(&t, got_tag);
		assert_memory_equal(got, sealed, 60);
		assert_memory_equal(got_tag, tag, 16);
		rs_tls_aead_key_free(k);
	}
}

/* RFC 8439 section 2.8.2 */
static void chacha_example(void **state)
{
	static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
				   "only one tip for the future, sunscreen would be it.";
	uint8_t key[32], nonce[12], extra[12], tag[16], begin[16], got[114], got_tag[16];
	struct tls_aead_key *k = rs_tls_aead_key_new(aead);
	struct tls_aead_text t;

	(void)state;
	for (uint32_t i = 0; i < 32; i++)
		key[i] = (uint8_t)(0x80 + i);
	from_hex("070000004041424344454647", nonce, 12);
	from_hex("50515253c0c1c2c3c4c5c6c7", extra, 12);
	from_hex("d31a8d34648e60db7b86afbc53ef7ec2", begin, 16);
	from_hex("1ae10b594f09e26a7e902ecbd0600691", tag, 16);
	rs_tls_aead_key_set(k, TLS_CHACHA20_POLY1305, key);
	rs_tls_aead_begin(&t, k, true, nonce, extra, 12);
	rs_tls_aead_take(&t, got, (const uint8_t *)text, 114);
	rs_tls_aead_end(&t, got_tag);
	assert_memory_equal(got, begin, 16);
	assert_memory_equal(got_tag, tag, 16);
	rs_tls_aead_key_free(k);
}

static void seal_by_openssl(const char *name, const uint8_t *key, const uint8_t *nonce,
	const uint8_t *extra, const uint8_t *text, int n, uint8_t *to)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int got;

	assert_int_equal(EVP_CipherInit_ex2(ctx, cipher, key, nonce, 1, NULL), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, NULL, &got, extra, 5), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, to, &got, text, n), 1);
	assert_int_equal(EVP_CipherFinal_ex(ctx, to + n, &got), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, to + n), 1);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
}

/* In pieces of any length, in place, and with any bit of it wrong. */
static void as_openssl_does(void **state)
{
	static const char *names[] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};
	uint8_t key[32], nonce[12], extra[5], text[MOST], sealed[MOST + 16], got[MOST], tag[16];
	struct tls_aead_key *k = rs_tls_aead_key_new(aead); /* one after the other */
	struct tls_aead_text t;

	(void)state;
	srand(1);
	for (uint32_t n = 1; n <= MOST; n += 1 + n / 40) {
		enum tls_aead_kind kind = (enum tls_aead_kind)(rand() % TLS_N_AEADS);
		uint32_t wrong = (uint32_t)rand() % (n + 16);

		for (uint32_t i = 0; i < MOST; i++)
			text[i] = (uint8_t)rand();
		memcpy(key, text + 100, sizeof(key));
		memcpy(nonce, text + 200, sizeof(nonce));
		memcpy(extra, text + 300, sizeof(extra));
		seal_by_openssl(names[kind], key, nonce, extra, text, (int)n, sealed);
		rs_tls_aead_key_set(k, kind, key);
		memcpy(got, text, n);
		rs_tls_aead_begin(&t, k, true, nonce, extra, 5);
		for (uint32_t at = 0, len; at < n; at += len) {
			len = rs_min_u32(1 + (uint32_t)rand() % 100, n - at);
			rs_tls_aead_take(&t, got + at, got + at, len);
		}
		rs_tls_aead_end(&t, tag);
		assert_memory_equal(got, sealed, n);
		assert_memory_equal(tag, sealed + n, 16);
		for (uint32_t is_wrong = 0; is_wrong < 2; is_wrong++) {
			if (is_wrong)
				sealed[wrong] ^= (uint8_t)(1 << rand() % 8);
			rs_tls_aead_begin(&t, k, false, nonce, extra, 5);
			rs_tls_aead_take(&t, got, sealed, n);
			assert_int_equal(rs_tls_aead_verify(&t, sealed + n), !is_wrong);
			assert_true(is_wrong || !memcmp(got, text, n));
		}
	}
	rs_tls_aead_key_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gcm_examples),
		cmocka_unit_test(chacha_example),
		cmocka_unit_test(as_openssl_does),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
