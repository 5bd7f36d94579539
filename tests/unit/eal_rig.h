/* SPDX-License-Identifier: BSD-2-Clause */
/* EAL for tests: without hugepages, devices, or files that would outlive the process. */
#ifndef RS_TESTS_EAL_RIG_H
#define RS_TESTS_EAL_RIG_H

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_eal.h>

#include "base/bytes.h"
#include "builtin.h"
#include "rig_check.h"

/* Once in a process; name: of the program. */
static inline void rig_start(const char *name)
{
	char prefix[32]; /* so that several can run at once */
	char *eal[] = {"test", "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf",
		"--file-prefix", prefix, "-m", "64", "-l", "0", "--log-level", "error"};
	bool is_up;

	snprintf(prefix, sizeof(prefix), "%s-%d", name, (int)getpid());
	is_up = rte_eal_init((int)RS_ARRAY_SIZE(eal), eal) >= 0;
	/* Without shared configuration it stays empty. Not at exit: a test may be killed before. */
	rmdir(rte_eal_get_runtime_dir());
	RIG_CHECK(is_up);
	rs_builtin_init();
}

#endif
