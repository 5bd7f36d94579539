/* SPDX-License-Identifier: BSD-2-Clause */
/* What of lib/io works without EAL: waiting for pollers, stale memif sockets, claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "io/claim.h"
#include "io/log.h"
#include "io/memif.h"
#include "io/poller.h"
#include "io/port.h"
#include "temp.h"

#define ENOUGH_US 10000000
#define SHORT_US  1000
#define USABLE    0x600df00du

/* ---- offloads ---- */

static void what_ports_can_cut(void **state)
{
	const uint64_t all = RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS |
			     RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	const struct {
		const char *driver;
		uint64_t lacks;
		uint16_t segs;
		uint32_t bytes;
	} cases[] = {
		{"net_ixgbe", 0, 0, 65279},
		{"net_ixgbe", 0, 40, 65279},
		{"net_ixgbe", 0, UINT16_MAX, 65279},
		{"net_ena", 0, 17, 15 * 2048},
		{"net_i40e", 0, 3, 2048},
		{"net_i40e", 0, 2, 0},
		{"net_ixgbe", RTE_ETH_TX_OFFLOAD_TCP_TSO, 0, 0},
		{"net_ixgbe", RTE_ETH_TX_OFFLOAD_MULTI_SEGS, 0, 0},
		{"net_ixgbe", RTE_ETH_TX_OFFLOAD_TCP_CKSUM, 0, 0},
		{"net_virtio", RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, UINT16_MAX, 65279},
		{"net_vmxnet3", RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, 255, 22 * 2048},
		{"net_tap", 0, 0, 0},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		struct rte_eth_dev_info info = {
			.driver_name = cases[i].driver,
			.tx_offload_capa = all & ~cases[i].lacks,
			.tx_desc_lim.nb_seg_max = cases[i].segs,
		};

		assert_int_equal(rs_io_tso_bytes(&info, 2048), cases[i].bytes);
	}
}

/* ---- pollers ---- */

static void nobody_to_wait_for(void **state)
{
	(void)state;
	assert_true(rs_io_pollers_wait(SHORT_US));
}

static void a_poller_in_a_turn_is_waited_for(void **state)
{
	uint64_t n_turns = 41;
	int handle = rs_io_poller_enter(&n_turns);

	(void)state;
	assert_true(handle >= 0);
	assert_false(rs_io_pollers_wait(SHORT_US));
	rs_io_poller_leave(handle);
	assert_true(rs_io_pollers_wait(SHORT_US));
}

/* What a burst uses, and whether it may. */
struct shared {
	bool gate_open;
	bool stop;
	uint32_t *memory;
};

static void *poll_shared(void *arg)
{
	struct shared *s = arg;
	uint64_t n_turns = 0;
	bool wrong = false;
	int handle = rs_io_poller_enter(&n_turns);

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		for (int i = 0; i < 100 && __atomic_load_n(&s->gate_open, __ATOMIC_ACQUIRE); i++)
			wrong |= *__atomic_load_n(&s->memory, __ATOMIC_RELAXED) != USABLE;
		rs_io_poller_turn(&n_turns);
	}
	rs_io_poller_leave(handle);
	return wrong ? s : NULL;
}

/* Memory is taken away and given again while a thread uses it, as memif does. */
static void memory_outlives_every_burst(void **state)
{
	struct shared s = {0};
	pthread_t thread;
	void *wrong;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, poll_shared, &s), 0);
	for (int i = 0; i < 2000; i++) {
		s.memory = malloc(sizeof(*s.memory));
		*s.memory = USABLE;
		__atomic_store_n(&s.gate_open, true, __ATOMIC_RELEASE);
		__atomic_store_n(&s.gate_open, false, __ATOMIC_RELEASE);
		assert_true(rs_io_pollers_wait(ENOUGH_US));
		*s.memory = ~USABLE;
		free(s.memory);
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, &wrong);
	assert_null(wrong);
}

/* ---- stale sockets ---- */

static char path[TEMP_PATH_BYTES];

static int name_socket(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/memif.sock", temp_dir());
	return 0;
}

static struct sockaddr_un address_of_path(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);

	assert_in_range(n, 1, sizeof(addr.sun_path) - 1);
	return addr;
}

