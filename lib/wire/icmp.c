/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/icmp.h"

#include "base/bytes.h"
#include "base/csum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/link.h"
#include "wire/nd.h"
#include "wire/render.h"

enum {
	ICMP_HEADER_BYTES = 8,
	UDP_HEADER_BYTES = 8,
	/* Codes of a Parameter Problem, RFC 4443 section 3.4. */
	ERRONEOUS_FIELD = 0,
	UNKNOWN_NEXT_HEADER = 1,
	UNKNOWN_OPTION = 2,
	INCOMPLETE_CHAIN = 3, /* RFC 7112 */

	PAYLOAD_LENGTH_AT = 4, /* in an IPv6 header */
};

static const uint8_t zero_addr[16];

static uint32_t n_equal_bits(const uint8_t a[16], const uint8_t b[16])
{
	uint32_t i = 0;

	while (i < 15 && a[i] == b[i])
		i++;
	return i * 8 + (uint32_t)__builtin_clz((uint32_t)(a[i] ^ b[i]) << 24 | 0x800000);
}

/* How well an address of ours answers that of a peer: RFC 6724 section 5, rules 2 and 8. */
static uint32_t fitness(const uint8_t own[16], const uint8_t peer[16])
{
	bool is_same_scope = rs_ipv6_is_link_local(own) == rs_ipv6_is_link_local(peer);

	return 1 + n_equal_bits(own, peer) + (is_same_scope ? 128 : 0);
}

/*
 * Which of our addresses an ICMP answer comes from: the one that was addressed. Where that was a
 * group it has to be one of its own (RFC 4443 section 2.2). NULL: we have none.
 */
static const uint8_t *answer_source(const struct wire_host *host, const struct pkt *pkt)
{
	const uint8_t *source = NULL;
	uint32_t best = 0;

	if (pkt->family == 4 || pkt->dst[0] != 0xff)
		return pkt->dst;
	for (uint32_t i = 0; i < host->n_addrs; i++) {
		const struct wire_addr *a = &host->addrs[i];
		uint32_t fit = a->family == 6 ? fitness(a->addr, pkt->src) : 0;

		if (fit > best) {
			best = fit;
			source = a->addr;
		}
	}
	return source;
}

/* Ethernet and IP of an ICMP answer from src; the caller fills in l4_len bytes behind. */
static uint32_t render_icmp_head(const struct wire_host *host, const struct pkt *pkt,
	const uint8_t src[16], uint32_t l4_len, uint8_t *out)
{
	bool v4 = pkt->family == 4;
	uint32_t n = rs_wire_render_eth(host, pkt->link, v4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6, out);

	return n + rs_wire_render_ip(&(struct wire_ip){.src = src,
					     .dst = pkt->src,
					     .l4_len = l4_len,
					     .family = pkt->family,
					     .proto = v4 ? PROTO_ICMP : PROTO_ICMPV6,
					     .hop_limit = 64},
			   out + n);
}

static void finish_icmp(const struct pkt *pkt, const uint8_t src[16], uint8_t *icmp, uint32_t len)
{
	uint64_t sum = 0;
	uint16_t csum;

	if (pkt->family == 6)
		sum = rs_wire_pseudo_sum(6, src, pkt->src, PROTO_ICMPV6, len);
	memset(icmp + 2, 0, 2);
	csum = rs_csum_finish(rs_csum_add(sum, icmp, len));
	memcpy(icmp + 2, &csum, 2);
}

uint32_t rs_icmp_echo_answer(
	const struct wire_host *host, const struct pkt *pkt, uint8_t *out, uint32_t out_bytes)
{
	const uint8_t *source = answer_source(host, pkt);
	uint32_t n;

	if ((pkt->family == 4 && !pkt->is_unicast) || !source ||
		pkt->l4_len + WIRE_MAX_HEADER_BYTES > out_bytes || !memcmp(pkt->src, zero_addr, 16))
		return 0;
	n = render_icmp_head(host, pkt, source, pkt->l4_len, out);
	memcpy(out + n, pkt->l4, pkt->l4_len);
	out[n] = pkt->family == 4 ? 0 : 129;
	finish_icmp(pkt, source, out + n, pkt->l4_len);
	return rs_link_pad(out, n + pkt->l4_len);
}

