/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame.h"

#include <string.h>

#include "base/bytes.h"
#include "base/csum.h"
#include "wire/tcp_parse.h"
#include "words.h"

#define HOP_LIMIT 64

/* ---- received ---- */

/* The IP packet is from the server: its TCP part, or NULL; and how the address it is to ends. */
static const uint8_t *tcp_of(const struct load_net *n, const uint8_t *frame, uint32_t len,
	uint32_t *l4_len, uint32_t *client)
{
	const uint8_t *ip = frame + ETH_HEADER_BYTES;
	uint32_t ip_len = len - ETH_HEADER_BYTES;
	uint32_t total;

	if (n->family == 4) {
		if (len < n->l4_at + TCP_HEADER_BYTES ||
			rs_load_be16(frame + 12) != ETHERTYPE_IPV4 || ip[0] != 0x45 ||
			ip[9] != PROTO_TCP || memcmp(ip + 12, n->server, 4) != 0)
			return NULL;
		total = rs_load_be16(ip + 2);
		*client = rs_load_be32(ip + 16);
		if (total > ip_len || total < IPV4_HEADER_BYTES + TCP_HEADER_BYTES)
			return NULL;
		*l4_len = total - IPV4_HEADER_BYTES;
		return ip + IPV4_HEADER_BYTES;
	}
	if (len < n->l4_at + TCP_HEADER_BYTES || rs_load_be16(frame + 12) != ETHERTYPE_IPV6 ||
		ip[6] != PROTO_TCP || memcmp(ip + 8, n->server, 16) != 0)
		return NULL;
	*l4_len = rs_load_be16(ip + 4);
	*client = rs_load_be32(ip + 36);
	if (*l4_len > ip_len - IPV6_HEADER_BYTES || *l4_len < TCP_HEADER_BYTES)
		return NULL;
	return ip + IPV6_HEADER_BYTES;
}

/* Of the options only those that we use: MSS, window scale, timestamps. */
static void parse_options(const uint8_t *p, uint32_t len, struct load_seg *seg)
{
	while (len && p[0]) {
		uint32_t n = 1;

		if (p[0] != 1) {
			if (len < 2 || p[1] < 2 || p[1] > len)
				return;
			n = p[1];
			if (p[0] == 2 && n == 4)
				seg->mss = rs_load_be16(p + 2);
			else if (p[0] == 3 && n == 3)
				seg->wnd_scale = p[2];
			else if (p[0] == 8 && n == 10)
				seg->ts_val = rs_load_be32(p + 2);
		}
		p += n;
		len -= n;
	}
}

static bool is_ipv4_header_right(const uint8_t *ip)
{
	return rs_csum_fold16(rs_sum_words(ip, IPV4_HEADER_BYTES)) == 0xffff;
}

enum load_frame rs_load_frame_parse(
	const struct load_net *n, const uint8_t *frame, uint32_t len, struct load_seg *seg)
{
	uint32_t l4_len, client, header, port;
	const uint8_t *tcp = tcp_of(n, frame, len, &l4_len, &client);
	uint32_t client_word;
	uint64_t sum;

	if (rs_unlikely(!tcp))
		return FRAME_OTHER;
	client -= n->first_client;
	port = rs_load_be16(tcp + 2) - (uint32_t)n->first_port;
	header = (tcp[12] >> 4) * 4u;
	if (rs_unlikely(client >= n->n_clients || port >= n->ports.n ||
			rs_load_be16(tcp) != n->server_port ||
			(n->family == 6 && memcmp(tcp - 16, n->client, 12) != 0)))
		return FRAME_STRANGER;
	if (rs_unlikely(header < TCP_HEADER_BYTES || header > l4_len))
		return FRAME_OTHER;
	memcpy(&client_word, tcp - 4, 4); /* how the destination ends */
	sum = n->tcp_sum + client_word + __builtin_bswap32(l4_len);
	if (rs_unlikely(rs_csum_fold16(rs_csum_add(sum, tcp, l4_len)) != 0xffff ||
			(n->family == 4 && !is_ipv4_header_right(tcp - IPV4_HEADER_BYTES))))
		return FRAME_BAD_CSUM;
	seg->tuple = client * n->ports.n + port;
	seg->seq = rs_load_be32(tcp + 4);
	seg->ack = rs_load_be32(tcp + 8);
	seg->flags = tcp[13];
	seg->data = tcp + header;
	seg->len = l4_len - header;
	seg->ts_val = 0;
	seg->mss = 0;
	seg->wnd = rs_load_be16(tcp + 14);
	seg->wnd_scale = 0;
	if (rs_unlikely(header > TCP_HEADER_BYTES))
		parse_options(tcp + TCP_HEADER_BYTES, header - TCP_HEADER_BYTES, seg);
	return FRAME_TCP;
}

