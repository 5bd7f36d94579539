/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading a directory: what is served from it under which path, and what is not. */
#include "content_site.h"

#include <errno.h>
#include <limits.h>
#include <sys/un.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "content/index.h"
#include "content/load.h"

#define MIB (UINT64_C(1) << 20)

/* ---- files ---- */

static void sizes(void **state)
{
	static const size_t cases[] = {0, 1, 63, 64, 65, 1459, 1460, 1461, 65536, 3 * MIB};
	struct site *site = *state;
	struct content_tree *tree;
	char name[32];

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		uint8_t *bytes = site_bytes(cases[i]);

		snprintf(name, sizeof(name), "/%zu.bin", cases[i]);
		site_put(site, name, bytes, cases[i]);
		free(bytes);
	}
	tree = site_load(site, NULL);
	assert_non_null(tree);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		uint8_t *bytes = site_bytes(cases[i]);

		snprintf(name, sizeof(name), "/%zu.bin", cases[i]);
		assert_body(site_body(tree, name), bytes, cases[i]);
		assert_int_equal((uintptr_t)site_body(tree, name)->data % 64, 0);
		free(bytes);
	}
	assert_int_equal(site->report.counts[CONTENT_C_FILES], RS_ARRAY_SIZE(cases));
	assert_int_equal(site->report.counts[CONTENT_C_READ_BYTES], 3 * MIB + 70109);
	assert_int_equal(site->report.held_bytes, 4 * MIB / 64 * 65); /* with sums */
	rs_content_free(tree);
}

static void the_same_content_is_there_once(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;

	site_text(site, "/a", "the same");
	site_text(site, "/b.txt", "the same");
	site_text(site, "/c", "the samf");
	tree = site_load(site, NULL);
	assert_ptr_equal(site_body(tree, "/a"), site_body(tree, "/b.txt"));
	assert_ptr_not_equal(site_body(tree, "/a"), site_body(tree, "/c"));
	assert_string_not_equal(site_body(tree, "/a")->etag, site_body(tree, "/c")->etag);
	assert_int_equal(site->report.counts[CONTENT_C_DUPLICATES], 1);
	assert_int_equal(site->report.counts[CONTENT_C_READ_FILES], 3);
	rs_content_free(tree);
}

/* xxhsum -H2 over "hello\n"; another load tells the same. */
static void etags_are_stable(void **state)
{
	struct site *site = *state;

	site_text(site, "/hello", "hello\n");
	for (uint32_t i = 0; i < 2; i++) {
		struct content_tree *tree = site_load(site, NULL);

		assert_string_equal(
			site_body(tree, "/hello")->etag, "\"6bba86c7e069f56d5a10b435f1c8e49c\"");
		assert_int_equal(site_body(tree, "/hello")->etag_len, CONTENT_ETAG_BYTES);
		rs_content_free(tree);
	}
}

static void types_times_and_fields(void **state)
{
	static const struct content_pattern patterns[] = {
		{"/assets/*", "Cache-Control: max-age=31536000, immutable"},
		{"*", "X-Frame-Options:DENY"},
		{"/b", "Content-Type: text/x-b"},
	};
	struct site *site = *state;
	const struct content_entry *entry;
	struct content_tree *tree;

	site->options.patterns = patterns;
	site->options.n_patterns = RS_ARRAY_SIZE(patterns);
	site_dir(site, "/assets");
	site_text(site, "/assets/a.css", "a{}");
	site_text(site, "/b", "");
	site_date(site, "/assets/a.css", 784111777);
	tree = site_load(site, NULL);
	entry = site_file(tree, "/assets/a.css");
	assert_text(entry->path, "/assets/a.css");
	assert_text(entry->type, "text/css; charset=utf-8");
	assert_text(entry->fields, "Cache-Control: max-age=31536000, immutable\r\n"
				   "X-Frame-Options: DENY\r\n");
	assert_int_equal(entry->mtime_s, 784111777);
	entry = site_file(tree, "/b");
	assert_text(entry->type, "text/x-b");
	assert_text(entry->fields, "X-Frame-Options: DENY\r\n");
	assert_memory_equal(entry->fields.data + entry->fields.len, "\r\n", 2);
	/* Redirects have theirs; what refusals do not have need not fit into them. */
	assert_text(site_find(tree, "/assets")->fields, "X-Frame-Options: DENY\r\n");
	assert_int_equal(site_find(tree, "/assets/")->fields.len, 0);
	rs_content_free(tree);
}

