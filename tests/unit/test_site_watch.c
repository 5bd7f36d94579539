/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --watch, on a clock of the test's own: when a load is due after changes and after loads that
 * failed (docs/content.md, Changes). What the kernel tells of files is there when the call that
 * changed them returns.
 */
#include "content_site.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "site.h"
#include "site_watch.h"

#define QUIET_US    300000
#define PATIENCE_US 5000000
#define START_US    UINT64_C(1000000000)

static struct site_options options;
static struct site_watch watch;
static struct site_set *set;
static uint64_t now_us;

static void say(const char *line)
{
	(void)line;
}

static void load(void)
{
	struct site_set *next = rs_site_load(&options, set, &(struct site_audience){.say = say});

	assert_non_null(next);
	rs_site_free(set);
	set = next;
	rs_site_watch_loaded(&watch, rs_site_watch_directories(&watch, set), now_us);
}

static bool is_due_in(uint64_t us)
{
	now_us += us;
	return rs_site_watch_is_due(&watch, now_us);
}

/* Nothing has happened, now and for as long as anybody would wait for more. */
static void assert_nothing_is_due(void)
{
	assert_false(is_due_in(0));
	assert_false(is_due_in(QUIET_US));
	assert_false(is_due_in(PATIENCE_US));
}

/* Something has happened since it was asked for the last time. */
static void assert_change(void)
{
	assert_false(is_due_in(0));
	assert_false(is_due_in(QUIET_US - 1));
	assert_true(is_due_in(1));
	assert_nothing_is_due();
}

/* It is loaded once, watched, and all that this brings about is over. */
static void open_watch(const char *dir)
{
	options = (struct site_options){.n_sites = 1, .sites = {{.dir = dir}}};
	now_us = START_US;
	rs_site_watch_open(&watch, &options);
	assert_true(watch.fd >= 0);
	rs_site_watch_begin(&watch);
	load();
	assert_change();
}

static int setup(void **state)
{
	set = NULL;
	rs_site_watch_none(&watch);
	return site_setup(state);
}

static int teardown(void **state)
{
	rs_site_watch_close(&watch);
	rs_site_free(set);
	return site_teardown(state);
}

/* Of what came between loading a directory and watching it, nobody has told. */
static void new_directories_are_looked_at_once_more(void **state)
{
	struct site *dir = *state;

	site_dir(dir, "/a");
	open_watch(dir->root);
	load();
	assert_nothing_is_due();
	site_dir(dir, "/a/b");
	assert_change();
	load();
	assert_change();
	load();
	assert_nothing_is_due();
}

static void changes_are_noticed(void **state)
{
	struct site *dir = *state;
	char other[200];

	site_text(dir, "/file", "text");
	site_dir(dir, "/a");
	site_dir(dir, "/a/b");
	site_text(dir, "/a/b/deep", "text");
	open_watch(dir->root);
	site_text(dir, "/file", "other"); /* written in place */
	assert_change();
	site_text(dir, "/new", "text");
	assert_change();
	assert_int_equal(chmod(site_path(dir, "/new"), 0600), 0);
	assert_change();
	snprintf(other, sizeof(other), "%s/renamed", dir->root);
	assert_int_equal(rename(site_path(dir, "/new"), other), 0);
	assert_change();
	assert_int_equal(unlink(other), 0);
	assert_change();
	site_text(dir, "/a/b/deep", "other");
	assert_change();
	assert_int_equal(unlink(site_path(dir, "/a/b/deep")), 0);
	assert_change();
	assert_int_equal(rmdir(site_path(dir, "/a/b")), 0);
	assert_change();
	site_link(dir, "file", "/link");
	assert_change();
}

static void reading_is_no_change(void **state)
{
	struct site *dir = *state;
	char byte;
	int fd;

	site_text(dir, "/file", "text");
	open_watch(dir->root);
	fd = open(site_path(dir, "/file"), O_RDONLY);
	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
	load(); /* reads it all */
	assert_nothing_is_due();
}

static void a_swarm_of_changes_is_one(void **state)
{
	struct site *dir = *state;

	open_watch(dir->root);
	for (uint32_t i = 0; i < 16; i++) { /* for less than 5 s */
		site_text(dir, "/file", "text");
		assert_false(is_due_in(QUIET_US - 1));
	}
	assert_false(is_due_in(QUIET_US - 1));
	assert_true(is_due_in(1));
	assert_nothing_is_due();
}

