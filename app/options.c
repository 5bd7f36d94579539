/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"
#include "wire/ipv4.h"

#define MAX_CHARSET_BYTES 40 /* RFC 2978 section 2.3 */

/* ---- errors ---- */

int rs_option_fail(const struct option_parser *p, const char *format, ...)
{
	const struct args_setting *at = p->at;
	char where[128] = "--";
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (at->file)
		snprintf(where, sizeof(where), "%.100s:%u: ", at->file, at->line);
	snprintf(p->error, ARGS_ERROR_BYTES, "%s%.60s%s%.100s: %s", where, at->name,
		at->value ? " " : "", at->value ? at->value : "", what);
	return -EINVAL;
}

/* ---- kinds of values ---- */

static int number(
	struct option_parser *p, const char *value, uint64_t min, uint64_t max, uint32_t *to)
{
	uint64_t n;

	if (!rs_value_number(value, &n) || n < min || n > max)
		return rs_option_fail(
			p, "expected a number from %" PRIu64 " to %" PRIu64, min, max);
	*to = (uint32_t)n;
	return 0;
}

static int bytes(
	struct option_parser *p, const char *value, uint64_t min, uint64_t max, uint32_t *to)
{
	uint64_t n;

	if (!rs_value_bytes(value, &n) || n < min || n > max)
		return rs_option_fail(p,
			"expected a number of bytes from %" PRIu64 " to %" PRIu64
			"; k, M or G may follow",
			min, max);
	*to = (uint32_t)n;
	return 0;
}

/* Which of n words. */
static int choice(struct option_parser *p, const char *value, const char *const *words, uint32_t n,
	const char *expected, uint32_t *to)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!strcmp(value, words[i])) {
			*to = i;
			return 0;
		}
	}
	return rs_option_fail(p, "expected %s", expected);
}

static int cores(struct option_parser *p, const char *value, struct core_list *to)
{
	if (rs_value_cores(value, to))
		return 0;
	return rs_option_fail(
		p, "expected a list of at most %d lcores, each once, as in 1,3-5", CORE_LIST_MAX);
}

/* An option that is a number and nothing else. */
#define NUMBER_OPTION(name, kind, field, min, max)                                                 \
	static int parse_##name(struct option_parser *p, const char *value)                        \
	{                                                                                          \
		return kind(p, value, min, max, &p->cfg->field);                                   \
	}

NUMBER_OPTION(rx_ring, number, rx_ring, 64, 32768)
NUMBER_OPTION(tx_ring, number, tx_ring, 64, 32768)
NUMBER_OPTION(mbufs, number, mbufs, 1024, 16777216)
NUMBER_OPTION(max_conns, number, max_conns, 1, 16777216)
NUMBER_OPTION(syn_backlog, number, syn_backlog, 0, 16777216)
NUMBER_OPTION(max_head, bytes, max_head_bytes, 512, HTTP_MAX_HEAD_BYTES)
NUMBER_OPTION(max_body, bytes, max_body_bytes, 0, 1 << 30)
NUMBER_OPTION(idle_timeout, number, idle_timeout_s, 1, 86400)
NUMBER_OPTION(header_timeout, number, header_timeout_s, 1, 3600)
NUMBER_OPTION(body_timeout, number, body_timeout_s, 1, 3600)
NUMBER_OPTION(write_timeout, number, write_timeout_s, 1, 3600)
NUMBER_OPTION(time_wait, number, time_wait_s, 0, 240)
NUMBER_OPTION(keepalive, number, keepalive_s, 0, 86400)
NUMBER_OPTION(drain_timeout, number, drain_timeout_s, 0, 86400)

NUMBER_OPTION(ticket_lifetime, number, tls.ticket_lifetime_s, 0, 604800)
NUMBER_OPTION(early_data, bytes, tls.max_early_data, 0, 16384)
NUMBER_OPTION(log_sample, number, access.sample, 1, 1000000000)
NUMBER_OPTION(tls_backlog, number, tls_backlog, 1, 1048576)

#define CORES_OPTION(name)                                                                         \
	static int parse_##name(struct option_parser *p, const char *value)                        \
	{                                                                                          \
		return cores(p, value, &p->cfg->name);                                             \
	}

CORES_OPTION(net_cores)
CORES_OPTION(rx_cores)
CORES_OPTION(tx_cores)

#define ACTION_OPTION(name, what)                                                                  \
	static int parse_##name(struct option_parser *p, const char *value)                        \
	{                                                                                          \
		(void)value;                                                                       \
		p->cfg->action = what;                                                             \
		return 0;                                                                          \
	}

