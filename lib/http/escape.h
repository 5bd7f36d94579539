/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths and queries as a URI has them: what may not stand in one is escaped (RFC 3986 section 2.1).
 * No state. Any core; includes base only.
 */
#ifndef RS_HTTP_ESCAPE_H
#define RS_HTTP_ESCAPE_H

#include <stdint.h>

#include "base/span.h"

/* Which bytes stand for themselves, beside those that do in any path (section 3.3). */
#define HTTP_IN_NAME  ""   /* a name without escapes becomes a path */
#define HTTP_IN_PATH  "%"  /* "%" is an escape that is there already */
#define HTTP_IN_QUERY "?%" /* … or was meant as it is: it stays (section 3.4) */

/* How long text will be. */
uint32_t rs_http_escaped_bytes(struct span text, const char *others);

/* Writes it to to, which has room for so many bytes; returns how many. */
uint32_t rs_http_escape(uint8_t *to, struct span text, const char *others);

#endif
