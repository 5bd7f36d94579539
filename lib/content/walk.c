/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content/load.h"
#include "content/pattern.h"

/* The path of what is looked at, put together before it is known whether it will be kept. */
struct place {
	char path[PATH_MAX];
	uint32_t len;
	uint32_t name_at;
};

static bool no_memory(struct load *load)
{
	return rs_load_fail(load, "no memory for the names of its files");
}

/* ---- what was found ---- */

/* Room for one more of what array holds, n of room; NULL: no memory. */
static void *with_room(void *array, uint32_t n, uint32_t *room, size_t size)
{
	void *larger;

	if (n < *room)
		return array;
	larger = realloc(array, (size_t)(*room ? *room * 2 : 256) * size);
	if (larger)
		*room = *room ? *room * 2 : 256;
	return larger;
}

static bool is_too_many(const struct walk *walk)
{
	return (uint64_t)walk->n_files + 3 * (uint64_t)walk->n_dirs >= WALK_MAX;
}

static bool keep_path(struct load *load, const struct place *place, struct span *path)
{
	char *kept = rs_texts_room(&load->tree->texts, place->len);

	if (!kept)
		return no_memory(load);
	memcpy(kept, place->path, place->len);
	*path = (struct span){.data = (const uint8_t *)kept, .len = place->len};
	return true;
}

static bool add_file(struct load *load, const struct place *place, const struct stat *st, bool link)
{
	struct walk *walk = &load->walk;
	struct walk_file file = {
		.name_at = place->name_at,
		.link = link,
		.previous = INDEX_NONE,
		.entry = INDEX_NONE,
		.id = rs_file_id_of(st),
	};
	struct walk_file *files =
		with_room(walk->files, walk->n_files, &walk->files_room, sizeof(*files));

	if (!files)
		return no_memory(load);
	walk->files = files;
	if (!keep_path(load, place, &file.path))
		return false;
	walk->files[walk->n_files++] = file;
	if (!(st->st_mode & S_IROTH))
		rs_load_count(load, CONTENT_C_PRIVATE, 1);
	rs_load_progress(load, 1, 0);
	return true;
}

static bool is_dir(const struct walk *walk, uint32_t dir, const struct stat *st)
{
	struct file_id id = rs_file_id_of(st);

	return rs_file_id_same_inode(&walk->dirs[dir].id, &id);
}

static bool add_dir(struct load *load, struct place *place, const struct stat *st, uint32_t parent)
{
	struct walk *walk = &load->walk;
	struct walk_dir dir = {
		.id = rs_file_id_of(st),
		.parent = parent,
		.again = walk->n_dirs && (walk->dirs[parent].again || is_dir(walk, parent, st)),
	};
	struct walk_dir *dirs =
		with_room(walk->dirs, walk->n_dirs, &walk->dirs_room, sizeof(*dirs));

	if (!dirs)
		return no_memory(load);
	walk->dirs = dirs;
	place->path[place->len++] = '/';
	place->path[place->len] = '\0';
	if (!keep_path(load, place, &dir.path))
		return false;
	walk->dirs[walk->n_dirs++] = dir;
	return true;
}

/* ---- symbolic links ---- */

