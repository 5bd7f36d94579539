/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Heads that have many lines of one that was read lately: of a browser's requests, those about the
 * browser are the same in each, and only a path, a Referer or a cookie differ. A field line that is
 * byte for byte one that was read before says the same again; only the others are read.
 *
 * Asked by seen.h, where that does not know the whole. The result is the parser's in every case;
 * only the time differs. Lines are kept by what their heads begin with, so that kinds of clients
 * are told apart. Private to lib/http but for the struct, which belongs to one core. Includes base
 * only.
 */
#ifndef RS_HTTP_SIMILAR_H
#define RS_HTTP_SIMILAR_H

#include "http/parse.h"

#define HTTP_SIMILAR_BITS    4
#define HTTP_SIMILAR_ENTRIES (1u << HTTP_SIMILAR_BITS)
#define HTTP_SIMILAR_LINES   24
#define HTTP_SIMILAR_BYTES   768

struct http_similar_line {
	uint64_t first; /* its first bytes, by which it is looked for */
	uint16_t at;    /* in bytes */
	uint16_t len;   /* with its CR LF */
	uint16_t value; /* counted from at */
	uint16_t value_len;
	uint8_t id; /* enum http_field_id */
};

struct http_similar_entry {
	uint32_t n_misses;
	uint16_t n_lines;
	struct http_similar_line lines[HTTP_SIMILAR_LINES];
	uint8_t bytes[HTTP_SIMILAR_BYTES];
};

/* All zero is empty. */
struct http_similar {
	struct http_similar_entry entries[HTTP_SIMILAR_ENTRIES];
};

/*
 * Parses a head of len bytes that ends with an empty line, and whose request line ends with a CR LF
 * at cr. Returns len, or 0: then everything is the parser's to say, and of req nothing is valid.
 */
int rs_http_parse_similar(const struct http_limits *limits, struct http_similar *similar,
	const uint8_t *head, uint32_t len, uint32_t cr, struct http_req *req);

/* Keeps the lines of a head that the parser has read, now and then. */
void rs_http_similar_keep(struct http_similar *similar, const struct http_req *req);

#endif
