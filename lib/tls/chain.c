/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/chain.h"

#include <stdlib.h>
#include <string.h>

#include "tls/compress.h"

#define OCSP          1
#define OCSP_HEAD     8           /* of the extension, before the response */
#define COMPRESSED    (2 + 3 + 3) /* before what is compressed */
#define MESSAGE_BYTES (2 * TLS_MAX_CHAIN + 64)
#define LIST_AT       (TLS_MESSAGE_HEADER + 1 + 3) /* behind an empty context, and its length */

/* A message while it is put together. */
struct draft {
	uint32_t n;
	uint8_t bytes[MESSAGE_BYTES];
};

static void put_number(struct draft *d, uint32_t number, uint32_t bytes)
{
	d->n += rs_tls_put_number(d->bytes + d->n, number, bytes);
}

/* Section 4.4.2.1 */
static void put_response(struct draft *d, struct span ocsp)
{
	put_number(d, OCSP_HEAD + ocsp.len, 2);
	put_number(d, TLS_EXT_STATUS_REQUEST, 2);
	put_number(d, 4 + ocsp.len, 2);
	put_number(d, OCSP, 1);
	put_number(d, ocsp.len, 3);
	d->n += rs_tls_put_bytes(d->bytes + d->n, ocsp.data, ocsp.len);
}

/* *left: bytes that the chain may still have. False: too few. */
static bool put_certificate(struct draft *d, X509 *cert, struct span ocsp, uint32_t *left)
{
	int n = i2d_X509(cert, NULL);
	uint8_t *to;

	if (n <= 0 || (uint32_t)n + 5 > *left)
		return false;
	*left -= (uint32_t)n + 5;
	put_number(d, (uint32_t)n, 3);
	to = d->bytes + d->n;
	i2d_X509(cert, &to); /* moves to */
	d->n += (uint32_t)n;
	if (ocsp.len)
		put_response(d, ocsp);
	else
		put_number(d, 0, 2);
	return true;
}

static bool put_message(struct draft *d, const SSL_CTX *ctx, struct span ocsp)
{
	const struct span nothing = {0};
	STACK_OF(X509) *chain = NULL;
	uint32_t left = TLS_MAX_CHAIN;

	d->n = LIST_AT;
	if (!put_certificate(d, SSL_CTX_get0_certificate(ctx), ocsp, &left))
		return false;
	SSL_CTX_get0_chain_certs((SSL_CTX *)ctx, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		if (!put_certificate(d, sk_X509_value(chain, i), nothing, &left))
			return false;
	}
	rs_tls_put_header(d->bytes, TLS_CERTIFICATE, d->n - TLS_MESSAGE_HEADER);
	rs_tls_put_number(d->bytes + TLS_MESSAGE_HEADER, 0, 1);
	rs_tls_put_number(d->bytes + LIST_AT - 3, d->n - LIST_AT, 3);
	return true;
}

/* Section 4; what is compressed has no header. False: it would not be shorter. */
static bool put_compressed(
	struct draft *d, enum tls_compression algorithm, const struct draft *plain)
{
	const struct span body =
		rs_tls_span(plain->bytes + TLS_MESSAGE_HEADER, plain->n - TLS_MESSAGE_HEADER);
	const uint32_t head = TLS_MESSAGE_HEADER + COMPRESSED;
	uint32_t n;

	if (body.len <= COMPRESSED + 1)
		return false;
	n = rs_tls_compress(algorithm, body, d->bytes + head, body.len - COMPRESSED - 1);
	d->n = 0;
	d->n += rs_tls_put_header(d->bytes, TLS_COMPRESSED_CERTIFICATE, COMPRESSED + n);
	put_number(d, algorithm, 2);
	put_number(d, body.len, 3);
	put_number(d, n, 3);
	d->n += n;
	return n;
}

/* No longer than it is: there may be thousands. */
static bool keep(const struct draft *d, struct span *message)
{
	uint8_t *bytes = malloc(d->n);

	if (!bytes)
		return false;
	memcpy(bytes, d->bytes, d->n);
	*message = rs_tls_span(bytes, d->n);
	return true;
}

static bool make_messages(
	struct span messages[TLS_N_COMPRESSIONS], const SSL_CTX *ctx, struct span ocsp)
{
	struct draft plain, compressed;

	if (!put_message(&plain, ctx, ocsp) || !keep(&plain, &messages[TLS_COMPRESSION_NONE]))
		return false;
	for (enum tls_compression i = TLS_COMPRESSION_NONE + 1; i < TLS_N_COMPRESSIONS; i++) {
		if (put_compressed(&compressed, i, &plain) && !keep(&compressed, &messages[i]))
			return false;
	}
	return true;
}

bool rs_tls_chain_init(struct tls_chain *c, const SSL_CTX *ctx, struct span ocsp)
{
	const struct span nothing = {0};

	*c = (struct tls_chain){0};
	return ocsp.len <= TLS_MAX_CHAIN && make_messages(c->messages[false], ctx, nothing) &&
	       (!ocsp.len || make_messages(c->messages[true], ctx, ocsp));
}

void rs_tls_chain_free(struct tls_chain *c)
{
	for (uint32_t i = 0; i < 2 * TLS_N_COMPRESSIONS; i++)
		free((void *)c->messages[i / TLS_N_COMPRESSIONS][i % TLS_N_COMPRESSIONS].data);
	*c = (struct tls_chain){0};
}

struct span rs_tls_chain_message(const struct tls_chain *c, bool stapled, uint32_t algorithms)
{
	const struct span *messages = c->messages[stapled];
	struct span best = messages[TLS_COMPRESSION_NONE];

	for (uint32_t i = TLS_COMPRESSION_NONE + 1; algorithms >> i; i++) {
		if (algorithms & 1u << i && messages[i].len && messages[i].len < best.len)
			best = messages[i];
	}
	return best;
}
