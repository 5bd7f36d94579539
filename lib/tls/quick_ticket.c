/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/quick_ticket.h"

#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "tls/message.h"

#define VERSION    2
#define NAME_BYTES 16
#define MAX_SKEW_S 10 /* that another box's clock may be ahead of ours */

_Static_assert(sizeof(struct tls_ticket) == 2 + 8 + 8 + TLS_TICKET_NAME_BYTES + TLS_MAX_HASH,
	"no padding, since it is sealed as it is");

/* The sealer's key is one of its own: not the one that OpenSSL's tickets are under. */
static bool set_sealer(struct tls_library *l, const struct tls_ticket_key *key)
{
	const struct tls_hkdf *h = &l->hkdfs[TLS_SHA256];
	uint8_t mixed[TLS_MAX_HASH], own[TLS_AEAD_MAX_KEY];
	bool ok = rs_tls_hkdf_extract(h, rs_tls_span(key->hmac, sizeof(key->hmac)),
			  rs_tls_span(key->aes, sizeof(key->aes)), mixed) &&
		  rs_tls_hkdf_expand(h, rs_tls_span(mixed, h->bytes), rs_tls_text("ringside "),
			  rs_tls_text("ticket"), rs_tls_span(key->name, NAME_BYTES), own,
			  sizeof(own));

	if (ok) {
		rs_tls_aead_key_set(l->sealer, TLS_AES_256_GCM, own);
		l->sealer_from = *key;
	}
	l->has_sealer = ok;
	OPENSSL_cleanse(mixed, sizeof(mixed));
	OPENSSL_cleanse(own, sizeof(own));
	return ok;
}

/* Begins a text, nearly always under the same key as the one before. */
static bool begin(struct tls_library *l, struct tls_aead_text *text,
	const struct tls_ticket_key *key, bool sealing, const uint8_t *nonce)
{
	bool is_set = l->has_sealer && CRYPTO_memcmp(&l->sealer_from, key, sizeof(*key)) == 0;

	if (!is_set && !set_sealer(l, key))
		return false;
	rs_tls_aead_begin(text, l->sealer, sealing, nonce, key->name, NAME_BYTES);
	return true;
}

bool rs_tls_ticket_seal(const struct tls_domain *d, struct tls_ticket *t, uint8_t *to)
{
	struct tls_library *l = d->library;
	uint8_t *nonce = to + NAME_BYTES, *text = nonce + TLS_AEAD_NONCE;
	struct tls_ticket_key key;
	struct tls_aead_text sealed;
	uint64_t now = (uint64_t)time(NULL), until;
	bool ok;

	t->version = VERSION;
	memcpy(t->issued_s, &now, sizeof(now));
	memcpy(&until, t->until_s, sizeof(until));
	if (!until)
		until = now + TLS_MAX_RESUMPTION_S;
	memcpy(t->until_s, &until, sizeof(until));
	rs_tls_tickets_newest(&d->shared->tickets, &key);
	memcpy(to, key.name, NAME_BYTES);
	ok = RAND_bytes_ex(l->ctx, nonce, TLS_AEAD_NONCE, 0) == 1 &&
	     begin(l, &sealed, &key, true, nonce);
	if (ok) {
		rs_tls_aead_take(&sealed, text, (const uint8_t *)t, sizeof(*t));
		rs_tls_aead_end(&sealed, text + sizeof(*t));
	}
	OPENSSL_cleanse(&key, sizeof(key));
	return ok;
}

static bool is_fresh(const struct tls_domain *d, const struct tls_ticket *t)
{
	uint64_t now = (uint64_t)time(NULL), issued, until;

	memcpy(&issued, t->issued_s, sizeof(issued));
	memcpy(&until, t->until_s, sizeof(until));
	return issued <= now + MAX_SKEW_S && now < issued + d->ticket_lifetime_s && now < until;
}

bool rs_tls_ticket_open(const struct tls_domain *d, struct span sealed, struct tls_ticket *t)
{
	struct tls_library *l = d->library;
	const uint8_t *nonce = sealed.data + NAME_BYTES, *text = nonce + TLS_AEAD_NONCE;
	struct tls_ticket_key key;
	struct tls_aead_text opened;
	bool is_newest, ok;

	if (sealed.len != TLS_TICKET_BYTES ||
		!rs_tls_tickets_find(&d->shared->tickets, sealed.data, &key, &is_newest))
		return false;
	ok = begin(l, &opened, &key, false, nonce);
	if (ok) {
		rs_tls_aead_take(&opened, (uint8_t *)t, text, sizeof(*t));
		ok = rs_tls_aead_verify(&opened, text + sizeof(*t));
	}
	OPENSSL_cleanse(&key, sizeof(key));
	if (ok && t->version == VERSION && is_fresh(d, t))
		return true;
	OPENSSL_cleanse(t, sizeof(*t));
	return false;
}
