/* SPDX-License-Identifier: BSD-2-Clause */
#include "http_core.h"

#include <time.h>

#include "base/bytes.h"
#include "base/carve.h"
#include "io/log.h"

static uint32_t head_bytes(const struct http_core_config *cfg)
{
	return (uint32_t)rs_align_line(cfg->http->limits.max_head_bytes);
}

uint32_t rs_http_core_heads(uint32_t n_conns)
{
	return rs_min_u32(n_conns, 1024 + n_conns / 1024);
}

size_t rs_http_core_bytes(const struct http_core_config *cfg)
{
	return rs_align_line(rs_chunk_pool_bytes(cfg->n_chunks, HTTP_CHUNK_BYTES)) +
	       rs_align_line(rs_http_heads_bytes(cfg->n_heads, head_bytes(cfg)));
}

void rs_http_core_init(struct http_core *core, const struct http_core_config *cfg, uint8_t **memory,
	uint64_t now_us)
{
	uint32_t n_chunks = cfg->n_chunks, n_heads = cfg->n_heads;

	rs_chunk_pool_init(&core->chunks,
		rs_carve(memory, rs_chunk_pool_bytes(n_chunks, HTTP_CHUNK_BYTES)), n_chunks,
		HTTP_CHUNK_BYTES);
	rs_http_heads_init(&core->heads,
		rs_carve(memory, rs_http_heads_bytes(n_heads, head_bytes(cfg))), n_heads,
		head_bytes(cfg));
	core->env = (struct http_env){
		.cfg = cfg->http,
		.now_us = now_us,
		.date = core->date,
		.app = &core->site,
		.memo = &core->memo,
		.seen = &core->seen,
		.counters = core->counters,
		.chunks = &core->chunks,
		.heads = &core->heads,
	};
}

void rs_http_core_renew_date(struct http_core *core, uint64_t now_us)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	rs_http_date(core->date, (uint64_t)now.tv_sec);
	core->env.date_no++;
	core->env.unix_s = now.tv_sec;
	core->env.unix_ahead_us = now.tv_sec * 1000000 + now.tv_nsec / 1000 - (int64_t)now_us;
	core->date_due_us = now_us + 1000000 - (uint64_t)now.tv_nsec / 1000;
}

uint32_t rs_pool_leaks(const char *what, uint32_t n_free, uint32_t n_total)
{
	if (n_free == n_total)
		return 0;
	rs_log("leak: %u of %u %s did not come back", n_total - n_free, n_total, what);
	return 1;
}

uint32_t rs_http_core_leaks(struct http_core *core)
{
	rs_http_memo_clear(&core->env);
	rs_site_core_leave(&core->site, &core->env);
	return rs_pool_leaks("chunks", core->chunks.n_free, core->chunks.n_total) +
	       rs_pool_leaks("head buffers", core->heads.pool.n_free, core->heads.pool.n_total);
}
