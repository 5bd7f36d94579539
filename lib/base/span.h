/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes that stand somewhere else: where, and how many. Any core; includes libc only.
 */
#ifndef RS_BASE_SPAN_H
#define RS_BASE_SPAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *data;
	uint32_t len;
};

/* Without its final 0. */
static inline struct span rs_span_text(const char *text)
{
	return (struct span){.data = (const uint8_t *)text, .len = (uint32_t)strlen(text)};
}

static inline bool rs_span_same(struct span a, struct span b)
{
	return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

#endif
