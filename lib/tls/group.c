/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/group.h"

#include <stddef.h>

#define UNCOMPRESSED 4 /* the only form that there is since RFC 8422 */

const struct tls_group rs_tls_groups[TLS_N_GROUPS] = {
	{TLS_GROUP_X25519, TLS_X25519_BYTES, TLS_X25519_BYTES, NULL},
	{TLS_GROUP_SECP256R1, 65, 32, "P-256"},
	{TLS_GROUP_SECP384R1, 97, 48, "P-384"},
};

const struct tls_group *rs_tls_group(uint32_t number)
{
	for (uint32_t i = 0; i < TLS_N_GROUPS; i++) {
		if (rs_tls_groups[i].number == number)
			return &rs_tls_groups[i];
	}
	return NULL;
}

bool rs_tls_group_fits(const struct tls_group *group, struct span share)
{
	return share.len == group->share_bytes && (!group->curve || share.data[0] == UNCOMPRESSED);
}

enum tls_alert rs_tls_group_point_fault(struct span message)
{
	const uint8_t *point = message.data + TLS_MESSAGE_HEADER; /* its length goes before it */

	if (message.len <= TLS_MESSAGE_HEADER)
		return TLS_ALERT_NONE;
	if (!point[0])
		return TLS_ALERT_DECODE_ERROR;
	if (message.len != TLS_MESSAGE_HEADER + 1u + point[0] || point[0] == TLS_X25519_BYTES)
		return TLS_ALERT_NONE;
	return point[1] == UNCOMPRESSED ? TLS_ALERT_NONE : TLS_ALERT_ILLEGAL_PARAMETER;
}