/*
 * Where the number stands that says what l4 is: in the last extension header, else in IPv6's own.
 * Parsing has looked at the chain, which is short.
 */
static uint32_t next_header_at(const struct pkt *pkt)
{
	uint32_t at = 6;
	const uint8_t *p = pkt->l3 + IPV6_HEADER_BYTES;

	while (p < pkt->l4) {
		uint8_t type = pkt->l3[at];

		at = (uint32_t)(p - pkt->l3);
		p += rs_ipv6_extension_bytes(type, p);
	}
	return at;
}

struct icmp_error {
	uint8_t type, code;
	uint32_t word; /* it follows the checksum */
};

/* RFC 4443 section 3.4: the word says where in the packet it is. */
static struct icmp_error problem(uint8_t code, uint32_t at)
{
	return (struct icmp_error){.type = 4, .code = code, .word = at};
}

static struct icmp_error unreachable(const struct pkt *pkt)
{
	bool is_port = pkt->kind == WIRE_UDP;

	if (pkt->family == 4)
		return (struct icmp_error){.type = 3, .code = is_port ? 3 : 2};
	if (is_port)
		return (struct icmp_error){.type = 1, .code = 4};
	return problem(UNKNOWN_NEXT_HEADER, next_header_at(pkt));
}

/* To who sent the cause: parsing has seen that there is an answer to him. */
static uint32_t render_error(
	const struct wire_host *host, const struct pkt *pkt, struct icmp_error error, uint8_t *out)
{
	/* As much of the cause as fits into the minimum MTU (RFC 1812 section 4.3.2.3, RFC 4443).
	 */
	uint32_t most = pkt->family == 4 ? 576 - IPV4_HEADER_BYTES - ICMP_HEADER_BYTES
					 : 1280 - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES;
	uint32_t quote = rs_min_u32(pkt->l3_len, most);
	const uint8_t *source = answer_source(host, pkt);
	uint32_t n;

	if (!source)
		return 0;
	n = render_icmp_head(host, pkt, source, ICMP_HEADER_BYTES + quote, out);
	rs_store_be32(out + n, (uint32_t)error.type << 24 | (uint32_t)error.code << 16);
	rs_store_be32(out + n + 4, error.word);
	memcpy(out + n + ICMP_HEADER_BYTES, pkt->l3, quote);
	finish_icmp(pkt, source, out + n, ICMP_HEADER_BYTES + quote);
	return rs_link_pad(out, n + ICMP_HEADER_BYTES + quote);
}

/*
 * RFC 1122 section 4.1.3.4: a damaged datagram is dropped in silence. One without a checksum is
 * sound over IPv4 only (RFC 8200 section 8.1).
 */
static bool is_sound_datagram(const struct pkt *pkt)
{
	struct pkt datagram = *pkt;

	if (pkt->l4_len < UDP_HEADER_BYTES)
		return false;
	datagram.l4_len = rs_load_be16(pkt->l4 + 4);
	if (datagram.l4_len < UDP_HEADER_BYTES || datagram.l4_len > pkt->l4_len)
		return false;
	if (!rs_load_be16(pkt->l4 + 6))
		return pkt->family == 4;
	return pkt->l4_csum_ok || rs_wire_l4_csum_ok(&datagram);
}

uint32_t rs_icmp_unreachable(const struct wire_host *host, const struct pkt *pkt, uint8_t *out)
{
	if (!pkt->is_unicast || (pkt->kind == WIRE_UDP && !is_sound_datagram(pkt)))
		return 0;
	return render_error(host, pkt, unreachable(pkt), out);
}

