/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is not done twice: replies made in the same second (memo.h), whole requests and field
 * sections that were read before (verbatim.h, seen.h). Whether the outcome is the same is the
 * matter of test_http_exchange.c and of the fuzz targets; here, when it is done and when not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/csum.h"
#include "http/date.h"
#include "http/log.h"
#include "http_rig.h"

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n\r\n"

static struct rig rig;

static void ask(const char *text)
{
	rig.n_got = 0;
	rig_feed(&rig, text, (uint32_t)strlen(text));
}

/* How many replies were given again while this was asked twice on connections of their own. */
static uint64_t repeats_of(const char *text)
{
	uint64_t before = rig.counters[HTTP_C_REPEATED];

	for (uint32_t i = 0; i < 2; i++) {
		rig_reopen(&rig);
		ask(text);
		rig_drain(&rig);
	}
	return rig.counters[HTTP_C_REPEATED] - before;
}

static void what_is_repeated(void **state)
{
	char long_path[HTTP_MEMO_KEY_BYTES + 100] = "GET /bytes/";
	size_t n = strlen(long_path);

	(void)state;
	rig_open(&rig, 64, 4);
	assert_int_equal(repeats_of("GET / HTTP/1.1\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\n" HOST), 2);
	assert_int_equal(repeats_of("GET /bytes/65 HTTP/1.1\r\n" HOST), 1);
	assert_int_equal(repeats_of("HEAD /bytes/66 HTTP/1.1\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /bytes/66 HTTP/1.1\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /bytes/67 HTTP/1.0\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /bytes/68?x HTTP/1.1\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /bytes/68?yz HTTP/1.1\r\n" HOST), 2);
	assert_int_equal(repeats_of("GET /bytes/68 HTTP/1.1\r\n" HOST), 2);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\nConnection: close\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\n" HOST), 2);
	assert_int_equal(repeats_of("GET http://a/bytes/64 HTTP/1.1\r\n" HOST), 0);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\nIf-None-Match: *\r\n" HOST), 1);
	assert_int_equal(repeats_of("HEAD /bytes/64 HTTP/1.1\r\nIf-None-Match: *\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\nIf-Match: \"a\"\r\n" HOST), 0);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\nReferer: b\r\n" HOST), 2);
	rig.cfg.varying_fields = 1u << HTTP_FIELD_REFERER;
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\nReferer: b\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\nreferer:b\r\n" HOST), 2);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\nReferer: bc\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\nReferer:\r\n" HOST), 1);
	assert_int_equal(repeats_of("GET /nowhere HTTP/1.1\r\n" HOST), 0); /* no handler's */
	assert_int_equal(repeats_of("GET /hello/ HTTP/1.1\r\n" HOST), 1);  /* 404 */
	assert_int_equal(rig.counters[HTTP_C_NOT_FOUND], 4);
	assert_int_equal(rig.counters[HTTP_C_REPLIES_4XX], 6);
	assert_int_equal(repeats_of("GET /bytes/x HTTP/1.1\r\n" HOST), 0);
	assert_int_equal(repeats_of("GET /bytes/1300 HTTP/1.1\r\n" HOST), 1);   /* a segment */
	assert_int_equal(repeats_of("GET /bytes/100000 HTTP/1.1\r\n" HOST), 0); /* generated */
	assert_int_equal(repeats_of("OPTIONS / HTTP/1.1\r\n" HOST), 0);
	assert_int_equal(repeats_of("POST /hello/a HTTP/1.1\r\nContent-Length: 1\r\n" HOST "x"), 0);
	assert_int_equal(repeats_of("GET /bytes/64 HTTP/1.1\r\nContent-Length: 1\r\n" HOST "x"), 0);
	memset(long_path + n, '0', HTTP_MEMO_KEY_BYTES - 7); /* and "/bytes/" are the longest key */
	strcpy(long_path + n + HTTP_MEMO_KEY_BYTES - 7, " HTTP/1.1\r\n" HOST);
	assert_int_equal(repeats_of(long_path), 1);
	strcpy(long_path + n + HTTP_MEMO_KEY_BYTES - 7, "0 HTTP/1.1\r\n" HOST);
	assert_int_equal(repeats_of(long_path), 0);
	rig.cfg.drain = HTTP_DRAINS;
	assert_int_equal(repeats_of("GET /bytes/65 HTTP/1.1\r\n" HOST), 1); /* now they close */
	rig_close(&rig);
}