/* ---- sent ---- */

void rs_load_net_init(struct load_net *n, const struct load_options *o, const uint8_t mac[6],
	const uint8_t server_mac[6], uint16_t mtu)
{
	uint32_t addr_bytes = o->family == 4 ? 4 : 16;
	uint8_t *ip = n->header + ETH_HEADER_BYTES;

	*n = (struct load_net){
		.family = o->family,
		.timestamps = o->timestamps,
		.first_port = o->first_port,
		.ports = rs_divisor(o->last_port - o->first_port + 1u),
		.n_clients = o->n_clients,
		.first_client = rs_load_be32(o->ip.addr + 12),
		.server_port = o->port,
	};
	memcpy(n->mac, mac, 6);
	memcpy(n->client, o->ip.addr + 16 - addr_bytes, addr_bytes);
	memcpy(n->server, o->target + 16 - addr_bytes, addr_bytes);
	memcpy(n->header, server_mac, 6);
	memcpy(n->header + 6, mac, 6);
	if (o->family == 4) {
		rs_store_be16(n->header + 12, ETHERTYPE_IPV4);
		rs_store_be32(ip, 0x45000000u);
		rs_store_be32(ip + 4, 0x00004000u); /* DF */
		rs_store_be32(ip + 8, HOP_LIMIT << 24 | PROTO_TCP << 16);
		memcpy(ip + 16, n->server, 4);
		n->ip_sum = rs_csum_add(0, ip, IPV4_HEADER_BYTES);
		n->l4_at = ETH_HEADER_BYTES + IPV4_HEADER_BYTES;
		n->tcp_sum = rs_csum_add(0, n->server, 4);
		memcpy(ip + 12, n->client, 4);
	} else {
		rs_store_be16(n->header + 12, ETHERTYPE_IPV6);
		rs_store_be32(ip, 0x60000000u);
		rs_store_be32(ip + 4, PROTO_TCP << 8 | HOP_LIMIT);
		memcpy(ip + 8, n->client, 16);
		memcpy(ip + 24, n->server, 16);
		n->l4_at = ETH_HEADER_BYTES + IPV6_HEADER_BYTES;
		n->tcp_sum = rs_csum_add(rs_csum_add(0, n->server, 16), n->client, 12);
	}
	n->mss = (uint16_t)(mtu - (n->l4_at - ETH_HEADER_BYTES) - TCP_HEADER_BYTES);
	n->tcp_sum += __builtin_bswap32(PROTO_TCP);
	rs_store_be16(n->header + n->l4_at + 2, o->port);
}

/* Ethernet and IP from the template, for l4_len bytes from the client with this word. */
static void render_ip(
	const struct load_net *n, uint8_t *frame, uint32_t client_word, uint32_t l4_len)
{
	uint8_t *ip = frame + ETH_HEADER_BYTES;
	uint16_t sum;

	if (rs_likely(n->family == 4)) {
		memcpy(frame, n->header, ETH_HEADER_BYTES + IPV4_HEADER_BYTES);
		rs_store_be16(ip + 2, (uint16_t)(IPV4_HEADER_BYTES + l4_len));
		memcpy(ip + 12, &client_word, 4);
		sum = rs_csum_finish(n->ip_sum + client_word +
				     __builtin_bswap16((uint16_t)(IPV4_HEADER_BYTES + l4_len)));
		memcpy(ip + 10, &sum, 2);
	} else {
		memcpy(frame, n->header, ETH_HEADER_BYTES + IPV6_HEADER_BYTES);
		rs_store_be16(ip + 4, (uint16_t)l4_len);
		memcpy(ip + 20, &client_word, 4);
	}
}

/* A SYN's options, others' timestamps. Returns their length; adds to *sum. */
static uint32_t render_options(
	const struct load_net *n, const struct load_out *out, uint8_t *p, uint64_t *sum)
{
	uint32_t len = 0;

	if (out->flags & TCP_SYN) {
		*sum += rs_put_word(p, 0x02040000u | n->mss);
		*sum += rs_put_word(p + 4, 0x01030300u | FRAME_WND_SCALE);
		len = 8;
	}
	if (n->timestamps) {
		*sum += rs_put_word(p + len, 0x0101080au);
		*sum += rs_put_word(p + len + 4, out->ts_val);
		*sum += rs_put_word(p + len + 8, out->ts_ecr);
		len += 12;
	}
	return len;
}

