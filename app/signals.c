/* SPDX-License-Identifier: BSD-2-Clause */
#include "signals.h"

#include <stddef.h>

void rs_signals_fill(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
}

void rs_signals_block(sigset_t *was)
{
	sigset_t set;

	rs_signals_fill(&set);
	pthread_sigmask(SIG_BLOCK, &set, was);
}

bool rs_signals_is_end_pending(void *ctx)
{
	sigset_t pending;

	(void)ctx;
	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM));
}
