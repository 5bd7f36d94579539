/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf/load without a port: what it takes for an answer, the frames that it makes and reads, its
 * connections against segments written here. tests/e2e/test_memif.py has it against the appliance.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "answer.h"
#include "client.h"
#include "frame.h"
#include "options.h"
#include "pace.h"
#include "stop.h"
#include "turns.h"
#include "wire/tcp_parse.h"
#include "workload.h"

#define TSC_HZ 1000000000u

static struct load_options options;
static struct workload workload;
static struct answer_reader reader;

static int parse_options(const char *words)
{
	static char copy[1000];
	char *argv[40] = {"ringside-load"};
	int argc = 1;

	strcpy(copy, words);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return rs_load_options_parse(&options, argc, argv);
}

#define V4 "--target 10.0.0.2 --ip 10.0.1.1/16 "

static void wrong_options(void **state)
{
	static const char *const wrong[] = {"", "--target 10.0.0.2", "--ip 10.0.0.1/24",
		"--target fd00::1 --ip 10.0.0.1/24", V4 "--conns x", V4 "--conns 0",
		V4 "--ports 5-4", V4 "--ports 0-9", V4 "--ports 1-2 --conns 3", V4 "--pipeline 0",
		V4 "--per-conn 2 --pipeline 3", V4 "--syn-flood 5", V4 "--path x", V4 "--path 0*/",
		V4 "--rate -1", V4 "--nonsense", V4 "stray", V4 "--header nothing",
		V4 "--seconds 0", V4 "--status 99",
		"--target 10.0.1.5 --ip 10.0.1.1/16 --clients 8",
		/* An IPv6 next hop of IPv4's; more tuples than have numbers. */
		V4 "--gateway fd00::1", V4 "--clients 66577", V4 "--flood-for 3"};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(wrong); i++)
		assert_int_equal(parse_options(wrong[i]), -1);
	assert_int_equal(parse_options("--target [fd00::1]:8080 --ip fd00::2/64"), 0);
	assert_int_equal(options.port, 8080);
	assert_int_equal(options.family, 6);
	assert_int_equal(parse_options("--target fd00::1 --ip fd00::2/64"), 0);
	assert_int_equal(options.port, 80);
	assert_int_equal(parse_options(V4 "--path 3*/a --path /b*c"), 0);
	assert_int_equal(options.paths[0].weight, 3);
	assert_string_equal(options.paths[1].text, "/b*c");
	assert_int_equal(parse_options(V4 "--gateway 10.0.0.1 --clients 66000"), 0);
}

static void begin(const char *words)
{
	assert_int_equal(parse_options(words), 0);
	assert_int_equal(rs_workload_init(&workload, &options), 0);
	rs_answer_reader_init(&reader, &options, workload.is_head);
}

static void requests(void **state)
{
	uint32_t n_first = 0;

	(void)state;
	begin(V4 "--path 3*/a --path /b --per-conn 4");
	assert_int_equal(
		workload.requests[0].len, strlen("GET /a HTTP/1.1\r\nHost: 10.0.0.2\r\n\r\n"));
	assert_memory_equal(workload.requests[0].data, "GET /a HTTP/1.1\r\nHost: 10.0.0.2\r\n\r\n",
		workload.requests[0].len);
	for (uint32_t tuple = 0; tuple < 10000; tuple++)
		n_first +=
			rs_workload_request(&workload, tuple, tuple % 3) == &workload.requests[0];
	assert_in_range(n_first, 7300, 7700);
	assert_non_null(memmem(rs_workload_request(&workload, 5, 3)->data,
		rs_workload_request(&workload, 5, 3)->len, "Connection: close\r\n", 19));
	rs_workload_fini(&workload);
	begin("--target [fd00::1]:81 --ip fd00::2/64 --method PUT");
	assert_non_null(memmem(
		workload.requests[0].data, workload.requests[0].len, "Host: [fd00::1]:81\r\n", 20));
	rs_workload_fini(&workload);
	assert_int_equal(parse_options(V4 "--body /"), 0); /* a directory: not an empty body */
	assert_int_equal(rs_workload_init(&workload, &options), -1);
}

/* However little a path's weight is beside the others', it is asked for. */
static void rare_paths(void **state)
{
	static const char *const words[] = {V4
		"--path 1000*/a --path 1000*/b --path 1000*/c --path 1000*/d --path 1000*/e "
		"--path 1*/f",
		V4 "--path 1*/f --path 1000*/a --path 1000*/b --path 1000*/c --path 1000*/d "
		   "--path 1000*/e",
		V4 "--path 1000*/a --path 1*/b --path 1*/c --path 1000*/d --path 1000*/e "
		   "--path 1000*/f --path 1000*/g"};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(words); i++) {
		uint32_t n[8] = {0};

		begin(words[i]);
		for (uint32_t at = 0; at < LOAD_PICKS; at++)
			n[workload.picks[at]]++;
		for (uint32_t path = 0; path < workload.n_requests; path++) {
			uint32_t share = options.paths[path].weight * LOAD_PICKS / 5002;

			assert_in_range(n[path], share > 1 ? share - 1 : 1, share + 2);
		}
		rs_workload_fini(&workload);
	}
}

