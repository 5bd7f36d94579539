/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TLS stage by itself: jobs in, jobs out, and OpenSSL's client at the far end. Each test ends
 * with stage_end(), which counts what was lent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eal_rig.h"
#include "stage_tls_rig.h"
#include "tls/domain_internal.h"

#define MAX_TURNS 2000
#define HELLO     "GET /hello/you HTTP/1.1\r\nHost: a.test\r\n\r\n"

static const struct stage_options usual = {
	.capacity = 32,
	.max_handshakes = 32,
	.handshakes_per_turn = 4,
	.n_records = 32,
};

static uint64_t count(const struct stage_rig *r, enum tls_counter which)
{
	return r->tls->counters[which];
}

static void shake(struct stage_rig *r, uint32_t conn)
{
	SSL *client = r->links[conn].client;

	for (int i = 0; i < MAX_TURNS && SSL_do_handshake(client) != 1; i++)
		stage_turn(r, 100);
	assert_true(SSL_is_init_finished(client));
	for (int i = 0; i < MAX_TURNS && BIO_pending(SSL_get_wbio(client)); i++)
		stage_turn(r, 100);
	stage_turn(r, 100);
}

static void establish(struct stage_rig *r, uint32_t conn)
{
	stage_connect(r, conn);
	shake(r, conn);
}

static void ask(struct stage_rig *r, uint32_t conn, const char *request)
{
	assert_int_equal(
		SSL_write(r->links[conn].client, request, (int)strlen(request)), strlen(request));
}

/* What has come by now, as a string. */
static uint32_t read_some(struct stage_rig *r, uint32_t conn, char *text, uint32_t bytes)
{
	uint32_t n = 0;
	int got;

	while (n + 1 < bytes &&
		(got = SSL_read(r->links[conn].client, text + n, (int)(bytes - n - 1))) > 0)
		n += (uint32_t)got;
	text[n] = 0;
	return n;
}

static void expect_hello(struct stage_rig *r, uint32_t conn)
{
	char text[2000] = "";
	uint32_t n = 0;

	for (int i = 0; i < MAX_TURNS && !strstr(text, "Hello, you"); i++) {
		stage_turn(r, 100);
		n += read_some(r, conn, text + n, (uint32_t)sizeof(text) - n);
	}
	assert_memory_equal(text, "HTTP/1.1 200", 12);
	assert_non_null(strstr(text, "Hello, you"));
}

static void ask_hello(struct stage_rig *r, uint32_t conn)
{
	ask(r, conn, HELLO);
	expect_hello(r, conn);
}

static void a_request_is_answered(void **state)
{
	struct stage_rig r;

	(void)state;
	stage_begin(&r, usual);
	establish(&r, 3);
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_FULL), 1);
	assert_int_equal(r.tls->n_handshakes, 0);
	ask_hello(&r, 3);
	ask_hello(&r, 3);
	assert_int_equal(SSL_shutdown(r.links[3].client), 0);
	for (int i = 0; i < MAX_TURNS && !r.links[3].is_closed; i++)
		stage_turn(&r, 100);
	assert_true(r.links[3].is_closed);
	assert_int_equal(SSL_shutdown(r.links[3].client), 1); /* the server's close-notify */
	assert_int_equal(r.tls->n_conns, 0);
	stage_end(&r);
}

static void chunks_may_cut_records_anywhere(void **state)
{
	struct stage_rig r;

	(void)state;
	stage_begin(&r, usual);
	for (r.piece = 1; r.piece <= 29; r.piece++) {
		establish(&r, 0);
		ask_hello(&r, 0);
		stage_drop(&r, 0);
		stage_turn(&r, 100);
	}
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_FAILED), 0);
	stage_end(&r);
}

/* Without credit nothing is sent; with little of it all comes, in order. */
static void a_large_reply_waits_for_credit(void **state)
{
	static char text[300000];
	const uint32_t body_bytes = 200000;
	struct stage_rig r;
	uint32_t n = 0, before;
	char *body;

	(void)state;
	stage_begin(&r, usual);
	establish(&r, 0);
	ask(&r, 0, "GET /bytes/200000 HTTP/1.1\r\nHost: a.test\r\n\r\n");
	r.max_grant = 0;
	for (int i = 0; i < 20; i++)
		stage_turn(&r, 100);
	n = read_some(&r, 0, text, sizeof(text));
	assert_in_range(n, 0, HTTP_CHUNK_BYTES);
	assert_int_not_equal(r.links[0].n_want, 0);
	assert_int_not_equal(count(&r, TLS_C_NO_CREDIT), 0);
	before = r.links[0].n_granted;
	r.max_grant = 1;
	for (int i = 0; i < MAX_TURNS && n < body_bytes; i++) {
		stage_turn(&r, 100);
		n += read_some(&r, 0, text + n, (uint32_t)sizeof(text) - n);
	}
	assert_true(r.links[0].n_granted - before >= body_bytes / HTTP_CHUNK_BYTES);
	body = strstr(text, "\r\n\r\n");
	assert_non_null(body);
	body += 4;
	while (n < (uint32_t)(body - text) + body_bytes) {
		stage_turn(&r, 100);
		n += read_some(&r, 0, text + n, (uint32_t)sizeof(text) - n);
	}
	assert_int_equal(n, (uint32_t)(body - text) + body_bytes);
	for (uint32_t i = 0; i < body_bytes; i++)
		assert_int_equal((uint8_t)body[i], i % 251);
	stage_turn(&r, 100);
	assert_int_equal(r.links[0].n_lent, 0); /* an idle connection holds none */
	stage_end(&r);
}

