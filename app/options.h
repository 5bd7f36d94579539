/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of options.def as data, and how each takes effect on a configuration. For args.c, which
 * finds out what is given, and args_help.c, which prints the table. Control core only. Includes
 * what struct config does.
 */
#ifndef RS_APP_OPTIONS_H
#define RS_APP_OPTIONS_H

#include "args.h"
#include "config.h"

/* What an option takes effect on. */
struct option_parser {
	struct args *args;
	struct config *cfg;
	char *error;                   /* ARGS_ERROR_BYTES */
	const struct args_setting *at; /* the one being looked at */
};

enum option_flag {
	REPEATABLE = 1,
	COMMAND = 2, /* on the command line only */
};

struct option {
	const char *name;
	const char *argument; /* what its value is called; NULL: it has none */
	const char *standard; /* its default, as it would be given; NULL: none, or help tells */
	uint32_t flags;
	int (*parse)(struct option_parser *p, const char *value); /* 0, or -EINVAL and an error */
	const char *help;
	const char *group; /* set: this is the title of those that follow, and nothing else */
};

extern const struct option rs_options[];
extern const uint32_t rs_n_options;

/* The number of the option; rs_n_options: there is none of this name. */
uint32_t rs_option_find(const char *name);

/*
 * Writes "--name value: …" to p->error, or "FILE:LINE: name value: …" where p->at came from a file.
 * Returns -EINVAL.
 */
__attribute__((format(printf, 2, 3))) int rs_option_fail(
	const struct option_parser *p, const char *format, ...);

/* Do options fit together that took effect one by one? 0, or -EINVAL with words in p->error. */
int rs_options_check(struct option_parser *p);

/* What is valid, but hardly meant, in words for the operator; NULL: nothing. */
const char *rs_options_warning(const struct config *cfg);

#endif
