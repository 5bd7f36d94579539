/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is answered of a site's files and directories: RFC 9110 says with which status and which
 * fields, docs/content.md what is ours to choose.
 */
#include "site_rig.h"

/* ---- files ---- */

static void a_file_comes_with_what_is_known_of_it(void **state)
{
	const struct site *dir = *state;

	put_text(dir, "/a.txt", "text of a\n");
	open_root(dir);
	assert_int_equal(get("/a.txt", ""), 200);
	assert_got_text("text of a\n");
	assert_field("Content-Type", "text/plain; charset=utf-8");
	assert_field("Last-Modified", MTIME);
	assert_field("Date", RIG_DATE);
	assert_field("Accept-Ranges", "bytes");
	assert_int_equal(field("ETag")[0], '"'); /* strong (RFC 9110 section 8.8.3) */
	assert_field("Vary", "");
	assert_field("Content-Encoding", "");
	assert_field("Access-Control-Allow-Origin", "");
	close_sites();
}

/* RFC 9110 section 9.3.2. */
static void head_is_get_without_the_body(void **state)
{
	static const char *const names[] = {"/small", "/large", "/dir", "/none", "/empty/"};
	const struct site *dir = *state;
	uint8_t *large = site_bytes(9000);
	char head[sizeof(got.head)];

	put_text(dir, "/small", "s");
	put(dir, "/large", large, 9000);
	site_dir(dir, "/dir");
	site_dir(dir, "/empty");
	free(large);
	open_root(dir);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(names); i++) {
		int status = get(names[i], "");

		snprintf(head, sizeof(head), "%s", got.head);
		assert_int_equal(ask_for("HEAD", names[i], "a.test", ""), status);
		assert_string_equal(got.head, head);
		assert_int_equal(got.len, 0);
	}
	close_sites();
}

/* Section 8.8.2.1: Last-Modified is not later than Date; and RFC 9110 has no dates before 1970. */
static void no_date_is_of_the_future(void **state)
{
	static const struct {
		int64_t mtime_s;
		const char *date;
	} cases[] = {
		{NOW_S - 1, "Sun, 06 Nov 1994 08:49:36 GMT"},
		{NOW_S, RIG_DATE},
		{NOW_S + 1, RIG_DATE},
		{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
		{-1, "Thu, 01 Jan 1970 00:00:00 GMT"},
	};
	struct site *dir = *state;

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		options.n_sites = 0;
		site_text(dir, "/a", "a");
		site_date(dir, "/a", cases[i].mtime_s);
		open_root(dir);
		assert_int_equal(get("/a", ""), 200);
		assert_field("Last-Modified", cases[i].date);
		close_sites();
	}
}

/* ---- paths ---- */

static void names_are_found_however_they_are_written(void **state)
{
	static const char *const good[] = {"/d/a%20b", "//d///a%20b", "/./d/x/../a%20b",
		"/d/%61%20%62", "/d/a%20b?query", "http://a.test/d/a%20b"};
	static const char *const bad[] = {"/d/a%2", "/d/a%zz", "/d/a%00", "/../d", "/d/../../d"};
	static const char *const nowhere[] = {"/d%2fa%20b", "/d/a%20b/", "/D/a%20b", "/d/a%2520b"};
	const struct site *dir = *state;

	site_dir(dir, "/d");
	put_text(dir, "/d/a b", "spaced\n");
	open_root(dir);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(good); i++) {
		assert_int_equal(get(good[i], ""), 200);
		assert_got_text("spaced\n");
	}
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(bad); i++)
		assert_int_equal(get(bad[i], ""), 400);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(nowhere); i++)
		assert_int_equal(get(nowhere[i], ""), 404);
	assert_int_equal(rig.counters[HTTP_C_BAD_TARGET], RS_ARRAY_SIZE(bad));
	assert_int_equal(rig.counters[HTTP_C_NOT_FOUND], RS_ARRAY_SIZE(nowhere));
	close_sites();
}

static void a_directory_is_its_index_or_forbidden(void **state)
{
	const struct site *dir = *state;

	site_dir(dir, "/with");
	put_text(dir, "/with/index.html", "index\n");
	site_dir(dir, "/without");
	put_text(dir, "/without/file", "file\n");
	open_root(dir);
	assert_int_equal(get("/with/", ""), 200);
	assert_got_text("index\n");
	assert_field("Content-Type", "text/html; charset=utf-8");
	assert_int_equal(get("/without/", ""), 403);
	assert_int_equal(rig.counters[HTTP_C_FORBIDDEN], 1);
	close_sites();
	options.n_sites = 0;
	options.content.listing = true;
	open_root(dir);
	assert_int_equal(get("/without/", ""), 200);
	assert_non_null(memmem(got.body, got.len, "\"file\"", 6));
	close_sites();
}

/* ---- codings ---- */

static void open_with_codings(const struct site *dir)
{
	char text[3000];

	memset(text, 'a', sizeof(text));
	put(dir, "/page.html", text, sizeof(text));
	put_text(dir, "/short.html", "does not shrink");
	options.content.precompress = CONTENT_CODING_BIT(CONTENT_GZIP) |
				      CONTENT_CODING_BIT(CONTENT_BR) |
				      CONTENT_CODING_BIT(CONTENT_ZSTD);
	open_root(dir);
}

