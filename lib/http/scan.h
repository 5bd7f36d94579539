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

/* A bit for each of the 16 bytes at p that is a control character or HTAB. */
static inline uint32_t scan_controls_16(const uint8_t *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)p);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
	__m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(low, del));
}

static inline uint64_t scan_controls_32(const uint8_t *p)
{
#ifdef __AVX2__
	__m256i v = _mm256_loadu_si256((const __m256i *)p);
	__m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);
	__m256i del = _mm256_cmpeq_epi8(v, _mm256_set1_epi8(0x7f));

	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(low, del));
#else
	return scan_controls_16(p) | scan_controls_16(p + 16) << 16;
#endif
}

static inline uint64_t scan_controls_64(const uint8_t *p)
{
	return scan_controls_32(p) | scan_controls_32(p + 32) << 32;
}

/* Is there none among so many? All bytes are compared at once, by the lowest of them, and by the
 * highest of a signed kind, which is 0x7f. */
static inline bool scan_is_plain_128(const uint8_t *p)
{
#ifdef __AVX2__
	const __m256i *v = (const __m256i *)p;
	__m256i low = _mm256_loadu_si256(v), high = low;

	for (uint32_t i = 1; i < 4; i++) {
		low = _mm256_min_epu8(low, _mm256_loadu_si256(v + i));
		high = _mm256_max_epi8(high, _mm256_loadu_si256(v + i));
	}
	low = _mm256_cmpeq_epi8(_mm256_min_epu8(low, _mm256_set1_epi8(0x1f)), low);
	high = _mm256_cmpeq_epi8(high, _mm256_set1_epi8(0x7f));
	return _mm256_movemask_epi8(_mm256_or_si256(low, high)) == 0;
#else
	return (scan_controls_64(p) | scan_controls_64(p + 64)) == 0;
#endif
}

/* Of p[from, to), fewer than 64 bytes. */
static inline uint64_t scan_controls_last(const uint8_t *p, uint32_t from, uint32_t to)
{
	uint64_t controls = 0;

	if (to >= 64)
		return scan_controls_64(p + to - 64) >> (64 - (to - from));
	if (to >= 32)
		return (scan_controls_32(p) | scan_controls_32(p + to - 32) << (to - 32)) >> from;
	if (to >= 16)
		return (scan_controls_16(p) | scan_controls_16(p + to - 16) << (to - 16)) >> from;
	for (uint32_t i = from; i < to; i++)
		controls |= (uint64_t)(scan_is_control(p[i]) || p[i] == '\t') << (i - from);
	return controls;
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

/* A walk from one control character to the next. */
struct scan_walk {
	uint32_t at;       /* up to here they are known */
	uint64_t controls; /* of these, those that are to come: a bit for each of the last 64 bytes
			    */
};

static inline struct scan_walk scan_walk_from(uint32_t from)
{
	return (struct scan_walk){.at = from};
}

/* Where the next control character of p[0, to) stands, or an HTAB, which it is for the caller to
 * pass over; to when there is none. */
static inline uint32_t scan_next_control(
	bool vector, const uint8_t *p, uint32_t to, struct scan_walk *walk)
{
	uint32_t i;

#ifdef __SSSE3__
	if (vector) {
		uint64_t controls = walk->controls;
		uint32_t at = walk->at;

		while (!controls && at + 64 <= to) {
			controls = scan_controls_64(p + at);
			at += 64;
			while (!controls && at + 128 <= to && scan_is_plain_128(p + at))
				at += 128; /* a cookie */
		}
		if (!controls) {
			if (at < to)
				controls = scan_controls_last(p, at, to);
			if (!controls)
				return to;
			at += 64;
		}
		walk->at = at;
		walk->controls = controls & (controls - 1);
		return at - 64 + (uint32_t)__builtin_ctzll(controls);
	}
#endif
	(void)vector;
	for (i = walk->at; i < to && !scan_is_control(p[i]); i++)
		continue;
	walk->at = i < to ? i + 1 : to;
	return i;
}

/* Where the first control character or HTAB of p[0, to) stands; to when there is none. */
static inline uint32_t scan_first_control(const uint8_t *p, uint32_t to)
{
	struct scan_walk walk = scan_walk_from(0);

#ifdef __SSSE3__
	for (uint32_t at = 0; at + 32 <= to; at += 32) {
		uint64_t controls = scan_controls_32(p + at);

		if (controls)
			return at + (uint32_t)__builtin_ctzll(controls);
	}
	walk.at = to & ~31u;
#endif
	return scan_next_control(true, p, to, &walk);
}

/* What stands at i, right behind the control character that was found last, is one, too, and is no
 * news. */
static inline void scan_pass(struct scan_walk *walk, uint32_t i)
{
	walk->controls &= walk->controls - 1;
	walk->at = walk->at > i ? walk->at : i + 1;
}

#endif
