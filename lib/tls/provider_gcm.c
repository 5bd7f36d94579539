/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-GCM as libssl uses it. For a record of TLS 1.3 (RFC 8446 section 5.2) it sets the nonce, then
 * gives the header, the text, and asks for the tag or brings it. For one of TLS 1.2 (RFC 5288) it
 * gives a pseudo-header, and then nonce, text and tag in one piece.
 */
#include "tls/provider.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/bytes.h"
#include "tls/aead.h"

#define SALT          4                       /* the fixed part of a nonce of 1.2 … */
#define EXPLICIT      (TLS_AEAD_NONCE - SALT) /* … and that which its record brings */
#define PSEUDO_HEADER EVP_AEAD_TLS1_AAD_LEN   /* sequence number, type, version, length */
#define PSEUDO_LENGTH (PSEUDO_HEADER - 2)     /* where its length stands */

enum cipher_state {
	NO_KEY,
	NO_NONCE, /* one is for one text only */
	NONCE,
	TEXT, /* begun */
};

struct cipher {
	enum tls_aead_kind kind;
	bool sealing;
	enum cipher_state state;
	bool is_record; /* of TLS 1.2: pseudo_header is set */
	struct tls_aead_key *key;
	uint8_t nonce[TLS_AEAD_NONCE]; /* of 1.2: SALT bytes of it stay */
	uint8_t tag[TLS_AEAD_TAG];
	uint8_t pseudo_header[PSEUDO_HEADER];
	struct tls_aead_text text;
};

/* ---- contexts ---- */

static void *new_context(const struct tls_library *library, enum tls_aead_kind kind)
{
	struct cipher *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->kind = kind;
	c->key = rs_tls_aead_key_new(library->aead);
	if (c->key)
		return c;
	free(c);
	return NULL;
}

static void *new_128(void *library)
{
	return new_context(library, TLS_AES_128_GCM);
}

static void *new_256(void *library)
{
	return new_context(library, TLS_AES_256_GCM);
}

static void free_context(void *context)
{
	struct cipher *c = context;

	rs_tls_aead_key_free(c->key);
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
}

static int begin(struct cipher *c, const uint8_t *key, size_t key_bytes, const uint8_t *nonce,
	size_t nonce_bytes)
{
	if (key && key_bytes != rs_tls_aead_key_bytes(c->kind))
		return 0;
	if (key) {
		rs_tls_aead_key_set(c->key, c->kind, key);
		c->state = NO_NONCE;
	}
	if (!nonce)
		return 1;
	if (c->state == NO_KEY || nonce_bytes != TLS_AEAD_NONCE)
		return 0;
	memcpy(c->nonce, nonce, TLS_AEAD_NONCE);
	c->state = NONCE;
	return 1;
}

static int begin_sealing(void *context, const unsigned char *key, size_t key_bytes,
	const unsigned char *nonce, size_t nonce_bytes, const OSSL_PARAM params[])
{
	struct cipher *c = context;

	(void)params;
	c->sealing = true;
	return begin(c, key, key_bytes, nonce, nonce_bytes);
}

static int begin_opening(void *context, const unsigned char *key, size_t key_bytes,
	const unsigned char *nonce, size_t nonce_bytes, const OSSL_PARAM params[])
{
	struct cipher *c = context;

	(void)params;
	c->sealing = false;
	return begin(c, key, key_bytes, nonce, nonce_bytes);
}

/* ---- texts ---- */

static void begin_text(struct cipher *c, const uint8_t *extra, uint32_t n)
{
	rs_tls_aead_begin(&c->text, c->key, c->sealing, c->nonce, extra, n);
	c->state = TEXT;
}

/* A record of TLS 1.2. The nonce that it brings is, in ours, its sequence number. */
static int do_record(struct cipher *c, uint8_t *to, size_t *done, const uint8_t *from, size_t bytes)
{
	uint32_t n;

	c->is_record = false;
	if (c->state == NO_KEY || bytes < EXPLICIT + TLS_AEAD_TAG || bytes > UINT16_MAX)
		return 0;
	n = (uint32_t)bytes - EXPLICIT - TLS_AEAD_TAG;
	memcpy(c->nonce + SALT, c->sealing ? c->pseudo_header : from, EXPLICIT);
	if (c->sealing)
		memcpy(to, c->nonce + SALT, EXPLICIT);
	rs_store_be16(c->pseudo_header + PSEUDO_LENGTH, (uint16_t)n);
	begin_text(c, c->pseudo_header, PSEUDO_HEADER);
	c->state = NO_NONCE;
	rs_tls_aead_take(&c->text, to + EXPLICIT, from + EXPLICIT, n);
	*done = c->sealing ? bytes : n;
	if (!c->sealing)
		return rs_tls_aead_verify(&c->text, from + EXPLICIT + n);
	rs_tls_aead_end(&c->text, to + EXPLICIT + n);
	return 1;
}

