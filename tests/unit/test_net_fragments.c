/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net stage and fragments: segments, echo requests and others that come in pieces, and answers
 * that leave in pieces. Pieces are made by lib/wire's own knife, which test_reassembly.c looks at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/csum.h"
#include "stage_rig.h"
#include "wire/cut.h"
#include "wire/tcp_parse.h"

enum {
	L2 = ETH_HEADER_BYTES,
	MAX_PIECES = 64,
	SECOND_US = 1000000,
};

static uint32_t identification;

static void put_frame(struct rig *r, const uint8_t *bytes, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(r->mbufs);

	assert_non_null(m);
	assert_true(r->n_next < NET_BURST);
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), bytes, len);
	m->port = RIG_PORT_ID;
	m->pkt_len = m->data_len = (uint16_t)len;
	r->next[r->n_next++] = m;
}

/* The frame, in pieces of at most mtu bytes each; only those of mask, first: bit 0. */
static void put_pieces(
	struct rig *r, const uint8_t *frame, uint32_t len, uint32_t mtu, uint64_t mask)
{
	struct cut cut = {.frame = {frame, len}, .l2 = L2, .id = ++identification};
	uint8_t piece[2048];
	uint32_t n;

	for (; (n = rs_cut_next(&cut, mtu, piece)); mask >>= 1) {
		if (mask & 1)
			put_frame(r, piece, n);
	}
}

#define ALL UINT64_MAX

/* What the peer has just put becomes pieces. */
static void cut_last(struct rig *r, uint32_t mtu, uint64_t mask)
{
	struct rte_mbuf *m = r->next[--r->n_next];

	put_pieces(r, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, mtu, mask);
	rte_pktmbuf_free(m);
}

static void turn(struct rig *r)
{
	rs_stage_net_turn(r->net, r->now_us += 100);
}

static struct tcp_seg heard(struct rig *r, uint32_t i)
{
	struct tcp_seg seg;
	struct pkt pkt;

	assert_true(i < r->n_sent);
	assert_int_equal(rs_wire_parse(&r->peer, rte_pktmbuf_mtod(r->sent[i], const uint8_t *),
				 r->sent[i]->data_len, 0, &pkt),
		WIRE_OK);
	assert_int_equal(rs_wire_parse_tcp(&pkt, &seg), WIRE_OK);
	return seg;
}

/* Returns what to acknowledge. */
static uint32_t open_conn(struct rig *r, uint16_t port)
{
	struct tcp_seg seg;

	rig_put(r, port, 500, 0, TCP_SYN, "");
	turn(r);
	seg = heard(r, 0);
	assert_int_equal(seg.flags, TCP_SYN | TCP_ACK);
	rig_drop_sent(r);
	rig_put(r, port, 501, seg.seq + 1, TCP_ACK, "");
	turn(r);
	return seg.seq + 1;
}

static void is_hello(struct rig *r, uint32_t i, const char *whom)
{
	struct tcp_seg seg = heard(r, i);
	uint32_t n = (uint32_t)strlen(whom);

	assert_true(seg.len > n);
	assert_memory_equal(seg.data, "HTTP/1.1 200 OK\r\n", 17);
	assert_memory_equal(seg.data + seg.len - n, whom, n);
}

static const char ask_you[] = "GET /hello/you HTTP/1.1\r\nHost: test\r\n\r\n";
static const char ask_her[] = "GET /hello/her HTTP/1.1\r\nHost: test\r\n\r\n";

static void a_request_in_pieces(void **state)
{
	(void)state;
	for (uint32_t ipv6 = 0; ipv6 < 2; ipv6++) {
		uint32_t mtu = ipv6 ? 80 : 48;
		uint32_t ack;
		struct rig r;

		rig_init(&r, ipv6, false, 16);
		ack = open_conn(&r, 1000);
		rig_put(&r, 1000, 501, ack, TCP_ACK, ask_you);
		cut_last(&r, mtu, 5); /* the second one is late */
		turn(&r);
		assert_int_equal(r.n_sent, 0);
		identification--;
		rig_put(&r, 1000, 501, ack, TCP_ACK, ask_you);
		cut_last(&r, mtu, 2);
		turn(&r);
		assert_int_equal(r.n_sent, 1);
		is_hello(&r, 0, "Hello, you");
		rig_fini(&r);
	}
}

