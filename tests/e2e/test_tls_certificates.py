# SPDX-License-Identifier: BSD-2-Clause
"""Several certificates: who gets which, what is stapled to it, and what a reload makes of them."""

import os
import re
import secrets
import shutil
import signal
import tempfile

import pki
from harness import equal, test, true
from lab import open_for_reader, wait_until
from tls_client import HTTPS, V13, TlsConnection, context, s_client, start

ECDSA, RSA = "ECDSA+SHA256", "RSA-PSS+SHA256:RSA+SHA256"


def subject(words):
    """Whose certificate it is that s_client has got; None: it got none."""
    found = re.search(r"subject=.*CN ?= ?(\S+)", words)
    return found and found[1]


@test(own=True, families=(4,), within=60, layouts=("fused",))
def two_types_of_keys(t):
    """A certificate is for the names that it has, whatever another has."""
    appliance = t.start(*HTTPS, *pki.options(
        pki.pair("wild.rsa", "rsa", ("*.two.test", "two.test")),
        pki.pair("www.ec", "p256", ("www.two.test",)),
        pki.pair("api.ec", "p256", ("api.two.test",)),
    ))
    for version in ("-tls1_2", "-tls1_3"):
        for name, algorithms, expected in (
            ("www.two.test", ECDSA, "www.ec"), ("www.two.test", RSA, "wild.rsa"),
            ("www.two.test", f"{RSA}:{ECDSA}", "www.ec"), ("api.two.test", ECDSA, "api.ec"),
            ("other.two.test", f"{ECDSA}:{RSA}", "wild.rsa"), ("other.two.test", ECDSA, None),
            ("nobody.test", f"{ECDSA}:{RSA}", "wild.rsa"), ("nobody.test", ECDSA, "www.ec"),
        ):
            words = s_client(t, version, "-sigalgs", algorithms, name=name)
            equal(subject(words), expected, f"{version} {name} {algorithms}")
    appliance.stop()


@test(own=True, families=(4,), within=120, layouts=("fused",))
def a_thousand_pairs(t):
    hosts = [f"n{i}.many.test" for i in range(1000)]
    pairs = list(pki.many(hosts))
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="ascii") as file:
        for certificate, key in pairs:
            file.write(f"cert {certificate}\nkey {key}\n")
        file.flush()
        appliance = t.start(*HTTPS, "-c", file.name, ready_within_s=60)
    for host in (*hosts[:1], *hosts[63:66], *hosts[500::250], *hosts[-1:]):
        with TlsConnection(t, name=host) as c:
            equal(c.subject(), host)
            equal(c.get("/hello/x").status, 200)
    equal(subject(s_client(t, name="nobody.test")), hosts[0], "who answers for a stranger")
    # A pair is replaced by that of another name.
    for old, new in zip(pairs[999], pki.pair("new.many.test")):
        shutil.copy(new, old)
    appliance.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "reload: 1000 certificates read" in appliance.words(), 60, "the reload")
    for host in ("new.many.test", hosts[998]):
        with TlsConnection(t, name=host) as c:
            equal(c.subject(), host)
    equal(subject(s_client(t, name=hosts[999])), hosts[0], "who answers for what is gone")
    appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def a_response_for_each_type_of_key(t):
    pairs = pki.options(pki.pair("same.rsa", "rsa", ("same.test",)),
                        pki.pair("same.ec", "p256", ("same.test",)))
    first = ("--ocsp", pki.ocsp("same.rsa"))
    for options, stapled in ((first, {RSA}),
                             (first + ("--ocsp", pki.ocsp("same.ec")), {RSA, ECDSA})):
        appliance = start(t, *options, pairs=pairs)
        for version in ("-tls1_2", "-tls1_3"):
            for algorithms, host in ((ECDSA, "same.ec"), (RSA, "same.rsa")):
                words = s_client(t, version, "-status", "-sigalgs", algorithms, name="same.test")
                equal(subject(words), host)
                true(("Response Status: successful" in words) == (algorithms in stapled),
                     f"{version} {host}: {words}")
                number = re.search(r"Serial Number: (\w+)", words)
                serial = t.tool("openssl", "x509", "-noout", "-serial", "-in",
                                pki.pair(host)[0]).strip().split("=")[1]
                true(not number or number[1].lstrip("0") == serial.lstrip("0"),
                     f"{host} gets what is about another")
        appliance.stop()


@test(families=(4,), layouts=("fused",))
def responses_that_are_none_for_a_certificate(t):
    one = pki.options(pki.pair("one.test"))
    junk = pki.path("junk.ocsp")
    with open(junk, "wb") as file:
        file.write(b"0" + secrets.token_bytes(100))
    check = (t.binary, "--", "--ip", "10.9.9.9/24", "--check", *HTTPS, *one, "--ocsp")
    for response, reason in ((junk, "no OCSP response"), (pki.ocsp("another.test"), "not about")):
        words = t.tool(*check, response, ok=(1,))
        true(response in words and reason in words and len(words.splitlines()) == 1, words)
    ended = pki.old_ocsp("one.test")
    words = t.tool(*check, ended)
    true(f"{ended}: the OCSP response has expired" in words, words)


