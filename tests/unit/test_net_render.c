/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large bodies on their way out, on ports that are given copies, on ports that are pointed to the
 * bodies, and on such that cut segments beside: whatever is lost and sent again, each frame has the
 * right checksum and the right bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "io/dma.h"
#include "stage_rig.h"
#include "temp.h"
#include "wire/tcp_parse.h"

#define PERIOD 251

enum port_kind {
	COPIES,
	POINTS,
	POINTS_AND_CUTS
};

/* The peer, and what it has seen. */
struct peer {
	struct rig rig;
	uint32_t seq;
	uint32_t start;  /* sequence number of the answer's first byte */
	uint32_t n_got;  /* of the answer, in order */
	uint32_t n_head; /* bytes before the body; 0: not known yet */
	uint32_t n_pointing, n_copied;
	uint32_t unreadable; /* a byte of the answer that the port does not read where it is */
	uint32_t most_segs;  /* of frames that point */
	uint32_t longest;
	uint32_t seed;
};

static uint32_t draw(struct peer *p, uint32_t below)
{
	p->seed = p->seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)p->seed * below >> 32);
}

static void say(struct peer *p, uint8_t flags, const char *text)
{
	rig_put(&p->rig, 1000, p->seq, p->start + p->n_got, flags, text);
	p->seq += rs_tcp_seq_len((uint32_t)strlen(text), flags);
	p->rig.now_us += 1000;
	rs_stage_net_turn(p->rig.net, p->rig.now_us);
}

/* Frame m as one flat copy; of what the port fills in, nothing is held against the frame. */
static struct tcp_seg parse(struct peer *p, const struct rte_mbuf *m, uint8_t *flat)
{
	uint32_t flags = p->rig.port.tx_tcp_csum ? WIRE_IP_CSUM_GOOD | WIRE_L4_CSUM_GOOD : 0;
	struct tcp_seg seg;
	struct pkt pkt;
	uint32_t n = 0, n_segs = 0;

	for (const struct rte_mbuf *s = m; s; s = s->next, n_segs++) {
		assert_true(s->data_len <= IO_DMA_SEG_BYTES);
		memcpy(flat + n, rte_pktmbuf_mtod(s, const void *), s->data_len);
		n += s->data_len;
	}
	assert_int_equal(n, m->pkt_len);
	assert_int_equal(n_segs, m->nb_segs);
	assert_int_equal(rs_wire_parse(&p->rig.peer, flat, n, flags, &pkt), WIRE_OK);
	assert_int_equal(rs_wire_parse_tcp(&pkt, &seg), WIRE_OK);
	return seg;
}

/* In order or not: its bytes are those of the answer. */
static void check(struct peer *p, const struct tcp_seg *seg)
{
	uint32_t at = seg->seq - p->start;

	if (!p->n_head && !at && seg->len) {
		const uint8_t *end = memmem(seg->data, seg->len, "\r\n\r\n", 4);

		assert_non_null(end);
		p->n_head = (uint32_t)(end - seg->data) + 4;
		assert_memory_equal(seg->data, "HTTP/1.1 200 OK\r\n", 17);
	}
	for (uint32_t i = 0; i < seg->len; i++) {
		if (at + i >= p->n_head)
			assert_int_equal(seg->data[i], (at + i - p->n_head) % PERIOD);
	}
}

/* Looks at what was sent, and loses one frame in lose_one_in (0: none). */
static void hear(struct peer *p, uint32_t lose_one_in)
{
	static uint8_t flat[70000];

	for (uint32_t i = 0; i < p->rig.n_sent; i++) {
		const struct rte_mbuf *m = p->rig.sent[i];
		struct tcp_seg seg = parse(p, m, flat);

		check(p, &seg);
		p->longest = rs_max_u32(p->longest, seg.len);
		if (m->next && RTE_MBUF_HAS_EXTBUF(m->next)) {
			p->n_pointing++;
			p->most_segs = rs_max_u32(p->most_segs, m->nb_segs);
			if (p->unreadable && p->unreadable - (seg.seq - p->start) < seg.len)
				continue;
		} else {
			p->n_copied += seg.len >= 1024;
		}
		if (seg.seq == p->start + p->n_got && !(lose_one_in && !draw(p, lose_one_in)))
			p->n_got += seg.len;
	}
	rig_drop_sent(&p->rig);
}

