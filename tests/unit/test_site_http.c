/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which site answers for a host (RFC 9110 section 4.2.3, docs/content.md), and what all replies of
 * a site have in common: pages of refusals, and the fields of --cors.
 */
#include "site_rig.h"

#include "redirect.h"

/* ---- hosts ---- */

/* Each has its name as its page. */
static void add_named_hosts(
	const struct site *root, struct site *others, const char *const *hosts, uint32_t n)
{
	void *state;

	put_text(root, "/index.html", "root");
	for (uint32_t i = 0; i < n; i++) {
		site_setup(&state);
		others[i] = *(struct site *)state;
		free(state);
		put_text(&others[i], "/index.html", hosts[i]);
		add_site(&others[i], hosts[i]);
	}
}

static void add_hosts(const struct site *root, struct site *others, uint32_t n)
{
	static const char *const hosts[] = {"a.test", "b.test", "[fd00::1]", "192.0.2.1"};

	add_named_hosts(root, others, hosts, n);
}

static void remove_hosts(struct site *others, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		temp_remove(others[i].root);
}

static const struct {
	const char *host, *site;
} host_cases[] = {
	{"a.test", "a.test"},
	{"A.TEST", "a.test"},
	{"a.test:80", "a.test"},
	{"a.test:", "a.test"},
	{"a.test.", "a.test"},
	{"a.test.:8080", "a.test"},
	{"b.test", "b.test"},
	{"[fd00::1]", "[fd00::1]"},
	{"[FD00::1]", "[fd00::1]"},
	{"[fd00::1]:80", "[fd00::1]"},
	{"192.0.2.1", "192.0.2.1"},
	{"192.0.2.1:80", "192.0.2.1"},
	{"xa.test", NULL},
	{"a.tes", NULL},
	{"a.testx", NULL},
	{"a.test..", NULL},
	{"[fd00::2]", NULL},
	{"[fd00::2]:1", NULL},
	{".", NULL},
};

/* RFC 9110 section 4.2.3: case and port make no other host; RFC 3986 section 3.2.2: the final dot.
 */
static void each_host_has_its_site(void **state)
{
	struct site others[4];

	add_hosts(*state, others, RS_ARRAY_SIZE(others));
	open_root(*state);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(host_cases); i++) {
		const char *site = host_cases[i].site;

		assert_int_equal(get_of(host_cases[i].host), 200);
		assert_got_text(site ? site : "root");
	}
	assert_int_equal(ask("GET / HTTP/1.0\r\n\r\n"), 200);
	assert_got_text("root");
	/* RFC 9112 section 3.2.2: the target's host, not that of the field. */
	assert_int_equal(ask_for("GET", "http://b.test:80/", "a.test", ""), 200);
	assert_got_text("b.test");
	close_sites();
	remove_hosts(others, RS_ARRAY_SIZE(others));
}

/* As of nginx: the very name, or else the longest "*." before it, of any number of labels. */
static void wildcards_are_for_all_names_that_end_so(void **state)
{
	static const char *const sites[] = {"*.test", "*.a.test", "b.a.test", "*.c.b.a.test"};
	static const struct {
		const char *host, *site;
	} cases[] = {
		{"a.test", "*.test"},
		{"x.a.test", "*.a.test"},
		{"x.y.a.test", "*.a.test"},
		{"b.a.test", "b.a.test"},
		{"c.b.a.test", "*.a.test"},
		{"x.c.b.a.test", "*.c.b.a.test"},
		{"X.Y.C.b.A.TEST.:80", "*.c.b.a.test"},
		{"xb.a.test", "*.a.test"},
		{"test", "root"},
		{"xtest", "root"},
		{".test", "root"},
		{"..test", "*.test"},
		{"a.test.x", "root"},
		{"a", "root"},
	};
	struct site others[RS_ARRAY_SIZE(sites)];

	add_named_hosts(*state, others, sites, RS_ARRAY_SIZE(others));
	open_root(*state);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		assert_int_equal(get_of(cases[i].host), 200);
		assert_got_text(cases[i].site);
	}
	close_sites();
	options.n_sites = RS_ARRAY_SIZE(sites); /* no root */
	options.strict = true;
	open_sites();
	assert_int_equal(get_of("x.test"), 200);
	assert_int_equal(get_of("test"), 421);
	close_sites();
	remove_hosts(others, RS_ARRAY_SIZE(others));
}

/* As of a hosting company: names of all lengths, in no order, some of them of the same directory.
 */
static void many_hosts_have_their_sites(void **state)
{
	static const char *const texts[] = {"a.test", "b.test", "[fd00::1]", "192.0.2.1"};
	static char names[SITE_MAX][16];
	struct site others[4];
	char name[SITE_HOST_BYTES + 2] = "";

	add_hosts(*state, others, RS_ARRAY_SIZE(others));
	add_site(*state, NULL);
	for (uint32_t i = options.n_sites; i < SITE_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "h%u.test", i * 7919 % 100003);
		add_site(&others[i % 4], names[i]);
	}
	memset(name, 'x', SITE_HOST_BYTES);
	options.sites[SITE_MAX - 1].host = name;
	open_sites();
	for (uint32_t i = 5; i < SITE_MAX; i++) {
		assert_int_equal(get_of(options.sites[i].host), 200);
		assert_got_text(texts[i % 4]);
	}
	name[SITE_HOST_BYTES] = 'x'; /* one more than any has */
	assert_int_equal(get_of(name), 200);
	assert_got_text("root");
	assert_int_equal(get_of("h1.test"), 200);
	assert_got_text("root");
	name[SITE_HOST_BYTES] = '\0';
	close_sites();
	remove_hosts(others, RS_ARRAY_SIZE(others));
}

