/* SPDX-License-Identifier: BSD-2-Clause */
/* A core's share in the sites: taken, changed for another, given back. */
#include "anchor.h"
#include "http/memo.h"
#include "site_set.h"

static void let_go(struct site_set *set, uint32_t anchor, struct http_env *env)
{
	rs_chunk_free(env->chunks, anchor);
	__atomic_sub_fetch(&set->n_users, 1, __ATOMIC_ACQ_REL);
}

bool rs_site_core_offer(struct site_core *core, struct site_set *set)
{
	if (__atomic_load_n(&core->next, __ATOMIC_ACQUIRE))
		return false;
	__atomic_add_fetch(&set->n_users, 1, __ATOMIC_ACQ_REL);
	__atomic_store_n(&core->next, set, __ATOMIC_RELEASE);
	return true;
}

/* is_leaving: frames that still point to a set need not be waited for. */
static void drop_old(struct site_core *core, struct http_env *env, bool is_leaving)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < core->n_old; i++) {
		uint32_t anchor = core->old[i].anchor;

		if (rs_chunk_is_shared(env->chunks, anchor) ||
			!(is_leaving || rs_anchor_is_free(rs_anchor_in(env->chunks, anchor))))
			core->old[n++] = core->old[i];
		else
			let_go(core->old[i].set, anchor, env);
	}
	core->n_old = n;
}

void rs_site_core_change(struct site_core *core, struct http_env *env)
{
	struct site_set *next = __atomic_load_n(&core->next, __ATOMIC_ACQUIRE);
	uint32_t anchor;

	drop_old(core, env, false);
	if (!next || core->n_old == SITE_OLD_SETS)
		return;
	anchor = rs_chunk_alloc(env->chunks);
	if (!anchor)
		return;
	if (core->set) {
		core->old[core->n_old].set = core->set;
		core->old[core->n_old++].anchor = core->anchor;
	}
	rs_http_memo_clear(env);
	rs_anchor_init(
		rs_anchor_in(env->chunks, anchor), next->areas, next->n_areas, next->is_external);
	core->set = next;
	core->anchor = anchor;
	__atomic_store_n(&core->next, NULL, __ATOMIC_RELEASE);
}

void rs_site_core_leave(struct site_core *core, struct http_env *env)
{
	drop_old(core, env, true);
	if (core->set && !rs_chunk_is_shared(env->chunks, core->anchor)) {
		let_go(core->set, core->anchor, env);
		core->set = NULL;
	}
	if (core->next)
		__atomic_sub_fetch(&core->next->n_users, 1, __ATOMIC_ACQ_REL);
	core->next = NULL;
}
