/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has to stay the same from one ClientHello of a handshake to the next (RFC 8446 section
 * 4.1.2), which OpenSSL does not look at. Pure, any core. Includes base.
 */
#ifndef RS_TLS_HELLO_GIST_H
#define RS_TLS_HELLO_GIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sendq.h"
#include "tls/record.h"

/* Of the first hello. All zero: there was none yet. */
struct tls_hello_gist {
	uint64_t sum;
	bool was_there, had_tickets;
};

/*
 * What is wrong with a hello: an extension twice, a cookie that nobody has given, or that it is the
 * second one of a handshake, and not like the first. message: a whole handshake message, header and
 * all; a malformed one is OpenSSL's to refuse.
 */
enum tls_alert rs_tls_hello_gist_fault(struct span message, struct tls_hello_gist *first);

#endif
