/* SPDX-License-Identifier: BSD-2-Clause */
#include "topology.h"

#include <errno.h>
#include <string.h>

static const char *const kind_names[] = {"rx", "net", "tx", "tls"};

static bool contains(const struct core_list *list, uint16_t id)
{
	for (uint32_t i = 0; i < list->n; i++) {
		if (list->ids[i] == id)
			return true;
	}
	return false;
}

/* All lcores but those for TLS. */
static struct core_list not_for_tls(const struct topology_request *req)
{
	struct core_list list = {0};

	for (uint32_t i = 0; i < req->lcores.n; i++) {
		if (!contains(&req->tls_cores, req->lcores.ids[i]))
			list.ids[list.n++] = req->lcores.ids[i];
	}
	return list;
}

/* Of these all but the main lcore; that one where there is no other. */
static struct core_list workers(const struct topology_request *req)
{
	struct core_list free = not_for_tls(req);
	struct core_list list = {0};

	for (uint32_t i = 0; i < free.n; i++) {
		if (free.ids[i] != req->main_lcore)
			list.ids[list.n++] = free.ids[i];
	}
	if (!list.n)
		list.ids[list.n++] = req->main_lcore;
	return list;
}

/* Of the split layout: where workers are too few, the main lcore helps; cores for TLS do not. */
static struct core_list split_workers(const struct topology_request *req)
{
	struct core_list list = workers(req);

	if (list.n > 1)
		return list;
	list = not_for_tls(req);
	return list.n ? list : req->lcores;
}

