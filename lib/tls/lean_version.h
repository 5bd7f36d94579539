/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the versions of TLS differ in, after the handshake, beside their records. For lean.c.
 * Private to lib/tls.
 */
#ifndef RS_TLS_LEAN_VERSION_H
#define RS_TLS_LEAN_VERSION_H

#include "tls/session.h"

struct tls_lean_version {
	uint64_t max_records; /* of ours with one key */
	/* There have been so many, or an answer is owed. TLS_OK: data may be written. */
	enum tls_status (*settle)(struct tls_session *s);
	/* What was in a record of the client's that is no data. TLS_OK: it ends nothing. */
	enum tls_status (*take_alert)(struct tls_session *s, const uint8_t *alert, uint32_t n);
	enum tls_status (*take_handshake)(struct tls_session *s, const uint8_t *text, uint32_t n);
};

#endif
