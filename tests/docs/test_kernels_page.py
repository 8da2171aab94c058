"""The page of kernels lists those that there are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

page = Path(__file__).parents[2] / "docs" / "kernels.md"
# In a process of its own: other tests register kernels, too.
code = """
import minigrad_bn
from minigrad import nn, optim
from minigrad.cli.list_backends import kernels_of
for name, kernel in kernels_of("numpy"):
    print(name, kernel.written_in, kernel.least, sep="|")
"""


def test_the_table_lists_every_kernel_its_library_and_its_least_size() -> None:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    registered: dict[str, list[tuple[str, str]]] = {}
    for line in result.stdout.splitlines():
        name, library, least = line.split("|")
        registered.setdefault(name, []).append((library, least))
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", page.read_text(), re.MULTILINE)
    assert [name for name, *_ in rows] == sorted(registered)
    for name, libraries, sizes in rows:
        kernels = registered[name]
        assert libraries.split(", ") == [library for library, _ in kernels], name
        found = [least for _, least in kernels]
        assert sizes.split(", ") == (found if len(set(found)) > 1 else found[:1]), name
