/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buffers of a TLS core for what has to wait: the beginning of a record, the rest of which has
 * to come, or plaintext that HTTP does not take yet. There are fewer of them than sessions. When
 * all are taken, one is taken from who has held it for the longest, and that connection is reset:
 * handshakes first, and a handshake takes none but a handshake's. So clients that send half a
 * record and no more take nothing from those that send the other half.
 * Belongs to the TLS core. Includes tls, core.
 */
#ifndef RS_APP_TLS_BUFFER_H
#define RS_APP_TLS_BUFFER_H

#include <stdint.h>

#include "stage_tls.h"

/* The one that c has, or gets, of TLS_RECORD_CHUNK bytes. NULL, counted: none is to be had, and c
 * ends.
 */
uint8_t *rs_tls_buffer(struct tls_conn *c);

/* Harmless if c has none. */
void rs_tls_buffer_free(struct tls_conn *c);

/* Before c's state becomes TLS_CONN_OPEN. */
void rs_tls_buffer_open(struct tls_conn *c);

#endif
