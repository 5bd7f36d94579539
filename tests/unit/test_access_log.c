/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The access log between a core that answers and the control core: what of a reply is told, and
 * what a full ring costs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "access_log.h"
#include "eal_rig.h"
#include "http/asked.h"
#include "http/exchange.h"
#include "http/parse.h"
#include "temp.h"
#include "wire/seg.h"

#define REQUEST "GET /page HTTP/1.1\r\nHost: a.test\r\n\r\n"

struct log_rig {
	char path[TEMP_PATH_BYTES];
	struct access_options options;
	struct access_writer writer;
	struct access_log log;
	struct flow_key peer;
	struct http_env env;
	struct http_req req;
};

static struct log_rig *begin(void)
{
	static const struct http_limits limits = {
		.max_head_bytes = 1000, .max_target_bytes = 500, .max_fields = 10};
	struct log_rig *r = calloc(1, sizeof(*r));
	uint16_t scanned = 0;

	assert_non_null(r);
	fclose(temp_new_file(r->path));
	r->options = (struct access_options){.path = r->path, .format = "%r %s", .sample = 1};
	r->env.peer = &r->peer;
	assert_true(rs_http_parse(&limits, (const uint8_t *)REQUEST, sizeof(REQUEST) - 1, &scanned,
			    &r->req) > 0);
	return r;
}

/* A reply with this status, from its beginning to its end. */
static void reply(struct log_rig *r, uint16_t status)
{
	struct access_record record;
	const struct http_asked asked = rs_http_asked(&r->req);
	const struct http_logged logged = {.asked = &asked, .status = status};

	assert_true(r->env.log->begin(r->env.log->self, &r->env, &logged, &record));
	r->env.log->end(r->env.log->self, &r->env, &record, HTTP_LOG_WHOLE, 0);
}

/* Of all lines, which have to be whole, how many there are; and the last one's status. */
static uint32_t lines_in(const char *path, unsigned int *last)
{
	FILE *file = fopen(path, "r");
	char line[256];
	uint32_t n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		assert_int_equal(sscanf(line, "GET /page HTTP/1.1 %u\n", last), 1);
		n++;
	}
	fclose(file);
	return n;
}

/* The core never waits: what finds no room is counted. Later records are whole again. */
static void a_full_ring(void **state)
{
	struct log_rig *r = begin();
	uint32_t n = 0;
	unsigned int last;

	(void)state;
	assert_int_equal(rs_access_writer_init(&r->writer, &r->options), 0);
	assert_int_equal(rs_access_writer_add_core(&r->writer, &r->log, &r->env, false), 0);
	for (; !r->log.counters[LOG_C_LOST_RING]; n++) {
		assert_true(n < ACCESS_RING_UNITS);
		reply(r, 200);
	}
	for (uint32_t i = 0; i < 4; i++)
		reply(r, 200);
	assert_int_equal(r->log.counters[LOG_C_LOST_RING], 5);
	while (!rte_ring_empty(r->log.ring))
		rs_access_writer_tick(&r->writer, 0);
	reply(r, 404);
	rs_access_writer_fini(&r->writer);
	assert_int_equal(lines_in(r->path, &last), n - 1 + 1);
	assert_int_equal(last, 404);
	assert_int_equal(r->log.counters[LOG_C_RECORDS], n + 4 + 1);
	assert_int_equal(r->log.counters[LOG_C_LOST_RING], 5);
	free(r);
}

/* Said at start, not when the first line is lost. */
static void what_cannot_be_written(void **state)
{
	struct log_rig *r = begin();

	(void)state;
	r->options.format = "%";
	assert_int_equal(rs_access_writer_init(&r->writer, &r->options), -EINVAL);
	rs_access_writer_fini(&r->writer);
	r->options.format = "common";
	r->options.path = temp_dir();
	assert_int_equal(rs_access_writer_init(&r->writer, &r->options), -EISDIR);
	rs_access_writer_fini(&r->writer);
	r->options.path = NULL;
	assert_int_equal(rs_access_writer_init(&r->writer, &r->options), 0);
	assert_int_equal(rs_access_writer_add_core(&r->writer, &r->log, &r->env, false), 0);
	assert_null(r->env.log);
	rs_access_writer_reopen(&r->writer, 0);
	rs_access_writer_fini(&r->writer);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* it had no file to close */
	free(r);
}

