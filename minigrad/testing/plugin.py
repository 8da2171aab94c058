"""The pytest plugin: which backends and oracles to test with, and how hard to look.

    pytest_plugins = ["minigrad.testing.plugin"]        # in conftest.py

    pytest --minigrad-backends=numpy,strict --minigrad-oracle=none --minigrad-profile=nightly

A test that takes the fixture `minigrad_device` runs once for each backend. What could not be tested
(a backend that this machine lacks, an oracle that is not installed, a record without samples) is
listed at the end of the run, and fails it under `--minigrad-strict`.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

__all__ = ["not_checked"]

DEFAULT_BACKENDS = "numpy,strict,cupy"
PROFILES = {"dev": 20, "ci": 20, "nightly": 1000}
"""How many examples Hypothesis tries, by profile. `ci` tries the same ones every time."""

_gaps: list[dict[str, None]] = []
"""What could not be tested, for each run of pytest in this process, the innermost last."""


def not_checked(what: str) -> None:
    """Report that something could not be tested; an error under `--minigrad-strict`."""
    if _gaps:
        _gaps[-1][what] = None


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of this plugin."""
    group = parser.getgroup("minigrad", "derivatives on array backends")
    group.addoption(
        "--minigrad-backends",
        default=DEFAULT_BACKENDS,
        metavar="NAMES",
        help=f"backends that the fixture minigrad_device runs through (default {DEFAULT_BACKENDS})",
    )
    group.addoption(
        "--minigrad-oracle",
        default="torch",
        choices=["torch", "none"],
        help="the implementation to compare with (default torch, skipped where not installed)",
    )
    group.addoption(
        "--minigrad-profile",
        choices=sorted(PROFILES),
        help="how many examples Hypothesis tries: the profile that the suite sets, unless given",
    )
    group.addoption(
        "--minigrad-strict",
        action="store_true",
        help="fail if anything could not be tested: an absent backend or oracle, an empty record",
    )
    group.addoption(
        "--minigrad-save",
        metavar="FOLDER",
        help="save the arrays of a failing check as FOLDER/TEST.npz",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the Hypothesis profile that the command line asks for; check the names of backends."""
    _gaps.append({})
    config.addinivalue_line(
        "markers", "minigrad_oracle(name): compares with another implementation"
    )
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(Distributed(), "minigrad-distributed")
    name = config.getoption("--minigrad-profile")
    if name is not None:
        load_profile(name)
    if not backends(config):
        raise pytest.UsageError("--minigrad-backends: no backend, so nothing would be tested")


def pytest_unconfigure() -> None:
    """Forget what this run could not test."""
    _gaps.pop()


def backends(config: pytest.Config) -> list[str]:
    """The names of the backends to test with."""
    return [name for name in config.getoption("--minigrad-backends").split(",") if name]


def load_profile(name: str) -> None:
    """Make `dev`, `ci` or `nightly` the Hypothesis profile.

    No deadlines: how long an example takes says more about the machine than about the code.
    """
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        f"minigrad-{name}",
        max_examples=PROFILES[name],
        derandomize=name == "ci",
        print_blob=name == "nightly",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile(f"minigrad-{name}")


# --- the oracle to compare with ------------------------------------------------------------------


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests of an oracle that is not installed, or not wanted, and list it."""
    for name in {mark.args[0] for item in items for mark in item.iter_markers("minigrad_oracle")}:
        reason = ""
        if config.getoption("--minigrad-oracle") == "none":
            reason = f"oracle {name}: --minigrad-oracle=none"
        elif find_spec(name) is None:
            reason = f"oracle {name} is not installed"
        if not reason:
            continue
        not_checked(reason)
        for item in items:
            if any(mark.args[0] == name for mark in item.iter_markers("minigrad_oracle")):
                # Not in silence: `not_checked` lists it, and --minigrad-strict makes it an error.
                item.add_marker(pytest.mark.skip(reason=reason))


# --- the backends to test with -------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `minigrad_device` once for every backend; skip absent ones."""
    if "minigrad_device" not in metafunc.fixturenames:
        return
    import minigrad as mg

    statuses = {status.name: status for status in mg.backends.status()}
    found = []
    for name in backends(metafunc.config):
        if name not in statuses:
            raise pytest.UsageError(
                f"--minigrad-backends: there is no backend {name!r}; known are {[*statuses]}"
            )
        status = statuses[name]
        reason = f"backend {name} can't be used: {status.reason}"
        if not status.usable:
            not_checked(reason)
        device = status.devices[0] if status.usable else name
        marks = pytest.mark.skipif(not status.usable, reason=reason)
        found.append(pytest.param(device, marks=marks, id=name))
    metafunc.parametrize("minigrad_device", found, indirect=True, scope="session")


# For the whole session, since Hypothesis refuses fixtures that change from test to test.
@pytest.fixture(scope="session")
def minigrad_device(request: pytest.FixtureRequest) -> Any:
    """The default device of every backend in turn, as `--minigrad-backends` lists them."""
    from minigrad.backends import device

    return device(request.param)


# --- what a failure leaves behind ----------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Save the arrays of a failing check, where the command line names a folder."""
    report = yield
    folder = item.config.getoption("--minigrad-save")
    arrays = getattr(call.excinfo.value, "arrays", None) if call.excinfo is not None else None
    if folder and arrays:
        import numpy as np

        name = re.sub(r"[^\w.-]+", "_", item.nodeid)
        path = Path(folder) / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)
        report.sections.append(("minigrad", f"the arrays are in {path}"))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what could not be tested."""
    if _gaps[-1]:
        terminalreporter.section("minigrad: not tested")
        for gap in _gaps[-1]:
            terminalreporter.line(gap)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for what could not be tested, if the command line wants that."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:  # a worker of pytest-xdist hands its list to the main process
        output["minigrad_gaps"] = [*_gaps[-1]]
    elif _gaps[-1] and session.config.getoption("--minigrad-strict") and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class Distributed:
    """Hooks of pytest-xdist, where it is installed."""

    @staticmethod
    def pytest_testnodedown(node: Any, error: Any) -> None:
        """Take the list of a worker that has finished."""
        for gap in getattr(node, "workeroutput", {}).get("minigrad_gaps", ()):
            not_checked(gap)
