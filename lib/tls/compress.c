/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/compress.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

/*
 * Brotli's strongest quality takes twenty times as long as this one, for one or two bytes in a
 * hundred; of the others the strongest are cheap.
 */
#define ZLIB_LEVEL     9
#define BROTLI_QUALITY 9
#define ZSTD_LEVEL     19

#define BROTLI_WINDOW_BITS 16 /* more than a chain is long */

static uint32_t by_zlib(struct span from, uint8_t *to, uint32_t max)
{
	uLongf n = max;

	return compress2(to, &n, from.data, from.len, ZLIB_LEVEL) == Z_OK ? (uint32_t)n : 0;
}

static uint32_t by_brotli(struct span from, uint8_t *to, uint32_t max)
{
	size_t n = max;

	return BrotliEncoderCompress(BROTLI_QUALITY, BROTLI_WINDOW_BITS, BROTLI_MODE_GENERIC,
		       from.len, from.data, &n, to)
		       ? (uint32_t)n
		       : 0;
}

static uint32_t by_zstd(struct span from, uint8_t *to, uint32_t max)
{
	size_t n = ZSTD_compress(to, max, from.data, from.len, ZSTD_LEVEL);

	return ZSTD_isError(n) ? 0 : (uint32_t)n;
}

uint32_t rs_tls_compress(
	enum tls_compression algorithm, struct span from, uint8_t *to, uint32_t max)
{
	switch (algorithm) {
	case TLS_COMPRESSION_ZLIB:
		return by_zlib(from, to, max);
	case TLS_COMPRESSION_BROTLI:
		return by_brotli(from, to, max);
	case TLS_COMPRESSION_ZSTD:
		return by_zstd(from, to, max);
	case TLS_COMPRESSION_NONE:
	case TLS_N_COMPRESSIONS:
		break;
	}
	return 0;
}
