/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls_side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "base/bytes.h"
#include "io/log.h"
#include "tls/inspect.h"

#define REPLY_CHUNKS       8192 /* and one more for each 32 sessions */
#define RECORD_BUFFERS     512
#define HANDSHAKES_SAME    1 /* a turn, where everything else waits for it */
#define HANDSHAKES_ALONE   4
#define MIN_TICKET_TURN_US UINT64_C(60000000)

_Static_assert(TOPOLOGY_MAX_CORES <= TLS_MAX_NETS, "a TLS stage has room for all net stages");

/* ---- keys and certificates ---- */

static int init_shared(struct tls_side *side)
{
	side->shared = rte_zmalloc("tls-shared", sizeof(*side->shared), RS_CACHE_LINE);
	if (!side->shared) {
		rs_log("no memory for TLS; give EAL more (-m)");
		return -ENOMEM;
	}
	if (getrandom(&side->shared->box, sizeof(uint64_t), 0) != sizeof(uint64_t) ||
		rs_tls_tickets_init(&side->shared->tickets)) {
		rs_log("no random numbers for TLS");
		return -EIO;
	}
	return 0;
}

/* How often keys of our own change; a ticket must outlive no more changes than keys are kept. */
static uint64_t ticket_turn_us(const struct tls_side *side)
{
	return rs_max_u64(side->cfg->tls.ticket_lifetime_s * UINT64_C(500000), MIN_TICKET_TURN_US);
}

static struct tls_library *new_library(void)
{
	struct tls_library *library = rs_tls_library_new();

	if (!library)
		rs_log("OpenSSL or IPsec-MB does not start: no memory, or no CPU for it");
	return library;
}

int rs_tls_side_check(const struct config *cfg)
{
	struct tls_loader loader;
	uint64_t counters[TLS_N_COUNTERS] = {0};
	struct tls_library *library;
	struct tls_shared *shared;
	int err = -ENOMEM;

	if (!cfg->n_https_ports)
		return 0;
	shared = calloc(1, sizeof(*shared));
	library = new_library();
	rs_tls_loader_init(&loader, cfg, shared);
	rs_tls_loader_add_core(&loader, library, counters);
	if (!shared)
		rs_log("no memory for TLS");
	if (shared && library)
		err = rs_tls_loader_read(&loader);
	if (!err)
		rs_tls_inspect(loader.domains[0], &cfg->tls, rs_log_line);
	rs_tls_loader_stop(&loader);
	rs_tls_library_free(library);
	free(shared);
	return err;
}

/* ---- stages and rings ---- */

