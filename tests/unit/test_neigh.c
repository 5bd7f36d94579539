/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/neigh: routes, and the life of a neighbour (RFC 4861 section 7.3, RFC 5227). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "neigh/neigh.h"
#include "neigh/own.h"
#include "neigh/route.h"
#include "wire/link.h"

#define SECOND UINT64_C(1000000)

static const uint8_t *addr(const char *text)
{
	static uint8_t ring[8][16];
	static uint32_t next;
	uint8_t *a = ring[next++ % 8];

	memset(a, 0, 16);
	if (inet_pton(AF_INET6, text, a) != 1) {
		a[10] = a[11] = 0xff;
		assert_int_equal(inet_pton(AF_INET, text, a + 12), 1);
	}
	return a;
}

static void assert_hop(const struct route_table *t, const char *to, const char *via)
{
	uint32_t i = rs_route_find(t, addr(to));

	assert_int_equal(i < t->n, via != NULL);
	if (via)
		assert_memory_equal(
			t->routes[i].direct ? addr(to) : t->routes[i].via, addr(via), 16);
}

static void routes(void **state)
{
	struct route_table t = {0};

	(void)state;
	assert_int_equal(rs_route_add(&t, addr("10.0.0.2"), 96 + 24, NULL), 0);
	assert_int_equal(rs_route_add(&t, addr("fd00::2"), 64, NULL), 0);
	assert_hop(&t, "10.0.0.77", "10.0.0.77");
	assert_hop(&t, "10.0.1.77", NULL);
	assert_int_equal(rs_route_add(&t, addr("0.0.0.0"), 96, addr("192.0.2.1")), -EHOSTUNREACH);
	assert_int_equal(rs_route_add(&t, addr("0.0.0.0"), 96, addr("10.0.0.1")), 0);
	assert_int_equal(rs_route_add(&t, addr("::"), 0, addr("fd00::1")), 0);
	assert_int_equal(rs_route_add(&t, addr("0.0.0.0"), 96, addr("10.0.0.3")), -EEXIST);
	assert_hop(&t, "8.8.8.8", "10.0.0.1");
	assert_hop(&t, "2001:db8::1", "fd00::1");
	assert_int_equal(rs_route_add(&t, addr("8.8.0.0"), 96 + 16, addr("10.0.0.9")), 0);
	assert_int_equal(rs_route_add(&t, addr("8.8.8.0"), 96 + 25, addr("10.0.0.10")), 0);
	assert_hop(&t, "8.8.8.8", "10.0.0.10"); /* the longest prefix */
	assert_hop(&t, "8.8.8.129", "10.0.0.9");
	assert_hop(&t, "8.9.8.8", "10.0.0.1");
	assert_true(rs_route_is_connected(&t, addr("fd00::99")));
	assert_false(rs_route_is_connected(&t, addr("8.8.8.8")));
	for (uint8_t i = 1; t.n < ROUTE_MAX; i++) {
		uint8_t prefix[16];

		memcpy(prefix, addr("172.16.0.0"), 16);
		prefix[14] = i;
		assert_int_equal(rs_route_add(&t, prefix, 96 + 24, addr("10.0.0.1")), 0);
	}
	assert_int_equal(rs_route_add(&t, addr("9.0.0.0"), 96 + 8, addr("10.0.0.1")), -ENOSPC);
}

static void v6_default_is_not_for_v4(void **state)
{
	struct route_table t = {0};

	(void)state;
	assert_int_equal(rs_route_add(&t, addr("fd00::2"), 64, NULL), 0);
	assert_int_equal(rs_route_add(&t, addr("::"), 0, addr("fd00::1")), 0);
	assert_hop(&t, "8.8.8.8", NULL);
}

struct rig {
	struct neigh_table *t;
	uint64_t now_us;
};

static uint32_t count(const struct neigh_table *t, enum neigh_event_kind kind)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n_events; i++)
		n += t->events[i].kind == kind;
	return n;
}

static void hint(struct rig *r, const char *who, uint64_t link, bool solicited)
{
	struct wire_neigh_hint h = {.link = link, .solicited = solicited, .override = true};

	memcpy(h.addr, addr(who), 16);
	rs_neigh_hint(r->t, &h, true, r->now_us);
}

/* Counts the questions of n seconds. */
static uint32_t pass(struct rig *r, uint32_t seconds)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < seconds * 10; i++) {
		r->now_us += SECOND / 10;
		rs_neigh_tick(r->t, r->now_us);
		n += count(r->t, NEIGH_ASK);
	}
	return n;
}

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	r->t = malloc(sizeof(*r->t));
	r->now_us = SECOND;
	rs_neigh_init(r->t);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	free(r->t);
	free(r);
	return 0;
}

