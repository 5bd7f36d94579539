/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a reply is not copied: the last fields of a head, and pages of refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "http_rig.h"

#define FIELDS_BYTES 5000 /* two chunks have no room for them */
#define PAGE_BYTES   50000
#define GET          "GET /page HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEAD         "HTTP/1.1 200 OK\r\nDate: " RIG_DATE "\r\nServer: ringside\r\nContent-Length: "
#define FIRST        "X-First: 1\r\n"

static struct rig rig;
static struct http_reply reply;
static uint32_t owner; /* of fields and page, a chunk */
static uint8_t fields[FIELDS_BYTES + 2];
static uint8_t page[PAGE_BYTES];
static char expected[2 * FIELDS_BYTES];

static bool respond(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	return rs_http_reply(env, hc, req, out, &reply);
}

static const struct http_handler handler = {
	.name = "page",
	.path = "/",
	.prefix = true,
	.repeatable = true,
	.methods = HTTP_METHOD_BIT(HTTP_GET) | HTTP_METHOD_BIT(HTTP_HEAD),
	.respond = respond,
};

static bool refusal_page(const struct http_env *env, const struct http_req *req, uint16_t status,
	struct http_reply *to)
{
	(void)env;
	(void)req;
	if (status == 405)
		return false;
	to->content_type = rs_span_text("text/html");
	to->lasting = (struct http_lasting){.data = page, .len = sizeof(page), .owner = owner};
	return true;
}

static void open_rig(uint32_t n_chunks)
{
	rig_open(&rig, n_chunks, 4);
	rig.cfg.handlers = &handler;
	rig.cfg.n_handlers = 1;
	rig.cfg.refusal_page = refusal_page;
	owner = rs_chunk_alloc(&rig.chunks);
	memset(fields, 'f', sizeof(fields));
	memcpy(fields, "X-Last: ", 8);
	memcpy(fields + FIELDS_BYTES - 2, "\r\n\r\n", 4);
	for (uint32_t i = 0; i < PAGE_BYTES; i++)
		page[i] = (uint8_t)(i % 251);
	reply = (struct http_reply){
		.status = 200,
		.fields = rs_span_text(FIRST),
		.lasting_fields = {.data = fields, .len = FIELDS_BYTES},
		.lasting = {.owner = owner},
	};
}

/* Nobody but the test has a share in what was not copied. */
static void close_rig(void)
{
	rs_http_release(&rig.env, &rig.hc);
	rs_sendq_clear(&rig.out, &rig.chunks);
	rs_http_memo_clear(&rig.env);
	assert_false(rs_chunk_is_shared(&rig.chunks, owner));
	rs_chunk_free(&rig.chunks, owner);
	rig_close(&rig);
}

static void feed(const char *text)
{
	rig_feed(&rig, text, (uint32_t)strlen(text));
}

/* A head with a length of digits, all its fields and the empty line. */
static uint32_t write_head(const char *digits)
{
	uint32_t n = (uint32_t)sprintf(expected, HEAD "%s\r\n" FIRST, digits);

	memcpy(expected + n, fields, sizeof(fields));
	return n + (uint32_t)sizeof(fields);
}

/* TCP bounds what is queued (base/sendq.h): who does not read waits, and gets no half of a head. */
static void fields_wait_where_too_much_is_queued(void **state)
{
	static uint8_t bytes[RIG_GOT_BYTES]; /* of a body, those that the rig looks at */
	struct span last = {.data = fields, .len = FIELDS_BYTES};
	uint64_t n_before;

	(void)state;
	open_rig(2048);
	rig.env.memo = NULL;
	reply.lasting_fields.len = 0;
	reply.lasting = (struct http_lasting){.data = bytes, .len = 4096, .owner = owner};
	for (uint32_t i = 0; i < 3; i++) /* few bytes in many slices have room for more of these */
		assert_int_equal(rig_input(&rig, GET, sizeof(GET) - 1), sizeof(GET) - 1);
	reply.lasting.len = SENDQ_MAX_BYTES - FIELDS_BYTES - rig.out.n_bytes;
	assert_int_equal(rig_input(&rig, GET, sizeof(GET) - 1), sizeof(GET) - 1);
	assert_false(rig.hc.blocked);
	reply.lasting.data = NULL;
	reply.lasting_fields = last;
	assert_int_equal(rig_input(&rig, GET, sizeof(GET) - 1), 0);
	rig_drain(&rig);
	n_before = rig.n_got;
	feed(GET);
	rig_drain(&rig);
	assert_int_equal(rig.n_got - n_before, write_head("0"));
	close_rig();
}

