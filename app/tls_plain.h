/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client hears that speaks HTTP to a port of TLS: in the clear, as it has asked. Belongs to
 * the TLS core. Includes tls, core.
 */
#ifndef RS_APP_TLS_PLAIN_H
#define RS_APP_TLS_PLAIN_H

#include "stage_tls.h"

/* Writes a fixed reply, if there is room for it: nothing may have been written before. */
void rs_tls_plain_answer(struct tls_conn *c);

#endif
