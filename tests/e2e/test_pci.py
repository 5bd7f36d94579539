# SPDX-License-Identifier: BSD-2-Clause
"""PCI NICs, emulated, from `scripts/bind-nic` to the last byte: bodies are read from where they are
by the NIC, behind an IOMMU, and cut by those that do."""

import hashlib
import os
import tempfile

from harness import equal, test, true
from lab import CLIENT, PREFIX, SERVER, wait_until
from machine import BINARY, Machine

# What QEMU calls it, and what the line of the port tells of it.
NICS = (
    ("virtio-net-pci,disable-legacy=on,iommu_platform=on", "tso zero-copy"),
    ("vmxnet3", "tso zero-copy"),
    ("e1000e", "tx-checksum zero-copy"),
    ("e1000", "tx-checksum zero-copy"),
)
LARGE = 5_000_001  # it lies in several pages


def digest(data):
    return hashlib.sha256(data.encode("latin-1") if isinstance(data, str) else data).hexdigest()


def move_addresses(t, old, new):
    for family in (4, 6):
        address = f"{CLIENT[family]}/{PREFIX[family]}"
        t.tool("ip", "address", "delete", address, "dev", old)
        t.tool("ip", "address", "add", address, "dev", new, *["nodad"] * (family == 6))


def fetch(t, data):
    for family in (4, 6):
        t.family = family
        wait_until(lambda: "small" in t.curl("/small", ok=None), 30, f"an answer over IPv{family}")
        equal(digest(t.curl("/large")), digest(data), f"digest over IPv{family}")
        for first in (1, 1234567, LARGE - 3):
            part = t.curl("/large", "-r", f"{first}-")
            equal(digest(part), digest(data[first:]), f"digest from {first} over IPv{family}")


def serve(t, machine, address, offloads, root, data):
    """Start to end on one NIC."""
    machine.shell(f"scripts/bind-nic bind {address}")
    addresses = " ".join(f"--ip {SERVER[f]}/{PREFIX[f]}" for f in (4, 6))
    machine.shell(
        f"{BINARY} -l 0,1 -a {address} -- {addresses} --http 80 --root {root} >/run/said 2>&1 &"
    )
    machine.shell("until grep -q ^serving /run/said; do kill -0 $! || break; sleep 0.2; done")
    said = machine.shell("cat /run/said")
    true(f"port 0 {address}" in said and offloads in said, said)
    fetch(t, data)
    machine.shell("kill -TERM $! && wait $!")  # 0: nothing is lost or leaked
    machine.shell(f"scripts/bind-nic unbind {address}")


@test(own=True, long=True, families=(4,), layouts=("fused",), sanitized=False, within=900)
def emulated_nics(t):
    taps = [f"nic{i}.{os.getpid()}" for i in range(len(NICS))]
    data = os.urandom(LARGE)
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        for name, content in (("small", b"small\n"), ("large", data)):
            with open(os.path.join(root, name), "wb") as file:
                file.write(content)
        for tap in taps:
            t.tool("ip", "tuntap", "add", "dev", tap, "mode", "tap")
            t.tool("ip", "link", "set", tap, "up")
        on = "eth0"
        try:
            with Machine(t.lab, [nic for nic, _ in NICS], taps) as machine:
                machine.shell("scripts/hugepages up 512 && modprobe vfio-pci")
                for i, (_, offloads) in enumerate(NICS):
                    move_addresses(t, on, taps[i])
                    on = taps[i]
                    serve(t, machine, f"0000:00:{0x10 + i:x}.0", offloads, root, data)
        finally:
            if on != "eth0":
                move_addresses(t, on, "eth0")
            for tap in taps:
                t.tool("ip", "link", "delete", "dev", tap, ok=None)