/* After years without a restart as after a second; and to fractions of a cycle. */
static void paces(void **state)
{
	static const uint64_t begins[] = {0, TSC_HZ, UINT64_MAX >> 8, UINT64_MAX >> 4};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(begins); i++) {
		struct pace p = rs_pace(TSC_HZ, 3000000, 2);
		uint32_t n = 0;

		rs_pace_begin(&p, begins[i]);
		while (rs_pace_is_due(&p, begins[i] + TSC_HZ / 1000) && n < 10000) {
			rs_pace_advance(&p);
			n++;
		}
		assert_in_range(n, 1500, 1502);
		rs_pace_forget(&p, begins[i] + TSC_HZ, TSC_HZ / 100);
		assert_int_equal(rs_pace_next_tsc(&p), begins[i] + TSC_HZ - TSC_HZ / 100);
		rs_pace_forget(&p, begins[i] + TSC_HZ, TSC_HZ / 100);
		assert_int_equal(rs_pace_next_tsc(&p), begins[i] + TSC_HZ - TSC_HZ / 100);
	}
	assert_false(rs_pace_is_due(&(struct pace){0}, UINT64_MAX)); /* no rate: never */
}

/* The text in pieces of this size; how many answers it held, -1 when it was broken. */
static int read_answers(const char *text, size_t len, size_t step)
{
	struct answer_chunks chunks = {0};
	struct answer a = {0};
	int n_done = 0;

	for (size_t at = 0; at < len;) {
		size_t n = step < len - at ? step : len - at;
		uint8_t *copy = malloc(n);
		uint32_t from = 0, used;
		enum answer_end end = ANSWER_DONE;

		memcpy(copy, text + at, n);
		while (from < n && end == ANSWER_DONE) {
			end = rs_answer_input(&reader, &a, &chunks, &workload.requests[0],
				copy + from, (uint32_t)n - from, &used);
			if (end == ANSWER_DONE) {
				n_done++;
				from += used;
			}
		}
		free(copy);
		at += n;
		if (end == ANSWER_BROKEN) {
			n_done = -1;
			break;
		}
	}
	rs_answer_reset(&reader, &a, &chunks);
	assert_int_equal(reader.n_free_heads, ANSWER_N_HEADS - 1);
	return n_done;
}

/* All of them, in whatever pieces they come; and each is counted. */
static void assert_malformed(const char *const *answers, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(read_answers(answers[i], strlen(answers[i]), 1000), -1);
		assert_int_equal(read_answers(answers[i], strlen(answers[i]), 7), -1);
	}
	assert_int_equal(reader.n_malformed, 2 * n);
}

#define OK(length, body) "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: " length "\r\n\r\n" body

static void answers(void **state)
{
	static const char two[] = "HTTP/1.1 100 Continue\r\n\r\n" OK("5", "hello") OK("5", "hello");
	static const char empty[] = OK("0", "") OK("0", "");

	(void)state;
	for (size_t step = 1; step <= sizeof(two); step++) {
		begin(V4);
		assert_int_equal(read_answers(two, sizeof(two) - 1, step), 2);
		assert_int_equal(reader.body_bytes, 10);
		assert_int_equal(reader.n_wrong_status + reader.n_wrong_length +
					 reader.n_wrong_body + reader.n_malformed,
			0);
		assert_int_equal(read_answers(empty, sizeof(empty) - 1, step), 2);
		assert_int_equal(reader.n_wrong_length, 2); /* the path's first one had 5 */
		rs_workload_fini(&workload);
	}
}

/* RFC 9110 section 5.5: blanks round a value are none of it. */
static void blanks_round_a_length(void **state)
{
	static const char two[] = "HTTP/1.1 200 OK\r\ncontent-length:5 \t\r\n\r\nhello"
				  "HTTP/1.1 200 OK\r\nContent-Length: \t 5\r\n\r\nhello";

	(void)state;
	for (size_t step = 1; step <= sizeof(two); step++) {
		begin(V4 "--length 5");
		assert_int_equal(read_answers(two, sizeof(two) - 1, step), 2);
		assert_int_equal(reader.n_wrong_length, 0);
		rs_workload_fini(&workload);
	}
}

#define CHUNKED(chunks) "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" chunks

/* RFC 9112 section 7.1: sizes in hexadecimal, extensions, and trailers, which are not of the body.
 */
static void answers_in_chunks(void **state)
{
	static const char text[] = CHUNKED("5\r\nhello\r\n0\r\n\r\n") CHUNKED(
		"1;a=b\r\nh\r\n004\r\nello\r\n0;c=\"\\\"\"\r\nDate: x\r\nA:\r\n\r\n")
		OK("5", "hello") "HTTP/1.1 200 OK\r\ntransfer-encoding:Chunked \r\nX: y\r\n\r\n"
				 "5\r\nhello\r\n0\r\n\r\n";

	(void)state;
	begin(V4);
	for (uint32_t step = 1; step <= sizeof(text); step++) {
		assert_int_equal(read_answers(text, sizeof(text) - 1, step), 4);
		assert_int_equal(reader.body_bytes, step * 20);
	}
	assert_int_equal(reader.n_wrong_status + reader.n_wrong_length + reader.n_wrong_body +
				 reader.n_malformed,
		0);
	rs_workload_fini(&workload);
}

static void one(const char *text)
{
	assert_int_equal(read_answers(text, strlen(text), 1000), 1);
}

