/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which certificate a client gets: by the name it asks for, and by what it can verify. For
 * handshakes of ours and of OpenSSL's. Private to lib/tls.
 */
#ifndef RS_TLS_CHOOSE_H
#define RS_TLS_CHOOSE_H

#include "tls/domain_internal.h"
#include "tls/hello.h"

/* What a client has to know to verify signatures of a type of key. Lists end with 0. */
struct tls_key_use {
	const char *type, *group; /* as OpenSSL calls them; group NULL: the type has none */
	uint16_t algorithms[4];   /* in TLS 1.3 one of these (RFC 8446 section 4.2.3) … */
	uint16_t older[4];        /* … in 1.2 one of these will do, too */
	const uint16_t *suites;   /* and in 1.2 one of these … */
	uint16_t number;          /* … and that group (RFC 8422 section 5.1); 0: none */
};

/* NULL: of a type that is not known here. */
const struct tls_key_use *rs_tls_key_use_of(const EVP_PKEY *key);

/*
 * One with the name that is asked for, rather than one that the client can verify, rather than one
 * with the very name and no wildcard; of those that are left the first. *is_named: it has the name.
 */
const struct tls_identity *rs_tls_choose(
	const struct tls_domain *d, const struct tls_hello *h, bool *is_named);

#endif