/* Whether the client takes what it gets is for the net core to say, who has the send queue. */
static void credit_may_take_its_time(void **state)
{
	static char text[300000];
	struct stage_rig r;

	(void)state;
	for (int no_lean = 0; no_lean < 2; no_lean++) {
		uint32_t n = 0;

		stage_begin_with(&r, usual, no_lean);
		establish(&r, 0);
		ask(&r, 0, "GET /bytes/200000 HTTP/1.1\r\nHost: a.test\r\n\r\n");
		r.max_grant = 1;
		for (uint32_t i = 0; i < MAX_TURNS && n < 200000; i++) {
			r.max_grant = i % 4 == 0;
			stage_turn(&r, r.http.write_timeout_us / 2);
			assert_false(r.links[0].is_aborted);
			n += read_some(&r, 0, text, sizeof(text));
		}
		assert_true(n >= 200000);
		stage_end(&r);
	}
}

/*
 * Behind the last reply the session closes: not before, be there room for an alert where there is
 * none for what is left of the reply. The one before it has all lengths.
 */
static void a_last_reply_is_whole(void **state)
{
	static const char last[] =
		"GET /bytes/5000 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
	static char text[10000];
	struct stage_rig r;

	(void)state;
	stage_begin(&r, usual);
	for (int name_bytes = 1; name_bytes < 60; name_bytes += 10) {
		char requests[300];
		const char *body;
		uint32_t n;

		snprintf(requests, sizeof(requests),
			"GET /hello/%0*d HTTP/1.1\r\nHost: a.test\r\n\r\n%s", name_bytes, 0, last);
		r.max_grant = 100;
		establish(&r, 0);
		ask(&r, 0, requests);
		r.max_grant = 0;
		for (int i = 0; i < 20; i++)
			stage_turn(&r, 100);
		assert_false(r.links[0].is_closed);
		r.max_grant = 1;
		for (int i = 0; i < MAX_TURNS && !r.links[0].is_closed; i++)
			stage_turn(&r, 100);
		n = read_some(&r, 0, text, sizeof(text));
		body = strstr(text, "Connection: close");
		assert_non_null(body);
		body = strstr(body, "\r\n\r\n");
		assert_non_null(body);
		assert_int_equal(text + n - (body + 4), 5000);
		assert_int_equal(SSL_get_shutdown(r.links[0].client), SSL_RECEIVED_SHUTDOWN);
		stage_drop(&r, 0);
	}
	stage_end(&r);
}

/*
 * GONE after so many turns, while chunks are on their way in both rings. The same number is used
 * again at once, and what comes late is not taken for the new connection's.
 */
static void a_connection_may_go_at_any_time(void **state)
{
	struct stage_rig r;

	(void)state;
	stage_begin(&r, usual);
	r.piece = 200;
	r.max_grant = 2;
	for (int n_turns = 0; n_turns < 25; n_turns++) {
		SSL *client = stage_connect(&r, 0);

		for (int i = 0; i < n_turns; i++) {
			stage_turn(&r, 100);
			if (SSL_do_handshake(client) == 1)
				SSL_write(
					client, "GET /bytes/90000 HTTP/1.1\r\nHost: a\r\n\r\n", 39);
		}
		stage_push(&r, 0);
		stage_turn_only(&r, 100);
		stage_push(&r, 0); /* the stage finds these, and GONE behind them */
		stage_drop(&r, 0);
		establish(&r, 0);
		ask_hello(&r, 0);
		stage_drop(&r, 0);
		stage_turn(&r, 100);
		assert_int_equal(r.tls->n_conns, 0);
		assert_int_equal(r.chunks.n_free, r.chunks.n_total);
	}
	stage_end(&r);
}

