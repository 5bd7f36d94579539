/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the files of TLS: certificates, keys, authorities, stapled responses and ticket keys, for
 * all TLS cores or for none. At once at start; later on a thread of its own, which frees what
 * nobody uses any more, too, so that signals and neighbours need not wait for thousands of
 * certificates. Control core only. Includes tls and config.
 */
#ifndef RS_APP_TLS_LOADER_H
#define RS_APP_TLS_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "errand.h"
#include "tls/domain.h"
#include "topology.h"

#define TLS_LOADER_OLD_DOMAINS 8 /* of each core */

struct tls_loader {
	const struct config *cfg;
	struct tls_shared *shared;
	uint32_t n_cores;
	struct tls_loader_core {
		struct tls_library *library;
		uint64_t *counters;
	} cores[TOPOLOGY_MAX_CORES];
	/* What it has read, for the caller to take; no domains: nothing. */
	struct tls_domain *domains[TOPOLOGY_MAX_CORES]; /* by core */
	struct tls_ticket_file ticket_keys;
	struct errand errand; /* of its thread */
	/* What the next one is to free. */
	uint32_t n_unused;
	struct tls_domain *unused[TOPOLOGY_MAX_CORES * TLS_LOADER_OLD_DOMAINS];
	bool is_to_read; /* and then to read */
};

/* cfg and shared outlive it. */
void rs_tls_loader_init(
	struct tls_loader *loader, const struct config *cfg, struct tls_shared *shared);

/* One more core to read for: before anything is read. */
void rs_tls_loader_add_core(
	struct tls_loader *loader, struct tls_library *library, uint64_t *counters);

/* Now. 0; or -EINVAL, logged; or -EINTR, logged: a signal that is pending asks for the end. */
int rs_tls_loader_read(struct tls_loader *loader);

/* On its thread, which is not there: frees what is unused, and reads, if told to. Where there is no
 * thread to be had, nothing is done; that is logged if it was to read. */
void rs_tls_loader_start(struct tls_loader *loader, bool read);

/* Is there a thread? What one that has ended has read, or nothing, can be taken. */
static inline bool rs_tls_loader_is_busy(struct tls_loader *loader)
{
	return rs_errand_is_out(&loader->errand);
}

/* A thread that reads stops, and is waited for; what it has read, and what is unused, is freed. */
void rs_tls_loader_stop(struct tls_loader *loader);

#endif
