/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What there is below a root: directories and the files in them, each looked at once, none opened.
 * It is here that symbolic links are followed or refused, and dotfiles, and what patterns exclude,
 * left out. Private to lib/content; one thread at a time.
 */
#ifndef RS_CONTENT_WALK_H
#define RS_CONTENT_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "content/file_id.h"

/* Directories count three times: as themselves, with and without "/". */
#define WALK_MAX (UINT32_C(1) << 26)

struct walk_file {
	struct span path;  /* ended by 0 */
	uint32_t name_at;  /* in path */
	bool link;         /* symbolic, checked; what it leads to has this id */
	uint32_t previous; /* entry in the previous tree that is the same; INDEX_NONE: none */
	uint32_t entry;    /* in the tree in the making; INDEX_NONE: none (yet) */
	struct file_id id;
};

/* Files and directories in a directory stand one behind the other. */
struct walk_dir {
	struct span path; /* "/", "/a/", ended by 0 */
	struct file_id id;
	uint32_t parent;
	uint32_t first_file, n_files;
	uint32_t first_dir, n_dirs;
	bool again; /* it, or one that it is in, is a link to where that stands, as in mirror -> .
		     */
	bool left_out; /* it could not be read */
};

struct walk {
	int root_fd;
	struct walk_dir *dirs;
	struct walk_file *files;
	uint32_t n_dirs, n_files;
	uint32_t dirs_room, files_room;
};

struct load;

/* The last part of the file's path. */
static inline struct span rs_walk_name(const struct walk_file *file)
{
	return (struct span){
		.data = file->path.data + file->name_at, .len = file->path.len - file->name_at};
}

/* Fills load->walk. False, with the load's error, where the root or memory is wanting. */
bool rs_walk(struct load *load);

/* The directory as it was walked, to open files in: a descriptor, or -1 with errno. */
int rs_walk_open(const struct walk *walk, const struct walk_dir *dir);

void rs_walk_free(struct walk *walk);

#endif
