/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a session of TLS 1.2 (RFC 5246) does otherwise than one of 1.3, once lean.c has it: its keys
 * are there from the handshake on, and never change, as nothing is negotiated again. Private to
 * lib/tls.
 */
#ifndef RS_TLS_LEAN_12_H
#define RS_TLS_LEAN_12_H

#include "tls/lean_version.h"

/*
 * Sets up s->suite, and keys in both directions, by the handshake that s->ssl has completed; the
 * records that it has read and written with them are counted. False: it cannot be done.
 */
bool rs_tls_lean_12_use_master(struct tls_session *s);

extern const struct tls_lean_version rs_tls_lean_12;

#endif
