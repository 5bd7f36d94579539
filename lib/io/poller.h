/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which threads call drivers' burst functions, and how another thread waits until none of them is
 * still inside a call that began earlier (a grace period). Costs a poller nothing: its own counter
 * of turns is all that is read, and the waiter pays for the memory barriers of everybody.
 *
 * Includes libc only.
 */
#ifndef RS_IO_POLLER_H
#define RS_IO_POLLER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The calling thread polls from now on. *n_turns: written by it alone, with
 * rs_io_poller_turn(), and readable until rs_io_poller_leave(). Returns a handle for that, or -1
 * when too many poll already (then waits do not cover the thread).
 */
int rs_io_poller_enter(const uint64_t *n_turns);
void rs_io_poller_leave(int handle);

/* Between two turns: no burst is under way. */
static inline void rs_io_poller_turn(uint64_t *n_turns)
{
	__atomic_store_n(n_turns, *n_turns + 1, __ATOMIC_RELEASE);
}

/*
 * Waits until every poller has ended the turn that it is in now: what was written before this call
 * is seen by all bursts that come after it. False when that took longer than timeout_us. Not to be
 * called by a poller.
 */
bool rs_io_pollers_wait(uint64_t timeout_us);

#endif
