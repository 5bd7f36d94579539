# SPDX-License-Identifier: BSD-2-Clause
"""TLS by hand: Python's ssl over a kernel socket, or over memory where every byte is the test's."""

import socket
import ssl

import pki
from http_client import Connection

PORT = 443
HTTPS = ("--https", str(PORT))
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def start(t, *options, pairs=None, **how):
    """The appliance with HTTPS, as one.test unless told."""
    return t.start(*HTTPS, *(pairs or pki.options(pki.pair("one.test"))), *options, **how)


def context(version=None, ca="ca", alpn=("http/1.1",), groups=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.load_verify_locations(pki.authority(ca))
    c.set_alpn_protocols(list(alpn))
    if version:
        c.minimum_version = c.maximum_version = version
    if groups:
        c.set_ecdh_curve(groups)
    return c


def s_client(t, *options, data=b"Q\n", name="one.test", within=15):
    """openssl s_client's words."""
    return t.tool("openssl", "s_client", "-connect", f"{t.host}:{PORT}", "-servername", name,
                  "-CAfile", pki.authority(), *options, data=data, ok=None, within=within)


class TlsConnection(Connection):
    """A Connection whose socket speaks TLS."""

    def __init__(self, t, tls=None, name="one.test", session=None, port=PORT, **how):
        super().__init__(t, port=port, **how)
        try:
            self.socket = (tls or context()).wrap_socket(
                self.socket, server_hostname=name, session=session,
                suppress_ragged_eofs=False)
        except BaseException:
            self.socket.close()
            raise

    def subject(self):
        return dict(pair[0] for pair in self.socket.getpeercert()["subject"])["commonName"]


def is_served(t):
    try:
        with TlsConnection(t) as c:
            return c.get("/").status == 200
    except OSError:
        return False


class HandMade:
    """A client whose ciphertext goes through the test's hands."""

    def __init__(self, t, tls=None, name="one.test", **how):
        self.wire = Connection(t, port=PORT, **how)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (tls or context()).wrap_bio(self.incoming, self.outgoing, server_hostname=name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.socket.close()

    def attempt(self, what, *arguments):
        """Runs a step until it has all that it needs. send: what carries ciphertext to the wire."""
        while True:
            try:
                result = what(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.wire.socket.recv(1 << 16)
                if not data:
                    self.incoming.write_eof()
                self.incoming.write(data)

    def flush(self):
        """To be replaced by tests that want it otherwise."""
        self.wire.send(self.outgoing.read())

    def client_hello(self):
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()


def is_reset(connection, within=5):
    connection.socket.settimeout(within)
    try:
        return connection.socket.recv(1) == b""
    except ConnectionResetError:
        return True
    except socket.timeout:
        return False
