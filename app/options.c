/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "options_parse.h"
#include "values.h"

/* ---- errors ---- */

int rs_option_fail(const struct option_parser *p, const char *format, ...)
{
	const struct args_setting *at = p->at;
	char where[128] = "--";
	char what[220];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (at->file)
		snprintf(where, sizeof(where), "%.100s:%u: ", at->file, at->line);
	snprintf(p->error, ARGS_ERROR_BYTES, "%s%.60s%s%.100s: %s", where, at->name,
		at->value ? " " : "", at->value ? at->value : "", what);
	return -EINVAL;
}

/* ---- kinds of values ---- */

int rs_option_number(
	struct option_parser *p, const char *value, uint64_t min, uint64_t max, uint32_t *to)
{
	uint64_t n;

	if (!rs_value_number(value, &n) || n < min || n > max)
		return rs_option_fail(
			p, "expected a number from %" PRIu64 " to %" PRIu64, min, max);
	*to = (uint32_t)n;
	return 0;
}

/* Which suffixes there are for numbers up to max, and what to say of them. */
static const char *suffixes(uint64_t max)
{
	if (max >> 30)
		return "; k, M or G may follow";
	if (max >> 20)
		return "; k or M may follow";
	return max >> 10 ? "; k may follow" : "";
}

int rs_option_bytes(
	struct option_parser *p, const char *value, uint64_t min, uint64_t max, uint32_t *to)
{
	uint64_t n;

	if (!rs_value_bytes(value, &n) || n < min || n > max)
		return rs_option_fail(p,
			"expected a number of bytes from %" PRIu64 " to %" PRIu64 "%s", min, max,
			suffixes(max));
	*to = (uint32_t)n;
	return 0;
}

int rs_option_choice(struct option_parser *p, const char *value, const char *const *words,
	uint32_t n, const char *expected, uint32_t *to)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!strcmp(value, words[i])) {
			*to = i;
			return 0;
		}
	}
	return rs_option_fail(p, "expected %s", expected);
}

int rs_option_cores(struct option_parser *p, const char *value, struct core_list *to)
{
	if (rs_value_cores(value, to))
		return 0;
	return rs_option_fail(
		p, "expected a list of at most %d lcores, each once, as in 1,3-5", CORE_LIST_MAX);
}

/* ---- cores and ports ---- */

CORES_OPTION(net_cores)
CORES_OPTION(rx_cores)
CORES_OPTION(tx_cores)

int rs_option_parse_layout(struct option_parser *p, const char *value)
{
	static const char *const words[] = {[LAYOUT_FUSED] = "fused", [LAYOUT_SPLIT] = "split"};

	return rs_option_choice(p, value, words, 2, "fused or split", &p->cfg->layout);
}

int rs_option_parse_idle(struct option_parser *p, const char *value)
{
	static const char *const words[] = {
		[IDLE_SPIN] = "spin", [IDLE_PAUSE] = "pause", [IDLE_SLEEP] = "sleep"};

	return rs_option_choice(p, value, words, 3, "spin, pause or sleep", &p->cfg->idle);
}

NUMBER_OPTION(rx_ring, number, rx_ring, 64, 32768)
NUMBER_OPTION(tx_ring, number, tx_ring, 64, 32768)
NUMBER_OPTION(mbufs, number, mbufs, 1024, 16777216)

FLAG_OPTION(no_offload, no_offload)
FLAG_OPTION(redirect_to_https, redirects.to_https)

/* ---- limits ---- */

NUMBER_OPTION(max_conns, number, max_conns, 1, 16777216)
NUMBER_OPTION(syn_backlog, number, syn_backlog, 0, 16777216)
NUMBER_OPTION(max_head, bytes, max_head_bytes, 512, HTTP_MAX_HEAD_BYTES)
NUMBER_OPTION(max_body, bytes, max_body_bytes, 0, 1 << 30)
NUMBER_OPTION(idle_timeout, number, idle_timeout_s, 1, 86400)
NUMBER_OPTION(header_timeout, number, header_timeout_s, 1, 3600)
NUMBER_OPTION(body_timeout, number, body_timeout_s, 1, 3600)
NUMBER_OPTION(write_timeout, number, write_timeout_s, 1, 3600)
NUMBER_OPTION(time_wait, number, time_wait_s, 0, 240)
NUMBER_OPTION(keepalive, number, keepalive_s, 0, 86400)
NUMBER_OPTION(drain_timeout, number, drain_timeout_s, 0, 86400)

/* ---- others ---- */

#define ACTION_OPTION(name, what)                                                                  \
	int rs_option_parse_##name(struct option_parser *p, const char *value)                     \
	{                                                                                          \
		(void)value;                                                                       \
		p->cfg->action = what;                                                             \
		return 0;                                                                          \
	}

ACTION_OPTION(check, ACTION_CHECK)
ACTION_OPTION(help, ACTION_HELP)
ACTION_OPTION(help_markdown, ACTION_HELP_MARKDOWN)
ACTION_OPTION(version, ACTION_VERSION)

/* args.c has read the file before anything takes effect. */
int rs_option_parse_config(struct option_parser *p, const char *value)
{
	(void)p;
	(void)value;
	return 0;
}

/* ---- the table ---- */

const struct option rs_options[] = {
#define GROUP(title) {.group = title},
#define OPTION(name, argument, standard, flags, parser, help)                                      \
	{name, argument, standard, flags, rs_option_##parser, help, NULL},
#include "options.def"
#undef GROUP
#undef OPTION
};

const uint32_t rs_n_options = sizeof(rs_options) / sizeof(rs_options[0]);

uint32_t rs_option_find(const char *name)
{
	uint32_t i = 0;

	while (i < rs_n_options && (!rs_options[i].name || strcmp(rs_options[i].name, name) != 0))
		i++;
	return i;
}