static void fields_are_the_last(void **state)
{
	uint32_t n;

	(void)state;
	open_rig(64);
	n = write_head("0");
	feed(GET);
	assert_int_equal(rig.out.n, 2);
	rig_drain(&rig);
	assert_int_equal(rig.n_got, n);
	assert_memory_equal(rig.got, expected, n);
	close_rig();
}

static void a_body_stands_behind_them(void **state)
{
	uint32_t n;

	(void)state;
	open_rig(64);
	n = write_head("50000");
	reply.lasting.data = page;
	reply.lasting.len = sizeof(page);
	feed(GET);
	rig_drain(&rig);
	assert_int_equal(rig.n_got, n + sizeof(page));
	assert_memory_equal(rig.got, expected, n);
	assert_memory_equal(rig.got + n, page, sizeof(page));
	rig.n_got = 0;
	feed("HEAD /page HTTP/1.1\r\nHost: a\r\n\r\n");
	rig_drain(&rig);
	assert_int_equal(rig.n_got, n);
	assert_memory_equal(rig.got, expected, n);
	close_rig();
}

/* Asks three times, as who has just come, as who knows the head, and as who knows all of the
 * request: what comes is n bytes of expected, then body, each time. */
static void expect_again(const char *request, uint32_t n, struct span body)
{
	uint64_t n_before = rig.counters[HTTP_C_REPLIES_2XX];
	uint64_t n_repeated = rig.counters[HTTP_C_REPEATED];

	for (uint32_t i = 0; i < 3; i++) {
		rig_reopen(&rig);
		feed(request);
		rig_drain(&rig);
		assert_int_equal(rig.n_got, n + body.len);
		assert_memory_equal(rig.got, expected, n);
		if (body.len)
			assert_memory_equal(rig.got + n, body.data, body.len);
		assert_true(rs_http_idle(&rig.hc));
	}
	assert_int_equal(rig.counters[HTTP_C_REPLIES_2XX] - n_before, 3);
	assert_int_equal(rig.counters[HTTP_C_REPEATED] - n_repeated, 2);
}

/* What is kept has a share in the body, as the slices of it have: none is left when it goes. */
static void a_body_is_given_again(void **state)
{
	static const struct http_range range = {1000, 1999};
	const struct span all = {.data = page, .len = sizeof(page)};
	const struct span some = {.data = page + 1000, .len = 1000};
	uint32_t n;

	(void)state;
	open_rig(64);
	reply = (struct http_reply){
		.status = 200,
		.lasting = {.data = page, .len = sizeof(page), .owner = owner},
	};
	n = (uint32_t)sprintf((char *)expected, HEAD "50000\r\n\r\n");
	expect_again("GET /page HTTP/1.1\r\nHost: a\r\n\r\n", n, all);
	expect_again("HEAD /page HTTP/1.1\r\nHost: a\r\n\r\n", n, (struct span){0});
	reply.lasting.n_ranges = 1;
	reply.lasting.ranges = &range;
	n = (uint32_t)sprintf((char *)expected, HEAD "1000\r\n\r\n");
	expect_again("GET /some HTTP/1.1\r\nHost: a\r\n\r\n", n, some);
	assert_true(rs_chunk_is_shared(&rig.chunks, owner));
	close_rig();
}

/* Also behind others, where it is not told from a queue's first slice; each one whole. */
static void a_body_is_given_again_behind_others(void **state)
{
	static const char request[] = "GET /page HTTP/1.1\r\nHost: a\r\n\r\n";
	char three[3 * sizeof(request)];
	uint32_t n;

	(void)state;
	open_rig(64);
	reply = (struct http_reply){
		.status = 200,
		.lasting = {.data = page, .len = 7000, .owner = owner},
	};
	n = (uint32_t)sprintf((char *)expected, HEAD "7000\r\n\r\n");
	snprintf(three, sizeof(three), "%s%s%s", request, request, request);
	feed(three);
	rig_drain(&rig);
	feed(request); /* now it is known as a whole, too */
	rig_drain(&rig);
	feed(three);
	rig_drain(&rig);
	assert_int_equal(rig.n_got, 7 * (n + 7000));
	for (uint32_t i = 0; i < 7; i++) {
		assert_memory_equal(rig.got + i * (n + 7000), expected, n);
		assert_memory_equal(rig.got + i * (n + 7000) + n, page, 7000);
	}
	assert_int_equal(rig.counters[HTTP_C_REPEATED], 6);
	close_rig();
}

