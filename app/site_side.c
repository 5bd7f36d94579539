/* SPDX-License-Identifier: BSD-2-Clause */
#include "site_side.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/pages.h"
#include "io/dma.h"
#include "io/log.h"
#include "signals.h"

#define TAKEN_US 1000000 /* in less, every core has taken what it is offered, if it can */

static struct site_set *newest(const struct site_side *side)
{
	return side->sets[side->n_sets - 1];
}

/* ---- loading ---- */

static bool is_ending(void *ctx)
{
	const struct site_side *side = ctx;

	return rs_errand_is_called_off(&side->errand);
}

static void say_totals(const char *what, const struct site_set *set)
{
	struct site_totals t = rs_site_totals(set);

	rs_log("%s %" PRIu64 " files of %" PRIu64 " bytes, %" PRIu64
	       " of them anew, in %.2f s; they take %" PRIu64 " MiB of memory",
		what, t.n_files, t.n_bytes, t.n_read, (double)t.load_us / 1e6,
		t.n_held_bytes >> 20);
}

int rs_site_side_check(const struct site_options *options)
{
	struct site_progress progress;
	struct site_audience audience = {.say = rs_log_line, .progress = &progress};
	struct site_set *set;

	if (!options->n_sites)
		return 0;
	set = rs_site_load(options, NULL, &audience);
	rs_site_free(set);
	return set ? 0 : -EINVAL;
}

int rs_site_side_load(struct site_side *side, const struct site_options *options, bool watch)
{
	static const struct content_memory memory = {
		.alloc = rs_io_dma_alloc, .free = rs_io_dma_free};
	struct site_progress progress;
	struct site_audience audience = {.say = rs_log_line,
		.progress = &progress,
		.is_interrupted = rs_signals_is_end_pending};
	struct site_set *set;

	memset(side, 0, sizeof(*side));
	rs_site_watch_none(&side->watch);
	if (!options || !options->n_sites)
		return 0;
	side->own_options = *options;
	side->own_options.content.memory = &memory;
	side->options = options = &side->own_options;
	if (watch)
		rs_site_watch_open(&side->watch, options);
	rs_site_watch_begin(&side->watch);
	set = rs_site_load(options, NULL, &audience);
	if (!set)
		return rs_signals_is_end_pending(NULL) ? -EINTR : -EINVAL;
	side->sets[side->n_sets++] = set;
	rs_site_watch_loaded(&side->watch, rs_site_watch_directories(&side->watch, set), 0);
	say_totals("loaded", set);
	if (!rs_pages_may_be_huge(NULL))
		rs_log("files beyond the pages that are set aside (scripts/hugepages) lie in small "
		       "ones, which costs speed (" PAGES_SETTING " is never; madvise is enough)");
	return 0;
}

static void say_failed(uint32_t retry_s)
{
	if (retry_s)
		rs_log("reload: content stays as it was; it is tried again in %u s", retry_s);
	else
		rs_log("reload: content stays as it was");
}

static void take_loaded(struct site_side *side, uint64_t now_us)
{
	side->is_loading = false;
	if (!side->loaded) {
		say_failed(rs_site_watch_failed(&side->watch, now_us));
		return;
	}
	rs_site_watch_loaded(&side->watch, side->has_new, now_us);
	say_totals("reloaded", side->loaded);
	if (side->is_same) {
		side->unused[side->n_unused++] = side->loaded;
		return;
	}
	side->sets[side->n_sets++] = side->loaded;
	side->n_offered = 0;
	side->taken_by_us = now_us + TAKEN_US;
}

/* ---- the errand ---- */

static void load_again(struct site_side *side)
{
	struct site_audience audience = {
		.say = rs_log_line, .is_interrupted = is_ending, .ctx = side};

	side->loaded = rs_site_load(side->options, newest(side), &audience);
	if (!side->loaded)
		return;
	side->is_same = rs_site_is_same(newest(side), side->loaded);
	side->has_new = rs_site_watch_directories(&side->watch, side->loaded);
}

