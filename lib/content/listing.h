/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page that lists a directory without an index. Private to lib/content; one thread at a time.
 */
#ifndef RS_CONTENT_LISTING_H
#define RS_CONTENT_LISTING_H

#include "content/load.h"

/* The most bytes that the listing of dir can take. */
uint64_t rs_listing_most_bytes(const struct walk *walk, const struct walk_dir *dir);

/*
 * The page for dir, with a reference that is the caller's, and the youngest time in it. NULL, with
 * the load's error: no memory.
 */
struct body *rs_listing_make(struct load *load, const struct walk_dir *dir, int64_t *mtime_s);

#endif
