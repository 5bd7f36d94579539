/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of several certificates a client gets: by its name, and by what it can verify. Handshakes
 * of ours and of OpenSSL's have to come to the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tls_pki.h"
#include "tls/choose.h"
#include "tls/domain_internal.h"
#include "tls/inspect.h"
#include "tls/message.h"

/* ---- names ---- */

enum fit {
	NO_FIT,
	WILDCARD,
	EXACT,
};

/* How well a name fits one of a certificate's. */
static enum fit fit_of(const X509 *cert, const char *name)
{
	struct tls_domain *d = calloc(1, sizeof(*d));
	uint32_t owners[TLS_MAX_KEY_USES];
	enum fit fit = NO_FIT;

	d->identities = calloc(1, sizeof(d->identities[0]));
	assert_true(rs_tls_names_init(&d->identities[d->n_identities++].names, cert));
	assert_true(rs_tls_directory_init(&d->directory, d));
	if (rs_tls_directory_find(&d->directory, rs_tls_text(name), TLS_FIT_WILDCARD, owners))
		fit = WILDCARD;
	if (rs_tls_directory_find(&d->directory, rs_tls_text(name), TLS_FIT_EXACT, owners))
		fit = EXACT;
	rs_tls_domain_free(d);
	return fit;
}

static void names_of_a_certificate(void **state)
{
	static const struct {
		const char *name;
		enum fit fit;
	} all[] = {{"a.test", EXACT}, {"A.Test", EXACT}, {"a.test.", NO_FIT},
		{"x.b.test", WILDCARD}, {"X.B.TEST", WILDCARD}, {"*.b.test", EXACT},
		{"b.test", NO_FIT}, {".b.test", NO_FIT}, {"y.x.b.test", NO_FIT},
		{"x.c.test", WILDCARD}, {"very.c.test", EXACT}, {"anything", NO_FIT},
		{"x.top", NO_FIT}, {"fa.d.test", NO_FIT}, {"subject.test", NO_FIT},
		{".e.test", NO_FIT}, {"10.0.0.1", NO_FIT}, {"", NO_FIT}, {".", NO_FIT}};
	struct pki_pair p;

	(void)state;
	pki_make(&p, EVP_EC_gen("P-256"), "subject.test",
		"DNS:a.test,DNS:*.b.test,DNS:*.c.test,DNS:very.c.test,DNS:*.top,DNS:*,DNS:f*.d."
		"test,DNS:.e.test,IP:10.0.0.1",
		false);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(all); i++) {
		enum fit fit = fit_of(p.cert, all[i].name);

		if (fit != all[i].fit)
			fail_msg("%s: %d, not %d", all[i].name, (int)fit, (int)all[i].fit);
	}
	pki_free(&p);
}

/* RFC 6125 section 6.4.4: the subject's, where there are no others. */
static void names_of_a_subject(void **state)
{
	static const char *const alternatives[] = {NULL, "IP:10.0.0.1", "DNS:b.test"};
	struct pki_pair p;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(alternatives); i++) {
		pki_make(&p, EVP_EC_gen("P-256"), "a.test", alternatives[i], false);
		assert_int_equal(fit_of(p.cert, "a.test"), i < 2 ? EXACT : NO_FIT);
		pki_free(&p);
	}
}

/* Some letters are large: it makes no difference. */
static void some_name(char *name, size_t bytes, bool is_asked_for)
{
	uint32_t first = (uint32_t)rand() % 30, second = (uint32_t)rand() % 400;

	if (first < 5 && !is_asked_for)
		snprintf(name, bytes, "*.%c%u.test", "dD"[rand() % 2], second);
	else if (first == 5)
		snprintf(name, bytes, "d%u.test", second);
	else
		snprintf(name, bytes, "x%u.%c%u.test", first, "dD"[rand() % 2], second);
}

