/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of options: from text to numbers, addresses and cores, and addresses back to text. Each
 * reader takes the whole text or says false. Control core only. Includes libc, and types of wire
 * and topology.
 */
#ifndef RS_APP_VALUES_H
#define RS_APP_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "topology.h"
#include "wire/pkt.h"

#define VALUE_ADDR_TEXT    46 /* INET6_ADDRSTRLEN */
#define VALUE_MAC_TEXT     18
#define VALUE_ORIGIN_BYTES 128

/* Decimal digits. */
bool rs_value_number(const char *text, uint64_t *n);

/* Decimal digits, and k, M or G for powers of 1024. */
bool rs_value_bytes(const char *text, uint64_t *n_bytes);

/* IPv4 or IPv6; IPv4 comes as ::ffff:a.b.c.d, and must not be written so. */
bool rs_value_addr(const char *text, uint8_t addr[16], uint8_t *family);

/* ADDR/LEN, LEN at least 1. */
bool rs_value_prefix(const char *text, struct wire_addr *prefix);

/* A name, or an IPv4 or [IPv6] address, as the field Host has it without a port; no final dot. */
bool rs_value_host(const char *text);

/* The same, or a name behind "*.", which stands for all labels before it, but not an address. */
bool rs_value_hosts(const char *text);

/* RFC 6454 section 6.2: scheme://host[:port] as browsers send it, and compare it byte by byte: in
 * lower case, and no path, not even "/"; of at most VALUE_ORIGIN_BYTES. */
bool rs_value_origin(const char *text);

/* A token (RFC 9110 section 5.6.2) of at most max_bytes. */
bool rs_value_token(const char *text, size_t max_bytes);

/* As in 1,3-5; no core twice, no more than CORE_LIST_MAX. */
bool rs_value_cores(const char *text, struct core_list *list);

/* The prefix length as routes count it: within ::ffff:0:0/96 for IPv4. */
uint8_t rs_value_mapped_len(const struct wire_addr *prefix);

/* Are all the bits beyond the prefix equal to bit (0 or 1)? True where there are none. */
bool rs_value_host_bits_are(const struct wire_addr *prefix, uint32_t bit);

/* Writes addr as people do, into text, and returns text. */
const char *rs_value_addr_text(const uint8_t addr[16], char text[VALUE_ADDR_TEXT]);

/* The same for a MAC address. */
const char *rs_value_mac_text(const uint8_t mac[6], char text[VALUE_MAC_TEXT]);

#endif