static void without_a_root_the_first_site_is_for_the_others(void **state)
{
	struct site others[2];

	add_hosts(*state, others, RS_ARRAY_SIZE(others));
	open_sites();
	assert_int_equal(get_of("b.test"), 200);
	assert_got_text("b.test");
	assert_int_equal(get_of("else.test"), 200);
	assert_got_text("a.test");
	close_sites();
	remove_hosts(others, RS_ARRAY_SIZE(others));
}

/* Section 15.5.20; the same for methods that would be refused, and for OPTIONS. */
static void strict_sites_answer_for_their_hosts_alone(void **state)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS", "DELETE"};
	struct site others[4];

	add_hosts(*state, others, RS_ARRAY_SIZE(others));
	options.strict = true;
	open_root(*state);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(host_cases); i++) {
		const char *site = host_cases[i].site;

		assert_int_equal(get_of(host_cases[i].host), site ? 200 : 421);
		if (site)
			assert_got_text(site);
	}
	assert_int_equal(ask("GET / HTTP/1.0\r\n\r\n"), 421);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(methods); i++) {
		assert_int_equal(ask_for(methods[i], "/", "else.test", ""), 421);
		assert_field("Allow", "");
	}
	close_sites();
	remove_hosts(others, RS_ARRAY_SIZE(others));
}

static void one_site_is_for_all_hosts_unless_it_is_strict(void **state)
{
	const struct site *dir = *state;

	put_text(dir, "/index.html", "one");
	add_site(dir, "one.test");
	open_sites();
	assert_int_equal(get_of("else.test"), 200);
	assert_got_text("one");
	close_sites();
	options.strict = true;
	open_sites();
	assert_int_equal(get_of("one.test:80"), 200);
	assert_got_text("one");
	assert_int_equal(get_of("else.test"), 421);
	close_sites();
}

/* ---- pages of refusals ---- */

static void a_refusal_has_the_page_of_its_status_and_site(void **state)
{
	struct site others[2];
	const struct site *root = *state;

	add_hosts(root, others, RS_ARRAY_SIZE(others));
	put_text(root, "/404.html", "<p>root has none</p>");
	put_text(root, "/421.html", "<p>of root</p>");
	put_text(root, "/400.txt", "of root, plain");
	put_text(&others[0], "/404.html", "<p>a has none</p>");
	put_text(&others[1], "/404.html", ""); /* no page */
	add_error_page(400, "/400.txt");
	add_error_page(404, "/404.html");
	add_error_page(421, "/421.html");
	open_root(root);
	assert_int_equal(ask_for("GET", "/none", "a.test", ""), 404);
	assert_got_text("<p>a has none</p>");
	assert_field("Content-Type", "text/html; charset=utf-8");
	assert_field("ETag", ""); /* it is no representation of what was asked for */
	assert_field("Last-Modified", "");
	assert_int_equal(ask_for("GET", "/none", "else.test", ""), 404);
	assert_got_text("<p>root has none</p>");
	assert_int_equal(ask_for("GET", "/none", "b.test", ""), 404);
	assert_field("Content-Type", "text/plain");
	assert_non_null(strstr((const char *)got.body, "Not Found"));
	assert_int_equal(ask_for("GET", "/..", "else.test", ""), 400);
	assert_got_text("of root, plain");
	assert_field("Content-Type", "text/plain; charset=utf-8");
	assert_int_equal(ask_for("POST", "/", "else.test", ""), 405); /* has none */
	assert_field("Content-Type", "text/plain");
	/* As a resource, a page is a file like others. */
	assert_int_equal(ask_for("GET", "/404.html", "a.test", ""), 200);
	/* Where nothing is understood, root's. */
	assert_int_equal(ask("nonsense\r\n\r\n"), 400);
	assert_got_text("of root, plain");
	close_sites();
	remove_hosts(others, RS_ARRAY_SIZE(others));
}

/* Where the site is not known, it is root's page, or else that of the first. */
static void a_strict_refusal_has_the_page_of_the_root(void **state)
{
	struct site others[2];
	const struct site *root = *state;

	add_hosts(root, others, RS_ARRAY_SIZE(others));
	put_text(root, "/421.html", "root");
	put_text(&others[0], "/421.html", "first");
	put_text(&others[1], "/421.html", "second");
	add_error_page(421, "/421.html");
	options.strict = true;
	open_sites();
	assert_int_equal(get_of("else.test"), 421);
	assert_got_text("first");
	close_sites();
	open_root(root);
	assert_int_equal(get_of("else.test"), 421);
	assert_got_text("root");
	close_sites();
	remove_hosts(others, RS_ARRAY_SIZE(others));
}

/* ---- where nothing is ---- */

static void assert_asked(const char *target, const char *fields, int status, const char *body)
{
	assert_int_equal(ask_for("GET", target, "else.test", fields), status);
	if (body)
		assert_got_text(body);
}