static void wrong_chunks(void **state)
{
	static const char *const broken[] = {CHUNKED("x"), CHUNKED("\r\n"), CHUNKED("1\r\nab"),
		CHUNKED("1\nab"), CHUNKED("10000000000000000\r\n"),
		CHUNKED("0\r\nno field\r\n\r\n"),
		/* Two answers to where it ends (section 6.3), or one that we did not ask for. */
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n",
		/* Section 6.1: no coding of HTTP/1.0. */
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"};

	(void)state;
	begin(V4);
	assert_malformed(broken, RS_ARRAY_SIZE(broken));
	rs_workload_fini(&workload);

	begin(V4);
	one(CHUNKED("5\r\nhello\r\n0\r\n\r\n"));
	one(CHUNKED("6\r\nhello!\r\n0\r\n\r\n"));
	one(OK("6", "hello!"));
	assert_int_equal(reader.n_wrong_length, 2);
	for (uint32_t i = 0; i < ANSWER_SAMPLE_MASK; i++)
		one(CHUNKED("5\r\nhallo\r\n0\r\n\r\n"));
	assert_int_equal(reader.n_wrong_length, 2);
	assert_int_equal(reader.n_wrong_body, 1);
	rs_workload_fini(&workload);

	begin(V4 "--length 5"); /* one that is too short is no measure */
	one(CHUNKED("4\r\nhell\r\n0\r\n\r\n"));
	for (uint32_t i = 0; i <= ANSWER_SAMPLE_MASK; i++)
		one(CHUNKED("5\r\nhello\r\n0\r\n\r\n"));
	assert_int_equal(reader.n_wrong_length, 1);
	assert_int_equal(reader.n_wrong_body, 0);
	rs_workload_fini(&workload);

	begin(V4 "--status 404 --length 4");
	one(CHUNKED("2\r\nno\r\n0\r\n\r\n")); /* a wrong status has no right length */
	assert_int_equal(reader.n_wrong_status, 1);
	assert_int_equal(reader.n_wrong_length, 0);
	rs_workload_fini(&workload);
}

/* RFC 9112 section 6.3, 1: what may tell of a body that does not come. */
static void no_chunks(void **state)
{
	static const char bare[] = "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n";

	(void)state;
	begin(V4 "--method HEAD --length 5"); /* chunks tell no length */
	assert_int_equal(read_answers(CHUNKED("") CHUNKED(""), 2 * strlen(CHUNKED("")), 1000), 2);
	assert_int_equal(reader.n_wrong_length, 0);
	rs_workload_fini(&workload);
	begin(V4 "--status 204");
	one(bare);
	assert_int_equal(read_answers(bare, strlen(bare), 9), 1);
	assert_int_equal(reader.n_wrong_length + reader.n_wrong_status, 0);
	rs_workload_fini(&workload);
}

static void wrong_answers(void **state)
{
	static const char *const broken[] = {"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
		"FTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 00000000000000000001\r\n\r\n",
		"HTTP/1.1 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"};
	static char huge[2 * ANSWER_HEAD_BYTES];

	(void)state;
	begin(V4);
	assert_malformed(broken, RS_ARRAY_SIZE(broken));
	memset(huge, 'x', sizeof(huge));
	assert_int_equal(read_answers(huge, sizeof(huge), 1000), -1);
	assert_int_equal(
		read_answers("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno", 40, 100), 1);
	assert_int_equal(reader.n_wrong_status, 1);
	rs_workload_fini(&workload);

	begin(V4);
	for (uint32_t i = 0; i <= ANSWER_SAMPLE_MASK; i++)
		assert_int_equal(read_answers(OK("5", "hello"), strlen(OK("5", "hello")), 100), 1);
	assert_int_equal(read_answers(OK("5", "hallo"), strlen(OK("5", "hallo")), 100), 1);
	assert_int_equal(reader.n_wrong_body, 1);
	rs_workload_fini(&workload);

	begin(V4 "--length 6");
	assert_int_equal(read_answers(OK("5", "hello"), strlen(OK("5", "hello")), 100), 1);
	assert_int_equal(reader.n_wrong_length, 1);
	rs_workload_fini(&workload);

	begin(V4 "--status 299"); /* lengths of more digits, and all of them */
	one("HTTP/1.1 299 OK\r\nContent-Length: 19\r\n\r\n0123456789abcdefghi");
	assert_int_equal(reader.body_bytes, 19);
	assert_int_equal(reader.n_wrong_status, 0);
	rs_workload_fini(&workload);

	begin(V4 "--method HEAD");
	assert_int_equal(read_answers(OK("5", "") OK("5", ""), 2 * strlen(OK("5", "")), 11), 2);
	rs_workload_fini(&workload);
}

#define ERROR "HTTP/1.1 503 Later\r\nContent-Length: 5\r\n\r\nsorry"

/* An error before the first right answer, or a right one too short: it is no measure for others. */
static void errors_are_no_truth(void **state)
{
	static const char text[] = ERROR OK("4", "hell");

	(void)state;
	begin(V4 "--length 5");
	assert_int_equal(read_answers(text, sizeof(text) - 1, 1000), 2);
	assert_int_equal(reader.n_wrong_status, 1);
	assert_int_equal(reader.n_wrong_length, 1);
	for (uint32_t i = 0; i < 3 * (ANSWER_SAMPLE_MASK + 1); i++)
		assert_int_equal(read_answers(OK("5", "hello"), strlen(OK("5", "hello")), 1000), 1);
	assert_int_equal(reader.n_wrong_body, 0);
	assert_int_equal(reader.n_wrong_length, 1);
	rs_workload_fini(&workload);
}

/* HEAD: the length that the head tells is the one to be checked, though nothing follows. */
static void lengths_without_bodies(void **state)
{
	static const char two[] = OK("5", "") OK("5", "");

	(void)state;
	for (size_t step = 1; step <= sizeof(two); step++) {
		begin(V4 "--method HEAD --length 5");
		assert_int_equal(read_answers(two, sizeof(two) - 1, step), 2);
		assert_int_equal(reader.n_wrong_length, 0);
		assert_int_equal(reader.body_bytes, 0);
		assert_int_equal(read_answers(OK("6", ""), strlen(OK("6", "")), step), 1);
		assert_int_equal(reader.n_wrong_length, 1);
		rs_workload_fini(&workload);
	}
}

static const uint8_t client_mac[6] = {2, 0, 0, 0, 0, 1}, server_mac[6] = {2, 0, 0, 0, 0, 2};

/* What it sends, lib/wire reads; and it reads its own frames turned round. */
static void frames(void **state)
{
	static const char *const words[] = {V4, V4 "--timestamps",
		"--target fd00::1 --ip fd00::2/64",
		"--target fd00::1 --ip fd00::2/64 --timestamps"};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(words); i++) {
		struct load_out out = {
			.tuple = 70000, .seq = 5, .ack = 6, .ts_val = 7, .flags = TCP_ACK};
		struct wire_addr addr = {.prefix_len = 64, .family = 4};
		struct wire_host server;
		struct load_net net;
		struct load_seg back;
		uint8_t frame[1600];
		struct tcp_seg seg;
		struct pkt pkt;
		uint32_t len;

		begin(words[i]);
		options.n_clients = 2;
		addr.family = options.family;
		addr.prefix_len = options.family == 4 ? 8 : 64;
		memcpy(addr.addr, options.target, 16);
		rs_wire_host_init(&server, server_mac, 0, 0, &addr, 1);
		rs_load_net_init(&net, &options, client_mac, server_mac, 1500);
		out.len = (uint16_t)workload.requests[0].len;
		len = rs_load_frame_render(&net, &workload, &out, frame);
		assert_int_equal(rs_wire_parse(&server, frame, len, 0, &pkt), WIRE_OK);
		assert_int_equal(rs_wire_parse_tcp(&pkt, &seg), WIRE_OK);
		assert_int_equal(seg.seq, 5);
		assert_int_equal(seg.ack, 6);
		assert_int_equal(seg.key.local_port, 80);
		assert_int_equal(seg.key.remote_port, 1024 + 70000 % 64512);
		assert_int_equal(
			seg.key.remote[15], options.ip.addr[15] + 1); /* the second client */
		assert_int_equal(seg.len, out.len);
		assert_memory_equal(seg.data, workload.requests[0].data, seg.len);
		assert_int_equal(!!(seg.opts & TCP_OPT_TS), options.timestamps);
		if (options.timestamps)
			assert_int_equal(seg.ts_val, 7);
		/* It is not from the server. */
		assert_int_equal(rs_load_frame_parse(&net, frame, len, &back), FRAME_OTHER);
		rs_workload_fini(&workload);
	}
}

