# SPDX-License-Identifier: BSD-2-Clause
"""Does scripts/lint find what it is there to find? Each case is a small tree with one fault."""

import os
import subprocess
import tempfile
import unittest

LINT = os.path.join(os.path.dirname(__file__), "..", "..", "scripts", "lint")
C_HEAD = "/* SPDX-License-Identifier: BSD-2-Clause */\n"
SHELL_HEAD = "#!/bin/bash\n# SPDX-License-Identifier: BSD-2-Clause\n"

SOUND = {
    "lib/base/bytes.h": C_HEAD + "#include <stdint.h>\n",
    "lib/wire/pkt.h": C_HEAD + '#include "base/bytes.h"\n',
    "lib/tcp/tcp.h": C_HEAD + '#include "wire/pkt.h"\nvoid rs_tcp_input(void);\n',
    "lib/http/http.h": C_HEAD + '#include "base/bytes.h"\n',
    "lib/io/port.h": C_HEAD + "#include <rte_ethdev.h>\n",
    "app/main.c": C_HEAD + '#include "tcp/tcp.h"\n#include "main.h"\n',
    "app/main.h": C_HEAD,
    "scripts/run": SHELL_HEAD + "echo one\n",
    "README.md": "See [the tour](docs/tour.md#top) and `lib/tcp/tcp.h`.\n",
    "docs/tour.md": "First `rs_tcp_input()` comes.\n",
}


class Lint(unittest.TestCase):
    def lint(self, changes):
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**SOUND, **changes}.items():
                path = os.path.join(root, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            done = subprocess.run(
                [LINT, "--tree", root], capture_output=True, text=True, check=False, timeout=60
            )
            return done.returncode, done.stdout

    def finds(self, path, text, expected):
        status, output = self.lint({path: text})
        self.assertIn(expected, output)
        self.assertEqual(len(output.splitlines()), 1, output)
        self.assertEqual(status, 1)

    def test_a_sound_tree_passes(self):
        self.assertEqual(self.lint({}), (0, ""))

    def test_an_include_upward(self):
        self.finds(
            "lib/wire/pkt.h",
            C_HEAD + '#include "tcp/tcp.h"\n',
            "lib/wire/pkt.h:2: wire may not include tcp",
        )

    def test_http_knows_no_tcp(self):
        self.finds(
            "lib/http/http.h",
            C_HEAD + '\n#include "tcp/tcp.h"\n',
            "lib/http/http.h:3: http may not include tcp",
        )

    def test_dpdk_in_a_pure_library(self):
        self.finds(
            "lib/tcp/timer.c",
            C_HEAD + "#include <rte_cycles.h>\n",
            "lib/tcp/timer.c:2: tcp is free of DPDK",
        )

    def test_a_library_includes_the_application(self):
        self.finds("lib/io/port.h", C_HEAD + '#include "app/main.h"\n', "lib/io/port.h:2: ")

    def test_a_path_round_the_layers(self):
        self.finds(
            "lib/base/bytes.h", C_HEAD + '#include "../tcp/tcp.h"\n', "lib/base/bytes.h:2: "
        )

    def test_an_option_that_is_none(self):
        changes = {
            "app/options.def": C_HEAD + 'OPTION("ip", "ADDR/LEN", NULL, 0, parse_ip, "Ours.")\n',
            "docs/tour.md": "`--ip 192.0.2.1/24`, not `--address`; `curl --head` is curl's.\n",
        }
        status, output = self.lint(changes)
        self.assertEqual(output, "docs/tour.md:1: there is no option --address\n")
        self.assertEqual(status, 1)

    def test_a_command_that_is_none(self):
        self.finds("docs/tour.md", "Type `scripts/go --now`.\n", "there is no scripts/go")

    def test_a_folder_without_a_layer(self):
        self.finds("lib/misc/misc.h", C_HEAD, "lib/misc/misc.h:1: misc has no place")

    def test_a_missing_licence(self):
        self.finds("lib/tcp/timer.c", "\n" + C_HEAD, "lib/tcp/timer.c:1: starts without SPDX")

    def test_whitespace(self):
        self.finds("app/main.h", C_HEAD + "\nint x; \n", "app/main.h:3: whitespace")

    def test_a_program_without_a_suffix(self):
        """Wherever it stands."""
        head = "#!/usr/bin/python3\n# SPDX-License-Identifier: BSD-2-Clause\n"
        for path in ("perf/count", "tests/rig/run"):
            self.finds(path, "#!/usr/bin/python3\nn = 1\n", f"{path}:2: starts without SPDX")
            self.finds(path, head + "n = 1" + 100 * "0" + "\n", f"{path}:3: longer than 100")

    def test_layout(self):
        status, output = self.lint(
            {".clang-format": "BasedOnStyle: LLVM\n", "app/main.h": C_HEAD + "int  x;\n"}
        )
        self.assertIn("app/main.h:2: 1 lines not laid out", output)
        self.assertEqual(status, 1)

    def test_left_overs(self):
        self.finds("app/main.h", C_HEAD + "/* FIX" "ME */\n", "app/main.h:2: FIX" "ME")

    def test_a_link_to_nowhere(self):
        self.finds("README.md", "\n[it](docs/no.md)\n", "README.md:2: the link docs/no.md")

    def test_a_function_that_is_gone(self):
        self.finds("docs/tour.md", "`rs_tcp_out()`\n", "docs/tour.md:1: there is no rs_tcp_out")

    def test_a_file_that_is_gone(self):
        self.finds("docs/tour.md", "`lib/tcp/in.c`\n", "docs/tour.md:1: there is no lib/tcp/in.c")

    def test_a_script_that_does_not_parse(self):
        status, output = self.lint({"scripts/run": SHELL_HEAD + "if true; then\n"})
        self.assertIn("scripts/run:", output)
        self.assertEqual(status, 1)

    def test_a_python_file_that_does_not_parse(self):
        self.finds("tests/a.py", "# " + C_HEAD[3:] + "def (\n", "tests/a.py:2: invalid syntax")


if __name__ == "__main__":
    unittest.main()
