/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request_path MODE ROUNDS [CONNS]: the whole of a net core's work, from a frame received to a
 * frame to be sent, without a port: the stage stands between two joints of its own. Prints TSC
 * cycles a request. Under callgrind only the stage's turns are collected; perf/instructions counts
 * them.
 *
 *     keepalive     a round is one GET of 64 bytes on each of CONNS connections (64)
 *     page          the same with one page of 724 bytes
 *     pages         with a thousand pages of 224 to 1,223 bytes, in no order
 *     pipelined     a round is 16 GETs of 64 bytes at once on each
 *     connections   a round is a connection for each: SYN, GET with Connection: close, FIN
 *     syns          a round is a SYN on each, all answered with cookies
 *     bulk          a round is one GET of 13,000 bytes on each: ten frames
 *     pointed       the same, on a port that is pointed to bodies
 *     FORM          a round is a request as a client sends it, on each: see forms.c
 *
 * "request_path forms" lists the forms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <valgrind/callgrind.h>

#include "forms.h"
#include "stage_rig.h"
#include "wire/tcp_parse.h"

#define MAX_CONNS  1024
#define FIRST_PORT 2000
#define BURST      32
#define BULK_BURST 16 /* whose answers are what a turn can write */
#define STEP_US    10
#define N_PAGES    1000
#define FIRST_PAGE 224 /* bytes; each is larger by one than the one before */
#define PAGE_BYTES (FIRST_PAGE + N_PAGES / 2)
#define PIPELINED  16

struct peer_conn {
	uint32_t seq, ack;
	uint32_t answer_left;
	uint16_t port;
	bool fin; /* the server has closed */
};

struct run {
	struct rig rig;
	struct peer_conn conns[MAX_CONNS];
	uint32_t n_conns;
	uint32_t burst;
	const char *replied; /* the status of answers */
	bool bodiless;       /* they have none, whatever they say of it */
	bool is_pipelined;   /* several answers may stand in a segment: so many bytes, of so many */
	uint64_t pipelined_bytes;
	uint32_t one_bytes;
	uint64_t cycles;
	uint64_t n_answers;
	uint64_t n_syn_acks;
};

/* The stage takes what the peer has put there; this is what is measured. */
static void turn(struct run *run)
{
	uint64_t before;

	run->rig.now_us += STEP_US;
	before = rte_rdtsc();
	CALLGRIND_TOGGLE_COLLECT;
	rs_stage_net_turn(run->rig.net, run->rig.now_us);
	CALLGRIND_TOGGLE_COLLECT;
	run->cycles += rte_rdtsc() - before;
}

/* The bytes of an answer that begins with this segment, which has all of its head. */
static uint32_t answer_bytes(const struct run *run, const uint8_t *data, uint32_t len)
{
	static const char name[] = "\r\nContent-Length: ";
	const uint8_t *end = memmem(data, len, "\r\n\r\n", 4);
	const uint8_t *length = memmem(data, len, name, sizeof(name) - 1);
	uint32_t body_bytes = 0;

	RIG_CHECK(end && !memcmp(data, "HTTP/1.1 ", 9) && !memcmp(data + 9, run->replied, 3));
	if (length && !run->bodiless)
		body_bytes = (uint32_t)strtoul((const char *)length + sizeof(name) - 1, NULL, 10);
	return (uint32_t)(end - data) + 4 + body_bytes;
}

/* One answer after the other, or, pipelined, as many as its bytes come to: all are alike. */
static void count_answers(struct run *run, struct peer_conn *c, const struct tcp_seg *seg)
{
	if (!c->answer_left && (!run->is_pipelined || !run->pipelined_bytes))
		c->answer_left = answer_bytes(run, seg->data, seg->len);
	if (run->is_pipelined) {
		run->one_bytes = rs_max_u32(run->one_bytes, c->answer_left);
		run->pipelined_bytes += seg->len;
		c->answer_left = 0;
		return;
	}
	RIG_CHECK(seg->len <= c->answer_left);
	c->answer_left -= seg->len;
	run->n_answers += !c->answer_left;
}

