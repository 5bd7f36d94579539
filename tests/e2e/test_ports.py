# SPDX-License-Identifier: BSD-2-Clause
"""Other kinds of ports, VLANs, gateways."""

import os
import re
import signal
import socket
import subprocess
import tempfile

from scapy.layers.l2 import Dot1Q, Ether

from harness import equal, pattern, test, true
from http_client import Connection, request
from lab import CLIENT, SERVER, Appliance, wait_until
from peer import Peer, Wire

SOL_PACKET, PACKET_FANOUT = 263, 18
ETH_P_ALL = 3


def serves(t):
    with Connection(t) as c:
        equal(c.get("/hello/you").status, 200, "status")
        true(c.get("/bytes/3000000").body == pattern(3_000_000), "wrong bytes")


@test(own=True)
def af_packet(t):
    appliance = t.start(vdev=f"net_af_packet0,iface={t.lab.near}")
    serves(t)
    appliance.stop()


@test(own=True, layouts=("fused",))
def a_queue_that_is_full_loses_frames(t):
    """No other core gets them: it would reset their connection, which it does not know."""
    appliance = t.start(
        *("--net-cores", "0,1"),
        vdev=f"net_af_packet0,iface={t.lab.near},qpairs=2,framecnt=4",
    )
    body = b"x" * 900_000
    for _ in range(4):
        with Connection(t, within=20) as c:
            c.send(request("POST", "/hello/you", f"Content-Length: {len(body)}", body=body))
            equal(c.response().status, 200, "status")
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def the_number_of_a_group_is_taken(t):
    """The driver makes it up from process and interface. Here a socket of another interface has it,
    which the process gets from the one that started it."""

    def take():
        solitary = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        solitary.bind(("lo", ETH_P_ALL))
        number = (os.getpid() ^ socket.if_nametoindex(t.lab.near)) & 0xFFFF
        solitary.setsockopt(SOL_PACKET, PACKET_FANOUT, number)
        os.set_inheritable(solitary.detach(), True)

    for n_queues in (1, 2):
        appliance = t.start(
            *("--net-cores", "0,1" if n_queues == 2 else "1"), in_child=take,
            vdev=f"net_af_packet0,iface={t.lab.near},qpairs={n_queues}",
        )
        serves(t)
        appliance.stop()


@test(own=True)
def numbers_with_a_gap(t):
    """Port 1 belongs to port 0, as with Azure's net_netvsc; ours is port 2."""
    appliance = t.start(
        eal=("--vdev", "net_failsafe0,dev(net_null0,no-rx=1)"),
        vdev=f"net_af_packet0,iface={t.lab.near}",
    )
    wait_until(lambda: "port 2 net_af_packet0" in appliance.words(), 5, "it is not ours")
    serves(t)
    appliance.stop()


@test(own=True, within=60)
def bodies_by_pointer(t):
    """net_af_packet takes frames of several mbufs: bodies are not copied into them. The site
    changes while a client that reads slowly gets the old file; at the end all mbufs are back."""
    sizes = (65535, 65536, 65537, 1 << 20)
    with tempfile.TemporaryDirectory(prefix="ringside-site-") as root:

        def write(name, data):
            with open(os.path.join(root, name), "wb") as file:
                file.write(data)

        for n in sizes:
            write(f"f{n}", os.urandom(n))
        old, new = os.urandom(8 << 20), os.urandom(8 << 20)
        write("big", old)
        vdev = f"net_af_packet0,iface={t.lab.near}"
        appliance = t.start("--root", root, vdev=vdev)
        wait_until(lambda: "zero-copy" in appliance.words(), 5, "bodies are not copied")
        for n in sizes:
            with open(os.path.join(root, f"f{n}"), "rb") as file:
                body = file.read()
            equal(t.curl(f"/f{n}").encode("latin-1") == body, True, f"{n} bytes")
            for first, last in ((0, 0), (1, n - 2), (777, 40000), (n - 1001, n - 1)):
                part = t.curl(f"/f{n}", "-r", f"{first}-{last}").encode("latin-1")
                true(part == body[first : last + 1], f"{first}-{last} of {n}")
        with Connection(t, receive_buffer=65536) as c:
            c.send(request("GET", "/big"))
            got = c.take(100_000)
            write("big", new)
            appliance.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "reloaded" in appliance.words(), 10, "a reload")
            true(t.curl("/big").encode("latin-1") == new, "the new file")
            _, got = got.split(b"\r\n\r\n", 1)
            true(got + c.take(len(old) - len(got)) == old, "the old file was mixed with the new")
        appliance.stop()


