/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "values.h"

static const char help_text[] =
	"ringside-load [EAL options] -- --target ADDR[:PORT] --ip ADDR/LEN [options]\n"
	"\n"
	"HTTP load on one core and one port, with a TCP of its own. Figures as JSON at the end.\n"
	"\n"
	"who    --target ADDR[:PORT]   the server; IPv6 as [ADDR]:PORT (port 80)\n"
	"       --ip ADDR/LEN          the first address of ours\n"
	"       --clients N            so many addresses, counting up, behind one MAC (1)\n"
	"       --ports FIRST-LAST     our ports (1024-65535)\n"
	"       --gateway ADDR         the next hop, where the server is not in our prefix\n"
	"load   --conns N              busy connections (256)\n"
	"       --per-conn N           requests a connection carries before it ends (0: no end)\n"
	"       --pipeline N           requests sent together on a connection (1)\n"
	"       --rate N               open loop: requests a second, answered or not; latency\n"
	"                              counts from when a request was due (0: closed loop)\n"
	"       --timeout MS           after that a connection is given up (2000)\n"
	"       --idle N               further connections, left idle after a request each (0)\n"
	"       --connect-rate N       connections opened a second while starting (200000)\n"
	"       --syn-flood N          SYNs a second beside the rest, answers ignored (0)\n"
	"       --flood-from ADDR/LEN  their source addresses\n"
	"       --flood-for S          so long after measuring has begun they end (0: never)\n"
	"what   --method M             (GET)\n"
	"       --path [WEIGHT*]PATH   repeatable (/)\n"
	"       --header 'NAME: VALUE' repeatable\n"
	"       --body FILE            the request's body\n"
	"       --host NAME            (the target)\n"
	"       --status N             what each answer must say (200)\n"
	"       --length N             the length each body must have (each path's first decides)\n"
	"       --timestamps           TCP timestamps\n"
	"tls    --tls keepalive        TLS 1.3 (port 443), connections that stay\n"
	"       --tls full             a connection, and a full handshake, for each request\n"
	"       --tls resumed          the same from the ticket of the connection before\n"
	"       --tls psk-ke           … without a key exchange, if the server takes that "
	"(--psk-ke)\n"
	"       --tls-group NAME       of the key exchange (X25519)\n"
	"       --tls-cipher NAME      (TLS_AES_128_GCM_SHA256)\n"
	"       --tls-records WHOSE    of keepalive, after the handshake: lean, those of lib/tls; "
	"or\n"
	"                              openssl, which is slower (lean)\n"
	"how    --warmup S (1)  --seconds S (5)  --json FILE (- for stdout)  --quiet\n"
	"       --respond              be a trivial responder on --ip instead: whatever comes is\n"
	"                              answered with --pipeline canned replies of --length bytes\n"
	"\n"
	"Ctrl-C and SIGTERM end either early, with its report; a second one at once.\n";

enum {
	OPT_TARGET = 256,
	OPT_IP,
	OPT_CLIENTS,
	OPT_PORTS,
	OPT_GATEWAY,
	OPT_CONNS,
	OPT_PER_CONN,
	OPT_PIPELINE,
	OPT_RATE,
	OPT_TIMEOUT,
	OPT_IDLE,
	OPT_CONNECT_RATE,
	OPT_SYN_FLOOD,
	OPT_FLOOD_FROM,
	OPT_FLOOD_FOR,
	OPT_METHOD,
	OPT_PATH,
	OPT_HEADER,
	OPT_BODY,
	OPT_HOST,
	OPT_STATUS,
	OPT_LENGTH,
	OPT_TIMESTAMPS,
	OPT_TLS,
	OPT_TLS_GROUP,
	OPT_TLS_CIPHER,
	OPT_TLS_RECORDS,
	OPT_WARMUP,
	OPT_SECONDS,
	OPT_JSON,
	OPT_QUIET,
	OPT_RESPOND,
	OPT_HELP,
};

