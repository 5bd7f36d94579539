/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log is told of replies, and when (follow.h): times by a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "http/log.h"
#include "http_rig.h"

#define V "HTTP/1.1\r\nHost: a\r\n"

struct entry {
	uint64_t begun_us, end_us;
	uint64_t body_bytes;
	uint16_t status;
	bool reused, kept;
	enum http_log_end how;
	char asked[160];
};

static struct {
	uint32_t n_begun, n;
	bool deaf;
	struct entry entries[16];
} book;

static struct rig rig;

/* Each piece in brackets, or nothing. */
static void write_asked(char to[160], const struct http_asked *asked)
{
	const struct span pieces[] = {
		asked->method, asked->target, asked->host, asked->referer, asked->user_agent};
	int n = snprintf(to, 160, "%u", asked->minor_version);

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
		if (pieces[i].data)
			n += snprintf(to + n, 160 - (size_t)n, "(%.*s)", (int)pieces[i].len,
				(const char *)pieces[i].data);
		else
			n += snprintf(to + n, 160 - (size_t)n, "-");
}

static bool begin(
	void *self, const struct http_env *env, const struct http_logged *reply, void *record)
{
	struct entry e = {
		.begun_us = reply->begun_us,
		.status = reply->status,
		.reused = reply->reused,
		.kept = reply->kept,
	};

	(void)env;
	write_asked(e.asked, reply->asked);
	assert_ptr_equal(self, &book);
	assert_int_equal((uintptr_t)record % RS_CACHE_LINE, 0);
	if (book.deaf)
		return false;
	memset(record, 0x5a, HTTP_LOG_RECORD_BYTES);
	memcpy(record, &e, sizeof(e));
	book.n_begun++;
	return true;
}

static void end(void *self, const struct http_env *env, void *record, enum http_log_end how,
	uint64_t body_bytes)
{
	struct entry *e = &book.entries[book.n++];

	assert_ptr_equal(self, &book);
	memcpy(e, record, sizeof(*e));
	e->how = how;
	e->end_us = env->now_us;
	e->body_bytes = body_bytes;
}

static const struct http_log log_hook = {.begin = begin, .end = end, .self = &book};

static void open_rig(uint32_t n_chunks)
{
	memset(&book, 0, sizeof(book));
	rig_open(&rig, n_chunks, 4);
	rig.env.log = &log_hook;
}

static void close_rig(void)
{
	rig_close(&rig);
	assert_int_equal(book.n, book.n_begun);
}

static void feed(const char *text)
{
	rig_feed(&rig, text, (uint32_t)strlen(text));
}

static void expect(uint32_t i, uint16_t status, uint64_t body_bytes, enum http_log_end how,
	uint64_t begun_us, uint64_t end_us)
{
	assert_true(i < book.n);
	assert_int_equal(book.entries[i].status, status);
	assert_int_equal(book.entries[i].body_bytes, body_bytes);
	assert_int_equal(book.entries[i].how, how);
	assert_int_equal(book.entries[i].begun_us, begun_us);
	assert_int_equal(book.entries[i].end_us, end_us);
}

/* From the first byte of the request; a reply that fits into a buffer ends when it is queued. */
static void short_replies(void **state)
{
	(void)state;
	open_rig(64);
	feed("GET /bytes/9 HT");
	rig.env.now_us += 700;
	feed("TP/1.1\r\nHost: a\r\n\r\n");
	expect(0, 200, 9, HTTP_LOG_WHOLE, 1000000, 1000700);
	rig_drain(&rig);
	rig.env.now_us += 300;
	feed("GET /bytes/9 " V "\r\n"); /* from the memo */
	expect(1, 200, 9, HTTP_LOG_WHOLE, 1001000, 1001000);
	assert_int_equal(rig.counters[HTTP_C_REPEATED], 1);
	feed("HEAD /bytes/9 " V "Connection: close\r\n\r\n");
	expect(2, 200, 0, HTTP_LOG_WHOLE, 1001000, 1001000);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(book.entries[i].reused, i > 0);
		assert_int_equal(book.entries[i].kept, i < 2);
	}
	close_rig();
	assert_int_equal(book.n, 3);
}

