/* SPDX-License-Identifier: BSD-2-Clause */
/* The words about a load that takes long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_each_phase),
		cmocka_unit_test(percents_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
