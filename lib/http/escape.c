/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/escape.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(uint8_t c, const char *others)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && (strchr("-._~!$&'()*+,;=:@/", c) || strchr(others, c)));
}

uint32_t rs_http_escaped_bytes(struct span text, const char *others)
{
	uint32_t n = text.len;

	for (uint32_t i = 0; i < text.len; i++)
		n += is_plain(text.data[i], others) ? 0 : 2;
	return n;
}

uint32_t rs_http_escape(uint8_t *to, struct span text, const char *others)
{
	static const char hex[] = "0123456789ABCDEF";
	uint32_t n = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (is_plain(c, others)) {
			to[n++] = c;
			continue;
		}
		to[n++] = '%';
		to[n++] = (uint8_t)hex[c >> 4];
		to[n++] = (uint8_t)hex[c & 15];
	}
	return n;
}