/* After the file was renamed, lines go to a new one. */
static void a_file_is_left_for_the_next(void **state)
{
	struct log_rig *r = begin();
	char before[TEMP_PATH_BYTES + 8];
	unsigned int last;

	(void)state;
	snprintf(before, sizeof(before), "%s.1", r->path);
	assert_int_equal(rs_access_writer_init(&r->writer, &r->options), 0);
	assert_int_equal(rs_access_writer_add_core(&r->writer, &r->log, &r->env, false), 0);
	reply(r, 200);
	rs_access_writer_tick(&r->writer, 0);
	assert_int_equal(rename(r->path, before), 0);
	rs_access_writer_reopen(&r->writer, 0);
	reply(r, 404);
	rs_access_writer_fini(&r->writer);
	assert_int_equal(lines_in(before, &last), 1);
	assert_int_equal(last, 200);
	assert_int_equal(lines_in(r->path, &last), 1);
	assert_int_equal(last, 404);
	unlink(before);
	free(r);
}

/* ---- what is told ---- */

/* What the format makes of one reply; text: room for its line, without the end. */
static void tell(const char *format, const char *head, const struct http_logged *how,
	enum http_log_end end, bool is_tls, char text[256])
{
	static const struct http_limits limits = {
		.max_head_bytes = 1000, .max_target_bytes = 500, .max_fields = 10};
	struct log_rig *r = begin();
	struct http_logged logged = *how;
	struct access_record record;
	struct http_asked asked;
	uint16_t scanned = 0;
	FILE *file;

	r->options.format = format;
	r->peer = (struct flow_key){.remote = {[10] = 0xff, 0xff, 192, 0, 2, 7},
		.remote_port = 50000,
		.local_port = 8443};
	r->env.unix_ahead_us = 1700000000000000; /* Tue, 14 Nov 2023 22:13:20 GMT at 0 */
	assert_int_equal(rs_access_writer_init(&r->writer, &r->options), 0);
	assert_int_equal(rs_access_writer_add_core(&r->writer, &r->log, &r->env, is_tls), 0);
	rs_http_parse(&limits, (const uint8_t *)head, (uint32_t)strlen(head), &scanned, &r->req);
	asked = rs_http_asked(&r->req);
	logged.asked = &asked;
	assert_true(r->env.log->begin(r->env.log->self, &r->env, &logged, &record));
	r->env.now_us = 9000000;
	r->env.log->end(r->env.log->self, &r->env, &record, end, 1234);
	rs_access_writer_fini(&r->writer);
	file = fopen(r->path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, 256, file));
	text[strcspn(text, "\n")] = '\0';
	fclose(file);
	free(r);
}

static void assert_told(const char *format, const struct http_logged *how, enum http_log_end end,
	const char *expected)
{
	static const char head[] = "GET /a?b HTTP/1.0\r\nHost: a.test:1\r\nReferer: r\r\n"
				   "User-Agent: u\r\n\r\n";
	char text[256];

	tell(format, head, how, end, false, text);
	assert_string_equal(text, expected);
}