/* RFC 9112 section 9.3: who asks in HTTP/1.0, and who wants to close, is told something else. */
static void connections_are_told_apart(void **state)
{
	static const struct {
		const char *request, *says;
	} asked[] = {
		{"GET /bytes/9 HTTP/1.1\r\n" HOST, ""},
		{"GET /bytes/9 HTTP/1.0\r\nConnection: keep-alive\r\n" HOST,
			"Connection: keep-alive\r\n"},
		{"GET /bytes/9 HTTP/1.0\r\n" HOST, "Connection: close\r\n"},
		{"GET /bytes/9 HTTP/1.1\r\nConnection: close\r\n" HOST, "Connection: close\r\n"},
		{"GET /bytes/9 HTTP/1.1\r\nConnection: keep-alive\r\n" HOST, ""},
	};

	(void)state;
	rig_open(&rig, 64, 4);
	for (uint32_t i = 0; i < 8 * RS_ARRAY_SIZE(asked); i++) {
		const char *says = asked[i % RS_ARRAY_SIZE(asked)].says;
		const char *line;

		rig_reopen(&rig);
		ask(asked[i % RS_ARRAY_SIZE(asked)].request);
		rig_drain(&rig);
		line = memmem(rig.got, rig.n_got, "Connection: ", 12);
		assert_true(line ? *says && !memcmp(line, says, strlen(says)) : !*says);
		assert_int_equal(rig.hc.closing, strstr(says, "close") != NULL);
	}
	/* Four replies are made, and then all are known. */
	assert_int_equal(rig.counters[HTTP_C_REPEATED], rig.counters[HTTP_C_REPLIES_2XX] - 4);
	rig_close(&rig);
}

/* Paths that differ only in their last bytes have places of their own, nearly always. */
static void similar_paths_do_not_meet(void **state)
{
	uint64_t n_repeated;
	char text[100];

	(void)state;
	rig_open(&rig, 1024, 4);
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 100; i++) {
			snprintf(text, sizeof(text), "GET /bytes/%u HTTP/1.1\r\n" HOST, i);
			ask(text);
			rig_drain(&rig);
		}
	}
	n_repeated = rig.counters[HTTP_C_REPEATED];
	assert_in_range(n_repeated, 70, 100); /* 100 in 512 places: 18 are expected to meet */
	rig_close(&rig);
}

static void paths_are_told_apart(void **state)
{
	(void)state;
	rig_open(&rig, 64, 4);
	ask("GET /hello/aaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n" HOST);
	rig_drain(&rig);
	ask("GET /hello/aaaaaaaaaaaaabaaaaaaaaaa HTTP/1.1\r\n" HOST); /* the same ends */
	rig_drain(&rig);
	assert_int_equal(rig.counters[HTTP_C_REPEATED], 0);
	assert_non_null(memmem(rig.got, rig.n_got, "aaaaaaaaaaaaabaaaaaaaaaa", 24));
	rig_close(&rig);
}

static void expect_greeting(const char *name)
{
	char text[100];

	snprintf(text, sizeof(text), "GET /hello/%s HTTP/1.1\r\n" HOST, name);
	ask(text);
	rig_drain(&rig);
	snprintf(text, sizeof(text), "\r\n\r\nHello, %s", name);
	assert_memory_equal(rig.got + rig.n_got - strlen(text), text, strlen(text));
}

/* More paths than there are places: of those that meet in one, each gets its own. */
static void paths_that_meet_are_told_apart(void **state)
{
	char name[40];

	(void)state;
	rig_open(&rig, 32768, 4);
	for (char c = 'a'; c <= 'z'; c++) {
		for (uint32_t i = 0; i < 400; i++) { /* the ends are not the same */
			snprintf(name, sizeof(name), "%cbcdefgh%u", c, i);
			expect_greeting(name);
		}
		for (uint32_t len = 9; len < 33; len++) { /* the length is not */
			for (char d = 'a'; d <= 'z'; d++) {
				memset(name, d, len);
				name[0] = c;
				name[len] = '\0';
				expect_greeting(name);
			}
		}
	}
	rig_close(&rig);
}

