/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/quick_ticket.h"

#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#define VERSION     1
#define NAME_BYTES  16
#define NONCE_BYTES 12
#define TAG_BYTES   16

_Static_assert(sizeof(struct tls_ticket) == 2 + 8 + TLS_TICKET_NAME_BYTES + TLS_MAX_HASH,
	"no padding, since it is sealed as it is");

static uint64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

/* The library's cipher, with a key of its own: not the one that OpenSSL's tickets are under. */
static bool set_key(const struct tls_library *l, const struct tls_ticket_key *key,
	const uint8_t *nonce, bool sealing)
{
	const struct tls_hkdf *h = &l->hkdfs[TLS_SHA256];
	uint8_t mixed[TLS_MAX_HASH], own[32];
	bool ok =
		rs_tls_hkdf_extract(h, (struct span){.data = key->hmac, .len = 32},
			(struct span){.data = key->aes, .len = 32}, mixed) &&
		rs_tls_hkdf_expand(h, (struct span){.data = mixed, .len = 32},
			(struct span){.data = (const uint8_t *)"ringside ", .len = 9},
			(struct span){.data = (const uint8_t *)"ticket", .len = 6},
			(struct span){.data = key->name, .len = NAME_BYTES}, own, 32) &&
		EVP_CipherInit_ex2(l->sealer, l->suites[1].cipher, own, nonce, sealing, NULL) == 1;

	OPENSSL_cleanse(mixed, sizeof(mixed));
	OPENSSL_cleanse(own, sizeof(own));
	return ok;
}

bool rs_tls_ticket_seal(const struct tls_domain *d, struct tls_ticket *t, uint8_t *to)
{
	const struct tls_library *l = d->library;
	uint8_t *nonce = to + NAME_BYTES, *text = nonce + NONCE_BYTES;
	struct tls_ticket_key key;
	uint64_t now = now_s();
	int got;
	bool ok;

	t->version = VERSION;
	memcpy(t->issued_s, &now, sizeof(now));
	rs_tls_tickets_newest(&d->shared->tickets, &key);
	memcpy(to, key.name, NAME_BYTES);
	ok = RAND_bytes_ex(l->ctx, nonce, NONCE_BYTES, 0) == 1 && set_key(l, &key, nonce, true) &&
	     EVP_CipherUpdate(l->sealer, NULL, &got, to, NAME_BYTES) == 1 &&
	     EVP_CipherUpdate(l->sealer, text, &got, (const uint8_t *)t, sizeof(*t)) == 1 &&
	     EVP_CipherFinal_ex(l->sealer, text + sizeof(*t), &got) == 1 &&
	     EVP_CIPHER_CTX_ctrl(l->sealer, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, text + sizeof(*t)) ==
		     1;
	OPENSSL_cleanse(&key, sizeof(key));
	return ok;
}

static bool is_fresh(const struct tls_domain *d, const struct tls_ticket *t)
{
	uint64_t issued, now = now_s();

	memcpy(&issued, t->issued_s, sizeof(issued));
	return issued <= now && now - issued < d->ticket_lifetime_s;
}

bool rs_tls_ticket_open(const struct tls_domain *d, struct span sealed, struct tls_ticket *t)
{
	const struct tls_library *l = d->library;
	const uint8_t *nonce = sealed.data + NAME_BYTES, *text = nonce + NONCE_BYTES;
	struct tls_ticket_key key;
	bool is_newest, ok;
	int got;

	if (sealed.len != TLS_TICKET_BYTES ||
		!rs_tls_tickets_find(&d->shared->tickets, sealed.data, &key, &is_newest))
		return false;
	ok = set_key(l, &key, nonce, false) &&
	     EVP_CIPHER_CTX_ctrl(l->sealer, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES,
		     (void *)(uintptr_t)(text + sizeof(*t))) == 1 &&
	     EVP_CipherUpdate(l->sealer, NULL, &got, sealed.data, NAME_BYTES) == 1 &&
	     EVP_CipherUpdate(l->sealer, (uint8_t *)t, &got, text, sizeof(*t)) == 1 &&
	     EVP_CipherFinal_ex(l->sealer, (uint8_t *)t + sizeof(*t), &got) == 1;
	OPENSSL_cleanse(&key, sizeof(key));
	if (ok && t->version == VERSION && is_fresh(d, t))
		return true;
	OPENSSL_cleanse(t, sizeof(*t));
	return false;
}
