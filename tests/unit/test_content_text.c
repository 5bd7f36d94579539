/* SPDX-License-Identifier: BSD-2-Clause */
/* Media types by extension, and field lines by pattern. */
#include "content_site.h"

#include <errno.h>

#include "base/bytes.h"
#include "content/fields.h"
#include "content/mime.h"
#include "content/pattern.h"

#define NO_FILE "/does/not/exist"

/* ---- media types ---- */

static struct mime_table table;
static struct texts texts; /* what the types are kept in, and field lines */

/* Without a table of its own, a file is x/y. */
static struct content_options options_of(const char *file, const char *charset)
{
	return (struct content_options){
		.types_file = file, .default_type = "x/y", .charset = charset};
}

static int load_types(const char *file, const char *charset)
{
	struct content_options options = options_of(file, charset);

	return rs_mime_load(&table, &options, &texts);
}

static void load_lines(const struct site *site, const char *lines, const char *charset)
{
	site_text(site, "/types", lines);
	assert_int_equal(load_types(site_path(site, "/types"), charset), 0);
}

static void free_types(void)
{
	rs_mime_free(&table);
	rs_texts_free(&texts);
}

/* On an exact-size copy. */
static void expect_type(const char *name, const char *expected)
{
	size_t len = strlen(name);
	uint8_t *copy = malloc(len ? len : 1);

	memcpy(copy, name, len);
	assert_text(rs_mime_find(&table, (struct span){.data = copy, .len = (uint32_t)len})->text,
		expected);
	free(copy);
}

static void types_without_a_file(void **state)
{
	static const struct {
		const char *name, *type;
	} cases[] = {
		{"a.html", "text/html; charset=utf-8"},
		{"a.HTML", "text/html; charset=utf-8"},
		{"a.b.Css", "text/css; charset=utf-8"},
		{"a.ZIP", "application/zip"},
		{"a.AVIF", "image/avif"},
		{"a.mjs", "text/javascript; charset=utf-8"},
		{"a.svg", "image/svg+xml; charset=utf-8"},
		{"a.xml", "application/xml; charset=utf-8"},
		{"a.json", "application/json"},
		{"a.webmanifest", "application/manifest+json"},
		{"a.wasm", "application/wasm"},
		{"a.png", "image/png"},
		{"a.woff2", "font/woff2"},
		{"a.tar.gz", "application/gzip"},
		{"a.css.br", "application/x-brotli"},
		{"a.css.zst", "application/zstd"},
		{"a", "x/y"},
		{"html", "x/y"},
		{".html", "x/y"},
		{"a.", "x/y"},
		{"", "x/y"},
		{".", "x/y"},
		{"..", "x/y"},
		{"a.html ", "x/y"},
		{"a.nobody-has-this", "x/y"},
		{"a.longer-than-any-extension-that-there-is-in-the-world", "x/y"},
	};

	(void)state;
	assert_int_equal(load_types(NO_FILE, "utf-8"), -ENOENT);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++)
		expect_type(cases[i].name, cases[i].type);
	free_types();
}

static void the_file_comes_first(void **state)
{
	static const char file[] = "# a comment\n"
				   "\n"
				   "text/first\thtml  one # two\n"
				   "text/second html\n"
				   "no/extensions\n"
				   "application/three\t\t\tTHREE Four\r\n"
				   "application/last last";
	struct site *site = *state;

	load_lines(site, file, "");
	expect_type("a.html", "text/first");
	expect_type("a.one", "text/first");
	expect_type("a.two", "x/y");
	expect_type("a.three", "application/three");
	expect_type("a.four", "application/three");
	expect_type("a.last", "application/last");
	expect_type("a.css", "text/css");
	assert_int_equal(table.n_bad_lines, 0);
	assert_int_equal(table.first_bad_line, 0);
	free_types();
}

