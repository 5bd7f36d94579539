/* SPDX-License-Identifier: BSD-2-Clause */
/* Which link segments take under --next-hop route. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "next_hop.h"
#include "values.h"

#define LAST 0x1111

static struct route_table routes;
static struct next_hops hops;

static const uint8_t *addr(const char *text)
{
	static uint8_t bytes[2][16];
	static uint32_t i;
	uint8_t family;

	i ^= 1;
	assert_true(rs_value_addr(text, bytes[i], &family));
	return bytes[i];
}

static void add(const char *prefix, const char *via)
{
	struct wire_addr p;

	assert_true(rs_value_prefix(prefix, &p));
	assert_int_equal(
		rs_route_add(&routes, p.addr, rs_value_mapped_len(&p), via ? addr(via) : NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	routes = (struct route_table){0};
	hops = (struct next_hops){.routes = &routes};
	add("10.99.0.0/24", NULL);
	add("fd99::/64", NULL);
	add("128.0.0.0/1", "10.99.0.1");
	add("172.16.0.0/12", "10.99.0.2");
	add("172.16.5.0/24", "10.99.0.1");
	add("2001:db8::/32", "fd99::1");
	return 0;
}

static void goes(const char *to, uint64_t link)
{
	assert_int_equal(rs_next_hop(&hops, addr(to), LAST), link);
}

static void until_a_gateway_answers_it_is_the_last_link(void **state)
{
	(void)state;
	goes("172.16.5.1", LAST);
	goes("2001:db8::5", LAST);
}

static void all_routes_of_a_gateway_follow_it(void **state)
{
	(void)state;
	rs_next_hop_set(&hops, addr("10.99.0.1"), 0xa1);
	goes("200.1.1.1", 0xa1);
	goes("172.16.5.1", 0xa1);
	goes("172.16.6.1", LAST);
	goes("2001:db8::5", LAST);
	rs_next_hop_set(&hops, addr("10.99.0.2"), 0xa2);
	rs_next_hop_set(&hops, addr("fd99::1"), 0xa6);
	goes("172.16.6.1", 0xa2);
	goes("172.16.5.1", 0xa1);
	goes("2001:db8::5", 0xa6);
	rs_next_hop_set(&hops, addr("10.99.0.1"), LINK_NONE);
	goes("200.1.1.1", LAST);
	goes("172.16.6.1", 0xa2);
}

static void neighbours_and_strangers_keep_their_link(void **state)
{
	(void)state;
	rs_next_hop_set(&hops, addr("10.99.0.1"), 0xa1);
	rs_next_hop_set(&hops, addr("10.99.0.7"), 0xa7); /* nobody's gateway */
	goes("10.99.0.1", LAST);
	goes("10.99.0.7", LAST);
	goes("fd99::7", LAST);
	goes("9.9.9.9", LAST); /* no route */
	goes("2600::1", LAST);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(until_a_gateway_answers_it_is_the_last_link, setup),
		cmocka_unit_test_setup(all_routes_of_a_gateway_follow_it, setup),
		cmocka_unit_test_setup(neighbours_and_strangers_keep_their_link, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
