/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/bytes.h"
#include "tls_lean.h"

#define FIRST_ROOM 1024 /* a ClientHello, or a Finished and a usual request */

struct tls_conn {
	SSL *ssl;            /* NULL also where lean has taken over */
	SSL_SESSION *ticket; /* the slot's newest; with --tls resumed and psk-ke */
	struct span in;      /* while input is taken */
	uint64_t begin_tsc;
	uint8_t *out;
	uint32_t out_len, out_room;
	bool open;
	bool closed; /* by the server's close-notify */
	struct tls_lean lean;
};

struct load_tls {
	OSSL_LIB_CTX *library;
	BIO_METHOD *method;
	SSL_CTX *ctx;
	const char *host; /* for SNI; NULL: none */
	bool has_told;    /* what the first error was */
	bool lean;        /* no SSL_read() and SSL_write() */
	struct tls_lean_suite suite;
	uint32_t n_conns;
	struct tls_conn *conns;
	struct load_tls_stats stats;
	uint8_t plain[TLS_RECORD_MAX];
};

/* ---- OpenSSL's way to the bytes ---- */

static int bytes_read(BIO *bio, char *to, size_t max, size_t *n)
{
	struct tls_conn *conn = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	*n = rs_min_u64(max, conn->in.len);
	if (!*n) {
		BIO_set_retry_read(bio);
		return 0;
	}
	memcpy(to, conn->in.data, *n);
	conn->in.data += *n;
	conn->in.len -= (uint32_t)*n;
	return 1;
}

static bool make_room(struct tls_conn *conn, size_t len)
{
	uint32_t room = conn->out_room ? conn->out_room : FIRST_ROOM;
	uint8_t *out;

	while (room < conn->out_len + len)
		room *= 2;
	if (room == conn->out_room)
		return true;
	out = realloc(conn->out, room);
	if (!out)
		return false;
	conn->out = out;
	conn->out_room = room;
	return true;
}

static int bytes_write(BIO *bio, const char *data, size_t len, size_t *n)
{
	struct tls_conn *conn = BIO_get_data(bio);

	*n = 0;
	if (!make_room(conn, len))
		return 0;
	memcpy(conn->out + conn->out_len, data, len);
	conn->out_len += (uint32_t)len;
	*n = len;
	return 1;
}

static long bytes_ctrl(BIO *bio, int command, long argument, void *pointer)
{
	(void)bio;
	(void)argument;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int bytes_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static BIO_METHOD *new_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "segments");

	if (m && BIO_meth_set_read_ex(m, bytes_read) && BIO_meth_set_write_ex(m, bytes_write) &&
		BIO_meth_set_ctrl(m, bytes_ctrl) && BIO_meth_set_create(m, bytes_create))
		return m;
	BIO_meth_free(m);
	return NULL;
}

/* ---- start and end ---- */

/*
 * The newest ticket of a slot. It is used again where the server sends none with a resumption, as
 * OpenSSL's own do not if their ticket keys come from a callback.
 */
static int keep_ticket(SSL *ssl, SSL_SESSION *ticket)
{
	struct tls_conn *conn = SSL_get_app_data(ssl);

	SSL_SESSION_free(conn->ticket);
	conn->ticket = ticket;
	return 1;
}

static void keep_key(const SSL *ssl, const char *line)
{
	struct tls_conn *conn = SSL_get_app_data(ssl);

	rs_load_lean_key(&conn->lean, line);
}

/* NULL, or what of the options OpenSSL does not take. */
static const char *configure(SSL_CTX *ctx, const struct load_options *o)
{
	static const uint8_t alpn[] = "\x08http/1.1";

	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	if (o->tls == LOAD_TLS_RESUMED || o->tls == LOAD_TLS_PSK_KE)
		SSL_CTX_sess_set_new_cb(ctx, keep_ticket);
	if (o->tls == LOAD_TLS_PSK_KE)
		SSL_CTX_set_options(ctx, SSL_OP_ALLOW_NO_DHE_KEX);
	if (o->tls_lean)
		SSL_CTX_set_keylog_callback(ctx, keep_key);
	if (!SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
		SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1))
		return "--tls";
	if (!SSL_CTX_set_ciphersuites(ctx, o->tls_cipher))
		return "--tls-cipher";
	return SSL_CTX_set1_groups_list(ctx, o->tls_group) ? NULL : "--tls-group";
}