/* Says the same of requests that are known byte for byte (verbatim.h) as of the first. */
static void expect_told_again(const char *request, const char *asked)
{
	uint32_t len = (uint32_t)strlen(request), n_misses;

	open_rig(64);
	for (uint32_t i = 0; i < 2; i++) { /* the first makes the reply, the second is kept */
		feed(request);
		rig_drain(&rig);
	}
	n_misses = rig.memo.verbatim.n_misses;
	rig.env.now_us += 50;
	feed(request);
	assert_int_equal(rig.memo.verbatim.n_misses, n_misses);
	assert_int_equal(rig.out.n_bytes > 0, true);
	rig_input(&rig, request, len); /* behind it */
	assert_int_equal(book.n, 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_string_equal(book.entries[i].asked, asked);
		assert_int_equal(book.entries[i].body_bytes, book.entries[0].body_bytes);
		assert_int_equal(book.entries[i].status, book.entries[0].status);
		assert_int_equal(book.entries[i].reused, i > 0);
		assert_int_equal(book.entries[i].kept, book.entries[0].kept);
		assert_int_equal(book.entries[i].how, HTTP_LOG_WHOLE);
	}
	expect(2, book.entries[0].status, book.entries[0].body_bytes, HTTP_LOG_WHOLE, 1000050,
		1000050);
	close_rig();
}

static void known_requests(void **state)
{
	(void)state;
	expect_told_again("GET /bytes/9 " V "\r\n", "1(GET)(/bytes/9)(a)--");
	expect_told_again(
		"HEAD /bytes/9?a=b HTTP/1.1\r\nUser-Agent: curl/8 x\r\nReferer: http://b/\r\n"
		"Host: a.test:81\r\n\r\n",
		"1(HEAD)(/bytes/9?a=b)(a.test:81)(http://b/)(curl/8 x)");
	expect_told_again(
		"GET /nowhere " V "Referer:\r\nuser-agent:   \r\n\r\n", "1(GET)(/nowhere)(a)()()");
	expect_told_again("GET /bytes/9 HTTP/1.0\r\nConnection: keep-alive\r\nX-Y: zzzzz\r\n\r\n",
		"0(GET)(/bytes/9)---");
}

/* An empty line before a request is not its first (RFC 9112 section 2.2). */
static void empty_lines(void **state)
{
	(void)state;
	open_rig(64);
	feed("\r\n");
	rig.env.now_us += 700;
	feed("GET /bytes/9 " V "\r\n");
	expect(0, 200, 9, HTTP_LOG_WHOLE, 1000700, 1000700);
	close_rig();
}

/* From the first byte of the head, not of the body; a clock whose lower half turns over is right.
 */
static void bodies_of_requests(void **state)
{
	(void)state;
	open_rig(64);
	rig.env.now_us = UINT64_C(0x2fffffff0);
	feed("POST /hello/a " V "Content-Length: 2\r\n\r\nx");
	rig.env.now_us += 500000;
	feed("y");
	expect(0, 200, book.entries[0].body_bytes, HTTP_LOG_WHOLE, UINT64_C(0x2fffffff0),
		UINT64_C(0x2fffffff0) + 500000);
	close_rig();
}

/* A head that does not go on gets its answer after all. */
static void timeouts(void **state)
{
	(void)state;
	open_rig(64);
	feed("GET / ");
	rig.env.now_us = rig.hc.deadline_us;
	rs_http_deadline(&rig.env, &rig.hc, &rig.out);
	expect(0, 408, book.entries[0].body_bytes, HTTP_LOG_WHOLE, 1000000, 11000000);
	close_rig();
}

/* Where there is no buffer for any reply there is one all the same, and its line. */
static void no_buffers(void **state)
{
	(void)state;
	open_rig(0);
	feed("GET /bytes/9 " V "\r\n");
	expect(0, 503, 0, HTTP_LOG_WHOLE, 1000000, 1000000);
	assert_false(book.entries[0].kept);
	close_rig();
	assert_int_equal(book.n, 1);
}

/* Until its last byte is acknowledged. */
static void long_replies(void **state)
{
	(void)state;
	open_rig(64);
	feed("GET /bytes/100000 " V "\r\n");
	assert_int_equal(book.n, 0);
	while (rig.out.n_bytes > 1 || rig.hc.blocked) {
		rig.env.now_us += 10;
		rig_ack(&rig, rig.out.n_bytes > 1 ? rig.out.n_bytes - 1 : 1);
		assert_int_equal(book.n, 0);
	}
	rig.env.now_us += 5;
	rig_ack(&rig, 1);
	expect(0, 200, 100000, HTTP_LOG_WHOLE, 1000000, rig.env.now_us);
	assert_true(rig.env.now_us > 1000005);
	close_rig();
	assert_int_equal(book.n, 1);
}

