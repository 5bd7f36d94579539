/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/csum.h"
#include "micro.h"
#include "wire/link.h"
#include "wire/render.h"
#include "wire/tcp_parse.h"

static const char request[] = "GET /bytes/64 HTTP/1.1\r\nHost: 10.99.0.2\r\n\r\n";
static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2};
static uint8_t payload[1460];

struct end {
	struct wire_host host;
	struct tcp_tx tx;
	uint8_t frame[1600];
	uint32_t len;
};

/* A segment with data[0, len) of a connection to the host. */
static void make(struct end *e, uint8_t family, const void *data, uint32_t len)
{
	struct wire_addr addr = {.prefix_len = family == 4 ? 24 : 64, .family = family};

	memcpy(addr.addr,
		family == 4 ? "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x63\0\2"
			    : "\xfd\x99\0\0\0\0\0\0\0\0\0\0\0\0\0\2",
		16);
	rs_wire_host_init(&e->host, mac, 0, 0, &addr, 1);
	e->tx = (struct tcp_tx){
		.key = {.remote_port = 80, .local_port = 1000, .family = family},
		.link = rs_link_pack(mac, 0, 0),
		.seq = 1,
		.ack = 1,
		.flags = TCP_ACK,
		.wnd = 1000,
		.mss = 1460,
		.len = len,
		.n_spans = 1,
		.spans = {{.data = data, .len = len}},
	};
	memcpy(e->tx.key.remote, addr.addr, 16);
	addr.addr[15] = 1;
	memcpy(e->tx.key.local, addr.addr, 16);
	e->len = rs_wire_render_tcp(&e->host, &e->tx, e->frame, 0);
}

static uint64_t parse(uint32_t n, uint8_t family)
{
	static struct end e;
	uint64_t sum = 0;

	make(&e, family, request, sizeof(request) - 1);
	for (uint32_t i = 0; i < n; i++) {
		struct pkt pkt;
		struct tcp_seg seg;

		sum += rs_wire_parse(&e.host, e.frame, e.len, 0, &pkt);
		sum += rs_wire_parse_tcp(&pkt, &seg);
		sum += seg.len;
	}
	return sum;
}

static uint64_t render(uint32_t n, uint32_t len, uint16_t payload_sum)
{
	static struct end e;
	uint64_t sum = 0;

	make(&e, 4, payload, len);
	e.tx.payload_sum = payload_sum;
	for (uint32_t i = 0; i < n; i++) {
		e.tx.seq = i;
		sum += rs_wire_render_tcp(&e.host, &e.tx, e.frame, 0) + e.frame[50];
	}
	return sum;
}

static uint64_t parse_v4(uint32_t n)
{
	return parse(n, 4);
}

static uint64_t parse_v6(uint32_t n)
{
	return parse(n, 6);
}

static uint64_t render_200(uint32_t n)
{
	return render(n, 200, 0);
}

static uint64_t render_200_summed(uint32_t n)
{
	return render(n, 200, 1);
}

static uint64_t render_1460(uint32_t n)
{
	return render(n, 1460, 0);
}

const struct micro micro_wire[MICRO_MAX] = {
	{"wire parse, request, IPv4", parse_v4},
	{"wire parse, request, IPv6", parse_v6},
	{"wire render, 200 bytes", render_200},
	{"wire render, 200 bytes, sum known", render_200_summed},
	{"wire render, 1460 bytes", render_1460},
	{0},
};
