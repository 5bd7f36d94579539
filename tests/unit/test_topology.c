/* SPDX-License-Identifier: BSD-2-Clause */
/* Which core runs which stage: defaults, choices, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology.h"

static struct topology topology;
static char why[256];

static struct core_list cores(uint16_t first, uint32_t n)
{
	struct core_list list = {.n = n};

	for (uint32_t i = 0; i < n; i++)
		list.ids[i] = (uint16_t)(first + i);
	return list;
}

/* lcores 0 to n-1, 0 the main one, ports that can do everything. */
static struct topology_request request(enum layout layout, uint32_t n_lcores)
{
	return (struct topology_request){
		.layout = layout,
		.lcores = cores(0, n_lcores),
		.n_queues = 32,
		.has_rss = true,
	};
}

static void assert_resolves(const struct topology_request *req)
{
	assert_int_equal(rs_topology_resolve(req, &topology, why, sizeof(why)), 0);
}

/* Refused, and the words name what the operator has to look at. */
static void assert_refused(const struct topology_request *req, const char *word)
{
	why[0] = 0;
	assert_int_equal(rs_topology_resolve(req, &topology, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, word));
	assert_null(strchr(why, '\n'));
}

static void assert_on(enum stage_kind kind, uint16_t index, uint16_t lcore)
{
	assert_int_equal(rs_topology_lcore(&topology, kind, index), lcore);
}

static void fused_uses_all_workers(void **state)
{
	struct topology_request req = request(LAYOUT_FUSED, 4);

	(void)state;
	assert_resolves(&req);
	assert_int_equal(topology.n_stages, 3);
	assert_int_equal(topology.n_net, 3);
	assert_int_equal(topology.n_rx, 0);
	assert_int_equal(topology.n_tx, 0);
	assert_int_equal(topology.n_rx_queues, 3);
	assert_int_equal(topology.n_tx_queues, 3);
	assert_on(STAGE_NET, 0, 1);
	assert_on(STAGE_NET, 2, 3);
	assert_on(STAGE_NET, 3, UINT16_MAX);
}

static void one_core_does_it_all(void **state)
{
	struct topology_request fused = request(LAYOUT_FUSED, 1);
	struct topology_request split = request(LAYOUT_SPLIT, 1);

	(void)state;
	assert_resolves(&fused);
	assert_on(STAGE_NET, 0, 0);
	assert_resolves(&split);
	assert_int_equal(topology.n_stages, 3);
	assert_on(STAGE_RX, 0, 0);
	assert_on(STAGE_NET, 0, 0);
	assert_on(STAGE_TX, 0, 0);
	assert_true(rs_topology_rx_is_direct(&topology));
	assert_true(rs_topology_tx_is_direct(&topology, 0));
}

static void split_has_rx_first_and_tx_last(void **state)
{
	struct topology_request req = request(LAYOUT_SPLIT, 5);

	(void)state;
	assert_resolves(&req);
	assert_int_equal(topology.n_stages, 4);
	assert_on(STAGE_RX, 0, 1);
	assert_on(STAGE_NET, 0, 2);
	assert_on(STAGE_NET, 1, 3);
	assert_on(STAGE_TX, 0, 4);
	assert_int_equal(topology.n_rx_queues, 1);
	assert_int_equal(topology.n_tx_queues, 1);
	assert_false(rs_topology_rx_is_direct(&topology));
	assert_false(rs_topology_tx_is_direct(&topology, 0));
}

static void split_on_two_lcores_shares_the_first(void **state)
{
	struct topology_request req = request(LAYOUT_SPLIT, 2);

	(void)state;
	assert_resolves(&req);
	assert_on(STAGE_RX, 0, 0);
	assert_on(STAGE_TX, 0, 0);
	assert_on(STAGE_NET, 0, 1);
}

/* Few lcores, and one of them for TLS: packets stay away from it. */
static void split_leaves_tls_its_core(void **state)
{
	struct topology_request req = request(LAYOUT_SPLIT, 3);

	(void)state;
	req.has_tls = true;
	req.tls_cores = cores(2, 1);
	assert_resolves(&req);
	assert_on(STAGE_RX, 0, 0);
	assert_on(STAGE_TX, 0, 0);
	assert_on(STAGE_NET, 0, 1);
	assert_on(STAGE_TLS, 0, 2);
	assert_true(rs_topology_is_alone(&topology, STAGE_TLS, 0));
	assert_true(rs_topology_is_alone(&topology, STAGE_NET, 0));
	assert_false(rs_topology_is_alone(&topology, STAGE_RX, 0));
	req.lcores = cores(0, 2);
	req.tls_cores = cores(1, 1);
	assert_resolves(&req);
	assert_on(STAGE_RX, 0, 0);
	assert_on(STAGE_NET, 0, 0);
	assert_on(STAGE_TX, 0, 0);
	assert_on(STAGE_TLS, 0, 1);
	req.tls_cores = cores(0, 1);
	assert_resolves(&req);
	assert_on(STAGE_NET, 0, 1);
	req.tls_cores = cores(0, 2); /* nothing is left for packets alone */
	assert_resolves(&req);
	assert_on(STAGE_RX, 0, 0);
	assert_on(STAGE_NET, 0, 1);
}

/* A core that --tls-cores names is not TLS's own when another stage was put there, too. */
static void a_shared_tls_core_is_not_alone(void **state)
{
	struct topology_request req = request(LAYOUT_FUSED, 3);

	(void)state;
	req.has_tls = true;
	req.net_cores = cores(1, 1);
	req.tls_cores = cores(1, 2);
	assert_resolves(&req);
	assert_false(rs_topology_is_alone(&topology, STAGE_TLS, 0));
	assert_true(rs_topology_is_alone(&topology, STAGE_TLS, 1));
	req.tls_cores = cores(0, 0); /* beside the net stage */
	assert_resolves(&req);
	assert_false(rs_topology_is_alone(&topology, STAGE_TLS, 0));
}

