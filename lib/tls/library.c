/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSL and IPsec-MB for one core: what domains stand on. */
#include <stdlib.h>

#include "tls/domain_internal.h"
#include "tls/provider.h"

static bool make_suites(struct tls_library *library)
{
	static const enum tls_hash hashes[TLS_N_AEADS] = {
		[TLS_AES_128_GCM] = TLS_SHA256,
		[TLS_AES_256_GCM] = TLS_SHA384,
		[TLS_CHACHA20_POLY1305] = TLS_SHA256,
	};

	library->aead = rs_tls_aead_new();
	if (!library->aead ||
		!rs_tls_hkdf_init(&library->hkdfs[TLS_SHA256], library->ctx, "SHA256") ||
		!rs_tls_hkdf_init(&library->hkdfs[TLS_SHA384], library->ctx, "SHA384"))
		return false;
	for (uint32_t i = 0; i < TLS_N_AEADS; i++)
		library->suites[i] = (struct tls_record_suite){
			.aead = library->aead,
			.kind = (enum tls_aead_kind)i,
			.hkdf = &library->hkdfs[hashes[i]],
		};
	return true;
}

/* What handshakes work with, one after the other. */
static bool make_contexts(struct tls_library *library)
{
	library->transcript = EVP_MD_CTX_new();
	library->snapshot = EVP_MD_CTX_new();
	library->sealer = rs_tls_aead_key_new(library->aead);
	library->ticket_cipher = EVP_CIPHER_fetch(library->ctx, "AES-256-CBC", NULL);
	return rs_tls_pairs_init(&library->pairs, library->ctx) &&
	       rs_tls_curves_init(&library->curves, library->ctx) && library->transcript &&
	       library->snapshot && library->sealer && library->ticket_cipher;
}

struct tls_library *rs_tls_library_new(void)
{
	struct tls_library *library = calloc(1, sizeof(*library));

	if (!library)
		return NULL;
	library->ctx = OSSL_LIB_CTX_new();
	library->bio_method = rs_tls_new_bio_method();
	if (library->ctx && library->bio_method && rs_tls_provider_load(library) &&
		make_suites(library) && make_contexts(library))
		return library;
	rs_tls_library_free(library);
	return NULL;
}

bool rs_tls_library_make_ahead(struct tls_library *library)
{
	return rs_tls_pairs_make_ahead(&library->pairs);
}

void rs_tls_library_leave(struct tls_library *library)
{
	OPENSSL_thread_stop_ex(library->ctx);
}

void rs_tls_library_free(struct tls_library *library)
{
	if (!library)
		return;
	for (uint32_t i = 0; i < TLS_N_HASHES; i++)
		rs_tls_hkdf_free(&library->hkdfs[i]);
	EVP_CIPHER_free(library->ticket_cipher);
	rs_tls_pairs_free(&library->pairs);
	rs_tls_curves_free(&library->curves);
	EVP_MD_CTX_free(library->transcript);
	EVP_MD_CTX_free(library->snapshot);
	rs_tls_aead_key_free(library->sealer);
	OPENSSL_cleanse(&library->sealer_from, sizeof(library->sealer_from));
	rs_tls_aead_free(library->aead);
	BIO_meth_free(library->bio_method);
	rs_tls_provider_unload(library);
	OPENSSL_thread_stop_ex(library->ctx); /* what this thread has of it */
	OSSL_LIB_CTX_free(library->ctx);
	free(library);
}