static void open_conn(struct peer *p, bool ipv6, enum port_kind kind, uint32_t n_segs)
{
	uint8_t flat[256];
	struct tcp_seg seg;

	memset(p, 0, sizeof(*p));
	p->seed = 1;
	rig_init(&p->rig, ipv6, kind == POINTS_AND_CUTS, 16);
	if (kind != COPIES)
		rig_point(&p->rig, n_segs);
	p->seq = 500;
	say(p, TCP_SYN, "");
	assert_int_equal(p->rig.n_sent, 1);
	seg = parse(p, p->rig.sent[0], flat);
	p->start = seg.seq + 1;
	rig_drop_sent(&p->rig);
	say(p, TCP_ACK, "");
}

static void get(struct peer *p, const char *path)
{
	char text[128];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
	say(p, TCP_ACK | TCP_PSH, text);
}

/* All n bytes of the body arrive. */
static void read_body(struct peer *p, uint32_t n, uint32_t lose_one_in)
{
	for (uint32_t turns = 0; turns < 200000; turns++) {
		hear(p, lose_one_in);
		if (p->n_head && p->n_got == p->n_head + n)
			break;
		say(p, TCP_ACK, "");
	}
	assert_int_equal(p->n_got, p->n_head + n);
}

/* More than the pattern's own length, so that segments span its end. */
static void download(bool ipv6, enum port_kind kind, uint32_t lose_one_in)
{
	struct peer p;

	open_conn(&p, ipv6, kind, 2048);
	get(&p, "/bytes/1100001");
	read_body(&p, 1100001, lose_one_in);
	if (kind == COPIES) {
		assert_int_equal(p.n_pointing, 0);
	} else {
		/* The headers, and two ends of the pattern; or more, for the port to cut. */
		assert_in_range(p.most_segs, 3, kind == POINTS ? IO_DMA_SEGS : 8);
		assert_true(p.n_pointing > p.n_copied);
	}
	if (kind == POINTS_AND_CUTS)
		assert_true(p.longest > 10000);
	else
		assert_int_equal(p.longest, ipv6 ? 1440 : 1460);
	if (lose_one_in)
		assert_true(p.rig.net->tcp.counters[TCP_C_RETRANSMITTED] > 0);
	rig_fini(&p.rig);
}

static void copies(void **state)
{
	(void)state;
	download(false, COPIES, 0);
	download(true, COPIES, 50);
}

static void points(void **state)
{
	(void)state;
	download(false, POINTS, 0);
	download(true, POINTS, 0);
	download(false, POINTS, 50);
	download(true, POINTS, 50);
}

static void points_and_cuts(void **state)
{
	(void)state;
	download(false, POINTS_AND_CUTS, 0);
	download(true, POINTS_AND_CUTS, 0);
	download(false, POINTS_AND_CUTS, 50);
}

/* A body that is shorter than what it pays to point to is copied. */
static void small_bodies(void **state)
{
	struct peer p;

	(void)state;
	open_conn(&p, false, POINTS, 64);
	get(&p, "/bytes/1000");
	read_body(&p, 1000, 0);
	assert_int_equal(p.n_pointing, 0);
	rig_fini(&p.rig);
}

/* Where no mbuf is left to point to bodies, they are copied. */
static void no_segs(void **state)
{
	struct peer p;

	(void)state;
	for (enum port_kind kind = POINTS; kind <= POINTS_AND_CUTS; kind++) {
		open_conn(&p, false, kind, kind == POINTS ? 3 : 1);
		get(&p, "/bytes/1100001");
		read_body(&p, 1100001, 0);
		assert_true(p.n_pointing > 0);
		assert_true(p.n_copied > 0);
		assert_true(p.rig.net->counters[NET_C_COPIED_NO_SEG] > 0);
		rig_fini(&p.rig);
	}
}

/* What the port loses whenever it is pointed to arrives in the end. */
static void a_byte_that_the_port_cannot_read(void **state)
{
	struct peer p;

	(void)state;
	for (enum port_kind kind = POINTS; kind <= POINTS_AND_CUTS; kind++) {
		open_conn(&p, false, kind, 2048);
		p.unreadable = 500000;
		get(&p, "/bytes/1100001");
		read_body(&p, 1100001, 0);
		assert_int_equal(p.rig.net->tcp.n_conns, 1);
		rig_fini(&p.rig);
	}
}

/* ---- sites ---- */

#define FILE_BYTES 100000

static void quiet(const char *line)
{
	(void)line;
}

