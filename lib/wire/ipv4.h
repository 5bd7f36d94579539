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

/* The checksum of a header of so many bytes. */
static inline bool rs_ipv4_csum_ok(const uint8_t *ip, uint32_t header)
{
	uint64_t sum = 0;

	if (rs_unlikely(header > IPV4_HEADER_BYTES))
		return rs_csum_fold16(rs_csum_add(0, ip, header)) == 0xffff;
	for (uint32_t i = 0; i < IPV4_HEADER_BYTES; i += 4) {
		uint32_t word;

		memcpy(&word, ip + i, 4);
		sum = rs_csum_add32(sum, word);
	}
	return rs_csum_fold16(sum) == 0xffff;
}

/* Of a whole option, or of one byte where it is an end or none. */
static inline uint32_t rs_ipv4_option_bytes(const uint8_t *option)
{
	return option[0] <= 1 ? 1 : option[1];
}

/* Where among len bytes of options the first one is that is malformed; len: all are right. */
static inline uint32_t rs_ipv4_faulty_option(const uint8_t *options, uint32_t len)
{
	uint32_t at = 0;

	while (at < len && options[at]) {
		if (options[at] > 1 &&
			(len - at < 2 || options[at + 1] < 2 || options[at + 1] > len - at))
			return at;
		at += rs_ipv4_option_bytes(options + at);
	}
	return len;
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

/* The address at bytes, as ::ffff:a.b.c.d. */
static inline void rs_ipv4_map_bytes(uint8_t addr[16], const uint8_t bytes[4])
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	rs_ipv4_map(addr, word);
}

#endif
