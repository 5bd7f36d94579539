/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One answered request, as the access log needs it: a value that the core which answered fills and
 * hands to the control core by copy, as far as it is filled. It points nowhere, so that nobody has
 * to wait for anybody.
 *
 * It is not written here: access_format.h makes a line of it, access_file.h writes lines.
 *
 * What fills a record may run on the packet path: no system call, no allocation, no division.
 * Any core; includes base only.
 */
#ifndef RS_TELEM_ACCESS_H
#define RS_TELEM_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/sendq.h"

#define ACCESS_RECORD_BYTES 1984
#define ACCESS_TEXT_BYTES   1910
#define ACCESS_METHOD_BYTES 16
#define ACCESS_UNIT_BYTES   16 /* a record is handed on in whole ones: see rs_access_units() */

enum access_text {
	ACCESS_TARGET, /* as it came, query included; of an unreadable request line: that line */
	ACCESS_HOST,   /* host[:port], from the target or else from Host */
	ACCESS_REFERER,
	ACCESS_USER_AGENT,
	ACCESS_N_TEXTS,
};

#define ACCESS_TLS       0x01u
#define ACCESS_TRUNCATED 0x02u /* a text, or the method, was longer than there was room for */
#define ACCESS_FOLLOWED  0x04u /* to the answer's end: its time and the following are known */
#define ACCESS_REUSED    0x08u /* not the first request of its connection */
#define ACCESS_KEPT      0x10u /* the connection may go on after this answer */
#define ACCESS_ABORTED   0x20u /* the connection ended before the answer did */

/* Set for a text that the request had, and be it empty. */
#define ACCESS_HAS(text) (0x100u << (text))

struct access_record {
	uint64_t unix_us;     /* when the request came: microseconds since 1970, UTC */
	uint64_t duration_us; /* from there until the answer's end; see ACCESS_FOLLOWED */
	uint64_t bytes_sent;  /* of the answer, without its head */
	uint8_t client[16];   /* IPv4 as ::ffff:a.b.c.d */
	uint16_t client_port; /* host order, this and the others */
	uint16_t local_port;
	uint16_t status;
	uint16_t flags;
	uint8_t minor_version; /* of HTTP/1 */
	uint8_t method_len;    /* 0: the request line was not understood */
	uint16_t text_len[ACCESS_N_TEXTS];
	uint8_t method[ACCESS_METHOD_BYTES];
	uint8_t text[ACCESS_TEXT_BYTES]; /* one behind the other, in the order of the enum */
} __attribute__((aligned(RS_CACHE_LINE)));

_Static_assert(sizeof(struct access_record) == ACCESS_RECORD_BYTES, "no byte is lost");

/* What every record has, but for its texts. */
#define ACCESS_HEAD_BYTES offsetof(struct access_record, text)
#define ACCESS_HEAD_UNITS ((ACCESS_HEAD_BYTES + ACCESS_UNIT_BYTES - 1) / ACCESS_UNIT_BYTES)
#define ACCESS_MAX_UNITS  (ACCESS_RECORD_BYTES / ACCESS_UNIT_BYTES)

/* From its beginning, how much of a record says anything: in units, ACCESS_HEAD_UNITS at least. */
uint32_t rs_access_units(const struct access_record *record);

/* Bytes that have no room are left out, and ACCESS_TRUNCATED tells. Sets method and method_len. */
void rs_access_set_method(struct access_record *record, struct span method);

/*
 * Copies the texts, indexed by enum access_text; data == NULL means that the request had none.
 * Where they do not all fit, each has a share that the others cannot take, and what others leave
 * of theirs goes to those in need, in the order of the enum; ACCESS_TRUNCATED tells. Sets text,
 * text_len and the flags ACCESS_HAS(); flags that are set stay.
 */
void rs_access_set_texts(struct access_record *record, const struct span texts[ACCESS_N_TEXTS]);

/* What is there; data == NULL: the request had none. Within the record whatever its lengths say. */
struct span rs_access_text(const struct access_record *record, enum access_text text);
struct span rs_access_method(const struct access_record *record);

/* Which requests are logged, where it is not all of them (--log-sample). One a core. */
struct access_sample {
	uint64_t state; /* of the generator; any value begins it */
	uint32_t every; /* one of so many requests is logged; 1: all, 0: none */
};

/*
 * Whether this request is logged. It is drawn by lot, not counted off: a client that asks for the
 * same ten things again and again would otherwise show always the same one.
 */
static inline bool rs_access_sampled(struct access_sample *sample)
{
	if (sample->every <= 1)
		return sample->every;
	sample->state = sample->state * 6364136223846793005u + 1442695040888963407u;
	return (sample->state >> 32) * sample->every >> 32 == 0;
}

#endif
