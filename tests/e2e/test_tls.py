# SPDX-License-Identifier: BSD-2-Clause
"""TLS as clients see it: versions, names, keys, sessions, and what they must not get."""

import functools
import os
import pty
import re
import shutil
import signal
import ssl
import subprocess
import time

import pki
from harness import equal, pattern, test, true
from http_client import Connection, request
from lab import wait_until
from tls_client import (
    HTTPS, PORT, V12, V13, HandMade, TlsConnection, context, is_reset, is_served, s_client, start,
)  # fmt: skip



@functools.cache
def kinds():
    return HTTPS + pki.options(
        pki.pair("one.test"),
        pki.pair("two.test", "p384", ("two.test", "*.wild.test")),
        pki.pair("ed.test", "ed25519"),
        pki.pair("rsa.test", "rsa"),
    ) + ("--ocsp", pki.ocsp("one.test"))


@test(own=True, within=60, layouts=("fused",))
def every_version_key_and_name(t):
    appliance = t.start(*kinds())
    for version in (V12, V13):
        for name, expected in (("one.test", "one.test"), ("two.test", "two.test"),
                               ("a.wild.test", "two.test"), ("ed.test", "ed.test"),
                               ("rsa.test", "rsa.test")):
            with TlsConnection(t, context(version), name) as c:
                equal((c.subject(), c.socket.version()),
                      (expected, "TLSv1.3" if version == V13 else "TLSv1.2"))
                for scheme, status in (("https", 200), ("http", 200), ("ftp", 421)):
                    equal(c.get(f"{scheme}://{name}/hello/a").status, status, scheme)
                equal(c.get("/hello/" + name).body, b"Hello, " + name.encode())
    # A name that nobody has: the first certificate, and the client may make of it what it wants.
    loose = context()
    loose.check_hostname = False
    with TlsConnection(t, loose, "deep.a.wild.test") as c:
        equal(c.subject(), "one.test")
    with TlsConnection(t, loose, None) as c:
        equal(c.subject(), "one.test")
    true("OCSP Response Status: successful" in s_client(t, "-status"), "nothing is stapled")
    true("no response sent" in s_client(t, "-status", name="rsa.test"), "stapled to another")
    appliance.stop()


