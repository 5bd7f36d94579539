/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define MAX_LINE 16384

/* ---- what is kept ---- */

struct args_kept {
	struct args_kept *next;
	max_align_t bytes[];
};

void *rs_args_room(struct args *args, size_t n_bytes)
{
	struct args_kept *kept = calloc(1, sizeof(*kept) + n_bytes);

	if (!kept)
		return NULL;
	kept->next = args->kept;
	args->kept = kept;
	return kept->bytes;
}

char *rs_args_keep(struct args *args, const char *text)
{
	size_t n_bytes = strlen(text) + 1;
	char *kept;

	if (n_bytes > ARGS_MAX_TEXT_BYTES - args->n_text_bytes)
		return NULL;
	kept = rs_args_room(args, n_bytes);
	if (!kept)
		return NULL;
	args->n_text_bytes += n_bytes;
	return memcpy(kept, text, n_bytes);
}

void rs_args_free(struct args *args)
{
	while (args->kept) {
		struct args_kept *next = args->kept->next;

		free(args->kept);
		args->kept = next;
	}
	free(args->settings);
	memset(args, 0, sizeof(*args));
}

/* ---- collecting what is given ---- */

/* An earlier setting of the same option and kind of source; NULL: there is none. */
static const struct args_setting *earlier(
	const struct args *args, uint32_t option, bool is_from_file)
{
	for (uint32_t i = 0; i < args->n; i++) {
		const struct args_setting *s = &args->settings[i];

		if (s->option == option && !s->file == !is_from_file)
			return s;
	}
	return NULL;
}

static bool make_room(struct args *args)
{
	uint32_t n = args->n_room ? 2 * args->n_room : 64;
	struct args_setting *settings;

	if (args->n < args->n_room)
		return true;
	settings = realloc(args->settings, n * sizeof(settings[0]));
	if (!settings)
		return false;
	args->settings = settings;
	args->n_room = n;
	return true;
}

/* Takes one in, by name alone: values are looked at when all are there. */
static int collect(struct option_parser *p, struct args_setting s)
{
	const struct option *o;

	p->at = &s;
	s.option = rs_option_find(s.name);
	if (s.option == rs_n_options)
		return rs_option_fail(p, "unknown option; --help lists them");
	o = &rs_options[s.option];
	if (o->argument && (!s.value || !*s.value))
		return rs_option_fail(p, "expected %s", o->argument);
	if (!o->argument && s.value)
		return rs_option_fail(p, "expected no value");
	if (s.file && o->flags & COMMAND)
		return rs_option_fail(p, "only on the command line");
	if (!(o->flags & REPEATABLE) && earlier(p->args, s.option, s.file))
		return rs_option_fail(p, "given twice");
	if (!make_room(p->args))
		return rs_option_fail(p, "no memory for it");
	p->args->settings[p->args->n++] = s;
	return 0;
}

/* Cuts s at the first of the separators. Returns what is behind it, or NULL: there is none. */
static char *cut(char *s, const char *separators)
{
	s += strcspn(s, separators);
	if (!*s)
		return NULL;
	*s = 0;
	return s + 1;
}

static bool needs_value(const char *name)
{
	uint32_t option = rs_option_find(name);

	return option < rs_n_options && rs_options[option].argument;
}

static int collect_command_line(struct option_parser *p, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		struct args_setting s = {0};
		const char *arg = argv[i];
		char *name;

		if (!strcmp(arg, "-c"))
			arg = "--config";
		else if (!strcmp(arg, "-h"))
			arg = "--help";
		if (strncmp(arg, "--", 2) != 0 || !arg[2]) {
			snprintf(p->error, ARGS_ERROR_BYTES,
				"%.100s: expected an option, as in --ip ADDR/LEN", arg);
			return -EINVAL;
		}
		name = rs_args_keep(p->args, arg + 2);
		if (!name) {
			snprintf(p->error, ARGS_ERROR_BYTES,
				"expected at most %d bytes of options in all", ARGS_MAX_TEXT_BYTES);
			return -EINVAL;
		}
		s.name = name;
		s.value = cut(name, "=");
		if (!s.value && needs_value(name) && i + 1 < argc)
			s.value = argv[++i];
		if (collect(p, s))
			return -EINVAL;
	}
	return 0;
}

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((unsigned char)end[-1]))
		*--end = 0;
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* Does the # at c begin a word, but for backslashes before it? Then *mark: the first of these. */
static bool begins_word(const char *line, const char *c, const char **mark)
{
	while (c > line && c[-1] == '\\')
		c--;
	*mark = c;
	return c == line || isspace((unsigned char)c[-1]);
}

