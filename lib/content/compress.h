/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Content codings (RFC 9110 section 8.4.1; RFC 1952, RFC 7932, RFC 8878), whole bodies.
 * Private to lib/content; one thread at a time. Includes zlib, brotli, zstd.
 */
#ifndef RS_CONTENT_COMPRESS_H
#define RS_CONTENT_COMPRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "content/content.h"

/* What is to be compressed; it moves on meanwhile. */
struct compress_input {
	const uint8_t *data;
	uint64_t len;
	bool (*goes_on)(void *ctx); /* asked now and then; false: it ends there */
	void *ctx;
};

/*
 * Compresses all of in into to, which has room for n_room bytes. Returns how many were written; 0
 * when they do not fit, there was no memory to work in, or it did not go on.
 */
uint64_t rs_compress(
	enum content_coding coding, struct compress_input *in, uint8_t *to, uint64_t n_room);

#endif
