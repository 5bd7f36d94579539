/* SPDX-License-Identifier: BSD-2-Clause */
/* The access log's file, on what the kernel has for it: regular files, pipes, /dev/full. Each
 * record is in the file, whole and in order, or counted as lost. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "telem/access_file.h"
#include "temp.h"

#define SECOND_US    1000000u
#define LINE_BYTES   21 /* of the lines below, their end included */
#define BUFFER_LINES (ACCESS_BUFFER_BYTES / LINE_BYTES)

struct rig {
	char folder[TEMP_PATH_BYTES];
	char path[TEMP_PATH_BYTES + 8];
	char other[TEMP_PATH_BYTES + 8];
	struct access_format format;
	struct access_file file;
	uint64_t n_taken;
	uint64_t now_us;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	char why[64];

	assert_non_null(rig);
	temp_new_dir(rig->folder);
	snprintf(rig->path, sizeof(rig->path), "%s/log", rig->folder);
	snprintf(rig->other, sizeof(rig->other), "%s/log.1", rig->folder);
	assert_int_equal(rs_access_format_compile("%B", &rig->format, why, sizeof(why)), 0);
	rig->file.fd = -1;
	signal(SIGPIPE, SIG_IGN);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	rs_access_file_close(&rig->file);
	unlink(rig->path);
	unlink(rig->other);
	rmdir(rig->folder);
	free(rig);
	return 0;
}

static void open_log(struct rig *rig, const char *path)
{
	assert_int_equal(rs_access_file_open(&rig->file, path, &rig->format), 0);
}

/* Numbers of 20 digits, counted up: lines of one length, each another. */
#define FIRST_NUMBER 10000000000000000000u

static void take(struct rig *rig, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct access_record record = {.bytes_sent = FIRST_NUMBER + rig->n_taken++};

		rs_access_file_take(&rig->file, &record, rig->now_us);
	}
}

static void pass(struct rig *rig, uint64_t us)
{
	rig->now_us += us;
	rs_access_file_tick(&rig->file, rig->now_us);
}

static uint64_t n_lost(const struct rig *rig)
{
	const uint64_t *c = rig->file.counters;

	return c[ACCESS_C_LOST_SLOW] + c[ACCESS_C_LOST_NO_SPACE] + c[ACCESS_C_LOST_NO_READER] +
	       c[ACCESS_C_LOST_ERROR];
}

/* Whole lines with growing numbers. Returns how many; *next: the least number that may follow. */
static uint32_t count_lines(const char *text, size_t len, uint64_t *next)
{
	uint32_t n = 0;

	assert_int_equal(len % LINE_BYTES, 0);
	for (; len; len -= LINE_BYTES, text += LINE_BYTES, n++) {
		char *end;
		uint64_t number = strtoull(text, &end, 10) - FIRST_NUMBER;

		assert_ptr_equal(end, text + LINE_BYTES - 1);
		assert_int_equal(*end, '\n');
		assert_true(number >= *next);
		*next = number + 1;
	}
	return n;
}

static size_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size && (n = read(fd, text + len, size - len)) > 0)
		len += (size_t)n;
	return len;
}

static uint32_t lines_of(const char *path, uint64_t *next)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY);
	size_t len;

	assert_true(fd >= 0);
	len = read_all(fd, text, sizeof(text));
	close(fd);
	return count_lines(text, len, next);
}

/* ---- A regular file ---------------------------------------------------------------------- */

static void lines_wait_a_second(void **state)
{
	struct rig *rig = *state;
	uint64_t next = 0;

	open_log(rig, rig->path);
	take(rig, 2);
	pass(rig, SECOND_US - 1);
	assert_int_equal(lines_of(rig->path, &next), 0);
	take(rig, 1);
	pass(rig, 1);
	assert_int_equal(lines_of(rig->path, &next), 3);
	take(rig, 1);
	pass(rig, SECOND_US - 1);
	next = 0;
	assert_int_equal(lines_of(rig->path, &next), 3);
	pass(rig, 1);
	next = 0;
	assert_int_equal(lines_of(rig->path, &next), 4);
	assert_int_equal(rig->file.counters[ACCESS_C_LINES], 4);
}

