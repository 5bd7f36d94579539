/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parsers of options.def, one a kind of value or one an option, and what they have in common.
 * Private to the files named options*.c: options_network.c, options_content.c and options_tls.c
 * have the groups of these names, options.c the others and the table. Control core only. Includes
 * what struct config does.
 */
#ifndef RS_APP_OPTIONS_PARSE_H
#define RS_APP_OPTIONS_PARSE_H

#include "options.h"

#define GROUP(title)
#define OPTION(name, argument, standard, flags, parser, help)                                      \
	int rs_option_##parser(struct option_parser *p, const char *value);
#include "options.def"
#undef GROUP
#undef OPTION

/* ---- kinds of values: each writes to *to, or says what was expected and returns -EINVAL ---- */

int rs_option_number(
	struct option_parser *p, const char *value, uint64_t min, uint64_t max, uint32_t *to);
int rs_option_bytes(
	struct option_parser *p, const char *value, uint64_t min, uint64_t max, uint32_t *to);

/* Which of n words. */
int rs_option_choice(struct option_parser *p, const char *value, const char *const *words,
	uint32_t n, const char *expected, uint32_t *to);

int rs_option_cores(struct option_parser *p, const char *value, struct core_list *to);

/* ---- options that are one value and nothing else ---- */

/* kind: number or bytes. */
#define NUMBER_OPTION(name, kind, field, min, max)                                                 \
	int rs_option_parse_##name(struct option_parser *p, const char *value)                     \
	{                                                                                          \
		return rs_option_##kind(p, value, min, max, &p->cfg->field);                       \
	}

#define CORES_OPTION(name)                                                                         \
	int rs_option_parse_##name(struct option_parser *p, const char *value)                     \
	{                                                                                          \
		return rs_option_cores(p, value, &p->cfg->name);                                   \
	}

#define FLAG_OPTION(name, field)                                                                   \
	int rs_option_parse_##name(struct option_parser *p, const char *value)                     \
	{                                                                                          \
		(void)value;                                                                       \
		p->cfg->field = true;                                                              \
		return 0;                                                                          \
	}

#define TEXT_OPTION(name, field)                                                                   \
	int rs_option_parse_##name(struct option_parser *p, const char *value)                     \
	{                                                                                          \
		p->cfg->field = value;                                                             \
		return 0;                                                                          \
	}

#endif
