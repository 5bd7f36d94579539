/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TLS half of the appliance, without cores that run: the test takes their turns, and holds
 * sessions as their connections would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include <rte_malloc.h>

#include "base/carve.h"
#include "eal_rig.h"
#include "signals.h"
#include "tls_rig.h"
#include "tls_side.h"

#define SECOND_US UINT64_C(1000000)

struct side_rig {
	struct config cfg;
	struct topology topology;
	struct tcp_config tcp;
	struct http_config http;
	struct stage_net net; /* no more of it than rings are joined to */
	struct tls_outbox to[2];
	struct rte_ring *from[2];
	struct stage_net *nets[1];
	struct tls_side side;
	struct tls_pair pair;
	char ticket_keys[TEMP_PATH_BYTES];
	uint64_t now_us;
};

static void write_ticket_keys(const struct side_rig *r, char letter, uint32_t n_bytes)
{
	FILE *file = fopen(r->ticket_keys, "w");

	assert_non_null(file);
	for (uint32_t i = 0; i < n_bytes; i++)
		fputc(letter, file);
	fclose(file);
}

static struct side_rig *new_rig(uint16_t n_tls)
{
	struct side_rig *r = aligned_alloc(RS_CACHE_LINE, rs_align_line(sizeof(*r)));

	memset(r, 0, sizeof(*r));
	r->now_us = SECOND_US;
	r->cfg.n_https_ports = 1;
	r->cfg.max_conns = 16;
	r->cfg.tls_backlog = 16;
	r->cfg.tls.n_pairs = 1;
	r->cfg.tls.pairs = &r->pair;
	r->cfg.tls.pairs[0] = (struct tls_pair){.cert = cert_path, .key = key_path};
	r->cfg.tls.ticket_lifetime_s = 7200;
	r->topology.n_net = 1;
	r->topology.n_tls = n_tls;
	r->topology.stages[r->topology.n_stages++] = (struct topology_stage){.kind = STAGE_NET};
	for (uint16_t i = 0; i < n_tls; i++)
		r->topology.stages[r->topology.n_stages++] =
			(struct topology_stage){.kind = STAGE_TLS, .index = i};
	rs_http_config_default(&r->http);
	rs_tcp_config_default(&r->tcp);
	r->tcp.max_conns = r->cfg.max_conns;
	r->net.tcp.cfg = &r->tcp;
	r->net.web.chunks.n_total = 64;
	r->net.web.chunks.chunk_bytes = HTTP_CHUNK_BYTES;
	r->net.tls.to = r->to;
	r->net.tls.from = r->from;
	r->nets[0] = &r->net;
	fclose(temp_new_file(r->ticket_keys));
	return r;
}

static int build(struct side_rig *r)
{
	return rs_tls_side_build(&r->side, &r->cfg, &r->topology, &r->http, r->nets, r->now_us);
}

static struct side_rig *begin(uint16_t n_tls, bool with_keys)
{
	struct side_rig *r = new_rig(n_tls);

	write_ticket_keys(r, 'a', TLS_TICKET_KEY_BYTES);
	if (with_keys)
		r->cfg.ticket_keys = r->ticket_keys;
	assert_int_equal(build(r), 0);
	return r;
}

/* And the stages' memory, which goes with EAL in the appliance. */
static void destroy(struct side_rig *r)
{
	struct tls_side was = r->side;

	rs_tls_side_destroy(&r->side);
	for (uint32_t i = 0; i < was.n; i++) {
		rs_stage_tls_fini(was.stages[i]);
		rte_free(was.stages[i]);
	}
}

static void end(struct side_rig *r)
{
	assert_int_equal(rs_tls_side_leaks(&r->side), 0);
	destroy(r);
	free(r);
}

static void wait_for_loader(struct side_rig *r)
{
	for (uint32_t ms = 0; rs_tls_loader_is_busy(&r->side.loader); ms++) {
		assert_true(ms < 20000);
		poll(NULL, 0, 1);
	}
}

/* With all that comes of it. */
static void tick(struct side_rig *r, uint64_t us)
{
	r->now_us += us;
	rs_tls_side_tick(&r->side, r->now_us);
	wait_for_loader(r);
	rs_tls_side_tick(&r->side, r->now_us);
	wait_for_loader(r);
}

static void turn(struct side_rig *r)
{
	for (uint32_t i = 0; i < r->side.n; i++)
		rs_stage_tls_turn(r->side.stages[i], r->now_us);
}

