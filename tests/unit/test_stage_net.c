/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net stage between two joints of the test's own: frames in, frames out, on a port that does
 * what no port of a test machine does: checksums and segmentation in hardware.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "stage_rig.h"
#include "wire/neighbour.h"
#include "wire/tcp_parse.h"
#include "wire_frames.h"

#define BODY 100000u

static uint32_t seq, ack; /* of the peer */

/* A segment of the peer's, and the turn that takes it. */
static void say(struct rig *r, uint8_t flags, const char *text)
{
	rig_put(r, 1000, seq, ack, flags, text);
	seq += rs_tcp_seq_len((uint32_t)strlen(text), flags);
	r->now_us += 100;
	rs_stage_net_turn(r->net, r->now_us);
}

/* Parses frame i, as one flat copy; the checksum counts only where it is ours to fill in. */
static struct tcp_seg heard(struct rig *r, uint32_t i, uint8_t **flat)
{
	uint32_t flags = r->port.tx_tcp_csum ? WIRE_IP_CSUM_GOOD | WIRE_L4_CSUM_GOOD : 0;
	uint32_t len = r->sent[i]->pkt_len;
	struct tcp_seg seg;
	struct pkt pkt;
	const void *bytes;

	*flat = malloc(len);
	bytes = rte_pktmbuf_read(r->sent[i], 0, len, *flat);
	if (bytes != *flat)
		memcpy(*flat, bytes, len);
	assert_int_equal(rs_wire_parse(&r->peer, *flat, len, flags, &pkt), WIRE_OK);
	assert_int_equal(rs_wire_parse_tcp(&pkt, &seg), WIRE_OK);
	return seg;
}

static void open_conn(struct rig *r)
{
	struct tcp_seg seg;
	uint8_t *flat;

	seq = 500;
	say(r, TCP_SYN, "");
	assert_int_equal(r->n_sent, 1);
	seg = heard(r, 0, &flat);
	assert_int_equal(seg.flags, TCP_SYN | TCP_ACK);
	assert_int_equal(seg.ack, 501);
	ack = seg.seq + 1;
	free(flat);
	rig_drop_sent(r);
	say(r, TCP_ACK, "");
}

static void open_and_ask(struct rig *r)
{
	open_conn(r);
	say(r, TCP_ACK | TCP_PSH, "GET /bytes/100000 HTTP/1.1\r\nHost: test\r\n\r\n");
}

/* Reads the whole answer, acknowledging as it comes; returns the longest payload of one frame. */
static uint32_t read_answer(struct rig *r)
{
	static uint8_t answer[BODY + 1000];
	uint32_t n = 0, longest = 0, head;

	for (uint32_t round = 0; round < 200 && n < BODY; round++) {
		for (uint32_t i = 0; i < r->n_sent; i++) {
			uint8_t *flat;
			struct tcp_seg seg = heard(r, i, &flat);

			assert_int_equal(seg.seq, ack);
			assert_true(n + seg.len <= sizeof(answer));
			memcpy(answer + n, seg.data, seg.len);
			n += seg.len;
			ack += seg.len;
			longest = rs_max_u32(longest, seg.len);
			if (seg.len > 1460) {
				assert_true(r->sent[i]->ol_flags & RTE_MBUF_F_TX_TCP_SEG);
				assert_int_equal(r->sent[i]->tso_segsz, r->ipv6 ? 1440 : 1460);
				assert_true(r->sent[i]->nb_segs > 1);
			}
			if (r->port.tx_tcp_csum) {
				assert_int_equal(r->sent[i]->l2_len, 14);
				assert_int_equal(r->sent[i]->l3_len, r->ipv6 ? 40 : 20);
				assert_int_equal(r->sent[i]->l4_len, 20);
				assert_true(r->sent[i]->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM);
			}
			free(flat);
		}
		rig_drop_sent(r);
		say(r, TCP_ACK, "");
	}
	rig_drop_sent(r);
	answer[n] = 0;
	assert_memory_equal(answer, "HTTP/1.1 200 OK\r\n", 17);
	head = (uint32_t)((const uint8_t *)strstr((const char *)answer, "\r\n\r\n") - answer) + 4;
	assert_int_equal(n - head, BODY);
	for (uint32_t i = 0; i < BODY; i++)
		assert_int_equal(answer[head + i], i % 251);
	return longest;
}

