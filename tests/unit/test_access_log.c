/* SPDX-License-Identifier: BSD-2-Clause */
/* The access log between a core that answers and the control core: what a full ring costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "access_log.h"
#include "eal_rig.h"
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
	const struct http_logged logged = {.req = &r->req, .status = status};

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
	rs_access_writer_fini(&r->writer);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_ring),
		cmocka_unit_test(what_cannot_be_written),
	};

	rig_start("access-log");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
