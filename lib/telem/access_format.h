/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of the access log: a format is read once, into a short list of what to write, and then
 * makes one line of each record.
 *
 * A format is one of these names,
 *
 *     common    %h %l %u %t "%r" %>s %b
 *     combined  the same, and "%{Referer}i" "%{User-Agent}i"
 *     json      an object a line, see rs_access_format_line()
 *
 * or text with directives of Apache's mod_log_config. Their meaning is Apache's, as far as a record
 * has what they ask for; what it does not have is refused when the format is read:
 *
 *     %h %a     the client's address
 *     %l %u     "-": nobody is asked for a name
 *     %t        when the request came, in UTC: [day/month/year:hour:minute:second +0000]
 *     %{FORM}t  the same in a form of strftime(3), or one of sec, msec, usec, msec_frac and
 *               usec_frac; behind "end:" when the answer was complete, behind "begin:" as without
 *     %r        the request line, or what came instead of one that is understood
 *     %m %H     method, protocol
 *     %U %q     path, and "?query" or nothing: as they came, %-escapes are not decoded
 *     %s        the status; so do %>s and %<s
 *     %B %b     bytes of the answer's body; %b: "-" instead of 0
 *     %D %T     how long it took, in microseconds, in seconds
 *     %{UNIT}T  the same in s, ms or us
 *     %p        our port; so do %{canonical}p and %{local}p
 *     %{remote}p  the client's port
 *     %v %V     the host that was asked for, without its port
 *     %{Host}i %{Referer}i %{User-Agent}i  fields of the request; "-": there was none
 *     %X        X: the connection ended too early, +: it may go on, -: it ends
 *     %%        a percent sign
 *
 * Up to four statuses behind the % restrict a directive to answers of these, and with a ! before
 * them to all others: %400,501{User-Agent}i, %!200,304{Referer}i; else it writes "-". So do %D, %T,
 * %X and %{end:FORM}t where the answer was not followed to its end (ACCESS_FOLLOWED). In the text
 * between, \t is a tab, \" a quote and \\ a backslash.
 *
 * Pure: no clock, no file, no allocation. Control core; includes base only.
 */
#ifndef RS_TELEM_ACCESS_FORMAT_H
#define RS_TELEM_ACCESS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "telem/access.h"

#define ACCESS_MAX_ITEMS      64
#define ACCESS_MAX_STATUSES   4
#define ACCESS_FORMAT_BYTES   1024  /* the longest format */
#define ACCESS_MAX_LINE_BYTES 65536 /* the longest line that one may make, its end included */

struct access_line;

struct access_item {
	void (*put)(struct access_line *line);
	uint16_t text; /* its bytes in the format's text: literal, or a form of time ended by 0 */
	uint16_t text_len;
	bool of_end;        /* what is known of answers only that were followed to their end */
	bool all_others;    /* written unless the status is one of these */
	uint8_t n_statuses; /* 0: always written */
	uint16_t statuses[ACCESS_MAX_STATUSES];
};

struct access_format {
	uint32_t line_bytes; /* no line is longer, its end included */
	uint32_t n_items;
	uint32_t n_text;
	struct access_item items[ACCESS_MAX_ITEMS];
	char text[2 * ACCESS_FORMAT_BYTES];
};

/* 0, or -EINVAL with one line in why: what is wrong, and at which byte of the text (the first is
 * 1). */
int rs_access_format_compile(
	const char *text, struct access_format *format, char *why, size_t why_bytes);

/*
 * Writes the record's line to to[0, size), ended by a newline and not by a 0. Returns its bytes: 0
 * only for size == 0. No line is cut where size is format->line_bytes; else it is, and still ended.
 *
 * Whatever a client sent, the line has no control character but its end, and the tabs of the
 * format. In text it is escaped as Apache does: \" \\ \b \n \r \t \v, and \xhh for other control
 * characters and all bytes from 0x7f on. In JSON: see rs_access_put_json(). JSON has the members
 *
 *     time (RFC 3339, UTC, microseconds), client, client_port, local_port, tls, reused, method,
 *     target, protocol, host, status, bytes, duration_us, referer, user_agent, aborted, truncated
 *
 * always and in this order; what a request did not have, or is not known, is null. The bytes of a
 * JSON line that is cut are no JSON.
 */
uint32_t rs_access_format_line(const struct access_format *format,
	const struct access_record *record, char *to, uint32_t size);

#endif
