/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/log.h"

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

void rs_log_line(const char *line)
{
	fprintf(stderr, "ringside: %s\n", line); /* one call, one line, whoever else writes */
}
