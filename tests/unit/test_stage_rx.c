/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fan-out: all frames of a connection, and what ICMP says about it, come to the net core that the
 * flow's hash names. Frames stand in heap blocks of their exact length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/bytes.h"
#include "eal_rig.h"
#include "flow/flow.h"
#include "stage_rx.h"

#define N_NET 7

static const uint64_t secret[5] = {0x0123456789abcdef, 0xfedcba9876543210, 0x55aa55aa12345678,
	0x0f1e2d3c4b5a6978, 0x1122334455667788};

static const uint8_t our_v4[4] = {10, 99, 0, 2};
static const uint8_t our_v6[16] = {0xfd, 0x99, [15] = 2};

struct frame {
	uint8_t bytes[256];
	uint32_t len;
};

static uint32_t net_core(const struct frame *f)
{
	uint8_t *exact = malloc(f->len ? f->len : 1);
	uint32_t core;

	memcpy(exact, f->bytes, f->len);
	core = rs_rx_net_core(exact, f->len, secret, N_NET);
	free(exact);
	assert_true(core < N_NET);
	return core;
}

static void put(struct frame *f, const void *bytes, uint32_t n)
{
	memcpy(f->bytes + f->len, bytes, n);
	f->len += n;
}

static void put_be16(struct frame *f, uint16_t v)
{
	rs_store_be16(f->bytes + f->len, v);
	f->len += 2;
}

static void put_eth(struct frame *f, bool vlan, uint16_t ethertype)
{
	f->len = 12;
	if (vlan) {
		put_be16(f, 0x8100);
		put_be16(f, 42);
	}
	put_be16(f, ethertype);
}

/* RFC 791; only what says where the transport header is. */
static void put_ipv4(
	struct frame *f, uint8_t n_words, uint8_t proto, const uint8_t src[4], const uint8_t dst[4])
{
	uint8_t h[60] = {[0] = (uint8_t)(0x40 | n_words), [9] = proto};

	memcpy(h + 12, src, 4);
	memcpy(h + 16, dst, 4);
	put(f, h, n_words * 4u);
}

static void put_ipv6(struct frame *f, uint8_t proto, const uint8_t src[16], const uint8_t dst[16])
{
	uint8_t h[40] = {[0] = 0x60, [6] = proto};

	memcpy(h + 8, src, 16);
	memcpy(h + 24, dst, 16);
	put(f, h, sizeof(h));
}

static void put_ports(struct frame *f, uint16_t src, uint16_t dst)
{
	put_be16(f, src);
	put_be16(f, dst);
	put(f, "\0\0\0\1", 4); /* the sequence number */
}

static struct flow_key key_v4(const uint8_t remote[4], uint16_t remote_port)
{
	struct flow_key key = {.remote_port = remote_port, .local_port = 80, .family = 4};

	key.remote[10] = key.remote[11] = key.local[10] = key.local[11] = 0xff;
	memcpy(key.remote + 12, remote, 4);
	memcpy(key.local + 12, our_v4, 4);
	return key;
}

/* What the connection's net core is: the upper bits of the hash, as a fraction of N_NET. */
static uint32_t expected(const struct flow_key *key)
{
	return (uint32_t)((double)rs_flow_hash(key, secret) / 4294967296.0 * N_NET);
}

static void segments_follow_the_flow_hash(void **state)
{
	uint32_t seen = 0;

	(void)state;
	for (uint16_t port = 1024; port < 1124; port++) {
		const uint8_t peer[4] = {10, 99, 0, 1};
		struct flow_key key = key_v4(peer, port);
		struct frame plain = {0}, tagged = {0}, options = {0};

		put_eth(&plain, false, 0x0800);
		put_ipv4(&plain, 5, 6, peer, our_v4);
		put_ports(&plain, port, 80);
		put_eth(&tagged, true, 0x0800);
		put_ipv4(&tagged, 5, 6, peer, our_v4);
		put_ports(&tagged, port, 80);
		put_eth(&options, false, 0x0800);
		put_ipv4(&options, 15, 6, peer, our_v4);
		put_ports(&options, port, 80);
		assert_int_equal(net_core(&plain), expected(&key));
		assert_int_equal(net_core(&tagged), expected(&key));
		assert_int_equal(net_core(&options), expected(&key));
		seen |= 1u << net_core(&plain);
	}
	assert_int_equal(seen, (1u << N_NET) - 1); /* a hundred connections reach every core */
}