/* Letters of ASCII alone have two cases, and what is too long is passed over. */
static void odd_extensions(void **state)
{
	static const char file[] = "x/letter c\nx/sign a_b\n"
				   "x/longest 12345678901234567890123456789012\n"
				   "x/longer 123456789012345678901234567890123\nx/last last\n";
	struct site *site = *state;

	load_lines(site, file, "");
	expect_type("a.C", "x/letter");
	expect_type("a.A_B", "x/sign");
	expect_type("a.a\177b", "x/y");
	expect_type("a.12345678901234567890123456789012", "x/longest");
	expect_type("a.123456789012345678901234567890123", "x/y");
	expect_type("a.last", "x/last");
	free_types();
}

/* Text, and XML, which is text whatever its type says (RFC 7303 section 8). */
static void what_has_a_charset(void **state)
{
	static const struct {
		const char *name, *type;
	} cases[] = {
		{"a.text", "text/x; charset=koi8-r"},
		{"a.script", "application/javascript; charset=koi8-r"},
		{"a.xml", "application/xml; charset=koi8-r"},
		{"a.feed", "application/x+xml; charset=koi8-r"},
		{"a.json", "application/json"},
		{"a.texty", "texty/x"},
	};
	static const char file[] = "text/x text\napplication/javascript script\n"
				   "application/x+xml feed\ntexty/x texty\n";
	struct site *site = *state;

	load_lines(site, file, "koi8-r");
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++)
		expect_type(cases[i].name, cases[i].type);
	free_types();
}

/* Types are sent as they are. */
static void lines_that_are_no_types(void **state)
{
	char file[1024], longest[256], longer[300];
	struct site *site = *state;

	snprintf(longest, sizeof(longest), "%0127d/%0127d", 1, 2);
	snprintf(longer, sizeof(longer), "%0127d/%0128d", 1, 2);
	snprintf(file, sizeof(file),
		"%s longest\n%s longer\nte\001xt/plain control\nplain none\n/plain left\n"
		"text/ right\na/b/c three\ntext/plain;a=b parameter\nt\xc3\xa9/x beyond\n"
		"text/good good\n\n# none/at all\nnone\n",
		longest, longer);
	load_lines(site, file, "");
	expect_type("a.longest", longest);
	expect_type("a.longer", "x/y");
	expect_type("a.control", "x/y");
	expect_type("a.none", "x/y");
	expect_type("a.left", "x/y");
	expect_type("a.right", "x/y");
	expect_type("a.three", "x/y");
	expect_type("a.parameter", "x/y");
	expect_type("a.beyond", "x/y");
	expect_type("a.good", "text/good");
	assert_int_equal(table.n_bad_lines, 9);
	assert_int_equal(table.first_bad_line, 2);
	free_types();
}

/* More extensions than the table has room for at first. */
static void a_large_file(void **state)
{
	enum {
		N = 10000
	};
	struct site *site = *state;
	char name[32], type[32];
	FILE *file = fopen(site_path(site, "/types"), "w");

	for (uint32_t i = 0; i < N; i++)
		fprintf(file, "x/t%u e%u\n", i, i);
	fclose(file);
	assert_int_equal(load_types(site_path(site, "/types"), "utf-8"), 0);
	for (uint32_t i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "a.e%u", i);
		snprintf(type, sizeof(type), "x/t%u", i);
		expect_type(name, type);
	}
	free_types();
}

static void write_spaces(const char *path, uint32_t n, const char *end)
{
	FILE *file = fopen(path, "w");

	fprintf(file, "%*s%s", (int)(n - strlen(end)), "", end);
	fclose(file);
}

static void a_file_that_is_too_large(void **state)
{
	struct site *site = *state;
	const char *path = site_path(site, "/types");

	write_spaces(path, MIME_MAX_FILE_BYTES, "\nx/last last");
	assert_int_equal(load_types(path, "utf-8"), 0);
	expect_type("a.last", "x/last");
	rs_mime_free(&table);
	write_spaces(path, MIME_MAX_FILE_BYTES + 1, "\nx/last last");
	assert_int_equal(load_types(path, "utf-8"), -EFBIG);
	expect_type("a.last", "x/y");
	expect_type("a.css", "text/css; charset=utf-8");
	rs_mime_free(&table);
	assert_int_equal(load_types("/dev/zero", "utf-8"), -EFBIG);
	free_types();
}