/* A set of one site in dir, with one file. */
static struct site_set *load(const struct site_options *options, const char *dir)
{
	static uint8_t bytes[FILE_BYTES];
	char path[TEMP_PATH_BYTES + 8];
	struct site_set *set;
	int fd;

	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	for (uint32_t i = 0; i < FILE_BYTES; i++)
		bytes[i] = (uint8_t)(i % PERIOD);
	assert_int_equal(write(fd, bytes, FILE_BYTES), FILE_BYTES);
	close(fd);
	set = rs_site_load(options, NULL, &(struct site_audience){.say = quiet});
	assert_non_null(set);
	unlink(path);
	return set;
}

/* A file of one set has been sent when there is another one; the port keeps its frames. */
struct change {
	char dir[TEMP_PATH_BYTES];
	struct site_options options;
	struct site_set *old, *new;
	struct peer peer;
	struct rte_mbuf *kept[MAX_SENT];
	uint32_t n_kept;
};

static void keep_sent(struct change *c)
{
	for (uint32_t i = 0; i < c->peer.rig.n_sent; i++) {
		struct rte_mbuf *m = c->peer.rig.sent[i];

		for (struct rte_mbuf *s = m; s; s = s->next)
			rte_mbuf_refcnt_update(s, 1);
		c->kept[c->n_kept++] = m;
	}
}

static void change_begin(struct change *c)
{
	static const struct content_memory memory = {
		.alloc = rs_io_dma_alloc, .free = rs_io_dma_free};
	struct peer *p = &c->peer;

	memset(c, 0, sizeof(*c));
	temp_new_dir(c->dir);
	c->options.n_sites = 1;
	c->options.sites[0].dir = c->dir;
	c->options.content.memory = &memory;
	c->old = load(&c->options, c->dir);
	c->new = load(&c->options, c->dir);
	open_conn(p, false, POINTS, 256);
	rs_site_configure_http(&c->options, &p->rig.http);
	assert_true(rs_site_core_offer(&p->rig.net->web.site, c->old));
	get(p, "/file");
	assert_true(rs_site_core_offer(&p->rig.net->web.site, c->new));
	for (uint32_t turns = 0; turns < 200 && p->n_got != p->n_head + FILE_BYTES; turns++) {
		keep_sent(c);
		hear(p, 0);
		say(p, TCP_ACK, "");
	}
	assert_int_equal(p->n_got, p->n_head + FILE_BYTES);
	assert_true(p->n_pointing > 50);
}

static void change_end(struct change *c)
{
	rs_site_free(c->old);
	rig_fini(&c->peer.rig);
	assert_int_equal(rs_site_n_users(c->new), 0);
	rs_site_free(c->new);
	assert_int_equal(rmdir(c->dir), 0);
}

/* All has been acknowledged. As long as the port keeps a frame, the old set stays. */
static void frames_hold_a_site(void **state)
{
	static struct change c;
	uint8_t flat[2048];

	(void)state;
	change_begin(&c);
	assert_int_equal(rs_site_n_users(c.old), 1);
	for (uint32_t i = 0; i < c.n_kept; i++) {
		struct tcp_seg seg = parse(&c.peer, c.kept[i], flat);

		check(&c.peer, &seg);
		assert_int_equal(rs_site_n_users(c.old), 1);
		rte_pktmbuf_free(c.kept[i]);
		say(&c.peer, TCP_ACK, "");
		rig_drop_sent(&c.peer.rig);
	}
	say(&c.peer, TCP_ACK, "");
	assert_int_equal(rs_site_n_users(c.old), 0);
	assert_int_equal(rs_site_n_users(c.new), 1);
	change_end(&c);
}

/* At the end the port still keeps frames: it is closed after the stage, and that is no leak. */
static void frames_hold_no_end_up(void **state)
{
	static struct change c;

	(void)state;
	change_begin(&c);
	assert_int_equal(rs_stage_net_leaks(c.peer.rig.net), 0);
	assert_int_equal(rs_site_n_users(c.old), 0);
	rte_pktmbuf_free_bulk(c.kept, c.n_kept);
	change_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(points),
		cmocka_unit_test(points_and_cuts),
		cmocka_unit_test(small_bodies),
		cmocka_unit_test(no_segs),
		cmocka_unit_test(a_byte_that_the_port_cannot_read),
		cmocka_unit_test(frames_hold_a_site),
		cmocka_unit_test(frames_hold_no_end_up),
	};

	rig_start("net-render");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
