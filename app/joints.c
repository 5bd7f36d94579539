/* SPDX-License-Identifier: BSD-2-Clause */
#include "joints.h"

#include <stdio.h>

#include <rte_lcore.h>

_Static_assert(TOPOLOGY_MAX_RX <= NET_MAX_RX && IO_MAX_PORTS <= NET_MAX_RX &&
		       TOPOLOGY_MAX_CORES <= RX_MAX_NET && TOPOLOGY_MAX_CORES <= TX_MAX_NET,
	"every stage has room for all joints that a topology may ask for");

/* Fused: net stage i pulls from queue i of each port and pushes to it. */
static uint32_t join_fused(struct appliance *a, uint16_t net, struct joint *rx)
{
	for (uint32_t p = 0; p < a->n_ports; p++) {
		rx[p] = (struct joint){.call = rs_rx_pull_queue, .self = &a->ports[p].rx[net]};
		a->net_tx[net][p] =
			(struct joint){.call = rs_tx_push_queue, .self = &a->ports[p].tx[net]};
	}
	return a->n_ports;
}

static int join_split_rx(struct appliance *a, uint16_t net, struct joint *rx)
{
	char name[32];
	int err;

	for (uint16_t r = 0; r < a->topology.n_rx; r++) {
		snprintf(name, sizeof(name), "rx%u-net%u", r, net);
		err = rs_joint_ring(&rx[r], name, JOINT_FRAMES, (int)rte_socket_id());
		if (err)
			return err;
		a->rx[r]->net[net] = rx[r];
		a->rx[r]->n_net = net + 1u;
	}
	return 0;
}

static int join_split_tx(struct appliance *a, uint16_t net)
{
	uint16_t tx = rs_topology_tx_of(&a->topology, net);
	struct joint ring;
	char name[32];
	int err;

	if (rs_topology_tx_is_direct(&a->topology, net)) {
		for (uint32_t p = 0; p < a->n_ports; p++)
			a->net_tx[net][p] = (struct joint){
				.call = rs_tx_push_queue, .self = &a->ports[p].tx[tx]};
		return 0;
	}
	snprintf(name, sizeof(name), "net%u-tx%u", net, tx);
	err = rs_joint_ring(&ring, name, JOINT_FRAMES, (int)rte_socket_id());
	if (err)
		return err;
	a->tx[tx]->net[a->tx[tx]->n_net++] = ring;
	for (uint32_t p = 0; p < a->n_ports; p++)
		a->net_tx[net][p] = ring;
	return 0;
}

static int join_slow_path(struct appliance *a, uint16_t net)
{
	char name[32];
	int err;

	snprintf(name, sizeof(name), "net%u-control", net);
	err = rs_joint_ring(&a->slow[net].to_control, name, SLOW_FRAMES, (int)rte_socket_id());
	if (err)
		return err;
	snprintf(name, sizeof(name), "control-net%u", net);
	return rs_joint_ring(&a->slow[net].from_control, name, SLOW_FRAMES, (int)rte_socket_id());
}

int rs_joints_of_net(struct appliance *a, uint16_t net, struct joint *rx, uint32_t *n_rx)
{
	bool is_fused = a->topology.layout == LAYOUT_FUSED;
	int err = join_slow_path(a, net);

	if (err)
		return err;
	*n_rx = a->topology.n_rx;
	if (is_fused || rs_topology_rx_is_direct(&a->topology))
		*n_rx = join_fused(a, net, rx);
	else
		err = join_split_rx(a, net, rx);
	if (!err && !is_fused)
		err = join_split_tx(a, net);
	return err;
}

void rs_joints_to_ports(struct appliance *a)
{
	for (uint16_t i = 0; i < a->topology.n_rx; i++) {
		a->rx[i]->n_queues = a->n_ports;
		a->rx[i]->flow_secret = a->tcp.flow_secret;
		for (uint32_t p = 0; p < a->n_ports; p++)
			a->rx[i]->queues[p] = &a->ports[p].rx[i];
	}
	for (uint16_t i = 0; i < a->topology.n_tx; i++) {
		a->tx[i]->n_ports = a->n_ports;
		for (uint32_t p = 0; p < a->n_ports; p++)
			a->tx[i]->ports[p].queue = &a->ports[p].tx[i];
	}
}

void rs_joints_free(struct appliance *a)
{
	for (uint16_t i = 0; i < a->topology.n_net; i++) {
		rs_joint_free(&a->slow[i].to_control);
		rs_joint_free(&a->slow[i].from_control);
	}
	for (uint16_t i = 0; i < a->topology.n_rx && a->rx[i]; i++) {
		for (uint32_t k = 0; k < a->rx[i]->n_net; k++)
			rs_joint_free(&a->rx[i]->net[k]);
	}
	for (uint16_t i = 0; i < a->topology.n_tx && a->tx[i]; i++) {
		for (uint32_t k = 0; k < a->tx[i]->n_net; k++)
			rs_joint_free(&a->tx[i]->net[k]);
		rs_stage_tx_drop(a->tx[i]);
	}
}
