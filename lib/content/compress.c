/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/compress.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

/*
 * Done once, sent often: strong, but not the strongest, which are slower by a factor of ten and
 * more for a few percent.
 */
#define GZIP_LEVEL     9
#define BROTLI_QUALITY 9
#define ZSTD_LEVEL     15

#define GZIP_WRAPPER 16 /* added to the window's bits, asks zlib for gzip's framing */

/* RFC 9659: what a client has to be able to take. */
#define ZSTD_MAX_WINDOW_LOG 23

static uint64_t gzip(const uint8_t *data, uint64_t len, uint8_t *to, uint64_t n_room)
{
	z_stream stream = {
		.next_in = (z_const Bytef *)data,
		.avail_in = (uInt)len,
		.next_out = to,
		.avail_out = (uInt)n_room,
	};
	int result;

	if (len > UINT32_MAX || n_room > UINT32_MAX)
		return 0;
	if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER, MAX_MEM_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	result = deflate(&stream, Z_FINISH);
	deflateEnd(&stream);
	return result == Z_STREAM_END ? stream.total_out : 0;
}

static uint64_t brotli(const uint8_t *data, uint64_t len, uint8_t *to, uint64_t n_room)
{
	size_t n = n_room;

	if (!BrotliEncoderCompress(
		    BROTLI_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, len, data, &n, to))
		return 0;
	return n;
}

static uint64_t zstd(const uint8_t *data, uint64_t len, uint8_t *to, uint64_t n_room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t n;

	if (!context)
		return 0;
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	if (len > UINT64_C(1) << ZSTD_MAX_WINDOW_LOG)
		ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, ZSTD_MAX_WINDOW_LOG);
	n = ZSTD_compress2(context, to, n_room, data, len);
	ZSTD_freeCCtx(context);
	return ZSTD_isError(n) ? 0 : n;
}

uint64_t rs_compress(
	enum content_coding coding, const uint8_t *data, uint64_t len, uint8_t *to, uint64_t n_room)
{
	switch (coding) {
	case CONTENT_GZIP:
		return gzip(data, len, to, n_room);
	case CONTENT_BR:
		return brotli(data, len, to, n_room);
	case CONTENT_ZSTD:
		return zstd(data, len, to, n_room);
	case CONTENT_IDENTITY:
	case CONTENT_N_CODINGS:
		break;
	}
	return 0;
}
