/* SPDX-License-Identifier: BSD-2-Clause */
#include "site_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "io/log.h"

/* Changes come in swarms: one reload for all of them, when no more have come for so long … */
#define QUIET_US 300000
/* … but for somebody who never stops writing. */
#define PATIENCE_US 5000000
/* After failures: the first time, from which on it doubles so often. */
#define RETRY_S         1
#define RETRY_DOUBLES   6
#define CONTENT_CHANGES (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB)

void rs_site_watch_none(struct site_watch *w)
{
	memset(w, 0, sizeof(*w));
	w->fd = -1;
}

void rs_site_watch_open(struct site_watch *w, const struct site_options *options)
{
	rs_site_watch_none(w);
	w->options = options;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0)
		rs_log("--watch: %s; send SIGHUP after changes", strerror(errno));
}

void rs_site_watch_close(struct site_watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

static void note_change(struct site_watch *w, uint64_t now_us)
{
	if (!w->has_changed)
		w->changed_us = now_us;
	w->has_changed = true;
	w->quiet_us = now_us + QUIET_US;
}

/* ---- roots ---- */

/* Whether any is another directory than before, or none; which is noted. */
static bool have_moved(struct site_watch *w)
{
	bool have = false;

	for (uint32_t i = 0; i < w->options->n_sites; i++) {
		struct stat st;

		if (stat(w->options->sites[i].dir, &st))
			st = (struct stat){0};
		have |= st.st_dev != w->roots[i].dev || st.st_ino != w->roots[i].ino;
		w->roots[i].dev = st.st_dev;
		w->roots[i].ino = st.st_ino;
	}
	return have;
}

void rs_site_watch_begin(struct site_watch *w)
{
	if (w->fd >= 0)
		have_moved(w);
}

/* ---- directories ---- */

static void watch(struct site_watch *w, const char *name)
{
	int number = inotify_add_watch(w->fd, name, CONTENT_CHANGES | IN_ONLYDIR);

	/* One that is gone already will have changed its parent. */
	if (number < 0 && errno != ENOENT && errno != ENOTDIR && !w->is_failing) {
		w->is_failing = true;
		rs_log("--watch: %.*s: %s; send SIGHUP after changes there%s", PATH_MAX, name,
			strerror(errno),
			errno == ENOSPC ? ", or raise fs.inotify.max_user_watches" : "");
	}
	if (number > w->last)
		w->last = number;
}

static void add_directory(struct site_watch *w, const char *root, struct span path)
{
	char name[2 * PATH_MAX]; /* more than the kernel takes, which then says so */

	snprintf(name, sizeof(name), "%s%.*s", root, (int)path.len, (const char *)path.data);
	watch(w, name);
}

/*
 * What has changed in a directory between its loading and its first watch, nobody has seen: where
 * there are new ones, everything is looked at once more.
 */
void rs_site_watch_add(struct site_watch *w, const struct site_set *set, uint64_t now_us)
{
	int before = w->last;

	if (w->fd < 0)
		return;
	w->is_failing = false;
	w->n_failures = 0;
	for (uint32_t i = 0; i < w->options->n_sites; i++) {
		const char *root = w->options->sites[i].dir;
		struct span path;

		add_directory(w, root, (struct span){.data = (const uint8_t *)"", .len = 0});
		for (uint32_t at = 0; rs_site_next_directory(set, i, &at, &path);)
			add_directory(w, root, path);
	}
	if (w->last > before)
		note_change(w, now_us);
}

uint32_t rs_site_watch_failed(struct site_watch *w, uint64_t now_us)
{
	uint32_t wait_s = RETRY_S << rs_min_u32(w->n_failures, RETRY_DOUBLES);

	if (w->fd < 0)
		return 0;
	w->n_failures++;
	w->retry_us = now_us + wait_s * UINT64_C(1000000);
	return wait_s;
}

/* ---- events ---- */

static bool read_events(const struct site_watch *w)
{
	_Alignas(struct inotify_event) char events[4096];
	bool changed = false;

	while (read(w->fd, events, sizeof(events)) > 0)
		changed = true;
	return changed;
}

bool rs_site_watch_is_due(struct site_watch *w, uint64_t now_us)
{
	bool changed;

	if (w->fd < 0)
		return false;
	changed = read_events(w);
	changed |= have_moved(w);
	if (changed)
		note_change(w, now_us);
	if (w->n_failures && now_us >= w->retry_us) {
		w->retry_us = UINT64_MAX; /* until this load fails, too */
		return true;
	}
	if (!w->has_changed || (now_us < w->quiet_us && now_us < w->changed_us + PATIENCE_US))
		return false;
	w->has_changed = false;
	return true;
}
