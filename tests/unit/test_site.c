/* SPDX-License-Identifier: BSD-2-Clause */
/* Sites as they are loaded: what is refused, and what their replies depend on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "site.h"
#include "site_side.h"
#include "temp.h"

/* ---- fixture: two directories ---- */

#define PATH_BYTES (2 * TEMP_PATH_BYTES + 32) /* below one of dirs, with a name */

static char dirs[2][TEMP_PATH_BYTES];
static char said[512]; /* last */
static uint32_t n_said;

static void say(const char *line)
{
	n_said++;
	snprintf(said, sizeof(said), "%s", line);
}

static int setup(void **state)
{
	(void)state;
	said[0] = '\0';
	for (int i = 0; i < 2; i++)
		temp_new_dir(dirs[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		temp_remove(dirs[i]);
	return 0;
}

static void put(const char *dir, const char *name)
{
	char path[PATH_BYTES];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
}

static void put_zeros(const char *dir, const char *name, off_t len)
{
	char path[PATH_BYTES];

	put(dir, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(truncate(path, len), 0);
}

/* The first n directories, for hosts of their own. */
static struct site_options sites(uint32_t n)
{
	static const char *const hosts[] = {"a.test", "b.test"};
	struct site_options options = {.n_sites = n};

	for (uint32_t i = 0; i < n; i++) {
		options.sites[i].host = hosts[i];
		options.sites[i].dir = dirs[i];
	}
	return options;
}

static struct site_set *load(const struct site_options *options)
{
	return rs_site_load(options, NULL, &(struct site_audience){.say = say});
}

/* ---- error pages ---- */

static void an_error_page_of_one_site_is_enough(void **state)
{
	struct site_options options = sites(2);
	struct site_set *set;

	(void)state;
	put(dirs[1], "404.html");
	options.n_error_pages = 1;
	options.error_pages[0].status = 404;
	options.error_pages[0].path = "/404.html";
	set = load(&options);
	assert_non_null(set);
	rs_site_free(set);
	options.n_sites = 1;
	assert_null(load(&options));
	assert_string_equal(said, "--error-page 404=/404.html: there is no such file");
	options.n_sites = 2;
	options.error_pages[0].path = "/405.html";
	assert_null(load(&options));
	assert_string_equal(said, "--error-page 404=/405.html: there is no such file in any site");
	options.error_pages[0].path = "/404.html";
	options.patterns[0] = (struct content_pattern){"*.html", "Content-Encoding: gzip"};
	options.n_patterns = 1;
	assert_null(load(&options));
	assert_string_equal(said, "--error-page 404=/404.html: the file has a Content-Encoding of "
				  "--header, as refusals have none");
}

static void a_file_to_try_of_one_site_is_enough(void **state)
{
	struct site_options options = sites(2);
	struct site_set *set;

	(void)state;
	put(dirs[1], "app.html");
	options.n_tries = 2;
	options.tries[0].what = ".nowhere";
	options.tries[1].what = "/app.html";
	set = load(&options);
	assert_non_null(set);
	rs_site_free(set);
	options.n_sites = 1;
	assert_null(load(&options));
	assert_string_equal(said, "--try /app.html: there is no such file");
	options.n_sites = 2;
	options.tries[1].what = "/"; /* a directory is none */
	assert_null(load(&options));
	assert_string_equal(said, "--try /: there is no such file in any site");
}

/* ---- what cannot be loaded ---- */

static void what_fails_is_named_as_it_was_given(void **state)
{
	struct site_options options = sites(2);

	(void)state;
	options.sites[1].dir = "/does/not/exist";
	assert_null(load(&options));
	assert_string_equal(
		said, "--site b.test=/does/not/exist: cannot be read: No such file or directory");
	options.sites[1].host = NULL;
	assert_null(load(&options));
	assert_string_equal(
		said, "--root /does/not/exist: cannot be read: No such file or directory");
	options.content.types_file = "/dev";
	assert_null(load(&options));
	assert_string_equal(said, "--mime-types /dev: cannot be read: Is a directory");
	options.content.types_file = "/dev/zero"; /* it has no end */
	assert_null(load(&options));
	assert_string_equal(said, "--mime-types /dev/zero: cannot be read: File too large");
}

/* ---- what sites have in common ---- */

static void the_same_bytes_are_kept_once_for_all_sites(void **state)
{
	struct site_options options = sites(2);
	struct site_set *one, *two;

	(void)state;
	options.n_sites = 1;
	for (int i = 0; i < 2; i++)
		put_zeros(dirs[i], "large", 3 << 20);
	put(dirs[1], "other");
	one = load(&options);
	options.n_sites = 2;
	two = load(&options);
	assert_non_null(one);
	assert_non_null(two);
	assert_int_equal(rs_site_totals(two).n_files, 3);
	assert_int_equal(rs_site_totals(two).n_bytes, 2 * (3 << 20) + 4);
	/* The second was in memory twice for a moment. */
	assert_int_equal(rs_site_totals(two).n_held_bytes, rs_site_totals(one).n_held_bytes);
	rs_site_free(one);
	one = rs_site_load(&options, two, &(struct site_audience){.say = say});
	rs_site_free(two);
	assert_non_null(one);
	rs_site_free(one);
}

static void the_bound_is_that_of_all_sites(void **state)
{
	struct site_options options = sites(2);
	struct site_set *set;

	(void)state;
	put_zeros(dirs[0], "large", 3 << 20);
	put_zeros(dirs[1], "large", (3 << 20) + 1);
	options.content.max_bytes = 6 << 20;
	assert_null(load(&options));
	assert_non_null(strstr(said, dirs[1]));
	assert_non_null(strstr(said, "of them for what is loaded already, and the bound is"));
	options.content.max_bytes = 12 << 20;
	set = load(&options);
	assert_non_null(set);
	rs_site_free(set);
}

/* As with the names of a server elsewhere: example.com, and www.example.com. */
static void a_directory_of_two_hosts_is_loaded_once(void **state)
{
	struct site_options options = sites(2);
	struct site_set *set, *next;

	(void)state;
	put(dirs[0], "file");
	options.sites[1].dir = dirs[0];
	set = load(&options);
	assert_non_null(set);
	assert_int_equal(rs_site_totals(set).n_files, 1);
	assert_int_equal(rs_site_totals(set).n_read, 1);
	next = rs_site_load(&options, set, &(struct site_audience){.say = say});
	assert_non_null(next);
	rs_site_free(set);
	assert_int_equal(rs_site_totals(next).n_files, 1);
	rs_site_free(next);
}

/* ---- the end of a load ---- */

static void a_signal_ends_the_first_load(void **state)
{
	struct site_options options = sites(1);
	struct site_side side;
	sigset_t set, before;
	int number;

	(void)state;
	put(dirs[0], "file");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	raise(SIGTERM);
	assert_int_equal(rs_site_side_load(&side, &options, false), -EINTR);
	rs_site_side_destroy(&side);
	assert_int_equal(sigwait(&set, &number), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(rs_site_side_load(&side, &options, false), 0);
	rs_site_side_destroy(&side);
}

/* ---- who does what takes long ---- */

static pthread_t ticks;
static uint32_t n_watches, n_watches_by_ticks;

/* In the place of libc's. */
int inotify_add_watch(int fd, const char *name, uint32_t mask)
{
	n_watches++;
	n_watches_by_ticks += pthread_equal(pthread_self(), ticks) != 0;
	return (int)syscall(SYS_inotify_add_watch, fd, name, mask);
}

/* It has neighbours and signals to answer. */
static void who_ticks_neither_watches_directories_nor_frees_content(void **state)
{
	struct site_options options = sites(1);
	struct site_side side;
	uint64_t now_us = 1000000;

	(void)state;
	put(dirs[0], "file");
	assert_int_equal(rs_site_side_load(&side, &options, true), 0);
	ticks = pthread_self();
	n_watches = n_watches_by_ticks = 0;
	rs_site_side_reload(&side);
	for (uint32_t ms = 0; ms < 10000 && (!ms || side.is_loading); ms++) {
		rs_site_side_tick(&side, now_us);
		poll(NULL, 0, 1);
	}
	assert_int_equal(n_watches, 1);
	assert_int_equal(n_watches_by_ticks, 0);
	assert_false(side.is_loading); /* but freeing what was served before */
	assert_true(side.errand.is_out);
	assert_int_equal(side.n_sets, 1);
	rs_site_side_stop(&side);
	assert_int_equal(side.n_unused, 0);
	rs_site_side_destroy(&side);
}

/* Of threads to come. Returns what it was. */
static size_t set_stack_bytes(size_t n_bytes)
{
	pthread_attr_t attr;
	size_t before;

	assert_int_equal(pthread_getattr_default_np(&attr), 0);
	assert_int_equal(pthread_attr_getstacksize(&attr, &before), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, n_bytes), 0);
	assert_int_equal(pthread_setattr_default_np(&attr), 0);
	pthread_attr_destroy(&attr);
	return before;
}

static uint64_t newest_files(const struct site_side *side)
{
	return rs_site_totals(side->sets[side->n_sets - 1]).n_files;
}

/* A change that was watched would be seen no more. */
static void without_a_thread_a_change_is_loaded_later(void **state)
{
	struct site_options options = sites(1);
	struct site_side side;
	uint64_t now_us = 1000000;
	size_t stack_bytes;

	(void)state;
	put(dirs[0], "file");
	assert_int_equal(rs_site_side_load(&side, &options, true), 0);
	put(dirs[0], "new");
	rs_site_side_tick(&side, now_us);
	stack_bytes = set_stack_bytes((size_t)1 << 46); /* nobody has so much */
	now_us += 300000;
	rs_site_side_tick(&side, now_us);
	set_stack_bytes(stack_bytes);
	assert_false(side.is_loading);
	for (uint32_t ms = 0; ms < 10000 && newest_files(&side) < 2; ms++) {
		now_us += 10000;
		rs_site_side_tick(&side, now_us);
		poll(NULL, 0, 1);
	}
	assert_int_equal(newest_files(&side), 2);
	rs_site_side_stop(&side);
	rs_site_side_destroy(&side);
}

/* A core keeps few of what was served before: SIGHUP may be about the log alone. */
static void what_has_not_changed_is_not_offered(void **state)
{
	struct site_options options = sites(1);
	struct site_core core = {0};
	struct site_side side;
	struct site_set *first;
	uint32_t ms = 0;

	(void)state;
	put(dirs[0], "file");
	assert_int_equal(rs_site_side_load(&side, &options, false), 0);
	first = side.sets[0];
	assert_true(rs_site_core_offer(&core, first));
	core.next = NULL; /* taken */
	side.cores[side.n_cores++] = &core;
	side.n_offered = 1;
	rs_site_side_reload(&side);
	do {
		rs_site_side_tick(&side, 1000000);
		poll(NULL, 0, 1);
	} while (side.is_loading && ms++ < 10000);
	assert_false(side.is_loading);
	assert_null(core.next);
	assert_int_equal(side.n_sets, 1);
	assert_ptr_equal(side.sets[0], first);
	rs_site_side_stop(&side);
	assert_int_equal(side.n_unused, 0);
	rs_site_side_destroy(&side);
}

static bool is_told_in(struct site_side *side, uint64_t *now_us, uint64_t us)
{
	*now_us += us;
	rs_site_side_tick(side, *now_us);
	return side->is_held_up;
}

/* It goes on with what it has while too many replies are made of what was before. */
static void a_core_that_does_not_take_what_is_loaded_is_told(void **state)
{
	struct site_options options = sites(1);
	struct site_core core = {0};
	struct site_side side;
	uint64_t now_us = 1000000;

	(void)state;
	put(dirs[0], "file");
	assert_int_equal(rs_site_side_load(&side, &options, false), 0);
	assert_true(rs_site_core_offer(&core, side.sets[0]));
	core.next = NULL; /* taken */
	side.cores[side.n_cores++] = &core;
	side.n_offered = 1;
	put(dirs[0], "new");
	rs_site_side_reload(&side);
	for (uint32_t ms = 0; ms < 10000 && side.n_sets < 2; ms++) {
		assert_false(is_told_in(&side, &now_us, 0));
		poll(NULL, 0, 1);
	}
	assert_int_equal(side.n_sets, 2);
	assert_false(is_told_in(&side, &now_us, 999999));
	assert_true(is_told_in(&side, &now_us, 1));
	core.next = NULL; /* so is this one */
	assert_false(is_told_in(&side, &now_us, 0));
	rs_site_side_stop(&side);
	rs_site_side_destroy(&side);
}

/* ---- precompressed files ---- */

static void date(const char *dir, const char *name, time_t mtime_s)
{
	const struct timespec times[] = {{.tv_sec = mtime_s}, {.tv_sec = mtime_s}};
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void load_and_expect(const struct site_options *options, const char *why)
{
	char line[sizeof(said)];
	struct site_set *set;

	snprintf(line, sizeof(line), "%s: precompressed files not used because %s (1)", dirs[0],
		why);
	said[0] = '\0';
	set = load(options);
	assert_non_null(set);
	rs_site_free(set);
	assert_string_equal(said, line);
}

/* Who may read all, as root may, would serve what other servers cannot even open. */
static void files_that_are_not_for_all_are_told(void **state)
{
	static const mode_t modes[] = {0640, 0600, 0604};
	struct site_options options = sites(1);
	char path[PATH_BYTES];

	(void)state;
	put(dirs[0], "dump.sql");
	snprintf(path, sizeof(path), "%s/dump.sql", dirs[0]);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(modes); i++) {
		struct site_set *set;

		assert_int_equal(chmod(path, modes[i]), 0);
		said[0] = '\0';
		set = load(&options);
		assert_non_null(set);
		rs_site_free(set);
		assert_int_equal(
			strstr(said, "their modes keep others from reading them") != NULL, i < 2);
	}
	unlink(path);
}

static void precompressed_files_that_are_not_used_are_told(void **state)
{
	struct site_options options = sites(1);

	(void)state;
	put(dirs[0], "a.css");
	put(dirs[0], "a.css.gz");
	date(dirs[0], "a.css", 1001);
	date(dirs[0], "a.css.gz", 1000);
	load_and_expect(&options, "the file is younger: compress it again");
	date(dirs[0], "a.css.gz", 1001);
	load_and_expect(&options, "they do not begin as their format does");
	put(dirs[0], "b.css");
	put(dirs[0], "b.css.br"); /* RFC 7932 has no beginning to tell */
	load_and_expect(&options, "they do not begin as their format does");
}

/* ---- media types ---- */

static void lines_that_are_no_types_are_told_once(void **state)
{
	struct site_options options = sites(2);
	char types[2 * TEMP_PATH_BYTES], expected[sizeof(said)];
	struct site_set *set;
	FILE *file;

	(void)state;
	snprintf(types, sizeof(types), "%s/types", dirs[0]);
	file = fopen(types, "w");
	fputs("text/plain a\n\ntext b # c\ntypes d\n", file);
	fclose(file);
	options.content.types_file = types;
	n_said = 0;
	set = load(&options);
	assert_non_null(set);
	rs_site_free(set);
	assert_int_equal(n_said, 1);
	snprintf(expected, sizeof(expected),
		"%s: line 3 begins with no media type and is passed over (of such lines: 2)",
		types);
	assert_string_equal(said, expected);
}

/* ---- paths ---- */

/* An operator has to find the file. */
static void a_long_path_is_told_whole(void **state)
{
	struct site_options options = sites(1);
	char name[256], path[sizeof(name) + 2 * TEMP_PATH_BYTES], expected[sizeof(said)];
	struct site_set *set;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dirs[0], name);
	assert_int_equal(symlink("nowhere", path), 0);
	set = load(&options);
	assert_non_null(set);
	rs_site_free(set);
	snprintf(expected, sizeof(expected), "not loaded: /%s: No such file or directory", name);
	assert_string_equal(said, expected);
}

/* Not as many lines as somebody has links that lead nowhere, at each load. */
static void the_first_of_many_that_are_left_out_are_named(void **state)
{
	struct site_options options = sites(2);
	char path[PATH_BYTES];
	struct site_set *set;

	(void)state;
	for (uint32_t i = 0; i < 140; i++) {
		snprintf(path, sizeof(path), "%s/%u", dirs[i % 2], i);
		assert_int_equal(symlink("nowhere", path), 0);
	}
	n_said = 0;
	set = load(&options);
	assert_non_null(set);
	rs_site_free(set);
	assert_int_equal(n_said, 101);
	assert_string_equal(said, "not loaded: 40 more");

	/* Also where loading fails, behind the reason. */
	options.sites[options.n_sites].host = "c.test";
	options.sites[options.n_sites++].dir = "/does/not/exist";
	n_said = 0;
	assert_null(load(&options));
	assert_int_equal(n_said, 102);
	assert_string_equal(said, "not loaded: 40 more");
}

/* From the root on its path is one that can be opened, and loaded; with the root it is too long. */
static void a_directory_too_deep_to_be_watched_is_told(void **state)
{
	struct site_options options = sites(1);
	struct site_watch watch;
	char name[PATH_MAX / 18]; /* with a slash for its end: 18 of them fit, and little else */
	struct site_set *set;
	int dir, below;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	dir = open(dirs[0], O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 18; i++) {
		assert_int_equal(mkdirat(dir, name, 0700), 0);
		below = openat(dir, name, O_RDONLY | O_DIRECTORY);
		assert_true(below >= 0);
		close(dir);
		dir = below;
	}
	close(dir);
	rs_site_watch_open(&watch, &options);
	set = load(&options);
	assert_non_null(set);
	rs_site_watch_directories(&watch, set);
	assert_int_equal(watch.n_unwatched, 1);
	rs_site_watch_close(&watch);
	rs_site_free(set);
}

/* ---- what replies depend on ---- */

static bool vary_with_host(const struct site_options *options)
{
	struct http_config http;

	rs_site_configure_http(options, &http);
	return http.varying_fields & 1u << HTTP_FIELD_HOST;
}

/* What a head may be long is said before anything is served. */
static void too_many_fields_are_named(void **state)
{
	static char field[SITE_FIELDS_BYTES + 1], link[SITE_HINTS_BYTES + 1];
	const struct site_audience audience = {.say = say};
	struct site_options options = sites(1);
	struct site_set *set;

	(void)state;
	put(dirs[0], "file");
	options.n_patterns = 1;
	options.patterns[0] = (struct content_pattern){.pattern = "*", .field = field};
	memset(field, 'a', sizeof(field) - 1);
	field[1] = ':';
	assert_null(rs_site_load(&options, NULL, &audience)); /* with ": " and CR LF */
	assert_string_equal(said, "--header: 8195 bytes for /file, at most 8192 can be sent");
	field[SITE_FIELDS_BYTES - 3] = '\0';
	set = rs_site_load(&options, NULL, &audience);
	assert_non_null(set);
	rs_site_free(set);
	memset(link, 'a', sizeof(link) - 1);
	memcpy(link, "Link:", 5);
	options.patterns[0].field = link;
	set = rs_site_load(&options, NULL, &audience);
	assert_non_null(set);
	rs_site_free(set);
	options.early_hints = true;
	assert_null(rs_site_load(&options, NULL, &audience));
	assert_string_equal(said, "--header: Link of 515 bytes for /file, at most 512 can be sent "
				  "ahead (--early-hints)");
}

static void one_site_is_the_same_for_all_hosts(void **state)
{
	struct site_options options = sites(1);

	(void)state;
	assert_false(vary_with_host(&options));
	options.strict = true;
	assert_true(vary_with_host(&options));
	options.strict = false;
	options.sites[0].host = NULL;
	assert_false(vary_with_host(&options));
	options = sites(2);
	assert_true(vary_with_host(&options));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_error_page_of_one_site_is_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_to_try_of_one_site_is_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_fails_is_named_as_it_was_given, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_same_bytes_are_kept_once_for_all_sites, setup, teardown),
		cmocka_unit_test_setup_teardown(the_bound_is_that_of_all_sites, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_directory_of_two_hosts_is_loaded_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_signal_ends_the_first_load, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_ticks_neither_watches_directories_nor_frees_content, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_a_thread_a_change_is_loaded_later, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_has_not_changed_is_not_offered, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_core_that_does_not_take_what_is_loaded_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_fields_are_named, setup, teardown),
		cmocka_unit_test_setup_teardown(
			files_that_are_not_for_all_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(
			precompressed_files_that_are_not_used_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(
			lines_that_are_no_types_are_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_path_is_told_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_first_of_many_that_are_left_out_are_named, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_directory_too_deep_to_be_watched_is_told, setup, teardown),
		cmocka_unit_test(one_site_is_the_same_for_all_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