static void free_unused(struct site_side *side)
{
	while (side->n_unused)
		rs_site_free(side->unused[--side->n_unused]);
}

static void run_errand(void *ctx)
{
	struct site_side *side = ctx;

	free_unused(side);
	if (side->is_loading)
		load_again(side);
}

/* load: not only to free what is unused. */
static void start_errand(struct site_side *side, bool load, uint64_t now_us)
{
	int err;

	side->is_loading = load;
	err = rs_errand_start(&side->errand, run_errand, side);
	if (!err)
		return;
	side->is_loading = false;
	free_unused(side);
	if (!load)
		return;
	rs_log("reload: no thread: %s", strerror(-err));
	say_failed(rs_site_watch_failed(&side->watch, now_us));
}

/* ---- cores ---- */

void rs_site_side_add_core(struct site_side *side, struct site_core *core, struct http_env *env)
{
	if (!side->options)
		return;
	side->cores[side->n_cores++] = core;
	rs_site_core_offer(core, newest(side));
	rs_site_core_change(core, env);
	side->n_offered = side->n_cores;
}

static void offer_newest(struct site_side *side)
{
	while (side->n_offered < side->n_cores &&
		rs_site_core_offer(side->cores[side->n_offered], newest(side)))
		side->n_offered++;
}

static void list_unused(struct site_side *side)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < side->n_sets; i++) {
		if (i + 1 < side->n_sets && !rs_site_n_users(side->sets[i]))
			side->unused[side->n_unused++] = side->sets[i];
		else
			side->sets[n++] = side->sets[i];
	}
	side->n_sets = n;
}

static bool is_taken(const struct site_side *side)
{
	for (uint32_t i = 0; i < side->n_cores; i++) {
		if (i >= side->n_offered || !rs_site_core_has_taken(side->cores[i]))
			return false;
	}
	return true;
}

/* Each core keeps what it still sends of, up to a bound. */
static bool is_possible(const struct site_side *side)
{
	return side->n_offered == side->n_cores && side->n_sets < SITE_SIDE_SETS;
}

/* Who has asked for a load, or was told of one, is not served what he expects. */
static void note_held_up(struct site_side *side, uint64_t now_us)
{
	bool is_late = now_us >= side->taken_by_us && !is_taken(side);
	bool is_held_up = is_late || (side->reload_is_due && !is_possible(side));

	if (is_held_up && !side->is_held_up)
		rs_log("reload: it waits for replies that are still made of %u earlier loads",
			side->n_sets - 1);
	side->is_held_up = is_held_up;
}

void rs_site_side_reload(struct site_side *side)
{
	side->reload_is_due = side->options != NULL;
}

void rs_site_side_tick(struct site_side *side, uint64_t now_us)
{
	bool load;

	if (!side->options)
		return;
	side->reload_is_due |= rs_site_watch_is_due(&side->watch, now_us);
	if (rs_errand_is_out(&side->errand))
		return;
	if (side->is_loading)
		take_loaded(side, now_us);
	offer_newest(side);
	/* Only what every core has been offered has users to tell when it is done with. */
	if (side->n_offered == side->n_cores)
		list_unused(side);
	note_held_up(side, now_us);
	load = side->reload_is_due && is_possible(side);
	if (load) {
		side->reload_is_due = false;
		rs_site_watch_begin(&side->watch);
	}
	if (load || side->n_unused)
		start_errand(side, load, now_us);
}

void rs_site_side_stop(struct site_side *side)
{
	if (!side->options)
		return;
	rs_errand_call_off(&side->errand);
	if (side->is_loading)
		rs_site_free(side->loaded);
	side->is_loading = false;
}

void rs_site_side_destroy(struct site_side *side)
{
	if (!side->options)
		return;
	rs_site_side_stop(side);
	while (side->n_sets)
		rs_site_free(side->sets[--side->n_sets]);
	rs_site_watch_close(&side->watch);
	side->options = NULL;
}
