/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments that somebody else made up: RFC 5961, and flags that make no sense. */
#include "cases.h"

static void rst_exact(struct rig *r)
{
	OPEN(0);
	IN(TCP_RST, .seq = 1); /* RFC 5961 section 3.2, 2) */
	QUIET();
	EVENTS(TCP_EV_GONE);
	EQ(COUNTER(RST_IN), 1);
}

static void rst_with_a_wrong_ack(struct rig *r)
{
	OPEN(0);
	IN(RST_ACK, .seq = 1, .ack = 5000); /* its place decides, not its acknowledgement */
	QUIET();
	EVENTS(TCP_EV_GONE);
}

static void rst_in_window(struct rig *r)
{
	OPEN(0);
	IN(TCP_RST, .seq = 2);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_RST, .seq = 65535);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(0);
	EQ(COUNTER(CHALLENGE_ACKS), 2);
	/* What a peer that has forgotten us says to the challenge. */
	IN(TCP_RST, .seq = 1);
	EVENTS(TCP_EV_GONE);
}

static void rst_outside(struct rig *r)
{
	OPEN(0);
	IN(TCP_RST, .seq = 0);
	IN(TCP_RST, .seq = 1 + 65535); /* RCV.NXT+RCV.WND, RFC 5961 erratum 4845 */
	IN(TCP_RST, .seq = 70000);
	IN(TCP_RST, .seq = 1u << 31);
	QUIET();
	EVENTS(0);
	EQ(COUNTER(DROP_BAD_RST), 4);
}

static void rst_with_text(struct rig *r)
{
	OPEN(0);
	IN(TCP_RST, .seq = 0, .len = 10); /* its place decides, not where its text ends */
	QUIET();
	IN(TCP_RST, .seq = 2, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(0);
	IN(TCP_RST, .seq = 1, .len = 10);
	QUIET();
	EVENTS(TCP_EV_GONE);
}

/* Nobody reads what comes, until there is no room for more: 65536 is next. */
static void open_and_close_our_window(struct rig *r)
{
	uint32_t seq = 1;

	OPEN(0);
	r->p->blocked = true;
	for (; seq < 65536; seq += 1285)
		IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1285);
	MS(50);
	rig_drop_output(r);
}

static void rst_with_text_into_our_closed_window(struct rig *r)
{
	open_and_close_our_window(r);
	/* RFC 9293 section 3.10.7.4, first: a valid RST counts though nothing is acceptable. */
	IN(TCP_RST, .seq = 65536, .len = 10);
	QUIET();
	TRUE(r->p->gone);
}

static void rst_after_a_gap(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 101, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_RST, .seq = 111); /* not what we wait for */
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(0);
}

static void syn_in_a_connection(struct rig *r)
{
	static const uint32_t places[] = {0, 1, 500, 65535, 70000, 1u << 31};

	OPEN(0);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(places); i++) {
		/* RFC 5961 section 4.2: wherever it stands */
		IN(TCP_SYN, .seq = places[i], .opts = TCP_OPT_MSS, .mss = 1460);
		OUT(TCP_ACK, .seq = 1, .ack = 1);
		IN(SYN_ACK, .seq = places[i], .ack = 1);
		OUT(TCP_ACK, .seq = 1, .ack = 1);
	}
	EVENTS(0);
	STATE(TCP_ESTABLISHED);
}

static void peer_rebooted(struct rig *r)
{
	/* RFC 5961 section 4.2 end: the challenge gets a RST, and the next SYN a connection. */
	OPEN(0);
	IN(TCP_SYN, .seq = 90000, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_RST, .seq = 1);
	EVENTS(TCP_EV_GONE);
	rig_reopen(r, r->isn + 90000);
	OPEN(0);
}

static void ack_for_unsent_data(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 2, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EQ(r->p->n_read, 0);
	EQ(COUNTER(DROP_BAD_ACK), 1);
}

