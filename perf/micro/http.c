/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "http_rig.h"
#include "micro.h"

static const char small[] = "GET /bytes/64 HTTP/1.1\r\nHost: 10.99.0.2\r\n\r\n";
static const char browser[] =
	"GET /assets/app.js?v=20261123 HTTP/1.1\r\n"
	"Host: www.example.com\r\n"
	"Connection: keep-alive\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
	"Chrome/131.0.0.0 Safari/537.36\r\n"
	"Accept: */*\r\n"
	"Sec-Fetch-Site: same-origin\r\n"
	"Sec-Fetch-Mode: no-cors\r\n"
	"Sec-Fetch-Dest: script\r\n"
	"Referer: https://www.example.com/\r\n"
	"Accept-Encoding: gzip, deflate, br, zstd\r\n"
	"Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
	"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
	"\r\n";

static const struct http_limits limits = {
	.max_head_bytes = 16384, .max_target_bytes = 8192, .max_fields = 100};

typedef int parser(
	const struct http_limits *, const uint8_t *, uint32_t, uint16_t *, struct http_req *);

static uint64_t parse(uint32_t n, parser *how, const char *head)
{
	static struct http_req req;
	uint32_t len = (uint32_t)strlen(head);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint16_t scanned = 0;

		sum += (uint64_t)how(&limits, (const uint8_t *)head, len, &scanned, &req);
	}
	return sum;
}

static uint64_t recall(uint32_t n, const char *head)
{
	static struct http_seen seen;
	static struct http_req req;
	uint32_t len = (uint32_t)strlen(head);
	uint64_t sum = 0;

	memset(&seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < n; i++) {
		uint16_t scanned = 0;

		sum += (uint64_t)rs_http_parse_seen(
			&limits, &seen, (const uint8_t *)head, len, &scanned, &req);
	}
	return sum;
}

static uint64_t parse_small(uint32_t n)
{
	return parse(n, rs_http_parse, small);
}

static uint64_t parse_browser(uint32_t n)
{
	return parse(n, rs_http_parse, browser);
}

static uint64_t parse_browser_scalar(uint32_t n)
{
	return parse(n, rs_http_parse_scalar, browser);
}

static uint64_t recall_small(uint32_t n)
{
	return recall(n, small);
}

static uint64_t recall_browser(uint32_t n)
{
	return recall(n, browser);
}

/* A request in, its reply queued and acknowledged. */
static uint64_t answer(uint32_t n, bool with_memo)
{
	static struct rig rig;
	uint64_t sum = 0;

	rig_open(&rig, 64, 4);
	if (!with_memo)
		rig.env.memo = NULL;
	for (uint32_t i = 0; i < n; i++) {
		rs_http_input(
			&rig.env, &rig.hc, (const uint8_t *)small, sizeof(small) - 1, &rig.out);
		sum += rig.out.n_bytes;
		rs_sendq_ack(&rig.out, rig.out.n_bytes, &rig.chunks);
		rs_http_writable(&rig.env, &rig.hc, &rig.out);
	}
	rig_close(&rig);
	return sum;
}

static uint64_t answer_anew(uint32_t n)
{
	return answer(n, false);
}

static uint64_t answer_again(uint32_t n)
{
	return answer(n, true);
}

const struct micro micro_http[MICRO_MAX] = {
	{"http parse, 45 bytes", parse_small},
	{"http parse, 45 bytes, fields seen", recall_small},
	{"http parse, 550 bytes", parse_browser},
	{"http parse, 550 bytes, scalar", parse_browser_scalar},
	{"http parse, 550 bytes, fields seen", recall_browser},
	{"http request and reply, made anew", answer_anew},
	{"http request and reply, again", answer_again},
	{0},
};
