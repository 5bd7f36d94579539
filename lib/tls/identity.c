/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/identity.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rsa.h>

#include "tls/message.h"

#define OCSP 1

#define MAX_CHAIN_BYTES 6144

/* One certificate behind its length, with no extensions. False: there is no room left. */
static bool add(struct tls_identity *id, X509 *cert)
{
	int n = i2d_X509(cert, NULL);
	uint8_t *to;

	if (n <= 0 || id->chain_bytes + (uint32_t)n + 5 > MAX_CHAIN_BYTES)
		return false;
	to = id->chain + id->chain_bytes;
	to += rs_tls_put_number(to, (uint32_t)n, 3);
	i2d_X509(cert, &to); /* moves to */
	rs_tls_put_number(to, 0, 2);
	id->chain_bytes += (uint32_t)n + 5;
	return true;
}

/* No longer than it is: there may be thousands. */
static bool encode_chain(struct tls_identity *id)
{
	STACK_OF(X509) *chain = NULL;
	uint8_t *exact;

	id->chain = malloc(MAX_CHAIN_BYTES);
	if (!id->chain || !add(id, id->first))
		return false;
	id->first_bytes = id->chain_bytes - 2;
	SSL_CTX_get0_chain_certs(id->ctx, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		if (!add(id, sk_X509_value(chain, i)))
			return false;
	}
	exact = realloc(id->chain, id->chain_bytes);
	id->chain = exact ? exact : id->chain;
	return true;
}

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

	if (!choose_algorithm(id, key, library) || !encode_chain(id) ||
		id->ocsp.n_bytes > MAX_CHAIN_BYTES)
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
	free(id->chain);
	id->signer = NULL;
	id->chain = NULL;
}

uint32_t rs_tls_identity_bytes(const struct tls_identity *id)
{
	return 16 + id->chain_bytes + id->ocsp.n_bytes;
}

uint32_t rs_tls_identity_encode(const struct tls_identity *id, bool status, uint8_t *to)
{
	struct span ocsp = status ? rs_tls_ocsp_now(&id->ocsp) : (struct span){0};
	uint32_t list = id->chain_bytes + (ocsp.len ? 8 + ocsp.len : 0);
	uint32_t n = rs_tls_put_header(to, TLS_CERTIFICATE, 4 + list);

	n += rs_tls_put_number(to + n, 0, 1); /* no certificate_request_context */
	n += rs_tls_put_number(to + n, list, 3);
	memcpy(to + n, id->chain, id->first_bytes);
	n += id->first_bytes;
	if (ocsp.len) {
		n += rs_tls_put_number(to + n, 8 + ocsp.len, 2);
		n += rs_tls_put_number(to + n, TLS_EXT_STATUS_REQUEST, 2);
		n += rs_tls_put_number(to + n, 4 + ocsp.len, 2);
		n += rs_tls_put_number(to + n, OCSP, 1);
		n += rs_tls_put_number(to + n, ocsp.len, 3);
		n += rs_tls_put_bytes(to + n, ocsp.data, ocsp.len);
	} else {
		n += rs_tls_put_number(to + n, 0, 2);
	}
	memcpy(to + n, id->chain + id->first_bytes + 2, id->chain_bytes - id->first_bytes - 2);
	return n + id->chain_bytes - id->first_bytes - 2;
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
