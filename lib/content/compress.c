/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/compress.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "base/bytes.h"

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

/* The worst there is takes some tenths of a second. */
#define PIECE_BYTES (UINT64_C(256) << 10)

/* What is to be compressed next; NULL: it does not go on. */
static const uint8_t *take(struct compress_input *in, size_t *n)
{
	const uint8_t *piece = in->data;

	if (!in->goes_on(in->ctx))
		return NULL;
	*n = rs_min_u64(in->len, PIECE_BYTES);
	in->data += *n;
	in->len -= *n;
	return piece;
}

static uint64_t gzip(struct compress_input *in, uint8_t *to, uint64_t n_room)
{
	z_stream stream = {.next_out = to, .avail_out = (uInt)n_room};
	int result = Z_OK;
	size_t n = 0;

	if (n_room > UINT32_MAX ||
		deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER,
			MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	while (in->len && !stream.avail_in && (stream.next_in = (z_const Bytef *)take(in, &n))) {
		stream.avail_in = (uInt)n;
		result = deflate(&stream, in->len ? Z_NO_FLUSH : Z_FINISH);
	}
	deflateEnd(&stream);
	return result == Z_STREAM_END ? stream.total_out : 0;
}

static uint64_t brotli(struct compress_input *in, uint8_t *to, uint64_t n_room)
{
	BrotliEncoderState *encoder = BrotliEncoderCreateInstance(NULL, NULL, NULL);
	size_t n_in = 0, n_out = 0;
	const uint8_t *piece;
	bool is_whole;

	if (!encoder)
		return 0;
	BrotliEncoderSetParameter(encoder, BROTLI_PARAM_QUALITY, BROTLI_QUALITY);
	BrotliEncoderSetParameter(encoder, BROTLI_PARAM_SIZE_HINT, (uint32_t)in->len);
	while (in->len && !n_in && (piece = take(in, &n_in)) &&
		BrotliEncoderCompressStream(encoder,
			in->len ? BROTLI_OPERATION_PROCESS : BROTLI_OPERATION_FINISH, &n_in, &piece,
			&n_room, &to, &n_out))
		;
	is_whole = BrotliEncoderIsFinished(encoder);
	BrotliEncoderDestroyInstance(encoder);
	return is_whole ? n_out : 0;
}

static uint64_t zstd(struct compress_input *in, uint8_t *to, uint64_t n_room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_outBuffer out = {.dst = to, .size = n_room};
	ZSTD_inBuffer piece = {0};
	size_t n_more = 1; /* to be written, or an error */

	if (!context)
		return 0;
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setPledgedSrcSize(context, in->len);
	if (in->len > UINT64_C(1) << ZSTD_MAX_WINDOW_LOG)
		ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, ZSTD_MAX_WINDOW_LOG);
	while (in->len && piece.pos == piece.size && !ZSTD_isError(n_more) &&
		(piece.src = take(in, &piece.size))) {
		piece.pos = 0;
		n_more = ZSTD_compressStream2(
			context, &out, &piece, in->len ? ZSTD_e_continue : ZSTD_e_end);
	}
	ZSTD_freeCCtx(context);
	return !in->len && !n_more ? out.pos : 0;
}

uint64_t rs_compress(
	enum content_coding coding, struct compress_input *in, uint8_t *to, uint64_t n_room)
{
	switch (coding) {
	case CONTENT_GZIP:
		return gzip(in, to, n_room);
	case CONTENT_BR:
		return brotli(in, to, n_room);
	case CONTENT_ZSTD:
		return zstd(in, to, n_room);
	case CONTENT_IDENTITY:
	case CONTENT_N_CODINGS:
		break;
	}
	return 0;
}
