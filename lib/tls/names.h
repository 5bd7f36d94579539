/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names that a certificate is for (RFC 6125 section 6.4), read once, so that a handshake has
 * bytes to compare and nothing to decode. Private to lib/tls.
 */
#ifndef RS_TLS_NAMES_H
#define RS_TLS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/sendq.h"

/* Those of its subjectAltName; where that has none, of its subject. */
struct tls_names {
	char *text; /* each with its zero behind it */
	uint32_t bytes;
};

/* The better, the greater. */
enum tls_fit {
	TLS_FIT_NONE,
	TLS_FIT_WILDCARD, /* one whole label, the first, of a domain that is not a top-level one */
	TLS_FIT_EXACT,
};

/* False: no memory; to be freed all the same. */
bool rs_tls_names_init(struct tls_names *names, const X509 *cert);
void rs_tls_names_free(struct tls_names *names);

/* How well the best of them fits a name that a client asks for, in any case. */
enum tls_fit rs_tls_names_fit(const struct tls_names *names, struct span name);

#endif
