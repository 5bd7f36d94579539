/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has a name, of all certificates of a domain, however many they are: a table by the hash of
 * names, at most half full, made when they are read. Private to lib/tls.
 */
#ifndef RS_TLS_DIRECTORY_H
#define RS_TLS_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* Types of keys that clients tell apart (choose.c), and those they all do not know. */
#define TLS_MAX_KEY_USES 8

struct tls_entry;

struct tls_directory {
	struct tls_entry *slots;
	uint32_t n_slots; /* a power of two */
	/* By number: the first certificate of each type of key, whatever its names are. */
	uint32_t n_firsts;
	uint32_t firsts[TLS_MAX_KEY_USES];
};

/* How a name that is asked for fits one of a certificate (RFC 6125 section 6.4). */
enum tls_fit {
	TLS_FIT_WILDCARD, /* one whole label, the first, of a domain that is not a top-level one */
	TLS_FIT_EXACT,
};

struct tls_domain;

/*
 * Of the identities that d has, and of their names, which stay where they are. False: no memory; to
 * be freed all the same.
 */
bool rs_tls_directory_init(struct tls_directory *dir, const struct tls_domain *d);
void rs_tls_directory_free(struct tls_directory *dir);

/*
 * The identities that a name fits in this way, in any case: of each type of key the first one, in
 * their order. How many of owners there are.
 */
uint32_t rs_tls_directory_find(const struct tls_directory *dir, struct span name, enum tls_fit fit,
	uint32_t owners[TLS_MAX_KEY_USES]);

#endif
