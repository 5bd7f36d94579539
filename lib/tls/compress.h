/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compression of certificates (RFC 8879): how, not when. For those that load them; one call takes
 * some 0.1 ms. Private to lib/tls. Includes base; compress.c zlib, brotli, zstd.
 */
#ifndef RS_TLS_COMPRESS_H
#define RS_TLS_COMPRESS_H

#include <stdint.h>

#include "base/sendq.h"
#include "tls/message.h"

/* Writes at most max bytes to to. How many; 0: they do not suffice, or there is no memory. */
uint32_t rs_tls_compress(
	enum tls_compression algorithm, struct span from, uint8_t *to, uint32_t max);

#endif
