/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who we are and how we speak TLS: certificates, keys and settings, as one core uses them. Nothing
 * in a domain is shared with another core (OpenSSL's locks and reference counts would be), but for
 * the ticket keys and the replay register, which need no lock. Each core has an OpenSSL of its own,
 * a struct tls_library, that its domains stand on.
 *
 * A domain is made and freed for the control core; in between it belongs to one TLS core. After a
 * reload it lives on until its last session has ended. Includes base and OpenSSL.
 */
#ifndef RS_TLS_DOMAIN_H
#define RS_TLS_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counter.h"
#include "tls/replay.h"
#include "tls/tickets.h"

enum tls_counter {
#define RS_COUNTER(id, name, help) TLS_C_##id,
#include "tls/tls_counters.def"
#undef RS_COUNTER
	TLS_N_COUNTERS,
};

extern const struct counter_def rs_tls_counter_defs[TLS_N_COUNTERS];

enum tls_client_cert {
	TLS_CLIENT_CERT_NONE,
	TLS_CLIENT_CERT_OPTIONAL,
	TLS_CLIENT_CERT_REQUIRED,
};

/* Files, all in PEM but ocsp, which is a DER response (RFC 6960). */
struct tls_pair {
	const char *cert; /* the chain, our own certificate first */
	const char *key;
	const char *ocsp; /* NULL: nothing is stapled */
};

struct tls_settings {
	uint32_t n_pairs;
	struct tls_pair *pairs; /* the first answers where no name fits */
	bool strict_sni;        /* … unless this is set: then nobody does */
	bool only_tls13;
	const char *client_ca; /* NULL: no certificate is asked for */
	enum tls_client_cert client_cert;
	uint32_t ticket_lifetime_s; /* 0: no resumption */
	bool psk_ke;                /* … without a key exchange, where clients offer that */
	bool no_lean;               /* leave records to OpenSSL: to compare */
	uint32_t max_early_data;    /* bytes of 0-RTT a connection; 0: none is taken */
};

/* What all cores share. */
struct tls_shared {
	struct tls_tickets tickets;
	struct tls_replay replay;
	uint64_t box; /* drawn at start: early data is for tickets of this process only */
};

struct tls_library;
struct tls_domain;

/* OpenSSL for one core. NULL: it does not start. */
struct tls_library *rs_tls_library_new(void);

/* By the core, when it has nothing to do: a key pair for later. False: there are enough. */
bool rs_tls_library_make_ahead(struct tls_library *library);

/* By the thread of the core itself, at its end: OpenSSL keeps things by thread. */
void rs_tls_library_leave(struct tls_library *library);

/* No domain is left, and the core has left it. NULL is allowed. */
void rs_tls_library_free(struct tls_library *library);

/* Who waits for files to be read. */
struct tls_audience {
	char *why; /* gets one line where that fails: which file, and what is wrong */
	size_t why_bytes;
	bool (*is_interrupted)(void *ctx); /* asked before each pair; NULL: never */
	void *ctx;
};

/*
 * Reads the files. Any thread, while library's core works. counters: TLS_N_COUNTERS of that core.
 * library, shared and counters outlive the domain; settings need not. NULL: it fails, or is
 * interrupted.
 */
struct tls_domain *rs_tls_domain_new(struct tls_library *library,
	const struct tls_settings *settings, struct tls_shared *shared, uint64_t *counters,
	const struct tls_audience *audience);

/* Any core: how many sessions of it there are. */
uint32_t rs_tls_domain_n_sessions(const struct tls_domain *d);

/* No session of it is left. Any thread. NULL is allowed. */
void rs_tls_domain_free(struct tls_domain *d);

#endif
