/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Request targets (RFC 9112 section 3.2) and authorities (RFC 3986 section 3.2).
 * Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_TARGET_H
#define RS_HTTP_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "http/parse.h"

/*
 * Reads the target in [from, to) of req->head, from < to, as req->method asks; the version and CR
 * LF stand behind it. Sets form, path, query and, where the target has one, host. False: no good
 * target.
 */
bool rs_http_read_target(bool vector, uint32_t from, uint32_t to, struct http_req *req);

/*
 * [from, to) of p is host [":" port]. An empty port is allowed, no empty host (RFC 9110 section
 * 4.2.1), no userinfo. Two bytes behind it are readable: it ends before CR LF, or within a target.
 */
bool rs_http_is_authority(bool vector, const uint8_t *p, uint32_t from, uint32_t to);

#endif
