/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "io/log.h"

#define KEY "iface="

/*
 * A lock needs no more than a file that is open for reading. It may be another user's: such a file,
 * in a directory where everybody may write, Linux opens only without O_CREAT
 * (fs.protected_regular).
 */
static int open_lock(const char *path)
{
	int fd = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0644);

	return fd < 0 && errno == EACCES ? open(path, O_RDONLY | O_CLOEXEC) : fd;
}

/* The lock ends with the process, however that ends: the descriptor is left open on purpose. */
static int claim(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/lock/ringside-%s", name);
	fd = open_lock(path);
	if (fd < 0)
		return 0; /* nowhere to lock: then nobody else can either */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	close(fd);
	rs_log("interface %s serves another ringside: end that one first; or it is named twice",
		name);
	return -EBUSY;
}

int rs_io_claim_interfaces(int argc, char *const *argv)
{
	for (int i = 1; i < argc; i++) {
		const char *at = strstr(argv[i], KEY);
		char name[IF_NAMESIZE];
		size_t len;

		if (!at || (at > argv[i] && at[-1] != ','))
			continue;
		at += strlen(KEY);
		len = strcspn(at, ",");
		if (!len || len >= sizeof(name))
			continue; /* no interface has such a name: the driver will say so */
		memcpy(name, at, len);
		name[len] = 0;
		if (!strchr(name, '/') && claim(name))
			return -EBUSY;
	}
	return 0;
}
