/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/core.h"

#include <time.h>

#include <sys/prctl.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "io/poller.h"

#define IDLE_TURNS_BEFORE_SLEEP 256
#define MAX_PAUSES              64
#define MIN_SLEEP_US            20
#define MAX_SLEEP_US            100

/*
 * µs = tsc × us_per_tsc / 2^64. Written once before any other core runs, and the only global here:
 * all cores have one clock.
 */
static uint64_t us_per_tsc;

void rs_core_clock_init(void)
{
	us_per_tsc = (uint64_t)(((__uint128_t)1000000 << 64) / rte_get_tsc_hz());
}

static uint64_t to_us(uint64_t tsc)
{
	return (uint64_t)((__uint128_t)tsc * us_per_tsc >> 64);
}

uint64_t rs_core_now_us(void)
{
	return to_us(rte_rdtsc());
}

void rs_core_times(const struct core *core, uint64_t *busy_us, uint64_t *idle_us)
{
	*busy_us = to_us(__atomic_load_n(&core->busy_tsc, __ATOMIC_RELAXED));
	*idle_us = to_us(__atomic_load_n(&core->idle_tsc, __ATOMIC_RELAXED));
}

/* How long a core may sleep without being late for a deadline of one of its stages. */
static uint64_t sleep_us(const struct core *core, uint64_t now_us, uint64_t wanted_us)
{
	for (uint32_t i = 0; i < core->n_stages; i++) {
		const struct stage *s = &core->stages[i];
		uint64_t due = s->deadline_us ? s->deadline_us(s->self) : UINT64_MAX;

		if (due <= now_us)
			return 0;
		if (due - now_us < wanted_us)
			wanted_us = due - now_us;
	}
	return wanted_us;
}

static void rest(const struct core *core, uint32_t n_idle, uint64_t now_us)
{
	uint64_t us;

	if (core->idle == IDLE_SPIN)
		return;
	for (uint32_t i = 0; i < n_idle && i < MAX_PAUSES; i++)
		rte_pause();
	if (core->idle == IDLE_PAUSE || n_idle < IDLE_TURNS_BEFORE_SLEEP)
		return;
	us = n_idle < 4 * IDLE_TURNS_BEFORE_SLEEP ? MIN_SLEEP_US : MAX_SLEEP_US;
	us = sleep_us(core, now_us, us);
	if (us) {
		struct timespec ts = {.tv_nsec = (long)us * 1000};

		nanosleep(&ts, NULL);
	}
}

int rs_core_run(void *arg)
{
	struct core *core = arg;
	int poller = rs_io_poller_enter(&core->n_turns);
	uint64_t before = rte_rdtsc();
	uint32_t n_idle = 0;

	if (core->idle == IDLE_SLEEP) /* the kernel's default rounds short sleeps up by 50 µs */
		prctl(PR_SET_TIMERSLACK, 1000ul);
	while (!__atomic_load_n(core->stop, __ATOMIC_RELAXED)) {
		uint64_t tsc = rte_rdtsc();
		uint64_t now_us = to_us(tsc);
		uint32_t n_done = 0;

		if (n_idle)
			core->idle_tsc += tsc - before;
		else
			core->busy_tsc += tsc - before;
		before = tsc;
		for (uint32_t i = 0; i < core->n_stages; i++)
			n_done += core->stages[i].turn(core->stages[i].self, now_us);
		rs_io_poller_turn(&core->n_turns);
		if (n_done) {
			n_idle = 0;
		} else if (n_idle < UINT32_MAX) {
			rest(core, ++n_idle, now_us);
		}
	}
	for (uint32_t i = 0; i < core->n_stages; i++) {
		if (core->stages[i].leave)
			core->stages[i].leave(core->stages[i].self);
	}
	rs_io_poller_leave(poller);
	return 0;
}
