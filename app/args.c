/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_DEPTH 4
#define MAX_LINE       1024

/* What a parse function works on. */
struct parser {
	struct config *cfg;
	char *error;
	const char *file; /* NULL: the command line */
	uint32_t line;
	uint32_t depth;
};

struct option {
	const char *name;
	const char *argument;
	int (*parse)(struct parser *p, const char *name, const char *value);
	const char *help;
	const char *group; /* set: this entry is a title */
};

/* ---- errors ---- */

/* "--name value: expected …", with file and line in front where it came from a file. */
__attribute__((format(printf, 4, 5))) static int fail(
	struct parser *p, const char *name, const char *value, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (p->file)
		snprintf(p->error, ARGS_ERROR_BYTES, "%s:%u: %s%s%.100s: %s", p->file, p->line,
			name, value ? " " : "", value ? value : "", what);
	else
		snprintf(p->error, ARGS_ERROR_BYTES, "--%s%s%.100s: %s", name, value ? " " : "",
			value ? value : "", what);
	return -EINVAL;
}

/* ---- values ---- */

static bool read_number(const char *text, uint64_t *n)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*n = strtoull(text, &end, 10);
	return !errno && !*end;
}

static bool read_bytes(const char *text, uint64_t *n)
{
	static const char suffixes[] = "kMG";
	char digits[24];
	size_t len = strlen(text);
	const char *suffix = len ? strchr(suffixes, text[len - 1]) : NULL;
	uint32_t shift = suffix && *suffix ? (uint32_t)(suffix - suffixes + 1) * 10 : 0;

	if (!len || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len + 1);
	if (shift)
		digits[len - 1] = 0;
	if (!read_number(digits, n) || *n > UINT64_MAX >> shift)
		return false;
	*n <<= shift;
	return true;
}

static int number(struct parser *p, const char *name, const char *value, uint64_t min, uint64_t max,
	uint32_t *to)
{
	uint64_t n;

	if (!read_number(value, &n) || n < min || n > max)
		return fail(
			p, name, value, "expected a number from %" PRIu64 " to %" PRIu64, min, max);
	*to = (uint32_t)n;
	return 0;
}

static bool read_addr(const char *text, uint8_t addr[16], uint8_t *family)
{
	struct in_addr v4;

	if (inet_pton(AF_INET6, text, addr) == 1) {
		static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

		*family = 6;
		return memcmp(addr, mapped, sizeof(mapped)) != 0;
	}
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	memset(addr, 0, 10);
	addr[10] = addr[11] = 0xff;
	memcpy(addr + 12, &v4, 4);
	*family = 4;
	return true;
}

