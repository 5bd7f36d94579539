/* SPDX-License-Identifier: BSD-2-Clause */
#include "site_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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
#define RETRY_S       1
#define RETRY_DOUBLES 6
/* Of the directory itself, too: who has a link to it from elsewhere does not watch what it is in.
 */
#define WATCHED                                                                                    \
	(IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB |                \
		IN_DELETE_SELF | IN_MOVE_SELF)
/* Of events, at once: who makes them without end does not hold up the control core. */
#define READ_BYTES 4096
#define MAX_READS  64

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
		rs_log("--watch: %s; send SIGHUP after changes%s", strerror(errno),
			errno == EMFILE ? ", or raise fs.inotify.max_user_instances (or ulimit -n)"
					: "");
}

void rs_site_watch_close(struct site_watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	free(w->watched.numbers);
	w->watched = (struct watch_list){0};
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

/* What came of watching them, one after the other. */
struct attempt {
	struct watch_list now;
	uint32_t n_failed;
	int first_error;
	char first_failed[PATH_MAX];
};

static bool list(struct watch_list *to, int number)
{
	uint32_t n_room = to->n_room ? 2 * to->n_room : 64;
	int *numbers;

	if (to->n == to->n_room) {
		numbers = realloc(to->numbers, n_room * sizeof(*numbers));
		if (!numbers)
			return false;
		to->numbers = numbers;
		to->n_room = n_room;
	}
	to->numbers[to->n++] = number;
	return true;
}

static void watch(struct site_watch *w, const char *name, struct attempt *attempt)
{
	int number = inotify_add_watch(w->fd, name, WATCHED | IN_ONLYDIR);

	if (number >= 0 && list(&attempt->now, number))
		return;
	/* One that is gone already will have changed its parent. */
	if (errno == ENOENT || errno == ENOTDIR)
		return;
	if (attempt->n_failed++)
		return;
	attempt->first_error = errno;
	snprintf(attempt->first_failed, sizeof(attempt->first_failed), "%.*s", PATH_MAX - 1, name);
}

static void watch_directory(
	struct site_watch *w, const char *root, struct span path, struct attempt *attempt)
{
	char name[2 * PATH_MAX]; /* more than the kernel takes, which then says so */

	snprintf(name, sizeof(name), "%s%.*s", root, (int)path.len, (const char *)path.data);
	watch(w, name, attempt);
}

static void say_failed(const struct attempt *attempt)
{
	if (attempt->n_failed)
		rs_log("--watch: %u directories are not watched, the first is %s: %s; send SIGHUP "
		       "after changes there%s",
			attempt->n_failed, attempt->first_failed, strerror(attempt->first_error),
			attempt->first_error == ENOSPC ? ", or raise fs.inotify.max_user_watches"
						       : "");
}

static int by_number(const void *a, const void *b)
{
	int left = *(const int *)a, right = *(const int *)b;

	return left < right ? -1 : left > right;
}

/*
 * These are watched from now on, and what is not among them no more: a release of before, or what
 * was moved out of the root. Returns whether there are new ones.
 */
static bool take_over(struct site_watch *w, struct watch_list *now)
{
	const struct watch_list *before = &w->watched;
	bool has_new = false;
	uint32_t i = 0;

	if (now->n)
		qsort(now->numbers, now->n, sizeof(*now->numbers), by_number);
	for (uint32_t k = 0; k < now->n; k++) {
		if (k && now->numbers[k] == now->numbers[k - 1]) /* by two ways */
			continue;
		while (i < before->n && before->numbers[i] < now->numbers[k])
			inotify_rm_watch(w->fd, before->numbers[i++]);
		while (i < before->n && before->numbers[i] == now->numbers[k])
			i++;
		has_new |= !i || before->numbers[i - 1] != now->numbers[k];
	}
	while (i < before->n)
		inotify_rm_watch(w->fd, before->numbers[i++]);
	free(w->watched.numbers);
	w->watched = *now;
	return has_new;
}

bool rs_site_watch_directories(struct site_watch *w, const struct site_set *set)
{
	struct attempt attempt = {0};

	if (w->fd < 0)
		return false;
	for (uint32_t i = 0; i < w->options->n_sites; i++) {
		const char *root = w->options->sites[i].dir;
		struct span path = {.data = (const uint8_t *)"", .len = 0};
		uint32_t at = 0;

		do
			watch_directory(w, root, path, &attempt);
		while (rs_site_next_directory(set, i, &at, &path));
	}
	say_failed(&attempt);
	w->n_unwatched = attempt.n_failed;
	return take_over(w, &attempt.now);
}

/* What has changed in a directory between its loading and its first watch, nobody has seen. */
void rs_site_watch_loaded(struct site_watch *w, bool has_new, uint64_t now_us)
{
	w->n_failures = 0;
	if (has_new)
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

struct news {
	bool changed; /* that a watch has ended is none */
	bool written; /* and may go on: by somebody who has not closed the file, or truncate(2) */
};

static void take_events(struct news *news, const char *events, ssize_t n)
{
	const struct inotify_event *event;

	for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const void *)(events + at);
		news->written |= event->mask & IN_MODIFY;
		news->changed |= !(event->mask & (IN_MODIFY | IN_IGNORED));
	}
}

static struct news read_events(const struct site_watch *w)
{
	_Alignas(struct inotify_event) char events[READ_BYTES];
	struct news news = {0};

	for (uint32_t i = 0; i < MAX_READS; i++) {
		ssize_t n = read(w->fd, events, sizeof(events));

		if (n <= 0)
			break;
		take_events(&news, events, n);
	}
	return news;
}

/* ---- when ---- */

static void note_news(struct site_watch *w, uint64_t now_us)
{
	struct news news = read_events(w);

	if (have_moved(w) || news.changed)
		note_change(w, now_us);
	if (!news.written)
		return;
	w->is_written = true;
	w->quiet_us = now_us + QUIET_US;
}

/* What is only written is not loaded in the midst of it, nor for each pause of a slow writer. */
static bool is_time(const struct site_watch *w, uint64_t now_us)
{
	bool is_quiet = now_us >= w->quiet_us;

	if (w->has_changed && (is_quiet || now_us >= w->changed_us + PATIENCE_US))
		return true;
	return w->is_written && is_quiet && now_us >= w->due_us + PATIENCE_US;
}

bool rs_site_watch_is_due(struct site_watch *w, uint64_t now_us)
{
	if (w->fd < 0)
		return false;
	note_news(w, now_us);
	if (w->n_failures && now_us >= w->retry_us) {
		w->retry_us = UINT64_MAX; /* until this load fails, too */
		return true;
	}
	if (!is_time(w, now_us))
		return false;
	w->has_changed = w->is_written = false;
	w->due_us = now_us;
	return true;
}
