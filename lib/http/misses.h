/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of what verbatim.h, seen.h and similar.h did not know, which is kept: one in so many, so that who
 * never repeats himself costs little. Private to lib/http; includes libc only.
 */
#ifndef RS_HTTP_MISSES_H
#define RS_HTTP_MISSES_H

#include <stdbool.h>
#include <stdint.h>

#define HTTP_MISSES_PER_ENTRY 8

/* One more. True: this one is to be kept. */
static inline bool rs_http_keep_miss(uint32_t *n_misses)
{
	return ++*n_misses % HTTP_MISSES_PER_ENTRY == 1;
}

#endif