/* A # that begins a word begins a comment; \# stands for #, \\# for \#, and so on. */
static void cut_comment(char *line)
{
	const char *mark;

	for (char *c = line; *c; c++) {
		if (*c != '#' || !begins_word(line, c, &mark))
			continue;
		if (mark == c) {
			*c = 0;
			return;
		}
		memmove(c - 1, c, strlen(c) + 1);
		c--;
	}
}

/* `name value`, `name=value` or `name = value`, with or without dashes in front. */
static int collect_line(struct option_parser *p, struct args_setting s, char *line)
{
	char *value;
	bool ends_at_blank;

	p->at = &s;
	cut_comment(line);
	line = trim(line);
	if (!*line)
		return 0;
	line = rs_args_keep(p->args, line + strspn(line, "-"));
	if (!line)
		return rs_option_fail(
			p, "expected at most %d bytes of options in all", ARGS_MAX_TEXT_BYTES);
	/* After `name=`, a second = belongs to the value; after `name ` the first one does not. */
	ends_at_blank = line[strcspn(line, "= \t")] != '=';
	value = cut(line, "= \t");
	if (value) {
		value = trim(value);
		if (*value == '=' && ends_at_blank)
			value = trim(value + 1);
	}
	s.name = line;
	s.value = value;
	return collect(p, s);
}

/* A file's first line without the byte order mark that editors of other systems begin it with. */
static char *behind_mark(char *line)
{
	static const char mark[] = "\xef\xbb\xbf";

	return strncmp(line, mark, sizeof(mark) - 1) ? line : line + sizeof(mark) - 1;
}

static int collect_file(struct option_parser *p, const struct args_setting *config)
{
	struct args_setting s = {.name = "line", .file = config->value};
	char line[MAX_LINE];
	FILE *file = fopen(config->value, "r");
	int err = 0;

	p->at = config;
	if (!file)
		return rs_option_fail(p, "cannot be read: %s", strerror(errno));
	while (!err && fgets(line, sizeof(line), file)) {
		s.line++;
		if (strchr(line, '\n') || feof(file)) {
			err = collect_line(p, s, s.line == 1 ? behind_mark(line) : line);
		} else {
			p->at = &s;
			err = strlen(line) == sizeof(line) - 1
				      ? rs_option_fail(p, "longer than %d bytes", MAX_LINE - 2)
				      : rs_option_fail(p, "has a zero byte: is this a text?");
		}
	}
	if (!err && ferror(file)) {
		p->at = config;
		err = rs_option_fail(p, "cannot be read: %s", strerror(errno));
	}
	fclose(file);
	return err;
}

static int collect_files(struct option_parser *p)
{
	uint32_t config = rs_option_find("config");
	uint32_t n = p->args->n;

	for (uint32_t i = 0; i < n; i++) {
		const struct args_setting s = p->args->settings[i];

		if (s.option == config && collect_file(p, &s))
			return -EINVAL;
	}
	return 0;
}

/* ---- taking effect ---- */

/* A file's setting that the command line overrides. */
static bool is_overridden(const struct args *args, const struct args_setting *s)
{
	return s->file && !(rs_options[s->option].flags & REPEATABLE) &&
	       earlier(args, s->option, false);
}

static int apply(struct option_parser *p, uint32_t option)
{
	struct args_setting standard = {
		.option = option,
		.name = rs_options[option].name,
		.value = rs_options[option].standard,
		.is_default = true,
	};
	bool is_given = false;

	for (uint32_t i = 0; i < p->args->n; i++) {
		const struct args_setting *s = &p->args->settings[i];

		if (s->option != option || is_overridden(p->args, s))
			continue;
		is_given = true;
		p->at = s;
		if (rs_options[option].parse(p, s->value))
			return -EINVAL;
	}
	if (is_given || !standard.value)
		return 0;
	p->at = &standard;
	return rs_options[option].parse(p, standard.value);
}

