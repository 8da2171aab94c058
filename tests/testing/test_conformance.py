"""The conformance suite passes good backends, names what is wrong with others, and says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.backends import Backend, get
from minigrad.backends.kernels import ArrayFunction, all_array_functions
from minigrad.backends.strict import StrictBackend
from minigrad.testing.conformance import BackendConformance, Finding, Report
from minigrad.testing.records import everything

root = Path(__file__).parents[2]
some = [r for r in everything if r.name in ("exp", "matmul", "sum", "take")]


def glass(name: str, **words: Any) -> Backend:
    """array-api-strict under another name, with some words of its own."""
    import array_api_strict

    return StrictBackend(name, array_api_strict, words=words)


@pytest.fixture
def registered() -> Any:
    """Registers a backend for a test."""
    before = dict(mg.backends._entries), dict(mg.backends._by_type)

    def register(backend: Backend) -> str:
        mg.backends.register(backend.name, lambda: backend, module="array_api_strict")
        mg.backends._entries.pop("strict", None)
        return backend.name

    yield register
    for kept, table in zip(before, (mg.backends._entries, mg.backends._by_type), strict=True):
        table.clear()
        table.update(kept)
    mg.backends._loaded.pop("glass", None)


def found(report: Report, section: str, item: str) -> Finding:
    (one,) = [f for f in report.findings if (f.section, f.item) == (section, item)]
    return one


@pytest.mark.parametrize("name", ["numpy", "strict"])
def test_a_good_backend_passes_every_section(name: str) -> None:
    report = BackendConformance(name, records=some).run()
    assert report.passed, str(report)
    assert not report.of("fails")
    sections = {f.section for f in report.of("passes")}
    conversions = set() if name == "numpy" else {"conversions"}
    assert sections == {"names", "dtypes", "devices", "rules", "training"} | conversions
    if name == "strict":
        assert found(report, "devices", "strict:device2").outcome == "passes"


@pytest.mark.parametrize("name", ["numpy", "strict"])
def test_the_page_of_reports_says_what_a_run_says_now(name: str) -> None:
    """Every record is tried, so that the count of passes is that of the records."""
    report = BackendConformance(name, examples=1).run()
    assert report.passed, str(report)
    assert len([f for f in report.findings if f.section == "rules"]) == len(everything)
    page = (root / "docs" / "conformance.md").read_text()
    section = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
    for line in str(report).splitlines()[1:]:
        assert line in section, f"{line!r}: run python -m tests.testing.conformance_page"


def test_a_wrong_function_fails_its_rules_with_the_reason(registered: Any) -> None:
    import array_api_strict as xp

    wrong = glass("glass", exp=lambda x: xp.exp(x) * 1.001)
    report = BackendConformance(registered(wrong), records=some).run()
    assert not report.passed
    assert found(report, "rules", "exp").outcome == "fails"
    assert "value: allowed" in found(report, "rules", "exp").detail
    assert found(report, "rules", "matmul").outcome == "passes"
    assert "exp fails: DifferenceError: value" in str(report)


def test_a_hidden_copy_to_the_host_is_counted(registered: Any) -> None:
    import array_api_strict as xp

    by_way_of_numpy = lambda x: xp.asarray(np.exp(np.asarray(x)))
    report = BackendConformance(registered(glass("glass", exp=by_way_of_numpy)), records=some).run()
    assert found(report, "rules", "exp").outcome == "passes"
    assert found(report, "conversions", "exp").outcome == "fails"
    assert "the forward converts: asarray 1 times" in found(report, "conversions", "exp").detail


def test_conversions_that_cannot_be_seen_are_said_not_to_be_tested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    suite = BackendConformance("strict", records=some)
    assert {f.outcome for f in suite.conversions()} == {"passes"}
    monkeypatch.setattr("minigrad.testing.conformance.suite.can_be_seen", lambda backend: False)
    (finding,) = suite.conversions()
    assert finding.outcome == "was not tested"
    assert "can't be seen" in finding.detail


def test_arrays_that_mix_with_numpys_in_silence_fail_their_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    suite = BackendConformance("strict", records=some)
    monkeypatch.setattr(mg.Tensor, "__add__", lambda self, other: self)
    finding, *_ = suite.devices()
    assert finding.outcome == "fails"
    assert "it mixes with NumPy in one operation, without an error" in finding.detail


def test_a_kernel_that_differs_from_its_definition_fails(
    registered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = registered(glass("glass"))
    xp = get(name).xp
    record = next(r for r in everything if r.name == "softplus")
    assert record.primitive is not None
    forward, rule = record.primitive.array_function(), record.primitive.array_function(0)
    for part in (forward, rule):
        monkeypatch.setattr(part, "kernels", {})
    suite = BackendConformance(name, records=[record])
    assert [f for f in suite.kernels() if f.item in ("softplus", rule.name)] == []

    forward.register(name, lambda x: forward.definition(xp, x))
    assert [f.outcome for f in suite.kernels()] == ["passes"]
    rule.register(name, lambda g, y, x: 2 * rule.definition(xp, g, y, x))
    (finding,) = suite.kernels()
    assert finding.outcome == "fails"
    assert "gradient of input 0" in finding.detail

    rule.register(name, lambda g, y, x: NotImplemented)
    rule.kernels[name] = rule.kernels[name][:1]
    (finding,) = suite.kernels()
    assert (finding.outcome, finding.detail) == (
        "was not tested",
        "none of the calls was taken by the kernels of softplus: rule 0",
    )


def test_a_kernel_that_no_record_calls_is_said_not_to_be_tested(registered: Any) -> None:
    name = registered(glass("glass"))
    function = ArrayFunction("nothing", lambda xp, x: x)
    function.register(name, lambda x: x)
    try:
        findings = list(BackendConformance(name, records=some).kernels())
    finally:
        all_array_functions.remove(function)
    assert [(f.item, f.outcome) for f in findings] == [("nothing", "was not tested")]


def test_missing_names_and_dtypes_are_listed_and_fail_nothing(registered: Any) -> None:
    backend = glass("glass")
    del backend.xp.atan2
    del backend.dtypes["complex64"]
    report = BackendConformance(registered(backend), records=some).run()
    assert found(report, "names", "atan2").outcome == "is missing"
    assert found(report, "dtypes", "complex64").outcome == "was not tested"
    assert report.passed, str(report)


def test_the_report_is_json_too() -> None:
    report = BackendConformance("numpy", records=some[:1]).run()
    content = json.loads(report.json())
    assert content["backend"] == "numpy"
    assert content["library"] == f"numpy {np.__version__}"
    assert content["passed"] is True
    assert {"section", "item", "outcome", "detail"} == set(content["findings"][0])


def test_a_check_of_nothing_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="no records"):
        BackendConformance("numpy", records=[])
    with pytest.raises(ValueError, match="unknown backend 'atlantis'"):
        BackendConformance("atlantis", records=some)
    assert not Report("nothing", "").passed


def test_a_backend_given_as_a_function_of_a_package_is_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registered: Any
) -> None:
    (tmp_path / "their_arrays.py").write_text(
        "import array_api_strict\n"
        "from minigrad.backends import Backend\n"
        "def load():\n"
        "    return Backend('glass', array_api_strict)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert BackendConformance("their_arrays:load", records=some[:1]).backend.name == "glass"


# --- a library that nobody here wrote, plugged in from outside -----------------------------------

program = """
import minigrad as mg
from minigrad.testing.conformance import BackendConformance
from minigrad.testing.records import everything
assert "jax" in mg.backends.available()
x = mg.tensor([1.0, 2.0], device="jax", requires_grad=True)
mg.sum(mg.exp(x)).backward()
assert type(x.grad.data).__module__.startswith("jaxlib")
wanted = ("exp", "take", "index_set", "batch_norm in training")
records = [r for r in everything if r.name in wanted]
report = BackendConformance("jax", records=records, examples=1).run()
print(report)
assert report.passed
"""


def test_a_package_from_outside_brings_jax_and_trains_a_net(tmp_path: Path) -> None:
    """docs/examples/minigrad-jax is installed, found by its entry point, and graded."""
    pytest.importorskip("jax", reason="JAX, a third party's arrays, is not installed")
    example = root / "docs" / "examples" / "minigrad-jax"
    lines = (example / "minigrad_jax.py").read_text().splitlines()
    assert len(lines) <= 60
    install = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "pip", *install, str(example)], check=True)
    paths = [str(tmp_path), str(root), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "training: 1 pass" in done.stdout