/* With the date a reply changes; who still holds the old one keeps it. */
static void the_second_passes(void **state)
{
	static const char request[] = "GET /bytes/64 HTTP/1.1\r\n" HOST;
	struct slice old;

	(void)state;
	rig_open(&rig, 64, 4);
	ask(request);
	rig_drain(&rig);
	ask(request);
	assert_int_equal(rig.counters[HTTP_C_REPEATED], 1);
	assert_int_equal(rs_sendq_peek(&rig.out, 0, rig.out.n_bytes, &old), 1);
	rig.env.date = "Tue, 24 Nov 2026 00:00:00 GMT";
	rig.env.date_no++;
	/* Another connection makes it anew, in the entry of the old one. */
	{
		struct sendq first = rig.out;

		rig.out = (struct sendq){0};
		ask(request);
		assert_int_equal(rig.counters[HTTP_C_REPEATED], 1);
		rig_drain(&rig);
		assert_non_null(memmem(rig.got, rig.n_got, rig.env.date, HTTP_DATE_BYTES));
		rig.out = first;
	}
	assert_non_null(memmem(old.data, old.len, RIG_DATE, HTTP_DATE_BYTES));
	rig_close(&rig);
}

static void pipelined_replies_are_copied(void **state)
{
	static const char request[] = "GET /bytes/9 HTTP/1.1\r\n" HOST;
	char many[8 * sizeof(request)] = "";
	uint64_t one;

	(void)state;
	rig_open(&rig, 64, 4);
	ask(request);
	one = rig.out.n_bytes;
	rig_drain(&rig);
	for (uint32_t i = 0; i < 8; i++)
		strcat(many, request);
	ask(many);
	assert_int_equal(rig.counters[HTTP_C_REPEATED], 8);
	assert_int_equal(rig.out.n_bytes, 8 * one);
	rig_drain(&rig);
	for (uint32_t i = 1; i < 8; i++)
		assert_memory_equal(rig.got, rig.got + i * one, one);
	rig_close(&rig);
}

static void the_checksum_is_known(void **state)
{
	static const char request[] = "GET /bytes/64 HTTP/1.1\r\n" HOST;
	struct slice reply;

	(void)state;
	rig_open(&rig, 64, 4);
	ask(request);
	assert_int_equal(rs_sendq_sum(&rig.out, 0, rig.out.n_bytes), 0);
	rig_drain(&rig);
	ask(request);
	assert_int_equal(rs_sendq_peek(&rig.out, 0, rig.out.n_bytes, &reply), 1);
	assert_int_equal(rs_sendq_sum(&rig.out, 0, reply.len),
		rs_csum_fold16(rs_csum_add(0, reply.data, reply.len)));
	assert_int_equal(rs_sendq_sum(&rig.out, 0, reply.len - 1), 0);
	assert_int_equal(rs_sendq_sum(&rig.out, 1, reply.len - 1), 0);
	rig_ack(&rig, 1);
	assert_int_equal(rs_sendq_sum(&rig.out, 0, reply.len - 1), 0);
	rig_drain(&rig);
	assert_int_equal(rs_sendq_sum(&rig.out, 0, 0), 0);
	rig_close(&rig);
}

/* Small replies share a slice: one that stands behind another is not kept with it. */
static void only_what_stands_alone_is_kept(void **state)
{
	(void)state;
	rig_open(&rig, 64, 4);
	ask("POST /hello/a HTTP/1.1\r\nContent-Length: 1\r\n" HOST
	    "xGET /hello/b HTTP/1.1\r\n" HOST);
	rig_drain(&rig);
	rig_reopen(&rig);
	ask("GET /hello/b HTTP/1.1\r\n" HOST);
	rig_drain(&rig);
	assert_non_null(memmem(rig.got, rig.n_got, "Hello, b", 8));
	assert_null(memmem(rig.got, rig.n_got, "Hello, a", 8));
	rig_close(&rig);
}

static void scarce_chunks_are_not_kept(void **state)
{
	uint32_t taken;

	(void)state;
	rig_open(&rig, 4, 4);
	assert_int_equal(repeats_of("GET /bytes/1 HTTP/1.1\r\n" HOST), 1);
	rs_http_memo_clear(&rig.env);
	taken = rs_chunk_alloc(&rig.chunks);
	assert_int_equal(repeats_of("GET /bytes/1 HTTP/1.1\r\n" HOST), 0); /* half is not plenty */
	rs_chunk_free(&rig.chunks, taken);
	rig_close(&rig);
}

/* ---- requests known as a whole ---- */

/* How many of n were taken as a whole, on as few connections as can be. */
static uint32_t verbatims_of(const char *text, uint32_t n)
{
	uint32_t before = rig.memo.verbatim.n_misses;
	uint64_t repeated = rig.counters[HTTP_C_REPEATED];

	rig_reopen(&rig);
	for (uint32_t i = 0; i < n; i++) {
		if (rig.hc.closing)
			rig_reopen(&rig);
		ask(text);
		rig_drain(&rig);
	}
	return (uint32_t)(rig.counters[HTTP_C_REPEATED] - repeated) -
	       (rig.memo.verbatim.n_misses - before);
}

