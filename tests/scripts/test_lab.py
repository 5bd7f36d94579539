# SPDX-License-Identifier: BSD-2-Clause
"""scripts/lab touches only what it has made. Needs root, as the lab does."""

import os
import subprocess
import tempfile
import unittest

LAB = os.path.join(os.path.dirname(__file__), "..", "..", "scripts", "lab")


def ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], capture_output=True, check=check).returncode == 0


class LabTest(unittest.TestCase):
    def setUp(self):
        self.name = f"lt{os.getpid()}"
        self.near = self.name + "0"
        self.mark = f"/run/ringside-lab-{self.name}"
        self.addCleanup(self.clean_up)

    def clean_up(self):
        self.lab("down")
        ip("link", "delete", self.near, check=False)
        ip("netns", "delete", self.name, check=False)

    def lab(self, *arguments, **environment):
        """Its status, and how many lines it says about what is wrong."""
        done = subprocess.run(
            [LAB, *arguments],
            env={**os.environ, "LAB_NAME": self.name, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return done.returncode, len(done.stderr.splitlines())

    def has_link(self):
        return ip("link", "show", "dev", self.near, check=False)

    def has_namespace(self):
        return os.path.exists(f"/run/netns/{self.name}")

    def refuses(self):
        self.assertEqual(self.lab("up"), (1, 1))
        self.assertEqual(self.lab("down"), (0, 0))
        self.assertFalse(os.path.exists(self.mark))

    def test_an_interface_of_others_stays(self):
        ip("link", "add", self.near, "type", "veth", "peer", "name", self.name + "1")
        self.refuses()
        self.assertTrue(self.has_link())
        self.assertFalse(self.has_namespace())

    def test_a_namespace_of_others_stays_and_what_runs_there(self):
        ip("netns", "add", self.name)
        with subprocess.Popen(
            ["ip", "netns", "exec", self.name, "sh", "-c", "echo there; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as process:
            process.stdout.readline()
            self.refuses()
            self.assertTrue(self.has_namespace())
            self.assertEqual(self.lab("exec", "true"), (1, 1))
            process.stdin.close()
            self.assertEqual(process.wait(20), 0)

    def test_up_and_down(self):
        self.assertEqual(self.lab("up"), (0, 0))
        self.assertEqual(self.lab("up"), (0, 0))
        self.assertTrue(self.has_link() and self.has_namespace())
        self.assertEqual(self.lab("down"), (0, 0))
        self.assertFalse(self.has_link() or self.has_namespace() or os.path.exists(self.mark))

    def test_an_appliance_is_not_started_on_half_of_its_arguments(self):
        self.lab("up")
        with tempfile.TemporaryDirectory() as folder:
            binary, ran = os.path.join(folder, "binary"), os.path.join(folder, "ran")
            with open(binary, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\ntouch {ran}\n")
            os.chmod(binary, 0o755)
            for wrong in ({"LAB_MB": "much"}, {"LAB_PMD": "af_none"}):
                self.assertEqual(self.lab("eal", **wrong), (1, 1), wrong)
                self.assertEqual(self.lab("run", RINGSIDE=binary, **wrong), (1, 1), wrong)
                self.assertFalse(os.path.exists(ran), wrong)
            self.assertEqual(self.lab("run", RINGSIDE=binary), (0, 0))
            self.assertTrue(os.path.exists(ran))

    def test_a_half_made_lab_can_be_made_and_removed(self):
        self.lab("up")
        ip("link", "delete", self.near)
        self.assertEqual(self.lab("up"), (0, 0))
        ip("netns", "exec", self.name, "ip", "link", "set", "eth0", "down")
        self.assertEqual(self.lab("down"), (0, 0))
        self.assertFalse(self.has_link() or self.has_namespace() or os.path.exists(self.mark))


if __name__ == "__main__":
    unittest.main()
