/* SPDX-License-Identifier: BSD-2-Clause */
/* What files of cases include. */
#ifndef RS_TESTS_TCP_RIG_TESTS_H
#define RS_TESTS_TCP_RIG_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define CASE(function)                                                                             \
	{                                                                                          \
#function, function                                                                \
	}

#endif
