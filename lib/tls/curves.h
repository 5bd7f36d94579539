/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Agreements by P-256 and P-384 for handshakes of ours (RFC 8446 section 7.4.2), by OpenSSL: a key
 * pair for each, made on the spot. Belongs to one core. Includes base and OpenSSL.
 */
#ifndef RS_TLS_CURVES_H
#define RS_TLS_CURVES_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "tls/group.h"

struct tls_curves {
	OSSL_LIB_CTX *library;
	EVP_PKEY_CTX *makers[TLS_N_GROUPS]; /* as rs_tls_groups; NULL for that which is no curve */
};

/* False: no memory; free it all the same. */
bool rs_tls_curves_init(struct tls_curves *c, OSSL_LIB_CTX *library);
void rs_tls_curves_free(struct tls_curves *c);

/*
 * Agrees with a client's share, which fits the group. To share and shared, of the group's bytes:
 * ours, and what only the two know. False: the client's is no point of the curve, or no memory.
 */
bool rs_tls_curves_agree(const struct tls_curves *c, const struct tls_group *group,
	const uint8_t *theirs, uint8_t *share, uint8_t *shared);

#endif
