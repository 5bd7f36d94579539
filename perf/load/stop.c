/* SPDX-License-Identifier: BSD-2-Clause */
#include "stop.h"

#include <signal.h>

#include "base/bytes.h"

static volatile sig_atomic_t asked;

static void on_signal(int number)
{
	(void)number;
	asked = 1;
}

void rs_load_stop_init(void)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	for (unsigned i = 0; i < RS_ARRAY_SIZE(numbers); i++)
		sigaction(numbers[i], &action, NULL);
}

bool rs_load_stop_asked(void)
{
	return asked;
}