static void odd_names(void **state)
{
	static char longest[1 + 255 + 1];
	const char *names[] = {"/with space", "/\xc3\xa4\xe2\x82\xac.txt", "/100%25", "/%",
		"/a+b?c#d", "/new\nline", "/\xff\xfe", "/-", "/...", longest};
	struct site *site = *state;
	struct content_tree *tree;

	site->options.hidden = true;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(names); i++)
		site_text(site, names[i], names[i]);
	tree = site_load(site, NULL);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(names); i++)
		assert_body(site_body(tree, names[i]), names[i], strlen(names[i]));
	assert_int_equal(site->n_skips, 0);
	rs_content_free(tree);
}

/* A path that no call may name, made by descriptors: "/ddd…/ddd…/…/file". */
static void a_path_that_is_too_long(void **state)
{
	static char segment[201], expected[4608];
	struct site *site = *state;
	struct content_tree *tree;
	uint32_t n = 0;
	int dir = open(site->root, O_RDONLY | O_DIRECTORY);

	memset(segment, 'd', sizeof(segment) - 1);
	while (n + sizeof(segment) + strlen("/file") < 4096) {
		int below;

		assert_int_equal(mkdirat(dir, segment, 0755), 0);
		below = openat(dir, segment, O_RDONLY | O_DIRECTORY);
		assert_true(below >= 0);
		close(dir);
		dir = below;
		n += (uint32_t)sprintf(expected + n, "/%s", segment);
	}
	/* With its 0, and one more for the "/" of a directory: as long as can be, and longer. */
	memset(segment, 'f', sizeof(segment) - 1);
	segment[PATH_MAX - 2 - n - 1] = '\0';
	close(openat(dir, segment, O_WRONLY | O_CREAT, 0644));
	strcat(segment, "f");
	close(openat(dir, segment, O_WRONLY | O_CREAT, 0644));
	close(dir);
	sprintf(expected + n, "/%s: File name too long", segment);
	tree = site_load(site, NULL);
	assert_int_equal(site->report.counts[CONTENT_C_FILES], 1);
	assert_int_equal(site->n_skips, 1);
	assert_string_equal(site->skips[0], expected);
	rs_content_free(tree);
}

/* ---- directories ---- */

static void nothing_but_the_exact_path(void **state)
{
	static const char *const others[] = {
		"", "a", "//a", "/A", "/a/", "/a ", "/./a", "/../a", "/b", "/a\n", "/aa"};
	struct site *site = *state;
	struct content_tree *tree;

	site_text(site, "/a", "1");
	tree = site_load(site, NULL);
	assert_non_null(site_find(tree, "/a"));
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(others); i++)
		assert_null(site_find(tree, others[i]));
	rs_content_free(tree);
}

static void an_empty_root(void **state)
{
	struct site *site = *state;
	struct content_tree *tree = site_load(site, NULL);

	assert_int_equal(site_find(tree, "/")->kind, CONTENT_BARE_PATH);
	assert_null(site_find(tree, ""));
	assert_int_equal(site->report.held_bytes, 0);
	assert_int_equal(site->report.counts[CONTENT_C_DIRECTORIES], 1);
	rs_content_free(tree);
}

