/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories of content_site.h, loaded as sites and served on a core with the one connection of
 * http_rig.h: requests go in as text, and what comes out is taken apart.
 */
#ifndef RS_TESTS_SITE_RIG_H
#define RS_TESTS_SITE_RIG_H

#include "content_site.h"

#include <inttypes.h>

#include "base/bytes.h"
#include "http_rig.h"
#include "site.h"

#define NOW_S    784111777 /* RIG_DATE */
#define MTIME_S  (NOW_S - 3600)
#define MTIME    "Sun, 06 Nov 1994 07:49:37 GMT"
#define BEFORE   "Sun, 06 Nov 1994 07:49:36 GMT"
#define N_CHUNKS 128

/* ---- fixture: directories, loaded, on a core with one connection ---- */

static struct rig rig;
static struct site_options options;
static struct site_core core;
static struct site_set *set;

static inline void say(const char *line)
{
	(void)line;
}

/* Sites of options, to which dir was added as that of host; NULL: as the root. */
static inline void add_site(const struct site *dir, const char *host)
{
	options.sites[options.n_sites].host = host;
	options.sites[options.n_sites++].dir = dir->root;
}

static inline void open_sites(void)
{
	set = rs_site_load(&options, NULL, &(struct site_audience){.say = say});
	assert_non_null(set);
	rig_open(&rig, N_CHUNKS, 4);
	rig.env.unix_s = NOW_S;
	rig.env.app = &core;
	rs_site_configure_http(&options, &rig.cfg);
	core = (struct site_core){0};
	assert_true(rs_site_core_offer(&core, set));
	rs_site_core_change(&core, &rig.env);
}

static inline void open_root(const struct site *dir)
{
	add_site(dir, NULL);
	open_sites();
}

/* All that the replies had of the sites has come back. */
static inline void close_sites(void)
{
	rig_reopen(&rig);
	rs_http_memo_clear(&rig.env);
	rs_site_core_leave(&core, &rig.env);
	assert_int_equal(rs_site_n_users(set), 0);
	rig_close(&rig);
	rs_site_free(set);
	set = NULL;
}

static inline int setup(void **state)
{
	options = (struct site_options){0};
	return site_setup(state);
}

static inline int teardown(void **state)
{
	if (set)
		rs_site_free(set);
	set = NULL;
	return site_teardown(state);
}

static inline void put(const struct site *dir, const char *name, const void *bytes, size_t len)
{
	site_put(dir, name, bytes, len);
	site_date(dir, name, MTIME_S);
}

static inline void put_text(const struct site *dir, const char *name, const char *text)
{
	put(dir, name, text, strlen(text));
}

static inline void add_pattern(const char *pattern, const char *field)
{
	options.patterns[options.n_patterns++] =
		(struct content_pattern){.pattern = pattern, .field = field};
}

static inline void add_error_page(uint16_t status, const char *path)
{
	options.error_pages[options.n_error_pages].status = status;
	options.error_pages[options.n_error_pages++].path = path;
}

/* ---- asking ---- */

static struct {
	char head[16384]; /* of the final reply, with its empty line, as text */
	bool has_hints;
	char hints[1024]; /* the head of the 103 before it */
	const uint8_t *body;
	uint64_t len;
} got;

static inline const uint8_t *take_head(const uint8_t *from, char *head, size_t room)
{
	const uint8_t *end = rig.got + rig.n_got;
	const uint8_t *behind = memmem(from, (size_t)(end - from), "\r\n\r\n", 4);

	assert_non_null(behind);
	behind += 4;
	assert_true((size_t)(behind - from) < room);
	memcpy(head, from, (size_t)(behind - from));
	head[behind - from] = '\0';
	return behind;
}

/* Returns the status of the final reply; got has the rest. */
static inline int ask(const char *request)
{
	const uint8_t *at = rig.got;
	int status;

	rig.n_got = 0;
	rig_feed(&rig, request, (uint32_t)strlen(request));
	rig_drain(&rig);
	assert_true(rig.n_got < RIG_GOT_BYTES);
	got.has_hints = rig.n_got > 12 && !memcmp(at, "HTTP/1.1 103", 12);
	if (got.has_hints)
		at = take_head(at, got.hints, sizeof(got.hints));
	at = take_head(at, got.head, sizeof(got.head));
	got.body = at;
	got.len = (uint64_t)(rig.got + rig.n_got - at);
	assert_int_equal(sscanf(got.head, "HTTP/1.1 %3d ", &status), 1);
	if (rig.hc.closing)
		rig_reopen(&rig);
	return status;
}

/* fields: lines, each with its CR LF. */
static inline int ask_for(
	const char *method, const char *target, const char *host, const char *fields)
{
	static char request[16384];

	assert_true(snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
			    method, target, host, fields) < (int)sizeof(request));
	return ask(request);
}

static inline int get(const char *target, const char *fields)
{
	return ask_for("GET", target, "a.test", fields);
}

static inline int get_of(const char *host)
{
	return ask_for("GET", "/", host, "");
}

/* The value of a field that occurs once, or "" where it does not occur. */
static inline const char *field_in(const char *head, const char *name)
{
	static char values[4][9000];
	static uint32_t next;
	char *value = values[next++ % 4];
	char begin[80];
	const char *line;
	size_t len;

	snprintf(begin, sizeof(begin), "\r\n%s: ", name);
	line = strstr(head, begin);
	if (!line)
		return "";
	line += strlen(begin);
	assert_null(strstr(line, begin));
	len = strcspn(line, "\r");
	assert_true(len < sizeof(values[0]));
	memcpy(value, line, len);
	value[len] = '\0';
	return value;
}

static inline const char *field(const char *name)
{
	return field_in(got.head, name);
}

#define assert_field(name, value) assert_string_equal(field(name), value)

static inline void assert_got(const void *bytes, size_t len)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%zu", len);
	assert_field("Content-Length", digits);
	assert_int_equal(got.len, len);
	assert_memory_equal(got.body, bytes, len);
}

static inline void assert_got_text(const char *text)
{
	assert_got(text, strlen(text));
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
