/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The content half of the appliance: loads the sites at start, and again when told to (SIGHUP) or
 * when files have changed (--watch). That, and to free what is large, is done on a thread of its
 * own, so that neighbours and signals need not wait. Control core only. Includes everything.
 */
#ifndef RS_APP_SITE_SIDE_H
#define RS_APP_SITE_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "errand.h"
#include "site.h"
#include "site_watch.h"

#define SITE_SIDE_SETS      (SITE_OLD_SETS + 4)
#define SITE_SIDE_MAX_CORES 64

struct site_side {
	const struct site_options *options; /* NULL: there are no sites */
	struct site_options own_options;    /* with memory that ports can read */
	uint32_t n_cores;
	struct site_core *cores[SITE_SIDE_MAX_CORES];
	uint32_t n_sets; /* the last one is the newest; the others still have users */
	struct site_set *sets[SITE_SIDE_SETS];
	bool reload_is_due;
	struct errand errand;
	uint32_t n_unused;
	struct site_set *unused[SITE_SIDE_SETS]; /* to be freed by it, at first */
	bool is_loading;                         /* and to load then … */
	struct site_set *loaded;                 /* … what it has made, or NULL … */
	bool is_same;                            /* … which is what is served already, … */
	bool has_new;                            /* … with directories not watched before */
	uint32_t n_offered;                      /* cores that have been offered the newest set */
	uint64_t taken_by_us;                    /* by then, all of them should have taken it … */
	bool is_held_up;                         /* … and have not, which was said */
	struct site_watch watch;
};

/* Would they load? Loads them and forgets them; needs no EAL. 0; or -EINVAL, logged. */
int rs_site_side_check(const struct site_options *options);

/* Loads them for the first time, and tells how it goes on. 0; or -EINVAL, logged; or -EINTR,
 * logged: SIGINT or SIGTERM came, which are blocked, and is still pending. options: NULL or empty
 * for none. watch: load by itself what changes. */
int rs_site_side_load(struct site_side *side, const struct site_options *options, bool watch);

/* A core that will serve, before it starts. */
void rs_site_side_add_core(struct site_side *side, struct site_core *core, struct http_env *env);

/* SIGHUP: loads again as soon as the thread is free. */
void rs_site_side_reload(struct site_side *side);

/* Now and then: what has been loaded goes to the cores, what nobody uses any more is freed. */
void rs_site_side_tick(struct site_side *side, uint64_t now_us);

/* Nothing is loaded any more; a load that is under way ends at once. */
void rs_site_side_stop(struct site_side *side);

/* All cores have left. */
void rs_site_side_destroy(struct site_side *side);

#endif
