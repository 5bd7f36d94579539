/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What everybody who reads an IPv4 header asks of it. Addresses are words as they stand in it. Any
 * core; includes base only.
 */
#ifndef RS_WIRE_IPV4_H
#define RS_WIRE_IPV4_H

#include "base/csum.h"
#include "wire/pkt.h"

static inline bool rs_ipv4_is_among(uint32_t word, const uint32_t *words, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (words[i] == word)
			return true;
	}
	return false;
}

static inline bool rs_ipv4_is_ours(const struct wire_host *host, uint32_t word)
{
	return rs_ipv4_is_among(word, host->v4, host->n_v4);
}

/* The broadcast address of one of our subnets. */
static inline bool rs_ipv4_is_broadcast(const struct wire_host *host, uint32_t word)
{
	return rs_ipv4_is_among(word, host->v4 + host->n_v4, host->n_v4_broadcasts);
}

/* No source (RFC 1122 section 3.2.1.3): this network, loopback, groups and beyond, or our own. */
static inline bool rs_ipv4_is_martian(const struct wire_host *host, uint32_t word)
{
	uint32_t top = word & 0xff; /* the first byte */

	return top == 0 || top == 127 || top >= 0xe0 ||
	       rs_ipv4_is_among(word, host->v4, (uint32_t)host->n_v4 + host->n_v4_broadcasts);
}

/* The checksum of a header without options. */
static inline bool rs_ipv4_csum_ok(const uint8_t *ip)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < IPV4_HEADER_BYTES; i += 4) {
		uint32_t word;

		memcpy(&word, ip + i, 4);
		sum = rs_csum_add32(sum, word);
	}
	return rs_csum_fold16(sum) == 0xffff;
}

/* IPv4 addresses in 16 bytes are ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
#define IPV4_MAPPED_AT 12
static inline const uint8_t *rs_ipv4_mapped_prefix(void)
{
	static const uint8_t prefix[IPV4_MAPPED_AT] = {[10] = 0xff, [11] = 0xff};

	return prefix;
}

static inline void rs_ipv4_map(uint8_t *addr, uint32_t word)
{
	memcpy(addr, rs_ipv4_mapped_prefix(), IPV4_MAPPED_AT);
	memcpy(addr + IPV4_MAPPED_AT, &word, 4);
}

static inline bool rs_ipv4_is_mapped(const uint8_t *addr)
{
	return !memcmp(addr, rs_ipv4_mapped_prefix(), IPV4_MAPPED_AT);
}

#endif
