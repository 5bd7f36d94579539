/* SPDX-License-Identifier: BSD-2-Clause */
/* What the protocol libraries get of the options, as docs/cli.md says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "args.h"
#include "base/bytes.h"
#include "builtin.h"
#include "config.h"

#define MAX_WORDS 24

static struct config cfg;
static struct tcp_config tcp;
static struct http_config http;

/* With an address before these options, and NULL behind them. */
static void configure(const char *const *options)
{
	static struct args args;
	char error[ARGS_ERROR_BYTES] = "";
	const char *words[MAX_WORDS] = {"--ip", "192.0.2.1/24"};
	int n = 2;

	rs_args_free(&args);
	for (; *options && n < MAX_WORDS; options++)
		words[n++] = *options;
	if (rs_args_parse(&args, &cfg, n, (char **)(uintptr_t)words, error))
		fail_msg("%s", error);
	rs_config_tcp(&cfg, &tcp);
	rs_config_http(&cfg, &http);
}

#define CONFIGURE(...) configure((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* RFC 9293 section 3.7.1: what an MTU leaves beside the fixed headers. */
static void segments_fit_into_the_mtu(void **state)
{
	(void)state;
	CONFIGURE();
	assert_int_equal(tcp.mss_v4, 1460);
	assert_int_equal(tcp.mss_v6, 1440);
	CONFIGURE("--mtu", "9000");
	assert_int_equal(tcp.mss_v4, 8960);
	assert_int_equal(tcp.mss_v6, 8940);
}

static void half_open_connections_are_half_of_all_at_most(void **state)
{
	(void)state;
	CONFIGURE("--max-conns", "1001", "--syn-backlog", "500");
	assert_int_equal(tcp.max_conns, 1001);
	assert_int_equal(tcp.max_time_wait, 1001);
	assert_int_equal(tcp.syn_backlog, 500);
	CONFIGURE("--max-conns", "1001", "--syn-backlog", "501");
	assert_int_equal(tcp.syn_backlog, 500);
	CONFIGURE("--max-conns", "1000000", "--syn-backlog", "3");
	assert_int_equal(tcp.syn_backlog, 3);
	assert_int_equal(tcp.max_time_wait, 65536); /* docs/architecture.md */
}

static void all_ports_are_listened_on(void **state)
{
	(void)state;
	CONFIGURE("--http", "80", "--http", "8080", "--https", "443", "--https", "8443", "--cert",
		"c", "--key", "k");
	assert_int_equal(tcp.n_listen, 4);
	assert_int_equal(tcp.listen[0], 80);
	assert_int_equal(tcp.listen[1], 8080);
	assert_int_equal(tcp.listen[2], 443);
	assert_int_equal(tcp.listen[3], 8443);
}

static void times_are_those_that_were_given(void **state)
{
	(void)state;
	CONFIGURE("--idle-timeout", "2", "--header-timeout", "3", "--body-timeout", "4",
		"--write-timeout", "5", "--time-wait", "6", "--keepalive", "7");
	assert_int_equal(http.idle_timeout_us, 2000000);
	assert_int_equal(http.header_timeout_us, 3000000);
	assert_int_equal(http.body_timeout_us, 4000000);
	assert_int_equal(http.write_timeout_us, 5000000);
	assert_int_equal(tcp.time_wait_ms, 6000);
	assert_int_equal(tcp.keepalive_idle_ms, 7000);
	CONFIGURE("--idle-timeout", "86400");
	assert_true(http.idle_timeout_us == UINT64_C(86400000000));
}

/* A target has 8192 bytes, or half of the head where that has no more than so many. */
static void targets_are_shorter_than_heads(void **state)
{
	static const struct {
		const char *head;
		uint32_t head_bytes, target_bytes;
	} cases[] = {
		{"32767", 32767, 8192},
		{"8193", 8193, 8192},
		{"8k", 8192, 4096},
		{"512", 512, 256},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		CONFIGURE("--max-head", cases[i].head, "--max-body", "12345");
		assert_int_equal(http.limits.max_head_bytes, cases[i].head_bytes);
		assert_int_equal(http.limits.max_target_bytes, cases[i].target_bytes);
		assert_int_equal(http.limits.max_fields, 100);
		assert_int_equal(http.max_body_bytes, 12345);
	}
}

static void without_a_site_there_are_pages_of_our_own(void **state)
{
	(void)state;
	CONFIGURE();
	assert_ptr_equal(http.handlers, rs_builtin_handlers);
	assert_int_equal(http.n_handlers, BUILTIN_N_HANDLERS);
	CONFIGURE("--root", "/srv/www");
	assert_ptr_not_equal(http.handlers, rs_builtin_handlers);
	assert_int_equal(http.n_handlers, 1);
	assert_null(http.refusal_page);
	CONFIGURE("--root", "/srv/www", "--error-page", "404=/404.html");
	assert_non_null(http.refusal_page);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_fit_into_the_mtu),
		cmocka_unit_test(half_open_connections_are_half_of_all_at_most),
		cmocka_unit_test(all_ports_are_listened_on),
		cmocka_unit_test(times_are_those_that_were_given),
		cmocka_unit_test(targets_are_shorter_than_heads),
		cmocka_unit_test(without_a_site_there_are_pages_of_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