/* Section 12.5.3; of equals br, zstd, gzip. */
static void the_coding_is_the_best_that_the_client_takes(void **state)
{
	static const struct {
		const char *accept, *coding;
	} cases[] = {
		{"", ""},
		{"Accept-Encoding:\r\n", ""},
		{"Accept-Encoding: gzip\r\n", "gzip"},
		{"Accept-Encoding: zstd\r\n", "zstd"},
		{"Accept-Encoding: br\r\n", "br"},
		{"Accept-Encoding: gzip, br, zstd\r\n", "br"},
		{"Accept-Encoding: gzip, zstd\r\n", "zstd"},
		{"Accept-Encoding: gzip, br;q=0.5\r\n", "gzip"},
		{"Accept-Encoding: *, br;q=0\r\n", "zstd"},
		{"Accept-Encoding: gzip;q=0\r\n", ""},
		{"Accept-Encoding: compress\r\n", ""},
	};
	char etag[CONTENT_ETAG_BYTES + 1];

	open_with_codings(*state);
	assert_int_equal(get("/page.html", ""), 200);
	assert_field("Content-Length", "3000");
	snprintf(etag, sizeof(etag), "%s", field("ETag"));
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		bool is_coded = *cases[i].coding;

		assert_int_equal(get("/page.html", cases[i].accept), 200);
		assert_field("Content-Encoding", cases[i].coding);
		assert_field("Vary", "Accept-Encoding"); /* section 12.5.5: of all of them */
		assert_field("Content-Type", "text/html; charset=utf-8");
		assert_int_equal(got.len, atoi(field("Content-Length")));
		assert_int_equal(got.len < 3000, is_coded);
		/* Section 8.8.3.3: each has an entity-tag of its own. */
		assert_int_equal(strcmp(field("ETag"), etag) != 0, is_coded);
	}
	close_sites();
}

static void what_has_no_codings_does_not_vary(void **state)
{
	open_with_codings(*state);
	assert_int_equal(get("/short.html", "Accept-Encoding: gzip, br, zstd\r\n"), 200);
	assert_got_text("does not shrink");
	assert_field("Vary", "");
	assert_field("Content-Encoding", "");
	close_sites();
}

/* Which of the three there is does not matter: any of them makes a file vary. */
static void any_coding_makes_a_file_vary(void **state)
{
	static const struct {
		enum content_coding coding;
		const char *name;
	} cases[] = {{CONTENT_GZIP, "gzip"}, {CONTENT_BR, "br"}, {CONTENT_ZSTD, "zstd"}};
	const struct site *dir = *state;
	char text[3000];

	memset(text, 'a', sizeof(text));
	put(dir, "/page.html", text, sizeof(text));
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		options.n_sites = 0;
		options.content.precompress = CONTENT_CODING_BIT(cases[i].coding);
		open_root(dir);
		assert_int_equal(get("/page.html", "Accept-Encoding: gzip, br, zstd\r\n"), 200);
		assert_field("Content-Encoding", cases[i].name);
		assert_field("Vary", "Accept-Encoding");
		assert_int_equal(get("/page.html", ""), 200);
		assert_field("Content-Encoding", "");
		assert_field("Vary", "Accept-Encoding");
		close_sites();
	}
}

/* As "location ~ \.svgz$ { add_header Content-Encoding gzip; }" of nginx: RFC 9110 section 8.4. */
static void what_is_stored_coded_says_so(void **state)
{
	static const struct content_pattern patterns[] = {
		{"/dir/*", "Content-Encoding: br"},
		{"*.svgz", "content-encoding: GZIP"},
		{"*.svgz", "X-Own: 1"},
		{"/raw/*", "Content-Encoding: identity"},
	};
	static const struct {
		const char *target, *coding, *own;
	} cases[] = {
		{"/a.svgz", "gzip", "1"},
		{"/raw/a.svgz", "", "1"},
		{"/dir/", "br", ""}, /* as its index */
		{"/dir/index.html", "br", ""},
		{"/plain.svg", "", ""},
	};
	static const char *const accepts[] = {
		"", "Accept-Encoding: identity\r\n", "Accept-Encoding: gzip, br, zstd\r\n"};
	const struct site *dir = *state;
	char text[1000];

	memset(text, 'a', sizeof(text));
	site_dir(dir, "/raw");
	site_dir(dir, "/dir");
	site_dir(dir, "/dir/sub");
	put(dir, "/a.svgz", text, sizeof(text));
	put(dir, "/a.svgz.br", text, sizeof(text));
	put(dir, "/raw/a.svgz", "aaa", 3);
	put(dir, "/dir/index.html", text, sizeof(text));
	put(dir, "/plain.svg", "aaa", 3);
	memcpy(options.patterns, patterns, sizeof(patterns));
	options.n_patterns = RS_ARRAY_SIZE(patterns);
	options.content.precompress = CONTENT_CODING_BIT(CONTENT_GZIP);
	options.content.listing = true;
	open_root(dir);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		for (uint32_t k = 0; k < RS_ARRAY_SIZE(accepts); k++) {
			assert_int_equal(get(cases[i].target, accepts[k]), 200);
			assert_field("Content-Encoding", cases[i].coding);
			assert_field("Vary", "");
			assert_field("X-Own", cases[i].own);
			assert_int_equal(got.body[0], 'a');
		}
	}
	assert_int_equal(get("/a.svgz", "Range: bytes=0-0\r\n"), 206);
	assert_field("Content-Encoding", "gzip");
	assert_int_equal(get("/a.svgz", "Range: bytes=0-0,2-2\r\n"), 200);
	assert_got(text, sizeof(text));
	/* A listing and a redirect are nobody's bytes. */
	assert_int_equal(get("/dir/sub/", ""), 200);
	assert_field("Content-Encoding", "");
	assert_int_equal(get("/dir/sub", ""), 301);
	assert_field("Content-Encoding", "");
	close_sites();
}