static void full_buffer_is_written(void **state)
{
	struct rig *rig = *state;
	uint64_t next = 0;

	open_log(rig, rig->path);
	take(rig, BUFFER_LINES);
	assert_int_equal(lines_of(rig->path, &next), 0);
	take(rig, 1);
	assert_int_equal(lines_of(rig->path, &next), BUFFER_LINES);
	rs_access_file_close(&rig->file);
	next = 0;
	assert_int_equal(lines_of(rig->path, &next), BUFFER_LINES + 1);
	assert_int_equal(n_lost(rig), 0);
}

static void file_is_appended_to_and_private(void **state)
{
	struct rig *rig = *state;
	uint64_t next = 0;
	struct stat st;

	for (int i = 0; i < 2; i++) {
		open_log(rig, rig->path);
		assert_int_equal(fcntl(rig->file.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		take(rig, 5);
		rs_access_file_close(&rig->file);
	}
	assert_int_equal(lines_of(rig->path, &next), 10);
	assert_int_equal(stat(rig->path, &st), 0);
	assert_int_equal(st.st_mode & 07777 & ~0640, 0);
}

static void truncated_records_are_counted(void **state)
{
	struct rig *rig = *state;
	const struct access_record records[3] = {[1].flags = ACCESS_TRUNCATED};

	open_log(rig, rig->path);
	for (int i = 0; i < 3; i++)
		rs_access_file_take(&rig->file, &records[i], 0);
	assert_int_equal(rig->file.counters[ACCESS_C_LINES], 3);
	assert_int_equal(rig->file.counters[ACCESS_C_TRUNCATED], 1);
}

static void what_cannot_be_opened(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(rs_access_file_open(&rig->file, rig->folder, &rig->format), -EISDIR);
	rig->file.fd = -1;
	assert_int_equal(rs_access_file_open(&rig->file, "/nowhere/at/all", &rig->format), -ENOENT);
	assert_int_equal(mkfifo(rig->path, 0600), 0);
	assert_int_equal(rs_access_file_open(&rig->file, rig->path, &rig->format), -ENXIO);
}

/* A file that is there as it is with 0, and one that is not, is not there behind it. */
static void check_says_what_open_says(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(rs_access_file_check("-"), 0);
	assert_int_equal(rs_access_file_check(rig->path), 0);
	assert_int_equal(access(rig->path, F_OK), -1);
	assert_int_equal(rs_access_file_check(rig->folder), -EISDIR);
	assert_int_equal(rs_access_file_check("/nowhere/at/all"), -ENOENT);
	assert_int_equal(rs_access_file_check("/nowhere/"), -EISDIR);
	assert_int_equal(rs_access_file_check("/dev/null/log"), -ENOTDIR);
	assert_int_equal(rs_access_file_check(""), -ENOENT);
	open_log(rig, rig->path);
	assert_int_equal(rs_access_file_check(rig->path), 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chmod(rig->folder, 0711), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(rs_access_file_check(rig->path), -EACCES);
	assert_int_equal(rs_access_file_check(rig->other), -EACCES);
	assert_int_equal(seteuid(0), 0);
}

/* ---- Files that are full ----------------------------------------------------------------- */

static void full_device_loses_by_name(void **state)
{
	struct rig *rig = *state;

	open_log(rig, "/dev/full");
	take(rig, BUFFER_LINES + 7);
	assert_int_equal(rig->file.counters[ACCESS_C_LOST_NO_SPACE], 7);
	assert_int_equal(n_lost(rig), 7);
	rs_access_file_close(&rig->file);
	assert_int_equal(rig->file.counters[ACCESS_C_LOST_NO_SPACE], BUFFER_LINES + 7);
}

/* What write(2) says of a descriptor that is not there to be written to is none of the others. */
static void other_errors_lose_by_name(void **state)
{
	struct rig *rig = *state;
	int fd = open("/dev/null", O_RDONLY);

	open_log(rig, rig->path);
	assert_int_equal(dup2(fd, rig->file.fd), rig->file.fd);
	close(fd);
	take(rig, BUFFER_LINES + 1);
	assert_int_equal(rig->file.counters[ACCESS_C_LOST_ERROR], 1);
	assert_int_equal(n_lost(rig), 1);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* No descriptor stays behind, neither of the old file nor at the end, which may come twice. */
static void descriptors_are_given_back(void **state)
{
	struct rig *rig = *state;
	int first, second, other;

	open_log(rig, rig->path);
	first = rig->file.fd;
	assert_int_equal(rs_access_file_reopen(&rig->file, 0), 0);
	second = rig->file.fd;
	assert_int_not_equal(first, second);
	assert_false(is_open(first));
	rs_access_file_close(&rig->file);
	assert_false(is_open(second));
	other = open("/dev/null", O_RDONLY);
	assert_int_equal(dup2(other, second), second);
	rs_access_file_close(&rig->file);
	assert_true(is_open(second));
	close(second);
	if (other != second)
		close(other);
}

static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Room in the file ends within a line. When there is room again, that line goes on. */
static void torn_line_is_completed(void **state)
{
	struct rig *rig = *state;
	uint64_t next = 0;

	signal(SIGXFSZ, SIG_IGN);
	open_log(rig, rig->path);
	limit_file_size(10 * LINE_BYTES + 5);
	take(rig, 20);
	pass(rig, SECOND_US);
	limit_file_size(RLIM_INFINITY);
	assert_true(rig->file.is_mid_line);
	take(rig, BUFFER_LINES - 8); /* beside 9 lines and a piece: one too many */
	assert_int_equal(rig->file.counters[ACCESS_C_LOST_NO_SPACE], 1);
	pass(rig, ACCESS_RETRY_ERROR_US - 1);
	assert_true(rig->file.is_mid_line);
	pass(rig, 1);
	assert_int_equal(lines_of(rig->path, &next), rig->n_taken - 1);
}

static void put_half_a_line(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
}

/* Has what put_half_a_line() left a line of its own, and n good ones after it? */
static void assert_half_and_lines(const char *path, uint32_t n)
{
	char text[10 * LINE_BYTES] = {0};
	int fd = open(path, O_RDONLY);
	uint64_t next = 0;
	size_t len = read_all(fd, text, sizeof(text));

	close(fd);
	assert_memory_equal(text, "half\n", 5);
	assert_int_equal(count_lines(text + 5, len - 5, &next), n);
}

static void torn_line_of_another_run_is_ended(void **state)
{
	struct rig *rig = *state;

	put_half_a_line(rig->path);
	open_log(rig, rig->path);
	take(rig, 2);
	pass(rig, SECOND_US);
	take(rig, 1);
	rs_access_file_close(&rig->file);
	assert_half_and_lines(rig->path, 3);
	open_log(rig, rig->path); /* once */
	take(rig, 1);
	rs_access_file_close(&rig->file);
	assert_half_and_lines(rig->path, 4);
	put_half_a_line(rig->other); /* as which the name goes to SIGHUP */
	open_log(rig, rig->path);
	assert_int_equal(rename(rig->other, rig->path), 0);
	assert_int_equal(rs_access_file_reopen(&rig->file, 0), 0);
	take(rig, 2);
	rs_access_file_close(&rig->file);
	assert_half_and_lines(rig->path, 2);
	assert_int_equal(n_lost(rig), 0);
}

/* The disk is still full: no line of ours is counted for it. */
static void torn_line_of_another_run_waits_for_room(void **state)
{
	struct rig *rig = *state;

	signal(SIGXFSZ, SIG_IGN);
	put_half_a_line(rig->path);
	limit_file_size(4);
	open_log(rig, rig->path);
	take(rig, 2);
	pass(rig, SECOND_US);
	limit_file_size(RLIM_INFINITY);
	pass(rig, ACCESS_RETRY_ERROR_US);
	assert_half_and_lines(rig->path, 2);
	limit_file_size(5 + 2 * LINE_BYTES);
	take(rig, 2);
	rs_access_file_close(&rig->file);
	limit_file_size(RLIM_INFINITY);
	assert_int_equal(n_lost(rig), 2);
}

static void torn_line_does_not_reach_the_next_file(void **state)
{
	struct rig *rig = *state;
	uint64_t next = 0;
	struct stat st;

	signal(SIGXFSZ, SIG_IGN);
	open_log(rig, rig->path);
	limit_file_size(10 * LINE_BYTES + 5);
	take(rig, 20);
	assert_int_equal(rename(rig->path, rig->other), 0);
	assert_int_equal(rs_access_file_reopen(&rig->file, 0), 0);
	rs_access_file_close(&rig->file);
	limit_file_size(RLIM_INFINITY);
	assert_int_equal(stat(rig->other, &st), 0);
	assert_int_equal(st.st_size, 10 * LINE_BYTES + 5);
	assert_int_equal(lines_of(rig->path, &next), 9);
	assert_int_equal(rig->file.counters[ACCESS_C_LOST_NO_SPACE], 1);
	assert_int_equal(n_lost(rig), 1);
}

/* SIGHUP without a rename: the file is the same one, and the line goes on in it, at once. */
static void torn_line_goes_on_where_the_file_is_the_same(void **state)
{
	struct rig *rig = *state;
	uint64_t next = 0;

	signal(SIGXFSZ, SIG_IGN);
	open_log(rig, rig->path);
	limit_file_size(10 * LINE_BYTES + 5);
	take(rig, 20);
	pass(rig, SECOND_US);
	assert_int_equal(rs_access_file_reopen(&rig->file, rig->now_us), 0);
	limit_file_size(RLIM_INFINITY);
	pass(rig, 0);
	assert_false(rig->file.is_mid_line);
	assert_int_equal(lines_of(rig->path, &next), 20);
	assert_int_equal(n_lost(rig), 0);
}

/* Another file begins with a line of its own: there none is torn when it, too, is left. */
static void torn_line_is_over_with_its_file(void **state)
{
	struct rig *rig = *state;
	uint64_t next = 0;

	signal(SIGXFSZ, SIG_IGN);
	open_log(rig, rig->path);
	limit_file_size(10 * LINE_BYTES + 5);
	take(rig, 20);
	pass(rig, SECOND_US);
	assert_int_equal(rename(rig->path, rig->other), 0);
	limit_file_size(0); /* the next one takes nothing yet */
	assert_int_equal(rs_access_file_reopen(&rig->file, rig->now_us), 0);
	assert_false(rig->file.is_mid_line);
	assert_int_equal(unlink(rig->path), 0);
	assert_int_equal(rs_access_file_reopen(&rig->file, rig->now_us), 0);
	limit_file_size(RLIM_INFINITY);
	pass(rig, SECOND_US);
	assert_int_equal(lines_of(rig->path, &next), rig->n_taken - 11);
	assert_int_equal(n_lost(rig), 1);
}

/* ---- Reopening --------------------------------------------------------------------------- */

static void renamed_file_is_left(void **state)
{
	struct rig *rig = *state;
	uint64_t next = 0;

	open_log(rig, rig->path);
	take(rig, 3);
	assert_int_equal(rename(rig->path, rig->other), 0);
	assert_int_equal(rs_access_file_reopen(&rig->file, rig->now_us), 0);
	take(rig, 2);
	rs_access_file_close(&rig->file);
	assert_int_equal(lines_of(rig->other, &next), 3);
	assert_int_equal(lines_of(rig->path, &next), 2);
	assert_int_equal(rig->file.counters[ACCESS_C_REOPENED], 1);
}

static void old_file_goes_on_where_there_is_no_new_one(void **state)
{
	struct rig *rig = *state;
	uint64_t next = 0;

	open_log(rig, rig->path);
	take(rig, 3);
	assert_int_equal(rename(rig->path, rig->other), 0);
	assert_int_equal(mkdir(rig->path, 0700), 0);
	assert_int_equal(rs_access_file_reopen(&rig->file, rig->now_us), -EISDIR);
	take(rig, 2);
	rs_access_file_close(&rig->file);
	rmdir(rig->path);
	assert_int_equal(lines_of(rig->other, &next), 5);
	assert_int_equal(rig->file.counters[ACCESS_C_REOPEN_FAILED], 1);
}

/* ---- Pipes ------------------------------------------------------------------------------- */

/* Takes more than a pipe and the buffer hold, twice, and reads in between. */
static void overrun(struct rig *rig, int reader)
{
	static char text[1 << 20];
	uint64_t next = 0, n_read = 0;
	size_t len;

	for (int round = 0; round < 2; round++) {
		take(rig, 3 * BUFFER_LINES);
		len = read_all(reader, text, sizeof(text));
		/* What is left in the buffer begins where the pipe was full. */
		pass(rig, SECOND_US);
		len += read_all(reader, text + len, sizeof(text) - len);
		n_read += count_lines(text, len, &next);
	}
	assert_true(rig->file.counters[ACCESS_C_LOST_SLOW] >= BUFFER_LINES);
	assert_int_equal(n_lost(rig), rig->file.counters[ACCESS_C_LOST_SLOW]);
	assert_int_equal(n_read + n_lost(rig), rig->n_taken);
}

static void slow_reader_of_a_named_pipe(void **state)
{
	struct rig *rig = *state;
	int reader;

	assert_int_equal(mkfifo(rig->path, 0600), 0);
	reader = open(rig->path, O_RDONLY | O_NONBLOCK);
	open_log(rig, rig->path);
	overrun(rig, reader);
	close(reader);
}

static void reader_that_leaves(void **state)
{
	struct rig *rig = *state;
	static char text[1 << 20];
	uint64_t next = 0;
	int reader;

	assert_int_equal(mkfifo(rig->path, 0600), 0);
	reader = open(rig->path, O_RDONLY | O_NONBLOCK);
	open_log(rig, rig->path);
	close(reader);
	take(rig, BUFFER_LINES + 3);
	assert_int_equal(rig->file.counters[ACCESS_C_LOST_NO_READER], 3);
	/* Another one gets what waits. */
	reader = open(rig->path, O_RDONLY | O_NONBLOCK);
	pass(rig, SECOND_US);
	assert_int_equal(
		count_lines(text, read_all(reader, text, sizeof(text)), &next), BUFFER_LINES);
	close(reader);
}

/* Standard output is fd for a while. */
static void open_as_stdout(struct rig *rig, int fd)
{
	int before = dup(STDOUT_FILENO);

	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	open_log(rig, "-");
	dup2(before, STDOUT_FILENO);
	close(before);
}

/* Who reads our standard output does not hold us up, and is not made non-blocking by us. */
static void slow_reader_of_standard_output(void **state)
{
	struct rig *rig = *state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	open_as_stdout(rig, ends[1]);
	assert_false(rig->file.may_block); /* it is opened once more, for us alone */
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	overrun(rig, ends[0]);
	assert_int_equal(rs_access_file_reopen(&rig->file, rig->now_us), 0);
	close(ends[0]);
	close(ends[1]);
}

static void slow_reader_of_a_socket(void **state)
{
	struct rig *rig = *state;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	open_as_stdout(rig, ends[1]);
	assert_true(rig->file.may_block);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	take(rig, 30 * BUFFER_LINES);
	assert_true(rig->file.counters[ACCESS_C_LOST_SLOW] > 0);
	close(ends[0]);
	close(ends[1]);
}

/* Where the pipe may not be opened once more, what has room is written to the shared one. */
static void slow_reader_of_a_shared_pipe(void **state)
{
	struct rig *rig = *state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	open_as_stdout(rig, ends[1]);
	dup2(ends[1], rig->file.fd);
	rig->file.may_block = true;
	assert_int_equal(fcntl(rig->file.fd, F_GETFL) & O_NONBLOCK, 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	overrun(rig, ends[0]);
	close(ends[0]);
	close(ends[1]);
}

/* A file that standard error goes to as well: neither overwrites the other. */
static void standard_output_to_a_shared_file(void **state)
{
	struct rig *rig = *state;
	char text[3 * LINE_BYTES + 1] = "";
	int fd = open(rig->path, O_WRONLY | O_CREAT, 0600);

	open_as_stdout(rig, fd);
	assert_int_equal(write(fd, "said before.........\n", LINE_BYTES), LINE_BYTES);
	take(rig, 1);
	pass(rig, SECOND_US);
	assert_int_equal(write(fd, "said afterwards.....\n", LINE_BYTES), LINE_BYTES);
	close(fd);
	fd = open(rig->path, O_RDONLY);
	assert_int_equal(read_all(fd, text, sizeof(text)), 3 * LINE_BYTES);
	assert_string_equal(
		text, "said before.........\n10000000000000000000\nsaid afterwards.....\n");
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_wait_a_second),
		TEST(full_buffer_is_written),
		TEST(file_is_appended_to_and_private),
		TEST(truncated_records_are_counted),
		TEST(what_cannot_be_opened),
		TEST(check_says_what_open_says),
		TEST(full_device_loses_by_name),
		TEST(other_errors_lose_by_name),
		TEST(descriptors_are_given_back),
		TEST(torn_line_is_completed),
		TEST(torn_line_of_another_run_is_ended),
		TEST(torn_line_of_another_run_waits_for_room),
		TEST(torn_line_does_not_reach_the_next_file),
		TEST(torn_line_goes_on_where_the_file_is_the_same),
		TEST(torn_line_is_over_with_its_file),
		TEST(renamed_file_is_left),
		TEST(old_file_goes_on_where_there_is_no_new_one),
		TEST(slow_reader_of_a_named_pipe),
		TEST(reader_that_leaves),
		TEST(slow_reader_of_standard_output),
		TEST(slow_reader_of_a_socket),
		TEST(slow_reader_of_a_shared_pipe),
		TEST(standard_output_to_a_shared_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