static const struct option long_options[] = {
	{"target", required_argument, NULL, OPT_TARGET},
	{"ip", required_argument, NULL, OPT_IP},
	{"clients", required_argument, NULL, OPT_CLIENTS},
	{"ports", required_argument, NULL, OPT_PORTS},
	{"gateway", required_argument, NULL, OPT_GATEWAY},
	{"conns", required_argument, NULL, OPT_CONNS},
	{"per-conn", required_argument, NULL, OPT_PER_CONN},
	{"pipeline", required_argument, NULL, OPT_PIPELINE},
	{"rate", required_argument, NULL, OPT_RATE},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"idle", required_argument, NULL, OPT_IDLE},
	{"connect-rate", required_argument, NULL, OPT_CONNECT_RATE},
	{"syn-flood", required_argument, NULL, OPT_SYN_FLOOD},
	{"flood-from", required_argument, NULL, OPT_FLOOD_FROM},
	{"flood-for", required_argument, NULL, OPT_FLOOD_FOR},
	{"method", required_argument, NULL, OPT_METHOD},
	{"path", required_argument, NULL, OPT_PATH},
	{"header", required_argument, NULL, OPT_HEADER},
	{"body", required_argument, NULL, OPT_BODY},
	{"host", required_argument, NULL, OPT_HOST},
	{"status", required_argument, NULL, OPT_STATUS},
	{"length", required_argument, NULL, OPT_LENGTH},
	{"timestamps", no_argument, NULL, OPT_TIMESTAMPS},
	{"tls", required_argument, NULL, OPT_TLS},
	{"tls-group", required_argument, NULL, OPT_TLS_GROUP},
	{"tls-cipher", required_argument, NULL, OPT_TLS_CIPHER},
	{"tls-records", required_argument, NULL, OPT_TLS_RECORDS},
	{"warmup", required_argument, NULL, OPT_WARMUP},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"json", required_argument, NULL, OPT_JSON},
	{"quiet", no_argument, NULL, OPT_QUIET},
	{"respond", no_argument, NULL, OPT_RESPOND},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

void rs_load_options_help(void)
{
	fputs(help_text, stdout);
}

static bool read_u32(const char *text, uint32_t least, uint32_t most, uint32_t *n)
{
	uint64_t value;

	if (!rs_value_number(text, &value) || value < least || value > most)
		return false;
	*n = (uint32_t)value;
	return true;
}

static bool read_port(const char *text, uint16_t *port)
{
	uint32_t n;

	if (!read_u32(text, 1, UINT16_MAX, &n))
		return false;
	*port = (uint16_t)n;
	return true;
}

/* ADDR, ADDR:PORT, [ADDR], [ADDR]:PORT. */
static bool read_target(struct load_options *o, const char *text)
{
	char copy[80];
	char *addr = copy, *port = NULL;

	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	if (*copy == '[') {
		char *end = strchr(copy, ']');

		if (!end || (end[1] && end[1] != ':'))
			return false;
		addr++;
		port = end[1] ? end + 2 : NULL;
		*end = 0;
	} else if (strchr(copy, ':') == strrchr(copy, ':') && strchr(copy, ':')) {
		port = strchr(copy, ':');
		*port++ = 0;
	}
	return rs_value_addr(addr, o->target, &o->family) && (!port || read_port(port, &o->port));
}

