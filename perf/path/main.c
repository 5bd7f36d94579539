/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A long way between two TAP interfaces, which it makes: frames that come in at one leave at the
 * other one, later, in another order, or never. What the way is like it is told on standard input,
 * a line for each direction, again and again if need be:
 *
 *     0 delay_us=50000 rate_kbit=10000 queue_bytes=125000 loss_ppm=10000 seed=1 …
 *
 * A direction has the number of the interface where its frames come in. The names stand in the
 * table of options below; what a line leaves out is 0: no delay, no limit, no loss. What happens to
 * the frames that come after a line is the same whenever the line is.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define FRAME_BYTES 2048
#define MAX_WAITING 16384 /* in one direction; frames beyond that are lost */
#define MILLION     1000000u

struct frame {
	uint64_t due_ns;
	uint64_t number; /* of two that are due at once, the one that came first goes first */
	uint32_t len;
	uint8_t bytes[FRAME_BYTES];
};

struct path {
	uint64_t delay_us;
	uint64_t rate_kbit;
	uint64_t queue_bytes; /* before the bottleneck; 0: no limit */
	uint64_t loss_ppm;    /* of frames, each by itself */
	uint64_t burst_ppm;   /* of frames with which a burst of losses begins: all are lost … */
	uint64_t burst_end_ppm; /* … until the one with which it ends */
	uint64_t late_ppm;      /* of frames that come … */
	uint64_t late_us;       /* … so much later than the others */
	uint64_t seed;          /* of what is left to chance */
};

struct direction {
	struct path path;
	int in, out;
	bool in_burst;
	uint64_t n_drawn;
	uint64_t free_at_ns; /* when the bottleneck will have sent all that waits before it */
	uint64_t n_frames;
	struct frame *frames;
	uint32_t
		*heap; /* indices of frames: n that wait, those due first on top; then the unused */
	uint32_t n;
};

static const struct {
	const char *name;
	size_t offset;
} options[] = {
	{"delay_us", offsetof(struct path, delay_us)},
	{"rate_kbit", offsetof(struct path, rate_kbit)},
	{"queue_bytes", offsetof(struct path, queue_bytes)},
	{"loss_ppm", offsetof(struct path, loss_ppm)},
	{"burst_ppm", offsetof(struct path, burst_ppm)},
	{"burst_end_ppm", offsetof(struct path, burst_end_ppm)},
	{"late_ppm", offsetof(struct path, late_ppm)},
	{"late_us", offsetof(struct path, late_us)},
	{"seed", offsetof(struct path, seed)},
};

static void give_up(const char *what)
{
	fprintf(stderr, "path: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int open_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	if (fd < 0)
		give_up("/dev/net/tun");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) != 0)
		give_up(name);
	return fd;
}