/* The server's frame to addr and port, as it answers a SYN there; returns its length. */
static uint32_t syn_ack(const uint8_t addr[16], uint16_t port, uint8_t *frame)
{
	struct load_options server = options;
	struct load_out out = {.seq = 1, .ack = 2, .flags = TCP_SYN | TCP_ACK};
	struct load_net net;

	/* To render it is to be the client at the other end. */
	memcpy(server.ip.addr, options.target, 16);
	memcpy(server.target, addr, 16);
	server.port = port;
	server.first_port = server.last_port = options.port;
	rs_load_net_init(&net, &server, server_mac, client_mac, 1500);
	return rs_load_frame_render(&net, &workload, &out, frame);
}

/* What the target answers to a flood's addresses is told from what comes to ours, early. */
static void strangers(void **state)
{
	static const char *const words[] = {V4 "--clients 4 --ports 2000-2999",
		"--target fd00::1 --ip fd00::2:1/64 --clients 4 --ports 2000-2999"};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(words); i++) {
		struct load_seg seg;
		struct load_net net;
		uint8_t frame[1600], addr[16];
		uint32_t len;

		begin(words[i]);
		rs_load_net_init(&net, &options, client_mac, server_mac, 1500);
		memcpy(addr, options.ip.addr, 16);
		addr[15]++;
		len = syn_ack(addr, 2005, frame);
		assert_int_equal(rs_load_frame_parse(&net, frame, len, &seg), FRAME_TCP);
		assert_int_equal(seg.tuple, 1005);
		assert_int_equal(seg.mss, net.mss);
		frame[len - 1] ^= 1;
		assert_int_equal(rs_load_frame_parse(&net, frame, len, &seg), FRAME_BAD_CSUM);
		len = syn_ack(addr, 3000, frame);
		assert_int_equal(rs_load_frame_parse(&net, frame, len, &seg), FRAME_STRANGER);
		addr[15] += 3;
		len = syn_ack(addr, 2005, frame);
		assert_int_equal(rs_load_frame_parse(&net, frame, len, &seg), FRAME_STRANGER);
		addr[15] -= 3;
		addr[i ? 8 : 13]++;
		len = syn_ack(addr, 2005, frame);
		assert_int_equal(rs_load_frame_parse(&net, frame, len, &seg), FRAME_STRANGER);
		frame[i ? 20 : 23] = 17; /* UDP */
		assert_int_equal(rs_load_frame_parse(&net, frame, len, &seg), FRAME_OTHER);
		rs_workload_fini(&workload);
	}
}

/* Busy says for how long, frames a busy turn how much at a time. */
static void what_turns_tell(void **state)
{
	struct turns t = {0};

	(void)state;
	assert_true(rs_turns_busy(&t) <= 0 && rs_turns_frames(&t) <= 0);
	rs_turns_add(&t, 1000, 1100, 1);
	rs_turns_add(&t, 1300, 1400, 63);
	assert_true(rs_turns_busy(&t) > 0.49 && rs_turns_busy(&t) < 0.51);
	assert_true(rs_turns_frames(&t) > 31.9 && rs_turns_frames(&t) < 32.1);
}

/* A signal asks for the end, and is not the end. */
static void signals_ask_for_the_end(void **state)
{
	(void)state;
	rs_load_stop_init();
	assert_false(rs_load_stop_asked());
	raise(SIGINT);
	assert_true(rs_load_stop_asked());
}

/* ---- connections ---- */

static struct client client;

static void start(const char *words)
{
	begin(words);
	assert_int_equal(rs_client_init(&client, &options, &workload, &reader, 1460, TSC_HZ), 0);
	rs_client_now(&client, TSC_HZ);
}

static void finish(void)
{
	rs_client_fini(&client);
	rs_workload_fini(&workload);
}

