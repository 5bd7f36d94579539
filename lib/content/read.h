/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads one file into a body. Private to lib/content; one thread at a time.
 */
#ifndef RS_CONTENT_READ_H
#define RS_CONTENT_READ_H

#include "content/load.h"

enum read_result {
	READ_DONE,
	READ_LEFT_OUT,  /* and told */
	READ_CHANGING,  /* it was another one after each attempt: not told */
	READ_ELSEWHERE, /* the link leads to another file than it did: not told */
	READ_NO_MEMORY,
	READ_LOAD_FAILED, /* told, or interrupted */
};

/*
 * Reads file, whose name is looked up in dir_fd. On READ_DONE *body is it, with a reference that is
 * the caller's, and file->id is what it is known by again.
 */
enum read_result rs_read(struct load *load, int dir_fd, struct walk_file *file, struct body **body);

#endif
