"""What every test may use: devices, Hypothesis profiles, and a watch over global state."""

from __future__ import annotations

import os
from collections.abc import Iterator

# Read by the libraries when they are loaded. The arrays here are so small that threads only wait
# for one another, and tests that run side by side would fight over the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# SciPy takes arrays of other libraries if this is set.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import pytest

import minigrad as mg
from minigrad.autograd.modes import updating
from minigrad.backends.device import default_device, set_default_device
from minigrad.tensor import recording

pytest_plugins = ["minigrad.testing.plugin"]


def pytest_configure(config: pytest.Config) -> None:
    """Continuous integration tries the same examples every time, `nightly` many others."""
    from minigrad.testing.plugin import load_profile

    if config.getoption("--minigrad-profile") is None:
        wanted = os.environ.get("HYPOTHESIS_PROFILE")
        load_profile(wanted or ("ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(scope="session")
def device(minigrad_device: mg.Device) -> mg.Device:
    """Every device in turn: NumPy's, that of array-api-strict, and the first GPU."""
    return minigrad_device


@pytest.fixture(autouse=True)
def global_state_stays() -> Iterator[None]:
    """Fail the test that leaves global state changed, and put it back for the others."""
    before = mg.get_default_dtype(), default_device(), recording.get(), updating.get()
    yield
    after = mg.get_default_dtype(), default_device(), recording.get(), updating.get()
    mg.set_default_dtype(before[0])
    set_default_device(before[1])
    recording.set(before[2])
    updating.set(before[3])
    assert after == before, "this test left default dtype, default device or a mode changed"