/* The one segment that it wants sent. */
static struct load_out only(void)
{
	assert_int_equal(client.n_out, 1);
	client.n_out = 0;
	return client.out[0];
}

static void say(uint32_t seq, uint32_t ack, uint8_t flags, const char *text)
{
	struct load_seg seg = {
		.seq = seq,
		.ack = ack,
		.flags = flags,
		.data = (const uint8_t *)text,
		.len = (uint32_t)strlen(text),
		.tuple = client.conns[0].tuple,
	};

	rs_client_input(&client, &seg);
}

static void later(uint32_t ms)
{
	rs_client_now(&client, client.now_tsc + (uint64_t)ms * TSC_HZ / 1000);
	rs_client_scan(&client, 1, 1);
}

/* Its SYN is answered; returns its first request. */
static struct load_out accepted(struct load_out syn)
{
	struct load_out request;

	assert_int_equal(syn.flags, TCP_SYN);
	say(99, syn.seq + 1, TCP_SYN | TCP_ACK, "");
	request = only();
	assert_int_equal(request.ack, 100);
	assert_true(request.len > 0);
	return request;
}

static struct load_out opened(void)
{
	assert_true(rs_client_open_next(&client));
	return accepted(only());
}

/* The same on terms of the server's; returns the first sequence number of what is asked. */
static uint32_t opened_on(uint16_t mss, uint16_t wnd, uint8_t wnd_scale)
{
	struct load_seg seg = {.seq = 99,
		.flags = TCP_SYN | TCP_ACK,
		.mss = mss,
		.wnd = wnd,
		.wnd_scale = wnd_scale};

	assert_true(rs_client_open_next(&client));
	seg.ack = only().seq + 1;
	rs_client_input(&client, &seg);
	return seg.ack;
}

static void keep_alive(void **state)
{
	struct load_out first, next;

	(void)state;
	start(V4 "--conns 1");
	first = opened();
	say(100, first.seq + first.len, TCP_ACK, OK("5", "hello"));
	next = only(); /* the acknowledgement rides on the next request */
	assert_int_equal(next.seq, first.seq + first.len);
	assert_int_equal(next.ack, 100 + strlen(OK("5", "hello")));
	assert_int_equal(client.stats.n_responses, 1);
	assert_int_equal(client.stats.latency.n, 1);
	finish();
}

/* In a connection's answers, and not from one to the next. */
static void chunks_of_a_connection(void **state)
{
	static const char first[] = CHUNKED("5\r\nhello\r\n"), rest[] = "0\r\n\r\n";
	struct load_out request, next;

	(void)state;
	start(V4 "--conns 1");
	request = opened();
	say(100, request.seq + request.len, TCP_ACK, first);
	assert_int_equal(client.stats.n_responses, 0);
	say(100 + sizeof(first) - 1, request.seq + request.len, TCP_ACK, rest);
	assert_int_equal(client.stats.n_responses, 1);
	next = only();
	say(next.ack, next.seq + next.len, TCP_ACK, first);
	client.n_out = 0;
	say(next.ack + sizeof(first) - 1, next.seq + next.len, TCP_RST, "");
	later(1);
	request = accepted(only());
	say(100, request.seq + request.len, TCP_ACK, CHUNKED("5\r\nhello\r\n0\r\n\r\n"));
	assert_int_equal(client.stats.n_responses, 2);
	assert_int_equal(reader.n_malformed + reader.n_wrong_length, 0);
	finish();
}

static void what_is_lost_is_sent_again(void **state)
{
	struct load_out syn, request, again;

	(void)state;
	start(V4 "--conns 1");
	rs_client_open_next(&client);
	syn = only();
	later(900);
	assert_int_equal(client.n_out, 0);
	later(200);
	assert_int_equal(only().seq, syn.seq);
	request = accepted(syn);
	later(250);
	again = only();
	assert_int_equal(again.seq, request.seq);
	assert_int_equal(again.len, request.len);
	assert_int_equal(client.stats.n_retransmissions, 2);
	/* Out of order: acknowledged again, not taken. */
	say(200, request.seq + request.len, TCP_ACK, "xyz");
	assert_int_equal(only().ack, 100);
	assert_int_equal(client.stats.n_out_of_order, 1);
	later(3000);
	assert_int_equal(client.stats.n_timeouts, 1);
	assert_int_equal(only().flags, TCP_RST | TCP_ACK);
	finish();
}

/* What is acknowledged is not sent again, however long its answer takes. */
static void what_is_acknowledged_stays(void **state)
{
	struct load_out first, next;
	const char *answer = OK("5", "hello");

	(void)state;
	start(V4 "--conns 1");
	first = opened();
	say(100, first.seq + first.len, TCP_ACK, "");
	later(300);
	later(1000);
	assert_int_equal(client.n_out, 0);
	say(100, first.seq + first.len, TCP_ACK, answer);
	next = only();
	say(100 + (uint32_t)strlen(answer), next.seq, TCP_ACK, ""); /* of the one before */
	later(300);
	assert_int_equal(only().seq, next.seq);
	later(2000);
	assert_int_equal(client.stats.n_timeouts, 1);
	finish();
}

/* However long it takes, resends become rarer, and stay so. */
static void resends_back_off(void **state)
{
	uint32_t n = 0;

	(void)state;
	start(V4 "--conns 1 --timeout 120000");
	opened();
	for (uint32_t ms = 0; ms < 100000; ms += 50) {
		later(50);
		n += client.n_out;
		client.n_out = 0;
	}
	assert_in_range(n, 12, 13); /* 0.2, 0.6, 1.4, … 25.4 s, then every 12.8 */
	finish();
}

