/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The link-layer way to a peer, packed so that it is carried and compared as one word:
 *
 *     bits 0..47   the peer's MAC address (the first byte on the wire lowest)
 *     bits 48..59  the VLAN id, 0 when untagged
 *     bits 60..63  our port
 *
 * Answers to a frame go back to the link it came from. Opaque above wire.
 * Any core; includes libc only.
 */
#ifndef RS_WIRE_LINK_H
#define RS_WIRE_LINK_H

#include <stdint.h>
#include <string.h>

#define LINK_NONE      UINT64_C(0)
#define LINK_MIN_FRAME 60u

static inline uint64_t rs_mac_word(const uint8_t mac[6])
{
	uint32_t low; /* two loads: six bytes put into a word in memory would wait for the stores */
	uint16_t high;

	memcpy(&low, mac, sizeof(low));
	memcpy(&high, mac + sizeof(low), sizeof(high));
	return low | (uint64_t)high << 32;
}

static inline uint64_t rs_link_pack(const uint8_t mac[6], uint16_t vlan_id, uint8_t port)
{
	return rs_mac_word(mac) | (uint64_t)(vlan_id & 0xfff) << 48 | (uint64_t)(port & 0xf) << 60;
}

static inline void rs_link_mac(uint64_t link, uint8_t mac[6])
{
	memcpy(mac, &link, 6);
}

static inline uint16_t rs_link_vlan(uint64_t link)
{
	return (uint16_t)(link >> 48 & 0xfff);
}

static inline uint8_t rs_link_port(uint64_t link)
{
	return (uint8_t)(link >> 60);
}

/* Short frames are padded with zeros to Ethernet's minimum: the length that out has then. */
static inline uint32_t rs_link_pad(uint8_t *out, uint32_t len)
{
	if (len >= LINK_MIN_FRAME)
		return len;
	memset(out + len, 0, LINK_MIN_FRAME - len);
	return LINK_MIN_FRAME;
}

#endif