static void download(bool ipv6, bool offloads)
{
	struct rig r;
	uint32_t longest;

	rig_init(&r, ipv6, offloads, 16);
	open_and_ask(&r);
	longest = read_answer(&r);
	if (offloads)
		assert_true(longest > 10000); /* the port has something to cut */
	else
		assert_int_equal(longest, ipv6 ? 1440 : 1460);
	rig_fini(&r);
}

static void software(void **state)
{
	(void)state;
	download(false, false);
	download(true, false);
}

static void hardware(void **state)
{
	(void)state;
	download(false, true);
	download(true, true);
}

/* Both are looked up before either is taken: the second is found all the same. */
static void syn_comes_twice_in_a_burst(void **state)
{
	uint32_t isn[2];
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	rig_put(&r, 1000, 500, 0, TCP_SYN, "");
	rig_put(&r, 1000, 500, 0, TCP_SYN, "");
	rs_stage_net_turn(r.net, r.now_us += 100);
	assert_int_equal(r.n_sent, 2);
	for (uint32_t i = 0; i < 2; i++) {
		uint8_t *flat;
		struct tcp_seg seg = heard(&r, i, &flat);

		assert_int_equal(seg.flags, TCP_SYN | TCP_ACK);
		isn[i] = seg.seq;
		free(flat);
	}
	assert_int_equal(isn[0], isn[1]);
	assert_int_equal(rs_tcp_n_conns(&r.net->tcp, true), 1);
	rig_drop_sent(&r);
	rig_fini(&r);
}

#define TWO_REQUESTS                                                                               \
	"GET /bytes/100000 HTTP/1.1\r\nHost: test\r\n\r\n"                                         \
	"GET /bytes/100000 HTTP/1.1\r\nHost: test\r\n\r\n"

/* What makes room for the second answer brings the beginning of a third request. */
static void acknowledgements_with_data(void **state)
{
	uint32_t n = 0;
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	open_conn(&r);
	say(&r, TCP_ACK | TCP_PSH, TWO_REQUESTS);
	assert_true(r.net->http_conns[r.net->found[0]].blocked);
	for (uint32_t round = 0; round < 200 && r.n_sent; round++) {
		for (uint32_t i = 0; i < r.n_sent; i++) {
			uint8_t *flat;
			struct tcp_seg seg = heard(&r, i, &flat);

			n += seg.len;
			ack = seg.seq + seg.len;
			free(flat);
		}
		rig_drop_sent(&r);
		if (n < 2 * BODY)
			say(&r, TCP_ACK, "G");
	}
	assert_true(n > 2 * BODY);
	rig_fini(&r);
}

/* Takes what was sent, in order; returns its bytes. */
static uint32_t take_sent(struct rig *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n_sent; i++) {
		uint8_t *flat;
		struct tcp_seg seg = heard(r, i, &flat);

		assert_int_equal(seg.seq, ack);
		ack += seg.len;
		n += seg.len;
		free(flat);
	}
	rig_drop_sent(r);
	return n;
}

/* As many answers go out at a time as the congestion window lets, ten segments at first (RFC 6928),
 * be their bodies copied or not. */