static void have_names(struct tls_identity *id, uint32_t n)
{
	struct tls_names *names = &id->names;

	names->text = malloc(n * (size_t)32);
	for (names->n = 0; names->n < n; names->n++) {
		some_name(names->text + names->bytes, 32, false);
		names->bytes += (uint32_t)strlen(names->text + names->bytes) + 1;
	}
}

static enum fit naive_fit(const struct tls_names *names, const char *name)
{
	enum fit best = NO_FIT;

	for (const char *own = names->text; own < names->text + names->bytes;
		own += strlen(own) + 1) {
		if (!strcasecmp(own, name))
			return EXACT;
		if (own[0] == '*' && !strcasecmp(own + 1, strchr(name, '.')))
			best = WILDCARD;
	}
	return best;
}

/* As choose.h says it: the name, then what a client can verify, then the very name, then order. */
static const struct tls_identity *choose_naively(
	const struct tls_domain *d, const char *name, const bool can_verify[], bool *is_named)
{
	const struct tls_identity *best = &d->identities[0];
	uint32_t most = 0;

	*is_named = false;
	for (uint32_t i = 0; i < d->n_identities; i++) {
		enum fit fit = naive_fit(&d->identities[i].names, name);
		uint32_t worth = (fit ? 4u : 0u) + (can_verify[i] ? 2u : 0u) + (fit == EXACT);

		if (worth <= most)
			continue;
		most = worth;
		best = &d->identities[i];
		*is_named = fit != NO_FIT;
	}
	return best;
}

#define N_MANY 100

/* Thousands of names, of certificates whose keys are of three types. */
static void many_names(void **state)
{
	static const struct {
		const char *type;
		uint16_t algorithm;
	} keys[] = {{"P-256", TLS_SIGNATURE_ECDSA_P256_SHA256},
		{"P-384", TLS_SIGNATURE_ECDSA_P384_SHA384}, {"P-521", 0}};
	struct tls_domain *d = calloc(1, sizeof(*d));
	uint32_t n_named = 0, n_wild = 0;
	bool can_verify[N_MANY];

	(void)state;
	srand(1);
	d->identities = calloc(N_MANY, sizeof(d->identities[0]));
	for (; d->n_identities < N_MANY; d->n_identities++) {
		EVP_PKEY *key = EVP_EC_gen(keys[d->n_identities % 3].type);

		have_names(&d->identities[d->n_identities], 1 + (uint32_t)rand() % 200);
		d->identities[d->n_identities].use = rs_tls_key_use_of(key);
		EVP_PKEY_free(key);
	}
	assert_true(rs_tls_directory_init(&d->directory, d));
	assert_int_equal(d->directory.n_firsts, 3);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t knows = (uint32_t)rand() % 3; /* which type; 2: none of them */
		uint8_t list[2] = {
			(uint8_t)(keys[knows].algorithm >> 8), (uint8_t)keys[knows].algorithm};
		struct tls_hello h = {.signatures = {.data = list, .len = 2}};
		const struct tls_identity *id, *expected;
		bool is_named, should_be_named;
		char name[32];

		some_name(name, sizeof(name), true);
		h.name = rs_tls_text(name);
		for (uint32_t k = 0; k < d->n_identities; k++)
			can_verify[k] = knows < 2 && k % 3 == knows;
		id = rs_tls_choose(d, &h, &is_named);
		expected = choose_naively(d, name, can_verify, &should_be_named);
		if (id != expected || is_named != should_be_named)
			fail_msg("%s: %td, not %td", name, id - d->identities,
				expected - d->identities);
		n_named += is_named;
		n_wild += is_named && naive_fit(&id->names, name) == WILDCARD;
	}
	assert_in_range(n_named, 5000, 19999);
	assert_in_range(n_wild, 1000, n_named - 1000);
	rs_tls_domain_free(d);
}

/* ---- who gets which ---- */

#define MAX_CERTIFICATES RIG_MAX_PAIRS

enum ability {
	ANY,
	ONLY_ECDSA,
	ONLY_RSA,
	ONLY_P256, /* in TLS 1.2 a client has to know the curve, too */
	N_ABILITIES,
};

