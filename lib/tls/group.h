/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The groups that handshakes of ours agree by (RFC 8446 sections 4.2.8.2 and 7.4.2): what their
 * shares look like. Pure, any core. Includes base.
 */
#ifndef RS_TLS_GROUP_H
#define RS_TLS_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "tls/message.h"
#include "tls/record.h"

#define TLS_N_GROUPS         3
#define TLS_MAX_SHARE_BYTES  97
#define TLS_MAX_SHARED_BYTES 48

struct tls_group {
	uint16_t number;
	uint8_t share_bytes;  /* of either side's */
	uint8_t shared_bytes; /* of the secret that comes of both */
	const char *curve;    /* OpenSSL's name; NULL: X25519, which is libsodium's (pairs.h) */
};

/* The first of them goes before the others. */
extern const struct tls_group rs_tls_groups[TLS_N_GROUPS];

/* NULL: not one of these. */
const struct tls_group *rs_tls_group(uint32_t number);

/* Has it the form of the group's? Whether a point is on its curve is seen later. */
bool rs_tls_group_fits(const struct tls_group *group, struct span share);

/*
 * What is wrong with the form of the client's point in TLS 1.2 (RFC 8422 sections 5.4 and 5.7),
 * which has to be uncompressed. message: a whole ClientKeyExchange, header and all; lengths that do
 * not fit, and points that are on no curve, are OpenSSL's to refuse.
 */
enum tls_alert rs_tls_group_point_fault(struct span message);

#endif
