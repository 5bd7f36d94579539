/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Static sites: which directory answers for which host, loaded by the control core, and given to
 * all cores that serve HTTP at once.
 *
 * A struct site_set never changes. Each core has a share in the one it serves, and in earlier ones
 * while replies made of them are on their way: their slices are owned by a chunk of that core's
 * pool, the anchor of the set (anchor.h), and when nobody shares that any more and no frame points
 * to the set, the core is done with it. The last core's leaving lets the control core free it. So a
 * reload loses no request, and what is retransmitted after it is what was sent before.
 *
 * Includes content, http.
 */
#ifndef RS_APP_SITE_H
#define RS_APP_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "content/content.h"
#include "http/exchange.h"
#include "site_progress.h"

#define SITE_MAX             1024
#define SITE_HOST_BYTES      255 /* RFC 1035 section 2.3.4 */
#define SITE_MAX_ERROR_PAGES 16  /* one for each status that they are for */
#define SITE_MAX_TRIES       32
#define SITE_ENDING_BYTES    32   /* of these */
#define SITE_OLD_SETS        16   /* that a core may still be sending of */
#define SITE_FIELDS_BYTES    8192 /* of --header, for one path */
#define SITE_HINTS_BYTES     512  /* of these, the Link of --early-hints */

#define SITE_TRY_NOTHING "404"

/* What is sent for a path where nothing is. */
struct site_try {
	struct span host; /* for the site of that host; empty: for all sites */
	/* For paths that begin and end so, as in /app/ and .js; what is empty fits all. With /app/
	 * alone, /app, too. */
	struct span begin, end;
	/* A file of the site, as in /index.html, or an ending of the path, as in .html; or
	 * SITE_TRY_NOTHING: what comes behind it is not tried. */
	const char *what;
};

struct site_options {
	uint32_t n_sites;
	struct {
		const char *host; /* in lower case, perhaps behind "*."; NULL: all others */
		const char *dir;
	} sites[SITE_MAX];
	bool strict; /* hosts that have no site get 421 instead of the default */
	uint32_t n_error_pages;
	struct {
		uint16_t status;  /* one that is sent */
		const char *path; /* in the site */
	} error_pages[SITE_MAX_ERROR_PAGES];
	uint32_t n_tries;
	struct site_try tries[SITE_MAX_TRIES]; /* the first that is there */
	bool early_hints; /* 103 with the Link field of a page, before it, to browsers that navigate
			   */
	const char *cors; /* an origin, or "*"; NULL: none */
	struct content_options content; /* for all of them, but for root */
	uint32_t n_patterns;
	struct content_pattern patterns[CONTENT_MAX_PATTERNS];
	const char *pattern_hosts[CONTENT_MAX_PATTERNS]; /* whose site each is for; NULL: all */
};

struct site_set;

/* Who hears of a load, and may end it. */
struct site_audience {
	void (*say)(const char *line);     /* one at a time, for the operator */
	struct site_progress *progress;    /* shown meanwhile; NULL: it is not */
	bool (*is_interrupted)(void *ctx); /* as in struct content_options; NULL: never */
	void *ctx;
	uint32_t n_skipped; /* what was left out until now; of a load that begins, 0 */
};

/* Those of options->patterns that are for the site of this host; NULL: those for all sites. Returns
 * how many. */
uint32_t rs_site_patterns(const struct site_options *options, const char *host,
	struct content_pattern patterns[CONTENT_MAX_PATTERNS]);

/* Loads all sites. previous: what is the same is shared with it; NULL: there is none. NULL: said
 * why. */
struct site_set *rs_site_load(const struct site_options *options, const struct site_set *previous,
	const struct site_audience *audience);

/* Would it answer as previous does, from which it was made? Then it is of no use: previous knows by
 * now what it does. */
bool rs_site_is_same(struct site_set *previous, const struct site_set *set);

/* For a line about it. */
struct site_totals {
	uint64_t n_files;
	uint64_t n_read; /* of these, the ones that were not taken over from the load before */
	uint64_t n_bytes;
	uint64_t n_held_bytes; /* of memory */
	uint64_t load_us;
};

struct site_totals rs_site_totals(const struct site_set *set);

/* The directories of site i, one a call: *at is 0 at first. False: there are no more. */
bool rs_site_next_directory(
	const struct site_set *set, uint32_t i, uint32_t *at, struct span *path);

/* No core uses it. NULL is allowed. */
void rs_site_free(struct site_set *set);

/* Any core: how many cores have a share in it. */
uint32_t rs_site_n_users(const struct site_set *set);

/* What one core serves. Belongs to that core, but for next. */
struct site_core {
	struct site_set *set;
	uint32_t anchor;
	uint32_t n_old;
	struct {
		struct site_set *set;
		uint32_t anchor;
	} old[SITE_OLD_SETS];
	struct site_set *next; /* atomic: set by the control core, taken by this one; or NULL */
};

/* Before the core starts, or by the control core while it runs: what to serve from now on. False:
 * the core has not taken the one before yet. */
bool rs_site_core_offer(struct site_core *core, struct site_set *set);

/* The control core: has it taken all that it was offered? */
static inline bool rs_site_core_has_taken(const struct site_core *core)
{
	return !__atomic_load_n(&core->next, __ATOMIC_RELAXED);
}

/* Each turn: takes what is offered, lets go of what nobody is sent any more. env: of this core. */
void rs_site_core_change(struct site_core *core, struct http_env *env);

static inline void rs_site_core_turn(struct site_core *core, struct http_env *env)
{
	if (__builtin_expect(__atomic_load_n(&core->next, __ATOMIC_RELAXED) || core->n_old, 0))
		rs_site_core_change(core, env);
}

/* After the core has stopped and all its connections have ended. Ports may still have frames that
 * point to its set: they are closed before that is freed. */
void rs_site_core_leave(struct site_core *core, struct http_env *env);

/*
 * Has HTTP answer of sites, and of nothing else: http gets their handler, pages of refusals, and
 * fields that all replies have. The env->app of each core is a struct site_core. There is one such
 * configuration in the process.
 */
void rs_site_configure_http(const struct site_options *options, struct http_config *http);

#endif