static void reload(struct side_rig *r)
{
	rs_tls_side_reload(&r->side);
	tick(r, 1000);
	turn(r);
}

static char newest_key(const struct side_rig *r)
{
	struct tls_ticket_key key;

	rs_tls_tickets_newest(&r->side.shared->tickets, &key);
	return (char)key.aes[31];
}

/* Each TLS stage with each net stage: what one puts in, the other takes out. */
static void who_is_joined(void **state)
{
	uint64_t taken_us = 0;
	struct side_rig *r = new_rig(2);
	const uint32_t n_jobs = TLS_MAX_JOBS(64, 16);

	(void)state;
	r->net.web.chunks.base = (uint8_t *)r;
	r->net.tls.taken_us = &taken_us;
	assert_int_equal(build(r), 0);
	for (uint32_t i = 0; i < 2; i++) {
		const struct tls_net *net = &r->side.stages[i]->nets[0];

		assert_ptr_equal(net->from, r->to[i].ring);
		assert_ptr_equal(net->to.ring, r->from[i]);
		assert_ptr_not_equal(net->from, net->to.ring);
		assert_true(rte_ring_get_capacity(net->from) >= n_jobs);
		assert_true(rte_ring_get_capacity(net->to.ring) >= n_jobs);
		assert_ptr_equal(net->chunks, r);
		assert_int_equal(net->chunk_bytes, HTTP_CHUNK_BYTES);
		assert_ptr_equal(net->taken_us, &taken_us);
	}
	assert_ptr_not_equal(r->to[0].ring, r->to[1].ring);
	assert_ptr_not_equal(r->from[0], r->from[1]);
	end(r);
}

/* A stage that has not taken what one reload has read keeps the next one waiting, not out. */
static void a_reload_waits_for_the_one_before(void **state)
{
	struct side_rig *r = begin(2, true);
	const struct tls_domain *first;

	(void)state;
	rs_tls_side_reload(&r->side);
	tick(r, 1000);
	first = r->side.stages[0]->next_domain;
	assert_non_null(first);
	rs_stage_tls_turn(r->side.stages[0], r->now_us); /* the other one does not */
	write_ticket_keys(r, 'b', TLS_TICKET_KEY_BYTES);
	rs_tls_side_reload(&r->side);
	tick(r, 1000);
	assert_int_equal(newest_key(r), 'a');
	assert_null(r->side.stages[0]->next_domain);
	assert_ptr_equal(r->side.stages[0]->domain, first);
	/* What the other one still uses is there. */
	assert_int_equal(r->side.domains[1].n, 2);
	assert_ptr_equal(r->side.stages[1]->domain, r->side.domains[1].domains[0]);
	turn(r);
	tick(r, 1000);
	assert_int_equal(newest_key(r), 'b');
	assert_non_null(r->side.stages[0]->next_domain);
	assert_non_null(r->side.stages[1]->next_domain);
	turn(r);
	tick(r, 1000);
	assert_int_equal(r->side.domains[0].n, 1);
	assert_int_equal(r->side.domains[1].n, 1);
	end(r);
}

/* Nobody uses it yet: it goes with all others. */
static void the_end_comes_before_it_is_taken(void **state)
{
	struct side_rig *r = begin(1, false);

	(void)state;
	rs_tls_side_reload(&r->side);
	tick(r, 1000);
	assert_non_null(r->side.stages[0]->next_domain);
	end(r);
}

/* Of any reload, and of a stage's pools: whoever stops a process learns of each. */
static void what_did_not_come_back(void **state)
{
	struct side_rig *r = begin(2, false);
	struct tls_session sessions[2];

	(void)state;
	assert_true(rs_tls_session_open(&sessions[0], r->side.stages[0]->domain, &pipe_ops, NULL));
	assert_int_equal(rs_tls_side_leaks(&r->side), 1);
	reload(r);
	assert_true(rs_tls_session_open(&sessions[1], r->side.stages[0]->domain, &pipe_ops, NULL));
	assert_int_equal(rs_tls_side_leaks(&r->side), 2);
	rs_tls_session_free(&sessions[0]);
	assert_int_equal(rs_tls_side_leaks(&r->side), 1);
	rs_tls_session_free(&sessions[1]);
	r->side.stages[1]->records.n_free--;
	assert_int_equal(rs_tls_side_leaks(&r->side), 1);
	r->side.stages[1]->records.n_free++;
	end(r);
}