/* Of several lines nginx 1.22 keeps the last alone, and its cache gave gzip to whom it was not for.
 */
static void vary_is_one_line(void **state)
{
	static const char *const fields[] = {"", "Accept-Encoding: br\r\n", "If-None-Match: *\r\n",
		"Range: bytes=0-1\r\n", "Range: bytes=0-1,5-6\r\n"};

	options.cors = "https://other.test";
	open_with_codings(*state);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(fields); i++) {
		get("/page.html", fields[i]);
		assert_field("Vary", "Accept-Encoding, Origin");
		get("/short.html", fields[i]);
		assert_field("Vary", "Origin");
	}
	close_sites();
}

/* Conditions and ranges are those of the coding that is sent (sections 13.1.3 and 14.1.2). */
static void validators_and_ranges_are_those_of_the_coding(void **state)
{
	char condition[200], range[64];
	uint64_t n_bytes;

	open_with_codings(*state);
	assert_int_equal(get("/page.html", "Accept-Encoding: br\r\n"), 200);
	n_bytes = got.len;
	snprintf(condition, sizeof(condition), "If-None-Match: %s\r\nAccept-Encoding: br\r\n",
		field("ETag"));
	assert_int_equal(get("/page.html", condition), 304);
	assert_field("Vary", "Accept-Encoding");
	condition[strlen(condition) - 3] = 'x'; /* bx: only identity is left */
	assert_int_equal(get("/page.html", condition), 200);
	assert_int_equal(got.len, 3000);
	assert_int_equal(get("/page.html", "Accept-Encoding: br\r\nRange: bytes=1-2\r\n"), 206);
	snprintf(range, sizeof(range), "bytes 1-2/%" PRIu64, n_bytes);
	assert_field("Content-Range", range);
	assert_field("Content-Encoding", "br");
	close_sites();
}

/* ---- redirects ---- */

static void a_directory_without_slash_is_elsewhere(void **state)
{
	static const struct {
		const char *target, *location;
	} cases[] = {
		{"/dir", "/dir/"},
		{"/dir?", "/dir/?"},
		{"/dir?x=1&y", "/dir/?x=1&y"},
		{"/dir?50%", "/dir/?50%"},
		{"/dir?%41%zz", "/dir/?%41%zz"},
		{"/dir?\"<{|}>\\^`", "/dir/?%22%3C%7B%7C%7D%3E%5C%5E%60"},
		{"/dir?\xc3\xbc\x80\xff", "/dir/?%C3%BC%80%FF"},
		{"/dir?-._~!$&'()*+,;=:@/?azAZ09", "/dir/?-._~!$&'()*+,;=:@/?azAZ09"},
		{"//dir", "/dir/"},
		{"/x/../dir", "/dir/"},
		{"/%64ir", "/dir/"},
		{"http://a.test/dir", "/dir/"},
		{"http://a.test/dir?q", "/dir/?q"},
		{"/a%20b%25%3Fc", "/a%20b%25%3Fc/"},
		{"/a:b", "/a:b/"},
		{"/%C3%BC", "/%C3%BC/"},
		{"/\xc3\xbc", "/%C3%BC/"},
		{"/dir/sub", "/dir/sub/"},
	};
	const struct site *dir = *state;

	site_dir(dir, "/dir");
	site_dir(dir, "/dir/sub");
	site_dir(dir, "/a b%?c");
	site_dir(dir, "/a:b");
	site_dir(dir, "/\xc3\xbc");
	open_root(dir);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		assert_int_equal(get(cases[i].target, ""), 301);
		assert_field("Location", cases[i].location);
		assert_got_text("");
	}
	/* Section 13.2.1: conditions are for what would be a 2xx without them. */
	assert_int_equal(get("/dir", "If-None-Match: *\r\n"), 301);
	assert_int_equal(get("/dir", "If-Match: \"x\"\r\n"), 301);
	assert_int_equal(get("/dir", "Range: bytes=0-0\r\n"), 301);
	assert_int_equal(ask_for("POST", "/dir", "a.test", "Content-Length: 0\r\n"), 405);
	close_sites();
}

static void get_with_query(const char *path, uint32_t n, int status, const char *begin)
{
	static char target[8000], location[8000];

	snprintf(target, sizeof(target), "%s?%0*u", path, n, 0);
	snprintf(location, sizeof(location), "%s?%0*u", begin, n, 0);
	assert_int_equal(get(target, ""), status);
	assert_field("Location", status == 301 ? location : "");
}

/* 1,200 bytes of path and query; then of the last name and the query, as a reference relative to
 * the path. RFC 3986 section 4.2: a colon in its first segment takes a "./" before it. */
static void a_long_location_is_relative(void **state)
{
	const struct site *dir = *state;
	char path[1000], location[sizeof(path) + 1];
	size_t n = 0;

	for (uint32_t i = 0; i < 4; i++) {
		n += (size_t)snprintf(path + n, sizeof(path) - n, "/%0200u", i);
		site_dir(dir, path);
	}
	n += (size_t)snprintf(path + n, sizeof(path) - n, "/a:b");
	site_dir(dir, path);
	open_root(dir);
	snprintf(location, sizeof(location), "%s/", path);
	get_with_query(path, (uint32_t)(1200 - n), 301, location);
	get_with_query(path, (uint32_t)(1201 - n), 301, "./a:b/");
	get_with_query(path, 1200 - 3, 301, "./a:b/");
	get_with_query(path, 1200 - 2, 414, "");
	assert_int_equal(rig.counters[HTTP_C_TARGET_TOO_LONG], 1);
	close_sites();
}

