/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/pairs.h"

static EVP_PKEY *make(struct tls_pairs *p)
{
	EVP_PKEY *pair = NULL;

	return EVP_PKEY_generate(p->maker, &pair) == 1 ? pair : NULL;
}

bool rs_tls_pairs_init(struct tls_pairs *p, OSSL_LIB_CTX *library)
{
	*p = (struct tls_pairs){
		.library = library,
		.maker = EVP_PKEY_CTX_new_from_name(library, "X25519", NULL),
	};
	if (!p->maker || EVP_PKEY_keygen_init(p->maker) != 1)
		return false;
	p->peer = make(p);
	return p->peer;
}

void rs_tls_pairs_free(struct tls_pairs *p)
{
	while (p->n)
		EVP_PKEY_free(p->ahead[--p->n]);
	EVP_PKEY_free(p->peer);
	EVP_PKEY_CTX_free(p->maker);
}

bool rs_tls_pairs_make_ahead(struct tls_pairs *p)
{
	EVP_PKEY *pair = p->n < TLS_PAIRS_AHEAD ? make(p) : NULL;

	if (!pair)
		return false;
	p->ahead[p->n++] = pair;
	return true;
}

bool rs_tls_pairs_agree(
	struct tls_pairs *p, struct span theirs, uint8_t *share, uint8_t *secret, bool *was_ahead)
{
	size_t n_share = TLS_X25519_BYTES, n_secret = TLS_X25519_BYTES;
	EVP_PKEY_CTX *agreement;
	EVP_PKEY *pair;
	bool ok;

	*was_ahead = p->n;
	pair = p->n ? p->ahead[--p->n] : make(p);
	agreement = pair ? EVP_PKEY_CTX_new_from_pkey(p->library, pair, NULL) : NULL;
	ok = agreement && EVP_PKEY_get_raw_public_key(pair, share, &n_share) == 1 &&
	     EVP_PKEY_set1_encoded_public_key(p->peer, theirs.data, theirs.len) == 1 &&
	     EVP_PKEY_derive_init(agreement) == 1 &&
	     EVP_PKEY_derive_set_peer_ex(agreement, p->peer, 0) == 1 &&
	     EVP_PKEY_derive(agreement, secret, &n_secret) == 1;
	EVP_PKEY_CTX_free(agreement);
	EVP_PKEY_free(pair);
	return ok;
}