static bool goes_before(const struct direction *d, uint32_t i, uint32_t k)
{
	const struct frame *a = &d->frames[d->heap[i]];
	const struct frame *b = &d->frames[d->heap[k]];

	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void swap(struct direction *d, uint32_t i, uint32_t k)
{
	uint32_t held = d->heap[i];

	d->heap[i] = d->heap[k];
	d->heap[k] = held;
}

/* The frame behind the heap's end joins it. */
static void push(struct direction *d)
{
	for (uint32_t i = d->n++; i && goes_before(d, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(d, i, (i - 1) / 2);
}

/* The first one leaves the heap: its place behind the end is free again. */
static void pop(struct direction *d)
{
	uint32_t i = 0;

	swap(d, 0, --d->n);
	for (;;) {
		uint32_t first = 2 * i + 1;

		if (first >= d->n)
			return;
		if (first + 1 < d->n && goes_before(d, first + 1, first))
			first++;
		if (!goes_before(d, first, i))
			return;
		swap(d, i, first);
		i = first;
	}
}

/* The next random number (SplitMix64). */
static uint64_t draw(struct direction *d)
{
	uint64_t z = ((d->path.seed << 32) + ++d->n_drawn) * 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static bool happens(struct direction *d, uint64_t ppm)
{
	return ppm && draw(d) % MILLION < ppm;
}

static bool is_lost(struct direction *d)
{
	const struct path *p = &d->path;

	if (happens(d, d->in_burst ? p->burst_end_ppm : p->burst_ppm))
		d->in_burst = !d->in_burst;
	return d->in_burst || happens(d, p->loss_ppm);
}

/* Through the bottleneck: when the frame has left that, or 0: its queue is full. */
static uint64_t leave_bottleneck(struct direction *d, uint32_t len, uint64_t now)
{
	const struct path *p = &d->path;
	uint64_t begins = d->free_at_ns > now ? d->free_at_ns : now;

	if (!p->rate_kbit)
		return now;
	if (p->queue_bytes && (begins - now) * p->rate_kbit / (8 * MILLION) + len > p->queue_bytes)
		return 0;
	d->free_at_ns = begins + (uint64_t)len * 8 * MILLION / p->rate_kbit;
	return d->free_at_ns;
}

static void take(struct direction *d, uint64_t now)
{
	while (d->n < MAX_WAITING) {
		struct frame *f = &d->frames[d->heap[d->n]];
		ssize_t len = read(d->in, f->bytes, FRAME_BYTES);
		uint64_t left_ns;

		if (len <= 0)
			return;
		left_ns = leave_bottleneck(d, (uint32_t)len, now);
		if (!left_ns || is_lost(d))
			continue;
		f->len = (uint32_t)len;
		f->number = d->n_frames++;
		f->due_ns = left_ns + d->path.delay_us * 1000;
		if (happens(d, d->path.late_ppm))
			f->due_ns += d->path.late_us * 1000;
		push(d);
	}
}

/* An interface that is down, or full, loses the frame. */
static void give(struct direction *d, uint64_t now)
{
	while (d->n && d->frames[d->heap[0]].due_ns <= now) {
		const struct frame *f = &d->frames[d->heap[0]];

		if (write(d->out, f->bytes, f->len) < 0 && errno == EBADF)
			give_up("write");
		pop(d);
	}
}

/* False: it names what there is not. */
static bool follow(struct direction *directions, char *line)
{
	char *word = strtok(line, " \n");
	struct direction *d;

	if (!word || (strcmp(word, "0") != 0 && strcmp(word, "1") != 0))
		return false;
	d = &directions[word[0] - '0'];
	d->path = (struct path){0};
	d->in_burst = false;
	d->n_drawn = 0;
	while ((word = strtok(NULL, " \n"))) {
		char *value = strchr(word, '=');
		size_t i = 0;

		if (!value)
			return false;
		*value++ = '\0';
		while (i < sizeof(options) / sizeof(options[0]) &&
			strcmp(options[i].name, word) != 0)
			i++;
		if (i == sizeof(options) / sizeof(options[0]))
			return false;
		*(uint64_t *)((char *)&d->path + options[i].offset) = strtoull(value, NULL, 10);
	}
	return true;
}

static void init(struct direction *d, int in, int out)
{
	d->in = in;
	d->out = out;
	d->frames = calloc(MAX_WAITING, sizeof(*d->frames));
	d->heap = calloc(MAX_WAITING, sizeof(*d->heap));
	if (!d->frames || !d->heap)
		give_up("memory");
	for (uint32_t i = 0; i < MAX_WAITING; i++)
		d->heap[i] = i;
}

static struct timespec until_next(const struct direction *directions, uint64_t now)
{
	uint64_t wait_ns = 1000000000u;

	for (int i = 0; i < 2; i++) {
		const struct direction *d = &directions[i];
		uint64_t due_ns = d->n ? d->frames[d->heap[0]].due_ns : UINT64_MAX;

		if (due_ns <= now)
			wait_ns = 0;
		else if (due_ns - now < wait_ns)
			wait_ns = due_ns - now;
	}
	return (struct timespec){.tv_sec = (time_t)(wait_ns / 1000000000u),
		.tv_nsec = (long)(wait_ns % 1000000000u)};
}

int main(int argc, char **argv)
{
	static struct direction directions[2];
	char line[512];
	int taps[2];

	if (argc != 3) {
		fprintf(stderr, "usage: path INTERFACE0 INTERFACE1\n");
		return 2;
	}
	setvbuf(stdin, NULL, _IONBF, 0); /* else poll() would not see the second of two lines */
	for (int i = 0; i < 2; i++)
		taps[i] = open_tap(argv[1 + i]);
	for (int i = 0; i < 2; i++)
		init(&directions[i], taps[i], taps[1 - i]);
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct pollfd polled[] = {
			{.fd = taps[0], .events = POLLIN},
			{.fd = taps[1], .events = POLLIN},
			{.fd = STDIN_FILENO, .events = POLLIN},
		};
		struct timespec wait = until_next(directions, now_ns());

		if (ppoll(polled, 3, &wait, NULL) > 0 && polled[2].revents) {
			if (!fgets(line, sizeof(line), stdin))
				return 0; /* who has started it is gone */
			if (!follow(directions, line)) {
				fprintf(stderr, "path: not understood: %s\n", line);
				return 2;
			}
		}
		for (int i = 0; i < 2; i++) {
			uint64_t now = now_ns();

			take(&directions[i], now);
			give(&directions[i], now);
		}
	}
}
