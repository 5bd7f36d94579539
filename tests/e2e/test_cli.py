# SPDX-License-Identifier: BSD-2-Clause
"""The command line: what needs no port, no root and no hugepages."""

import contextlib
import os
import re
import subprocess
import tempfile

import pki
from harness import equal, test, true


def run(t, *arguments, as_nobody=True):
    def become_nobody():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    # A tree below a home directory is closed to others; the program itself is what counts.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        copy = os.path.join(folder, "ringside")
        subprocess.run(["cp", t.binary, copy], check=True)
        return subprocess.run(
            [copy, *arguments], capture_output=True, text=True, timeout=20, check=False,
            preexec_fn=become_nobody if as_nobody else None,
            env={**os.environ, "XDG_RUNTIME_DIR": folder},
        )


@test(own=True, families=(4,))
def help_and_version_without_root(t):
    done = run(t, "--help")
    equal(done.returncode, 0, "status of --help")
    for option in ("--ip", "--gateway", "--http", "--layout", "--net-cores", "--max-conns"):
        true(option in done.stdout, f"--help does not mention {option}")
    done = run(t, "--version")
    equal(done.returncode, 0, "status of --version")
    for word in ("ringside ", "DPDK", "OpenSSL"):
        true(word in done.stdout, f"--version does not mention {word}: {done.stdout}")


@test(own=True, families=(4,))
def check_prints_the_topology(t):
    done = run(t, "-l", "0,1", "--", "--check", "--ip", "10.99.0.2/24", "--layout", t.layout)
    equal((done.returncode, done.stderr), (0, ""), "status and errors")
    true(f"layout {t.layout}" in done.stdout, done.stdout)
    true("core" in done.stdout, done.stdout)


@test(own=True, families=(4,))
def check_reads_a_file(t):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(f"# an example\nip 10.99.0.2/24\nip fd99::2/64\nlayout {t.layout}\nhttp 8080\n")
        file.flush()
        os.chmod(file.name, 0o644)
        done = run(t, "--check", "-c", file.name)
        equal((done.returncode, done.stderr), (0, ""), "status and errors")
        file.write("colour blue\n")
        file.flush()
        done = run(t, "--check", "-c", file.name)
        equal(done.returncode, 2, "status with an unknown line")
        for word in ("colour", "6", file.name):
            true(word in done.stderr, f"no {word}: {done.stderr}")


@test(own=True, families=(4,))
def mistakes_are_one_line_and_status_2(t):
    ip = ("--ip", "10.99.0.2/24")
    for arguments, words in (
        ((), ("--ip",)),
        (("--ip", "10.99.0.300/24"), ("--ip", "10.99.0.300/24")),
        (("--ip", "10.99.0.2/33"), ("--ip", "10.99.0.2/33")),
        (("--ip", "10.99.0.2"), ("--ip", "10.99.0.2")),
        ((*ip, "--gateway", "10.1.1.1"), ("--gateway", "10.1.1.1")),
        ((*ip, "--http", "70000"), ("--http", "70000")),
        ((*ip, "--http", "eighty"), ("--http", "eighty")),
        ((*ip, "--layout", "round"), ("--layout", "round", "fused", "split")),
        ((*ip, "--max-conns", "-1"), ("--max-conns", "-1")),
        ((*ip, "--idle", "nap"), ("--idle", "nap", "sleep")),
        ((*ip, "--layout", "fused", "--rx-cores", "0"), ("--rx-cores", "split")),
        ((*ip, "--net-cores", "77"), ("--net-cores", "77")),
        ((*ip, "--colour", "blue"), ("--colour",)),
        ((*ip, "blue"), ("blue",)),
        ((*ip, "--http"), ("--http",)),
        ((*ip, "--config", "/nowhere/at/all"), ("--config", "/nowhere/at/all")),
        ((*ip, "--root", "/", "--header", "* Date: now"), ("--header", "Date")),
    ):
        ends_with_one_line(t, 2, arguments, words)


def ends_with_one_line(t, status, arguments, words, **who):
    """--check and the start say the same."""
    for action in ("--check",), ():
        done = run(t, "-l", "0", "--", *action, *arguments, **who)
        equal(done.returncode, status, f"status of {arguments}")
        equal(done.stdout, "", f"what {arguments} prints beside")
        equal(len(done.stderr.splitlines()), 1, f"lines that {arguments} prints")
        for word in words:
            true(word in done.stderr, f"{arguments}: no {word} in: {done.stderr}")


@test(own=True, families=(4,))
def files_that_are_not_right_are_one_line_and_status_1(t):
    """A supervisor may try again: the options are right, and the files may be later. Sites are
    loaded last, by --check or when there are ports."""
    nowhere = "/nowhere/at/all"
    ip = ("--ip", "10.99.0.2/24")
    cert, key = pki.pair("here.test")
    https = (*ip, "--https", "443")
    right = (*https, "--cert", cert, "--key", key)
    for arguments, words in (
        ((*https, "--cert", nowhere, "--key", "/dev/null"), ("--cert", nowhere, "No such")),
        ((*https, "--cert", "/dev/null", "--key", "/dev/null"), ("--cert", "/dev/null")),
        ((*https, "--cert", cert, "--key", nowhere), ("--key", nowhere)),
        ((*right, "--ocsp", nowhere), ("--ocsp", nowhere)),
        ((*right, "--client-ca", nowhere), ("--client-ca", nowhere)),
        ((*right, "--ticket-keys", nowhere), ("--ticket-keys", nowhere)),
    ):
        ends_with_one_line(t, 1, arguments, words, as_nobody=False)  # keys are root's
    for log, word in ((nowhere, "No such"), ("/", "Is a directory"), ("/etc/log", "denied"),
                      ("/etc/hostname", "denied"), ("/dev/null/log", "Not a directory")):
        ends_with_one_line(t, 1, (*ip, "--access-log", log), ("--access-log", log, word))
    for arguments, words in (
        ((*ip, "--root", nowhere), ("--root", nowhere, "No such")),
        ((*ip, "--site", f"a.test={nowhere}"), ("--site", nowhere, "No such")),
        ((*ip, "--root", "/etc/hostname"), ("--root", "/etc/hostname")),
        ((*ip, "--root", "/etc/alternatives", "--mime-types", nowhere), ("--mime-types", nowhere)),
    ):
        done = run(t, "-l", "0", "--", "--check", *arguments)
        equal((done.returncode, done.stdout), (1, ""), f"status of {arguments}")
        for word in words:
            true(word in done.stderr, f"{arguments}: no {word} in: {done.stderr}")