/* As nginx's "try_files $uri $uri.html /app.html": in this order, and with 200. */
static void what_is_not_there_is_tried_otherwise(void **state)
{
	const struct site *root = *state;
	char long_path[300] = "/";

	put_text(root, "/about.html", "about");
	put_text(root, "/app.html", "app");
	put_text(root, "/plain", "plain");
	put_text(root, "/plain.html", "not it");
	site_dir(root, "/dir");
	put_text(root, "/dir/index.html", "in dir");
	site_dir(root, "/dir/bare");
	site_dir(root, "/folder.html");
	options.tries[options.n_tries++].what = ".html";
	options.tries[options.n_tries++].what = "/app.html";
	add_pattern("/app.html", "X-Of: app");
	open_root(root);
	for (uint32_t round = 0; round < 3; round++) { /* also from what is kept */
		assert_asked("/about", "", 200, "about");
		assert_field("X-Of", "");
		assert_field("Content-Type", "text/html; charset=utf-8");
		assert_asked("/plain", "", 200, "plain");
		assert_asked("/dir", "", 301, NULL);
		assert_asked("/dir/", "", 200, "in dir");
		assert_asked("/dir/bare/", "", 403, NULL);
		assert_asked("/folder", "", 200, "app"); /* no file */
		assert_asked("/users/17?tab=2", "", 200, "app");
		assert_field("X-Of", "app");
		assert_asked("/users/a%2Fb", "", 200, "app"); /* no name of a file */
		assert_asked("/about/", "", 200, "app");
		assert_asked("/users/17", "Range: bytes=1-\r\n", 206, "pp");
		assert_asked("/users/17", "If-Modified-Since: " MTIME "\r\n", 304, NULL);
		assert_asked("/users/%zz", "", 400, NULL);
		assert_asked("/../users", "", 400, NULL);
	}
	assert_int_equal(ask_for("HEAD", "/users/17", "else.test", ""), 200);
	assert_field("Content-Length", "3");
	assert_int_equal(ask_for("POST", "/users/17", "else.test", ""), 405);
	memset(long_path + 1, 'a', 255);
	assert_asked(long_path, "", 200, "app");
	close_sites();
}

/* Two applications of one site, as with try_files in two locations of nginx. */
static void what_is_tried_below_a_path(void **state)
{
	const struct site *root = *state;

	site_dir(root, "/app");
	put_text(root, "/app/index.html", "app");
	put_text(root, "/app/about.html", "about app");
	site_dir(root, "/admin");
	put_text(root, "/admin/index.html", "admin");
	put_text(root, "/about.html", "not it");
	options.tries[options.n_tries++] =
		(struct site_try){.begin = rs_span_text("/app/"), .what = ".html"};
	options.tries[options.n_tries++] =
		(struct site_try){.begin = rs_span_text("/app/"), .what = "/app/index.html"};
	options.tries[options.n_tries++] =
		(struct site_try){.begin = rs_span_text("/admin/"), .what = "/admin/index.html"};
	open_root(root);
	for (uint32_t round = 0; round < 3; round++) { /* also from what is kept */
		assert_asked("/app/users/17", "", 200, "app");
		assert_asked("/app/about", "", 200, "about app");
		assert_asked("/x/../app/users/17", "", 200, "app");
		assert_asked("/app/a%2Fb", "", 200, "app"); /* no name of a file */
		assert_asked("/admin/x", "", 200, "admin");
		assert_asked("/about", "", 404, NULL);
		assert_asked("/apple", "", 404, NULL);
		assert_asked("/app", "", 301, NULL);
	}
	close_sites();
}

/* As with two server blocks of nginx, be they of one directory. */
static void sites_have_rules_of_their_own(void **state)
{
	struct site others[2];
	const struct site *root = *state;
	static const struct {
		const char *host, *of_site, *of_all;
	} cases[] = {{"a.test", "a", "1"}, {"b.test", "b", "1"}, {"again.test", "", "1"},
		{"else.test", "", "1"}};

	add_hosts(root, others, RS_ARRAY_SIZE(others));
	put_text(&others[0], "/app.html", "app of a");
	put_text(&others[1], "/app.html", "page of b");
	add_site(&others[0], "again.test");
	put_text(root, "/app.html", "page of root");
	options.tries[options.n_tries++] =
		(struct site_try){.host = rs_span_text("a.test"), .what = "/app.html"};
	add_pattern("*", "X-All: 1");
	add_pattern("/app.html", "X-Site: a");
	options.pattern_hosts[1] = "a.test";
	add_pattern("/app.html", "X-Site: b");
	options.pattern_hosts[2] = "b.test";
	open_root(root);
	for (uint32_t round = 0; round < 3; round++) { /* also from what is kept */
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
			assert_int_equal(ask_for("GET", "/app.html", cases[i].host, ""), 200);
			assert_field("X-Site", cases[i].of_site);
			assert_field("X-All", cases[i].of_all);
			assert_int_equal(ask_for("GET", "/none", cases[i].host, ""),
				strcmp(cases[i].host, "a.test") ? 404 : 200);
		}
	}
	close_sites();
	options.n_patterns = 1;
	memset(options.pattern_hosts, 0, sizeof(options.pattern_hosts));
	remove_hosts(others, RS_ARRAY_SIZE(others));
}

/* As nginx's "location /assets/ { try_files $uri =404; }", and "location ~ \.(js|png)$": a page in
 * the place of a script that is gone would be kept by caches as that script. */
