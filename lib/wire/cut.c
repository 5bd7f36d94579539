/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cut.h"

#include "base/bytes.h"
#include "base/csum.h"
#include "wire/ipv6.h"

#define MORE_V4 0x2000u
#define MORE_V6 1u
#define UNIT    8 /* bytes: where fragments may begin */

static bool is_v4(const struct cut *cut)
{
	return cut->frame.data[cut->l2] >> 4 == 4;
}

static uint32_t header_bytes(const struct cut *cut)
{
	return is_v4(cut) ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
}

bool rs_cut_needed(const struct cut *cut, uint32_t mtu)
{
	return cut->frame.len - cut->l2 > mtu;
}

/* out: a copy of the packet's IP header. Returns how long the headers are. */
static uint32_t head_v4(const struct cut *cut, uint8_t *out, uint32_t n, bool more)
{
	uint16_t csum;

	rs_store_be16(out + 2, (uint16_t)(IPV4_HEADER_BYTES + n));
	rs_store_be16(out + 4, (uint16_t)cut->id);
	rs_store_be16(out + 6, (uint16_t)((more ? MORE_V4 : 0) | cut->at / UNIT));
	memset(out + 10, 0, 2);
	csum = rs_csum_finish(rs_csum_add(0, out, IPV4_HEADER_BYTES));
	memcpy(out + 10, &csum, 2);
	return IPV4_HEADER_BYTES;
}

static uint32_t head_v6(const struct cut *cut, uint8_t *out, uint32_t n, bool more)
{
	uint8_t *fragment = out + IPV6_HEADER_BYTES;

	rs_store_be16(out + 4, (uint16_t)(IPV6_EXTENSION_BYTES + n));
	rs_store_be16(fragment, (uint16_t)(out[6] << 8));
	rs_store_be16(fragment + 2, (uint16_t)(cut->at | (more ? MORE_V6 : 0)));
	rs_store_be32(fragment + 4, cut->id);
	out[6] = IPV6_FRAGMENT;
	return IPV6_HEADER_BYTES + IPV6_EXTENSION_BYTES;
}

uint32_t rs_cut_next(struct cut *cut, uint32_t mtu, uint8_t *out)
{
	uint32_t head = cut->l2 + header_bytes(cut);
	uint32_t room = mtu - header_bytes(cut) - (is_v4(cut) ? 0 : (uint32_t)IPV6_EXTENSION_BYTES);
	uint32_t left = cut->frame.len - head - cut->at;
	uint32_t n = left > room ? room - room % UNIT : left;
	uint32_t len;

	if (!left)
		return 0;
	memcpy(out, cut->frame.data, head);
	len = cut->l2 + (is_v4(cut) ? head_v4(cut, out + cut->l2, n, n < left)
				    : head_v6(cut, out + cut->l2, n, n < left));
	memcpy(out + len, cut->frame.data + head + cut->at, n);
	cut->at += n;
	return len + n;
}