static const char *const algorithms[N_ABILITIES] = {
	"ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA+SHA256",
	"ECDSA+SHA256:ECDSA+SHA384",
	"RSA-PSS+SHA256:RSA+SHA256",
	"ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256",
};

struct choice {
	const char *of[MAX_CERTIFICATES]; /* "rsa" or a group, and names */
	const char *name;                 /* what a client asks for */
	enum ability ability;
	int gets; /* -1: the handshake fails */
	bool is_strict;
};

static const struct choice choices[] = {
	/* A wildcard and one of its names are not the same names. */
	{{"rsa DNS:*.a.test", "P-256 DNS:www.a.test"}, "api.a.test", ANY, 0, false},
	{{"rsa DNS:*.a.test", "P-256 DNS:www.a.test"}, "api.a.test", ONLY_ECDSA, -1, false},
	{{"rsa DNS:*.a.test", "P-256 DNS:www.a.test"}, "www.a.test", ANY, 1, false},
	{{"rsa DNS:*.a.test", "P-256 DNS:www.a.test"}, "www.a.test", ONLY_RSA, 0, false},
	{{"rsa DNS:*.a.test", "P-256 DNS:www.a.test", "P-256 DNS:api.a.test"}, "www.a.test",
		ONLY_ECDSA, 1, false},
	{{"rsa DNS:*.a.test", "P-256 DNS:www.a.test", "P-256 DNS:api.a.test"}, "api.a.test",
		ONLY_ECDSA, 2, false},
	/* Some names of the one are not names of the other. */
	{{"rsa DNS:a.test,DNS:b.test", "P-256 DNS:a.test"}, "b.test", ANY, 0, false},
	{{"rsa DNS:a.test,DNS:b.test", "P-256 DNS:a.test"}, "a.test", ONLY_ECDSA, 1, false},
	{{"rsa DNS:a.test", "P-256 DNS:a.test,DNS:c.test"}, "c.test", ANY, 1, true},
	{{"rsa DNS:a.test", "P-256 DNS:a.test,DNS:c.test"}, "c.test", ONLY_RSA, -1, true},
	{{"rsa DNS:a.test", "P-256 DNS:a.test,DNS:c.test"}, "d.test", ANY, -1, true},
	/* The same names: the first that a client can verify. */
	{{"rsa DNS:a.test", "P-256 DNS:a.test"}, "a.test", ANY, 0, false},
	{{"P-256 DNS:a.test", "rsa DNS:a.test"}, "a.test", ANY, 0, false},
	{{"P-256 DNS:a.test", "rsa DNS:a.test"}, "a.test", ONLY_RSA, 1, false},
	{{"rsa DNS:a.test", "P-256 DNS:a.test"}, "a.test", ONLY_ECDSA, 1, false},
	{{"P-384 DNS:a.test", "P-256 DNS:a.test"}, "a.test", ONLY_P256, 1, false},
	/* The very name, before a wildcard that comes first. */
	{{"P-256 DNS:*.a.test", "P-256 DNS:www.a.test"}, "www.a.test", ANY, 1, false},
	{{"P-256 DNS:*.a.test", "P-256 DNS:www.a.test"}, "x.a.test", ANY, 0, false},
	/* A final dot, as in absolute names. */
	{{"rsa DNS:a.test", "P-256 DNS:b.test"}, "b.test.", ANY, 1, true},
	{{"rsa DNS:a.test", "P-256 DNS:*.b.test"}, "c.b.test.", ANY, 1, true},
	{{"rsa DNS:a.test", "P-256 DNS:b.test"}, "b.test..", ANY, -1, true},
	{{"rsa DNS:a.test", "P-256 DNS:b.test"}, ".", ANY, 0, false},
	/* A name that nobody has, or none. */
	{{"rsa DNS:a.test", "P-256 DNS:b.test"}, "c.test", ANY, 0, false},
	{{"rsa DNS:a.test", "P-256 DNS:a.test"}, NULL, ANY, 0, false},
	{{"rsa DNS:a.test", "P-256 DNS:a.test"}, NULL, ONLY_ECDSA, 1, false},
	/* Keys that handshakes of ours do not sign with. */
	{{"ed DNS:a.test", "rsa DNS:a.test"}, "a.test", ANY, 1, false},
};