ACTION_OPTION(check, ACTION_CHECK)
ACTION_OPTION(help, ACTION_HELP)
ACTION_OPTION(help_markdown, ACTION_HELP_MARKDOWN)
ACTION_OPTION(version, ACTION_VERSION)

/* ---- network ---- */

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

static int parse_ip(struct option_parser *p, const char *value)
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

static int parse_gateway(struct option_parser *p, const char *value)
{
	struct wire_addr any = {0};
	uint8_t via[16];

	if (!rs_value_addr(value, via, &any.family))
		return rs_option_fail(p, "expected ADDR, IPv4 or IPv6");
	if (any.family == 4)
		rs_ipv4_map(any.addr, 0);
	return add_route(p, &any, via, "there is a gateway for this family already");
}

static int parse_route(struct option_parser *p, const char *value)
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

static int parse_next_hop(struct option_parser *p, const char *value)
{
	static const char *const words[] = {[NEXT_HOP_LAST] = "last", [NEXT_HOP_ROUTE] = "route"};

	return choice(p, value, words, 2, "last or route", &p->cfg->next_hop);
}

static int parse_vlan(struct option_parser *p, const char *value)
{
	uint32_t n = 0;
	int err = number(p, value, 1, 4094, &n);

	p->cfg->vlan_id = (uint16_t)n;
	return err;
}

static int parse_mtu(struct option_parser *p, const char *value)
{
	uint32_t n = 0;
	int err = number(p, value, 576, 9600, &n);

	for (uint32_t i = 0; !err && i < p->cfg->n_addrs; i++) {
		if (p->cfg->addrs[i].family == 6 && n < 1280)
			err = rs_option_fail(
				p, "expected at least 1280, since there is an IPv6 address");
	}
	p->cfg->mtu = (uint16_t)n;
	return err;
}

/* ---- services, cores and ports ---- */

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
static int parse_http(struct option_parser *p, const char *value)
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

static int parse_https(struct option_parser *p, const char *value)
{
	return add_port(p, value, p->cfg->https_ports, &p->cfg->n_https_ports, "");
}

/* ---- content ---- */

/* A copy of a value, to be cut up. NULL, told why: there is no room. */
static char *keep(struct option_parser *p, const char *value)
{
	char *kept = rs_args_keep(p->args, value);

	if (!kept)
		rs_option_fail(
			p, "expected at most %d bytes of options in all", ARGS_MAX_TEXT_BYTES);
	return kept;
}

static int add_site(struct option_parser *p, const char *host, const char *dir)
{
	struct site_options *site = &p->cfg->site;

	for (uint32_t i = 0; host && i < site->n_sites; i++) {
		if (site->sites[i].host && !strcmp(site->sites[i].host, host))
			return rs_option_fail(p, "this host is given twice");
	}
	if (site->n_sites == SITE_MAX)
		return rs_option_fail(p, "expected at most %d", SITE_MAX);
	site->sites[site->n_sites].host = host;
	site->sites[site->n_sites++].dir = dir;
	return 0;
}

static int parse_root(struct option_parser *p, const char *value)
{
	return add_site(p, NULL, value);
}

