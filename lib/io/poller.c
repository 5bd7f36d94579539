/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/poller.h"

#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include <linux/membarrier.h>
#include <sys/syscall.h>

#define MAX_POLLERS 128
#define LOOK_US     20

/* Process-wide, as the set of threads is. */
static const uint64_t *pollers[MAX_POLLERS];

int rs_io_poller_enter(const uint64_t *n_turns)
{
	for (int i = 0; i < MAX_POLLERS; i++) {
		const uint64_t *none = NULL;

		if (__atomic_compare_exchange_n(
			    &pollers[i], &none, n_turns, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return i;
	}
	return -1;
}

void rs_io_poller_leave(int handle)
{
	if (handle >= 0)
		__atomic_store_n(&pollers[handle], NULL, __ATOMIC_RELEASE);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/*
 * Every running thread executes a full barrier before this returns, so that pollers need none: a
 * load of theirs that comes later sees what we wrote, and what they wrote earlier is seen by us.
 */
static void barrier_everywhere(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 &&
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0)
		return;
	/* A kernel without it: store buffers drain in far less than this. */
	usleep(10000);
}

bool rs_io_pollers_wait(uint64_t timeout_us)
{
	uint64_t deadline_us = now_us() + timeout_us;
	uint64_t seen[MAX_POLLERS];
	const uint64_t *who[MAX_POLLERS];

	barrier_everywhere();
	for (int i = 0; i < MAX_POLLERS; i++) {
		who[i] = __atomic_load_n(&pollers[i], __ATOMIC_ACQUIRE);
		if (who[i])
			seen[i] = __atomic_load_n(who[i], __ATOMIC_ACQUIRE);
	}
	for (int i = 0; i < MAX_POLLERS; i++) {
		while (who[i] && __atomic_load_n(&pollers[i], __ATOMIC_ACQUIRE) == who[i] &&
			__atomic_load_n(who[i], __ATOMIC_ACQUIRE) == seen[i]) {
			if (now_us() >= deadline_us)
				return false;
			usleep(LOOK_US);
		}
	}
	return true;
}
