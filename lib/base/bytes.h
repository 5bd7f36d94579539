/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes as they stand on the wire: unaligned loads and stores, big-endian for numbers. And what
 * every file needs and C lacks: smaller, larger, likely, the length of an array. Any core; includes
 * libc only.
 */
#ifndef RS_BASE_BYTES_H
#define RS_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

#define RS_CACHE_LINE 64

#define rs_likely(x)     __builtin_expect(!!(x), 1)
#define rs_unlikely(x)   __builtin_expect(!!(x), 0)
#define RS_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline uint16_t rs_load_be16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap16(v);
}

static inline uint32_t rs_load_be32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint64_t rs_load_be64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

/* As they stand in memory: to be compared. */
static inline uint32_t rs_load_32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t rs_load_64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void rs_store_be16(void *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void rs_store_be32(void *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void rs_store_be64(void *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, sizeof(v));
}

static inline uint32_t rs_min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t rs_max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static inline uint64_t rs_max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t rs_min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif
