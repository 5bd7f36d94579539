/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines and files → configuration, or one exact line of error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "args.h"
#include "eal_args.h"
#include "options.h"
#include "temp.h"
#include "values.h"

#define MAX_WORDS 80

/* ---- fixture ---- */

static struct args args;
static struct config cfg;
static char error[ARGS_ERROR_BYTES];

/* Words of a line, apart by spaces, each in an allocation of its exact size. */
struct words {
	int n;
	char *v[MAX_WORDS + 1];
};

static struct words split(const char *line)
{
	struct words w = {0};

	for (line += strspn(line, " "); *line; line += strspn(line, " ")) {
		size_t len = strcspn(line, " ");

		assert_true(w.n < MAX_WORDS);
		w.v[w.n++] = strndup(line, len);
		line += len;
	}
	return w;
}

static void free_words(struct words *w)
{
	while (w->n)
		free(w->v[--w->n]);
}

/* Parses; the words live until the next call, since args points to them. */
static int parse(const char *line)
{
	static struct words w;

	rs_args_free(&args);
	free_words(&w);
	w = split(line);
	memset(error, 0, sizeof(error));
	return rs_args_parse(&args, &cfg, w.n, w.v, error);
}

static void parses(const char *line)
{
	if (parse(line))
		fail_msg("%s\n%s", line, error);
}

static void fails(const char *line, const char *expected)
{
	assert_int_equal(parse(line), -22);
	assert_string_equal(error, expected);
}

/* A file of its own; returns its name, which stands until the next one is asked for. */
static const char *file_of(const char *text)
{
	static char name[TEMP_PATH_BYTES];
	FILE *file = temp_new_file(name);

	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	fclose(file);
	return name;
}

/* The command line (with %s for the file's name), and a file that it names. */
static int parse_with_file(const char *line, const char *text)
{
	char whole[256];

	snprintf(whole, sizeof(whole), line, file_of(text));
	return parse(whole);
}

static void file_fails(const char *text, const char *expected)
{
	char whole[256];

	assert_int_equal(parse_with_file("-c %s", text), -22);
	snprintf(whole, sizeof(whole), "%s%s", file_of(""), expected);
	/* Names of files differ in their last six letters only. */
	assert_int_equal(strlen(error), strlen(whole));
	assert_string_equal(strchr(error, ':'), strchr(whole, ':'));
}

static char *printed(void (*print)(FILE *to))
{
	size_t n_bytes;
	char *text = NULL;
	FILE *to = open_memstream(&text, &n_bytes);

	print(to);
	fclose(to);
	return text;
}

/* ---- what is understood ---- */

static void defaults(void **state)
{
	(void)state;
	parses("--ip 10.99.0.2/24");
	assert_int_equal(cfg.action, ACTION_RUN);
	assert_int_equal(cfg.n_http_ports, 1);
	assert_int_equal(cfg.http_ports[0], 80);
	assert_int_equal(cfg.mtu, 1500);
	assert_int_equal(cfg.vlan_id, 0);
	assert_int_equal(cfg.next_hop, NEXT_HOP_LAST);
	assert_int_equal(cfg.layout, LAYOUT_FUSED);
	assert_int_equal(cfg.net_cores.n, 0);
	assert_int_equal(cfg.idle, IDLE_PAUSE);
	assert_false(cfg.no_offload);
	assert_int_equal(cfg.max_conns, 65536);
	assert_int_equal(cfg.syn_backlog, 4096);
	assert_int_equal(cfg.max_head_bytes, 16384);
	assert_int_equal(cfg.max_body_bytes, 1048576);
	assert_int_equal(cfg.idle_timeout_s, 30);
	assert_int_equal(cfg.header_timeout_s, 10);
	assert_int_equal(cfg.body_timeout_s, 10);
	assert_int_equal(cfg.write_timeout_s, 30);
	assert_int_equal(cfg.time_wait_s, 60);
	assert_int_equal(cfg.keepalive_s, 0);
	assert_int_equal(cfg.drain_timeout_s, 10);
}

static void plaintext_can_be_closed(void **state)
{
	static const char people[] = "--ip 10.99.0.2/24 --https 443 --cert a --key b --client-ca c";
	char line[256];

	(void)state;
	parses(people);
	assert_non_null(rs_options_warning(&cfg));
	snprintf(line, sizeof(line), "%s --http off", people);
	parses(line);
	assert_int_equal(cfg.n_http_ports, 0);
	assert_int_equal(cfg.n_https_ports, 1);
	assert_null(rs_options_warning(&cfg));
	snprintf(line, sizeof(line), "%s --http 80", people);
	parses(line);
	assert_null(rs_options_warning(&cfg));
	snprintf(line, sizeof(line), "%s --client-cert optional", people);
	parses(line);
	assert_null(rs_options_warning(&cfg));
}

static void every_value_arrives(void **state)
{
	(void)state;
	parses("--ip 10.99.0.2/24 --vlan 4094 --mtu 9000 --http 80 --http 8080 --layout split "
	       "--net-cores 1,3-5 --rx-cores 0 --tx-cores 7 --idle sleep --no-offload --rx-ring "
	       "256 "
	       "--tx-ring 512 --mbufs 20000 --max-conns 100000 --syn-backlog 0 --max-head 8k "
	       "--max-body 1G --idle-timeout 5 --header-timeout 6 --body-timeout 7 --write-timeout "
	       "8 --time-wait 0 "
	       "--keepalive 75 --drain-timeout 9 --next-hop route");
	assert_int_equal(cfg.vlan_id, 4094);
	assert_int_equal(cfg.mtu, 9000);
	assert_int_equal(cfg.n_http_ports, 2);
	assert_int_equal(cfg.http_ports[1], 8080);
	assert_int_equal(cfg.layout, LAYOUT_SPLIT);
	assert_int_equal(cfg.net_cores.n, 4);
	assert_int_equal(cfg.net_cores.ids[0], 1);
	assert_int_equal(cfg.net_cores.ids[1], 3);
	assert_int_equal(cfg.net_cores.ids[3], 5);
	assert_int_equal(cfg.rx_cores.n, 1);
	assert_int_equal(cfg.tx_cores.ids[0], 7);
	assert_int_equal(cfg.idle, IDLE_SLEEP);
	assert_true(cfg.no_offload);
	assert_int_equal(cfg.rx_ring, 256);
	assert_int_equal(cfg.tx_ring, 512);
	assert_int_equal(cfg.mbufs, 20000);
	assert_int_equal(cfg.max_conns, 100000);
	assert_int_equal(cfg.syn_backlog, 0);
	assert_int_equal(cfg.max_head_bytes, 8192);
	assert_int_equal(cfg.max_body_bytes, 1 << 30);
	assert_int_equal(cfg.idle_timeout_s, 5);
	assert_int_equal(cfg.header_timeout_s, 6);
	assert_int_equal(cfg.body_timeout_s, 7);
	assert_int_equal(cfg.write_timeout_s, 8);
	assert_int_equal(cfg.time_wait_s, 0);
	assert_int_equal(cfg.keepalive_s, 75);
	assert_int_equal(cfg.drain_timeout_s, 9);
	assert_int_equal(cfg.next_hop, NEXT_HOP_ROUTE);
}

static void addresses(void **state)
{
	static const uint8_t v4[16] = {[10] = 0xff, 0xff, 192, 0, 2, 7};
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};

	(void)state;
	parses("--ip=192.0.2.7/25 --ip 2001:db8::2/64");
	assert_int_equal(cfg.n_addrs, 2);
	assert_int_equal(cfg.addrs[0].family, 4);
	assert_int_equal(cfg.addrs[0].prefix_len, 25);
	assert_memory_equal(cfg.addrs[0].addr, v4, 16);
	assert_int_equal(cfg.addrs[1].family, 6);
	assert_int_equal(cfg.addrs[1].prefix_len, 64);
	assert_memory_equal(cfg.addrs[1].addr, v6, 16);
	/* RFC 3021: both addresses of a /31 are hosts'; a /32 has no other. */
	parses("--ip 192.0.2.0/31 --ip 192.0.2.8/32 --ip 2001:db8::/127 --ip fe80::1/64");
}

static bool routes_by(const char *to, const char *by)
{
	uint8_t addr[16], expected[16], family;
	const struct route *route;

	assert_true(rs_value_addr(to, addr, &family));
	assert_true(rs_value_addr(by, expected, &family));
	route = &cfg.routes.routes[rs_route_find(&cfg.routes, addr)];
	return route < cfg.routes.routes + cfg.routes.n &&
	       !memcmp(route->direct ? addr : route->via, expected, 16);
}

static void routes(void **state)
{
	(void)state;
	/* The order on the command line means nothing. */
	parses("--route 10.0.0.0/8,10.99.0.3 --gateway 10.99.0.1 --gateway fe80::1 "
	       "--ip 10.99.0.2/24 --ip fd99::2/64 --route 2001:db8::/32,fd99::9 "
	       "--route 172.16.0.0/12,10.99.0.1");
	assert_true(routes_by("10.99.0.77", "10.99.0.77"));
	assert_true(routes_by("10.1.2.3", "10.99.0.3"));
	assert_true(routes_by("8.8.8.8", "10.99.0.1"));
	assert_true(routes_by("172.31.255.255", "10.99.0.1"));
	assert_true(routes_by("fd99::77", "fd99::77"));
	assert_true(routes_by("2001:db8:1::1", "fd99::9"));
	assert_true(routes_by("2600::1", "fe80::1"));
	assert_int_equal(cfg.n_gateways, 4); /* 10.99.0.1 once */
}

static void actions(void **state)
{
	(void)state;
	parses("--version");
	assert_int_equal(cfg.action, ACTION_VERSION);
	parses("-h");
	assert_int_equal(cfg.action, ACTION_HELP);
	parses("--help-markdown");
	assert_int_equal(cfg.action, ACTION_HELP_MARKDOWN);
	parses("--check --ip 10.0.0.2/24");
	assert_int_equal(cfg.action, ACTION_CHECK);
	parses("--ip 300.0.0.1/24 --check --help"); /* who asks for help gets it */
	assert_int_equal(cfg.action, ACTION_HELP);
	assert_int_equal(parse("--ip 300.0.0.1/24 --check"), -22);
}

#define SITE "--ip 10.0.0.1/24 --root /a "
#define TLS  "--ip 10.0.0.1/24 --https 443 --cert a --key b "

#define BAD_TRY                                                                                    \
	"expected the ending of a name, as in .html, of at most 32 characters, or the path of a "  \
	"file in the site, as in /index.html, or 404, perhaps behind /PATH/*= or *.ENDING=, with " \
	"the "                                                                                     \
	"HOST of a --site before that"

static void values_of_sites(void **state)
{
	static const uint16_t statuses[SITE_MAX_ERROR_PAGES] = {
		400, 403, 404, 405, 408, 412, 413, 414, 416, 417, 421, 425, 431, 501, 503, 505};
	char line[1024] = SITE;
	char *end = line + strlen(line);

	(void)state;
	for (uint32_t i = 0; i < SITE_MAX_ERROR_PAGES; i++)
		end += sprintf(end, "--error-page %u=/%u.html ", statuses[i], statuses[i]);
	parses(line);
	assert_int_equal(cfg.site.n_error_pages, SITE_MAX_ERROR_PAGES);
	for (uint32_t i = 0; i < SITE_MAX_ERROR_PAGES; i++) {
		assert_int_equal(cfg.site.error_pages[i].status, statuses[i]);
		assert_int_equal(cfg.site.error_pages[i].path[0], '/');
		assert_int_equal(atoi(cfg.site.error_pages[i].path + 1), statuses[i]);
	}
	parses(SITE "--precompress gzip");
	assert_int_equal(cfg.site.content.precompress, CONTENT_CODING_BIT(CONTENT_GZIP));
	parses(SITE "--precompress zstd,br");
	assert_int_equal(cfg.site.content.precompress,
		CONTENT_CODING_BIT(CONTENT_BR) | CONTENT_CODING_BIT(CONTENT_ZSTD));
	parses("--ip 10.0.0.1/24 --site a.test=/a --strict-site");
	assert_true(cfg.site.strict);
	parses(SITE "--exclude *.bak --exclude /private");
	assert_string_equal(cfg.site.content.excluded[0], "*.bak");
	assert_string_equal(cfg.site.content.excluded[1], "/private");
	assert_null(cfg.site.content.excluded[2]);
	parses(SITE "--exclude /private/ --exclude */build//");
	assert_string_equal(cfg.site.content.excluded[0], "/private");
	assert_string_equal(cfg.site.content.excluded[1], "*/build");
	fails(SITE "--exclude /", "--exclude /: expected a part of what is below the root");
	fails(SITE "--exclude */", "--exclude */: expected a part of what is below the root");
	fails(SITE "--exclude a*",
		"--exclude a*: expected a PATTERN that begins with / or *, as paths begin with /");
	fails("--ip 10.0.0.1/24 --exclude /a", "--exclude /a: only with --root or --site");
	parses(SITE "--try .html --try /index.html");
	assert_int_equal(cfg.site.n_tries, 2);
	assert_string_equal(cfg.site.tries[0].what, ".html");
	assert_int_equal(cfg.site.tries[0].begin.len, 0);
	assert_string_equal(cfg.site.tries[1].what, "/index.html");
	parses(SITE "--try /a/*=/a=b.html --try /*=.htm --try /a=b");
	assert_int_equal(cfg.site.tries[0].begin.len, 3);
	assert_string_equal(cfg.site.tries[0].what, "/a=b.html");
	assert_int_equal(cfg.site.tries[1].begin.len, 1);
	assert_string_equal(cfg.site.tries[1].what, ".htm");
	assert_int_equal(cfg.site.tries[2].begin.len, 0);
	assert_string_equal(cfg.site.tries[2].what, "/a=b");
	parses(SITE "--try /a/*.js=404 --try *.jpg=/none.jpg --try /a/*/*=/b");
	assert_int_equal(cfg.site.tries[0].begin.len, 3);
	assert_int_equal(cfg.site.tries[0].end.len, 3);
	assert_string_equal(cfg.site.tries[0].what, "404");
	assert_int_equal(cfg.site.tries[1].begin.len, 0);
	assert_memory_equal(cfg.site.tries[1].end.data, ".jpg", 4);
	assert_string_equal(cfg.site.tries[1].what, "/none.jpg");
	assert_string_equal(cfg.site.tries[2].what, "/a/*/*=/b"); /* a file of that name */
	assert_int_equal(parse_with_file("-c %s", "ip 10.0.0.2/24\n"
						  "site a.test=d\nsite *.b.test=e\n"
						  "header A.test/x* X-A: 1\n"
						  "header *.b.test/* X-B: 1\n"
						  "header * X-C: 1\n"
						  "try a.test/*=/i\ntry *.b.test/*.js=404\n"),
		0);
	assert_string_equal(cfg.site.pattern_hosts[0], "a.test");
	assert_string_equal(cfg.site.patterns[0].pattern, "/x*");
	assert_string_equal(cfg.site.pattern_hosts[1], "*.b.test");
	assert_string_equal(cfg.site.patterns[1].pattern, "/*");
	assert_null(cfg.site.pattern_hosts[2]);
	assert_int_equal(cfg.site.tries[0].host.len, 6);
	assert_string_equal(cfg.site.tries[0].what, "/i");
	assert_int_equal(cfg.site.tries[1].host.len, 8);
	assert_int_equal(cfg.site.tries[1].end.len, 3);
	fails(SITE "--site a.test=d --try b.test/*=/i", "--try b.test/*=/i: " BAD_TRY);
	fails(SITE "--try /a/*=403", "--try /a/*=403: " BAD_TRY);
	fails(SITE "--try /a/*=b", "--try /a/*=b: " BAD_TRY);
	fails(SITE "--try /a/*=", "--try /a/*=: " BAD_TRY);
	parses(SITE "--try .1234567890123456789012345678901");
	fails(SITE "--try .12345678901234567890123456789012",
		"--try .12345678901234567890123456789012: " BAD_TRY);
	fails(SITE "--try .", "--try .: " BAD_TRY);
	fails(SITE "--try .a/b", "--try .a/b: " BAD_TRY);
	strcpy(line, SITE);
	for (uint32_t i = 0; i < SITE_MAX_TRIES; i++)
		strcat(line, " --try .html");
	parses(line);
	strcat(line, " --try .html");
	fails(line, "--try .html: expected at most 32");
}

static void values_of_tls(void **state)
{
	(void)state;
	parses(TLS);
	assert_false(cfg.tls.only_tls13);
	assert_false(cfg.tls.no_lean);
	parses(TLS "--tls-min 1.3 --tls-records openssl --client-ca c --client-cert required");
	assert_true(cfg.tls.only_tls13);
	assert_true(cfg.tls.no_lean);
	assert_int_equal(cfg.tls.client_cert, TLS_CLIENT_CERT_REQUIRED);
	parses(TLS "--client-cert optional --client-ca c");
	assert_int_equal(cfg.tls.client_cert, TLS_CLIENT_CERT_OPTIONAL);
	parses(TLS "--client-ca c");
	assert_int_equal(cfg.tls.client_cert, TLS_CLIENT_CERT_REQUIRED);
	parses(TLS "--psk-ke");
	assert_true(cfg.tls.psk_ke);
	parses(TLS "--ticket-lifetime 0");
	parses(TLS "--tls-cores same");
	assert_int_equal(cfg.tls_cores.n, 0);
}

/* Whose gateway it is: that of the subnet that it is in, by every bit of its length. */
static void gateways_of_one_of_two_subnets(void **state)
{
	(void)state;
	parses("--ip 10.0.1.2/16 --ip 10.0.0.9/24 --gateway 10.0.1.255");
	parses("--ip fd99::2/64 --gateway fe80:0:0:0:8000::1");
	parses("--mtu 1280 --ip fd99::2/64");
}

static void charsets(void **state)
{
	(void)state;
	parses("--ip 10.0.0.1/24 --root /a");
	assert_string_equal(cfg.site.content.charset, "utf-8");
	parses("--ip 10.0.0.1/24 --root /a --charset windows-1252");
	assert_string_equal(cfg.site.content.charset, "windows-1252");
	parses("--ip 10.0.0.1/24 --root /a --charset none");
	assert_string_equal(cfg.site.content.charset, "");
	parses("--ip 10.0.0.1/24 --root /a --charset NONE");
	assert_string_equal(cfg.site.content.charset, "");
}

static void hosts(void **state)
{
	(void)state;
	parses("--ip 10.0.0.1/24 --site A.test=/a --site 10.0.0.1=/b --site [FD00::1]=/c "
	       "--site my_host-1=/d");
	assert_int_equal(cfg.site.n_sites, 4);
	assert_string_equal(cfg.site.sites[0].host, "a.test");
	assert_string_equal(cfg.site.sites[2].host, "[fd00::1]");
}

/* ---- what is refused, and how ---- */

#define BAD_ORIGIN                                                                                 \
	"expected one origin as browsers send it, as in https://a.example or "                     \
	"https://a.example:8443, or *"
#define BAD_HOST                                                                                   \
	"expected HOST=DIR, HOST a name or an address as in a.example, *.a.example or [fd00::1], " \
	"without port or final dot"

static void errors(void **state)
{
	static const struct {
		const char *line;
		const char *expected;
	} table[] = {
		{"", "--ip: expected at least one, as in ringside [EAL options] -- --ip ADDR/LEN"},
		{"blue", "blue: expected an option, as in --ip ADDR/LEN"},
		{"--", "--: expected an option, as in --ip ADDR/LEN"},
		{"-x", "-x: expected an option, as in --ip ADDR/LEN"},
		{"--colour blue", "--colour: unknown option; --help lists them"},
		{"--https 443", "--https: expected --cert and --key, too"},
		{"--http off",
			"--http off: expected --https, too, or there would be no port at all"},
		{"--http off --http 80", "--http 80: expected either ports or off"},
		{"--http 80 --http off", "--http off: expected either ports or off"},
		{"--cert a --key b", "--cert a: only with --https"},
		{"--https 443 --cert a", "--https: expected --cert and --key, too"},
		{"--https 443 --cert a --key b --tls-min 1.1",
			"--tls-min 1.1: expected 1.2 or 1.3"},
		{"--https 443 --cert a --key b --tls-records fat",
			"--tls-records fat: expected lean or openssl"},
		{"--https 443 --cert a --key b --client-cert some",
			"--client-cert some: expected optional or required"},
		{"--https 443 --cert a --key b --client-cert required",
			"--client-cert required: only with --client-ca"},
		{"--https 443 --cert a --key b --client-cert optional",
			"--client-cert optional: only with --client-ca"},
		{"--root /a --early-hints", "--early-hints: only with --header for Link"},
		{"--strict-sni", "--strict-sni: only with --https"},
		{"--tls-cores 1", "--tls-cores 1: only with --https"},
		{"--listing", "--listing: only with --root or --site"},
		{"--strict-site", "--strict-site: only with --site"},
		{"--root /a --strict-site", "--strict-site: only with --site"},
		{"--try .html", "--try .html: only with --root or --site"},
		{"--root /a --try html", "--try html: " BAD_TRY},
		{"--redirect-to-https", "--redirect-to-https: only with --https"},
		{"--http off --https 443 --cert a --key b --redirect-to-https",
			"--redirect-to-https: only with a port of --http"},
		{"--root /a --cors https://a\x01", "--cors https://a?: " BAD_ORIGIN},
		{"--root /a --cors https://\x7f", "--cors https://?: " BAD_ORIGIN},
		{"--root /a --cors https://\xc3\xbc", "--cors https://\xc3\xbc: " BAD_ORIGIN},
		{"--root /a --cors https://a,b", "--cors https://a,b: " BAD_ORIGIN},
		{"--root /a --cors https://a/", "--cors https://a/: " BAD_ORIGIN},
		{"--root /a --cors https://A.test", "--cors https://A.test: " BAD_ORIGIN},
		{"--root /a --cors https://a:", "--cors https://a:: " BAD_ORIGIN},
		{"--root /a --cors https://a:65536", "--cors https://a:65536: " BAD_ORIGIN},
		{"--root /a --cors https://a:443", "--cors https://a:443: " BAD_ORIGIN},
		{"--root /a --cors http://a:80", "--cors http://a:80: " BAD_ORIGIN},
		{"--root /a --cors https://[fd00::1", "--cors https://[fd00::1: " BAD_ORIGIN},
		{"--root /a --cors https://", "--cors https://: " BAD_ORIGIN},
		{"--root /a --cors a.test", "--cors a.test: " BAD_ORIGIN},
		{"--root /a --cors ://a.test", "--cors ://a.test: " BAD_ORIGIN},
		{"--root /a --cors https://*.a.test", "--cors https://*.a.test: " BAD_ORIGIN},
		{"--cors *", "--cors *: only with --root or --site"},
		{"--root /a --precompress gzip,", "--precompress gzip,: expected gzip, br, zstd, "
						  "or several of them, each once"},
		{"--root /a --precompress ,br", "--precompress ,br: expected gzip, br, zstd, or "
						"several of them, each once"},
		{"--root /a --precompress br,gzip,br",
			"--precompress br,gzip,br: expected gzip, br, zstd, or several of them, "
			"each once"},
		{"--root /a --precompress gzip,,br", "--precompress gzip,,br: expected gzip, br, "
						     "zstd, or several of them, each once"},
		{"--mime-types /a", "--mime-types /a: only with --root or --site"},
		{"--charset none", "--charset none: only with --root or --site"},
		{"--access-format json", "--access-format json: only with --access-log"},
		{"--log-sample 10", "--log-sample 10: only with --access-log"},
		{"--https 443 --cert a --cert b --key c",
			"--cert and --key: expected as many of one as of the other"},
		{"--https 443 --cert a --key b --ocsp c --ocsp d",
			"--ocsp: expected no more than there are of --cert"},
		{"--https 443 --cert a --key b --early-data 1k --ticket-lifetime 0",
			"--early-data: only with sessions that can be resumed (--ticket-lifetime)"},
		{"--https 443 --cert a --key b --psk-ke --ticket-lifetime 0",
			"--psk-ke: only with sessions that can be resumed (--ticket-lifetime)"},
		{"--psk-ke", "--psk-ke: only with --https"},
		{"--https 80 --http 80", "--https 80: this port is given twice"},
		{"--tls-cores none",
			"--tls-cores none: expected same, or a list of lcores, each once, as in "
			"1,3-5"},
		{"--ip", "--ip: expected ADDR/LEN"},
		{"--ip=", "--ip : expected ADDR/LEN"},
		{"--no-offload=yes", "--no-offload yes: expected no value"},
		{"--ip 10.0.0.300/24", "--ip 10.0.0.300/24: expected ADDR/LEN, IPv4 or IPv6"},
		{"--ip 10.0.0.2", "--ip 10.0.0.2: expected ADDR/LEN, IPv4 or IPv6"},
		{"--ip 10.0.0.2/33", "--ip 10.0.0.2/33: expected ADDR/LEN, IPv4 or IPv6"},
		{"--ip 10.0.0.2/0", "--ip 10.0.0.2/0: expected ADDR/LEN, IPv4 or IPv6"},
		{"--ip 10.0.0.2/24x", "--ip 10.0.0.2/24x: expected ADDR/LEN, IPv4 or IPv6"},
		{"--ip 10.0.0.2/-4", "--ip 10.0.0.2/-4: expected ADDR/LEN, IPv4 or IPv6"},
		{"--ip fd99::2/129", "--ip fd99::2/129: expected ADDR/LEN, IPv4 or IPv6"},
		{"--ip ::ffff:10.0.0.2/120",
			"--ip ::ffff:10.0.0.2/120: expected ADDR/LEN, IPv4 or IPv6"},
		{"--ip 10.0.0.0/24", "--ip 10.0.0.0/24: expected an address that a host can have"},
		{"--ip 10.0.0.255/24",
			"--ip 10.0.0.255/24: expected an address that a host can have"},
		{"--ip 127.0.0.1/8", "--ip 127.0.0.1/8: expected an address that a host can have"},
		{"--ip 224.0.0.5/24",
			"--ip 224.0.0.5/24: expected an address that a host can have"},
		{"--ip 0.1.2.3/8", "--ip 0.1.2.3/8: expected an address that a host can have"},
		{"--ip ::1/128", "--ip ::1/128: expected an address that a host can have"},
		{"--ip ::/128", "--ip ::/128: expected an address that a host can have"},
		{"--ip ff02::1/64", "--ip ff02::1/64: expected an address that a host can have"},
		{"--ip fd99::/64", "--ip fd99::/64: expected an address that a host can have"},
		{"--ip fd99::4/126", "--ip fd99::4/126: expected an address that a host can have"},
		{"--ip 10.0.0.3/30", "--ip 10.0.0.3/30: expected an address that a host can have"},
		{"--ip 10.0.0.2/24 --ip 10.0.0.2/16",
			"--ip 10.0.0.2/16: this address is given twice"},
		{"--ip 10.0.0.2/24 --gateway 10.0.0",
			"--gateway 10.0.0: expected ADDR, IPv4 or IPv6"},
		{"--ip 10.0.0.2/24 --gateway 10.1.1.1",
			"--gateway 10.1.1.1: ADDR is on none of the subnets of --ip"},
		{"--ip 10.0.0.2/24 --gateway fe80::1",
			"--gateway fe80::1: ADDR is on none of the subnets of --ip"},
		{"--ip 10.0.0.2/24 --gateway 10.0.0.2",
			"--gateway 10.0.0.2: ADDR is an address of our own"},
		{"--ip 10.0.0.2/24 --gateway 10.0.0.1 --gateway 10.0.0.3",
			"--gateway 10.0.0.3: there is a gateway for this family already"},
		{"--ip 10.0.0.2/24 --route 10.1.0.0/16",
			"--route 10.1.0.0/16: expected PREFIX/LEN,ADDR, both IPv4 or both IPv6"},
		{"--ip 10.0.0.2/24 --route 10.1.0.0/16,fd99::1",
			"--route 10.1.0.0/16,fd99::1: "
			"expected PREFIX/LEN,ADDR, both IPv4 or both IPv6"},
		{"--ip 10.0.0.2/24 --route 10.1.0.9/16,10.0.0.1",
			"--route 10.1.0.9/16,10.0.0.1: PREFIX has bits set beyond its length"},
		{"--ip 10.0.0.2/24 --route 10.1.0.0/16,10.2.0.1",
			"--route 10.1.0.0/16,10.2.0.1: ADDR is on none of the subnets of --ip"},
		{"--ip 10.0.0.2/24 --route 10.1.0.0/16,10.0.0.1 --route 10.1.0.0/16,10.0.0.3",
			"--route 10.1.0.0/16,10.0.0.3: there is a route to this prefix already"},
		{"--vlan 0", "--vlan 0: expected a number from 1 to 4094"},
		{"--vlan 4095", "--vlan 4095: expected a number from 1 to 4094"},
		{"--mtu 575", "--mtu 575: expected a number from 576 to 9600"},
		{"--mtu 1279 --ip fd99::2/64",
			"--mtu 1279: expected at least 1280, since there is an IPv6 address"},
		{"--http 0", "--http 0: expected a number from 1 to 65535, or off"},
		{"--http 65536", "--http 65536: expected a number from 1 to 65535, or off"},
		{"--http eighty", "--http eighty: expected a number from 1 to 65535, or off"},
		{"--http 80 --http 80", "--http 80: this port is given twice"},
		{"--ip 10.0.0.2/20 --gateway 10.0.15.255",
			"--gateway 10.0.15.255: ADDR is the first or last of its subnet, and no "
			"host's"},
		{"--ip 10.0.0.2/24 --gateway 10.0.0.0",
			"--gateway 10.0.0.0: ADDR is the first or last of its subnet, and no "
			"host's"},
		{"--site a.test=/a --site A.test=/b", "--site A.test=/b: this host is given twice"},
		{"--site a.test:80=/a", "--site a.test:80=/a: " BAD_HOST},
		{"--site a.test.=/a", "--site a.test.=/a: " BAD_HOST},
		{"--site *=/a", "--site *=/a: " BAD_HOST},
		{"--site *.=/a", "--site *.=/a: " BAD_HOST},
		{"--site *test=/a", "--site *test=/a: " BAD_HOST},
		{"--site a.*.test=/a", "--site a.*.test=/a: " BAD_HOST},
		{"--site *.*.test=/a", "--site *.*.test=/a: " BAD_HOST},
		{"--site *.[fd00::1]=/a", "--site *.[fd00::1]=/a: " BAD_HOST},
		{"--site *.0.2.1=/a", "--site *.0.2.1=/a: " BAD_HOST},
		{"--site *.A.test=/a --site *.a.test=/b",
			"--site *.a.test=/b: this host is given twice"},
		{"--site .test=/a", "--site .test=/a: " BAD_HOST},
		{"--site fd00::1=/a", "--site fd00::1=/a: " BAD_HOST},
		{"--site a.test", "--site a.test: expected HOST=DIR"},
		{"--site a.test=", "--site a.test=: expected HOST=DIR"},
		{"--root /a --index a/b", "--index a/b: expected the name of a file, without /"},
		{"--root /a --index 1 --index 2 --index 3 --index 4 --index 5 --index 6 --index 7 "
		 "--index 8 --index 9",
			"--index 9: expected at most 8"},
		{"--site =/a", "--site =/a: expected HOST=DIR"},
		{"--site [fd00::1]:80=/a", "--site [fd00::1]:80=/a: " BAD_HOST},
		{"--site [fd00::x]=/a", "--site [fd00::x]=/a: " BAD_HOST},
		{"--root /a --charset utf=8",
			"--charset utf=8: expected the name of a charset of at most 40 characters, "
			"or none"},
		{"--redirect /a",
			"--redirect /a: expected FROM=TO, or STATUS FROM=TO with 301, 302, 307 or "
			"308"},
		{"--redirect /a=/a",
			"--redirect /a=/a: expected TO to be what is not redirected there again"},
		{"--redirect /x=/a --redirect /a=/b --redirect /b=/a",
			"--redirect /a=/b: expected TO to be what is not redirected there again"},
		{"--root /a --error-page 411=/a",
			"--error-page 411=/a: expected STATUS=/PATH, STATUS 400, 403, 404, 405, "
			"408, 412, 413, 414, 416, 417, 421, 425, 431, 501, 503 or 505"},
		{"--root /a --error-page 404=/a --error-page 404=/b",
			"--error-page 404=/b: there is a page for this status already"},
		{"--layout round", "--layout round: expected fused or split"},
		{"--layout split --layout split", "--layout split: given twice"},
		{"--idle nap", "--idle nap: expected spin, pause or sleep"},
		{"--next-hop none", "--next-hop none: expected last or route"},
		{"--net-cores 1,,2",
			"--net-cores 1,,2: "
			"expected a list of at most 256 lcores, each once, as in 1,3-5"},
		{"--net-cores 1-3,2",
			"--net-cores 1-3,2: "
			"expected a list of at most 256 lcores, each once, as in 1,3-5"},
		{"--rx-cores 5-3", "--rx-cores 5-3: "
				   "expected a list of at most 256 lcores, each once, as in 1,3-5"},
		{"--tx-cores 0-256",
			"--tx-cores 0-256: "
			"expected a list of at most 256 lcores, each once, as in 1,3-5"},
		{"--max-conns -1", "--max-conns -1: expected a number from 1 to 16777216"},
		{"--max-conns 99999999999999999999",
			"--max-conns 99999999999999999999: expected a number from 1 to 16777216"},
		{"--idle-timeout 0", "--idle-timeout 0: expected a number from 1 to 86400"},
		{"--max-body 2G", "--max-body 2G: expected a number of bytes from 0 to "
				  "1073741824; k, M or G may follow"},
		{"--max-body 17179869185G",
			"--max-body 17179869185G: expected a number of bytes from 0 to "
			"1073741824; k, M or G may follow"},
		{"--max-head k", "--max-head k: expected a number of bytes from 512 to 32767; "
				 "k may follow"},
		{"--max-head 1M", "--max-head 1M: expected a number of bytes from 512 to 32767; "
				  "k may follow"},
		{"--early-data 17k", "--early-data 17k: expected a number of bytes from 0 to "
				     "16384; k may follow"},
		{"--config /nowhere/at/all",
			"--config /nowhere/at/all: cannot be read: No such file or directory"},
		{"--config /", "--config /: cannot be read: Is a directory"},
		{"--access-log a --access-format %",
			"--access-format %: \"%\" at byte 1: the format ends before "
			"the directive does"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char line[256];

		/* All but the first few are about one thing only. */
		snprintf(line, sizeof(line), "%s%s", table[i].line,
			strstr(table[i].line, "--ip ") || !*table[i].line ? "" : " --ip 9.9.9.9/8");
		if (!strcmp(table[i].line, "--ip"))
			fails(table[i].line, table[i].expected);
		else
			fails(line, table[i].expected);
	}
}

static void bounds(void **state)
{
	static const struct {
		const char *name;
		long min, max;
	} table[] = {
		{"vlan", 1, 4094},
		{"mtu", 576, 9600},
		{"http", 1, 65535},
		{"rx-ring", 64, 32768},
		{"tx-ring", 64, 32768},
		{"mbufs", 1024, 16777216},
		{"max-conns", 1, 16777216},
		{"syn-backlog", 0, 16777216},
		{"max-head", 512, 32767},
		{"max-body", 0, 1073741824},
		{"idle-timeout", 1, 86400},
		{"header-timeout", 1, 3600},
		{"body-timeout", 1, 3600},
		{"write-timeout", 1, 3600},
		{"time-wait", 0, 240},
		{"keepalive", 0, 86400},
		{"drain-timeout", 0, 86400},
		{"access-log a --log-sample", 1, 1000000000},
		{"https 443 --cert a --key b --ticket-lifetime", 0, 604800},
		{"https 443 --cert a --key b --early-data", 0, 16384},
		{"https 443 --cert a --key b --tls-backlog", 1, 1048576},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		for (int k = 0; k < 2; k++) {
			char line[128];

			sprintf(line, "--ip 9.9.9.9/8 --%s %ld", table[i].name,
				k ? table[i].max : table[i].min);
			parses(line);
			sprintf(line, "--ip 9.9.9.9/8 --%s %ld", table[i].name,
				k ? table[i].max + 1 : table[i].min - 1);
			assert_int_equal(parse(line), -22);
		}
	}
}

static void a_field_that_is_sent_already(void **state)
{
	static const char text[] = "ip 10.0.0.1/24\n"
				   "root /a\n"
				   "cors *\n"
				   "header /a* access-control-allow-origin: https://a.test\n";

	(void)state;
	assert_int_equal(parse_with_file("-c %s", text), -22);
	assert_non_null(strstr(error, ":3: cors *: not with --header for "
				      "Access-Control-Allow-Origin, which it sends by itself"));
	assert_int_equal(parse_with_file("-c %s", "ip 10.0.0.1/24\nroot /a\ncors *\n"
						  "header /a* Access-Control-Allow-Origins: b\n"),
		0);
	assert_int_equal(parse_with_file("-c %s", "ip 10.0.0.1/24\nroot /a\n"
						  "header /a* Access-Control-Allow-Origin: *\n"),
		0);
}

static void hints_need_a_link(void **state)
{
	(void)state;
	file_fails("ip 10.0.0.1/24\nroot /a\nearly-hints\nheader * Links: </a>\n",
		":3: early-hints: only with --header for Link");
	assert_int_equal(parse_with_file("-c %s", "ip 10.0.0.1/24\nroot /a\nearly-hints\n"
						  "header * link: </a>\n"),
		0);
}

/* As long as 128 characters, no longer. */
static void origins(void **state)
{
	static const char *const good[] = {"*", "null", "https://a.example",
		"http://a.example:8080", "http://[fd00::1]", "https://[fd00::1]:65535",
		"chrome-extension://abcdef"};
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		sprintf(line, SITE "--cors %s", good[i]);
		parses(line);
	}
	sprintf(line, SITE "--cors https://%0120d", 0);
	parses(line);
	sprintf(line, SITE "--cors https://%0121d", 0);
	assert_int_equal(parse(line), -22);
}

static void too_much(void **state)
{
	char line[8192] = "";
	char *end = line;

	(void)state;
	for (int i = 1; i <= CONFIG_MAX_ADDRS + 1; i++)
		end += sprintf(end, "--ip 10.0.0.%d/24 ", i);
	fails(line, "--ip 10.0.0.17/24: expected at most 16 addresses");
	end = line + sprintf(line, "--ip 10.0.0.2/24 ");
	for (int i = 1; i <= TCP_MAX_LISTEN + 1; i++)
		end += sprintf(end, "--http %d ", i);
	fails(line, "--http 9: expected at most 8 ports");
	end = line + sprintf(line, TLS);
	for (int i = 1; i <= TCP_MAX_LISTEN; i++)
		end += sprintf(end, "--http %d ", i);
	fails(line, "--https 443: expected at most 8 ports");
	end = line + sprintf(line, "--ip 10.0.0.1/24 ");
	for (int i = 2; i < 30; i++)
		end += sprintf(end, "--route 10.%d.0.0/16,10.0.0.%d ", i, i);
	fails(line, "--route 10.18.0.0/16,10.0.0.18: expected at most 16 gateways in all");
}

/* Of a kind that may be repeated, and of all together; told where the line is that is too much. */
static void too_many(void **state)
{
	static char text[8 << 10];
	char *end = text + sprintf(text, "ip 10.0.0.1/24\n");

	(void)state;
	for (int i = 0; i < ROUTE_MAX; i++)
		end += sprintf(end, "route 10.%d.0.0/16,10.0.0.9\n", i + 1);
	file_fails(text, ":65: route 10.64.0.0/16,10.0.0.9: expected at most 64 routes");
	end = text + sprintf(text, "ip 10.0.0.1/24\nroot /a\n");
	for (int i = 0; i <= CONTENT_MAX_PATTERNS; i++)
		end += sprintf(end, "header /%d A: b\n", i);
	file_fails(text, ":67: header /64 A: b: expected at most 64");
}

/* ---- files ---- */

static void files(void **state)
{
	(void)state;
	assert_int_equal(parse_with_file("-c %s", "# an example\n"
						  "\n"
						  "ip 10.99.0.2/24 # behind a value\r\n"
						  "  --ip=fd99::2/64  \n"
						  "\thttp\t8080\n"
						  "http = 8081\n"
						  "http =8082\n"
						  "no-offload\n"
						  "layout split"),
		0);
	assert_int_equal(cfg.n_addrs, 2);
	assert_int_equal(cfg.n_http_ports, 3);
	assert_int_equal(cfg.http_ports[0], 8080);
	assert_int_equal(cfg.http_ports[1], 8081);
	assert_int_equal(cfg.http_ports[2], 8082);
	assert_true(cfg.no_offload);
	assert_int_equal(cfg.layout, LAYOUT_SPLIT);
}

/* U+FEFF in UTF-8 (RFC 3629 section 6) is no part of the text at its beginning, and only there. */
static void a_byte_order_mark(void **state)
{
	(void)state;
	assert_int_equal(parse_with_file("-c %s", "\xef\xbb\xbfip 10.99.0.2/24\nhttp 8080\n"), 0);
	assert_int_equal(cfg.http_ports[0], 8080);
	assert_int_equal(parse_with_file("-c %s", "\xef\xbb\xbf# text\r\nip 10.99.0.2/24\r\n"), 0);
	assert_int_equal(parse_with_file("-c %s", "ip 10.99.0.2/24\n\xef\xbb\xbfhttp 80\n"), -22);
}

/* The settings as a file of options, in the place of what *text was. */
static void print_again(char **text)
{
	size_t n_bytes;
	FILE *to;

	free(*text);
	to = open_memstream(text, &n_bytes);
	rs_args_print(&args, to);
	fclose(to);
}

/* A # that begins a word begins a comment, unless it says otherwise; so it is printed, too. */
static void marks_in_values(void **state)
{
	static const char *const text = "ip 10.99.0.2/24\n"
					"root /srv#1\n"
					"header /a X-A: b\\#c \\#d \\\\#e\t\\# #f\n"
					"header /b X-B: c#d # e \\# f\n";
	char *again = NULL;

	(void)state;
	for (uint32_t n = 0; n < 2; n++) {
		assert_int_equal(parse_with_file("-c %s", n ? again : text), 0);
		assert_string_equal(cfg.site.sites[0].dir, "/srv#1");
		assert_string_equal(cfg.site.patterns[0].field, "X-A: b\\#c #d \\#e\t#");
		assert_string_equal(cfg.site.patterns[1].field, "X-B: c#d");
		print_again(&again);
	}
	free(again);
}

/* One = stands between name and value, any other is the value's. */
static void signs_in_values(void **state)
{
	static const char *const text = "ip 10.99.0.2/24\n"
					"root = =a\n"
					"mime-types==b\n"
					"index =\t==\n"
					"access-log= =c=\n";
	char *again = NULL;

	(void)state;
	for (uint32_t n = 0; n < 2; n++) {
		assert_int_equal(parse_with_file("-c %s", n ? again : text), 0);
		assert_string_equal(cfg.site.sites[0].dir, "=a");
		assert_string_equal(cfg.site.content.types_file, "=b");
		assert_string_equal(cfg.index_names[0], "==");
		assert_string_equal(cfg.access.path, "=c=");
		print_again(&again);
	}
	free(again);
}

static void the_command_line_wins(void **state)
{
	static const char text[] = "layout split\nmtu 9000\nhttp 81\nip 10.99.0.2/24\n";

	(void)state;
	assert_int_equal(parse_with_file("--layout fused -c %s --http 80", text), 0);
	assert_int_equal(cfg.layout, LAYOUT_FUSED);
	assert_int_equal(cfg.mtu, 9000);
	assert_int_equal(cfg.n_http_ports, 2);
}

static void errors_in_files(void **state)
{
	static char line[20000];

	(void)state;
	file_fails("ip 10.0.0.2/24\n\nhttp 70000\n",
		":3: http 70000: expected a number from 1 to 65535, or off");
	file_fails("ip 10.0.0.2/24\ncolour blue\n",
		":2: colour blue: unknown option; --help lists them");
	file_fails("ip\n", ":1: ip: expected ADDR/LEN");
	file_fails(
		"ip 10.0.0.2/24\nno-offload please\n", ":2: no-offload please: expected no value");
	file_fails("config /etc/hostname\n", ":1: config /etc/hostname: only on the command line");
	file_fails("check\n", ":1: check: only on the command line");
	file_fails("mtu 1500\nmtu 1500\n", ":2: mtu 1500: given twice");
	file_fails("ip 10.0.0.2/24\ngateway 10.0.1.1\n",
		":2: gateway 10.0.1.1: ADDR is on none of the subnets of --ip");
	file_fails("ip 10.0.0.2/24\nroot /a\nheader *.html A: a\nheader assets/* B: b\n",
		":4: header assets/* B: b: expected a PATTERN that begins with / or *, as paths "
		"begin with /, perhaps behind the HOST of a --site");
	file_fails("ip 10.0.0.2/24\nroot /a\nheader /a\n",
		":3: header /a: expected PATTERN NAME: VALUE");
	file_fails("ip 10.0.0.2/24\nroot /a\nheader /a: b\n",
		":3: header /a: b: expected PATTERN NAME: VALUE");
	file_fails("ip 10.0.0.2/24\nroot /a\nheader /a A b\n",
		":3: header /a A b: expected PATTERN NAME: VALUE");
	file_fails("ip 10.0.0.2/24\nroot /a\nheader /a Content-Length: 5\n",
		":3: header /a Content-Length: 5: the field is one that Ringside sends by itself");
	file_fails("ip 10.0.0.2/24\nlog-sample 9\n", ":2: log-sample 9: only with --access-log");
	file_fails("= 5\n", ":1:  5: unknown option; --help lists them");
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = 0;
	file_fails(line, ":1: line: longer than 16382 bytes");
}

