/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: `ringside [EAL options] -- [options]`, parsed before EAL starts. Every mistake
 * is one line that names the option, its value, and what was expected. Control core only.
 *
 * What is given is collected first, from the command line and from files, and takes effect then, in
 * the order of options.def: the order in which options are given means nothing. An option that is
 * on the command line and in a file is the command line's, unless it is repeatable. Includes what
 * struct config does.
 */
#ifndef RS_APP_ARGS_H
#define RS_APP_ARGS_H

#include <stdio.h>

#include "config.h"

#define ARGS_ERROR_BYTES    512
#define ARGS_MAX_TEXT_BYTES (16 << 20) /* of all that is kept: so many options there may be */

/* One option as given. Its texts are argv's, the table's, or in struct args. */
struct args_setting {
	uint32_t option; /* its number in options.def */
	const char *name;
	const char *value; /* NULL: it has none */
	const char *file;  /* NULL: the command line */
	uint32_t line;
	bool is_default; /* nobody gave it */
};

struct args {
	uint32_t n;
	uint32_t n_room;               /* of settings */
	struct args_setting *settings; /* they move when one comes to it */
	size_t n_text_bytes;
	struct args_kept *kept; /* texts and more, the last first */
};

/*
 * Where our options begin in argv: behind "--", or at 1 where there is none and the first argument
 * is one of ours that needs no EAL (--help, --version, --check); argc: there are none.
 */
int rs_args_start(int argc, char **argv);

/* Of argv[1, argc), which are EAL's, the first that is one of our long options; NULL: none is.
 * --help and --version are EAL's, too. */
const char *rs_args_misplaced(int argc, char **argv);

/*
 * argv[0, argc): our options alone. Fills *cfg with what they say, defaults for the rest, and
 * checks it as a whole. 0, or -EINVAL with one line in error. *args keeps what was given; it points
 * into argv, and *cfg into both. What *args had before is not freed.
 */
int rs_args_parse(
	struct args *args, struct config *cfg, int argc, char **argv, char error[ARGS_ERROR_BYTES]);

/* Frees all that is kept, after which *cfg must not be used; also after -EINVAL. */
void rs_args_free(struct args *args);

/* A copy of text that args keeps; NULL: there is no room for it. For parsers of options. */
char *rs_args_keep(struct args *args, const char *text);

/* So many zeros, for anything, that args keeps; NULL: no memory. For parsers of options. */
void *rs_args_room(struct args *args, size_t n_bytes);

/* After a parse that succeeded: what is given and what is default, as -c FILE could read it. */
void rs_args_print(const struct args *args, FILE *to);

void rs_args_print_help(FILE *to);
void rs_args_print_markdown(FILE *to);

#endif