/* ADDR/LEN */
static bool read_prefix(const char *text, struct wire_addr *a)
{
	char addr[64];
	const char *slash = strchr(text, '/');
	uint64_t len;

	if (!slash || (size_t)(slash - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = 0;
	if (!read_addr(addr, a->addr, &a->family) || !read_number(slash + 1, &len))
		return false;
	if (len > (a->family == 4 ? 32 : 128))
		return false;
	a->prefix_len = (uint8_t)len;
	return true;
}

/* Prefix lengths of routes count within ::ffff:0:0/96 for IPv4. */
static uint8_t mapped_len(const struct wire_addr *a)
{
	return (uint8_t)(a->family == 4 ? a->prefix_len + 96 : a->prefix_len);
}

/* 1,3-5 */
static bool read_cores(const char *text, struct core_list *list)
{
	list->n = 0;
	for (;;) {
		char *end;
		unsigned long first, last;

		if (!isdigit((unsigned char)*text))
			return false;
		first = last = strtoul(text, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return false;
			last = strtoul(end + 1, &end, 10);
		}
		if (last < first || last > 1023)
			return false;
		for (; first <= last; first++) {
			if (list->n == TOPOLOGY_MAX_CORES)
				return false;
			list->ids[list->n++] = (uint16_t)first;
		}
		if (!*end)
			return true;
		if (*end != ',')
			return false;
		text = end + 1;
	}
}

/* ---- one function an option ---- */

static int parse_ip(struct parser *p, const char *name, const char *value)
{
	struct config *cfg = p->cfg;
	struct wire_addr a = {0};

	if (!read_prefix(value, &a))
		return fail(p, name, value, "expected ADDR/LEN, IPv4 or IPv6");
	if (a.family == 4 ? a.addr[12] == 127 || a.addr[12] >= 224 || !a.addr[12]
			  : a.addr[0] == 0xff)
		return fail(p, name, value, "expected an address that a host can have");
	for (uint32_t i = 0; i < cfg->n_addrs; i++) {
		if (!memcmp(cfg->addrs[i].addr, a.addr, 16))
			return fail(p, name, value, "given twice");
	}
	if (cfg->n_addrs == CONFIG_MAX_ADDRS)
		return fail(p, name, value, "expected at most %d addresses", CONFIG_MAX_ADDRS);
	cfg->addrs[cfg->n_addrs++] = a;
	/* Two addresses of one subnet share its route. */
	rs_route_add(&cfg->routes, a.addr, mapped_len(&a), NULL);
	return 0;
}

/* Routes need all addresses first, so gateways and static routes are kept as text till the end. */
static int keep_route(struct parser *p, const char *name, const char *value)
{
	struct config *cfg = p->cfg;

	if (cfg->n_pending_routes == ROUTE_MAX)
		return fail(p, name, value, "expected at most %d routes", ROUTE_MAX);
	snprintf(cfg->pending_routes[cfg->n_pending_routes++], CONFIG_ROUTE_BYTES, "%s%.110s",
		strcmp(name, "gateway") ? "" : "@", value);
	return 0;
}

static int parse_gateway(struct parser *p, const char *name, const char *value)
{
	uint8_t addr[16], family;

	if (!read_addr(value, addr, &family))
		return fail(p, name, value, "expected an address, IPv4 or IPv6");
	return keep_route(p, name, value);
}

static bool read_route(const char *value, struct wire_addr *prefix, uint8_t via[16])
{
	char text[128];
	char *comma;
	uint8_t family;

	snprintf(text, sizeof(text), "%s", value);
	comma = strchr(text, ',');
	if (!comma)
		return false;
	*comma = 0;
	return read_prefix(text, prefix) && read_addr(comma + 1, via, &family) &&
	       family == prefix->family;
}

static int parse_route(struct parser *p, const char *name, const char *value)
{
	struct wire_addr prefix;
	uint8_t via[16];

	if (!read_route(value, &prefix, via))
		return fail(p, name, value, "expected PREFIX/LEN,ADDR, both of one family");
	return keep_route(p, name, value);
}

static int parse_vlan(struct parser *p, const char *name, const char *value)
{
	uint32_t n;
	int err = number(p, name, value, 1, 4094, &n);

	p->cfg->vlan_id = err ? 0 : (uint16_t)n;
	return err;
}

static int parse_mtu(struct parser *p, const char *name, const char *value)
{
	uint32_t n;
	int err = number(p, name, value, 576, 9600, &n);

	if (!err)
		p->cfg->mtu = (uint16_t)n;
	return err;
}

static int parse_http(struct parser *p, const char *name, const char *value)
{
	struct config *cfg = p->cfg;
	uint32_t n;
	int err = number(p, name, value, 1, 65535, &n);

	if (err)
		return err;
	for (uint32_t i = 0; i < cfg->n_http_ports; i++) {
		if (cfg->http_ports[i] == n)
			return fail(p, name, value, "given twice");
	}
	if (cfg->n_http_ports == TCP_MAX_LISTEN)
		return fail(p, name, value, "expected at most %d ports", TCP_MAX_LISTEN);
	cfg->http_ports[cfg->n_http_ports++] = (uint16_t)n;
	return 0;
}

static int parse_layout(struct parser *p, const char *name, const char *value)
{
	if (!strcmp(value, "fused"))
		p->cfg->layout = LAYOUT_FUSED;
	else if (!strcmp(value, "split"))
		p->cfg->layout = LAYOUT_SPLIT;
	else
		return fail(p, name, value, "expected fused or split");
	return 0;
}

static int cores(struct parser *p, const char *name, const char *value, struct core_list *to)
{
	if (!read_cores(value, to))
		return fail(p, name, value, "expected a list of at most %d lcores, as in 1,3-5",
			TOPOLOGY_MAX_CORES);
	return 0;
}

static int parse_net_cores(struct parser *p, const char *name, const char *value)
{
	return cores(p, name, value, &p->cfg->net_cores);
}

static int parse_rx_cores(struct parser *p, const char *name, const char *value)
{
	return cores(p, name, value, &p->cfg->rx_cores);
}

static int parse_tx_cores(struct parser *p, const char *name, const char *value)
{
	return cores(p, name, value, &p->cfg->tx_cores);
}

static int parse_idle(struct parser *p, const char *name, const char *value)
{
	if (!strcmp(value, "spin"))
		p->cfg->idle = IDLE_SPIN;
	else if (!strcmp(value, "pause"))
		p->cfg->idle = IDLE_PAUSE;
	else if (!strcmp(value, "sleep"))
		p->cfg->idle = IDLE_SLEEP;
	else
		return fail(p, name, value, "expected spin, pause or sleep");
	return 0;
}

static int parse_no_offload(struct parser *p, const char *name, const char *value)
{
	(void)name, (void)value;
	p->cfg->no_offload = true;
	return 0;
}

/* An option that is a number within bounds and nothing else. */
#define NUMBER_OPTION(function, field, min, max)                                                   \
	static int function(struct parser *p, const char *name, const char *value)                 \
	{                                                                                          \
		return number(p, name, value, min, max, &p->cfg->field);                           \
	}

NUMBER_OPTION(parse_rx_ring, rx_ring, 64, 32768)
NUMBER_OPTION(parse_tx_ring, tx_ring, 64, 32768)
NUMBER_OPTION(parse_mbufs, mbufs, 1024, 16777216)
NUMBER_OPTION(parse_max_conns, max_conns, 1, 16777216)
NUMBER_OPTION(parse_syn_backlog, syn_backlog, 0, 16777216)
NUMBER_OPTION(parse_idle_timeout, idle_timeout_s, 1, 86400)
NUMBER_OPTION(parse_header_timeout, header_timeout_s, 1, 3600)
NUMBER_OPTION(parse_body_timeout, body_timeout_s, 1, 3600)
NUMBER_OPTION(parse_time_wait, time_wait_s, 0, 240)
NUMBER_OPTION(parse_keepalive, keepalive_s, 0, 86400)
NUMBER_OPTION(parse_drain_timeout, drain_timeout_s, 0, 86400)

static int parse_max_head(struct parser *p, const char *name, const char *value)
{
	uint64_t n;

	if (!read_bytes(value, &n) || n < 512 || n > 65535)
		return fail(p, name, value, "expected 512 to 65535 bytes");
	p->cfg->max_head_bytes = (uint32_t)n;
	return 0;
}

static int parse_max_body(struct parser *p, const char *name, const char *value)
{
	uint64_t n;

	if (!read_bytes(value, &n) || n > 1 << 30)
		return fail(p, name, value,
			"expected a number of bytes up to 1G; k, M or G may follow");
	p->cfg->max_body_bytes = (uint32_t)n;
	return 0;
}

static int parse_check(struct parser *p, const char *name, const char *value)
{
	(void)name, (void)value;
	p->cfg->action = ACTION_CHECK;
	return 0;
}

static int parse_help(struct parser *p, const char *name, const char *value)
{
	(void)name, (void)value;
	p->cfg->action = ACTION_HELP;
	return 0;
}

static int parse_help_markdown(struct parser *p, const char *name, const char *value)
{
	(void)name, (void)value;
	p->cfg->action = ACTION_HELP_MARKDOWN;
	return 0;
}

static int parse_version(struct parser *p, const char *name, const char *value)
{
	(void)name, (void)value;
	p->cfg->action = ACTION_VERSION;
	return 0;
}

static int parse_config_file(struct parser *p, const char *name, const char *value);

static const struct option options[] = {
#define GROUP(title)                        {NULL, NULL, NULL, NULL, title},
#define OPTION(name, argument, parse, help) {name, argument, parse, help, NULL},
#include "options.def"
#undef GROUP
#undef OPTION
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (options[i].name && !strcmp(options[i].name, name))
			return &options[i];
	}
	return NULL;
}

static int apply(struct parser *p, const char *name, const char *value)
{
	const struct option *o = find_option(name);

	if (!o)
		return fail(p, name, NULL, "unknown option; --help lists them");
	if (o->argument && !value)
		return fail(p, name, NULL, "expected %s", o->argument);
	if (!o->argument && value)
		return fail(p, name, value, "expected no value");
	return o->parse(p, name, value);
}

/* ---- files ---- */

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((unsigned char)end[-1]))
		*--end = 0;
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* `name value`, `name=value`, with or without dashes in front; # begins a comment. */
static int parse_line(struct parser *p, char *line)
{
	char *comment = strchr(line, '#');
	char *name, *value;

	if (comment)
		*comment = 0;
	name = trim(line);
	if (!*name)
		return 0;
	name += strspn(name, "-");
	value = name + strcspn(name, "= \t");
	if (*value) {
		*value++ = 0;
		value = trim(value);
		if (*value == '=')
			value = trim(value + 1);
	}
	return apply(p, name, *value ? value : NULL);
}