/* What takes three bytes each is counted so. */
static void escapes_count_in_a_location(void **state)
{
	const struct site *dir = *state;
	char path[1000] = "", target[4000], location[sizeof(target) + 2];

	for (uint32_t i = 0; i < 2; i++) { /* 2 * (1 + 3 * 199) bytes */
		strcat(path, "/");
		memset(path + strlen(path), ' ', 199);
		site_dir(dir, path);
	}
	for (uint32_t i = 0, n = 0; i < strlen(path); i++)
		n += (uint32_t)sprintf(target + n, path[i] == ' ' ? "%%20" : "%c", path[i]);
	open_root(dir);
	snprintf(location, sizeof(location), "%s/", target);
	get_with_query(target, 1200 - 1196, 301, location);
	snprintf(location, sizeof(location), ".%s/", strrchr(target, '/'));
	get_with_query(target, 1200 - 1195, 301, location);
	strcat(target, "?\"0"); /* 1,196 bytes, and four of the query */
	assert_int_equal(get(target, ""), 301);
	assert_int_equal(field("Location")[0], '/');
	strcat(target, "0");
	assert_int_equal(get(target, ""), 301);
	assert_int_equal(field("Location")[0], '.');
	close_sites();
}

/* ---- conditions ---- */

/* Section 15.4.5: what 304 repeats, and what it does not have. */
static void a_304_has_what_a_cache_updates(void **state)
{
	const struct site *dir = *state;
	char condition[100], etag[CONTENT_ETAG_BYTES + 1];

	put_text(dir, "/a.txt", "text");
	add_pattern("*", "Cache-Control: max-age=5");
	options.cors = "*";
	open_root(dir);
	assert_int_equal(get("/a.txt", ""), 200);
	snprintf(etag, sizeof(etag), "%s", field("ETag"));
	snprintf(condition, sizeof(condition), "If-None-Match: %s\r\n", etag);
	assert_int_equal(get("/a.txt", condition), 304);
	assert_field("ETag", etag);
	assert_field("Date", RIG_DATE);
	assert_field("Last-Modified", MTIME);
	assert_field("Cache-Control", "max-age=5");
	assert_field("Access-Control-Allow-Origin", "*");
	assert_field("Content-Type", "");
	assert_field("Content-Length", "");
	assert_field("Accept-Ranges", "");
	assert_int_equal(got.len, 0);
	assert_int_equal(ask_for("HEAD", "/a.txt", "a.test", condition), 304);
	close_sites();
}

/* Section 13.2.2, in its order. */
static void conditions_are_looked_at_in_their_order(void **state)
{
	static const struct {
		const char *fields; /* E: the entity-tag */
		int status;
	} cases[] = {
		{"If-Match: E\r\n", 200},
		{"If-Match: *\r\n", 200},
		{"If-Match: \"x\"\r\n", 412},
		{"If-Match: W/E\r\n", 412},
		{"If-Match: E\r\nIf-Unmodified-Since: " BEFORE "\r\n", 200},
		{"If-Match: \"x\"\r\nIf-None-Match: E\r\n", 412},
		{"If-Unmodified-Since: " MTIME "\r\n", 200},
		{"If-Unmodified-Since: " BEFORE "\r\n", 412},
		{"If-None-Match: E\r\n", 304},
		{"If-None-Match: W/E\r\n", 304},
		{"If-None-Match: *\r\n", 304},
		{"If-None-Match: \"x\"\r\n", 200},
		{"If-None-Match: \"x\"\r\nIf-Modified-Since: " MTIME "\r\n", 200},
		{"If-Modified-Since: " MTIME "\r\n", 304},
		{"If-Modified-Since: " BEFORE "\r\n", 200},
		{"If-Match: \"x\"\r\nRange: bytes=9-\r\n", 412},
		{"If-None-Match: E\r\nRange: bytes=9-\r\n", 304},
		{"If-Match: E\r\nRange: bytes=9-\r\n", 416},
		{"If-Match: E\r\nRange: bytes=1-\r\n", 206},
	};
	const struct site *dir = *state;
	char etag[CONTENT_ETAG_BYTES + 1];

	put_text(dir, "/a.txt", "text");
	open_root(dir);
	assert_int_equal(get("/a.txt", ""), 200);
	snprintf(etag, sizeof(etag), "%s", field("ETag"));
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		const char *e = strchr(cases[i].fields, 'E');
		char fields[300];

		/* No name of these fields has an E in it. */
		snprintf(fields, sizeof(fields), "%.*s%s%s",
			(int)(e ? e - cases[i].fields : (ptrdiff_t)strlen(cases[i].fields)),
			cases[i].fields, e ? etag : "", e ? e + 1 : "");
		assert_int_equal(get("/a.txt", fields), cases[i].status);
	}
	assert_int_equal(rig.counters[HTTP_C_PRECONDITION_FAILED], 5);
	close_sites();
}

/* ---- ranges ---- */

