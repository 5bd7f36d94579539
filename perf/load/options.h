/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of ringside-load, behind EAL's. Main core, at start. Includes libc, and the
 * readers of values that ringside itself uses.
 */
#ifndef RS_LOAD_OPTIONS_H
#define RS_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/pkt.h"

#define LOAD_MAX_PATHS   1024
#define LOAD_MAX_HEADERS 16
#define LOAD_MAX_SLOTS   (8u << 20)
#define LOAD_MAX_TUPLES  (UINT32_MAX - LOAD_MAX_SLOTS)
#define LOAD_MAX_BATCH   256 /* requests sent together */

struct load_path {
	const char *text;
	uint32_t weight;
};

enum load_tls_mode {
	LOAD_TLS_OFF,
	LOAD_TLS_KEEPALIVE, /* requests over sessions that stand */
	LOAD_TLS_FULL,      /* a full handshake for each connection */
	LOAD_TLS_RESUMED,   /* each connection by a ticket of the slot's one before */
	LOAD_TLS_PSK_KE,    /* … and, if the server likes, without a key exchange */
};

struct load_options {
	uint8_t target[16];  /* IPv4 as ::ffff:a.b.c.d */
	uint8_t family;      /* 4 or 6 */
	uint16_t port;       /* 80, or 443 with TLS, if not said */
	struct wire_addr ip; /* the first client address */
	uint8_t gateway[16];
	uint8_t gateway_family; /* 0: none */
	uint32_t n_clients;
	uint16_t first_port, last_port;
	uint32_t n_conns;
	uint32_t n_idle;
	uint32_t per_conn; /* requests; 0: no end */
	uint32_t pipeline;
	uint64_t rate; /* requests a second; 0: closed loop */
	uint32_t timeout_ms;
	uint32_t connect_rate;
	uint64_t flood_rate;
	uint32_t flood_for_s; /* 0: to the end */
	struct wire_addr flood_from;
	const char *method;
	uint32_t n_paths;
	struct load_path paths[LOAD_MAX_PATHS];
	uint32_t n_headers;
	const char *headers[LOAD_MAX_HEADERS];
	const char *body_file;
	const char *host;
	uint32_t status;
	int64_t length; /* of every body; -1: what each path's first answer says */
	bool timestamps;
	enum load_tls_mode tls;
	const char *tls_records;            /* NULL: not said */
	bool tls_lean;                      /* so they are by lib/tls after the handshake */
	const char *tls_group, *tls_cipher; /* OpenSSL's names */
	uint32_t warmup_s, seconds;
	const char *json;
	bool quiet;
	bool respond;
	bool help;
};

/* argv: from the option behind "--" on. 0; or -1, and one line in words on stderr. */
int rs_load_options_parse(struct load_options *o, int argc, char **argv);

void rs_load_options_help(void);

#endif
