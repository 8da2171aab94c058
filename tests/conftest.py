"""What every test may use: devices, Hypothesis profiles, and a watch over global state."""

from __future__ import annotations

import os
from collections.abc import Iterator

# Read by the libraries when they are loaded. The arrays here are so small that threads only wait
# for one another, and tests that run side by side would fight over the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

import minigrad as mg
from minigrad.autograd.modes import updating
from minigrad.backends.device import default_device, set_default_device
from minigrad.tensor import recording

# Continuous integration tries the same examples every time, `HYPOTHESIS_PROFILE=nightly pytest`
# many others. No deadlines: how long an example takes says more about the machine than about us.
patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", max_examples=20, **patient)
settings.register_profile("ci", max_examples=20, derandomize=True, **patient)
settings.register_profile("nightly", max_examples=1000, print_blob=True, **patient)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)

statuses = {status.name: status for status in mg.backends.status()}


def on(device: str, backend: str) -> object:
    """The device as a parameter, skipped with the reason where this machine lacks its backend."""
    status = statuses[backend]
    reason = f"backend {backend} can't be used: {status.reason}"
    return pytest.param(device, marks=pytest.mark.skipif(not status.usable, reason=reason))


# For the whole session, since Hypothesis refuses fixtures that change from test to test.
@pytest.fixture(
    scope="session", params=[on("cpu", "numpy"), on("strict", "strict"), on("cuda", "cupy")]
)
def device(request: pytest.FixtureRequest) -> mg.Device:
    """Every device in turn: NumPy's, that of array-api-strict, and the first GPU."""
    return mg.device(request.param)


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
