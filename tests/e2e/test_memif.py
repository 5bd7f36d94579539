# SPDX-License-Identifier: BSD-2-Clause
"""The appliance as memif server, and our own load generator behind it: many client addresses
behind one MAC. Whatever the generator reports is also a test of the generator."""

import json
import os
import re
import signal
import subprocess
import tempfile

import pki
from harness import equal, pattern, test, true
from lab import PREFIX, wait_until
from memif_peer import MemifPeer, Refused
from test_generators import counters

MAC = "02:00:00:00:00:01"
FIRST_CLIENT = {4: "10.99.0.10", 6: "fd99::10"}


def socket_in(folder):
    return f"socket={folder}/memif.sock,socket-abstract=no"


def start(t, folder, *options, role="server", eal=()):
    """The appliance behind a memif; as its server when the socket is there."""
    return t.start(
        *(() if "--max-conns" in options else ("--max-conns", "4096")),
        *options,
        vdev=f"net_memif0,role={role},mac={MAC},{socket_in(folder)}",
        ready=lambda _: role == "client" or os.path.exists(f"{folder}/memif.sock"),
        eal=eal,
    )


def half(t, folder, role, cpu=max):
    """How the command of a load generator begins, or of its responder."""
    build = os.path.dirname(os.path.dirname(t.binary))
    return (
        f"{build}/perf/load/ringside-load",
        *("-l", str(cpu(os.sched_getaffinity(0))), "--no-pci", "--no-telemetry"),
        *("--no-huge", "-m", "512", "--file-prefix", f"{t.lab.name}-load-{role}"),
        *("--vdev", f"net_memif0,role={role},{socket_in(folder)}", "--"),
    )


def generator(t, folder, *options, role="client", seconds=1):
    """The command of a load generator at the other end."""
    return (
        *half(t, folder, role),
        *("--target", t.host, "--ip", f"{FIRST_CLIENT[t.family]}/{PREFIX[t.family]}"),
        *("--clients", "8", "--warmup", "0", "--seconds", str(seconds), "--quiet"),
        *("--timeout", "5000", "--json", f"{folder}/load.json", *options),
    )


def text_of(name):
    with open(name, encoding="utf-8") as file:
        return file.read()


def report_in(folder, name="load.json"):
    return json.loads(text_of(f"{folder}/{name}"))


def load(t, *options, server=(), least=100, says="", listens=True):
    """One second of load; the report, after the appliance has ended with all its pools full, and
    has said what it should. listens: it is the memif's server, and the generator its client."""
    roles = ("server", "client") if listens else ("client", "server")
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        appliance = start(t, folder, *server, role=roles[0])
        words = t.tool(*generator(t, folder, *options, role=roles[1]))
        appliance.stop()
        true(says in appliance.words(), f"no word of {says}")
        true(os.path.exists(f"{folder}/load.json"), words)
        report = report_in(folder)
    wrong = {name: n for name, n in report["errors"].items() if n}
    equal(wrong, {}, "errors")
    equal(report["bad_checksums"], 0, "bad checksums")
    true(report["responses"] > least, f"{report['responses']} answers")
    return report


@test(own=True, busy=True)
def keep_alive(t):
    report = load(t, "--conns", "200", "--path", "3*/bytes/64", "--path", "/hello/you")
    true(report["latency_us"]["p50"] > 0, "no latency")
    equal(report["n_established"], 200, "connections")


@test(own=True, busy=True, families=(4,), layouts=("fused",), sanitized=False)
def more_connections_than_frames_can_wait(t):
    """All of them stand and are asked something, though their frames would not fit anywhere."""
    report = load(t, "--conns", "20000", "--path", "/bytes/64", server=("--max-conns", "32768"))
    equal(report["n_established"], report["n_wanted"], "connections")
    equal(report["n_missing"], 0, "connections that did not stand at first")
    equal(report["lost_frames"] + report["discarded_frames"], 0, "frames that were not sent")


def end_in_the_middle(folder, command, how):
    """Sends a generator a signal as soon as it measures; the process, ended, and what it said."""
    words = f"{folder}/words"
    with (
        open(words, "w", encoding="utf-8") as out,
        subprocess.Popen([w for w in command if w != "--quiet"], stderr=out) as process,
    ):
        try:
            wait_until(lambda: "measuring" in text_of(words), 20, "it measures")
        finally:
            process.send_signal(how)
    return process, text_of(words)


