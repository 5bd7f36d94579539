/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pages that Ringside has of its own, as HTTP handlers:
 *
 *     /             what Ringside is
 *     /hello/NAME   Hello, NAME
 *     /bytes/N      N bytes, of which byte i is i mod 251: for measuring, and for checking that
 *                   every byte arrives once and in order
 *
 * Any core may use the handlers, once rs_builtin_init() has run. Includes http and base.
 */
#ifndef RS_APP_BUILTIN_H
#define RS_APP_BUILTIN_H

#include "base/sums.h"
#include "http/handler.h"

#define BUILTIN_N_HANDLERS 3
#define BUILTIN_MAX_NAME   200                 /* bytes of NAME, decoded */
#define BUILTIN_MAX_BYTES  ((uint64_t)1 << 40) /* N */

extern const struct http_handler rs_builtin_handlers[BUILTIN_N_HANDLERS];

/* Where the bytes of /bytes/ stand; it begins and ends with a page. */
#define BUILTIN_AREA_UNIT 4096
extern const struct sums_area rs_builtin_area;

/* Makes the bytes of /bytes/. Once, before any core serves. */
void rs_builtin_init(void);

#endif