static void indexes_and_redirects(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;

	site_text(site, "/index.htm", "second choice");
	site_dir(site, "/both");
	site_text(site, "/both/index.htm", "2");
	site_text(site, "/both/index.html", "1");
	site_dir(site, "/none");
	site_dir(site, "/none/index.html");
	tree = site_load(site, NULL);
	assert_body(site_body(tree, "/"), "second choice", 13);
	assert_text(site_file(tree, "/")->path, "/");
	assert_text(site_file(tree, "/")->type, "text/html; charset=utf-8");
	assert_int_equal(site_find(tree, "/both")->kind, CONTENT_REDIRECT);
	assert_null(site_find(tree, "/both")->bodies[CONTENT_IDENTITY]);
	assert_ptr_equal(site_body(tree, "/both/"), site_body(tree, "/both/index.html"));
	assert_int_equal(site_find(tree, "/none")->kind, CONTENT_REDIRECT);
	assert_int_equal(site_find(tree, "/none/")->kind, CONTENT_BARE_PATH);
	assert_int_equal(site_find(tree, "/none/index.html")->kind, CONTENT_REDIRECT);
	rs_content_free(tree);
}

static void index_names_by_option(void **state)
{
	static const char *const names[] = {"default.xhtml", NULL};
	struct site *site = *state;
	struct content_tree *tree;

	site->options.index_names = names;
	site_text(site, "/index.html", "no");
	site_text(site, "/default.xhtml", "yes");
	tree = site_load(site, NULL);
	assert_body(site_body(tree, "/"), "yes", 3);
	assert_text(site_file(tree, "/")->type, "application/xhtml+xml; charset=utf-8");
	rs_content_free(tree);
}

/* No file has one that is longer than a name may be. */
static void the_longest_name_of_an_index(void **state)
{
	char longest[NAME_MAX + 1], longer[NAME_MAX + 2], path[NAME_MAX + 2];
	const char *const names[] = {longer, longest, NULL};
	struct site *site = *state;
	struct content_tree *tree;

	memset(longer, 'i', NAME_MAX + 1);
	longer[NAME_MAX + 1] = 0;
	memcpy(longest, longer + 1, sizeof(longest));
	snprintf(path, sizeof(path), "/%s", longest);
	site->options.index_names = names;
	site_text(site, path, "yes");
	tree = site_load(site, NULL);
	assert_body(site_body(tree, "/"), "yes", 3);
	rs_content_free(tree);
}