@test(own=True, busy=True, families=(4,))
def ended_early(t):
    """Ctrl-C: the report of what was measured so far, and no connection is left with the server."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        appliance = start(t, folder)
        command = generator(t, folder, "--path", "/bytes/64", seconds=600)
        process, words = end_in_the_middle(folder, command, signal.SIGINT)
        equal(process.returncode, 0, words)
        appliance.stop()
        report = report_in(folder)
        true(report["responses"] > 100, f"{report['responses']} answers")
        true(0 < report["seconds"] < 600, f"{report['seconds']} s")


@test(own=True, families=(4,), layouts=("fused",))
def a_report_that_cannot_be_written(t):
    """It is said before anything is measured, and not when the figures would be lost."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        command = generator(t, folder, "--json", f"{folder}/nowhere/load.json")
        words = t.tool(*command, ok=(1,))
        true("nowhere/load.json: No such file" in words, words)


@test(own=True, families=(4,), layouts=("fused",))
def no_report_is_no_empty_file(t):
    """Whatever went wrong, and none of EAL's files stays either; an older report does."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        for options, status, what in (
            (("--body", f"{folder}/none"), 1, "--body"),
            (("--no-such",), 2, "--no-such is no option"),
            (("--conns",), 2, "--conns needs a value"),
            (("-xy",), 2, ": -x is no option"),
        ):
            words = t.tool(*generator(t, folder, *options), ok=(status,))
            true(what in words, words)
            equal(os.listdir(folder), [], f"files after {options}")
        command = list(generator(t, folder))
        command.insert(1, "--no-such-option-of-EAL")
        t.tool(*command, ok=(1,))
        equal(os.listdir(folder), [], "files after EAL has not started")
        true(not os.path.exists(f"/run/dpdk/{t.lab.name}-load-client"), "EAL's files stay")
        with open(f"{folder}/load.json", "w", encoding="utf-8") as file:
            file.write("an older report")
        t.tool(*generator(t, folder, "--body", f"{folder}/none"), ok=(1,))
        equal(text_of(f"{folder}/load.json"), "an older report", "what stood there")


@test(own=True, families=(4,), layouts=("fused",))
def ended_before_it_measures(t):
    """Also while EAL starts: neither an empty report stays, nor the memif's socket."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        for when in "load.json", "memif.sock":
            command = generator(t, folder, role="server")
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
                try:
                    path = os.path.join(folder, when)
                    wait_until(lambda path=path: os.path.exists(path), 10, when)
                finally:
                    process.terminate()
                words = process.stderr.read()
            equal(process.returncode, 1, words)
            true("ended before measuring began" in words, words)
            equal(os.listdir(folder), [], f"files, ended when {when} was there")


@test(own=True, busy=True)
def the_responder(t):
    """What the generator is held against has to tell as much about itself, and to lose nothing."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        address = ("--ip", f"{t.server}/{PREFIX[t.family]}", "--json", f"{folder}/responder.json")
        command = (*half(t, folder, "server", min), "--respond", *address)
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as responder:
            try:
                wait_until(lambda: os.path.exists(f"{folder}/memif.sock"), 10, "it listens")
                t.tool(*generator(t, folder, "--length", "64"))
            finally:
                responder.terminate()
        equal(responder.returncode, 0, "the responder's status")
        report, its = report_in(folder), report_in(folder, "responder.json")
        equal({name: n for name, n in report["errors"].items() if n}, {}, "errors")
        equal(report["bad_checksums"], 0, "bad checksums")
        # All but the resets at the end, and acknowledgements, is answered.
        silent = its["received_frames"] - its["sent_frames"]
        true(silent <= 3 * report["conns"], f"{silent} frames without an answer")
        true(its["received_frames"] >= report["sent_frames"] > 100, f"{its} {report}")
        true(0 < its["busy"] <= 1 and its["frames_per_busy_turn"] >= 1, f"{its}")
        true(0 < report["busy"] <= 1 and report["frames_per_busy_turn"] >= 1, f"{report}")


@test(own=True, families=(4,), layouts=("fused",))
def a_generator_has_one_port(t):
    """None, or two: that is said, by the responder, too."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        for respond in ((), ("--respond",)):
            command = list(generator(t, folder, *respond))
            at = command.index("--vdev")
            none = command[:at] + command[at + 2 :]
            two = [*command[:at], "--vdev", "net_null0", "--vdev", "net_null1", *command[at + 2 :]]
            for words, n in (none, 0), (two, 2):
                said = t.tool(*words, ok=(1,))
                true(f"ringside-load: {n} ports; give it one" in said, said)


@test(own=True, busy=True)
def timestamps_and_pipelining(t):
    load(t, "--conns", "20", "--pipeline", "8", "--timestamps", "--path", "/bytes/100")


@test(own=True, busy=True)
def a_connection_for_each_request(t):
    report = load(t, "--conns", "50", "--per-conn", "1", "--path", "/bytes/64")
    true(report["connects"] >= report["responses"] - 50, "fewer connections than answers")


@test(own=True, busy=True)
def open_loop(t):
    report = load(t, "--conns", "50", "--rate", "2000", "--path", "/bytes/64")
    # A busy machine may give fewer, none may give more.
    true(10 < report["responses"] < 2500, f"{report['responses']} answers at 2000 a second")