/* Each as docs/content.md and lib/telem/access_format.h say. */
static void a_reply_is_told_as_it_was(void **state)
{
	const struct http_logged kept = {.status = 206, .begun_us = 5000000, .kept = true};
	const struct http_logged ends = {.status = 404, .begun_us = 8999999};

	(void)state;
	assert_told("%h %p %{remote}p", &kept, HTTP_LOG_WHOLE, "192.0.2.7 8443 50000");
	assert_told("%s %B %m %U%q %H", &kept, HTTP_LOG_WHOLE, "206 1234 GET /a?b HTTP/1.0");
	assert_told("%r", &kept, HTTP_LOG_WHOLE, "GET /a?b HTTP/1.0");
	assert_told("%v %{Host}i %{Referer}i %{User-Agent}i", &kept, HTTP_LOG_WHOLE,
		"a.test a.test:1 r u");
	assert_told("%{sec}t", &kept, HTTP_LOG_WHOLE, "1700000005");
	assert_told("%D %X", &kept, HTTP_LOG_WHOLE, "4000000 +");
	assert_told("%D %X", &ends, HTTP_LOG_WHOLE, "1 -");
	assert_told("%D %X", &kept, HTTP_LOG_ABORTED, "4000000 X");
	assert_told("%D %X", &kept, HTTP_LOG_UNKNOWN, "- -");
}

static void what_is_not_understood_is_told_as_it_came(void **state)
{
	static const struct {
		const char *head, *told;
	} cases[] = {
		{"NONSENSE\r\n\r\n", "NONSENSE"},
		{"PROPFIND /x HTTP/1.1\r\nHost: a\r\n\r\n", "PROPFIND /x HTTP/1.1"},
	};
	const struct http_logged how = {.status = 400};
	char text[256];

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		tell("%r", cases[i].head, &how, HTTP_LOG_WHOLE, false, text);
		assert_string_equal(text, cases[i].told);
	}
}

static void the_connection_is_told(void **state)
{
	struct http_logged how = {.status = 200};
	char text[256];

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		bool is_tls = i & 1;

		how.reused = i & 2;
		tell("json", REQUEST, &how, HTTP_LOG_WHOLE, is_tls, text);
		assert_non_null(strstr(text, is_tls ? "\"tls\":true" : "\"tls\":false"));
		assert_non_null(strstr(text, how.reused ? "\"reused\":true" : "\"reused\":false"));
	}
}

/* --log-sample N: one of N, by lot, and nothing of the others. */
static void a_sample_is_as_large_as_was_asked_for(void **state)
{
	struct log_rig *r = begin();
	struct access_record record;
	const struct http_asked asked = rs_http_asked(&r->req);
	const struct http_logged logged = {.asked = &asked, .status = 200};
	uint32_t n = 0;

	(void)state;
	r->options.sample = 10;
	assert_int_equal(rs_access_writer_init(&r->writer, &r->options), 0);
	assert_int_equal(rs_access_writer_add_core(&r->writer, &r->log, &r->env, false), 0);
	for (uint32_t i = 0; i < 10000; i++)
		n += r->env.log->begin(r->env.log->self, &r->env, &logged, &record);
	assert_in_range(n, 900, 1100);
	rs_access_writer_fini(&r->writer);
	free(r);
}

/* Two cores, each with a ring of its own. */
static void all_cores_are_heard(void **state)
{
	struct log_rig *r = begin();
	struct access_log second;
	struct http_env env;
	unsigned int last;

	(void)state;
	assert_int_equal(rs_access_writer_init(&r->writer, &r->options), 0);
	assert_int_equal(rs_access_writer_add_core(&r->writer, &r->log, &r->env, false), 0);
	env = r->env;
	assert_int_equal(rs_access_writer_add_core(&r->writer, &second, &env, false), 0);
	reply(r, 200);
	rs_access_writer_tick(&r->writer, 0);
	r->env = env; /* from now on the other one */
	reply(r, 404);
	rs_access_writer_tick(&r->writer, 2000000); /* no line waits longer than a second */
	assert_int_equal(lines_in(r->path, &last), 2);
	assert_int_equal(last, 404);
	rs_access_writer_fini(&r->writer);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_is_told_as_it_was),
		cmocka_unit_test(what_is_not_understood_is_told_as_it_came),
		cmocka_unit_test(the_connection_is_told),
		cmocka_unit_test(a_sample_is_as_large_as_was_asked_for),
		cmocka_unit_test(all_cores_are_heard),
		cmocka_unit_test(a_full_ring),
		cmocka_unit_test(what_cannot_be_written),
		cmocka_unit_test(a_file_is_left_for_the_next),
	};

	rig_start("access-log");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