static void requests_come_again_verbatim(void **state)
{
	static char longest[HTTP_VERBATIM_MAX + 2];

	(void)state;
	rig_open(&rig, 64, 4);
	/* The first makes the reply, the second is kept. */
	assert_int_equal(verbatims_of("GET /bytes/9 HTTP/1.1\r\n" HOST, 7), 5);
	assert_int_equal(verbatims_of("GET /bytes/9 HTTP/1.1\r\n" HOST, 1), 1);
	assert_int_equal(rig.counters[HTTP_C_REQUESTS], 8);
	rig.memo.verbatim.n_misses = 0;
	snprintf(longest, sizeof(longest), "GET /bytes/8 HTTP/1.1\r\nX: %0*d\r\n" HOST,
		HTTP_VERBATIM_MAX - 39, 0);
	assert_int_equal(strlen(longest), HTTP_VERBATIM_MAX);
	assert_int_equal(verbatims_of(longest, 7), 5);
	snprintf(longest, sizeof(longest), "GET /bytes/8 HTTP/1.1\r\nX: %0*d\r\n" HOST,
		HTTP_VERBATIM_MAX - 38, 0);
	rig.memo.verbatim.n_misses = 0;
	ask(longest);
	rig_drain(&rig);
	assert_int_equal(rig.memo.verbatim.n_misses, 0);
	rig_close(&rig);
}

#define KNOWN "GET /hello/a HTTP/1.1\r\n" HOST
#define ALIKE "GET /hello/b HTTP/1.1\r\n" HOST /* as long */
#define A     "200 \"Hello, a\"\n"
#define B     "200 \"Hello, b\"\n"

/* All replies, a line each. */
static void expect_replies(const char *expected)
{
	char transcript[4096];

	assert_true(rig_transcript(&rig, transcript, sizeof(transcript) - 1));
	strcat(transcript, "\n");
	assert_string_equal(transcript, expected);
}

/* Where several come at once, those behind one that was as long; each has its reply. */
static void so_do_requests_behind_others(void **state)
{
	uint64_t repeated;

	(void)state;
	rig_open(&rig, 64, 4);
	verbatims_of(KNOWN, 7);
	for (uint32_t i = 0; i < HTTP_MEMO_ENTRIES; i++) /* from there they do not come */
		rs_http_kept_drop(&rig.env, &rig.memo.entries[i].reply);
	repeated = rig.counters[HTTP_C_REPEATED];
	rig_reopen(&rig);
	ask(ALIKE KNOWN KNOWN ALIKE KNOWN ALIKE);
	rig_drain(&rig);
	expect_replies(B A A B A B);
	assert_int_equal(rig.counters[HTTP_C_REPEATED] - repeated, 5); /* the first is kept, too */
	assert_int_equal(rig.counters[HTTP_C_REQUESTS], 7 + 6);
	assert_true(rs_http_idle(&rig.hc));
	rig_close(&rig);
}

/* One that closes is the last, and with little memory none is lost. */
static void behind_others_they_close_and_wait_as_well(void **state)
{
	static const char closing[] = "GET /hello/a HTTP/1.1\r\nConnection: close\r\n" HOST;
	static const char as_long[] = "GET /hello/b HTTP/1.1\r\nConnection: abcde\r\n" HOST;
	static char text[1024];

	(void)state;
	assert_int_equal(strlen(closing), strlen(as_long));
	rig_open(&rig, 64, 4);
	verbatims_of(closing, 7);
	rig_reopen(&rig);
	snprintf(text, sizeof(text), "%s%s%s", as_long, closing, as_long);
	ask(text);
	rig_drain(&rig);
	expect_replies(B "200 close \"Hello, a\"\n");
	assert_true(rig.hc.closing);
	rig_close(&rig);
	rig_open(&rig, 5, 4);
	verbatims_of(KNOWN, 7);
	rig_reopen(&rig);
	ask(ALIKE KNOWN KNOWN KNOWN KNOWN ALIKE KNOWN KNOWN KNOWN KNOWN KNOWN KNOWN KNOWN KNOWN
			KNOWN KNOWN KNOWN KNOWN KNOWN KNOWN KNOWN KNOWN KNOWN KNOWN KNOWN KNOWN);
	rig_drain(&rig);
	expect_replies(B A A A A B A A A A A A A A A A A A A A A A A A A A);
	rig_close(&rig);
}

