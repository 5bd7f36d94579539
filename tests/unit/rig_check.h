/* SPDX-License-Identifier: BSD-2-Clause */
/* A fault that a rig itself finds ends the process: in a test, under a fuzzer and in perf/ alike.
 */
#ifndef RS_TESTS_RIG_CHECK_H
#define RS_TESTS_RIG_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define RIG_CHECK(condition)                                                                       \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
