/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the structures of TLS (RFC 8446 section 3): numbers, and vectors behind their lengths.
 * Private to lib/tls; includes base.
 */
#ifndef RS_TLS_READER_H
#define RS_TLS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sendq.h"

/* What is left of a structure. Reading past its end makes it bad, and whatever is read then is
 * empty. */
struct tls_reader {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct span rs_tls_take(struct tls_reader *r, uint32_t n)
{
	struct span s = {.data = r->at, .len = n};

	if (n > (size_t)(r->end - r->at)) {
		r->bad = true;
		r->at = r->end;
		return (struct span){.data = r->at};
	}
	r->at += n;
	return s;
}

static inline uint32_t rs_tls_number(struct tls_reader *r, uint32_t bytes)
{
	struct span s = rs_tls_take(r, bytes);
	uint32_t n = 0;

	for (uint32_t i = 0; i < s.len; i++)
		n = n << 8 | s.data[i];
	return n;
}

/* A vector, behind its length. */
static inline struct span rs_tls_vector(struct tls_reader *r, uint32_t length_bytes)
{
	return rs_tls_take(r, rs_tls_number(r, length_bytes));
}

static inline struct tls_reader rs_tls_reader(struct span s)
{
	static const uint8_t nothing[1]; /* a null pointer, plus 0, is no pointer */
	const uint8_t *at = s.data ? s.data : nothing;

	return (struct tls_reader){.at = at, .end = at + s.len};
}

static inline bool rs_tls_is_read(const struct tls_reader *r)
{
	return !r->bad && r->at == r->end;
}

/* A vector that is all of s; not empty. */
static inline bool rs_tls_only_vector(struct span s, uint32_t length_bytes, struct span *v)
{
	struct tls_reader r = rs_tls_reader(s);

	*v = rs_tls_vector(&r, length_bytes);
	return rs_tls_is_read(&r) && v->len;
}

static inline bool rs_tls_only_numbers(struct span s, uint32_t length_bytes, struct span *v)
{
	return rs_tls_only_vector(s, length_bytes, v) && v->len % 2 == 0;
}

#endif