static EVP_PKEY *rsa;

static EVP_PKEY *key_of(const char *of)
{
	char group[8];

	if (!strncmp(of, "rsa ", 4)) { /* one for all: they take long to make */
		EVP_PKEY_up_ref(rsa);
		return rsa;
	}
	if (!strncmp(of, "ed ", 3))
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	snprintf(group, sizeof(group), "%.5s", of);
	return EVP_EC_gen(group);
}

/* Shakes hands as far as they get. The certificate that the client has got; -1: none. */
static int certificate_of(struct rig *r, const struct pki_pair *pairs, uint32_t n_pairs)
{
	enum tls_status status = TLS_OK;
	X509 *got;
	uint32_t n;

	for (int i = 0; i < 10 && status != TLS_FAILED && !r->server.open; i++) {
		SSL_do_handshake(r->client);
		carry(r);
		status = server_read(r, &n);
		carry(r);
	}
	got = SSL_get0_peer_certificate(r->client);
	if (!r->server.open)
		return -1;
	for (uint32_t i = 0; i < n_pairs; i++) {
		if (!X509_cmp(got, pairs[i].cert))
			return (int)i;
	}
	fail_msg("a certificate of somebody else");
	return -1;
}

enum way {
	QUICK,
	OPENSSL_1_3,
	OPENSSL_1_2,
	N_WAYS,
};

static int choose(const struct choice *c, const struct pki_pair *pairs, enum way way)
{
	static struct rig r;
	int got;

	rig_init_with(&r, way != QUICK);
	for (r.settings.n_pairs = 0;
		r.settings.n_pairs < MAX_CERTIFICATES && c->of[r.settings.n_pairs];
		r.settings.n_pairs++)
		r.settings.pairs[r.settings.n_pairs] = pki_use(&pairs[r.settings.n_pairs]);
	r.settings.strict_sni = c->is_strict;
	rig_change_domain(&r);
	SSL_CTX_set_max_proto_version(r.ctx, way == OPENSSL_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
	RIG_CHECK(SSL_CTX_set1_sigalgs_list(r.ctx, algorithms[c->ability]));
	if (c->ability == ONLY_P256)
		SSL_CTX_set1_groups_list(r.ctx, "X25519:P-256");
	rig_connect(&r);
	if (c->name)
		SSL_set_tlsext_host_name(r.client, c->name);
	got = certificate_of(&r, pairs, r.settings.n_pairs);
	if (way == QUICK && got >= 0 && r.counters[TLS_C_HANDSHAKES_QUICK] != 1)
		fail_msg("%s, %s: not quick", c->of[0], c->name);
	rig_disconnect(&r);
	rig_fini(&r);
	return got;
}

static void the_right_one_for_everybody(void **state)
{
	struct pki_pair pairs[MAX_CERTIFICATES];

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(choices); i++) {
		const struct choice *c = &choices[i];
		uint32_t n;

		for (n = 0; n < MAX_CERTIFICATES && c->of[n]; n++)
			pki_make(&pairs[n], key_of(c->of[n]), "subject", strchr(c->of[n], ' ') + 1,
				false);
		for (enum way way = 0; way < N_WAYS; way++) {
			int got = choose(c, pairs, way);

			if (got != c->gets)
				fail_msg(
					"choice %u, way %d: %d, not %d", i, (int)way, got, c->gets);
		}
		while (n-- > 0)
			pki_free(&pairs[n]);
	}
}

