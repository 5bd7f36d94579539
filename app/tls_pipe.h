/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ciphertext of one TLS connection on its TLS core: pieces that have come in, the chunk that is
 * being written to, and empty ones. It is what stands between a session's struct tls_pipe and the
 * jobs of tls_job.h, and keeps account of every chunk that the net core has lent.
 * Belongs to the TLS core. Includes tls, core.
 */
#ifndef RS_APP_TLS_PIPE_H
#define RS_APP_TLS_PIPE_H

#include <stdint.h>

#include "stage_tls.h"

/* For rs_tls_session_open(), whose self is a struct tls_conn. */
extern const struct tls_pipe rs_tls_pipe_ops;

/* A chunk that the net core has lent: DATA or GRANT. */
void rs_tls_pipe_take(struct tls_conn *c, const struct tls_job *job);

/* What has been written so far goes on its way. */
void rs_tls_pipe_send(struct tls_conn *c);

/* Empty chunks go back to the net core. */
void rs_tls_pipe_return(struct tls_conn *c);

/* Sends, forgets what was not read, and returns all chunks. */
void rs_tls_pipe_end(struct tls_conn *c);

/* A job without a chunk. */
void rs_tls_pipe_say(struct tls_conn *c, enum tls_job_kind kind, uint32_t n);

#endif
