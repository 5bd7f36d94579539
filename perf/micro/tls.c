/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls [MS]: what TLS costs the server's core, without a network: our sessions against OpenSSL's
 * client over memory, in one thread; only what the server does is timed. Beside it the primitives
 * that it cannot do without, timed in turns with it. Prints JSON. Each figure takes MS ms (500).
 *
 *     us_full           a TLS 1.3 handshake, P-256 certificate, X25519
 *     us_primitives     one P-256 signature, one X25519 key pair, one X25519 agreement
 *     us_full_keys_ahead  the same, its key pair made before
 *     us_resumed        a handshake from a ticket, with X25519
 *     us_resumed_psk_ke  … without it
 *     us_full_12, us_resumed_12  those of TLS 1.2, by OpenSSL
 *     ns_request_*      reading a request of 100 bytes and writing a reply of 300
 *     gbit_*            writing records of 16 KiB; evp: AES-128-GCM alone, as openssl speed does it
 *     bytes_*           of the heap, an established session that is idle
 *     …_lean, …_openssl  who does the records: --tls-records
 *     …_12              TLS 1.2, lean; the others are 1.3
 */
#include <malloc.h>
#include <time.h>

#include "tls_rig.h"

#define N_IDLE 500

static double budget_s = 0.5;

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- handshakes ---- */

/* The server's seconds of one. */
static double timed_handshake(struct rig *r)
{
	double spent = 0;
	uint32_t n;

	while (!(SSL_is_init_finished(r->client) && r->server.open)) {
		double begin;

		SSL_do_handshake(r->client);
		carry(r);
		begin = now_s();
		RIG_CHECK(server_read(r, &n) == TLS_WANT_INPUT);
		spent += now_s() - begin;
		carry(r);
	}
	return spent;
}

/* Seconds spent on one kind of handshake. */
struct kind {
	const char *name;
	bool is_ahead, resumes, psk_ke;
	double spent;
};

static SSL_SESSION *ticket;

/* A copy of it: OpenSSL takes each for once. */
static void use_ticket(SSL *ssl)
{
	SSL_SESSION *copy = SSL_SESSION_dup(ticket);

	SSL_set_session(ssl, copy);
	SSL_SESSION_free(copy);
}

