/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sites answer the same whether a request is known (lib/http/memo.h, verbatim.h, seen.h, similar.h)
 * or read and answered anew: random requests to random sites, over two connections, of which one's
 * core remembers nothing. Meanwhile files and seconds change, and nobody reads for a while.
 */
#include "site_rig.h"

#include "redirect.h"

#define N_ROUNDS   400 /* of other sites, and other requests, each */
#define N_TURNS    100
#define N_REQUESTS 32 /* that come again and again */

static struct rig slow;
static struct site_core slow_core;
static struct redirect_options redirects;
static struct site_set *sets[N_TURNS]; /* that may be in use: the newest last */
static uint32_t n_sets;
static char requests[N_REQUESTS][1024];
static uint32_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

#define DRAW_OF(words) (words)[draw(RS_ARRAY_SIZE(words))]

/* ---- what is asked ---- */

static const char *const methods[] = {"GET", "GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "PUT"};
static const char *const targets[] = {"/", "/a.txt", "/a.txt?q", "/%61.txt", "/x/../a.txt", "/page",
	"/page.html", "/large", "/large?q", "/fields", "/empty", "/dir", "/dir?q", "/dir/", "/none",
	"/old", "/old/x", "/old//x", "/a%2ftxt", "/%zz", "/../a.txt", "*", "http://a.test/a.txt",
	"http://b.test/a.txt", "https://a.test/"};
static const char *const hosts[] = {"a.test", "a.test", "a.test", "b.test", "b.test", "B.test",
	"b.test.", "b.test:80", "x.b.test", "moved.test", "[fd00::1]"};
static const char *const lines[] = {"Range: bytes=0-0", "Range: bytes=1-5", "range: bytes=-3",
	"Range: bytes=0-1,3-4", "Range: bytes=99999-", "If-Range: \"x\"", "If-Range: " MTIME,
	"If-None-Match: *", "If-None-Match: \"x\"", "If-Match: \"x\"", "If-Modified-Since: " MTIME,
	"If-Modified-Since: " BEFORE, "If-Unmodified-Since: " BEFORE, "Accept-Encoding: gzip",
	"Accept-Encoding: br, identity", "accept-encoding:", "Connection: close",
	"Connection: keep-alive", "Connection: x, Keep-Alive", "Sec-Fetch-Mode: navigate",
	"Sec-Fetch-Mode: cors", "Origin: https://o.test", "User-Agent: a",
	"User-Agent:", "Referer: http://a.test/", "Cookie: a=b; c=d",
	"Accept-Language: de, en;q=0.5",
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
	"Upgrade-Insecure-Requests: 1", "Priority: u=1", "Expect: 100-continue",
	"TE: \t trailers "};

/* What requests of one round are made of: little, so that they are like each other. */
static struct {
	const char *methods[2], *targets[3], *hosts[2], *lines[4];
} words;

static void choose_words(void)
{
	for (uint32_t i = 0; i < 2; i++)
		words.methods[i] = DRAW_OF(methods);
	for (uint32_t i = 0; i < 3; i++)
		words.targets[i] = DRAW_OF(targets);
	for (uint32_t i = 0; i < 2; i++)
		words.hosts[i] = DRAW_OF(hosts);
	for (uint32_t i = 0; i < 4; i++)
		words.lines[i] = DRAW_OF(lines);
}

static void write_request(char *to, size_t room)
{
	const char *method = DRAW_OF(words.methods);
	bool has_body = !strcmp(method, "PUT");
	size_t n = (size_t)snprintf(to, room, "%s%s %s HTTP/1.%u\r\n", draw(20) ? "" : "\r\n",
		method, DRAW_OF(words.targets), draw(8) != 0);

	if (draw(20))
		n += (size_t)snprintf(to + n, room - n, "Host: %s\r\n", DRAW_OF(words.hosts));
	for (uint32_t i = draw(5); i; i--)
		n += (size_t)snprintf(to + n, room - n, "%s\r\n", DRAW_OF(words.lines));
	snprintf(to + n, room - n, "%s", has_body ? "Content-Length: 4\r\n\r\nbody" : "\r\n");
}

/* One that was sent before, most times. */
static const char *choose_request(void)
{
	char *request = DRAW_OF(requests);

	if (!request[0] || !draw(100))
		write_request(request, sizeof(requests[0]));
	return request;
}

/* ---- who is asked ---- */

static void fill(const struct site *a, const struct site *b)
{
	uint8_t *large = site_bytes(5000);

	for (uint32_t i = 0; i < 2; i++) {
		const struct site *dir = i ? b : a;

		put_text(dir, "/index.html", i ? "<p>b" : "<p>a");
		put_text(dir, "/a.txt", i ? "text of b" : "text of a");
		put(dir, "/large", large, 5000 - 1000 * i);
		put_text(dir, "/empty", "");
		put_text(dir, "/fields", "fields");
		put_text(dir, "/404.html", "<p>not here");
	}
	put_text(a, "/page.html", "<p>page of a");
	put_text(a, "/page.html.gz", "\x1f\x8b\x08 coded");
	free(large);
}

static void choose_options(const struct site *a, const struct site *b)
{
	static const char *const all[] = {"/old/*=/new/*", "/old=/a.txt", "b.test/a.txt=/large",
		"moved.test=https://a.test", "302 *.b.test/old/*=/"};
	static char rules[2][64], field[1300];

	options = (struct site_options){.strict = draw(3) == 0, .early_hints = draw(2)};
	add_site(a, draw(2) ? "a.test" : NULL);
	if (draw(3))
		add_site(b, draw(2) ? "b.test" : "*.test");
	options.cors = draw(2) ? NULL : draw(2) ? "*" : "https://o.test";
	options.content.listing = draw(2);
	snprintf(field, sizeof(field), "X-Long: %01200d", 0);
	add_pattern("/fields", field);
	add_pattern("/index.html", "Link: </s.css>; rel=preload; as=style");
	add_pattern("*", "Strict-Transport-Security: max-age=1");
	if (draw(2))
		add_error_page(404, draw(2) ? "/404.html" : "/large");
	if (draw(2))
		options.tries[options.n_tries++] = (struct site_try){.what = ".html"};
	redirects = (struct redirect_options){.to_https = draw(8) == 0};
	for (uint32_t i = 0; draw(2) && i < RS_ARRAY_SIZE(rules); i++) {
		snprintf(rules[i], sizeof(rules[i]), "%s", DRAW_OF(all));
		assert_null(rs_redirect_parse(&redirects.rules[redirects.n_rules++], rules[i]));
	}
}

static void open_both(const struct site *a, const struct site *b)
{
	choose_options(a, b);
	open_sites();
	rs_redirect_configure(&redirects, &options, 443, &rig.cfg);
	rig.env.secured = draw(2);
	rig.cfg.has_tls = rig.env.secured || draw(2);
	rig.cfg.max_requests_per_conn = draw(4) ? 0 : 3;
	rig_open(&slow, N_CHUNKS, 4);
	slow.cfg = rig.cfg;
	slow.env.memo = NULL;
	slow.env.secured = rig.env.secured;
	slow.env.unix_s = rig.env.unix_s;
	slow.env.app = &slow_core;
	slow_core = (struct site_core){0};
	assert_true(rs_site_core_offer(&slow_core, set));
	rs_site_core_change(&slow_core, &slow.env);
	sets[0] = set;
	n_sets = 1;
}

static void close_both(void)
{
	rig_reopen(&slow);
	rs_site_core_turn(&slow_core, &slow.env);
	rs_site_core_leave(&slow_core, &slow.env);
	rig_close(&slow);
	rig_reopen(&rig);
	rs_site_core_turn(&core, &rig.env);
	set = NULL; /* all of them are in sets */
	rs_http_memo_clear(&rig.env);
	rs_site_core_leave(&core, &rig.env);
	rig_close(&rig);
	while (n_sets) {
		assert_int_equal(rs_site_n_users(sets[--n_sets]), 0);
		rs_site_free(sets[n_sets]);
	}
}

/* ---- what happens meanwhile ---- */

static void reload(const struct site *a, const struct site *b)
{
	char text[32];
	uint32_t n = 0;

	snprintf(text, sizeof(text), "text %u", draw(1000));
	put_text(draw(2) ? a : b, draw(2) ? "/a.txt" : "/none", text);
	set = rs_site_load(&options, set, &(struct site_audience){.say = say});
	assert_non_null(set);
	assert_true(rs_site_core_offer(&core, set));
	assert_true(rs_site_core_offer(&slow_core, set));
	rs_site_core_change(&core, &rig.env);
	rs_site_core_change(&slow_core, &slow.env);
	for (uint32_t i = 0; i < n_sets; i++) {
		if (rs_site_n_users(sets[i]))
			sets[n++] = sets[i];
		else
			rs_site_free(sets[i]);
	}
	sets[n++] = set;
	n_sets = n;
}

static void begin_second(struct rig *r)
{
	r->env.unix_s++;
	r->env.date_no++;
}

/* ---- asking both ---- */

static void feed_piece(struct rig *r, const char *data, uint32_t len, uint32_t ack)
{
	if (r == &slow)
		memset(&r->seen, 0, sizeof(r->seen));
	while (len && !r->hc.abort) {
		uint32_t used = r->hc.blocked ? 0 : rig_input(r, data, len);

		data += used;
		len -= used;
		if (len)
			rig_ack(r, UINT32_MAX);
	}
	rig_ack(r, ack);
}

static void send_some(void)
{
	static char data[8 * sizeof(requests[0])];
	uint32_t n = 0, piece;

	for (uint32_t i = draw(2) ? 1 : 1 + draw(5); i; i--)
		n += (uint32_t)snprintf(data + n, sizeof(data) - n, "%s", choose_request());
	for (uint32_t at = 0; at < n; at += piece) {
		uint32_t ack = draw(6) ? UINT32_MAX : draw(2000);

		piece = draw(3) ? n - at : 1 + draw(n - at);
		feed_piece(&rig, data + at, piece, ack);
		feed_piece(&slow, data + at, piece, ack);
	}
}

static bool has_much(void)
{
	return rig.n_got + rig.out.n_bytes > RIG_GOT_BYTES / 2;
}

static void compare(void)
{
	rig_drain(&rig);
	rig_drain(&slow);
	assert_int_equal(rig.n_got, slow.n_got);
	assert_true(rig.n_got < RIG_GOT_BYTES);
	assert_memory_equal(rig.got, slow.got, rig.n_got);
	assert_int_equal(rig.hc.closing, slow.hc.closing);
	if (rig.hc.closing) {
		rig_reopen(&rig);
		rig_reopen(&slow);
	}
	rig.n_got = slow.n_got = 0;
	rs_site_core_turn(&core, &rig.env);
	rs_site_core_turn(&slow_core, &slow.env);
}

static void what_is_known_is_answered_as_what_is_new(void **state)
{
	const struct site *a = *state;
	uint64_t n_repeated = 0;
	void *b;

	site_setup(&b);
	site_dir(a, "/dir");
	site_dir(b, "/dir");
	fill(a, b);
	for (uint32_t round = 0; round < N_ROUNDS; round++) {
		seed = round;
		memset(requests, 0, sizeof(requests));
		choose_words();
		unlink(site_path(a, "/none"));
		unlink(site_path(b, "/none"));
		open_both(a, b);
		for (uint32_t turn = 0; turn < N_TURNS; turn++) {
			send_some();
			if (!draw(2) || rig.hc.closing || has_much())
				compare();
			if (!draw(60) && !rig.out.n_bytes)
				reload(a, b);
			if (!draw(30)) {
				begin_second(&rig);
				begin_second(&slow);
			}
		}
		compare();
		n_repeated += rig.counters[HTTP_C_REPEATED];
		close_both();
	}
	assert_true(n_repeated > N_ROUNDS * N_TURNS / 8);
	temp_remove(((struct site *)b)->root);
	free(b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_known_is_answered_as_what_is_new, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
