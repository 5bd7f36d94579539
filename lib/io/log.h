/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line on stderr, in words that say what to do. For setup and the control core; never from the
 * packet path. Includes libc only.
 */
#ifndef RS_IO_LOG_H
#define RS_IO_LOG_H

/* "ringside: " and the line; the newline is added. Control characters in it are written as '?'. */
__attribute__((format(printf, 1, 2))) void rs_log(const char *format, ...);

/* The same for a line that is made already. */
void rs_log_line(const char *line);

#endif
