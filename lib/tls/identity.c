/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/identity.h"

#include <string.h>

#include <openssl/rsa.h>

#include "tls/message.h"

static bool choose_algorithm(struct tls_identity *id, EVP_PKEY *key, struct tls_library *library)
{
	char group[32];
	size_t n;

	id->hash = &library->hkdfs[TLS_SHA256];
	if (EVP_PKEY_is_a(key, "RSA")) {
		id->algorithm = TLS_SIGNATURE_RSA_PSS_RSAE_SHA256;
		return EVP_PKEY_get_size(key) <= TLS_MAX_SIGNATURE;
	}
	if (!EVP_PKEY_is_a(key, "EC") ||
		EVP_PKEY_get_group_name(key, group, sizeof(group), &n) != 1)
		return false;
	if (!strcmp(group, "prime256v1")) {
		id->algorithm = TLS_SIGNATURE_ECDSA_P256_SHA256;
		return true;
	}
	id->algorithm = TLS_SIGNATURE_ECDSA_P384_SHA384;
	id->hash = &library->hkdfs[TLS_SHA384];
	return !strcmp(group, "secp384r1");
}

bool rs_tls_identity_prepare(struct tls_identity *id, struct tls_library *library)
{
	EVP_PKEY *key = SSL_CTX_get0_privatekey(id->ctx);

	if (!choose_algorithm(id, key, library) ||
		!rs_tls_chain_init(
			&id->chain, id->ctx, rs_tls_span(id->ocsp.bytes, id->ocsp.n_bytes)))
		return false;
	id->signer = EVP_PKEY_CTX_new_from_pkey(library->ctx, key, NULL);
	return id->signer && EVP_PKEY_sign_init(id->signer) == 1 &&
	       (id->algorithm != TLS_SIGNATURE_RSA_PSS_RSAE_SHA256 ||
		       EVP_PKEY_CTX_set_rsa_padding(id->signer, RSA_PKCS1_PSS_PADDING) == 1) &&
	       EVP_PKEY_CTX_set_signature_md(id->signer, id->hash->md) == 1 &&
	       (id->algorithm != TLS_SIGNATURE_RSA_PSS_RSAE_SHA256 ||
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(id->signer, RSA_PSS_SALTLEN_DIGEST) == 1);
}

void rs_tls_identity_release(struct tls_identity *id)
{
	EVP_PKEY_CTX_free(id->signer);
	rs_tls_chain_free(&id->chain);
	id->signer = NULL;
}

struct span rs_tls_identity_present(const struct tls_identity *id, const struct tls_hello *h)
{
	bool stapled = h->wants_status && rs_tls_ocsp_now(&id->ocsp).len;

	return rs_tls_chain_message(&id->chain, stapled, h->cert_compressions);
}

bool rs_tls_identity_sign(
	const struct tls_identity *id, struct span transcript_hash, uint8_t *to, size_t *n)
{
	static const char context[] = "TLS 1.3, server CertificateVerify"; /* and its zero */
	uint8_t spaces[64], hash[TLS_MAX_HASH];

	*n = TLS_MAX_SIGNATURE;
	memset(spaces, ' ', sizeof(spaces));
	return EVP_DigestInit_ex2(id->hash->ctx, id->hash->md, NULL) == 1 &&
	       EVP_DigestUpdate(id->hash->ctx, spaces, sizeof(spaces)) == 1 &&
	       EVP_DigestUpdate(id->hash->ctx, context, sizeof(context)) == 1 &&
	       EVP_DigestUpdate(id->hash->ctx, transcript_hash.data, transcript_hash.len) == 1 &&
	       EVP_DigestFinal_ex(id->hash->ctx, hash, NULL) == 1 &&
	       EVP_PKEY_sign(id->signer, to, n, hash, id->hash->bytes) == 1 &&
	       *n <= TLS_MAX_SIGNATURE; /* without memory, OpenSSL's ECDSA says 1 and UINT32_MAX */
}