/* Opening and freeing the session are part of it. */
static double timed_connection(struct rig *r, const struct kind *k)
{
	double begin, open, spent;

	if (k->is_ahead)
		rs_tls_library_make_ahead(r->library);
	begin = now_s();
	rig_connect(r);
	open = now_s() - begin; /* with the client's SSL_new, which costs as much */
	if (k->psk_ke)
		SSL_set_options(r->client, SSL_OP_ALLOW_NO_DHE_KEX);
	if (k->resumes)
		use_ticket(r->client);
	spent = timed_handshake(r) + open / 2;
	SSL_set_shutdown(r->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	begin = now_s();
	rs_tls_session_free(&r->server);
	spent += now_s() - begin;
	RIG_CHECK(k->resumes == SSL_session_reused(r->client));
	SSL_free(r->client);
	return spent;
}

static int keep(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(ticket);
	ticket = session;
	return 1;
}

static void get_ticket(struct rig *r)
{
	char byte;

	SSL_CTX_set_session_cache_mode(r->ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(r->ctx, keep);
	rig_connect(r);
	shake_hands(r);
	carry(r);
	SSL_read(r->client, &byte, 1);
	rig_disconnect(r);
	SSL_CTX_sess_set_new_cb(r->ctx, NULL);
	RIG_CHECK(ticket);
}

/* One signature, one key pair, one agreement. */
static void do_primitives(EVP_MD_CTX *md, EVP_PKEY *signer, EVP_PKEY *peer)
{
	uint8_t signature[128], secret[32];
	size_t n = sizeof(signature), secret_bytes = sizeof(secret);
	EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new(own, NULL);

	RIG_CHECK(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, signer) == 1);
	RIG_CHECK(EVP_DigestSign(md, signature, &n, secret, sizeof(secret)) == 1);
	RIG_CHECK(EVP_PKEY_derive_init(derive) == 1 &&
		  EVP_PKEY_derive_set_peer(derive, peer) == 1 &&
		  EVP_PKEY_derive(derive, secret, &secret_bytes) == 1);
	EVP_PKEY_CTX_free(derive);
	EVP_PKEY_free(own);
}

/* The kinds of one version in turns, and the primitives of a full handshake among them. */
static void measure_handshakes(int version, struct kind *kinds, uint32_t n_kinds)
{
	static struct rig r;
	EVP_PKEY *signer = EVP_EC_gen("P-256"), *peer = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	double primitives = 0, end = now_s() + (n_kinds + 1) * budget_s;
	uint32_t n = 0;

	rig_init(&r);
	r.settings.psk_ke = true;
	rig_change_domain(&r);
	SSL_CTX_set1_groups_list(r.ctx, "X25519:P-256"); /* 1.2 wants that of the key, too */
	SSL_CTX_set_max_proto_version(r.ctx, version);
	get_ticket(&r);
	for (; now_s() < end; n++) {
		double begin;

		for (uint32_t i = 0; i < n_kinds; i++)
			kinds[i].spent += timed_connection(&r, &kinds[i]);
		begin = now_s();
		do_primitives(md, signer, peer);
		primitives += now_s() - begin;
	}
	for (uint32_t i = 0; i < n_kinds; i++)
		printf("\"us_%s\": %.2f, ", kinds[i].name, kinds[i].spent / n * 1e6);
	if (version == TLS1_3_VERSION)
		printf("\"us_primitives\": %.2f, ", primitives / n * 1e6);
	SSL_SESSION_free(ticket);
	ticket = NULL;
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(signer);
	EVP_PKEY_free(peer);
	rig_fini(&r);
}

/* ---- records ---- */

static double ns_request(struct rig *r)
{
	static uint8_t request[100], reply[300], heard[400];
	double spent = 0, end = now_s() + budget_s;
	uint32_t n, count = 0;

	for (; now_s() < end; count++) {
		double begin;

		RIG_CHECK(SSL_write(r->client, request, sizeof(request)) == sizeof(request));
		carry(r);
		r->roomy = BUFFER_BYTES;
		begin = now_s();
		RIG_CHECK(server_read(r, &n) == TLS_OK && n == sizeof(request));
		RIG_CHECK(rs_tls_session_write(&r->server, reply, sizeof(reply), &n) == TLS_OK);
		spent += now_s() - begin;
		carry(r);
		RIG_CHECK(SSL_read(r->client, heard, sizeof(heard)) == sizeof(reply));
	}
	return spent / count * 1e9;
}

static double gbit(struct rig *r)
{
	static uint8_t data[16384];
	double spent = 0, bits = 0, end = now_s() + budget_s;
	uint32_t n;

	while (now_s() < end) {
		double begin = now_s();

		r->roomy = BUFFER_BYTES;
		for (uint32_t i = 0; i < 32; i++) {
			RIG_CHECK(rs_tls_session_write(&r->server, data, sizeof(data), &n) ==
					  TLS_OK &&
				  n == sizeof(data));
		}
		spent += now_s() - begin;
		bits += 32.0 * 8 * sizeof(data);
		r->out_to = 0; /* nobody listens any more */
	}
	return bits / spent * 1e-9;
}

static double gbit_evp(void)
{
	static uint8_t data[16384 + 16], key[16], iv[12];
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	double bits = 0, begin = now_s(), end = begin + budget_s;
	int n;

	EVP_EncryptInit_ex2(c, EVP_aes_128_gcm(), key, iv, NULL);
	while (now_s() < end) {
		for (uint32_t i = 0; i < 32; i++)
			EVP_EncryptUpdate(c, data, &n, data, 16384);
		bits += 32.0 * 8 * 16384;
	}
	bits /= now_s() - begin;
	EVP_CIPHER_CTX_free(c);
	return bits * 1e-9;
}

static double idle_bytes(struct rig *r)
{
	static struct tls_session idle[N_IDLE];
	size_t before, after;

	before = mallinfo2().uordblks;
	for (uint32_t i = 0; i < N_IDLE; i++) {
		rig_connect(r);
		shake_hands(r);
		SSL_set_shutdown(r->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(r->client);
		idle[i] = r->server; /* a copy will do to free it */
	}
	after = mallinfo2().uordblks;
	for (uint32_t i = 0; i < N_IDLE; i++)
		rs_tls_session_free(&idle[i]);
	return (double)(after - before) / N_IDLE + sizeof(struct tls_session);
}

static void measure_records(const char *who, bool no_lean, int version)
{
	static struct rig r;

	rig_init_with(&r, no_lean);
	SSL_CTX_set_max_proto_version(r.ctx, version);
	SSL_CTX_set_ciphersuites(r.ctx, "TLS_AES_128_GCM_SHA256");
	SSL_CTX_set_cipher_list(r.ctx, "ECDHE-ECDSA-AES128-GCM-SHA256");
	printf("\"bytes_%s\": %.0f, ", who, idle_bytes(&r));
	rig_connect(&r);
	shake_hands(&r);
	RIG_CHECK(r.server.lean == !no_lean);
	printf("\"ns_request_%s\": %.1f, ", who, ns_request(&r));
	printf("\"gbit_%s\": %.2f, ", who, gbit(&r));
	rig_disconnect(&r);
	rig_fini(&r);
}

int main(int argc, char **argv)
{
	static struct kind kinds[] = {
		{.name = "full"},
		{.name = "full_keys_ahead", .is_ahead = true},
		{.name = "resumed", .resumes = true},
		{.name = "resumed_psk_ke", .resumes = true, .psk_ke = true},
	};
	static struct kind kinds_12[] = {
		{.name = "full_12"},
		{.name = "resumed_12", .resumes = true},
	};

	if (argc > 1)
		budget_s = atof(argv[1]) / 1000;
	make_certificate(NULL);
	printf("{");
	measure_handshakes(TLS1_3_VERSION, kinds, RS_ARRAY_SIZE(kinds));
	measure_handshakes(TLS1_2_VERSION, kinds_12, RS_ARRAY_SIZE(kinds_12));
	measure_records("lean", false, TLS1_3_VERSION);
	measure_records("12", false, TLS1_2_VERSION);
	measure_records("openssl", true, TLS1_3_VERSION);
	printf("\"gbit_evp\": %.2f}\n", gbit_evp());
	return 0;
}