@test(own=True, layouts=("fused",))
def strict_names(t):
    appliance = start(t, "--strict-sni")
    with TlsConnection(t) as c:
        equal(c.get("/").status, 200)
    for name in (None, "other.test"):
        loose = context()
        loose.check_hostname = False
        try:
            TlsConnection(t, loose, name)
            raise AssertionError(f"served to {name}")
        except ssl.SSLError as error:
            true("UNRECOGNIZED_NAME" in str(error), f"another alert: {error}")
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def nothing_weak(t):
    appliance = t.start(*kinds())
    old = ("-cipher", "ALL:@SECLEVEL=0")
    for version in ("-tls1", "-tls1_1"):
        true("Cipher is (NONE)" in s_client(t, version, *old), f"{version} is spoken")
    for cipher in ("AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"):
        words = s_client(t, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0", name="rsa.test")
        true("Cipher is (NONE)" in words, f"{cipher} is accepted")
    for group in ("X25519", "P-256"):
        words = s_client(t, "-groups", group)
        true(f"Server Temp Key: {group.replace('P-256', 'ECDH, prime256v1')}" in words, words)
    # The server chooses, not the client.
    words = s_client(t, "-ciphersuites", "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256")
    true("Cipher is TLS_AES_128_GCM_SHA256" in words, words)
    words = s_client(t, "-tls1_2", data=b"R\n")
    true("renegotiat" in words, "renegotiation is allowed")
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def only_1_3_where_that_is_asked_for(t):
    appliance = start(t, "--tls-min", "1.3")
    with TlsConnection(t, context(V13)) as c:
        equal(c.get("/").status, 200)
    true("Cipher is (NONE)" in s_client(t, "-tls1_2"), "1.2 is spoken")
    appliance.stop()


@test(own=True)
def who_comes_without_tls_is_redirected(t):
    appliance = start(t, "--redirect-to-https")
    resolved = [word for port in (80, PORT) for word in ("--resolve", f"one.test:{port}:{t.host}")]
    words = t.tool("curl", "-sS", "-i", "-L", "--max-time", "20", "--cacert", pki.authority(),
                   *resolved, "http://one.test/hello/a%20b?c=d")
    true(re.fullmatch(r"HTTP/1\.1 301 Moved Permanently\r\n(.+\r\n)*"
                      r"Location: https://one\.test/hello/a%20b\?c=d\r\n(.+\r\n)*\r\n"
                      r"HTTP/1\.1 200 OK\r\n(.+\r\n)*\r\nHello, a b\n?", words), words)
    with Connection(t) as c:
        for _ in range(3):
            equal(c.get("/").status, 301)
        c.send(request("POST", "/hello/you", "Content-Length: 1", body=b"x"))
        equal(c.response().status, 405)
    with TlsConnection(t) as c:
        for _ in range(3):
            equal(c.get("/").status, 200)
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def protocols(t):
    appliance = start(t)
    for offered, chosen in ((("h2", "http/1.1"), "http/1.1"), (("http/1.0",), "http/1.0")):
        with TlsConnection(t, context(alpn=offered)) as c:
            equal(c.socket.selected_alpn_protocol(), chosen)
    try:
        TlsConnection(t, context(alpn=("h2", "spdy/1")))
        raise AssertionError("a protocol that is not ours was agreed on")
    except ssl.SSLError as error:
        true("no application protocol" in str(error), f"another alert: {error}")
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def client_certificates(t):
    for mode in ("required", "optional"):
        appliance = start(t, "--client-ca", pki.authority("people"), "--client-cert", mode)
        for version in (V12, V13):
            known = context(version)
            known.load_cert_chain(*pki.pair("me", ca="people"))
            with TlsConnection(t, known) as c:
                equal(c.get("/").status, 200)
            stranger = context(version)
            stranger.load_cert_chain(*pki.pair("you", ca="strangers"))
            late = context(version)
            late.load_cert_chain(*pki.pair("late", ca="people", days=-1))
            for who, served in (
                (stranger, False), (late, False), (context(version), mode == "optional"),
            ):
                try:
                    with TlsConnection(t, who) as c:
                        true(c.get("/").status == 200 and served, "served without a certificate")
                except (ssl.SSLError, ConnectionError) as error:
                    true(not served, f"refused: {error}")
        appliance.stop()


@test(own=True, layouts=("fused",))
def sessions_are_resumed(t):
    appliance = start(t)
    for version in (V12, V13):
        tls = context(version)
        with TlsConnection(t, tls) as c:
            equal(c.get("/").status, 200)
            session = c.socket.session
            false_start = c.socket.session_reused
        true(not false_start, "reused before there was a session")
        for _ in range(3):
            with TlsConnection(t, tls, session=session) as c:
                true(c.socket.session_reused, f"{version}: not resumed")
                equal(c.get("/").status, 200)
    appliance.stop()
    true(re.search(r"handshakes_quick +4\b", appliance.words(200)), "those of 1.3 are not ours")


@test(own=True, families=(4,), layouts=("fused",))
def tickets_of_another_box(t):
    keys = ("--ticket-keys", pki.ticket_keys(2))
    tls = context(V13)
    appliance = start(t, *keys)
    with TlsConnection(t, tls) as c:
        c.get("/")
        session = c.socket.session
    appliance.stop()
    appliance = start(t, *keys)
    with TlsConnection(t, tls, session=session) as c:
        true(c.socket.session_reused, "not resumed by the other box")
        c.get("/")
    appliance.stop()
    appliance = start(t)  # keys of its own
    with TlsConnection(t, tls, session=session) as c:
        true(not c.socket.session_reused, "resumed with a strange ticket")
        equal(c.get("/").status, 200)
    appliance.stop()
    appliance = start(t, "--ticket-lifetime", "0")
    with TlsConnection(t, tls) as c:
        c.get("/")
        true(c.socket.session is None or not c.socket.session.has_ticket, "a ticket came")
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def sessions_are_resumed_without_a_key_exchange(t):
    """psk_ke (RFC 8446 section 4.2.9), which s_client offers beside psk_dhe_ke if told to."""
    session = pki.path("psk-ke.sess")
    closing = request("GET", "/hello/first", "Connection: close")
    for server in ((), ("--psk-ke",)):
        appliance = start(t, *server)
        s_client(t, "-sess_out", session, "-ign_eof", data=closing)
        for client in ((), ("-allow_no_dhe_kex",)):
            words = s_client(t, "-sess_in", session, "-ign_eof", *client,
                             data=request("GET", "/hello/again", "Connection: close"))
            true("Reused, TLSv1.3" in words and "Hello, again" in words, words)
            equal("Server Temp Key" not in words, bool(server and client), words)
        appliance.stop()


def early(t, session, text, *options, data=b""):
    file_name = pki.path("early.txt")
    with open(file_name, "wb") as file:
        file.write(text)
    return s_client(t, "-sess_in", session, "-early_data", file_name, *options, data=data)


@test(own=True, within=60, layouts=("fused",))
def early_data_is_taken_once(t):
    appliance = start(t, "--early-data", "16k")
    first = pki.path("first.sess")
    closing = request("GET", "/hello/first", "Connection: close")
    s_client(t, "-sess_out", first, "-ign_eof", data=closing)
    kept = pki.path("kept.sess")
    shutil.copy(first, kept)
    words = early(t, first, request("GET", "/hello/early", "Connection: close"), "-ign_eof")
    true("Early data was accepted" in words and "Hello, early" in words, words)
    true("closed" in words and "read:errno" not in words, "no close-notify")
    # The same ticket again: the handshake succeeds, its early data does not count.
    words = early(t, kept, request("GET", "/hello/again"), data=b"Q\n")
    true("Early data was rejected" in words and "Hello, again" not in words, words)
    s_client(t, "-sess_out", first, "-ign_eof", data=closing)
    words = early(t, first, request("POST", "/hello/early", "Connection: close",
                                    "Content-Length: 0"), "-ign_eof")
    true("Early data was accepted" in words and "425 Too Early" in words, words)
    s_client(t, "-sess_out", first, "-ign_eof", data=closing)
    words = early(t, first, request("GET", "/bytes/1000000", "Connection: close"), "-ign_eof")
    true("Early data was accepted" in words and len(words) > 1_000_000, words[-300:])
    appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def early_data_for_others_is_passed_over(t):
    """RFC 8446 section 4.2.10: who does not take it ignores it, and makes an ordinary handshake."""
    keys = ("--ticket-keys", pki.ticket_keys())
    first = pki.path("other.sess")
    appliance = start(t, "--early-data", "16k", *keys)
    s_client(t, "-sess_out", first, "-ign_eof",
             data=request("GET", "/hello/first", "Connection: close"))
    appliance.stop()
    text = request("POST", "/hello/early", "Content-Length: 9000", body=bytes(9000))
    closing = request("GET", "/hello/late", "Connection: close")
    for options in (keys, (), (*keys, "--early-data", "1k")):
        appliance = start(t, *options)
        kept = pki.path("kept.sess")
        shutil.copy(first, kept)
        words = early(t, kept, text, "-ign_eof", data=closing)
        true("Early data was rejected" in words, f"{options}: {words}")
        true("Hello, late" in words and "Hello, early" not in words, f"{options}: {words}")
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def keys_are_updated(t):
    appliance = start(t)
    master, slave = pty.openpty()  # or else it would keep its words to itself
    with open(master, "rb", buffering=0) as terminal, subprocess.Popen(
        ["openssl", "s_client", "-connect", f"{t.host}:443", "-tls1_3", "-CAfile",
         pki.authority()], stdin=subprocess.PIPE, stdout=slave, stderr=slave,
    ) as client:
        os.close(slave)
        os.set_blocking(master, False)
        words = b""

        def says(text):
            nonlocal words
            words += terminal.read(1 << 16) or b""
            return text in words

        def ask(line, text):
            client.stdin.write(line)
            client.stdin.flush()
            wait_until(lambda: says(text), 5, f"{text!r} in {words!r}")

        wait_until(lambda: says(b"read R BLOCK"), 5, "a handshake")
        for n in range(3):
            for command in (b"k\n", b"K\n"):
                client.stdin.write(command)
                client.stdin.flush()
                wait_until(lambda: says(b"KEYUPDATE"), 5, "an update")
                words = b""
                name = b"n%d%c" % (n, command[0])
                get = b"GET /hello/" + name + b" HTTP/1.1\r\nHost: a\r\n\r\n"
                client.stdin.write(get[:1] + get[1:])
                ask(b"", b"Hello, " + name)
        client.kill()
    appliance.stop()


@test(own=True, layouts=("fused",))
def it_closes_as_one_should(t):
    appliance = start(t)
    for version in (V12, V13):
        with TlsConnection(t, context(version)) as c:
            c.send(request("GET", "/hello/you", "Connection: close"))
            equal(c.response().body, b"Hello, you")
            true(c.ends(), "no close-notify")  # ssl raises on an end without
        with TlsConnection(t, context(version)) as c:  # the client closes, and gets its answer
            c.send(request("GET", "/bytes/100000"))
            plain = c.socket
            body = c.response().body
            true(body == pattern(100000), "wrong bytes")
            plain.unwrap()
    appliance.stop()


@test(own=True, within=60)
def bodies_of_all_sizes(t):
    appliance = start(t)
    for version in (V12, V13):
        with TlsConnection(t, context(version)) as c:
            for n in (0, 1, 1023, 1024, 1025, 1369, 1370, 16383, 16384, 16385, 300_000, 3_000_000):
                true(c.get(f"/bytes/{n}").body == pattern(n), f"{n} bytes are wrong")
            c.send(b"".join(request("GET", f"/bytes/{n}") for n in range(2000)))
            for n in range(2000):
                equal(c.response().body, pattern(n), f"pipelined reply {n}")
            c.send(request("POST", "/hello/you", "Content-Length: 900000", body=bytes(900_000)))
            equal(c.response().status, 200)
    appliance.stop()


@test(own=True, within=60)
def a_slow_reader_gets_every_byte(t):
    appliance = start(t)
    with TlsConnection(t, receive_buffer=4096) as slow, TlsConnection(t) as other:
        slow.send(request("GET", "/bytes/2000000"))
        for _ in range(50):
            equal(other.get("/hello/x").status, 200)
        true(slow.response().body == pattern(2_000_000), "wrong bytes")
    appliance.stop()


def read_response(client):
    got = b""
    while b"\r\n\r\n" not in got or not got.endswith(b"Hello, split"):
        got += client.attempt(client.tls.read, 4096)
    return got


@test(own=True, within=90, layouts=("fused",))
def records_split_at_every_byte(t):
    appliance = start(t)
    for version in (V12, V13):
        for size in (1, 2, 7):
            with HandMade(t, context(version)) as client:

                def trickle(client=client, size=size):
                    data = client.outgoing.read()
                    for i in range(0, len(data), size):
                        client.wire.send(data[i : i + size])

                client.flush = trickle
                client.attempt(client.tls.do_handshake)
                client.attempt(client.tls.write, request("GET", "/hello/split"))
                true(b"200 OK" in read_response(client), "no answer")
    appliance.stop()
    true(re.search(r"handshakes_quick +3\b", appliance.words(200)), "those of 1.3 are not ours")


@test(own=True, within=60, layouts=("fused",))
def a_cut_handshake_leaves_nothing(t):
    appliance = start(t, "--header-timeout", "2")
    with HandMade(t) as client:
        hello = client.client_hello()
    for cut in list(range(1, len(hello), 17)) + [len(hello)]:
        with Connection(t, port=443) as c:
            c.send(hello[:cut])
        with Connection(t, port=443) as c:  # the client's FIN after half of it
            c.send(hello[:cut])
            c.socket.shutdown(1)
            true(c.drops(), f"{cut} bytes, then FIN: the connection stays open")
    with Connection(t, port=443) as c:
        c.send(hello[: len(hello) // 2])
        with Connection(t, port=443) as silent:
            true(c.drops(8), "half a ClientHello holds a connection for ever")
            true(silent.drops(8), "silence holds a connection for ever")
    with TlsConnection(t) as c:
        equal(c.get("/").status, 200)
    appliance.stop()


@test(own=True, within=60, layouts=("fused",))
def garbage_gets_an_alert_or_an_end(t):
    appliance = start(t)
    for data in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", bytes(100), b"\xff" * 4000,
                 b"\x16\x03\x01\xff\xff" + bytes(3000), b"\x16\x03\x01\x00\x00" * 100,
                 b"\x17\x03\x03\x00\x10" + bytes(16), b"\x15\x03\x03\x00\x02\x02\x28"):
        with Connection(t, port=443) as c:
            c.send(data)
            c.socket.shutdown(1)
            true(c.drops(), f"{data[:8]!r} keeps the connection open")
    with HandMade(t) as client:  # a record that does not verify
        client.attempt(client.tls.do_handshake)
        client.tls.write(request("GET", "/"))
        record = bytearray(client.outgoing.read())
        record[-1] ^= 1
        client.wire.send(bytes(record))
        try:
            client.attempt(client.tls.read, 100)
            raise AssertionError("a forged record was taken")
        except ssl.SSLError as error:
            true("BAD_RECORD_MAC" in str(error).upper(), f"another alert: {error}")
    appliance.stop()


def begin_hellos(t, n, words):
    held = []
    for _ in range(n):
        held.append(Connection(t, port=443))
        held[-1].send(words)
    return held


@test(own=True, families=(4,), within=60, layouts=("fused",))
def too_many_handshakes_are_shed(t):
    appliance = start(t, "--tls-backlog", "4")
    with HandMade(t) as client:
        whole = client.client_hello()
    held = begin_hellos(t, 4, whole)
    with Connection(t, port=443) as fifth:
        fifth.send(whole)
        true(is_reset(fifth), "a fifth handshake is begun")
    for c in held:
        c.socket.close()
    wait_until(lambda: is_served(t), 5, "their places are free again")
    appliance.stop()
    true(re.search(r"handshakes_shed +\d", appliance.words(200)), "they are not counted")


@test(own=True, families=(4,), within=60, layouts=("fused",))
def hellos_that_stop_keep_nobody_out(t):
    appliance = start(t, "--tls-backlog", "4")
    with HandMade(t) as client:
        half = client.client_hello()[:100]
    held = begin_hellos(t, 12, half)
    # Before the first of them has had its --header-timeout.
    wait_until(lambda: is_served(t), 5, "twelve halves of hellos, and nobody else is served")
    true(is_reset(held[0]), "the first of them has kept its place")
    for c in held:
        c.socket.close()
    appliance.stop()
    true(re.search(r"handshakes_shed +[1-9]", appliance.words(200)), "they are not counted")


@test(own=True, families=(4,), within=60, layouts=("fused",))
def certificates_are_reloaded(t):
    certificate, key = pki.path("live.pem"), pki.path("live.key")

    def install(name):
        for source, target in zip(pki.pair(name), (certificate, key)):
            shutil.copy(source, target)

    install("one.test")
    appliance = start(t, pairs=pki.options((certificate, key)))
    loose = context()
    loose.check_hostname = False

    def subject():
        with TlsConnection(t, loose) as c:
            return c.subject()

    equal(subject(), "one.test")
    with TlsConnection(t, loose) as old:
        install("another.test")
        appliance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: subject() == "CN" or subject() != "one.test", 5, "the new certificate")
        equal(old.get("/hello/old").status, 200)
        with open(key, "w", encoding="ascii") as file:
            file.write("nonsense")
        appliance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "stay as they were" in appliance.words(), 5, "the complaint")
        equal(subject(), "another.test")
        equal(old.get("/hello/old").status, 200)
    appliance.stop()