static void gateway_is_found_and_kept_fresh(void **state)
{
	struct rig *r = *state;

	rs_neigh_want(r->t, addr("10.0.0.1"), r->now_us);
	assert_int_equal(count(r->t, NEIGH_ASK), 1);
	assert_int_equal(r->t->events[0].link, LINK_NONE); /* to all */
	hint(r, "10.0.0.1", 77, true);
	assert_int_equal(count(r->t, NEIGH_FOUND), 1);
	assert_int_equal(rs_neigh_link(r->t, addr("10.0.0.1")), 77);
	assert_int_equal(pass(r, 29), 0); /* believed for 30 s */
	r->now_us += 2 * SECOND;
	rs_neigh_tick(r->t, r->now_us);
	assert_int_equal(count(r->t, NEIGH_ASK), 1);
	assert_int_equal(r->t->events[0].link, 77); /* asked where it was last */
	hint(r, "10.0.0.1", 77, true);
	assert_int_equal(count(r->t, NEIGH_FOUND), 0); /* nothing new */
	assert_int_equal(r->t->counters[NEIGH_C_RESOLVED], 1);
	assert_int_equal(r->t->counters[NEIGH_C_MOVED], 0);
	assert_int_equal(r->t->counters[NEIGH_C_REQUESTS], 2);
	assert_int_equal(rs_neigh_find(r->t, addr("10.0.0.1"))->state, NEIGH_REACHABLE);
}

static void silent_gateway(void **state)
{
	struct rig *r = *state;
	uint32_t n;

	rs_neigh_want(r->t, addr("10.0.0.1"), r->now_us);
	n = 1 + pass(r, 3);
	assert_int_equal(n, NEIGH_MAX_TRIES);
	assert_int_equal(r->t->counters[NEIGH_C_LOST], 1);
	assert_true(pass(r, 10) > 0); /* but it is not given up */
	hint(r, "10.0.0.1", 5, true);
	assert_int_equal(rs_neigh_link(r->t, addr("10.0.0.1")), 5);
}

static void moved(void **state)
{
	struct rig *r = *state;

	rs_neigh_want(r->t, addr("fd00::1"), r->now_us);
	hint(r, "fd00::1", 5, true);
	hint(r, "fd00::1", 6, false); /* gratuitous */
	assert_int_equal(count(r->t, NEIGH_FOUND), 1);
	assert_int_equal(r->t->counters[NEIGH_C_MOVED], 1);
	assert_int_equal(rs_neigh_link(r->t, addr("fd00::1")), 6);
	assert_true(pass(r, 1) > 0); /* believed, and verified */
}

static void no_override(void **state)
{
	struct rig *r = *state;
	struct wire_neigh_hint h = {.link = 9};

	rs_neigh_want(r->t, addr("fd00::1"), r->now_us);
	hint(r, "fd00::1", 5, true);
	memcpy(h.addr, addr("fd00::1"), 16);
	rs_neigh_hint(r->t, &h, true, r->now_us); /* RFC 4861 section 7.2.5 */
	assert_int_equal(rs_neigh_link(r->t, addr("fd00::1")), 5);
	assert_int_equal(pass(r, 1), 1); /* is it still there? */
	hint(r, "fd00::1", 5, true);
	assert_int_equal(pass(r, 29), 0);
}

/* An advertisement without the target's link-layer address. */
static void bare_answer(struct rig *r, const char *who, bool solicited)
{
	struct wire_neigh_hint h = {.link = LINK_NONE, .solicited = solicited};

	memcpy(h.addr, addr(who), 16);
	rs_neigh_hint(r->t, &h, true, r->now_us);
}

/* RFC 4861 section 7.2.5: it confirms, where it was solicited, and changes nothing else. */
static void bare_answers_keep_a_gateway(void **state)
{
	struct rig *r = *state;
	const struct neigh *n;

	rs_neigh_want(r->t, addr("fd00::1"), r->now_us);
	hint(r, "fd00::1", 5, true);
	n = rs_neigh_find(r->t, addr("fd00::1"));
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(pass(r, 31) > 0);
		assert_int_equal(n->state, NEIGH_PROBE);
		bare_answer(r, "fd00::1", false);
		assert_int_equal(n->state, NEIGH_PROBE);
		bare_answer(r, "fd00::1", true);
		assert_int_equal(r->t->n_events, 0);
		assert_int_equal(n->state, NEIGH_REACHABLE);
		assert_int_equal(n->link, 5);
	}
	assert_int_equal(pass(r, 29), 0); /* believed as any other answer */
	assert_int_equal(r->t->counters[NEIGH_C_LOST], 0);
}