/* Where the kernel says that fd is: without races, and with all links resolved. */
static bool real_path(int fd, char path[PATH_MAX])
{
	char proc[64];
	ssize_t n;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	n = readlink(proc, path, PATH_MAX - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return true;
}

/* The root may have been renamed meanwhile, as by a release that takes its place. */
static bool is_inside(const struct walk *walk, int fd)
{
	char root[PATH_MAX], path[PATH_MAX];
	size_t len;

	if (!real_path(walk->root_fd, root) || !real_path(fd, path))
		return false;
	len = strcmp(root, "/") == 0 ? 0 : strlen(root);
	return strncmp(path, root, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Whether the directory dir, or one that it is in, is the one that st is of. */
static bool is_around(const struct walk *walk, const struct stat *st, uint32_t dir)
{
	for (;; dir = walk->dirs[dir].parent) {
		if (is_dir(walk, dir, st))
			return true;
		if (dir == 0)
			return false;
	}
}

/*
 * Nothing in circles; but a link to where it stands is another name for all that is there, as in
 * mirrors. Once in a path, so that many of them do not multiply.
 */
static bool is_loop(const struct walk *walk, const struct stat *st, uint32_t dir)
{
	if (is_dir(walk, dir, st))
		return walk->dirs[dir].again;
	return is_around(walk, st, dir);
}

static bool add_target(
	struct load *load, struct place *place, int fd, const struct stat *st, uint32_t dir)
{
	if (!load->options.outside_links && !is_inside(&load->walk, fd)) {
		rs_load_skip(load, CONTENT_C_LINKS_OUTSIDE, place->path,
			"a symbolic link that leads out of the root");
		return true;
	}
	if (S_ISREG(st->st_mode))
		return add_file(load, place, st, true);
	if (!S_ISDIR(st->st_mode)) {
		rs_load_skip(load, CONTENT_C_SPECIAL, place->path, "a link to what is no file");
		return true;
	}
	if (is_loop(&load->walk, st, dir)) {
		rs_load_skip(load, CONTENT_C_LOOPS, place->path,
			"a symbolic link to a directory that it is in");
		return true;
	}
	return add_dir(load, place, st, dir);
}

static bool follow(struct load *load, struct place *place, int dir_fd, uint32_t dir)
{
	int fd = openat(dir_fd, place->path + place->name_at, O_PATH | O_CLOEXEC);
	struct stat st;
	bool ok = true;

	if (fd < 0 || fstat(fd, &st) < 0)
		ok = rs_load_leave_out(load, CONTENT_C_LINKS_BROKEN, place->path, errno);
	else
		ok = add_target(load, place, fd, &st, dir);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* ---- directories ---- */

static int open_path(const struct walk *walk, const struct walk_dir *dir)
{
	const char *path = dir->path.len == 1 ? "." : (const char *)dir->path.data + 1;

	return openat(walk->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool is_hidden(const struct load *load, const char *name)
{
	return name[0] == '.' && !load->options.hidden && strcmp(name, ".well-known") != 0;
}

static bool is_excluded(const struct load *load, const struct place *place)
{
	struct span path = {.data = (const uint8_t *)place->path, .len = place->len};

	for (const char *const *pattern = load->options.excluded; *pattern; pattern++) {
		if (rs_pattern_match(*pattern, path))
			return true;
	}
	return false;
}

/* Appends name to the directory's path; false where it becomes longer than can be opened. */
static bool set_name(struct place *place, const char *name)
{
	size_t len = strlen(name);

	if (place->name_at + len + 2 > sizeof(place->path))
		return false;
	memcpy(place->path + place->name_at, name, len + 1);
	place->len = place->name_at + (uint32_t)len;
	return true;
}

static void skip_too_long(struct load *load, struct span dir, const char *name)
{
	char path[PATH_MAX + NAME_MAX + 1];

	snprintf(path, sizeof(path), "%s%s", (const char *)dir.data, name);
	rs_load_skip(load, CONTENT_C_UNREADABLE, path, strerror(ENAMETOOLONG));
}

static bool look_at(struct load *load, struct place *place, int dir_fd, uint32_t dir)
{
	struct stat st;

	if (fstatat(dir_fd, place->path + place->name_at, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return rs_load_leave_out(load, CONTENT_C_UNREADABLE, place->path, errno);
	if (S_ISREG(st.st_mode))
		return add_file(load, place, &st, false);
	if (S_ISDIR(st.st_mode))
		return add_dir(load, place, &st, dir);
	if (S_ISLNK(st.st_mode))
		return follow(load, place, dir_fd, dir);
	rs_load_skip(load, CONTENT_C_SPECIAL, place->path, "no file");
	return true;
}

static bool read_names(struct load *load, DIR *stream, uint32_t dir)
{
	struct span path = load->walk.dirs[dir].path;
	struct place place = {.name_at = path.len};
	const struct dirent *found;

	memcpy(place.path, path.data, path.len + 1);
	while (errno = 0, found = readdir(stream)) {
		const char *name = found->d_name;

		if (!rs_load_goes_on(load))
			return false;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (is_hidden(load, name)) {
			rs_load_count(load, CONTENT_C_HIDDEN, 1);
			continue;
		}
		if (is_too_many(&load->walk))
			return rs_load_fail(load, "has more than %u files", WALK_MAX);
		if (!set_name(&place, name))
			skip_too_long(load, path, name);
		else if (is_excluded(load, &place))
			rs_load_count(load, CONTENT_C_EXCLUDED, 1);
		else if (!look_at(load, &place, dirfd(stream), dir))
			return false;
	}
	/* What half a list does not name may be there all the same. */
	return !errno || rs_load_fail(load, "%.100s cannot be listed: %s", (const char *)path.data,
				 strerror(errno));
}

/*
 * Where a link in the path was turned since the directory was found, the one that it leads to now
 * takes its place, as if it had been found: a release in the middle of a load.
 */
static int open_dir(struct load *load, uint32_t dir)
{
	struct walk *walk = &load->walk;
	struct walk_dir *found = &walk->dirs[dir];
	int fd = rs_walk_open(walk, found);
	struct stat st;

	if (fd >= 0 || errno != ESTALE)
		return fd;
	fd = open_path(walk, found);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && (load->options.outside_links || is_inside(walk, fd)) &&
		!is_around(walk, &st, found->parent)) {
		found->id = rs_file_id_of(&st);
		return fd;
	}
	close(fd);
	errno = ESTALE;
	return -1;
}

static bool read_dir(struct load *load, uint32_t dir)
{
	struct walk *walk = &load->walk;
	int fd = open_dir(load, dir);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	bool ok;

	walk->dirs[dir].first_file = walk->n_files;
	walk->dirs[dir].first_dir = walk->n_dirs;
	if (!stream) {
		ok = rs_load_leave_out(
			load, CONTENT_C_UNREADABLE, (const char *)walk->dirs[dir].path.data, errno);
		walk->dirs[dir].left_out = true;
		if (fd >= 0)
			close(fd);
		return ok;
	}
	ok = read_names(load, stream, dir);
	closedir(stream);
	walk->dirs[dir].n_files = walk->n_files - walk->dirs[dir].first_file;
	walk->dirs[dir].n_dirs = walk->n_dirs - walk->dirs[dir].first_dir;
	return ok;
}

static bool open_root(struct load *load)
{
	struct walk *walk = &load->walk;
	const char *root = load->options.root;
	struct place place = {0};
	char path[PATH_MAX];
	struct stat st;

	walk->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (walk->root_fd < 0 || fstat(walk->root_fd, &st) < 0)
		return rs_load_fail(load, "cannot be read: %s", strerror(errno));
	if (!real_path(walk->root_fd, path))
		return rs_load_fail(load, "cannot tell where that is: /proc is needed");
	return add_dir(load, &place, &st, 0);
}

bool rs_walk(struct load *load)
{
	load->walk = (struct walk){.root_fd = -1};
	if (!open_root(load))
		return false;
	for (uint32_t dir = 0; dir < load->walk.n_dirs; dir++) {
		if (!read_dir(load, dir))
			return false;
	}
	if (load->walk.dirs[0].left_out)
		return rs_load_fail(load, "cannot be listed");
	return true;
}

int rs_walk_open(const struct walk *walk, const struct walk_dir *dir)
{
	int fd = open_path(walk, dir);
	struct file_id id;
	struct stat st;

	if (fd < 0)
		return -1;
	/* By then, a link in the path may lead elsewhere. */
	if (fstat(fd, &st) == 0) {
		id = rs_file_id_of(&st);
		if (rs_file_id_same_inode(&dir->id, &id))
			return fd;
		errno = ESTALE;
	}
	close(fd);
	return -1;
}

void rs_walk_free(struct walk *walk)
{
	if (walk->root_fd >= 0)
		close(walk->root_fd);
	free(walk->dirs);
	free(walk->files);
}
