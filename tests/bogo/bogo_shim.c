/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/tls as BoringSSL's test runner wants to see a TLS server: a program that connects to the
 * runner, is the server there, and says every byte back, inverted. tests/bogo/run starts the
 * runner; what the options mean is said in the runner's PORTING.md. Options about what we do not
 * have are answered with status 89, "not implemented".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509_vfy.h>

#include "../unit/tls_rig.h"

#define NOT_IMPLEMENTED 89
#define CRUMB_BYTES     50 /* with -async: so much more room each time there was too little */
#define EARLY_BYTES     14336

struct options {
	uint16_t port;
	uint32_t n_resumptions;
	bool is_server, async, writes_first, shuts_down;
	struct tls_settings *settings;
	struct tls_pair *pair;
};

/* A rig whose client is on the other side of a socket. */
struct shim {
	struct options o;
	int fd;
	struct rig rig;
};

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "bogo_shim: %s: %s\n", what, strerror(errno));
	exit(1);
}

static bool takes_no_certificate;

/*
 * Stands for OpenSSL's own, which libssl asks: the runner's clients bring certificates that are
 * signed by themselves and out of date, and any is to be taken, or none.
 */
int X509_verify_cert(X509_STORE_CTX *ctx)
{
	X509_STORE_CTX_set_error(
		ctx, takes_no_certificate ? X509_V_ERR_APPLICATION_VERIFICATION : X509_V_OK);
	return !takes_no_certificate;
}

/* ---- options ---- */

/* Which connections an option is about, by the prefix of its name. */
enum scope {
	EVERY,
	INITIAL,
	RESUMED,
	ELSEWHERE,
};

static enum scope take_scope(const char **name)
{
	static const struct {
		const char *prefix;
		enum scope scope;
	} prefixes[] = {
		{"-on-shim", EVERY},
		{"-on-handshaker", ELSEWHERE},
		{"-on-initial", INITIAL},
		{"-on-resume", RESUMED},
		{"-on-retry", ELSEWHERE},
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (!strncmp(*name, prefixes[i].prefix, n) && (*name)[n] == '-') {
			*name += n;
			return prefixes[i].scope;
		}
	}
	return EVERY;
}