static void bare_answer_finds_nobody(void **state)
{
	struct rig *r = *state;

	rs_neigh_want(r->t, addr("fd00::1"), r->now_us);
	bare_answer(r, "fd00::1", true);
	assert_int_equal(rs_neigh_find(r->t, addr("fd00::1"))->state, NEIGH_INCOMPLETE);
	assert_int_equal(r->t->n_events, 0);
	bare_answer(r, "fd00::2", true);
	assert_null(rs_neigh_find(r->t, addr("fd00::2")));
}

static void conflict(void **state)
{
	struct rig *r = *state;
	struct wire_neigh_hint h = {.link = 9, .claims_ours = true};

	rs_neigh_hint(r->t, &h, true, r->now_us);
	assert_int_equal(count(r->t, NEIGH_CONFLICT), 1);
	assert_int_equal(r->t->counters[NEIGH_C_CONFLICTS], 1);
	assert_int_equal(rs_neigh_link(r->t, h.addr), LINK_NONE);
}

static void strangers_from_elsewhere(void **state)
{
	struct rig *r = *state;
	struct wire_neigh_hint h = {.link = 9};

	memcpy(h.addr, addr("203.0.113.5"), 16);
	rs_neigh_hint(r->t, &h, false, r->now_us);
	assert_null(rs_neigh_find(r->t, addr("203.0.113.5")));
}

static void full_table(void **state)
{
	struct rig *r = *state;
	char text[32];

	rs_neigh_want(r->t, addr("10.0.0.1"), r->now_us);
	hint(r, "10.0.0.1", 5, true);
	for (uint32_t i = 0; i < NEIGH_MAX + 50; i++) {
		snprintf(text, sizeof(text), "10.1.%u.%u", i / 200, 1 + i % 200);
		hint(r, text, 100 + i, false);
	}
	assert_int_equal(rs_neigh_link(r->t, addr("10.0.0.1")), 5); /* a gateway stays */
	assert_int_equal(rs_neigh_link(r->t, addr(text)), 100 + NEIGH_MAX + 49);
	assert_int_equal(
		rs_neigh_link(r->t, addr("10.1.0.1")), LINK_NONE); /* the oldest gave way */
}

/* The clock goes on to the next event of that kind, whose number is returned; 0: none in a minute.
 */
static uint32_t wait_for(struct rig *r, enum neigh_event_kind kind, uint64_t *waited_us)
{
	uint64_t from_us = r->now_us;
	uint32_t n = 0;

	while (!n && r->now_us - from_us < 60 * SECOND) {
		r->now_us += SECOND / 10;
		rs_neigh_tick(r->t, r->now_us);
		n = count(r->t, kind);
	}
	*waited_us = r->now_us - from_us;
	return n;
}

/* RFC 4861 section 7.3.3: three questions, RETRANS_TIMER apart, then it counts as gone. */
static void who_falls_silent_is_gone(void **state)
{
	struct rig *r = *state;
	uint64_t waited_us;

	rs_neigh_want(r->t, addr("fd00::1"), r->now_us);
	hint(r, "fd00::1", 5, true);
	for (uint32_t i = 0; i < NEIGH_MAX_TRIES; i++) {
		assert_int_equal(wait_for(r, NEIGH_ASK, &waited_us), 1);
		assert_int_equal(waited_us, i ? NEIGH_RETRANS_US : NEIGH_REACHABLE_US);
		assert_int_equal(r->t->events[0].link, 5);
		assert_int_equal(rs_neigh_link(r->t, addr("fd00::1")), 5);
	}
	assert_int_equal(wait_for(r, NEIGH_GONE, &waited_us), 1);
	assert_int_equal(waited_us, NEIGH_RETRANS_US);
	assert_memory_equal(r->t->events[0].addr, addr("fd00::1"), 16);
	assert_int_equal(rs_neigh_link(r->t, addr("fd00::1")), LINK_NONE);
	assert_int_equal(r->t->counters[NEIGH_C_LOST], 1);
	/* A wanted one is asked for again, of all, but not without a pause. */
	assert_int_equal(wait_for(r, NEIGH_ASK, &waited_us), 1);
	assert_int_equal(waited_us, NEIGH_MAX_TRIES * NEIGH_RETRANS_US);
	assert_int_equal(r->t->events[0].link, LINK_NONE);
}