/* TLS 1.2: a suite says who signs, whatever the algorithms are. */
static void suites_that_are_for_one_type(void **state)
{
	static const char *const suites[] = {
		"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"};
	struct pki_pair pairs[2];
	static struct rig r;

	(void)state;
	pki_make(&pairs[0], EVP_EC_gen("P-256"), "subject", "DNS:a.test", false);
	pki_make(&pairs[1], key_of("rsa "), "subject", "DNS:a.test", false);
	for (uint32_t i = 0; i < 4; i++) { /* in either order */
		rig_init(&r);
		r.settings.n_pairs = 2;
		r.settings.pairs[i / 2] = pki_use(&pairs[0]);
		r.settings.pairs[1 - i / 2] = pki_use(&pairs[1]);
		rig_change_domain(&r);
		SSL_CTX_set_max_proto_version(r.ctx, TLS1_2_VERSION);
		SSL_CTX_set_cipher_list(r.ctx, suites[i % 2]);
		rig_connect(&r);
		assert_int_equal(certificate_of(&r, pairs, 2), i % 2);
		rig_disconnect(&r);
		rig_fini(&r);
	}
	pki_free(&pairs[0]);
	pki_free(&pairs[1]);
}

static int begin(void **state)
{
	(void)state;
	make_certificate(NULL);
	pki_begin();
	rsa = EVP_RSA_gen(2048);
	return 0;
}

/* ---- what is wrong with them ---- */

static char objections[4][512];
static uint32_t n_objections;

static void take_objection(const char *line)
{
	assert_true(n_objections < RS_ARRAY_SIZE(objections));
	snprintf(objections[n_objections++], sizeof(objections[0]), "%s", line);
}

static void inspect(const struct pki_pair *p)
{
	struct tls_pair pair = pki_use(p);
	const struct tls_settings settings = {.n_pairs = 1, .pairs = &pair};
	struct tls_shared *shared = calloc(1, sizeof(*shared));
	struct tls_library *library = rs_tls_library_new();
	uint64_t counters[TLS_N_COUNTERS];
	char why[256] = "";
	struct tls_domain *d = rs_tls_domain_new(library, &settings, shared, counters,
		&(struct tls_audience){.why = why, .why_bytes = sizeof(why)});

	assert_string_equal(why, "");
	n_objections = 0;
	rs_tls_inspect(d, &settings, take_objection);
	rs_tls_domain_free(d);
	rs_tls_library_free(library);
	free(shared);
}

static void expect_objection(const struct pki_pair *p, uint32_t i, const char *words)
{
	assert_true(i < n_objections);
	assert_non_null(strstr(objections[i], p->cert_path));
	if (!strstr(objections[i], words))
		fail_msg("%s: not %s", objections[i], words);
}

/* They are served all the same. */
static void what_clients_will_object_to(void **state)
{
	struct pki_pair p, other;

	(void)state;
	pki_make(&p, EVP_EC_gen("P-256"), "a.test", "DNS:a.test", true);
	inspect(&p);
	assert_int_equal(n_objections, 0);

	X509_gmtime_adj(X509_getm_notAfter(p.cert), -1);
	pki_write(&p, pki_authority.cert);
	inspect(&p);
	assert_int_equal(n_objections, 1);
	expect_objection(&p, 0, "certificate 1 has expired");

	X509_gmtime_adj(X509_getm_notBefore(p.cert), 60);
	X509_gmtime_adj(X509_getm_notAfter(p.cert), 3600);
	pki_make(&other, EVP_EC_gen("P-256"), "b.test", "DNS:b.test", false);
	pki_write(&p, other.cert);
	inspect(&p);
	assert_int_equal(n_objections, 2);
	expect_objection(&p, 0, "certificate 1 is not valid yet");
	expect_objection(&p, 1, "certificate 2 did not issue the one before it");
	pki_free(&other);
	pki_free(&p);
}

static void extend(X509 *cert, const char *name, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, name, value);

	assert_non_null(e);
	X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
}