/* Longer than a directory can be opened by: told, and the rest is served. */
static void depth(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;
	char name[201] = "/";
	uint32_t n_levels;
	int fd = open(site->root, O_RDONLY | O_DIRECTORY);

	memset(name + 1, 'd', 199);
	for (n_levels = 0; n_levels < 25; n_levels++) {
		int next;

		assert_int_equal(mkdirat(fd, name + 1, 0755), 0);
		next = openat(fd, name + 1, O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(fd);
	tree = site_load(site, NULL);
	/* 20 levels of 200 bytes, and the final "/". */
	assert_int_equal(site->report.counts[CONTENT_C_DIRECTORIES], 21);
	assert_int_equal(site->report.counts[CONTENT_C_UNREADABLE], 1);
	assert_int_equal(site_find(tree, name)->kind, CONTENT_REDIRECT);
	rs_content_free(tree);
}

/* ---- listings ---- */

static void listing(void **state)
{
	static const char expected[] =
		"<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>Index of /d&#38;d/</title>\n<h1>/d&#38;d/</h1>\n<table>\n"
		"<tr><th>Name<th>Changed (UTC)<th>Bytes\n"
		"<tr><td><a href=\"../\">../</a><td><td>\n"
		"<tr><td><a href=\"sub/\">sub/</a><td>2001-09-09 01:46<td>-\n"
		"<tr><td><a href=\"%3Cb%3E%20%22x%22.txt\">&#60;b&#62; &#34;x&#34;.txt</a>"
		"<td>1994-11-06 08:49<td>3\n"
		"<tr><td><a href=\"javascript%3Ax\">javascript:x</a><td>1970-01-01 00:00<td>0\n"
		"</table>\n</html>\n";
	struct site *site = *state;
	const struct content_entry *entry;
	struct content_tree *tree;

	site->options.listing = true;
	site_text(site, "/index.html", "not listed");
	site_dir(site, "/d&d");
	site_text(site, "/d&d/javascript:x", "");
	site_text(site, "/d&d/<b> \"x\".txt", "abc");
	site_text(site, "/d&d/.hidden", "abc");
	site_dir(site, "/d&d/sub");
	site_date(site, "/d&d/javascript:x", 0);
	site_date(site, "/d&d/<b> \"x\".txt", 784111777);
	site_date(site, "/d&d/sub", 1000000000);
	site_date(site, "/d&d", 999999999);
	tree = site_load(site, NULL);
	assert_body(site_body(tree, "/"), "not listed", 10);
	entry = site_file(tree, "/d&d/");
	assert_body(entry->bodies[CONTENT_IDENTITY], expected, strlen(expected));
	assert_text(entry->type, "text/html; charset=utf-8");
	assert_int_equal(entry->mtime_s, 1000000000);
	assert_int_equal(site->report.counts[CONTENT_C_LISTINGS], 2);
	rs_content_free(tree);
}

/* Directories first, each kind by the bytes of its names; of the root, there is nothing above. */
static void listings_are_in_order(void **state)
{
	static const char *const hrefs[] = {"href=\"a/\"", "href=\"y/\"", "href=\"z/\"",
		"href=\"B\"", "href=\"b\"", "href=\"ba\"", "href=\"baa\"", "href=\"bb\""};
	static const char *const files[] = {"/baa", "/bb", "/b", "/B", "/ba"};
	struct site *site = *state;
	const uint8_t *from, *end;
	struct content_tree *tree;

	site->options.listing = true;
	site_dir(site, "/z");
	site_dir(site, "/a");
	site_dir(site, "/y");
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(files); i++)
		site_text(site, files[i], "");
	site_date(site, "/bb", 4000000000);
	tree = site_load(site, NULL);
	assert_int_equal(site_file(tree, "/")->mtime_s, 4000000000);
	from = site_body(tree, "/")->data;
	end = from + site_body(tree, "/")->len;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(hrefs); i++) {
		from = memmem(from, (size_t)(end - from), "href=", 5);
		assert_non_null(from);
		assert_memory_equal(from, hrefs[i], strlen(hrefs[i]));
		from += strlen(hrefs[i]);
	}
	assert_null(memmem(from, (size_t)(end - from), "href=", 5));
	rs_content_free(tree);
}

/* Each byte of a name becomes three of a path and five of HTML. */
static void a_listing_of_names_that_grow(void **state)
{
	enum {
		N = 40
	};
	char name[202] = "/", href[700] = "<a href=\"", text[1100] = "\">";
	struct site *site = *state;
	const struct content_body *page;
	struct content_tree *tree;

	site->options.listing = true;
	memset(name + 1, '&', 200);
	for (uint32_t i = 0; i < 100; i++) {
		strcat(href, "%26%26");
		strcat(text, "&#38;&#38;");
	}
	href[strlen(href) - 6] = '\0';
	for (uint32_t i = 0; i < 2 * N; i++) {
		sprintf(name + 199, "%02u", i);
		if (i < N)
			site_dir(site, name);
		else
			site_text(site, name, "");
	}
	tree = site_load(site, NULL);
	page = site_body(tree, "/");
	assert_non_null(memmem(page->data, page->len, href, strlen(href)));
	assert_non_null(memmem(page->data, page->len, text, strlen(text) - 10));
	assert_in_range(page->len, 2 * N * (198 * 8), 2 * N * (200 * 8 + 128));
	rs_content_free(tree);
}

/* ---- what is not served ---- */