/* RFC 792: all of these, and only these, are errors; RFC 1122 section 3.2.2. */
static bool is_icmp_error(uint8_t type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/*
 * RFC 4443 section 2.4 (e.1) and (e.2): behind what could not be taken there may be an error, or a
 * redirect, which is none by its number.
 */
static bool is_about_an_icmpv6_error(const struct pkt *pkt)
{
	const uint8_t *p = pkt->l4;
	const uint8_t *end = p + pkt->l4_len;
	uint8_t type = pkt->proto;

	while (rs_ipv6_is_extension(type)) {
		uint32_t n;

		if (end - p < IPV6_EXTENSION_BYTES)
			return false;
		n = rs_ipv6_extension_bytes(type, p);
		if (n > (uint32_t)(end - p))
			return false;
		type = p[0];
		p += n;
	}
	return type == PROTO_ICMPV6 && p < end && (p[0] <= ICMP6_ERROR_MAX || p[0] == ND_REDIRECT);
}

static bool is_about_an_error(const struct pkt *pkt)
{
	if (pkt->family == 6)
		return is_about_an_icmpv6_error(pkt);
	return pkt->proto == PROTO_ICMP && pkt->l4_len && is_icmp_error(pkt->l4[0]);
}

/* The first option that is not to be skipped; end: all are, or one is malformed. */
static const uint8_t *refused_option(const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		uint32_t n = 1; /* Pad1 */

		if (*p) {
			if (end - p < 2 || p[1] + 2 > end - p)
				return end;
			if (*p >> 6)
				return p;
			n = p[1] + 2u;
		}
		p += n;
	}
	return end;
}

/* RFC 8200 section 4.5: the same as parsing has found. False: nobody is told. */
static bool find_fragment_problem(const struct pkt *pkt, struct icmp_error *error)
{
	switch (rs_ipv6_fragment_fault(pkt->l4, pkt->l4_len)) {
	case IPV6_FRAGMENT_LENGTH:
		*error = problem(ERRONEOUS_FIELD, PAYLOAD_LENGTH_AT);
		return pkt->is_unicast;
	case IPV6_FRAGMENT_OFFSET:
		*error = problem(ERRONEOUS_FIELD, (uint32_t)(pkt->l4 + 2 - pkt->l3));
		return pkt->is_unicast;
	case IPV6_FRAGMENT_HEADLESS:
		*error = problem(INCOMPLETE_CHAIN, 0);
		return pkt->is_unicast;
	default:
		return false;
	}
}

/* RFC 792, RFC 1122 section 3.2.2.5: where in the packet the option is that is malformed. */
static bool find_ipv4_problem(const struct pkt *pkt, struct icmp_error *error)
{
	const uint8_t *options = pkt->l3 + IPV4_HEADER_BYTES;
	uint32_t len = (uint32_t)(pkt->l4 - options);
	uint32_t at = rs_ipv4_faulty_option(options, len);

	*error = (struct icmp_error){.type = 12, .word = (IPV4_HEADER_BYTES + at) << 24};
	/* Of fragments, only the first may be complained about (RFC 1122 section 3.2.2). */
	return at < len && pkt->is_unicast && !(rs_load_be16(pkt->l3 + 6) & 0x1fff);
}

