/* SPDX-License-Identifier: BSD-2-Clause */
#include "telem/access_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct counter_def rs_access_counter_defs[ACCESS_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) [ACCESS_C_##id] = {name, help},
#include "telem/access_counters.def"
#undef RS_COUNTER
};

/* ---- Opening ----------------------------------------------------------------------------- */

#define OPEN_FLAGS (O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static bool is_stdout(const char *path)
{
	return strcmp(path, "-") == 0;
}

/*
 * O_NONBLOCK belongs to the open file, which standard output shares with whoever started us: they
 * would not expect it. A pipe or terminal is opened once more for ourselves, where that is allowed.
 * A regular file is not: others who write to it, without O_APPEND, share their place in it with us.
 */
static int open_stdout(bool *may_block)
{
	struct stat st;
	int fd;

	*may_block = false;
	if (fstat(STDOUT_FILENO, &st))
		return -1;
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		fd = open("/proc/self/fd/1", OPEN_FLAGS);
		if (fd >= 0)
			return fd;
	}
	*may_block = !S_ISREG(st.st_mode);
	return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static int open_path(const char *path, bool *may_block)
{
	if (is_stdout(path))
		return open_stdout(may_block);
	*may_block = false;
	return open(path, OPEN_FLAGS | O_CREAT, 0640);
}

/* Is fd, of path, a regular file that ends in half a line? Where we may not read it, nobody knows.
 */
static bool ends_torn(int fd, const char *path)
{
	char last = '\n';
	struct stat st;
	int readable;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return false;
	readable = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (readable < 0)
		return false;
	if (pread(readable, &last, 1, st.st_size - 1) != 1)
		last = '\n';
	close(readable);
	return last != '\n';
}

int rs_access_file_open(
	struct access_file *file, const char *path, const struct access_format *format)
{
	memset(file, 0, sizeof(*file));
	file->path = path;
	file->format = format;
	file->fd = open_path(path, &file->may_block);
	if (file->fd < 0)
		return -errno;
	file->is_torn = !is_stdout(path) && ends_torn(file->fd, path);
	return 0;
}

/* Whether a file can be made in the directory that path names it in. */
static int check_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;
	char folder[PATH_MAX] = ".";

	if (len >= sizeof(folder))
		return -ENAMETOOLONG;
	if (!path[0])
		return -ENOENT;
	if (slash && !slash[1])
		return -EISDIR;
	if (len) {
		memcpy(folder, path, len);
		folder[len] = '\0';
	}
	return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) ? -errno : 0;
}

/* Nothing is opened: who reads from a pipe would see a writer that leaves. */
int rs_access_file_check(const char *path)
{
	struct stat st;

	if (is_stdout(path))
		return fstat(STDOUT_FILENO, &st) ? -errno : 0;
	if (stat(path, &st))
		return errno == ENOENT ? check_folder(path) : -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISSOCK(st.st_mode))
		return -ENXIO;
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) ? -errno : 0;
}

/* ---- Writing ----------------------------------------------------------------------------- */

static enum access_counter loss_by(int error)
{
	switch (error) {
	case EAGAIN:
	case EINTR:
		return ACCESS_C_LOST_SLOW;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ACCESS_C_LOST_NO_SPACE;
	case EPIPE:
		return ACCESS_C_LOST_NO_READER;
	default:
		return ACCESS_C_LOST_ERROR;
	}
}

/* As write(2), without waiting: a pipe that is writable at all has room for PIPE_BUF bytes. */
static ssize_t write_some(const struct access_file *file, const char *data, uint32_t len)
{
	struct pollfd writable = {.fd = file->fd, .events = POLLOUT};

	if (!file->may_block)
		return write(file->fd, data, len);
	if (poll(&writable, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(file->fd, data, rs_min_u32(len, PIPE_BUF));
}

static void forget(struct access_file *file, uint32_t n)
{
	memmove(file->buffer, file->buffer + n, file->n_bytes - n);
	file->n_bytes -= n;
}

static void write_out(struct access_file *file, uint64_t now_us)
{
	uint32_t done = 0;

	while (done < file->n_bytes) {
		ssize_t n = file->is_torn
				    ? write_some(file, "\n", 1)
				    : write_some(file, file->buffer + done, file->n_bytes - done);

		if (n <= 0) {
			file->lost = (uint8_t)loss_by(n < 0 ? errno : EAGAIN);
			file->retry_us =
				now_us + (file->lost == ACCESS_C_LOST_SLOW ? ACCESS_RETRY_SLOW_US
									   : ACCESS_RETRY_ERROR_US);
			break;
		}
		if (!file->is_torn)
			done += (uint32_t)n;
		file->is_torn = false;
	}
	if (!done)
		return;
	file->is_mid_line = file->buffer[done - 1] != '\n';
	forget(file, done);
}

static bool has_room(const struct access_file *file, uint32_t len)
{
	return len <= sizeof(file->buffer) - file->n_bytes;
}

void rs_access_file_take(
	struct access_file *file, const struct access_record *record, uint64_t now_us)
{
	char line[ACCESS_MAX_LINE_BYTES];
	uint32_t len = rs_access_format_line(file->format, record, line, sizeof(line));

	file->counters[ACCESS_C_LINES]++;
	if (record->flags & ACCESS_TRUNCATED)
		file->counters[ACCESS_C_TRUNCATED]++;
	if (!has_room(file, len) && now_us >= file->retry_us)
		write_out(file, now_us);
	if (!has_room(file, len)) {
		file->counters[file->lost]++;
		return;
	}
	if (!file->n_bytes)
		file->oldest_us = now_us;
	memcpy(file->buffer + file->n_bytes, line, len);
	file->n_bytes += len;
}

void rs_access_file_tick(struct access_file *file, uint64_t now_us)
{
	if (file->n_bytes && now_us >= file->retry_us &&
		now_us - file->oldest_us >= ACCESS_FLUSH_US)
		write_out(file, now_us);
}

/* ---- The end of a file ------------------------------------------------------------------- */

/* Counts the lines that end in the first n bytes of the buffer as lost, and forgets them. */
static void lose(struct access_file *file, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		file->counters[file->lost] += file->buffer[i] == '\n';
	forget(file, n);
}

/* The beginning of a line is in the old file: its rest makes no sense in another. */
static void lose_rest_of_line(struct access_file *file)
{
	const char *end = memchr(file->buffer, '\n', file->n_bytes);

	if (end)
		lose(file, (uint32_t)(end + 1 - file->buffer));
	file->is_mid_line = false;
}

static bool is_same_file(int a, int b)
{
	struct stat of_a, of_b;

	return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

int rs_access_file_reopen(struct access_file *file, uint64_t now_us)
{
	int fd, error;

	if (file->n_bytes)
		write_out(file, now_us);
	if (is_stdout(file->path))
		return 0;
	fd = open_path(file->path, &file->may_block);
	if (fd < 0) {
		error = errno;
		file->counters[ACCESS_C_REOPEN_FAILED]++;
		return -error;
	}
	if (!is_same_file(file->fd, fd)) {
		if (file->is_mid_line)
			lose_rest_of_line(file);
		file->is_torn = ends_torn(fd, file->path);
	}
	close(file->fd);
	file->fd = fd;
	file->retry_us = 0;
	file->counters[ACCESS_C_REOPENED]++;
	return 0;
}

void rs_access_file_close(struct access_file *file)
{
	if (file->fd < 0)
		return;
	if (file->n_bytes)
		write_out(file, 0);
	lose(file, file->n_bytes);
	close(file->fd);
	file->fd = -1;
}