static void ranges_of(const struct site *dir, size_t len)
{
	const struct {
		const char *range;
		size_t first, last;
	} cases[] = {
		{"bytes=0-0", 0, 0},
		{"bytes=1-4", 1, 4},
		{"bytes=-1", len - 1, len - 1},
		{"bytes=9-", 9, len - 1},
		{"bytes=0-", 0, len - 1},
		{"bytes=1-99999", 1, len - 1},
		{"bytes=1-2,3-4", 1, 4},
	};
	uint8_t *bytes = site_bytes(len);
	char fields[100], range[100];

	put(dir, "/file", bytes, len);
	options.n_sites = 0;
	open_root(dir);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		snprintf(fields, sizeof(fields), "Range: %s\r\n", cases[i].range);
		assert_int_equal(get("/file", fields), 206);
		assert_got(bytes + cases[i].first, cases[i].last - cases[i].first + 1);
		snprintf(range, sizeof(range), "bytes %zu-%zu/%zu", cases[i].first, cases[i].last,
			len);
		assert_field("Content-Range", range);
		/* Section 15.3.7: what a 200 would have had. */
		assert_field("Last-Modified", MTIME);
		assert_field("Cache-Control", "no-cache");
		assert_string_not_equal(field("ETag"), "");
		/* Section 14.2: of HEAD, the field is ignored. */
		assert_int_equal(ask_for("HEAD", "/file", "a.test", fields), 200);
		assert_field("Content-Range", "");
		assert_int_equal(atoi(field("Content-Length")), len);
	}
	snprintf(fields, sizeof(fields), "Range: bytes=%zu-\r\n", len);
	assert_int_equal(get("/file", fields), 416);
	snprintf(range, sizeof(range), "bytes */%zu", len);
	assert_field("Content-Range", range);
	assert_int_equal(ask_for("HEAD", "/file", "a.test", fields), 200);
	close_sites();
	free(bytes);
}

/* Of bodies that would be copied, and of such that would not. */
static void one_range_is_those_bytes(void **state)
{
	add_pattern("*", "Cache-Control: no-cache");
	ranges_of(*state, 10);
	ranges_of(*state, 9000);
}

/* Section 14.6; the boundary is the file's own. */
static void several_ranges_are_parts(void **state)
{
	const struct site *dir = *state;
	char type[100], body[1000], digits[CONTENT_ETAG_BYTES];

	put_text(dir, "/a.txt", "0123456789");
	open_root(dir);
	assert_int_equal(get("/a.txt", "Range: bytes=0-1,-3\r\n"), 206);
	snprintf(digits, sizeof(digits), "%.*s", CONTENT_ETAG_BYTES - 2, field("ETag") + 1);
	snprintf(type, sizeof(type), "multipart/byteranges; boundary=%s", digits);
	assert_field("Content-Type", type);
	assert_field("Content-Range", "");
	snprintf(body, sizeof(body),
		"\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Range: bytes 0-1/10\r\n\r\n01"
		"\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Range: bytes 7-9/10\r\n\r\n789"
		"\r\n--%s--\r\n",
		digits, digits, digits);
	/* The CR LF before the first boundary may be there or not (RFC 2046 section 5.1.1). */
	if (got.len == strlen(body) - 2)
		assert_got_text(body + 2);
	else
		assert_got_text(body);
	close_sites();
}

/* Section 13.1.5. */
static void if_range_is_for_the_same_file_only(void **state)
{
	const struct site *dir = *state;
	char fields[200];

	put_text(dir, "/a.txt", "0123456789");
	open_root(dir);
	assert_int_equal(get("/a.txt", ""), 200);
	snprintf(fields, sizeof(fields), "Range: bytes=0-0\r\nIf-Range: %s\r\n", field("ETag"));
	assert_int_equal(get("/a.txt", fields), 206);
	assert_int_equal(get("/a.txt", "Range: bytes=0-0\r\nIf-Range: \"x\"\r\n"), 200);
	assert_got_text("0123456789");
	assert_int_equal(get("/a.txt", "Range: bytes=99-\r\nIf-Range: \"x\"\r\n"), 200);
	assert_int_equal(get("/a.txt", "Range: bytes=0-0\r\nIf-Range: " MTIME "\r\n"), 206);
	assert_int_equal(get("/a.txt", "Range: bytes=0-0\r\nIf-Range: " BEFORE "\r\n"), 200);
	close_sites();
}

/* ---- fields ---- */

/* A field for "*" whose line, with its CR LF, has n bytes. */
static void add_long_field(char *line, uint32_t n)
{
	memset(line, 'f', n - 2);
	memcpy(line, "X-Long: ", 8);
	line[n - 2] = '\0';
	add_pattern("*", line);
}

/* To who asks again. Up to 1,400 bytes of body and 1,024 of fields are copied; of what is not, only
 * a body may be given again. */
static void replies_are_given_again(void **state)
{
	static const struct {
		uint32_t body, fields;
		bool again;
	} cases[] = {
		{1400, 0, true}, {1401, 0, true}, {60000, 0, true}, {0, 0, true}, {10, 1024, true},
		{10, 1025, false}, {1400, 1024, true}, /* more than a buffer holds */
	};
	const struct site *dir = *state;
	static char line[2000];

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		uint8_t *body = site_bytes(cases[i].body);

		put(dir, "/file", body, cases[i].body);
		options.n_sites = options.n_patterns = 0;
		if (cases[i].fields)
			add_long_field(line, cases[i].fields);
		open_root(dir);
		for (uint32_t k = 0; k < 3; k++) {
			assert_int_equal(get("/file", ""), 200);
			assert_got(body, cases[i].body);
			assert_field("X-Long", cases[i].fields ? line + 8 : "");
		}
		assert_int_equal(rig.counters[HTTP_C_REPEATED], cases[i].again ? 2 : 0);
		close_sites();
		free(body);
	}
}

