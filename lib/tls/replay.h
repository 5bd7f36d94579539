/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * At most once: a register of the tickets whose early data was accepted a moment ago (RFC 8446
 * section 8.1, 8.2). It need not remember for long, since a ClientHello whose ticket age is off by
 * more than ten seconds gets no early data (section 8.3; OpenSSL checks it, and resume.c that its
 * clock was not set).
 *
 * Shared by all TLS cores without a lock. When it cannot remember one more, early data is refused,
 * and the handshake goes on without it. Includes base only.
 */
#ifndef RS_TLS_REPLAY_H
#define RS_TLS_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define TLS_REPLAY_SLOTS  (1u << 16)
#define TLS_REPLAY_PROBES 8u
#define TLS_REPLAY_S      32u /* how long one is remembered, in seconds */

/* All zero is empty. Each slot: a tag in the upper 48 bits, the second in the lower 16. */
struct tls_replay {
	uint64_t slots[TLS_REPLAY_SLOTS];
};

/* id: 64 bits that nobody can choose, of what is unique in a ticket. True: seen the first time. */
bool rs_tls_replay_first(struct tls_replay *r, uint64_t id, uint64_t now_s);

#endif
