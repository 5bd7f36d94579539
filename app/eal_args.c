/* SPDX-License-Identifier: BSD-2-Clause */
#include "eal_args.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "values.h"

#define MIN_SHORTENED 4 /* "--lc": fewer letters are ambiguous to EAL */

/* Where the value begins if arg is the option, at its end if the value is the next one, or NULL. */
static const char *match(const char *arg, const char *option)
{
	size_t len = strcspn(arg, "=");

	if (option[1] != '-')
		return strncmp(arg, option, 2) ? NULL : arg + 2;
	if (len < MIN_SHORTENED || len > strlen(option) || memcmp(arg, option, len) != 0)
		return NULL;
	return arg[len] ? arg + len + 1 : arg + len;
}

/*
 * The value of an option, given as `-l V`, `-lV`, `--name V` or `--name=V`, where getopt has the
 * name shortened, too; the last one counts. NULL: it is not there.
 */
static const char *find(int argc, char **argv, const char *option)
{
	const char *found = NULL;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *value = match(argv[i], option);

		if (value && !*value)
			value = i + 1 < argc ? argv[++i] : "";
		if (value)
			found = value;
	}
	return found;
}

/* A hexadecimal mask of lcores, with or without 0x. */
static bool read_mask(const char *text, struct core_list *list)
{
	char *end;
	unsigned long long mask;

	errno = 0;
	mask = strtoull(text, &end, 16);
	list->n = 0;
	if (errno || end == text || *end)
		return false;
	for (uint16_t i = 0; i < 64; i++) {
		if (!(mask >> i & 1))
			continue;
		if (list->n == CORE_LIST_MAX)
			return false;
		list->ids[list->n++] = i;
	}
	return list->n;
}

static bool read_affinity(struct core_list *list)
{
	cpu_set_t cpus;

	list->n = 0;
	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return false;
	for (uint16_t i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &cpus))
			continue;
		if (list->n == CORE_LIST_MAX)
			return false;
		list->ids[list->n++] = i;
	}
	return list->n;
}

static bool read_lcores(int argc, char **argv, struct core_list *list)
{
	const char *cores = find(argc, argv, "-l");
	const char *mask = find(argc, argv, "-c");
	const char *map = find(argc, argv, "--lcores");

	if (find(argc, argv, "-s") || find(argc, argv, "-S")) /* EAL takes service cores away */
		return false;
	if (map)
		return rs_value_cores(map, list);
	if (cores)
		return rs_value_cores(cores, list);
	return mask ? read_mask(mask, list) : read_affinity(list);
}

int rs_eal_args_lcores(int argc, char **argv, struct core_list *lcores, uint16_t *main_lcore)
{
	const char *text = find(argc, argv, "--main-lcore");
	uint64_t n;

	if (!read_lcores(argc, argv, lcores))
		return -ENOTSUP;
	*main_lcore = lcores->ids[0];
	for (uint32_t i = 1; i < lcores->n; i++) { /* the lowest, unless EAL is told otherwise */
		if (lcores->ids[i] < *main_lcore)
			*main_lcore = lcores->ids[i];
	}
	if (!text)
		return 0;
	if (!rs_value_number(text, &n) || n > UINT16_MAX)
		return -ENOTSUP;
	*main_lcore = (uint16_t)n;
	return 0;
}

/* Where EAL looks, too. */
int rs_eal_args_missing_cpu(const struct core_list *lcores)
{
	char path[64];

	for (uint32_t i = 0; i < lcores->n; i++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/core_id",
			lcores->ids[i]);
		if (access(path, F_OK))
			return lcores->ids[i];
	}
	return -1;
}