/* What is objected to in a certificate with these, or NULL. */
static void with_extensions(const char *const extensions[][2], uint32_t n, const char *words)
{
	struct pki_pair p = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};

	for (uint32_t i = 0; i < n; i++) {
		X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, extensions[i][0], extensions[i][1]);

		assert_non_null(e);
		X509_add_ext(p.cert, e, -1);
		X509_EXTENSION_free(e);
	}
	pki_sign(p.cert, "a.test", p.key, NULL);
	pki_write(&p, NULL);
	inspect(&p);
	assert_int_equal(n_objections, words ? 1 : 0);
	if (words)
		expect_objection(&p, 0, words);
	pki_free(&p);
}

/*
 * RFC 8446 section 4.4.2.2 (key usage), RFC 5280 section 4.2.1.12 (extended key usage), RFC 9110
 * section 4.3.4 (no names but alternative ones), RFC 7633 section 4.2.3 (must-staple).
 */
static void what_a_certificate_is_not_for(void **state)
{
	static const struct {
		const char *extensions[2][2];
		uint32_t n;
		const char *words;
	} cases[] = {
		{{{"subjectAltName", "DNS:a.test"}, {"keyUsage", "digitalSignature"}}, 2, NULL},
		{{{"subjectAltName", "DNS:a.test"}, {"keyUsage", "keyEncipherment"}}, 2,
			"certificate 1 is not for signatures"},
		{{{"subjectAltName", "DNS:a.test"}, {"extendedKeyUsage", "clientAuth,serverAuth"}},
			2, NULL},
		{{{"subjectAltName", "DNS:a.test"}, {"extendedKeyUsage", "anyExtendedKeyUsage"}}, 2,
			NULL},
		{{{"subjectAltName", "DNS:a.test"}, {"extendedKeyUsage", "clientAuth"}}, 2,
			"certificate 1 is not for servers"},
		{{{"subjectAltName", "IP:192.0.2.1"}}, 1, NULL},
		{{{"keyUsage", "digitalSignature"}}, 1, "certificate 1 has no subjectAltName"},
		{{{"subjectAltName", "DNS:a.test"}, {"tlsfeature", "status_request"}}, 2,
			"certificate 1 demands a stapled response"},
		{{{"subjectAltName", "DNS:a.test"}, {"tlsfeature", "17"}}, 2, NULL},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++)
		with_extensions(cases[i].extensions, cases[i].n, cases[i].words);
}

/* ---- clients' ---- */

/* What a client gets who shows a certificate where those of this authority are taken; -1: nothing.
 */
static int alert_for(const char *authority, const char *cert, const char *key, int version)
{
	static struct rig r;
	enum tls_status status;
	uint32_t n;
	int alert;

	rig_init(&r);
	r.settings.client_ca = authority;
	r.settings.client_cert = TLS_CLIENT_CERT_REQUIRED;
	rig_change_domain(&r);
	SSL_CTX_set_min_proto_version(r.ctx, version);
	SSL_CTX_set_max_proto_version(r.ctx, version);
	SSL_CTX_use_certificate_file(r.ctx, cert, SSL_FILETYPE_PEM);
	SSL_CTX_use_PrivateKey_file(r.ctx, key, SSL_FILETYPE_PEM);
	rig_connect(&r);
	do {
		SSL_do_handshake(r.client);
		carry(&r);
		status = server_read(&r, &n);
		if (status == TLS_WANT_INPUT)
			carry(&r);
	} while (status == TLS_WANT_INPUT && !r.server.open);
	alert = r.server.open ? -1 : alert_of(&r);
	rig_disconnect(&r);
	rig_fini(&r);
	return alert;
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* What signature_algorithms says: in TLS 1.2 any curve, of which the client knows ours. */
static void a_client_of_each_curve(void **state)
{
	static const char *const curves[] = {"P-256", "P-384", "P-521"};

	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(curves); i++) {
		make_certificate_for(EVP_EC_gen(curves[i / 2]));
		assert_int_equal(alert_for(cert_path, cert_path, key_path, versions[i % 2]), -1);
	}
	make_certificate(state);
}