static void old_acks(struct rig *r)
{
	OPEN(0);
	/* RFC 5961 section 5.2: SND.UNA - MAX.SND.WND <= SEG.ACK */
	IN(TCP_ACK, .seq = 1, .ack = 1u - 65535, .len = 10);
	EQ(r->p->n_read, 10);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	IN(TCP_ACK, .seq = 11, .ack = 0u - 65535, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	EQ(r->p->n_read, 10);
}

static void flags_that_make_no_sense(struct rig *r)
{
	OPEN(0);
	IN(0, .seq = 1, .len = 10); /* RFC 9293 section 3.10.7.4, fifth: no ACK, drop */
	IN(TCP_FIN, .seq = 1);
	IN(TCP_FIN | TCP_URG | TCP_PSH, .seq = 1); /* a "Christmas tree" without ACK */
	QUIET();
	EQ(r->p->n_read, 0);
	EQ(COUNTER(DROP_BAD_FLAGS), 3);
	IN(TCP_SYN | TCP_FIN, .seq = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	STATE(TCP_ESTABLISHED);
	IN(TCP_SYN | TCP_RST, .seq = 5);
	rig_drop_output(r);
	STATE(TCP_ESTABLISHED);
}

static void odd_segments_to_a_listener(struct rig *r)
{
	/* RFC 9293 section 3.10.7.2 */
	IN(TCP_RST, .seq = 5);
	IN(0, .seq = 5);
	IN(TCP_FIN, .seq = 5);
	IN(TCP_SYN | TCP_RST, .seq = 5);
	IN(TCP_SYN | TCP_FIN, .seq = 5);
	QUIET();
	IN(TCP_ACK, .seq = 5, .ack = 9, .len = 10);
	OUT(TCP_RST, .seq = 9);
	IN(SYN_ACK, .seq = 5, .ack = 9);
	OUT(TCP_RST, .seq = 9);
	IN(FIN_ACK, .seq = 5, .ack = 9);
	OUT(TCP_RST, .seq = 9);
	EQ(r->t.n_conns, 0);
}

/* How many of 1600 challenges in one second are sent. */
static uint64_t challenges_in_a_second(struct rig *r)
{
	uint64_t n_before = COUNTER(CHALLENGE_ACKS);
	uint64_t n;

	r->t.now_us += 1000001;
	for (uint32_t i = 0; i < 1600; i++) {
		IN(TCP_RST, .seq = 2);
		rig_drop_output(r);
	}
	n = COUNTER(CHALLENGE_ACKS) - n_before;
	TRUE(n >= 500 && n < 500 + 1024);
	return n;
}

/* A limit that is known lets an outsider count what others used of it (CVE-2016-5696). */
static void challenge_limit_is_not_known(struct rig *r)
{
	uint64_t first;
	bool differs = false;

	OPEN(0);
	first = challenges_in_a_second(r);
	for (uint32_t i = 0; i < 4; i++)
		differs |= challenges_in_a_second(r) != first;
	TRUE(differs);
}

static void challenges_are_limited(struct rig *r)
{
	OPEN(0);
	/* RFC 5961 section 7 */
	challenges_in_a_second(r);
	TRUE(COUNTER(DROP_CHALLENGE_LIMIT) > 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10); /* what is in order is not touched by it */
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	r->t.now_us += 1000001;
	IN(TCP_RST, .seq = 12);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
}

/*
 * RFC 5961 section 7: two ends that disagree about where they are, or somebody who makes them, must
 * not answer each other's ACKs for ever. What is answered is answered within a period of 524 ms.
 */
#define STRAY_MS 525

static void stray_acks(struct rig *r, uint32_t seq)
{
	for (uint32_t i = 0; i < 10; i++)
		IN(TCP_ACK, .seq = seq, .ack = 1);
}

static void ack_storm(struct rig *r)
{
	static const uint32_t places[] = {0, (uint32_t)-5000, 70000, 1u << 31};

	OPEN(0);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(places); i++) {
		stray_acks(r, places[i]);
		OUT(TCP_ACK, .seq = 1, .ack = 1);
		QUIET();
		EQ(COUNTER(DROP_STRAY_LIMIT), 9 * (i + 1));
		MS(STRAY_MS);
	}
	EQ(COUNTER(DROP_WINDOW), 10 * RS_ARRAY_SIZE(places));
	stray_acks(r, 70000);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10); /* what is in order is not touched by it */
	EQ(r->p->n_read, 10);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
}

