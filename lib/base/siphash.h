/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SipHash-2-4 (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012): a keyed hash that
 * cannot be predicted without its key. Any core; includes libc only.
 */
#ifndef RS_BASE_SIPHASH_H
#define RS_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* key: 128 bits, the first eight bytes (little-endian) in key[0]. */
uint64_t rs_siphash(const uint64_t key[2], const void *data, size_t len);

/*
 * The same of n words and the lowest n_rest (up to 7) bytes of rest, whose others are 0: for what
 * is put together, which would have to wait for smaller stores to come together.
 */
uint64_t rs_siphash_words(
	const uint64_t key[2], const void *words, size_t n, uint64_t rest, size_t n_rest);

#endif