/* Two in one burst, and their texts are read at its end. */
static void two_at_once(void **state)
{
	(void)state;
	for (uint32_t ipv6 = 0; ipv6 < 2; ipv6++) {
		uint32_t you, her;
		struct rig r;

		rig_init(&r, ipv6, false, 16);
		you = open_conn(&r, 1000);
		her = open_conn(&r, 1001);
		rig_put(&r, 1000, 501, you, TCP_ACK, ask_you);
		cut_last(&r, ipv6 ? 80 : 48, ALL);
		rig_put(&r, 1001, 501, her, TCP_ACK, ask_her);
		cut_last(&r, ipv6 ? 80 : 48, ALL);
		turn(&r);
		assert_int_equal(r.n_sent, 2);
		is_hello(&r, 0, "Hello, you");
		is_hello(&r, 1, "Hello, her");
		rig_fini(&r);
	}
}

/* Over IPv4; over IPv6 the first piece has to have all headers (RFC 7112). */
static void a_syn_in_the_smallest_pieces(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	rig_put(&r, 1000, 500, 0, TCP_SYN, "");
	cut_last(&r, 28, ALL);
	turn(&r);
	assert_int_equal(heard(&r, 0).flags, TCP_SYN | TCP_ACK);
	rig_fini(&r);
	rig_init(&r, true, false, 16);
	rig_put(&r, 1000, 500, 0, TCP_SYN, "");
	cut_last(&r, 56, ALL);
	turn(&r);
	assert_int_equal(r.n_sent, 1);
	assert_int_equal(r.net->counters[NET_C_ICMP_ERRORS_OUT], 1);
	rig_fini(&r);
}

/* Its connection may be another core's. */
static void segments_for_several_cores(void **state)
{
	struct rig r;
	uint32_t ack;

	(void)state;
	rig_init(&r, false, false, 16);
	r.net->n_net_cores = 2;
	ack = open_conn(&r, 1000);
	rig_put(&r, 1000, 501, ack, TCP_ACK, ask_you);
	cut_last(&r, 48, ALL);
	turn(&r);
	assert_int_equal(r.n_sent, 0);
	assert_int_equal(r.net->counters[NET_C_DROP_FRAGMENTED_TCP], 1);
	rig_fini(&r);
}

/* ---- echo ---- */

static uint8_t text_at(uint32_t i)
{
	return (uint8_t)(i * 3 + i / 256);
}

/* A frame of the peer's for us. Returns its length. */
static uint32_t frame_of(
	struct rig *r, uint8_t *out, uint8_t proto, const uint8_t *message, uint32_t len)
{
	uint8_t family = r->ipv6 ? 6 : 4;
	uint32_t n = rs_wire_render_eth(&r->peer, rs_link_pack(rig_our_mac, 0, 0),
		r->ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4, out);

	n += rs_wire_render_ip(&(struct wire_ip){.src = r->peer.addrs[0].addr,
				       .dst = r->host.addrs[0].addr,
				       .l4_len = len,
				       .family = family,
				       .proto = proto,
				       .hop_limit = 255},
		out + n);
	memcpy(out + n, message, len);
	return n + len;
}

static void seal_icmp(struct rig *r, uint8_t *message, uint32_t len)
{
	uint64_t sum = 0;
	uint16_t csum;

	if (r->ipv6)
		sum = rs_wire_pseudo_sum(
			6, r->peer.addrs[0].addr, r->host.addrs[0].addr, PROTO_ICMPV6, len);
	memset(message + 2, 0, 2);
	csum = rs_csum_finish(rs_csum_add(sum, message, len));
	memcpy(message + 2, &csum, 2);
}

static uint32_t echo_request(struct rig *r, uint8_t *out, uint32_t len)
{
	uint8_t *message = malloc(len);
	uint32_t n;

	for (uint32_t i = 0; i < len; i++)
		message[i] = text_at(i);
	message[0] = r->ipv6 ? 128 : 8;
	message[1] = 0;
	seal_icmp(r, message, len);
	n = frame_of(r, out, r->ipv6 ? PROTO_ICMPV6 : PROTO_ICMP, message, len);
	free(message);
	return n;
}