static void changes_that_never_end_are_not_waited_for(void **state)
{
	struct site *dir = *state;

	open_watch(dir->root);
	for (uint32_t round = 0; round < 2; round++) {
		site_text(dir, "/file", "text");
		assert_false(is_due_in(0));
		for (uint32_t i = 0; i < 49; i++) {
			site_text(dir, "/file", "text");
			assert_false(is_due_in(PATIENCE_US / 50));
		}
		site_text(dir, "/file", "text");
		assert_false(is_due_in(PATIENCE_US / 50 - 1));
		assert_true(is_due_in(1));
	}
}

/* ---- writers that keep their file open ---- */

static void write_to(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Opened before anybody watches, and closed after: as a log, or a data base. */
static int open_writer(struct site *dir)
{
	int fd;

	site_text(dir, "/file", "text");
	fd = open(site_path(dir, "/file"), O_WRONLY | O_APPEND);
	assert_true(fd >= 0);
	return fd;
}

static void a_writer_that_pauses_is_loaded(void **state)
{
	struct site *dir = *state;
	int fd = open_writer(dir);

	open_watch(dir->root);
	is_due_in(PATIENCE_US);
	write_to(fd, "more");
	assert_change();
	assert_int_equal(truncate(site_path(dir, "/file"), 1), 0);
	assert_change();
	close(fd);
	assert_change(); /* IN_CLOSE_WRITE */
}

/* An upload is not loaded in its middle, be it longer than others are waited for. */
static void what_is_being_written_is_waited_for(void **state)
{
	struct site *dir = *state;
	int fd = open_writer(dir);

	open_watch(dir->root);
	is_due_in(PATIENCE_US);
	for (uint32_t i = 0; i < 100; i++) {
		write_to(fd, "more");
		assert_false(is_due_in(QUIET_US - 1));
	}
	assert_false(is_due_in(QUIET_US - 1));
	assert_true(is_due_in(1));
	close(fd);
}

/* A line each second: the tree is not read each time. */
static void a_writer_that_pauses_often_is_loaded_now_and_then(void **state)
{
	struct site *dir = *state;
	int fd = open_writer(dir);
	uint32_t n_loads = 0;

	open_watch(dir->root);
	is_due_in(PATIENCE_US);
	for (uint32_t i = 0; i < 100; i++) {
		write_to(fd, "line\n");
		n_loads += is_due_in(0);
		n_loads += is_due_in(QUIET_US);
		n_loads += is_due_in(1000000 - QUIET_US);
	}
	assert_in_range(n_loads, 100 / 6, 100 / 5 + 1);
	close(fd);
}

/* Others need not wait for them. */
static void a_change_beside_a_writer_is_loaded(void **state)
{
	struct site *dir = *state;
	int fd = open_writer(dir);

	open_watch(dir->root);
	site_text(dir, "/other", "text");
	assert_false(is_due_in(0));
	for (uint32_t i = 0; i < 49; i++) {
		write_to(fd, "more");
		assert_false(is_due_in(PATIENCE_US / 50));
	}
	write_to(fd, "more");
	assert_true(is_due_in(PATIENCE_US / 50));
	close(fd);
}

/* More events than are read at once are one change, too. */
static void many_events_are_one_change(void **state)
{
	struct site *dir = *state;
	char name[300];

	open_watch(dir->root);
	for (uint32_t i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "/%0200u", i);
		site_text(dir, name, "text");
	}
	assert_change();
}

/* ---- roots ---- */

/* dir/link leads to dir/now, which leads to dir/a. */
static void put_releases(const struct site *dir)
{
	site_dir(dir, "/a");
	site_dir(dir, "/b");
	site_link(dir, "a", "/now");
	site_link(dir, "now", "/link");
}

static void open_link(const struct site *dir)
{
	static char root[200];

	snprintf(root, sizeof(root), "%s/link", dir->root);
	open_watch(root);
}

static void watch_link(const struct site *dir)
{
	put_releases(dir);
	open_link(dir);
}

/* As the kernel lists them. */
static uint32_t count_watches(void)
{
	char name[64], line[256];
	uint32_t n = 0;
	FILE *info;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", watch.fd);
	info = fopen(name, "r");
	assert_non_null(info);
	while (fgets(line, sizeof(line), info))
		n += !strncmp(line, "inotify ", 8);
	fclose(info);
	return n;
}

static void turn(const struct site *dir, const char *target)
{
	char now[200];

	snprintf(now, sizeof(now), "%s/now", dir->root);
	site_link(dir, target, "/next");
	assert_int_equal(rename(site_path(dir, "/next"), now), 0);
}

static void a_link_that_is_turned_is_a_change(void **state)
{
	const struct site *dir = *state;

	watch_link(dir);
	turn(dir, "b");
	assert_change();
	turn(dir, "nowhere");
	assert_change();
	assert_nothing_is_due();
	turn(dir, "a");
	assert_change();
}

