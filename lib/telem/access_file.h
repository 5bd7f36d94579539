/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The access log's file: records in, lines out, through a buffer. It never waits for a reader: what
 * cannot be written at once stays in the buffer and is tried again, and when that is full, lines
 * are lost and counted by the reason. No line is torn by this: the rest of one that was written in
 * part is the next to be written. Where there was no room for that until the end, the next run ends
 * the line before its own first one.
 *
 * Pipes, sockets and terminals are not waited for, standard output included. A regular file is
 * written as the kernel does it, into the page cache: on a disk or network that hangs, write()
 * hangs, and so a log belongs on a local disk.
 *
 * The process ignores SIGPIPE, and SIGXFSZ where there may be a limit on file sizes. Belongs to the
 * control core. Includes base only.
 */
#ifndef RS_TELEM_ACCESS_FILE_H
#define RS_TELEM_ACCESS_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counter.h"
#include "telem/access_format.h"

#define ACCESS_BUFFER_BYTES ACCESS_MAX_LINE_BYTES
/* So long lines wait in the buffer, if it is not full before. */
#define ACCESS_FLUSH_US       1000000
#define ACCESS_RETRY_SLOW_US  1000    /* after a reader that did not take everything … */
#define ACCESS_RETRY_ERROR_US 1000000 /* … or an error */

enum access_counter {
#define RS_COUNTER(id, name, help) ACCESS_C_##id,
#include "telem/access_counters.def"
#undef RS_COUNTER
	ACCESS_N_COUNTERS,
};

extern const struct counter_def rs_access_counter_defs[ACCESS_N_COUNTERS];

struct access_file {
	const char *path;
	const struct access_format *format;
	int fd;
	bool may_block;     /* is shared with others, who want it so: write no more than has room */
	bool is_mid_line;   /* the last byte written does not end a line */
	bool is_torn;       /* nor does the last one that was there before us: that comes first */
	uint8_t lost;       /* enum access_counter: what to count where there is no room */
	uint32_t n_bytes;   /* in buffer */
	uint64_t oldest_us; /* when the first of them came */
	uint64_t retry_us;  /* nothing is written before */
	uint64_t counters[ACCESS_N_COUNTERS];
	char buffer[ACCESS_BUFFER_BYTES];
};

/* What rs_access_file_open() would return, but for a pipe without a reader; changes nothing. */
int rs_access_file_check(const char *path);

/*
 * Opens path to append to it, creates it where it is not there (readable for its group); "-" is
 * standard output. 0 or -errno; -ENXIO is a named pipe that nobody reads. path and format stay the
 * caller's and outlive the file.
 */
int rs_access_file_open(
	struct access_file *file, const char *path, const struct access_format *format);

/* A line of the record; now_us on a clock of the caller's that does not go back. */
void rs_access_file_take(
	struct access_file *file, const struct access_record *record, uint64_t now_us);

/* Often: writes what has waited for ACCESS_FLUSH_US. */
void rs_access_file_tick(struct access_file *file, uint64_t now_us);

/*
 * Writes what is waiting, then opens the path anew: after it was renamed. Lines that cannot be
 * written to the old file go to the new one. 0, or -errno and the old one stays. Nothing is to be
 * done for standard output.
 */
int rs_access_file_reopen(struct access_file *file, uint64_t now_us);

/* Writes what can be written at once, counts the rest as lost, and closes. */
void rs_access_file_close(struct access_file *file);

#endif
