/* SPDX-License-Identifier: BSD-2-Clause */
/* What site.c, which loads, and site_reply.c, which answers, both see. Private to them. */
#ifndef RS_APP_SITE_SET_H
#define RS_APP_SITE_SET_H

#include "site.h"

#define SITE_CORS_BYTES 512

struct site {
	const char *host; /* NULL: the default */
	struct content_tree *tree;
	uint64_t held_bytes; /* by it and by its trees of before, since it was loaded */
	const struct content_entry *error_pages[SITE_MAX_ERROR_PAGES];
};

struct site_set {
	uint32_t n_users; /* atomic */
	const struct site_options *options;
	const struct site *standard; /* for hosts that have none of their own; NULL: 421 */
	const struct site *first;    /* for refusals to requests of which no site is known */
	uint32_t n_sites;
	struct site sites[SITE_MAX];
	struct span cors; /* field lines for every reply */
	char cors_text[SITE_CORS_BYTES];
	struct content_report totals;
	uint64_t load_us;
	uint32_t n_areas; /* memory of all trees, by address */
	struct sums_area *areas;
	bool is_external; /* ports can read it */
};

#endif
