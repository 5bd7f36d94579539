/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --watch: tells when the sites have to be loaded again. Watched (inotify) are the directories that
 * were loaded, and on the way to each root the names that lead there: a release that takes the
 * place of another by a rename, or by a symbolic link that is turned, is a change, too.
 * After a load that failed it is tried again, in growing intervals: what was missing may be where
 * nobody watches, as is the target of a link that is not there yet. Control core only.
 */
#ifndef RS_APP_SITE_WATCH_H
#define RS_APP_SITE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "site.h"

#define SITE_WATCH_POSTS 256

struct site_watch {
	int fd;   /* inotify, or -1: nothing is watched */
	int last; /* the highest number of a directory there */
	bool is_failing;
	bool has_changed;
	uint64_t changed_us; /* the first of these changes … */
	uint64_t quiet_us;   /* … and when there will have been no more of them for a while */
	uint32_t n_failures; /* loads that failed since the last that did not */
	uint64_t retry_us;   /* with failures: when to try again */
	uint32_t n_posts;
	struct {
		int watch;
		const char *name; /* not terminated; of the options */
		uint32_t len;
		bool is_content; /* the directory is part of a site, besides */
	} posts[SITE_WATCH_POSTS];
};

/* Nothing is watched. */
void rs_site_watch_none(struct site_watch *w);

/* Where that is not possible, says so, and watches nothing. */
void rs_site_watch_open(struct site_watch *w);
void rs_site_watch_close(struct site_watch *w);

/* set has been loaded: watches its directories, too. options and their strings outlive w. */
void rs_site_watch_add(struct site_watch *w, const struct site_options *options,
	const struct site_set *set, uint64_t now_us);

/* A load has failed. Returns in how many seconds it will be tried again, 0: never. */
uint32_t rs_site_watch_failed(struct site_watch *w, uint64_t now_us);

/* Now and then. True, once: there were changes, and it is time to load them. */
bool rs_site_watch_is_due(struct site_watch *w, uint64_t now_us);

#endif
