/* SPDX-License-Identifier: BSD-2-Clause */
/* How a TLS stage comes to be, and how it ends. Nothing here runs while jobs flow. */
#include <errno.h>
#include <inttypes.h>

#include <rte_malloc.h>

#include "base/bytes.h"
#include "io/log.h"
#include "stage_net.h"
#include "stage_tls.h"

static size_t align_line(size_t n)
{
	return (n + RS_CACHE_LINE - 1) & ~(size_t)(RS_CACHE_LINE - 1);
}

/* Takes bytes from memory that lies at *at. */
static void *carve(uint8_t **at, size_t bytes)
{
	void *memory = *at;

	*at += align_line(bytes);
	return memory;
}

static void link_free_conns(struct stage_tls *s)
{
	for (uint32_t i = 0; i < s->capacity; i++)
		s->conns[i].next = i + 1 < s->capacity ? i + 1 : TLS_NONE;
	s->free = 0;
}

int rs_stage_tls_init(struct stage_tls *s, const struct stage_tls_config *cfg, uint64_t now_us)
{
	uint32_t head_bytes = (uint32_t)align_line(cfg->http->limits.max_head_bytes);
	size_t conns_bytes = cfg->capacity * sizeof(struct tls_conn);
	size_t index_bytes = cfg->max_conns * sizeof(uint32_t);
	size_t wheel_bytes = rs_wheel_bytes(cfg->capacity);
	size_t chunks_bytes = rs_chunk_pool_bytes(cfg->n_chunks, NET_CHUNK_BYTES);
	size_t heads_bytes = rs_chunk_pool_bytes(cfg->n_heads, head_bytes);
	size_t records_bytes = rs_chunk_pool_bytes(cfg->n_records, TLS_RECORD_CHUNK);
	size_t total = align_line(conns_bytes) + cfg->n_nets * align_line(index_bytes) +
		       align_line(wheel_bytes) + align_line(chunks_bytes) +
		       align_line(heads_bytes) + align_line(records_bytes);
	uint8_t *at;

	memset(s, 0, sizeof(*s));
	s->memory = at = rte_zmalloc_socket("tls", total, RS_CACHE_LINE, cfg->socket);
	if (!s->memory) {
		rs_log("tls core %u: %zu MiB for sessions and buffers are not to be had; "
		       "give EAL more memory (-m) or lower --max-conns",
			cfg->core_index, total >> 20);
		return -ENOMEM;
	}
	s->conns = carve(&at, conns_bytes);
	s->capacity = cfg->capacity;
	link_free_conns(s);
	s->n_nets = cfg->n_nets;
	for (uint32_t i = 0; i < cfg->n_nets; i++) {
		s->nets[i].conn_of = carve(&at, index_bytes);
		memset(s->nets[i].conn_of, 0xff, index_bytes);
	}
	rs_wheel_init(&s->wheel, carve(&at, wheel_bytes), cfg->capacity, now_us);
	rs_chunk_pool_init(&s->chunks, carve(&at, chunks_bytes), cfg->n_chunks, NET_CHUNK_BYTES);
	rs_chunk_pool_init(&s->heads, carve(&at, heads_bytes), cfg->n_heads, head_bytes);
	rs_chunk_pool_init(
		&s->records, carve(&at, records_bytes), cfg->n_records, TLS_RECORD_CHUNK);
	s->max_handshakes = cfg->max_handshakes;
	s->handshakes_per_turn = cfg->handshakes_per_turn;
	s->http = (struct http_env){
		.cfg = cfg->http,
		.now_us = now_us,
		.date = s->date,
		.memo = &s->memo,
		.seen = &s->seen,
		.counters = s->http_counters,
		.chunks = &s->chunks,
		.heads = &s->heads,
	};
	return 0;
}

void rs_stage_tls_fini(struct stage_tls *s)
{
	rte_free(s->memory);
	s->memory = NULL;
}

static uint32_t check_pool(const char *what, uint32_t n_free, uint32_t n_total)
{
	if (n_free == n_total)
		return 0;
	rs_log("leak: %u of %u %s of a TLS core did not come back", n_total - n_free, n_total,
		what);
	return 1;
}

uint32_t rs_stage_tls_leaks(struct stage_tls *s)
{
	uint32_t n_bad = 0;

	rs_stage_tls_end_all(s);
	rs_http_memo_clear(&s->http);
	rs_site_core_leave(&s->site, &s->http);
	n_bad += check_pool("sessions", s->capacity - s->n_conns, s->capacity);
	n_bad += check_pool("chunks", s->chunks.n_free, s->chunks.n_total);
	n_bad += check_pool("record buffers", s->records.n_free, s->records.n_total);
	n_bad += check_pool("head buffers", s->heads.n_free, s->heads.n_total);
	return n_bad;
}