@test(own=True)
def a_client_that_goes_while_it_is_sent_to(t):
    """Its frames stand in the driver's queue, and point to the body."""
    appliance = t.start(vdev=f"net_af_packet0,iface={t.lab.near}")
    for _ in range(5):
        with Connection(t) as c:
            c.send(request("GET", "/bytes/100000000"))
            c.take(1_000_000)
    appliance.stop()


@test(own=True)
def tap(t):
    """The driver makes an interface; the client uses it instead of eth0."""
    device = f"tap{os.getpid()}"

    def is_there(_):
        return device in (name for _, name in socket.if_nameindex())

    appliance = t.start(vdev=f"net_tap0,iface={device}", beside_client=True, ready=is_there)
    t.tool("ip", "link", "set", "dev", device, "up")
    with t.addresses_on(device):
        wait_until(appliance.answers, 10, "the appliance answers")
        serves(t)
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def two_ports_on_one_network(t):
    """Each hears the other announce the addresses that both have. That is no conflict."""
    devices = [f"{end}{os.getpid()}" for end in ("near", "far")]
    t.tool("ip", "link", "add", devices[0], "type", "veth", "peer", "name", devices[1])
    try:
        for device in devices:
            t.tool("ip", "link", "set", device, "up")
        appliance = t.start(
            eal=("--vdev", f"net_af_packet1,iface={devices[1]}"),
            vdev=f"net_af_packet0,iface={devices[0]}",
            beside_client=True,
            ready=lambda a: "serving" in a.words(),
        )

        def has_heard():
            appliance.process.send_signal(signal.SIGUSR1)
            heard = re.findall(r"to_control +(\d+)", appliance.words(1000))
            # The questions for two addresses and their answers, then two announcements of each.
            return heard and int(heard[-1]) >= 16

        wait_until(has_heard, 10, "both have heard what the other says")
        appliance.stop()
        true("address conflict" not in appliance.words(1000), "a conflict with ourselves")
    finally:
        t.tool("ip", "link", "delete", devices[0])


@test(own=True, families=(4,), layouts=("fused",))
def a_port_of_several_that_is_absent_is_told(t):
    """EAL goes on without it, its words among many others; so do we."""
    appliance = t.start(eal=("--vdev", "net_af_packet7,iface=nowhere7"))
    serves(t)
    appliance.stop()
    told = re.findall(r"ringside: (.*): named by -a or --vdev, and no port", appliance.words(1000))
    equal(told, ["net_af_packet7"], "what has no port")


@test(own=True, families=(4,), layouts=("fused",))
def an_interface_named_twice_is_told(t):
    done = subprocess.run(
        Appliance(t.lab, t.binary, t.layout,
                  eal=("--vdev", f"net_af_packet1,iface={t.lab.near}")).command(),
        capture_output=True, text=True, timeout=20, check=False, preexec_fn=t.lab.go_home,
    )
    equal(done.returncode, 1, "status")
    true("named twice" in done.stderr.splitlines()[-1], done.stderr)


@test(own=True)
def a_vlan(t):
    appliance = t.start("--vlan", "5", ready=lambda a: "serving" in a.words())
    with Peer(t) as outside, Peer(t) as inside:
        outside.say("S")
        inside.vlan = 5
        inside.say("S")
        syn_ack = inside.expect(inside.mine, 3, "a SYN-ACK")
        true(Dot1Q in syn_ack and syn_ack[Dot1Q].vlan == 5, "an answer without the tag")
        inside.open()
        inside.serves()
        answers = [p for p in map(Ether, outside.frames(0.1)) if outside.mine(p)]
        equal(answers, [], "answers to what had no tag")
    appliance.stop()


@test(own=True)
def a_gateway_is_found(t):
    appliance = t.start("--gateway", CLIENT[t.family])
    with Wire(t) as wire:
        wanted = f"gateway {CLIENT[t.family]} is at {wire.mac}"
    wait_until(lambda: wanted in appliance.words(), 5, wanted)
    appliance.stop()


@test(own=True)
def a_gateway_that_is_not_there_is_told(t):
    nobody = SERVER[t.family].removesuffix("2") + "99"
    appliance = t.start("--gateway", nobody)
    wanted = f"gateway {nobody} does not answer"
    wait_until(lambda: wanted in appliance.words(), 10, wanted)
    serves(t)
    appliance.stop()


@test(own=True)
def software_checksums(t):
    appliance = t.start("--no-offload")
    serves(t)
    appliance.stop()


@test(own=True, busy=True, families=(4,))
def cores_can_spin(t):
    appliance = t.start("--idle", "spin")
    serves(t)
    appliance.stop()
