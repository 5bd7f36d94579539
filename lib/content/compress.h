/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Content codings (RFC 9110 section 8.4.1; RFC 1952, RFC 7932, RFC 8878), whole bodies at once.
 * Private to lib/content; one thread at a time. Includes zlib, brotli, zstd.
 */
#ifndef RS_CONTENT_COMPRESS_H
#define RS_CONTENT_COMPRESS_H

#include <stdint.h>

#include "content/content.h"

/*
 * Compresses data[0, len) into to, which has room for n_room bytes. Returns how many were written;
 * 0 when they do not fit, or there was no memory to work in.
 */
uint64_t rs_compress(enum content_coding coding, const uint8_t *data, uint64_t len, uint8_t *to,
	uint64_t n_room);

#endif