/* The runner itself sees to what these are about, or they make no difference to a server. */
static bool is_harmless(const char *name, bool *has_value)
{
	static const struct {
		const char *name;
		bool has_value;
	} harmless[] = {
		{"-curves", true},
		{"-check-close-notify", false},
		{"-implicit-handshake", false},
		{"-no-op-extra-handshake", false},
		{"-use-custom-verify-callback", false},
		{"-read-size", true},
		{"-no-tls1", false},
		{"-no-tls11", false},
		{"-server-preference", false},
		{"-allow-hint-mismatch", true},
		{"-use-early-callback", false},
		{"-install-ddos-callback", false},
		{"-expect-session-miss", false},
		{"-expect-no-session-id", false},
		{"-expect-session-id", false},
		{"-expect-extended-master-secret", false},
		{"-expect-accept-early-data", false},
		{"-expect-reject-early-data", false},
		{"-expect-early-data-reason", true},
		{"-expect-server-name", true},
		{"-expect-curve-id", true},
		{"-expect-hrr", false},
		{"-expect-no-hrr", false},
		{"-expect-peer-signature-algorithm", true},
		{"-expect-verify-result", false},
		{"-expect-cipher-aes", true},
		{"-expect-cipher-no-aes", true},
		{"-expect-ticket-age-skew", true},
		{"-expect-msg-callback", true},
		{"-expect-peer-cert-file", true},
		{"-expect-version", true},
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (!strcmp(name, harmless[i].name)) {
			*has_value = harmless[i].has_value;
			return true;
		}
	return false;
}

static void need_version(struct options *o, unsigned long min, unsigned long max)
{
	if (max < 0x0304 || min > 0x0304)
		exit(NOT_IMPLEMENTED);
	if (min == 0x0304)
		o->settings->only_tls13 = true;
}

static void read_options(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
		enum scope scope = take_scope(&name);
		bool has_value = false;

		if (!strcmp(name, "-server"))
			o->is_server = true;
		else if (!strcmp(name, "-async"))
			o->async = true;
		else if (!strcmp(name, "-shim-writes-first"))
			o->writes_first = true;
		else if (!strcmp(name, "-shim-shuts-down"))
			o->shuts_down = true;
		else if (scope == EVERY && !strcmp(name, "-no-ticket"))
			o->settings->ticket_lifetime_s = 0;
		else if (scope != INITIAL && !strcmp(name, "-enable-early-data"))
			o->settings->max_early_data = EARLY_BYTES;
		else if (scope == EVERY && !strcmp(name, "-verify-peer"))
			o->settings->client_cert = TLS_CLIENT_CERT_OPTIONAL;
		else if (scope == EVERY && !strcmp(name, "-require-any-client-certificate"))
			o->settings->client_cert = TLS_CLIENT_CERT_REQUIRED;
		else if (scope == EVERY && !strcmp(name, "-verify-fail"))
			takes_no_certificate = true;
		else if (scope == EVERY && !strcmp(name, "-no-tls12"))
			o->settings->only_tls13 = true;
		else if (!(has_value = true))
			;
		else if (!strcmp(name, "-port"))
			o->port = (uint16_t)strtoul(value, NULL, 10);
		else if (scope == EVERY && !strcmp(name, "-cert-file"))
			o->pair->cert = value;
		else if (scope == EVERY && !strcmp(name, "-key-file"))
			o->pair->key = value;
		else if (!strcmp(name, "-resume-count"))
			o->n_resumptions = (uint32_t)strtoul(value, NULL, 10);
		else if (scope == EVERY && !strcmp(name, "-min-version"))
			need_version(o, strtoul(value, NULL, 10), 0x0304);
		else if (scope == EVERY && !strcmp(name, "-max-version"))
			need_version(o, 0x0303, strtoul(value, NULL, 10));
		else if (!is_harmless(name, &has_value)) {
			fprintf(stderr, "bogo_shim: %s: not implemented\n", argv[i]);
			exit(NOT_IMPLEMENTED);
		}
		i += has_value;
	}
	if (!o->is_server || !o->pair->cert || !o->pair->key)
		exit(NOT_IMPLEMENTED);
}

/* ---- the ciphertext side ---- */

/* What has been written goes to the runner, who may have gone. */
static void flush(struct shim *s)
{
	struct rig *r = &s->rig;

	for (uint32_t sent = 0; sent < r->out_to;) {
		ssize_t n = send(s->fd, r->out + sent, r->out_to - sent, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		sent += (uint32_t)n;
	}
	r->out_to = 0;
	r->roomy = s->o.async ? r->roomy + CRUMB_BYTES : BUFFER_BYTES;
}

/* More of what the runner says: shown, or waited for. */
static void fetch(struct shim *s)
{
	struct rig *r = &s->rig;
	ssize_t n;

	if (r->shown < r->in_to - r->in_from) {
		r->shown++;
		return;
	}
	memmove(r->in, r->in + r->in_from, r->in_to - r->in_from);
	r->in_to -= r->in_from;
	r->in_from = 0;
	n = recv(s->fd, r->in + r->in_to, BUFFER_BYTES - r->in_to, 0);

	if (n > 0)
		r->in_to += (uint32_t)n;
	else
		r->has_ended = true;
	r->shown = s->o.async ? r->shown + 1 : UINT32_MAX;
}

static void connect_to_runner(struct shim *s)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(s->o.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_in6 to6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(s->o.port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};

	s->fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (s->fd >= 0 && !connect(s->fd, (struct sockaddr *)&to6, sizeof(to6)))
		return;
	close(s->fd);
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, sizeof(to)))
		give_up("connect");
}

/* So that what was sent last arrives, even where more comes than was read. */
static void disconnect(struct shim *s)
{
	shutdown(s->fd, SHUT_WR);
	while (recv(s->fd, s->rig.in, BUFFER_BYTES, 0) > 0)
		;
	close(s->fd);
}

/* ---- one connection ---- */

