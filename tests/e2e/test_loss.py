# SPDX-License-Identifier: BSD-2-Clause
"""Large downloads over a link that loses frames."""

import contextlib
import hashlib
import os
import subprocess
import tempfile

from harness import equal, pattern, test, true

HERE = os.path.dirname(os.path.abspath(__file__))


@contextlib.contextmanager
def bad_link(t, name="lossy"):
    """What comes to the client goes through a program."""
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, f"{name}.o")
        multiarch = subprocess.run(
            ["gcc", "-print-multiarch"], capture_output=True, text=True, check=True
        ).stdout.strip()
        t.tool("clang", "-O2", "-g", "-target", "bpf", f"-I/usr/include/{multiarch}",
               "-c", os.path.join(HERE, f"{name}.bpf.c"), "-o", program)
        t.tool("ip", "link", "set", "dev", "eth0", "xdpgeneric", "obj", program, "sec", "xdp")
    try:
        yield
    finally:
        t.tool("ip", "link", "set", "dev", "eth0", "xdpgeneric", "off")


def sha256_of_pattern(n):
    digest, block = hashlib.sha256(), pattern(251 * 4096)
    for _ in range(n // len(block)):
        digest.update(block)
    digest.update(block[: n % len(block)])
    return digest.hexdigest()


def download(t, n, within):
    """Straight from curl into sha256: nothing of it is kept."""
    command = ["curl", "-sS", "-g", "--max-time", str(within), t.url(f"/bytes/{n}")]
    digest, length = hashlib.sha256(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
        while block := curl.stdout.read(1 << 20):
            digest.update(block)
            length += len(block)
    equal(curl.returncode, 0, "curl's status")
    equal(length, n, "length")
    true(digest.hexdigest() == sha256_of_pattern(n), "wrong bytes")


@test(within=90)
def download_over_a_lossy_link(t):
    with bad_link(t):
        download(t, 64 << 20, within=80)


@test(long=True, within=900, sanitized=False)
def a_gigabyte_over_a_lossy_link(t):
    with bad_link(t):
        download(t, 1 << 30, within=880)


@test(within=60)
def download_over_a_good_link(t):
    download(t, 256 << 20, within=50)
