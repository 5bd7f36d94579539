/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/record.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/bytes.h"

/* ---- keys (section 7.1, 7.2) ---- */

static bool set_keys(struct tls_record_keys *k, const struct tls_record_suite *suite)
{
	const struct span none = {0};
	uint8_t key[TLS_AEAD_MAX_KEY];
	bool ok = rs_tls_hkdf_label(suite->hkdf, k->secret, "key", none, key,
			  rs_tls_aead_key_bytes(suite->kind)) &&
		  rs_tls_hkdf_label(suite->hkdf, k->secret, "iv", none, k->iv, sizeof(k->iv));

	if (ok)
		rs_tls_aead_key_set(k->key, suite->kind, key);
	OPENSSL_cleanse(key, sizeof(key));
	k->seq = 0;
	return ok;
}

bool rs_tls_keys_init(
	struct tls_record_keys *k, const struct tls_record_suite *suite, const uint8_t *secret)
{
	*k = (struct tls_record_keys){.key = rs_tls_aead_key_new(suite->aead)};
	return k->key && rs_tls_keys_change(k, suite, secret);
}

bool rs_tls_keys_change(
	struct tls_record_keys *k, const struct tls_record_suite *suite, const uint8_t *secret)
{
	memcpy(k->secret, secret, suite->hkdf->bytes);
	return set_keys(k, suite);
}

bool rs_tls_keys_update(struct tls_record_keys *k, const struct tls_record_suite *suite)
{
	uint8_t next[TLS_MAX_SECRET];

	if (!rs_tls_hkdf_label(suite->hkdf, k->secret, "traffic upd", (struct span){0}, next,
		    suite->hkdf->bytes))
		return false;
	memcpy(k->secret, next, suite->hkdf->bytes);
	OPENSSL_cleanse(next, sizeof(next));
	return set_keys(k, suite);
}

void rs_tls_keys_free(struct tls_record_keys *k)
{
	rs_tls_aead_key_free(k->key);
	OPENSSL_cleanse(k, sizeof(*k));
}

/* ---- records ---- */

/* The header is vouched for (section 5.2); the number of the record is in the nonce (5.3). */
static void begin(struct tls_record_keys *k, struct tls_aead_text *text, bool sealing,
	const uint8_t header[TLS_RECORD_HEADER])
{
	uint64_t seq = k->seq++;
	uint8_t nonce[TLS_AEAD_NONCE];

	memcpy(nonce, k->iv, sizeof(nonce));
	for (uint32_t i = 0; i < sizeof(seq); i++)
		nonce[sizeof(nonce) - 1 - i] ^= (uint8_t)(seq >> 8 * i);
	rs_tls_aead_begin(text, k->key, sealing, nonce, header, TLS_RECORD_HEADER);
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
	const uint8_t *sealed = record + TLS_RECORD_HEADER;
	uint32_t len = bytes - TLS_RECORD_HEADER;
	struct tls_aead_text text;

	if (len < TLS_AEAD_TAG + 1)
		return TLS_ALERT_BAD_RECORD_MAC;
	len -= TLS_AEAD_TAG;
	begin(k, &text, false, record);
	rs_tls_aead_take(&text, to, sealed, len);
	if (!rs_tls_aead_verify(&text, sealed + len))
		return TLS_ALERT_BAD_RECORD_MAC;
	*n = len;
	return strip(to, n, type);
}

/* To as many places as the sink has; text: sealed, or NULL. */
static inline void put(const struct tls_record_sink *sink, struct tls_aead_text *text,
	const uint8_t *from, uint32_t len)
{
	while (len) {
		uint32_t bytes;
		uint8_t *to = sink->room(sink->self, &bytes);

		bytes = rs_min_u32(bytes, len);
		if (text)
			rs_tls_aead_take(text, to, from, bytes);
		else
			memcpy(to, from, bytes);
		sink->wrote(sink->self, bytes);
		from += bytes;
		len -= bytes;
	}
}

void rs_tls_record_put(const struct tls_record_sink *sink, const uint8_t *from, uint32_t len)
{
	put(sink, NULL, from, len);
}

void rs_tls_record_seal(struct tls_record_keys *k, uint8_t type, const uint8_t *data, uint32_t len,
	const struct tls_record_sink *sink)
{
	uint32_t sealed = len + 1 + TLS_AEAD_TAG;
	const uint8_t header[TLS_RECORD_HEADER] = {
		TLS_CONTENT_DATA, 3, 3, (uint8_t)(sealed >> 8), (uint8_t)sealed};
	struct tls_aead_text text;
	uint8_t tag[TLS_AEAD_TAG];

	begin(k, &text, true, header);
	put(sink, NULL, header, sizeof(header));
	put(sink, &text, data, len);
	put(sink, &text, &type, 1);
	rs_tls_aead_end(&text, tag);
	put(sink, NULL, tag, sizeof(tag));
}
