/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/pairs.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sodium.h>

_Static_assert(TLS_X25519_BYTES == crypto_scalarmult_curve25519_BYTES, "as libsodium has it");

static bool make(struct tls_pairs *p, struct tls_x25519 *pair)
{
	return RAND_priv_bytes_ex(p->library, pair->private, sizeof(pair->private), 0) == 1 &&
	       crypto_scalarmult_curve25519_base(pair->public, pair->private) == 0;
}

bool rs_tls_pairs_init(struct tls_pairs *p, OSSL_LIB_CTX *library)
{
	p->library = library;
	p->n = 0;
	return sodium_init() >= 0;
}

void rs_tls_pairs_free(struct tls_pairs *p)
{
	OPENSSL_cleanse(p->ahead, sizeof(p->ahead));
	p->n = 0;
}

bool rs_tls_pairs_make_ahead(struct tls_pairs *p)
{
	if (p->n == TLS_PAIRS_AHEAD || !make(p, &p->ahead[p->n]))
		return false;
	p->n++;
	return true;
}

bool rs_tls_pairs_agree(struct tls_pairs *p, const uint8_t *theirs, uint8_t *share, uint8_t *secret,
	bool *was_ahead)
{
	struct tls_x25519 now, *pair = &now;
	bool ok = true;

	*was_ahead = p->n;
	if (p->n)
		pair = &p->ahead[--p->n];
	else
		ok = make(p, pair);
	memcpy(share, pair->public, sizeof(pair->public));
	ok = ok && crypto_scalarmult_curve25519(secret, pair->private, theirs) == 0;
	OPENSSL_cleanse(pair, sizeof(*pair));
	return ok;
}
