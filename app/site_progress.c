/* SPDX-License-Identifier: BSD-2-Clause */
#include "site_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/log.h"

#define FIRST_MS    1000
#define TERMINAL_MS 100
#define LOG_MS      5000
#define BAR_CHARS   30
/* What a file costs beside its bytes, in bytes: so that many small ones count, too. */
#define FILE_BYTES 4096

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint32_t percent_of(const struct content_progress *now)
{
	uint64_t total = now->n_bytes_total + now->n_files_total * FILE_BYTES;

	return total ? (uint32_t)((now->n_bytes + now->n_files * FILE_BYTES) * 100 / total) : 100;
}

int rs_site_progress_words(
	char *to, size_t bytes, const char *dir, const struct content_progress *now)
{
	static const char full[] = "##############################";
	uint32_t percent = percent_of(now);
	int n_full = (int)(percent * BAR_CHARS / 100);

	if (now->phase == CONTENT_FINDING)
		return snprintf(to, bytes, "%s: %" PRIu64 " files found", dir, now->n_files);
	return snprintf(to, bytes,
		"%s: %s [%.*s%*s] %u %%, %" PRIu64 " of %" PRIu64 " files, %" PRIu64 " of %" PRIu64
		" MiB",
		dir, now->phase == CONTENT_READING ? "reading" : "compressing", n_full, full,
		BAR_CHARS - n_full, "", percent, now->n_files, now->n_files_total,
		now->n_bytes >> 20, now->n_bytes_total >> 20);
}

/* Is stderr a terminal that can erase what stands in a line? */
static bool can_write_anew(void)
{
	const char *type = getenv("TERM");

	return isatty(STDERR_FILENO) && type && *type && strcmp(type, "dumb") != 0;
}

void rs_site_progress_begin(struct site_progress *progress, const char *dir)
{
	*progress = (struct site_progress){
		.dir = dir,
		.due_ms = now_ms() + FIRST_MS,
		.is_terminal = can_write_anew(),
	};
}

void rs_site_progress_show(struct site_progress *progress, const struct content_progress *now)
{
	uint64_t ms = now_ms();
	char words[512];

	if (ms < progress->due_ms)
		return;
	progress->due_ms = ms + (progress->is_terminal ? TERMINAL_MS : LOG_MS);
	rs_site_progress_words(words, sizeof(words), progress->dir, now);
	if (!progress->is_terminal) {
		rs_log("%s", words);
		return;
	}
	fprintf(stderr, "\r%s\033[K", words);
	progress->is_shown = true;
}

void rs_site_progress_end(struct site_progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