/* What is due and finds no room among the events is not forgotten. */
static void many_are_asked_for(void **state)
{
	struct rig *r = *state;
	char text[32];
	uint32_t n_asked = 0;

	for (uint32_t i = 1; i <= 3 * NEIGH_MAX_EVENTS; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		rs_neigh_want(r->t, addr(text), r->now_us);
		assert_int_equal(r->t->n_events, 1);
		assert_memory_equal(r->t->events[0].addr, addr(text), 16);
	}
	r->now_us += NEIGH_RETRANS_US;
	for (uint32_t i = 0; i < 3; i++) {
		rs_neigh_tick(r->t, r->now_us);
		assert_int_equal(r->t->n_events, NEIGH_MAX_EVENTS);
		n_asked += count(r->t, NEIGH_ASK);
	}
	assert_int_equal(n_asked, 3 * NEIGH_MAX_EVENTS);
	rs_neigh_tick(r->t, r->now_us);
	assert_int_equal(r->t->n_events, 0);
}

static void who_is_not_needed_is_forgotten(void **state)
{
	struct rig *r = *state;

	hint(r, "10.0.0.7", 7, false);
	hint(r, "10.0.0.8", 8, true);
	r->now_us += NEIGH_STALE_US - 1;
	rs_neigh_tick(r->t, r->now_us);
	assert_int_equal(rs_neigh_link(r->t, addr("10.0.0.7")), 7);
	r->now_us++;
	rs_neigh_tick(r->t, r->now_us);
	assert_null(rs_neigh_find(r->t, addr("10.0.0.7")));
	assert_int_equal(rs_neigh_link(r->t, addr("10.0.0.8")), 8); /* had answered us */
	r->now_us += NEIGH_STALE_US;
	rs_neigh_tick(r->t, r->now_us);
	assert_null(rs_neigh_find(r->t, addr("10.0.0.8")));
	assert_int_equal(r->t->counters[NEIGH_C_REQUESTS], 0);
}

/* Fills the table, a second for each. */
static void fill(struct rig *r, bool solicited)
{
	char text[32];

	for (uint32_t i = 0; i < NEIGH_MAX; i++, r->now_us += SECOND) {
		snprintf(text, sizeof(text), "10.1.%u.%u", i / 200, 1 + i % 200);
		hint(r, text, 100 + i, solicited);
	}
}

static void the_one_known_for_the_longest_gives_way(void **state)
{
	struct rig *r = *state;

	fill(r, false);
	hint(r, "10.1.0.1", 99, false); /* seen again, elsewhere */
	hint(r, "10.9.9.9", 9, false);
	assert_int_equal(rs_neigh_link(r->t, addr("10.9.9.9")), 9);
	assert_null(rs_neigh_find(r->t, addr("10.1.0.2")));
	assert_int_equal(rs_neigh_link(r->t, addr("10.1.0.1")), 99);
	assert_int_equal(r->t->counters[NEIGH_C_FULL], 0);
}

/* Those who have just answered stay. */
static void a_table_of_reachable_ones_is_full(void **state)
{
	struct rig *r = *state;

	fill(r, true);
	hint(r, "10.9.9.9", 9, true);
	assert_null(rs_neigh_find(r->t, addr("10.9.9.9")));
	assert_int_equal(r->t->counters[NEIGH_C_FULL], 1);
	rs_neigh_want(r->t, addr("10.9.9.9"), r->now_us);
	assert_int_equal(r->t->n_events, 0);
	assert_int_equal(r->t->counters[NEIGH_C_FULL], 2);
}

/* ---- addresses of our own ---- */

static void nobody_has_our_addresses(void **state)
{
	struct neigh_own own = {0};

	(void)state;
	assert_int_equal(rs_own_tick(&own, 0, 0), OWN_NOTHING);
	rs_own_link_up(&own, 7, 5 * SECOND);
	assert_int_equal(own.asked, 7);
	assert_int_equal(own.duplicates, 0); /* they are used meanwhile */
	assert_int_equal(rs_own_tick(&own, 5 * SECOND + OWN_WAIT_US - 1, 0), OWN_NOTHING);
	assert_int_equal(rs_own_tick(&own, 5 * SECOND + OWN_WAIT_US, 0), OWN_FREE);
	/* RFC 5227 section 2.4: what comes later is a dispute. */
	assert_int_equal(rs_own_claim(&own, 2), OWN_DISPUTED);
	assert_int_equal(own.duplicates, 0);
	assert_int_equal(rs_own_tick(&own, UINT64_MAX, UINT32_MAX), OWN_NOTHING);
}