/* What would be one by itself belongs to the head that has begun before it. */
static void not_within_a_head(void **state)
{
	const char *known = "GET /hello/you HTTP/1.1\r\n" HOST;

	(void)state;
	rig_open(&rig, 64, 4);
	assert_int_equal(verbatims_of(known, 3), 1);
	rig_reopen(&rig);
	ask("GET /hello/me HTTP/1.1\r\nX: ");
	ask(known);
	rig_drain(&rig);
	assert_non_null(memmem(rig.got, rig.n_got, "Hello, me", 9));
	assert_int_equal(rig.hc.n_requests, 1);
	rig_close(&rig);
}

/* Connection: close is kept with the request that said so, and with no other. */
static void so_do_requests_that_close(void **state)
{
	static const char closing[] = "GET /bytes/9 HTTP/1.1\r\nConnection: close\r\n" HOST;
	static const char plain[] = "GET /bytes/9 HTTP/1.1\r\n" HOST;

	(void)state;
	rig_open(&rig, 64, 4);
	assert_int_equal(verbatims_of(closing, 7), 5);
	assert_true(rig.hc.closing);
	assert_non_null(memmem(rig.got, rig.n_got, "Connection: close\r\n", 19));
	rig.cfg.max_requests_per_conn = 1; /* closes without being asked to */
	rig.memo.verbatim.n_misses = 0;
	for (uint32_t i = 0; i < 3; i++) {
		rig_reopen(&rig);
		ask(plain);
		rig_drain(&rig);
		assert_true(rig.hc.closing);
	}
	assert_int_equal(rig.memo.verbatim.n_misses, 0);
	rig.cfg.max_requests_per_conn = 0;
	rig_reopen(&rig);
	ask(plain);
	rig_drain(&rig);
	assert_false(rig.hc.closing);
	assert_null(memmem(rig.got, rig.n_got, "Connection: close", 17));
	rig_close(&rig);
}

/* They differ where the place of an entry does not depend on it. */
static void requests_are_told_apart(void **state)
{
	(void)state;
	rig_open(&rig, 64, 4);
	for (uint32_t i = 0; i < 3; i++) {
		ask("GET /hello/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
		    "HTTP/1.1\r\n" HOST);
		rig_drain(&rig);
	}
	ask("GET /hello/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab "
	    "HTTP/1.1\r\n" HOST);
	rig_drain(&rig);
	assert_non_null(memmem(rig.got, rig.n_got, "aab", 3));
	/* The same bytes with a bad one at the end, and with another request behind them. */
	ask("GET /hello/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
	    "HTTP/1.1\r\nHost: a\r\n\r\r");
	rig_drain(&rig);
	assert_memory_equal(rig.got, "HTTP/1.1 400", 12);
	rig_close(&rig);
}

/* Pages of a folder are all known, though the first bytes of their requests are the same. */
static void pages_of_a_folder_are_told_apart(void **state)
{
	char texts[50][100];

	(void)state;
	rig_open(&rig, 400, 4);
	for (uint32_t i = 0; i < 50; i++) {
		snprintf(texts[i], sizeof(texts[i]),
			"GET /hello/an-article-with-a-long-name-%02u HTTP/1.1\r\n" HOST, i);
		for (uint32_t k = 0; k < 3; k++) {
			rig.memo.verbatim.n_misses = 0; /* so that each is kept at once */
			ask(texts[i]);
			rig_drain(&rig);
		}
	}
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(verbatims_of(texts[i], 3), 3);
	rig_close(&rig);
}

/* What was foreseen is a hint: with one of another request, and with an old one, the reply is
 * right. */