static void jobs_of_an_old_generation_are_given_back(void **state)
{
	struct stage_rig r;
	uint32_t chunk;

	(void)state;
	stage_begin(&r, usual);
	establish(&r, 0);
	r.links[0].generation--;
	chunk = rs_chunk_alloc(&r.chunks);
	r.is_lent[chunk] = true;
	stage_put(&r, 0, TLS_JOB_GRANT, chunk, 0);
	chunk = rs_chunk_alloc(&r.chunks);
	r.is_lent[chunk] = true;
	memset(rs_chunk_data(&r.chunks, chunk), 0, 100);
	stage_put(&r, 0, TLS_JOB_DATA, chunk, 100);
	stage_put(&r, 0, TLS_JOB_EOF, 0, 0);
	stage_put(&r, 0, TLS_JOB_GONE, 0, 0);
	r.links[0].generation++;
	stage_turn(&r, 100);
	assert_int_equal(r.chunks.n_free, r.chunks.n_total);
	ask_hello(&r, 0);
	stage_end(&r);
}

static void too_many_handshakes_are_shed(void **state)
{
	struct stage_rig r;
	struct stage_options o = usual;

	(void)state;
	o.max_handshakes = 4;
	stage_begin(&r, o);
	r.piece = 50;
	for (uint32_t i = 0; i < 10; i++) {
		stage_connect(&r, i);
		stage_push_one(&r, i); /* a ClientHello's beginning */
	}
	stage_turn_only(&r, 100);
	stage_take(&r);
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_SHED), 6);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(r.links[i].is_aborted, i >= 4);
	for (uint32_t i = 0; i < 4; i++)
		shake(&r, i);
	stage_drop(&r, 9);
	establish(&r, 9); /* there is room again */
	ask_hello(&r, 9);
	stage_end(&r);
}

/* The beginning of a hello, and no more. */
static void stop_in_the_hello(struct stage_rig *r, uint32_t conn)
{
	stage_connect(r, conn);
	r->piece = 50;
	stage_push_one(r, conn);
	r->piece = UINT32_MAX;
	stage_turn_only(r, 100);
	stage_take(r);
}

/* All places are taken by who keeps us waiting: the first of them loses his, but nobody does whose
 * hello has come. Whoever does the handshake. */
static void who_does_not_go_on_makes_place(void **state)
{
	struct stage_rig r;
	struct stage_options o = usual;

	(void)state;
	o.max_handshakes = 4;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		stage_begin_with(&r, o, no_lean);
		stage_connect(&r, 0);
		stage_push_one(&r, 0);
		stage_turn_only(&r, 100);
		stage_take(&r); /* our flight is on its way */
		for (uint32_t i = 1; i < 7; i++)
			stop_in_the_hello(&r, i);
		assert_int_equal(count(&r, TLS_C_HANDSHAKES_SHED), 3);
		for (uint32_t i = 0; i < 7; i++)
			assert_int_equal(r.links[i].is_aborted, i >= 1 && i <= 3);
		stage_drop(&r, 1);
		stage_connect(&r, 1);
		stage_push_one(&r, 1);
		stage_turn_only(&r, 100);
		stage_take(&r);
		assert_true(r.links[4].is_aborted);
		for (uint32_t i = 0; i < 7; i++) {
			if (!r.links[i].is_aborted) {
				shake(&r, i);
				ask_hello(&r, i);
			}
		}
		stage_end(&r);
	}
}

static void say_a_byte(struct stage_rig *r, uint32_t conn)
{
	r->piece = 1;
	stage_push_one(r, conn);
	r->piece = UINT32_MAX;
}

/* One that goes on all the time, a byte at a time, keeps no place for those that have stopped. */
static void who_goes_on_is_passed_over(void **state)
{
	struct stage_rig r;
	struct stage_options o = usual;

	(void)state;
	o.max_handshakes = 4;
	stage_begin(&r, o);
	for (uint32_t i = 0; i < 4; i++)
		stop_in_the_hello(&r, i);
	for (uint32_t i = 4; i < 7; i++) { /* the last finds nobody who has stopped */
		say_a_byte(&r, 0);
		say_a_byte(&r, 3);
		stage_connect(&r, i);
		stage_push_one(&r, i);
		stage_turn_only(&r, 100);
		stage_take(&r);
	}
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_SHED), 3);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(r.links[i].is_aborted, i == 1 || i == 2 || i == 6);
	stage_end(&r);
}

/* Who waits for us, and not we for them, stays. */
static void whose_hello_has_come_keeps_the_place(void **state)
{
	struct stage_rig r;
	struct stage_options o = usual;

	(void)state;
	o.max_handshakes = 4;
	stage_begin(&r, o);
	for (uint32_t i = 0; i < 5; i++) {
		stage_connect(&r, i);
		stage_push_one(&r, i);
		stage_turn_only(&r, 100);
		stage_take(&r);
		assert_int_equal(r.links[i].is_aborted, i == 4);
	}
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_SHED), 1);
	for (uint32_t i = 0; i < 4; i++)
		shake(&r, i);
	stage_end(&r);
}

