/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classes of characters, and how far a run of them reaches: with vector instructions, and the
 * scalar twin. Both read nothing outside [p, p + to). Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_SCAN_H
#define RS_HTTP_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __SSSE3__
#include <immintrin.h>
#endif

/* Members of a class as macros, so that both twins' tables are made from one definition. */
#define SCAN_DIGIT(c) ((c) >= '0' && (c) <= '9')
#define SCAN_ALPHA(c) (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))

/* RFC 9110 section 5.6.2: tchar. */
#define SCAN_IN_TOKEN(c)                                                                           \
	(SCAN_DIGIT(c) || SCAN_ALPHA(c) || (c) == '!' || (c) == '#' || (c) == '$' || (c) == '%' || \
		(c) == '&' || (c) == '\'' || (c) == '*' || (c) == '+' || (c) == '-' ||             \
		(c) == '.' || (c) == '^' || (c) == '_' || (c) == '`' || (c) == '|' || (c) == '~')

/* RFC 3986: reg-name without %-escapes. */
#define SCAN_IN_HOST(c)                                                                            \
	(SCAN_DIGIT(c) || SCAN_ALPHA(c) || (c) == '-' || (c) == '.' || (c) == '_' || (c) == '~' || \
		(c) == '!' || (c) == '$' || (c) == '&' || (c) == '\'' || (c) == '(' ||             \
		(c) == ')' || (c) == '*' || (c) == '+' || (c) == ',' || (c) == ';' || (c) == '=')

/* RFC 3986 wants most of the visible characters escaped in a path, and all bytes beyond ASCII.
 * Clients send them as they are, and other servers take them so: all but "#", which ends a URI and
 * is in no request, "?", and "%", which begins an escape. */
#define SCAN_IN_PATH(c) ((c) > ' ' && (c) != 0x7f && (c) != '#' && (c) != '?' && (c) != '%')

/* "%" that begins no escape, too: nobody here decodes a query. */
#define SCAN_IN_QUERY(c) (SCAN_IN_PATH(c) || (c) == '?' || (c) == '%')

enum scan_class {
	SCAN_TOKEN,
	SCAN_HOST,
	SCAN_PATH,
	SCAN_QUERY,
	SCAN_N_CLASSES,
};

/* For the scalar twin: a bit for each class. */
#define SCAN_BITS(c)                                                                               \
	(uint8_t)(SCAN_IN_TOKEN(c) << SCAN_TOKEN | SCAN_IN_HOST(c) << SCAN_HOST |                  \
		  SCAN_IN_PATH(c) << SCAN_PATH | SCAN_IN_QUERY(c) << SCAN_QUERY)
#define SCAN_BITS_4(c)  SCAN_BITS(c), SCAN_BITS(c + 1), SCAN_BITS(c + 2), SCAN_BITS(c + 3)
#define SCAN_BITS_16(c) SCAN_BITS_4(c), SCAN_BITS_4(c + 4), SCAN_BITS_4(c + 8), SCAN_BITS_4(c + 12)

static const uint8_t scan_bits[256] = {SCAN_BITS_16(0x00), SCAN_BITS_16(0x10), SCAN_BITS_16(0x20),
	SCAN_BITS_16(0x30), SCAN_BITS_16(0x40), SCAN_BITS_16(0x50), SCAN_BITS_16(0x60),
	SCAN_BITS_16(0x70), SCAN_BITS_16(0x80), SCAN_BITS_16(0x90), SCAN_BITS_16(0xa0),
	SCAN_BITS_16(0xb0), SCAN_BITS_16(0xc0), SCAN_BITS_16(0xd0), SCAN_BITS_16(0xe0),
	SCAN_BITS_16(0xf0)};

static inline bool scan_is(enum scan_class cls, uint8_t c)
{
	return scan_bits[c] >> cls & 1;
}

/* Control characters but HTAB: none of them may stand in a line (RFC 9110 section 5.5). */
static inline bool scan_is_control(uint8_t c)
{
	return (c < 0x20 && c != '\t') || c == 0x7f;
}

static inline uint32_t scan_run_scalar(
	enum scan_class cls, const uint8_t *p, uint32_t from, uint32_t to)
{
	while (from < to && scan_is(cls, p[from]))
		from++;
	return from;
}

static inline uint32_t scan_line_scalar(const uint8_t *p, uint32_t from, uint32_t to)
{
	while (from < to && !scan_is_control(p[from]))
		from++;
	return from;
}

#ifdef __SSSE3__

/*
 * For the vector twin: by low nibble, a bit for each high nibble with which it is a member. Of the
 * bytes beyond ASCII a class has all or none: one bit stands for all their high nibbles. It is that
 * of 0, as control characters are in no class.
 */
#define SCAN_NIBBLE(in, c)                                                                         \
	(char)(in(c + 0x80) | in(c + 0x10) << 1 | in(c + 0x20) << 2 | in(c + 0x30) << 3 |          \
		in(c + 0x40) << 4 | in(c + 0x50) << 5 | in(c + 0x60) << 6 | in(c + 0x70) << 7)
