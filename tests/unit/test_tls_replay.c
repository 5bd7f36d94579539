/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register of early data; and where two cores use it at once: between any two accesses of one
 * to memory the other may do all that it does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tls/replay.h"

static void access_memory(void);

#define __atomic_load_n(from, order)     (access_memory(), __atomic_load_n(from, order))
#define __atomic_compare_exchange_n(...) (access_memory(), __atomic_compare_exchange_n(__VA_ARGS__))
#include "tls/replay.c"
#undef __atomic_load_n
#undef __atomic_compare_exchange_n

#define ID    UINT64_C(0x9e3779b97f4a7c15)
#define NOW_S 1000

static struct tls_replay shared;
static uint32_t n_left; /* accesses before the other core has its turn; 0: it has had it */
static uint64_t its_second;
static bool was_its_first;

static void access_memory(void)
{
	if (!n_left || --n_left)
		return;
	was_its_first = rs_tls_replay_first(&shared, ID, its_second);
}

/* How often one ticket is the first, when the other core comes in before the nth access. */
static uint32_t n_first(uint64_t second, uint64_t others_second, uint32_t n)
{
	uint32_t sum;

	was_its_first = false;
	its_second = others_second;
	n_left = n;
	sum = rs_tls_replay_first(&shared, ID, second);
	if (!n_left)
		return sum + was_its_first;
	n_left = 0;
	return sum + rs_tls_replay_first(&shared, ID, others_second);
}

/* Slots of other tickets, of the second that one core still remembers and the other no more. */
static void fill(uint32_t n_slots)
{
	shared = (struct tls_replay){0};
	for (uint32_t i = 0; i < n_slots; i++)
		*slot_of(&shared, ID, i) =
			((ID + ((i + UINT64_C(1)) << 16)) & ~SECONDS) | (NOW_S - TLS_REPLAY_S);
}

static void two_cores_at_once(void **state)
{
	(void)state;
	for (uint32_t n_slots = 0; n_slots <= TLS_REPLAY_PROBES; n_slots++) {
		for (uint32_t n = 1; n <= 4 * TLS_REPLAY_PROBES; n++) {
			for (int ahead = -1; ahead <= 1; ahead++) {
				fill(n_slots);
				assert_in_range(n_first(NOW_S, NOW_S + ahead, n), 0, 1);
				fill(n_slots);
				assert_in_range(n_first(NOW_S - 1, NOW_S + ahead, n), 0, 1);
			}
		}
	}
}

/* One after the other, the first is the first. */
static void one_after_the_other(void **state)
{
	(void)state;
	for (uint32_t n_slots = 0; n_slots < TLS_REPLAY_PROBES; n_slots++) {
		fill(n_slots);
		assert_true(rs_tls_replay_first(&shared, ID, NOW_S - 1));
		assert_false(rs_tls_replay_first(&shared, ID, NOW_S));
	}
	fill(TLS_REPLAY_PROBES); /* no place to remember it in */
	assert_false(rs_tls_replay_first(&shared, ID, NOW_S - 1));
	assert_true(rs_tls_replay_first(&shared, ID, NOW_S));
}

static void each_counts_once(void **state)
{
	static struct tls_replay r;
	uint32_t n_again = 0, n_first = 0;

	(void)state;
	for (uint64_t i = 1; i <= 20000; i++)
		n_first += rs_tls_replay_first(&r, i * UINT64_C(0x9e3779b97f4a7c15), 100);
	for (uint64_t i = 1; i <= 20000; i++)
		n_again += rs_tls_replay_first(&r, i * UINT64_C(0x9e3779b97f4a7c15), 110);
	assert_true(n_first > 19900); /* the others found no place, and go without */
	assert_true(n_again <= 20000 - n_first);
	/* Long after that they are forgotten, and nothing else has to be. */
	assert_true(rs_tls_replay_first(&r, UINT64_C(0x9e3779b97f4a7c15), 100 + TLS_REPLAY_S));
	assert_false(rs_tls_replay_first(&r, UINT64_C(0x9e3779b97f4a7c15), 101 + TLS_REPLAY_S));
}

/* Two cores have one second as long as it takes to read the clock: one of them may be behind. */
static void seconds_of_two_cores(void **state)
{
	static const uint64_t seconds[] = {100, 0xffff, 0x10000, 0x10001, 0x12345678};
	static struct tls_replay r;
	uint64_t id = 0;

	(void)state;
	for (uint32_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		for (uint32_t age = 0; age < TLS_REPLAY_S; age++) {
			id += UINT64_C(0x9e3779b97f4a7c15);
			assert_true(rs_tls_replay_first(&r, id, seconds[i]));
			assert_false(rs_tls_replay_first(&r, id, seconds[i] - 1));
			assert_false(rs_tls_replay_first(&r, id, seconds[i] + age));
		}
	}
	/* What would look like an empty slot goes without early data. */
	assert_false(rs_tls_replay_first(&r, 0xffff, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counts_once),
		cmocka_unit_test(seconds_of_two_cores),
		cmocka_unit_test(two_cores_at_once),
		cmocka_unit_test(one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