static int parse_site(struct option_parser *p, const char *value)
{
	const char *sign = strchr(value, '=');
	char *host;

	if (!sign || sign == value || !sign[1])
		return rs_option_fail(p, "expected HOST=DIR");
	host = keep(p, value);
	if (!host)
		return -EINVAL;
	host[sign - value] = 0;
	if (!rs_value_host(host))
		return rs_option_fail(p, "expected HOST=DIR, HOST a name or an address as in "
					 "a.example or [fd00::1], without port, final dot or *");
	for (char *c = host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return add_site(p, host, sign + 1);
}

static int parse_index(struct option_parser *p, const char *value)
{
	struct config *cfg = p->cfg;

	if (strchr(value, '/'))
		return rs_option_fail(p, "expected the name of a file, without /");
	if (cfg->n_index_names == CONFIG_MAX_INDEX_NAMES)
		return rs_option_fail(p, "expected at most %d", CONFIG_MAX_INDEX_NAMES);
	cfg->index_names[cfg->n_index_names++] = value;
	cfg->site.content.index_names = cfg->index_names;
	return 0;
}

static int parse_header(struct option_parser *p, const char *value)
{
	struct site_options *site = &p->cfg->site;
	char *pattern = keep(p, value);
	const char *fault;
	char *space;

	if (!pattern)
		return -EINVAL;
	space = strchr(pattern, ' ');
	if (!space || space == pattern || !strchr(space, ':'))
		return rs_option_fail(p, "expected PATTERN NAME: VALUE");
	if (*pattern != '/' && *pattern != '*')
		return rs_option_fail(
			p, "expected a PATTERN that begins with / or *, as paths begin with /");
	if (site->n_patterns == CONTENT_MAX_PATTERNS)
		return rs_option_fail(p, "expected at most %d", CONTENT_MAX_PATTERNS);
	*space++ = 0;
	while (*space == ' ')
		space++;
	fault = rs_content_field_fault(space);
	if (fault)
		return rs_option_fail(p, "the field %s", fault);
	site->patterns[site->n_patterns++] =
		(struct content_pattern){.pattern = pattern, .field = space};
	return 0;
}

static bool has_error_page(const struct site_options *site, uint16_t status)
{
	for (uint32_t i = 0; i < site->n_error_pages; i++) {
		if (site->error_pages[i].status == status)
			return true;
	}
	return false;
}

static int parse_error_page(struct option_parser *p, const char *value)
{
	/* All that a site is refused with; 411 is for handlers that need a body. */
	static const uint16_t known[SITE_MAX_ERROR_PAGES] = {
		400, 403, 404, 405, 408, 412, 413, 414, 416, 417, 421, 425, 431, 501, 503, 505};
	struct site_options *site = &p->cfg->site;
	const char *sign = strchr(value, '=');

	for (uint32_t i = 0; sign && sign[1] == '/' && i < SITE_MAX_ERROR_PAGES; i++) {
		if (sign - value != 3 || (unsigned int)atoi(value) != known[i])
			continue;
		if (has_error_page(site, known[i]))
			return rs_option_fail(p, "there is a page for this status already");
		site->error_pages[site->n_error_pages].status = known[i];
		site->error_pages[site->n_error_pages++].path = sign + 1;
		return 0;
	}
	return rs_option_fail(p,
		"expected STATUS=/PATH, STATUS 400, 403, 404, 405, 408, 412, 413, 414, "
		"416, 417, 421, 425, 431, 501, 503 or 505");
}

static int parse_precompress(struct option_parser *p, const char *value)
{
	static const struct {
		const char *name;
		enum content_coding coding;
	} known[] = {{"gzip", CONTENT_GZIP}, {"br", CONTENT_BR}, {"zstd", CONTENT_ZSTD}};

	for (;; value++) {
		size_t n = strcspn(value, ",");
		uint32_t i = 0;

		while (i < 3 && (strlen(known[i].name) != n || memcmp(value, known[i].name, n)))
			i++;
		if (i == 3)
			return rs_option_fail(p, "expected gzip, br, zstd, or several of them");
		p->cfg->site.content.precompress |= CONTENT_CODING_BIT(known[i].coding);
		value += n;
		if (!*value)
			return 0;
	}
}

/* It becomes the value of a field as it is. */
static bool is_origin(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (!isgraph((unsigned char)*c) || *c == ',')
			return false;
	}
	return strlen(text) <= 128;
}

static int parse_cors(struct option_parser *p, const char *value)
{
	if (!is_origin(value))
		return rs_option_fail(p, "expected one origin, as in https://a.example, or *");
	p->cfg->site.cors = value;
	return 0;
}

static int parse_access_format(struct option_parser *p, const char *value)
{
	struct access_format format;
	char why[128];

	if (rs_access_format_compile(value, &format, why, sizeof(why)))
		return rs_option_fail(p, "%s", why);
	p->cfg->access.format = value;
	return 0;
}

static int parse_charset(struct option_parser *p, const char *value)
{
	if (!rs_value_token(value, MAX_CHARSET_BYTES))
		return rs_option_fail(p,
			"expected the name of a charset of at most %d characters, or none",
			MAX_CHARSET_BYTES);
	p->cfg->site.content.charset = strcmp(value, "none") != 0 ? value : "";
	return 0;
}

static int parse_content_memory(struct option_parser *p, const char *value)
{
	if (rs_value_bytes(value, &p->cfg->site.content.max_bytes))
		return 0;
	return rs_option_fail(p, "expected a number of bytes; k, M or G may follow");
}

/* ---- TLS ---- */

/* Which pair the n-th file of its kind belongs to; NULL: there are too many. */
static struct tls_pair *next_pair(struct option_parser *p, uint32_t *n)
{
	if (*n < TLS_MAX_PAIRS)
		return &p->cfg->tls.pairs[(*n)++];
	rs_option_fail(p, "expected at most %d", TLS_MAX_PAIRS);
	return NULL;
}

