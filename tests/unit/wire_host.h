/* SPDX-License-Identifier: BSD-2-Clause */
/* Who wire_frames.h's frames are for, and from whom. */
#ifndef RS_TEST_WIRE_HOST_H
#define RS_TEST_WIRE_HOST_H

#include <stdint.h>
#include <string.h>

#include "wire/pkt.h"

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t our_v4[16] = {[10] = 0xff, [11] = 0xff, 10, 99, 0, 2};
static const uint8_t peer_v4[16] = {[10] = 0xff, [11] = 0xff, 10, 99, 0, 1};
static const uint8_t our_v6[16] = {0xfd, 0x99, [15] = 2};
static const uint8_t peer_v6[16] = {0xfd, 0x99, [15] = 1};

/* Untagged where vlan_id is 0. */
static inline struct wire_host host_on(uint16_t vlan_id)
{
	struct wire_addr addrs[2] = {
		{.prefix_len = 24, .family = 4}, {.prefix_len = 64, .family = 6}};
	struct wire_host host;

	memcpy(addrs[0].addr, our_v4, 16);
	memcpy(addrs[1].addr, our_v6, 16);
	rs_wire_host_init(&host, our_mac, vlan_id, 0, addrs, 2);
	return host;
}

#endif