static void pipelined_answers_fill_the_window(void **state)
{
	static const char *const paths[] = {"/bytes/1300", "/bytes/3000"};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(paths); i++) {
		uint32_t n_again, n = 0;
		char requests[1400];
		struct rig r;

		for (uint32_t k = 0; k < 20; k++)
			n += (uint32_t)snprintf(requests + n, sizeof(requests) - n,
				"GET %s HTTP/1.1\r\nHost: test\r\n\r\n", paths[i]);
		rig_init(&r, false, false, 2048);
		open_conn(&r);
		say(&r, TCP_ACK | TCP_PSH, requests);
		n = take_sent(&r);
		assert_int_equal(n, 10 * 1460);
		do {
			say(&r, TCP_ACK, "");
			n_again = take_sent(&r);
			n += n_again;
		} while (n_again);
		assert_true(n > 20 * strtoul(paths[i] + strlen("/bytes/"), NULL, 10));
		assert_int_equal(r.net->web.env.counters[HTTP_C_REPLIES_2XX], 20);
		assert_false(r.net->http_conns[r.net->found[0]].blocked);
		rig_fini(&r);
	}
}

/*
 * Frames run out: one answer goes out in the frame that its question came in, the others are lost,
 * and our timers bring them back.
 */
static void no_frames(void **state)
{
	struct rte_mbuf *taken[N_MBUFS];
	uint32_t n = 0;
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	open_conn(&r);
	while (rte_mempool_avail_count(r.mbufs) > 1)
		taken[n++] = rte_pktmbuf_alloc(r.mbufs);
	say(&r, TCP_ACK | TCP_PSH, "GET /bytes/100000 HTTP/1.1\r\nHost: test\r\n\r\n");
	assert_int_equal(r.n_sent, 1);
	assert_int_equal(r.net->counters[NET_C_DROP_NO_MBUF], 9); /* of an initial window of ten */
	rte_pktmbuf_free_bulk(taken, n);
	rig_drop_sent(&r);
	for (uint32_t ms = 0; ms < 1500 && !r.n_sent; ms++)
		rs_stage_net_turn(r.net, r.now_us += 1000);
	assert_int_equal(r.n_sent, 1);
	rig_fini(&r);
}

struct client {
	uint16_t port;
	uint32_t seq, ack;
};

static void client_say(struct rig *r, struct client *c, uint8_t flags, const char *text)
{
	rig_put(r, c->port, c->seq, c->ack, flags, text);
	c->seq += rs_tcp_seq_len((uint32_t)strlen(text), flags);
	rs_stage_net_turn(r->net, r->now_us += 100);
}

static void client_open(struct rig *r, struct client *c)
{
	uint8_t *flat;

	c->seq = 500;
	client_say(r, c, TCP_SYN, "");
	c->ack = heard(r, 0, &flat).seq + 1;
	free(flat);
	rig_drop_sent(r);
	client_say(r, c, TCP_ACK, "");
}

/* The more clients pipeline and do not read, the less memory each of them gets. */
static void pipelined_answers_leave_memory(void **state)
{
	const struct chunk_pool *chunks;
	char requests[1400];
	uint32_t n = 0;
	struct rig r;

	(void)state;
	for (uint32_t k = 0; k < 30; k++)
		n += (uint32_t)snprintf(requests + n, sizeof(requests) - n,
			"GET /bytes/1300 HTTP/1.1\r\nHost: test\r\n\r\n");
	rig_init(&r, false, false, 2048);
	chunks = &r.net->web.chunks;
	for (uint16_t i = 0; i < 100; i++) {
		struct client c = {.port = (uint16_t)(1000 + i)};

		client_open(&r, &c);
		for (uint32_t k = 0; k < 5; k++) {
			client_say(&r, &c, TCP_ACK | TCP_PSH, requests);
			rig_drop_sent(&r);
		}
	}
	assert_true(chunks->n_free > chunks->n_total / 2);
	for (uint16_t i = 0; i < 100; i++) {
		rig_put(&r, (uint16_t)(1000 + i), 501 + 5 * n, 0, TCP_RST, "");
		rs_stage_net_turn(r.net, r.now_us += 100);
	}
	rig_fini(&r);
}

