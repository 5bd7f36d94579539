/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-GCM and key derivation as libssl gets them from us, by the calls that libssl makes, beside
 * OpenSSL's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include "base/bytes.h"
#include "tls/provider.h"

#define MOST     1500
#define TAG      EVP_GCM_TLS_TAG_LEN
#define SALT     EVP_GCM_TLS_FIXED_IV_LEN
#define EXPLICIT EVP_GCM_TLS_EXPLICIT_IV_LEN
#define PSEUDO   EVP_AEAD_TLS1_AAD_LEN

static const char *const names[] = {"id-aes128-GCM", "id-aes256-GCM"};

static struct tls_library *library;

static int set_up(void **state)
{
	(void)state;
	library = rs_tls_library_new();
	srand(1);
	return library ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	rs_tls_library_free(library);
	return 0;
}

static void fill(uint8_t *to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = (uint8_t)rand();
}

/* One direction of a connection, by one of the two. */
static EVP_CIPHER_CTX *new_direction(const char *name, bool ours, const uint8_t *key, bool sealing)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(
		library->ctx, name, ours ? "provider=" TLS_PROVIDER : "provider=default");
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	assert_non_null(cipher);
	assert_int_equal(EVP_CipherInit_ex(ctx, cipher, NULL, key, NULL, sealing), 1);
	EVP_CIPHER_free(cipher);
	return ctx;
}

static void libssl_gets_ours(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(names); i++) {
		EVP_CIPHER *cipher = EVP_CIPHER_fetch(library->ctx, names[i], TLS_PROPERTIES);
		const OSSL_PROVIDER *from = EVP_CIPHER_get0_provider(cipher);

		assert_string_equal(OSSL_PROVIDER_get0_name(from), TLS_PROVIDER);
		assert_int_equal(EVP_CIPHER_get_key_length(cipher), i ? 32 : 16);
		assert_int_equal(EVP_CIPHER_get_iv_length(cipher), 12);
		assert_int_equal(EVP_CIPHER_get_mode(cipher), EVP_CIPH_GCM_MODE);
		assert_true(EVP_CIPHER_get_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER);
		EVP_CIPHER_free(cipher);
	}
}

/* ---- records of TLS 1.3 ---- */

static void seal_13(EVP_CIPHER_CTX *ctx, const uint8_t *nonce, const uint8_t *header, uint8_t *data,
	int n, uint8_t *tag)
{
	int got, more;

	assert_int_equal(EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, 1), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, NULL, &got, header, 5), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, data, &got, data, n), 1);
	assert_int_equal(EVP_CipherFinal_ex(ctx, data + got, &more), 1);
	assert_int_equal(got + more, n);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag), 1);
}

static bool open_13(EVP_CIPHER_CTX *ctx, const uint8_t *nonce, const uint8_t *header, uint8_t *data,
	int n, uint8_t *tag)
{
	int got, more;

	assert_int_equal(EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, 0), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, NULL, &got, header, 5), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, data, &got, data, n), 1);
	assert_int_equal(got, n);
	return EVP_CipherFinal_ex(ctx, data + got, &more) == 1;
}

/* With any bit of it wrong, too, after which the next record is as good as any. */
static void records_of_13(void **state)
{
	uint8_t key[32], nonce[12], header[5], text[MOST], ours[MOST + TAG], theirs[MOST + TAG];

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(names); i++) {
		EVP_CIPHER_CTX *sealer, *opener, *reference;

		fill(key, sizeof(key));
		sealer = new_direction(names[i], true, key, true);
		opener = new_direction(names[i], true, key, false);
		reference = new_direction(names[i], false, key, true);
		assert_int_equal(EVP_CIPHER_CTX_get_iv_length(sealer), 12);
		for (uint32_t n = 1; n <= MOST; n += 1 + n / 40) {
			uint32_t wrong = (uint32_t)rand() % (n + TAG);

			fill(nonce, sizeof(nonce));
			fill(header, sizeof(header));
			fill(text, n);
			memcpy(ours, text, n);
			memcpy(theirs, text, n);
			seal_13(sealer, nonce, header, ours, (int)n, ours + n);
			seal_13(reference, nonce, header, theirs, (int)n, theirs + n);
			assert_memory_equal(ours, theirs, n + TAG);
			assert_true(open_13(opener, nonce, header, ours, (int)n, ours + n));
			assert_memory_equal(ours, text, n);
			theirs[wrong] ^= (uint8_t)(1 << rand() % 8);
			assert_false(open_13(opener, nonce, header, theirs, (int)n, theirs + n));
		}
		EVP_CIPHER_CTX_free(sealer);
		EVP_CIPHER_CTX_free(opener);
		EVP_CIPHER_CTX_free(reference);
	}
}