static void what_is_not_tried(void **state)
{
	const struct site *root = *state;
	static const struct site_try tries[] = {
		{.begin = {.data = (const uint8_t *)"/assets/", .len = 8}, .what = "404"},
		{.begin = {.data = (const uint8_t *)"/lib/", .len = 5},
			.end = {.data = (const uint8_t *)".js", .len = 3},
			.what = "404"},
		{.end = {.data = (const uint8_t *)".png", .len = 4}, .what = "/none.png"},
		{.begin = {.data = (const uint8_t *)"/users/", .len = 7}, .what = "/app.html"},
	};

	put_text(root, "/app.html", "app");
	put_text(root, "/none.png", "picture");
	site_dir(root, "/assets");
	put_text(root, "/assets/a.js", "script");
	memcpy(options.tries, tries, sizeof(tries));
	options.n_tries = RS_ARRAY_SIZE(tries);
	open_root(root);
	for (uint32_t round = 0; round < 3; round++) { /* also from what is kept */
		assert_asked("/assets/a.js", "", 200, "script");
		assert_asked("/assets/b.js", "", 404, NULL);
		assert_asked("/assets/b.png", "", 404, NULL);
		assert_asked("/assets/", "", 403, NULL);
		assert_asked("/lib/b.js", "", 404, NULL);
		assert_asked("/lib/.js", "", 404, NULL);
		assert_asked("/x/b.png", "", 200, "picture");
		assert_asked("/users", "", 200, "app");
		assert_asked("/users/", "", 200, "app");
		assert_asked("/users/17.js", "", 200, "app");
		assert_asked("/user", "", 404, NULL);
		assert_asked("/users2", "", 404, NULL);
	}
	close_sites();
	options.tries[3] = (struct site_try){.what = "/app.html"};
	open_root(root);
	assert_asked("/assets/b.js", "", 404, NULL);
	assert_asked("/lib/b.js", "", 404, NULL);
	assert_asked("/lib/b.jsx", "", 200, "app");
	assert_asked("/lib/a/b.js", "", 404, NULL);
	assert_asked("/assets", "", 301, NULL);
	close_sites();
}

/* As the pages of generators lie, whose nginx has "try_files $uri $uri.html $uri/". */
static void a_page_may_lie_beside_a_directory(void **state)
{
	const struct site *root = *state;

	put_text(root, "/blog.html", "blog");
	site_dir(root, "/blog");
	put_text(root, "/blog/post.html", "post");
	put_text(root, "/docs.html", "not it");
	site_dir(root, "/docs");
	put_text(root, "/docs/index.html", "docs");
	site_dir(root, "/bare");
	put_text(root, "/app.html", "app");
	options.tries[options.n_tries++].what = "/app.html";
	options.tries[options.n_tries++].what = ".html";
	open_root(root);
	for (uint32_t round = 0; round < 3; round++) {
		assert_asked("/blog", "", 200, "blog");
		assert_asked("/blog?page=2", "", 200, "blog");
		assert_asked("/blog/post", "", 200, "app"); /* which stands before .html */
		assert_asked("/blog/", "", 403, NULL);
		assert_asked("/docs", "", 301, NULL);
		assert_asked("/docs/", "", 200, "docs");
		assert_asked("/bare", "", 301, NULL);
	}
	assert_int_equal(ask_for("HEAD", "/blog", "else.test", ""), 200);
	close_sites();
	options.n_tries = 0;
	open_root(root);
	assert_asked("/blog", "", 301, NULL);
	close_sites();
}

/* A site that has no such file has nothing there. */
static void a_site_may_have_nothing_to_try(void **state)
{
	struct site others[2];
	const struct site *root = *state;

	add_hosts(root, others, RS_ARRAY_SIZE(others));
	put_text(root, "/app.html", "app of root");
	put_text(&others[0], "/app.html", "app of a");
	put_text(&others[1], "/about.html", "about b");
	options.tries[options.n_tries++].what = "/app.html";
	options.tries[options.n_tries++].what = ".html";
	open_root(root);
	assert_int_equal(ask_for("GET", "/x", "a.test", ""), 200);
	assert_got_text("app of a");
	assert_int_equal(ask_for("GET", "/x", "else.test", ""), 200);
	assert_got_text("app of root");
	assert_int_equal(ask_for("GET", "/about", "b.test", ""), 200);
	assert_got_text("about b");
	assert_int_equal(ask_for("GET", "/x", "b.test", ""), 404);
	close_sites();
	remove_hosts(others, RS_ARRAY_SIZE(others));
}

/* ---- without TLS ---- */

#define TO(target) "https://else.test:8443" target

static const struct redirect_options to_https = {.to_https = true};

/* RFC 9110 sections 10.2.2 and 15.4.2; what a URI cannot have in it is escaped (RFC 3986). */
static void who_comes_without_tls_is_sent_there(void **state)
{
	static const struct {
		const char *host, *target, *location;
	} cases[] = {
		{"else.test", "/", TO("/")},
		{"else.test:8080", "/page.html", TO("/page.html")},
		{"else.test.:80", "/", "https://else.test.:8443/"},
		{"[fd99::2]", "/", "https://[fd99::2]:8443/"},
		{"[fd99::2]:80", "/", "https://[fd99::2]:8443/"},
		{"else.test", "/none/../%2e/a?b=c&d=%20e", TO("/none/../%2e/a?b=c&d=%20e")},
		{"else.test", "/?", TO("/?")},
		{"else.test", "/?a?b", TO("/?a?b")},
		{"else.test", "/\xc3\xbc\"?\xfc", TO("/%C3%BC%22?%FC")},
		{"else.test", "http://other.test:81/a?b", "https://other.test:8443/a?b"},
		{"else.test", "//evil.test/", TO("//evil.test/")},
	};
	const struct site *root = *state;

	put_text(root, "/page.html", "secret");
	options.cors = "*";
	open_root(root);
	rs_redirect_configure(&to_https, &options, 8443, &rig.cfg);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		assert_int_equal(ask_for("GET", cases[i].target, cases[i].host, ""), 301);
		assert_field("Location", cases[i].location);
		assert_field("Access-Control-Allow-Origin", "*");
		assert_field("Content-Length", "0");
	}
	assert_int_equal(ask_for("HEAD", "/page.html", "else.test", ""), 301);
	assert_int_equal(ask_for("POST", "/page.html", "else.test", ""), 405);
	assert_int_equal(ask_for("OPTIONS", "/page.html", "else.test", ""), 204);
	assert_int_equal(ask("GET / HTTP/1.0\r\n\r\n"), 400);
	assert_int_equal(ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), 301);
	assert_field("Location", "https://a:8443/");
	rig.env.secured = true;
	assert_int_equal(ask_for("GET", "/page.html", "else.test", ""), 200);
	assert_got_text("secret");
	close_sites();
}

