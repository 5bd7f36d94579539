/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover CORE CORE: how long one core takes to see what the other has written, in ns: the mean of
 * a cache line that goes to and fro. On a virtual machine it depends on where the host has put the
 * two at that moment, and with it the speed of everything that they share, memif's rings first.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define N_TRIPS 200000u

/* Even: the line is with the caller. Odd: with the answerer. */
static _Alignas(128) atomic_uint line;

static int pin(const char *core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(strtoul(core, NULL, 10), &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static void pass(unsigned int turn)
{
	while (atomic_load_explicit(&line, memory_order_acquire) != turn)
		;
	atomic_store_explicit(&line, turn + 1, memory_order_release);
}

static void *answer(void *core)
{
	if (pin(core) < 0)
		exit(1);
	for (unsigned int i = 0; i < N_TRIPS; i++)
		pass(2 * i + 1);
	return NULL;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int argc, char **argv)
{
	pthread_t answerer;
	int64_t begin;

	if (argc != 3) {
		fprintf(stderr, "usage: handover CORE CORE\n");
		return 2;
	}
	if (pin(argv[1]) < 0 || pthread_create(&answerer, NULL, answer, argv[2]) != 0)
		return 1;
	pass(0);
	pass(2); /* from here on both are there */
	begin = now_ns();
	for (unsigned int i = 2; i < N_TRIPS; i++)
		pass(2 * i);
	pthread_join(answerer, NULL);
	printf("%.1f\n", (double)(now_ns() - begin) / (2.0 * (N_TRIPS - 2)));
	return 0;
}
