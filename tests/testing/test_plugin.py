"""The pytest plugin: backends, profiles, strictness, saved arrays. Each in a pytest of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest_plugins = ["pytester"]

one_test = """
def test_a_device(minigrad_device):
    assert minigrad_device.backend.name in ("numpy", "strict", "cupy")
"""


@pytest.fixture
def run(pytester: Any) -> Any:
    """Runs pytest, in this process, on a file with the given text."""

    def run(text: str, *options: str) -> Any:
        pytester.makepyfile(text)
        return pytester.runpytest_inprocess(
            "-p", "no:cacheprovider", "-p", "minigrad.testing.plugin", *options
        )

    return run


def test_a_test_runs_once_for_each_backend_that_is_named(run: Any) -> None:
    run(one_test, "--minigrad-backends=numpy,strict").assert_outcomes(passed=2)


def test_an_absent_backend_is_skipped_and_listed_and_fails_a_strict_run(run: Any) -> None:
    absent = (
        """
import minigrad as mg
mg.backends.register("nowhere", "no_such_package:load", install="pip install nowhere")
"""
        + one_test
    )
    options = ("--minigrad-backends=numpy,nowhere",)
    result = run(absent, *options)
    result.assert_outcomes(passed=1, skipped=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*minigrad: not tested*", "backend nowhere can't be used*"])
    assert run(absent, *options, "--minigrad-strict").ret == 1


def test_an_unknown_backend_or_none_is_an_error_that_names_it(run: Any) -> None:
    result = run(one_test, "--minigrad-backends=atlantis")
    assert result.ret != 0
    assert "there is no backend 'atlantis'" in result.stdout.str() + result.stderr.str()
    result = run(one_test, "--minigrad-backends=")
    assert "nothing would be tested" in result.stdout.str() + result.stderr.str()


def test_the_profile_sets_how_many_examples_are_tried(run: Any) -> None:
    text = """
from hypothesis import settings
def test_profile():
    assert settings.default.max_examples == 1000
"""
    from hypothesis import settings

    before = settings.get_current_profile_name()
    try:
        run(text, "--minigrad-profile=nightly").assert_outcomes(passed=1)
    finally:
        settings.load_profile(before)


def test_the_arrays_of_a_failure_are_saved(run: Any, tmp_path: Any) -> None:
    text = """
import numpy as np
from minigrad.extend import elementwise
from minigrad.testing import check_grads
wrong = elementwise("wrong_square", lambda xp, g, y, x: g * x, forward=lambda xp, x: x * x)
def test_wrong():
    check_grads(wrong, np.array([1.0, 2.0]))
"""
    run(text, f"--minigrad-save={tmp_path}").assert_outcomes(failed=1)
    (saved,) = tmp_path.glob("*.npz")
    with np.load(saved) as arrays:
        np.testing.assert_array_equal(arrays["argument 0"], [1.0, 2.0])


def test_what_was_not_checked_fails_a_strict_run_only(run: Any) -> None:
    text = """
from minigrad.testing.plugin import not_checked
def test_gap():
    not_checked("record of 'sine': no samples")
"""
    result = run(text)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["record of 'sine': no samples"])
    assert run(text, "--minigrad-strict").ret == 1
    assert run(text, "--minigrad-strict", "-n1").ret == 1
