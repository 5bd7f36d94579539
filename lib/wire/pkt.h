/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a received frame says: checked from Ethernet to the start of the transport header. Nothing
 * here keeps state; everything that is wrong with a frame has a name in wire_counters.def.
 *
 * Any core; includes base only.
 */
#ifndef RS_WIRE_PKT_H
#define RS_WIRE_PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/counter.h"
#include "base/csum.h"

enum wire_drop {
#define RS_COUNTER(id, name, help) WIRE_##id,
#include "wire/wire_counters.def"
#undef RS_COUNTER
	WIRE_N_COUNTERS,
};

extern const struct counter_def rs_wire_counter_defs[WIRE_N_COUNTERS];

enum {
	ETH_HEADER_BYTES = 14,
	VLAN_TAG_BYTES = 4,
	IPV4_HEADER_BYTES = 20,
	IPV6_HEADER_BYTES = 40,
	TCP_HEADER_BYTES = 20,
	ARP_BYTES = 28,
	WIRE_MAX_HEADER_BYTES = 14 + 4 + 40 + 60,
	WIRE_ANSWER_BYTES = 1400, /* room for a whole frame that wire makes up */
};

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMPV6 = 58,
	ICMP6_ERROR_MAX = 127, /* of the types: those above are no errors (RFC 4443 section 2.1) */
};

/* What the NIC has already found out about a frame, and which checksums it fills in when sending.
 */
enum {
	WIRE_IP_CSUM_GOOD = 0x01,    /* received: the IPv4 header checksum is right */
	WIRE_L4_CSUM_GOOD = 0x02,    /* received: the TCP checksum is right */
	WIRE_IP_CSUM_OFFLOAD = 0x04, /* to send: the NIC fills in the IPv4 header checksum */
	WIRE_L4_CSUM_OFFLOAD = 0x08, /* to send: … completes the sum of the pseudo-header */
	WIRE_TSO = 0x10,             /* to send: the NIC cuts; that sum has no length */
};

#define WIRE_MAX_ADDRS 17 /* 16 configured and one link-local */

/* An address of ours, IPv4 as ::ffff:a.b.c.d. */
struct wire_addr {
	uint8_t addr[16];
	uint8_t prefix_len; /* of the IPv4 address 0..32, of the IPv6 address 0..128 */
	uint8_t family;     /* 4 or 6 */
};

/* Who we are on one port. */
struct wire_host {
	uint8_t mac[6];
	uint16_t vlan_id; /* 0: untagged */
	uint64_t station; /* both as one word, packed like a link */
	uint8_t port;     /* its number in links */
	uint8_t n_addrs;
	uint8_t n_v4;
	uint8_t n_v4_broadcasts;
	/* Our IPv4 addresses, and behind them the broadcast addresses of their subnets, big-endian:
	 * nobody else may send from either. */
	uint32_t v4[2 * WIRE_MAX_ADDRS];
	struct wire_addr addrs[WIRE_MAX_ADDRS];
	uint64_t label_secret; /* random and odd: what flow labels depend on; 0: they are 0 */
};

enum wire_kind {
	WIRE_TCP,
	WIRE_ARP,
	WIRE_ND,        /* neighbour solicitation or advertisement */
	WIRE_MLD,       /* a query for the groups that we listen to */
	WIRE_ICMP_ECHO, /* an echo request, either family */
	WIRE_ICMP_ERROR,
	WIRE_UDP,
	WIRE_OTHER_L4, /* a protocol that nobody here speaks */
	WIRE_IGNORED,  /* valid, for us, and of no use: echo replies, router advertisements, … */
};

struct pkt {
	const uint8_t *l3;
	const uint8_t *l4;
	uint32_t l3_len; /* bytes from the IP header to the end of the packet, without padding */
	uint32_t l4_len;
	uint64_t link;  /* see wire/link.h */
	uint8_t kind;   /* enum wire_kind */
	uint8_t family; /* 4, 6; 0 for ARP */
	uint8_t proto;
	bool is_unicast; /* at the link and at the IP layer */
	bool l4_csum_ok; /* it need not be verified again */
	bool is_ce;      /* IP: a router has marked it, Congestion Experienced (RFC 3168) */
	uint8_t src[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t dst[16];
};

/* MAC and addresses become a host; IPv6 gets the link-local address made of the MAC (RFC 4291). */
void rs_wire_host_init(struct wire_host *host, const uint8_t mac[6], uint16_t vlan_id, uint8_t port,
	const struct wire_addr *addrs, uint32_t n_addrs);

/* *host becomes whole without those of its addresses whose bit in unused is set. */
void rs_wire_host_without(struct wire_host *host, const struct wire_host *whole, uint32_t unused);

/* Is addr (16 bytes) one of ours? */
bool rs_wire_is_ours(const struct wire_host *host, const uint8_t addr[16]);

/*
 * frame[0, len) → *pkt. Returns WIRE_OK or why it is dropped. pkt points into frame. Where an
 * extension header of IPv6 is the reason, that is l4, of the type proto; the kind is not set.
 */
enum wire_drop rs_wire_parse(const struct wire_host *host, const uint8_t *frame, uint32_t len,
	uint32_t flags, struct pkt *pkt);

/* From behind an IPv6 header, whose next header is *proto, to the transport header (RFC 8200
 * section 4): moves all three, or says why the packet is dropped. */
enum wire_drop rs_wire_skip_extensions(const uint8_t **l4, uint32_t *l4_len, uint8_t *proto);

/* Of a traffic class, or what was once the type of service: RFC 3168 section 5. */
static inline bool rs_ip_is_ce(uint32_t traffic_class)
{
	return (traffic_class & 3) == 3;
}

/* The checksum over a transport header and its pseudo-header is right (RFC 9293, 768, 4443). */
bool rs_wire_l4_csum_ok(const struct pkt *pkt);

/* Sum of the pseudo-header, to start a checksum with. len: 0 leaves the length out (for TSO). */
static inline uint64_t rs_wire_pseudo_sum(
	uint8_t family, const uint8_t src[16], const uint8_t dst[16], uint8_t proto, uint32_t len)
{
	uint64_t sum = (uint64_t)__builtin_bswap32(proto) + __builtin_bswap32(len);
	uint32_t from, to;

	if (rs_unlikely(family != 4))
		return rs_csum_add(rs_csum_add(sum, src, 16), dst, 16);
	memcpy(&from, src + 12, 4);
	memcpy(&to, dst + 12, 4);
	return rs_csum_add32(rs_csum_add32(sum, from), to);
}

#endif
