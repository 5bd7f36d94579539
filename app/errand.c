/* SPDX-License-Identifier: BSD-2-Clause */
#include "errand.h"

static void *thread(void *arg)
{
	struct errand *errand = arg;

	errand->run(errand->ctx);
	__atomic_store_n(&errand->has_ended, true, __ATOMIC_RELEASE);
	return NULL;
}

int rs_errand_start(struct errand *errand, void (*run)(void *ctx), void *ctx)
{
	int err;

	errand->run = run;
	errand->ctx = ctx;
	errand->has_ended = false;
	err = pthread_create(&errand->thread, NULL, thread, errand);
	errand->is_out = !err;
	return -err;
}

static void join(struct errand *errand)
{
	pthread_join(errand->thread, NULL);
	errand->is_out = false;
}

bool rs_errand_is_out(struct errand *errand)
{
	if (errand->is_out && __atomic_load_n(&errand->has_ended, __ATOMIC_ACQUIRE))
		join(errand);
	return errand->is_out;
}

void rs_errand_call_off(struct errand *errand)
{
	__atomic_store_n(&errand->is_called_off, true, __ATOMIC_RELAXED);
	if (errand->is_out)
		join(errand);
}
