/* SPDX-License-Identifier: BSD-2-Clause */
/* ringside-load: HTTP load over any DPDK port. See --help, and docs/benchmarking.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "engine.h"
#include "io/cleanup.h"
#include "io/memif.h"
#include "options.h"
#include "output.h"
#include "report.h"
#include "responder.h"
#include "stop.h"

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
};

static int measure(const struct load_options *o, struct load_output *json)
{
	struct engine *e = malloc(sizeof(*e));
	int err = -1;

	if (!e)
		return EXIT_FAILED;
	err = rs_engine_init(e, o);
	if (!err) {
		err = rs_engine_run(e);
		if (!err)
			rs_load_report(e, rs_load_output_begin(json));
		if (!err && !e->client.stats.n_responses && o->n_conns) {
			fprintf(stderr, "ringside-load: nothing was answered\n");
			err = -1;
		}
		rs_engine_close(e);
		rs_engine_fini(e);
	}
	free(e);
	return err ? EXIT_FAILED : EXIT_OK;
}

/* Starts EAL, and ends with it. Returns the exit status. */
static int start(const struct load_options *o, int eal_argc, char **argv, struct load_output *json)
{
	int status;

	rs_io_memif_clean_stale(eal_argc, argv);
	if (rte_eal_init(eal_argc, argv) < 0) {
		fprintf(stderr, "ringside-load: EAL does not start: %s\n", rte_strerror(rte_errno));
		rs_io_cleanup_failed();
		return EXIT_FAILED;
	}
	if (o->respond)
		status = rs_responder_run(o, json) ? EXIT_FAILED : EXIT_OK;
	else
		status = measure(o, json);
	rs_io_cleanup();
	return status;
}

int main(int argc, char **argv)
{
	static struct load_options options;
	int eal_argc = 1, status;
	struct load_output json;

	while (eal_argc < argc && strcmp(argv[eal_argc], "--") != 0)
		eal_argc++;
	if (eal_argc == argc && argc == 2 && !strcmp(argv[1], "--help")) {
		rs_load_options_help();
		return EXIT_OK;
	}
	if (rs_load_options_parse(&options, argc - eal_argc, argv + eal_argc))
		return EXIT_USAGE;
	if (options.help) {
		rs_load_options_help();
		return EXIT_OK;
	}
	rs_load_stop_init();
	if (rs_load_output_open(&json, options.json))
		return EXIT_FAILED;
	status = start(&options, eal_argc, argv, &json);
	return rs_load_output_close(&json) ? EXIT_FAILED : status;
}
