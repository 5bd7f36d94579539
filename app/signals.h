/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signals that the control core handles: blocked from the first line of main() on, so that one
 * that comes before it reads them waits, and does not end the process. Includes libc only.
 */
#ifndef RS_APP_SIGNALS_H
#define RS_APP_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* SIGINT and SIGTERM, SIGHUP, SIGUSR1. */
void rs_signals_fill(sigset_t *set);

/* In this thread and all that it starts. What was blocked before goes to was. */
void rs_signals_block(sigset_t *was);

/* Has a signal come that asks for the end? Nobody has read it yet. ctx is not used. */
bool rs_signals_is_end_pending(void *ctx);

#endif