static void hints_may_be_wrong(void **state)
{
	static const char a[] = "GET /hello/aaa HTTP/1.1\r\n" HOST;
	static const char b[] = "GET /hello/bbb HTTP/1.1\r\n" HOST;
	const uint8_t *data = (const uint8_t *)a;
	const struct http_verbatim_entry *of_a, *of_b;

	(void)state;
	rig_open(&rig, 64, 4);
	assert_null(rs_http_foresee(&rig.env, data, sizeof(a) - 1).entry);
	verbatims_of(a, 2);
	rig.memo.verbatim.n_misses = 0;
	verbatims_of(b, 2);
	of_a = rs_http_foresee(&rig.env, data, sizeof(a) - 1).entry;
	of_b = rs_http_foresee(&rig.env, (const uint8_t *)b, sizeof(b) - 1).entry;
	assert_true(of_a && of_b && of_a != of_b);
	for (uint32_t i = 0; i < 4; i++) {
		const struct http_verbatim_entry *const hints[] = {of_a, of_b, NULL, of_a};

		if (i == 3)
			rs_http_memo_clear(&rig.env);
		rig_reopen(&rig);
		rig.env.foreseen = (struct http_foreseen){data, hints[i]};
		assert_int_equal(rs_http_input(&rig.env, &rig.hc, data, sizeof(a) - 1, &rig.out),
			sizeof(a) - 1);
		rig_drain(&rig);
		assert_non_null(memmem(rig.got, rig.n_got, "Hello, aaa", 10));
	}
	rig_close(&rig);
}

static void verbatim_replies_depend_on_the_same(void **state)
{
	static const char request[] = "GET /bytes/9 HTTP/1.1\r\n" HOST;

	(void)state;
	rig_open(&rig, 64, 4);
	assert_int_equal(verbatims_of(request, 4), 2);
	rig.env.date = "Tue, 24 Nov 2026 00:00:00 GMT";
	rig.env.date_no++;
	ask(request);
	rig_drain(&rig);
	assert_non_null(memmem(rig.got, rig.n_got, rig.env.date, HTTP_DATE_BYTES));
	rig.memo.verbatim.n_misses = 0;
	assert_int_equal(verbatims_of(request, 4), 3); /* the first of them is kept */
	rig.cfg.max_requests_per_conn = 4;
	rig_reopen(&rig);
	for (uint32_t i = 0; i < 4; i++) {
		assert_null(memmem(rig.got, rig.n_got, "Connection: close", 17));
		ask(request);
		rig_drain(&rig);
	}
	assert_non_null(memmem(rig.got, rig.n_got, "Connection: close", 17));
	rig.cfg.max_requests_per_conn = 0;
	rig_reopen(&rig);
	ask(request);
	rig_drain(&rig);
	rig.cfg.drain = HTTP_DRAINS;
	ask(request);
	rig_drain(&rig);
	assert_non_null(memmem(rig.got, rig.n_got, "Connection: close", 17));
	rig_close(&rig);
}

static bool count_log(
	void *n, const struct http_env *env, const struct http_logged *reply, void *record)
{
	(void)env;
	(void)record;
	assert_int_equal(reply->asked->target.len, 8);
	++*(uint32_t *)n;
	return false;
}

/* The log is told of every request, with its fields. */
static void nothing_is_taken_past_the_log(void **state)
{
	uint32_t n = 0;
	const struct http_log log = {.begin = count_log, .self = &n};
	static const char request[] = "GET /bytes/9 HTTP/1.1\r\n" HOST;
	const uint8_t *data = (const uint8_t *)request;

	(void)state;
	rig_open(&rig, 64, 4);
	rig.env.log = &log;
	for (uint32_t i = 0; i < 5; i++) {
		ask(request);
		rig_drain(&rig);
	}
	assert_int_equal(n, 5);
	for (uint32_t i = 0; i < 5; i++) { /* nor where nothing was foreseen, as behind TLS */
		rig.env.foreseen = (struct http_foreseen){0};
		rs_http_input(&rig.env, &rig.hc, data, sizeof(request) - 1, &rig.out);
		rig_drain(&rig);
	}
	assert_int_equal(n, 10);
	rig_close(&rig);
}

/* Every reply is made anew. */
static void without_a_memo(void **state)
{
	static const char request[] = "GET /bytes/9 HTTP/1.1\r\n" HOST;
	const uint8_t *data = (const uint8_t *)request;

	(void)state;
	rig_open(&rig, 64, 4);
	rig.env.memo = NULL;
	assert_null(rs_http_foresee(&rig.env, data, sizeof(request) - 1).entry);
	for (uint32_t i = 0; i < 5; i++) {
		ask(request);
		rig_drain(&rig);
	}
	assert_int_equal(rig.counters[HTTP_C_REPLIES_2XX], 5);
	assert_int_equal(rig.counters[HTTP_C_REPEATED], 0);
	rs_http_memo_clear(&rig.env);
	rig_close(&rig);
}

/* ---- field sections known from earlier heads ---- */

static const struct http_limits usual = {
	.max_head_bytes = 16384, .max_target_bytes = 8192, .max_fields = 100};
static struct http_seen seen;