/* All that was sent is one echo reply, in pieces that every way has room for. */
static void is_echo_reply(struct rig *r, uint32_t len)
{
	struct reassembly *table = malloc(sizeof(*table));
	struct reassembly_frame whole = {0};
	struct pkt pkt;

	rs_reassembly_init(table);
	for (uint32_t i = 0; i < r->n_sent; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(r->sent[i], const uint8_t *);

		assert_true(r->sent[i]->data_len - L2 <= (r->ipv6 ? 1280 : 1500));
		assert_int_equal(rs_wire_parse(&r->peer, frame, r->sent[i]->data_len, 0, &pkt),
			WIRE_IP_FRAGMENT);
		assert_int_equal(whole.bytes.len, 0);
		whole = rs_reassembly_take(table, frame, &pkt, 1);
	}
	assert_int_not_equal(whole.bytes.len, 0);
	assert_int_equal(
		rs_wire_parse(&r->peer, whole.bytes.data, whole.bytes.len, 0, &pkt), WIRE_OK);
	assert_int_equal(pkt.l4[0], r->ipv6 ? 129 : 0);
	assert_int_equal(pkt.l4_len, len);
	for (uint32_t i = 4; i < len; i++)
		assert_int_equal(pkt.l4[i], text_at(i));
	free(table);
}

static void long_echoes(void **state)
{
	static const uint32_t lens[] = {1481, 2008, 5000, 65515};
	static uint8_t frame[66000];

	(void)state;
	for (uint32_t ipv6 = 0; ipv6 < 2; ipv6++) {
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(lens); i++) {
			struct rig r;

			rig_init(&r, ipv6, false, 16);
			r.net->n_net_cores = 2; /* whichever core they come to */
			put_pieces(&r, frame, echo_request(&r, frame, lens[i]), 1500, ALL);
			turn(&r);
			is_echo_reply(&r, lens[i]);
			assert_int_equal(r.net->counters[NET_C_ECHO_ANSWERED], 1);
			assert_int_equal(r.net->counters[NET_C_FRAGMENTS_OUT], r.n_sent);
			rig_fini(&r);
		}
	}
}

/* What fits goes at once, whatever way the request came. */
static void short_echoes(void **state)
{
	static uint8_t frame[2000];

	(void)state;
	for (uint32_t ipv6 = 0; ipv6 < 2; ipv6++) {
		uint32_t most = 1500 - (ipv6 ? 40 : 20);
		struct rig r;

		rig_init(&r, ipv6, false, 16);
		put_pieces(&r, frame, echo_request(&r, frame, most), 576, ALL);
		turn(&r);
		assert_int_equal(r.n_sent, 1);
		assert_int_equal(r.sent[0]->data_len, L2 + 1500);
		rig_fini(&r);
	}
}

static uint32_t take_none(void *self, struct rte_mbuf **pkts, uint32_t n)
{
	(void)self, (void)pkts, (void)n;
	return 0;
}

/* Long answers take no room from the rest: segments and short answers still find some. */
static void a_port_that_is_behind(void **state)
{
	static uint8_t frame[66000];
	struct rig r;

	(void)state;
	rig_init(&r, false, false, 16);
	r.tx.call = take_none;
	for (uint32_t i = 0; i < 4; i++) {
		put_pieces(&r, frame, echo_request(&r, frame, 60000), 1500, ALL);
		turn(&r);
	}
	assert_true(r.net->counters[NET_C_DROP_OUT_FULL] > 0);
	assert_int_equal(r.net->ports[0].n_out, NET_OUT - NET_MAX_QUEUED);
	r.tx.call = rig_take;
	while (r.net->ports[0].n_out)
		turn(&r);
	rig_fini(&r);
}

/* ---- what must not come in pieces ---- */

/* RFC 6980 */
static void no_neighbours_in_pieces(void **state)
{
	uint8_t solicit[32] = {135}, frame[200];
	struct rig r;
	uint32_t len;

	(void)state;
	rig_init(&r, true, false, 16);
	memcpy(solicit + 8, r.host.addrs[0].addr, 16);
	memcpy(solicit + 24, "\1\1", 2);
	memcpy(solicit + 26, rig_peer_mac, 6);
	seal_icmp(&r, solicit, 32);
	len = frame_of(&r, frame, PROTO_ICMPV6, solicit, 32);
	put_pieces(&r, frame, len, 64, ALL);
	turn(&r);
	assert_int_equal(r.net->reassembly->counters[REASSEMBLY_C_WHOLE], 1);
	assert_int_equal(r.n_sent, 0);
	put_frame(&r, frame, len);
	turn(&r);
	assert_int_equal(r.n_sent, 1); /* it is a right one */
	rig_fini(&r);
}

