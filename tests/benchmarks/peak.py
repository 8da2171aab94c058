"""One process of `memory`: prints the peak of a few steps in MiB."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import numpy

import minigrad as mg
from minigrad.bench import Candidate, CNNProblem, Library, cnn_step, minigrad, pytorch

from .cnn_step import SMALL

__all__ = ["main"]

LAYERS, BATCH, WIDTH = 20, 4096, 256


def layers_step(library: Library, activation: str, batch: int, width: int) -> Candidate:
    """Linear layers and an activation after each, mean squared error, SGD."""
    nn = library.nn
    modules = [(nn.Linear(width, width), getattr(nn, activation)()) for _ in range(LAYERS)]
    model = nn.Sequential(*(m for pair in modules for m in pair))
    optimizer = library.optim.SGD(model.parameters(), lr=0.01)
    rng = numpy.random.default_rng(0)
    x, t = (library.tensor(rng.standard_normal((batch, width), "float32")) for _ in range(2))

    def step() -> float:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), t)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def step_of(library: Library, step: str, tiny: bool) -> Candidate:
    if step == "cnn":
        return cnn_step(library, CNNProblem.of(**SMALL) if tiny else CNNProblem.of())
    activation = {"layers_relu": "ReLU", "layers_tanh": "Tanh"}[step]
    return layers_step(library, activation, *((8, 8) if tiny else (BATCH, WIDTH)))


def few_samples(library: Library, step: str) -> Candidate:
    """The step with all its parameters, on a batch of two."""
    if step == "cnn":
        return cnn_step(library, CNNProblem.of(batch=2))
    return layers_step(library, {"layers_relu": "ReLU", "layers_tanh": "Tanh"}[step], 2, WIDTH)


def resident(what: str) -> int:
    """The resident size now (VmRSS), or at its largest (VmHWM), in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1])
    raise LookupError(what)


def main(library: str, step: str, *tiny: str) -> None:
    """Measure a library's step."""
    device = mg.device("cpu")
    if library == "PyTorch":
        import torch

        torch.set_num_threads(1)
        used = pytorch(device)
    else:
        used = minigrad(device)
    # Kernels are compiled or loaded now, those that look at the size of a parameter too.
    with mg.backends.use_kernels("all", least=0):
        few_samples(used, step)()
    run = step_of(used, step, bool(tiny))
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the largest size so far is forgotten
    before = resident("VmRSS")
    for _ in range(3):
        run()
    print((resident("VmHWM") - before) / 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