/* One client opens and asks; the payload of the one frame that answers, NUL at its end. */
static char *client_ask(struct rig *r, struct client *c, const char *path)
{
	struct tcp_seg seg;
	char request[200], *reply;
	uint8_t *flat;

	client_open(r, c);
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
	client_say(r, c, TCP_ACK | TCP_PSH, request);
	assert_int_equal(r->n_sent, 1);
	seg = heard(r, 0, &flat);
	assert_int_equal(seg.seq, c->ack);
	reply = calloc(1, seg.len + 1);
	memcpy(reply, seg.data, seg.len);
	free(flat);
	rig_drop_sent(r);
	return reply;
}

/* It has arrived after all. */
static void client_thanks(struct rig *r, struct client *c, uint32_t n)
{
	c->ack += n;
	client_say(r, c, TCP_ACK, "");
	assert_int_equal(r->n_sent, 0);
}

/* Every frame that is sent within these ms is reply once more, to one of two clients. */
static void expect_again(
	struct rig *r, const struct client *two, uint32_t ms, const char *reply, uint32_t *n_again)
{
	while (ms--) {
		rs_stage_net_turn(r->net, r->now_us += 1000);
		for (uint32_t i = 0; i < r->n_sent; i++) {
			uint8_t *flat;
			struct tcp_seg seg = heard(r, i, &flat);
			uint32_t which = (uint32_t)(seg.key.local_port - two[0].port);

			assert_true(which < 2);
			assert_int_equal(seg.seq, two[which].ack);
			assert_int_equal(seg.len, strlen(reply));
			assert_memory_equal(seg.data, reply, seg.len);
			n_again[which]++;
			free(flat);
		}
		rig_drop_sent(r);
	}
}

/*
 * A reply that many share is lost on its way to two of them. The others have got it and are done,
 * the second has passed and its place is taken; what goes out again is the same, byte for byte.
 */
static void shared_reply_goes_again(void **state)
{
	struct client c[7] = {0};
	uint32_t n_again[2] = {0};
	char *first, *other;
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(c); i++)
		c[i].port = (uint16_t)(1000 + i);
	rs_stage_net_turn(r.net, r.now_us += 100);
	r.net->web.date_due_us = r.now_us + 1000000; /* wherever the wall clock's second ends */
	first = client_ask(&r, &c[0], "/hello/shared");
	for (uint32_t i = 1; i < 4; i++) {
		other = client_ask(&r, &c[i], "/hello/shared");
		assert_string_equal(other, first);
		free(other);
	}
	assert_int_equal(r.net->web.counters[HTTP_C_REPEATED], 3);
	client_thanks(&r, &c[0], (uint32_t)strlen(first));
	client_thanks(&r, &c[3], (uint32_t)strlen(first));
	r.net->web.date_due_us = r.now_us; /* the next one */
	for (uint32_t i = 4; i < 7; i++) {
		other = client_ask(&r, &c[i], i == 4 ? "/hello/shared" : "/hello/another");
		client_thanks(&r, &c[i], (uint32_t)strlen(other));
		free(other);
	}
	expect_again(&r, &c[1], 1000, first, n_again);
	assert_true(n_again[0] >= 2 && n_again[1] >= 2); /* after 200 and 600 ms */
	client_thanks(&r, &c[1], (uint32_t)strlen(first));
	client_say(&r, &c[2], TCP_RST, "");
	assert_int_equal(r.net->tcp.n_conns, 6);
	free(first);
	rig_fini(&r);
}

/* The client is idle when the process begins to drain. */
static void drain_behind_an_answer(struct rig *r, struct client *c)
{
	char *reply = client_ask(r, c, "/hello/a");

	client_thanks(r, c, (uint32_t)strlen(reply));
	free(reply);
	r->http.drain = HTTP_DRAINS;
	rs_stage_net_turn(r->net, r->now_us += 100);
}

/* Who sends a request piece by piece, each when the last one is acknowledged (RFC 896), is not made
 * to wait for it; one piece behind the other brings one ACK, and the last of them the answer. */
