/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/curves.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "tls/provider.h"

bool rs_tls_curves_init(struct tls_curves *c, OSSL_LIB_CTX *library)
{
	c->library = library;
	for (uint32_t i = 0; i < TLS_N_GROUPS; i++) {
		const char *curve = rs_tls_groups[i].curve;

		if (!curve)
			continue;
		c->makers[i] = EVP_PKEY_CTX_new_from_name(library, "EC", TLS_PROPERTIES);
		if (!c->makers[i] || EVP_PKEY_keygen_init(c->makers[i]) != 1 ||
			EVP_PKEY_CTX_set_group_name(c->makers[i], curve) != 1)
			return false;
	}
	return true;
}

void rs_tls_curves_free(struct tls_curves *c)
{
	for (uint32_t i = 0; i < TLS_N_GROUPS; i++) {
		EVP_PKEY_CTX_free(c->makers[i]);
		c->makers[i] = NULL;
	}
}

/* The client's key. NULL: its point is not on our curve. */
static EVP_PKEY *read_share(EVP_PKEY *ours, const struct tls_group *group, const uint8_t *share)
{
	EVP_PKEY *theirs = EVP_PKEY_new();

	if (theirs && EVP_PKEY_copy_parameters(theirs, ours) == 1 &&
		EVP_PKEY_set1_encoded_public_key(theirs, share, group->share_bytes) == 1)
		return theirs;
	EVP_PKEY_free(theirs);
	return NULL;
}

static bool put_share(EVP_PKEY *ours, const struct tls_group *group, uint8_t *share)
{
	size_t n;

	return EVP_PKEY_get_octet_string_param(ours, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, share,
		       group->share_bytes, &n) == 1 &&
	       n == group->share_bytes;
}

/* On these curves every point but infinity has the one order, so that there is nothing more to
 * check (SP 800-56A section 5.6.2.3.4). */
static bool multiply(const struct tls_curves *c, EVP_PKEY *ours, EVP_PKEY *theirs,
	const struct tls_group *group, uint8_t *shared)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->library, ours, TLS_PROPERTIES);
	size_t n = group->shared_bytes;
	bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
		  EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1 &&
		  EVP_PKEY_derive(ctx, shared, &n) == 1 && n == group->shared_bytes;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool rs_tls_curves_agree(const struct tls_curves *c, const struct tls_group *group,
	const uint8_t *theirs, uint8_t *share, uint8_t *shared)
{
	EVP_PKEY *ours = NULL, *peer = NULL;
	bool ok = EVP_PKEY_generate(c->makers[group - rs_tls_groups], &ours) == 1 &&
		  put_share(ours, group, share) && (peer = read_share(ours, group, theirs)) &&
		  multiply(c, ours, peer, group, shared);

	EVP_PKEY_free(peer);
	EVP_PKEY_free(ours);
	ERR_clear_error(); /* of a point that is not on the curve */
	return ok;
}
