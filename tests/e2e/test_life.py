# SPDX-License-Identifier: BSD-2-Clause
"""How the appliance starts, drains and ends."""

import array
import fcntl
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

import pki
from harness import equal, pattern, test, true
from http_client import Connection, request
from lab import Appliance, open_for_reader, wait_until
from peer import Peer
from tls_client import TlsConnection

SIZE = 8_000_000


def refused(t):
    try:
        Connection(t, within=1).socket.close()
        return False
    except OSError:
        return True


@test(own=True)
def sigterm_lets_a_download_finish(t):
    appliance = t.start("--drain-timeout", "20")
    with Connection(t, receive_buffer=32768) as busy, Connection(t) as idle:
        equal(idle.get("/").status, 200, "status")
        busy.send(request("GET", f"/bytes/{SIZE}"))
        while b"\r\n\r\n" not in busy.unread:
            busy.more()
        appliance.terminate()
        true(idle.drops(), "an idle connection is not closed")
        wait_until(lambda: refused(t), 5, "new connections are refused")
        true(appliance.alive(), "it ended before the download was done")
        true(busy.response().body == pattern(SIZE), "wrong bytes")
        true(busy.drops(), "the connection stays open after its answer")
    appliance.wait()


@test(own=True)
def sigint_is_the_same(t):
    appliance = t.start()
    with Connection(t) as c:
        equal(c.get("/").status, 200, "status")
    appliance.process.send_signal(2)
    appliance.wait()


@test(own=True, families=(4,))
def nothing_is_written_where_streams_are_closed(t):
    """Else what it opens first gets their numbers, and its words: EAL's memory, or the claim."""
    appliance = t.start(in_child=lambda: os.closerange(0, 3))
    with Connection(t) as c:
        equal(c.get("/").status, 200, "status")
    for stream in range(3):
        equal(os.readlink(f"/proc/{appliance.process.pid}/fd/{stream}"), "/dev/null", f"{stream}")
    appliance.terminate()
    appliance.wait()
    equal(os.path.getsize(f"/run/lock/ringside-{t.lab.near}"), 0, "bytes in its claim")


@test(own=True)
def a_second_sigterm_ends_at_once(t):
    appliance = t.start("--drain-timeout", "60")
    with Connection(t, receive_buffer=32768) as stuck:
        stuck.send(request("GET", f"/bytes/{SIZE}"))
        stuck.more()
        appliance.terminate()
        wait_until(lambda: refused(t), 5, "draining")
        appliance.terminate()
        appliance.wait(within=5)
        true(stuck.drops(), "the client is not told")


@test(own=True)
def draining_has_a_deadline(t):
    appliance = t.start("--drain-timeout", "1")
    with Connection(t, receive_buffer=32768) as stuck:
        stuck.send(request("GET", f"/bytes/{SIZE}"))
        stuck.more()
        started = time.monotonic()
        appliance.terminate()
        appliance.wait(within=8)
        true(time.monotonic() - started >= 0.9, "it did not wait for the download")
        true(stuck.drops(), "the client is not told")


@test(own=True)
def who_is_left_of_tls_clients_is_reset(t):
    https = ("--https", "443", *pki.options(pki.pair("one.test")))
    for cores in ("same", "1"):
        appliance = t.start(*https, "--tls-cores", cores, "--drain-timeout", "1")
        with TlsConnection(t, receive_buffer=32768) as stuck:
            stuck.send(request("GET", f"/bytes/{SIZE}"))
            stuck.more()
            appliance.terminate()
            appliance.wait(within=8)
            true(stuck.drops(), "the client is not told")


@test(own=True)
def a_handshake_that_never_ends_is_not_waited_for(t):
    appliance = t.start("--drain-timeout", "60")
    with Peer(t) as silent:
        silent.say("S")
        silent.segment(lambda s: s.flags == "SA", what="a SYN-ACK")
        appliance.terminate()
        appliance.wait(within=8)


@test(own=True)
def a_tls_client_that_says_nothing_is_not_waited_for(t):
    https = ("--https", "443", *pki.options(pki.pair("one.test")))
    for cores in ("same", "1"):
        appliance = t.start(*https, "--tls-cores", cores, "--drain-timeout", "60")
        with Connection(t, port=443) as silent:
            # Another one behind it is served: the silent one's handshake is done.
            with Connection(t) as c:
                equal(c.get("/").status, 200, "status")
            appliance.terminate()
            # For a second its first words are waited for.
            true(silent.drops(within=3), "the silent one is not closed")
            appliance.wait(within=2)


@test(own=True)
def a_request_under_way_is_answered_while_draining(t):
    appliance = t.start()
    with Connection(t) as c:
        whole = request("GET", "/hello/late")
        c.send(whole[:10])
        # The server must have seen the beginning; it acknowledges what it has read.
        wait_until(lambda: all_acknowledged(c.socket), 5, "the first bytes are acknowledged")
        appliance.terminate()
        wait_until(lambda: refused(t), 5, "draining")
        c.send(whole[10:])
        response = c.response()
        equal((response.status, response.fields.get("connection")), (200, "close"))
    appliance.wait()


def all_acknowledged(s):
    """SIOCOUTQ: nothing is left in the socket's send queue."""
    left = array.array("i", [1])
    fcntl.ioctl(s.fileno(), 0x5411, left)
    return left[0] == 0


