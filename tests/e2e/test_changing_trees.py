# SPDX-License-Identifier: BSD-2-Clause
"""A directory that changes in all ways that a file system has, and what is served of it then."""

import gzip
import os
import random
import shutil
import signal
import stat
import urllib.parse

from harness import test
from http_client import Connection
from lab import wait_until
from test_site import Site, ask

SEED = int(os.environ.get("E2E_SEED", "1"))
ROUNDS = 20
GZIP_MAGIC = b"\x1f\x8b\x08"
NAMES = ("a", "b", "c.txt", "c.txt.gz", "d.html", "index.html", "index.htm", ".hidden",
         ".well-known", "x y", "x" * 200, "\u00fc", "\udcff")


class Changes:
    """Drawn ones. Those that cannot be made are left."""

    def __init__(self, root, seed):
        self.root = root
        self.random = random.Random(seed)
        self.kinds = (self.write, self.write, self.write, self.replace, self.append, self.touch,
                      self.remove, self.make_directory, self.make_directory, self.make_fifo,
                      self.link, self.link, self.link, self.link_hard, self.compress, self.move)

    def make(self):
        path = os.path.join(self.random.choice(self.directories()), self.random.choice(NAMES))
        try:
            self.random.choice(self.kinds)(path)
        except OSError:
            pass

    def directories(self):
        return [path for path, _, _ in os.walk(self.root)]

    def files(self):
        paths = [os.path.join(path, name) for path, _, names in os.walk(self.root)
                 for name in names]
        return [path for path in paths if stat.S_ISREG(os.lstat(path).st_mode)] or [self.root]

    def data(self):
        n = self.random.choice((0, 1, 500, 3000, 100_000))
        return self.random.choice((self.random.randbytes(n), b"text\n" * (n // 5)))

    def write(self, path):
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            return  # nobody reads from a FIFO, and links may lead out of the root
        with open(path, "wb") as file:
            file.write(self.data())

    def replace(self, path):
        spare = os.path.join(self.root, ".spare")
        self.write(spare)
        os.rename(spare, path)

    def append(self, _):
        with open(self.random.choice(self.files()), "ab") as file:
            file.write(b"more")

    def touch(self, _):
        time_s = self.random.choice((1, 1.5, 1_000_000_000.25))
        os.utime(self.random.choice(self.files()), (time_s, time_s))

    def remove(self, path):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)

    def make_directory(self, path):
        os.mkdir(path)

    def make_fifo(self, path):
        os.mkfifo(path)

    def link(self, path):
        inside = self.random.choice(self.directories() + self.files())
        target = os.path.relpath(inside, os.path.dirname(path))
        os.symlink(self.random.choice((target, target, "none", "..", "/etc/passwd")), path)

    def link_hard(self, path):
        os.link(self.random.choice(self.files()), path)

    def compress(self, _):
        path = self.random.choice(self.files())
        with open(path, "rb") as file:
            data = self.random.choice((gzip.compress(file.read()), b"", b"none", GZIP_MAGIC))
        with open(path + ".gz", "wb") as file:
            file.write(data)

    def move(self, path):
        old = self.random.choice(self.directories() + self.files())
        if old != self.root:
            os.rename(old, path)


def is_older(a, b):
    """Where one has no fraction of a second, seconds count."""
    times = a.st_mtime_ns, b.st_mtime_ns
    if any(ns % 1_000_000_000 == 0 for ns in times):
        times = tuple(ns // 1_000_000_000 for ns in times)
    return times[0] < times[1]


class Found:
    """What is in a directory as docs/content.md has it: {path: (status, body)} for clients that
    take no coding, and for those that take gzip."""

    def __init__(self, root):
        self.root = os.path.realpath(root)
        self.files, self.directories, self.left_out = {}, [], []
        self.look(root, "/", ())

    @staticmethod
    def is_loop(real, above):
        """A link to where it stands is none, once in a path."""
        return real in above and (real != above[-1] or len(set(above)) < len(above))

    def look(self, directory, url, above):
        above += (os.path.realpath(directory),)
        self.directories.append(url)
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            real = os.path.realpath(path)
            is_inside = real == self.root or real.startswith(self.root + "/")
            if (name.startswith(".") and name != ".well-known") or not is_inside:
                self.left_out.append(url + name)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    self.files[url + name] = file.read(), os.stat(path)
            elif os.path.isdir(path) and not self.is_loop(real, above):
                self.look(path, url + name + "/", above)
            else:
                self.left_out.append(url + name)

    def coded(self, url):
        plain, coded = self.files[url], self.files.get(url + ".gz")
        if not coded or is_older(coded[1], plain[1]) or len(coded[0]) <= len(GZIP_MAGIC) or \
                not coded[0].startswith(GZIP_MAGIC):
            return plain[0]
        return coded[0]

    def replies(self, coding):
        body = self.coded if coding == "gzip" else lambda url: self.files[url][0]
        found = {url: (200, body(url)) for url in self.files}
        for url in self.directories:
            index = next((url + name for name in ("index.html", "index.htm")
                          if url + name in self.files), None)
            found[url] = (200, body(index)) if index else (403, None)
            if url != "/":
                found[url[:-1]] = 301, None
        return found


def first_wrong(c, found, gone):
    """What is not served as it was found, or is though it was not; None: nothing."""
    for coding in ("identity", "gzip"):
        missing = [*gone, *found.left_out]
        expected = {**dict.fromkeys(missing, (404, None)), **found.replies(coding)}
        for url, (status, body) in expected.items():
            path = urllib.parse.quote_from_bytes(os.fsencode(url))
            r = ask(c, path, f"Accept-Encoding: {coding}")
            if r.status != status:
                return f"{path} is {r.status}, not {status}"
            if body is not None and r.body != body:
                return f"{path} for {coding}: {len(r.body)} bytes, not those {len(body)}"
    return None


def follow(t, *options, tell=lambda appliance: None):
    with Site() as site:
        changes, gone = Changes(site.root, SEED), {}
        appliance = t.start("--root", site.root, *options)
        with Connection(t) as c:
            for n in range(ROUNDS):
                for _ in range(changes.random.choice((1, 2, 10))):
                    changes.make()
                tell(appliance)
                found = Found(site.root)
                try:
                    wait_until(lambda found=found: not first_wrong(c, found, gone), 10, "")
                except AssertionError:
                    wrong = first_wrong(c, found, gone)
                    raise AssertionError(f"E2E_SEED={SEED}: in round {n} {wrong}") from None
                gone.update(dict.fromkeys(found.replies("identity")))
        appliance.stop()


@test(own=True, families=(4,), layouts=("fused",), within=120)
def a_tree_that_changes_is_watched(t):
    follow(t, "--watch")


@test(own=True, families=(4,), layouts=("fused",), within=120)
def a_tree_that_has_changed_is_reloaded(t):
    follow(t, tell=lambda appliance: appliance.process.send_signal(signal.SIGHUP))
