/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the directives of a format write, and how long that can be; and the one line that is JSON.
 *
 * Private to lib/telem's formats. Control core; includes base only.
 */
#ifndef RS_TELEM_ACCESS_DIRECTIVES_H
#define RS_TELEM_ACCESS_DIRECTIVES_H

#include "telem/access_format.h"
#include "telem/access_out.h"

#define ACCESS_MAX_FORM_BYTES 40 /* of %{FORM}t, so that what it becomes is bounded */

/* A line that is being written. */
struct access_line {
	struct access_out out;
	const struct access_record *record;
	const struct access_item *item; /* what is written now */
	const char *text;               /* the format's */
};

struct access_directive {
	char letter;
	const char *argument; /* between { and }; "": there is none */
	void (*put)(struct access_line *line);
	uint16_t most_bytes;
	bool of_end; /* as of struct access_item */
};

/* NULL: there is no such directive. */
const struct access_directive *rs_access_find_directive(char letter, struct span argument);

/* %{FORM}t with a form of strftime(3), which is item's text. */
extern const struct access_directive rs_access_time_form;

/* The bytes between directives, which are item's text. */
void rs_access_put_literal(struct access_line *line);

/* The format "json": a line without its end. */
void rs_access_put_object(struct access_line *line);
/* None is longer: a byte becomes \u00XX at most. */
#define ACCESS_OBJECT_BYTES (600 + 6 * (ACCESS_TEXT_BYTES + ACCESS_METHOD_BYTES))

/* What both forms of line write. */
void rs_access_put_client(struct access_out *out, const struct access_record *record);
void rs_access_put_time(struct access_out *out, uint64_t unix_us, const char *form);
void rs_access_put_protocol(struct access_out *out, const struct access_record *record);

#endif