#define LONG_NAME "/a-long-name-of-an-asset-with-its-digest-7f83b1657ff1fc53b92dc18148a1d65d.js"

/* Requests that differ in one thing that a reply depends on, in turn: each gets what was made for
 * it, byte for byte. */
static void replies_given_again_are_the_same(void **state)
{
	static const struct {
		const char *method, *target, *fields;
		int status;
	} cases[] = {
		{"GET", "/page.html", "Accept-Encoding: gzip\r\n", 200},
		{"HEAD", "/page.html", "Accept-Encoding: gzip\r\n", 200},
		{"GET", "/page.html", "Accept-Encoding: br\r\n", 200},
		{"HEAD", "/page.html", "", 200},
		{"GET", "/page.html", "If-Modified-Since: " MTIME "\r\n", 304},
		{"HEAD", "/page.html", "If-Modified-Since: " BEFORE "\r\n", 200},
		{"GET", "/page.html", "If-Unmodified-Since: " MTIME "\r\nRange: bytes=3-9\r\n",
			206},
		{"GET", "/page.html", "Range: bytes=3-9\r\n", 206},
		{"GET", "/page.html", "Range: bytes=3-8\r\n", 206},
		{"GET", "/page.html", "Range: bytes=3-8\r\nIf-Range: " MTIME "\r\n", 206},
		{"GET", LONG_NAME, "", 200},
		{"GET", LONG_NAME, "Range: bytes=3-9\r\n", 206},
		{"GET", LONG_NAME, "Range: bytes=3-9\r\nIf-Range: \"x\"\r\n", 200},
		{"GET", "/large", "", 200},
		{"HEAD", "/large", "", 200},
		{"GET", "/large", "Range: bytes=10-9000\r\n", 206},
		{"GET", "/large", "Range: bytes=11-9001\r\n", 206},
		{"GET", "/large", "If-Modified-Since: " MTIME "\r\n", 304},
		{"GET", LONG_NAME "s", "", 404},
		{"HEAD", LONG_NAME "s", "", 404},
	};
	static uint8_t first[RS_ARRAY_SIZE(cases)][22000];
	static uint64_t n_first[RS_ARRAY_SIZE(cases)];
	uint64_t *counters = rig.counters;
	uint8_t *large = site_bytes(20000);

	put_text(*state, LONG_NAME, "all of its bytes");
	put(*state, "/large", large, 20000);
	add_error_page(404, "/large");
	open_with_codings(*state);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
			assert_int_equal(ask_for(cases[i].method, cases[i].target, "a.test",
						 cases[i].fields),
				cases[i].status);
			if (!round) {
				n_first[i] = rig.n_got;
				assert_true(rig.n_got <= sizeof(first[i]));
				memcpy(first[i], rig.got, rig.n_got);
			}
			assert_int_equal(rig.n_got, n_first[i]);
			assert_memory_equal(rig.got, first[i], rig.n_got);
		}
	}
	assert_int_equal(counters[HTTP_C_REPEATED], 2 * RS_ARRAY_SIZE(cases));
	assert_int_equal(counters[HTTP_C_REPLIES_2XX], 3 * 16);
	assert_int_equal(counters[HTTP_C_REPLIES_3XX], 3 * 2);
	assert_int_equal(counters[HTTP_C_REPLIES_4XX], 3 * 2);
	assert_int_equal(counters[HTTP_C_NOT_FOUND], 3 * 2);
	close_sites();
	free(large);
}

/* A redirect has the query, which others have not. */
static void redirects_are_not_given_again(void **state)
{
	site_dir(*state, "/dir");
	put_text(*state, "/dir/index.html", "in it");
	open_root(*state);
	assert_int_equal(get("/dir?a", ""), 301);
	assert_field("Location", "/dir/?a");
	assert_int_equal(get("/dir?b", ""), 301);
	assert_field("Location", "/dir/?b");
	close_sites();
}

/* At whatever size copying ends, nothing is lost. */
static void fields_and_bodies_of_all_sizes_are_whole(void **state)
{
	static const uint32_t bodies[] = {0, 1, 700, 1399, 1400, 1401, 5000};
	const struct site *dir = *state;
	static char line[SITE_FIELDS_BYTES];
	uint8_t *body = site_bytes(5000);
	char name[20];

	site_dir(dir, "/dir");
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(bodies); i++) {
		snprintf(name, sizeof(name), "/%u", i);
		put(dir, name, body, bodies[i]);
	}
	options.cors = "https://other.test";
	for (uint32_t n = 16; n<SITE_FIELDS_BYTES; n += n> 1200 ? 997 : 29) {
		options.n_sites = options.n_patterns = 0;
		add_long_field(line, n);
		open_root(dir);
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(bodies); i++) {
			snprintf(name, sizeof(name), "/%u", i);
			assert_int_equal(get(name, ""), 200);
			assert_field("X-Long", line + 8);
			assert_field("Access-Control-Allow-Origin", "https://other.test");
			assert_got(body, bodies[i]);
		}
		assert_int_equal(get("/dir", ""), 301);
		assert_field("X-Long", line + 8);
		assert_field("Location", "/dir/");
		close_sites();
	}
	free(body);
}

