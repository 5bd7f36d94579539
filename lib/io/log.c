/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

void rs_log(const char *format, ...)
{
	char line[5120]; /* the longest path, and words about it */
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	rs_log_line(line);
}

void rs_log_line(const char *text)
{
	char line[5120];
	size_t n = 0;

	for (; text[n] && n < sizeof(line) - 1; n++)
		line[n] = iscntrl((unsigned char)text[n]) ? '?' : text[n];
	line[n] = 0;
	fprintf(stderr, "ringside: %s\n", line); /* one call, one line, whoever else writes */
}
