/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests as clients send them, and the small site that they are sent to: for request_path. EAL
 * has started.
 */
#ifndef RS_MICRO_FORMS_H
#define RS_MICRO_FORMS_H

#include <stdbool.h>
#include <stdint.h>

#include "stage_rig.h"

#define FORM_MAX_BYTES 4096
#define FORM_SPLIT_AT  300

enum form_kind {
	FORM_PLAIN,
	FORM_LOGGED, /* by an access log */
	FORM_COOKIE, /* with a cookie of more than 1 KB, another one in each connection */
	FORM_SPLIT,  /* in two segments, the first of FORM_SPLIT_AT bytes */
};

struct form {
	const char *name;
	const char *what;    /* for the table */
	const char *line;    /* the request line, with its CR LF */
	const char *fields;  /* each with its CR LF */
	const char *replied; /* the status, in three digits */
	enum form_kind kind;
};

/* NULL: there is none of that name. */
const struct form *form_named(const char *name);

/* All of them, a line each: name, tab, what it is. */
void forms_list(void);

/* The request of connection i. */
void form_write(const struct form *form, uint32_t i, char text[FORM_MAX_BYTES]);

/* The rig's stage serves the site from now on, and logs if the form wants that. */
void forms_site_open(struct rig *rig, const struct form *form);

/* Between turns: writes what was logged. */
void forms_site_tick(uint64_t now_us);

/* In place of rig_fini(). */
void forms_site_fini(struct rig *rig);

#endif