static void dotfiles(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;

	site_dir(site, "/.git");
	site_text(site, "/.git/config", "secret");
	site_text(site, "/.htaccess", "secret");
	site_dir(site, "/.well-known");
	site_text(site, "/.well-known/security.txt", "public");
	site_text(site, "/.well-known/.not", "secret");
	tree = site_load(site, NULL);
	assert_null(site_find(tree, "/.git"));
	assert_null(site_find(tree, "/.git/"));
	assert_null(site_find(tree, "/.git/config"));
	assert_null(site_find(tree, "/.htaccess"));
	assert_null(site_find(tree, "/.well-known/.not"));
	assert_body(site_body(tree, "/.well-known/security.txt"), "public", 6);
	assert_int_equal(site->report.counts[CONTENT_C_HIDDEN], 3);
	rs_content_free(tree);

	site->options.hidden = true;
	tree = site_load(site, NULL);
	assert_body(site_body(tree, "/.git/config"), "secret", 6);
	assert_text(site_file(tree, "/.htaccess")->type, "application/octet-stream");
	assert_int_equal(site->report.counts[CONTENT_C_HIDDEN], 0);
	rs_content_free(tree);
}

/* As "location ~ \.sql$ { deny all; }" of nginx. */
static void what_is_excluded(void **state)
{
	static const char *const excluded[] = {"*.bak", "/private", "/docs/*.md", NULL};
	struct site *site = *state;
	struct content_tree *tree;

	site_dir(site, "/private");
	site_text(site, "/private/a", "secret");
	site_dir(site, "/private2");
	site_text(site, "/private2/a", "public");
	site_dir(site, "/docs");
	site_text(site, "/docs/a.md", "secret");
	site_text(site, "/docs/a.html", "public");
	site_text(site, "/docs/a.html.bak", "secret");
	site_dir(site, "/old.bak");
	site_text(site, "/old.bak/b", "secret");
	site_text(site, "/.bak", "secret");
	site->options.excluded = excluded;
	tree = site_load(site, NULL);
	assert_null(site_find(tree, "/private"));
	assert_null(site_find(tree, "/private/"));
	assert_null(site_find(tree, "/private/a"));
	assert_null(site_find(tree, "/docs/a.md"));
	assert_null(site_find(tree, "/docs/a.html.bak"));
	assert_null(site_find(tree, "/old.bak/b"));
	assert_body(site_body(tree, "/private2/a"), "public", 6);
	assert_body(site_body(tree, "/docs/a.html"), "public", 6);
	assert_int_equal(site->report.counts[CONTENT_C_EXCLUDED], 4);
	assert_int_equal(site->report.counts[CONTENT_C_HIDDEN], 1);
	assert_int_equal(site->n_skips, 0);
	rs_content_free(tree);
}

static void links_inside(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;
	char absolute[256];

	site_dir(site, "/real");
	site_text(site, "/real/file.txt", "text");
	site_link(site, "real/file.txt", "/file.html");
	site_link(site, "real", "/dir");
	site_link(site, "../real/../real/file.txt", "/real/round");
	snprintf(absolute, sizeof(absolute), "%s/real", site->root);
	site_link(site, absolute, "/absolute");
	tree = site_load(site, NULL);
	assert_ptr_equal(site_body(tree, "/file.html"), site_body(tree, "/real/file.txt"));
	assert_text(site_file(tree, "/file.html")->type, "text/html; charset=utf-8");
	assert_ptr_equal(site_body(tree, "/dir/file.txt"), site_body(tree, "/real/file.txt"));
	assert_ptr_equal(site_body(tree, "/absolute/round"), site_body(tree, "/real/file.txt"));
	assert_int_equal(site_find(tree, "/dir")->kind, CONTENT_REDIRECT);
	assert_int_equal(site->n_skips, 0);
	rs_content_free(tree);
}