/* A reload must not take it away: each slice has a share in what stands for the sites. */
static void what_is_not_copied_keeps_the_sites(void **state)
{
	static const char *const requests[] = {
		"GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /small HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /small HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n",
		"HEAD /small HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /dir HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /none HTTP/1.1\r\nHost: a\r\n\r\n",
	};
	const struct site *dir = *state;
	uint8_t *large = site_bytes(9000);
	static char line[2000];

	put(dir, "/large", large, 9000);
	put_text(dir, "/small", "text");
	put_text(dir, "/404.html", "lost");
	site_dir(dir, "/dir");
	add_long_field(line, 1500);
	add_error_page(404, "/404.html");
	open_root(dir);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(requests); i++) {
		rig_feed(&rig, requests[i], (uint32_t)strlen(requests[i]));
		assert_true(rs_chunk_is_shared(&rig.chunks, core.anchor));
		rig_drain(&rig);
		rs_http_memo_clear(&rig.env); /* as a reload does */
		assert_false(rs_chunk_is_shared(&rig.chunks, core.anchor));
	}
	close_sites();
	free(large);
}

/* ---- early hints ---- */

#define NAVIGATE "Sec-Fetch-Mode: navigate\r\n"
#define LINK     "</a.css>; rel=preload; as=style"

static void open_with_hints(const struct site *dir, uint32_t body_bytes)
{
	uint8_t *body = site_bytes(body_bytes);

	put(dir, "/page", body, body_bytes);
	put_text(dir, "/other", "other");
	free(body);
	add_pattern("/page", "Link: " LINK);
	options.early_hints = true;
	open_root(dir);
}

static void hints_come_with(uint32_t body_bytes, struct site *dir)
{
	uint8_t *body = site_bytes(body_bytes);

	open_with_hints(dir, body_bytes);
	/* Each by itself: neither has what the memo keeps of the other. */
	for (uint32_t i = 0; i < 4; i++) {
		bool navigates = i % 2;

		assert_int_equal(get("/page", navigates ? NAVIGATE : ""), 200);
		assert_int_equal(got.has_hints, navigates);
		if (navigates)
			assert_string_equal(
				got.hints, "HTTP/1.1 103 Early Hints\r\nLink: " LINK "\r\n\r\n");
		assert_field("Link", LINK);
		assert_got(body, body_bytes);
	}
	close_sites();
	free(body);
}

static void hints_come_before_a_page(void **state)
{
	hints_come_with(10, *state);
	options = (struct site_options){0};
	hints_come_with(9000, *state);
}

/* Two heads with their fields, and the body: as much as fits is copied, and nothing is lost. */
static void hints_of_all_sizes_are_whole(void **state)
{
	const struct site *dir = *state;
	static char link[SITE_HINTS_BYTES], line[1025];
	uint8_t *body = site_bytes(1400);
	char name[20];

	for (uint32_t n = 0; n <= 1400; n += 100) {
		snprintf(name, sizeof(name), "/%u", n);
		put(dir, name, body, n);
	}
	for (uint32_t n = 20; n <= SITE_HINTS_BYTES; n += 82) {
		options = (struct site_options){.early_hints = true};
		snprintf(link, sizeof(link), "Link: %0*u", (int)n - 8, 0); /* CR LF come behind */
		add_pattern("*", link);
		if (n % 4) /* beside it, so that fields do not fit twice */
			add_long_field(line, 1024 - n);
		open_root(dir);
		for (uint32_t len = 0; len <= 1400; len += 100) {
			snprintf(name, sizeof(name), "/%u", len);
			assert_int_equal(get(name, NAVIGATE), 200);
			assert_true(got.has_hints);
			assert_string_equal(field_in(got.hints, "Link"), link + 6);
			assert_field("Link", link + 6);
			assert_field("X-Long", n % 4 ? line + 8 : "");
			assert_got(body, len);
		}
		close_sites();
	}
	free(body);
}

/* HTTP/1.0 that closes is told the same of the connection, and no hints: so its reply, which the
 * memo keeps, is none for HTTP/1.1. */
static void hints_come_behind_http_1_0(void **state)
{
	open_with_hints(*state, 10);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(ask("GET /page HTTP/1.0\r\n" NAVIGATE "\r\n"), 200);
		assert_false(got.has_hints);
		assert_int_equal(
			ask("GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" NAVIGATE
			    "\r\n"),
			200);
		assert_true(got.has_hints);
	}
	assert_true(rig.counters[HTTP_C_REPEATED] > 0);
	close_sites();
}

/* docs/content.md: to GET requests of HTTP/1.1 by browsers that navigate, before a 200. */
static void hints_come_to_nobody_else(void **state)
{
	static const struct {
		const char *request;
		int status;
	} cases[] = {
		{"GET /page HTTP/1.1\r\nHost: a\r\n\r\n", 200},
		{"GET /page HTTP/1.1\r\nHost: a\r\nSec-Fetch-Mode: cors\r\n\r\n", 200},
		{"GET /page HTTP/1.1\r\nHost: a\r\n" NAVIGATE NAVIGATE "\r\n", 200},
		{"GET /page HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n" NAVIGATE "\r\n",
			200},
		{"HEAD /page HTTP/1.1\r\nHost: a\r\n" NAVIGATE "\r\n", 200},
		{"GET /other HTTP/1.1\r\nHost: a\r\n" NAVIGATE "\r\n", 200},
		{"GET /page HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0\r\n" NAVIGATE "\r\n", 206},
		{"GET /page HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n" NAVIGATE "\r\n", 304},
		{"GET /page HTTP/1.1\r\nHost: a\r\nIf-Match: \"x\"\r\n" NAVIGATE "\r\n", 412},
	};

	open_with_hints(*state, 10);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		assert_int_equal(ask(cases[i].request), cases[i].status);
		assert_false(got.has_hints);
	}
	close_sites();
	options.n_sites = 0;
	options.early_hints = false;
	open_root(*state);
	assert_int_equal(get("/page", NAVIGATE), 200);
	assert_false(got.has_hints);
	assert_field("Link", LINK);
	close_sites();
}

