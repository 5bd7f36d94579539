/* SPDX-License-Identifier: BSD-2-Clause */
#include "site.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "io/dma.h"
#include "site_set.h"

#define MAX_SKIPPED_LINES 100 /* of a load, for what was left out of it, one each */

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void show_progress(void *audience, const struct content_progress *now)
{
	const struct site_audience *a = audience;

	if (a->progress)
		rs_site_progress_show(a->progress, now);
}

static void say_skipped(void *audience, const char *path, const char *reason)
{
	struct site_audience *a = audience;
	char line[PATH_MAX + NAME_MAX + 256];

	if (a->n_skipped++ >= MAX_SKIPPED_LINES)
		return;
	snprintf(line, sizeof(line), "not loaded: %.*s: %s", PATH_MAX + NAME_MAX, path, reason);
	if (a->progress)
		rs_site_progress_end(a->progress);
	a->say(line);
}

static void say_skipped_beyond(const struct site_audience *audience)
{
	char line[64];

	if (audience->n_skipped <= MAX_SKIPPED_LINES)
		return;
	snprintf(
		line, sizeof(line), "not loaded: %u more", audience->n_skipped - MAX_SKIPPED_LINES);
	audience->say(line);
}

static bool is_interrupted(void *audience)
{
	const struct site_audience *a = audience;

	return a->is_interrupted && a->is_interrupted(a->ctx);
}

/* Files that are served, but not as a coding of another one, or perhaps not to be. */
static void say_doubts(
	const struct site_audience *audience, const struct content_report *report, const char *dir)
{
	static const enum content_counter doubts[] = {
		CONTENT_C_SIBLINGS_OLD, CONTENT_C_SIBLINGS_BAD, CONTENT_C_PRIVATE};
	char line[512];

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(doubts); i++) {
		uint64_t n = report->counts[doubts[i]];

		if (!n)
			continue;
		snprintf(line, sizeof(line), "%.300s: %s (%" PRIu64 ")", dir,
			rs_content_counter_defs[doubts[i]].help, n);
		audience->say(line);
	}
}

/* Once, as all sites have the same file. */
static void say_types(
	const struct site_audience *audience, const struct content_report *report, const char *file)
{
	char line[512];

	if (report->types_error) {
		snprintf(line, sizeof(line),
			CONTENT_TYPES_FILE
			": cannot be read: %s; types come from a table of our own",
			strerror(-report->types_error));
		audience->say(line);
	}
	if (!report->n_bad_type_lines)
		return;
	snprintf(line, sizeof(line),
		"%.300s: line %" PRIu32 " begins with no media type and is passed over (of such "
		"lines: %" PRIu32 ")",
		file ? file : CONTENT_TYPES_FILE, report->first_bad_type_line,
		report->n_bad_type_lines);
	audience->say(line);
}

/* The reason stands behind the option that it is about, as that was given. */
static void say_failed(const struct site_set *set, uint32_t i, const struct content_report *report,
	void (*say)(const char *line))
{
	const char *host = set->options->sites[i].host;
	char line[PATH_MAX + 1024];

	if (report->is_about_types)
		snprintf(line, sizeof(line), "--mime-types %.*s: %s", PATH_MAX,
			set->options->content.types_file, report->error);
	else
		snprintf(line, sizeof(line), "--%s%.300s%s%.*s: %s", host ? "site " : "root ",
			host ? host : "", host ? "=" : "", PATH_MAX, set->options->sites[i].dir,
			report->error);
	say(line);
}

static bool is_for(const struct site_options *options, uint32_t pattern, const char *host)
{
	const char *whose = options->pattern_hosts[pattern];

	return !whose || (host && strcmp(whose, host) == 0);
}

uint32_t rs_site_patterns(const struct site_options *options, const char *host,
	struct content_pattern patterns[CONTENT_MAX_PATTERNS])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < options->n_patterns; i++) {
		if (is_for(options, i, host))
			patterns[n++] = options->patterns[i];
	}
	return n;
}

static bool have_same_patterns(const struct site_options *options, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < options->n_patterns; i++) {
		if (is_for(options, i, options->sites[a].host) !=
			is_for(options, i, options->sites[b].host))
			return false;
	}
	return true;
}

