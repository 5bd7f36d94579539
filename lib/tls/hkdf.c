/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/hkdf.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/bytes.h"
#include "tls/message.h"

#define MAX_BLOCK 128
#define MAX_INFO  (2 + 1 + 255 + 1 + 255)

bool rs_tls_hkdf_init(struct tls_hkdf *h, OSSL_LIB_CTX *lib, const char *name)
{
	h->md = EVP_MD_fetch(lib, name, NULL);
	h->ctx = EVP_MD_CTX_new();
	if (!h->md || !h->ctx)
		return false;
	h->bytes = (uint32_t)EVP_MD_get_size(h->md);
	h->block = (uint32_t)EVP_MD_get_block_size(h->md);
	return EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1 &&
	       EVP_DigestFinal_ex(h->ctx, h->empty, NULL) == 1;
}

void rs_tls_hkdf_free(struct tls_hkdf *h)
{
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
}

/* One half of HMAC: the hash of the padded key and up to three texts. */
static bool half(const struct tls_hkdf *h, const uint8_t *pad, const struct span *texts, uint32_t n,
	uint8_t *to)
{
	if (EVP_DigestInit_ex2(h->ctx, h->md, NULL) != 1 ||
		EVP_DigestUpdate(h->ctx, pad, h->block) != 1)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (texts[i].len && EVP_DigestUpdate(h->ctx, texts[i].data, texts[i].len) != 1)
			return false;
	}
	return EVP_DigestFinal_ex(h->ctx, to, NULL) == 1;
}

bool rs_tls_hkdf_hmac(const struct tls_hkdf *h, struct span key, const struct span *texts,
	uint32_t n, uint8_t *to)
{
	uint8_t pad[MAX_BLOCK], inner[TLS_MAX_HASH];
	struct span inner_span = {.data = inner, .len = h->bytes};
	bool ok;

	if (key.len > h->block)
		return false;
	memset(pad, 0x36, sizeof(pad));
	for (uint32_t i = 0; i < key.len; i++)
		pad[i] ^= key.data[i];
	ok = half(h, pad, texts, n, inner);
	for (uint32_t i = 0; i < h->block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	ok = ok && half(h, pad, &inner_span, 1, to);
	OPENSSL_cleanse(pad, sizeof(pad));
	OPENSSL_cleanse(inner, sizeof(inner));
	return ok;
}

bool rs_tls_hkdf_extract(const struct tls_hkdf *h, struct span salt, struct span key, uint8_t *to)
{
	return rs_tls_hkdf_hmac(h, salt, &key, 1, to);
}

bool rs_tls_hkdf_expand(const struct tls_hkdf *h, struct span secret, struct span prefix,
	struct span label, struct span context, uint8_t *to, uint32_t bytes)
{
	uint8_t info[MAX_INFO], hash[TLS_MAX_HASH], number = 1;
	uint32_t n = 0, n_hash = 0;

	if (prefix.len + label.len > 255 || context.len > 255 || bytes > 255 * h->bytes)
		return false;
	n += rs_tls_put_number(info + n, bytes, 2);
	n += rs_tls_put_number(info + n, prefix.len + label.len, 1);
	n += rs_tls_put_bytes(info + n, prefix.data, prefix.len);
	n += rs_tls_put_bytes(info + n, label.data, label.len);
	n += rs_tls_put_number(info + n, context.len, 1);
	n += rs_tls_put_bytes(info + n, context.data, context.len);
	for (uint32_t done = 0, take; done < bytes; done += take, number++) {
		const struct span texts[] = {{.data = hash, .len = n_hash},
			{.data = info, .len = n}, {.data = &number, .len = 1}};

		if (!rs_tls_hkdf_hmac(h, secret, texts, 3, hash))
			return false;
		n_hash = h->bytes;
		take = rs_min_u32(bytes - done, n_hash);
		memcpy(to + done, hash, take);
	}
	OPENSSL_cleanse(hash, sizeof(hash));
	return true;
}

bool rs_tls_hkdf_label(const struct tls_hkdf *h, const uint8_t *secret, const char *label,
	struct span context, uint8_t *to, uint32_t bytes)
{
	return rs_tls_hkdf_expand(h, rs_tls_span(secret, h->bytes), rs_tls_text("tls13 "),
		rs_tls_text(label), context, to, bytes);
}
