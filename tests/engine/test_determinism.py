"""Two runs with one seed are bit-identical: in one process, and in two."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg


def training(device: Any, seed: int) -> str:
    """A digest of losses, weights and gradients of ten steps, with second order and scatters."""
    mg.random.manual_seed(seed)
    digest = hashlib.sha256()
    with mg.device(device):
        x = mg.random.normal((16, 5))
        order = mg.random.permutation(16)
        weights = [mg.random.normal((5, 8)), mg.random.normal((8,)), mg.random.uniform((8, 1))]
        for w in weights:
            w.requires_grad_()
        for _ in range(10):
            hidden = mg.tanh(mg.matmul(x[order], weights[0]) + weights[1])
            hidden = hidden.at[[0, 0, 3]].add(mg.random.normal((3, 8)))
            loss = mg.mean(mg.matmul(hidden[[1, 1, 0, 5]], weights[2]) ** 2)
            first = mg.autograd.grad(loss, weights, create_graph=True)
            (loss + 0.1 * sum(mg.sum(g * g) for g in first)).backward()
            with mg.no_grad():
                for w in weights:
                    digest.update(w.grad.numpy().tobytes())
                    w -= 0.1 * w.grad
                    digest.update(w.detach().numpy().tobytes())
                    w.grad = None
            digest.update(np.float64(loss.item()).tobytes())
    return digest.hexdigest()


def test_two_runs_with_one_seed_are_bit_identical(device: Any) -> None:
    assert training(device, 1) == training(device, 1)
    assert training(device, 1) != training(device, 2)


@pytest.mark.parametrize("place", ["cpu", "strict"])
def test_two_processes_with_one_seed_are_bit_identical(place: str) -> None:
    """The order of sets, which the hash seed decides, must not decide the order of a sum."""
    root = str(Path(mg.__file__).parents[1])
    code = f"from tests.engine.test_determinism import training; print(training({place!r}, 1))"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"},
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert digests == {training(place, 1)}
