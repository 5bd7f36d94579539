/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/fanout.h"

#include <dlfcn.h>
#include <linux/if_packet.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FLAG(name)  ((uint32_t)(PACKET_FANOUT_FLAG_##name) << 16)
#define NUMBER_MASK UINT32_C(0xffff)

static int set(int fd, int level, int name, const void *value, socklen_t len)
{
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

/* wanted: what the driver asks for, the same for all sockets of a port, one after the other. */
static int join_group(int fd, uint32_t wanted)
{
	static uint32_t last_wanted, group;
	socklen_t len = sizeof(group);

	wanted &= ~FLAG(ROLLOVER);
	if (wanted == last_wanted)
		return set(fd, SOL_PACKET, PACKET_FANOUT, &group, sizeof(group));
	group = (wanted & ~NUMBER_MASK) | FLAG(UNIQUEID);
	if (set(fd, SOL_PACKET, PACKET_FANOUT, &group, sizeof(group)) ||
		getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &group, &len))
		return -1;
	last_wanted = wanted;
	return 0;
}

/* Stands before the C library's setsockopt(), for the driver's call, too. */
__attribute__((visibility("default"))) int setsockopt(
	int fd, int level, int name, const void *value, socklen_t len)
{
	uint32_t wanted;

	if (level != SOL_PACKET || name != PACKET_FANOUT || len != sizeof(wanted))
		return set(fd, level, name, value, len);
	memcpy(&wanted, value, sizeof(wanted));
	return join_group(fd, wanted);
}

bool rs_io_fanout_is_kept(void)
{
	void *found = dlsym(RTLD_DEFAULT, "setsockopt");

	return !found || found == (void *)setsockopt;
}