static int parse_config_file(struct parser *p, const char *name, const char *value)
{
	struct parser inner = {
		.cfg = p->cfg, .error = p->error, .file = value, .depth = p->depth + 1};
	char line[MAX_LINE];
	FILE *file;
	int err = 0;

	if (inner.depth > MAX_FILE_DEPTH)
		return fail(p, name, value, "files include each other more than %d deep",
			MAX_FILE_DEPTH);
	file = fopen(value, "r");
	if (!file)
		return fail(p, name, value, "cannot be read: %s", strerror(errno));
	while (!err && fgets(line, sizeof(line), file)) {
		inner.line++;
		if (!strchr(line, '\n') && !feof(file))
			err = fail(&inner, "line", NULL, "longer than %d bytes", MAX_LINE - 2);
		else
			err = parse_line(&inner, line);
	}
	if (!err && ferror(file))
		err = fail(p, name, value, "cannot be read: %s", strerror(errno));
	fclose(file);
	return err;
}

/* ---- the whole ---- */

static void set_defaults(struct config *cfg)
{
	*cfg = (struct config){
		.mtu = 1500,
		.idle = IDLE_PAUSE,
		.max_conns = 65536,
		.syn_backlog = 4096,
		.max_head_bytes = 16384,
		.max_body_bytes = 1 << 20,
		.idle_timeout_s = 30,
		.header_timeout_s = 10,
		.body_timeout_s = 10,
		.time_wait_s = 60,
		.drain_timeout_s = 10,
	};
}