static void without_a_free_session_connections_are_refused(void **state)
{
	struct stage_rig r;
	struct stage_options o = usual;

	(void)state;
	o.capacity = 3;
	stage_begin(&r, o);
	for (uint32_t i = 0; i < 3; i++)
		establish(&r, i);
	stage_connect(&r, 3);
	stage_turn(&r, 100);
	assert_true(r.links[3].is_aborted);
	assert_int_equal(count(&r, TLS_C_NO_SESSION), 1);
	for (uint32_t i = 0; i < 3; i++)
		ask_hello(&r, i);
	stage_drop(&r, 3);
	stage_drop(&r, 1);
	establish(&r, 3);
	ask_hello(&r, 3);
	stage_end(&r);
}

/* One turn answers a request, however many handshakes wait. */
static void established_sessions_go_first(void **state)
{
	struct stage_rig r;
	struct stage_options o = usual;
	char text[1000];

	(void)state;
	o.handshakes_per_turn = 1;
	stage_begin(&r, o);
	establish(&r, 0);
	for (uint32_t i = 1; i <= 20; i++)
		stage_connect(&r, i);
	stage_turn(&r, 100);
	assert_int_equal(r.tls->shaking.n, 19);
	ask(&r, 0, HELLO);
	stage_turn(&r, 100);
	assert_int_not_equal(read_some(&r, 0, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "Hello, you"));
	assert_int_equal(r.tls->shaking.n, 18);
	stage_end(&r);
}

/*
 * Clients that send a ClientHello and go: they take neither sessions nor turns from those who come
 * after them.
 */
static void the_dead_do_not_stand_in_line(void **state)
{
	struct stage_rig r;
	struct stage_options o = usual;

	(void)state;
	o.handshakes_per_turn = 1;
	stage_begin(&r, o);
	for (uint32_t i = 0; i < o.capacity; i++) {
		stage_connect(&r, i);
		stage_push(&r, i);
		stage_drop(&r, i);
	}
	stage_connect(&r, 40);
	stage_turn(&r, 100);
	assert_int_equal(r.tls->n_conns, 1);
	assert_false(r.links[40].is_aborted);
	stage_turn(&r, 100);
	assert_int_not_equal(BIO_pending(SSL_get_rbio(r.links[40].client)), 0);
	stage_end(&r);
}

static void turn_for(struct stage_rig *r, uint64_t us)
{
	for (int i = 0; i < 100; i++)
		stage_turn(r, us / 100 + 1);
}

static void a_slow_handshake_times_out(void **state)
{
	struct stage_rig r;

	(void)state;
	stage_begin(&r, usual);
	r.piece = 20;
	stage_connect(&r, 0);
	stage_push_one(&r, 0);
	stage_turn_only(&r, 100);
	r.piece = 1;
	for (int i = 0; i < 8; i++) { /* a byte now and then does not help */
		stage_push_one(&r, 0);
		stage_turn_only(&r, r.http.header_timeout_us / 10);
		stage_take(&r);
	}
	assert_false(r.links[0].is_aborted);
	for (int i = 0; i < 30; i++) {
		stage_turn_only(&r, r.http.header_timeout_us / 100);
		stage_take(&r);
	}
	assert_true(r.links[0].is_aborted);
	assert_int_equal(count(&r, TLS_C_HANDSHAKE_TIMEOUT), 1);
	stage_end(&r);
}

static void an_idle_session_is_closed(void **state)
{
	struct stage_rig r;
	char text[10];

	(void)state;
	stage_begin(&r, usual);
	establish(&r, 0);
	ask_hello(&r, 0);
	turn_for(&r, r.http.idle_timeout_us / 2);
	assert_true(stage_is_up(&r.links[0]));
	turn_for(&r, r.http.idle_timeout_us);
	assert_true(r.links[0].is_closed);
	assert_int_equal(read_some(&r, 0, text, sizeof(text)), 0);
	assert_int_equal(SSL_get_shutdown(r.links[0].client), SSL_RECEIVED_SHUTDOWN);
	stage_end(&r);
}

/* It is on its way for longer than that; then the client may be idle for as long as any. */
static void who_waits_for_a_reply_is_not_idle(void **state)
{
	struct stage_rig r;

	(void)state;
	stage_begin(&r, usual);
	establish(&r, 0);
	ask_hello(&r, 0);
	r.taken_us[0] = 0;
	turn_for(&r, 3 * r.http.idle_timeout_us / 2);
	assert_false(r.links[0].is_closed);
	r.taken_us[0] = r.now_us;
	turn_for(&r, r.http.idle_timeout_us - WHEEL_TICK_US);
	assert_false(r.links[0].is_closed);
	turn_for(&r, 3 * WHEEL_TICK_US);
	assert_true(r.links[0].is_closed);
	stage_end(&r);
}