static void links_outside(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;
	char inner[256], sibling[256];

	/* The root is a directory of the site; "inner2" begins with its name and is outside. */
	site_dir(site, "/inner");
	site_dir(site, "/inner2");
	site_dir(site, "/outer");
	site_text(site, "/secret.txt", "secret");
	site_text(site, "/inner2/file", "secret");
	site_link(site, "../secret.txt", "/inner/file");
	site_link(site, "..", "/inner/dir");
	site_link(site, "../inner2", "/inner/sibling");
	site_link(site, "../outer", "/inner/twin");
	site_link(site, "file", "/inner/chain");
	site_link(site, "/", "/inner/slash");
	snprintf(inner, sizeof(inner), "%s/inner", site->root);
	snprintf(sibling, sizeof(sibling), "%s/inner2/file", site->root);
	site->options.root = inner;
	tree = site_load(site, NULL);
	assert_null(site_find(tree, "/file"));
	assert_null(site_find(tree, "/dir"));
	assert_null(site_find(tree, "/sibling/file"));
	assert_null(site_find(tree, "/chain"));
	assert_int_equal(site->report.counts[CONTENT_C_LINKS_OUTSIDE], 6);
	assert_int_equal(site->report.counts[CONTENT_C_FILES], 0);
	assert_int_equal(site->n_skips, 6);
	rs_content_free(tree);

	site->options.outside_links = true;
	assert_int_equal(unlink(site_path(site, "/inner/slash")), 0);
	tree = site_load(site, NULL);
	assert_body(site_body(tree, "/file"), "secret", 6);
	assert_body(site_body(tree, "/chain"), "secret", 6);
	assert_body(site_body(tree, "/sibling/file"), "secret", 6);
	assert_body(site_body(tree, "/dir/secret.txt"), "secret", 6);
	rs_content_free(tree);
}

static void links_in_circles(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;

	site_dir(site, "/a");
	site_dir(site, "/b");
	site_text(site, "/a/file", "1");
	site_link(site, ".", "/self");
	site_link(site, "../b", "/a/to-b");
	site_link(site, "../a", "/b/to-a");
	site_link(site, "..", "/a/up");
	site_link(site, "loop2", "/loop1");
	site_link(site, "loop1", "/loop2");
	site_link(site, "nowhere", "/broken");
	tree = site_load(site, NULL);
	assert_non_null(site_find(tree, "/b/to-a/file"));
	assert_non_null(site_find(tree, "/a/to-b/"));
	assert_null(site_find(tree, "/a/to-b/to-a"));
	assert_null(site_find(tree, "/self/self"));
	/* /a/up, also as /b/to-a/up; /a/to-b/to-a; /b/to-a/to-b; all again in /self; /self/self. */
	assert_int_equal(site->report.counts[CONTENT_C_LOOPS], 9);
	/* loop1, loop2, broken; again in /self. */
	assert_int_equal(site->report.counts[CONTENT_C_LINKS_BROKEN], 6);
	rs_content_free(tree);
}

/* As in mirrors, where /debian is a link to the root: what is there has both paths. */
static void a_link_to_where_it_stands(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;

	site_dir(site, "/pool");
	site_text(site, "/pool/file", "1");
	site_link(site, ".", "/mirror");
	site_link(site, ".", "/other");
	site_link(site, "../pool", "/pool/pool");
	tree = site_load(site, NULL);
	assert_body(site_body(tree, "/mirror/pool/file"), "1", 1);
	assert_body(site_body(tree, "/other/pool/file"), "1", 1);
	assert_body(site_body(tree, "/pool/pool/file"), "1", 1);
	assert_int_equal(site_find(tree, "/mirror")->kind, CONTENT_REDIRECT);

	/* Once in a path: many such links do not multiply. */
	assert_null(site_find(tree, "/mirror/mirror"));
	assert_null(site_find(tree, "/mirror/other"));
	assert_null(site_find(tree, "/mirror/pool/pool"));
	assert_null(site_find(tree, "/pool/pool/pool"));
	assert_int_equal(site->report.counts[CONTENT_C_LOOPS], 7);
	rs_content_free(tree);
}