static int add_gateway(struct parser *p, const char *value)
{
	static const uint8_t v4_any[16] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t v6_any[16];
	struct config *cfg = p->cfg;
	uint8_t addr[16], family;
	int err;

	read_addr(value, addr, &family);
	err = rs_route_add(&cfg->routes, family == 4 ? v4_any : v6_any, family == 4 ? 96 : 0, addr);
	if (err == -EEXIST)
		return fail(p, "gateway", value, "a gateway of this family was given already");
	if (err)
		return fail(p, "gateway", value, "on none of the subnets of --ip");
	memcpy(cfg->gateways[cfg->n_gateways++], addr, 16);
	return 0;
}

static int add_route(struct parser *p, const char *value)
{
	struct wire_addr prefix;
	uint8_t via[16];
	int err;

	read_route(value, &prefix, via);
	err = rs_route_add(&p->cfg->routes, prefix.addr, mapped_len(&prefix), via);
	if (err == -EEXIST)
		return fail(p, "route", value, "this prefix has a route already");
	if (err == -ENOSPC)
		return fail(p, "route", value, "expected at most %d routes", ROUTE_MAX);
	return err ? fail(p, "route", value, "ADDR is on none of the subnets of --ip") : 0;
}

/* What no single option can know. */
static int check_whole(struct parser *p)
{
	struct config *cfg = p->cfg;

	if (cfg->action != ACTION_RUN && cfg->action != ACTION_CHECK)
		return 0;
	if (!cfg->n_addrs)
		return fail(p, "ip", NULL, "expected at least one ADDR/LEN");
	for (uint32_t i = 0; i < cfg->n_addrs; i++) {
		if (cfg->addrs[i].family == 6 && cfg->mtu < 1280) {
			char mtu[8];

			snprintf(mtu, sizeof(mtu), "%u", cfg->mtu);
			return fail(p, "mtu", mtu,
				"expected at least 1280, since there is an IPv6 address");
		}
	}
	for (uint32_t i = 0; i < cfg->n_pending_routes; i++) {
		const char *text = cfg->pending_routes[i];
		int err = *text == '@' ? add_gateway(p, text + 1) : add_route(p, text);

		if (err)
			return err;
	}
	if (!cfg->n_http_ports)
		cfg->http_ports[cfg->n_http_ports++] = 80;
	return 0;
}

int rs_args_parse(struct config *cfg, int argc, char **argv, char error[ARGS_ERROR_BYTES])
{
	struct parser p = {.cfg = cfg, .error = error};

	set_defaults(cfg);
	for (int i = 0; i < argc; i++) {
		char name[64];
		const char *arg = argv[i];
		const char *value = NULL;
		const struct option *o;
		int err;

		if (!strcmp(arg, "-c") || !strcmp(arg, "-h"))
			arg = arg[1] == 'c' ? "--config" : "--help";
		if (strncmp(arg, "--", 2) || !arg[2]) {
			snprintf(error, ARGS_ERROR_BYTES,
				"%.100s: expected an option, as in --ip ADDR/LEN", arg);
			return -EINVAL;
		}
		arg += 2;
		value = strchr(arg, '=');
		snprintf(name, sizeof(name), "%.*s", (int)(value ? value - arg : (long)strlen(arg)),
			arg);
		value = value ? value + 1 : NULL;
		o = find_option(name);
		if (o && o->argument && !value && i + 1 < argc)
			value = argv[++i];
		err = apply(&p, name, value);
		if (err)
			return err;
	}
	return check_whole(&p);
}

