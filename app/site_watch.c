/* SPDX-License-Identifier: BSD-2-Clause */
#include "site_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
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
#define POST_CHANGES    (IN_CREATE | IN_MOVED_TO)

void rs_site_watch_none(struct site_watch *w)
{
	memset(w, 0, sizeof(*w));
	w->fd = -1;
}

void rs_site_watch_open(struct site_watch *w)
{
	rs_site_watch_none(w);
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

/* ---- directories ---- */

/* Its number, or -1. */
static int watch(struct site_watch *w, const char *name, uint32_t changes)
{
	int number = inotify_add_watch(w->fd, name, changes | IN_ONLYDIR | IN_MASK_ADD);

	/* One that is gone already will have changed its parent. */
	if (number < 0 && errno != ENOENT && errno != ENOTDIR && !w->is_failing) {
		w->is_failing = true;
		rs_log("--watch: %s: %s; send SIGHUP after changes there%s", name, strerror(errno),
			errno == ENOSPC ? ", or raise fs.inotify.max_user_watches" : "");
	}
	if (number > w->last)
		w->last = number;
	return number;
}

/* The directory of parent_len bytes at the beginning of root, where a name leads on. */
static void add_post(
	struct site_watch *w, const char *root, uint32_t parent_len, const char *name, uint32_t len)
{
	char parent[PATH_MAX] = ".";

	if (w->n_posts == SITE_WATCH_POSTS || parent_len >= sizeof(parent)) {
		if (!w->is_failing)
			rs_log("--watch: too many directories lead to the sites, or too long names "
			       "(%s); send SIGHUP where a root is replaced",
				root);
		w->is_failing = true;
		return;
	}
	if (parent_len)
		snprintf(parent, sizeof(parent), "%.*s", (int)parent_len, root);
	w->posts[w->n_posts].watch = watch(w, parent, POST_CHANGES);
	w->posts[w->n_posts].name = name;
	w->posts[w->n_posts].len = len;
	w->posts[w->n_posts].is_content = false;
	w->n_posts++;
}

static void add_posts(struct site_watch *w, const char *root)
{
	const char *name = root + strspn(root, "/");

	while (*name) {
		uint32_t len = (uint32_t)strcspn(name, "/");

		add_post(w, root, (uint32_t)(name - root), name, len);
		name += len;
		name += strspn(name, "/");
	}
}

static void add_directory(struct site_watch *w, const char *root, struct span path)
{
	char name[PATH_MAX];
	int n = snprintf(
		name, sizeof(name), "%s%.*s", root, (int)path.len, (const char *)path.data);
	int number;

	if (n >= (int)sizeof(name))
		return;
	number = watch(w, name, CONTENT_CHANGES);
	for (uint32_t i = 0; i < w->n_posts; i++)
		w->posts[i].is_content |= w->posts[i].watch == number;
}

/*
 * What has changed in a directory between its loading and its first watch, nobody has seen: where
 * there are new ones, everything is looked at once more.
 */
void rs_site_watch_add(struct site_watch *w, const struct site_options *options,
	const struct site_set *set, uint64_t now_us)
{
	int before = w->last;

	if (w->fd < 0)
		return;
	w->is_failing = false;
	w->n_failures = 0;
	w->n_posts = 0;
	for (uint32_t i = 0; i < options->n_sites; i++)
		add_posts(w, options->sites[i].dir);
	for (uint32_t i = 0; i < options->n_sites; i++) {
		const char *root = options->sites[i].dir;
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

/* In a directory that only leads to a root, most names are of no interest. */
static bool matters(const struct site_watch *w, const struct inotify_event *event)
{
	bool is_post = false;

	for (uint32_t i = 0; i < w->n_posts; i++) {
		if (w->posts[i].watch != event->wd)
			continue;
		if (w->posts[i].is_content || !event->len ||
			(strnlen(event->name, event->len) == w->posts[i].len &&
				memcmp(event->name, w->posts[i].name, w->posts[i].len) == 0))
			return true;
		is_post = true;
	}
	return !is_post;
}

static bool read_events(const struct site_watch *w)
{
	_Alignas(struct inotify_event) char events[4096];
	bool changed = false;
	ssize_t n;

	while ((n = read(w->fd, events, sizeof(events))) > 0) {
		const struct inotify_event *event;

		for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const struct inotify_event *)(const void *)(events + at);
			changed |= matters(w, event);
		}
	}
	return changed;
}

bool rs_site_watch_is_due(struct site_watch *w, uint64_t now_us)
{
	if (w->fd < 0)
		return false;
	if (read_events(w))
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
