/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls_loader.h"

#include <errno.h>
#include <string.h>

#include "io/log.h"
#include "signals.h"
#include "tls/inspect.h"

void rs_tls_loader_init(
	struct tls_loader *loader, const struct config *cfg, struct tls_shared *shared)
{
	memset(loader, 0, sizeof(*loader));
	loader->cfg = cfg;
	loader->shared = shared;
}

void rs_tls_loader_add_core(
	struct tls_loader *loader, struct tls_library *library, uint64_t *counters)
{
	loader->cores[loader->n_cores++] =
		(struct tls_loader_core){.library = library, .counters = counters};
}

static void forget(struct tls_loader *loader)
{
	for (uint32_t i = 0; i < loader->n_cores; i++) {
		rs_tls_domain_free(loader->domains[i]);
		loader->domains[i] = NULL;
	}
	explicit_bzero(&loader->ticket_keys, sizeof(loader->ticket_keys));
}

/* Nothing is kept where one of the files is not as it should be. */
static bool read_all(struct tls_loader *loader, const struct tls_audience *audience)
{
	const struct config *cfg = loader->cfg;
	bool ok = !cfg->ticket_keys || !rs_tls_tickets_read(&loader->ticket_keys, cfg->ticket_keys,
					       audience->why, audience->why_bytes);

	for (uint32_t i = 0; ok && i < loader->n_cores; i++) {
		const struct tls_loader_core *core = &loader->cores[i];

		loader->domains[i] = rs_tls_domain_new(
			core->library, &cfg->tls, loader->shared, core->counters, audience);
		ok = loader->domains[i] != NULL;
	}
	if (!ok)
		forget(loader);
	return ok;
}

int rs_tls_loader_read(struct tls_loader *loader)
{
	char why[512];

	if (read_all(loader, &(struct tls_audience){.why = why,
				     .why_bytes = sizeof(why),
				     .is_interrupted = rs_signals_is_end_pending}))
		return 0;
	rs_log("%s", why);
	return rs_signals_is_end_pending(NULL) ? -EINTR : -EINVAL;
}

/* ---- the errand ---- */

static bool is_ending(void *ctx)
{
	const struct tls_loader *loader = ctx;

	return rs_errand_is_called_off(&loader->errand);
}

static void read_again(struct tls_loader *loader)
{
	char why[512];

	if (read_all(loader, &(struct tls_audience){.why = why,
				     .why_bytes = sizeof(why),
				     .is_interrupted = is_ending,
				     .ctx = loader}))
		rs_tls_inspect(loader->domains[0], &loader->cfg->tls, rs_log_line);
	else
		rs_log("reload: %s; certificates and ticket keys stay as they were", why);
}

static void free_unused(struct tls_loader *loader)
{
	while (loader->n_unused)
		rs_tls_domain_free(loader->unused[--loader->n_unused]);
}

static void run_errand(void *ctx)
{
	struct tls_loader *loader = ctx;

	free_unused(loader);
	if (loader->is_to_read)
		read_again(loader);
}

void rs_tls_loader_start(struct tls_loader *loader, bool read)
{
	int err;

	loader->is_to_read = read;
	err = rs_errand_start(&loader->errand, run_errand, loader);
	if (err && read)
		rs_log("reload: no thread: %s; certificates and ticket keys stay as they were",
			strerror(-err));
}

void rs_tls_loader_stop(struct tls_loader *loader)
{
	rs_errand_call_off(&loader->errand);
	free_unused(loader);
	forget(loader);
}
