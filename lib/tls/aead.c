/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/aead.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/bytes.h"

/* What IPsec-MB has for AES-GCM with keys of one length. */
struct gcm_calls {
	aes_gcm_pre_t set_key;
	aes_gcm_init_t begin;
	aes_gcm_enc_dec_update_t seal, open;
	aes_gcm_enc_dec_finalize_t end_seal, end_open;
};

struct tls_aead {
	IMB_MGR *mgr;
	struct gcm_calls gcm[2]; /* by kind */
};

struct tls_aead_key {
	_Alignas(RS_CACHE_LINE) union {
		struct gcm_key_data gcm;
		uint8_t chacha[TLS_AEAD_MAX_KEY];
	};
	const struct tls_aead *aead;
	const struct gcm_calls *calls; /* NULL: ChaCha20-Poly1305 */
};

struct tls_aead *rs_tls_aead_new(void)
{
	struct tls_aead *a = calloc(1, sizeof(*a));
	IMB_MGR *mgr = alloc_mb_mgr(0);

	if (mgr)
		init_mb_mgr_auto(mgr, NULL);
	if (!a || !mgr || imb_get_errno(mgr)) {
		if (mgr)
			free_mb_mgr(mgr);
		free(a);
		return NULL;
	}
	*a = (struct tls_aead){
		.mgr = mgr,
		.gcm =
			{
				[TLS_AES_128_GCM] =
					{
						.set_key = mgr->gcm128_pre,
						.begin = mgr->gcm128_init,
						.seal = mgr->gcm128_enc_update,
						.open = mgr->gcm128_dec_update,
						.end_seal = mgr->gcm128_enc_finalize,
						.end_open = mgr->gcm128_dec_finalize,
					},
				[TLS_AES_256_GCM] =
					{
						.set_key = mgr->gcm256_pre,
						.begin = mgr->gcm256_init,
						.seal = mgr->gcm256_enc_update,
						.open = mgr->gcm256_dec_update,
						.end_seal = mgr->gcm256_enc_finalize,
						.end_open = mgr->gcm256_dec_finalize,
					},
			},
	};
	return a;
}

void rs_tls_aead_free(struct tls_aead *a)
{
	if (!a)
		return;
	free_mb_mgr(a->mgr);
	free(a);
}

uint32_t rs_tls_aead_key_bytes(enum tls_aead_kind kind)
{
	return kind == TLS_AES_128_GCM ? 16 : 32;
}

struct tls_aead_key *rs_tls_aead_key_new(const struct tls_aead *a)
{
	struct tls_aead_key *k = aligned_alloc(RS_CACHE_LINE, sizeof(*k));

	if (k) {
		memset(k, 0, sizeof(*k));
		k->aead = a;
	}
	return k;
}

void rs_tls_aead_key_set(struct tls_aead_key *k, enum tls_aead_kind kind, const uint8_t *bytes)
{
	if (kind == TLS_CHACHA20_POLY1305) {
		k->calls = NULL;
		memcpy(k->chacha, bytes, sizeof(k->chacha));
		return;
	}
	k->calls = &k->aead->gcm[kind];
	k->calls->set_key(bytes, &k->gcm);
}

void rs_tls_aead_key_free(struct tls_aead_key *k)
{
	if (k)
		OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

void rs_tls_aead_begin(struct tls_aead_text *t, const struct tls_aead_key *k, bool sealing,
	const uint8_t *nonce, const uint8_t *extra, uint32_t n)
{
	t->key = k;
	t->sealing = sealing;
	if (k->calls)
		k->calls->begin(&k->gcm, &t->gcm, nonce, extra, n);
	else
		IMB_CHACHA20_POLY1305_INIT(k->aead->mgr, k->chacha, &t->chacha, nonce, extra, n);
}

void rs_tls_aead_take(struct tls_aead_text *t, uint8_t *to, const uint8_t *from, uint32_t n)
{
	const struct tls_aead_key *k = t->key;
	const IMB_MGR *mgr = k->aead->mgr;

	if (k->calls)
		(t->sealing ? k->calls->seal : k->calls->open)(&k->gcm, &t->gcm, to, from, n);
	else if (t->sealing)
		IMB_CHACHA20_POLY1305_ENC_UPDATE(mgr, k->chacha, &t->chacha, to, from, n);
	else
		IMB_CHACHA20_POLY1305_DEC_UPDATE(mgr, k->chacha, &t->chacha, to, from, n);
}

void rs_tls_aead_end(struct tls_aead_text *t, uint8_t *tag)
{
	const struct tls_aead_key *k = t->key;
	const IMB_MGR *mgr = k->aead->mgr;

	if (k->calls)
		(t->sealing ? k->calls->end_seal : k->calls->end_open)(
			&k->gcm, &t->gcm, tag, TLS_AEAD_TAG);
	else if (t->sealing)
		IMB_CHACHA20_POLY1305_ENC_FINALIZE(mgr, &t->chacha, tag, TLS_AEAD_TAG);
	else
		IMB_CHACHA20_POLY1305_DEC_FINALIZE(mgr, &t->chacha, tag, TLS_AEAD_TAG);
}

bool rs_tls_aead_verify(struct tls_aead_text *t, const uint8_t *tag)
{
	uint8_t made[TLS_AEAD_TAG];

	rs_tls_aead_end(t, made);
	return CRYPTO_memcmp(made, tag, sizeof(made)) == 0;
}