/* RFC 8200 sections 4, 4.2 and 4.4. False: nobody is told. */
static bool find_ipv6_problem(const struct pkt *pkt, struct icmp_error *error)
{
	const uint8_t *h = pkt->l4;
	const uint8_t *end, *option;

	if (pkt->l4_len < IPV6_EXTENSION_BYTES ||
		rs_ipv6_extension_bytes(pkt->proto, h) > pkt->l4_len)
		return false;
	end = h + rs_ipv6_extension_bytes(pkt->proto, h);
	switch (pkt->proto) {
	case IPV6_ROUTING: /* segments are left, and no type of them is known */
		*error = problem(ERRONEOUS_FIELD, (uint32_t)(h + 2 - pkt->l3));
		return h[3] && pkt->is_unicast;
	case IPV6_HOP_BY_HOP:
		if (h != pkt->l3 + IPV6_HEADER_BYTES) { /* not the first: as if it were unknown */
			*error = problem(UNKNOWN_NEXT_HEADER, next_header_at(pkt));
			return pkt->is_unicast;
		}
		break;
	case IPV6_DESTINATION:
		break;
	case IPV6_FRAGMENT:
		return find_fragment_problem(pkt, error);
	default:
		return false;
	}
	option = refused_option(h + 2, end);
	*error = problem(UNKNOWN_OPTION, (uint32_t)(option - pkt->l3));
	/* 01: in silence; 10: even to a group (RFC 4443 section 2.4 (e.3)); 11: not to a group */
	return option < end && (pkt->is_unicast ? *option >> 7 : *option >> 6 == 2);
}

uint32_t rs_icmp_problem(const struct wire_host *host, const struct pkt *pkt, uint8_t *out)
{
	struct icmp_error error;
	bool found =
		pkt->family == 6 ? find_ipv6_problem(pkt, &error) : find_ipv4_problem(pkt, &error);

	return found && !is_about_an_error(pkt) ? render_error(host, pkt, error, out) : 0;
}

uint32_t rs_icmp_reassembly_late(const struct wire_host *host, const struct pkt *pkt, uint8_t *out)
{
	/* Time Exceeded, code 1: RFC 792 and RFC 4443 section 3.3. */
	struct icmp_error error = {.type = pkt->family == 4 ? 11 : 3, .code = 1};

	return pkt->is_unicast && !is_about_an_error(pkt) ? render_error(host, pkt, error, out) : 0;
}

static bool quoted_v4(const uint8_t *ip, uint32_t len, struct icmp_too_big *e, const uint8_t **tcp)
{
	uint32_t header;

	if (len < IPV4_HEADER_BYTES)
		return false;
	header = (ip[0] & 0xfu) * 4;
	if (header < IPV4_HEADER_BYTES || len < header + 8 || ip[9] != PROTO_TCP)
		return false;
	rs_ipv4_map_bytes(e->local, ip + 12);
	rs_ipv4_map_bytes(e->remote, ip + 16);
	*tcp = ip + header;
	return true;
}

static bool quoted_v6(const uint8_t *ip, uint32_t len, struct icmp_too_big *e, const uint8_t **tcp)
{
	if (len < IPV6_HEADER_BYTES + 8 || ip[6] != PROTO_TCP)
		return false;
	memcpy(e->local, ip + 8, 16);
	memcpy(e->remote, ip + 24, 16);
	*tcp = ip + IPV6_HEADER_BYTES;
	return true;
}

bool rs_icmp_parse_too_big(
	const struct wire_host *host, const struct pkt *pkt, struct icmp_too_big *e)
{
	const uint8_t *icmp = pkt->l4;
	const uint8_t *ip = icmp + ICMP_HEADER_BYTES;
	uint32_t len = pkt->l4_len - ICMP_HEADER_BYTES;
	const uint8_t *tcp;

	e->family = pkt->family;
	if (pkt->family == 4) {
		if (icmp[0] != 3 || icmp[1] != 4 || !quoted_v4(ip, len, e, &tcp))
			return false;
		e->mtu = rs_load_be16(icmp + 6);
	} else {
		if (icmp[0] != 2 || !quoted_v6(ip, len, e, &tcp))
			return false;
		e->mtu = rs_load_be32(icmp + 4);
	}
	e->local_port = rs_load_be16(tcp);
	e->remote_port = rs_load_be16(tcp + 2);
	e->seq = rs_load_be32(tcp + 4);
	return rs_wire_is_ours(host, e->local);
}
