/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that a test needs: in a folder of the process's own, which goes when the process ends,
 * whether its tests have passed or not. What one that was killed has left goes with the next.
 */
#ifndef RS_TESTS_TEMP_H
#define RS_TESTS_TEMP_H

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig_check.h"

#define TEMP_PREFIX     "ringside-test-"
#define TEMP_PATH_BYTES 128

static char temp_root[96];

/* By descriptors: a test of long paths has some that are longer than a call may name. Closes dir.
 */
static inline void temp_empty(int dir)
{
	DIR *entries = fdopendir(dir);
	const struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		int below;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			unlinkat(dir, entry->d_name, 0) == 0)
			continue;
		below = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		if (below < 0)
			continue;
		temp_empty(below);
		unlinkat(dir, entry->d_name, AT_REMOVEDIR);
	}
	if (entries)
		closedir(entries);
}

/* A folder, and what is in it. */
static inline void temp_remove(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

	if (dir >= 0)
		temp_empty(dir);
	rmdir(path);
}

static inline void temp_remove_root(void)
{
	temp_remove(temp_root);
}

/* The folders of processes that are gone. */
static inline void temp_sweep(const char *parent)
{
	DIR *dir = opendir(parent);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[512];
		int pid = 0;

		if (sscanf(entry->d_name, TEMP_PREFIX "%d-", &pid) != 1 || pid <= 0 ||
			kill(pid, 0) == 0)
			continue;
		snprintf(path, sizeof(path), "%.200s/%s", parent, entry->d_name);
		temp_remove(path);
	}
	if (dir)
		closedir(dir);
}

/* The folder. It is made when it is first asked for. */
static inline const char *temp_dir(void)
{
	const char *parent = getenv("TMPDIR");

	if (*temp_root)
		return temp_root;
	parent = parent ? parent : "/tmp";
	temp_sweep(parent);
	snprintf(temp_root, sizeof(temp_root), "%.60s/" TEMP_PREFIX "%d-XXXXXX", parent,
		(int)getpid());
	RIG_CHECK(mkdtemp(temp_root));
	atexit(temp_remove_root);
	return temp_root;
}

/* A folder in it, and its name. */
static inline void temp_new_dir(char path[TEMP_PATH_BYTES])
{
	snprintf(path, TEMP_PATH_BYTES, "%s/XXXXXX", temp_dir());
	RIG_CHECK(mkdtemp(path));
}

/* A file in it, and its name. */
static inline FILE *temp_new_file(char path[TEMP_PATH_BYTES])
{
	int fd;

	snprintf(path, TEMP_PATH_BYTES, "%s/XXXXXX", temp_dir());
	fd = mkstemp(path);
	RIG_CHECK(fd >= 0);
	return fdopen(fd, "w");
}

#endif