/* ---- records of TLS 1.2 ---- */

/* In place: explicit nonce, text and tag. Returns how many bytes come back, or -1. */
static int do_12(EVP_CIPHER_CTX *ctx, uint64_t seq, uint8_t *data, uint32_t bytes, bool sealing)
{
	uint8_t pseudo[PSEUDO] = {[8] = 23, [9] = 3, [10] = 3};
	int got;

	rs_store_be64(pseudo, seq);
	rs_store_be16(pseudo + 11, (uint16_t)(sealing ? bytes - TAG : bytes));
	assert_int_equal(
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_TLS1_AAD, sizeof(pseudo), pseudo), TAG);
	return EVP_CipherUpdate(ctx, data, &got, data, (int)bytes) == 1 ? got : -1;
}

/* What one of the two seals the other opens; ours does not open it with a wrong bit. */
static void records_of_12(void **state)
{
	uint8_t key[32], salt[SALT], text[MOST], data[EXPLICIT + MOST + TAG];

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(names); i++) {
		bool ours_seals = i % 2;
		EVP_CIPHER_CTX *sealer, *opener;

		fill(key, sizeof(key));
		fill(salt, sizeof(salt));
		sealer = new_direction(names[i / 2], ours_seals, key, true);
		opener = new_direction(names[i / 2], !ours_seals, key, false);
		EVP_CIPHER_CTX_ctrl(sealer, EVP_CTRL_GCM_SET_IV_FIXED, SALT, salt);
		EVP_CIPHER_CTX_ctrl(opener, EVP_CTRL_GCM_SET_IV_FIXED, SALT, salt);
		for (uint32_t n = 1, seq = 0; n <= MOST; n += 1 + n / 40, seq++) {
			const uint32_t bytes = EXPLICIT + n + TAG;

			fill(text, n);
			memcpy(data + EXPLICIT, text, n);
			assert_int_equal(do_12(sealer, seq, data, bytes, true), bytes);
			if (ours_seals)
				assert_int_equal(rs_load_be64(data), seq);
			else if (seq % 2)
				data[(uint32_t)rand() % bytes] ^= (uint8_t)(1 << rand() % 8);
			if (!ours_seals && seq % 2) {
				assert_int_equal(do_12(opener, seq, data, bytes, false), -1);
				continue;
			}
			assert_int_equal(do_12(opener, seq, data, bytes, false), n);
			assert_memory_equal(data + EXPLICIT, text, n);
		}
		EVP_CIPHER_CTX_free(sealer);
		EVP_CIPHER_CTX_free(opener);
	}
}

static void record_of_12_without_room_for_nonce_and_tag(void **state)
{
	uint8_t key[16] = {0}, salt[SALT] = {0}, data[EXPLICIT + TAG] = {0};
	EVP_CIPHER_CTX *opener = new_direction(names[0], true, key, false);

	(void)state;
	EVP_CIPHER_CTX_ctrl(opener, EVP_CTRL_GCM_SET_IV_FIXED, SALT, salt);
	for (uint32_t bytes = 1; bytes < sizeof(data); bytes++)
		assert_int_equal(do_12(opener, 0, data, bytes, false), -1);
	EVP_CIPHER_CTX_free(opener);
}

/* ---- what it refuses ---- */

static void a_nonce_is_for_one_text(void **state)
{
	uint8_t key[16] = {0}, nonce[12] = {0}, header[5] = {0}, data[20] = {0}, tag[TAG];
	EVP_CIPHER_CTX *sealer = new_direction(names[0], true, key, true);
	int got;

	(void)state;
	assert_int_equal(EVP_CipherUpdate(sealer, data, &got, data, sizeof(data)), 0);
	assert_int_equal(EVP_CipherFinal_ex(sealer, data, &got), 0);
	seal_13(sealer, nonce, header, data, sizeof(data), tag);
	assert_int_equal(EVP_CipherUpdate(sealer, NULL, &got, header, sizeof(header)), 0);
	assert_int_equal(EVP_CipherUpdate(sealer, data, &got, data, sizeof(data)), 0);
	assert_int_equal(EVP_CipherFinal_ex(sealer, data, &got), 0);
	EVP_CIPHER_CTX_free(sealer);
}