/* A segment is never longer than a frame may be. */
static void a_segment_that_is_too_long(void **state)
{
	static char text[3000];
	struct rig r;
	uint8_t *frame = malloc(4000);
	struct tcp_tx tx = {
		.key = {.remote_port = 80, .local_port = 1000, .family = 4},
		.link = rs_link_pack(rig_our_mac, 0, 0),
		.flags = TCP_SYN,
		.wnd = 65535,
		.len = sizeof(text),
		.n_spans = 1,
		.spans = {{.data = (const uint8_t *)text, .len = sizeof(text)}},
	};

	(void)state;
	rig_init(&r, false, false, 16);
	memcpy(tx.key.remote, r.host.addrs[0].addr, 16);
	memcpy(tx.key.local, r.peer.addrs[0].addr, 16);
	put_pieces(&r, frame, rs_wire_render_tcp(&r.peer, &tx, frame, 0), 1500, ALL);
	turn(&r);
	assert_int_equal(r.net->counters[NET_C_DROP_LONG_FRAME], 1);
	assert_int_equal(r.n_sent, 0);
	free(frame);
	rig_fini(&r);
}

/* ---- what never becomes whole ---- */

/* RFC 792, RFC 4443 section 3.3: Time Exceeded, code 1, to who sent the first piece. */
static void told_when_it_is_late(void **state)
{
	static uint8_t frame[4000];

	(void)state;
	for (uint32_t ipv6 = 0; ipv6 < 2; ipv6++) {
		uint32_t l3 = ipv6 ? 40 : 20;
		const uint8_t *answer;
		struct rig r;
		uint32_t len;

		rig_init(&r, ipv6, false, 16);
		len = echo_request(&r, frame, 3000);
		put_pieces(&r, frame, len, 576, 1);
		put_pieces(&r, frame, len, 576, 2); /* of another, and not the first */
		turn(&r);
		r.now_us += 59 * SECOND_US;
		turn(&r);
		assert_int_equal(r.n_sent, 0);
		r.now_us += SECOND_US;
		turn(&r);
		assert_int_equal(r.n_sent, 1);
		answer = rte_pktmbuf_mtod(r.sent[0], const uint8_t *) + L2 + l3;
		assert_int_equal(answer[0], ipv6 ? 3 : 11);
		assert_int_equal(answer[1], 1);
		assert_int_equal(answer[8] >> 4, ipv6 ? 6 : 4);
		assert_int_equal(answer[8 + (ipv6 ? 6 : 9)], ipv6 ? 44 : PROTO_ICMP);
		assert_int_equal(
			r.sent[0]->data_len, L2 + l3 + 8 + (ipv6 ? 40 + 8 + 528 : 576 - 20 - 8));
		assert_int_equal(r.net->reassembly->counters[REASSEMBLY_C_LATE], 2);
		rig_fini(&r);
	}
}

/* Nobody complains about a complaint (RFC 1122 section 3.2.2, RFC 4443 section 2.4). */
static void not_about_errors(void **state)
{
	(void)state;
	for (uint32_t ipv6 = 0; ipv6 < 2; ipv6++) {
		uint8_t error[200] = {ipv6 ? 1 : 3}, frame[400];
		struct rig r;
		uint32_t len;

		rig_init(&r, ipv6, false, 16);
		len = frame_of(&r, frame, ipv6 ? PROTO_ICMPV6 : PROTO_ICMP, error, sizeof(error));
		put_pieces(&r, frame, len, 100, 1);
		turn(&r);
		r.now_us += 61 * SECOND_US;
		turn(&r);
		assert_int_equal(r.net->reassembly->counters[REASSEMBLY_C_LATE], 1);
		assert_int_equal(r.n_sent, 0);
		rig_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_in_pieces),
		cmocka_unit_test(two_at_once),
		cmocka_unit_test(a_syn_in_the_smallest_pieces),
		cmocka_unit_test(segments_for_several_cores),
		cmocka_unit_test(long_echoes),
		cmocka_unit_test(short_echoes),
		cmocka_unit_test(a_port_that_is_behind),
		cmocka_unit_test(no_neighbours_in_pieces),
		cmocka_unit_test(a_segment_that_is_too_long),
		cmocka_unit_test(told_when_it_is_late),
		cmocka_unit_test(not_about_errors),
	};

	rig_start("net-fragments");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
