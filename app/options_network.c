/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses, routes, and the ports that are listened on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "options_parse.h"
#include "values.h"
#include "wire/ipv4.h"

/* ---- addresses and routes ---- */

/* Neither "this network", loopback, multicast and the like, nor the first or last of its subnet. */
static bool is_host_addr(const struct wire_addr *a)
{
	static const uint8_t zeros[15]; /* of :: and ::1, which is loopback */

	if (a->family == 6)
		return a->addr[0] != 0xff && (memcmp(a->addr, zeros, 15) != 0 || a->addr[15] > 1) &&
		       (a->prefix_len > 126 || !rs_value_host_bits_are(a, 0));
	if (!a->addr[12] || a->addr[12] == 127 || a->addr[12] >= 224)
		return false;
	return a->prefix_len > 30 ||
	       (!rs_value_host_bits_are(a, 0) && !rs_value_host_bits_are(a, 1));
}

static bool is_ours(const struct config *cfg, const uint8_t addr[16])
{
	for (uint32_t i = 0; i < cfg->n_addrs; i++) {
		if (!memcmp(cfg->addrs[i].addr, addr, 16))
			return true;
	}
	return false;
}

int rs_option_parse_ip(struct option_parser *p, const char *value)
{
	static const uint8_t link_local[16] = {0xfe, 0x80};
	struct config *cfg = p->cfg;
	struct wire_addr a = {0};

	if (!rs_value_prefix(value, &a))
		return rs_option_fail(p, "expected ADDR/LEN, IPv4 or IPv6");
	if (!is_host_addr(&a))
		return rs_option_fail(p, "expected an address that a host can have");
	if (is_ours(cfg, a.addr))
		return rs_option_fail(p, "this address is given twice");
	if (cfg->n_addrs == CONFIG_MAX_ADDRS)
		return rs_option_fail(p, "expected at most %d addresses", CONFIG_MAX_ADDRS);
	cfg->addrs[cfg->n_addrs++] = a;
	/* Two addresses of one subnet share its route: the second is refused, and rightly so. */
	rs_route_add(&cfg->routes, a.addr, rs_value_mapped_len(&a), NULL);
	if (a.family == 6) /* each port has a link-local address as well */
		rs_route_add(&cfg->routes, link_local, 64, NULL);
	return 0;
}