/* A socket file that somebody listens on, until the descriptor is closed. */
static int listen_at_path(void)
{
	struct sockaddr_un addr = address_of_path();
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static bool exists(void)
{
	return access(path, F_OK) == 0;
}

/* As EAL takes it: in two arguments, or in one. */
static void clean_as(bool is_joined, const char *vdev)
{
	char word[300], joined[300];
	char *apart[] = {"ringside", "-l", "1", "--vdev", word};
	char *together[] = {"ringside", joined, "-l", "1"};

	snprintf(word, sizeof(word), "%s", vdev);
	snprintf(joined, sizeof(joined), "--vdev=%s", vdev);
	if (is_joined)
		rs_io_memif_clean_stale(RS_ARRAY_SIZE(together), together);
	else
		rs_io_memif_clean_stale(RS_ARRAY_SIZE(apart), apart);
}

/* format: with one %s for the path. */
static void clean(const char *format)
{
	char vdev[256];

	snprintf(vdev, sizeof(vdev), format, path);
	for (int is_joined = 0; is_joined < 2; is_joined++)
		clean_as(is_joined, vdev);
}

static void a_stale_socket_goes(void **state)
{
	static const char *const formats[] = {
		"net_memif0,role=server,socket-abstract=no,socket=%s,id=3",
		"net_memif0,role=master,socket-abstract=no,socket=%s",
	};

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(formats); i++) {
		char vdev[256];

		close(listen_at_path());
		assert_true(exists());
		snprintf(vdev, sizeof(vdev), formats[i / 2], path);
		clean_as(i % 2, vdev);
		assert_false(exists());
	}
}

/* A path that is too long for a socket is no other one's, which it begins with. */
static void a_path_that_is_too_long(void **state)
{
	const size_t longest = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	(void)state;
	memset(path + strlen(path), 'x', longest - strlen(path));
	path[longest] = 0;
	close(listen_at_path());
	clean("net_memif0,role=server,socket-abstract=no,socket=%sx");
	assert_true(exists());
	clean("net_memif0,role=server,socket-abstract=no,socket=%s");
	assert_false(exists());
	name_socket(NULL);
}

static void a_socket_in_use_stays(void **state)
{
	int fd = listen_at_path();

	(void)state;
	clean("net_memif0,role=server,socket-abstract=no,socket=%s");
	assert_true(exists());
	close(fd);
}