@test(own=True, families=(4,), layouts=("fused",))
def signals_come_before_the_options_are_read(t):
    """They wait until somebody handles them."""
    with tempfile.TemporaryDirectory() as folder:
        options = os.path.join(folder, "options")
        os.mkfifo(options)

        def sent(appliance, *signals):
            file = open_for_reader(options)
            if not file:
                return False
            for number in signals:
                appliance.process.send_signal(number)
            with file:
                file.write(b"drain-timeout 2\n")
            return True

        ending = Appliance(t.lab, t.binary, t.layout, ("-c", options))
        t.extra.append(ending)
        ending.spawn()
        wait_until(lambda: sent(ending, signal.SIGTERM), 10, "it reads its options")
        ending.wait()
        true("EAL" not in ending.words(), "it started EAL before it ended")
        appliance = t.start("-c", options, ready=lambda a: sent(
            a, signal.SIGHUP, signal.SIGUSR1) or a.answers())
        wait_until(lambda: "nothing to reload" in appliance.words(200), 5, "the reload")
        wait_until(lambda: re.search(r"received \d+ frames", appliance.words(200)), 5,
                   "the counters")
        appliance.stop()
    # A check is no appliance that could drain: it just ends.
    with subprocess.Popen((t.binary, "--", "--check", "-c", "/dev/stdin"), stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as check:
        check.stdin.write(b"ip 10.9.9.9/24\n")
        check.stdin.flush()
        check.send_signal(signal.SIGTERM)
        check.stdin.close()
        equal(check.wait(10), -signal.SIGTERM, "status of a check")


@test(own=True, families=(4,))
def it_starts_again_and_again(t):
    for _ in range(3):
        appliance = t.start()
        with Connection(t) as c:
            equal(c.get("/").status, 200, "status")
        appliance.stop()


@test(own=True, families=(4,))
def a_killed_run_is_not_in_the_way(t):
    t.start().kill()
    appliance = t.start()
    with Connection(t) as c:
        equal(c.get("/").status, 200, "status")
    appliance.stop()


@test(own=True)
def a_port_of_its_own(t):
    appliance = t.start("--http", "8080")
    with Connection(t, port=8080) as c:
        equal(c.get("/").status, 200, "status")
    with Connection(t) as c:
        equal(c.get("/").status, 200, "status on the first port")
    appliance.stop()


@test(own=True, families=(4,))
def the_link_goes_down_and_up(t):
    appliance = t.start()
    t.tool("ip", "link", "set", "dev", "eth0", "down")
    t.tool("ip", "link", "set", "dev", "eth0", "up")
    wait_until(lambda: not refused(t), 10, "served after the link came back")
    # The kernel dropped its IPv6 address with the link.
    subprocess.run(["ip", "address", "replace", "fd99::1/64", "dev", "eth0"], check=True)
    appliance.stop()


@test(own=True, families=(4,))
def no_port_is_said_in_words(t):
    appliance = Appliance(t.lab, t.binary, t.layout)
    command = [word for word in appliance.command() if "net_af_xdp" not in word]
    command.remove("--vdev")
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    equal(done.returncode, 1, "status")
    true("no port" in done.stderr, done.stderr)


@test(own=True, families=(4,))
def a_port_that_is_taken_is_said_in_words(t):
    first = t.start()
    second = Appliance(t.lab, t.binary, t.layout)
    done = subprocess.run(
        second.command(), capture_output=True, text=True, timeout=20, check=False,
        preexec_fn=t.lab.go_home,
    )
    equal(done.returncode, 1, "status of the second run")
    true("ringside" in done.stderr or "EAL" in done.stderr, f"no words: {done.stderr}")
    with Connection(t) as c:
        equal(c.get("/").status, 200, "status of the first run")
    first.stop()


@test(own=True, families=(4,))
def large_frames(t):
    """Jumbo frames, both ways, where the link carries them."""
    t.tool("ip", "link", "set", "dev", "eth0", "mtu", "3000")
    try:
        t.lab.near_mtu(3000)
        appliance = t.start("--mtu", "3000")
        with Connection(t) as c:
            true(c.get("/bytes/1000000").body == pattern(1_000_000), "wrong bytes")
            c.send(request("POST", "/hello/you", "Content-Length: 500000", body=b"x" * 500000))
            equal(c.response().status, 200, "status")
            mss = c.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
            true(mss > 2900, f"an MSS of {mss}")
        words = t.tool("ping", "-c", "1", "-W", "2", "-M", "do", "-s", "2000", t.server)
        true(" 0% packet loss" in words, words)
        appliance.stop()
    finally:
        t.lab.near_mtu(1500)
        t.tool("ip", "link", "set", "dev", "eth0", "mtu", "1500")


@test(own=True, families=(4,), layouts=("fused",))
def what_the_port_refuses_is_said_in_words(t):
    """The largest MTU that AF_XDP takes works; what is beyond it, or no power of two, is named."""
    t.start("--mtu", "3430").stop()
    for options, words in ((("--mtu", "3431"), "--mtu 3431: with AF_XDP a buffer has to fit a"),
                           (("--rx-ring", "65"), "--rx-ring 65: port 0 (net_af_xdp0) refuses it")):
        appliance = Appliance(t.lab, t.binary, t.layout, options)
        t.extra.append(appliance)
        appliance.spawn()
        equal(appliance.process.wait(20), 1, f"status with {options}")
        true(words in appliance.words(), f"{options}: {appliance.words()}")