/* The peer reads what the stage has sent: sequence numbers go on, answers are checked. */
static void hear(struct run *run)
{
	struct rig *r = &run->rig;

	for (uint32_t i = 0; i < r->n_sent; i++) {
		uint8_t room[2048];
		const uint8_t *frame = rte_pktmbuf_read(r->sent[i], 0, r->sent[i]->pkt_len, room);
		struct tcp_seg seg;
		struct pkt pkt;
		struct peer_conn *c;

		RIG_CHECK(rs_wire_parse(&r->peer, frame, r->sent[i]->pkt_len, 0, &pkt) == WIRE_OK);
		RIG_CHECK(rs_wire_parse_tcp(&pkt, &seg) == WIRE_OK);
		c = &run->conns[(uint32_t)(seg.key.local_port - FIRST_PORT) % run->n_conns];
		RIG_CHECK(c->port == seg.key.local_port && !(seg.flags & TCP_RST));
		if (seg.len)
			count_answers(run, c, &seg);
		run->n_syn_acks += (seg.flags & TCP_SYN) != 0;
		c->ack = seg.seq + rs_tcp_seq_len(seg.len, seg.flags);
		c->fin |= seg.flags & TCP_FIN;
	}
	rig_drop_sent(r);
}

static void say(struct run *run, uint32_t i, uint8_t flags, const char *text)
{
	struct peer_conn *c = &run->conns[i];

	rig_put(&run->rig, c->port, c->seq, c->ack, flags, text);
	c->seq += rs_tcp_seq_len((uint32_t)strlen(text), flags);
	if (run->rig.n_next == run->burst || i + 1 == run->n_conns) {
		turn(run);
		hear(run);
	}
}

/* The same segment on all connections, burst by burst. */
static void say_all(struct run *run, uint8_t flags, const char *text)
{
	for (uint32_t i = 0; i < run->n_conns; i++)
		say(run, i, flags, text);
}

static void ask(struct run *run, uint32_t i, uint32_t body_bytes, const char *fields)
{
	char request[128];

	snprintf(request, sizeof(request), "GET /bytes/%u HTTP/1.1\r\nHost: 10.99.0.2\r\n%s\r\n",
		body_bytes, fields);
	say(run, i, TCP_ACK | TCP_PSH, request);
}

static void open_all(struct run *run, uint32_t round)
{
	for (uint32_t i = 0; i < run->n_conns; i++)
		run->conns[i] = (struct peer_conn){
			.port = (uint16_t)(FIRST_PORT + i + round % 8 * run->n_conns),
			.seq = round * 100000,
		};
	say_all(run, TCP_SYN, "");
}

/* Connections that stand, before anything is measured. */
static void stand(struct run *run)
{
	open_all(run, 0);
	say_all(run, TCP_ACK, "");
	run->cycles = 0;
	CALLGRIND_ZERO_STATS;
}

/* body_bytes: of every answer; 0: of a thousand, in no order. */
static void keepalive(struct run *run, uint32_t n_rounds, uint32_t body_bytes)
{
	uint32_t seed = 1;

	stand(run);
	for (uint32_t round = 0; round < n_rounds; round++) {
		for (uint32_t i = 0; i < run->n_conns; i++) {
			seed = seed * 1664525 + 1013904223;
			ask(run, i, body_bytes ? body_bytes : FIRST_PAGE + (seed >> 8) % N_PAGES,
				"");
		}
	}
}

/* An answer each counts as one of PIPELINED. */
static void pipelined(struct run *run, uint32_t n_rounds)
{
	static const char request[] = "GET /bytes/64 HTTP/1.1\r\nHost: 10.99.0.2\r\n\r\n";
	char text[PIPELINED * sizeof(request)] = "";

	for (uint32_t i = 0; i < PIPELINED; i++)
		strcat(text, request);
	run->is_pipelined = true;
	stand(run);
	for (uint32_t round = 0; round < n_rounds; round++)
		say_all(run, TCP_ACK | TCP_PSH, text);
	RIG_CHECK(run->pipelined_bytes % (PIPELINED * run->one_bytes) == 0);
	run->n_answers = run->pipelined_bytes / (PIPELINED * run->one_bytes);
}

/* The segment of connection i's request that begins at byte at. */
static void say_piece(struct run *run, const struct form *form, uint32_t i, uint32_t at)
{
	char text[FORM_MAX_BYTES];

	form_write(form, i, text);
	if (!at && form->kind == FORM_SPLIT)
		text[FORM_SPLIT_AT] = '\0';
	say(run, i, TCP_ACK | TCP_PSH, text + at);
}