#define SCAN_NIBBLES_4(in, c)                                                                      \
	SCAN_NIBBLE(in, c), SCAN_NIBBLE(in, c + 1), SCAN_NIBBLE(in, c + 2), SCAN_NIBBLE(in, c + 3)
#define SCAN_NIBBLES(in)                                                                           \
	{                                                                                          \
		SCAN_NIBBLES_4(in, 0), SCAN_NIBBLES_4(in, 4), SCAN_NIBBLES_4(in, 8),               \
			SCAN_NIBBLES_4(in, 12)                                                     \
	}

static const _Alignas(16) char scan_nibbles[SCAN_N_CLASSES][16] = {
	[SCAN_TOKEN] = SCAN_NIBBLES(SCAN_IN_TOKEN),
	[SCAN_HOST] = SCAN_NIBBLES(SCAN_IN_HOST),
	[SCAN_PATH] = SCAN_NIBBLES(SCAN_IN_PATH),
	[SCAN_QUERY] = SCAN_NIBBLES(SCAN_IN_QUERY),
};

/* A bit for each of the 16 bytes at p that is not a member. */
static inline uint32_t scan_strangers_16(enum scan_class cls, const uint8_t *p)
{
	const __m128i by_low = _mm_load_si128((const __m128i *)scan_nibbles[cls]);
	const __m128i by_high = _mm_setr_epi8(0, 2, 4, 8, 16, 32, 64, -128, 1, 1, 1, 1, 1, 1, 1, 1);
	const __m128i nibble = _mm_set1_epi8(0x0f);
	__m128i v = _mm_loadu_si128((const __m128i *)p);
	__m128i low = _mm_shuffle_epi8(by_low, _mm_and_si128(v, nibble));
	__m128i high = _mm_shuffle_epi8(by_high, _mm_and_si128(_mm_srli_epi16(v, 4), nibble));
	__m128i none = _mm_cmpeq_epi8(_mm_and_si128(low, high), _mm_setzero_si128());

	return (uint32_t)_mm_movemask_epi8(none);
}

/* A bit for each of the 16 bytes at p that is a control character. */
static inline uint32_t scan_controls_16(const uint8_t *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)p);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
	__m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
	__m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del));
}

#endif

/*
 * Where the run of members of cls that begins at p[from] ends: at most to. beyond: so many bytes
 * behind to may be read, too.
 */
static inline uint32_t scan_run(bool vector, enum scan_class cls, const uint8_t *p, uint32_t from,
	uint32_t to, uint32_t beyond)
{
#ifdef __SSSE3__
	if (vector) {
		for (; from + 16 <= to; from += 16) {
			uint32_t strangers = scan_strangers_16(cls, p + from);

			if (strangers)
				return from + (uint32_t)__builtin_ctz(strangers);
		}
		/* The rest is shorter than a vector: 16 bytes, without those behind it … */
		if (from < to && from + 16 <= to + beyond) {
			uint32_t strangers = scan_strangers_16(cls, p + from) | 1u << (to - from);

			return from + (uint32_t)__builtin_ctz(strangers);
		}
		/* … or without those before it. */
		if (from < to && to >= 16) {
			uint32_t strangers =
				scan_strangers_16(cls, p + to - 16) >> (16 - (to - from));

			return strangers ? from + (uint32_t)__builtin_ctz(strangers) : to;
		}
	}
#endif
	(void)vector;
	(void)beyond;
	return scan_run_scalar(cls, p, from, to);
}

/* Where the first control character at or after p[from] stands; to when there is none. */
static inline uint32_t scan_line(bool vector, const uint8_t *p, uint32_t from, uint32_t to)
{
#ifdef __AVX2__
	const __m256i tabs = _mm256_set1_epi8('\t');
	const __m256i dels = _mm256_set1_epi8(0x7f);
	const __m256i lows = _mm256_set1_epi8(0x1f);

	for (; vector && from + 32 <= to; from += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(p + from));
		__m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, lows), v);
		__m256i bad = _mm256_or_si256(_mm256_andnot_si256(_mm256_cmpeq_epi8(v, tabs), low),
			_mm256_cmpeq_epi8(v, dels));
		uint32_t controls = (uint32_t)_mm256_movemask_epi8(bad);

		if (controls)
			return from + (uint32_t)__builtin_ctz(controls);
	}
#endif
#ifdef __SSSE3__
	if (vector) {
		for (; from + 16 <= to; from += 16) {
			uint32_t controls = scan_controls_16(p + from);

			if (controls)
				return from + (uint32_t)__builtin_ctz(controls);
		}
		if (from < to && to >= 16) {
			uint32_t controls = scan_controls_16(p + to - 16) >> (16 - (to - from));

			return controls ? from + (uint32_t)__builtin_ctz(controls) : to;
		}
	}
#endif
	(void)vector;
	return scan_line_scalar(p, from, to);
}

#endif
