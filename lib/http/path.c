/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/path.h"

#include "http/text.h"

/*
 * The segment that begins at from (behind its "/") has ended at len: dots take effect. Returns the
 * length of the name now, which ends with "/" where the segment was one of dots; or -1.
 */
static int end_segment(const uint8_t *to, int from, int len)
{
	int n = len - from;

	if (n == 1 && to[from] == '.')
		return from;
	if (n != 2 || to[from] != '.' || to[from + 1] != '.')
		return len;
	if (from == 1) /* at the root */
		return -1;
	for (from--; to[from - 1] != '/'; from--)
		;
	return from;
}

/* What the %XX at the beginning of text stands for in a name, or why it cannot. */
static int decode(struct span text, int slash)
{
	int c = rs_http_unescape(text);

	if (c <= 0)
		return HTTP_PATH_MALFORMED;
	return c == '/' ? slash : c;
}

/* slash: what comes of an escaped one. */
static int resolve(struct span raw, int slash, uint8_t *to)
{
	int len = 1, from = 1;

	to[0] = '/';
	for (uint32_t i = 1; i < raw.len; i++) {
		int c = raw.data[i];

		if (c == '/') {
			len = end_segment(to, from, len);
			if (len < 0)
				return HTTP_PATH_OUTSIDE;
			if (to[len - 1] != '/')
				to[len++] = '/';
			from = len;
			continue;
		}
		if (c == '%') {
			c = decode((struct span){.data = raw.data + i, .len = raw.len - i}, slash);
			if (c < 0)
				return c;
			i += HTTP_ESCAPE_BYTES - 1;
		}
		to[len++] = (uint8_t)c;
	}
	len = end_segment(to, from, len);
	return len < 0 ? HTTP_PATH_OUTSIDE : len;
}

int rs_http_path(struct span raw, uint8_t *to)
{
	return resolve(raw, HTTP_PATH_NOWHERE, to);
}

int rs_http_path_with_slashes(struct span raw, uint8_t *to)
{
	return resolve(raw, 0, to);
}
