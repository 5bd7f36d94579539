/* SPDX-License-Identifier: BSD-2-Clause */
#define ALLOW_EXPERIMENTAL_API /* the interrupt functions are not in the stable ABI of 22.11 */
#include "io/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include <rte_eal.h>
#include <rte_interrupts.h>

#define PARK_SECONDS 2

/* Runs on the interrupt thread, and never returns: the process ends with the thread in here. */
static void park(void *parked)
{
	sem_post(parked);
	for (;;)
		pause();
}

/*
 * Not by an alarm: rte_eal_cleanup() waits for the alarm's callback. Nobody waits for that of an
 * event of our own.
 */
static void park_interrupt_thread(void)
{
	static sem_t parked;
	struct rte_intr_handle *event = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	int fd = eventfd(1, EFD_CLOEXEC);
	struct timespec until;

	if (!event || fd < 0 || rte_intr_fd_set(event, fd) ||
		rte_intr_type_set(event, RTE_INTR_HANDLE_EXT))
		return;
	sem_init(&parked, 0, 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PARK_SECONDS;
	if (rte_intr_callback_register(event, park, &parked) == 0)
		sem_timedwait(&parked, &until);
}

/* EAL leaves its own: some megabytes for each --file-prefix that was ever used. */
static void remove_runtime_files(void)
{
	const char *folder = rte_eal_get_runtime_dir();
	DIR *dir = *folder ? opendir(folder) : NULL;
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0); /* no folder */
	if (dir)
		closedir(dir);
	rmdir(folder);
}

void rs_io_cleanup(void)
{
	bool is_primary = rte_eal_process_type() == RTE_PROC_PRIMARY;

	park_interrupt_thread();
	rte_eal_cleanup();
	if (is_primary)
		remove_runtime_files();
}

/* The primary process of a prefix holds a lock on its configuration; ours are not told here. */
static bool is_anothers(const char *folder)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX];
	bool is_locked;
	int fd;

	snprintf(path, sizeof(path), "%s/config", folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOENT;
	is_locked = fcntl(fd, F_GETLK, &lock) || lock.l_type != F_UNLCK;
	close(fd);
	return is_locked;
}

void rs_io_cleanup_failed(void)
{
	if (*rte_eal_get_runtime_dir() && !is_anothers(rte_eal_get_runtime_dir()))
		remove_runtime_files();
}
