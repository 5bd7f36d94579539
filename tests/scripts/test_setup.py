# SPDX-License-Identifier: BSD-2-Clause
"""scripts/setup: what is called on a machine that has nothing but Debian's base is in its list."""

import os
import re
import subprocess
import unittest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# make: gcc calls it for the parts of an optimizing link, and warns where it is not there.
CALLED = (
    "gcc clang make meson ninja git ip ethtool curl ping wrk h2load openssl tcpdump"
    " clang-format shellcheck valgrind lua5.4 pgrep"
).split()


def owners(program):
    """The packages that have it. dpkg knows files by the folders that they were packed for."""
    paths = [f"{folder}/{program}" for folder in ("/usr/bin", "/usr/sbin", "/bin", "/sbin")]
    done = subprocess.run(["dpkg", "-S", *paths], capture_output=True, text=True, check=False)
    return set(re.findall(r"^([\w.+-]+)(?::\w+)?: ", done.stdout, re.MULTILINE))


class Setup(unittest.TestCase):
    def test_what_is_called_is_installed(self):
        script = os.path.join(TREE, "scripts", "setup")
        done = subprocess.run([script, "--list"], capture_output=True, text=True, check=True)
        listed = set(done.stdout.split())
        for program in CALLED:
            with self.subTest(program):
                self.assertTrue(owners(program) & listed, f"{owners(program)} not listed")


if __name__ == "__main__":
    unittest.main()