/* Handles what a call waits for. True: it may be made again. */
static bool may_go_on(struct shim *s, enum tls_status status)
{
	flush(s);
	if (status == TLS_WANT_INPUT)
		fetch(s);
	return status == TLS_WANT_INPUT || status == TLS_WANT_ROOM;
}

static bool write_all(struct shim *s, const void *data, uint32_t len)
{
	const uint8_t *at = data;

	while (len) {
		uint32_t n = 0;
		enum tls_status status = rs_tls_session_write(&s->rig.server, at, len, &n);

		at += n;
		len -= n;
		if (status != TLS_OK && !may_go_on(s, status))
			return false;
	}
	flush(s);
	return true;
}

/* Reads once, and says that back. */
static enum tls_status say_back(struct shim *s)
{
	struct rig *r = &s->rig;
	uint32_t n = 0;
	enum tls_status status = server_read(r, &n);

	for (uint32_t i = 0; status == TLS_OK && i < n; i++)
		r->text[i] ^= 0xff;
	return status == TLS_OK && !write_all(s, r->text, n) ? TLS_FAILED : status;
}

/* True: it came to its end without a fault. */
static bool converse(struct shim *s)
{
	const struct tls_session *session = &s->rig.server;
	bool has_written = !s->o.writes_first;
	enum tls_status status;

	do {
		if (session->open && !has_written)
			has_written = write_all(s, "hello", 5);
		if (session->open && s->o.shuts_down)
			return true;
		status = say_back(s);
	} while (status == TLS_OK || may_go_on(s, status));
	return status == TLS_ENDED && (session->open || session->close_notified);
}

static bool connect_once(struct shim *s)
{
	struct rig *r = &s->rig;
	bool good;

	connect_to_runner(s);
	r->in_from = r->in_to = r->out_to = 0;
	r->has_ended = false;
	r->shown = s->o.async ? 0 : UINT32_MAX;
	r->piece = BUFFER_BYTES;
	r->roomy = s->o.async ? 0 : BUFFER_BYTES;
	if (!rs_tls_session_open(&r->server, r->domain, &pipe_ops, r))
		give_up("session");
	good = converse(s);
	while (good && may_go_on(s, rs_tls_session_close(&r->server)))
		;
	rs_tls_session_free(&r->server);
	disconnect(s);
	return good;
}

/* As rig_init(), but with the runner's certificate, which need not be one for us. */
static void make_server(struct rig *r)
{
	char why[256];

	r->in = malloc(BUFFER_BYTES);
	r->out = malloc(BUFFER_BYTES);
	r->shared = calloc(1, sizeof(*r->shared));
	r->library = rs_tls_library_new();
	if (!r->in || !r->out || !r->library || !r->shared ||
		rs_tls_tickets_init(&r->shared->tickets))
		give_up("start");
	RAND_bytes((uint8_t *)&r->shared->box, sizeof(r->shared->box));
	r->domain = rs_tls_domain_new(r->library, &r->settings, r->shared, r->counters,
		&(struct tls_audience){.why = why, .why_bytes = sizeof(why)});
	if (r->domain)
		return;
	fprintf(stderr, "bogo_shim: %s\n", why);
	exit(NOT_IMPLEMENTED);
}

int main(int argc, char **argv)
{
	static struct shim s;
	struct rig *r = &s.rig;
	bool good = true;

	if (argc > 1 && !strcmp(argv[1], "-is-handshaker-supported")) {
		puts("No");
		return 0;
	}
	r->settings =
		(struct tls_settings){.ticket_lifetime_s = 7200, .n_pairs = 1, .pairs = r->pairs};
	s.o.settings = &r->settings;
	s.o.pair = &r->pairs[0];
	read_options(&s.o, argc, argv);
	if (r->settings.client_cert != TLS_CLIENT_CERT_NONE)
		r->settings.client_ca = s.o.pair->cert;
	make_server(r);
	for (uint32_t i = 0; good && i <= s.o.n_resumptions; i++)
		good = connect_once(&s);
	rig_fini(r);
	if (!good)
		ERR_print_errors_fp(stderr);
	return good ? 0 : 1;
}
