/* SPDX-License-Identifier: BSD-2-Clause */
#include "neigh/neigh.h"

#include <string.h>

#include "wire/link.h"

const struct counter_def rs_neigh_counter_defs[NEIGH_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "neigh/neigh_counters.def"
#undef RS_COUNTER
};

void rs_neigh_init(struct neigh_table *t)
{
	memset(t, 0, sizeof(*t));
}

static struct neigh *find(struct neigh_table *t, const uint8_t addr[16])
{
	for (uint32_t i = 0; i < NEIGH_MAX; i++) {
		struct neigh *n = &t->entries[i];

		if (n->state != NEIGH_FREE && !memcmp(n->addr, addr, 16))
			return n;
	}
	return NULL;
}

const struct neigh *rs_neigh_find(const struct neigh_table *t, const uint8_t addr[16])
{
	return find((struct neigh_table *)t, addr);
}

uint64_t rs_neigh_link(const struct neigh_table *t, const uint8_t addr[16])
{
	const struct neigh *n = rs_neigh_find(t, addr);

	return n ? n->link : LINK_NONE;
}

static bool has_room_for_event(const struct neigh_table *t)
{
	return t->n_events < NEIGH_MAX_EVENTS;
}

static void emit(
	struct neigh_table *t, enum neigh_event_kind kind, const uint8_t addr[16], uint64_t link)
{
	struct neigh_event *e;

	if (!has_room_for_event(t))
		return;
	e = &t->events[t->n_events++];
	e->kind = kind;
	e->link = link;
	memcpy(e->addr, addr, 16);
}

/* A free entry, else the stale one that was verified longest ago; NULL when all are in use. */
static struct neigh *make_room(struct neigh_table *t)
{
	struct neigh *oldest = NULL;

	for (uint32_t i = 0; i < NEIGH_MAX; i++) {
		struct neigh *n = &t->entries[i];

		if (n->state == NEIGH_FREE)
			return n;
		if (n->state == NEIGH_STALE && !n->wanted &&
			(!oldest || n->due_us < oldest->due_us))
			oldest = n;
	}
	if (!oldest)
		t->counters[NEIGH_C_FULL]++;
	return oldest;
}

static struct neigh *add(struct neigh_table *t, const uint8_t addr[16])
{
	struct neigh *n = make_room(t);

	if (!n)
		return NULL;
	*n = (struct neigh){.state = NEIGH_STALE};
	memcpy(n->addr, addr, 16);
	return n;
}

static void ask(struct neigh_table *t, struct neigh *n, uint64_t now_us)
{
	/* While it is only being verified the known link is asked first (RFC 4861 section 7.3.3).
	 */
	emit(t, NEIGH_ASK, n->addr, n->state == NEIGH_PROBE ? n->link : LINK_NONE);
	t->counters[NEIGH_C_REQUESTS]++;
	n->n_tries++;
	n->due_us = now_us + NEIGH_RETRANS_US;
}

static void start_asking(struct neigh_table *t, struct neigh *n, uint64_t now_us)
{
	n->state = n->link == LINK_NONE ? NEIGH_INCOMPLETE : NEIGH_PROBE;
	n->n_tries = 0;
	ask(t, n, now_us);
}

void rs_neigh_want(struct neigh_table *t, const uint8_t addr[16], uint64_t now_us)
{
	struct neigh *n = find(t, addr);

	t->n_events = 0;
	if (!n)
		n = add(t, addr);
	if (!n)
		return;
	n->wanted = true;
	if (n->state == NEIGH_STALE || n->state == NEIGH_FAILED)
		start_asking(t, n, now_us);
}

static void learn(struct neigh_table *t, struct neigh *n, uint64_t link)
{
	if (n->link == LINK_NONE)
		t->counters[NEIGH_C_RESOLVED]++;
	else if (n->link != link)
		t->counters[NEIGH_C_MOVED]++;
	if (n->link == link)
		return;
	n->link = link;
	emit(t, NEIGH_FOUND, n->addr, link);
}

static void confirm(struct neigh *n, uint64_t now_us)
{
	n->state = NEIGH_REACHABLE;
	n->due_us = now_us + NEIGH_REACHABLE_US;
}

/* To be verified, at once where it is needed. */
static void doubt(struct neigh *n, uint64_t now_us)
{
	n->state = NEIGH_STALE;
	n->due_us = now_us + (n->wanted ? 0 : NEIGH_STALE_US);
}

void rs_neigh_hint(
	struct neigh_table *t, const struct wire_neigh_hint *hint, bool is_local, uint64_t now_us)
{
	struct neigh *n;

	t->n_events = 0;
	if (hint->claims_ours) {
		t->counters[NEIGH_C_CONFLICTS]++;
		emit(t, NEIGH_CONFLICT, hint->addr, hint->link);
		return;
	}
	n = find(t, hint->addr);
	if (hint->link == LINK_NONE) { /* RFC 4861 section 7.2.5: it can but confirm */
		if (n && n->link != LINK_NONE && hint->solicited)
			confirm(n, now_us);
		return;
	}
	if (!n && !is_local)
		return;
	if (!n)
		n = add(t, hint->addr);
	if (!n)
		return;
	if (n->link != LINK_NONE && n->link != hint->link && !hint->override) {
		/* RFC 4861 section 7.2.5: somebody else answers as well; find out. */
		if (n->state == NEIGH_REACHABLE)
			doubt(n, now_us);
		return;
	}
	if (hint->solicited) {
		learn(t, n, hint->link);
		confirm(n, now_us);
	} else if (n->link != hint->link) {
		learn(t, n, hint->link);
		doubt(n, now_us);
	}
}

static void on_due(struct neigh_table *t, struct neigh *n, uint64_t now_us)
{
	switch (n->state) {
	case NEIGH_REACHABLE:
		n->state = NEIGH_STALE;
		n->due_us = now_us + NEIGH_STALE_US;
		if (n->wanted)
			start_asking(t, n, now_us);
		break;
	case NEIGH_STALE:
	case NEIGH_FAILED:
		if (n->wanted)
			start_asking(t, n, now_us);
		else
			n->state = NEIGH_FREE;
		break;
	case NEIGH_INCOMPLETE:
	case NEIGH_PROBE:
		if (n->n_tries < NEIGH_MAX_TRIES) {
			ask(t, n, now_us);
			break;
		}
		t->counters[NEIGH_C_LOST]++;
		emit(t, NEIGH_GONE, n->addr, n->link);
		n->link = LINK_NONE;
		n->state = NEIGH_FAILED;
		n->due_us = now_us + NEIGH_MAX_TRIES * (uint64_t)NEIGH_RETRANS_US;
		break;
	default:
		break;
	}
}

void rs_neigh_tick(struct neigh_table *t, uint64_t now_us)
{
	t->n_events = 0;
	/* What finds no room among the events is still due at the next tick. */
	for (uint32_t i = 0; i < NEIGH_MAX && has_room_for_event(t); i++) {
		struct neigh *n = &t->entries[i];

		if (n->state != NEIGH_FREE && n->due_us <= now_us)
			on_due(t, n, now_us);
	}
}