static void a_redirect_to_tls_has_no_room_for_everything(void **state)
{
	static char target[4096];
	uint32_t longest = 0;

	open_root(*state);
	rs_redirect_configure(&to_https, &options, 443, &rig.cfg);
	for (uint32_t n = 1; n < sizeof(target) - 1; n++) {
		int status;

		memset(target, 'a', n);
		target[0] = '/';
		status = ask_for("GET", target, "else.test", "");
		assert_int_equal(status, longest + 1 == n && status == 301 ? 301 : 414);
		if (status == 301) {
			longest = n;
			assert_int_equal(memcmp(field("Location"), "https://else.test/", 18), 0);
			assert_int_equal(strlen(field("Location")), 17 + n);
		}
	}
	assert_in_range(longest, 1500, 2000);
	close_sites();
}

/* ---- redirects of one's own ---- */

static struct redirect_options redirects;
static char redirect_text[REDIRECT_MAX][2 * REDIRECT_PATH_BYTES];

static const char *read_rule(const char *text)
{
	uint32_t i = redirects.n_rules++;

	assert_true(i < REDIRECT_MAX);
	strcpy(redirect_text[i], text);
	return rs_redirect_parse(&redirects.rules[i], redirect_text[i]);
}

static void redirects_as_they_are_asked_for(void **state)
{
	static const char *const rules[] = {
		"/old.html=/new.html",
		"302 /gone/*=/",
		"/blog/*=https://blog.test/*",
		"/all/*=/*",
		"307 /a%20b/*=/c%20d/*",
		"308 /search=/find?by=name",
		"www.here.test/shop/*=https://shop.test:8443/in/*",
		"WWW.here.test=https://here.test",
		"*.here.test=https://here.test/moved",
		"[fd99::2]=http://here.test",
		"other.test=https://else.test/site/*",
		"/\xc3\xbc=/u",
	};
	static const struct {
		const char *host, *target;
		int status;
		const char *location; /* NULL: it is not redirected */
	} cases[] = {
		{"any.test", "/old.html", 301, "/new.html"},
		{"any.test", "/old.html?a=b&c", 301, "/new.html?a=b&c"},
		{"any.test", "/%6fld.html", 301, "/new.html"},
		{"any.test", "/x/..//old.html", 301, "/new.html"},
		{"any.test", "/old.html/", 404, NULL},
		{"any.test", "/old.htm", 404, NULL},
		{"any.test", "/OLD.html", 404, NULL},
		{"any.test", "/gone/", 302, "/"},
		{"any.test", "/gone/for/ever", 302, "/"},
		{"any.test", "/gone", 404, NULL},
		{"any.test", "/blog/2026/a%20b?c", 301, "https://blog.test/2026/a%20b?c"},
		{"any.test", "/blog/", 301, "https://blog.test/"},
		{"any.test", "/blog/%5cevil.test", 301, "https://blog.test/%5cevil.test"},
		{"any.test", "/blog/a%2Bb%2Fc%26d;e", 301, "https://blog.test/a%2Bb%2Fc%26d;e"},
		{"any.test", "/blog/to/http://a.test/", 301, "https://blog.test/to/http://a.test/"},
		{"any.test", "/blog/a/../b", 301, "https://blog.test/a/../b"},
		{"any.test", "/blog/a/../../page.html", 200, NULL},
		{"any.test", "/blog/a%2f/../../page.html", 404, NULL},
		{"any.test", "/blog/a%2f%2e%2e/../b", 301, "https://blog.test/a%2f%2e%2e/../b"},
		{"any.test", "/blog/a%zz", 400, NULL},
		{"any.test", "/x/../blog/a%2Fb%25", 301, "https://blog.test/a%2Fb%25"},
		{"any.test", "/blog//evil.test/a%2B", 301, "https://blog.test/evil.test/a+"},
		{"any.test", "/b%6cog/a%2B", 301, "https://blog.test/a%2B"},
		{"any.test", "/blog%2Fa", 404, NULL},
		{"any.test", "/all//evil.test/", 301, "/evil.test/"},
		{"any.test", "/all/%2Fevil.test/", 301, "/%2Fevil.test/"},
		{"any.test", "/a%20b//%22", 307, "/c%20d/%22"},
		{"any.test", "/a%20b/%22", 307, "/c%20d/%22"},
		{"any.test", "/a b/", 400, NULL},
		{"any.test", "/search?x", 308, "/find?by=name"},
		{"www.here.test", "/shop/a", 301, "https://shop.test:8443/in/a"},
		{"www.here.test", "/shop", 301, "https://here.test/shop"},
		{"WWW.HERE.test.:80", "/a//b?c", 301, "https://here.test/a//b?c"},
		{"www.here.test", "/a%2fb/../%7e", 301, "https://here.test/a%2fb/../%7e"},
		{"www.here.test", "/", 301, "https://here.test/"},
		{"a.b.here.test", "/any/thing", 301, "https://here.test/moved"},
		{"a.b.here.test", "/old.html", 301, "/new.html"}, /* the first that fits */
		{"here.test", "/any/thing", 404, NULL},
		{".here.test", "/any/thing", 404, NULL},
		{"nothere.test", "/any/thing", 404, NULL},
		{"[fd99::2]:80", "/x", 301, "http://here.test/x"},
		{"other.test", "/a", 301, "https://else.test/site/a"},
		{"any.test", "/\xc3\xbc", 301, "/u"},
		{"any.test", "/%C3%BC", 301, "/u"},
		{"any.test", "/page.html", 200, NULL},
	};

	put_text(*state, "/page.html", "text");
	options.cors = "*";
	open_root(*state);
	redirects.n_rules = 0;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(rules); i++)
		assert_null(read_rule(rules[i]));
	rs_redirect_configure(&redirects, &options, 0, &rig.cfg);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		int status = ask_for("GET", cases[i].target, cases[i].host, "");

		if (status != cases[i].status)
			print_error("%s %s: %d\n", cases[i].host, cases[i].target, status);
		assert_int_equal(status, cases[i].status);
		assert_field("Location", cases[i].location ? cases[i].location : "");
		if (cases[i].location)
			assert_field("Access-Control-Allow-Origin", "*");
	}
	for (uint32_t n = 1000; n < 2000; n++) { /* whatever way leads there */
		char target[4096] = "";

		for (uint32_t k = 0; k < n; k++)
			memcpy(target + 2 * k, "/.", 2);
		memcpy(target + 2 * n, "/old.html", sizeof("/old.html"));
		assert_int_equal(ask_for("GET", target, "any.test", ""), 301);
		assert_field("Location", "/new.html");
		memcpy(target + 2 * n, "/blog/a%2B", sizeof("/blog/a%2B"));
		assert_int_equal(ask_for("GET", target, "any.test", ""), 301);
		assert_field("Location", "https://blog.test/a+");
	}
	assert_int_equal(ask_for("HEAD", "/old.html", "any.test", ""), 301);
	assert_int_equal(ask_for("POST", "/old.html", "any.test", ""), 405);
	assert_int_equal(ask_for("OPTIONS", "/old.html", "any.test", ""), 204);
	assert_int_equal(ask("GET /old.html HTTP/1.0\r\n\r\n"), 301);
	close_sites();
}

