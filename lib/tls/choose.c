/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/choose.h"

#include "base/bytes.h"

/* Ours of TLS 1.2, by what signs in them. */
static const uint16_t ecdsa_suites[] = {0xc02b, 0xc02c, 0xcca9, 0};
static const uint16_t rsa_suites[] = {0xc02f, 0xc030, 0xcca8, 0};

#define ECDSA(name, id, algorithm)                                                                 \
	{                                                                                          \
		.type = "EC", .group = (name), .number = (id), .algorithms = {algorithm},          \
		.older = {0x0403, 0x0503, 0x0603}, .suites = ecdsa_suites,                         \
	}

static const struct tls_key_use uses[] = {
	ECDSA("prime256v1", 23, 0x0403),
	ECDSA("secp384r1", 24, 0x0503),
	ECDSA("secp521r1", 25, 0x0603),
	{.type = "ED25519", .algorithms = {0x0807}, .suites = ecdsa_suites},
	{.type = "ED448", .algorithms = {0x0808}, .suites = ecdsa_suites},
	{.type = "RSA",
		.algorithms = {0x0804, 0x0805, 0x0806},
		.older = {0x0401, 0x0501, 0x0601},
		.suites = rsa_suites},
	{.type = "RSA-PSS", .algorithms = {0x0809, 0x080a, 0x080b}, .suites = rsa_suites},
};

const struct tls_key_use *rs_tls_key_use_of(const EVP_PKEY *key)
{
	char group[32] = "";
	size_t n;

	EVP_PKEY_get_group_name(key, group, sizeof(group), &n);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(uses); i++) {
		if (EVP_PKEY_is_a(key, uses[i].type) &&
			(!uses[i].group || !strcmp(uses[i].group, group)))
			return &uses[i];
	}
	return NULL;
}

static bool lists_one(struct span list, const uint16_t *wanted)
{
	for (; *wanted; wanted++) {
		if (rs_tls_hello_lists(list, *wanted))
			return true;
	}
	return false;
}

/* TLS 1.2 has defaults for what is not said. */
static bool can_verify_older(const struct tls_hello *h, const struct tls_key_use *use)
{
	return lists_one(h->suites, use->suites) &&
	       (!h->groups.len || !use->number || rs_tls_hello_lists(h->groups, use->number)) &&
	       (!h->signatures.len || lists_one(h->signatures, use->algorithms) ||
		       lists_one(h->signatures, use->older));
}

static bool can_verify(const struct tls_hello *h, const struct tls_key_use *use)
{
	if (!use)
		return false;
	return h->is_older ? can_verify_older(h, use) : lists_one(h->signatures, use->algorithms);
}

const struct tls_identity *rs_tls_choose(
	const struct tls_domain *d, const struct tls_hello *h, bool *is_named)
{
	const struct tls_identity *best = &d->identities[0];
	uint32_t most = 0;

	*is_named = false;
	for (uint32_t i = 0; i < d->n_identities; i++) {
		const struct tls_identity *id = &d->identities[i];
		enum tls_fit fit =
			h->name.len ? rs_tls_names_fit(&id->names, h->name) : TLS_FIT_NONE;
		uint32_t worth = (fit ? 4u : 0u) + (can_verify(h, id->use) ? 2u : 0u) +
				 (fit == TLS_FIT_EXACT ? 1u : 0u);

		if (worth <= most)
			continue;
		most = worth;
		best = id;
		*is_named = fit != TLS_FIT_NONE;
	}
	return best;
}