/* Those that print something and end do so even where the rest makes no sense. */
static enum config_action action_of(const struct args *args)
{
	struct config cfg = {.action = ACTION_RUN};
	struct option_parser p = {.cfg = &cfg};

	for (uint32_t i = 0; i < args->n; i++) {
		const struct option *o = &rs_options[args->settings[i].option];

		if (o->flags & COMMAND && !o->argument && cfg.action <= ACTION_CHECK)
			o->parse(&p, NULL);
	}
	return cfg.action;
}

static int parse(struct option_parser *p, int argc, char **argv)
{
	struct config *cfg = p->cfg;

	if (collect_command_line(p, argc, argv))
		return -EINVAL;
	cfg->action = action_of(p->args);
	if (cfg->action > ACTION_CHECK)
		return 0;
	if (collect_files(p))
		return -EINVAL;
	for (uint32_t i = 0; i < rs_n_options; i++) {
		if (rs_options[i].parse && apply(p, i))
			return -EINVAL;
	}
	cfg->tls.n_pairs = cfg->n_certs;
	if (rs_options_check(p))
		return -EINVAL;
	if (cfg->n_addrs)
		return 0;
	snprintf(p->error, ARGS_ERROR_BYTES,
		"--ip: expected at least one, as in ringside [EAL options] -- --ip ADDR/LEN");
	return -EINVAL;
}

int rs_args_parse(
	struct args *args, struct config *cfg, int argc, char **argv, char error[ARGS_ERROR_BYTES])
{
	struct option_parser p = {.args = args, .cfg = cfg, .error = error};

	memset(args, 0, sizeof(*args));
	memset(cfg, 0, sizeof(*cfg));
	if (parse(&p, argc, argv) == 0)
		return 0;
	for (char *c = error; *c; c++) { /* it quotes: still one line, and nothing for terminals */
		if (iscntrl((unsigned char)*c))
			*c = '?';
	}
	return -EINVAL;
}

int rs_args_start(int argc, char **argv)
{
	static const char *const alone[] = {
		"--help", "-h", "--help-markdown", "--version", "--check"};

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			return i + 1;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(alone) / sizeof(alone[0]); i++) {
		if (!strcmp(argv[1], alone[i]))
			return 1;
	}
	return argc;
}

static bool is_ours(const char *word)
{
	char name[64];
	size_t n = strcspn(word, "=");

	if (strncmp(word, "--", 2) != 0 || n >= sizeof(name))
		return false;
	memcpy(name, word, n);
	name[n] = '\0';
	return strcmp(name, "--help") != 0 && strcmp(name, "--version") != 0 &&
	       rs_option_find(name + 2) < rs_n_options;
}

const char *rs_args_misplaced(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (is_ours(argv[i]))
			return argv[i];
	}
	return NULL;
}

/* As a line of a file. */
static void print_setting(FILE *to, const struct option *o, const char *value)
{
	const char *mark;

	fprintf(to, "%s%s", o->name, !value ? "" : *value == '=' ? " = " : " ");
	for (const char *c = value; c && *c; c++) {
		if (*c == '#' && begins_word(value, c, &mark))
			fputc('\\', to);
		fputc(*c, to);
	}
	fputc('\n', to);
}

void rs_args_print(const struct args *args, FILE *to)
{
	for (uint32_t i = 0; i < rs_n_options; i++) {
		const struct option *o = &rs_options[i];
		bool is_given = false;

		if (!o->name || o->flags & COMMAND)
			continue;
		for (uint32_t k = 0; k < args->n; k++) {
			const struct args_setting *s = &args->settings[k];

			if (s->option != i || is_overridden(args, s))
				continue;
			print_setting(to, o, s->value);
			is_given = true;
		}
		if (!is_given && o->standard)
			print_setting(to, o, o->standard);
	}
}