static void requests(struct run *run, uint32_t n_rounds, const struct form *form)
{
	run->replied = form->replied;
	run->bodiless = memcmp(form->line, "HEAD ", 5) == 0;
	stand(run);
	for (uint32_t round = 0; round < n_rounds; round++) {
		for (uint32_t i = 0; i < run->n_conns; i++) {
			say_piece(run, form, i, 0);
			if (form->kind == FORM_SPLIT)
				say_piece(run, form, i, FORM_SPLIT_AT);
		}
		forms_site_tick(run->rig.now_us);
	}
}

static void connections(struct run *run, uint32_t n_rounds)
{
	for (uint32_t round = 1; round <= n_rounds; round++) {
		open_all(run, round);
		for (uint32_t i = 0; i < run->n_conns; i++)
			ask(run, i, 64, "Connection: close\r\n");
		for (uint32_t i = 0; i < run->n_conns; i++)
			RIG_CHECK(run->conns[i].fin);
		say_all(run, TCP_ACK | TCP_FIN, "");
	}
}

static void syns(struct run *run, uint32_t n_rounds)
{
	run->rig.tcp.syn_backlog = 0;
	for (uint32_t round = 1; round <= n_rounds; round++)
		open_all(run, round);
	run->n_answers = run->n_syn_acks;
}

struct mode {
	const char *name;
	uint32_t body_bytes; /* 0: a thousand pages */
	uint32_t burst;
	uint32_t point_bytes; /* 0: all is copied */
};

static const struct mode modes[] = {
	{"keepalive", 64, BURST, 0},
	{"page", PAGE_BYTES, BURST, 0},
	{"pages", 0, BURST, 0},
	{"bulk", 13000, BULK_BURST, 0},
	{"pointed", 13000, BULK_BURST, 1024},
	{"pipelined", 64, BURST, 0},
	{"connections", 64, BURST, 0},
	{"syns", 0, BURST, 0},
};

static const struct mode *find_mode(const char *name)
{
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(modes); i++) {
		if (strcmp(name, modes[i].name) == 0)
			return &modes[i];
	}
	return NULL;
}

static int usage(void)
{
	fprintf(stderr,
		"request_path forms, or request_path "
		"keepalive|page|pages|bulk|pointed|pipelined|connections|syns|FORM ROUNDS "
		"[CONNS, at most %d]\n",
		MAX_CONNS);
	return 2;
}

static void run_mode(struct run *run, const struct mode *mode, uint32_t n_rounds)
{
	run->burst = mode->burst;
	if (mode->point_bytes)
		rig_point(&run->rig, mode->point_bytes);
	if (strcmp(mode->name, "connections") == 0)
		connections(run, n_rounds);
	else if (strcmp(mode->name, "pipelined") == 0)
		pipelined(run, n_rounds);
	else if (strcmp(mode->name, "syns") == 0)
		syns(run, n_rounds);
	else
		keepalive(run, n_rounds, mode->body_bytes);
}

int main(int argc, char **argv)
{
	static struct run run = {.burst = BURST, .replied = "200"};
	const char *name = argc > 1 ? argv[1] : "";
	const struct mode *mode = find_mode(name);
	const struct form *form = form_named(name);
	uint32_t n_rounds = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;

	if (strcmp(name, "forms") == 0) {
		forms_list();
		return 0;
	}
	run.n_conns = argc > 3 ? (uint32_t)atoi(argv[3]) : 64;
	if ((!mode && !form) || !n_rounds || !run.n_conns || run.n_conns > MAX_CONNS)
		return usage();
	rig_start("path");
	rig_init(&run.rig, false, false, 2 * run.n_conns);
	if (form) {
		forms_site_open(&run.rig, form);
		requests(&run, n_rounds, form);
	} else {
		run_mode(&run, mode, n_rounds);
	}
	RIG_CHECK(run.n_answers == (uint64_t)n_rounds * run.n_conns);
	printf("%s: %.1f TSC cycles a request\n", name, (double)run.cycles / (double)run.n_answers);
	if (form)
		forms_site_fini(&run.rig);
	else
		rig_fini(&run.rig);
	return 0;
}
