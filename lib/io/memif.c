/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/memif.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <rte_alarm.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_log.h>

#include "io/log.h"
#include "io/poller.h"
#include "io/port.h"

#define DRIVER        "net_memif"
#define GRACE_US      1000000
#define RETRY_SECONDS 2
#define CLOSE_US      5000000

/* The ports under guard. Process-wide, because munmap() is. */
static struct io_port *guarded[RTE_MAX_ETHPORTS];
static pthread_mutex_t gates = PTHREAD_MUTEX_INITIALIZER;
static pthread_t interrupt_thread;
static bool armed;

static bool is_memif(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, DRIVER) == 0;
}

bool rs_io_memif_is(uint16_t port_id)
{
	struct rte_eth_dev_info info;

	return rte_eth_dev_info_get(port_id, &info) == 0 && is_memif(&info);
}

/* The value of key in "a=b,c=d" or "name,a=b,c=d": its length, or 0. */
static size_t find_arg(const char *args, const char *key, const char **value)
{
	size_t key_len = strlen(key);

	while (args) {
		if (strncmp(args, key, key_len) == 0 && args[key_len] == '=') {
			*value = args + key_len + 1;
			return strcspn(*value, ",");
		}
		args = strchr(args, ',');
		if (args)
			args++;
	}
	return 0;
}

static bool arg_is(const char *args, const char *key, const char *wanted)
{
	const char *value = "";
	size_t n = find_arg(args, key, &value);

	return n == strlen(wanted) && strncmp(value, wanted, n) == 0;
}

static bool listens(const char *args)
{
	return arg_is(args, "role", "server") || arg_is(args, "role", "master");
}

bool rs_io_memif_is_client(uint16_t port_id)
{
	const struct rte_devargs *devargs = NULL;
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port_id, &info) == 0)
		devargs = rte_dev_devargs(info.device);
	return !devargs || !listens(devargs->args);
}

bool rs_io_memif_copies(const struct rte_eth_dev_info *info)
{
	const struct rte_devargs *devargs = rte_dev_devargs(info->device);

	return is_memif(info) && devargs &&
	       (listens(devargs->args) || !arg_is(devargs->args, "zero-copy", "yes"));
}

/* ---- the guard ---- */

static void shut_gates(void)
{
	pthread_mutex_lock(&gates);
	for (uint32_t i = 0; i < RTE_MAX_ETHPORTS; i++) {
		if (guarded[i])
			__atomic_store_n(&guarded[i]->gate_open, false, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&gates);
}

/*
 * Stands before the C library's munmap(), for the driver's call too. The driver has marked the
 * port as down by then. The interrupt thread alone waits: nobody else unmaps what cores use.
 */
__attribute__((visibility("default"))) int munmap(void *addr, size_t len)
{
	if (__atomic_load_n(&armed, __ATOMIC_ACQUIRE) &&
		pthread_equal(pthread_self(), interrupt_thread)) {
		shut_gates();
		if (!rs_io_pollers_wait(GRACE_US)) {
			rs_log("a core did not end its turn within a second: %zu bytes that a "
			       "memif peer has left stay mapped",
				len);
			return 0;
		}
	}
	return (int)syscall(SYS_munmap, addr, len);
}

/* Whose munmap() the driver finds, where it is a shared object. */
static bool stands_before_libc(void)
{
	void *found = dlsym(RTLD_DEFAULT, "munmap");

	return !found || found == (void *)munmap;
}

/* Alarms ring in the interrupt thread. */
static void note_interrupt_thread(void *done)
{
	interrupt_thread = pthread_self();
	__atomic_store_n((bool *)done, true, __ATOMIC_RELEASE);
}

static int arm(void)
{
	static bool known;
	int err;

	if (armed)
		return 0;
	if (!stands_before_libc()) {
		rs_log("this build does not export munmap(): a memif peer that leaves may take the "
		       "process with it; link with -Wl,--export-dynamic-symbol=munmap");
		return -ENOEXEC;
	}
	err = rte_eal_alarm_set(1, note_interrupt_thread, &known);
	if (err)
		return err;
	for (uint32_t waited_us = 0; !__atomic_load_n(&known, __ATOMIC_ACQUIRE);
		waited_us += 1000) {
		if (waited_us >= GRACE_US)
			return -ETIMEDOUT;
		usleep(1000);
	}
	__atomic_store_n(&armed, true, __ATOMIC_RELEASE);
	return 0;
}

int rs_io_memif_guard(struct io_port *port)
{
	int err = arm();

	if (err) {
		rs_log("port %u (%s): its peer cannot be let go safely: %s", port->id, port->name,
			strerror(-err));
		return err;
	}
	pthread_mutex_lock(&gates);
	port->gate_open = false;
	guarded[port->id] = port;
	pthread_mutex_unlock(&gates);
	return 0;
}

void rs_io_memif_unguard(struct io_port *port)
{
	pthread_mutex_lock(&gates);
	guarded[port->id] = NULL;
	pthread_mutex_unlock(&gates);
}

/* ---- the peer comes back ---- */

/*
 * On the interrupt thread, which handles the driver's messages: whoever stopped the port on another
 * thread could meet it in the middle of a handshake. The driver tells each failure; a peer that is
 * not there yet is none.
 */
static void reconnect(void *arg)
{
	struct io_port *port = arg;
	int type = rte_log_register("pmd.net.memif"); /* the driver has: this finds it */
	int level = type < 0 ? -1 : rte_log_get_level((uint32_t)type);

	if (level > (int)RTE_LOG_CRIT)
		rte_log_set_level((uint32_t)type, RTE_LOG_CRIT);
	if (port->started)
		rte_eth_dev_stop(port->id);
	port->started = rte_eth_dev_start(port->id) == 0;
	if (level > (int)RTE_LOG_CRIT)
		rte_log_set_level((uint32_t)type, (uint32_t)level);
}

/* A handshake that has begun gets as long as an attempt that failed has to wait. */
static void connect_again(struct io_port *port)
{
	struct timespec now;
	bool is_first = !port->retry_at_s;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < port->retry_at_s)
		return;
	port->retry_at_s = now.tv_sec + RETRY_SECONDS;
	if (!is_first)
		rte_eal_alarm_set(1, reconnect, port);
}

