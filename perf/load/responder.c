/* SPDX-License-Identifier: BSD-2-Clause */
#include "responder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "base/csum.h"
#include "io/poller.h"
#include "one_port.h"
#include "resolve.h"
#include "stop.h"
#include "turns.h"
#include "wire/seg.h"
#include "words.h"

#define BURST     64
#define MAX_REPLY 1400
#define ISS       1000000u

#define REPLY_BLOCK 32

struct responder {
	struct io_port port;
	struct rte_mempool *mbufs;
	struct resolver resolver; /* answers for our address */
	uint32_t l4_at;
	uint64_t n_turns; /* a poller's */
	struct turns turns;
	uint64_t n_received, n_sent;
	uint32_t out_head, n_out; /* n_out answers from out_head on wait for the port */
	struct rte_mbuf *out[BURST];
	uint32_t reply_len;
	uint64_t reply_sum;
	uint8_t reply[MAX_REPLY + REPLY_BLOCK];
};

static bool is_v4(const struct responder *r)
{
	return r->l4_at == ETH_HEADER_BYTES + IPV4_HEADER_BYTES;
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

/* Of sizes known when compiled, so that no call is made. */
static inline __attribute__((always_inline)) void swap(uint8_t *a, uint8_t *b, size_t n)
{
	uint8_t t[16];

	memcpy(t, a, n);
	memcpy(a, b, n);
	memcpy(b, t, n);
}

/* The reply in whole blocks: there is room behind it, here and in the frame. */
static void copy_reply(const struct responder *r, uint8_t *to)
{
	for (uint32_t at = 0; at < r->reply_len; at += REPLY_BLOCK)
		memcpy(to + at, r->reply + at, REPLY_BLOCK);
}

/*
 * The IP header turned round, for a packet of l4_len instead of old_len bytes behind it: its
 * checksum changes by that only. Returns the sum of its addresses.
 */
static uint64_t turn_ip(const struct responder *r, uint8_t *ip, uint32_t old_len, uint32_t l4_len)
{
	uint64_t sum;
	uint16_t csum;

	if (!is_v4(r)) {
		sum = rs_sum_words(ip + 8, 32);
		swap(ip + 8, ip + 24, 16);
		rs_store_be16(ip + 4, (uint16_t)l4_len);
		return sum;
	}
	sum = rs_sum_words(ip + 12, 8);
	swap(ip + 12, ip + 16, 4);
	memcpy(&csum, ip + 10, sizeof(csum));
	old_len = __builtin_bswap16((uint16_t)(IPV4_HEADER_BYTES + old_len));
	rs_store_be16(ip + 2, (uint16_t)(IPV4_HEADER_BYTES + l4_len));
	csum = rs_csum_finish((uint64_t)(uint16_t)~csum + (uint16_t)~old_len +
			      __builtin_bswap16((uint16_t)(IPV4_HEADER_BYTES + l4_len)));
	memcpy(ip + 10, &csum, sizeof(csum));
	return sum;
}

/* Turns a TCP frame into its answer. False: there is nothing to say. */
static bool answer(const struct responder *r, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *ip = frame + ETH_HEADER_BYTES, *tcp = frame + r->l4_at;
	uint32_t old_len =
		is_v4(r) ? rs_load_be16(ip + 2) - IPV4_HEADER_BYTES : rs_load_be16(ip + 4);
	uint32_t len = old_len - (tcp[12] >> 4) * 4u;
	uint32_t seq = rs_load_be32(tcp + 4), ack = rs_load_be32(tcp + 8);
	uint8_t flags = tcp[13];
	uint32_t l4_len = TCP_HEADER_BYTES;
	uint64_t sum = __builtin_bswap32(PROTO_TCP);
	uint32_t csum;

	if (flags & TCP_RST || (!len && !(flags & (TCP_SYN | TCP_FIN))))
		return false;
	if (rs_unlikely(flags & TCP_SYN)) {
		ack = ISS;
		flags = TCP_SYN | TCP_ACK;
		seq++;
	} else {
		seq += len + (flags & TCP_FIN ? 1 : 0);
		flags = TCP_ACK | (flags & TCP_FIN);
		if (rs_likely(len)) {
			copy_reply(r, tcp + TCP_HEADER_BYTES);
			l4_len += r->reply_len;
			sum += r->reply_sum;
		}
	}
	swap(frame, frame + 6, 6);
	sum += turn_ip(r, ip, old_len, l4_len) + __builtin_bswap32(l4_len);
	sum += rs_put_word(tcp, rs_load_be32(tcp) << 16 | rs_load_be32(tcp) >> 16);
	sum += rs_put_word(tcp + 4, ack);
	sum += rs_put_word(tcp + 8, seq);
	sum += rs_put_word(tcp + 12, 5u << 28 | (uint32_t)flags << 16 | UINT16_MAX);
	csum = rs_csum_finish(sum); /* and no urgent pointer */
	memcpy(tcp + 16, &csum, sizeof(csum));
	m->data_len = (uint16_t)(r->l4_at + l4_len);
	m->pkt_len = m->data_len;
	return true;
}

static bool is_tcp(const struct responder *r, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->data_len < r->l4_at + TCP_HEADER_BYTES)
		return false;
	if (is_v4(r))
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

/* What the port did not take stays for the next turn, which then takes nothing in: none is lost. */
static uint32_t push(struct responder *r)
{
	uint32_t n = 0;

	if (r->n_out)
		n = rs_io_tx_burst(&r->port.tx[0], r->out + r->out_head, r->n_out);
	r->out_head += n;
	r->n_out -= n;
	r->n_sent += n;
	return n;
}

/* One turn. Returns how many frames came and went. */
static uint32_t turn(struct responder *r)
{
	struct rte_mbuf *pkts[BURST];
	uint32_t n, n_sent = push(r);

	if (rs_unlikely(r->n_out))
		return n_sent;
	r->out_head = 0;
	n = rs_io_rx_burst(&r->port.rx[0], pkts, BURST);
	for (uint32_t i = 0; i < n; i++) {
		if (is_tcp(r, pkts[i]) ? answer(r, pkts[i]) : answer_neighbour(r, pkts[i]))
			r->out[r->n_out++] = pkts[i];
		else
			rte_pktmbuf_free(pkts[i]);
	}
	r->n_received += n;
	return n + n_sent + push(r);
}

static void loop(struct responder *r)
{
	int poller = rs_io_poller_enter(&r->n_turns);
	uint64_t watch_tsc = 0;

	while (!rs_load_stop_asked()) {
		uint64_t now = rte_rdtsc();
		uint32_t n_frames = turn(r);

		if (n_frames)
			rs_turns_add(&r->turns, now, rte_rdtsc(), n_frames);
		rs_io_poller_turn(&r->n_turns);
		if (now >= watch_tsc) {
			rs_io_port_watch(&r->port);
			watch_tsc = now + rte_get_tsc_hz() / 10;
		}
	}
	rs_io_poller_leave(poller);
}

/* From the first frame to the last one. */
static void report(const struct responder *r, FILE *out)
{
	fprintf(out,
		"{\"busy\": %.3f, \"frames_per_busy_turn\": %.1f, \"received_frames\": %" PRIu64
		", \"sent_frames\": %" PRIu64 ", \"discarded_frames\": %" PRIu64 "}\n",
		rs_turns_busy(&r->turns), rs_turns_frames(&r->turns), r->n_received,
		r->n_sent - r->port.tx[0].n_discarded, r->port.tx[0].n_discarded);
}

int rs_responder_run(const struct load_options *o, struct load_output *json)
{
	struct responder *r = calloc(1, sizeof(*r));
	int err = -1;

	if (!r || make_reply(r, o))
		goto out;
	r->l4_at = ETH_HEADER_BYTES + (o->ip.family == 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
	if (rs_load_port_open(&r->port, &r->mbufs, 0))
		goto out;
	rs_resolver_init(&r->resolver, o, r->port.mac);
	loop(r);
	rte_pktmbuf_free_bulk(r->out + r->out_head, r->n_out);
	report(r, rs_load_output_begin(json));
	err = 0;
	rs_io_port_close(&r->port);
	rte_mempool_free(r->mbufs);
out:
	free(r);
	return err;
}
