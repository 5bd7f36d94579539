/* SPDX-License-Identifier: BSD-2-Clause */
#include "responder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "base/csum.h"
#include "io/mbufs.h"
#include "io/poller.h"
#include "io/port.h"
#include "resolve.h"
#include "wire/seg.h"

#define BURST     64
#define MTU       1500
#define MAX_REPLY 1400
#define ISS       1000000u

struct responder {
	struct io_port port;
	struct rte_mempool *mbufs;
	struct resolver resolver; /* answers for our address */
	uint32_t l4_at;
	uint64_t n_turns;
	uint32_t reply_len;
	uint64_t reply_sum;
	uint8_t reply[MAX_REPLY];
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static int make_reply(struct responder *r, const struct load_options *o)
{
	uint32_t body = o->length < 0 ? 64 : (uint32_t)rs_min_u64((uint64_t)o->length, MAX_REPLY);

	for (uint32_t i = 0; i < o->pipeline; i++) {
		int n = snprintf((char *)r->reply + r->reply_len, MAX_REPLY - r->reply_len,
			"HTTP/1.1 200 OK\r\nServer: responder\r\nContent-Length: %u\r\n\r\n", body);

		if (r->reply_len + (uint32_t)n + body > MAX_REPLY) {
			fprintf(stderr,
				"ringside-load: --pipeline %u replies of --length %u do not fit "
				"into a frame\n",
				o->pipeline, body);
			return -1;
		}
		memset(r->reply + r->reply_len + n, 'x', body);
		r->reply_len += (uint32_t)n + body;
	}
	r->reply_sum = rs_csum_add(0, r->reply, r->reply_len);
	return 0;
}

static void swap(uint8_t *a, uint8_t *b, uint32_t n)
{
	uint8_t t[16];

	memcpy(t, a, n);
	memcpy(a, b, n);
	memcpy(b, t, n);
}

/* Turns a TCP frame into its answer. False: there is nothing to say. */
static bool answer(struct responder *r, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *ip = frame + ETH_HEADER_BYTES, *tcp = frame + r->l4_at;
	bool v4 = r->l4_at == ETH_HEADER_BYTES + IPV4_HEADER_BYTES;
	uint32_t l3 = v4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
	uint32_t l4_len = v4 ? rs_load_be16(ip + 2) - l3 : rs_load_be16(ip + 4);
	uint32_t len = l4_len - (tcp[12] >> 4) * 4u;
	uint32_t seq = rs_load_be32(tcp + 4), ack = rs_load_be32(tcp + 8);
	uint8_t flags = tcp[13];
	uint32_t send = 0;
	uint64_t sum;
	uint16_t csum;

	if (flags & TCP_RST || (!len && !(flags & (TCP_SYN | TCP_FIN))))
		return false;
	if (flags & TCP_SYN) {
		ack = ISS;
		flags = TCP_SYN | TCP_ACK;
		seq++;
	} else {
		send = len ? r->reply_len : 0;
		seq += len + (flags & TCP_FIN ? 1 : 0);
		flags = TCP_ACK | (flags & TCP_FIN);
	}
	swap(frame, frame + 6, 6);
	swap(v4 ? ip + 12 : ip + 8, v4 ? ip + 16 : ip + 24, v4 ? 4 : 16);
	swap(tcp, tcp + 2, 2);
	rs_store_be32(tcp + 4, ack);
	rs_store_be32(tcp + 8, seq);
	rs_store_be32(tcp + 12, 5u << 28 | (uint32_t)flags << 16 | UINT16_MAX);
	memset(tcp + 16, 0, 4);
	memcpy(tcp + TCP_HEADER_BYTES, r->reply, send);
	l4_len = TCP_HEADER_BYTES + send;
	sum = __builtin_bswap32(PROTO_TCP) + (uint64_t)__builtin_bswap32(l4_len);
	sum = rs_csum_add(sum, v4 ? ip + 12 : ip + 8, v4 ? 8 : 32);
	sum = rs_csum_add(sum, tcp, TCP_HEADER_BYTES);
	csum = rs_csum_finish(sum + (send ? r->reply_sum : 0));
	memcpy(tcp + 16, &csum, 2);
	if (v4) {
		rs_store_be16(ip + 2, (uint16_t)(l3 + l4_len));
		memset(ip + 10, 0, 2);
		csum = rs_csum_finish(rs_csum_add(0, ip, IPV4_HEADER_BYTES));
		memcpy(ip + 10, &csum, 2);
	} else {
		rs_store_be16(ip + 4, (uint16_t)l4_len);
	}
	m->data_len = (uint16_t)(r->l4_at + l4_len);
	m->pkt_len = m->data_len;
	return true;
}

static bool is_tcp(const struct responder *r, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->data_len < r->l4_at + TCP_HEADER_BYTES)
		return false;
	if (r->l4_at == ETH_HEADER_BYTES + IPV4_HEADER_BYTES)
		return rs_load_be16(frame + 12) == ETHERTYPE_IPV4 && frame[14] == 0x45 &&
		       frame[23] == PROTO_TCP;
	return rs_load_be16(frame + 12) == ETHERTYPE_IPV6 && frame[20] == PROTO_TCP;
}

