/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/chunked.h"

#include "base/bytes.h"
#include "http/scan.h"
#include "http/text.h"

#define MAX_SIZE_DIGITS 16 /* leading zeros count: nobody needs more */

/* What is expected next. Names follow the grammar of RFC 9112 section 7.1. */
enum state {
	SIZE, /* must be 0, the state of a fresh decoder */
	SIZE_LF,
	EXT_GAP,         /* BWS ";" */
	EXT_NAME_FIRST,  /* BWS token */
	EXT_NAME,        /* of which at least one character was seen */
	EXT_NAME_GAP,    /* BWS, then "=" or ";" */
	EXT_VALUE_FIRST, /* BWS, then token or quoted-string */
	EXT_VALUE,
	EXT_QUOTED,
	EXT_QUOTED_PAIR,
	EXT_VALUE_END, /* after the closing quote */
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER_FIRST, /* a field line, or the empty line */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	LAST_LF,
	DONE,
	BAD,
};

static enum state after_size(const struct http_chunked *d, uint8_t c)
{
	if (d->n_digits == 0)
		return BAD;
	if (c == '\r')
		return SIZE_LF;
	if (c == ';')
		return EXT_NAME_FIRST;
	return rs_http_is_blank(c) ? EXT_GAP : BAD;
}

static enum state read_size(struct http_chunked *d, uint8_t c)
{
	int digit = rs_http_hex_digit(c);

	if (digit < 0)
		return after_size(d, c);
	if (d->n_digits == MAX_SIZE_DIGITS)
		return BAD;
	d->n_digits++;
	d->left = d->left << 4 | (uint64_t)digit;
	return SIZE;
}

static enum state after_ext(uint8_t c, enum state otherwise)
{
	if (c == ';')
		return EXT_NAME_FIRST;
	return c == '\r' ? SIZE_LF : otherwise;
}

/* RFC 9112 section 7.1.1. Whitespace may stand where BWS says, but not at the end of the line. */
static enum state read_ext(enum state state, uint8_t c)
{
	bool token = scan_is(SCAN_TOKEN, c);

	switch (state) {
	case EXT_GAP:
		return rs_http_is_blank(c) ? EXT_GAP : c == ';' ? EXT_NAME_FIRST : BAD;
	case EXT_NAME_FIRST:
		return rs_http_is_blank(c) ? EXT_NAME_FIRST : token ? EXT_NAME : BAD;
	case EXT_NAME:
		if (token)
			return EXT_NAME;
		if (c == '=')
			return EXT_VALUE_FIRST;
		return after_ext(c, rs_http_is_blank(c) ? EXT_NAME_GAP : BAD);
	case EXT_NAME_GAP:
		if (rs_http_is_blank(c))
			return EXT_NAME_GAP;
		return c == '=' ? EXT_VALUE_FIRST : c == ';' ? EXT_NAME_FIRST : BAD;
	case EXT_VALUE_FIRST:
		if (rs_http_is_blank(c))
			return EXT_VALUE_FIRST;
		return c == '"' ? EXT_QUOTED : token ? EXT_VALUE : BAD;
	case EXT_VALUE:
		return token ? EXT_VALUE : after_ext(c, rs_http_is_blank(c) ? EXT_GAP : BAD);
	case EXT_QUOTED:
		if (scan_is_control(c))
			return BAD;
		return c == '"' ? EXT_VALUE_END : c == '\\' ? EXT_QUOTED_PAIR : EXT_QUOTED;
	case EXT_QUOTED_PAIR:
		return scan_is_control(c) ? BAD : EXT_QUOTED;
	case EXT_VALUE_END:
		return after_ext(c, rs_http_is_blank(c) ? EXT_GAP : BAD);
	default:
		return BAD;
	}
}

/* RFC 9112 section 7.1.2: field lines as in a head, and as strictly; their content is dropped. */
static enum state read_trailer(enum state state, uint8_t c)
{
	switch (state) {
	case TRAILER_FIRST:
		return c == '\r' ? LAST_LF : scan_is(SCAN_TOKEN, c) ? TRAILER_NAME : BAD;
	case TRAILER_NAME:
		return scan_is(SCAN_TOKEN, c) ? TRAILER_NAME : c == ':' ? TRAILER_VALUE : BAD;
	case TRAILER_VALUE:
		return c == '\r' ? TRAILER_LF : scan_is_control(c) ? BAD : TRAILER_VALUE;
	case TRAILER_LF:
		return c == '\n' ? TRAILER_FIRST : BAD;
	default:
		return BAD;
	}
}

static enum state begin_chunk(struct http_chunked *d)
{
	d->n_digits = 0;
	return d->left ? DATA : TRAILER_FIRST;
}

/* One byte of all that is not data. */
static enum state step(struct http_chunked *d, uint8_t c)
{
	switch ((enum state)d->state) {
	case SIZE:
		return read_size(d, c);
	case SIZE_LF:
		return c == '\n' ? begin_chunk(d) : BAD;
	case DATA_CR:
		return c == '\r' ? DATA_LF : BAD;
	case DATA_LF:
		return c == '\n' ? SIZE : BAD;
	case TRAILER_FIRST:
	case TRAILER_NAME:
	case TRAILER_VALUE:
	case TRAILER_LF:
		if (++d->trailer_bytes > HTTP_MAX_TRAILER_BYTES)
			return BAD;
		return read_trailer(d->state, c);
	case LAST_LF:
		return c == '\n' ? DONE : BAD;
	case DATA:
	case DONE:
	case BAD:
		return BAD;
	default:
		if (++d->ext_bytes > HTTP_MAX_CHUNK_EXT_BYTES)
			return BAD;
		return read_ext(d->state, c);
	}
}

static uint32_t take_data(
	struct http_chunked *d, const uint8_t *in, uint32_t len, struct span *data)
{
	uint32_t take = (uint32_t)rs_min_u64(d->left, len);

	*data = (struct span){.data = in, .len = take};
	d->left -= take;
	if (d->left == 0)
		d->state = DATA_CR;
	return take;
}

enum http_chunked_event rs_http_chunked_read(struct http_chunked *d, const uint8_t *in,
	uint32_t len, uint32_t *consumed, struct span *data)
{
	uint32_t i = 0;

	while (i < len && d->state != DATA && d->state < DONE)
		d->state = (uint8_t)step(d, in[i++]);
	*consumed = i;
	if (d->state == DONE)
		return HTTP_CHUNKED_DONE;
	if (d->state == BAD)
		return HTTP_CHUNKED_BAD;
	if (i == len)
		return HTTP_CHUNKED_MORE;
	*consumed += take_data(d, in + i, len - i, data);
	return HTTP_CHUNKED_DATA;
}

uint64_t rs_http_chunked_left(const struct http_chunked *d)
{
	return d->state == DATA ? d->left : 0;
}