static void a_root_that_is_replaced_is_a_change(void **state)
{
	const struct site *dir = *state;
	char root[200], old[200];

	put_releases(dir);
	snprintf(root, sizeof(root), "%s/a", dir->root);
	snprintf(old, sizeof(old), "%s/old", dir->root);
	open_watch(root);
	assert_int_equal(rename(root, old), 0);
	assert_int_equal(rename(site_path(dir, "/b"), root), 0);
	assert_change();
}

/* Any of them, not the first or the last alone. */
static void all_roots_are_looked_at(void **state)
{
	const struct site *dir = *state;
	char roots[3][200];

	site_dir(dir, "/x");
	for (uint32_t i = 0; i < 3; i++) {
		snprintf(roots[i], sizeof(roots[i]), "%s/%u", dir->root, i);
		assert_int_equal(symlink("x", roots[i]), 0);
	}
	site_dir(dir, "/y");
	open_watch(roots[0]);
	for (uint32_t i = 1; i < 3; i++) {
		options.sites[i].dir = roots[i];
		options.n_sites++;
	}
	rs_site_watch_begin(&watch);
	load();
	assert_nothing_is_due();
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(unlink(roots[i]), 0);
		assert_int_equal(symlink("y", roots[i]), 0);
		assert_change();
	}
}

/* The kernel has a bound on what is watched, and nobody serves what is done there. */
static void what_is_served_no_more_is_not_watched(void **state)
{
	const struct site *dir = *state;
	uint32_t n_watched;

	put_releases(dir);
	site_dir(dir, "/a/below");
	site_dir(dir, "/b/below");
	open_link(dir);
	n_watched = count_watches();
	assert_int_equal(n_watched, 2);
	turn(dir, "b");
	assert_change();
	load();
	assert_change(); /* b was not watched before */
	assert_int_equal(count_watches(), n_watched);
	site_text(dir, "/a/file", "text");
	site_text(dir, "/a/below/file", "text");
	assert_nothing_is_due();
	site_text(dir, "/b/below/file", "text");
	assert_change();
}

/* dir/www is the root, and dir/www/media a link to dir/media, in which nobody looks. */
static void watch_link_to_outside(const struct site *dir)
{
	static char root[200];

	site_dir(dir, "/www");
	site_dir(dir, "/media");
	site_link(dir, "../media", "/www/media");
	snprintf(root, sizeof(root), "%s/www", dir->root);
	open_watch(root);
	options.content.outside_links = true;
	load();
	assert_change(); /* media was not watched before */
}

static void a_directory_outside_that_is_replaced_is_a_change(void **state)
{
	const struct site *dir = *state;
	char media[200], old[200];

	watch_link_to_outside(dir);
	site_dir(dir, "/new");
	snprintf(media, sizeof(media), "%s/media", dir->root);
	snprintf(old, sizeof(old), "%s/old", dir->root);
	assert_int_equal(rename(media, old), 0);
	assert_int_equal(rename(site_path(dir, "/new"), media), 0);
	assert_change();
	load();
	assert_change(); /* the new one was not watched before */
	load();
	site_text(dir, "/old/file", "text");
	assert_nothing_is_due();
	site_text(dir, "/media/file", "text");
	assert_change();
}

static void a_directory_outside_that_is_made_anew_is_a_change(void **state)
{
	const struct site *dir = *state;

	watch_link_to_outside(dir);
	assert_int_equal(rmdir(site_path(dir, "/media")), 0);
	site_dir(dir, "/media");
	site_text(dir, "/media/file", "text");
	assert_change();
}

/* Number and all: file systems give it to the next that is made. */
static void an_empty_root_that_is_made_anew_is_a_change(void **state)
{
	const struct site *dir = *state;
	char root[200];
	struct stat st;

	snprintf(root, sizeof(root), "%s/root", dir->root);
	site_dir(dir, "/root");
	open_watch(root);
	assert_int_equal(rmdir(root), 0);
	site_dir(dir, "/root");
	assert_int_equal(stat(root, &st), 0);
	watch.roots[0].ino = st.st_ino;
	assert_change();
}

/* What a load finds is what it has begun with. */
static void a_root_that_is_replaced_before_a_load_is_no_change_after_it(void **state)
{
	const struct site *dir = *state;

	watch_link(dir);
	turn(dir, "b");
	rs_site_watch_begin(&watch);
	load();
	assert_change(); /* b was not watched before */
	rs_site_watch_begin(&watch);
	turn(dir, "a");
	load();
	assert_change();
}

/* ---- failures ---- */