/* An answer to ARP or ND, in a frame of its own; the buffer that the question came in is too. */
static bool answer_neighbour(struct responder *r, struct rte_mbuf *m)
{
	uint8_t out[2048];
	uint32_t len = rs_resolver_input(
		&r->resolver, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, out);

	memcpy(rte_pktmbuf_mtod(m, uint8_t *), out, len);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	return len;
}

static void turn(struct responder *r)
{
	struct rte_mbuf *pkts[BURST], *out[BURST];
	uint32_t n_out = 0, n_sent = 0;
	uint32_t n = rs_io_rx_burst(&r->port.rx[0], pkts, BURST);

	for (uint32_t i = 0; i < n; i++) {
		if (is_tcp(r, pkts[i]) ? answer(r, pkts[i]) : answer_neighbour(r, pkts[i]))
			out[n_out++] = pkts[i];
		else
			rte_pktmbuf_free(pkts[i]);
	}
	if (n_out)
		n_sent = rs_io_tx_burst(&r->port.tx[0], out, n_out);
	rte_pktmbuf_free_bulk(out + n_sent, n_out - n_sent);
}

static void loop(struct responder *r)
{
	int poller = rs_io_poller_enter(&r->n_turns);
	uint64_t watch_tsc = 0;

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	while (!stop) {
		uint64_t now = rte_rdtsc();

		turn(r);
		rs_io_poller_turn(&r->n_turns);
		if (now >= watch_tsc) {
			rs_io_port_watch(&r->port);
			watch_tsc = now + rte_get_tsc_hz() / 10;
		}
	}
	rs_io_poller_leave(poller);
}

int rs_responder_run(const struct load_options *o)
{
	struct io_port_config cfg = {
		.n_rx_queues = 1, .n_tx_queues = 1, .rx_ring = 2048, .tx_ring = 2048, .mtu = MTU};
	struct responder *r = calloc(1, sizeof(*r));
	int err = -1;

	if (!r || make_reply(r, o))
		goto out;
	r->l4_at = ETH_HEADER_BYTES + (o->ip.family == 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
	r->mbufs = rs_io_mbufs_create(rs_io_mbufs_needed(1, &cfg), MTU, SOCKET_ID_ANY);
	cfg.mbufs = r->mbufs;
	if (!r->mbufs || rs_io_port_open(&r->port, 0, &cfg))
		goto out;
	rs_resolver_init(&r->resolver, o, r->port.mac);
	loop(r);
	rs_io_port_close(&r->port);
	err = 0;
out:
	if (r)
		rte_mempool_free(r->mbufs);
	free(r);
	return err;
}