/* An earlier one that serves the same directory, under another name; NULL: there is none. */
static const struct site *same_as(const struct site_set *set, uint32_t i)
{
	const struct site_options *options = set->options;

	for (uint32_t k = 0; k < i; k++) {
		if (strcmp(options->sites[k].dir, options->sites[i].dir) == 0 &&
			have_same_patterns(options, k, i))
			return &set->sites[k];
	}
	return NULL;
}

static bool load_newest(
	struct site_set *set, const struct site_set *previous, struct site_audience *audience)
{
	uint32_t i = set->n_sites - 1;
	struct site *site = &set->sites[i];
	const char *dir = set->options->sites[i].dir;
	struct content_options options = set->options->content;
	struct content_pattern patterns[CONTENT_MAX_PATTERNS];
	const struct site *same = same_as(set, i);
	struct content_report report;

	if (same) {
		site->tree = same->tree;
		site->is_again = true;
		return true;
	}
	options.root = dir;
	options.beside = i ? set->sites[0].tree : NULL;
	options.patterns = patterns;
	options.n_patterns = rs_site_patterns(set->options, site->host, patterns);
	options.ctx = audience;
	options.on_skip = say_skipped;
	options.on_progress = show_progress;
	options.is_interrupted = is_interrupted;
	if (audience->progress)
		rs_site_progress_begin(audience->progress, dir);
	site->tree = rs_content_load(&options, previous ? previous->sites[i].tree : NULL, &report);
	if (audience->progress)
		rs_site_progress_end(audience->progress);
	if (!site->tree) {
		say_failed(set, i, &report, audience->say);
		return false;
	}
	if (i == 0)
		say_types(audience, &report, options.types_file);
	say_doubts(audience, &report, dir);
	for (uint32_t k = 0; k < CONTENT_N_COUNTERS; k++)
		set->totals.counts[k] += report.counts[k];
	set->totals.held_bytes = report.held_bytes;
	return true;
}

static bool check_fields(const struct site *site, bool early_hints, void (*say)(const char *line))
{
	uint32_t n;
	const struct content_entry *entries = rs_content_entries(site->tree, &n);
	char line[512];

	for (uint32_t i = 0; i < n; i++) {
		const struct content_entry *e = &entries[i];

		if (e->fields.len > SITE_FIELDS_BYTES)
			snprintf(line, sizeof(line),
				"--header: %u bytes for %.*s, at most %d can be sent",
				e->fields.len, (int)e->path.len, (const char *)e->path.data,
				SITE_FIELDS_BYTES);
		else if (early_hints && e->link.len > SITE_HINTS_BYTES)
			snprintf(line, sizeof(line),
				"--header: Link of %u bytes for %.*s, at most %d can be sent "
				"ahead (--early-hints)",
				e->link.len, (int)e->path.len, (const char *)e->path.data,
				SITE_HINTS_BYTES);
		else
			continue;
		say(line);
		return false;
	}
	return true;
}

/* Some sites may have none. False: that is so of all. */
static bool find_named_file(struct site_set *set, uint32_t number, const char *path)
{
	bool is_found = false;

	for (uint32_t i = 0; i < set->n_sites; i++) {
		struct site *site = &set->sites[i];
		const struct content_entry *e =
			rs_content_find(site->tree, (const uint8_t *)path, (uint32_t)strlen(path));

		if (!e || e->kind != CONTENT_FILE)
			continue;
		site->named[number] = e;
		is_found = true;
	}
	return is_found;
}

static void say_no_file(
	const struct site_set *set, const char *option, void (*say)(const char *line))
{
	char line[512];

	snprintf(line, sizeof(line), "%s: there is no such file%s", option,
		set->n_sites > 1 ? " in any site" : "");
	say(line);
}

static bool is_stored_coded(const struct site_set *set, uint32_t number)
{
	for (uint32_t i = 0; i < set->n_sites; i++) {
		const struct content_entry *e = set->sites[i].named[number];

		if (e && e->stored_coding)
			return true;
	}
	return false;
}

static bool find_error_pages(struct site_set *set, void (*say)(const char *line))
{
	const struct site_options *o = set->options;
	char option[450], line[540];

	for (uint32_t i = 0; i < o->n_error_pages; i++) {
		bool is_found = find_named_file(set, i, o->error_pages[i].path);

		if (is_found && !is_stored_coded(set, i))
			continue;
		snprintf(option, sizeof(option), "--error-page %u=%.400s", o->error_pages[i].status,
			o->error_pages[i].path);
		snprintf(line, sizeof(line),
			"%s: the file has a Content-Encoding of --header, as refusals have none",
			option);
		if (is_found)
			say(line);
		else
			say_no_file(set, option, say);
		return false;
	}
	return true;
}

