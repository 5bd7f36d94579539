/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --watch: tells when the sites have to be loaded again. Watched (inotify) are the directories that
 * were loaded last; and each root is looked at, whether it is still the directory that it was: a
 * release that takes the place of another by a rename, or by turning any of the symbolic links that
 * lead there, is a change, too. After a load that failed it is tried again, in growing intervals:
 * what was missing may be where nobody watches. Control core only, but for what says otherwise.
 * Includes content.
 */
#ifndef RS_APP_SITE_WATCH_H
#define RS_APP_SITE_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "site.h"

struct site_watch {
	int fd; /* inotify, or -1: nothing is watched */
	struct watch_list {
		int *numbers; /* of directories there, in order */
		uint32_t n, n_room;
	} watched;            /* belongs to rs_site_watch_directories(), as does … */
	uint32_t n_unwatched; /* … how many could not be, which was said */
	bool has_changed;
	uint64_t changed_us; /* the first of these changes … */
	bool is_written;     /* a file, and its writer has not closed it */
	uint64_t quiet_us;   /* when there will have been no more of either for a while */
	uint64_t due_us;     /* the last time that it was due */
	uint32_t n_failures; /* loads that failed since the last that did not */
	uint64_t retry_us;   /* with failures: when to try again */
	const struct site_options *options;
	struct {
		dev_t dev;
		ino_t ino; /* 0: it was not there */
	} roots[SITE_MAX];
};

/* Nothing is watched. */
void rs_site_watch_none(struct site_watch *w);

/* Where that is not possible, says so, and watches nothing. options outlive w. */
void rs_site_watch_open(struct site_watch *w, const struct site_options *options);
void rs_site_watch_close(struct site_watch *w);

/* Before each load, so that no change is between it and the next. */
void rs_site_watch_begin(struct site_watch *w);

/* set has been loaded: watches its directories, and no others. True: there are new ones. That takes
 * a while where there are many: for the thread that loads, while the control core goes on asking
 * whether a load is due. */
bool rs_site_watch_directories(struct site_watch *w, const struct site_set *set);

/* A load has ended well. has_new: what rs_site_watch_directories() has returned; then it is due to
 * look at everything once more. */
void rs_site_watch_loaded(struct site_watch *w, bool has_new, uint64_t now_us);

/* A load has failed. Returns in how many seconds it will be tried again, 0: never. */
uint32_t rs_site_watch_failed(struct site_watch *w, uint64_t now_us);

/* Now and then. True, once: there were changes, and it is time to load them. */
bool rs_site_watch_is_due(struct site_watch *w, uint64_t now_us);

#endif
