/* SPDX-License-Identifier: BSD-2-Clause */
/* 103 Early Hints (RFC 8297): what stands before the final reply, whole or not at all, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "http_rig.h"

#define LINK "Link: </a.css>; rel=preload; as=style\r\n"
#define GET  "GET /page HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEAD "HTTP/1.1 200 OK\r\nDate: " RIG_DATE "\r\nServer: ringside\r\nContent-Length: "

static const char small[] = "HTTP/1.1 103 Early Hints\r\n" LINK "\r\n" HEAD "4\r\n" LINK "\r\npage";

static struct rig rig;
static struct http_reply reply;

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
	.methods = HTTP_METHOD_BIT(HTTP_GET),
	.respond = respond,
};

static void open_rig(uint32_t n_chunks)
{
	rig_open(&rig, n_chunks, 4);
	rig.cfg.handlers = &handler;
	rig.cfg.n_handlers = 1;
	reply = (struct http_reply){
		.status = 200,
		.fields = rs_span_text(LINK),
		.hints = rs_span_text(LINK),
		.body = rs_span_text("page"),
	};
}

static void feed(const char *text)
{
	rig_feed(&rig, text, (uint32_t)strlen(text));
}

static void they_come_before_the_reply(void **state)
{
	(void)state;
	open_rig(64);
	feed(GET);
	rig_drain(&rig);
	assert_int_equal(rig.n_got, sizeof(small) - 1);
	assert_memory_equal(rig.got, small, sizeof(small) - 1);
	assert_int_equal(rig.counters[HTTP_C_REPLIES_1XX], 1);
	assert_int_equal(rig.counters[HTTP_C_REPLIES_2XX], 1);
	rig_close(&rig);
}

/* Each with its own, in order, be it from the memo; its head of three digits is that of the reply.
 */
static void pipelined_and_again(void **state)
{
	char transcript[400];

	(void)state;
	open_rig(64);
	feed(GET GET GET);
	rig_drain(&rig);
	assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
	assert_string_equal(transcript, "103\n200 \"page\"\n103\n200 \"page\"\n103\n200 \"page\"");
	assert_int_equal(rig.counters[HTTP_C_REPEATED], 2);
	assert_int_equal(rig.counters[HTTP_C_REPLIES_1XX], 3);
	assert_int_equal(rig.counters[HTTP_C_REPLIES_2XX], 3);
	rig_close(&rig);
}

/* A body that is not copied follows the two heads. */
static void before_what_is_not_copied(void **state)
{
	static const uint8_t body[50000] = {[0] = 'x', [49999] = 'y'};
	static const char head[] =
		"HTTP/1.1 103 Early Hints\r\n" LINK "\r\n" HEAD "50000\r\n" LINK "\r\n";

	(void)state;
	open_rig(64);
	reply.body = (struct span){0};
	reply.lasting = (struct http_lasting){.data = body, .len = sizeof(body)};
	feed(GET);
	rig_drain(&rig);
	assert_int_equal(rig.n_got, sizeof(head) - 1 + sizeof(body));
	assert_memory_equal(rig.got, head, sizeof(head) - 1);
	assert_memory_equal(rig.got + sizeof(head) - 1, body, sizeof(body));
	rig_close(&rig);
}

/* With the send queue full, neither goes out; with room again, each does once. */
static void no_room(void **state)
{
	(void)state;
	open_rig(8);
	for (uint32_t i = 0; i < SENDQ_SLICES; i++)
		rs_sendq_push(&rig.out, (const uint8_t *)"x", 1, 0);
	assert_int_equal(rig_input(&rig, GET, sizeof(GET) - 1), 0);
	assert_true(rig.hc.blocked);
	assert_int_equal(rig.counters[HTTP_C_REPLIES_1XX], 0);
	rig_ack(&rig, UINT32_MAX);
	rig.n_got = 0;
	feed(GET);
	rig_drain(&rig);
	assert_int_equal(rig.n_got, sizeof(small) - 1);
	assert_memory_equal(rig.got, small, sizeof(small) - 1);
	assert_int_equal(rig.counters[HTTP_C_REPLIES_1XX], 1);
	rig_close(&rig);
}

/* They count where replies share a buffer: of three, the last has to wait for another one. */
static void no_room_behind_others(void **state)
{
	static const char link[] = "Link: </a-rather-long-name-of-a-style-sheet>; rel=preload\r\n";
	static char links[8 * sizeof(link)];

	(void)state;
	open_rig(1);
	for (uint32_t i = 0; i < 8; i++)
		strcat(links, link);
	reply.hints = rs_span_text(links);
	assert_int_equal(
		rig_input(&rig, GET GET GET GET, 4 * sizeof(GET) - 4), 2 * sizeof(GET) - 2);
	assert_in_range(rig.out.n_bytes, 2 * reply.hints.len, RIG_CHUNK_BYTES);
	assert_int_equal(rig.counters[HTTP_C_REPLIES_1XX], 2);
	rig_close(&rig);
}

/* Where there is no buffer at all, 503 comes alone. */
static void no_buffer(void **state)
{
	char transcript[400];

	(void)state;
	open_rig(0);
	feed(GET);
	rig_drain(&rig);
	assert_true(rig_transcript(&rig, transcript, sizeof(transcript)));
	assert_string_equal(transcript, "503 close");
	assert_int_equal(rig.counters[HTTP_C_REPLIES_1XX], 0);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_come_before_the_reply),
		cmocka_unit_test(pipelined_and_again),
		cmocka_unit_test(before_what_is_not_copied),
		cmocka_unit_test(no_room),
		cmocka_unit_test(no_room_behind_others),
		cmocka_unit_test(no_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