/* media-types is one of the packages that scripts/setup installs. */
static void debians_table(void **state)
{
	(void)state;
	assert_int_equal(load_types("/etc/mime.types", "utf-8"), 0);
	expect_type("a.html", "text/html; charset=utf-8");
	expect_type("a.js", "text/javascript; charset=utf-8");
	expect_type("a.json", "application/json");
	expect_type("a.jpeg", "image/jpeg");
	expect_type("a.odt", "application/vnd.oasis.opendocument.text");
	expect_type("a.br", "application/x-brotli");
	expect_type("a.ts", "text/vnd.trolltech.linguist; charset=utf-8");
	assert_int_equal(table.n_bad_lines, 0);
	free_types();
}

/* Where nobody has named it, segments of a video are what they are with nginx. */
static void debians_table_by_default(void **state)
{
	(void)state;
	assert_int_equal(load_types(NULL, "utf-8"), 0);
	expect_type("a.ts", "video/mp2t");
	expect_type("a.rss", "application/rss+xml; charset=utf-8");
	expect_type("a.odt", "application/vnd.oasis.opendocument.text");
	expect_type("a.br", "application/x-brotli");
	free_types();
}

/* As nginx's manual has them, and its own file, where some lines go on. */
static void a_file_of_nginx(void **state)
{
	static const char file[] = "\ntypes {\n"
				   "    text/html                 html htm shtml;\n"
				   "    text/mathml\t\t mml ; # mathematics; and more\n"
				   "    x/wrapped\n"
				   "                              one two;\r\n"
				   "    x/also\n                  three\n;\n"
				   "    x/nothing ;\n"
				   "    none;\n"
				   "    x/last                    last;\n"
				   "}\n";
	struct site *site = *state;

	load_lines(site, file, "");
	expect_type("a.html", "text/html");
	expect_type("a.shtml", "text/html");
	expect_type("a.mml", "text/mathml");
	expect_type("a.one", "x/wrapped");
	expect_type("a.two", "x/wrapped");
	expect_type("a.three", "x/y");
	expect_type("a.none", "x/y");
	expect_type("a.last", "x/last");
	expect_type("a.last;", "x/y");
	assert_int_equal(table.n_bad_lines, 2);
	assert_int_equal(table.first_bad_line, 8);
	free_types();
}

static void a_frame_with_its_brace_apart(void **state)
{
	struct site *site = *state;

	load_lines(site, "types\n{\nx/one one;\n}\ntypes{\nx/two two;\n}\n", "");
	expect_type("a.one", "x/one");
	expect_type("a.two", "x/two");
	assert_int_equal(table.n_bad_lines, 0);
	free_types();
}

/* As nginx's default_type and types do by location. */
static void types_by_pattern(void **state)
{
	static const struct content_pattern given[] = {
		{"/.well-known/apple-app-site-association", "Content-Type: application/json"},
		{"/feeds/*", "content-type:text/xml; charset=iso-8859-1"},
		{"*", "X-Content-Type: no"},
		{"/feeds/*.png", "Content-Type: \timage/x-feed ;a=b"},
	};
	struct content_options options = options_of(NO_FILE, "utf-8");

	(void)state;
	options.patterns = given;
	options.n_patterns = 4;
	rs_mime_load(&table, &options, &texts);
	expect_type("/.well-known/apple-app-site-association", "application/json");
	expect_type("/feeds/a", "text/xml; charset=iso-8859-1");
	expect_type("/feeds/a.html", "text/xml; charset=iso-8859-1");
	expect_type("/feeds/a.png", "image/x-feed ;a=b");
	expect_type("/feeds", "x/y");
	expect_type("/a.html", "text/html; charset=utf-8");
	expect_type("/a.b/.png", "x/y");
	assert_true(rs_mime_find(&table, rs_span_text("/feeds/a"))->compressible);
	assert_false(rs_mime_find(&table, rs_span_text("/feeds/a.png"))->compressible);
	free_types();
}

