/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names that a certificate is for (RFC 6125 section 6.4), read once, so that a handshake has
 * nothing to decode: see directory.h. Private to lib/tls.
 */
#ifndef RS_TLS_NAMES_H
#define RS_TLS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

/* Those of its subjectAltName; where that has none, of its subject. */
struct tls_names {
	char *text; /* each with its zero behind it */
	uint32_t bytes;
	uint32_t n;
};

/* False: no memory; to be freed all the same. */
bool rs_tls_names_init(struct tls_names *names, const X509 *cert);
void rs_tls_names_free(struct tls_names *names);

#endif
