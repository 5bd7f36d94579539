/* SPDX-License-Identifier: BSD-2-Clause */
/* How a TLS stage comes to be, and how it ends. Nothing here runs while jobs flow. */
#include <errno.h>
#include <inttypes.h>

#include <rte_malloc.h>

#include "base/carve.h"
#include "io/log.h"
#include "stage_tls.h"

static void link_free_conns(struct stage_tls *s)
{
	for (uint32_t i = 0; i < s->capacity; i++)
		s->conns[i].links[TLS_LIST_RUN].next = i + 1 < s->capacity ? i + 1 : TLS_NONE;
	s->free = 0;
}

int rs_stage_tls_init(struct stage_tls *s, const struct stage_tls_config *cfg, uint64_t now_us)
{
	size_t conns_bytes = cfg->capacity * sizeof(struct tls_conn);
	size_t index_bytes = cfg->max_conns * sizeof(uint32_t);
	size_t wheel_bytes = rs_wheel_bytes(cfg->capacity);
	size_t records_bytes = rs_chunk_pool_bytes(cfg->n_records, TLS_RECORD_CHUNK);
	size_t total = rs_align_line(conns_bytes) + cfg->n_nets * rs_align_line(index_bytes) +
		       rs_align_line(wheel_bytes) + rs_align_line(records_bytes) +
		       rs_http_core_bytes(&cfg->web);
	uint8_t *memory;

	memset(s, 0, sizeof(*s));
	s->memory = memory = rte_zmalloc_socket("tls", total, RS_CACHE_LINE, cfg->socket);
	if (!s->memory) {
		rs_log("tls core %u: %zu MiB for sessions and buffers are not to be had; "
		       "give EAL more memory (-m) or lower --max-conns",
			cfg->core_index, total >> 20);
		return -ENOMEM;
	}
	s->conns = rs_carve(&memory, conns_bytes);
	s->capacity = cfg->capacity;
	link_free_conns(s);
	s->n_nets = cfg->n_nets;
	for (uint32_t i = 0; i < cfg->n_nets; i++) {
		s->nets[i].conn_of = rs_carve(&memory, index_bytes);
		memset(s->nets[i].conn_of, 0xff, index_bytes);
	}
	rs_wheel_init(&s->wheel, rs_carve(&memory, wheel_bytes), cfg->capacity, now_us);
	rs_chunk_pool_init(
		&s->records, rs_carve(&memory, records_bytes), cfg->n_records, TLS_RECORD_CHUNK);
	rs_http_core_init(&s->web, &cfg->web, &memory, now_us);
	s->web.env.secured = true;
	s->web.env.make_room = rs_stage_tls_make_room;
	s->web.env.owner = s;
	s->max_handshakes = cfg->max_handshakes;
	s->handshakes_per_turn = cfg->handshakes_per_turn;
	s->makes_keys_ahead = cfg->makes_keys_ahead;
	return 0;
}

void rs_stage_tls_fini(struct stage_tls *s)
{
	rte_free(s->memory);
	s->memory = NULL;
}

uint32_t rs_stage_tls_leaks(struct stage_tls *s)
{
	rs_stage_tls_end_all(s);
	return rs_pool_leaks("TLS sessions", s->capacity - s->n_conns, s->capacity) +
	       rs_pool_leaks("record buffers", s->records.n_free, s->records.n_total) +
	       rs_http_core_leaks(&s->web);
}
