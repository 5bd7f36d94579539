# SPDX-License-Identifier: BSD-2-Clause
"""PCI NICs, emulated, from `scripts/bind-nic` to the last byte: bodies are cut by those NICs that
do that, and, behind an IOMMU, read from where they are."""

import hashlib
import os
import re
import tempfile

import pki
from harness import equal, test, true
from lab import PREFIX, SERVER, wait_until
from machine import BINARY, Machine

# What QEMU calls it, how many net cores there are, and what the line of the port tells of it.
NICS = (
    (
        "virtio-net-pci,disable-legacy=on,iommu_platform=on,mq=on,rss=on,vectors=8",
        2,
        "tx-checksum tso",
    ),
    ("vmxnet3", 1, "tx-checksum tso"),
    ("e1000e", 1, "tx-checksum"),
    ("e1000", 1, "tx-checksum"),
)
LARGE = 5_000_001  # it lies in several pages


def digest(data):
    return hashlib.sha256(data.encode("latin-1") if isinstance(data, str) else data).hexdigest()


def fetch(t, data):
    for family in (4, 6):
        t.family = family
        wait_until(lambda: "small" in t.curl("/small", ok=None), 30, f"an answer over IPv{family}")
        equal(digest(t.curl("/large")), digest(data), f"digest over IPv{family}")
        secure = t.tool("curl", "-sSgk", "--max-time", "20", f"https://{t.host}/large")
        equal(digest(secure), digest(data), f"digest by HTTPS over IPv{family}")
        for _ in range(16):  # ports, to be spread over the cores
            equal(t.curl("/small"), "small\n")
        for first in (1, 1234567, LARGE - 3):
            part = t.curl("/large", "-r", f"{first}-")
            equal(digest(part), digest(data[first:]), f"digest from {first} over IPv{family}")


def serve(t, machine, address, driver, n_cores, offloads, options, data):
    """Start to end on one NIC."""
    machine.shell(f"scripts/bind-nic bind {address} {driver}")
    addresses = " ".join(f"--ip {SERVER[family]}/{PREFIX[family]}" for family in (4, 6))
    machine.shell(
        f"{BINARY} -l 0-{n_cores} -a {address} -- {addresses} {options} >/run/said 2>&1 &"
    )
    machine.shell("until grep -q ^serving /run/said; do kill -0 $! || break; sleep 0.2; done")
    said = machine.shell("cat /run/said")
    true(re.search(rf"^port 0 {address} .* rx-checksum {offloads}$", said, re.MULTILINE), said)
    true(f"core {n_cores}   net {n_cores - 1} " in said, said)
    fetch(t, data)
    machine.shell("kill -TERM $! && wait $!")  # 0: nothing is lost or leaked
    machine.shell(f"scripts/bind-nic unbind {address}")


def serve_on_each(t, iommu, driver, more_offloads):
    data = os.urandom(LARGE)
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        for name, content in (("small", b"small\n"), ("large", data)):
            with open(os.path.join(root, name), "wb") as file:
                file.write(content)
        options = ("--root", root, "--http", "80", "--https", "443")
        options = " ".join(options + pki.options(pki.pair("one.test")))
        with Machine(t.lab, [nic for nic, _, _ in NICS], iommu) as machine:
            machine.shell("scripts/hugepages up 768")
            for i, (_, n_cores, offloads) in enumerate(NICS):
                address = f"0000:00:{0x10 + i:x}.0"
                offloads += more_offloads
                with t.addresses_on(machine.taps[i]):
                    serve(t, machine, address, driver, n_cores, offloads, options, data)


@test(own=True, long=True, families=(4,), layouts=("fused",), sanitized=False, within=900)
def behind_an_iommu(t):
    serve_on_each(t, True, "vfio-pci", " zero-copy")


@test(own=True, long=True, families=(4,), layouts=("fused",), sanitized=False, within=900)
def without_an_iommu(t):
    serve_on_each(t, False, "uio_pci_generic", "")