/* The clock in ms is what timestamps tell. */
static void timestamps_go_on(void **state)
{
	struct load_out first;

	(void)state;
	start(V4 "--conns 1 --timestamps");
	first = opened();
	assert_int_equal(first.ts_val, client.now_tick);
	later(250);
	assert_int_equal(only().ts_val, first.ts_val + 250);
	finish();
}

/* A batch in segments that the server takes: its MSS, without the options (RFC 6691). */
static void segments_as_the_server_wants_them(void **state)
{
	static const struct {
		const char *words;
		uint16_t mss;
		uint32_t most;
	} cases[] = {
		{V4 "--conns 1 --pipeline 100", 536, 536},
		{V4 "--conns 1 --pipeline 100 --timestamps", 536, 524},
		{V4 "--conns 1 --pipeline 100", 9000, 1460},
		{V4 "--conns 1 --pipeline 100", 0, 536},
		{"--target fd00::1 --ip fd00::2/64 --conns 1 --pipeline 100", 0, 1220},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		uint32_t bytes = 0;

		start(cases[i].words);
		opened_on(cases[i].mss, 65535, 0);
		assert_true(client.n_out > 1);
		for (uint32_t n = 0; n < client.n_out; n++) {
			assert_true(client.out[n].len <= cases[i].most);
			assert_int_equal(client.out[n].skip, bytes);
			bytes += client.out[n].len;
		}
		assert_int_equal(client.out[0].len, cases[i].most);
		assert_int_equal(bytes, 100 * workload.requests[0].len);
		finish();
	}
}

/* An acknowledgement with a window; how many bytes that sends, which have to be the next ones. */
static uint32_t window(uint32_t ack, uint16_t wnd, uint32_t *next)
{
	struct load_seg seg = {.seq = 100, .ack = ack, .flags = TCP_ACK, .wnd = wnd};
	uint32_t before = *next;

	rs_client_input(&client, &seg);
	for (uint32_t n = 0; n < client.n_out; n++) {
		assert_int_equal(client.out[n].seq, *next);
		assert_int_equal(client.out[n].skip, *next - client.conns[0].snd_una);
		*next += client.out[n].len;
	}
	client.n_out = 0;
	return *next - before;
}

/* A batch goes out as the server's window opens, each byte once; a shut one is asked. */
static void the_window_is_heeded(void **state)
{
	uint32_t first, next, end;

	(void)state;
	start(V4 "--conns 1 --pipeline 100 --timeout 60000");
	end = 100 * workload.requests[0].len;
	assert_in_range(end, 3000, 4000);
	/* Its window is not scaled, and holds two whole segments. */
	first = next = opened_on(500, 1200, 1);
	assert_int_equal(client.n_out, 2);
	assert_int_equal(client.out[1].seq, first + 500);
	next += 1000;
	client.n_out = 0;
	assert_int_equal(window(first, 600, &next), 0);
	assert_int_equal(window(first + 500, 600, &next), 500);
	assert_int_equal(window(first, 60000, &next), 0); /* of before */
	assert_int_equal(window(first + 1500, 0, &next), 0);
	later(250);
	assert_int_equal(client.n_out, 1);
	assert_int_equal(client.out[0].seq, next);
	assert_int_equal(client.out[0].len, 1);
	next++;
	client.n_out = 0;
	later(500); /* lost: again */
	assert_int_equal(only().seq, next - 1);
	assert_int_equal(window(next, 30000, &next), end - 1501);
	assert_int_equal(next, client.conns[0].snd_nxt);
	assert_int_equal(window(next, 30000, &next), 0);
	later(300);
	assert_int_equal(client.n_out, 0);
	finish();
}

/* An answer to a request that is not out: what would follow would not be the next bytes. */
static void answers_to_half_a_request(void **state)
{
	char words[1000];
	uint32_t first;

	(void)state;
	snprintf(words, sizeof(words), "%s--conns 1 --path /%0700d", V4, 0);
	start(words);
	first = opened_on(500, 600, 0);
	assert_int_equal(only().len, 500);
	say(100, first + 500, TCP_ACK, OK("5", "hello"));
	assert_int_equal(client.stats.n_responses, 1);
	assert_int_equal(client.out[client.n_out - 1].flags, TCP_RST | TCP_ACK);
	client.n_out = 0;
	finish();
}

static void the_server_closes(void **state)
{
	struct load_out request, fin;

	(void)state;
	start(V4 "--conns 1 --per-conn 1");
	request = opened();
	say(100, request.seq + request.len, TCP_ACK | TCP_FIN, OK("5", "hello"));
	fin = only();
	assert_int_equal(fin.flags, TCP_FIN | TCP_ACK);
	assert_int_equal(fin.ack, 101 + strlen(OK("5", "hello")));
	say(fin.ack, fin.seq + 1, TCP_ACK, "");
	assert_int_equal(only().flags, TCP_SYN); /* and the next one opens */
	assert_int_equal(client.conns[0].tuple, 1);
	finish();
}

#define HEAD_OF(version, connection)                                                               \
	"HTTP/" version " 200 OK\r\nContent-Length: 5\r\n" connection "\r\nhello"

/*
 * RFC 9112 section 9.6: a server may say with any answer that it is the last one. Twice each, since
 * a path's usual head is not read field by field.
 */
static void the_server_says_that_it_will_close(void **state)
{
	static const char *const last[] = {HEAD_OF("1.1", "Connection: close\r\n"),
		HEAD_OF("1.1", "connection:keep-alive , Close\r\n"), HEAD_OF("1.0", "")};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(last); i++) {
		struct load_out request, fin;
		uint32_t end = 100 + (uint32_t)strlen(last[i]);

		start(V4 "--conns 1");
		request = opened();
		for (uint32_t turn = 1; turn <= 2; turn++) {
			say(100, request.seq + request.len, TCP_ACK, last[i]);
			assert_int_equal(client.n_out, 0); /* no further request */
			say(end, request.seq + request.len, TCP_ACK | TCP_FIN, "");
			fin = only();
			assert_int_equal(fin.flags, TCP_FIN | TCP_ACK);
			say(end + 1, fin.seq + 1, TCP_ACK, "");
			request = accepted(only());
			assert_int_equal(client.stats.n_responses, turn);
		}
		assert_int_equal(client.stats.n_closed_early, 0);
		assert_int_equal(client.stats.n_requests, 3);
		finish();
	}
}