@test(own=True, families=(4,), within=60)
def a_download_survives_sigterm(t):
    appliance = start(t, "--drain-timeout", "20")
    with TlsConnection(t, receive_buffer=32768) as busy, TlsConnection(t) as idle:
        equal(idle.get("/").status, 200)
        busy.send(request("GET", "/bytes/8000000"))
        while b"\r\n\r\n" not in busy.unread:
            busy.more()
        appliance.terminate()
        true(idle.ends(), "an idle connection is not closed in order")
        true(busy.response().body == pattern(8_000_000), "wrong bytes")
        true(busy.ends(), "the connection stays open after its answer")
    appliance.wait()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def idle_connections_end(t):
    appliance = start(t, "--idle-timeout", "1")
    with TlsConnection(t) as c:
        equal(c.get("/").status, 200)
        started = time.monotonic()
        true(c.ends(5), "not closed in order")
        true(time.monotonic() - started > 0.5, "closed too early")
    appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def who_reads_a_reply_is_not_idle(t):
    """It was all encrypted at once; the client takes its time."""
    appliance = start(t, "--idle-timeout", "1")
    with TlsConnection(t, receive_buffer=4096) as c:
        c.send(request("GET", "/bytes/100000"))
        body = b""
        while len(body) < 50_000:
            body += c.socket.recv(4096)
            time.sleep(0.2)  # what is tested: three times as long as it may be idle
        while len(body) < 100_000:
            body += c.socket.recv(1 << 16)
        body = body[body.index(b"\r\n\r\n") + 4:]
        body += c.take(100_000 - len(body))
        true(body == pattern(100_000), "wrong bytes")
        equal(c.get("/").status, 200, "status after it")
        true(c.ends(5), "not closed in order")
    appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def a_core_for_tls_alone(t):
    appliance = start(t, "--tls-cores", "1", "--net-cores", "0")
    with TlsConnection(t) as c, Connection(t) as plain:
        for n in (0, 100, 100_000, 1_000_000):
            true(c.get(f"/bytes/{n}").body == pattern(n), f"{n} bytes are wrong")
            true(plain.get(f"/bytes/{n}").body == pattern(n), f"{n} plain bytes are wrong")
    words = t.tool("h2load", "--h1", "-n", "3000", "-c", "50", f"https://{t.host}/bytes/3000")
    true("3000 2xx" in words, words)
    appliance.stop()