static void no_text(void **state)
{
	char name[TEMP_PATH_BYTES], line[256];
	FILE *file = temp_new_file(name);

	(void)state;
	fwrite("ip 10.0.0.2/24\nhttp\00080\n", 1, 24, file);
	fclose(file);
	sprintf(line, "-c %s", name);
	assert_int_equal(parse(line), -22);
	assert_non_null(strstr(error, ":2: line: has a zero byte"));
}

/* As many, and as long, as sites may have; a file's line is kept, and so is what is cut up of it.
 */
static void many_long_fields(void **state)
{
	static char text[CONTENT_MAX_PATTERNS * 1100];
	char *end = text + sprintf(text, "ip 10.0.0.2/24\nroot /srv\n");

	(void)state;
	for (int i = 0; i < CONTENT_MAX_PATTERNS; i++)
		end += sprintf(end, "header /%d* X-Long: %01000d\n", i, i);
	assert_int_equal(parse_with_file("-c %s", text), 0);
	assert_int_equal(cfg.site.n_patterns, CONTENT_MAX_PATTERNS);
	assert_string_equal(cfg.site.patterns[0].pattern, "/0*");
	assert_string_equal(cfg.site.patterns[63].pattern, "/63*");
	assert_int_equal(strlen(cfg.site.patterns[63].field), 1008);
	assert_string_equal(cfg.site.patterns[63].field + 1006, "63");
}

#define N_PAIRS 3000 /* of these there is no most */

/* The most of everything that there may be most of is no more than there is room for. */
static void as_many_as_each_may_be(void **state)
{
	static char text[256 << 10];
	char *end = text + sprintf(text, "ip 10.0.0.2/24\nhttps 443\n");

	(void)state;
	for (int i = 0; i < SITE_MAX; i++)
		end += sprintf(end, "site h%d.test=/srv\n", i);
	for (int i = 0; i < N_PAIRS; i++)
		end += sprintf(end, "cert c%d\nkey k%d\nocsp o%d\n", i, i, i);
	for (int i = 0; i < CONTENT_MAX_PATTERNS; i++)
		end += sprintf(end, "header /%d* A: b\n", i);
	assert_int_equal(parse_with_file("-c %s", text), 0);
	assert_int_equal(cfg.site.n_sites, SITE_MAX);
	assert_int_equal(cfg.tls.n_pairs, N_PAIRS);
	for (int i = 0; i < N_PAIRS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "c%d", i);
		assert_string_equal(cfg.tls.pairs[i].cert, name);
		snprintf(name, sizeof(name), "k%d", i);
		assert_string_equal(cfg.tls.pairs[i].key, name);
		snprintf(name, sizeof(name), "o%d", i);
		assert_string_equal(cfg.tls.pairs[i].ocsp, name);
	}
}

static void too_much_text(void **state)
{
	static char text[ARGS_MAX_TEXT_BYTES + 32768];
	char *end = text + sprintf(text, "ip 10.0.0.2/24\n");

	(void)state;
	while (end < text + ARGS_MAX_TEXT_BYTES - 15000)
		end += sprintf(end, "cert %08000d\n", 1);
	end += sprintf(end, "site %07990d.test=/srv\n", 1); /* its host is kept once more */
	assert_int_equal(parse_with_file("-c %s", text), -22);
	assert_non_null(strstr(error, ":2096: site 0000000"));
	assert_non_null(strstr(error, ": expected at most 16777216 bytes of options in all"));
	sprintf(end, "cert %08000d\n", 1);
	assert_int_equal(parse_with_file("-c %s", text), -22);
	assert_non_null(strstr(error, ":2097: line: expected at most 16777216 bytes of options"));
}

static void too_much_text_on_the_command_line(void **state)
{
	static char longest[ARGS_MAX_TEXT_BYTES];
	char *argv[] = {"--listing", longest};

	(void)state;
	/* What is behind the dashes is kept, and exactly fills the room. */
	rs_args_free(&args);
	memset(longest, 'x', ARGS_MAX_TEXT_BYTES - sizeof("listing") + 1);
	memcpy(longest, "--root=", 7);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rs_args_parse(&args, &cfg, 2, argv, error), -22);
		assert_string_equal(error, i ? "expected at most 16777216 bytes of options in all"
					     : "--ip: expected at least one, as in ringside [EAL "
					       "options] -- --ip ADDR/LEN");
		rs_args_free(&args);
		argv[0] = longest;
	}
}

static void a_message_is_one_line(void **state)
{
	(void)state;
	fails("--ip 10.0.0.2/24 --http \x1b[31m8\n0",
		"--http ?[31m8?0: expected a number from 1 to 65535, or off");
}

/* ---- what is printed ---- */

static void check_can_be_read_again(void **state)
{
	static const char line[] = "--ip 10.99.0.2/24 --gateway 10.99.0.1 --http 80 --http 81 "
				   "--no-offload --max-body 4k";
	struct config before;
	char *text = NULL;
	size_t n_bytes;
	FILE *to = open_memstream(&text, &n_bytes);

	(void)state;
	parses(line);
	before = cfg;
	rs_args_print(&args, to);
	fclose(to);
	assert_non_null(strstr(text, "\nmax-body 4k\n"));
	assert_non_null(strstr(text, "\nidle-timeout 30\n"));
	assert_int_equal(parse_with_file("-c %s", text), 0);
	/* Texts stand elsewhere now. */
	assert_string_equal(before.access.format, cfg.access.format);
	cfg.access.format = before.access.format;
	assert_string_equal(before.site.content.charset, cfg.site.content.charset);
	cfg.site.content.charset = before.site.content.charset;
	assert_memory_equal(&before, &cfg, sizeof(cfg));
	free(text);
}

static const char *const names[] = {
#define GROUP(title)
#define OPTION(name, argument, standard, flags, parse, help) name,
#include "options.def"
#undef GROUP
#undef OPTION
};

static void help_tells_every_option(void **state)
{
	char *help = printed(rs_args_print_help);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "\n  --%s ", names[i]);
		if (!strstr(help, line))
			fail_msg("--help without %s", names[i]);
	}
	for (const char *line = help; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, 100);
	free(help);
}

static void the_page_is_up_to_date(void **state)
{
	char *expected = printed(rs_args_print_markdown);
	char *page = NULL;
	size_t n_bytes = 0;
	FILE *file = fopen(RS_TREE "/docs/cli.md", "r");

	(void)state;
	assert_non_null(file);
	assert_true(getdelim(&page, &n_bytes, 0, file) > 0);
	fclose(file);
	assert_string_equal(page, expected);
	free(page);
	free(expected);
}

