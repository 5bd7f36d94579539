/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TLS half of the appliance: its stages, the rings that join them to the net stages, the
 * certificates they use, and the keys of session tickets. Control core only, but for what the
 * stages read. Includes everything.
 */
#ifndef RS_APP_TLS_SIDE_H
#define RS_APP_TLS_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "stage_net.h"
#include "stage_tls.h"
#include "tls_loader.h"
#include "topology.h"

/* What one TLS stage has used; all but the newest are freed when their last session has ended. */
struct tls_side_domains {
	uint32_t n;
	struct tls_domain *domains[1 + TLS_LOADER_OLD_DOMAINS];
};

struct tls_side {
	const struct config *cfg;
	uint32_t n; /* stages; 0: there is no TLS */
	uint32_t n_nets;
	struct tls_shared *shared;
	struct stage_tls *stages[TOPOLOGY_MAX_CORES];
	struct tls_side_domains domains[TOPOLOGY_MAX_CORES];
	struct rte_ring
		*to_tls[TOPOLOGY_MAX_CORES][TOPOLOGY_MAX_CORES]; /* by TLS, then net stage */
	struct rte_ring *to_net[TOPOLOGY_MAX_CORES][TOPOLOGY_MAX_CORES];
	uint64_t rotate_due_us;
	struct tls_loader loader;
	bool reload_is_due;
	bool is_held_up; /* by connections that use what earlier ones have read: that was said */
};

/* Are all files there that TLS needs, and as they should be? Needs no EAL. 0 or -EINVAL, logged;
 * or -EINTR, logged: a signal that is pending asks for the end. */
int rs_tls_side_check(const struct config *cfg);

/*
 * Builds what the topology says and joins it to the net stages, which are complete but for that. 0
 * or -errno, logged; rs_tls_side_destroy() takes down what was built.
 */
int rs_tls_side_build(struct tls_side *side, const struct config *cfg, const struct topology *t,
	const struct http_config *http, struct stage_net *const *nets, uint64_t now_us);

/*
 * Certificates and ticket keys are to be read again, from the next tick on in which that is
 * possible. Running connections keep what they have; where a file is bad, everybody does, and it is
 * said. What is asked for while files are read is done when they have been.
 */
void rs_tls_side_reload(struct tls_side *side);

/* Now and then: hands on what was read again, rotates ticket keys, gives up what nobody uses. */
void rs_tls_side_tick(struct tls_side *side, uint64_t now_us);

/* Nothing is read any more; it waits for the file that is being read. */
void rs_tls_side_stop(struct tls_side *side);

/* After the cores have stopped, before the net stages are looked at. Returns how many pools are not
 * full. */
uint32_t rs_tls_side_leaks(struct tls_side *side);

/* But for the stages' memory, which is EAL's: see rs_appliance_destroy(). */
void rs_tls_side_destroy(struct tls_side *side);

#endif