@test(own=True, families=(4,), within=90, layouts=("fused",), sanitized=False)
def thousands_come_at_once(t):
    """A burst of honest clients waits for its turns, and is served."""
    appliance = start(t, "--header-timeout", "60")
    heard = t.tool("h2load", "--h1", "-n", "3000", "-c", "3000", f"https://{t.host}/hello/a",
                   within=60)
    appliance.stop()
    words = appliance.words(200)
    true("3000 2xx" in heard, f"{heard[-1000:]}\n{words}")
    true(not re.search(r"handshakes_shed +[1-9]", words), words)


@test(own=True, families=(4,), within=90)
def hundreds_die_in_mid_handshake(t):
    appliance = start(t, "--max-conns", "4096")
    with HandMade(t) as client:
        hello = client.client_hello()
    for n in range(500):
        with Connection(t, port=443) as c:
            c.send(hello if n % 2 else hello[: 1 + n % len(hello)])
            if n % 3 == 0:  # RST instead of FIN
                c.socket.setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")
    with TlsConnection(t) as c:
        equal(c.get("/").status, 200)
    appliance.stop()


@test(families=(4,), layouts=("fused",))
def bad_files_are_named(t):
    one, key = pki.pair("one.test")
    _, other_key = pki.pair("rsa.test", "rsa")
    empty = pki.path("empty")
    with open(empty, "w", encoding="ascii"):
        pass
    for options, word in (
        (("--https", "443"), "--https"),
        (("--cert", one, "--key", key), "--cert"),
        (("--https", "443", "--cert", one), "--key"),
        (("--https", "80", "--cert", one, "--key", key), "twice"),
        (("--https", "443", "--cert", one, "--key", key, "--tls-cores", "x"), "--tls-cores"),
    ):
        words = t.tool(t.binary, "--", "--ip", "10.9.9.9/24", "--http", "80", "--check", *options,
                       ok=(2,))
        true(word in words and len(words.splitlines()) == 1, f"{options}: {words}")
    for certificate, private, word in ((empty, key, empty), (one, empty, empty),
                                       (one, other_key, other_key), ("/no/file", key, "/no/file")):
        words = t.tool(t.binary, "--", "--ip", "10.9.9.9/24", "--check", "--https", "443",
                       "--cert", certificate, "--key", private, ok=(1,))
        true(word in words and len(words.splitlines()) == 1, f"{certificate}: {words}")


@test(own=True, families=(4,), layouts=("fused",))
def padded_and_short_records(t):
    """RFC 8446 section 5.4, RFC 6066 section 4."""
    appliance = start(t)
    get = b"GET /bytes/5000 HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n"
    for options in (("-record_padding", "1024"), ("-record_padding", "16384"),
                    ("-maxfraglen", "512"), ("-maxfraglen", "512", "-groups", "P-256")):
        words = s_client(t, "-quiet", *options, "-ign_eof", data=get)
        true("200 OK" in words, f"{options}: {words[-300:]}")
    appliance.stop()