static bool read_ports(struct load_options *o, const char *text)
{
	char first[8];
	const char *dash = strchr(text, '-');

	if (!dash || (size_t)(dash - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = 0;
	return read_port(first, &o->first_port) && read_port(dash + 1, &o->last_port) &&
	       o->first_port <= o->last_port;
}

/* [WEIGHT*]PATH */
static bool read_path(struct load_options *o, const char *text)
{
	struct load_path *path = &o->paths[o->n_paths];
	const char *star = strchr(text, '*');

	if (o->n_paths == LOAD_MAX_PATHS)
		return false;
	*path = (struct load_path){.text = text, .weight = 1};
	if (*text != '/' && star) {
		char weight[8];

		if ((size_t)(star - text) >= sizeof(weight))
			return false;
		memcpy(weight, text, (size_t)(star - text));
		weight[star - text] = 0;
		if (!read_u32(weight, 1, 1000, &path->weight))
			return false;
		path->text = star + 1;
	}
	o->n_paths++;
	return *path->text == '/';
}

static bool read_header(struct load_options *o, const char *text)
{
	if (o->n_headers == LOAD_MAX_HEADERS || !strchr(text, ':'))
		return false;
	o->headers[o->n_headers++] = text;
	return true;
}

static bool read_tls(struct load_options *o, const char *text)
{
	static const char *const modes[] = {[LOAD_TLS_KEEPALIVE] = "keepalive",
		[LOAD_TLS_FULL] = "full",
		[LOAD_TLS_RESUMED] = "resumed",
		[LOAD_TLS_PSK_KE] = "psk-ke"};

	for (uint32_t i = LOAD_TLS_KEEPALIVE; i < RS_ARRAY_SIZE(modes); i++) {
		if (!strcmp(text, modes[i])) {
			o->tls = (enum load_tls_mode)i;
			return true;
		}
	}
	return false;
}

static bool read_option(struct load_options *o, int option, const char *text)
{
	uint64_t n;

	switch (option) {
	case OPT_TARGET:
		return read_target(o, text);
	case OPT_IP:
		return rs_value_prefix(text, &o->ip);
	case OPT_CLIENTS:
		return read_u32(text, 1, 1u << 20, &o->n_clients);
	case OPT_PORTS:
		return read_ports(o, text);
	case OPT_GATEWAY:
		return rs_value_addr(text, o->gateway, &o->gateway_family);
	case OPT_CONNS:
		return read_u32(text, 0, LOAD_MAX_SLOTS / 2, &o->n_conns);
	case OPT_PER_CONN:
		return read_u32(text, 0, UINT32_MAX, &o->per_conn);
	case OPT_PIPELINE:
		return read_u32(text, 1, LOAD_MAX_BATCH, &o->pipeline);
	case OPT_RATE:
		return rs_value_number(text, &o->rate) && o->rate <= 1000000000;
	case OPT_TIMEOUT:
		return read_u32(text, 1, 3600000, &o->timeout_ms);
	case OPT_IDLE:
		return read_u32(text, 0, LOAD_MAX_SLOTS / 2, &o->n_idle);
	case OPT_CONNECT_RATE:
		return read_u32(text, 1, 100000000, &o->connect_rate);
	case OPT_SYN_FLOOD:
		return rs_value_number(text, &o->flood_rate) && o->flood_rate <= 100000000;
	case OPT_FLOOD_FROM:
		return rs_value_prefix(text, &o->flood_from);
	case OPT_FLOOD_FOR:
		return read_u32(text, 0, 86400, &o->flood_for_s);
	case OPT_METHOD:
		o->method = text;
		return *text;
	case OPT_PATH:
		return read_path(o, text);
	case OPT_HEADER:
		return read_header(o, text);
	case OPT_BODY:
		o->body_file = text;
		return true;
	case OPT_HOST:
		o->host = text;
		return *text;
	case OPT_STATUS:
		return read_u32(text, 200, 599, &o->status);
	case OPT_LENGTH:
		if (!rs_value_number(text, &n) || n > INT64_MAX)
			return false;
		o->length = (int64_t)n;
		return true;
	case OPT_TIMESTAMPS:
		return o->timestamps = true;
	case OPT_TLS:
		return read_tls(o, text);
	case OPT_TLS_GROUP:
		o->tls_group = text;
		return *text;
	case OPT_TLS_CIPHER:
		o->tls_cipher = text;
		return *text;
	case OPT_TLS_RECORDS:
		o->tls_records = text;
		return !strcmp(text, "lean") || !strcmp(text, "openssl");
	case OPT_WARMUP:
		return read_u32(text, 0, 3600, &o->warmup_s);
	case OPT_SECONDS:
		return read_u32(text, 1, 86400, &o->seconds);
	case OPT_JSON:
		o->json = text;
		return true;
	case OPT_QUIET:
		return o->quiet = true;
	case OPT_RESPOND:
		return o->respond = true;
	default:
		return o->help = true;
	}
}

/* Is addr among the n addresses that count up from first? */
static bool is_among(const uint8_t addr[16], const uint8_t first[16], uint32_t n)
{
	return !memcmp(addr, first, 12) && rs_load_be32(addr + 12) - rs_load_be32(first + 12) < n;
}

/* What contradicts itself, or is missing. NULL: nothing. */
static const char *contradiction(const struct load_options *o)
{
	uint64_t n_tuples = (uint64_t)o->n_clients * (o->last_port - o->first_port + 1u);

	if (!o->ip.family)
		return "--ip ADDR/LEN is missing: our own address";
	if (o->respond)
		return NULL;
	if (!o->family)
		return "--target ADDR[:PORT] is missing: whom to ask";
	if (o->family != o->ip.family)
		return "--target and --ip are of different families";
	if (o->gateway_family && o->gateway_family != o->family)
		return "--gateway and --target are of different families";
	if (n_tuples > LOAD_MAX_TUPLES)
		return "--clients times --ports are more than can be told apart: fewer of either";
	if (is_among(o->target, o->ip.addr, o->n_clients))
		return "--target is among the --clients addresses from --ip on";
	if (!o->n_conns && !o->n_idle)
		return "--conns 0 without --idle: nothing to do";
	if ((uint64_t)o->n_conns + o->n_idle > n_tuples)
		return "--clients times --ports are fewer than the connections asked for";
	if (o->per_conn && o->per_conn < o->pipeline)
		return "--per-conn is less than --pipeline";
	if (o->tls && o->pipeline > 1)
		return "--pipeline does not go with --tls: one request at a time";
	if (!o->tls && (o->tls_group || o->tls_cipher))
		return "--tls-group and --tls-cipher need --tls";
	if (o->tls != LOAD_TLS_KEEPALIVE && o->tls_records)
		return "--tls-records needs --tls keepalive";
	if (o->flood_rate && o->flood_from.family != o->family)
		return "--syn-flood needs --flood-from ADDR/LEN, of the target's family";
	if (o->flood_for_s && !o->flood_rate)
		return "--flood-for needs --syn-flood";
	return NULL;
}

/* What depends on other options where it is not said. */
static void complete(struct load_options *o)
{
	if (!o->n_paths)
		read_path(o, "/");
	if (!o->port)
		o->port = o->tls ? 443 : 80;
	if (!o->per_conn && o->tls && o->tls != LOAD_TLS_KEEPALIVE)
		o->per_conn = 1;
	o->tls_lean = o->tls == LOAD_TLS_KEEPALIVE &&
		      (!o->tls_records || !strcmp(o->tls_records, "lean"));
	if (!o->tls_group)
		o->tls_group = "X25519";
	if (!o->tls_cipher)
		o->tls_cipher = "TLS_AES_128_GCM_SHA256";
}

/* What getopt could not read. With one dash it may not be past the word yet: it tells the letter.
 */
static void say_misread(int option, char **argv)
{
	if (option == '?' && optopt && optopt < OPT_TARGET)
		fprintf(stderr, "ringside-load: -%c is no option (--help)\n", optopt);
	else
		fprintf(stderr, "ringside-load: %s %s (--help)\n", argv[optind - 1],
			option == '?' ? "is no option" : "needs a value");
}

int rs_load_options_parse(struct load_options *o, int argc, char **argv)
{
	const char *why;
	int option, index = 0;

	*o = (struct load_options){
		.n_clients = 1,
		.first_port = 1024,
		.last_port = UINT16_MAX,
		.n_conns = 256,
		.pipeline = 1,
		.timeout_ms = 2000,
		.connect_rate = 200000,
		.method = "GET",
		.status = 200,
		.length = -1,
		.warmup_s = 1,
		.seconds = 5,
	};
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", long_options, &index)) != -1) {
		if (option == '?' || option == ':') {
			say_misread(option, argv);
			return -1;
		}
		if (!read_option(o, option, optarg)) {
			fprintf(stderr, "ringside-load: --%s %s is not understood (--help)\n",
				long_options[index].name, optarg);
			return -1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ringside-load: what is %s? (--help)\n", argv[optind]);
		return -1;
	}
	why = o->help ? NULL : contradiction(o);
	if (why) {
		fprintf(stderr, "ringside-load: %s (--help)\n", why);
		return -1;
	}
	complete(o);
	return 0;
}
