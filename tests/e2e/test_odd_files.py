# SPDX-License-Identifier: BSD-2-Clause
"""Directories as operators have them: with what may not be read, is no file, or has an odd name."""

import ctypes
import os
import re
import socket
import urllib.parse

from harness import equal, test, true
from http_client import Connection
from lab import wait_until
from test_site import Site, ask

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2


def obey_modes():
    """Of this process and what it executes: modes of files count for root, too."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "PR_CAPBSET_DROP")


def left_out(appliance):
    """{path: why}"""
    return dict(re.findall(r"not loaded: (\S+): (.*)", appliance.words(1000)))


@test(own=True, families=(4,), layouts=("fused",))
def what_may_not_be_read_is_said_and_the_rest_is_served(t):
    with Site() as site:
        for name in ("file", "closed", "unlisted/below", "unsearchable/below", "open/below"):
            site.write(name, b"text\n")
        os.mkdir(site.path("nothing"))
        modes = {"closed": 0, "unlisted": 0o111, "unsearchable": 0o444, "nothing": 0}
        for name, mode in modes.items():
            os.chmod(site.path(name), mode)
        appliance = t.start("--root", site.root, "--watch", in_child=obey_modes)
        said = left_out(appliance)
        equal(sorted(said), ["/closed", "/nothing/", "/unlisted/", "/unsearchable/below"])
        equal(set(said.values()), {"Permission denied"})
        with Connection(t) as c:
            for path, status in (("/file", 200), ("/open/below", 200), ("/closed", 404),
                                 ("/unlisted/below", 404), ("/nothing/", 404),
                                 ("/unsearchable/", 403), ("/unsearchable/below", 404)):
                equal(ask(c, path).status, status, path)
            for name in modes:
                os.chmod(site.path(name), 0o755)
            for path in ("/closed", "/unlisted/below", "/unsearchable/below"):
                wait_until(lambda path=path: ask(c, path).status == 200, 5, f"{path} is read")
            os.chmod(site.path("file"), 0)
            wait_until(lambda: ask(c, "/file").status == 404, 5, "/file is read no more")
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def what_is_no_file_is_said_and_not_waited_for(t):
    with Site() as site:
        site.write("file", b"text\n")
        site.write("deep/file", b"text\n")
        site.write("mirror/file", b"text\n")
        os.mkfifo(site.path("pipe"))
        os.mknod(site.path("zero"), 0o600 | 0o020000, os.makedev(1, 5))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(site.path("socket"))
        for target, name in (("pipe", "to-pipe"), ("b", "a"), ("a", "b"), ("none", "broken"),
                             (".", "mirror/mirror"), ("..", "deep/again"), ("..", "up"),
                             ("/etc/hostname", "out"), ("file", "in"), ("deep", "to-deep")):
            os.symlink(target, site.path(name))
        appliance = t.start("--root", site.root)
        expected = {
            "/pipe": "no file", "/zero": "no file", "/socket": "no file",
            "/to-pipe": "a link to what is no file", "/broken": "No such file or directory",
            "/a": "Too many levels of symbolic links", "/b": "Too many levels of symbolic links",
            "/mirror/mirror/mirror": "a symbolic link to a directory that it is in",
            "/deep/again": "a symbolic link to a directory that it is in",
            "/to-deep/again": "a symbolic link to a directory that it is in",
            "/up": "a symbolic link that leads out of the root",
            "/out": "a symbolic link that leads out of the root",
        }
        equal(left_out(appliance), expected)
        with Connection(t) as c:
            for path in expected:
                equal(ask(c, path).status, 404, path)
            for path in ("/file", "/in", "/deep/file", "/to-deep/file", "/mirror/mirror/file"):
                equal(ask(c, path).body, b"text\n", path)
        appliance.stop()


ODD_NAMES = (
    b"new\nline", b"carriage\rreturn", b"tab\tin", b"\x01\x7f", b"\x1b[31m", b"sp ace", b" ",
    b"per%cent", b"%41", b"%00", b"%2f", b"q?a", b"h#a", b"back\\slash", b'"quote"', b"<b>&amp;",
    b"*", b"dot.", b"dots...", b"...", b"\xff\xfe", b"\xc3\xa4", b"\xc0\xae", b"x" * 255,
    b"\xff" * 255, b";a=b", b"a+b", b"-", b"~", b"'",
)


@test(own=True, families=(4,), layouts=("fused",))
def odd_names_are_served_and_listed(t):
    """By the path that RFC 3986 has for them; and by that which their listing has."""
    with Site() as site:
        folder = os.path.join(os.fsencode(site.root), b"odd")
        os.mkdir(folder)
        for name in ODD_NAMES:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(b"name " + name)
        appliance = t.start("--root", site.root, "--listing")
        with Connection(t) as c:
            for name in ODD_NAMES:
                if name.startswith(b"."):
                    equal(ask(c, "/odd/" + name.decode()).status, 404, "what is hidden")
                    continue
                path = "/odd/" + urllib.parse.quote_from_bytes(name, safe="")
                r = ask(c, path)
                equal((r.status, r.body), (200, b"name " + name), path)
            listing = ask(c, "/odd/").body
            links = re.findall(rb'href="([^"]*)"', listing)
            true(b"<b>" not in listing, "a name is markup")
            served = set()
            for link in links:
                path = urllib.parse.urljoin("/odd/", link.replace(b"&amp;", b"&").decode())
                if path != "/":
                    served.add(ask(c, path).body)
            equal(served, {b"name " + name for name in ODD_NAMES if not name.startswith(b".")})
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",))
def paths_as_long_as_the_kernel_takes_are_served(t):
    """Below what openat(2) takes of a path, and not beyond; nothing is lost beside it."""
    with Site() as site:
        fd = os.open(site.root, os.O_RDONLY | os.O_DIRECTORY)
        for _ in range(20):
            os.mkdir("y" * 250, dir_fd=fd)
            below = os.open("y" * 250, os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
            os.close(fd)
            fd = below
            file = os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=fd)
            os.write(file, b"deep")
            os.close(file)
        os.close(fd)
        appliance = t.start("--root", site.root)
        with Connection(t) as c:
            for n in range(1, 21):
                path = "/" + ("y" * 250 + "/") * n + "f"
                equal(ask(c, path).status, 200 if len(path) < 4096 else 404, f"{len(path)} bytes")
            equal(ask(c, "/").status, 200)
        said = left_out(appliance)
        equal(list(said.values()), ["File name too long"])
        appliance.stop()
