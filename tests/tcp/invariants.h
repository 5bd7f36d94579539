/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold of a struct tcp between any two calls, whatever the peer and the application did.
 * Shared by the TCP cases, netsim and the fuzz target.
 */
#ifndef RS_TESTS_TCP_INVARIANTS_H
#define RS_TESTS_TCP_INVARIANTS_H

#include "tcp/tcp.h"

/* The first rule that is broken, in words; NULL when all is well. Between turns: after a flush. */
const char *tcp_broken_rule(const struct tcp *t);

/* The same for one connection. */
const char *tcp_broken_conn_rule(const struct tcp *t, const struct tcp_conn *c);

/* What is left over when it should all be gone; NULL: nothing. */
const char *tcp_left_over(const struct tcp *t);

#endif