static void end_of_tcp_in_the_middle(void **state)
{
	struct stage_rig r;

	(void)state;
	stage_begin(&r, usual);
	r.piece = 40;
	stage_connect(&r, 0);
	stage_push_one(&r, 0);
	stage_eof(&r, 0);
	stage_turn_only(&r, 100);
	stage_turn_only(&r, 100);
	stage_take(&r);
	assert_true(r.links[0].is_closed || r.links[0].is_aborted);
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_FAILED), 1);

	r.piece = UINT32_MAX;
	establish(&r, 1);
	ask(&r, 1, HELLO);
	r.piece = 20; /* of a record */
	stage_push_one(&r, 1);
	stage_eof(&r, 1);
	stage_turn_only(&r, 100);
	stage_turn_only(&r, 100);
	stage_take(&r);
	assert_true(r.links[1].is_closed || r.links[1].is_aborted);
	assert_int_equal(count(&r, TLS_C_TRUNCATED), 1);
	assert_int_equal(r.tls->n_conns, 0);
	stage_end(&r);
}

static void sessions_keep_their_domain(void **state)
{
	struct stage_rig r;
	struct tls_domain *old, *next;

	(void)state;
	stage_begin(&r, usual);
	establish(&r, 0);
	stage_connect(&r, 1);
	stage_turn(&r, 100); /* this one is in the middle of it */
	old = r.tls->domain;
	next = stage_new_domain(&r);
	__atomic_store_n(&r.tls->next_domain, next, __ATOMIC_RELEASE);
	shake(&r, 1);
	establish(&r, 2);
	assert_null(r.tls->next_domain);
	assert_ptr_equal(r.tls->domain, next);
	assert_int_equal(rs_tls_domain_n_sessions(old), 2);
	assert_int_equal(rs_tls_domain_n_sessions(next), 1);
	for (uint32_t i = 0; i < 3; i++)
		ask_hello(&r, i);
	stage_drop(&r, 0);
	stage_drop(&r, 1);
	stage_turn(&r, 100);
	assert_int_equal(rs_tls_domain_n_sessions(old), 0);
	rs_tls_domain_free(old);
	ask_hello(&r, 2);
	stage_end(&r);
}

static void draining_ends_idle_sessions(void **state)
{
	struct stage_rig r;
	char text[10];

	(void)state;
	stage_begin(&r, usual);
	establish(&r, 0);
	ask_hello(&r, 0);
	establish(&r, 1);
	ask(&r, 1, HELLO);
	r.http.drain = HTTP_DRAINS;
	expect_hello(&r, 1); /* is answered, and then closed */
	for (int i = 0; i < MAX_TURNS && r.tls->n_conns; i++)
		stage_turn(&r, 100);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(r.links[i].is_closed);
		assert_int_equal(read_some(&r, i, text, sizeof(text)), 0);
		assert_int_equal(SSL_get_shutdown(r.links[i].client), SSL_RECEIVED_SHUTDOWN);
	}
	stage_end(&r);
}

/* Both have shaken hands, and their first requests are on their way: only one comes in time. */
static void first_requests_are_waited_for(void **state)
{
	struct stage_rig r;

	(void)state;
	stage_begin(&r, usual);
	establish(&r, 0);
	establish(&r, 1);
	r.http.drain = HTTP_DRAINS;
	for (int i = 0; i < 10; i++)
		stage_turn(&r, 100);
	assert_int_equal(r.tls->n_conns, 2);
	ask_hello(&r, 0);
	r.http.drain = HTTP_DRAINS_SILENT;
	for (int i = 0; i < MAX_TURNS && r.tls->n_conns; i++)
		stage_turn(&r, 100);
	for (uint32_t i = 0; i < 2; i++)
		assert_true(r.links[i].is_closed);
	stage_end(&r);
}

/* Each at a moment of its own; then as many as there may be are served. */
static void thousands_die_in_their_handshakes(void **state)
{
	struct stage_rig r;
	uint32_t seed = 1;

	(void)state;
	stage_begin(&r, usual);
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t conn = i % STAGE_CONNS;

		seed = seed * 1664525 + 1013904223;
		r.piece = 1 + (seed >> 8) % 1000;
		stage_drop(&r, conn);
		stage_connect(&r, conn);
		stage_turn(&r, 100);
		/* One of those that came before has the answer, perhaps, and ends its handshake. */
		conn = (conn + (seed >> 20)) % STAGE_CONNS;
		if (r.links[conn].client)
			SSL_do_handshake(r.links[conn].client);
	}
	for (uint32_t i = 0; i < STAGE_CONNS; i++)
		stage_drop(&r, i);
	stage_turn(&r, 100);
	assert_int_equal(r.tls->n_conns, 0);
	assert_int_equal(r.tls->n_handshakes, 0);
	assert_int_equal(r.chunks.n_free, r.chunks.n_total);
	assert_int_equal(r.tls->records.n_free, r.tls->records.n_total);
	r.piece = UINT32_MAX;
	for (uint32_t i = 0; i < usual.capacity; i++)
		establish(&r, i);
	ask_hello(&r, 0);
	stage_end(&r);
}