static bool is_in(const struct wire_addr *subnet, const uint8_t addr[16])
{
	for (uint32_t i = 0; i < rs_value_mapped_len(subnet); i++) {
		if ((subnet->addr[i / 8] ^ addr[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

/* The first or last of an IPv4 subnet of ours: of IPv6 the first is its routers'. */
static bool is_nobodys(const struct config *cfg, const uint8_t addr[16])
{
	for (uint32_t i = 0; i < cfg->n_addrs; i++) {
		struct wire_addr a = cfg->addrs[i];

		if (a.family != 4 || !is_in(&a, addr))
			continue;
		memcpy(a.addr, addr, sizeof(a.addr));
		if (!is_host_addr(&a))
			return true;
	}
	return false;
}

/* A route by way of a neighbour, who is one of the gateways from now on. */
static int add_route(struct option_parser *p, const struct wire_addr *prefix, const uint8_t via[16],
	const char *exists)
{
	struct config *cfg = p->cfg;
	int err;

	if (is_ours(cfg, via))
		return rs_option_fail(p, "ADDR is an address of our own");
	if (is_nobodys(cfg, via))
		return rs_option_fail(p, "ADDR is the first or last of its subnet, and no host's");
	err = rs_route_add(&cfg->routes, prefix->addr, rs_value_mapped_len(prefix), via);
	if (err == -EEXIST)
		return rs_option_fail(p, "%s", exists);
	if (err == -ENOSPC)
		return rs_option_fail(p, "expected at most %d routes", ROUTE_MAX);
	if (err)
		return rs_option_fail(p, "ADDR is on none of the subnets of --ip");
	for (uint32_t i = 0; i < cfg->n_gateways; i++) {
		if (!memcmp(cfg->gateways[i], via, 16))
			return 0;
	}
	if (cfg->n_gateways == CONFIG_MAX_GATEWAYS)
		return rs_option_fail(
			p, "expected at most %d gateways in all", CONFIG_MAX_GATEWAYS);
	memcpy(cfg->gateways[cfg->n_gateways++], via, 16);
	return 0;
}

int rs_option_parse_gateway(struct option_parser *p, const char *value)
{
	struct wire_addr any = {0};
	uint8_t via[16];

	if (!rs_value_addr(value, via, &any.family))
		return rs_option_fail(p, "expected ADDR, IPv4 or IPv6");
	if (any.family == 4)
		rs_ipv4_map(any.addr, 0);
	return add_route(p, &any, via, "there is a gateway for this family already");
}

int rs_option_parse_route(struct option_parser *p, const char *value)
{
	struct wire_addr prefix;
	char text[2 * VALUE_ADDR_TEXT];
	uint8_t via[16], family;
	char *comma;

	snprintf(text, sizeof(text), "%s", value);
	comma = strchr(text, ',');
	if (comma)
		*comma = 0;
	if (!comma || strlen(value) >= sizeof(text) || !rs_value_prefix(text, &prefix) ||
		!rs_value_addr(comma + 1, via, &family) || family != prefix.family)
		return rs_option_fail(p, "expected PREFIX/LEN,ADDR, both IPv4 or both IPv6");
	if (!rs_value_host_bits_are(&prefix, 0))
		return rs_option_fail(p, "PREFIX has bits set beyond its length");
	return add_route(p, &prefix, via, "there is a route to this prefix already");
}

int rs_option_parse_next_hop(struct option_parser *p, const char *value)
{
	static const char *const words[] = {[NEXT_HOP_LAST] = "last", [NEXT_HOP_ROUTE] = "route"};

	return rs_option_choice(p, value, words, 2, "last or route", &p->cfg->next_hop);
}

int rs_option_parse_vlan(struct option_parser *p, const char *value)
{
	uint32_t n = 0;
	int err = rs_option_number(p, value, 1, 4094, &n);

	p->cfg->vlan_id = (uint16_t)n;
	return err;
}

int rs_option_parse_mtu(struct option_parser *p, const char *value)
{
	uint32_t n = 0;
	int err = rs_option_number(p, value, 576, 9600, &n);

	for (uint32_t i = 0; !err && i < p->cfg->n_addrs; i++) {
		if (p->cfg->addrs[i].family == 6 && n < 1280)
			err = rs_option_fail(
				p, "expected at least 1280, since there is an IPv6 address");
	}
	p->cfg->mtu = (uint16_t)n;
	return err;
}

/* ---- services ---- */

static bool is_listed(const uint16_t *ports, uint32_t n, uint64_t port)
{
	for (uint32_t i = 0; i < n; i++) {
		if (ports[i] == port)
			return true;
	}
	return false;
}

static int add_port(struct option_parser *p, const char *value, uint16_t *ports, uint32_t *n,
	const char *or_else)
{
	const struct config *cfg = p->cfg;
	uint64_t port;

	if (!rs_value_number(value, &port) || !port || port > UINT16_MAX)
		return rs_option_fail(p, "expected a number from 1 to %d%s", UINT16_MAX, or_else);
	if (is_listed(cfg->http_ports, cfg->n_http_ports, port) ||
		is_listed(cfg->https_ports, cfg->n_https_ports, port))
		return rs_option_fail(p, "this port is given twice");
	if (cfg->n_http_ports + cfg->n_https_ports == TCP_MAX_LISTEN)
		return rs_option_fail(p, "expected at most %d ports", TCP_MAX_LISTEN);
	ports[(*n)++] = (uint16_t)port;
	return 0;
}

/* Ports of files and of the command line add up: so none of them may say off beside the others. */
int rs_option_parse_http(struct option_parser *p, const char *value)
{
	struct config *cfg = p->cfg;
	bool is_off = !strcmp(value, "off");

	if (is_off ? cfg->n_http_ports : cfg->no_http)
		return rs_option_fail(p, "expected either ports or off");
	cfg->http_is_default = p->at->is_default;
	cfg->no_http = is_off;
	if (is_off)
		return 0;
	return add_port(p, value, cfg->http_ports, &cfg->n_http_ports, ", or off");
}

int rs_option_parse_https(struct option_parser *p, const char *value)
{
	return add_port(p, value, p->cfg->https_ports, &p->cfg->n_https_ports, "");
}
