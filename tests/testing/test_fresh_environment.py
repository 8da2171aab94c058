"""The kit in a virtual environment of its own, with what the package says it needs and no more.

Installing takes a while and the network, so this is tried by

    pytest tests/testing/test_fresh_environment.py --minigrad-profile=nightly
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

root = Path(__file__).parents[2]
example = root / "docs" / "examples" / "their-operations"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def run(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs the Python of the new environment, in an empty folder."""
    if pytestconfig.getoption("--minigrad-profile") != "nightly":
        pytest.skip("installs packages; run with --minigrad-profile=nightly")
    folder = tmp_path_factory.mktemp("fresh")
    python = folder / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
    theirs = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "SCIPY_ARRAY_API", "CI"}
    environment = {name: text for name, text in os.environ.items() if name not in theirs}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python), *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    subprocess.run([sys.executable, "-m", "venv", str(folder / "environment")], check=True)
    done = run("-m", "pip", "install", "--quiet", f"{root}[testing]", f"{example}[test]")
    assert done.returncode == 0, done.stdout + done.stderr
    return run


def test_the_kit_needs_hypothesis_and_pytest_only(run: Run) -> None:
    installed = {line.partition("==")[0] for line in run("-m", "pip", "freeze").stdout.splitlines()}
    assert not installed & {"array-api-strict", "jax", "mpmath", "scipy", "torch"}
    names = [f.relative_to(root) for f in (root / "minigrad" / "testing").rglob("*.py")]
    modules = {".".join(n.with_suffix("").parts).removesuffix(".__init__") for n in names}
    modules.discard("minigrad.testing.mutation.__main__")
    program = "".join(f"import {m}\n" for m in sorted(modules))
    done = run("-c", program)
    assert done.returncode == 0, done.stderr


def test_the_wrong_rule_is_caught_by_a_message_that_names_it_and_the_gaps_are_listed(
    run: Run,
) -> None:
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(example))
    failed = re.findall(r"^FAILED \S+::(\w+)::(\w+)", done.stdout, re.MULTILINE)
    assert failed == [("TestSwish", "test_gradient_equals_finite_differences")], done.stdout
    for text in (
        "swish, order 1, reverse mode: the gradient of input 0 is wrong",
        "by finite differences, good to",
        "Jacobian of output 0 by input 0, minigrad:",
        "reproduce: check_grads(swish, *args, order=1), at",
        "oracle torch is not installed",
        "backend strict can't be used",
    ):
        assert text in done.stdout


def test_a_strict_run_fails_for_what_could_not_be_tried(run: Run) -> None:
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", str(example), "-k", "softsign")
    assert run(*options).returncode == 0
    assert run(*options, "--minigrad-strict").returncode == 1


def test_a_backend_is_graded_and_what_needs_array_api_strict_is_said_not_to_be_tested(
    run: Run,
) -> None:
    program = (
        "from minigrad.testing.conformance import BackendConformance\n"
        "from minigrad.testing.records import everything\n"
        "print(BackendConformance('numpy', records=everything[:3]).run())\n"
    )
    done = run("-c", program)
    assert "names: 1 not tested" in done.stdout, done.stdout + done.stderr
    assert "rules: 3 pass" in done.stdout