/* The beginning of what the client has to say; the stage has seen it, and done what follows. */
static void send_a_part(struct stage_rig *r, uint32_t conn, uint32_t bytes)
{
	uint32_t piece = r->piece;

	r->piece = bytes;
	stage_push_one(r, conn);
	r->piece = piece;
	stage_turn_only(r, 100);
	stage_turn_only(r, 100);
	stage_take(r);
}

/* A handshake of which all but the end of the client's Finished has come. */
static void stop_in_the_finished(struct stage_rig *r, uint32_t conn)
{
	SSL *client = stage_connect(r, conn);

	for (int i = 0; i < MAX_TURNS && SSL_do_handshake(client) != 1; i++) {
		stage_push(r, conn); /* of the others nothing comes meanwhile */
		stage_turn_only(r, 100);
		stage_take(r);
	}
	send_a_part(r, conn, (uint32_t)BIO_pending(SSL_get_wbio(client)) - 10);
}

/* ---- first flights that do not fit into the chunk of the ClientHello ---- */

/* What stands for a stapled response, and is as long as the longest, makes a flight long. */
static void begin_with_long_flights(struct stage_rig *r)
{
	struct tls_identity *id;

	stage_begin(r, usual);
	id = &r->tls->domain->identities[0];
	id->ocsp = (struct tls_ocsp){
		.bytes = calloc(1, 6000), .n_bytes = 6000, .until_s = TLS_OCSP_FOREVER};
	rs_tls_chain_free(&id->chain);
	assert_true(rs_tls_chain_init(
		&id->chain, id->ctx, rs_tls_span(id->ocsp.bytes, id->ocsp.n_bytes)));
	SSL_CTX_set_tlsext_status_type(r->ctx, TLSEXT_STATUSTYPE_ocsp);
}

static void a_long_flight_waits_for_room(void **state)
{
	struct stage_rig r;

	(void)state;
	begin_with_long_flights(&r);
	establish(&r, 0);
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_QUICK), 1);
	ask_hello(&r, 0);
	stage_end(&r);
}

/* Nothing is decided by what comes before the room that was asked for. */
static void a_segment_before_the_room(void **state)
{
	static const uint8_t ccs[] = {TLS_CONTENT_CCS, 3, 3, 0, 1, 1};
	struct stage_rig r;

	(void)state;
	begin_with_long_flights(&r);
	stage_connect(&r, 0);
	for (uint32_t i = 0; i < 3; i++) {
		stage_push_one(&r, 0);
		stage_turn_only(&r, 100);
		stage_take(&r);
		assert_int_not_equal(r.links[0].n_want, 0);
		BIO_write(SSL_get_wbio(r.links[0].client), ccs, sizeof(ccs));
	}
	shake(&r, 0);
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_QUICK), 1);
	ask_hello(&r, 0);
	stage_end(&r);
}

/* Where chunks are few, a connection gets one at a time, which is enough for OpenSSL. */
static void little_room_is_used_by_openssl(void **state)
{
	struct stage_rig r;

	(void)state;
	begin_with_long_flights(&r);
	r.max_grant = 1;
	establish(&r, 0);
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_FULL), 1);
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_QUICK), 0);
	ask_hello(&r, 0);
	stage_end(&r);
}

/* ---- buffers for parts of records ---- */

/* Who has held a buffer for the longest gives it to who needs one now. */
static void half_records_take_nothing_from_others(void **state)
{
	struct stage_options o = usual;
	struct stage_rig r;

	(void)state;
	o.n_records = 3;
	stage_begin(&r, o);
	for (uint32_t i = 0; i < 6; i++)
		establish(&r, i);
	for (uint32_t i = 0; i < 5; i++) {
		ask(&r, i, HELLO);
		send_a_part(&r, i, 20);
	}
	assert_int_equal(count(&r, TLS_C_NO_BUFFER), 2);
	assert_int_equal(r.tls->holders.n, 3);
	ask(&r, 5, HELLO);
	send_a_part(&r, 5, 20);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(r.links[i].is_aborted, i < 3);
	for (uint32_t i = 3; i < 6; i++)
		expect_hello(&r, i);
	assert_int_equal(count(&r, TLS_C_NO_BUFFER), 3);
	assert_int_equal(r.tls->records.n_free, r.tls->records.n_total);
	stage_end(&r);
}

static void half_handshakes_give_way_first(void **state)
{
	struct stage_options o = usual;
	struct stage_rig r;

	(void)state;
	o.n_records = 3;
	stage_begin(&r, o);
	establish(&r, 0);
	establish(&r, 1);
	ask(&r, 0, HELLO);
	send_a_part(&r, 0, 20);
	for (uint32_t i = 2; i < 6; i++)
		stop_in_the_finished(&r, i);
	assert_int_equal(r.tls->shaking_holders.n, 2);
	ask(&r, 1, HELLO);
	send_a_part(&r, 1, 20);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(r.links[i].is_aborted, i >= 2 && i < 5);
	expect_hello(&r, 0);
	expect_hello(&r, 1);
	shake(&r, 5);
	ask_hello(&r, 5);
	stage_end(&r);
}

