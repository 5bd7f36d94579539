/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dates (RFC 9110 section 5.6.7): written in the one form that is sent, read in all three,
 * strictly. No locale, no clock. Any core; includes base only.
 */
#ifndef RS_HTTP_DATE_H
#define RS_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sendq.h"

#define HTTP_DATE_BYTES 29

/* IMF-fixdate, HTTP_DATE_BYTES of it without a final 0. Year < 10000. */
void rs_http_date(char *to, uint64_t unix_seconds);

/*
 * Seconds since 1970, UTC. False: no date. now_s chooses the century of the form that has two
 * digits of a year: more than 50 years ahead means the past. A leap second counts as the one
 * before. That the day of the week is the right one is not looked at.
 */
bool rs_http_parse_date(struct span text, int64_t now_s, int64_t *unix_s);

#endif
