"""Two real ranks, started as MPI starts them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from minigrad_bn.mpi import MPICommunicator

SCRIPT = """
import numpy as np
import minigrad as mg
from minigrad_bn import BatchNorm1d, SyncBatchNorm
from minigrad_bn.mpi import MPICommunicator

ranks = MPICommunicator()
assert ranks.size == 2
rng = np.random.default_rng(0)
x, g = rng.normal(5, 2, (7, 3)), rng.normal(size=(7, 3))
own = slice(0, 2) if ranks.rank == 0 else slice(2, 7)

def run(bn, x, g):
    x = mg.asarray(x, requires_grad=True)
    y = bn(x)
    found = mg.autograd.grad(y, [x, bn.weight, bn.bias], mg.asarray(g))
    return [a.detach().numpy() for a in (y, *found)]

whole, bn = BatchNorm1d(3, dtype=mg.float64), SyncBatchNorm(3, communicator=ranks, dtype=mg.float64)
expected, found = run(whole, x, g), run(bn, x[own], g[own])
for i in (0, 1):
    assert np.allclose(found[i], expected[i][own], rtol=0, atol=1e-12)
for i in (2, 3):
    assert np.allclose(ranks.all_reduce_sum(found[i]), expected[i], rtol=0, atol=1e-12)
for a, b in zip(bn.buffers(), whole.buffers(), strict=True):
    assert np.allclose(a.numpy(), b.numpy(), rtol=0, atol=1e-12)
print("agrees", flush=True)
"""

beside = Path(sys.executable).with_name("mpiexec")
mpiexec = str(beside) if beside.exists() else shutil.which("mpiexec")


@pytest.mark.skipif(
    find_spec("mpi4py") is None or mpiexec is None, reason="needs mpi4py and mpiexec"
)
def test_b20_two_processes_of_mpi_agree_with_the_concatenation():
    root = str(Path(__file__).parents[2])
    result = subprocess.run(
        [str(mpiexec), "-n", "2", sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("agrees") == 2


def test_b20_without_mpi4py_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ImportError, match=r"minigrad\[mpi\]"):
        MPICommunicator()
