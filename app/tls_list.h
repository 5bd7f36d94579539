/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of the connections of a TLS core, first come, first out, which one may leave from anywhere.
 * They are linked by number. Belongs to the TLS core. Includes tls, core.
 */
#ifndef RS_APP_TLS_LIST_H
#define RS_APP_TLS_LIST_H

#include <stdbool.h>

#include "stage_tls.h"

static inline struct tls_conn *rs_tls_list_first(struct stage_tls *s, const struct tls_list *list)
{
	return list->n ? &s->conns[list->head] : NULL;
}

/* Who is behind c, which is on that list; or NULL. */
static inline struct tls_conn *rs_tls_list_next(struct stage_tls *s, const struct tls_list *list,
	enum tls_list_kind kind, const struct tls_conn *c)
{
	return list->tail == (uint32_t)(c - s->conns) ? NULL : &s->conns[c->links[kind].next];
}

/* c is on no list of that kind. */
static inline void rs_tls_list_append(
	struct stage_tls *s, struct tls_list *list, enum tls_list_kind kind, struct tls_conn *c)
{
	uint32_t index = (uint32_t)(c - s->conns);

	c->links[kind] = (struct tls_neighbours){.next = TLS_NONE, .prev = list->tail};
	if (list->n++)
		s->conns[list->tail].links[kind].next = index;
	else
		list->head = index;
	list->tail = index;
}

/* c is on that list. */
static inline void rs_tls_list_remove(
	struct stage_tls *s, struct tls_list *list, enum tls_list_kind kind, struct tls_conn *c)
{
	uint32_t index = (uint32_t)(c - s->conns);
	struct tls_neighbours link = c->links[kind];

	list->n--;
	if (list->head == index)
		list->head = link.next;
	else
		s->conns[link.prev].links[kind].next = link.next;
	if (list->tail == index)
		list->tail = link.prev;
	else
		s->conns[link.next].links[kind].prev = link.prev;
}

/* ---- the run queues: who has something to do ---- */

static inline struct tls_list *rs_tls_run_queue(struct stage_tls *s, const struct tls_conn *c)
{
	return c->state == TLS_CONN_OPEN ? &s->ready : &s->shaking;
}

static inline void rs_tls_enqueue(struct stage_tls *s, struct tls_conn *c)
{
	if (c->is_queued)
		return;
	c->is_queued = true;
	rs_tls_list_append(s, rs_tls_run_queue(s, c), TLS_LIST_RUN, c);
}

/*
 * From anywhere in its queue: who has died takes nobody's turn, and its memory can be used again at
 * once. Its state is still what it was when it was queued.
 */
static inline void rs_tls_unqueue(struct stage_tls *s, struct tls_conn *c)
{
	if (!c->is_queued)
		return;
	c->is_queued = false;
	rs_tls_list_remove(s, rs_tls_run_queue(s, c), TLS_LIST_RUN, c);
}

#endif
