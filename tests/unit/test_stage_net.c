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

#include "base/csum.h"
#include "builtin.h"
#include "stage_net.h"
#include "wire/link.h"
#include "wire/render.h"
#include "wire/tcp_parse.h"

#define N_MBUFS  2048
#define MAX_SENT 512
#define BODY     100000u

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 1};

struct rig {
	struct stage_net *net;
	struct rte_mempool *mbufs;
	struct tcp_config tcp;
	struct http_config http;
	struct slow_path slow;
	struct io_port port;
	struct wire_host host, peer;
	struct joint rx, tx;
	bool ipv6;
	struct rte_mbuf *next; /* the frame that the stage will find */
	struct rte_mbuf *sent[MAX_SENT];
	uint32_t n_sent;
	uint32_t seq, ack;
	uint64_t now_us;
};

static uint32_t give(void *self, struct rte_mbuf **pkts, uint32_t max)
{
	struct rig *r = self;

	if (!r->next || !max)
		return 0;
	pkts[0] = r->next;
	r->next = NULL;
	return 1;
}

static uint32_t take(void *self, struct rte_mbuf **pkts, uint32_t n)
{
	struct rig *r = self;

	for (uint32_t i = 0; i < n; i++) {
		assert_true(r->n_sent < MAX_SENT);
		r->sent[r->n_sent++] = pkts[i];
	}
	return n;
}

static uint32_t none(void *self, struct rte_mbuf **pkts, uint32_t n)
{
	(void)self, (void)pkts, (void)n;
	return 0;
}

static struct wire_addr addr(bool ipv6, uint8_t last)
{
	struct wire_addr a = {.prefix_len = ipv6 ? 64 : 24, .family = ipv6 ? 6 : 4};

	if (ipv6)
		memcpy(a.addr, "\xfd\x99", 2);
	else
		memcpy(a.addr + 10, "\xff\xff\x0a\x63", 4);
	a.addr[15] = last;
	return a;
}

static void rig_init(struct rig *r, bool ipv6, bool offloads)
{
	struct wire_addr ours = addr(ipv6, 2), theirs = addr(ipv6, 1);

	memset(r, 0, sizeof(*r));
	r->ipv6 = ipv6;
	r->now_us = 1000000;
	r->mbufs = rte_pktmbuf_pool_create(
		"frames", N_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	assert_non_null(r->mbufs);
	rs_tcp_config_default(&r->tcp);
	r->tcp.max_conns = 16;
	r->tcp.max_time_wait = 16;
	r->tcp.n_listen = 1;
	r->tcp.listen[0] = 80;
	r->tcp.timestamps = false;
	rs_http_config_default(&r->http);
	r->http.handlers = rs_builtin_handlers;
	r->http.n_handlers = BUILTIN_N_HANDLERS;
	if (offloads) {
		r->port.tx_ipv4_csum = r->port.tx_tcp_csum = true;
		r->port.tso_bytes = r->tcp.tso_bytes = 60000;
	}
	rs_wire_host_init(&r->host, our_mac, 0, 0, &ours, 1);
	rs_wire_host_init(&r->peer, peer_mac, 0, 0, &theirs, 1);
	r->slow.to_control = r->slow.from_control = (struct joint){.call = none};
	r->rx = (struct joint){.call = give, .self = r};
	r->tx = (struct joint){.call = take, .self = r};
	r->net = calloc(1, sizeof(*r->net));
	assert_int_equal(rs_stage_net_init(r->net,
				 &(struct stage_net_config){
					 .tcp = &r->tcp,
					 .http = &r->http,
					 .n_chunks = 64,
					 .n_heads = 4,
					 .mbufs = r->mbufs,
					 .slow = &r->slow,
					 .n_ports = 1,
					 .ports = &r->port,
					 .hosts = &r->host,
					 .n_rx = 1,
					 .rx = &r->rx,
					 .tx = &r->tx,
					 .socket = SOCKET_ID_ANY,
				 },
				 r->now_us),
		0);
}

static void drop_sent(struct rig *r)
{
	for (uint32_t i = 0; i < r->n_sent; i++)
		rte_pktmbuf_free(r->sent[i]);
	r->n_sent = 0;
}

/* Everything comes back: connections, chunks, frames. */
static void rig_fini(struct rig *r)
{
	drop_sent(r);
	assert_int_equal(rs_stage_net_leaks(r->net), 0);
	assert_int_equal(rte_mempool_in_use_count(r->mbufs), 0);
	rs_stage_net_fini(r->net);
	free(r->net);
	rte_mempool_free(r->mbufs);
}

/* A segment of the peer's, and the turn that takes it. */
static void say(struct rig *r, uint8_t flags, const char *text)
{
	struct tcp_tx tx = {
		.key = {.remote_port = 80, .local_port = 1000, .family = r->ipv6 ? 6 : 4},
		.link = rs_link_pack(our_mac, 0, 0),
		.seq = r->seq,
		.ack = r->ack,
		.flags = flags,
		.wnd = 65535,
		.mss = 1460,
		.mss_opt = 1460,
		.wscale = 4,
		.opts = flags & TCP_SYN ? TCP_OPT_MSS | TCP_OPT_WSCALE : 0,
		.len = (uint32_t)strlen(text),
		.n_spans = 1,
		.spans = {{(const uint8_t *)text, (uint32_t)strlen(text)}},
	};

	memcpy(tx.key.remote, r->host.addrs[0].addr, 16);
	memcpy(tx.key.local, r->peer.addrs[0].addr, 16);
	r->next = rte_pktmbuf_alloc(r->mbufs);
	r->next->port = 0;
	r->next->pkt_len = r->next->data_len = (uint16_t)rs_wire_render_tcp(
		&r->peer, &tx, rte_pktmbuf_mtod(r->next, uint8_t *), 0);
	r->seq += rs_tcp_seq_len(tx.len, flags);
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

	r->seq = 500;
	say(r, TCP_SYN, "");
	assert_int_equal(r->n_sent, 1);
	seg = heard(r, 0, &flat);
	assert_int_equal(seg.flags, TCP_SYN | TCP_ACK);
	assert_int_equal(seg.ack, 501);
	r->ack = seg.seq + 1;
	free(flat);
	drop_sent(r);
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

			assert_int_equal(seg.seq, r->ack);
			assert_true(n + seg.len <= sizeof(answer));
			memcpy(answer + n, seg.data, seg.len);
			n += seg.len;
			r->ack += seg.len;
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
		drop_sent(r);
		say(r, TCP_ACK, "");
	}
	drop_sent(r);
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

	rig_init(&r, ipv6, offloads);
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
	rig_init(&r, false, false);
	open_conn(&r);
	while (rte_mempool_avail_count(r.mbufs) > 1)
		taken[n++] = rte_pktmbuf_alloc(r.mbufs);
	say(&r, TCP_ACK | TCP_PSH, "GET /bytes/100000 HTTP/1.1\r\nHost: test\r\n\r\n");
	assert_int_equal(r.n_sent, 1);
	assert_int_equal(r.net->counters[NET_C_DROP_NO_MBUF], 9); /* of an initial window of ten */
	rte_pktmbuf_free_bulk(taken, n);
	drop_sent(&r);
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
	char prefix[32]; /* so that several can run at once */
	char *eal[] = {"test", "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf",
		"--file-prefix", prefix, "-m", "64", "-l", "0", "--log-level", "error"};

	snprintf(prefix, sizeof(prefix), "stage-net-%d", (int)getpid());
	if (rte_eal_init((int)RS_ARRAY_SIZE(eal), eal) < 0)
		return 1;
	rs_builtin_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