static void ipv6_segments_too(void **state)
{
	(void)state;
	for (uint16_t port = 1024; port < 1060; port++) {
		uint8_t peer[16] = {0xfd, 0x99, [15] = 1};
		struct flow_key key = {.remote_port = port, .local_port = 80, .family = 6};
		struct frame f = {0};

		memcpy(key.remote, peer, 16);
		memcpy(key.local, our_v6, 16);
		put_eth(&f, false, 0x86dd);
		put_ipv6(&f, 6, peer, our_v6);
		put_ports(&f, port, 80);
		assert_int_equal(net_core(&f), expected(&key));
	}
}

/* RFC 1191: type 3 code 4 quotes the header of ours that was too big, and eight bytes more. */
static void too_big_follows_its_connection(void **state)
{
	(void)state;
	for (uint16_t port = 1024; port < 1060; port++) {
		const uint8_t peer[4] = {192, 0, 2, 9}, router[4] = {10, 99, 0, 254};
		struct flow_key key = key_v4(peer, port);
		struct frame f = {0};

		put_eth(&f, false, 0x0800);
		put_ipv4(&f, 5, 1, router, our_v4);
		put(&f, "\3\4\0\0\0\0\5\xdc", 8);
		put_ipv4(&f, 5, 6, our_v4, peer);
		put_ports(&f, 80, port);
		assert_int_equal(net_core(&f), expected(&key));
	}
}

/* RFC 4443 section 3.2 */
static void packet_too_big_follows_its_connection(void **state)
{
	(void)state;
	for (uint16_t port = 1024; port < 1060; port++) {
		uint8_t peer[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7};
		uint8_t router[16] = {0xfe, 0x80, [15] = 1};
		struct flow_key key = {.remote_port = port, .local_port = 80, .family = 6};
		struct frame f = {0};

		memcpy(key.remote, peer, 16);
		memcpy(key.local, our_v6, 16);
		put_eth(&f, false, 0x86dd);
		put_ipv6(&f, 58, router, our_v6);
		put(&f, "\2\0\0\0\0\0\5\x00", 8);
		put_ipv6(&f, 6, our_v6, peer);
		put_ports(&f, 80, port);
		assert_int_equal(net_core(&f), expected(&key));
	}
}

static void everything_else_goes_to_the_first(void **state)
{
	const uint8_t peer[4] = {10, 99, 0, 1};

	(void)state;
	for (uint16_t port = 1; port < 40; port++) {
		struct frame udp = {0}, echo = {0}, arp = {0};

		put_eth(&udp, false, 0x0800);
		put_ipv4(&udp, 5, 17, peer, our_v4);
		put_ports(&udp, port, 80);
		assert_int_equal(net_core(&udp), 0);
		put_eth(&echo, false, 0x0800);
		put_ipv4(&echo, 5, 1, peer, our_v4);
		put(&echo, "\10\0\0\0\0\0\0", 7);
		put(&echo, &port, 1);
		assert_int_equal(net_core(&echo), 0);
		put_eth(&arp, false, 0x0806);
		put(&arp, udp.bytes, 28);
		assert_int_equal(net_core(&arp), 0);
	}
}

/* The first has ports, and the others have something in their place: all come to one core. */
static void fragments_go_to_the_first(void **state)
{
	const uint8_t peer[4] = {10, 99, 0, 1};
	const uint8_t peer_v6[16] = {0xfd, 0x99, [15] = 1};

	(void)state;
	for (uint16_t port = 1024; port < 1060; port++) {
		struct frame first = {0}, later = {0}, v6 = {0}, error = {0};

		put_eth(&first, false, 0x0800);
		put_ipv4(&first, 5, 6, peer, our_v4);
		put_ports(&first, port, 80);
		later = first;
		first.bytes[20] = 0x20; /* more follow */
		later.bytes[21] = 9;    /* its place */
		assert_int_equal(net_core(&first), 0);
		assert_int_equal(net_core(&later), 0);
		put_eth(&v6, false, 0x86dd);
		put_ipv6(&v6, 44, peer_v6, our_v6);
		put(&v6, "\6\0\0\1\0\0\0\1", 8);
		put_ports(&v6, port, 80);
		put(&v6, "\0\0\0\1\x50\2\0\0\0\0\0\0", 12);
		assert_int_equal(net_core(&v6), 0);
		/* What looks like "too big" there is none. */
		put_eth(&error, false, 0x0800);
		put_ipv4(&error, 5, 1, peer, our_v4);
		put(&error, "\3\4\0\0\0\0\5\xdc", 8);
		put_ipv4(&error, 5, 6, our_v4, peer);
		put_ports(&error, 80, port);
		error.bytes[21] = 9;
		assert_int_equal(net_core(&error), 0);
	}
}