static void the_server_will_not_close(void **state)
{
	static const char *const more[] = {HEAD_OF("1.0", "Connection: Keep-Alive\r\n"),
		HEAD_OF("1.1", "Connection: x, closed, close-not\r\n"),
		HEAD_OF("1.1", "Connections: close\r\n")};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(more); i++) {
		struct load_out first;

		start(V4 "--conns 1");
		first = opened();
		say(100, first.seq + first.len, TCP_ACK, more[i]);
		assert_int_equal(only().len, first.len);
		finish();
	}
}

static void latency_counts_from_when_it_was_due(void **state)
{
	struct load_out syn, request;
	uint64_t due;

	(void)state;
	start(V4 "--conns 1 --rate 100");
	rs_client_open_next(&client);
	syn = only();
	say(99, syn.seq + 1, TCP_SYN | TCP_ACK, "");
	assert_int_equal(client.n_out, 0); /* nothing is due */
	due = client.now_tsc;
	rs_client_now(&client, due + 5 * (TSC_HZ / 1000));
	assert_true(rs_client_ask(&client, due));
	assert_false(rs_client_ask(&client, due)); /* its only connection is busy */
	request = only();
	rs_client_now(&client, client.now_tsc + 2 * (TSC_HZ / 1000));
	say(100, request.seq + request.len, TCP_ACK, OK("5", "hello"));
	assert_int_equal(client.stats.latency.max, 7 * (TSC_HZ / 1000));
	later(100);
	assert_int_equal(only().flags, TCP_ACK); /* nothing else took it along */
	finish();
}

static void resets_and_refusals(void **state)
{
	struct load_out request;

	(void)state;
	start(V4 "--conns 1");
	rs_client_open_next(&client);
	say(0, only().seq + 1, TCP_RST | TCP_ACK, "");
	assert_int_equal(client.stats.n_refused, 1);
	later(100);
	request = accepted(only());
	say(5, request.seq, TCP_RST, ""); /* not where it must be (RFC 5961) */
	assert_int_equal(client.stats.n_resets, 0);
	say(100, request.seq, TCP_RST, "");
	assert_int_equal(client.stats.n_resets, 1);
	assert_int_equal(client.n_established, 0);
	finish();
}

/* RFC 9293 section 3.10.7.3; figure 9 of section 3.5.1 has the whole conversation. */
static void ports_of_a_connection_of_before(void **state)
{
	struct load_out syn, rst;

	(void)state;
	start(V4 "--conns 1");
	rs_client_open_next(&client);
	syn = only();
	say(300, 5000, TCP_ACK, "");
	rst = only();
	assert_int_equal(rst.flags, TCP_RST);
	assert_int_equal(rst.seq, 5000);
	say(300, 5000, TCP_RST | TCP_ACK, ""); /* never an answer to a RST */
	say(300, syn.seq + 1, TCP_ACK, "");
	assert_int_equal(client.n_out, 0);
	assert_int_equal(client.stats.n_refused, 0);
	later(1100);
	assert_int_equal(client.n_out, 1);
	assert_int_equal(client.out[0].seq, syn.seq);
	accepted(only());
	finish();
}

#define TO_THE_END(body) "HTTP/1.0 200 OK\r\nDate: x\r\n\r\n" body

/* RFC 9112 section 6.3, rule 8: without a length, the answer ends with the connection … */
static void the_end_of_the_connection_ends_an_answer(void **state)
{
	static const char *const texts[] = {TO_THE_END("hello"), "HTTP/1.1 200 OK\r\n\r\nhello",
		TO_THE_END("hallo"), TO_THE_END("hell"), TO_THE_END("")};
	struct load_out request;

	(void)state;
	start(V4 "--conns 1");
	request = opened();
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(texts); i++) {
		uint32_t len = (uint32_t)strlen(texts[i]);
		struct load_out fin;

		for (uint32_t at = 0; at < len; at++) { /* byte by byte */
			char byte[2] = {texts[i][at]};

			say(100 + at, request.seq + request.len, TCP_ACK, byte);
			client.n_out = client.n_acks = 0;
		}
		assert_int_equal(client.stats.n_responses, i);
		say(100 + len, request.seq + request.len, TCP_ACK | TCP_FIN, "");
		assert_int_equal(client.stats.n_responses, i + 1);
		fin = only();
		assert_int_equal(fin.flags, TCP_FIN | TCP_ACK);
		say(101 + len, fin.seq + 1, TCP_ACK, "");
		request = accepted(only());
	}
	assert_int_equal(reader.body_bytes, 19);
	assert_int_equal(reader.n_wrong_length, 2); /* of the last two */
	assert_int_equal(reader.n_malformed, 0);
	assert_int_equal(client.stats.n_closed_early + client.stats.n_resets, 0);
	finish();
}