static void what_is_not_whole_is_acknowledged_at_once(void **state)
{
	struct client c = {.port = 1000};
	struct tcp_seg seg;
	uint8_t *flat;
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	client_open(&r, &c);
	client_say(&r, &c, TCP_ACK | TCP_PSH, "GET /hello/a HT");
	assert_int_equal(r.n_sent, 1);
	seg = heard(&r, 0, &flat);
	assert_int_equal(seg.len, 0);
	assert_int_equal(seg.ack, c.seq);
	free(flat);
	rig_drop_sent(&r);
	client_say(&r, &c, TCP_ACK | TCP_PSH, "TP/1.1\r\nHost: test\r\n\r\n");
	assert_int_equal(r.n_sent, 1);
	seg = heard(&r, 0, &flat);
	assert_memory_equal(seg.data, "HTTP/1.1 200 ", 13);
	free(flat);
	rig_drop_sent(&r);
	client_thanks(&r, &c, seg.len);
	client_say(&r, &c, TCP_ACK | TCP_PSH,
		"POST /hello/a HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nx");
	assert_int_equal(r.n_sent, 1);
	seg = heard(&r, 0, &flat);
	assert_int_equal(seg.len, 0);
	assert_int_equal(seg.ack, c.seq);
	free(flat);
	rig_drop_sent(&r);
	rig_fini(&r);
}

/* Two clients have connected, and their first requests are on their way: only one comes in time. */
static void drain_waits_for_first_requests(void **state)
{
	struct client c[] = {{.port = 1000}, {.port = 1001}};
	struct tcp_seg seg;
	uint8_t *flat;
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	client_open(&r, &c[0]);
	client_open(&r, &c[1]);
	r.http.drain = HTTP_DRAINS;
	rs_stage_net_turn(r.net, r.now_us += 100);
	assert_int_equal(r.n_sent, 0);
	client_say(&r, &c[0], TCP_ACK | TCP_PSH, "GET /hello/a HTTP/1.1\r\nHost: test\r\n\r\n");
	assert_int_equal(r.n_sent, 1);
	seg = heard(&r, 0, &flat);
	assert_true(seg.flags & TCP_FIN);
	assert_memory_equal(seg.data, "HTTP/1.1 200 ", 13);
	free(flat);
	rig_drop_sent(&r);
	r.http.drain = HTTP_DRAINS_SILENT;
	rs_stage_net_turn(r.net, r.now_us += 100);
	assert_int_equal(r.n_sent, 1);
	seg = heard(&r, 0, &flat);
	assert_int_equal(seg.flags & TCP_FIN, TCP_FIN);
	assert_int_equal(seg.seq, c[1].ack);
	free(flat);
	rig_drop_sent(&r);
	rig_fini(&r);
}

/*
 * While the process drains, an idle connection is closed, and the client's next request crosses our
 * FIN: there is no answer behind a FIN. What the client gets is acknowledged and dropped.
 */
static void request_crosses_the_fin_of_a_drain(void **state)
{
	struct client c = {.port = 1000};
	struct tcp_seg seg;
	uint8_t *flat;
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	drain_behind_an_answer(&r, &c);
	assert_int_equal(r.n_sent, 1);
	seg = heard(&r, 0, &flat);
	assert_int_equal(seg.flags & TCP_FIN, TCP_FIN);
	assert_int_equal(seg.seq, c.ack);
	free(flat);
	rig_drop_sent(&r);

	client_say(&r, &c, TCP_ACK | TCP_PSH, "GET /hello/b HTTP/1.1\r\nHost: test\r\n\r\n");
	for (uint32_t ms = 0; ms < 100; ms++)
		rs_stage_net_turn(r.net, r.now_us += 1000);
	for (uint32_t i = 0; i < r.n_sent; i++) {
		seg = heard(&r, i, &flat);
		assert_int_equal(seg.len, 0);
		free(flat);
	}
	rig_drop_sent(&r);
	assert_int_equal(r.net->web.counters[HTTP_C_REPLIES_2XX], 1);
	c.ack++;
	client_say(&r, &c, TCP_FIN | TCP_ACK, "");
	assert_int_equal(r.net->tcp.n_conns, 0);
	rig_fini(&r);
}

