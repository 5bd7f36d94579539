/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of an access log, in the formats that people have tools for: "common", "combined", "json",
 * or a format of one's own in the syntax of Apache's mod_log_config, as far as there is something
 * to tell:
 *
 *     %h %a client   %l %u "-"   %t time   %r request line   %m method   %U path   %q query
 *     %H protocol    %s %>s status   %b %B bytes of the body ("-" or 0 for none)   %p port
 *     %v %V %{Host}i host   %{Referer}i   %{User-Agent}i   %%
 *
 * Bytes that could deceive a reader or a terminal are escaped: \xhh and \" in text; in JSON what
 * its grammar asks for, and bytes from 0x7f up as \u00hh. Any core; includes base only.
 */
#ifndef RS_TELEM_ACCESS_FORMAT_H
#define RS_TELEM_ACCESS_FORMAT_H

#include <stddef.h>

#include "telem/access.h"

#define ACCESS_MAX_ITEMS   64
#define ACCESS_FORMAT_TEXT 512

/* Four bytes of text for one of a request, and what stands around them. */
#define ACCESS_LINE_BYTES 2048

struct access_format {
	bool is_json;
	uint32_t n_items;
	uint32_t n_text;
	struct {
		uint8_t kind;      /* private to access_format.c */
		uint16_t from, to; /* of text, for what is literal */
	} items[ACCESS_MAX_ITEMS];
	char text[ACCESS_FORMAT_TEXT];
};

/* 0, or -EINVAL with words in why: which directive is not known, and where. */
int rs_access_format_compile(
	struct access_format *f, const char *text, char *why, size_t why_bytes);

/* Writes one line, "\n" and all, at most ACCESS_LINE_BYTES. Returns its length. */
uint32_t rs_access_format_line(
	const struct access_format *f, const struct access_record *r, char *to);

#endif
