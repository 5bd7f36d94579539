/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071). Sums are kept as 64-bit partial sums of native-order words and
 * folded at the end; a sum over an odd number of bytes may only come last.
 * Any core; includes libc only.
 */
#ifndef RS_BASE_CSUM_H
#define RS_BASE_CSUM_H

#include <stdint.h>
#include <string.h>

/* sum plus the bytes data[0, len). */
uint64_t rs_csum_add(uint64_t sum, const void *data, uint32_t len);

/* The same while copying data to dst. */
uint64_t rs_csum_copy(uint64_t sum, void *dst, const void *data, uint32_t len);

/* One 32-bit word as it stands in memory. */
static inline uint64_t rs_csum_add32(uint64_t sum, uint32_t word)
{
	return sum + word;
}

/* Twice: both halves added, and the carry, which comes out of the lower place into the upper one.
 */
static inline uint16_t rs_csum_fold16(uint64_t sum)
{
	uint32_t half;

	sum += sum >> 32 | sum << 32;
	half = (uint32_t)(sum >> 32);
	half += half >> 16 | half << 16;
	return (uint16_t)(half >> 16);
}

/* A sum of bytes that stand offset bytes behind the first one of all: at an odd place they count
 * with their bytes swapped (RFC 1071). */
static inline uint64_t rs_csum_at(uint64_t sum, uint32_t offset)
{
	uint16_t folded = rs_csum_fold16(sum);

	return offset & 1 ? __builtin_bswap16(folded) : folded;
}

/* What goes into the header: the complement, as it stands in memory. */
static inline uint16_t rs_csum_finish(uint64_t sum)
{
	return (uint16_t)~rs_csum_fold16(sum);
}

#endif
