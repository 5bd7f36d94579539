/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of sites see of each other: site.c loads them, site_core.c has a core's share in
 * them, site_http.c chooses one, site_reply.c answers of it. Private to these. Includes content,
 * http.
 */
#ifndef RS_APP_SITE_SET_H
#define RS_APP_SITE_SET_H

#include "site.h"

#define SITE_COMMON_BYTES 512

#define SITE_NAMED_TRY(i) (SITE_MAX_ERROR_PAGES + (i)) /* of named */

struct site {
	const char *host;          /* NULL: the default */
	struct content_tree *tree; /* that of an earlier site of the same directory, or its own */
	bool is_again;             /* it is that of an earlier one */
	/* Those of --error-page, then those of --try; NULL: it has no such file. */
	const struct content_entry *named[SITE_MAX_ERROR_PAGES + SITE_MAX_TRIES];
};

struct site_set {
	uint32_t n_users; /* atomic */
	const struct site_options *options;
	const struct site *standard; /* for hosts that have none of their own; NULL: 421 */
	const struct site *first;    /* for refusals to requests of which no site is known */
	uint32_t n_sites;
	struct site sites[SITE_MAX];
	uint32_t n_hosts;
	const struct site *hosts[SITE_MAX]; /* those that have a name, in the order of these */
	bool has_wildcards;                 /* some of these begin with "*." */
	/* Field lines for every reply: [true] for those with a file that has codings. */
	struct span common[2];
	char common_text[2][SITE_COMMON_BYTES];
	struct content_report totals;
	uint64_t load_us;
	uint32_t n_areas; /* memory that all trees share, by address */
	struct sums_area *areas;
	bool is_external; /* ports can read it */
};

/* Lists the sites that have a host, all of which are there. */
void rs_site_sort_hosts(struct site_set *set);

/* The site that is asked for; NULL: there is none of that name. */
const struct site *rs_site_of(const struct site_set *set, const struct http_req *req);

/* As http_handler.respond. */
bool rs_site_respond(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out);

/* Field lines for every reply, which stand in text: those of --cors, and Vary, for which is_coded
 * says whether it is of a file that has codings. Vary is one line, whatever is in it: of several,
 * nginx 1.22 heeds the last alone, and its cache sends codings to whom they are not for. */
struct span rs_site_write_common(
	const struct site_options *options, bool is_coded, char text[SITE_COMMON_BYTES]);

#endif
