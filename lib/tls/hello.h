/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plain, common ClientHello (RFC 8446 section 4.1.2), read without OpenSSL: what a handshake of
 * ours (quick.c) needs to know, or that it is not one for it. Strict: a hello that is malformed,
 * older, odd or wants more than we do ourselves is refused, for OpenSSL to read and to answer.
 *
 * And what OpenSSL, which is lenient there, does not say about the others.
 *
 * Pure, any core. What is found points into the bytes. Includes base.
 */
#ifndef RS_TLS_HELLO_H
#define RS_TLS_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sendq.h"
#include "tls/group.h"
#include "tls/record.h"

struct tls_hello {
	struct span session_id;
	struct span suites;            /* of 2 bytes each */
	struct span signatures;        /* of 2 bytes each; with tickets there may be none */
	struct span groups;            /* of 2 bytes each */
	struct span shares;            /* of key_share, as on the wire … */
	const struct tls_group *group; /* of those that it has a share of, the first of ours … */
	struct span share;             /* … and that share; with psk_ke it may be empty */
	struct span name;              /* SNI; empty: none */
	struct span protocols;         /* of ALPN, as on the wire; empty: none */
	bool is_older;                 /* no TLS 1.3 */
	bool wants_status;             /* OCSP */
	bool has_fragments;            /* max_fragment_length */
	uint8_t cert_compressions;     /* RFC 8879: a bit for each enum tls_compression */
	uint16_t record_limit;         /* RFC 8449, of TLSInnerPlaintext; 0: none */
	bool psk_dhe_ke, psk_ke;       /* how it would resume (section 4.2.9) */
	struct span tickets;           /* of pre_shared_key, as on the wire; empty: none … */
	struct span binders;           /* … and their binders, as many */
	uint32_t n_before_binders;     /* bytes of the message that the binders are over */
};

/* message: a whole handshake message, header and all. False: not one for us. */
bool rs_tls_hello_read(struct span message, struct tls_hello *h);

/* The ticket of that number, from 0 on, and its binder. False: there are not so many. */
bool rs_tls_hello_ticket(
	const struct tls_hello *h, uint32_t number, struct span *ticket, struct span *binder);

/* Of any ClientHello, and extensions as they came. NULL: not there. */
struct tls_hello_parts {
	uint32_t version;
	struct span compressions;
	struct span suites;
	struct span name, versions, groups, formats, shares, psk_modes, tickets, signatures;
	struct span cert_compressions, record_limit, renegotiation, authorities;
};

/*
 * Of a hello that need not be one for us what it takes to choose a certificate, and whether there
 * is to be a ticket: name, is_older, suites, groups, signatures, and how it would resume. Empty:
 * not there, or malformed, which OpenSSL will say.
 */
void rs_tls_hello_skim(const struct tls_hello_parts *p, struct tls_hello *h);

/*
 * What is wrong with it that OpenSSL lets pass, or has another alert for than RFC 8446. There may
 * be other faults, which OpenSSL does not let pass.
 */
enum tls_alert rs_tls_hello_fault(const struct tls_hello_parts *p);

/*
 * Which of our protocols it is among those of ALPN, as on the wire and well-formed, in our order
 * (RFC 7301 section 3.2). Empty: none.
 */
struct span rs_tls_hello_protocol(struct span offered);

/* Whether a list of 2-byte numbers has one. */
bool rs_tls_hello_lists(struct span list, uint32_t number);

#endif
