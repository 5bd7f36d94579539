/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: `ringside [EAL options] -- [options]`, parsed before EAL starts. Every mistake
 * is one line that names the option, its value, and what was expected. Control core only.
 */
#ifndef RS_APP_ARGS_H
#define RS_APP_ARGS_H

#include <stdio.h>

#include "config.h"

#define ARGS_ERROR_BYTES 512

/*
 * Where our options begin in argv: behind "--", or at 1 where there is none and the first argument
 * is one of ours that needs no EAL (--help, --version, --check, …); argc: there are none.
 */
int rs_args_start(int argc, char **argv);

/*
 * argv[0, argc): our options alone. Fills *cfg with defaults and what they say, and checks it as
 * a whole. 0, or -EINVAL with one line in error.
 */
int rs_args_parse(struct config *cfg, int argc, char **argv, char error[ARGS_ERROR_BYTES]);

void rs_args_print_help(FILE *to);
void rs_args_print_markdown(FILE *to);

/* EAL's lcores as far as its arguments tell (-l, --lcores without @, -c): for --check, which does
 * not start EAL. Without any of them: the CPUs that this process may use. */
void rs_args_eal_lcores(int argc, char **argv, struct core_list *lcores, uint16_t *main_lcore);

#endif