/* RFC 4862 section 5.4.5, RFC 5227 section 2.1.1 */
static void somebody_has_one_of_our_addresses(void **state)
{
	struct neigh_own own = {0};
	uint64_t now_us = SECOND;

	(void)state;
	rs_own_link_up(&own, 7, now_us);
	assert_int_equal(rs_own_claim(&own, 2), OWN_LOST);
	assert_int_equal(own.duplicates, 2);
	assert_int_equal(rs_own_claim(&own, 2), OWN_KNOWN);
	assert_int_equal(rs_own_tick(&own, now_us += OWN_WAIT_US, 0), OWN_FREE);
	assert_int_equal(own.duplicates, 2);
	assert_int_equal(rs_own_claim(&own, 2), OWN_KNOWN);
	assert_int_equal(rs_own_claim(&own, 4), OWN_DISPUTED);

	for (uint32_t i = 0; i < 3; i++) { /* it is asked for again, and again claimed */
		assert_int_equal(rs_own_tick(&own, now_us + OWN_RETRY_US - 1, 0), OWN_NOTHING);
		assert_int_equal(rs_own_tick(&own, now_us += OWN_RETRY_US, 0), OWN_ASK);
		assert_int_equal(own.asked, 2);
		assert_int_equal(own.duplicates, 2);
		assert_int_equal(rs_own_claim(&own, 2), OWN_KNOWN);
		assert_int_equal(rs_own_claim(&own, 1), OWN_DISPUTED);
		assert_int_equal(rs_own_tick(&own, now_us += OWN_WAIT_US, 0), OWN_NOTHING);
	}
	assert_int_equal(rs_own_tick(&own, now_us += OWN_RETRY_US, 0), OWN_ASK);
	assert_int_equal(rs_own_tick(&own, now_us += OWN_WAIT_US, 0), OWN_FREE);
	assert_int_equal(own.duplicates, 0);
	assert_int_equal(rs_own_claim(&own, 2), OWN_DISPUTED);
}

static void a_link_comes_back(void **state)
{
	struct neigh_own own = {0};

	(void)state;
	rs_own_link_up(&own, 3, SECOND);
	rs_own_claim(&own, 1);
	rs_own_tick(&own, 2 * SECOND, 0);
	rs_own_link_up(&own, 3, 5 * SECOND);
	assert_int_equal(own.asked, 3);
	assert_int_equal(own.duplicates, 1); /* until the wait is over */
	assert_int_equal(rs_own_claim(&own, 2), OWN_LOST);
	assert_int_equal(rs_own_tick(&own, 6 * SECOND, 0), OWN_FREE);
	assert_int_equal(own.duplicates, 2);
}

/* Two that have the same address, and do not use it, must not ask at the same times for ever. */
static void askers_drift_apart(void **state)
{
	struct neigh_own own[2] = {{0}, {0}};

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		rs_own_link_up(&own[i], 1, SECOND);
		rs_own_claim(&own[i], 1);
	}
	rs_own_tick(&own[0], 2 * SECOND, 1u << 31);
	rs_own_tick(&own[1], 2 * SECOND, UINT32_MAX);
	assert_int_equal(rs_own_tick(&own[0], 2 * SECOND + OWN_RETRY_US * 3 / 2 + 1, 0), OWN_ASK);
	assert_int_equal(rs_own_tick(&own[1], 2 * SECOND + OWN_RETRY_US * 2 - 1, 0), OWN_NOTHING);
	assert_int_equal(rs_own_tick(&own[1], 2 * SECOND + OWN_RETRY_US * 2, 0), OWN_ASK);
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes),
		cmocka_unit_test(v6_default_is_not_for_v4),
		RIG(gateway_is_found_and_kept_fresh),
		RIG(silent_gateway),
		RIG(moved),
		RIG(no_override),
		RIG(bare_answers_keep_a_gateway),
		RIG(bare_answer_finds_nobody),
		RIG(conflict),
		RIG(strangers_from_elsewhere),
		RIG(full_table),
		RIG(who_falls_silent_is_gone),
		RIG(many_are_asked_for),
		RIG(who_is_not_needed_is_forgotten),
		RIG(the_one_known_for_the_longest_gives_way),
		RIG(a_table_of_reachable_ones_is_full),
		cmocka_unit_test(nobody_has_our_addresses),
		cmocka_unit_test(somebody_has_one_of_our_addresses),
		cmocka_unit_test(a_link_comes_back),
		cmocka_unit_test(askers_drift_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
