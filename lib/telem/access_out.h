/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a line of the access log is written: bytes, numbers and escaped text, up to an end. What
 * does not fit is left out, and all that follows it; an escape is there whole or not at all.
 *
 * Private to lib/telem's formats. Control core; includes base only.
 */
#ifndef RS_TELEM_ACCESS_OUT_H
#define RS_TELEM_ACCESS_OUT_H

#include <stdint.h>
#include <string.h>

#include "base/sendq.h"

#define ACCESS_NUMBER_BYTES 20 /* the longest uint64_t */
#define ACCESS_ESCAPE_BYTES 4  /* what one byte becomes at most in a log */

struct access_out {
	char *at;
	char *end;
};

void rs_access_put(struct access_out *out, const char *data, uint32_t len);

static inline void rs_access_put_str(struct access_out *out, const char *text)
{
	rs_access_put(out, text, (uint32_t)strlen(text));
}

/* In decimal, with zeros in front up to n_digits (at most ACCESS_NUMBER_BYTES). */
void rs_access_put_number(struct access_out *out, uint64_t n, uint32_t n_digits);

/*
 * As Apache escapes what clients sent: quotes and backslashes behind a backslash, \b \n \r \t \v,
 * and \xhh for all other control characters and for whatever is not ASCII.
 */
void rs_access_put_escaped(struct access_out *out, struct span text);

/*
 * As a string of JSON with its quotes (RFC 8259 section 7), or null where text.data is NULL. Valid
 * UTF-8 stays as it is, but for control characters, U+007F to U+009F among them. Text of clients
 * may be of any bytes, and JSON may not: a byte that does not belong to valid UTF-8 is written as
 * \u00XX, the character of Latin-1 that has its number.
 */
void rs_access_put_json(struct access_out *out, struct span text);

#endif