/* RFC 8446 section 6.2, RFC 5246 section 7.2.2: "expired or is not currently valid". */
static void a_client_whose_time_has_not_come(void **state)
{
	static const long times_s[][2] = {{-60, 60}, {-60, -30}, {3600, 7200}};

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(times_s); i++) {
		struct pki_pair p = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};

		pki_sign(p.cert, "client", p.key, NULL);
		X509_set_issuer_name(p.cert, X509_get_subject_name(p.cert));
		X509_gmtime_adj(X509_getm_notBefore(p.cert), times_s[i / 2][0]);
		X509_gmtime_adj(X509_getm_notAfter(p.cert), times_s[i / 2][1]);
		assert_true(X509_sign(p.cert, p.key, EVP_sha256()) > 0);
		pki_write(&p, NULL);
		assert_int_equal(alert_for(p.cert_path, p.cert_path, p.key_path, versions[i % 2]),
			i / 2 ? SSL_AD_CERTIFICATE_EXPIRED : -1);
		pki_free(&p);
	}
}

/* What stands in the file of --cert, and nothing of --client-ca, which is about others. */
static void our_own_chain(void **state)
{
	struct pki_pair p;

	(void)state;
	pki_make(&p, EVP_EC_gen("P-256"), "a.test", "DNS:a.test", false);
	pki_write(&pki_authority, NULL);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(versions); i++) {
		static struct rig r;

		rig_init(&r);
		r.pairs[0] = pki_use(&p);
		r.settings.client_ca = pki_authority.cert_path;
		r.settings.client_cert = TLS_CLIENT_CERT_OPTIONAL;
		rig_change_domain(&r);
		SSL_CTX_set_min_proto_version(r.ctx, versions[i]);
		SSL_CTX_set_max_proto_version(r.ctx, versions[i]);
		rig_connect(&r);
		shake_hands(&r);
		assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(r.client)), 1);
		rig_disconnect(&r);
		rig_fini(&r);
	}
	pki_free(&p);
}

/* RFC 5280 section 6.1.1: what is trusted need not be a root. */
static void an_authority_that_another_has_issued(void **state)
{
	struct pki_pair middle = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
	struct pki_pair p = {.key = EVP_EC_gen("P-256"), .cert = X509_new()}, stranger;

	(void)state;
	extend(middle.cert, "basicConstraints", "critical,CA:TRUE");
	pki_sign(middle.cert, "middle", middle.key, NULL);
	pki_write(&middle, NULL);
	pki_sign(p.cert, "client", p.key, NULL);
	X509_set_issuer_name(p.cert, X509_get_subject_name(middle.cert));
	assert_true(X509_sign(p.cert, middle.key, EVP_sha256()) > 0);
	pki_write(&p, NULL);
	pki_make(&stranger, EVP_EC_gen("P-256"), "stranger", NULL, false);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(versions); i++) {
		assert_int_equal(
			alert_for(middle.cert_path, p.cert_path, p.key_path, versions[i]), -1);
		assert_int_equal(alert_for(middle.cert_path, stranger.cert_path, stranger.key_path,
					 versions[i]),
			SSL_AD_UNKNOWN_CA);
	}
	pki_free(&stranger);
	pki_free(&p);
	pki_free(&middle);
}