static int check_cores(const struct topology_request *req, const char *option,
	const struct core_list *list, char *why, size_t why_bytes)
{
	for (uint32_t i = 0; i < list->n; i++) {
		struct core_list before = *list;

		before.n = i;
		if (contains(&before, list->ids[i])) {
			snprintf(
				why, why_bytes, "%s: core %u is named twice", option, list->ids[i]);
			return -EINVAL;
		}
		if (!contains(&req->lcores, list->ids[i])) {
			snprintf(why, why_bytes,
				"%s: core %u is not among EAL's lcores; name it there (-l) too",
				option, list->ids[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static uint16_t add(struct topology *t, enum stage_kind kind, const struct core_list *cores)
{
	for (uint32_t i = 0; i < cores->n; i++)
		t->stages[t->n_stages++] = (struct topology_stage){
			.kind = kind, .index = (uint16_t)i, .lcore = cores->ids[i]};
	return (uint16_t)cores->n;
}

/* Stages of one kind have a limit: rings and counters are arrays. */
static int check_count(const char *option, uint32_t n, uint32_t max, char *why, size_t why_bytes)
{
	if (n <= max)
		return 0;
	snprintf(why, why_bytes, "%s: %u cores, at most %u can do that", option, n, max);
	return -EINVAL;
}

static int resolve_fused(const struct topology_request *req, struct topology *t,
	const struct core_list *net, char *why, size_t why_bytes)
{
	if (req->rx_cores.n || req->tx_cores.n) {
		snprintf(why, why_bytes, "%s: only with --layout split",
			req->rx_cores.n ? "--rx-cores" : "--tx-cores");
		return -EINVAL;
	}
	if (net->n > 1 && !req->has_rss) {
		snprintf(why, why_bytes,
			"%u net cores, but a port does not spread connections over queues (RSS); "
			"use one net core (--net-cores), or --layout split",
			net->n);
		return -EINVAL;
	}
	if (req->n_queues && net->n > req->n_queues) {
		snprintf(why, why_bytes,
			"%u net cores, but a port has only %u queues; use fewer (--net-cores), or "
			"--layout split",
			net->n, req->n_queues);
		return -EINVAL;
	}
	if (check_count("--net-cores", net->n, TOPOLOGY_MAX_CORES, why, why_bytes))
		return -EINVAL;
	t->n_net = add(t, STAGE_NET, net);
	t->n_rx_queues = t->n_tx_queues = t->n_net;
	return 0;
}

/* May the stages have so many cores, and have the ports queues for them? 0, or -EINVAL. */
static int check_split(const struct topology_request *req, uint32_t n_rx, uint32_t n_net,
	uint32_t n_tx, char *why, size_t why_bytes)
{
	if (check_count("--rx-cores", n_rx, TOPOLOGY_MAX_RX, why, why_bytes) ||
		check_count("--net-cores", n_net, TOPOLOGY_MAX_CORES, why, why_bytes) ||
		check_count("--tx-cores", n_tx, TOPOLOGY_MAX_CORES, why, why_bytes))
		return -EINVAL;
	if (n_rx > 1 && !req->has_rss) {
		snprintf(why, why_bytes,
			"--rx-cores: %u cores, but a port does not spread connections over queues "
			"(RSS); one core has to receive",
			n_rx);
		return -EINVAL;
	}
	if (req->n_queues && (n_rx > req->n_queues || n_tx > req->n_queues)) {
		snprintf(why, why_bytes, "%s: %u cores, but a port has only %u queue%s",
			n_rx > req->n_queues ? "--rx-cores" : "--tx-cores",
			n_rx > req->n_queues ? n_rx : n_tx, req->n_queues,
			req->n_queues == 1 ? "" : "s");
		return -EINVAL;
	}
	return 0;
}

/*
 * Defaults on n workers: the first receives, the last transmits, those between serve. On fewer than
 * three, receiving and transmitting share the first and serving has the last.
 */
static int resolve_split(
	const struct topology_request *req, struct topology *t, char *why, size_t why_bytes)
{
	struct core_list all = split_workers(req);
	struct core_list rx = req->rx_cores, net = req->net_cores, tx = req->tx_cores;

	if (!rx.n)
		rx = (struct core_list){.n = 1, .ids = {all.ids[0]}};
	if (!tx.n)
		tx = (struct core_list){
			.n = 1, .ids = {all.n > 2 ? all.ids[all.n - 1] : rx.ids[0]}};
	for (uint32_t i = 0; !req->net_cores.n && i < all.n; i++) {
		if (!contains(&rx, all.ids[i]) && !contains(&tx, all.ids[i]))
			net.ids[net.n++] = all.ids[i];
	}
	if (!net.n)
		net = (struct core_list){.n = 1, .ids = {all.ids[all.n - 1]}};
	if (check_split(req, rx.n, net.n, tx.n, why, why_bytes))
		return -EINVAL;
	t->n_rx = add(t, STAGE_RX, &rx);
	t->n_net = add(t, STAGE_NET, &net);
	t->n_tx = add(t, STAGE_TX, &tx);
	t->n_rx_queues = t->n_rx;
	t->n_tx_queues = t->n_tx;
	return 0;
}

/* TLS stages on cores of their own, or one on each net core. */
static int resolve_tls(
	const struct topology_request *req, struct topology *t, char *why, size_t why_bytes)
{
	struct core_list same = {0};

	if (!req->has_tls)
		return 0;
	for (uint16_t i = 0; i < t->n_net; i++)
		same.ids[same.n++] = rs_topology_lcore(t, STAGE_NET, i);
	if (check_count("--tls-cores", req->tls_cores.n, TOPOLOGY_MAX_CORES, why, why_bytes))
		return -EINVAL;
	t->n_tls = add(t, STAGE_TLS, req->tls_cores.n ? &req->tls_cores : &same);
	return 0;
}

int rs_topology_resolve(
	const struct topology_request *req, struct topology *t, char *why, size_t why_bytes)
{
	struct core_list main_lcore = {.n = 1, .ids = {req->main_lcore}};
	struct core_list net = req->net_cores.n ? req->net_cores : workers(req);
	int err;

	*t = (struct topology){.layout = req->layout};
	err = check_cores(req, "--main-lcore", &main_lcore, why, why_bytes);
	if (!err)
		err = check_cores(req, "--rx-cores", &req->rx_cores, why, why_bytes);
	if (!err)
		err = check_cores(req, "--net-cores", &req->net_cores, why, why_bytes);
	if (!err)
		err = check_cores(req, "--tx-cores", &req->tx_cores, why, why_bytes);
	if (!err)
		err = check_cores(req, "--tls-cores", &req->tls_cores, why, why_bytes);
	if (err)
		return err;
	if (req->layout == LAYOUT_FUSED)
		err = resolve_fused(req, t, &net, why, why_bytes);
	else
		err = resolve_split(req, t, why, why_bytes);
	return err ? err : resolve_tls(req, t, why, why_bytes);
}

uint16_t rs_topology_lcore(const struct topology *t, enum stage_kind kind, uint16_t index)
{
	for (uint32_t i = 0; i < t->n_stages; i++) {
		if (t->stages[i].kind == kind && t->stages[i].index == index)
			return t->stages[i].lcore;
	}
	return UINT16_MAX;
}

bool rs_topology_is_alone(const struct topology *t, enum stage_kind kind, uint16_t index)
{
	uint16_t lcore = rs_topology_lcore(t, kind, index);
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n_stages; i++)
		n += t->stages[i].lcore == lcore;
	return n == 1;
}

uint16_t rs_topology_tx_of(const struct topology *t, uint16_t net)
{
	uint16_t lcore = rs_topology_lcore(t, STAGE_NET, net);

	for (uint16_t i = 0; i < t->n_tx; i++) { /* the one on the same core, if there is one */
		if (rs_topology_lcore(t, STAGE_TX, i) == lcore)
			return i;
	}
	return (uint16_t)(net % t->n_tx);
}

bool rs_topology_rx_is_direct(const struct topology *t)
{
	return t->n_rx == 1 && t->n_net == 1 &&
	       rs_topology_lcore(t, STAGE_RX, 0) == rs_topology_lcore(t, STAGE_NET, 0);
}

bool rs_topology_tx_is_direct(const struct topology *t, uint16_t net)
{
	return rs_topology_lcore(t, STAGE_TX, rs_topology_tx_of(t, net)) ==
	       rs_topology_lcore(t, STAGE_NET, net);
}

static void print_joints(const struct topology *t, const struct topology_stage *s, FILE *to)
{
	switch (s->kind) {
	case STAGE_RX:
		fprintf(to, "queue %u of each port -> %s %u net stage%s\n", s->index,
			rs_topology_rx_is_direct(t) ? "called by" : "rings to", t->n_net,
			t->n_net == 1 ? "" : "s, by flow hash");
		break;
	case STAGE_NET:
		if (t->layout == LAYOUT_FUSED)
			fprintf(to, "queue pair %u of each port\n", s->index);
		else
			fprintf(to, "-> %s tx %u\n",
				rs_topology_tx_is_direct(t, s->index) ? "calls" : "ring to",
				rs_topology_tx_of(t, s->index));
		break;
	case STAGE_TX:
		fprintf(to, "-> queue %u of each port\n", s->index);
		break;
	case STAGE_TLS:
		fprintf(to, "<-> rings with %u net stage%s\n", t->n_net, t->n_net == 1 ? "" : "s");
		break;
	}
}

void rs_topology_print(const struct topology *t, FILE *to)
{
	fprintf(to, "layout %s\n", t->layout == LAYOUT_FUSED ? "fused" : "split");
	for (uint32_t i = 0; i < t->n_stages; i++) {
		const struct topology_stage *s = &t->stages[i];

		fprintf(to, "  core %-3u %s %u  ", s->lcore, kind_names[s->kind], s->index);
		print_joints(t, s, to);
	}
}
