"""Documentation that runs: every Python block of README.md and docs/, as a reader would run it.

The blocks of one file run in order, in one fresh interpreter and one namespace. A block of ```text
right below one of ```python is what that one prints, but for blanks and a number's last digits.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

root = Path(__file__).parents[2]
documents = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]

# Runs blocks given as [[line, text], …] on its standard input; writes what each printed as JSON.
runner = """
import contextlib, io, json, sys
namespace = {"__name__": "__main__"}
outputs = []
for line, text in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile("\\n" * line + text, sys.argv[1], "exec"), namespace)
    outputs.append(output.getvalue())
print(json.dumps(outputs))
"""


class Block(NamedTuple):
    line: int
    language: str
    text: str
    above: str
    """What stands between the block before and this one."""


def blocks_of(markdown: str) -> list[Block]:
    found, end = [], 0
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL):
        line = markdown.count("\n", 0, match.start()) + 1
        found.append(Block(line, match[1], match[2], markdown[end : match.start()]))
        end = match.end()
    return found


number = re.compile(r"(-?\d+\.\d*(?:e[+-]\d+)?)")


def agree(printed: str, shown: str) -> bool:
    """Whether the texts are equal, but for blanks, and what another processor rounds otherwise."""
    one, two = (number.split("".join(text.split())) for text in (printed, shown))
    values = [[float(part) for part in parts[1::2]] for parts in (one, two)]
    return one[::2] == two[::2] and values[0] == pytest.approx(values[1], rel=1e-5, abs=1.5e-4)


def quick_start() -> list[str]:
    section = re.search(r"^## Quick start$(.*?)^## ", (root / "README.md").read_text(), re.M | re.S)
    assert section, "README.md has no section Quick start"
    return [block.text for block in blocks_of(section[1]) if block.language == "sh"]


@pytest.mark.parametrize("path", documents, ids=lambda path: str(path.relative_to(root)))
def test_every_python_block_runs_and_prints_what_stands_below_it(path: Path) -> None:
    blocks = blocks_of(path.read_text())
    programs = [block for block in blocks if block.language == "python"]
    result = subprocess.run(
        [sys.executable, "-c", runner, str(path)],
        input=json.dumps([(block.line, block.text) for block in programs]),
        capture_output=True,
        text=True,
        cwd=root,
    )
    assert result.returncode == 0, result.stderr
    printed = dict(zip(programs, json.loads(result.stdout), strict=True))
    for program, below in pairwise(blocks):
        shown = below.language == "text" and not below.above.strip()
        if program.language == "python" and shown and not agree(printed[program], below.text):
            assert printed[program] == below.text, f"{path.name}, line {program.line}"


def test_the_quick_start_begins_with_the_main_job_and_the_tests() -> None:
    train, test = quick_start()[:2]
    assert "minigrad train" in train
    assert "pytest" in test
    assert all("python3 -m venv" in block and "pip install" in block for block in (train, test))


def test_continuous_integration_reads_the_same_blocks() -> None:
    script = (root / ".ci" / "run").read_text()
    function = re.search(r"^block\(\) \{.*?^\}", script, re.M | re.S)
    assert function, ".ci/run has no function block"
    for n, expected in enumerate(quick_start()[:2], start=1):
        read = subprocess.run(
            ["bash", "-c", f"{function[0]}\nblock {n}"],
            capture_output=True,
            text=True,
            cwd=root,
            check=True,
        )
        assert read.stdout == expected
