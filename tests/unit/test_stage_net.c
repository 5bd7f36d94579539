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
#include "wire/tcp_parse.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(software),
		cmocka_unit_test(hardware),
		cmocka_unit_test(no_frames),
	};

	rig_start("stage-net");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