/* As after data that somebody else has sent to the peer in our name: it acknowledges them. */
static void ack_storm_of_unsent_data(struct rig *r)
{
	static const uint32_t acks[] = {5000, (uint32_t)-70000};

	OPEN(0);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(acks); i++) {
		for (uint32_t k = 0; k < 10; k++)
			IN(TCP_ACK, .seq = 1, .ack = acks[i]);
		OUT(TCP_ACK, .seq = 1, .ack = 1);
		QUIET();
		EQ(COUNTER(DROP_STRAY_LIMIT), 9 * (i + 1));
		EQ(COUNTER(CHALLENGE_ACKS), i + 1);
		MS(STRAY_MS);
	}
	EQ(COUNTER(DROP_BAD_ACK), 20);
}

static void ack_storm_of_old_stamps(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	r->p->ts_val = 4999;
	stray_acks(r, 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	QUIET();
	EQ(COUNTER(DROP_STRAY_LIMIT), 9);
	EQ(COUNTER(DROP_PAWS), 10);
}

static void ack_storm_in_a_handshake(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	stray_acks(r, 70000);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	QUIET();
}

static void ack_storm_in_time_wait(struct rig *r)
{
	OPEN(0);
	CLOSE();
	STATE(TCP_TIME_WAIT);
	stray_acks(r, 1);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	QUIET();
	EQ(COUNTER(DROP_STRAY_LIMIT), 9);
	for (uint32_t i = 0; i < 3; i++) {
		IN(FIN_ACK, .seq = 1, .ack = 2);
		OUT(TCP_ACK, .seq = 2, .ack = 2);
		IN(TCP_ACK, .seq = (uint32_t)-50, .ack = 2, .len = 10);
		OUT(TCP_ACK, .seq = 2, .ack = 2);
	}
	MS(STRAY_MS);
	stray_acks(r, 1);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	QUIET();
}

/* Who sends something waits for its acknowledgement: no limit. */
static void stray_data_is_always_answered(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	stray_acks(r, 70000);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	for (uint32_t i = 0; i < 5; i++) {
		IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10); /* a retransmission */
		OUT(TCP_ACK, .seq = 1, .ack = 11);
		IN(TCP_ACK, .seq = 10, .ack = 1, .len = 1); /* a keep-alive probe with a byte */
		OUT(TCP_ACK, .seq = 1, .ack = 11);
		IN(TCP_ACK, .seq = 70000, .ack = 1, .len = 10);
		OUT(TCP_ACK, .seq = 1, .ack = 11);
	}
	QUIET();
}

/* RFC 9293 section 3.8.4: SEG.SEQ = SND.NXT - 1, which is outside the window. */
static void keepalive_probes_are_answered(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 0; i < 10; i++) {
		MS(1000);
		IN(TCP_ACK, .seq = 0, .ack = 1);
		OUT(TCP_ACK, .seq = 1, .ack = 1);
	}
	EQ(COUNTER(DROP_STRAY_LIMIT), 0);
}

static void probes_of_our_closed_window_are_answered(struct rig *r)
{
	open_and_close_our_window(r);
	for (uint32_t i = 0; i < 5; i++) {
		IN(TCP_ACK, .seq = 65536, .ack = 1, .len = 1);
		OUT(TCP_ACK, .seq = 1, .ack = 65536, .wnd = NO_WND);
	}
}

static void each_connection_has_its_own_limit(struct rig *r)
{
	for (uint32_t i = 0; i < 3; i++) {
		rig_peer(r, i);
		OPEN(0);
		stray_acks(r, 70000);
		OUT(TCP_ACK, .seq = 1, .ack = 1);
		QUIET();
	}
	/* A new connection in the place of an old one, too. */
	rig_abort(r);
	OUT(RST_ACK, .seq = 1, .ack = 1);
	rig_reopen(r, r->isn);
	OPEN(0);
	stray_acks(r, 70000);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
}

