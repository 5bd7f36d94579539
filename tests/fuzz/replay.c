/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a fuzz target over the files of a folder, each on an exact-size copy. None is a failure. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	bool is_read = false;
	uint8_t *data;
	long size;

	if (!file)
		return -1;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	if (size >= 0) {
		data = malloc(size ? (size_t)size : 1);
		is_read = fread(data, 1, (size_t)size, file) == (size_t)size;
		if (is_read)
			LLVMFuzzerTestOneInput(data, (size_t)size);
		free(data);
	}
	fclose(file);
	return is_read ? 0 : -1;
}

int main(int argc, char **argv)
{
	unsigned int n = 0, n_bad = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			char path[4096];

			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			if (run_file(path))
				n_bad++;
			else
				n++;
		}
		if (dir)
			closedir(dir);
	}
	printf("%u passed, %u failed\n", n, n_bad + !n);
	return n && !n_bad ? 0 : 1;
}