/* Two receive, three serve, two transmit; one of the latter shares its core with a net stage. */
static void split_as_asked(void **state)
{
	struct topology_request req = request(LAYOUT_SPLIT, 8);

	(void)state;
	req.rx_cores = cores(1, 2);
	req.net_cores = cores(3, 3);
	req.tx_cores = cores(5, 2);
	assert_resolves(&req);
	assert_int_equal(topology.n_rx_queues, 2);
	assert_int_equal(topology.n_tx_queues, 2);
	assert_int_equal(rs_topology_tx_of(&topology, 0), 0);
	assert_int_equal(rs_topology_tx_of(&topology, 1), 1);
	assert_int_equal(rs_topology_tx_of(&topology, 2), 0);
	assert_false(rs_topology_tx_is_direct(&topology, 0));
	assert_false(rs_topology_tx_is_direct(&topology, 1));
	assert_true(rs_topology_tx_is_direct(&topology, 2));
}

/* A net stage cannot pull from a queue by itself when there is another one to share it with. */
static void rx_is_direct_for_a_single_net_stage_only(void **state)
{
	struct topology_request req = request(LAYOUT_SPLIT, 4);

	(void)state;
	req.rx_cores = cores(1, 1);
	req.net_cores = cores(1, 1);
	assert_resolves(&req);
	assert_true(rs_topology_rx_is_direct(&topology));
	req.net_cores = cores(1, 2);
	assert_resolves(&req);
	assert_false(rs_topology_rx_is_direct(&topology));
}

/* EAL refuses it, too, but only at start. */
static void the_main_lcore_is_one_of_them(void **state)
{
	struct topology_request req = request(LAYOUT_FUSED, 2);

	(void)state;
	req.main_lcore = 1;
	assert_resolves(&req);
	assert_on(STAGE_NET, 0, 0);
	req.main_lcore = 2;
	assert_refused(&req, "--main-lcore: core 2");
}

static void without_rss_one_core_polls(void **state)
{
	struct topology_request req = request(LAYOUT_FUSED, 3);

	(void)state;
	req.has_rss = false;
	assert_refused(&req, "--layout split");
	req.net_cores = cores(2, 1);
	assert_resolves(&req);
	req = request(LAYOUT_SPLIT, 6);
	req.has_rss = false;
	assert_resolves(&req);
	req.rx_cores = cores(1, 2);
	assert_refused(&req, "--rx-cores");
}

static void queues_are_counted(void **state)
{
	struct topology_request req = request(LAYOUT_FUSED, 5);

	(void)state;
	req.n_queues = 3;
	assert_refused(&req, "3 queues");
	req.n_queues = 4;
	assert_resolves(&req);
	req.n_queues = 0; /* not known */
	assert_resolves(&req);
	req = request(LAYOUT_SPLIT, 6);
	req.n_queues = 1;
	req.tx_cores = cores(4, 2);
	assert_refused(&req, "--tx-cores");
}

static void core_lists_are_checked(void **state)
{
	struct topology_request req = request(LAYOUT_SPLIT, 4);

	(void)state;
	req.net_cores = (struct core_list){.n = 2, .ids = {2, 2}};
	assert_refused(&req, "--net-cores");
	req.net_cores = cores(4, 1);
	assert_refused(&req, "core 4");
	req = request(LAYOUT_FUSED, 4);
	req.tx_cores = cores(1, 1);
	assert_refused(&req, "--tx-cores");
	req = request(LAYOUT_SPLIT, TOPOLOGY_MAX_CORES);
	req.rx_cores = cores(1, TOPOLOGY_MAX_RX + 1);
	assert_refused(&req, "--rx-cores");
	for (enum layout layout = LAYOUT_FUSED; layout <= LAYOUT_SPLIT; layout++) {
		req = request(layout, 2 * TOPOLOGY_MAX_CORES);
		req.n_queues = 0;
		assert_refused(&req, "--net-cores: ");
		req.net_cores = cores(40, TOPOLOGY_MAX_CORES / 2);
		assert_resolves(&req);
	}
}

/* Every stage has one line with its core. */
static void the_table_names_every_stage(void **state)
{
	struct topology_request req = request(LAYOUT_SPLIT, 5);
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	(void)state;
	assert_resolves(&req);
	rs_topology_print(&topology, to);
	fclose(to);
	assert_non_null(strstr(text, "layout split\n"));
	assert_non_null(strstr(text, "core 1   rx 0"));
	assert_non_null(strstr(text, "core 2   net 0"));
	assert_non_null(strstr(text, "core 3   net 1"));
	assert_non_null(strstr(text, "core 4   tx 0"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fused_uses_all_workers),
		cmocka_unit_test(one_core_does_it_all),
		cmocka_unit_test(split_has_rx_first_and_tx_last),
		cmocka_unit_test(split_on_two_lcores_shares_the_first),
		cmocka_unit_test(split_leaves_tls_its_core),
		cmocka_unit_test(a_shared_tls_core_is_not_alone),
		cmocka_unit_test(split_as_asked),
		cmocka_unit_test(rx_is_direct_for_a_single_net_stage_only),
		cmocka_unit_test(the_main_lcore_is_one_of_them),
		cmocka_unit_test(without_rss_one_core_polls),
		cmocka_unit_test(queues_are_counted),
		cmocka_unit_test(core_lists_are_checked),
		cmocka_unit_test(the_table_names_every_stage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