static int parse_seen(const struct http_limits *limits, const char *text, struct http_req *req)
{
	uint16_t scanned = 0;

	return rs_http_parse_seen(
		limits, &seen, (const uint8_t *)text, (uint32_t)strlen(text), &scanned, req);
}

/* Behind other request lines, good and bad ones: the same as from the parser itself. */
static void fields_are_recalled(void **state)
{
	static const char fields[] = "Host: a.example\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n";
	static const char *const lines[] = {"GET / HTTP/1.1", "GET /a/b?c HTTP/1.1",
		"HEAD /x HTTP/1.1", "DELETE /x HTTP/1.1", "GET / HTTP/1.0", "GET / HTTP/2.0",
		"GET http://b.example/ HTTP/1.1", "OPTIONS * HTTP/1.1", "GET  / HTTP/1.1",
		"GET / HTTP/1.1 ", "GET /\x01 HTTP/1.1", "FOO / HTTP/1.1", "", "GET",
		"CONNECT a:1 HTTP/1.1", "GET /%zz HTTP/1.1"};

	(void)state;
	memset(&seen, 0, sizeof(seen));
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(lines); i++) {
			static struct http_req plain, recalled;
			uint16_t scanned = 0;
			char text[200];
			int len = snprintf(text, sizeof(text), "%s\r\n%s", lines[i], fields);
			int r = rs_http_parse(
				&usual, (uint8_t *)text, (uint32_t)len, &scanned, &plain);

			assert_int_equal(parse_seen(&usual, text, &recalled), r);
			if (r <= 0)
				continue;
			assert_int_equal(recalled.method, plain.method);
			assert_int_equal(recalled.keep_alive, plain.keep_alive);
			assert_int_equal(recalled.known, plain.known);
			assert_int_equal(recalled.framing, plain.framing);
			assert_ptr_equal(recalled.host.data, plain.host.data);
			assert_int_equal(recalled.host.len, plain.host.len);
			assert_ptr_equal(recalled.path.data, plain.path.data);
			assert_ptr_equal(recalled.query.data, plain.query.data);
			assert_int_equal(recalled.n_fields, 3);
			for (uint32_t f = 0; f < 3; f++) {
				assert_ptr_equal(rs_http_field_value(&recalled, f).data,
					rs_http_field_value(&plain, f).data);
				assert_int_equal(
					recalled.fields_at + rs_http_field(&recalled, f)->name,
					plain.fields_at + rs_http_field(&plain, f)->name);
			}
		}
	}
	assert_true(seen.n_misses > 0);
}

/* The second time: in a core that has seen nothing else. */
static bool is_recalled(const char *text)
{
	static struct http_req req;

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(parse_seen(&usual, text, &req), strlen(text));
	assert_null(req.seen_fields);
	assert_int_equal(parse_seen(&usual, text, &req), strlen(text));
	return req.seen_fields != NULL;
}

/* However a head is cut, and be it into three: its fields are recalled when the last piece is
 * there. */
static void heads_in_pieces_are_recalled(void **state)
{
	static const char text[] = LINE "Accept: a\r\n" HOST;
	const uint8_t *head = (const uint8_t *)text;
	const uint32_t len = sizeof(text) - 1;
	static struct http_req req;

	(void)state;
	assert_true(is_recalled(text));
	for (uint32_t a = 1; a < len; a++) {
		for (uint32_t b = a; b < len; b++) {
			uint16_t scanned = 0;

			assert_int_equal(
				rs_http_parse_seen(&usual, &seen, head, a, &scanned, &req), 0);
			assert_int_equal(
				rs_http_parse_seen(&usual, &seen, head, b, &scanned, &req), 0);
			assert_int_equal(
				rs_http_parse_seen(&usual, &seen, head, len, &scanned, &req), len);
			assert_non_null(req.seen_fields);
			assert_int_equal(req.n_fields, 2);
		}
	}
}

/* Two fields or more, and the bytes from the first of them to the end. */
static const char *request_with(uint32_t n_fields, uint32_t n_bytes)
{
	static char text[1000];
	uint32_t n = (uint32_t)sprintf(text, LINE);

	for (uint32_t i = 2; i < n_fields; i++)
		n += (uint32_t)sprintf(text + n, "A: b\r\n");
	n_bytes += (uint32_t)strlen(LINE) - n;
	sprintf(text + n, "A: %0*d\r\n" HOST, (int)(n_bytes - strlen("A: \r\n" HOST)), 0);
	return text;
}