/* What the client did not acknowledge was not sent. */
static void aborted_replies(void **state)
{
	uint32_t head_bytes;

	(void)state;
	open_rig(64);
	feed("GET /bytes/100000 " V "\r\n");
	rig_ack(&rig, 300);
	head_bytes = (uint32_t)((uint8_t *)memmem(rig.got, rig.n_got, "\r\n\r\n", 4) - rig.got) + 4;
	rig.env.now_us += 40;
	rs_http_release(&rig.env, &rig.hc);
	expect(0, 200, 300 - head_bytes, HTTP_LOG_ABORTED, 1000000, 1000040);
	close_rig();
	open_rig(64);
	feed("GET /bytes/100000 " V "\r\n");
	rig_ack(&rig, head_bytes - 1);
	rs_http_release(&rig.env, &rig.hc);
	expect(0, 200, 0, HTTP_LOG_ABORTED, 1000000, 1000000);
	close_rig();
	/* Most of it was not even queued. */
	open_rig(64);
	feed("GET /bytes/1000000000000 " V "\r\n");
	rig_ack(&rig, 3000);
	head_bytes = (uint32_t)((uint8_t *)memmem(rig.got, rig.n_got, "\r\n\r\n", 4) - rig.got) + 4;
	assert_true(rig.hc.blocked);
	rs_http_release(&rig.env, &rig.hc);
	expect(0, 200, 3000 - head_bytes, HTTP_LOG_ABORTED, 1000000, 1000000);
	close_rig();
}

/* Behind a reply that is still on its way comes another: when the first ended is not known. */
static void pipelined_replies(void **state)
{
	static const char requests[] = "GET /bytes/3000 " V "\r\nGET /bytes/1 " V "\r\n";

	(void)state;
	open_rig(64);
	assert_int_equal(rig_input(&rig, requests, sizeof(requests) - 1), sizeof(requests) - 1);
	expect(0, 200, 3000, HTTP_LOG_UNKNOWN, 1000000, 1000000);
	expect(1, 200, 1, HTTP_LOG_WHOLE, 1000000, 1000000);
	close_rig();
}

/* A request that waits for room is not answered, and began when it was looked at first. */
static void room_is_waited_for(void **state)
{
	static const char get[] = "GET /bytes/9 " V "\r\n";

	(void)state;
	open_rig(64);
	for (uint32_t i = 0; i < SENDQ_SLICES; i++)
		rs_sendq_push(&rig.out, (const uint8_t *)get, 1, 0);
	assert_int_equal(rig_input(&rig, get, sizeof(get) - 1), 0);
	assert_int_equal(book.n_begun, 0);
	rig.env.now_us += 90;
	rig_ack(&rig, UINT32_MAX);
	feed(get);
	expect(0, 200, 9, HTTP_LOG_WHOLE, 1000000, 1000090);
	close_rig();
}

/* Where buffers are few, records do not take them. */
static void few_buffers(void **state)
{
	(void)state;
	open_rig(2);
	feed("GET /bytes/100000 " V "\r\n");
	expect(0, 200, 100000, HTTP_LOG_UNKNOWN, 1000000, 1000000);
	rig_drain(&rig);
	close_rig();
	assert_int_equal(book.n, 1);
}

/* Who does not want to know is not told of the end either. */
static void what_is_not_logged(void **state)
{
	(void)state;
	open_rig(64);
	book.deaf = true;
	feed("GET /bytes/100000 " V "\r\n");
	rig_drain(&rig);
	feed("GET /bytes/9 " V "\r\n");
	close_rig();
	assert_int_equal(book.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_replies),
		cmocka_unit_test(known_requests),
		cmocka_unit_test(empty_lines),
		cmocka_unit_test(bodies_of_requests),
		cmocka_unit_test(timeouts),
		cmocka_unit_test(no_buffers),
		cmocka_unit_test(long_replies),
		cmocka_unit_test(aborted_replies),
		cmocka_unit_test(pipelined_replies),
		cmocka_unit_test(room_is_waited_for),
		cmocka_unit_test(few_buffers),
		cmocka_unit_test(what_is_not_logged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
