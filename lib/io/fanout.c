/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/fanout.h"

#include <dlfcn.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Stands before the C library's setsockopt(), for the driver's call, too. */
__attribute__((visibility("default"))) int setsockopt(
	int fd, int level, int name, const void *value, socklen_t len)
{
	int fanout;

	if (level == SOL_PACKET && name == PACKET_FANOUT && len == sizeof(fanout)) {
		memcpy(&fanout, value, sizeof(fanout));
		fanout &= ~(PACKET_FANOUT_FLAG_ROLLOVER << 16);
		value = &fanout;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

bool rs_io_fanout_is_kept(void)
{
	void *found = dlsym(RTLD_DEFAULT, "setsockopt");

	return !found || found == (void *)setsockopt;
}
