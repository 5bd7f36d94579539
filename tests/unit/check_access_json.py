# SPDX-License-Identifier: BSD-2-Clause
"""Reads pairs of lines: bytes of a client in hexadecimal, and what the access log makes of them in
JSON. Ends with status 1 at the first line that is no JSON, or tells something else."""

import codecs
import json
import sys

MEMBERS = (
    "time client client_port local_port tls reused method target protocol host status bytes"
    " duration_us referer user_agent aborted truncated"
).split()


def as_latin_1(error):
    """A byte that is not UTF-8 is told as the character of its number."""
    return error.object[error.start : error.end].decode("latin-1"), error.end


def main():
    codecs.register_error("as_latin_1", as_latin_1)
    lines = sys.stdin.buffer.read().split(b"\n")
    if len(lines) < 3 or lines.pop() or len(lines) % 2:
        sys.exit("expected pairs of lines")
    for sent, line in zip(lines[::2], lines[1::2]):
        told = json.loads(line.decode("utf-8"))
        expected = bytes.fromhex(sent.decode()).decode("utf-8", "as_latin_1")
        if list(told) != MEMBERS or told["user_agent"] != expected:
            sys.exit(f"{sent!r} became {line!r}")


main()