static void sections_that_are_kept(void **state)
{
	(void)state;
	assert_true(is_recalled(LINE HOST));
	assert_true(is_recalled(request_with(HTTP_SEEN_FIELDS, HTTP_SEEN_BYTES)));
	assert_false(is_recalled(request_with(HTTP_SEEN_FIELDS + 1, HTTP_SEEN_BYTES)));
	assert_false(is_recalled(request_with(HTTP_SEEN_FIELDS, HTTP_SEEN_BYTES + 1)));
	assert_false(is_recalled(LINE "Content-Length: 0\r\n" HOST));
	assert_false(is_recalled(LINE "Transfer-Encoding: chunked\r\n" HOST));
}

/* Well-known fields behind what only looks like the end of a line. */
static void lines_that_do_not_end(void **state)
{
	static const struct {
		const char *text;
		enum http_counter reason;
	} cases[] = {
		{"GET / HTTP/1.1\r " HOST, HTTP_C_BAD_LINE_END},
		{"GET / HTTP/1.1\n\n" HOST, HTTP_C_BAD_LINE_END},
		{"GET / HTTP/1.1\x01\n" HOST, HTTP_C_BAD_CONTROL},
	};
	static struct http_req req;

	(void)state;
	assert_true(is_recalled(LINE HOST));
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++)
		assert_int_equal(
			parse_seen(&usual, cases[i].text, &req), HTTP_REFUSED(cases[i].reason));
}

/* Clients of HTTP/1.0 that keep connections send the same fields each time, too. */
static void fields_of_http_1_0_are_recalled(void **state)
{
	static const char text[] = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n" HOST;
	static struct http_req req;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(parse_seen(&usual, text, &req), sizeof(text) - 1);
		assert_true(req.keep_alive);
		assert_int_equal(seen.n_misses, 1);
	}
}

/* What the same fields say to a request of HTTP/1.0 or with a host in its target is another thing.
 */
static void fields_of_other_requests(void **state)
{
	static const char *const others[] = {
		"GET / HTTP/1.0\r\n" HOST, "GET http://b/ HTTP/1.1\r\n" HOST};
	struct http_limits limits = usual;
	static struct http_req req;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(others); i++) {
		memset(&seen, 0, sizeof(seen));
		assert_true(parse_seen(&limits, others[i], &req) > 0);
		assert_true(parse_seen(&limits, LINE HOST, &req) > 0);
		assert_true(req.keep_alive);
		assert_true(rs_http_same(req.host, "a"));
	}
	/* Well-known fields behind a longer line are too much all the same. */
	limits.max_head_bytes = strlen(LINE HOST);
	assert_true(parse_seen(&limits, LINE HOST, &req) > 0);
	assert_int_equal(HTTP_REASON(parse_seen(&limits, "GET /a HTTP/1.1\r\n" HOST, &req)),
		HTTP_C_HEAD_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_repeated),
		cmocka_unit_test(connections_are_told_apart),
		cmocka_unit_test(similar_paths_do_not_meet),
		cmocka_unit_test(paths_are_told_apart),
		cmocka_unit_test(paths_that_meet_are_told_apart),
		cmocka_unit_test(the_second_passes),
		cmocka_unit_test(pipelined_replies_are_copied),
		cmocka_unit_test(the_checksum_is_known),
		cmocka_unit_test(only_what_stands_alone_is_kept),
		cmocka_unit_test(scarce_chunks_are_not_kept),
		cmocka_unit_test(requests_come_again_verbatim),
		cmocka_unit_test(so_do_requests_behind_others),
		cmocka_unit_test(behind_others_they_close_and_wait_as_well),
		cmocka_unit_test(not_within_a_head),
		cmocka_unit_test(so_do_requests_that_close),
		cmocka_unit_test(requests_are_told_apart),
		cmocka_unit_test(pages_of_a_folder_are_told_apart),
		cmocka_unit_test(hints_may_be_wrong),
		cmocka_unit_test(verbatim_replies_depend_on_the_same),
		cmocka_unit_test(nothing_is_taken_past_the_log),
		cmocka_unit_test(without_a_memo),
		cmocka_unit_test(fields_are_recalled),
		cmocka_unit_test(heads_in_pieces_are_recalled),
		cmocka_unit_test(sections_that_are_kept),
		cmocka_unit_test(lines_that_do_not_end),
		cmocka_unit_test(fields_of_http_1_0_are_recalled),
		cmocka_unit_test(fields_of_other_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