/* Cut anywhere, nothing behind the end is read (the address sanitizer watches). */
static void short_frames_are_not_read_past_their_end(void **state)
{
	const uint8_t peer[4] = {10, 99, 0, 1};
	struct frame v4 = {0}, v6 = {0}, too_big = {0};

	(void)state;
	put_eth(&v4, true, 0x0800);
	put_ipv4(&v4, 15, 6, peer, our_v4);
	put_ports(&v4, 1024, 80);
	put_eth(&v6, false, 0x86dd);
	put_ipv6(&v6, 6, our_v6, our_v6);
	put_ports(&v6, 1024, 80);
	put_eth(&too_big, false, 0x0800);
	put_ipv4(&too_big, 5, 1, peer, our_v4);
	put(&too_big, "\3\4\0\0\0\0\5\xdc", 8);
	put_ipv4(&too_big, 15, 6, our_v4, peer);
	put_ports(&too_big, 80, 1024);
	while (v4.len--)
		assert_int_equal(net_core(&v4), 0);
	while (v6.len--)
		assert_int_equal(net_core(&v6), 0);
	while (too_big.len--)
		assert_int_equal(net_core(&too_big), 0);
}

/* ---- frames in several mbufs ---- */

struct taken {
	struct rte_mbuf *pkts[RX_BURST];
	uint32_t n;
};

static uint32_t take(void *self, struct rte_mbuf **pkts, uint32_t n)
{
	struct taken *to = self;

	memcpy(to->pkts + to->n, pkts, n * sizeof(pkts[0]));
	to->n += n;
	return n;
}

static struct rte_mbuf *mbuf_of(struct rte_mempool *pool, const uint8_t *bytes, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	return m;
}

/* f, with a first mbuf of n bytes. */
static struct rte_mbuf *chain(struct rte_mempool *pool, const struct frame *f, uint32_t n)
{
	struct rte_mbuf *m = mbuf_of(pool, f->bytes, n);

	assert_int_equal(rte_pktmbuf_chain(m, mbuf_of(pool, f->bytes + n, f->len - n)), 0);
	return m;
}

/* Wherever the first mbuf ends: it may be inside the headers. */
static void chained_frames_go_where_their_connection_is(void **state)
{
	const uint8_t peer[4] = {10, 99, 0, 1};
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"frames", 255, 0, 0, RTE_PKTMBUF_HEADROOM + 128, SOCKET_ID_ANY);
	struct stage_rx *rx = calloc(1, sizeof(*rx));
	struct taken taken[N_NET] = {0};
	struct frame f = {0};
	uint16_t port = 1024;
	struct flow_key key;
	uint32_t net;

	(void)state;
	assert_non_null(pool);
	key = key_v4(peer, port);
	while (!(net = expected(&key)))
		key = key_v4(peer, ++port);
	put_eth(&f, true, 0x0800);
	put_ipv4(&f, 5, 6, peer, our_v4);
	put_ports(&f, port, 80);
	rx->n_net = N_NET;
	rx->flow_secret = secret;
	for (uint32_t i = 0; i < N_NET; i++)
		rx->net[i] = (struct joint){.call = take, .self = &taken[i]};
	for (uint32_t i = 1; i < f.len; i++)
		rx->pkts[i - 1] = chain(pool, &f, i);
	rs_stage_rx_deal(rx, f.len - 1);
	assert_int_equal(taken[net].n, f.len - 1);
	rte_pktmbuf_free_bulk(taken[net].pkts, taken[net].n);
	/* What does not fit into one mbuf is counted, and comes back. */
	taken[net].n = 0;
	f.len = 200;
	rx->pkts[0] = chain(pool, &f, 100);
	rs_stage_rx_deal(rx, 1);
	for (uint32_t i = 0; i < N_NET; i++)
		assert_int_equal(taken[i].n, 0);
	assert_int_equal(rx->counters[RX_C_DROP_LONG_FRAME], 1);
	assert_int_equal(rx->frames.n_in, rx->frames.n_out);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
	free(rx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_follow_the_flow_hash),
		cmocka_unit_test(ipv6_segments_too),
		cmocka_unit_test(too_big_follows_its_connection),
		cmocka_unit_test(packet_too_big_follows_its_connection),
		cmocka_unit_test(everything_else_goes_to_the_first),
		cmocka_unit_test(fragments_go_to_the_first),
		cmocka_unit_test(short_frames_are_not_read_past_their_end),
		cmocka_unit_test(chained_frames_go_where_their_connection_is),
	};

	rig_start("stage-rx");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