/* Whose client does not close in return is waited for as long as for any other. */
static void drain_waits_for_no_client(void **state)
{
	struct client c = {.port = 1000};
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	drain_behind_an_answer(&r, &c);
	rig_drop_sent(&r);
	c.ack++;
	client_say(&r, &c, TCP_ACK, "");
	for (uint32_t ms = 0; ms < r.http.linger_timeout_us / 1000 + 10; ms++)
		rs_stage_net_turn(r.net, r.now_us += 1000);
	assert_int_equal(r.net->tcp.n_conns, 0);
	assert_int_equal(r.net->web.counters[HTTP_C_LINGER_TIMEOUT], 1);
	rig_fini(&r);
}

/* Who has room for a million connections must not go to sleep over each 64 of them. */
static void drain_looks_at_all_in_a_row(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 300);
	r.http.drain = HTTP_DRAINS;
	for (uint32_t n = 0; n < 300; n += NET_BURST)
		assert_int_not_equal(rs_stage_net_turn(r.net, r.now_us += 10), 0);
	assert_int_equal(rs_stage_net_turn(r.net, r.now_us += 10), 0);
	rig_fini(&r);
}

/*
 * Four requests wait for their rest in all the buffers that there are. The fifth takes that of the
 * first, which gets 503; and when the second has had its answer, the sixth takes nobody's.
 */
static void slow_request_gives_up_its_buffer(void **state)
{
	static const char half[] =
		"POST /hello/a HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nx";
	struct client c[6];
	struct tcp_seg seg;
	uint8_t *flat;
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(c); i++) {
		c[i] = (struct client){.port = (uint16_t)(1000 + i)};
		client_open(&r, &c[i]);
	}
	for (uint32_t i = 0; i < 4; i++)
		client_say(&r, &c[i], TCP_ACK | TCP_PSH, half);
	rig_drop_sent(&r); /* acknowledgements, if any */
	assert_int_equal(r.net->web.heads.pool.n_free, 0);

	client_say(&r, &c[4], TCP_ACK | TCP_PSH, half);
	assert_int_equal(r.n_sent, 2); /* the second acknowledges */
	seg = heard(&r, 0, &flat);
	assert_int_equal(seg.key.local_port, c[0].port);
	assert_memory_equal(seg.data, "HTTP/1.1 503 ", 13);
	assert_int_equal(seg.flags & TCP_FIN, TCP_FIN);
	free(flat);
	rig_drop_sent(&r);
	assert_int_equal(r.net->web.counters[HTTP_C_HEAD_LOST], 1);

	client_say(&r, &c[1], TCP_ACK | TCP_PSH, "y");
	client_say(&r, &c[5], TCP_ACK | TCP_PSH, half);
	client_say(&r, &c[4], TCP_ACK | TCP_PSH, "y");
	assert_int_equal(r.net->web.counters[HTTP_C_REPLIES_2XX], 2);
	assert_int_equal(r.net->web.counters[HTTP_C_HEAD_LOST], 1);
	rig_fini(&r);
}

/* A port that takes nothing holds up those who wait for it for a second, and no longer. */
static void port_that_hangs(void **state)
{
	struct io_queue q = {0};
	struct rte_mbuf *frames[8];
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	assert_int_equal(rte_pktmbuf_alloc_bulk(r.mbufs, frames, 8), 0);
	assert_int_equal(rs_io_tx_refused(&q, frames, 4), 0);
	assert_int_not_equal(q.refused_tsc, 0);
	assert_int_equal(rs_io_tx_refused(&q, frames, 4), 0);
	q.refused_tsc -= rte_get_tsc_hz(); /* a second ago */
	assert_int_equal(rs_io_tx_refused(&q, frames, 4), 4);
	assert_int_equal(rs_io_tx_refused(&q, frames + 4, 4), 4); /* nor is there another second */
	assert_int_equal(q.n_discarded, 8);
	assert_int_equal(rte_mempool_in_use_count(r.mbufs), 0);
	rig_fini(&r);
}