/* ---- again ---- */

static const char *const again_methods[] = {"GET", "HEAD", "OPTIONS"};
static const char *const again_targets[] = {
	"/page", "/other", "/other?q", "/dir", "/dir/", "/none"};
static const char *const again_versions[] = {"1.1", "1.0"};
static const char *const again_fields[] = {"", "Connection: close\r\n",
	"Connection: keep-alive\r\n", NAVIGATE, NAVIGATE "Connection: close\r\n",
	"Range: bytes=0-1\r\n", "Range: bytes=0-0,3-3\r\n",
	"Range: bytes=0-1\r\nIf-Range: \"x\"\r\n", "If-None-Match: *\r\n", "If-Match: \"x\"\r\n",
	"If-Modified-Since: " MTIME "\r\n", "Accept-Encoding: gzip\r\n",
	"Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: gzip\r\nRange: bytes=0-1\r\n"};

#define N_AGAIN                                                                                    \
	(RS_ARRAY_SIZE(again_methods) * RS_ARRAY_SIZE(again_targets) *                             \
		RS_ARRAY_SIZE(again_versions) * RS_ARRAY_SIZE(again_fields))

/* Asks for the i-th of all combinations on a connection of its own: the reply stands in rig.got. */
static void ask_nth(uint32_t i)
{
	static char request[400];
	uint32_t n = i;
	const char *fields = again_fields[n % RS_ARRAY_SIZE(again_fields)];
	const char *version = again_versions[(n /= RS_ARRAY_SIZE(again_fields)) % 2];
	const char *target = again_targets[(n /= 2) % RS_ARRAY_SIZE(again_targets)];
	const char *method = again_methods[n / RS_ARRAY_SIZE(again_targets)];
	int len = snprintf(request, sizeof(request), "%s %s HTTP/%s\r\nHost: a.test\r\n%s\r\n",
		method, target, version, fields);

	rig_reopen(&rig);
	rig_feed(&rig, request, (uint32_t)len);
	rig_drain(&rig);
}

/* What is known of earlier requests, in whatever order they came, makes no reply another one. */
static void replies_are_the_same_again(void **state)
{
	static uint8_t replies[N_AGAIN][1024];
	static uint64_t lens[N_AGAIN];
	const struct site *dir = *state;
	uint32_t seed = 1;

	put(dir, "/page.gz", "\x1f\x8b\x08 as if it were", 17);
	site_dir(dir, "/dir");
	put_text(dir, "/dir/index.html", "index");
	open_with_hints(dir, 100);
	rig.env.memo = NULL;
	for (uint32_t i = 0; i < N_AGAIN; i++) {
		memset(&rig.seen, 0, sizeof(rig.seen));
		ask_nth(i);
		assert_in_range(rig.n_got, 1, sizeof(replies[0]));
		memcpy(replies[i], rig.got, rig.n_got);
		lens[i] = rig.n_got;
	}
	rig.env.memo = &rig.memo;
	for (uint32_t round = 0; round < 20 * N_AGAIN; round++) {
		uint32_t i;

		seed = seed * 1664525 + 1013904223;
		i = (seed >> 8) % N_AGAIN;
		ask_nth(i);
		assert_int_equal(rig.n_got, lens[i]);
		assert_memory_equal(rig.got, replies[i], lens[i]);
	}
	assert_true(rig.counters[HTTP_C_REPEATED] > N_AGAIN);
	close_sites();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(a_file_comes_with_what_is_known_of_it),
		test(head_is_get_without_the_body),
		test(no_date_is_of_the_future),
		test(names_are_found_however_they_are_written),
		test(a_directory_is_its_index_or_forbidden),
		test(the_coding_is_the_best_that_the_client_takes),
		test(what_has_no_codings_does_not_vary),
		test(any_coding_makes_a_file_vary),
		test(what_is_stored_coded_says_so),
		test(vary_is_one_line),
		test(validators_and_ranges_are_those_of_the_coding),
		test(a_directory_without_slash_is_elsewhere),
		test(a_long_location_is_relative),
		test(escapes_count_in_a_location),
		test(a_304_has_what_a_cache_updates),
		test(conditions_are_looked_at_in_their_order),
		test(one_range_is_those_bytes),
		test(several_ranges_are_parts),
		test(if_range_is_for_the_same_file_only),
		test(replies_are_given_again),
		test(replies_given_again_are_the_same),
		test(redirects_are_not_given_again),
		test(fields_and_bodies_of_all_sizes_are_whole),
		test(what_is_not_copied_keeps_the_sites),
		test(hints_come_before_a_page),
		test(hints_of_all_sizes_are_whole),
		test(hints_come_behind_http_1_0),
		test(hints_come_to_nobody_else),
		test(replies_are_the_same_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