/* … and before its thread has ended. */
static void the_end_comes_while_files_are_read(void **state)
{
	struct side_rig *r = begin(2, true);

	(void)state;
	rs_tls_side_reload(&r->side);
	rs_tls_side_tick(&r->side, r->now_us);
	assert_true(r->side.loader.errand.is_out);
	rs_tls_side_stop(&r->side);
	assert_false(r->side.loader.errand.is_out);
	assert_null(r->side.loader.domains[0]);
	assert_int_equal(r->side.loader.ticket_keys.n, 0);
	assert_int_equal(newest_key(r), 'a');
	end(r);
}

/* What is asked for while files are read is not lost: they may have been changed since. */
static void a_reload_is_asked_for_while_one_is_made(void **state)
{
	struct side_rig *r = begin(1, true);
	const struct tls_domain *first;

	(void)state;
	rs_tls_side_reload(&r->side);
	rs_tls_side_tick(&r->side, r->now_us);
	wait_for_loader(r); /* it has read them */
	write_ticket_keys(r, 'b', TLS_TICKET_KEY_BYTES);
	rs_tls_side_reload(&r->side);
	rs_tls_side_tick(&r->side, r->now_us);
	assert_int_equal(newest_key(r), 'a');
	first = r->side.stages[0]->next_domain;
	turn(r);
	assert_ptr_equal(r->side.stages[0]->domain, first);
	tick(r, 1000);
	turn(r);
	assert_ptr_not_equal(r->side.stages[0]->domain, first);
	assert_int_equal(newest_key(r), 'b');
	end(r);
}

static void sessions_of_many_reloads_hold_up_the_next(void **state)
{
	struct side_rig *r = begin(1, true);
	struct tls_session sessions[TLS_LOADER_OLD_DOMAINS];

	(void)state;
	for (uint32_t i = 0; i < TLS_LOADER_OLD_DOMAINS; i++) {
		assert_true(rs_tls_session_open(
			&sessions[i], r->side.stages[0]->domain, &pipe_ops, NULL));
		reload(r);
		assert_int_equal(r->side.domains[0].n, i + 2);
	}
	write_ticket_keys(r, 'b', TLS_TICKET_KEY_BYTES);
	for (uint32_t i = 0; i < 3; i++)
		reload(r);
	assert_int_equal(r->side.domains[0].n, 1 + TLS_LOADER_OLD_DOMAINS);
	assert_int_equal(newest_key(r), 'a');
	assert_true(r->side.is_held_up);
	rs_tls_session_free(&sessions[3]);
	tick(r, 1000); /* it is made up for, without being asked again */
	turn(r);
	assert_int_equal(newest_key(r), 'b');
	assert_int_equal(r->side.domains[0].n, 1 + TLS_LOADER_OLD_DOMAINS);
	assert_false(r->side.is_held_up);
	for (uint32_t i = 0; i < TLS_LOADER_OLD_DOMAINS; i++) {
		if (i != 3)
			rs_tls_session_free(&sessions[i]);
	}
	tick(r, 1000);
	assert_int_equal(r->side.domains[0].n, 1);
	end(r);
}

/* Be it that of the keys or that of a certificate: all stays as it was, the good one too. */
static void a_bad_file_changes_nothing(void **state)
{
	struct side_rig *r = begin(2, true);
	const struct tls_domain *before = r->side.stages[0]->domain;

	(void)state;
	write_ticket_keys(r, 'b', TLS_TICKET_KEY_BYTES - 1);
	reload(r);
	assert_int_equal(newest_key(r), 'a');
	assert_ptr_equal(r->side.stages[0]->domain, before);
	assert_int_equal(r->side.domains[0].n, 1);
	write_ticket_keys(r, 'b', TLS_TICKET_KEY_BYTES);
	r->cfg.tls.pairs[0].key = cert_path;
	reload(r);
	assert_int_equal(newest_key(r), 'a');
	assert_ptr_equal(r->side.stages[0]->domain, before);
	r->cfg.tls.pairs[0].key = key_path;
	r->cfg.tls.client_ca = key_path;
	reload(r);
	assert_int_equal(newest_key(r), 'a');
	assert_ptr_equal(r->side.stages[0]->domain, before);
	r->cfg.tls.client_ca = cert_path;
	reload(r);
	assert_int_equal(newest_key(r), 'b');
	assert_ptr_not_equal(r->side.stages[0]->domain, before);
	end(r);
}