/* An ending need not be that of any file. */
static bool find_tries(struct site_set *set, void (*say)(const char *line))
{
	const struct site_options *o = set->options;
	char option[450];

	for (uint32_t i = 0; i < o->n_tries; i++) {
		const char *what = o->tries[i].what;

		if (*what != '/' || find_named_file(set, SITE_NAMED_TRY(i), what))
			continue;
		snprintf(option, sizeof(option), "--try %.400s", what);
		say_no_file(set, option, say);
		return false;
	}
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct sums_area *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

static bool list_areas(struct site_set *set, void (*say)(const char *line))
{
	const struct content_tree *tree = set->sites[0].tree;

	set->n_areas = rs_content_areas(tree, NULL);
	set->areas = calloc(set->n_areas + 1, sizeof(*set->areas));
	if (!set->areas) {
		say("no memory for a list of what was loaded");
		return false;
	}
	rs_content_areas(tree, set->areas);
	qsort(set->areas, set->n_areas, sizeof(*set->areas), by_address);
	set->is_external = set->options->content.memory && rs_io_dma_works();
	return true;
}

static bool load_all(
	struct site_set *set, const struct site_set *previous, struct site_audience *audience)
{
	const struct site_options *options = set->options;

	for (uint32_t i = 0; i < options->n_sites; i++) {
		struct site *site = &set->sites[set->n_sites++];

		site->host = options->sites[i].host;
		if (!load_newest(set, previous, audience) ||
			!check_fields(site, options->early_hints, audience->say))
			return false;
		if (!site->host)
			set->standard = site;
	}
	return true;
}

struct site_set *rs_site_load(const struct site_options *options, const struct site_set *previous,
	const struct site_audience *for_whom)
{
	struct site_audience audience = *for_whom;
	void (*say)(const char *line) = audience.say;
	uint64_t begun_us = now_us();
	struct site_set *set = calloc(1, sizeof(*set));
	bool ok;

	if (!set) {
		say("no memory for sites");
		return NULL;
	}
	set->options = options;
	ok = load_all(set, previous, &audience);
	say_skipped_beyond(&audience);
	if (!ok) {
		rs_site_free(set);
		return NULL;
	}
	rs_site_sort_hosts(set);
	set->first = set->standard ? set->standard : &set->sites[0];
	set->standard = options->strict ? NULL : set->first;
	if (!find_error_pages(set, say) || !find_tries(set, say) || !list_areas(set, say)) {
		rs_site_free(set);
		return NULL;
	}
	for (int coded = 0; coded < 2; coded++)
		set->common[coded] = rs_site_write_common(options, coded, set->common_text[coded]);
	set->load_us = now_us() - begun_us;
	return set;
}

bool rs_site_is_same(struct site_set *previous, const struct site_set *set)
{
	for (uint32_t i = 0; i < set->n_sites; i++) {
		if (!rs_content_is_same(previous->sites[i].tree, set->sites[i].tree))
			return false;
	}
	return true;
}

struct site_totals rs_site_totals(const struct site_set *set)
{
	const uint64_t *counts = set->totals.counts;

	return (struct site_totals){
		.n_files = counts[CONTENT_C_FILES],
		.n_read = counts[CONTENT_C_READ_FILES],
		.n_bytes = counts[CONTENT_C_FILE_BYTES],
		.n_held_bytes = set->totals.held_bytes,
		.load_us = set->load_us,
	};
}

bool rs_site_next_directory(const struct site_set *set, uint32_t i, uint32_t *at, struct span *path)
{
	uint32_t n;
	const struct content_entry *entries = rs_content_entries(set->sites[i].tree, &n);

	for (; *at < n; ++*at) {
		if (entries[*at].kind != CONTENT_REDIRECT)
			continue;
		*path = entries[(*at)++].path;
		return true;
	}
	return false;
}

void rs_site_free(struct site_set *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; i < set->n_sites; i++) {
		if (!set->sites[i].is_again)
			rs_content_free(set->sites[i].tree);
	}
	free(set->areas);
	free(set);
}

uint32_t rs_site_n_users(const struct site_set *set)
{
	return __atomic_load_n(&set->n_users, __ATOMIC_ACQUIRE);
}