@test(own=True, families=(4,), layouts=("fused",))
def what_has_expired_is_not_stapled(t):
    appliance = start(t, "--ocsp", pki.old_ocsp("one.test"))
    for version in ("-tls1_2", "-tls1_3"):
        true("no response sent" in s_client(t, version, "-status"), f"{version}: stapled")
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def curl_gets_a_quick_handshake(t):
    """With OpenSSL it offers post_handshake_auth, always."""
    appliance = start(t)
    words = t.tool("curl", "-s", "--cacert", pki.authority(), "--resolve",
                   f"one.test:443:{t.host}", "https://one.test/hello/curl")
    equal(words, "Hello, curl")
    appliance.stop()
    true(re.search(r"handshakes_quick +1\b", appliance.words(200)), "curl's is not ours")


class Live:
    """An appliance whose certificate is replaced while it runs."""

    def __init__(self, t, *options):
        self.t = t
        self.files = [pki.path(f"live-{secrets.token_hex(4)}.{kind}") for kind in ("pem", "key")]
        self.loose = context()
        self.loose.check_hostname = False
        self.install("one.test")
        self.appliance = start(t, *options, pairs=pki.options(self.files))

    def install(self, name):
        for source, target in zip(pki.pair(name), self.files):
            shutil.copy(source, target)

    def connect(self, session=None):
        return TlsConnection(self.t, self.loose, session=session)

    def subject(self):
        with self.connect() as c:
            return c.subject()

    def reload(self, says):
        seen = self.appliance.words(1000).count(says)
        self.appliance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.appliance.words(1000).count(says) > seen, 5, says)

    def begin_reload(self):
        """The file of the certificate that a reload waits to read."""
        os.remove(self.files[0])
        os.mkfifo(self.files[0])
        self.appliance.process.send_signal(signal.SIGHUP)
        return wait_until(lambda: open_for_reader(self.files[0]), 5, "it reads the certificate")


@test(own=True, families=(4,), within=60, layouts=("fused",))
def a_reload_waits_for_connections_of_many_before(t):
    live = Live(t)
    held = []
    for _ in range(8):
        held.append(live.connect())
        live.reload("certificate read")
    held.append(live.connect())
    live.install("another.test")
    live.reload("certificates wait")
    equal(live.subject(), "one.test")
    for c in held:
        equal(c.get("/hello/held").status, 200)
    held.pop(3).socket.close()
    wait_until(lambda: live.subject() == "another.test", 5, "the new certificate")
    for c in held:
        equal(c.get("/hello/held").status, 200)
        c.socket.close()
    live.appliance.stop()


@test(own=True, families=(4,), within=60)
def nobody_waits_for_a_reload(t):
    live = Live(t, "--tls-cores", "1")
    process, words = live.appliance.process, lambda: live.appliance.words(1000)
    with open(pki.pair("another.test")[0], "rb") as file:
        another = file.read()
    live.install("another.test")
    with live.begin_reload() as waited_for:
        process.send_signal(signal.SIGUSR1)
        wait_until(lambda: re.search(r"received \d+ frames", words()), 5, "the counters")
        equal(live.subject(), "one.test")
        # What changes now is for the next reload, which is asked for meanwhile.
        os.remove(live.files[0])
        live.install("one.test")
        shutil.copy(pki.pair("another.test")[1], live.files[1])
        process.send_signal(signal.SIGHUP)
        waited_for.write(another)
    wait_until(lambda: "stay as they were" in words(), 5, "the second reload, of what is no pair")
    equal(words().count("certificate read"), 1, "reloads")
    equal(live.subject(), "another.test")
    # The end takes no longer than the file.
    with live.begin_reload():
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: "draining" in words(), 5, "it drains")
    live.appliance.wait()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def a_reload_takes_all_files_or_none(t):
    keys = pki.ticket_keys()
    live = Live(t, "--ticket-keys", keys)
    live.loose.minimum_version = V13
    with live.connect() as c:
        c.get("/")
        session = c.socket.session
    good = pki.ticket_keys()
    # Bad keys: the certificate stays, too.
    os.truncate(keys, 79)
    live.install("another.test")
    live.reload("stay as they were")
    equal(live.subject(), "one.test")
    with live.connect(session) as c:
        true(c.socket.session_reused, "ticket keys have changed")
        c.get("/")
    # A bad certificate: good new keys are not taken, either.
    shutil.copy(good, keys)
    with open(live.files[0], "w", encoding="ascii") as file:
        file.write("nonsense")
    live.reload("stay as they were")
    with live.connect(session) as c:
        true(c.socket.session_reused, "ticket keys have changed")
        c.get("/")
    live.install("another.test")
    live.reload("certificate read")
    equal(live.subject(), "another.test")
    with live.connect(session) as c:
        true(not c.socket.session_reused, "ticket keys have not changed")
        c.get("/")
    live.appliance.stop()
