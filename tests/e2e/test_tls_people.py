# SPDX-License-Identifier: BSD-2-Clause
"""Client certificates, and that a ticket is no way around them."""

import shutil
import signal
import ssl

import pki
from harness import equal, test, true
from http_client import Connection
from lab import wait_until
from tls_client import HTTPS, V12, V13, TlsConnection, context, start


def shared_keys():
    return "--ticket-keys", pki.ticket_keys()


def demand(mode, ca=None):
    return "--client-ca", ca or pki.authority("people"), "--client-cert", mode


def person(version):
    tls = context(version)
    tls.load_cert_chain(*pki.pair("me", ca="people"))
    return tls


def begin_session(t, tls):
    with TlsConnection(t, tls) as c:
        equal(c.get("/").status, 200)
        return c.socket.session


def is_resumed(t, tls, session):
    with TlsConnection(t, tls, session=session) as c:
        equal(c.get("/").status, 200)
        return c.socket.session_reused


def is_refused(t, tls, session):
    try:
        is_resumed(t, tls, session)
    except (ssl.SSLError, ConnectionError):
        return True
    return False


@test(own=True, families=(4,), within=60, layouts=("fused",))
def tickets_are_for_who_asks_for_the_same(t):
    keys = shared_keys()
    strangers, people = {v: context(v) for v in (V12, V13)}, {v: person(v) for v in (V12, V13)}
    for before in ((), demand("optional")):
        appliance = start(t, *keys, *before)
        sessions = {v: begin_session(t, tls) for v, tls in strangers.items()}
        of_people = {v: begin_session(t, tls) for v, tls in people.items()}
        appliance.stop()
        appliance = start(t, *keys, *before)
        for version, tls in strangers.items():
            true(is_resumed(t, tls, sessions[version]), f"{version}, {before}: not resumed")
        appliance.stop()
        appliance = start(t, *keys, *demand("required"))
        for version, tls in strangers.items():
            true(is_refused(t, tls, sessions[version]), f"{version}, {before}: a way around")
        for version, tls in people.items():
            true(not is_resumed(t, tls, of_people[version]), f"{version}, {before}: resumed")
        appliance.stop()


@test(own=True, families=(4,), within=60, layouts=("fused",))
def authorities_that_are_gone_let_nobody_in(t):
    authorities = pki.path("live-ca.pem")
    shutil.copy(pki.authority("people"), authorities)
    appliance = start(t, *shared_keys(), *demand("required", authorities))
    people = {v: person(v) for v in (V12, V13)}
    sessions = {v: begin_session(t, tls) for v, tls in people.items()}

    def reload():
        seen = appliance.words().count("certificate read")
        appliance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: appliance.words().count("certificate read") > seen, 5, "a reload")

    reload()
    for version, tls in people.items():
        true(is_resumed(t, tls, sessions[version]), f"{version}: the same CA, and not resumed")
    shutil.copy(pki.authority("strangers"), authorities)
    reload()
    for version, tls in people.items():
        true(is_refused(t, tls, sessions[version]), f"{version}: served without its CA")
        true(is_refused(t, tls, None), f"{version}: served without its CA")
    appliance.stop()


@test(own=True, within=60)
def without_plaintext_there_is_only_https(t):
    options = (*HTTPS, *pki.options(pki.pair("one.test")), *demand("required"), "--http", "off")
    appliance = t.start(*options, ready=lambda a: a.answers(443))
    true("http://" not in appliance.words(), appliance.words())
    try:
        Connection(t).socket.close()
        raise AssertionError("port 80 accepts connections")
    except ConnectionRefusedError:
        pass
    with TlsConnection(t, person(V13)) as c:
        equal(c.get("/").status, 200)
    appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def plaintext_beside_certificates_is_pointed_out(t):
    def words_about(*options):
        words = t.tool(t.binary, "-l", "0", "--", "--check", "--ip", "10.9.9.9/24", *HTTPS,
                       *pki.options(pki.pair("one.test")), *options)
        return [line for line in words.splitlines() if "without TLS" in line]

    equal(len(words_about(*demand("required"))), 1, "lines about port 80")
    for options in (
        demand("optional"), (), (*demand("required"), "--http", "80"),
        (*demand("required"), "--http", "off"),
    ):
        equal(words_about(*options), [], f"what is said with {options}")