/* What is vouched for, in one piece (to is NULL); or the next piece of the text. */
static int update(void *context, unsigned char *to, size_t *done, size_t room,
	const unsigned char *from, size_t bytes)
{
	struct cipher *c = context;

	if ((to && room < bytes) || bytes > UINT32_MAX)
		return 0;
	if (c->is_record)
		return to && do_record(c, to, done, from, bytes);
	if (c->state <= NO_NONCE || (!to && c->state == TEXT))
		return 0;
	*done = bytes;
	if (!to) {
		begin_text(c, from, (uint32_t)bytes);
		return 1;
	}
	if (c->state != TEXT)
		begin_text(c, NULL, 0);
	rs_tls_aead_take(&c->text, to, from, (uint32_t)bytes);
	return 1;
}

static int end(void *context, unsigned char *to, size_t *done, size_t room)
{
	struct cipher *c = context;

	(void)to;
	(void)room;
	*done = 0;
	if (c->state <= NO_NONCE)
		return 0;
	if (c->state != TEXT)
		begin_text(c, NULL, 0);
	c->state = NO_NONCE;
	if (!c->sealing)
		return rs_tls_aead_verify(&c->text, c->tag);
	rs_tls_aead_end(&c->text, c->tag);
	return 1;
}

/* ---- parameters: those come first that are asked for with each record ---- */

static int get_of_context(void *context, OSSL_PARAM params[])
{
	const struct cipher *c = context;
	int ok = 1;

	for (OSSL_PARAM *p = params; ok && p && p->key; p++) {
		if (!strcmp(p->key, OSSL_CIPHER_PARAM_IVLEN))
			ok = OSSL_PARAM_set_size_t(p, TLS_AEAD_NONCE);
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAG))
			ok = c->sealing && OSSL_PARAM_set_octet_string(p, c->tag, TLS_AEAD_TAG);
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD) ||
			 !strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAGLEN))
			ok = OSSL_PARAM_set_size_t(p, TLS_AEAD_TAG);
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN))
			ok = OSSL_PARAM_set_size_t(p, rs_tls_aead_key_bytes(c->kind));
	}
	return ok;
}

static int is_size(const OSSL_PARAM *p, size_t only)
{
	size_t n;

	return OSSL_PARAM_get_size_t(p, &n) && n == only;
}

static int set_bytes(const OSSL_PARAM *p, uint8_t *to, size_t bytes)
{
	if (p->data_type != OSSL_PARAM_OCTET_STRING || p->data_size != bytes)
		return 0;
	if (p->data) /* else it is only to be that long */
		memcpy(to, p->data, bytes);
	return 1;
}

static int set_of_context(void *context, const OSSL_PARAM params[])
{
	struct cipher *c = context;
	int ok = 1;

	for (const OSSL_PARAM *p = params; ok && p && p->key; p++) {
		if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAG)) {
			ok = set_bytes(p, c->tag, TLS_AEAD_TAG);
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD)) {
			ok = set_bytes(p, c->pseudo_header, PSEUDO_HEADER);
			c->is_record = ok;
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED)) {
			ok = set_bytes(p, c->nonce, SALT);
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_IVLEN)) {
			ok = is_size(p, TLS_AEAD_NONCE);
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN)) {
			ok = is_size(p, rs_tls_aead_key_bytes(c->kind));
		}
	}
	return ok;
}

static int get(OSSL_PARAM params[], enum tls_aead_kind kind)
{
	int ok = 1;

	for (OSSL_PARAM *p = params; ok && p && p->key; p++) {
		if (!strcmp(p->key, OSSL_CIPHER_PARAM_MODE))
			ok = OSSL_PARAM_set_uint(p, EVP_CIPH_GCM_MODE);
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN))
			ok = OSSL_PARAM_set_size_t(p, rs_tls_aead_key_bytes(kind));
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_IVLEN))
			ok = OSSL_PARAM_set_size_t(p, TLS_AEAD_NONCE);
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_BLOCK_SIZE))
			ok = OSSL_PARAM_set_size_t(p, 1);
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD) ||
			 !strcmp(p->key, OSSL_CIPHER_PARAM_CUSTOM_IV))
			ok = OSSL_PARAM_set_int(p, 1);
	}
	return ok;
}

static int get_128(OSSL_PARAM params[])
{
	return get(params, TLS_AES_128_GCM);
}

static int get_256(OSSL_PARAM params[])
{
	return get(params, TLS_AES_256_GCM);
}

/* ---- what OpenSSL calls ---- */

/* clang-format off */
#define FUNCTIONS(bits)                                                                            \
	{                                                                                          \
		{OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))new_##bits},                             \
		{OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))free_context},                          \
		{OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))begin_sealing},                    \
		{OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))begin_opening},                    \
		{OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))update},                                 \
		{OSSL_FUNC_CIPHER_FINAL, (void (*)(void))end},                                     \
		{OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))get_##bits},                         \
		{OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (void (*)(void))get_of_context},                 \
		{OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (void (*)(void))set_of_context},                 \
		{0, NULL},                                                                         \
	}
/* clang-format on */

static const OSSL_DISPATCH functions_128[] = FUNCTIONS(128), functions_256[] = FUNCTIONS(256);

const OSSL_ALGORITHM rs_tls_provider_ciphers[] = {
	{"AES-128-GCM:id-aes128-GCM", "provider=" TLS_PROVIDER, functions_128, NULL},
	{"AES-256-GCM:id-aes256-GCM", "provider=" TLS_PROVIDER, functions_256, NULL},
	{NULL, NULL, NULL, NULL},
};