/* RFC 6797 section 7.2: over TLS, or where somebody else does that for us, and nowhere else. */
static void redirects_over_tls_say_that_it_is_wanted(void **state)
{
	static const char *const rules[] = {"/old.html=/new.html", "/a/*=/b/*", "/open/*=/",
		"302 www.here.test=https://here.test"};
	static const struct {
		const char *host, *target, *value;
	} cases[] = {
		{"any.test", "/old.html", "max-age=1"},
		{"any.test", "/a/b/c", "max-age=2; includeSubDomains"},
		{"any.test", "/open/c", "max-age=0"},
		{"www.here.test", "/a", "max-age=1"},
		{"www.here.test", "/open", "max-age=1"},
	};
	static const struct content_pattern patterns[] = {
		{"/*", "Strict-Transport-Security: max-age=1"},
		{"/*", "X-First: 1"},
		{"/a/*", "Strict-Transport-Security: max-age=2; includeSubDomains"},
		{"/open/*", "Strict-Transport-Security: max-age=0"},
		{"/open/c", "Strict-Transport-Security: max-age=3"},
	};

	static const struct {
		bool has_tls, secured, said;
	} ways[] = {{true, true, true}, {true, false, false}, {false, false, true}};

	memcpy(options.patterns, patterns, sizeof(patterns));
	options.n_patterns = RS_ARRAY_SIZE(patterns);
	redirects.n_rules = 0;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(rules); i++)
		assert_null(read_rule(rules[i]));
	for (uint32_t w = 0; w < RS_ARRAY_SIZE(ways); w++) {
		open_root(*state);
		rs_redirect_configure(&redirects, &options, 0, &rig.cfg);
		rig.cfg.has_tls = ways[w].has_tls;
		rig.env.secured = ways[w].secured;
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
			assert_in_range(
				ask_for("GET", cases[i].target, cases[i].host, ""), 301, 302);
			assert_field(
				"Strict-Transport-Security", ways[w].said ? cases[i].value : "");
			assert_field("X-First", "");
		}
		close_sites();
	}
}

/* RFC 6797 section 7.1, where it is said for all paths: over TLS, or where somebody else does that.
 */
static void refusals_over_tls_say_it_too(void **state)
{
	static const struct {
		const char *method, *target, *fields;
		int status;
	} cases[] = {
		{"GET", "/none", "", 404},
		{"HEAD", "/none", "", 404},
		{"GET", "/..", "", 400},
		{"POST", "/a", "", 405},
		{"GET", "/a", "Range: bytes=9-\r\n", 416},
		{"GET", "/a", "If-Match: \"x\"\r\n", 412},
	};
	static const struct {
		const char *pattern;
		bool has_tls, secured, said;
	} ways[] = {
		{"*", true, true, true},
		{"/*", true, true, true},
		{"*", true, false, false},
		{"*", false, false, true},
		{"/none", true, true, false},
	};

	put_text(*state, "/a", "text");
	for (uint32_t w = 0; w < RS_ARRAY_SIZE(ways); w++) {
		options.n_sites = 0;
		options.n_patterns = 1;
		options.patterns[0] = (struct content_pattern){
			ways[w].pattern, "Strict-Transport-Security: max-age=1"};
		options.cors = "*";
		open_root(*state);
		rig.cfg.has_tls = ways[w].has_tls;
		rig.env.secured = ways[w].secured;
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
			assert_int_equal(ask_for(cases[i].method, cases[i].target, "any.test",
						 cases[i].fields),
				cases[i].status);
			assert_field("Strict-Transport-Security", ways[w].said ? "max-age=1" : "");
			assert_field("Access-Control-Allow-Origin", "*");
		}
		close_sites();
	}
}