static void a_handshake_takes_no_buffer_from_who_is_through(void **state)
{
	struct stage_options o = usual;
	struct stage_rig r;

	(void)state;
	o.n_records = 2;
	stage_begin(&r, o);
	for (uint32_t i = 0; i < 2; i++)
		establish(&r, i);
	for (uint32_t i = 0; i < 2; i++) {
		ask(&r, i, HELLO);
		send_a_part(&r, i, 20);
	}
	stop_in_the_finished(&r, 2);
	assert_true(r.links[2].is_aborted);
	assert_int_equal(count(&r, TLS_C_HANDSHAKES_FAILED), 0);
	assert_int_equal(count(&r, TLS_C_NO_BUFFER), 1);
	expect_hello(&r, 0);
	expect_hello(&r, 1);
	stage_end(&r);
}

/* The rest of the Finished and half a request in one chunk: the buffer is that of a session. */
static void half_a_request_behind_the_finished(void **state)
{
	struct stage_options o = usual;
	struct stage_rig r;

	(void)state;
	o.n_records = 1;
	stage_begin(&r, o);
	stop_in_the_finished(&r, 0);
	ask(&r, 0, HELLO);
	send_a_part(&r, 0, 40);
	assert_int_equal(r.tls->holders.n, 1);
	stop_in_the_finished(&r, 1);
	assert_false(stage_is_up(&r.links[1]));
	expect_hello(&r, 0);
	stage_end(&r);
}

/* What of the answer is there, in full or not. */
static bool is_answered(struct stage_rig *r, uint32_t conn, const char *beginning)
{
	char text[2000];
	uint32_t n = 0;

	for (int i = 0; i < 20 && !n; i++) {
		stage_turn(r, 100);
		n = read_some(r, conn, text, sizeof(text));
	}
	return n && !strncmp(text, beginning, strlen(beginning));
}

/*
 * Eight requests wait for their bodies in all the buffers that there are. The ninth takes that of
 * the first, which gets 503 and is closed; and when the second has had its answer, the tenth takes
 * nobody's.
 */
static void a_slow_request_gives_up_its_buffer(void **state)
{
	static const char half[] =
		"POST /hello/a HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nx";
	const uint64_t *counters;
	struct stage_rig r;

	(void)state;
	stage_begin(&r, usual);
	counters = r.tls->web.counters;
	for (uint32_t i = 0; i < 10; i++)
		establish(&r, i);
	for (uint32_t i = 0; i < 9; i++) {
		assert_int_equal(counters[HTTP_C_HEAD_LOST], 0);
		ask(&r, i, half);
		stage_turn(&r, 100);
	}
	assert_int_equal(counters[HTTP_C_HEAD_LOST], 1);
	assert_int_equal(r.tls->web.heads.pool.n_free, 0);
	assert_true(is_answered(&r, 0, "HTTP/1.1 503 "));
	SSL_shutdown(r.links[0].client);
	for (int i = 0; i < MAX_TURNS && !r.links[0].is_closed; i++)
		stage_turn(&r, 100);
	assert_true(r.links[0].is_closed);

	ask(&r, 1, "y");
	assert_true(is_answered(&r, 1, "HTTP/1.1 200 "));
	ask(&r, 9, half);
	stage_turn(&r, 100);
	ask(&r, 8, "y");
	assert_true(is_answered(&r, 8, "HTTP/1.1 200 "));
	assert_int_equal(counters[HTTP_C_HEAD_LOST], 1);
	stage_end(&r);
}

/* The chunks of a core for replies that are held back from it. */
struct hoard {
	struct chunk_pool *pool;
	uint32_t chunks[512];
	uint32_t n;
};

static void leave(struct hoard *h, uint32_t n_free)
{
	while (h->n && h->pool->n_free < n_free)
		rs_chunk_free(h->pool, h->chunks[--h->n]);
	while (h->pool->n_free > n_free)
		h->chunks[h->n++] = rs_chunk_alloc(h->pool);
	assert_true(h->n <= RS_ARRAY_SIZE(h->chunks));
}

static uint32_t n_times(const char *text, const char *word)
{
	uint32_t n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		n++;
	}
	return n;
}

