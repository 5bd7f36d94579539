# SPDX-License-Identifier: BSD-2-Clause
"""The machine that is measured on: what it is, and making it ready. It is left as it was found."""

import datetime
import os
import subprocess

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TREE, "build")
SERVER_CORE, LOAD_CORE = 0, 1
HUGEPAGES_STATE = "/run/ringside-hugepages"  # where scripts/hugepages keeps what it found
N_HUGEPAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
MB_WANTED = 6144
MB_LEAST = 2048


class Unable(Exception):
    """Something cannot be measured here; the text says why."""


class Machine:
    """Hugepages while it lasts; use it with `with`."""

    def __init__(self):
        self.cpu = cpu_name()
        self.commit = output("git", "-C", TREE, "describe", "--always", "--dirty", "--abbrev=12")
        self.date = datetime.date.today().isoformat()
        self.hugepages = False
        self.pages_before = None

    def __enter__(self):
        if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
            raise Unable(
                f"needs cores {SERVER_CORE} and {LOAD_CORE}: one for the server, one for the load"
            )
        if os.geteuid() != 0:
            raise Unable("needs root, for hugepages and memif: sudo perf/bench …")
        if os.path.exists(HUGEPAGES_STATE):  # somebody else's, to be left standing
            with open(N_HUGEPAGES, encoding="utf-8") as file:
                self.pages_before = file.read()
        try:
            self.hugepages = any(map(self.pages_up, (MB_WANTED, MB_LEAST)))
        except BaseException:  # Ctrl-C: nobody calls __exit__ of what was not entered
            self.give_back()
            raise
        if not self.hugepages:
            print("no hugepages: memif copies on both sides, so all figures are lower than usual")
        return self

    def __exit__(self, *_):
        self.give_back()

    @staticmethod
    def pages_up(mb):
        return hugepages("up", str(mb)).returncode == 0

    def give_back(self):
        if self.pages_before is None:
            hugepages("down")
        else:
            with open(N_HUGEPAGES, "w", encoding="utf-8") as file:
                file.write(self.pages_before)

    def memory(self, mb):
        """EAL arguments for a program that needs at most so much."""
        return [] if self.hugepages else ["--no-huge", "-m", str(mb)]


def hugepages(*arguments):
    command = [f"{TREE}/scripts/hugepages", *arguments]
    return subprocess.run(command, capture_output=True, check=False)


def build():
    """The release build that everybody gets by default."""
    if subprocess.run([f"{TREE}/scripts/setup"], check=False).returncode:
        raise Unable("scripts/setup failed; its words stand above")
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        run_quietly("meson", "setup", BUILD, TREE)
    run_quietly("ninja", "-C", BUILD)


def install(*packages):
    """Rivals, from Debian, all at once. True when these are there."""
    if not all(map(is_installed, packages)):
        subprocess.run([f"{TREE}/scripts/setup", "--bench"], capture_output=True, check=False)
    return all(map(is_installed, packages))


def is_installed(package):
    return output("dpkg-query", "-W", "-f", "${db:Status-Status}", package) == "installed"


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def run_quietly(*command):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise Unable(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}")


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else "unknown"


def tsc_hz():
    """What the TSC counts a second, as the kernel found out at boot (bogomips is twice that)."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("bogomips"):
                return float(line.split(":")[1]) * 1e6 / 2
    return None

