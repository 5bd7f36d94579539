/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is asked for without TLS is to be asked for over HTTPS: a handler that comes before all
 * others. Any core may use it. Includes http and base only.
 */
#ifndef RS_APP_REDIRECT_H
#define RS_APP_REDIRECT_H

#include <stdint.h>

#include "http/exchange.h"

/* Once, at start, after http has all other handlers: puts this one before them. Clients are sent to
 * port, of the host that they name. */
void rs_redirect_to_https(struct http_config *http, uint16_t port);

#endif
