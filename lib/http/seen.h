/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Field sections that were read lately. A client sends the same ones with each of its requests, and
 * so do clients of one kind: where the bytes from the end of the request line to the empty line are
 * those of a head that was well-formed, they need not be read again. The request line always is.
 * Where some lines only are those of another head, see similar.h, which is asked next, and before
 * the parser.
 *
 * The result is the parser's in every case; only the time differs. So nothing is ever forgotten,
 * but for others. Only sections of requests without a body are kept. Private to lib/http but for
 * the struct, which belongs to one core. Includes base only.
 */
#ifndef RS_HTTP_SEEN_H
#define RS_HTTP_SEEN_H

#include "http/parse.h"
#include "http/similar.h"

#define HTTP_SEEN_ENTRIES 16
#define HTTP_SEEN_BYTES   640
#define HTTP_SEEN_FIELDS  24

struct http_seen_entry {
	uint16_t len; /* of bytes, with the empty line; 0: the entry is empty */
	uint16_t n_fields;
	uint16_t host_at;
	uint16_t host_len;
	uint32_t known;
	bool keep_alive;
	uint8_t minor_version; /* of the request: what its fields say depends on it */
	struct http_field
		fields[HTTP_SEEN_FIELDS]; /* their offsets count from the first of bytes */
	uint8_t bytes[HTTP_SEEN_BYTES];
};

/* All zero is empty. */
struct http_seen {
	uint32_t n_misses;
	struct http_seen_entry entries[HTTP_SEEN_ENTRIES];
	struct http_similar similar;
};

/* rs_http_parse(), looking into seen first. Two requests parsed by one seen are not valid at once.
 */
int rs_http_parse_seen(const struct http_limits *limits, struct http_seen *seen,
	const uint8_t *head, uint32_t len, uint16_t *scanned, struct http_req *req);

#endif