@test(own=True, busy=True)
def large_bodies(t):
    # The driver copies; so frames point to bodies, and no copy of ours comes before its own.
    report = load(t, "--conns", "4", "--path", "/bytes/300000", least=10, says="zero-copy")
    # Those that were under way when the measurement began were counted in part.
    true(report["body_bytes"] > 300000 * (report["responses"] - 4), "bodies are not whole")


@test(own=True, busy=True, families=(4,))
def the_appliance_connects(t):
    load(t, "--conns", "4", "--path", "/bytes/300000", least=10, says="zero-copy", listens=False)


@test(own=True, busy=True, families=(4,), layouts=("fused",))
def connecting_leaves_the_log_level_alone(t):
    """The peer is not there at first: the handshake belongs to an attempt of ours to reconnect."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        appliance = start(t, folder, role="client", eal=("--log-level", "pmd.net.memif:debug"))
        wait_until(lambda: "does not listen yet" in appliance.words(), 10, "it waits")
        t.tool(*generator(t, folder, role="server"))
        appliance.stop()
        true("Received msg type" in appliance.words(1000), appliance.words())


@test(own=True, busy=True, families=(4,), layouts=("fused",), within=60)
def peers_that_die(t):
    """In the middle of large bodies, to which frames that wait for them point."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        appliance = start(t, folder)
        bodies = ("--conns", "4", "--path", "/bytes/3000000")
        for _ in range(2):
            end_in_the_middle(folder, generator(t, folder, *bodies, seconds=600), signal.SIGKILL)
        true(appliance.words().count("link up") >= 2, "a peer did not come")
        t.tool(*generator(t, folder, *bodies))
        true(report_in(folder)["responses"] > 4, "the last peer got nothing")
        appliance.stop()


def connect(t, folder, **sizes):
    """A peer of another make. The socket is there a moment before the port is."""

    def attempt():
        try:
            return MemifPeer(t, f"{folder}/memif.sock", MAC, **sizes)
        except Refused:
            return None

    return wait_until(attempt, 10, "the appliance takes a peer")


@test(own=True, families=(4,))
def rings_and_buffers_of_all_sizes(t):
    """The client's word counts. Each peer leaves in the middle of a body; the next one comes."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        appliance = start(t, folder)
        for log2_slots, buffer_bytes in ((5, 2048), (14, 1514), (8, 9216), (12, 256)):
            with connect(t, folder, log2_slots=log2_slots, buffer_bytes=buffer_bytes) as peer:
                peer.open()
                peer.serves()
                peer.get("/bytes/20000")
                equal(peer.answer()[1], pattern(20000), f"of {1 << log2_slots} * {buffer_bytes}")
                peer.get("/bytes/3000000")
                peer.segment(lambda s: s.data, what="the beginning of a large body")
        appliance.stop()


@test(own=True, families=(4,), layouts=("split",))
def more_transmit_cores_than_rings(t):
    """The driver takes a queue that the peer has no ring for as another name for its first one."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        words = t.tool(
            *(t.binary, "--lcores", ",".join(f"{core}@0" for core in range(5))),
            *("--no-pci", "--no-telemetry", "--no-huge", "-m", "128"),
            *("--file-prefix", f"{t.lab.name}-two", "--vdev"),
            f"net_memif0,role=server,{socket_in(folder)}",
            *("--", "--ip", f"{t.server}/24", "--http", "80", "--layout", "split"),
            *("--rx-cores", "1", "--net-cores", "2", "--tx-cores", "3,4"),
            ok=(1,),
        )
        true("--tx-cores: 2 cores, but a port has only 1 queue\n" in words, words)


