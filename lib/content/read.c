/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"

#define MAX_ATTEMPTS 3
#define PIECE_BYTES  (UINT64_C(256) << 10) /* still in cache when it is hashed */

enum attempt {
	ATTEMPT_DONE,
	ATTEMPT_CHANGED, /* the file, while it was read */
	ATTEMPT_ELSEWHERE,
	ATTEMPT_FAILED, /* told */
	ATTEMPT_NO_MEMORY,
	ATTEMPT_LOAD_FAILED,
};

static enum attempt fail(struct load *load, const struct walk_file *file, int err)
{
	const char *path = (const char *)file->path.data;

	return rs_load_leave_out(load, CONTENT_C_UNREADABLE, path, err) ? ATTEMPT_FAILED
									: ATTEMPT_LOAD_FAILED;
}

/* Fills body, as far as the file goes: returns the bytes, or -1 with errno. */
static int64_t read_all(struct load *load, int fd, struct body *body)
{
	uint8_t *room = rs_body_room(body);
	uint64_t len = body->pub.len, done = 0;

	while (done < len && rs_load_goes_on(load)) {
		ssize_t n = read(fd, room + done, rs_min_u64(len - done, PIECE_BYTES));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (uint64_t)n;
		rs_body_filled(load->tree->store, body, done);
		rs_load_progress(load, 0, (uint64_t)n);
	}
	return (int64_t)done;
}

/* Reads what was found to be id, and sees whether it still is. */
static enum attempt read_bytes(struct load *load, int fd, const struct walk_file *file,
	const struct file_id *id, struct body *body)
{
	int64_t n = read_all(load, fd, body);
	struct file_id after;
	struct stat st;

	if (!rs_load_goes_on(load))
		return ATTEMPT_LOAD_FAILED;
	if (n < 0 || fstat(fd, &st) < 0)
		return fail(load, file, errno);
	after = rs_file_id_of(&st);
	if ((uint64_t)n != id->n_bytes || !rs_file_id_same(id, &after))
		return ATTEMPT_CHANGED;
	return ATTEMPT_DONE;
}

static enum attempt read_open(struct load *load, int fd, struct walk_file *file, struct body **body)
{
	struct body_store *store = load->tree->store;
	struct timespec now;
	struct file_id id;
	enum attempt attempt;
	struct stat st;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (fstat(fd, &st) < 0)
		return fail(load, file, errno);
	id = rs_file_id_of(&st);
	if (!S_ISREG(st.st_mode)) {
		rs_load_skip(load, CONTENT_C_UNREADABLE, (const char *)file->path.data,
			"no file any more");
		return ATTEMPT_FAILED;
	}
	/* Only the place that the link led to is known to be allowed. */
	if (file->link && !rs_file_id_same_inode(&id, &file->id))
		return ATTEMPT_ELSEWHERE;
	*body = rs_body_new(store, id.n_bytes);
	if (!*body)
		return ATTEMPT_NO_MEMORY;
	attempt = read_bytes(load, fd, file, &id, *body);
	if (attempt != ATTEMPT_DONE) {
		rs_body_discard(store, *body);
		return attempt;
	}
	if (!rs_file_id_settled(&id, &now))
		rs_file_id_forget(&id);
	file->id = id;
	return ATTEMPT_DONE;
}

/*
 * A pipe that took the file's place is not waited for. The time of access stays as it is, where the
 * file is ours: else the first load of each file is a write to its inode.
 */
static int open_file(int dir_fd, const struct walk_file *file)
{
	const char *name = (const char *)file->path.data + file->name_at;
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (file->link ? 0 : O_NOFOLLOW);
	int fd = openat(dir_fd, name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(dir_fd, name, flags) : fd;
}

static enum attempt read_once(
	struct load *load, int dir_fd, struct walk_file *file, struct body **body)
{
	int fd = open_file(dir_fd, file);
	enum attempt attempt;

	if (fd < 0)
		return fail(load, file, errno);
	attempt = read_open(load, fd, file, body);
	close(fd);
	return attempt;
}

static struct body *keep(struct load *load, const struct walk_file *file, struct body *body)
{
	struct body *kept = rs_body_keep(load->tree->store, body);

	rs_load_count(load, CONTENT_C_READ_FILES, 1);
	rs_load_count(load, CONTENT_C_READ_BYTES, file->id.n_bytes);
	if (kept != body)
		rs_load_count(load, CONTENT_C_DUPLICATES, 1);
	return kept;
}

enum read_result rs_read(struct load *load, int dir_fd, struct walk_file *file, struct body **body)
{
	for (uint32_t i = 0; i < MAX_ATTEMPTS; i++) {
		switch (read_once(load, dir_fd, file, body)) {
		case ATTEMPT_DONE:
			*body = keep(load, file, *body);
			return READ_DONE;
		case ATTEMPT_NO_MEMORY:
			return READ_NO_MEMORY;
		case ATTEMPT_FAILED:
			return READ_LEFT_OUT;
		case ATTEMPT_ELSEWHERE:
			return READ_ELSEWHERE;
		case ATTEMPT_LOAD_FAILED:
			return READ_LOAD_FAILED;
		case ATTEMPT_CHANGED:
			break;
		}
	}
	return READ_CHANGING;
}