static int new_ring(struct rte_ring **ring, const char *name, const struct stage_net *net)
{
	uint32_t n = TLS_MAX_JOBS(net->web.chunks.n_total, net->tcp.cfg->max_conns);

	*ring = rte_ring_create_elem(name, sizeof(struct tls_job), rte_align32pow2(n + 1),
		(int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (*ring)
		return 0;
	rs_log("ring %s of %u jobs: %s; lower --max-conns, or give EAL more memory (-m)", name, n,
		rte_strerror(rte_errno));
	return -rte_errno;
}

static int join(struct tls_side *side, uint32_t i, struct stage_net *const *nets)
{
	struct stage_tls *s = side->stages[i];

	for (uint32_t k = 0; k < side->n_nets; k++) {
		char name[32];
		int err;

		snprintf(name, sizeof(name), "net%u-tls%u", k, i);
		err = new_ring(&side->to_tls[i][k], name, nets[k]);
		if (err)
			return err;
		snprintf(name, sizeof(name), "tls%u-net%u", i, k);
		err = new_ring(&side->to_net[i][k], name, nets[k]);
		if (err)
			return err;
		nets[k]->tls.to[i].ring = side->to_tls[i][k];
		nets[k]->tls.from[i] = side->to_net[i][k];
		s->nets[k].from = side->to_tls[i][k];
		s->nets[k].to.ring = side->to_net[i][k];
		s->nets[k].chunks = nets[k]->web.chunks.base;
		s->nets[k].chunk_bytes = nets[k]->web.chunks.chunk_bytes;
		s->nets[k].taken_us = nets[k]->tls.taken_us;
	}
	return 0;
}

static int build_stage(struct tls_side *side, const struct topology *t,
	const struct http_config *http, uint32_t i, uint64_t now_us)
{
	int socket = (int)rte_lcore_to_socket_id(rs_topology_lcore(t, STAGE_TLS, (uint16_t)i));
	bool is_alone = rs_topology_is_alone(t, STAGE_TLS, (uint16_t)i);
	uint64_t all = (uint64_t)side->cfg->max_conns * t->n_net;
	/* An equal share, and what chance may add to it. */
	uint32_t capacity = (uint32_t)rs_min_u64(all, all / t->n_tls * 5 / 4 + 64);
	const struct stage_tls_config cfg = {
		.core_index = i,
		.web =
			{
				.http = http,
				.n_chunks = REPLY_CHUNKS + capacity / 32,
				.n_heads = rs_http_core_heads(capacity),
			},
		.n_nets = t->n_net,
		.max_conns = side->cfg->max_conns,
		.capacity = capacity,
		.max_handshakes = side->cfg->tls_backlog,
		.handshakes_per_turn = is_alone ? HANDSHAKES_ALONE : HANDSHAKES_SAME,
		.makes_keys_ahead = is_alone,
		.n_records = RECORD_BUFFERS + capacity / 128,
		.socket = socket,
	};
	int err;

	side->stages[i] =
		rte_zmalloc_socket("tls-stage", sizeof(struct stage_tls), RS_CACHE_LINE, socket);
	if (!side->stages[i]) {
		rs_log("no memory for a TLS stage; give EAL more (-m)");
		return -ENOMEM;
	}
	side->n = i + 1;
	err = rs_stage_tls_init(side->stages[i], &cfg, now_us);
	if (err)
		return err;
	side->stages[i]->library = new_library();
	rs_tls_loader_add_core(&side->loader, side->stages[i]->library, side->stages[i]->counters);
	return side->stages[i]->library ? 0 : -ENOMEM;
}

static void add_domains(struct tls_side *side)
{
	for (uint32_t i = 0; i < side->n; i++) {
		struct tls_side_domains *d = &side->domains[i];

		d->domains[d->n++] = side->loader.domains[i];
		side->loader.domains[i] = NULL;
	}
	if (side->loader.ticket_keys.n)
		rs_tls_tickets_use(&side->shared->tickets, &side->loader.ticket_keys);
}

static int add_first_domains(struct tls_side *side)
{
	int err = rs_tls_loader_read(&side->loader);

	if (err)
		return err;
	add_domains(side);
	for (uint32_t i = 0; i < side->n; i++)
		side->stages[i]->domain = side->domains[i].domains[0];
	return 0;
}

int rs_tls_side_build(struct tls_side *side, const struct config *cfg, const struct topology *t,
	const struct http_config *http, struct stage_net *const *nets, uint64_t now_us)
{
	int err;

	memset(side, 0, sizeof(*side));
	side->cfg = cfg;
	side->n_nets = t->n_net;
	if (!t->n_tls)
		return 0;
	err = init_shared(side);
	side->rotate_due_us = now_us + ticket_turn_us(side);
	rs_tls_loader_init(&side->loader, cfg, side->shared);
	for (uint32_t i = 0; !err && i < t->n_tls; i++) {
		err = build_stage(side, t, http, i, now_us);
		if (!err)
			err = join(side, i, nets);
	}
	return err ? err : add_first_domains(side);
}

/* ---- changes ---- */

/* The loader frees what no session uses any more. */
static void give_up_unused(struct tls_side *side, uint32_t i)
{
	struct tls_side_domains *d = &side->domains[i];
	uint32_t n = 0;

	/* The stage has not taken the newest one yet: then it uses the one before. */
	if (__atomic_load_n(&side->stages[i]->next_domain, __ATOMIC_ACQUIRE))
		return;
	for (uint32_t k = 0; k < d->n; k++) {
		if (k + 1 < d->n && !rs_tls_domain_n_sessions(d->domains[k]))
			side->loader.unused[side->loader.n_unused++] = d->domains[k];
		else
			d->domains[n++] = d->domains[k];
	}
	d->n = n;
}

/* Have all stages what the last reload has read? */
static bool is_taken(const struct tls_side *side)
{
	for (uint32_t i = 0; i < side->n; i++) {
		if (__atomic_load_n(&side->stages[i]->next_domain, __ATOMIC_ACQUIRE))
			return false;
	}
	return true;
}

/* Each stage keeps what its connections still use, up to a bound. */
static bool is_full(const struct tls_side *side)
{
	for (uint32_t i = 0; i < side->n; i++) {
		if (side->domains[i].n > TLS_LOADER_OLD_DOMAINS)
			return true;
	}
	return false;
}

static bool is_reload_possible(struct tls_side *side)
{
	bool was_held_up = side->is_held_up;

	if (!side->reload_is_due || !is_taken(side))
		return false;
	side->is_held_up = is_full(side);
	if (side->is_held_up && !was_held_up)
		rs_log("reload: certificates wait for connections that use those of %u earlier "
		       "reloads",
			TLS_LOADER_OLD_DOMAINS);
	return !side->is_held_up;
}

static void start_loader(struct tls_side *side)
{
	bool read = is_reload_possible(side);

	if (!read && !side->loader.n_unused)
		return;
	rs_tls_loader_start(&side->loader, read);
	if (read)
		side->reload_is_due = false;
}

/* Nothing is changed before all files are read. */
static void end_reload(struct tls_side *side)
{
	add_domains(side);
	for (uint32_t i = 0; i < side->n; i++) {
		const struct tls_side_domains *d = &side->domains[i];

		__atomic_store_n(
			&side->stages[i]->next_domain, d->domains[d->n - 1], __ATOMIC_RELEASE);
	}
	rs_log("reload: %u certificate%s read", side->cfg->tls.n_pairs,
		side->cfg->tls.n_pairs == 1 ? "" : "s");
}

void rs_tls_side_reload(struct tls_side *side)
{
	side->reload_is_due = side->n > 0;
}

static void change_ticket_keys(struct tls_side *side, uint64_t now_us)
{
	if (side->cfg->ticket_keys || now_us < side->rotate_due_us)
		return;
	side->rotate_due_us = now_us + ticket_turn_us(side);
	if (rs_tls_tickets_rotate(&side->shared->tickets))
		rs_log("no random numbers for new ticket keys; the old ones stay");
}

void rs_tls_side_tick(struct tls_side *side, uint64_t now_us)
{
	if (!side->n)
		return;
	change_ticket_keys(side, now_us);
	if (rs_tls_loader_is_busy(&side->loader))
		return;
	if (side->loader.domains[0])
		end_reload(side);
	for (uint32_t i = 0; i < side->n; i++)
		give_up_unused(side, i);
	start_loader(side);
}

void rs_tls_side_stop(struct tls_side *side)
{
	rs_tls_loader_stop(&side->loader);
}

/* ---- the end ---- */

uint32_t rs_tls_side_leaks(struct tls_side *side)
{
	uint32_t n_bad = 0;

	for (uint32_t i = 0; i < side->n; i++) {
		n_bad += rs_stage_tls_leaks(side->stages[i]);
		for (uint32_t k = 0; k < side->domains[i].n; k++) {
			if (!rs_tls_domain_n_sessions(side->domains[i].domains[k]))
				continue;
			rs_log("leak: sessions of a TLS core did not come back");
			n_bad++;
		}
	}
	return n_bad;
}

void rs_tls_side_destroy(struct tls_side *side)
{
	rs_tls_side_stop(side);
	for (uint32_t i = 0; i < side->n; i++) {
		for (uint32_t k = 0; k < side->domains[i].n; k++)
			rs_tls_domain_free(side->domains[i].domains[k]);
		for (uint32_t k = 0; k < side->n_nets; k++) {
			rte_ring_free(side->to_tls[i][k]);
			rte_ring_free(side->to_net[i][k]);
		}
		rs_tls_library_free(side->stages[i]->library);
	}
	rte_free(side->shared);
	*side = (struct tls_side){0};
}