enum closing_state {
	CLOSING_ASKED,
	CLOSING_BEGUN, /* by whoever could set this */
	CLOSING_DONE,
};

struct closing {
	struct io_port *port;
	enum closing_state state;
};

static bool begin_closing(struct closing *closing)
{
	enum closing_state asked = CLOSING_ASKED;

	return __atomic_compare_exchange_n(
		&closing->state, &asked, CLOSING_BEGUN, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void close_port(void *arg)
{
	struct closing *closing = arg;
	struct io_port *port = closing->port;

	if (!begin_closing(closing))
		return;
	if (port->started && rte_eth_dev_stop(port->id))
		rs_log("port %u (%s) does not stop", port->id, port->name);
	rte_eth_dev_close(port->id);
	__atomic_store_n(&closing->state, CLOSING_DONE, __ATOMIC_RELEASE);
}

static bool is_closed(const struct closing *closing)
{
	for (uint32_t waited_us = 0; waited_us < CLOSE_US; waited_us += 1000) {
		if (__atomic_load_n(&closing->state, __ATOMIC_ACQUIRE) == CLOSING_DONE)
			return true;
		usleep(1000);
	}
	return false;
}

/*
 * On the interrupt thread, as reconnect() is. What that has not even begun after some seconds is
 * done here: a port must not outlive the memory that it was lent.
 */
void rs_io_memif_close(struct io_port *port)
{
	static struct closing closing; /* outlives a callback that comes too late */

	rte_eal_alarm_cancel(reconnect, port);
	closing = (struct closing){.port = port};
	if (rte_eal_alarm_set(1, close_port, &closing) || !is_closed(&closing))
		close_port(&closing);
	if (!is_closed(&closing))
		rs_log("port %u (%s) does not close", port->id, port->name);
	rs_io_memif_unguard(port);
}

bool rs_io_memif_watch(struct io_port *port)
{
	struct rte_eth_link link = {0};
	bool up;

	/* Locked, so that a gate which the interrupt thread shuts now is not opened by an old look.
	 */
	pthread_mutex_lock(&gates);
	up = rte_eth_link_get_nowait(port->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
	if (up)
		__atomic_store_n(&port->gate_open, true, __ATOMIC_RELEASE);
	up = port->gate_open;
	pthread_mutex_unlock(&gates);
	if (!up && rs_io_memif_is_client(port->id))
		connect_again(port);
	return up;
}

/* ---- before EAL ---- */

/* A file that a process which is gone has listened on. */
static bool is_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	bool refused;
	int fd;

	if (stat(addr->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	refused =
		connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static void clean_stale(const char *vdev)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "/run/memif.sock"};
	const char *path;
	size_t n;

	if (strncmp(vdev, DRIVER, strlen(DRIVER)) || !listens(vdev) ||
		!arg_is(vdev, "socket-abstract", "no"))
		return;
	n = find_arg(vdev, "socket", &path);
	if (n >= sizeof(addr.sun_path))
		return;
	if (n)
		snprintf(addr.sun_path, sizeof(addr.sun_path), "%.*s", (int)n, path);
	if (!is_stale(&addr))
		return;
	if (unlink(addr.sun_path) == 0)
		rs_log("%s: removed, an earlier process had left it behind", addr.sun_path);
	else
		rs_log("%s: left behind by an earlier process, and it cannot be removed: %s",
			addr.sun_path, strerror(errno));
}

void rs_io_memif_clean_stale(int argc, char *const *argv)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--vdev=", 7) == 0)
			clean_stale(argv[i] + 7);
		else if (strcmp(argv[i], "--vdev") == 0 && i + 1 < argc)
			clean_stale(argv[i + 1]);
	}
}
