# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Sourced by the scripts beside it: where the tree is, how to speak, how to become root.

set -euo pipefail

# shellcheck disable=SC2034 # for those who source this
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Debian keeps ip, ethtool and sysctl where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# The comment at the head of a script is its help.
usage()
{
	sed -n '/^# SPDX/d; 2,/^[^#]/ { s/^# \{0,1\}//p }' "$0"
}

# need_root "$@": starts the script again under sudo when it has to.
need_root()
{
	[ "$EUID" -eq 0 ] && return
	command -v sudo >/dev/null || die "needs root: run it as root, or install sudo"
	exec sudo --preserve-env=LAB_NAME,LAB_MTU,LAB_PMD,LAB_MB,LAB_CORES,RINGSIDE -- "$0" "$@"
}
