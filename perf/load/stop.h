/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIGINT and SIGTERM: a wish to come to the end, not the end. A second one kills, should the first
 * have no effect. Main core. Includes libc only.
 */
#ifndef RS_LOAD_STOP_H
#define RS_LOAD_STOP_H

#include <stdbool.h>

void rs_load_stop_init(void);

/* Did one of them come? */
bool rs_load_stop_asked(void);

#endif
