/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/prf.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/bytes.h"

bool rs_tls_prf(const struct tls_hkdf *h, struct span secret, struct span label, struct span seed,
	uint8_t *to, uint32_t bytes)
{
	uint8_t a[TLS_MAX_HASH], hash[TLS_MAX_HASH];
	const struct span texts[] = {{.data = a, .len = h->bytes}, label, seed};
	bool ok = rs_tls_hkdf_hmac(h, secret, texts + 1, 2, a);

	for (uint32_t done = 0, take; ok && done < bytes; done += take) {
		take = rs_min_u32(bytes - done, h->bytes);
		ok = rs_tls_hkdf_hmac(h, secret, texts, 3, hash) &&
		     rs_tls_hkdf_hmac(h, secret, texts, 1, a);
		memcpy(to + done, hash, take);
	}
	OPENSSL_cleanse(a, sizeof(a));
	OPENSSL_cleanse(hash, sizeof(hash));
	return ok;
}