static void what_is_a_type(void **state)
{
	static const char *const good[] = {
		"a/b", "application/vnd.x+json", "text/html;charset=x", "text/html ; a=\"b c\""};
	static const char *const bad[] = {"", "text", "text/", "/html", "text/html x",
		"text/html, text/plain", "te xt/html", "text/html/x", "; charset=x"};
	char long_one[330];

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(good); i++)
		assert_true(rs_mime_is_value(good[i]));
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(bad); i++)
		assert_false(rs_mime_is_value(bad[i]));
	snprintf(long_one, sizeof(long_one), "a/b;%0*d", 320 - 4, 0);
	assert_true(rs_mime_is_value(long_one));
	snprintf(long_one, sizeof(long_one), "a/b;%0*d", 321 - 4, 0);
	assert_false(rs_mime_is_value(long_one));
}

static void what_compresses(void **state)
{
	static const char *const good[] = {"text/html", "text/x-anything", "application/json",
		"application/ld+json", "application/xml", "image/svg+xml", "application/wasm",
		"application/javascript", "font/ttf", "image/x-icon"};
	static const char *const bad[] = {"", "text", "image/png", "application/gzip",
		"application/octet-stream", "font/woff2", "video/mp4", "application/jsonx"};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(good); i++)
		assert_true(rs_mime_is_compressible(rs_span_text(good[i])));
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(bad); i++)
		assert_false(rs_mime_is_compressible(rs_span_text(bad[i])));
}

/* ---- patterns ---- */

static void patterns(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{"", "", true},
		{"", "/", false},
		{"*", "", true},
		{"*", "/any/thing", true},
		{"/a", "/a", true},
		{"/a", "/ab", false},
		{"/ab", "/a", false},
		{"/a*", "/a", true},
		{"/a*", "/a/b/c", true},
		{"/a/*", "/a", false},
		{"*.html", "/x/y.html", true},
		{"*.html", "/x/y.html.gz", false},
		{"*.html", "/.html.html", true},
		{"/*/b/*.c", "/a/b/b.c", true},
		{"/*/b/*.c", "/a/c/b.c", false},
		{"*a*b", "aaab", true},
		{"*a*b", "aaabc", false},
		{"*ab*ab", "abab", true},
		{"*ab*ab", "ab", false},
		{"**", "x", true},
		{"a?", "ab", false},
		{"*aab", "aaaab", true},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++)
		assert_int_equal(rs_pattern_match(cases[i].pattern, rs_span_text(cases[i].text)),
			cases[i].match);
}

