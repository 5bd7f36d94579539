/* SPDX-License-Identifier: BSD-2-Clause */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int complain(const struct load_output *out)
{
	fprintf(stderr, "ringside-load: --json %s: %s\n", out->name, strerror(errno));
	return -1;
}

int rs_load_output_open(struct load_output *out, const char *name)
{
	int fd;

	*out = (struct load_output){.name = name ? name : "-", .file = stdout};
	if (!strcmp(out->name, "-"))
		return 0;
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	out->is_new = fd >= 0;
	if (fd < 0 && errno == EEXIST)
		fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	out->file = fd < 0 ? NULL : fdopen(fd, "w");
	return out->file ? 0 : complain(out);
}

FILE *rs_load_output_begin(struct load_output *out)
{
	out->has_some = true;
	/* A pipe or a device has nothing to lose. */
	if (out->file != stdout && ftruncate(fileno(out->file), 0) && errno != EINVAL)
		complain(out);
	return out->file;
}

int rs_load_output_close(struct load_output *out)
{
	if (out->file == stdout ? fflush(stdout) : fclose(out->file))
		return complain(out);
	if (out->is_new && !out->has_some)
		unlink(out->name);
	return 0;
}