#define PAIR_OPTION(field)                                                                         \
	static int parse_##field(struct option_parser *p, const char *value)                       \
	{                                                                                          \
		struct tls_pair *pair = next_pair(p, &p->cfg->n_##field##s);                       \
                                                                                                   \
		if (!pair)                                                                         \
			return -EINVAL;                                                            \
		pair->field = value;                                                               \
		return 0;                                                                          \
	}

PAIR_OPTION(cert)
PAIR_OPTION(key)
PAIR_OPTION(ocsp)

static int parse_tls_min(struct option_parser *p, const char *value)
{
	static const char *const words[] = {"1.2", "1.3"};
	uint32_t choice_no = 0;
	int err = choice(p, value, words, 2, "1.2 or 1.3", &choice_no);

	p->cfg->tls.only_tls13 = choice_no == 1;
	return err;
}

static int parse_tls_records(struct option_parser *p, const char *value)
{
	static const char *const words[] = {"lean", "openssl"};
	uint32_t choice_no = 0;
	int err = choice(p, value, words, 2, "lean or openssl", &choice_no);

	p->cfg->tls.no_lean = choice_no == 1;
	return err;
}

static int parse_client_cert(struct option_parser *p, const char *value)
{
	static const char *const words[] = {"optional", "required"};
	uint32_t choice_no = 0;
	int err = choice(p, value, words, 2, "optional or required", &choice_no);

	p->cfg->tls.client_cert = choice_no ? TLS_CLIENT_CERT_REQUIRED : TLS_CLIENT_CERT_OPTIONAL;
	return err;
}

static int parse_tls_cores(struct option_parser *p, const char *value)
{
	if (!strcmp(value, "same"))
		return 0;
	if (rs_value_cores(value, &p->cfg->tls_cores))
		return 0;
	return rs_option_fail(p, "expected same, or a list of lcores, each once, as in 1,3-5");
}

static int parse_layout(struct option_parser *p, const char *value)
{
	static const char *const words[] = {[LAYOUT_FUSED] = "fused", [LAYOUT_SPLIT] = "split"};

	return choice(p, value, words, 2, "fused or split", &p->cfg->layout);
}

static int parse_idle(struct option_parser *p, const char *value)
{
	static const char *const words[] = {
		[IDLE_SPIN] = "spin", [IDLE_PAUSE] = "pause", [IDLE_SLEEP] = "sleep"};

	return choice(p, value, words, 3, "spin, pause or sleep", &p->cfg->idle);
}

/* ---- what is taken as it is ---- */

#define FLAG_OPTION(name, field)                                                                   \
	static int parse_##name(struct option_parser *p, const char *value)                        \
	{                                                                                          \
		(void)value;                                                                       \
		p->cfg->field = true;                                                              \
		return 0;                                                                          \
	}

#define TEXT_OPTION(name, field)                                                                   \
	static int parse_##name(struct option_parser *p, const char *value)                        \
	{                                                                                          \
		p->cfg->field = value;                                                             \
		return 0;                                                                          \
	}

FLAG_OPTION(early_hints, site.early_hints)
FLAG_OPTION(follow_links, site.content.outside_links)
FLAG_OPTION(hidden, site.content.hidden)
FLAG_OPTION(listing, site.content.listing)
FLAG_OPTION(no_offload, no_offload)
FLAG_OPTION(psk_ke, tls.psk_ke)
FLAG_OPTION(strict_site, site.strict)
FLAG_OPTION(strict_sni, tls.strict_sni)
FLAG_OPTION(watch, watch)

TEXT_OPTION(access_log, access.path)
TEXT_OPTION(client_ca, tls.client_ca)
TEXT_OPTION(mime_types, site.content.types_file)
TEXT_OPTION(ticket_keys, ticket_keys)

/* ---- the table ---- */

const struct option rs_options[] = {
#define GROUP(title) {.group = title},
#define OPTION(name, argument, standard, flags, parser, help)                                      \
	{name, argument, standard, flags, parser, help, NULL},
#include "options.def"
#undef GROUP
#undef OPTION
};

const uint32_t rs_n_options = sizeof(rs_options) / sizeof(rs_options[0]);

uint32_t rs_option_find(const char *name)
{
	uint32_t i = 0;

	while (i < rs_n_options && (!rs_options[i].name || strcmp(rs_options[i].name, name) != 0))
		i++;
	return i;
}
