/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients that read slowly, where replies come from another core: 4096 bytes in 30 s, or all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/watch.h"
#include "http_rig.h"

#define TIME_US UINT64_C(30000000)

static void open_watched(struct rig *rig)
{
	rig_open(rig, 4, 1);
	rs_http_watch_begin(&rig->hc);
}

static void relay(struct rig *rig, uint32_t n)
{
	static const uint8_t bytes[65536];

	assert_true(rs_sendq_push(&rig->out, bytes, n, 0));
	rs_http_watch(&rig->env, &rig->hc, &rig->out, n, false);
}

static void take(struct rig *rig, uint32_t n)
{
	rs_sendq_ack(&rig->out, n, &rig->chunks);
	rs_http_watch(&rig->env, &rig->hc, &rig->out, 0, false);
}

static void lack(struct rig *rig, bool lacks_room)
{
	rs_http_watch(&rig->env, &rig->hc, &rig->out, 0, lacks_room);
}

static void assert_deadline_in(const struct rig *rig, uint64_t us)
{
	assert_int_equal(rig->hc.deadline_us, rig->env.now_us + us);
}

static void wait_for_deadline(struct rig *rig)
{
	rig->env.now_us = rig->hc.deadline_us - 1;
	rs_http_watch_deadline(&rig->env, &rig->hc, &rig->out);
	assert_false(rig->hc.abort);
	rig->env.now_us++;
	rs_http_watch_deadline(&rig->env, &rig->hc, &rig->out);
}

static void who_takes_enough_is_let_alone(void **state)
{
	static struct rig rig;

	(void)state;
	open_watched(&rig);
	lack(&rig, false);
	assert_int_equal(rig.hc.deadline_us, 0);
	relay(&rig, 10000);
	for (int i = 0; i < 5; i++) {
		assert_deadline_in(&rig, TIME_US);
		take(&rig, 4095);
		if (i % 2) /* what comes meanwhile makes no difference */
			relay(&rig, 8192);
		rig.env.now_us += TIME_US / 3;
		take(&rig, 1);
		assert_deadline_in(&rig, TIME_US - TIME_US / 3);
		wait_for_deadline(&rig);
		assert_false(rig.hc.abort);
	}
	take(&rig, 4095);
	wait_for_deadline(&rig);
	assert_true(rig.hc.abort);
	assert_int_equal(rig.counters[HTTP_C_WRITE_TIMEOUT], 1);
	rig_close(&rig);
}

static void who_takes_all_is_let_alone(void **state)
{
	static struct rig rig;

	(void)state;
	open_watched(&rig);
	relay(&rig, 100);
	take(&rig, 100);
	assert_int_equal(rig.hc.deadline_us, 0);
	rig.env.now_us += 10 * TIME_US;
	relay(&rig, 100);
	assert_deadline_in(&rig, TIME_US);
	wait_for_deadline(&rig);
	assert_true(rig.hc.abort);
	rig_close(&rig);
}

/* Who takes 4 GiB and a little in that time has taken enough, as any number shows. */
static void who_takes_very_much_is_let_alone(void **state)
{
	static struct rig rig;
	uint64_t left = (UINT64_C(1) << 32) + 100;

	(void)state;
	open_watched(&rig);
	relay(&rig, 1);
	for (uint32_t n; left; left -= n) {
		n = (uint32_t)rs_min_u64(left, 65536);
		relay(&rig, n);
		take(&rig, n);
	}
	wait_for_deadline(&rig);
	assert_false(rig.hc.abort);
	rig_close(&rig);
}

/* Nothing is queued, for want of a chunk: that is waited for as long as for a reader. */
static void who_gets_nothing_waits_no_longer(void **state)
{
	static struct rig rig;

	(void)state;
	open_watched(&rig);
	lack(&rig, true);
	assert_deadline_in(&rig, TIME_US);
	rig.env.now_us += TIME_US / 3;
	lack(&rig, true);
	assert_deadline_in(&rig, TIME_US - TIME_US / 3);
	lack(&rig, false);
	assert_int_equal(rig.hc.deadline_us, 0);
	lack(&rig, true);
	assert_deadline_in(&rig, TIME_US);
	wait_for_deadline(&rig);
	assert_true(rig.hc.abort);
	assert_int_equal(rig.counters[HTTP_C_REPLY_TIMEOUT], 1);
	rig_close(&rig);
}

/* The other half: who makes the replies is told which of its deadlines is not for it. */
static void who_makes_replies_knows_that_clock(void **state)
{
	static struct rig rig;

	(void)state;
	rig_open(&rig, 4, 1);
	assert_false(rs_http_waits_for_reader(&rig.hc));
	rig_feed(&rig, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
	assert_true(rs_http_waits_for_reader(&rig.hc));
	rig_drain(&rig);
	assert_false(rs_http_waits_for_reader(&rig.hc));
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_takes_enough_is_let_alone),
		cmocka_unit_test(who_takes_all_is_let_alone),
		cmocka_unit_test(who_takes_very_much_is_let_alone),
		cmocka_unit_test(who_gets_nothing_waits_no_longer),
		cmocka_unit_test(who_makes_replies_knows_that_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