@test(own=True, families=(4,))
def what_cannot_be_printed_is_a_failure(t):
    for arguments in (("--help",), ("--help-markdown",), ("--version",),
                      ("--check", "--ip", "10.99.0.2/24")):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([t.binary, *arguments], stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=20, check=False)
        equal(done.returncode, 1, f"status of {arguments}")
        equal(done.stderr, "ringside: standard output: No space left on device\n", "words")


@test(own=True, families=(4,))
def a_mistake_is_the_only_line(t):
    done = run(t, "-l", "0", "--", "--check", "--ip", "10.99.0.2/24", "--https", "443",
               "--cert", "/dev/null", "--key", "/dev/null", "--client-ca", "/nowhere/at/all")
    equal(done.returncode, 1, "status")
    equal(done.stderr, "ringside: --client-ca /nowhere/at/all: cannot be read: "
          "No such file or directory\n", "words")


@test(own=True, families=(4,))
def options_of_ours_stand_behind_the_dashes(t):
    """EAL would list all of its own, and say "unrecognized option"."""
    for arguments, word in ((("--check", "--", "--ip", "10.99.0.2/24"), "--check"),
                            (("-l", "0", "--root=/srv", "--", "--ip", "10.99.0.2/24"),
                             "--root=/srv"),
                            (("--ip", "10.99.0.2/24"), "--ip")):
        done = run(t, *arguments)
        equal((done.returncode, done.stdout), (2, ""), f"status of {arguments}")
        equal(done.stderr, f"ringside: {word}: expected behind --, as in ringside [EAL options] "
              "-- [options]\n", "words")


@test(own=True, families=(4,))
def check_loads_what_would_be_served(t):
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        arguments = ("-l", "0", "--", "--check", "--ip", "10.99.0.2/24", "--root", root)
        equal(run(t, *arguments).returncode, 0, "status with an empty root")
        done = run(t, *arguments, "--error-page", "404=/none.html")
        equal((done.returncode, done.stdout), (1, ""), "status without the error page")
        true("404=/none.html: there is no such file" in done.stderr, done.stderr)
    done = run(t, *arguments)
    equal((done.returncode, done.stdout), (1, ""), "status without a root")
    equal(done.stderr, f"ringside: --root {root}: cannot be read: No such file or directory\n",
          "words")


@test(own=True, families=(4,))
def why_nothing_starts_is_the_last_line(t):
    prefix = f"none{os.getpid()}"
    eal = ("-l", "0", "--no-pci", "--no-telemetry", "--file-prefix", prefix)
    options = ("--", "--ip", "10.99.0.2/24")
    for arguments, words in (
        (("--no-huge", "-m", "64"), "no port: bind a NIC"),
        (
            ("--no-huge", "-m", "64", "--vdev", f"net_af_packet0,iface={prefix}"),
            "no port: what -a or --vdev names did not come up",
        ),
        (("--no-huge", "-m", "64", "--vdev", "net_none0"), "EAL does not start: No such device"),
    ):
        done = run(t, *eal, *arguments, *options, as_nobody=False)
        equal(done.returncode, 1, f"status of {arguments}")
        true(words in done.stderr.splitlines()[-1], f"{arguments}: {done.stderr}")
        true(not os.path.exists(f"/run/dpdk/{prefix}"), f"{arguments}: its files stay")
    with contextlib.suppress(FileNotFoundError):  # where there is no place for locks
        os.unlink(f"/run/lock/ringside-{prefix}")


@test(own=True, families=(4,))
def a_cpu_that_is_not_there_is_said_alone(t):
    """EAL would print its options, and the fault somewhere above them."""
    for lcores in (("-l", "0,120"), ("-l", "0-1,120"), ("--lcores=120",)):
        done = run(t, *lcores, "--no-pci", "--no-huge", "-m", "64", "--", "--ip", "10.99.0.2/24")
        equal((done.returncode, done.stdout), (1, ""), f"status and output of {lcores}")
        true(re.fullmatch(r"ringside: [^\n]*no CPU 120[^\n]*\n", done.stderr), done.stderr)
        equal(run(t, *lcores, "--", "--check", "--ip", "10.99.0.2/24").returncode, 0, "--check")


@test(own=True, families=(4,))
def what_root_could_is_said_to_others(t):
    eal = ("-l", "0", "--no-pci", "--no-telemetry", "--no-huge", "-m", "64")
    vdev = ("--vdev", f"net_af_packet0,iface={t.lab.near}")
    done = run(t, *eal, *vdev, "--", "--ip", "10.99.0.2/24")
    equal(done.returncode, 1, "status")
    true("this is not root" in done.stderr.splitlines()[-1], done.stderr)
