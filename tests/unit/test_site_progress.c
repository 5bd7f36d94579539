/* SPDX-License-Identifier: BSD-2-Clause */
/* The words about a load that takes long. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../app/site_progress.h"

static void words_are(const struct content_progress *now, const char *expected)
{
	char words[200];

	rs_site_progress_words(words, sizeof(words), "/srv/www", now);
	assert_string_equal(words, expected);
}

static void words_of_each_phase(void **state)
{
	(void)state;
	words_are(&(struct content_progress){.phase = CONTENT_FINDING, .n_files = 4096},
		"/srv/www: 4096 files found");
	words_are(
		&(struct content_progress){
			.phase = CONTENT_READING, .n_files_total = 4, .n_bytes_total = 8 << 20},
		"/srv/www: reading [                              ] 0 %, 0 of 4 files, 0 of 8 MiB");
	words_are(&(struct content_progress){.phase = CONTENT_READING,
			  .n_files = 2,
			  .n_bytes = 4 << 20,
			  .n_files_total = 4,
			  .n_bytes_total = 8 << 20},
		"/srv/www: reading [###############               ] 50 %, 2 of 4 files, 4 of 8 "
		"MiB");
	words_are(&(struct content_progress){.phase = CONTENT_COMPRESSING,
			  .n_files = 4,
			  .n_bytes = 8 << 20,
			  .n_files_total = 4,
			  .n_bytes_total = 8 << 20},
		"/srv/www: compressing [##############################] 100 %, 4 of 4 files, 8 of "
		"8 "
		"MiB");
}

/* Files of no bytes count, and nothing at all is done. */
static void percents_of_nothing(void **state)
{
	(void)state;
	words_are(
		&(struct content_progress){
			.phase = CONTENT_READING, .n_files = 1, .n_files_total = 2},
		"/srv/www: reading [###############               ] 50 %, 1 of 2 files, 0 of 0 "
		"MiB");
	words_are(&(struct content_progress){.phase = CONTENT_READING},
		"/srv/www: reading [##############################] 100 %, 0 of 0 files, 0 of 0 "
		"MiB");
}

/* What begin() finds with stderr on fd and this TERM; NULL: none. */
static bool is_terminal(int fd, const char *type)
{
	struct site_progress progress;
	int stderr_fd = dup(STDERR_FILENO);

	if (type)
		setenv("TERM", type, 1);
	else
		unsetenv("TERM");
	dup2(fd, STDERR_FILENO);
	rs_site_progress_begin(&progress, "/srv/www");
	dup2(stderr_fd, STDERR_FILENO);
	close(stderr_fd);
	return progress.is_terminal;
}

static void terminals_that_can_write_a_line_anew(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int nowhere = open("/dev/null", O_WRONLY);
	int terminal;

	(void)state;
	assert_true(nowhere >= 0 && master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(terminal >= 0);
	assert_true(is_terminal(terminal, "xterm"));
	assert_false(is_terminal(terminal, "dumb"));
	assert_false(is_terminal(terminal, ""));
	assert_false(is_terminal(terminal, NULL));
	assert_false(is_terminal(nowhere, "xterm"));
	close(terminal);
	close(nowhere);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_each_phase),
		cmocka_unit_test(percents_of_nothing),
		cmocka_unit_test(terminals_that_can_write_a_line_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