static void what_is_no_file(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct site *site = *state;
	struct content_tree *tree;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(mkfifo(site_path(site, "/pipe"), 0644), 0);
	site_link(site, "pipe", "/link");
	assert_in_range(snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", site->root), 1,
		sizeof(address.sun_path) - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	tree = site_load(site, NULL);
	assert_null(site_find(tree, "/pipe"));
	assert_null(site_find(tree, "/link"));
	assert_null(site_find(tree, "/s"));
	assert_int_equal(site->report.counts[CONTENT_C_SPECIAL], 3);
	rs_content_free(tree);
}

/* Without what we ourselves lack, a site would be served as if it were all; without what is not to
 * be had, it is. */
static void what_ends_a_load(void **state)
{
	static const struct {
		int err;
		bool goes_on;
	} cases[] = {{EACCES, true}, {ENOENT, true}, {EIO, true}, {EMFILE, false}, {ENFILE, false},
		{ENOMEM, false}};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		struct content_report report = {0};
		struct load load = {.report = &report};

		assert_int_equal(
			rs_load_leave_out(&load, CONTENT_C_UNREADABLE, "/path", cases[i].err),
			cases[i].goes_on);
		assert_int_equal(report.counts[CONTENT_C_UNREADABLE], cases[i].goes_on);
		assert_int_equal(report.error[0] == 0, cases[i].goes_on);
		if (cases[i].goes_on)
			continue;
		rs_load_fail(&load, "and then"); /* what came first says why */
		assert_non_null(strstr(report.error, "/path"));
	}
}

/* ---- the way to a path ---- */

/* Paths that begin their search in the last slot of all, of which some have the same hash. */
static void paths_that_meet(void **state)
{
	static const uint32_t lows[] = {7, 8, 7, 9};
	struct index index;

	(void)state;
	assert_true(rs_index_init(&index, RS_ARRAY_SIZE(lows)));
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(lows); i++)
		rs_index_add(&index, UINT64_MAX << 32 | lows[i], i);
	for (uint32_t low = 6; low < 11; low++) {
		uint64_t hash = UINT64_MAX << 32 | low, at = rs_index_home(&index, hash);

		assert_int_equal(at, index.mask);
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(lows); i++) {
			if (lows[i] == low)
				assert_int_equal(rs_index_next(&index, hash, &at), i);
		}
		assert_int_equal(rs_index_next(&index, hash, &at), INDEX_NONE);
	}
	rs_index_free(&index);
}

/* So that a search is short, and ends. */
static void half_of_all_slots_are_free(void **state)
{
	struct index index;

	(void)state;
	for (uint32_t n = 0; n < 70; n++) {
		uint64_t n_slots;

		assert_true(rs_index_init(&index, n));
		n_slots = index.mask + 1;
		assert_int_equal(n_slots & index.mask, 0); /* a power of two */
		assert_true(n_slots >= 2 * n && n_slots > 1 && (n < 2 || n_slots < 4 * n));
		rs_index_free(&index);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(sizes),
		site_test(the_same_content_is_there_once),
		site_test(etags_are_stable),
		site_test(types_times_and_fields),
		site_test(odd_names),
		site_test(a_path_that_is_too_long),
		site_test(nothing_but_the_exact_path),
		site_test(an_empty_root),
		site_test(indexes_and_redirects),
		site_test(index_names_by_option),
		site_test(the_longest_name_of_an_index),
		site_test(depth),
		site_test(listing),
		site_test(listings_are_in_order),
		site_test(a_listing_of_names_that_grow),
		site_test(dotfiles),
		site_test(what_is_excluded),
		site_test(links_inside),
		site_test(links_outside),
		site_test(links_in_circles),
		site_test(a_link_to_where_it_stands),
		site_test(what_is_no_file),
		cmocka_unit_test(what_ends_a_load),
		cmocka_unit_test(paths_that_meet),
		cmocka_unit_test(half_of_all_slots_are_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