/* With a search that tries every way, this would not end. */
static void a_pattern_of_stars(void **state)
{
	static char text[4000];
	char pattern[201];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (uint32_t i = 0; i < 200; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[199] = 'b';
	pattern[200] = '\0';
	assert_false(rs_pattern_match(
		pattern, (struct span){.data = (const uint8_t *)text, .len = sizeof(text)}));
}

static struct span find_fields(struct fields *fields, const char *path)
{
	struct span text;

	assert_true(rs_fields_find(fields, rs_span_text(path), &texts, &text));
	return text;
}

static void the_last_of_a_name_counts(void **state)
{
	static const struct content_pattern given[] = {
		{"*", "Cache-Control: no-cache"},
		{"/a/*", "X-A:  1"},
		{"/a/*", "X-B:"},
		{"*.js", "cache-control: max-age=60"},
	};
	struct fields fields;
	struct span text;
	char error[100];

	(void)state;
	assert_true(rs_fields_init(&fields, given, 4, error, sizeof(error)));
	assert_text(find_fields(&fields, "/b"), "Cache-Control: no-cache\r\n");
	assert_text(find_fields(&fields, "/b.js"), "cache-control: max-age=60\r\n");
	assert_text(find_fields(&fields, "/a/b.js"),
		"X-A: 1\r\nX-B: \r\ncache-control: max-age=60\r\n");
	text = find_fields(&fields, "/a/c.js");
	assert_ptr_equal(text.data, find_fields(&fields, "/a/d.js").data);
	rs_texts_free(&texts);
}

static void what_is_for_tls_alone_comes_first(void **state)
{
	static const struct content_pattern given[] = {
		{"*", "X-A: 1"},
		{"*", "strict-transport-security: max-age=1"},
		{"/a/*", "Strict-Transport-Security: max-age=2"},
		{"*", "X-Strict-Transport-Security: 3"},
	};
	struct fields fields;
	char error[100];

	(void)state;
	assert_true(rs_fields_init(&fields, given, 4, error, sizeof(error)));
	assert_text(find_fields(&fields, "/b"), "strict-transport-security: max-age=1\r\nX-A: 1\r\n"
						"X-Strict-Transport-Security: 3\r\n");
	assert_text(find_fields(&fields, "/a/b"),
		"Strict-Transport-Security: max-age=2\r\nX-A: 1\r\n"
		"X-Strict-Transport-Security: 3\r\n");
	rs_texts_free(&texts);
}

static void one_line_by_its_name(void **state)
{
	static const char text[] = "X-Link: a\r\nLinks: b\r\nlink: c\r\nX: Link: d\r\n";

	(void)state;
	assert_text(rs_fields_line(rs_span_text(text), "Link"), "link: c\r\n");
	assert_text(rs_fields_line(rs_span_text(text), "X"), "X: Link: d\r\n");
	assert_int_equal(rs_fields_line(rs_span_text(text), "Lin").len, 0);
	assert_int_equal(rs_fields_line((struct span){0}, "Link").len, 0);
}

static void no_more_patterns_than_that(void **state)
{
	static struct content_pattern many[CONTENT_MAX_PATTERNS + 1];
	static char names[CONTENT_MAX_PATTERNS + 1][16];
	struct fields fields;
	char error[100];

	(void)state;
	for (uint32_t i = 0; i <= CONTENT_MAX_PATTERNS; i++) {
		snprintf(names[i], sizeof(names[i]), "X%02u: y", i);
		many[i] = (struct content_pattern){.pattern = "*", .field = names[i]};
	}
	assert_false(rs_fields_init(&fields, many, CONTENT_MAX_PATTERNS + 1, error, sizeof(error)));
	assert_string_equal(error, "65 patterns for header fields are more than 64");
	assert_true(rs_fields_init(&fields, many, CONTENT_MAX_PATTERNS, error, sizeof(error)));
	assert_int_equal(find_fields(&fields, "/").len, 64 * strlen("X00: y\r\n"));
	rs_texts_free(&texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_without_a_file),
		site_test(the_file_comes_first),
		site_test(odd_extensions),
		site_test(what_has_a_charset),
		site_test(lines_that_are_no_types),
		site_test(a_file_of_nginx),
		site_test(a_frame_with_its_brace_apart),
		site_test(a_large_file),
		site_test(a_file_that_is_too_large),
		cmocka_unit_test(debians_table),
		cmocka_unit_test(debians_table_by_default),
		cmocka_unit_test(types_by_pattern),
		cmocka_unit_test(what_is_a_type),
		cmocka_unit_test(what_compresses),
		cmocka_unit_test(patterns),
		cmocka_unit_test(a_pattern_of_stars),
		cmocka_unit_test(the_last_of_a_name_counts),
		cmocka_unit_test(what_is_for_tls_alone_comes_first),
		cmocka_unit_test(one_line_by_its_name),
		cmocka_unit_test(no_more_patterns_than_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