struct load_tls *rs_load_tls_create(const struct load_options *o, uint32_t n_slots)
{
	struct load_tls *t = calloc(1, sizeof(*t));
	const char *wrong;

	if (!t)
		return NULL;
	t->library = OSSL_LIB_CTX_new();
	t->method = new_method();
	t->ctx = SSL_CTX_new_ex(t->library, NULL, TLS_client_method());
	t->conns = calloc(n_slots, sizeof(*t->conns));
	t->n_conns = n_slots;
	t->host = o->host;
	t->lean = o->tls_lean;
	if (!t->library || !t->method || !t->ctx || !t->conns) {
		fprintf(stderr, "ringside-load: no memory for the TLS of %u connections\n",
			n_slots);
		goto fail;
	}
	wrong = configure(t->ctx, o);
	if (wrong) {
		fprintf(stderr, "ringside-load: %s: OpenSSL does not know that\n", wrong);
		goto fail;
	}
	return t;
fail:
	rs_load_tls_destroy(t);
	return NULL;
}

void rs_load_tls_destroy(struct load_tls *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; t->conns && i < t->n_conns; i++) {
		rs_load_tls_close(t, i);
		SSL_SESSION_free(t->conns[i].ticket);
		free(t->conns[i].out);
	}
	free(t->conns);
	SSL_CTX_free(t->ctx);
	rs_load_lean_suite_free(&t->suite);
	BIO_meth_free(t->method);
	OSSL_LIB_CTX_free(t->library);
	free(t);
}

struct load_tls_stats *rs_load_tls_stats(struct load_tls *t)
{
	return &t->stats;
}

/* ---- what goes wrong ---- */

/* Counts it; the first time also says what OpenSSL says, since a count explains nothing. */
static void count_failure(struct load_tls *t, const struct tls_conn *conn)
{
	unsigned long error = ERR_peek_error();

	if (conn->open)
		t->stats.n_bad_records++;
	else
		t->stats.n_failed++;
	if (!t->has_told)
		fprintf(stderr, "ringside-load: TLS %s: %s\n", conn->open ? "record" : "handshake",
			error ? ERR_reason_error_string(error) : "ended by the server, or wrong");
	t->has_told = true;
	ERR_clear_error();
}

/* ---- a connection ---- */

/* A copy of it, since OpenSSL spoils what it has used once. */
static bool use_ticket(SSL *ssl, const SSL_SESSION *ticket)
{
	SSL_SESSION *copy = SSL_SESSION_dup(ticket);
	bool ok = copy && SSL_set_session(ssl, copy) == 1;

	SSL_SESSION_free(copy);
	return ok;
}

static bool new_session(struct load_tls *t, struct tls_conn *conn)
{
	SSL *ssl = SSL_new(t->ctx);
	BIO *bio = ssl ? BIO_new_ex(t->library, t->method) : NULL;

	if (!bio) {
		SSL_free(ssl);
		return false;
	}
	BIO_set_data(bio, conn);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_app_data(ssl, conn);
	SSL_set_connect_state(ssl);
	conn->ssl = ssl;
	if (t->host && SSL_set_tlsext_host_name(ssl, t->host) != 1)
		return false;
	return !conn->ticket || use_ticket(ssl, conn->ticket);
}

bool rs_load_tls_open(struct load_tls *t, uint32_t slot, uint64_t now_tsc)
{
	struct tls_conn *conn = &t->conns[slot];

	rs_load_tls_close(t, slot);
	ERR_clear_error();
	if (!new_session(t, conn)) {
		count_failure(t, conn);
		return false;
	}
	conn->begin_tsc = now_tsc;
	SSL_do_handshake(conn->ssl);
	return true;
}

