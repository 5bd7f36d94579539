# SPDX-License-Identifier: BSD-2-Clause
"""The configurations for dperf, against what its parser takes."""

import glob
import ipaddress
import os
import re
import unittest

import doubles

DPERF = os.path.join(doubles.TREE, "perf", "dperf")
NAME_CHARACTERS = len("0000:01:00.0")  # of a port
PORTS = 65535
RETRANSMIT_SECONDS = 2


def matching(pattern):
    return lambda words: len(words) == 1 and re.fullmatch(pattern, words[0])


def number(low, high):
    return lambda words: len(words) == 1 and words[0].isdigit() and low <= int(words[0]) <= high


def is_address(word):
    try:
        return bool(ipaddress.ip_address(word))
    except ValueError:
        return False


def is_port(words):
    return len(words) == 3 and len(words[0]) == NAME_CHARACTERS and all(map(is_address, words[1:]))


def is_range(words):
    return len(words) == 2 and is_address(words[0]) and words[1].isdigit()


NUMBER = matching(r"[0-9]+(\.[0-9]+)?[kKmM]?")
KEYWORDS = {
    "mode": matching("client"),
    "protocol": matching("tcp|http"),
    "duration": matching(r"[0-9.]+[smhd]?"),
    "slow_start": number(10, 600),
    "cpu": matching("[0-9]+"),
    "socket_mem": matching("[0-9]+(,[0-9]+)*"),
    "port": is_port,
    "client": is_range,
    "server": is_range,
    "listen": lambda words: len(words) == 2 and all(map(str.isdigit, words)),
    "cc": NUMBER,
    "cps": NUMBER,
    "keepalive": matching("[0-9]+(us|ms|s)"),
    "launch_num": number(1, 1000),
    "tx_burst": number(1, 1024),
}


def parsed(path):
    """Each keyword with its words; one line each, though dperf takes several of some."""
    settings = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, *words = line.split() or ["#"]
            if name.startswith("#"):
                continue
            if name not in KEYWORDS or name in settings or not KEYWORDS[name](words):
                raise ValueError(f"{path}: {line}")
            settings[name] = words
    return settings


def addresses(words):
    first, n = ipaddress.ip_address(words[0]), int(words[1])
    return {first + i for i in range(n)}


class Configurations(unittest.TestCase):
    def each(self):
        paths = glob.glob(os.path.join(DPERF, "*.conf"))
        self.assertEqual(len(paths), 2)
        return [parsed(path) for path in paths]

    def test_its_checks(self):
        for settings in self.each():
            local, gateway = map(ipaddress.ip_address, settings["port"][1:])
            clients, servers = addresses(settings["client"]), addresses(settings["server"])
            self.assertEqual(settings["listen"], ["80", "1"])
            self.assertIn("keepalive", settings)  # cc wants it
            n_sockets = len(clients) * int(settings["listen"][1]) * PORTS
            self.assertLessEqual(int(settings["cc"][0]), n_sockets)
            self.assertLessEqual(int(settings["cps"][0]) * RETRANSMIT_SECONDS, n_sockets)
            self.assertEqual(len(servers), 1)  # for each core one
            self.assertEqual({local, gateway} & clients, set())
            self.assertFalse(clients & servers)
            self.assertNotIn(local, servers)

    def test_ringside_is_the_gateway(self):
        for settings in self.each():
            self.assertEqual(settings["port"][2], settings["server"][0])

    def test_refusals(self):
        for line in ("port net_memif0 10.0.0.1 10.0.0.2", "keepalive 1", "slow_start 9", "rate 3"):
            with self.subTest(line):
                name, *words = line.split()
                self.assertFalse(name in KEYWORDS and KEYWORDS[name](words))


if __name__ == "__main__":
    unittest.main()
