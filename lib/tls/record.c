/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/record.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/bytes.h"
#include "tls/prf.h"

#define SEQ_BYTES  8
#define SALT_BYTES 4 /* RFC 5288 section 3: of a nonce, what records do not carry */

/* What formats differ in, beside what is vouched for. */
static const struct format {
	uint8_t nonce_bytes; /* of the nonce, behind the header */
	uint8_t type_bytes;  /* of the type, sealed behind the content: it is not in the header */
} formats[] = {
	[TLS_RECORD_13] = {.type_bytes = 1},
	[TLS_RECORD_12] = {0},
	[TLS_RECORD_12_GCM] = {.nonce_bytes = SEQ_BYTES},
};

/* ---- keys of TLS 1.3 (section 7.1, 7.2) ---- */

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

/* ---- keys of TLS 1.2 ---- */

/* One direction's part of the key block. */
static bool set_keys_12(struct tls_record_keys *k, const struct tls_record_suite *suite,
	const uint8_t *key, const uint8_t *iv, uint32_t iv_bytes)
{
	*k = (struct tls_record_keys){
		.key = rs_tls_aead_key_new(suite->aead),
		.format = iv_bytes == SALT_BYTES ? TLS_RECORD_12_GCM : TLS_RECORD_12,
	};
	if (!k->key)
		return false;
	rs_tls_aead_key_set(k->key, suite->kind, key);
	memcpy(k->iv, iv, iv_bytes);
	return true;
}

bool rs_tls_keys_init_12(struct tls_record_keys *client, struct tls_record_keys *server,
	const struct tls_record_suite *suite, const uint8_t *master, const uint8_t *randoms)
{
	static const char label[] = "key expansion";
	const struct span secret = {.data = master, .len = TLS_MASTER_BYTES};
	const struct span name = {.data = (const uint8_t *)label, .len = sizeof(label) - 1};
	const struct span seed = {.data = randoms, .len = 2 * TLS_RANDOM_BYTES};
	const uint32_t n_iv = suite->kind == TLS_CHACHA20_POLY1305 ? TLS_AEAD_NONCE : SALT_BYTES;
	const uint32_t n_key = rs_tls_aead_key_bytes(suite->kind);
	uint8_t block[2 * (TLS_AEAD_MAX_KEY + TLS_AEAD_NONCE)];
	const uint8_t *ivs = block + 2 * n_key;
	bool ok = rs_tls_prf(suite->hkdf, secret, name, seed, block, 2 * (n_key + n_iv)) &&
		  set_keys_12(client, suite, block, ivs, n_iv) &&
		  set_keys_12(server, suite, block + n_key, ivs + n_iv, n_iv);

	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

void rs_tls_keys_free(struct tls_record_keys *k)
{
	rs_tls_aead_key_free(k->key);
	OPENSSL_cleanse(k, sizeof(*k));
}

/* ---- records ---- */

uint32_t rs_tls_record_overhead(const struct tls_record_keys *k)
{
	const struct format *f = &formats[k->format];

	return TLS_RECORD_HEADER + f->nonce_bytes + f->type_bytes + TLS_AEAD_TAG;
}

/*
 * A number, which is that of the record unless this carries another, is in the nonce (section 5.3;
 * in RFC 5288 what stands where it comes is all zero). The header is vouched for (section 5.2); in
 * TLS 1.2 with the length of the text, and so is the number of the record (RFC 5246 section
 * 6.2.3.3).
 */
static void begin(struct tls_record_keys *k, struct tls_aead_text *text, bool sealing,
	const uint8_t *header, uint32_t len, uint64_t number)
{
	uint8_t nonce[TLS_AEAD_NONCE], extra[SEQ_BYTES + TLS_RECORD_HEADER];

	memcpy(nonce, k->iv, sizeof(nonce));
	for (uint32_t i = 0; i < sizeof(number); i++)
		nonce[sizeof(nonce) - 1 - i] ^= (uint8_t)(number >> 8 * i);
	rs_store_be64(extra, k->seq++);
	if (rs_likely(k->format == TLS_RECORD_13)) {
		rs_tls_aead_begin(text, k->key, sealing, nonce, header, TLS_RECORD_HEADER);
		return;
	}
	memcpy(extra + SEQ_BYTES, header, TLS_RECORD_HEADER - 2);
	rs_store_be16(extra + sizeof(extra) - 2, (uint16_t)len);
	rs_tls_aead_begin(text, k->key, sealing, nonce, extra, sizeof(extra));
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
	const struct format *f = &formats[k->format];
	const uint8_t *carried = record + TLS_RECORD_HEADER, *sealed = carried + f->nonce_bytes;
	uint32_t frame = TLS_RECORD_HEADER + f->nonce_bytes + TLS_AEAD_TAG;
	uint32_t len = bytes - frame;
	struct tls_aead_text text;

	if (bytes < frame) /* without a type it is strip()'s */
		return TLS_ALERT_BAD_RECORD_MAC;
	begin(k, &text, false, record, len, f->nonce_bytes ? rs_load_be64(carried) : k->seq);
	if (rs_likely(len))
		rs_tls_aead_take(&text, to, sealed, len);
	if (!rs_tls_aead_verify(&text, sealed + len))
		return TLS_ALERT_BAD_RECORD_MAC;
	*n = len;
	*type = record[0];
	if (f->type_bytes)
		return strip(to, n, type);
	return len > TLS_RECORD_PLAINTEXT ? TLS_ALERT_RECORD_OVERFLOW : TLS_ALERT_NONE;
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
	const struct format *f = &formats[k->format];
	uint8_t head[TLS_RECORD_HEADER + SEQ_BYTES] = {
		f->type_bytes ? TLS_CONTENT_DATA : type, 3, 3};
	struct tls_aead_text text;
	uint8_t tag[TLS_AEAD_TAG];

	rs_store_be16(head + 3, (uint16_t)(f->nonce_bytes + len + f->type_bytes + TLS_AEAD_TAG));
	rs_store_be64(head + TLS_RECORD_HEADER, k->seq);
	begin(k, &text, true, head, len, k->seq);
	put(sink, NULL, head, TLS_RECORD_HEADER + f->nonce_bytes);
	put(sink, &text, data, len);
	put(sink, &text, &type, f->type_bytes);
	rs_tls_aead_end(&text, tag);
	put(sink, NULL, tag, sizeof(tag));
}