/* Requests as payload; returns its sum. One whole request is the rule, and its sum is known. */
static uint64_t render_requests(struct workload *w, const struct load_out *out, uint8_t *p)
{
	struct load_request *q = rs_workload_request(w, out->tuple, out->first);
	uint32_t skip = out->skip, number = out->first;
	uint32_t at = 0;

	if (rs_likely(!skip && out->len == q->len)) {
		for (; at < q->len; at += LOAD_BLOCK) /* as a whole: no call is made */
			memcpy(p + at, q->data + at, LOAD_BLOCK);
		return q->sum;
	}
	while (at < out->len) {
		uint32_t n;

		q = rs_workload_request(w, out->tuple, number++);
		if (skip >= q->len) {
			skip -= q->len;
			continue;
		}
		n = rs_min_u32(q->len - skip, out->len - at);
		memcpy(p + at, q->data + skip, n);
		at += n;
		skip = 0;
	}
	return rs_csum_add(0, p, at);
}

/* The sum is made of words that are at hand: read back, they would have to be waited for. */
uint32_t rs_load_frame_render(
	const struct load_net *n, struct workload *w, const struct load_out *out, uint8_t *frame)
{
	uint32_t client = rs_divide(out->tuple, &n->ports);
	uint32_t port = n->first_port + out->tuple - client * n->ports.n;
	uint32_t client_word = __builtin_bswap32(n->first_client + client);
	uint8_t *tcp = frame + n->l4_at;
	uint32_t header = TCP_HEADER_BYTES;
	uint64_t sum = n->tcp_sum + client_word;
	uint32_t csum;

	if (rs_unlikely(out->flags & TCP_SYN || n->timestamps))
		header += render_options(n, out, tcp + TCP_HEADER_BYTES, &sum);
	if (rs_unlikely(out->has_data)) {
		memcpy(tcp + header, out->data, out->len);
		sum = rs_csum_add(sum, out->data, out->len);
	} else if (out->len) {
		sum += render_requests(w, out, tcp + header);
	}
	render_ip(n, frame, client_word, header + out->len);
	sum += __builtin_bswap32(header + out->len);
	sum += rs_put_word(tcp, port << 16 | n->server_port);
	sum += rs_put_word(tcp + 4, out->seq);
	sum += rs_put_word(tcp + 8, out->ack);
	sum += rs_put_word(tcp + 12, header << 26 | (uint32_t)out->flags << 16 | UINT16_MAX);
	csum = rs_csum_finish(sum); /* and no urgent pointer */
	memcpy(tcp + 16, &csum, sizeof(csum));
	return n->l4_at + header + out->len;
}

uint32_t rs_load_frame_flood(const struct load_net *n, const uint8_t source[16], uint16_t port,
	uint32_t seq, uint8_t *frame)
{
	uint32_t addr_bytes = n->family == 4 ? 4 : 16;
	uint32_t len = TCP_HEADER_BYTES + 4;
	uint8_t *tcp = frame + n->l4_at;
	uint8_t *ip = frame + ETH_HEADER_BYTES;
	uint64_t sum = __builtin_bswap32(PROTO_TCP) + (uint64_t)__builtin_bswap32(len);
	uint32_t client_word;
	uint16_t csum;

	memcpy(&client_word, source + 12, 4);
	render_ip(n, frame, client_word, len);
	if (n->family == 6)
		memcpy(ip + 8, source, 16);
	rs_store_be16(tcp, port);
	rs_store_be16(tcp + 2, n->server_port);
	rs_store_be32(tcp + 4, seq);
	rs_store_be32(tcp + 8, 0);
	rs_store_be32(tcp + 12, len << 26 | TCP_SYN << 16 | UINT16_MAX);
	memset(tcp + 16, 0, 4);
	rs_store_be32(tcp + 20, 0x02040000u | n->mss);
	sum = rs_csum_add(sum, source + 16 - addr_bytes, addr_bytes);
	sum = rs_csum_add(sum, n->server, addr_bytes);
	csum = rs_csum_finish(rs_csum_add(sum, tcp, len));
	memcpy(tcp + 16, &csum, 2);
	return n->l4_at + len;
}
