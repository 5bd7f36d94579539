/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The methods that we know by name (RFC 9110 section 9.3, RFC 5789). Private to lib/http; includes
 * base only.
 */
#ifndef RS_HTTP_METHODS_H
#define RS_HTTP_METHODS_H

#include <string.h>

#include "http/parse.h"

struct http_method_name {
	uint8_t len;
	char name[8];
};

/* By enum http_method. */
extern const struct http_method_name rs_http_method_names[HTTP_N_METHODS];

static inline uint8_t rs_http_method_named(const uint8_t *name, uint32_t len)
{
	for (uint8_t m = HTTP_GET; m < HTTP_N_METHODS; m++) {
		if (len == rs_http_method_names[m].len &&
			memcmp(name, rs_http_method_names[m].name, len) == 0)
			return m;
	}
	return HTTP_NO_METHOD;
}

#endif