/* What one host has had is not given to another, whose answer is a redirect. */
static void a_host_that_is_redirected_shares_nothing(void **state)
{
	put_text(*state, "/page.html", "text");
	open_root(*state);
	redirects.n_rules = 0;
	assert_null(read_rule("www.here.test=https://here.test"));
	rs_redirect_configure(&redirects, &options, 0, &rig.cfg);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ask_for("GET", "/page.html", "here.test", ""), 200);
		assert_int_equal(ask_for("GET", "/page.html", "www.here.test", ""), 301);
	}
	close_sites();
}

static void a_redirect_that_is_too_long(void **state)
{
	static char target[4096];
	uint32_t longest = 0;

	open_root(*state);
	redirects.n_rules = 0;
	assert_null(read_rule("/blog/*=https://blog.test/*"));
	rs_redirect_configure(&redirects, &options, 0, &rig.cfg);
	for (uint32_t n = 1000; n < sizeof(target) - 1; n++) {
		int status;

		memset(target, 'a', n);
		memcpy(target, "/blog/", 6);
		target[n] = 0;
		status = ask_for("GET", target, "any.test", "");
		if (status != 301 && !longest)
			longest = n - 1;
		assert_int_equal(status, longest ? 414 : 301);
	}
	assert_in_range(longest, 1500, 2000);
	close_sites();
}

static void redirects_that_are_none(void **state)
{
	static const struct {
		const char *text, *fault;
	} cases[] = {
		{"", "expected FROM=TO"},
		{"/a", "expected FROM=TO"},
		{"/a=", "expected FROM=TO"},
		{"=/a", "expected FROM=TO"},
		{"303 /a=/b", "expected FROM to begin with /"},
		{"a.test:80=/b", "expected FROM to begin with /"},
		{"a..test=/b", "expected FROM to begin with /"},
		{"a.test.=/b", "expected FROM to begin with /"},
		{"/a*=/b", "expected * at the end of FROM"},
		{"/*/a=/b", "expected * at the end of FROM"},
		{"/a?b=/c", "expected FROM without a query"},
		{"/a#b=/c", "expected FROM without a query"},
		{"/../a=/b", "expected a path within"},
		{"/a%2=/b", "expected a path within"},
		{"/a=b", "expected TO to be a path"},
		{"/a=//b.test/", "expected TO to be a path"},
		{"/a=ftp://b.test/", "expected TO to be a path"},
		{"/a=httpx://b.test/", "expected TO to be a path"},
		{"*.0.0.1=/b", "expected FROM to begin with /"},
		{"/a=https:///b", "expected TO to be a path"},
		{"/a=https://b.test:0/", "expected TO to be a path"},
		{"/a=https://b.test@c.test/", "expected TO to be a path"},
		{"/a=https://B.test/", "expected TO to be a path"},
		{"/a=/b/*", "expected /* at the end of TO only"},
		{"/a=/b c", "expected TO as a URI"},
		{"/a=/b\r\nSet-Cookie: c", "expected TO as a URI"},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		const char *fault;

		redirects.n_rules = 0;
		fault = read_rule(cases[i].text);
		if (!fault || strncmp(fault, cases[i].fault, strlen(cases[i].fault)) != 0)
			print_error("%s: %s\n", cases[i].text, fault ? fault : "taken");
		assert_non_null(fault);
		assert_int_equal(strncmp(fault, cases[i].fault, strlen(cases[i].fault)), 0);
	}
}

static void redirects_that_go_in_circles(void **state)
{
	static const struct {
		const char *rules[4];
		uint32_t circle; /* the first rule of it; as many as there are: there is none */
	} cases[] = {
		{{"/a=/a"}, 0},
		{{"/a=/%61?b"}, 0},
		{{"/a/*=/a/b/*"}, 0},
		{{"/a/*=/a/index.html"}, 0},
		{{"a.test=/b"}, 0},
		{{"a.test=https://a.test"}, 0},
		{{"a.test=https://a.test:8443/b"}, 0},
		{{"*.a.test=https://www.a.test"}, 0},
		{{"*.a.test/x=/x"}, 0},
		{{"/a=/b", "/b=/a"}, 0},
		{{"/x=/a", "/a=/b", "/b=/c", "/c=/a#d"}, 1},
		{{"/a/*=/b/*", "/b/*=/a/*"}, 0},
		{{"/a/*=/b/c/*", "/b/c/*=/a"}, 2},
		{{"/a/*=/b/c/*", "/b/*=/a/*"}, 0},
		{{"a.test=https://b.test", "b.test=http://a.test"}, 0},
		{{"a.test/x/*=https://b.test/y/*", "b.test/y/*=https://a.test/x/*"}, 0},
		{{"a.test/x=https://b.test/x", "*.a.test=https://a.test", "b.test=https://c.test"},
			3},
		{{"/a=/b", "b.test/b=/a"}, 1},
		/* as far as that is known */
		{{"a.test/b=https://a.test/c"}, 1},
		{{"/b/*=https://a.test/b/*"}, 1},
		{{"*.a.test=https://a.test"}, 1},
		{{"/a=https://a.test/b", "/b=/a"}, 2},
		/* the first that fits goes before the one that would lead back */
		{{"/a/b=/c", "/a/*=/a/b"}, 2},
		{{"/a/=/c", "/a/*=/a/"}, 2},
		{{"/a/*=/x", "/b=/a/b", "/a/b=/b"}, 3},
		{{"/a/=/c", "/a/*=/a/b/*"}, 1},
		{{"/a/*=/b/c/*", "/b/*=/x/*", "/x/=/a/"}, 3},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		uint32_t circle;

		redirects.n_rules = 0;
		for (uint32_t k = 0; k < 4 && cases[i].rules[k]; k++)
			assert_null(read_rule(cases[i].rules[k]));
		circle = rs_redirect_circle(redirects.rules, redirects.n_rules);
		if (circle != cases[i].circle)
			print_error("%s: %u\n", cases[i].rules[0], circle);
		assert_int_equal(circle, cases[i].circle);
	}
}