static void without_a_key(void **state)
{
	uint8_t nonce[12] = {0}, data[100] = {0};
	EVP_CIPHER_CTX *sealer = new_direction(names[0], true, NULL, true);

	(void)state;
	assert_int_equal(EVP_CipherInit_ex(sealer, NULL, NULL, NULL, nonce, 1), 0);
	assert_int_equal(do_12(sealer, 0, data, sizeof(data), true), -1);
	EVP_CIPHER_CTX_free(sealer);
}

static void other_lengths(void **state)
{
	uint8_t key[16] = {0}, bytes[32] = {0};
	EVP_CIPHER_CTX *c = new_direction(names[0], true, key, false);

	(void)state;
	for (int n = 1; n <= 32; n++) {
		assert_int_equal(
			EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, n, NULL) > 0, n == 12);
		assert_int_equal(
			EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, n, bytes) > 0, n == TAG);
		assert_int_equal(
			EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_IV_FIXED, n, bytes) > 0, n == SALT);
		assert_int_equal(
			EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_TLS1_AAD, n, bytes) > 0, n == PSEUDO);
	}
	EVP_CIPHER_CTX_free(c);
}

/* ---- the key schedule (RFC 8446 section 7.1) ---- */

#define HASH        32
#define STACK_BYTES (1u << 20)

static uint8_t before[HASH]; /* the secret of the step before */

/* Deeper on the stack than whatever is called when it is done. */
static __attribute__((noinline)) int derive_below(
	EVP_KDF_CTX *ctx, uint8_t *to, const OSSL_PARAM *params)
{
	volatile uint8_t above[STACK_BYTES / 4];

	above[0] = 0;
	return EVP_KDF_derive(ctx, to, HASH, params) + above[0];
}

/* By one of the two: the next step, with nothing new in it; or what the step before gives to it. */
static void derive(bool ours, int mode, uint8_t *to)
{
	uint8_t empty[SHA256_DIGEST_LENGTH];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (void *)"tls13 ", 6),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (void *)"derived", 7),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, before, HASH),
		OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(
		library->ctx, "TLS13-KDF", ours ? "provider=" TLS_PROVIDER : "provider=default");
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

	if (mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY) {
		SHA256(NULL, 0, empty);
		params[4] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, before, HASH);
		params[5] = OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_DATA, empty, sizeof(empty));
	}
	assert_int_equal(derive_below(ctx, to, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void *take_step(void *to)
{
	derive(true, EVP_KDF_HKDF_MODE_EXTRACT_ONLY, to);
	return NULL;
}

/* What the last step is made of gives the secrets of all records. */
static void a_step_leaves_nothing_on_the_stack(void **state)
{
	uint8_t *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	uint8_t salt[HASH], ours[HASH], theirs[HASH];
	pthread_attr_t attr;
	pthread_t thread;

	(void)state;
	assert_true(stack != MAP_FAILED);
	fill(before, sizeof(before));
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstack(&attr, stack, STACK_BYTES), 0);
	assert_int_equal(pthread_create(&thread, &attr, take_step, ours), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	derive(false, EVP_KDF_HKDF_MODE_EXTRACT_ONLY, theirs);
	assert_memory_equal(ours, theirs, sizeof(ours));
	derive(false, EVP_KDF_HKDF_MODE_EXPAND_ONLY, salt);
	assert_null(memmem(stack, STACK_BYTES, salt, sizeof(salt)));
	pthread_attr_destroy(&attr);
	munmap(stack, STACK_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libssl_gets_ours),
		cmocka_unit_test(records_of_13),
		cmocka_unit_test(records_of_12),
		cmocka_unit_test(record_of_12_without_room_for_nonce_and_tag),
		cmocka_unit_test(a_nonce_is_for_one_text),
		cmocka_unit_test(without_a_key),
		cmocka_unit_test(other_lengths),
		cmocka_unit_test(a_step_leaves_nothing_on_the_stack),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
