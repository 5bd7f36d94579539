/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the path of a target to the name of a resource: %-escapes decoded, "." and ".." resolved,
 * several slashes made one, so that there is one name for one thing and none outside the root.
 * No state. Any core; includes base only.
 */
#ifndef RS_HTTP_PATH_H
#define RS_HTTP_PATH_H

#include <stdint.h>

#include "base/span.h"

enum http_path_error {
	HTTP_PATH_MALFORMED = -1, /* a % without two digits, or NUL: 400 */
	HTTP_PATH_OUTSIDE = -2,   /* more ".." than there are folders: 400 */
	HTTP_PATH_NOWHERE = -3,   /* a "/" that is escaped: no file has such a name: 404 */
};

/*
 * Writes the name of raw, which begins with "/", to to, which has room for raw.len bytes. Returns
 * how many there are, or enum http_path_error. The name begins with "/"; it ends with "/" where raw
 * ends with "/", "/." or "/..". RFC 3986 sections 2.1, 5.2.4; dot segments may be escaped, too.
 */
int rs_http_path(struct span raw, uint8_t *to);

/* The same, but a "/" that is escaped becomes a NUL, which names have not: to compare with them. */
int rs_http_path_with_slashes(struct span raw, uint8_t *to);

#endif
