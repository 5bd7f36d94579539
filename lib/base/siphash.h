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

#endif