/* Its head is not in the place of others for ever: the share in the body goes with it. */
static void a_body_is_let_go_for_another(void **state)
{
	char request[100];

	(void)state;
	open_rig(64);
	reply = (struct http_reply){
		.status = 200,
		.lasting = {.data = page, .len = 7000, .owner = owner},
	};
	for (uint32_t i = 0; i < 10000; i++) { /* more than there are places, or chunks */
		sprintf(request, "GET /%u HTTP/1.1\r\nHost: a\r\n\r\n", i);
		feed(request);
		feed(request);
		rig_drain(&rig);
		rig.n_got = 0;
	}
	rig.env.date_no++;
	feed(GET); /* a new second: nothing of the one before is good */
	rig_drain(&rig);
	assert_int_equal(rig.counters[HTTP_C_REPLIES_2XX], 20001);
	close_rig();
}

#define HUGE ((5ull << 30) + 1)

/* Memory that nobody has: what is queued of it is not read but for its first bytes. */
static void *map_huge(void)
{
	void *body =
		mmap(NULL, HUGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(body, MAP_FAILED);
	return body;
}

/* Of what is queued, each piece of the body begins where the one before ends. */
static void assert_in_order(const uint8_t *body)
{
	struct slice spans[SENDQ_SLICES];
	uint32_t n = rs_sendq_peek(&rig.out, 0, rig.out.n_bytes, spans);

	for (uint32_t i = 1; i < n; i++) {
		if (spans[i - 1].data >= body && spans[i - 1].data < body + HUGE)
			assert_ptr_equal(spans[i].data, spans[i - 1].data + spans[i - 1].len);
		else
			assert_ptr_equal(spans[i].data, body);
	}
}

/* TCP tells what is before from what is after by half of all sequence numbers. */
static void a_queue_is_shorter_than_half_of_the_sequence_numbers(void **state)
{
	void *body = map_huge();

	(void)state;
	open_rig(16);
	reply = (struct http_reply){
		.status = 200,
		.lasting = {.data = body, .len = HUGE, .owner = owner},
	};
	feed(GET);
	for (uint64_t left = HUGE; left > UINT32_MAX; left -= 1u << 29) {
		assert_true(rig.out.n_bytes <= INT32_MAX);
		assert_in_order(body);
		rig_ack(&rig, 1u << 29);
	}
	rig_drain(&rig);
	assert_true(rig.n_got > HUGE);
	close_rig();
	munmap(body, HUGE);
}

/* A part, too, may be longer than what is queued at once: all of it comes, then the next. */
static void parts_of_more_than_fits_the_queue(void **state)
{
	static const struct http_range ranges[] = {{0, (3ull << 30) + 6}, {HUGE - 10, HUGE - 1}};
	const uint8_t *head_end, *length;
	void *body = map_huge();
	uint64_t n;

	(void)state;
	open_rig(16);
	reply = (struct http_reply){
		.status = 206,
		.lasting = {.data = body,
			.len = HUGE,
			.owner = owner,
			.n_ranges = 2,
			.ranges = ranges,
			.part_type = rs_span_text("text/plain"),
			.boundary = rs_span_text("b")},
	};
	feed(GET);
	rig_drain(&rig);
	length = memmem(rig.got, 2000, "Content-Length: ", 16);
	head_end = memmem(rig.got, 2000, "\r\n\r\n", 4);
	assert_non_null(length);
	assert_non_null(head_end);
	assert_int_equal(rig.n_got - (uint64_t)(head_end + 4 - rig.got),
		strtoull((const char *)length + 16, NULL, 10));
	n = rig.n_got;
	assert_true(n > (3ull << 30) + 7 + 10);
	feed(GET); /* it has ended: the next one is answered */
	rig_drain(&rig);
	assert_int_equal(rig.n_got, 2 * n);
	close_rig();
	munmap(body, HUGE);
}

/* Pipelined, each waits until there is room for both of its pieces; none is kept in the memo. */
static void all_or_nothing_of_a_head_is_queued(void **state)
{
	uint32_t n;

	(void)state;
	open_rig(64);
	n = write_head("0");
	feed(GET GET GET);
	rig_drain(&rig);
	assert_int_equal(rig.n_got, 3 * n);
	for (uint32_t i = 0; i < 3; i++)
		assert_memory_equal(rig.got + i * n, expected, n);
	assert_int_equal(rig.counters[HTTP_C_REPEATED], 0);
	for (uint32_t full = 2; full <= SENDQ_SLICES; full++) {
		for (uint32_t i = 0; i < full; i++)
			rs_sendq_push(&rig.out, (const uint8_t *)"x", 1, 0);
		assert_int_equal(rig_input(&rig, GET, sizeof(GET) - 1), 0);
		assert_int_equal(rig.out.n_bytes, full);
		rig_drain(&rig);
	}
	close_rig();
}

/* What a refusal sends that closes: the head, and the page to its end. */
static void expect_page(void)
{
	const uint8_t *body = memmem(rig.got, rig.n_got, "\r\n\r\n", 4);

	assert_non_null(body);
	assert_non_null(memmem(rig.got, rig.n_got, "Content-Length: 50000\r\n", 23));
	assert_int_equal(rig.got + rig.n_got - (body + 4), sizeof(page));
	assert_memory_equal(body + 4, page, sizeof(page));
}

static void refusals_have_pages(void **state)
{
	char transcript[400];

	(void)state;
	open_rig(64);
	feed("DELETE /page HTTP/1.1\r\nHost: a\r\n\r\n"); /* has none: ours */
	rig_drain(&rig);
	assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
	assert_string_equal(transcript, "405 GET, HEAD, OPTIONS");
	assert_non_null(memmem(rig.got, rig.n_got, "\r\n\r\nMethod Not Allowed\n", 23));
	rig.n_got = 0;
	feed("NONSENSE\r\n\r\n");
	rig_drain(&rig);
	expect_page();
	assert_true(rig.hc.closing);
	close_rig();
}

/* Who stands still in a request gets all of the page, however slowly he takes it, and FIN then. */
static void who_dawdles_gets_his_page(void **state)
{
	(void)state;
	open_rig(64);
	feed("GET /page HTTP/1.1\r\nHo");
	rig.env.now_us = rig.hc.deadline_us;
	rs_http_deadline(&rig.env, &rig.hc, &rig.out);
	assert_int_equal(rig.counters[HTTP_C_HEAD_TIMEOUT], 1);
	while (rig.out.n_bytes)
		rig_ack(&rig, 1000);
	expect_page();
	assert_true(rig.hc.closing);
	close_rig();
}

/* Of a body, too: its state stands where that of the page does. */
static void who_dawdles_in_a_body_as_well(void **state)
{
	(void)state;
	open_rig(64);
	reply = (struct http_reply){.status = 200};
	feed("GET /page HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
	rig.env.now_us = rig.hc.deadline_us;
	rs_http_deadline(&rig.env, &rig.hc, &rig.out);
	assert_int_equal(rig.counters[HTTP_C_BODY_TIMEOUT], 1);
	rig_drain(&rig);
	expect_page();
	assert_true(rig.hc.closing);
	close_rig();
}

/* Without room for a refusal the connection is closed all the same. */
static void without_room_there_is_no_page(void **state)
{
	(void)state;
	open_rig(64);
	feed("GET /page HTTP/1.1\r\nHo");
	for (uint32_t i = 0; i < SENDQ_SLICES; i++)
		rs_sendq_push(&rig.out, (const uint8_t *)"x", 1, 0);
	rs_http_lose_head(&rig.env, &rig.hc, &rig.out);
	assert_true(rig.hc.closing);
	assert_int_equal(rig.out.n_bytes, SENDQ_SLICES);
	close_rig();
}

/* What RFC 9110 section 14.6 makes of two ranges of ten bytes. */
#define PART      "\r\n--b\r\nContent-Type: text/plain\r\nContent-Range: bytes "
#define PART_1    PART "0-9/50000\r\n\r\n"
#define PART_2    PART "1000-1009/50000\r\n\r\n"
#define PARTS_END "\r\n--b--\r\n"

static void expect_two_parts(void)
{
	const uint8_t *body = memmem(rig.got, rig.n_got, "\r\n\r\n", 4);
	char parts[300];
	uint32_t n = (uint32_t)sprintf(parts, PART_1 "%10s" PART_2 "%10s" PARTS_END, "", "");

	memcpy(parts + sizeof(PART_1) - 1, page, 10);
	memcpy(parts + sizeof(PART_1 PART_2) - 1 + 10, page + 1000, 10);
	assert_non_null(body);
	assert_int_equal(rig.got + rig.n_got - (body + 4), n);
	assert_memory_equal(body + 4, parts, n);
}

/*
 * What stands between two parts takes a chunk. Where others have all of them when the last byte is
 * acknowledged, nothing comes any more that could wake the connection: the clock does, soon.
 */
static uint32_t taken[64], n_taken;

static void have_parts_wait(void)
{
	static const struct http_range ranges[] = {{0, 9}, {1000, 1009}};

	n_taken = 0;
	open_rig(64);
	reply = (struct http_reply){
		.status = 206,
		.lasting = {.data = page,
			.len = sizeof(page),
			.owner = owner,
			.n_ranges = 2,
			.ranges = ranges,
			.part_type = rs_span_text("text/plain"),
			.boundary = rs_span_text("b")},
	};
	while (rig.chunks.n_free > 2)
		taken[n_taken++] = rs_chunk_alloc(&rig.chunks);
	feed(GET);
	assert_int_equal(rig.chunks.n_free, 0);
	rig_ack(&rig, rig.out.n_bytes - 1);
	taken[n_taken++] = rs_chunk_alloc(&rig.chunks);
	rig_ack(&rig, 1);
	assert_int_equal(rig.out.n_bytes, 0);
	assert_true(rig.hc.blocked);
}

/* In vain, as long as n_taken are not given back. */
static void try_again(void)
{
	assert_true(rig.hc.deadline_us - rig.env.now_us <= 10000);
	rig.env.now_us = rig.hc.deadline_us;
	rs_http_deadline(&rig.env, &rig.hc, &rig.out);
	rs_http_writable(&rig.env, &rig.hc, &rig.out);
}

static void give_chunks_back(void)
{
	while (n_taken)
		rs_chunk_free(&rig.chunks, taken[--n_taken]);
}

static void parts_wait_for_a_chunk(void **state)
{
	(void)state;
	have_parts_wait();
	for (uint32_t i = 0; i < 100; i++) { /* nobody counts it as idle */
		try_again();
		assert_true(rig.hc.blocked);
	}
	give_chunks_back();
	try_again();
	rig_drain(&rig);
	expect_two_parts();
	assert_true(rs_http_idle(&rig.hc));
	assert_int_equal(rig.counters[HTTP_C_REPLY_WAITED], 1);
	assert_int_equal(rig.counters[HTTP_C_IDLE_TIMEOUT], 0);
	close_rig();
}

/* Not for ever: as long as a client may take to read nothing. */
static void parts_wait_for_the_time_of_writing(void **state)
{
	uint64_t since_us;

	(void)state;
	have_parts_wait();
	since_us = rig.env.now_us;
	while (!rig.hc.abort) {
		assert_true(rig.env.now_us - since_us < rig.cfg.write_timeout_us);
		try_again();
	}
	assert_int_equal(rig.env.now_us - since_us, rig.cfg.write_timeout_us);
	assert_int_equal(rig.counters[HTTP_C_REPLY_WAITED], 1);
	assert_int_equal(rig.counters[HTTP_C_REPLY_TIMEOUT], 1);
	give_chunks_back();
	close_rig();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_the_last),
		cmocka_unit_test(fields_wait_where_too_much_is_queued),
		cmocka_unit_test(a_body_stands_behind_them),
		cmocka_unit_test(a_body_is_given_again),
		cmocka_unit_test(a_body_is_given_again_behind_others),
		cmocka_unit_test(a_body_is_let_go_for_another),
		cmocka_unit_test(a_queue_is_shorter_than_half_of_the_sequence_numbers),
		cmocka_unit_test(parts_of_more_than_fits_the_queue),
		cmocka_unit_test(all_or_nothing_of_a_head_is_queued),
		cmocka_unit_test(parts_wait_for_a_chunk),
		cmocka_unit_test(parts_wait_for_the_time_of_writing),
		cmocka_unit_test(refusals_have_pages),
		cmocka_unit_test(who_dawdles_gets_his_page),
		cmocka_unit_test(who_dawdles_in_a_body_as_well),
		cmocka_unit_test(without_room_there_is_no_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
