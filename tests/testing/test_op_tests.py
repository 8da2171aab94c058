"""Records make the whole suite of tests, for operations of another package too."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

import minigrad as mg
import minigrad.testing
from minigrad.testing import op_tests
from minigrad.testing.records import everything

pytest_plugins = ["pytester"]

root = Path(__file__).parents[2]
example = root / "docs" / "examples" / "their-operations"
(sine,) = [record for record in everything if record.name == "sin"]


def names_in(records: Any) -> set[str]:
    return {name for name in vars(op_tests(records)) if name.startswith("test_")}


def test_a_record_drives_every_test_that_applies_to_it() -> None:
    names = names_in([sine])
    for part in ("value", "gradient", "second_gradient", "float32", "memory", "bad_call"):
        assert any(part in name for name in names), part
    without_oracle = names_in([replace(sine, oracle=None)])
    assert {n for n in names - without_oracle if "pytorch" in n} == names - without_oracle
    assert not any("gradient" in n for n in names_in([replace(sine, constant=True)]))


def test_a_name_that_the_kit_does_not_have_is_an_error() -> None:
    with pytest.raises(AttributeError, match=r"'minigrad\.testing' has no attribute 'check_all'"):
        _ = minigrad.testing.check_all


def test_records_of_nothing_and_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="no records"):
        op_tests([])
    with pytest.raises(ValueError, match=r"more than one record of \['sin'\]"):
        op_tests([sine, sine])


def test_a_record_that_draws_nothing_does_not_pass() -> None:
    empty = replace(sine, cases=lambda sides: st.nothing())
    suite = op_tests([empty])()
    with pytest.raises(Exception, match="Unable to satisfy"):
        suite.test_value_does_not_depend_on_the_layout_in_memory(empty, "cpu")


def test_a_value_that_differs_from_the_oracles_is_judged_by_the_reference() -> None:
    wrong = replace(sine, call=lambda x: mg.sin(x) * 1.001)
    ours = op_tests([wrong])()
    with pytest.raises(AssertionError, match=r"against PyTorch(.|\n)*wrong is ours: ours is off"):
        ours.test_value_equals_pytorchs(wrong, "cpu")
    misled = replace(sine, oracle=lambda t, x: t.sin(x) * 1.001)
    theirs = op_tests([misled])()
    with pytest.raises(AssertionError, match="wrong is the oracle: ours is off by 0"):
        theirs.test_value_equals_pytorchs(misled, "cpu")


def test_the_wrong_rule_of_another_package_is_caught_and_the_right_one_passes(
    tmp_path: Path,
) -> None:
    """docs/examples/their-operations: softsign is right, swish forgets a term."""
    install = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "pip", *install, str(example)], check=True)
    paths = [str(tmp_path), str(root), os.environ.get("PYTHONPATH", "")]
    options = ["-q", "-p", "no:cacheprovider", "--minigrad-backends=numpy,strict", "--rootdir=."]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(example)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    failed = set(re.findall(r"^FAILED \S+::(\w+)::(\w+)", done.stdout, re.MULTILINE))
    assert failed, done.stdout + done.stderr
    assert {suite for suite, _ in failed} == {"TestSwish"}
    assert ("TestSwish", "test_gradient_equals_finite_differences") in failed
    assert ("TestSwish", "test_gradient_equals_pytorchs") in failed
    assert "swish: gradient of input 0 against PyTorch" in done.stdout
    assert re.search(r"\d+ failed, \d+ passed", done.stdout)


def test_without_the_oracle_its_tests_are_skipped_and_listed(pytester: Any) -> None:
    pytester.makepyfile(
        "from minigrad.testing import op_tests\n"
        "from minigrad.testing.records import everything\n"
        "TestSine = op_tests([r for r in everything if r.name == 'sin'])\n"
    )
    options = ("-p", "minigrad.testing.plugin", "-p", "no:cacheprovider")
    more = ("--minigrad-oracle=none", "--minigrad-backends=numpy")
    result = pytester.runpytest_inprocess(*options, *more)
    assert result.parseoutcomes()["skipped"] == 3
    result.stdout.fnmatch_lines(["oracle torch: --minigrad-oracle=none"])
    assert pytester.runpytest_inprocess(*options, *more, "--minigrad-strict").ret == 1


def test_without_the_package_of_a_reference_its_tests_are_skipped_and_listed(pytester: Any) -> None:
    pytester.makepyfile(
        "from dataclasses import replace\n"
        "from minigrad.testing import op_tests\n"
        "from minigrad.testing.records import everything\n"
        "def absent(x):\n"
        "    import no_such_package\n"
        "(sine,) = [r for r in everything if r.name == 'sin']\n"
        "TestSine = op_tests([replace(sine, reference=absent)])\n"
    )
    options = ("-p", "minigrad.testing.plugin", "-p", "no:cacheprovider")
    more = ("--minigrad-backends=numpy",)
    result = pytester.runpytest_inprocess(*options, *more)
    assert result.parseoutcomes()["skipped"] == 2
    result.stdout.fnmatch_lines(["the reference of sin: No module named 'no_such_package'"])
    assert pytester.runpytest_inprocess(*options, *more, "--minigrad-strict").ret == 1


def test_a_value_that_differs_from_the_oracles_fails_without_a_reference_too() -> None:
    def absent(x: Any) -> Any:
        raise ImportError("no such package")

    wrong = replace(sine, call=lambda x: mg.sin(x) * 1.001, reference=absent)
    with pytest.raises(AssertionError, match="nothing decides: no such package"):
        op_tests([wrong])().test_value_equals_pytorchs(wrong, "cpu")