/* Who reads a pipe twice waits for ever. */
static void authorities_are_read_once(void **state)
{
	char why[256] = "", path[TEMP_PATH_BYTES];
	struct tls_pair pairs[2];
	struct tls_settings settings = {.n_pairs = 2, .pairs = pairs, .client_ca = path};
	struct tls_shared *shared = calloc(1, sizeof(*shared));
	struct tls_library *library = rs_tls_library_new();
	uint64_t counters[TLS_N_COUNTERS];
	struct pki_pair p;
	struct tls_domain *d;
	pid_t writer;

	(void)state;
	pki_make(&p, EVP_EC_gen("P-256"), "a.test", NULL, false);
	pairs[0] = pairs[1] = pki_use(&p);
	fclose(temp_new_file(path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	writer = fork();
	if (!writer) {
		FILE *to = fopen(path, "w");

		PEM_write_X509(to, pki_authority.cert);
		PEM_write_X509(to, p.cert);
		PEM_write_X509(to, pki_authority.cert);
		fclose(to);
		_exit(0);
	}
	alarm(60);
	d = rs_tls_domain_new(library, &settings, shared, counters,
		&(struct tls_audience){.why = why, .why_bytes = sizeof(why)});
	alarm(0);
	assert_string_equal(why, "");
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	for (uint32_t i = 0; i < 2; i++) {
		SSL_CTX *ctx = d->identities[i].ctx;

		assert_int_equal(sk_X509_NAME_num(SSL_CTX_get_client_CA_list(ctx)), 2);
		assert_int_equal(
			sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx))),
			2);
		assert_int_equal(SSL_CTX_get_verify_mode(ctx), SSL_VERIFY_PEER);
	}
	rs_tls_domain_free(d);
	rs_tls_library_free(library);
	free(shared);
	pki_free(&p);
}

/* Why p cannot be served. */
static const char *refusal_of(const struct pki_pair *p)
{
	static char why[256];
	struct tls_pair pair = pki_use(p);
	struct tls_settings settings = {.n_pairs = 1, .pairs = &pair};
	struct tls_shared *shared = calloc(1, sizeof(*shared));
	struct tls_library *library = rs_tls_library_new();
	uint64_t counters[TLS_N_COUNTERS];

	assert_null(rs_tls_domain_new(library, &settings, shared, counters,
		&(struct tls_audience){.why = why, .why_bytes = sizeof(why)}));
	rs_tls_library_free(library);
	free(shared);
	return why;
}

/* It is a certificate, and in PEM. */
static void a_weak_key_is_named_as_such(void **state)
{
	struct pki_pair p;
	const char *why;

	(void)state;
	pki_make(&p, EVP_RSA_gen(1024), "a.test", NULL, false);
	why = refusal_of(&p);
	assert_non_null(strstr(why, p.cert_path));
	assert_non_null(strstr(why, "refuses"));
	assert_non_null(strstr(why, "key too small"));
	pki_free(&p);
}

/* Nobody is asked, be there a terminal or not. */
static void an_encrypted_key_is_refused(void **state)
{
	struct pki_pair p;
	const char *why;
	FILE *file;

	(void)state;
	pki_make(&p, EVP_EC_gen("P-256"), "a.test", NULL, false);
	file = fopen(p.key_path, "w");
	assert_non_null(file);
	assert_true(PEM_write_PrivateKey(
		file, p.key, EVP_aes_128_cbc(), (const uint8_t *)"secret", 6, NULL, NULL));
	fclose(file);
	why = refusal_of(&p);
	assert_non_null(strstr(why, p.key_path));
	assert_non_null(strstr(why, "encrypted"));
	pki_free(&p);
}

static int end(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa);
	pki_free(&pki_authority);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_a_certificate),
		cmocka_unit_test(names_of_a_subject),
		cmocka_unit_test(many_names),
		cmocka_unit_test(authorities_are_read_once),
		cmocka_unit_test(the_right_one_for_everybody),
		cmocka_unit_test(suites_that_are_for_one_type),
		cmocka_unit_test(what_clients_will_object_to),
		cmocka_unit_test(what_a_certificate_is_not_for),
		cmocka_unit_test(our_own_chain),
		cmocka_unit_test(a_client_of_each_curve),
		cmocka_unit_test(a_client_whose_time_has_not_come),
		cmocka_unit_test(an_authority_that_another_has_issued),
		cmocka_unit_test(a_weak_key_is_named_as_such),
		cmocka_unit_test(an_encrypted_key_is_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
