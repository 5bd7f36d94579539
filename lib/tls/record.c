/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/record.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/bytes.h"

#define TAG_BYTES 16

/* ---- keys (section 7.1, 7.2) ---- */

static struct span literal(const char *text)
{
	return (struct span){.data = (const uint8_t *)text, .len = (uint32_t)strlen(text)};
}

static bool expand_label(const struct tls_record_suite *suite, const uint8_t *secret,
	const char *label, uint8_t *to, uint32_t bytes)
{
	return rs_tls_hkdf_expand(suite->hkdf,
		(struct span){.data = secret, .len = suite->hkdf->bytes}, literal("tls13 "),
		literal(label), (struct span){0}, to, bytes);
}

static bool set_keys(struct tls_record_keys *k, const struct tls_record_suite *suite, bool sealing)
{
	uint8_t key[EVP_MAX_KEY_LENGTH];
	bool ok = expand_label(suite, k->secret, "key", key, suite->key_bytes) &&
		  expand_label(suite, k->secret, "iv", k->iv, sizeof(k->iv)) &&
		  EVP_CipherInit_ex2(k->cipher, suite->cipher, key, k->iv, sealing, NULL) == 1;

	OPENSSL_cleanse(key, sizeof(key));
	k->seq = 0;
	return ok;
}

bool rs_tls_keys_init(struct tls_record_keys *k, const struct tls_record_suite *suite,
	const uint8_t *secret, bool sealing)
{
	*k = (struct tls_record_keys){.cipher = EVP_CIPHER_CTX_new()};
	return k->cipher && rs_tls_keys_change(k, suite, secret, sealing);
}

bool rs_tls_keys_change(struct tls_record_keys *k, const struct tls_record_suite *suite,
	const uint8_t *secret, bool sealing)
{
	memcpy(k->secret, secret, suite->hkdf->bytes);
	return set_keys(k, suite, sealing);
}

bool rs_tls_keys_update(
	struct tls_record_keys *k, const struct tls_record_suite *suite, bool sealing)
{
	uint8_t next[TLS_MAX_SECRET];

	if (!expand_label(suite, k->secret, "traffic upd", next, suite->hkdf->bytes))
		return false;
	memcpy(k->secret, next, suite->hkdf->bytes);
	OPENSSL_cleanse(next, sizeof(next));
	return set_keys(k, suite, sealing);
}

void rs_tls_keys_free(struct tls_record_keys *k)
{
	EVP_CIPHER_CTX_free(k->cipher);
	OPENSSL_cleanse(k, sizeof(*k));
}

/* ---- records ---- */

/* Section 5.3: the number of the record, on the right of the IV. */
static void set_nonce(struct tls_record_keys *k, uint8_t nonce[12])
{
	uint64_t seq = k->seq++;

	memcpy(nonce, k->iv, 12);
	for (uint32_t i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(seq >> 8 * i);
}

/* Section 5.4: padding is zeros behind the type, and counts for the size of a record. */
static enum tls_alert strip(const uint8_t *text, uint32_t *n, uint8_t *type)
{
	if (*n > TLS_RECORD_PLAINTEXT + 1)
		return TLS_ALERT_RECORD_OVERFLOW;
	while (*n && !text[*n - 1])
		--*n;
	if (!*n)
		return TLS_ALERT_UNEXPECTED_MESSAGE;
	*type = text[--*n];
	return TLS_ALERT_NONE;
}

enum tls_alert rs_tls_record_open(struct tls_record_keys *k, const uint8_t *record, uint32_t bytes,
	uint8_t *to, uint32_t *n, uint8_t *type)
{
	uint32_t len = bytes - TLS_RECORD_HEADER;
	const uint8_t *text = record + TLS_RECORD_HEADER;
	uint8_t nonce[12];
	int got;

	if (len < TAG_BYTES + 1)
		return TLS_ALERT_BAD_RECORD_MAC;
	len -= TAG_BYTES;
	set_nonce(k, nonce);
	if (EVP_CipherInit_ex2(k->cipher, NULL, NULL, nonce, -1, NULL) != 1 ||
		EVP_CIPHER_CTX_ctrl(k->cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES,
			(void *)(uintptr_t)(text + len)) != 1 ||
		EVP_CipherUpdate(k->cipher, NULL, &got, record, TLS_RECORD_HEADER) != 1 ||
		EVP_CipherUpdate(k->cipher, to, &got, text, (int)len) != 1 ||
		EVP_CipherFinal_ex(k->cipher, to + len, &got) != 1)
		return TLS_ALERT_BAD_RECORD_MAC;
	*n = len;
	return strip(to, n, type);
}

void rs_tls_record_put(const struct tls_record_sink *sink, const uint8_t *from, uint32_t len)
{
	while (len) {
		uint32_t bytes;
		uint8_t *to = sink->room(sink->self, &bytes);

		bytes = rs_min_u32(bytes, len);
		memcpy(to, from, bytes);
		sink->wrote(sink->self, bytes);
		from += bytes;
		len -= bytes;
	}
}

static bool encrypt(struct tls_record_keys *k, const struct tls_record_sink *sink,
	const uint8_t *from, uint32_t len)
{
	while (len) {
		uint32_t bytes;
		uint8_t *to = sink->room(sink->self, &bytes);
		int got;

		bytes = rs_min_u32(bytes, len);
		if (EVP_CipherUpdate(k->cipher, to, &got, from, (int)bytes) != 1)
			return false;
		sink->wrote(sink->self, bytes);
		from += bytes;
		len -= bytes;
	}
	return true;
}

bool rs_tls_record_seal(struct tls_record_keys *k, uint8_t type, const uint8_t *data, uint32_t len,
	const struct tls_record_sink *sink)
{
	uint32_t sealed = len + 1 + TAG_BYTES;
	const uint8_t header[TLS_RECORD_HEADER] = {
		TLS_CONTENT_DATA, 3, 3, (uint8_t)(sealed >> 8), (uint8_t)sealed};
	uint8_t nonce[12], tag[TAG_BYTES];
	int got;

	set_nonce(k, nonce);
	if (EVP_CipherInit_ex2(k->cipher, NULL, NULL, nonce, -1, NULL) != 1 ||
		EVP_CipherUpdate(k->cipher, NULL, &got, header, sizeof(header)) != 1)
		return false;
	rs_tls_record_put(sink, header, sizeof(header));
	if (!encrypt(k, sink, data, len) || !encrypt(k, sink, &type, 1) ||
		EVP_CipherFinal_ex(k->cipher, tag, &got) != 1 ||
		EVP_CIPHER_CTX_ctrl(k->cipher, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag) != 1)
		return false;
	rs_tls_record_put(sink, tag, sizeof(tag));
	return true;
}