void rs_load_tls_close(struct load_tls *t, uint32_t slot)
{
	struct tls_conn *conn = &t->conns[slot];

	if (conn->ssl) /* else OpenSSL would take its ticket for spoiled */
		SSL_set_shutdown(conn->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(conn->ssl);
	conn->ssl = NULL;
	rs_load_lean_reset(&conn->lean);
	conn->open = conn->closed = false;
	conn->out_len = 0;
}

bool rs_load_tls_end(struct load_tls *t, uint32_t slot)
{
	const struct tls_conn *conn = &t->conns[slot];

	if (!conn->open)
		count_failure(t, conn);
	else if (!conn->closed)
		t->stats.n_truncated++;
	return conn->open && conn->closed;
}

static enum load_tls_event event_of(struct load_tls *t, const struct tls_conn *conn, int result)
{
	switch (SSL_get_error(conn->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return LOAD_TLS_MORE;
	case SSL_ERROR_ZERO_RETURN:
		return LOAD_TLS_CLOSED;
	default:
		count_failure(t, conn);
		return LOAD_TLS_FAILED;
	}
}

/* From here on without OpenSSL's state machine. */
static bool go_lean(struct load_tls *t, struct tls_conn *conn)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(conn->ssl);

	if (!t->suite.aead && !rs_load_lean_suite_init(&t->suite, t->library, cipher))
		return false;
	SSL_free(conn->ssl);
	conn->ssl = NULL;
	return rs_load_lean_begin(&conn->lean, &t->suite);
}

static enum load_tls_event shake_hands(struct load_tls *t, struct tls_conn *conn, uint64_t now_tsc)
{
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(conn->ssl);
	if (result != 1)
		return event_of(t, conn, result);
	conn->open = true;
	if (SSL_session_reused(conn->ssl))
		t->stats.n_resumed++;
	else
		t->stats.n_full++;
	rs_histogram_record(&t->stats.handshake, now_tsc - conn->begin_tsc);
	if (!t->lean || go_lean(t, conn))
		return LOAD_TLS_OPEN;
	count_failure(t, conn);
	return LOAD_TLS_FAILED;
}

static enum load_tls_event read_lean(struct load_tls *t, struct tls_conn *conn, uint32_t *n)
{
	enum load_tls_event event = rs_load_lean_read(&conn->lean, &conn->in, t->plain, n);

	if (event == LOAD_TLS_FAILED)
		count_failure(t, conn);
	return event;
}

static enum load_tls_event read_openssl(struct load_tls *t, struct tls_conn *conn, uint32_t *n)
{
	size_t got = 0;
	int result;

	ERR_clear_error();
	result = SSL_read_ex(conn->ssl, t->plain, sizeof(t->plain), &got);
	*n = (uint32_t)got;
	return result == 1 ? LOAD_TLS_DATA : event_of(t, conn, result);
}

enum load_tls_event rs_load_tls_input(
	struct load_tls *t, uint32_t slot, struct span *in, uint64_t now_tsc, struct span *plain)
{
	struct tls_conn *conn = &t->conns[slot];
	enum load_tls_event event;

	*plain = (struct span){.data = t->plain};
	conn->in = *in;
	if (rs_unlikely(!conn->open))
		event = shake_hands(t, conn, now_tsc);
	else if (t->lean)
		event = read_lean(t, conn, &plain->len);
	else
		event = read_openssl(t, conn, &plain->len);
	*in = conn->in;
	conn->closed |= event == LOAD_TLS_CLOSED;
	return event;
}

static uint8_t *out_room(void *self, uint32_t *bytes)
{
	struct tls_conn *conn = self;

	*bytes = conn->out_room - conn->out_len;
	return conn->out + conn->out_len;
}

static void out_wrote(void *self, uint32_t n)
{
	struct tls_conn *conn = self;

	conn->out_len += n;
}

static bool write_lean(struct tls_conn *conn, const uint8_t *data, uint32_t len)
{
	const struct tls_record_sink sink = {.self = conn, .room = out_room, .wrote = out_wrote};

	return make_room(conn, rs_load_lean_room(len)) &&
	       rs_load_lean_write(&conn->lean, data, len, &sink);
}

static bool write_openssl(struct tls_conn *conn, const uint8_t *data, uint32_t len)
{
	size_t n;

	ERR_clear_error();
	return SSL_write_ex(conn->ssl, data, len, &n) == 1;
}

bool rs_load_tls_write(struct load_tls *t, uint32_t slot, const uint8_t *data, uint32_t len)
{
	struct tls_conn *conn = &t->conns[slot];
	if (t->lean ? write_lean(conn, data, len) : write_openssl(conn, data, len))
		return true;
	count_failure(t, conn);
	return false;
}

/* ---- ciphertext out ---- */

struct span rs_load_tls_unacked(const struct load_tls *t, uint32_t slot)
{
	const struct tls_conn *conn = &t->conns[slot];

	return (struct span){.data = conn->out, .len = conn->out_len};
}

void rs_load_tls_acked(struct load_tls *t, uint32_t slot, uint32_t n)
{
	struct tls_conn *conn = &t->conns[slot];

	conn->out_len -= n;
	memmove(conn->out, conn->out + n, conn->out_len);
}