static uint32_t n_keys_ever(const struct side_rig *r)
{
	return r->side.shared->tickets.newest;
}

/* A ticket is opened for as long as it lives: keys turn at half that time, and the last few are
 * kept. */
static void ticket_keys_turn(void **state)
{
	struct side_rig *r = begin(1, false);
	uint32_t n = n_keys_ever(r);

	(void)state;
	tick(r, 3599 * SECOND_US);
	assert_int_equal(n_keys_ever(r), n);
	tick(r, SECOND_US);
	assert_int_equal(n_keys_ever(r), n + 1);
	tick(r, 3599 * SECOND_US);
	assert_int_equal(n_keys_ever(r), n + 1);
	tick(r, SECOND_US);
	assert_int_equal(n_keys_ever(r), n + 2);
	end(r);

	r = begin(1, true); /* those of a file are the operator's to turn */
	n = n_keys_ever(r);
	tick(r, 100000 * SECOND_US);
	assert_int_equal(n_keys_ever(r), n);
	end(r);
}

/* There is nothing to be read again, then. */
static void without_tls(void **state)
{
	struct side_rig *r = new_rig(0);

	(void)state;
	assert_int_equal(build(r), 0);
	assert_null(r->side.shared);
	reload(r);
	tick(r, 100000 * SECOND_US);
	end(r);
}

/* EAL has 64 MB here, which two stages need most of. What was built is taken down again. */
static void too_little_memory(void **state)
{
	struct side_rig *r = new_rig(3);

	(void)state;
	assert_int_equal(build(r), -ENOMEM);
	destroy(r);
	assert_int_equal(r->side.n, 0);
	r->topology.n_tls = 2;
	assert_int_equal(build(r), 0);
	end(r);
}

/* However often it is built. */
static void memory_is_given_back(void **state)
{
	struct rte_malloc_socket_stats before, after;

	(void)state;
	end(begin(2, true)); /* what EAL itself keeps is there then */
	assert_int_equal(rte_malloc_get_socket_stats((int)rte_socket_id(), &before), 0);
	end(begin(2, true));
	assert_int_equal(rte_malloc_get_socket_stats((int)rte_socket_id(), &after), 0);
	assert_int_equal(after.alloc_count, before.alloc_count);
}

static void no_start_with_bad_files(void **state)
{
	struct side_rig *r = new_rig(1);

	(void)state;
	assert_int_equal(rs_tls_side_check(&r->cfg), 0);
	r->cfg.ticket_keys = r->ticket_keys; /* empty */
	assert_int_equal(rs_tls_side_check(&r->cfg), -EINVAL);
	assert_int_equal(build(r), -EINVAL);
	destroy(r);
	r->cfg.ticket_keys = NULL;
	r->cfg.tls.pairs[0].key = cert_path;
	assert_int_equal(rs_tls_side_check(&r->cfg), -EINVAL);
	assert_int_equal(build(r), -EINVAL);
	destroy(r);
	r->cfg.n_https_ports = 0; /* then nobody looks at them */
	assert_int_equal(rs_tls_side_check(&r->cfg), 0);
	free(r);
}

/* Thousands of certificates may be left to read. */
static void a_signal_ends_the_start(void **state)
{
	struct side_rig *r = new_rig(1);
	sigset_t before, term;
	int number;

	(void)state;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	rs_signals_block(&before);
	raise(SIGTERM);
	assert_int_equal(rs_tls_side_check(&r->cfg), -EINTR);
	assert_int_equal(build(r), -EINTR);
	destroy(r);
	assert_int_equal(sigwait(&term, &number), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(rs_tls_side_check(&r->cfg), 0);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_joined),
		cmocka_unit_test(a_reload_waits_for_the_one_before),
		cmocka_unit_test(the_end_comes_before_it_is_taken),
		cmocka_unit_test(what_did_not_come_back),
		cmocka_unit_test(the_end_comes_while_files_are_read),
		cmocka_unit_test(a_reload_is_asked_for_while_one_is_made),
		cmocka_unit_test(sessions_of_many_reloads_hold_up_the_next),
		cmocka_unit_test(a_bad_file_changes_nothing),
		cmocka_unit_test(ticket_keys_turn),
		cmocka_unit_test(without_tls),
		cmocka_unit_test(too_little_memory),
		cmocka_unit_test(memory_is_given_back),
		cmocka_unit_test(no_start_with_bad_files),
		cmocka_unit_test(a_signal_ends_the_start),
	};

	rig_start("tls-side");
	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
