/* SPDX-License-Identifier: BSD-2-Clause */
/* A command line of any bytes, its words ended by zeros: it is taken, or one line says why not. */
#include <stdlib.h>
#include <string.h>

#include "../unit/rig_check.h"
#include "args.h"
#include "options.h"

#define MAX_WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each in an allocation of its exact size. Those that name a file of options are passed over. */
static int split(const uint8_t *data, size_t size, char **words)
{
	int n = 0;

	while (size && n < MAX_WORDS) {
		size_t len = strnlen((const char *)data, size);
		char *word = malloc(len + 1);

		memcpy(word, data, len);
		word[len] = 0;
		if (strcmp(word, "-c") && strncmp(word, "--config", 8))
			words[n++] = word;
		else
			free(word);
		data += len < size ? len + 1 : len;
		size -= len < size ? len + 1 : len;
	}
	return n;
}

static void require_one_line(const char *error)
{
	size_t len = strnlen(error, ARGS_ERROR_BYTES);

	RIG_CHECK(len && len < ARGS_ERROR_BYTES);
}

/* What was taken fits together, and is what others were promised. */
static void require_config(const struct config *cfg)
{
	RIG_CHECK(cfg->n_http_ports <= TCP_MAX_LISTEN && cfg->n_https_ports <= TCP_MAX_LISTEN);
	RIG_CHECK(cfg->n_addrs <= CONFIG_MAX_ADDRS && cfg->n_gateways <= CONFIG_MAX_GATEWAYS);
	if (cfg->action > ACTION_CHECK)
		return;
	RIG_CHECK(cfg->n_addrs && cfg->max_conns && cfg->mtu);
	RIG_CHECK(cfg->n_http_ports || cfg->n_https_ports);
	RIG_CHECK(!cfg->n_https_ports || (cfg->tls.n_pairs && cfg->tls.pairs[0].key));
	rs_options_warning(cfg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct args args;
	static struct config cfg;
	char error[ARGS_ERROR_BYTES] = "";
	char *words[MAX_WORDS];
	int n = split(data, size, words);

	if (rs_args_parse(&args, &cfg, n, words, error))
		require_one_line(error);
	else
		require_config(&cfg);
	rs_args_free(&args);
	while (n)
		free(words[--n]);
	return 0;
}
