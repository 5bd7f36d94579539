/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/directory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tls/domain_internal.h"

struct tls_entry {
	struct span name; /* no bytes: the slot is free; of a wildcard: from its first dot on */
	uint32_t hash;
	uint32_t owner;
	enum tls_fit fit;
};

/* FNV-1a, of lower case. Whoever could make names that collide has certificates for them. */
static uint32_t hash_of(struct span name, enum tls_fit fit)
{
	uint32_t hash = 2166136261u + fit;

	for (uint32_t i = 0; i < name.len; i++) {
		const uint8_t c = name.data[i];

		hash = (hash ^ (c >= 'A' && c <= 'Z' ? c | 0x20u : c)) * 16777619u;
	}
	return hash;
}

static bool is_of(const struct tls_entry *e, const struct tls_entry *key)
{
	return e->hash == key->hash && e->fit == key->fit && e->name.len == key->name.len &&
	       !strncasecmp((const char *)e->name.data, (const char *)key->name.data, e->name.len);
}

static void add(struct tls_directory *dir, const struct tls_identity *all, struct tls_entry new)
{
	uint32_t at;

	new.hash = hash_of(new.name, new.fit);
	for (at = new.hash &(dir->n_slots - 1); dir->slots[at].name.len;
		at = (at + 1) & (dir->n_slots - 1)) {
		if (is_of(&dir->slots[at], &new) &&
			all[dir->slots[at].owner].use == all[new.owner].use)
			return;
	}
	dir->slots[at] = new;
}

static bool is_wildcard(const char *name)
{
	return name[0] == '*' && name[1] == '.' && name[2] != '.' && strchr(name + 2, '.');
}

/* A wildcard is also asked for as it stands. */
static void add_all(struct tls_directory *dir, const struct tls_identity *all, uint32_t owner)
{
	const struct tls_names *names = &all[owner].names;
	uint32_t len;

	for (uint32_t at = 0; at < names->bytes; at += len + 1) {
		const char *name = names->text + at;

		len = (uint32_t)strlen(name);
		add(dir, all,
			(struct tls_entry){.name = {.data = (const uint8_t *)name, .len = len},
				.owner = owner,
				.fit = TLS_FIT_EXACT});
		if (is_wildcard(name))
			add(dir, all,
				(struct tls_entry){
					.name = {.data = (const uint8_t *)name + 1, .len = len - 1},
					.owner = owner,
					.fit = TLS_FIT_WILDCARD});
	}
}

static void note_first(struct tls_directory *dir, const struct tls_identity *all, uint32_t owner)
{
	for (uint32_t i = 0; i < dir->n_firsts; i++) {
		if (all[dir->firsts[i]].use == all[owner].use)
			return;
	}
	dir->firsts[dir->n_firsts++] = owner;
}

bool rs_tls_directory_init(struct tls_directory *dir, const struct tls_domain *d)
{
	uint32_t n = 1;

	*dir = (struct tls_directory){.n_slots = 1};
	for (uint32_t i = 0; i < d->n_identities; i++)
		n += 2 * d->identities[i].names.n;
	while (dir->n_slots < 2 * n)
		dir->n_slots *= 2;
	dir->slots = calloc(dir->n_slots, sizeof(dir->slots[0]));
	for (uint32_t i = 0; dir->slots && i < d->n_identities; i++) {
		note_first(dir, d->identities, i);
		add_all(dir, d->identities, i);
	}
	return dir->slots != NULL;
}

void rs_tls_directory_free(struct tls_directory *dir)
{
	free(dir->slots);
	*dir = (struct tls_directory){0};
}

/* What a wildcard has to be for; empty: there is no such. */
static struct span parent_of(struct span name)
{
	const uint8_t *dot = name.len ? memchr(name.data, '.', name.len) : NULL;

	if (!dot || dot == name.data)
		return (struct span){0};
	return (struct span){.data = dot, .len = name.len - (uint32_t)(dot - name.data)};
}

uint32_t rs_tls_directory_find(const struct tls_directory *dir, struct span name, enum tls_fit fit,
	uint32_t owners[TLS_MAX_KEY_USES])
{
	struct tls_entry key = {
		.name = fit == TLS_FIT_WILDCARD ? parent_of(name) : name, .fit = fit};
	uint32_t n = 0;

	if (!key.name.len)
		return 0;
	key.hash = hash_of(key.name, fit);
	for (uint32_t at = key.hash & (dir->n_slots - 1); dir->slots[at].name.len;
		at = (at + 1) & (dir->n_slots - 1)) {
		if (is_of(&dir->slots[at], &key))
			owners[n++] = dir->slots[at].owner;
	}
	return n;
}
