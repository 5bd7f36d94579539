/* SPDX-License-Identifier: BSD-2-Clause */
/* The groups of cases; each ends with an entry without a name. */
#ifndef RS_TESTS_TCP_CASES_H
#define RS_TESTS_TCP_CASES_H

#include "harness.h"

extern const struct tcp_case passive_cases[], active_cases[], cookie_cases[];
extern const struct tcp_case receive_cases[], send_cases[], window_cases[];
extern const struct tcp_case loss_cases[], rto_cases[], sack_cases[], tail_cases[], timer_cases[];
extern const struct tcp_case grow_cases[], reorder_cases[], prr_cases[];
extern const struct tcp_case close_cases[], time_wait_cases[];
extern const struct tcp_case stamp_cases[], attack_cases[], limit_cases[];
extern const struct tcp_case ecn_cases[];
extern const struct tcp_case state_cases[];

#endif
