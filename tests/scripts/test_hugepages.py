# SPDX-License-Identifier: BSD-2-Clause
"""scripts/hugepages with an invented /sys, /dev and /run, in a mount namespace of its own.

hugetlbfs is the kernel's, but no page is taken. Needs root, as the script does.
"""

import os
import subprocess
import unittest

HUGEPAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/hugepages")
FILES = "/sys/kernel/mm/hugepages"
MACHINE = f"""
set -e
umount -a -t hugetlbfs
for folder in {FILES} /run /dev; do mount -t tmpfs tmpfs $folder; done
mknod -m 666 /dev/null c 1 3
mkdir {FILES}/hugepages-2048kB
cd {FILES}/hugepages-2048kB
echo 3 >nr_hugepages
echo 512 >free_hugepages
echo 0 >resv_hugepages
mounts() {{ awk '$3 == "hugetlbfs" {{ sub(/.*pagesize=/, "", $4); print $2, $4 }}' /proc/mounts; }}
hugepages() {{ {HUGEPAGES} "$@" >/run/output; }}
mount_1g() {{ mkdir -p $1 && mount -t hugetlbfs -o pagesize=1G hugetlbfs $1; }}
"""
LEFT = "ls -d /dev/hugepages* /run/ringside-hugepages 2>/dev/null || true"


needs_1g = unittest.skipUnless(
    os.path.isdir(f"{FILES}/hugepages-1048576kB"), "no pages of 1 GB on this machine"
)


class HugepagesTest(unittest.TestCase):
    def run_it(self, commands):
        """The lines that the shell commands print, on a machine without hugetlbfs."""
        done = subprocess.run(
            ["unshare", "--mount", "bash", "-c", MACHINE + commands],
            capture_output=True, text=True, check=False, timeout=20,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_up_and_down(self):
        self.assertEqual(
            self.run_it(f"""
                hugepages up 8; mounts
                hugepages down; mounts; {LEFT}; cat nr_hugepages"""),
            ["/dev/hugepages 2M", "3"],
        )

    def test_what_is_not_enough_is_given_back(self):
        """Also what is no number to the shell, and would be one of another size to the kernel."""
        for mb, word in (("2000", "found 1024 MB"), ("99999999999999999999", "must be a number")):
            self.assertEqual(
                self.run_it(f"""
                    hugepages up {mb} 2>/run/words && echo did
                    grep -o '{word}' /run/words; cat nr_hugepages"""),
                [word, "3"],
            )

    def test_a_mount_that_is_there_is_used_and_stays(self):
        self.assertEqual(
            self.run_it(f"""
                mkdir /run/huge && mount -t hugetlbfs -o pagesize=2M hugetlbfs /run/huge
                hugepages up 8; hugepages down; mounts; {LEFT}"""),
            ["/run/huge 2M"],
        )

    @needs_1g
    def test_pages_of_1_gb_are_not_those(self):
        self.assertEqual(
            self.run_it("mount_1g /run/huge; hugepages up 8; mounts"),
            ["/run/huge 1024M", "/dev/hugepages 2M"],
        )

    @needs_1g
    def test_where_the_usual_place_has_pages_of_1_gb(self):
        self.assertEqual(
            self.run_it(f"""
                mount_1g /dev/hugepages; {HUGEPAGES} eal 8
                hugepages up 8; mounts; {HUGEPAGES} eal 8
                hugepages down; mounts; {LEFT}"""),
            ["--no-huge -m 8", "/dev/hugepages 1024M", "/dev/hugepages-2M 2M", "--huge-unlink -m 8",
             "/dev/hugepages 1024M", "/dev/hugepages"],
        )

    def test_down_after_somebody_else_has_unmounted(self):
        self.assertEqual(
            self.run_it(f"hugepages up 8; umount /dev/hugepages; hugepages down; {LEFT}"), []
        )
        self.assertEqual(
            self.run_it(f"""
                hugepages up 8; umount /dev/hugepages; rmdir /dev/hugepages
                hugepages down; {LEFT}"""),
            [],
        )

    @needs_1g
    def test_down_leaves_what_somebody_else_has_put_there(self):
        self.assertEqual(
            self.run_it(f"""
                hugepages up 8; umount /dev/hugepages; mount_1g /dev/hugepages
                hugepages down 2>&1; mounts; {LEFT}"""),
            ["/dev/hugepages stays: it is somebody else's by now",
             "/dev/hugepages 1024M", "/dev/hugepages"],
        )

    def test_down_after_an_end_in_the_middle_of_up(self):
        """With a mount(8) that ends the script, before or after it has mounted."""
        for does in ("true", '/bin/mount "$@"'):
            self.assertEqual(
                self.run_it(f"""
                    mkdir /run/bin
                    printf '#!/bin/sh\\n%s\\nkill -9 $PPID\\n' '{does}' >/run/bin/mount
                    chmod +x /run/bin/mount
                    PATH=/run/bin:$PATH hugepages up 8 2>/run/words || test $? = 137
                    hugepages down; mounts; {LEFT}"""),
                [],
                does,
            )


if __name__ == "__main__":
    unittest.main()
