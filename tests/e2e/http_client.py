# SPDX-License-Identifier: BSD-2-Clause
"""HTTP by hand over a kernel socket: every byte and every pause is the test's own."""

import collections
import socket
import time
from dataclasses import dataclass

from lab import PORT


@dataclass
class Response:
    status: int
    fields: dict  # names in lower case
    body: bytes
    times: collections.Counter  # of each name


class Connection:
    def __init__(self, context, port=PORT, receive_buffer=None, within=10):
        kind = socket.AF_INET6 if context.family == 6 else socket.AF_INET
        self.socket = socket.socket(kind, socket.SOCK_STREAM)
        self.socket.settimeout(within)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((context.server, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def get(self, path="/", *fields):
        self.send(request("GET", path, *fields))
        return self.response()

    def more(self):
        """Reads once more; False at the end."""
        data = self.socket.recv(1 << 16)
        self.unread += data
        return bool(data)

    def take(self, n):
        parts, missing = [self.unread[:n]], n - len(self.unread[:n])
        self.unread = self.unread[n:]
        while missing:
            data = self.socket.recv(min(missing, 1 << 20))
            if not data:
                raise AssertionError(f"the connection ended {missing} bytes early")
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)

    def response(self, to="GET"):
        while b"\r\n\r\n" not in self.unread:
            if not self.more():
                raise AssertionError(f"the connection ended after {self.unread!r}")
        head, self.unread = self.unread.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ")[:2]
        if not version.startswith("HTTP/1."):
            raise AssertionError(f"no status line: {lines[0]}")
        fields, times = {}, collections.Counter()
        for line in lines[1:]:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
            times[name.lower()] += 1
        length = int(fields.get("content-length", 0))
        no_body = to == "HEAD" or status in ("204", "304") or status.startswith("1")
        return Response(int(status), fields, b"" if no_body else self.take(length), times)

    def ends(self, within=5):
        """Does the server close now, in order and without another byte?"""
        self.socket.settimeout(within)
        try:
            return self.unread == b"" and self.socket.recv(1) == b""
        except TimeoutError:
            return False

    def drops(self, within=5):
        """Does the server end the connection, with FIN or with RST?"""
        deadline = time.monotonic() + within
        try:
            while time.monotonic() < deadline:
                self.socket.settimeout(max(0.01, deadline - time.monotonic()))
                if not self.socket.recv(1 << 16):
                    return True
        except TimeoutError:
            return False
        except OSError:
            return True
        return False


def request(method, path, *fields, host="test", body=b""):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
