/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/choose.h"

#include "base/bytes.h"
#include "tls/message.h"

/* Ours of TLS 1.2, by what signs in them. */
static const uint16_t ecdsa_suites[] = {TLS_SUITE_ECDSA_AES_128_GCM, TLS_SUITE_ECDSA_AES_256_GCM,
	TLS_SUITE_ECDSA_CHACHA20_POLY1305, 0};
static const uint16_t rsa_suites[] = {
	TLS_SUITE_RSA_AES_128_GCM, TLS_SUITE_RSA_AES_256_GCM, TLS_SUITE_RSA_CHACHA20_POLY1305, 0};

#define ECDSA(name, id, algorithm)                                                                 \
	{                                                                                          \
		.type = "EC", .group = (name), .number = (id), .algorithms = {algorithm},          \
		.older = {TLS_SIGNATURE_ECDSA_P256_SHA256, TLS_SIGNATURE_ECDSA_P384_SHA384,        \
			TLS_SIGNATURE_ECDSA_P521_SHA512},                                          \
		.suites = ecdsa_suites,                                                            \
	}

static const struct tls_key_use uses[] = {
	ECDSA("prime256v1", TLS_GROUP_SECP256R1, TLS_SIGNATURE_ECDSA_P256_SHA256),
	ECDSA("secp384r1", TLS_GROUP_SECP384R1, TLS_SIGNATURE_ECDSA_P384_SHA384),
	ECDSA("secp521r1", TLS_GROUP_SECP521R1, TLS_SIGNATURE_ECDSA_P521_SHA512),
	{.type = "ED25519", .algorithms = {TLS_SIGNATURE_ED25519}, .suites = ecdsa_suites},
	{.type = "ED448", .algorithms = {TLS_SIGNATURE_ED448}, .suites = ecdsa_suites},
	{.type = "RSA",
		.algorithms = {TLS_SIGNATURE_RSA_PSS_RSAE_SHA256, TLS_SIGNATURE_RSA_PSS_RSAE_SHA384,
			TLS_SIGNATURE_RSA_PSS_RSAE_SHA512},
		.older = {TLS_SIGNATURE_RSA_PKCS1_SHA256, TLS_SIGNATURE_RSA_PKCS1_SHA384,
			TLS_SIGNATURE_RSA_PKCS1_SHA512},
		.suites = rsa_suites},
	{.type = "RSA-PSS",
		.algorithms = {TLS_SIGNATURE_RSA_PSS_PSS_SHA256, TLS_SIGNATURE_RSA_PSS_PSS_SHA384,
			TLS_SIGNATURE_RSA_PSS_PSS_SHA512},
		.suites = rsa_suites},
};

_Static_assert(RS_ARRAY_SIZE(uses) < TLS_MAX_KEY_USES, "and one for all others");

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

/* RFC 6066 section 3 has names without it, but a client may send one as its user has written it. */
static struct span without_final_dot(struct span name)
{
	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	return name;
}

static const struct tls_identity *choose_named(
	const struct tls_domain *d, const struct tls_hello *h)
{
	const struct span name = without_final_dot(h->name);
	const struct tls_identity *best = NULL;
	uint32_t most = 0;

	for (enum tls_fit fit = TLS_FIT_WILDCARD; fit <= TLS_FIT_EXACT; fit++) {
		uint32_t owners[TLS_MAX_KEY_USES];
		uint32_t n = rs_tls_directory_find(&d->directory, name, fit, owners);

		for (uint32_t i = 0; i < n; i++) {
			const struct tls_identity *id = &d->identities[owners[i]];
			uint32_t worth = 1 + (can_verify(h, id->use) ? 2u : 0u) +
					 (fit == TLS_FIT_EXACT ? 1u : 0u);

			if (worth <= most)
				continue;
			most = worth;
			best = id;
		}
	}
	return best;
}

static const struct tls_identity *choose_verifiable(
	const struct tls_domain *d, const struct tls_hello *h)
{
	for (uint32_t i = 0; i < d->directory.n_firsts; i++) {
		const struct tls_identity *id = &d->identities[d->directory.firsts[i]];

		if (can_verify(h, id->use))
			return id;
	}
	return &d->identities[0];
}

const struct tls_identity *rs_tls_choose(
	const struct tls_domain *d, const struct tls_hello *h, bool *is_named)
{
	const struct tls_identity *named = choose_named(d, h);

	*is_named = named != NULL;
	return named ? named : choose_verifiable(d, h);
}
