/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a core that runs HTTP has of its own, be it a net core or a TLS core: the environment of
 * lib/http with the pools, tables and counters that this points to, its share in the sites, and its
 * end of the access log. Belongs to that core. Includes http, content, telem.
 */
#ifndef RS_APP_HTTP_CORE_H
#define RS_APP_HTTP_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "access_log.h"
#include "base/bytes.h"
#include "base/chunk.h"
#include "http/date.h"
#include "http/exchange.h"
#include "http/heads.h"
#include "http/memo.h"
#include "http/seen.h"
#include "site.h"

#define HTTP_CHUNK_BYTES 2112 /* no power of two: their beginnings share out all cache sets */

_Static_assert(HTTP_CHUNK_BYTES >= HTTP_MIN_CHUNK_BYTES, "lib/http has room");

struct http_core_config {
	const struct http_config *http;
	uint32_t n_chunks; /* of HTTP_CHUNK_BYTES, for replies; the owner may use them, too */
	uint32_t n_heads;  /* buffers for requests that come in pieces; at least 1 */
};

struct http_core {
	struct http_env env;
	struct site_core site;
	struct access_log log;
	struct http_memo memo;
	struct http_seen seen;
	struct chunk_pool chunks;
	struct http_heads heads;
	uint64_t counters[HTTP_N_COUNTERS];
	uint64_t date_due_us;
	char date[HTTP_DATE_BYTES];
};

/*
 * The n_heads for so many connections. Idle ones need none, nor chunks; the more there are, the
 * fewer of them are busy at once.
 */
uint32_t rs_http_core_heads(uint32_t n_conns);

/* How much rs_http_core_init() carves of *memory. */
size_t rs_http_core_bytes(const struct http_core_config *cfg);
void rs_http_core_init(struct http_core *core, const struct http_core_config *cfg, uint8_t **memory,
	uint64_t now_us);

/* Looks at the wall clock (vDSO): once a second. */
void rs_http_core_renew_date(struct http_core *core, uint64_t now_us);

/* At the beginning of each turn. */
static inline void rs_http_core_turn(struct http_core *core, uint64_t now_us)
{
	core->env.now_us = now_us;
	if (rs_unlikely(now_us >= core->date_due_us))
		rs_http_core_renew_date(core, now_us);
	rs_site_core_turn(&core->site, &core->env);
}

/* After the core has stopped and all its connections have ended: how many pools are not full, each
 * said on stderr. */
uint32_t rs_http_core_leaks(struct http_core *core);

/* 1, said on stderr, if not all of n_total are free; else 0. */
uint32_t rs_pool_leaks(const char *what, uint32_t n_free, uint32_t n_total);

#endif