int rs_args_start(int argc, char **argv)
{
	static const char *const alone[] = {
		"--help", "-h", "--version", "--check", "--help-markdown", "-c", "--config"};

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			return i + 1;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(alone) / sizeof(alone[0]); i++) {
		if (!strcmp(argv[1], alone[i]))
			return 1;
	}
	return argc;
}

/* ---- EAL's lcores ---- */

static void cores_of_mask(const char *text, struct core_list *list)
{
	uint64_t mask = strtoull(text, NULL, 16);

	list->n = 0;
	for (uint16_t i = 0; i < 64 && list->n < TOPOLOGY_MAX_CORES; i++) {
		if (mask >> i & 1)
			list->ids[list->n++] = i;
	}
}

void rs_args_eal_lcores(int argc, char **argv, struct core_list *lcores, uint16_t *main_lcore)
{
	const char *main_text = NULL;
	cpu_set_t cpus;

	lcores->n = 0;
	for (int i = 1; i + 1 < argc; i++) {
		if (!strcmp(argv[i], "--"))
			break;
		if (!strcmp(argv[i], "-l") || !strcmp(argv[i], "--lcores"))
			read_cores(argv[i + 1], lcores);
		else if (!strcmp(argv[i], "-c"))
			cores_of_mask(argv[i + 1], lcores);
		else if (!strcmp(argv[i], "--main-lcore"))
			main_text = argv[i + 1];
	}
	if (!lcores->n && sched_getaffinity(0, sizeof(cpus), &cpus) == 0) {
		for (uint16_t i = 0; i < CPU_SETSIZE && lcores->n < TOPOLOGY_MAX_CORES; i++) {
			if (CPU_ISSET(i, &cpus))
				lcores->ids[lcores->n++] = i;
		}
	}
	*main_lcore = main_text ? (uint16_t)strtoul(main_text, NULL, 10) : lcores->ids[0];
}

/* ---- help ---- */

/* text, broken into lines of at most width bytes, those after the first indented. */
static void print_wrapped(FILE *to, const char *text, int indent, int width)
{
	int column = 0;

	while (*text) {
		int word = (int)strcspn(text, " ");

		if (column && column + 1 + word > width) {
			fprintf(to, "\n%*s", indent, "");
			column = 0;
		}
		column += fprintf(to, "%s%.*s", column ? " " : "", word, text);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

void rs_args_print_help(FILE *to)
{
	fputs("ringside: a kernel-bypass HTTP edge appliance\n\n"
	      "usage: ringside [EAL options] -- [options]\n"
	      "       ringside --help | --version | --check [options]\n\n"
	      "EAL options choose lcores (-l), memory (-m, --no-huge) and ports (-a, --vdev): see "
	      "DPDK's\n"
	      "documentation, and drivers-config/ for a command line for each kind of port.\n",
		to);
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &options[i];
		char left[64];

		if (o->group) {
			fprintf(to, "\n%s\n", o->group);
			continue;
		}
		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->argument ? " " : "",
			o->argument ? o->argument : "");
		fprintf(to, "  %-26s ", left);
		if (strlen(left) > 26)
			fprintf(to, "\n%*s", 29, "");
		print_wrapped(to, o->help, 29, 66);
	}
}

void rs_args_print_markdown(FILE *to)
{
	fputs("# Command line\n\n"
	      "<!-- Made of app/options.def by `ringside --help-markdown`; scripts/lint compares. "
	      "-->\n\n"
	      "`ringside [EAL options] -- [options]`\n\n"
	      "EAL options choose lcores (`-l`), memory (`-m`, `--no-huge`) and ports (`-a`, "
	      "`--vdev`).\n"
	      "`--help`, `--version` and `--check` start nothing and need neither root nor "
	      "hugepages.\n"
	      "A mistake is one line on stderr, and exit status 2; a failure while running is exit "
	      "status 1.\n\n"
	      "A file (`-c FILE`) has the same options, one a line without the dashes, `#` for "
	      "comments.\n",
		to);
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &options[i];

		if (o->group)
			fprintf(to, "\n## %s\n\n| option | meaning |\n| --- | --- |\n", o->group);
		else if (!o->argument)
			fprintf(to, "| `--%s` | %s |\n", o->name, o->help);
		else {
			fprintf(to, "| `--%s ", o->name);
			for (const char *c = o->argument; *c; c++)
				fprintf(to, "%s%c", *c == '|' ? "\\" : "", *c);
			fprintf(to, "` | %s |\n", o->help);
		}
	}
}