/* … in order, and no answer can follow. What has a length does not end so. */
static void ends_that_cut_an_answer_off(void **state)
{
	static const struct {
		const char *text;
		uint8_t flags;
		uint32_t n_responses, n_resets;
	} cases[] = {{TO_THE_END("hello"), TCP_FIN, 1, 0}, {TO_THE_END("hello"), TCP_RST, 0, 1},
		{"HTTP/1.0 200 OK\r\nDate: x\r\n", TCP_FIN, 0, 0},
		{OK("6", "hello"), TCP_FIN, 0, 0}, {CHUNKED("5\r\nhello\r\n"), TCP_FIN, 0, 0}};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		uint32_t len = (uint32_t)strlen(cases[i].text);

		for (uint32_t n = 1; n <= 2; n++) { /* with the last byte, or behind it */
			struct load_out request;

			start(V4 "--conns 1 --pipeline 2");
			request = opened();
			if (n == 2 || cases[i].flags == TCP_RST) {
				say(100, request.seq + request.len, TCP_ACK, cases[i].text);
				say(100 + len, request.seq + request.len, TCP_ACK | cases[i].flags,
					"");
			} else {
				say(100, request.seq + request.len, TCP_ACK | cases[i].flags,
					cases[i].text);
			}
			assert_int_equal(client.stats.n_responses, cases[i].n_responses);
			assert_int_equal(client.stats.n_resets, cases[i].n_resets);
			assert_int_equal(client.stats.n_closed_early, !cases[i].n_resets);
			assert_int_equal(client.n_established, 0);
			assert_int_equal(reader.n_malformed, 0);
			finish();
		}
	}
}

/* The n-th connection's SYN-ACK, or an answer to it. */
static void say_to(uint32_t slot, uint32_t seq, uint8_t flags, const char *text)
{
	struct load_conn *conn = &client.conns[slot];
	struct load_seg seg = {
		.seq = seq,
		.ack = conn->snd_nxt,
		.flags = flags,
		.data = (const uint8_t *)text,
		.len = (uint32_t)strlen(text),
		.tuple = conn->tuple,
	};

	rs_client_input(&client, &seg);
}

/* Closed loop: however many connections there are, requests wait outside the frames' queue. */
static void requests_wait_for_room(void **state)
{
	uint64_t due;

	(void)state;
	start(V4 "--conns 3");
	client.is_full = true;
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(rs_client_open_next(&client));
		assert_int_equal(only().flags, TCP_SYN);
		say_to(i, 99, TCP_SYN | TCP_ACK, "");
		assert_int_equal(client.n_out, 0);
	}
	assert_int_equal(client.n_established, 3);
	assert_int_equal(rs_client_n_missing(&client), 0);
	due = client.now_tsc;
	later(100); /* only the acknowledgement of the first one: nobody else was looked at */
	assert_int_equal(only().len, 0);

	client.is_full = false;
	assert_true(rs_client_ask_next(&client));
	assert_int_equal(only().tuple, 0);
	/* The next answer's request has to wait behind the others. */
	say_to(0, 100, TCP_ACK, OK("5", "hello"));
	assert_int_equal(client.n_out, 0);
	assert_int_equal(client.stats.latency.max, client.now_tsc - due);
	for (uint32_t i = 1; i < 4; i++) {
		assert_true(rs_client_ask_next(&client));
		assert_int_equal(only().tuple, i % 3);
	}
	assert_false(rs_client_ask_next(&client));
	say_to(1, 100, TCP_ACK, OK("5", "hello"));
	assert_true(only().len > 0); /* at once: nobody waits */
	finish();
}

/* Those that end while they wait open again in their turn, and not by the way. */
static void openings_wait_for_room(void **state)
{
	(void)state;
	start(V4 "--conns 2 --per-conn 5");
	client.is_full = true;
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(rs_client_open_next(&client));
		only();
		say_to(i, 99, TCP_SYN | TCP_ACK, "");
	}
	say_to(0, 100, TCP_RST, "");
	say_to(1, 100, TCP_FIN | TCP_ACK, "");
	assert_int_equal(only().flags, TCP_FIN | TCP_ACK);
	say_to(1, 101, TCP_ACK, "");
	rs_client_scan(&client, 2, 0);
	assert_int_equal(client.n_out, 0);
	client.is_full = false;
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(rs_client_ask_next(&client));
		assert_int_equal(only().flags, TCP_SYN);
	}
	assert_false(rs_client_ask_next(&client));
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(requests),
		cmocka_unit_test(rare_paths),
		cmocka_unit_test(paces),
		cmocka_unit_test(answers),
		cmocka_unit_test(blanks_round_a_length),
		cmocka_unit_test(answers_in_chunks),
		cmocka_unit_test(wrong_chunks),
		cmocka_unit_test(no_chunks),
		cmocka_unit_test(wrong_answers),
		cmocka_unit_test(errors_are_no_truth),
		cmocka_unit_test(lengths_without_bodies),
		cmocka_unit_test(frames),
		cmocka_unit_test(strangers),
		cmocka_unit_test(what_turns_tell),
		cmocka_unit_test(signals_ask_for_the_end),
		cmocka_unit_test(keep_alive),
		cmocka_unit_test(chunks_of_a_connection),
		cmocka_unit_test(what_is_lost_is_sent_again),
		cmocka_unit_test(what_is_acknowledged_stays),
		cmocka_unit_test(resends_back_off),
		cmocka_unit_test(timestamps_go_on),
		cmocka_unit_test(segments_as_the_server_wants_them),
		cmocka_unit_test(the_window_is_heeded),
		cmocka_unit_test(answers_to_half_a_request),
		cmocka_unit_test(the_server_closes),
		cmocka_unit_test(the_server_says_that_it_will_close),
		cmocka_unit_test(the_server_will_not_close),
		cmocka_unit_test(the_end_of_the_connection_ends_an_answer),
		cmocka_unit_test(ends_that_cut_an_answer_off),
		cmocka_unit_test(latency_counts_from_when_it_was_due),
		cmocka_unit_test(resets_and_refusals),
		cmocka_unit_test(ports_of_a_connection_of_before),
		cmocka_unit_test(requests_wait_for_room),
		cmocka_unit_test(openings_wait_for_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
