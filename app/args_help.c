/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "options.h"

#define LEFT_COLUMNS 29
#define HELP_COLUMNS 66

/* text, broken into lines, those after the first indented as far as the first begins. */
static void print_wrapped(FILE *to, const char *text)
{
	int column = 0;

	while (*text) {
		int word = (int)strcspn(text, " ");

		if (column && column + 1 + word > HELP_COLUMNS) {
			fprintf(to, "\n%*s", LEFT_COLUMNS, "");
			column = 0;
		}
		column += fprintf(to, "%s%.*s", column ? " " : "", word, text);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

/* The longest description: what is longer does not compile, where it would be cut off in
 * docs/cli.md. */
#define DESCRIBED_BYTES 768
#define BESIDE_BYTES    48 /* "Repeatable.", and the default */

#define GROUP(title)
#define OPTION(name, argument, standard, flags, parser, help)                                      \
	_Static_assert(sizeof(help) + BESIDE_BYTES <= DESCRIBED_BYTES, "--" name " is described");
#include "options.def"
#undef GROUP
#undef OPTION

/* The help text, and what the table says beside it. */
static void describe(const struct option *o, char *text, size_t n_bytes)
{
	snprintf(text, n_bytes, "%s%s%s%s%s", o->help, o->flags & REPEATABLE ? " Repeatable." : "",
		o->standard ? " Default: " : "", o->standard ? o->standard : "",
		o->standard ? "." : "");
}

void rs_args_print_help(FILE *to)
{
	fputs("ringside: a kernel-bypass HTTP edge appliance\n\n"
	      "usage: ringside [EAL options] -- [options]\n"
	      "       ringside --help | --version | --check [options]\n\n"
	      "EAL options choose lcores (-l), memory (-m, --no-huge) and ports (-a, --vdev): see\n"
	      "DPDK's documentation, and drivers-config/ for a command line for each kind of "
	      "port.\n",
		to);
	for (uint32_t i = 0; i < rs_n_options; i++) {
		const struct option *o = &rs_options[i];
		char left[64], text[DESCRIBED_BYTES];

		if (o->group) {
			fprintf(to, "\n%s\n", o->group);
			continue;
		}
		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->argument ? " " : "",
			o->argument ? o->argument : "");
		fprintf(to, "  %-*s ", LEFT_COLUMNS - 3, left);
		if (strlen(left) > LEFT_COLUMNS - 3)
			fprintf(to, "\n%*s", LEFT_COLUMNS, "");
		describe(o, text, sizeof(text));
		print_wrapped(to, text);
	}
}

/* In a cell of a table a bar has to be escaped, even within backquotes, where a star must not be.
 */
static void print_escaped(FILE *to, const char *text, const char *marks)
{
	for (; *text; text++)
		fprintf(to, "%s%c", strchr(marks, *text) ? "\\" : "", *text);
}

void rs_args_print_markdown(FILE *to)
{
	fputs("# Command line\n\n"
	      "<!-- Made of app/options.def: ringside --help-markdown > docs/cli.md -->\n\n"
	      "`ringside [EAL options] -- [options]`\n\n"
	      "EAL options choose lcores (`-l`), memory (`-m`, `--no-huge`) and ports (`-a`, "
	      "`--vdev`).\n"
	      "`--help`, `--version` and `--check` start nothing and need neither root nor "
	      "hugepages;\n"
	      "where one of them comes first, nothing needs to stand before it, not even `--`.\n\n"
	      "A file (`-c FILE`) has the same options, one a line, without the dashes: "
	      "`name value` or\n"
	      "`name=value`, `#` for comments (where one begins a word of a value, write `\\#`). "
	      "The order of\n"
	      "options means nothing, but among those of one name. One that is on the command line "
	      "counts instead of the same "
	      "one in a file,\n"
	      "unless it is repeatable: then both count.\n"
	      "`--check` prints the options as a file could have them.\n\n"
	      "A mistake is one line on stderr that names the option, its value and what was "
	      "expected, and exit\n"
	      "status 2. Any other failure, at the start or later, is exit status 1; so is a file "
	      "that an\noption names and that cannot be read, or is not what it should be.\n\n"
	      "## Signals\n\n"
	      "| signal | meaning |\n| --- | --- |\n"
	      "| TERM, INT | Drain: no new connections, running requests finish, then end with "
	      "status 0. The second one ends at once. |\n"
	      "| USR1 | Print all counters that are not zero. |\n"
	      "| HUP | Certificates, ticket keys and sites are read again, and the access log is "
	      "opened anew; running connections keep what they have, and what is bad leaves the "
	      "old in use. |\n",
		to);
	for (uint32_t i = 0; i < rs_n_options; i++) {
		const struct option *o = &rs_options[i];
		char text[DESCRIBED_BYTES];

		if (o->group) {
			fprintf(to, "\n## %s\n\n| option | meaning |\n| --- | --- |\n", o->group);
			continue;
		}
		fprintf(to, "| `--%s%s", o->name, o->argument ? " " : "");
		print_escaped(to, o->argument ? o->argument : "", "|");
		describe(o, text, sizeof(text));
		fputs("` | ", to);
		print_escaped(to, text, "|*");
		fputs(" |\n", to);
	}
}
