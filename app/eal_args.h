/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What EAL's own arguments say, read before EAL starts: only which lcores they name.
 * Control core only. Includes libc only.
 */
#ifndef RS_APP_EAL_ARGS_H
#define RS_APP_EAL_ARGS_H

#include "topology.h"

/*
 * The lcores that EAL will have, by -l, -c or --lcores in argv[1, argc); without any of them, the
 * CPUs that this process may use. 0, or -ENOTSUP where this cannot be told from here (--lcores
 * with @, -s, more than CORE_LIST_MAX).
 */
int rs_eal_args_lcores(int argc, char **argv, struct core_list *lcores, uint16_t *main_lcore);

/* The first of these lcores that there is no CPU for on this machine, or -1. */
int rs_eal_args_missing_cpu(const struct core_list *lcores);

#endif