/* Whatever number the period has: that of one that a connection has never seen. */
static void first_stray_is_answered_at_any_time(struct rig *r)
{
	r->t.now_us = UINT64_C(1) << 36; /* period 0 */
	OPEN(0);
	stray_acks(r, 70000);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	QUIET();
	MS(STRAY_MS);
	stray_acks(r, 70000);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	QUIET();
}

static void other_keys_are_other_connections(struct rig *r)
{
	struct flow_key key;

	OPEN(0);
	key = r->p->key;
	r->p->key.remote[15] ^= 1;
	IN(TCP_RST, .seq = 1);
	r->p->key = key;
	r->p->key.local[15] ^= 1;
	IN(TCP_RST, .seq = 1);
	r->p->key = key;
	r->p->key.family = key.family == 4 ? 6 : 4;
	IN(TCP_RST, .seq = 1);
	r->p->key = key;
	EVENTS(0);
	STATE(TCP_ESTABLISHED);
}

static void wild_guesses(struct rig *r)
{
	/* Segments all over the sequence space: none may move anything. */
	uint32_t random = 1;

	OPEN(0);
	for (uint32_t i = 0; i < 5000; i++) {
		random = random * 1664525 + 1013904223;
		if (random - 1 < 70000)
			continue;
		IN((uint8_t)(random >> 7 & 0x3f), .seq = random, .ack = random ^ 0x5a5a5a5a,
			.len = random >> 29);
		rig_drop_output(r);
	}
	EVENTS(0);
	EQ(r->p->n_read, 0);
	EQ(r->chunks.n_free, r->chunks.n_total);
	STATE(TCP_ESTABLISHED);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	EQ(r->p->n_read, 10);
}

const struct tcp_case attack_cases[] = {
	{"rst_exact", rst_exact, NULL, 0},
	{"rst_with_a_wrong_ack", rst_with_a_wrong_ack, NULL, 0},
	{"rst_in_window", rst_in_window, NULL, 0},
	{"rst_outside", rst_outside, NULL, 0},
	{"rst_with_text", rst_with_text, NULL, 0},
	{"rst_with_text_into_our_closed_window", rst_with_text_into_our_closed_window, NULL, 0},
	{"rst_after_a_gap", rst_after_a_gap, NULL, 0},
	{"syn_in_a_connection", syn_in_a_connection, NULL, 0},
	{"peer_rebooted", peer_rebooted, NULL, 0},
	{"ack_for_unsent_data", ack_for_unsent_data, NULL, 0},
	{"old_acks", old_acks, NULL, 0},
	{"flags_that_make_no_sense", flags_that_make_no_sense, NULL, 0},
	{"odd_segments_to_a_listener", odd_segments_to_a_listener, NULL, 0},
	{"challenge_limit_is_not_known", challenge_limit_is_not_known, NULL, 0},
	{"challenges_are_limited", challenges_are_limited, NULL, 0},
	{"ack_storm", ack_storm, NULL, 0},
	{"ack_storm_of_unsent_data", ack_storm_of_unsent_data, NULL, 0},
	{"ack_storm_of_old_stamps", ack_storm_of_old_stamps, NULL, 0},
	{"ack_storm_in_a_handshake", ack_storm_in_a_handshake, NULL, 0},
	{"ack_storm_in_time_wait", ack_storm_in_time_wait, NULL, 0},
	{"stray_data_is_always_answered", stray_data_is_always_answered, NULL, 0},
	{"keepalive_probes_are_answered", keepalive_probes_are_answered, NULL, 0},
	{"probes_of_our_closed_window_are_answered", probes_of_our_closed_window_are_answered, NULL,
		0},
	{"each_connection_has_its_own_limit", each_connection_has_its_own_limit, NULL, 0},
	{"first_stray_is_answered_at_any_time", first_stray_is_answered_at_any_time, NULL, 0},
	{"other_keys_are_other_connections", other_keys_are_other_connections, NULL, 0},
	{"wild_guesses", wild_guesses, NULL, 0},
	{0},
};