/* The peer's ARP: a question about us, or (is_reply) an answer that it gives. */
static void put_arp(struct rig *r, struct rte_mbuf *m, bool is_reply)
{
	uint8_t *out = rte_pktmbuf_mtod(m, uint8_t *);

	m->port = RIG_PORT_ID;
	m->pkt_len = m->data_len = (uint16_t)rs_arp_request(&r->peer, r->peer.addrs[0].addr,
		r->host.addrs[0].addr, rs_link_pack(rig_our_mac, 0, 0), out);
	if (is_reply)
		rs_store_be16(out + ETH_HEADER_BYTES + 6, 2);
	r->next[r->n_next++] = m;
	rs_stage_net_turn(r->net, r->now_us += 100);
}

/* Once much waits for a port, nothing more is taken in that it would have to answer. */
static void a_port_that_is_behind(void **state)
{
	struct rte_mbuf *waits;
	uint32_t n_answered = 0;
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 8);
	r.tx.call = rig_none;
	while (!r.net->counters[NET_C_TX_BLOCKED]) {
		assert_true(++n_answered <= NET_OUT);
		put_arp(&r, rte_pktmbuf_alloc(r.mbufs), false);
	}
	n_answered--;
	assert_int_equal(r.n_next, 1);
	waits = r.next[0];
	for (uint32_t i = 0; i < 10; i++)
		assert_int_not_equal(rs_stage_net_turn(r.net, r.now_us += 100), 0);
	assert_ptr_equal(r.next[0], waits);
	assert_int_equal(r.net->counters[NET_C_TX_BLOCKED], 11);
	assert_int_equal(r.net->counters[NET_C_ARP_ANSWERED], n_answered);
	assert_int_equal(r.net->counters[NET_C_DROP_OUT_FULL], 0);

	r.tx.call = rig_take;
	rs_stage_net_turn(r.net, r.now_us += 100);
	assert_int_equal(r.n_next, 0);
	assert_int_equal(r.n_sent, n_answered + 1);
	rig_fini(&r);
}

/* Only where something is to be sent does an empty pool drop it. */
static void arp_takes_no_frame_in_vain(void **state)
{
	struct rte_mbuf *taken[N_MBUFS], *m;
	uint32_t n = 0;
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 8);
	put_arp(&r, rte_pktmbuf_alloc(r.mbufs), false);
	assert_int_equal(r.net->counters[NET_C_ARP_ANSWERED], 1);
	assert_int_equal(r.n_sent, 1);
	rig_drop_sent(&r);
	while ((m = rte_pktmbuf_alloc(r.mbufs)) != NULL)
		taken[n++] = m;
	put_arp(&r, taken[--n], true);
	assert_int_equal(r.net->counters[NET_C_DROP_NO_MBUF], 0);
	while ((m = rte_pktmbuf_alloc(r.mbufs)) != NULL)
		taken[n++] = m;
	put_arp(&r, taken[--n], false);
	assert_int_equal(r.net->counters[NET_C_DROP_NO_MBUF], 1);
	assert_int_equal(r.net->counters[NET_C_ARP_ANSWERED], 1);
	rte_pktmbuf_free_bulk(taken, n);
	rig_fini(&r);
}

/* Who has our address? And a SYN for it. */
static void ask_and_connect(struct rig *r)
{
	put_arp(r, rte_pktmbuf_alloc(r->mbufs), false);
	rig_put(r, 1000, 1, 0, TCP_SYN, "");
	rs_stage_net_turn(r->net, r->now_us += 100);
}

/* The control core has found that somebody else has it: that is so for all frames that come then.
 */
static void an_address_that_is_not_used(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 8);
	rs_slow_path_set_unused(&r.slow, 0, 1);
	ask_and_connect(&r);
	assert_int_equal(r.n_sent, 0);
	assert_int_equal(r.net->wire_counters[WIRE_OTHER_IP], 1);

	rs_slow_path_set_unused(&r.slow, 0, 0);
	ask_and_connect(&r);
	assert_int_equal(r.n_sent, 2);
	rig_fini(&r);
}