/* The longest way there may be, and paths that grow past their room. */
static void redirects_that_go_far(void **state)
{
	char text[2 * REDIRECT_PATH_BYTES];

	(void)state;
	redirects.n_rules = 0;
	for (uint32_t i = 0; i < REDIRECT_MAX; i++) {
		sprintf(text, "/%u=/%u", i, i + 1);
		assert_null(read_rule(text));
	}
	assert_int_equal(rs_redirect_circle(redirects.rules, REDIRECT_MAX), REDIRECT_MAX);
	redirects.n_rules = REDIRECT_MAX - 1;
	assert_null(read_rule("/255=/1"));
	assert_int_equal(rs_redirect_circle(redirects.rules, REDIRECT_MAX), 1);
	redirects.n_rules = 0;
	sprintf(text, "/a/*=/%01000d/*", 0);
	assert_null(read_rule(text));
	sprintf(text, "/%01000d/*=/%01500d/*", 0, 1);
	assert_null(read_rule(text));
	assert_int_equal(rs_redirect_circle(redirects.rules, 2), 2);
}

/* ---- fields ---- */

/* On all replies; and on refusals beside what these have of their own. */
static void cors_is_on_everything(void **state)
{
	static const struct {
		const char *method, *target, *fields;
		int status;
	} cases[] = {
		{"GET", "/a", "", 200},
		{"HEAD", "/a", "", 200},
		{"GET", "/a", "Range: bytes=0-0\r\n", 206},
		{"GET", "/a", "Range: bytes=0-0,2-2\r\n", 206},
		{"GET", "/dir", "", 301},
		{"GET", "/a", "If-None-Match: *\r\n", 304},
		{"GET", "/..", "", 400},
		{"GET", "/dir/", "", 403},
		{"GET", "/none", "", 404},
		{"POST", "/a", "", 405},
		{"GET", "/a", "If-Match: \"x\"\r\n", 412},
		{"GET", "/a", "Range: bytes=9-\r\n", 416},
		{"OPTIONS", "/a", "", 204},
		{"OPTIONS", "*", "", 204},
	};
	static const struct {
		const char *origin, *vary;
	} origins[] = {{"*", ""}, {"https://other.test", "Origin"}};
	const struct site *dir = *state;

	put_text(dir, "/a", "text");
	site_dir(dir, "/dir");
	for (uint32_t k = 0; k < RS_ARRAY_SIZE(origins); k++) {
		options.n_sites = 0;
		options.cors = origins[k].origin;
		open_root(dir);
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
			assert_int_equal(ask_for(cases[i].method, cases[i].target, "a.test",
						 cases[i].fields),
				cases[i].status);
			assert_field("Access-Control-Allow-Origin", origins[k].origin);
			assert_field("Vary", origins[k].vary);
		}
		/* What a preflight asks for (Fetch, section 3.3.3). */
		assert_field("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
		assert_field("Access-Control-Allow-Headers", "*");
		assert_field("Access-Control-Max-Age", "86400");
		close_sites();
	}
}

/* Section 9.3.7. */
static void options_says_which_methods_there_are(void **state)
{
	const struct site *dir = *state;

	put_text(dir, "/a", "text");
	open_root(dir);
	assert_int_equal(ask_for("OPTIONS", "/a", "a.test", ""), 204);
	assert_field("Allow", "GET, HEAD, OPTIONS");
	assert_field("Access-Control-Allow-Methods", "");
	assert_int_equal(ask_for("POST", "/a", "a.test", ""), 405);
	assert_field("Allow", "GET, HEAD, OPTIONS");
	close_sites();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(each_host_has_its_site),
		test(wildcards_are_for_all_names_that_end_so),
		test(many_hosts_have_their_sites),
		test(without_a_root_the_first_site_is_for_the_others),
		test(strict_sites_answer_for_their_hosts_alone),
		test(one_site_is_for_all_hosts_unless_it_is_strict),
		test(a_refusal_has_the_page_of_its_status_and_site),
		test(a_strict_refusal_has_the_page_of_the_root),
		test(what_is_not_there_is_tried_otherwise),
		test(what_is_tried_below_a_path),
		test(a_page_may_lie_beside_a_directory),
		test(sites_have_rules_of_their_own),
		test(what_is_not_tried),
		test(a_site_may_have_nothing_to_try),
		test(who_comes_without_tls_is_sent_there),
		test(a_redirect_to_tls_has_no_room_for_everything),
		test(redirects_as_they_are_asked_for),
		test(redirects_over_tls_say_that_it_is_wanted),
		test(refusals_over_tls_say_it_too),
		test(a_host_that_is_redirected_shares_nothing),
		test(a_redirect_that_is_too_long),
		test(redirects_that_are_none),
		test(redirects_that_go_in_circles),
		test(redirects_that_go_far),
		test(cors_is_on_everything),
		test(options_says_which_methods_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
