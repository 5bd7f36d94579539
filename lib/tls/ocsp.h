/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OCSP responses that are stapled to a certificate (RFC 6066 section 8, RFC 6960): read and looked
 * at when the certificate is, and given to clients who ask for one, while it holds. Whether an
 * authority has signed it is for clients to see. Private to lib/tls.
 */
#ifndef RS_TLS_OCSP_H
#define RS_TLS_OCSP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sendq.h"
#include "tls/complaint.h"

#define TLS_OCSP_FOREVER INT64_MAX

struct tls_identity;

/* All zero: there is none. */
struct tls_ocsp {
	uint8_t *bytes;
	uint32_t n_bytes;
	bool is_good;            /* … it says that the certificate is, that is */
	int64_t from_s, until_s; /* when it holds, since 1970 */
};

/*
 * The response in a file, for the certificate of id, whose context staples it from now on. False:
 * there is none, or it is for another certificate; that is said.
 */
bool rs_tls_ocsp_read(struct tls_identity *id, const char *path, const struct tls_complaint *c);

/* What is to be stapled now; empty: nothing. */
struct span rs_tls_ocsp_now(const struct tls_ocsp *o);

void rs_tls_ocsp_free(struct tls_ocsp *o);

#endif
