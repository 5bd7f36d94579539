/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * By what a file is known again without reading it. Private to lib/content; includes libc only.
 */
#ifndef RS_CONTENT_FILE_ID_H
#define RS_CONTENT_FILE_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <sys/stat.h>
#include <time.h>

/* No padding: compared as bytes. */
struct file_id {
	uint64_t dev;
	uint64_t ino;
	uint64_t n_bytes;
	int64_t mtime_s;
	int64_t ctime_s;
	uint32_t mtime_ns; /* beyond mtime_s */
	uint32_t ctime_ns;
};

/* A clock that counts in ticks stamps files: two writes within one tick look the same. And a write
 * is stamped when it begins: what was read of the file before it ended looks the same, too. */
#define FILE_ID_SETTLE_NS 1000000000

static inline struct file_id rs_file_id_of(const struct stat *st)
{
	return (struct file_id){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.n_bytes = (uint64_t)st->st_size,
		.mtime_s = st->st_mtim.tv_sec,
		.ctime_s = st->st_ctim.tv_sec,
		.mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
		.ctime_ns = (uint32_t)st->st_ctim.tv_nsec,
	};
}

static inline bool rs_file_id_same(const struct file_id *a, const struct file_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Makes it the same as no other; what it tells of the file's size and age stays. */
static inline void rs_file_id_forget(struct file_id *id)
{
	id->dev = 0;
	id->ino = 0;
	id->ctime_s = INT64_MIN;
}

static inline bool rs_file_id_same_inode(const struct file_id *a, const struct file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/*
 * Whether a file that was like this at now cannot change and still look like this. It can when its
 * last change is so young that another one would have the same time. Some file systems count whole
 * seconds.
 */
static inline bool rs_file_id_settled(const struct file_id *id, const struct timespec *now)
{
	int64_t age_s = now->tv_sec - id->ctime_s;

	if (id->ctime_ns == 0 || age_s < 0 || age_s > 2)
		return age_s > 2;
	return age_s * 1000000000 + now->tv_nsec - id->ctime_ns > FILE_ID_SETTLE_NS;
}

#endif
