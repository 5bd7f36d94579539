/* SPDX-License-Identifier: BSD-2-Clause */
/* ringside: from the command line to running cores, and back. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_version.h>

#include "appliance.h"
#include "args.h"
#include "builtin.h"
#include "control.h"
#include "eal_args.h"
#include "io/claim.h"
#include "io/cleanup.h"
#include "io/log.h"
#include "io/memif.h"
#include "options.h"
#include "report.h"
#include "signals.h"
#include "site_side.h"
#include "version.h"

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
};

/*
 * Where the caller has closed a standard stream, the next file that is opened gets its number: what
 * is printed would be written into that, a lock or memory that is shared.
 */
static void open_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* A log whose reader is gone, or that is as long as files may be: write() says so. */
static void ignore_failed_writes(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* The exit status of an action that prints: status, unless what was printed did not arrive. */
static int end_printing(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	rs_log("standard output: %s", strerror(errno));
	return EXIT_FAILED;
}

static void print_version(void)
{
	printf("ringside %s (%s)\n%s\n%s\n", RINGSIDE_VERSION, RINGSIDE_COMMIT, rte_version(),
		OpenSSL_version(OPENSSL_VERSION));
}

/*
 * The topology as far as it is known without EAL: what the ports can do is not. Without stages
 * where EAL's arguments do not tell its lcores. False: the options allow none, logged.
 */
static bool foresee_topology(
	const struct config *cfg, int argc, char **argv, struct topology *topology)
{
	struct topology_request req = rs_config_topology(cfg);
	char why[256];

	*topology = (struct topology){0};
	if (rs_eal_args_lcores(argc, argv, &req.lcores, &req.main_lcore))
		return true;
	if (!rs_topology_resolve(&req, topology, why, sizeof(why)))
		return true;
	rs_log("%s", why);
	return false;
}

/*
 * What shows before EAL starts: whether the options fit together, and whether the files are right
 * that TLS needs, and the access log can be written. The second is no mistake on the command line:
 * the next start may find them so.
 */
static int check_together(
	const struct config *cfg, int argc, char **argv, struct topology *topology)
{
	if (!foresee_topology(cfg, argc, argv, topology))
		return EXIT_USAGE;
	if ((rs_tls_side_check(cfg) || rs_access_writer_check(&cfg->access)) &&
		!rs_signals_is_end_pending(NULL))
		return EXIT_FAILED;
	if (rs_options_warning(cfg))
		rs_log("%s", rs_options_warning(cfg));
	return EXIT_OK;
}

static int check(const struct args *args, const struct config *cfg, int argc, char **argv)
{
	struct topology topology;
	int status = check_together(cfg, argc, argv, &topology);

	if (status != EXIT_OK)
		return status;
	if (rs_site_side_check(&cfg->site))
		return EXIT_FAILED;
	puts("# The options are valid. Whether the ports have enough queues, and whether somebody\n"
	     "# reads from an access log that is a pipe, shows at start.");
	rs_args_print(args, stdout);
	if (!topology.n_stages) {
		puts("\n# Topology: EAL's arguments do not tell its lcores before it starts.");
		return EXIT_OK;
	}
	puts("\n# Topology");
	rs_topology_print(&topology, stdout);
	return EXIT_OK;
}

static void *control_thread(void *control)
{
	rs_control_run(control);
	return NULL;
}

/* Runs control, on this thread or, where stages need this lcore, on one of its own. */
static int run(struct control *control, struct appliance *a)
{
	struct core *core = rs_appliance_main_core(a);
	pthread_t thread;
	int err;

	if (!core) {
		rs_control_run(control);
		return 0;
	}
	err = rte_ctrl_thread_create(&thread, "control", NULL, control_thread, control);
	if (err) {
		rs_log("the control thread does not start: %s", strerror(-err));
		return err;
	}
	rs_core_run(core);
	pthread_join(thread, NULL);
	return 0;
}

/* Says why in words of ours where it is clear: EAL's stand above, and are many. */
static void say_eal_failed(void)
{
	if (rte_errno == EACCES)
		rs_log("EAL finds no hugepages: make some (scripts/hugepages up 1024), or do "
		       "without (--no-huge -m 512)");
	else
		rs_log("EAL does not start%s%s; its own messages above say more",
			rte_errno ? ": " : "", rte_errno ? rte_strerror(rte_errno) : "");
}

/* EAL says it as well, but above a hundred lines of its options. */
static bool has_cpus(int argc, char **argv)
{
	struct core_list lcores;
	uint16_t main_lcore;
	int missing;

	if (rs_eal_args_lcores(argc, argv, &lcores, &main_lcore))
		return true;
	missing = rs_eal_args_missing_cpu(&lcores);
	if (missing >= 0)
		rs_log("EAL's lcores (-l): this machine has no CPU %d; nproc tells how many it has",
			missing);
	return missing < 0;
}

static int serve(const struct config *cfg)
{
	static struct appliance appliance;
	static struct control control;
	int status = EXIT_FAILED;
	int err;

	rs_core_clock_init();
	rs_builtin_init();
	err = rs_appliance_build(&appliance, cfg);
	if (err) /* or a signal, which asked for it */
		return err == -EINTR ? EXIT_OK : EXIT_FAILED;
	if (rs_control_init(&control, &appliance))
		goto destroy;
	if (rs_appliance_start(&appliance))
		goto fini;
	rs_report_start(&appliance, stdout);
	if (run(&control, &appliance) == 0)
		status = EXIT_OK;
	rs_appliance_stop(&appliance);
	rs_report_counters(&appliance, control.neighbours.table.counters, stdout);
	if (rs_appliance_leaks(&appliance))
		status = EXIT_FAILED;
fini:
	rs_control_fini(&control);
destroy:
	rs_appliance_destroy(&appliance);
	return status;
}

/* All that is asked for but to serve. Returns the exit status. */
static int print(const struct args *args, const struct config *cfg, int eal_argc, char **argv)
{
	switch (cfg->action) {
	case ACTION_HELP:
		rs_args_print_help(stdout);
		break;
	case ACTION_HELP_MARKDOWN:
		rs_args_print_markdown(stdout);
		break;
	case ACTION_VERSION:
		print_version();
		break;
	case ACTION_CHECK:
		return check(args, cfg, eal_argc, argv);
	case ACTION_RUN:
		break;
	}
	return EXIT_OK;
}

/* Starts EAL, serves until the end, and leaves nothing behind. Returns the exit status. */
static int start(const struct config *cfg, int eal_argc, char **argv)
{
	struct topology topology;
	int status = check_together(cfg, eal_argc, argv, &topology);

	if (status != EXIT_OK || rs_signals_is_end_pending(NULL))
		return status;
	if (!has_cpus(eal_argc, argv) || rs_io_claim_interfaces(eal_argc, argv))
		return EXIT_FAILED;
	rs_io_memif_clean_stale(eal_argc, argv);
	if (rte_eal_init(eal_argc, argv) < 0) {
		say_eal_failed();
		rs_io_cleanup_failed();
		return EXIT_FAILED;
	}
	status = serve(cfg);
	rs_io_cleanup();
	return status;
}

int main(int argc, char **argv)
{
	int first = rs_args_start(argc, argv);
	int eal_argc = first > 1 && !strcmp(argv[first - 1], "--") ? first - 1 : first;
	const char *misplaced = rs_args_misplaced(eal_argc, argv);
	static struct args args;
	static struct config cfg;
	char error[ARGS_ERROR_BYTES];
	sigset_t blocked_before;

	rs_signals_block(&blocked_before);
	open_standard_streams();
	if (misplaced) {
		rs_log("%s: expected behind --, as in ringside [EAL options] -- [options]",
			misplaced);
		return EXIT_USAGE;
	}
	if (rs_args_parse(&args, &cfg, argc - first, argv + first, error)) {
		rs_log("%s", error);
		return EXIT_USAGE;
	}
	if (cfg.action != ACTION_RUN) {
		/* There is nothing to reload, and the end may come at once. */
		pthread_sigmask(SIG_SETMASK, &blocked_before, NULL);
		return end_printing(print(&args, &cfg, eal_argc, argv));
	}
	ignore_failed_writes();
	return start(&cfg, eal_argc, argv);
}