@test(own=True, families=(4,))
def peers_with_several_rings_are_refused(t):
    """In the words of the driver, of which the peer's driver makes a message; others are served."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        appliance = start(t, folder)
        for _ in range(2):
            with connect(t, folder) as peer:
                peer.open()
                peer.serves()
            for wanted in ({"n_out": 2}, {"n_into": 2}, {"n_out": 3, "n_into": 3}):
                try:
                    MemifPeer(t, f"{folder}/memif.sock", MAC, **wanted)
                except Refused as refused:
                    equal(str(refused), "Invalid ring index", f"what {wanted} is told")
                else:
                    raise AssertionError(f"{wanted} was taken")
        appliance.stop()


@test(own=True, families=(4,))
def a_peer_that_takes_nothing(t):
    """What waits for it is given up after a second; when it goes on, so does the appliance."""
    with tempfile.TemporaryDirectory(prefix="ringside-e2e-") as folder:
        appliance = start(t, folder)
        with connect(t, folder, log2_slots=3) as peer:  # fewer than the initial window has
            peer.open()
            peer.get("/bytes/50000")

            def is_given_up():
                counters(appliance)
                return re.search(r"^port 0 .*discarded [1-9]", appliance.words(100), re.MULTILINE)

            wait_until(is_given_up, 10, "frames are given up")
            equal(peer.answer(within=10)[1], pattern(50000), "the body after all")
        appliance.stop()


@test(own=True, busy=True)
def uploads(t):
    with tempfile.NamedTemporaryFile() as body:
        body.write(b"x" * 5000)
        body.flush()
        load(t, "--conns", "10", "--method", "POST", "--body", body.name, "--path", "/hello/you")


@test(own=True, busy=True)
def idle_connections(t):
    report = load(t, "--conns", "10", "--idle", "1000", "--path", "/bytes/64")
    equal(report["n_idle"], 1000, "idle connections")


@test(own=True, busy=True)
def a_flood_beside(t):
    """SYNs of strangers far beyond the backlog: those who are there are served."""
    source = {4: "10.99.0.128/25", 6: "fd99::1:0/112"}[t.family]
    report = load(
        t,
        *("--conns", "20", "--path", "/bytes/64"),
        *("--syn-flood", "20000", "--flood-from", source),
        server=("--syn-backlog", "64"),
    )
    true(report["flood_syns"] > 1000, "no flood")
    true(report["flood_answers"] > 1000, "nobody answers the flood")


@test(own=True, busy=True, families=(4,))
def a_flood_that_ends(t):
    """Within the measurement, with the answers of each 100 ms, so that the recovery can be seen."""
    report = load(
        t,
        *("--conns", "20", "--path", "/bytes/64", "--seconds", "3"),
        *("--syn-flood", "20000", "--flood-from", "10.99.0.128/25", "--flood-for", "1"),
        server=("--syn-backlog", "64"),
    )
    true(1000 < report["flood_syns"] < 25000, f"{report['flood_syns']} SYNs in a second")
    true(28 <= len(report["answers_per_100ms"]) <= 30, report["answers_per_100ms"])
    true(sum(report["answers_per_100ms"]) <= report["responses"], "more than all")


def tls_load(t, mode, *options, least=100):
    """load() by HTTPS; what the report says of TLS, and all of it."""
    https = ("--https", "443", *pki.options(pki.pair("one.test")))
    report = load(
        t,
        *("--tls", mode, "--host", "one.test", *options),
        server=https,
        least=least,
    )
    return report["tls"], report


@test(own=True, busy=True)
def tls_kept_alive(t):
    _, report = tls_load(t, "keepalive", "--conns", "100", "--path", "/bytes/64")
    equal(report["n_established"], 100, "sessions")


@test(own=True, busy=True, sanitized=False)
def tls_with_other_ciphers(t):
    """And with OpenSSL at the client's end, so that not only lib/tls has read its own records."""
    for cipher in ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
        words = ("--tls-cipher", cipher, "--tls-group", "P-256", "--tls-records", "openssl")
        tls_load(t, "keepalive", *words, "--conns", "10", "--path", "/bytes/20000")


@test(own=True, busy=True)
def tls_with_a_full_handshake_for_each_request(t):
    # Few in the split layout, where all share two CPUs.
    tls, report = tls_load(t, "full", "--conns", "20", "--path", "/bytes/64", least=10)
    true(tls["full"] >= report["responses"] - 20, f"{tls['full']} handshakes")
    true(tls["handshakes_per_s"] > 10, f"{tls['handshakes_per_s']} handshakes a second")
    equal(tls["resumed"], 0, "resumed")


@test(own=True, busy=True)
def tls_with_a_ticket_for_each_request(t):
    tls, report = tls_load(t, "resumed", "--conns", "20", "--path", "/bytes/64", least=10)
    true(tls["resumed"] >= report["responses"] - 40, f"{tls['resumed']} resumed")
    true(tls["full"] <= 20, f"{tls['full']} full handshakes")


@test(own=True, busy=True, sanitized=False)
def tls_at_a_rate(t):
    tls, _ = tls_load(t, "full", "--conns", "20", "--rate", "100", "--path", "/", least=5)
    true(5 < tls["full"] < 140, f"{tls['full']} handshakes at 100 a second")


@test(own=True, busy=True)
def tls_with_large_bodies(t):
    large = ("--conns", "4", "--path", "/bytes/3000000", "--seconds", "3")
    _, report = tls_load(t, "keepalive", *large, least=4)
    true(report["body_bytes"] > 3000000 * (report["responses"] - 4), "bodies are not whole")


@test(own=True, busy=True, families=(4,))
def the_answers_are_checked(t):
    """A generator that finds nothing wrong proves something only if it can."""
    try:
        load(t, "--conns", "5", "--path", "/bytes/64", "--length", "65")
    except AssertionError as error:
        true("length" in str(error), error)
    else:
        raise AssertionError("a wrong length was not noticed")