/* ---- the line as a whole, and EAL's part of it ---- */

static int start_of(const char *line)
{
	struct words w = split(line);
	int start = rs_args_start(w.n, w.v);

	free_words(&w);
	return start;
}

static void where_our_options_begin(void **state)
{
	(void)state;
	assert_int_equal(start_of("ringside -l 0 -- --ip 10.0.0.2/24"), 4);
	assert_int_equal(start_of("ringside --"), 2);
	assert_int_equal(start_of("ringside --version"), 1);
	assert_int_equal(start_of("ringside --check --ip 10.0.0.2/24"), 1);
	assert_int_equal(start_of("ringside -l 0"), 3); /* none of ours */
	assert_int_equal(start_of("ringside"), 1);
}

/* NULL: none is. */
static void assert_misplaced(const char *line, const char *expected)
{
	struct words w = split(line);
	const char *word = rs_args_misplaced(w.n, w.v);

	assert_string_equal(word ? word : "none", expected ? expected : "none");
	free_words(&w);
}

static void ours_among_those_of_eal(void **state)
{
	(void)state;
	assert_misplaced("ringside -l 0 --root /a", "--root");
	assert_misplaced("ringside --ip=10.0.0.2/24 --root /a", "--ip=10.0.0.2/24");
	assert_misplaced("ringside --check", "--check");
	assert_misplaced("ringside -l 0 --file-prefix a --no-huge -m 512 --vdev=net_null0", NULL);
	assert_misplaced("ringside --help --version -c 3", NULL);
	assert_misplaced("ringside --roots /a root --", NULL);
}

/* The main lcore and then all, or "unknown". */
static void lcores_are(const char *line, const char *expected)
{
	struct words w = split(line);
	struct core_list list;
	uint16_t main_lcore;
	char text[256] = "unknown";

	if (!rs_eal_args_lcores(w.n, w.v, &list, &main_lcore)) {
		int n = sprintf(text, "%u:", main_lcore);

		for (uint32_t i = 0; i < list.n; i++)
			n += sprintf(text + n, " %u", list.ids[i]);
	}
	free_words(&w);
	assert_string_equal(text, expected);
}

static void lcores_of_eal(void **state)
{
	(void)state;
	lcores_are("ringside -l 0,1", "0: 0 1");
	lcores_are("ringside -l3,1-2", "1: 3 1 2");
	lcores_are("ringside -n 4 --lcores 4-5 --no-huge", "4: 4 5");
	lcores_are("ringside --lcores=2", "2: 2");
	lcores_are("ringside --lc 2", "2: 2");
	lcores_are("ringside -c 0x13", "0: 0 1 4");
	lcores_are("ringside -c6 --main-lcore 2", "2: 1 2");
	lcores_are("ringside -l 0-1 --main-lcore=1", "1: 0 1");
	lcores_are("ringside -l 0-1 -- -l 5", "0: 0 1");
	lcores_are("ringside --lcores (0-3)@0", "unknown");
	lcores_are("ringside -l 0-3 -s 0xc", "unknown");
	lcores_are("ringside -l 0-256", "unknown");
	lcores_are("ringside -c zebra", "unknown");
	lcores_are("ringside -l", "unknown");
}

/* Beside :: and ::1, IPv6 has no first address of /127 and /128 that is nobody's (RFC 6164). */
static void addresses_that_hosts_have(void **state)
{
	(void)state;
	parses("--ip ::2/128");
	parses("--ip ::100/128");
	parses("--ip fd99::4/127");
	parses("--ip fd99::5/126");
	parses("--ip 192.0.2.0/31");
}

static void sites_as_many_as_there_may_be(void **state)
{
	static char text[SITE_MAX * 20] = "ip 10.0.0.2/24\n";
	size_t n = strlen(text);

	(void)state;
	for (size_t len = SITE_HOST_BYTES; len <= SITE_HOST_BYTES + 1; len++) {
		sprintf(text + n, "site %0*d=/d\n", (int)len, 0);
		assert_int_equal(parse_with_file("-c %s", text), len > SITE_HOST_BYTES ? -22 : 0);
	}
	parses("--ip 10.0.0.2/24 --site a.test=d --index 1 --index 2");
	assert_string_equal(cfg.site.sites[0].dir, "d");
	assert_string_equal(cfg.site.content.index_names[0], "1");
	assert_string_equal(cfg.site.content.index_names[1], "2");
	assert_null(cfg.site.content.index_names[2]);
	for (uint32_t i = 1; i <= SITE_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "site h%u=/d\n", i);
	assert_int_equal(parse_with_file("-c %s", text), 0);
	assert_int_equal(cfg.site.n_sites, SITE_MAX);
	snprintf(text + n, sizeof(text) - n, "site h=/d\n");
	file_fails(text, ":1026: site h=/d: expected at most 1024");
}

static void redirects_as_many_as_there_may_be(void **state)
{
	static char text[REDIRECT_MAX * 20] = "ip 10.0.0.2/24\nredirect 307 /x=/y\n";
	size_t n = strlen(text);

	(void)state;
	for (uint32_t i = 1; i < REDIRECT_MAX; i++)
		n += (size_t)sprintf(text + n, "redirect /%u=/\n", i);
	assert_int_equal(parse_with_file("-c %s", text), 0);
	assert_int_equal(cfg.redirects.n_rules, REDIRECT_MAX);
	assert_int_equal(cfg.redirects.rules[0].status, 307);
	assert_string_equal(cfg.redirects.rules[0].to, "/y");
	assert_int_equal(cfg.redirects.rules[255].status, 301);
	assert_string_equal(cfg.redirects.rules[255].path, "/255");
	sprintf(text + n, "redirect /a=/\n");
	file_fails(text, ":258: redirect /a=/: expected at most 256");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(plaintext_can_be_closed),
		cmocka_unit_test(every_value_arrives),
		cmocka_unit_test(addresses),
		cmocka_unit_test(routes),
		cmocka_unit_test(actions),
		cmocka_unit_test(values_of_sites),
		cmocka_unit_test(values_of_tls),
		cmocka_unit_test(gateways_of_one_of_two_subnets),
		cmocka_unit_test(errors),
		cmocka_unit_test(bounds),
		cmocka_unit_test(charsets),
		cmocka_unit_test(hosts),
		cmocka_unit_test(a_field_that_is_sent_already),
		cmocka_unit_test(hints_need_a_link),
		cmocka_unit_test(origins),
		cmocka_unit_test(too_much),
		cmocka_unit_test(too_many),
		cmocka_unit_test(files),
		cmocka_unit_test(a_byte_order_mark),
		cmocka_unit_test(marks_in_values),
		cmocka_unit_test(signs_in_values),
		cmocka_unit_test(the_command_line_wins),
		cmocka_unit_test(errors_in_files),
		cmocka_unit_test(no_text),
		cmocka_unit_test(many_long_fields),
		cmocka_unit_test(as_many_as_each_may_be),
		cmocka_unit_test(too_much_text),
		cmocka_unit_test(too_much_text_on_the_command_line),
		cmocka_unit_test(a_message_is_one_line),
		cmocka_unit_test(check_can_be_read_again),
		cmocka_unit_test(help_tells_every_option),
		cmocka_unit_test(the_page_is_up_to_date),
		cmocka_unit_test(where_our_options_begin),
		cmocka_unit_test(ours_among_those_of_eal),
		cmocka_unit_test(lcores_of_eal),
		cmocka_unit_test(addresses_that_hosts_have),
		cmocka_unit_test(sites_as_many_as_there_may_be),
		cmocka_unit_test(redirects_as_many_as_there_may_be),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	file_of("");
	parse("");
	return failed;
}