/* Whoever listens there is busy: that must not hold us up. */
static void a_socket_with_a_full_backlog_stays(void **state)
{
	struct sockaddr_un addr = address_of_path();
	int fd = listen_at_path(), waiting[8];
	uint32_t n = 0;

	(void)state;
	do {
		assert_true(n < RS_ARRAY_SIZE(waiting));
		waiting[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	} while (connect(waiting[n++], (struct sockaddr *)&addr, sizeof(addr)) == 0);
	alarm(10);
	clean("net_memif0,role=server,socket-abstract=no,socket=%s");
	alarm(0);
	assert_true(exists());
	while (n)
		close(waiting[--n]);
	close(fd);
}

/* It is the peer's, it is no file, or it is no memif's. */
static void sockets_of_others_stay(void **state)
{
	(void)state;
	close(listen_at_path());
	clean("net_memif0,role=client,socket-abstract=no,socket=%s");
	clean("net_memif0,socket-abstract=no,socket=%s");
	clean("net_memif0,role=server,socket=%s");
	clean("net_memif0,role=server,socket-abstract=yes,socket=%s");
	clean("net_virtio_user0,role=server,socket-abstract=no,socket=%s");
	assert_true(exists());
}

static void other_files_stay(void **state)
{
	FILE *file;

	(void)state;
	unlink(path);
	file = fopen(path, "w");
	fclose(file);
	clean("net_memif0,role=server,socket-abstract=no,socket=%s");
	assert_true(exists());
}

static void an_option_without_value_is_eals_to_refuse(void **state)
{
	char *argv[] = {"ringside", "--vdev", NULL};

	(void)state;
	close(listen_at_path());
	rs_io_memif_clean_stale(2, argv);
	assert_true(exists());
}

/* ---- interfaces ---- */

/* Each of several ports has one; who comes second gets none of them. The locks end with us. */
static void interfaces_are_claimed_once(void **state)
{
	char first[64], second[64], other[64], lock[64];
	char *both[] = {"ringside", first, "--vdev", second + strlen("--vdev=")};
	char *one[] = {"ringside", "--vdev=net_null0", second};
	char *another[] = {"ringside", other};

	(void)state;
	snprintf(first, sizeof(first), "--vdev=net_af_packet0,qpairs=2,iface=t%da", getpid());
	snprintf(second, sizeof(second), "--vdev=net_af_xdp0,iface=t%db,start_queue=0", getpid());
	snprintf(other, sizeof(other), "--vdev=net_af_xdp0,iface=t%dc", getpid());
	assert_int_equal(rs_io_claim_interfaces(RS_ARRAY_SIZE(both), both), 0);
	assert_int_equal(rs_io_claim_interfaces(RS_ARRAY_SIZE(one), one), -EBUSY);
	assert_int_equal(rs_io_claim_interfaces(2, both), -EBUSY);
	assert_int_equal(rs_io_claim_interfaces(RS_ARRAY_SIZE(another), another), 0);
	for (int i = 0; i < 3; i++) {
		snprintf(lock, sizeof(lock), "/run/lock/ringside-t%d%c", getpid(), 'a' + i);
		assert_int_equal(unlink(lock), 0);
	}
}

static int claim_as(uid_t user, char *vdev)
{
	char *argv[] = {"ringside", vdev};

	if (setuid(user))
		return -1;
	return rs_io_claim_interfaces(2, argv);
}

/* Whoever comes first, root or not. */
static void interfaces_are_claimed_from_other_users(void **state)
{
	static const uid_t nobody = 65534;
	const uid_t users[][2] = {{0, nobody}, {nobody, 0}};

	(void)state;
	if (geteuid())
		skip();
	for (int i = 0; i < 2; i++) {
		char vdev[64], lock[64], byte;
		int ends[2], status;
		pid_t second, first;

		snprintf(vdev, sizeof(vdev), "--vdev=net_af_packet0,iface=t%du%d", getpid(), i);
		snprintf(lock, sizeof(lock), "/run/lock/ringside-t%du%d", getpid(), i);
		assert_int_equal(pipe(ends), 0);
		first = fork();
		if (!first) {
			byte = (char)claim_as(users[i][0], vdev);
			_exit(write(ends[1], &byte, 1) == 1 ? pause() : 1);
		}
		assert_int_equal(read(ends[0], &byte, 1), 1);
		second = fork();
		if (!second)
			_exit(claim_as(users[i][1], vdev) == -EBUSY ? 0 : 1);
		assert_int_equal(waitpid(second, &status, 0), second);
		kill(first, SIGKILL);
		assert_int_equal(waitpid(first, NULL, 0), first);
		close(ends[0]);
		close(ends[1]);
		assert_int_equal(unlink(lock), 0);
		assert_int_equal(byte, 0);
		assert_int_equal(status, 0);
	}
}

/* ---- messages ---- */

/* What they quote may have any bytes in it; a terminal gets none that it acts on. */
static void a_message_is_one_line(void **state)
{
	char line[128] = "";
	int before = dup(STDERR_FILENO), ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	rs_log("%s", "a\nb\x1b[31m\x7f \xc3\xbc");
	dup2(before, STDERR_FILENO);
	assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
	close(ends[0]);
	close(ends[1]);
	close(before);
	assert_string_equal(line, "ringside: a?b?[31m? \xc3\xbc\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_ports_can_cut),
		cmocka_unit_test(nobody_to_wait_for),
		cmocka_unit_test(a_poller_in_a_turn_is_waited_for),
		cmocka_unit_test(memory_outlives_every_burst),
		cmocka_unit_test(a_stale_socket_goes),
		cmocka_unit_test(a_path_that_is_too_long),
		cmocka_unit_test(a_socket_in_use_stays),
		cmocka_unit_test(a_socket_with_a_full_backlog_stays),
		cmocka_unit_test(sockets_of_others_stay),
		cmocka_unit_test(other_files_stay),
		cmocka_unit_test(interfaces_are_claimed_once),
		cmocka_unit_test(interfaces_are_claimed_from_other_users),
		cmocka_unit_test(a_message_is_one_line),
		cmocka_unit_test(an_option_without_value_is_eals_to_refuse),
	};

	return cmocka_run_group_tests(tests, name_socket, NULL);
}