static void put_bytes(struct rig *r, const uint8_t *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(r->mbufs);

	assert_non_null(m);
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), bytes, len);
	m->port = RIG_PORT_ID;
	m->pkt_len = m->data_len = (uint16_t)len;
	r->next[r->n_next++] = m;
	rs_stage_net_turn(r->net, r->now_us += 100);
}

/* Dropped, and its sender told where it wants to be, and not more often than errors may be sent. */
static void unknown_options(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, true, false, 8);
	put_bytes(&r, option_80_v6, sizeof(option_80_v6));
	assert_int_equal(r.net->wire_counters[WIRE_IP_OPTION], 1);
	assert_int_equal(r.net->counters[NET_C_ICMP_ERRORS_OUT], 1);
	assert_int_equal(r.n_sent, 1);
	assert_int_equal(r.sent[0]->data_len, sizeof(option_80_v6_problem));
	assert_memory_equal(rte_pktmbuf_mtod(r.sent[0], uint8_t *), option_80_v6_problem,
		sizeof(option_80_v6_problem));
	put_bytes(&r, option_5e_v6,
		sizeof(option_5e_v6)); /* in silence: counted once, by its reason */
	assert_int_equal(r.n_sent, 1);
	assert_int_equal(r.net->wire_counters[WIRE_IP_OPTION], 2);
	assert_int_equal(r.net->counters[NET_C_DROP_UNHANDLED], 0);
	while (!r.net->counters[NET_C_DROP_ICMP_LIMIT]) {
		rig_drop_sent(&r);
		put_bytes(&r, option_80_v6, sizeof(option_80_v6));
	}
	assert_int_equal(r.n_sent, 0);
	assert_in_range(r.net->counters[NET_C_ICMP_ERRORS_OUT], 1, 1000);
	rig_fini(&r);
}

/* They are counted, and take nothing of what is allowed a second from those that get an answer. */
static void broadcasts_get_no_answer(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 8);
	for (uint32_t i = 0; i < 1500; i++)
		put_bytes(&r, echo_to_all, sizeof(echo_to_all));
	assert_int_equal(r.n_sent, 0);
	assert_int_equal(r.net->counters[NET_C_DROP_UNHANDLED], 1500);
	assert_int_equal(r.net->counters[NET_C_DROP_ICMP_LIMIT], 0);
	put_bytes(&r, echo, sizeof(echo));
	assert_int_equal(r.net->counters[NET_C_ECHO_ANSWERED], 1);
	assert_int_equal(r.n_sent, 1);
	rig_drop_sent(&r);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(software),
		cmocka_unit_test(hardware),
		cmocka_unit_test(syn_comes_twice_in_a_burst),
		cmocka_unit_test(acknowledgements_with_data),
		cmocka_unit_test(pipelined_answers_fill_the_window),
		cmocka_unit_test(pipelined_answers_leave_memory),
		cmocka_unit_test(no_frames),
		cmocka_unit_test(shared_reply_goes_again),
		cmocka_unit_test(what_is_not_whole_is_acknowledged_at_once),
		cmocka_unit_test(drain_waits_for_first_requests),
		cmocka_unit_test(request_crosses_the_fin_of_a_drain),
		cmocka_unit_test(drain_waits_for_no_client),
		cmocka_unit_test(drain_looks_at_all_in_a_row),
		cmocka_unit_test(slow_request_gives_up_its_buffer),
		cmocka_unit_test(port_that_hangs),
		cmocka_unit_test(a_port_that_is_behind),
		cmocka_unit_test(arp_takes_no_frame_in_vain),
		cmocka_unit_test(an_address_that_is_not_used),
		cmocka_unit_test(unknown_options),
		cmocka_unit_test(broadcasts_get_no_answer),
	};

	rig_start("stage-net");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