/* The client does not read, chunks are few, and its requests wait: then there is nothing to do. */
static void requests_that_wait_for_room_are_let_alone(void **state)
{
	const uint32_t n_requests = 60;
	static char text[60000];
	char requests[sizeof(HELLO) * 60] = "";
	struct hoard hoard = {0};
	struct stage_rig r;
	uint32_t n = 0;
	uint64_t n_tried;

	(void)state;
	for (uint32_t i = 0; i < n_requests; i++)
		strcat(requests, HELLO);
	stage_begin(&r, usual);
	establish(&r, 0);
	hoard.pool = &r.tls->web.chunks;
	leave(&hoard, 4);
	r.max_grant = 0;
	ask(&r, 0, requests);
	for (int i = 0; i < 10; i++)
		stage_turn(&r, 100);
	n_tried = r.tls->web.counters[HTTP_C_BLOCKED];
	assert_int_not_equal(n_tried, 0);
	for (int i = 0; i < 10; i++)
		stage_turn(&r, 100);
	assert_int_equal(r.tls->ready.n, 0);
	assert_int_equal(r.tls->web.counters[HTTP_C_BLOCKED], n_tried);

	r.max_grant = UINT32_MAX;
	for (int i = 0; i < MAX_TURNS && n_times(text, "Hello, you") < n_requests; i++) {
		stage_turn(&r, 100);
		n += read_some(&r, 0, text + n, (uint32_t)sizeof(text) - n);
	}
	assert_int_equal(n_times(text, "Hello, you"), n_requests);
	leave(&hoard, hoard.pool->n_total);
	stage_end(&r);
}

static bool is_short; /* of memory: then a reply waits */

static bool respond_late(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	const struct http_reply reply = {.status = 200, .generated_bytes = 3};

	return rs_http_reply(env, hc, req, out, &reply);
}

static void generate_late(struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	static const uint8_t body[] = "end";

	(void)env;
	if (!is_short && rs_sendq_push(out, body, 3, 0))
		hc->reply_left = 0;
}

static const struct http_handler late = {
	.path = "/late",
	.methods = HTTP_METHOD_BIT(HTTP_GET),
	.respond = respond_late,
	.generate = generate_late,
};

/*
 * All that was queued of a reply is sent, and there was no memory for more. Then there is, and
 * something else wakes the connection before its clock does: what is queued now is sent, too.
 */
static void a_reply_that_waited_for_memory_goes_on(void **state)
{
	const char *request = "GET /late HTTP/1.1\r\nHost: a.test\r\n\r\n";
	struct stage_rig r;
	char text[2000];
	uint32_t n;

	(void)state;
	stage_begin(&r, usual);
	r.http.handlers = &late;
	r.http.n_handlers = 1;
	establish(&r, 0);
	is_short = true;
	ask(&r, 0, request);
	for (int i = 0; i < 5; i++)
		stage_turn(&r, 100);
	n = read_some(&r, 0, text, sizeof(text));
	assert_int_not_equal(n, 0);
	assert_memory_equal(text + n - 4, "\r\n\r\n", 4);
	is_short = false;
	ask(&r, 0, request);
	for (int i = 0; i < 5; i++)
		stage_turn(&r, 100);
	n = read_some(&r, 0, text, sizeof(text));
	assert_memory_equal(text, "endHTTP/1.1 200", 15);
	assert_memory_equal(text + n - 3, "end", 3);
	stage_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_answered),
		cmocka_unit_test(chunks_may_cut_records_anywhere),
		cmocka_unit_test(a_large_reply_waits_for_credit),
		cmocka_unit_test(credit_may_take_its_time),
		cmocka_unit_test(a_last_reply_is_whole),
		cmocka_unit_test(a_connection_may_go_at_any_time),
		cmocka_unit_test(jobs_of_an_old_generation_are_given_back),
		cmocka_unit_test(too_many_handshakes_are_shed),
		cmocka_unit_test(who_does_not_go_on_makes_place),
		cmocka_unit_test(who_goes_on_is_passed_over),
		cmocka_unit_test(whose_hello_has_come_keeps_the_place),
		cmocka_unit_test(without_a_free_session_connections_are_refused),
		cmocka_unit_test(established_sessions_go_first),
		cmocka_unit_test(the_dead_do_not_stand_in_line),
		cmocka_unit_test(a_slow_handshake_times_out),
		cmocka_unit_test(an_idle_session_is_closed),
		cmocka_unit_test(who_waits_for_a_reply_is_not_idle),
		cmocka_unit_test(end_of_tcp_in_the_middle),
		cmocka_unit_test(sessions_keep_their_domain),
		cmocka_unit_test(draining_ends_idle_sessions),
		cmocka_unit_test(first_requests_are_waited_for),
		cmocka_unit_test(thousands_die_in_their_handshakes),
		cmocka_unit_test(a_long_flight_waits_for_room),
		cmocka_unit_test(a_segment_before_the_room),
		cmocka_unit_test(little_room_is_used_by_openssl),
		cmocka_unit_test(half_records_take_nothing_from_others),
		cmocka_unit_test(half_handshakes_give_way_first),
		cmocka_unit_test(a_handshake_takes_no_buffer_from_who_is_through),
		cmocka_unit_test(half_a_request_behind_the_finished),
		cmocka_unit_test(a_slow_request_gives_up_its_buffer),
		cmocka_unit_test(requests_that_wait_for_room_are_let_alone),
		cmocka_unit_test(a_reply_that_waited_for_memory_goes_on),
	};

	rig_start("stage-tls");
	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
