/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chunked transfer coding (RFC 9112 section 7.1), decoded as the bytes come, in any split.
 * Extensions and trailer fields are checked and dropped; both are bounded over the whole body, so
 * that one byte of body cannot cost many bytes of reading. No allocation. Any core; base only.
 */
#ifndef RS_HTTP_CHUNKED_H
#define RS_HTTP_CHUNKED_H

#include <stdint.h>

#include "base/span.h"

#define HTTP_MAX_CHUNK_EXT_BYTES 4096 /* of a body: chunk extensions, all together */
#define HTTP_MAX_TRAILER_BYTES   4096 /* of a body: its trailer section */

struct http_chunked {
	uint64_t left; /* bytes of the chunk still to come; while its size is read, the size */
	uint16_t ext_bytes;
	uint16_t trailer_bytes;
	uint8_t state;
	uint8_t n_digits; /* of the size read so far */
};

enum http_chunked_event {
	HTTP_CHUNKED_MORE, /* all input is consumed, the body goes on */
	HTTP_CHUNKED_DATA, /* *data is the next piece of the body: call again with the rest */
	HTTP_CHUNKED_DONE, /* the body, with its trailers, is complete */
	HTTP_CHUNKED_BAD,  /* malformed or beyond the bounds: the connection cannot go on */
};

static inline void rs_http_chunked_init(struct http_chunked *d)
{
	*d = (struct http_chunked){0};
}

/* Bytes still to come of the chunk whose size line was read last. */
uint64_t rs_http_chunked_left(const struct http_chunked *d);

/* Reads on at in. *consumed: how many of the len bytes were used. *data points into in. */
enum http_chunked_event rs_http_chunked_read(struct http_chunked *d, const uint8_t *in,
	uint32_t len, uint32_t *consumed, struct span *data);

#endif