static void loads_that_fail_are_tried_again(void **state)
{
	static const uint32_t waits_s[] = {1, 2, 4, 8, 16, 32, 64, 64, 64};
	struct site *dir = *state;

	open_watch(dir->root);
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(waits_s); i++) {
			uint64_t wait_us = waits_s[i] * UINT64_C(1000000);

			assert_int_equal(rs_site_watch_failed(&watch, now_us), waits_s[i]);
			assert_false(is_due_in(wait_us - 1));
			assert_true(is_due_in(1));
			assert_false(is_due_in(3600 * UINT64_C(1000000))); /* it goes on */
		}
		load(); /* then the first wait is short again */
		assert_nothing_is_due();
	}
}

/* It does not take the time that a retry would. */
static void a_change_ends_the_wait_for_a_retry(void **state)
{
	struct site *dir = *state;

	open_watch(dir->root);
	for (uint32_t i = 0; i < 6; i++)
		rs_site_watch_failed(&watch, now_us);
	site_text(dir, "/file", "text");
	assert_false(is_due_in(0));
	assert_true(is_due_in(QUIET_US));
}

static void closed_is_closed(void **state)
{
	const struct site *dir = *state;
	int fd;

	open_watch(dir->root);
	fd = watch.fd;
	rs_site_watch_close(&watch);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(watch.fd, -1);
	assert_false(is_due_in(PATIENCE_US));
}

/* It is said; the process goes on. */
static void without_a_descriptor_nothing_is_watched(void **state)
{
	struct rlimit before, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	memset(&watch, 0xff, sizeof(watch));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	rs_site_watch_open(&watch, &options);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(watch.fd, -1);
	assert_int_equal(rs_site_watch_failed(&watch, 0), 0);
	assert_false(rs_site_watch_is_due(&watch, UINT64_MAX));
}

/* Has this process, alone, watch so many directories at most? */
static bool limit_watches(const char *n)
{
	int fd = unshare(CLONE_NEWUSER) ? -1 : open("/proc/sys/user/max_inotify_watches", O_WRONLY);
	bool ok = fd >= 0 && write(fd, n, strlen(n)) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

#define CANNOT_TELL 77

/* Of five directories: how many are not watched, where the kernel allows three. */
static int count_unwatched(const char *dir)
{
	if (!limit_watches("3"))
		return CANNOT_TELL;
	options = (struct site_options){.n_sites = 1, .sites = {{.dir = dir}}};
	rs_site_watch_open(&watch, &options);
	rs_site_watch_begin(&watch);
	load();
	if (count_watches() != 3)
		return CANNOT_TELL + 1;
	return (int)watch.n_unwatched;
}

static void directories_beyond_the_bound_are_counted(void **state)
{
	static const char *const names[] = {"/a", "/b", "/c", "/d"};
	struct site *dir = *state;
	int status;
	pid_t child;

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(names); i++)
		site_dir(dir, names[i]);
	child = fork();
	if (child == 0)
		_exit(count_unwatched(dir->root));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT_TELL)
		skip();
	assert_int_equal(WEXITSTATUS(status), 2);
}

static void without_watch_nothing_is_ever_due(void **state)
{
	(void)state;
	rs_site_watch_begin(&watch);
	assert_false(rs_site_watch_directories(&watch, NULL));
	assert_int_equal(rs_site_watch_failed(&watch, 0), 0);
	assert_false(rs_site_watch_is_due(&watch, UINT64_MAX));
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(new_directories_are_looked_at_once_more),
		test(changes_are_noticed),
		test(reading_is_no_change),
		test(a_swarm_of_changes_is_one),
		test(changes_that_never_end_are_not_waited_for),
		test(many_events_are_one_change),
		test(a_writer_that_pauses_is_loaded),
		test(what_is_being_written_is_waited_for),
		test(a_writer_that_pauses_often_is_loaded_now_and_then),
		test(a_change_beside_a_writer_is_loaded),
		test(a_link_that_is_turned_is_a_change),
		test(a_root_that_is_replaced_is_a_change),
		test(all_roots_are_looked_at),
		test(what_is_served_no_more_is_not_watched),
		test(a_directory_outside_that_is_replaced_is_a_change),
		test(a_directory_outside_that_is_made_anew_is_a_change),
		test(an_empty_root_that_is_made_anew_is_a_change),
		test(a_root_that_is_replaced_before_a_load_is_no_change_after_it),
		test(loads_that_fail_are_tried_again),
		test(a_change_ends_the_wait_for_a_retry),
		test(closed_is_closed),
		test(without_a_descriptor_nothing_is_watched),
		test(directories_beyond_the_bound_are_counted),
		test(without_watch_nothing_is_ever_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
